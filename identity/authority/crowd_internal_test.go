package authority

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/migrations"
	"gatehouse/identity/token"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
	"gatehouse/secret"
)

// crowdSize is how many users there are; AUTHORITY_USERS=1000000 asks for a million, and for the figures.
func crowdSize() (users int, isFull bool) {
	if n, err := strconv.Atoi(os.Getenv("AUTHORITY_USERS")); err == nil {
		return n, true
	}
	return 5_000, false
}

// crowd fills the directory: users of two roles, with a grant each.
const crowd = `
set session_replication_role = replica; -- nobody listens yet
insert into identity.roles (id, name, description, type) select 'r' || i, 'role ' || i, 'd', 'User' from generate_series(0, 19) i;
insert into identity.applications (id, name, type, oidc_client_metadata) values ('app', 'a', 'SPA', '{}');
insert into identity.resources (id, name, indicator, is_data_api) values ('res', 'data', 'https://data', true);
insert into identity.users (id, username) select 'u' || i, 'user' || i from generate_series(0, %[1]d - 1) i;
insert into identity.users_roles (user_id, role_id) select 'u' || i, 'r' || (i + j) %% 20 from generate_series(0, %[1]d - 1) i, generate_series(0, 1) j;
insert into identity.grants (id, handle, user_id, client_id, created_at, expires_at)
select 'g' || i, decode(md5('u' || i), 'hex'), 'u' || i, 'app', now(), now() + interval '1 day' from generate_series(0, %[1]d - 1) i;
insert into identity.revoked_tokens (digest, grant_handle, expires_at)
select sha256(handle), handle, now() + interval '1 hour' from identity.grants where id like '%%7';
reset session_replication_role`

func crowdToken(i int) Token {
	id := "u" + strconv.Itoa(i)
	h := md5.Sum([]byte(id))
	return Token{
		Subject: id, ClientID: "app", Audience: []string{"https://data"},
		JTI: base64.RawURLEncoding.EncodeToString(append(h[:], make([]byte, 16)...)),
	}
}

// TestCrowd shows the view with many users: every plan goes by an index, memory is bounded, what is used is in it.
// AUTHORITY_USERS=1000000 go test ./identity/authority -run Crowd -v -timeout 20m
func TestCrowd(t *testing.T) {
	users, isFull := crowdSize()
	if !isFull {
		t.Parallel()
	}
	url := testpg.Database(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: Connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if err := postgres.Migrate(t.Context(), pool, migrations.Schema, migrations.Files); err != nil {
		t.Fatal(err)
	}
	for _, sql := range append(strings.Split(fmt.Sprintf(crowd, users), ";\n"), "vacuum analyze") {
		if _, err := pool.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
	}
	checkPlans(t, pool, isFull)

	a := New(Config{Pool: pool, URL: url, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for deadline := time.Now().Add(time.Minute); !a.look().isTrusted; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is heard")
		}
	}
	before := heap()
	ask := func(what string, clients, n int, next func(n int) int) {
		t.Helper()
		took := make([]time.Duration, n)
		var at atomic.Int64
		var wg sync.WaitGroup
		began := time.Now()
		for range clients {
			wg.Go(func() {
				for i := int(at.Add(1)) - 1; i < n; i = int(at.Add(1)) - 1 {
					k := next(i)
					one := time.Now()
					s, err := a.Standing(ctx, crowdToken(k))
					took[i] = time.Since(one)
					if err != nil || !s.IsActive || !s.IsGrantAlive || len(s.Roles) != 2 || !s.IsDataAPI {
						t.Errorf("user %d: %+v, %v", k, s, err)
						return
					}
				}
			})
		}
		wg.Wait()
		all := time.Since(began)
		slices.Sort(took)
		hits, _ := slices.BinarySearch(took, 40*time.Microsecond)
		t.Logf("%-52s %8.0f a second, median %s, p99 %s, about %.0f %% from memory, heap +%d MiB, %d users and %d grants remembered", what,
			float64(n)/all.Seconds(), took[n/2].Round(100*time.Nanosecond), took[n*99/100].Round(time.Microsecond), 100*float64(hits)/float64(n),
			(heap()-before)>>20, len(a.users.young)+len(a.users.old), len(a.grants.young)+len(a.grants.old))
		if most := 2 * (maxUsers + maxGrants); len(a.users.young)+len(a.users.old)+len(a.grants.young)+len(a.grants.old) > most {
			t.Errorf("%s: more than %d are remembered", what, most)
		}
	}
	active := min(users, 100_000)
	ask("cold, one client", 1, active/20, func(n int) int { return users - 1 - n })
	ask("cold, 64 clients, the active ones", 64, active, func(n int) int { return n })
	ask("warm, the active ones, one client", 1, active, func(n int) int { return n })
	a.forgetAll()
	ask("all forgotten, 1000 clients, the active ones", 1000, active, func(n int) int { return n })
	a.distrust(a.now() + time.Hour) // as while the feed is silent
	ask("nothing may be remembered, 1000 clients", 1000, active, func(n int) int { return n })
	a.floor.Store(0)
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 10, uint64(users-1))
	picked := make([]int, 4*active)
	for i := range picked {
		picked[i] = int(zipf.Uint64()) * 7919 % users
	}
	ask("Zipf (s 1.1) over all users, 64 clients", 64, len(picked), func(n int) int { return picked[n] })
	ask("uniform over all users, 64 clients", 64, len(picked), func(int) int { return rand.IntN(users) })
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// checkPlans: no statement reads a table of users' things from end to end, whether planned for its keys or for any. A
// small table is rightly read so for many keys; there it is shown that an index would serve.
func checkPlans(t *testing.T, pool *pgxpool.Pool, isLarge bool) {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "set enable_seqscan = "+strconv.FormatBool(isLarge)); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var handles, digests [][]byte
	for i := range maxBatch {
		tok := crowdToken(i)
		h, _ := token.Handle(tok.JTI)
		ids, handles, digests = append(ids, tok.Subject), append(handles, h[:]), append(digests, secret.Digest(tok.JTI))
	}
	for sql, keys := range map[string]any{usersSQL: ids, applicationsSQL: []string{"app"}, grantsSQL: handles, tokensSQL: digests} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			if _, err := conn.Exec(t.Context(), "set plan_cache_mode = "+mode); err != nil {
				t.Fatal(err)
			}
			rows, err := conn.Query(t.Context(), "explain (costs off) "+sql, keys)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range lines {
				_, table, isScan := strings.Cut(line, "Seq Scan on ")
				table, _, _ = strings.Cut(table, " ")
				if isScan && slices.Contains([]string{"users", "users_roles", "grants", "revoked_tokens"}, table) {
					t.Errorf("%s: %s is read from end to end by %s", mode, table, sql)
				}
			}
		}
	}
	if _, err := conn.Exec(t.Context(), "reset all"); err != nil {
		t.Fatal(err)
	}
}
