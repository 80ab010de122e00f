package session_test

import (
	"log/slog"
	"testing"

	"gatehouse/engine/session"
)

// FuzzJWTSecret: a setting is good or an error, and a token under a good one never more than a refusal.
func FuzzJWTSecret(f *testing.F) {
	f.Add(setting(``))
	f.Add(setting(`,"claims_map":{"x-hasura-allowed-roles":{"path":"$.a[0]['b c']","default":["x"]},"x-hasura-default-role":{"path":"$"}}`))
	f.Add(setting(`,"claims_namespace_path":"$.a.b","header":{"type":"Cookie","name":"c"},"audience":["a"],"allowed_skew":1.5`))
	f.Add(`[{"jwk_url":"http://x"}]`)
	f.Fuzz(func(t *testing.T, secret string) {
		c, err := session.ParseConfig(jwtSettings(secret))
		if err != nil {
			return
		}
		r := session.New(c, session.Deps{Log: slog.New(slog.DiscardHandler), Now: clock})
		_, _ = r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+sign(t, hmac, "", hasuraClaims().with("a", []any{claims{"b c": 1}})))})
	})
}
