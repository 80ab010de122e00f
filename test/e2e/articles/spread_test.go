package articles_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testpg"
)

// three are three processes on one directory and one source, each with pools of its own; the third reaches the directory
// over a wire that can fall silent.
type three struct {
	*system
	nodes [3]*system
	wire  *testpg.Wire
}

func threeNodes(t *testing.T) *three {
	source, directory := testpg.Database(t), testpg.Database(t)
	n := &three{wire: testpg.NewWire(t, directory)}
	issuer := ""
	for i := range n.nodes {
		s := &system{t: t, identityDatabase: directory}
		data, identity := ports(t)
		s.data, s.identity = "http://localhost:"+data, "http://localhost:"+identity
		if i == 0 {
			issuer = s.identity
		}
		env := map[string]string{
			"HASURA_GRAPHQL_DATABASE_URL": source, "DB_URL": directory, "HASURA_GRAPHQL_SERVER_PORT": data, "PORT": identity, "ENDPOINT": issuer,
			"HASURA_GRAPHQL_ADMIN_SECRET": adminSecret, "USER_DEFAULT_ROLE_NAMES": "user,good_user",
		}
		if i == 2 {
			env["DB_URL"] = n.wire.URL
		}
		startProcess(t, s.data+"/healthz", env)
		n.nodes[i] = s
	}
	n.system = n.nodes[0]
	n.manage(201, "POST", "/resources", map[string]any{"name": "Hasura", "indicator": "https://hasura.api"})
	n.sql(`create table note (id serial primary key, body text not null); insert into note (body) values ('one'), ('two')`)
	n.metadata(command("pg_track_table", map[string]any{"source": "default", "table": "note"}), permission("user"), permission("good_user"))
	return n
}

// passes sends one request to a node.
func (s *system) passes(header map[string]string) bool {
	return strings.Contains(s.graphql(header, notes, nil).body, `"note":`)
}

// until asks every node without pause until each has answered as wanted, and tells how long it took the last. since is
// when the answer to the change was here; where a right was taken, none may pass that begins a second after that.
func (n *three) until(header map[string]string, wanted bool, since time.Time) time.Duration {
	var last atomic.Int64
	var wg sync.WaitGroup
	for i, s := range n.nodes {
		wg.Go(func() {
			for {
				began := time.Since(since)
				if s.passes(header) == wanted {
					break
				}
				if !wanted && began > time.Second {
					n.t.Errorf("node %d: a request passed that began %s after the right was taken", i, began)
					return
				}
				if began > 30*time.Second {
					n.t.Errorf("node %d: not within %s", i, began)
					return
				}
			}
			for took := int64(time.Since(since)); took > last.Load(); last.Store(took) {
			}
		})
	}
	wg.Wait()
	return time.Duration(last.Load())
}

// TestBuiltInIdentity_threeNodes: a right that is taken at one node is gone at all, in the time a notice travels; when the
// notices do not come any more, within a second all the same. SPREAD_CHANGES asks for more changes, for the figures.
func TestBuiltInIdentity_threeNodes(t *testing.T) {
	changes := 12
	if n, err := strconv.Atoi(os.Getenv("SPREAD_CHANGES")); err == nil {
		changes = n
	}
	n := threeNodes(t)
	b := newBrowser(t, n.system, n.application("SPA"), "https://hasura.api")
	b.signUp("ada", password, "roles")
	token := b.accessToken()
	header := bearer(token, "X-Hasura-Role", "good_user")
	sub, _ := claims(t, token)["sub"].(string)
	role := n.roleID("good_user")
	for _, s := range n.nodes {
		waitFor(t, "the node serves", func() bool { return s.passes(header) })
	}
	// The role is taken at one node after the other, and given back at the next.
	take := func(at *system) time.Time {
		at.manage(204, "DELETE", "/users/"+sub+"/roles/"+role, nil)
		return time.Now()
	}
	give := func(at *system) time.Time {
		at.manage(201, "POST", "/users/"+sub+"/roles", map[string]any{"roleIds": []string{role}})
		return time.Now()
	}
	measure := func(what string, changes, nodes int) {
		t.Helper()
		var taken, given []time.Duration
		for i := range changes {
			taken = append(taken, n.until(header, false, take(n.nodes[i%nodes])))
			given = append(given, n.until(header, true, give(n.nodes[(i+1)%nodes])))
		}
		slices.Sort(taken)
		slices.Sort(given)
		t.Logf("%-32s gone everywhere after: median %s, p99 %s; there everywhere: median %s, p99 %s (%d changes each)", what,
			quantile(taken, 50), quantile(taken, 99), quantile(given, 50), quantile(given, 99), changes)
	}
	measure("the feeds in order", changes, 3)

	// A token revoked at one node is dead at the others.
	revoked := bearer(b.accessToken(), "X-Hasura-Role", "good_user")
	n.until(revoked, true, time.Now())
	n.revokeToken(t, strings.TrimPrefix(revoked["Authorization"], "Bearer "), map[string][]string{"client_id": {b.app.id}})
	t.Logf("a revoked token is dead everywhere after %s", n.until(revoked, false, time.Now()).Round(time.Millisecond))

	ctx, cancel := context.WithCancel(t.Context())
	var cutting sync.WaitGroup
	cutting.Go(func() { cutFeeds(ctx, t, n.identityDatabase) })
	measure("feeds cut again and again", max(3, changes/4), 3)
	cancel()
	cutting.Wait()
	measure("the feeds are back", max(3, changes/4), 3)

	// The third node's way to the directory falls silent: it can neither hear nor ask, so it vouches for nothing.
	n.wire.Silence()
	since := take(n.nodes[0])
	n.until(header, false, since)
	since = give(n.nodes[1])
	n.wire.Restore()
	t.Logf("the third node serves again %s after its way to the directory is back", n.until(header, true, since).Round(time.Millisecond))
	measure("after the silence", max(3, changes/4), 3)
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)].Round(100 * time.Microsecond)
}

// cutFeeds ends every connection that listens, again and again.
func cutFeeds(ctx context.Context, t *testing.T, url string) {
	conn, err := pgx.Connect(context.WithoutCancel(ctx), url)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(context.Background())
	cut := 0
	for ctx.Err() == nil {
		var n int
		err := conn.QueryRow(context.WithoutCancel(ctx), `
select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity where query like 'listen "gatehouse_identity"' and datname = current_database()`).Scan(&n)
		if err != nil {
			t.Error(err)
			return
		}
		cut += n
	}
	t.Logf("%d connections that listened were ended", cut)
}
