package authority_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"gatehouse/identity/authority"
)

// TestEpoch_aChangeIsSeenAfterItsEpoch: who reads the epoch, then the standing, and finds the epoch unmoved later, has not
// missed a change.
func TestEpoch_aChangeIsSeenAfterItsEpoch(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	tok := token(t, pool, "ada")
	for _, c := range []struct{ name, change string }{
		{"grant", "delete from identity.grants where user_id = 'ada'"},
		{"role gone", "delete from identity.users_roles where user_id = 'ada' and role_id = 'r1'"},
		{"application", "update identity.applications set is_third_party = true where id = 'app'"},
		{"resource", "update identity.resources set is_data_api = false where id = 'res'"},
		{"suspended", "update identity.users set is_suspended = true where id = 'ada'"},
		{"back", "update identity.users set is_suspended = false where id = 'ada'"},
	} {
		eventually(t, "the epoch is known", func() bool { _, isKnown := a.Epoch(); return isKnown })
		before, _ := a.Epoch()
		_ = standing(t, a, tok)
		exec(t, pool, c.change)
		a.Settle(t.Context())
		if now, isKnown := a.Epoch(); isKnown && now == before {
			t.Errorf("%s: the epoch has not moved", c.name)
		}
	}
}

func TestEpoch_isUnknownUntilTheFeedIsHeard(t *testing.T) {
	t.Parallel()
	_, pool, url := directory(t)
	a := authority.New(authority.Config{Pool: pool, URL: url, Log: slog.New(slog.DiscardHandler)})
	if _, isKnown := a.Epoch(); isKnown {
		t.Fatal("known before anything was heard")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.Run(ctx); close(done) }()
	eventually(t, "the epoch is known", func() bool { _, isKnown := a.Epoch(); return isKnown })
	cancel()
	<-done
	if _, isKnown := a.Epoch(); isKnown {
		t.Error("known after the feed had ended")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
