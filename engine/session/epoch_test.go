package session_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/session"
	"gatehouse/jwt"
)

func TestEpoch_isUnknownWhereChangesAreNotHeardOf(t *testing.T) {
	t.Parallel()
	own := func(epoch func() (uint64, bool)) session.Deps {
		return session.Deps{Identity: &session.Identity{Issuer: issuer, Keys: jwt.NewSet(ownKey(t)), Authority: &directory{}, Epoch: epoch}}
	}
	for name, d := range map[string]session.Deps{
		"a console that is late":         own(func() (uint64, bool) { return 1, true }),
		"a directory that does not tell": own(nil),
		"a directory that is late":       own(func() (uint64, bool) { return 1, false }),
	} {
		if name == "a console that is late" {
			d.Console = consoleOf(false)
		}
		if _, isKnown := resolver(t, closed, d).Epoch(); isKnown {
			t.Errorf("%s: the epoch is known", name)
		}
	}
}

func TestEpoch_movesWithTheDirectoryAndTheKeys(t *testing.T) {
	t.Parallel()
	var moves atomic.Uint64
	keys := jwt.NewSet(ownKey(t))
	r := resolver(t, closed, session.Deps{Identity: &session.Identity{
		Issuer: issuer, Keys: keys, Authority: &directory{}, Epoch: func() (uint64, bool) { return moves.Load(), true },
	}})
	last := known(t, r)
	if now := known(t, r); now != last {
		t.Errorf("moved from %d to %d by itself", last, now)
	}
	moves.Add(1)
	if now := known(t, r); now == last {
		t.Error("did not move with the directory")
	} else {
		last = now
	}
	keys.Replace(ownKey(t))
	if now := known(t, r); now == last {
		t.Error("did not move with our own keys")
	}
}

func TestEpoch_movesWithFetchedKeys(t *testing.T) {
	t.Parallel()
	key := ownKey(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	}))
	t.Cleanup(web.Close)
	r := resolver(t, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, JWTSecrets: []string{`{"jwk_url":"` + web.URL + `"}`}}, session.Deps{})
	before := known(t, r)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := known(t, r); now == before {
		t.Error("did not move when the keys were fetched")
	}
}

// The admin secret, keys of the setting and an auth hook's answer do not change while the process runs.
func TestEpoch_standsWhereNothingMoves(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]session.Settings{
		"admin secret": {AdminSecrets: []session.AdminSecret{{Secret: "s"}}},
		"hook":         {AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: "http://localhost:1"},
		"key":          {AdminSecrets: []session.AdminSecret{{Secret: "s"}}, JWTSecrets: []string{`{"type":"HS256","key":"0123456789012345678901234567890123"}`}},
	} {
		r := resolver(t, s, session.Deps{})
		if one, other := known(t, r), known(t, r); one != other {
			t.Errorf("%s: moved from %d to %d", name, one, other)
		}
	}
}

func known(t *testing.T, r *session.Resolver) uint64 {
	t.Helper()
	epoch, isKnown := r.Epoch()
	if !isKnown {
		t.Fatal("the epoch is not known")
	}
	return epoch
}

func TestBuiltIn_aSessionEndsWithItsGrant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ until, want time.Time }{
		"no end of its own":    {time.Time{}, now.Add(time.Minute)},
		"later than the token": {now.Add(time.Hour), now.Add(time.Minute)},
		"before the token":     {now.Add(time.Second), now.Add(time.Second)},
	} {
		standing := goodStanding("user")
		standing.Until = c.until
		f := builtIn(t, closed, standing)
		s, err := f.resolve(t, sign(t, f.key, "at+jwt", ownClaims()))
		if err != nil {
			t.Fatal(err)
		}
		if !s.Expires.Equal(c.want) {
			t.Errorf("%s: ends at %s, want %s", name, s.Expires, c.want)
		}
	}
}
