package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/execute"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
)

// counter counts statements.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if strings.Contains(d.SQL, "unnest") {
		c.n.Add(1)
	}
	return ctx
}
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// live is a line over the fixture, a hub that looks only when told to, and the count of its statements.
type live struct {
	*testing.T
	line  *Line
	hub   *subscription.Hub
	pool  *pgxpool.Pool
	count counter
}

func newLive(t *testing.T, batch int) *live {
	t.Helper()
	l := &live{T: t, line: lineOver(t, schema.Options{InferFunctionPermissions: true})}
	plain, err := l.line.exec.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	config := plain.Config().Copy()
	config.ConnConfig.Tracer = &l.count
	if l.pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.pool.Close)
	l.line.exec = execute.Over(map[string]execute.Database{"default": {Pool: l.pool}})
	polling := subscription.Polling{Interval: time.Hour, Batch: batch}
	l.hub = subscription.New(subscription.Config{Live: polling, Stream: polling})
	t.Cleanup(l.hub.Close)
	return l
}

func (l *live) exec(sql string) {
	l.Helper()
	if _, err := l.pool.Exec(l.Context(), sql); err != nil {
		l.Fatal(err)
	}
}

// subscriber is one subscription's events, as text.
type subscriber struct {
	*testing.T
	events chan string
	stop   func()
}

func (l *live) subscribe(role, query, variables string, vars ...string) *subscriber {
	l.Helper()
	s := &session.Session{Role: role, Variables: map[string]string{"x-hasura-role": role}}
	for i := 0; i < len(vars); i += 2 {
		s.Variables[vars[i]] = vars[i+1]
	}
	req := operation.Request{Query: query}
	if variables != "" {
		if err := json.Unmarshal([]byte(variables), &req.Variables); err != nil {
			l.Fatal(err)
		}
	}
	q, err := l.line.Subscription(s, req)
	if err != nil {
		l.Fatalf("%s: %v", query, err)
	}
	out := &subscriber{T: l.T, events: make(chan string, 1000)}
	out.stop = l.hub.Subscribe(q, func(e subscription.Event) {
		if e.Err != nil {
			out.events <- e.Err.Error()
		} else {
			out.events <- compact(e.Body)
		}
	})
	return out
}

func (s *subscriber) next() string {
	s.Helper()
	select {
	case e := <-s.events:
		return e
	case <-time.After(10 * time.Second):
		s.Fatal("nothing was pushed")
		return ""
	}
}

func (s *subscriber) want(body string) {
	s.Helper()
	if got := s.next(); got != body {
		s.Errorf("\n got %s\nwant %s", got, body)
	}
}

func (s *subscriber) wantQuiet() {
	s.Helper()
	select {
	case e := <-s.events:
		s.Errorf("pushed %s", e)
	default:
	}
}

// onlyQueried are the refusals of what is no subscription.
var onlyQueried = regexp.MustCompile(`no subscriptions exist|'cached'|field '(node|_service|_entities)' not found`)

// TestLive_equalsQuery subscribes to every query of the golden cases: what a poll gives is what the query gives, also
// beside another subscriber in one statement.
func TestLive_equalsQuery(t *testing.T) {
	t.Parallel()
	o := schema.Options{InferFunctionPermissions: true}
	if compared := liveEqualsQuery(t, "testdata/query/cases/*.json", lineOver(t, o)); compared < 50 {
		t.Errorf("only %d queries were compared", compared)
	}
	if compared := liveEqualsQuery(t, "testdata/beyond/cases/*.json", beyond(t, o, unchanged)); compared < 5 {
		t.Errorf("only %d queries of what is beyond Hasura were compared", compared)
	}
}

// liveEqualsQuery gives how many of the cases' queries were compared.
func liveEqualsQuery(t *testing.T, pattern string, line *Line) int {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []*goldenCase
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			op, err := line.parse(c.request())
			if err != nil || op.Kind != operation.Query || strings.Contains(c.Query, "__schema") || strings.Contains(c.Query, "__type(") {
				continue
			}
			ask := line.Query
			if c.Relay {
				ask = line.Relay
			}
			want, queryErr := ask(t.Context(), c.session(), c.request())
			text := strings.TrimSpace(c.Query)
			if text[0] == '{' {
				text = "subscription @_multiple_top_level_fields " + text
			} else {
				at := strings.Index(text, "{")
				text = "subscription" + strings.TrimPrefix(text[:at], "query") + "@_multiple_top_level_fields " + text[at:]
			}
			req := c.request()
			req.Query = text
			q, err := line.subscription(c.session(), req, line.role(c.session(), c.Relay))
			if err != nil {
				if queryErr == nil && !onlyQueried.MatchString(err.Error()) {
					t.Errorf("%s, request %d: %s\n%v", file, i, c.Query, err)
				}
				continue
			}
			outcomes, err := line.exec.Poll(t.Context(), q.Live, []*execute.Subscriber{q.Subscriber, q.Subscriber}, nil)
			if (err == nil) != (queryErr == nil) {
				t.Errorf("%s, request %d: %s\nquery: %v\npoll: %v", file, i, c.Query, queryErr, err)
			}
			if err != nil || queryErr != nil {
				continue
			}
			compared++
			for _, o := range outcomes {
				if got, want := compact(o.Body), strings.ReplaceAll(compact(want), "query_root", "subscription_root"); got != want {
					t.Errorf("%s, request %d: %s\n got %s\nwant %s", file, i, c.Query, got, want)
				}
			}
		}
	}
	return compared
}

func TestLive_oneStatementForManySubscribers(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	const query = `subscription ($low: Int!) { article(where: {views: {_gte: $low}}, order_by: {id: asc}) { title } }`
	var all []*subscriber
	for user := 1; user <= 3; user++ {
		for low := range 30 { // 90 subscribers, all different
			all = append(all, l.subscribe("writer", query, fmt.Sprintf(`{"low":%d}`, low), "x-hasura-user-id", fmt.Sprint(user)))
		}
	}
	all[0].want(`{"data":{"article":[{"title":"Engines"},{"title":"Notes"}]}}`)
	all[4].want(`{"data":{"article":[{"title":"Engines"}]}}`)
	all[30].want(`{"data":{"article":[{"title":"Rivers"}]}}`)
	all[60].want(`{"data":{"article":[{"title":"Draft"}]}}`)
	for i, s := range all {
		if i%30 > 10 {
			s.want(`{"data":{"article":[]}}`)
		}
	}
	if l.hub.Groups() != 1 {
		t.Fatalf("%d groups", l.hub.Groups())
	}
	before := l.count.n.Load()
	l.exec(`update article set title = 'Engine' where id = 1`)
	l.hub.Wake()
	all[0].want(`{"data":{"article":[{"title":"Engine"},{"title":"Notes"}]}}`)
	if n := l.count.n.Load() - before; n != 1 {
		t.Errorf("%d statements asked for 90 subscribers", n)
	}
	all[4].want(`{"data":{"article":[{"title":"Engine"}]}}`)
	all[30].wantQuiet()
	all[60].wantQuiet()
}

func TestLive_batches(t *testing.T) {
	t.Parallel()
	l := newLive(t, 10)
	l.exec(`insert into article (id, title) select id, 'more' from generate_series(6, 25) id; update article set views = 0`)
	var all []*subscriber
	for id := 1; id <= 25; id++ {
		all = append(all, l.subscribe("admin", `subscription ($id: Int!) { article_by_pk(id: $id) { views } }`, fmt.Sprintf(`{"id":%d}`, id)))
	}
	for _, s := range all {
		s.want(`{"data":{"article_by_pk":{"views":0}}}`)
	}
	before := l.count.n.Load()
	l.exec(`update article set views = 1`)
	l.hub.Wake()
	for _, s := range all { // everybody is told something, so no batch is still to be asked for
		s.want(`{"data":{"article_by_pk":{"views":1}}}`)
	}
	if n := l.count.n.Load() - before; n != 3 {
		t.Errorf("%d statements for 25 subscribers in batches of 10", n)
	}
}

func TestLive_sharedUnchangedAndStopped(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	const query = `subscription { author(order_by: {id: asc}, where: {id: {_lt: 2}}) { name } }`
	one, two := l.subscribe("reader", query, ""), l.subscribe("reader", query, "")
	const ada = `{"data":{"author":[{"name":"Ada"}]}}`
	one.want(ada)
	two.want(ada)
	// Somebody else's change is no news; the first result of one who comes after shows that the look is over.
	l.exec(`update author set name = 'Bea' where id = 2`)
	l.hub.Wake()
	three := l.subscribe("reader", query, "")
	three.want(ada)
	one.wantQuiet()
	two.wantQuiet()
	l.exec(`update author set name = 'Eve' where id = 1`)
	l.hub.Wake()
	for _, s := range []*subscriber{one, two, three} {
		s.want(`{"data":{"author":[{"name":"Eve"}]}}`)
	}
	one.stop()
	l.exec(`update author set name = 'Ada' where id = 1`)
	l.hub.Wake()
	two.want(ada)
	one.wantQuiet()
	two.stop()
	three.stop()
	three.stop()
	if l.hub.Groups() != 0 {
		t.Errorf("%d groups are left", l.hub.Groups())
	}
	before := l.count.n.Load()
	l.hub.Wake()
	l.hub.Close()
	if n := l.count.n.Load() - before; n != 0 {
		t.Errorf("%d statements for nobody", n)
	}
}

func TestLive_aValueThatFailsCostsOnlyItsOwnSubscriber(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	const query = `subscription ($born: date!) { author(where: {born: {_eq: $born}}) { name } }`
	good := l.subscribe("admin", query, `{"born":"1815-12-10"}`)
	bad := l.subscribe("admin", query, `{"born":"yesteryear"}`)
	other := l.subscribe("admin", query, `{"born":"1970-01-01"}`)
	good.want(`{"data":{"author":[{"name":"Ada"}]}}`)
	other.want(`{"data":{"author":[{"name":"Cid"}]}}`)
	if got := bad.next(); !strings.Contains(got, `invalid input syntax for type date: "yesteryear"`) {
		t.Errorf("got %s", got)
	}
	l.exec(`update author set name = 'Ava' where id = 1`)
	l.hub.Wake()
	good.want(`{"data":{"author":[{"name":"Ava"}]}}`)
	other.wantQuiet()
	bad.wantQuiet() // told once
}

func TestLive_aPatternIsTriedBeforeTheRows(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	const query = `subscription ($p: String!) { article(where: {title: {_regex: $p}}) { title } }`
	// No row is visible to this writer, and still the pattern is refused: rows do not tell.
	bad := l.subscribe("writer", query, `{"p":"("}`, "x-hasura-user-id", "99")
	good := l.subscribe("writer", query, `{"p":"^R"}`, "x-hasura-user-id", "2")
	good.want(`{"data":{"article":[{"title":"Rivers"}]}}`)
	if got := bad.next(); !strings.Contains(got, "invalid regular expression") {
		t.Errorf("got %s", got)
	}
	literal := l.subscribe("writer", `subscription { article(where: {title: {_similar: "("}}) { title } }`, "", "x-hasura-user-id", "99")
	if got := literal.next(); !strings.Contains(got, "invalid regular expression") {
		t.Errorf("got %s", got)
	}
}

func TestLive_severalRootFieldsAndRefusals(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	s := l.subscribe("admin", `subscription @_multiple_top_level_fields { a: author_aggregate { aggregate { count } } t: __typename b: article_by_pk(id: 1) { id } }`, "")
	s.want(`{"data":{"a":{"aggregate":{"count":3}},"t":"subscription_root","b":{"id":1}}}`)
	if n := l.count.n.Load(); n != 1 {
		t.Errorf("%d statements", n)
	}
	l.subscribe("admin", `subscription { __typename }`, "").want(`{"data":{"__typename":"subscription_root"}}`)
	admin := &session.Session{Role: "admin", Variables: map[string]string{}}
	for _, c := range []struct{ query, want string }{
		{`subscription { author { id } article { id } }`, `validation-failed at $: subscriptions must select one top level field`},
		{`subscription { insert_author_one(object: {name: "x"}) { id } }`, `validation-failed at $.selectionSet.insert_author_one: field 'insert_author_one' not found in type: 'subscription_root'`},
		{`subscription { article_stream(cursor: [], batch_size: 1) { id } }`, `validation-failed at $.selectionSet.article_stream.args: one streaming column field is expected`},
		{`subscription { article_stream(cursor: [{initial_value: {id: 1, views: 1}}], batch_size: 1) { id } }`, `validation-failed at $.selectionSet.article_stream.args: multiple column cursors are not supported yet`},
		{`subscription { article_stream(cursor: [{initial_value: {id: 1}}], batch_size: -1) { id } }`, `validation-failed at $.selectionSet.article_stream.args.batch_size: expected a non-negative 32-bit integer for type 'Int', but found an integer`},
		{`query { article_stream(cursor: [{initial_value: {id: 1}}], batch_size: 1) { id } }`, `validation-failed at $.selectionSet.article_stream: field 'article_stream' not found in type: 'query_root'`},
	} {
		_, err := l.line.Subscription(admin, operation.Request{Query: c.query})
		if strings.HasPrefix(c.query, "query") {
			_, err = l.line.Query(t.Context(), admin, operation.Request{Query: c.query})
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.query, err, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	const query = `subscription ($from: Int) { article_stream(cursor: {initial_value: {id: $from}}, batch_size: 2) { id } }`
	one := l.subscribe("admin", query, `{"from":0}`)
	one.want(`{"data":{"article_stream":[{"id":1},{"id":2}]}}`)
	late := l.subscribe("admin", query, `{"from":4}`)
	late.want(`{"data":{"article_stream":[{"id":5}]}}`)
	l.hub.Wake()
	one.want(`{"data":{"article_stream":[{"id":3},{"id":4}]}}`)
	l.hub.Wake()
	one.want(`{"data":{"article_stream":[{"id":5}]}}`)
	before := l.count.n.Load()
	last := l.subscribe("admin", query, `{"from":5}`)
	last.want(`{"data":{"article_stream":[]}}`) // an empty batch is told once
	l.exec(`insert into article (id, title) values (6, 'Six')`)
	l.hub.Wake()
	for _, s := range []*subscriber{one, late, last} {
		s.want(`{"data":{"article_stream":[{"id":6}]}}`)
		s.wantQuiet()
	}
	if n := l.count.n.Load() - before; n != 2 {
		t.Errorf("%d statements for the newcomer and for a look", n)
	}
}

func TestStream_tiesOrderNullAndPermission(t *testing.T) {
	t.Parallel()
	l := newLive(t, 100)
	l.exec(`update article set views = 7 where id in (1, 2, 3)`)
	up := l.subscribe("admin", `subscription { article_stream(cursor: {initial_value: {views: 1}, ordering: ASC}, batch_size: 1, where: {id: {_lt: 10}}) { views } }`, "")
	up.want(`{"data":{"article_stream":[{"views":7},{"views":7},{"views":7}]}}`) // with ties
	down := l.subscribe("admin", `subscription { article_stream(cursor: {initial_value: {id: null}, ordering: DESC}, batch_size: 2) { id title } }`, "")
	down.want(`{"data":{"article_stream":[{"id":5,"title":"Orphan"},{"id":4,"title":"Draft"}]}}`)
	l.hub.Wake()
	down.want(`{"data":{"article_stream":[{"id":3,"title":"Rivers"},{"id":2,"title":"Notes"}]}}`)
	up.wantQuiet()
	own := l.subscribe("writer", `subscription { article_stream(cursor: {initial_value: {id: 0}}, batch_size: 10) { id } }`, "", "x-hasura-user-id", "2")
	own.want(`{"data":{"article_stream":[{"id":3}]}}`)
	at := l.subscribe("admin", `subscription { article_stream(cursor: {initial_value: {created_at: "2023-01-01"}}, batch_size: 1) { author { id } } }`, "")
	if got := at.next(); strings.Count(got, "author") != 5 {
		t.Errorf("all have one time, but it gave %s", got)
	}
}
