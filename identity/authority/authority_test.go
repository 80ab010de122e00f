package authority_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/authority"
	"gatehouse/identity/migrations"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
	"gatehouse/secret"
)

const fixture = `
insert into identity.users (id, username) values ('ada', 'ada'), ('bob', 'bob');
insert into identity.roles (id, name, description, type) values ('r1', 'editor', 'd', 'User'), ('r2', 'reader', 'd', 'User'), ('r3', 'service', 'd', 'MachineToMachine');
insert into identity.users_roles (user_id, role_id) values ('ada', 'r1'), ('ada', 'r2');
insert into identity.applications (id, name, type, oidc_client_metadata) values ('app', 'a', 'SPA', '{}'), ('robot', 'r', 'MachineToMachine', '{}');
insert into identity.applications_roles (application_id, role_id) values ('robot', 'r3');
insert into identity.resources (id, name, indicator, is_data_api) values ('res', 'data', 'https://data', true), ('other', 'other', 'https://other', false)`

// directory is a database with two users, two applications and a data API, and an authority that listens to it.
func directory(t *testing.T) (*authority.Authority, *pgxpool.Pool, string) {
	t.Helper()
	url := testpg.Clone(t, "authority", func(ctx context.Context, url string) error {
		pool, err := postgres.Open(ctx, postgres.Config{URL: url})
		if err != nil {
			return err
		}
		defer pool.Close()
		if err := postgres.Migrate(ctx, pool, migrations.Schema, migrations.Files); err != nil {
			return err
		}
		_, err = pool.Exec(ctx, fixture)
		return err
	})
	pool := testpg.Pool(t, url)
	return listening(t, pool, url), pool, url
}

func listening(t *testing.T, pool *pgxpool.Pool, url string) *authority.Authority {
	t.Helper()
	a := authority.New(authority.Config{Pool: pool, URL: url, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { a.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return a
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// token is an access token of a new grant.
func token(t *testing.T, pool *pgxpool.Pool, user string) authority.Token {
	t.Helper()
	handle := secret.Bytes(16)
	exec(t, pool, `insert into identity.grants (id, handle, user_id, client_id, created_at, expires_at) values ($1, $2, $3, 'app', now(), now() + interval '1 day')`,
		secret.ID(), handle, user)
	return authority.Token{
		Subject: user, ClientID: "app", Audience: []string{"https://data"},
		JTI: base64.RawURLEncoding.EncodeToString(append(handle, secret.Bytes(16)...)),
	}
}

func standing(t *testing.T, a *authority.Authority, tok authority.Token) authority.Standing {
	t.Helper()
	s, err := a.Standing(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStanding_worthNothing(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	good := token(t, pool, "ada")
	with := func(change func(*authority.Token)) authority.Token {
		tok := good
		change(&tok)
		return tok
	}
	for name, c := range map[string]struct {
		token authority.Token
		worth func(authority.Standing) bool
	}{
		"an unknown subject":       {with(func(t *authority.Token) { t.Subject = "nobody" }), func(s authority.Standing) bool { return s.IsActive }},
		"an unknown application":   {with(func(t *authority.Token) { t.ClientID = "gone" }), func(s authority.Standing) bool { return s.IsActive }},
		"another audience":         {with(func(t *authority.Token) { t.Audience = []string{"https://other", "https://x"} }), func(s authority.Standing) bool { return s.IsDataAPI }},
		"somebody else's grant":    {with(func(t *authority.Token) { t.Subject = "bob" }), func(s authority.Standing) bool { return s.IsGrantAlive }},
		"a grant that never was":   {with(func(t *authority.Token) { t.JTI = secret.Opaque() }), func(s authority.Standing) bool { return s.IsGrantAlive }},
		"a jti of another form":    {with(func(t *authority.Token) { t.JTI = "x" }), func(s authority.Standing) bool { return s.IsGrantAlive }},
		"a machine that is a user": {authority.Token{Subject: "ada", ClientID: "ada", Audience: []string{"https://data"}}, func(s authority.Standing) bool { return s.IsActive }},
	} {
		if s := standing(t, a, c.token); c.worth(s) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s := standing(t, a, good); !s.IsActive || !s.IsGrantAlive || !s.IsDataAPI || s.IsThirdParty || fmt.Sprint(s.Roles) != "[editor reader]" {
		t.Errorf("a good token: %+v", s)
	}
	machine := authority.Token{Subject: "robot", ClientID: "robot", Audience: []string{"https://data"}, JTI: secret.Opaque()}
	if s := standing(t, a, machine); !s.IsActive || !s.IsGrantAlive || fmt.Sprint(s.Roles) != "[service]" {
		t.Errorf("a machine token: %+v", s)
	}
}

// revoke revokes one token.
func revoke(t *testing.T, pool *pgxpool.Pool, tok authority.Token) {
	t.Helper()
	var handle, application any = nil, tok.ClientID
	if tok.Subject != tok.ClientID {
		raw, err := base64.RawURLEncoding.DecodeString(tok.JTI)
		if err != nil {
			t.Fatal(err)
		}
		handle, application = raw[:16], nil
	}
	exec(t, pool, `insert into identity.revoked_tokens (digest, grant_handle, application_id, expires_at) values ($1, $2, $3, now() + interval '1 hour')`,
		secret.Digest(tok.JTI), handle, application)
}

// TestStanding_aRevokedTokenDiesAlone: of one grant, and of one machine.
func TestStanding_aRevokedTokenDiesAlone(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	users, machines := token(t, pool, "ada"), authority.Token{Subject: "robot", ClientID: "robot", Audience: []string{"https://data"}, JTI: secret.Opaque()}
	for name, tok := range map[string]authority.Token{"a user's": users, "a machine's": machines} {
		other := tok
		if tok.Subject == tok.ClientID {
			other.JTI = secret.Opaque()
		} else {
			raw, _ := base64.RawURLEncoding.DecodeString(tok.JTI)
			other.JTI = base64.RawURLEncoding.EncodeToString(append(raw[:16], secret.Bytes(16)...))
		}
		for _, tok := range []authority.Token{tok, other} {
			if !standing(t, a, tok).IsGrantAlive {
				t.Fatalf("%s token does not live at first", name)
			}
		}
		for _, tok := range []authority.Token{other, tok} { // the second when the view knows that some are revoked
			revoke(t, pool, tok)
			a.Settle(t.Context())
			if standing(t, a, tok).IsGrantAlive {
				t.Errorf("%s token lives after its revocation", name)
			}
			third := tok
			third.JTI = tok.JTI[:30] + "AAAAAAAAAAAAA"
			if !standing(t, a, third).IsGrantAlive {
				t.Errorf("%s other token died with it", name)
			}
		}
	}
}

// TestSettle_nothingOldAfterAChange: readers hammer while rights are taken; whoever begins to ask after Settle has
// returned sees the change.
func TestSettle_nothingOldAfterAChange(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	changes := []struct {
		name, take, give string
		gone             func(authority.Standing) bool
	}{
		{
			"role taken", "delete from identity.users_roles where user_id = 'ada' and role_id = 'r1'", "insert into identity.users_roles (user_id, role_id) values ('ada', 'r1')",
			func(s authority.Standing) bool { return fmt.Sprint(s.Roles) == "[reader]" },
		},
		{
			"role renamed", "update identity.roles set name = 'boss' where id = 'r1'", "update identity.roles set name = 'editor' where id = 'r1'",
			func(s authority.Standing) bool { return fmt.Sprint(s.Roles) == "[boss reader]" },
		},
		{
			"resource closed", "update identity.resources set is_data_api = false where id = 'res'", "update identity.resources set is_data_api = true where id = 'res'",
			func(s authority.Standing) bool { return !s.IsDataAPI },
		},
		{
			"third party", "update identity.applications set is_third_party = true where id = 'app'", "update identity.applications set is_third_party = false where id = 'app'",
			func(s authority.Standing) bool { return s.IsThirdParty },
		},
		{
			"suspended", "update identity.users set is_suspended = true where id = 'ada'", "update identity.users set is_suspended = false where id = 'ada'",
			func(s authority.Standing) bool { return !s.IsActive && !s.IsGrantAlive },
		},
	}
	for _, c := range changes {
		for range 20 {
			tok := token(t, pool, "ada")
			var stop atomic.Bool
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for !stop.Load() {
						_, _ = a.Standing(context.Background(), tok)
					}
				})
			}
			exec(t, pool, c.take)
			a.Settle(t.Context())
			for range 50 {
				if s := standing(t, a, tok); !c.gone(s) {
					t.Fatalf("%s: after the change %+v", c.name, s)
				}
			}
			stop.Store(true)
			readers.Wait()
			exec(t, pool, c.give)
			a.Settle(t.Context())
		}
	}
}

func TestStanding_grantsEndWithTheirSession(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	exec(t, pool, `insert into identity.sessions (id, digest, user_id, authenticated_at, created_at, expires_at) values ('s', 'd', 'ada', now(), now(), now() + interval '1 day')`)
	online, offline := token(t, pool, "ada"), token(t, pool, "ada")
	exec(t, pool, `update identity.grants set session_id = 's'`)
	h, _ := base64.RawURLEncoding.DecodeString(offline.JTI)
	exec(t, pool, `update identity.grants set offline = true where handle = $1`, h[:16])
	if !standing(t, a, online).IsGrantAlive || !standing(t, a, offline).IsGrantAlive {
		t.Fatal("both grants live at first")
	}
	exec(t, pool, "delete from identity.sessions")
	a.Settle(t.Context())
	if standing(t, a, online).IsGrantAlive {
		t.Error("a grant without offline_access outlived its session")
	}
	if !standing(t, a, offline).IsGrantAlive {
		t.Error("a grant with offline_access ended with the session")
	}
}

// TestStanding_answersFromMemory counts the statements that Postgres is sent.
func TestStanding_answersFromMemory(t *testing.T) {
	t.Parallel()
	_, pool, url := directory(t)
	statements := &counter{}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.Tracer = statements
	own, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	a, tok := listening(t, own, url), token(t, pool, "ada")
	for deadline := time.Now().Add(10 * time.Second); ; {
		before := statements.n.Load()
		for range 1000 {
			standing(t, a, tok)
		}
		asked := statements.n.Load() - before
		if asked == 0 {
			return // warm
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d statements for 1000 answers, want none", asked)
		}
	}
}

// counter counts statements other than heartbeats.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if !strings.Contains(q.SQL, "pg_notify") {
		c.n.Add(1)
	}
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestRun_cutFeedFailsClosed: with the feed cut, answers come from Postgres, so nothing stale is ever given.
func TestRun_cutFeedFailsClosed(t *testing.T) {
	t.Parallel()
	a, pool, _ := directory(t)
	tok := token(t, pool, "ada")
	a.Settle(t.Context())
	standing(t, a, tok)
	exec(t, pool, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'`)
	exec(t, pool, "delete from identity.users_roles where user_id = 'ada'")
	deadline := time.Now().Add(5 * time.Second)
	for len(standing(t, a, tok).Roles) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("roles taken while the feed was cut are still held")
		}
	}
}
