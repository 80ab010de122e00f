package directory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/directory"
	"gatehouse/identity/migrations"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
	"gatehouse/secret"
)

// open returns a seeded directory on a database of its own.
func open(t *testing.T, defaultRoles ...string) (*directory.Directory, *pgxpool.Pool) {
	t.Helper()
	pool := testpg.Pool(t, testpg.Clone(t, "identity", migrate))
	d := directory.New(pool)
	d.DefaultRoleNames = defaultRoles
	if err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, pool
}

func migrate(ctx context.Context, url string) error {
	pool, err := postgres.Open(ctx, postgres.Config{URL: url})
	if err != nil {
		return err
	}
	defer pool.Close()
	return postgres.Migrate(ctx, pool, migrations.Schema, migrations.Files)
}

// write runs fn in a transaction and fails the test when it does not commit.
func write(t *testing.T, d *directory.Directory, fn func(*directory.Tx) error) {
	t.Helper()
	if err := d.InTx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func names(roles []directory.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, r.Name)
	}
	return strings.Join(out, " ")
}

func TestSeed_isIdempotentAndKeepsChanges(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "user", "good_user")
	write(t, d, func(tx *directory.Tx) error {
		_, err := tx.SetConfig(t.Context(), directory.ConfigIDToken, []byte(`{"enabledExtendedClaims":[]}`))
		return err
	})
	var starts sync.WaitGroup
	for range 4 { // several processes at once
		starts.Go(func() {
			if err := d.Seed(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	roles, err := d.Roles(t.Context(), directory.RoleFilter{}, directory.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(roles), "user good_user Logto Management API access"; got != want {
		t.Errorf("visible roles %q, want %q", got, want)
	}
	config, err := d.Config(t.Context(), directory.ConfigIDToken)
	if err != nil || string(config) != `{"enabledExtendedClaims":[]}` {
		t.Errorf("idToken setting %s, %v: the seed overwrote a change", config, err)
	}
}

func TestCreateUser_sameUsernameAtOnceYieldsOne(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{`{}`, `{"usernamePolicy":{"caseSensitive":false}}`} {
		d, pool := open(t)
		write(t, d, func(tx *directory.Tx) error {
			_, err := tx.UpdateSignInExperience(t.Context(), []byte(policy))
			return err
		})
		caseSensitive := policy == `{}`
		var conflicts, created int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				name := "alice"
				if !caseSensitive && i%2 == 1 {
					name = "Alice"
				}
				_, err := d.CreateUser(t.Context(), directory.NewUser{Username: name})
				mu.Lock()
				defer mu.Unlock()
				var c *directory.Conflict
				if errors.As(err, &c) && c.Field == directory.IdentifierUsername {
					conflicts++
				} else if err == nil {
					created++
				} else {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var stored int
		if err := pool.QueryRow(t.Context(), `select count(*) from identity.users`).Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if created != 1 || conflicts != 7 || stored != 1 {
			t.Errorf("policy %s: %d created, %d conflicts, %d stored; want 1, 7, 1", policy, created, conflicts, stored)
		}
	}
}

func TestUserByIdentifier_followsTheUsernamePolicy(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	for _, name := range []string{"alice", "Alice"} {
		if _, err := d.CreateUser(t.Context(), directory.NewUser{Username: name, PrimaryEmail: name + name + "@example.com"}); err != nil {
			var c *directory.Conflict
			if !errors.As(err, &c) || c.Field != directory.IdentifierEmail {
				t.Fatal(err)
			}
			// e-mail addresses never differ by case only
			if _, err := d.CreateUser(t.Context(), directory.NewUser{Username: name}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := d.UserByIdentifier(t.Context(), directory.IdentifierUsername, "ALICE"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("case-sensitive lookup of ALICE: %v, want not found", err)
	}
	write(t, d, func(tx *directory.Tx) error {
		_, err := tx.UpdateSignInExperience(t.Context(), []byte(`{"usernamePolicy":{"caseSensitive":false}}`))
		return err
	})
	for asked, want := range map[string]string{"ALICE": "alice", "Alice": "Alice", "alice": "alice"} {
		u, err := d.UserByIdentifier(t.Context(), directory.IdentifierUsername, asked)
		if err != nil || *u.Username != want {
			t.Errorf("lookup of %s without case: %v %v, want %s", asked, u, err, want)
		}
	}
	if u, err := d.UserByIdentifier(t.Context(), directory.IdentifierEmail, "ALICEalice@Example.COM"); err != nil || *u.Username != "alice" {
		t.Errorf("e-mail lookup: %v %v", u, err)
	}
}

func TestCreateUser_rolesComeWithTheUserOrNotAtAll(t *testing.T) {
	t.Parallel()
	d, pool := open(t, "user", "good_user")
	write(t, d, func(tx *directory.Tx) error {
		if _, err := tx.CreateRole(t.Context(), directory.Role{Name: "member", Description: "m", Type: directory.RoleTypeUser, IsDefault: true}, nil); err != nil {
			return err
		}
		_, err := tx.CreateRole(t.Context(), directory.Role{Name: "machine", Description: "m", Type: directory.RoleTypeMachineToMachine, IsDefault: true}, nil)
		if err != nil {
			return err
		}
		good, err := tx.RoleByName(t.Context(), "good_user")
		if err != nil {
			return err
		}
		return tx.DeleteRole(t.Context(), good.ID) // a named default role that is gone must not stop anybody
	})
	u, err := d.CreateUser(t.Context(), directory.NewUser{Username: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	roles, err := d.UserRoles(t.Context(), u.ID)
	if err != nil || names(roles) != "user member good_user" {
		t.Errorf("roles of a new user: %q %v", names(roles), err)
	}

	// A fault while the roles are given takes the user with it.
	if _, err := pool.Exec(t.Context(), `
create function identity.fault() returns trigger language plpgsql as $$ begin raise exception 'injected'; end $$;
create trigger fault before insert on identity.users_roles for each row execute function identity.fault()`); err != nil {
		t.Fatal(err)
	}
	heard := false
	d.OnChange = func(string, string) { heard = true }
	if _, err := d.CreateUser(t.Context(), directory.NewUser{Username: "bob"}); err == nil || !strings.Contains(err.Error(), "injected") {
		t.Fatalf("create with an injected fault: %v", err)
	}
	if _, err := d.UserByIdentifier(t.Context(), directory.IdentifierUsername, "bob"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("bob after the fault: %v, want not found", err)
	}
	if heard {
		t.Error("a change was reported that was rolled back")
	}
}

func TestRoles_onlyForTheirKindOfHolder(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "user")
	ctx := t.Context()
	u, err := d.CreateUser(ctx, directory.NewUser{Username: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	var app *directory.Application
	write(t, d, func(tx *directory.Tx) (err error) {
		app, err = tx.CreateApplication(ctx, directory.Application{Name: "m2m", Type: directory.AppMachineToMachine})
		return err
	})
	management, err := d.RoleByName(ctx, directory.RoleManagementAccess)
	if err != nil {
		t.Fatal(err)
	}
	internal, err := d.RoleByName(ctx, directory.RoleInternalAdmin)
	if err != nil {
		t.Fatal(err)
	}
	user, err := d.RoleByName(ctx, "user")
	if err != nil {
		t.Fatal(err)
	}
	for _, refused := range []struct {
		holder directory.Holder
		id     string
		role   string
	}{{directory.Users, u.ID, management.ID}, {directory.Users, u.ID, internal.ID}, {directory.Applications, app.ID, user.ID}, {directory.Applications, app.ID, internal.ID}} {
		err := d.InTx(ctx, func(tx *directory.Tx) error {
			_, err := tx.GiveRoles(ctx, refused.holder, refused.id, []string{refused.role})
			return err
		})
		var mismatch *directory.RoleTypeMismatch
		if !errors.As(err, &mismatch) {
			t.Errorf("give %s to %s: %v, want a type mismatch", refused.role, refused.id, err)
		}
	}
	err = d.InTx(ctx, func(tx *directory.Tx) error {
		return tx.ReplaceRoles(ctx, directory.Users, u.ID, []string{"nope"})
	})
	var lost *directory.MissingReference
	if !errors.As(err, &lost) || lost.Entity != "roles" {
		t.Errorf("replace with an unknown role: %v", err)
	}
	if roles, _ := d.UserRoles(ctx, u.ID); names(roles) != "user" {
		t.Errorf("roles after refusals: %q", names(roles))
	}
	write(t, d, func(tx *directory.Tx) error {
		added, err := tx.GiveRoles(ctx, directory.Applications, app.ID, []string{management.ID, management.ID})
		if fmt.Sprint(added) != fmt.Sprint([]string{management.ID}) {
			t.Errorf("added %v", added)
		}
		return err
	})
	scopes, err := d.ApplicationScopes(ctx, app.ID, directory.ManagementAPI)
	if err != nil || len(scopes) != 1 || scopes[0].Name != directory.ManagementScope {
		t.Errorf("scopes of the machine: %v %v", scopes, err)
	}
}

func TestCreateResource_theFirstOwnOneIsADataAPI(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	create := func(id, indicator string) (r *directory.Resource) {
		write(t, d, func(tx *directory.Tx) (err error) {
			r, err = tx.CreateResource(t.Context(), directory.Resource{ID: id, Name: "r", Indicator: indicator})
			return err
		})
		return r
	}
	for _, step := range []struct {
		id, indicator string
		want          bool
	}{{directory.DemoResourceID, "https://demo", true}, {"", "https://hasura.api", true}, {"", "https://*.hasura.app/api", false}} {
		if r := create(step.id, step.indicator); r.IsDataAPI != step.want {
			t.Errorf("%s: isDataApi %v, want %v", step.indicator, r.IsDataAPI, step.want)
		}
	}
	if r, err := d.ResourceByIndicator(t.Context(), directory.ManagementAPI); err != nil || r.IsDataAPI {
		t.Errorf("management API: %+v %v", r, err)
	}
}

func TestChanges_areNotifiedAndReported(t *testing.T) {
	t.Parallel()
	url := testpg.Clone(t, "identity", migrate)
	pool := testpg.Pool(t, url)
	d := directory.New(pool)
	if err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, err := d.CreateUser(t.Context(), directory.NewUser{Username: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	ready, heard := make(chan struct{}, 1), make(chan string, 8)
	go postgres.Listen(ctx, url, slog.New(slog.DiscardHandler), []string{directory.Channel},
		func(_, payload string) { heard <- payload },
		func() { ready <- struct{}{} }, func() {})
	select {
	case <-ready:
	case <-ctx.Done():
		t.Fatal("never listened")
	}
	var reported []string
	d.OnChange = func(kind, id string) { reported = append(reported, kind+":"+id) }
	suspended := true
	if _, err := d.UpdateUser(t.Context(), u.ID, directory.UserChange{IsSuspended: &suspended}); err != nil {
		t.Fatal(err)
	}
	want := "user:" + u.ID
	select {
	case got := <-heard:
		if got != want {
			t.Errorf("notified %q, want %q", got, want)
		}
	case <-ctx.Done():
		t.Fatal("no notice")
	}
	if fmt.Sprint(reported) != "["+want+"]" {
		t.Errorf("reported %v", reported)
	}
}

// How long a wrong password takes must not tell an account with an imported digest from none.
func TestVerifyPassword_takesAsLongForQuickDigests(t *testing.T) {
	d, _ := open(t)
	quick := &directory.User{Password: &secret.PasswordHash{Algorithm: secret.SHA256, Digest: strings.Repeat("0", 64)}}
	least := func(u *directory.User) time.Duration {
		shortest := time.Hour
		for range 5 {
			began := time.Now()
			if ok, err := d.VerifyPassword(t.Context(), u, "wrong"); ok || err != nil {
				t.Fatalf("got %v, %v", ok, err)
			}
			shortest = min(shortest, time.Since(began))
		}
		return shortest
	}
	if known, unknown := least(quick), least(nil); known < unknown/2 {
		t.Errorf("an account with a quick digest answers in %s, an unknown one in %s", known, unknown)
	}
}

func TestVerifyPassword_upgradesWeakHashes(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	// sha256 of "correct horse"
	weak := secret.PasswordHash{Algorithm: "SHA256", Digest: fmt.Sprintf("%x", secret.Digest("correct horse"))}
	u, err := d.CreateUser(t.Context(), directory.NewUser{Username: "carol", Password: &weak})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := d.VerifyPassword(t.Context(), u, "wrong"); ok || err != nil {
		t.Errorf("wrong password: %v %v", ok, err)
	}
	if after, _ := d.User(t.Context(), u.ID); after.Password.Algorithm != "SHA256" {
		t.Errorf("a failed attempt changed the hash to %s", after.Password.Algorithm)
	}
	if ok, err := d.VerifyPassword(t.Context(), u, "correct horse"); !ok || err != nil {
		t.Errorf("right password: %v %v", ok, err)
	}
	after, err := d.User(t.Context(), u.ID)
	if err != nil || after.Password.Algorithm != "Argon2id" {
		t.Fatalf("hash after sign-in: %+v %v", after.Password, err)
	}
	if ok, err := d.VerifyPassword(t.Context(), after, "correct horse"); !ok || err != nil {
		t.Errorf("upgraded hash: %v %v", ok, err)
	}
	if ok, err := d.VerifyPassword(t.Context(), nil, "x"); ok || err != nil {
		t.Errorf("nobody: %v %v", ok, err)
	}
}

func TestSentinel_blocksAfterTooManyFailures(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	write(t, d, func(tx *directory.Tx) error {
		_, err := tx.UpdateSignInExperience(t.Context(), []byte(`{"sentinelPolicy":{"maxAttempts":3,"lockoutDuration":10}}`))
		return err
	})
	try := func(identifier, pool string, failed bool) time.Time {
		until, err := d.RecordAttempt(t.Context(), directory.Attempt{Identifier: identifier, Pool: pool, Action: "Password", Failed: failed})
		if err != nil {
			t.Fatal(err)
		}
		return until
	}
	var all sync.WaitGroup
	for _, name := range []string{"alice", "Alice "} { // the same identifier
		all.Go(func() { try(name, directory.PoolIdentifier, true) })
	}
	all.Wait()
	try("alice", directory.PoolIdentifier, false) // a success does not reset
	if until, err := d.BlockedUntil(t.Context(), "alice", directory.PoolIdentifier); err != nil || !until.IsZero() {
		t.Fatalf("blocked early: %v %v", until, err)
	}
	until := try("alice", directory.PoolIdentifier, true)
	if left := time.Until(until); left < 9*time.Minute || left > 11*time.Minute {
		t.Errorf("third failure blocks for %v, want 10m", left)
	}
	if until, _ := d.BlockedUntil(t.Context(), "alice", directory.PoolTOTP); !until.IsZero() {
		t.Error("the block reaches another pool")
	}
	if until, _ := d.BlockedUntil(t.Context(), "bob", directory.PoolIdentifier); !until.IsZero() {
		t.Error("the block reaches another identifier")
	}
	write(t, d, func(tx *directory.Tx) error { return tx.ForgetAttempts(t.Context(), []string{"alice"}) })
	if until, _ := d.BlockedUntil(t.Context(), "alice", directory.PoolIdentifier); !until.IsZero() {
		t.Error("still blocked after unlocking")
	}
}

func TestCreateAdministrator_holdsRoleAndMembership(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "user")
	if has, err := d.HasConsoleOwner(t.Context()); has || err != nil {
		t.Fatalf("owner before the first: %v %v", has, err)
	}
	u, err := d.CreateAdministrator(t.Context(), directory.NewUser{Username: "root"})
	if err != nil {
		t.Fatal(err)
	}
	roles, _ := d.UserRoles(t.Context(), u.ID)
	membership, err := d.ConsoleRole(t.Context(), u.ID)
	if names(roles) != "user admin" || membership != directory.ConsoleOwner || err != nil {
		t.Errorf("roles %q, membership %q, %v", names(roles), membership, err)
	}
	suspended := true
	if _, err := d.UpdateUser(t.Context(), u.ID, directory.UserChange{IsSuspended: &suspended}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ConsoleRole(t.Context(), u.ID); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("membership of a suspended user: %v", err)
	}
}
