package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
)

var (
	followRounds = flag.Int("follow-rounds", 12, "how many rounds of random writes subscriptions are compared in")
	followSeed   = flag.Uint64("follow-seed", 0, "the seed of those writes; 0 takes one by the clock")
)

// comparison runs the same subscriptions on two engines over one database that random writes change: one follows changes,
// the other polls. They share the metadata, as processes do.
type comparison struct {
	*testing.T
	engine, polling *Engine
	pool            *pgxpool.Pool
	random          *rand.Rand
	seed            uint64
	all             []*compared
	nextLog         int
	nextID          int
}

// compared is one subscription on both engines.
type compared struct {
	query            string
	followed, polled *listener
	isStream         bool
	// fresh asks the query now; states are the results that were true, in their order.
	fresh  func() string
	states []string
}

// listener keeps what a subscriber was told.
type listener struct {
	mu   sync.Mutex
	told []string
	// seen is how many were looked at.
	seen int
}

func (l *listener) push(e subscription.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Err != nil {
		l.told = append(l.told, "error: "+e.Err.Error())
	} else {
		l.told = append(l.told, short(e.Body))
	}
}

// short is a body without white space: Postgres and Go put it at different places.
func short(body []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		return string(body)
	}
	return b.String()
}

func (l *listener) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) == 0 {
		return ""
	}
	return l.told[len(l.told)-1]
}

func (l *listener) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.told...)
}

func newComparison(t *testing.T) *comparison {
	t.Helper()
	cluster := testpg.Cluster(t, 0, map[string]string{"synchronous_commit": "on"})
	c := &comparison{T: t, seed: *followSeed, pool: testpg.Pool(t, cluster.OwnerURL())}
	if c.seed == 0 {
		c.seed = uint64(time.Now().UnixNano())
	}
	c.random = rand.New(rand.NewPCG(c.seed, 1))
	t.Logf("seed %d", c.seed)
	fixture, err := os.ReadFile("testdata/follow/fixture.sql")
	if err != nil {
		t.Fatal(err)
	}
	url := c.login(cluster.OwnerURL())
	c.exec(`set role plain; ` + string(fixture) + `; reset role`)
	callers, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	polling := subscription.Polling{Interval: 20 * time.Millisecond, Batch: 3}
	config := Config{
		// not the superuser: that one sees through row security
		MetadataURL: testpg.Database(t), DefaultSourceURL: url, Session: callers, Options: schema.Options{InferFunctionPermissions: true},
		FollowChanges: true, SchemaWatchInterval: 20 * time.Millisecond, LiveQueries: polling, Streams: polling, FollowURL: cluster.OwnerURL(),
	}
	if testing.Verbose() {
		config.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	c.engine = c.start(config)
	config.FollowChanges = false
	c.polling = c.start(config)
	return c
}

// start starts one of the engines.
func (c *comparison) start(config Config) *Engine {
	c.Helper()
	e, err := New(c.Context(), config)
	if err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.Run(ctx)
	}()
	c.Cleanup(func() {
		cancel()
		<-ended
		e.Close()
	})
	return e
}

// agree waits until both engines serve the same metadata.
func (c *comparison) agree() {
	c.Helper()
	for deadline := time.Now().Add(30 * time.Second); c.polling.Snapshot().ResourceVersion != c.engine.Snapshot().ResourceVersion; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("seed %d: the engines do not agree", c.seed)
		}
	}
}

// login makes a login of the engine's own that may do everything but see through row security.
func (c *comparison) login(owner string) string {
	c.Helper()
	c.exec(`create role plain login password 'plain'; grant pg_read_all_data to plain; grant create on database gatehouse to plain; grant create on schema public to plain`)
	return strings.Replace(owner, owner[strings.Index(owner, "//"):strings.Index(owner, "@")], "//plain:plain", 1)
}

func (c *comparison) exec(sql string) {
	c.Helper()
	if _, err := c.pool.Exec(c.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		c.Fatalf("seed %d: %s: %v", c.seed, sql, err)
	}
}

// try runs SQL that may fail, as concurrent writers do.
func (c *comparison) try(sql string) {
	_, _ = c.pool.Exec(c.Context(), sql, pgx.QueryExecModeSimpleProtocol)
}

func (c *comparison) metadata(kind, args string) {
	c.Helper()
	if code, body := c.post("/v1/metadata", kind, args); code != 200 {
		c.Fatalf("%s %s: %d %s", kind, args, code, body)
	}
}

// runSQL runs SQL through the engine; it may fail.
func (c *comparison) runSQL(sql string) {
	args, _ := json.Marshal(map[string]any{"sql": sql})
	_, _ = c.post("/v2/query", "run_sql", string(args))
}

func (c *comparison) post(path, kind, args string) (int, string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(fmt.Sprintf(`{"type":%q,"args":%s}`, kind, args)))
	w := httptest.NewRecorder()
	c.engine.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// subscribe subscribes on both engines.
func (c *comparison) subscribe(role, query, variables string, vars ...string) *compared {
	c.Helper()
	s := &session.Session{Role: role, Variables: map[string]string{"x-hasura-role": role}}
	for i := 0; i < len(vars); i += 2 {
		s.Variables[vars[i]] = vars[i+1]
	}
	out := &compared{query: query, followed: &listener{}, polled: &listener{}, isStream: strings.Contains(query, "_stream")}
	request := func(keyword string) operation.Request {
		req := operation.Request{Query: keyword + query}
		if variables != "" {
			if err := json.Unmarshal([]byte(variables), &req.Variables); err != nil {
				c.Fatal(err)
			}
		}
		return req
	}
	for _, side := range []struct {
		engine   *Engine
		listener *listener
	}{{c.engine, out.followed}, {c.polling, out.polled}} {
		q, err := side.engine.Snapshot().Line.Subscription(s, request("subscription "))
		if err != nil {
			c.Fatalf("%s: %v", query, err)
		}
		c.Cleanup(side.engine.subscriptions.Subscribe(q, side.listener.push))
	}
	if !out.isStream {
		out.fresh = func() string {
			body, err := c.engine.Snapshot().Line.Query(c.Context(), s, request("query "))
			if err != nil {
				return "error: " + err.Error()
			}
			return short(body)
		}
	}
	c.all = append(c.all, out)
	return out
}
