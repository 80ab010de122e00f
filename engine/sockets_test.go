package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
	"gatehouse/jwt"
	"gatehouse/telemetry"
)

// streaming starts an engine that polls often, over HTTP, with its background work.
func streaming(t *testing.T, change func(*engine.Config)) (*server, string) {
	t.Helper()
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	c := config(s.metadataURL, s.dataURL)
	c.LiveQueries = subscription.Polling{Interval: 10 * time.Millisecond}
	c.Streams = c.LiveQueries
	if change != nil {
		change(&c)
	}
	var url string
	s.engine, url = serve(t, c)
	return s, url
}

// serve starts an engine over HTTP with its background work, and gives the URL of its sockets.
func serve(t *testing.T, c engine.Config) (*engine.Engine, string) {
	t.Helper()
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(e.Handler())
	t.Cleanup(func() {
		web.Close()
		e.Close()
	})
	background(t, e) // ends first
	return e, "ws" + strings.TrimPrefix(web.URL, "http")
}

// socket is a client on graphql-transport-ws.
type socket struct {
	*testing.T
	ws *websocket.Conn
}

func (s *server) socket(url, headers string) *socket {
	s.Helper()
	ws, _, err := websocket.Dial(s.Context(), url+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = ws.CloseNow() })
	c := &socket{s.T, ws}
	c.send(`{"type":"connection_init","payload":{"headers":` + headers + `}}`)
	c.want(`{"type":"connection_ack"}`, `{"type":"ping","payload":{"message":"keepalive"}}`)
	return c
}

func (c *socket) send(message string) {
	c.Helper()
	if err := c.ws.Write(c.Context(), websocket.MessageText, []byte(message)); err != nil {
		c.Fatal(err)
	}
}

func (c *socket) subscribe(id, query string) {
	c.Helper()
	q, _ := json.Marshal(query)
	c.send(fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":{"query":%s}}`, id, q))
}

// read gives the next message without white space.
func (c *socket) read() (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	if err != nil {
		return "", err
	}
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return "", err
	}
	short, err := json.Marshal(raw)
	return string(short), err
}

func (c *socket) want(messages ...string) {
	c.Helper()
	for _, want := range messages {
		if got, err := c.read(); err != nil || got != want {
			c.Fatalf("\n got %s %v\nwant %s", got, err, want)
		}
	}
}

// wantClose reads what is still on its way and wants the connection closed then.
func (c *socket) wantClose(code websocket.StatusCode) {
	c.Helper()
	for {
		if _, err := c.read(); err != nil {
			if websocket.CloseStatus(err) != code {
				c.Errorf("got %v, want close %d", err, code)
			}
			return
		}
	}
}

func TestSubscription_life(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, nil)
	s.library()
	admin := s.socket(url, `{}`)
	user := s.socket(url, `{"X-Hasura-Role":"user","X-Hasura-User-Id":"1"}`)
	const query = `subscription { article(order_by: {id: asc}) { title } }`
	admin.subscribe("a", query)
	admin.want(`{"type":"next","id":"a","payload":{"data":{"article":[{"title":"One"},{"title":"Two"},{"title":"Three"},{"title":"Four"}]}}}`)
	user.subscribe("u", query)
	user.want(`{"type":"next","id":"u","payload":{"data":{"article":[{"title":"One"},{"title":"Two"},{"title":"Three"}]}}}`)

	// What another role alone may see is no news to this one: the next message is about the second change.
	s.exec(s.dataURL, `update article set title = 'Hidden' where id = 4`)
	admin.want(`{"type":"next","id":"a","payload":{"data":{"article":[{"title":"One"},{"title":"Two"},{"title":"Three"},{"title":"Hidden"}]}}}`)
	user.subscribe("m", `mutation { update_article_by_pk(pk_columns: {id: 2}, _set: {title: "Zwei"}) { title } }`)
	var seen []string
	for range 3 {
		message, err := user.read()
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, message)
	}
	all := strings.Join(seen, "\n")
	for _, want := range []string{
		`{"type":"next","id":"m","payload":{"data":{"update_article_by_pk":{"title":"Zwei"}}}}`, `{"type":"complete","id":"m"}`,
		`{"type":"next","id":"u","payload":{"data":{"article":[{"title":"One"},{"title":"Zwei"},{"title":"Three"}]}}}`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing in\n%s", want, all)
		}
	}
	user.send(`{"type":"complete","id":"u"}`)
	user.subscribe("stream", `subscription { article_stream(cursor: {initial_value: {id: 2}}, batch_size: 5) { id } }`)
	user.want(`{"type":"next","id":"stream","payload":{"data":{"article_stream":[{"id":3}]}}}`)
	s.exec(s.dataURL, `insert into article (id, title, author_id, published) values (10, 'Ten', 2, true)`)
	user.want(`{"type":"next","id":"stream","payload":{"data":{"article_stream":[{"id":10}]}}}`)

	user.subscribe("e", `subscription { author { secret } }`)
	user.want(`{"type":"error","id":"e","payload":[{"message":"field 'secret' not found in type: 'author'","extensions":{"path":"$.selectionSet.author.selectionSet.secret","code":"validation-failed"}}]}`, `{"type":"complete","id":"e"}`)
	stranger := s.socket(url, `{"X-Hasura-Role":"stranger"}`)
	stranger.subscribe("1", query)
	stranger.want(`{"type":"error","id":"1","payload":[{"message":"no subscriptions exist","extensions":{"path":"$","code":"validation-failed"}}]}`, `{"type":"complete","id":"1"}`)

	s.do("pg_drop_select_permission", `{"table":"author","role":"user"}`)
	admin.wantClose(websocket.StatusServiceRestart)
	user.wantClose(websocket.StatusServiceRestart)
}

func TestSubscription_rootFieldsOfPermissions(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, nil)
	s.sql(`create table t (id int primary key); insert into t values (1)`)
	s.do("pg_track_table", `{"table":"t"}`)
	s.do("pg_create_select_permission", `{"table":"t","role":"one","permission":{"columns":"*","filter":{},"query_root_fields":["select"],"subscription_root_fields":["select_by_pk","select_stream"]}}`)
	c := s.socket(url, `{"X-Hasura-Role":"one"}`)
	c.subscribe("1", `subscription { t_by_pk(id: 1) { id } }`)
	c.want(`{"type":"next","id":"1","payload":{"data":{"t_by_pk":{"id":1}}}}`)
	c.subscribe("2", `subscription { t_stream(cursor: {initial_value: {id: 0}}, batch_size: 1) { id } }`)
	c.want(`{"type":"next","id":"2","payload":{"data":{"t_stream":[{"id":1}]}}}`)
	c.subscribe("3", `subscription { t { id } }`)
	c.want(`{"type":"error","id":"3","payload":[{"message":"field 't' not found in type: 'subscription_root'","extensions":{"path":"$.selectionSet.t","code":"validation-failed"}}]}`, `{"type":"complete","id":"3"}`)
	c.subscribe("4", `query { t_by_pk(id: 1) { id } }`)
	c.want(`{"type":"error","id":"4","payload":[{"message":"field 't_by_pk' not found in type: 'query_root'","extensions":{"path":"$.selectionSet.t_by_pk","code":"validation-failed"}}]}`, `{"type":"complete","id":"4"}`)
}

func TestSubscription_metadataChangeWithoutClosing(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, func(c *engine.Config) { c.KeepSocketsOnMetadataChange = true })
	s.library()
	c := s.socket(url, `{"X-Hasura-Role":"reader"}`)
	c.subscribe("1", `subscription { article(where: {id: {_eq: 1}}) { title } }`)
	const one = `{"type":"next","id":"1","payload":{"data":{"article":[{"title":"One"}]}}}`
	c.want(one)
	s.do("pg_create_select_permission", `{"table":"author","role":"reader","permission":{"columns":["id"],"filter":{}}}`)
	c.want(one) // begun again
	s.do("pg_drop_select_permission", `{"table":"article","role":"reader"}`)
	c.want(`{"type":"error","id":"1","payload":[{"message":"field 'article' not found in type: 'subscription_root'","extensions":{"path":"$.selectionSet.article","code":"validation-failed"}}]}`, `{"type":"complete","id":"1"}`)
	c.subscribe("1", `{ author(where: {id: {_eq: 1}}) { id } }`)
	c.want(`{"type":"next","id":"1","payload":{"data":{"author":[{"id":1}]}}}`, `{"type":"complete","id":"1"}`)
}

// authority lets tokens stand until told otherwise.
type authority struct{ isRevoked atomic.Bool }

func (a *authority) Standing(context.Context, session.AccessToken) (session.Standing, error) {
	return session.Standing{IsDataAPI: true, IsActive: true, IsGrantAlive: !a.isRevoked.Load(), Roles: []string{"user"}}, nil
}

func TestSubscription_endsWithTheGrantOfItsToken(t *testing.T) {
	t.Parallel()
	key, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{}
	const issuer = "http://localhost:1/oidc"
	s, url := streaming(t, func(c *engine.Config) {
		c.Deps.Identity = &session.Identity{Issuer: issuer, Keys: jwt.NewSet(key), Authority: a}
	})
	s.library()
	claims := fmt.Sprintf(`{"iss":%q,"sub":"1","client_id":"app","aud":"api","jti":"j","iat":%d,"exp":%d}`, issuer, time.Now().Unix(), time.Now().Add(time.Hour).Unix())
	token, err := jwt.Sign(key, "at+jwt", []byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	c := s.socket(url, `{"Authorization":"Bearer `+token+`"}`)
	c.subscribe("1", `subscription { author { name } }`)
	c.want(`{"type":"next","id":"1","payload":{"data":{"author":[{"name":"Ann"}]}}}`)
	a.isRevoked.Store(true)
	s.exec(s.dataURL, `update author set name = 'secret' where id = 1`)
	s.engine.ReviewCallers()
	const gone = `[{"message":"Could not verify JWT: the token has been revoked","extensions":{"path":"$","code":"invalid-jwt"}}]`
	c.want(`{"type":"error","id":"1","payload":`+gone+`}`, `{"type":"complete","id":"1"}`)
	c.subscribe("2", `{ author { name } }`)
	c.want(`{"type":"error","id":"2","payload":`+gone+`}`, `{"type":"complete","id":"2"}`)
}

// TestSubscription_existsIsEachSubscribersOwn: a permission that asks only whether a row of another table exists is no
// condition on the table's own rows. On a table with one partition Postgres answers it once for all subscribers of a
// statement, unless the statement sees to it.
func TestSubscription_existsIsEachSubscribersOwn(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, func(c *engine.Config) {
		conn, err := pgx.Connect(t.Context(), c.DefaultSourceURL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		if _, err := conn.Exec(t.Context(), `
			create table pass (id int primary key); insert into pass values (1);
			create table part (id int primary key) partition by range (id); create table part_all partition of part default; insert into part values (7);
			do $$ begin
			  execute format('alter database %I set enable_sort = off', current_database());
			  execute format('alter database %I set enable_seqscan = off', current_database());
			  execute format('alter database %I set enable_bitmapscan = off', current_database());
			end $$`); err != nil {
			t.Fatal(err)
		}
	})
	s.do("pg_track_table", `{"table":"part"}`)
	s.do("pg_track_table", `{"table":"pass"}`)
	s.do("pg_create_select_permission", `{"table":"part","role":"user","permission":{"columns":"*","filter":{"_exists":{"_table":{"schema":"public","name":"pass"},"_where":{"id":{"_eq":"X-Hasura-User-Id"}}}}}}`)
	const query = `subscription { part(order_by: {id: asc}) { id } }`
	subscribers := make([]*socket, 8)
	for i := range subscribers {
		subscribers[i] = s.socket(url, fmt.Sprintf(`{"X-Hasura-Role":"user","X-Hasura-User-Id":"%d"}`, i%2))
		subscribers[i].subscribe("1", query)
		subscribers[i].want([]string{`{"type":"next","id":"1","payload":{"data":{"part":[]}}}`, `{"type":"next","id":"1","payload":{"data":{"part":[{"id":7}]}}}`}[i%2])
	}
	s.exec(s.dataURL, `insert into part values (8)`)
	for i := 1; i < len(subscribers); i += 2 {
		subscribers[i].want(`{"type":"next","id":"1","payload":{"data":{"part":[{"id":7},{"id":8}]}}}`)
	}
	s.exec(s.dataURL, `insert into pass values (0); delete from pass where id = 1`)
	for i := range subscribers { // whoever has none now was told nothing else before
		subscribers[i].want([]string{`{"type":"next","id":"1","payload":{"data":{"part":[{"id":7},{"id":8}]}}}`, `{"type":"next","id":"1","payload":{"data":{"part":[]}}}`}[i%2])
	}
}

// A mutation that waited for another runs under the permissions of the moment, not under those of its start.
func TestSocket_aMutationThatWaitedIsJudgedAgain(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, func(c *engine.Config) { c.KeepSocketsOnMetadataChange = true })
	s.sql(`create table t (id int primary key, v int); insert into t values (1, 0)`)
	s.do("pg_track_table", `{"table":"t"}`)
	s.do("pg_create_update_permission", `{"table":"t","role":"user","permission":{"columns":["v"],"filter":{}}}`)
	s.do("pg_create_select_permission", `{"table":"t","role":"user","permission":{"columns":["v"],"filter":{}}}`)
	conn, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select from t for update`); err != nil {
		t.Fatal(err)
	}
	c := s.socket(url, `{"X-Hasura-Role":"user"}`)
	c.subscribe("1", `mutation { update_t(where: {}, _inc: {v: 1}) { affected_rows } }`)
	c.subscribe("2", `mutation { update_t(where: {}, _set: {v: 100}) { affected_rows } }`)
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`) // both are under way
	s.do("pg_drop_update_permission", `{"table":"t","role":"user"}`)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.want(`{"type":"next","id":"1","payload":{"data":{"update_t":{"affected_rows":1}}}}`, `{"type":"complete","id":"1"}`,
		`{"type":"error","id":"2","payload":[{"message":"no mutations exist","extensions":{"path":"$","code":"validation-failed"}}]}`, `{"type":"complete","id":"2"}`)
	c.subscribe("3", `{ t { v } }`)
	c.want(`{"type":"next","id":"3","payload":{"data":{"t":[{"v":1}]}}}`, `{"type":"complete","id":"3"}`)
}

// A subscription counts as one request, however often it begins anew.
func TestSubscription_isCountedOnce(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics(true, true)
	s, url := streaming(t, func(c *engine.Config) { c.KeepSocketsOnMetadataChange, c.Metrics = true, metrics })
	s.library()
	c := s.socket(url, `{"X-Hasura-Role":"reader"}`)
	c.subscribe("1", `subscription { article(where: {id: {_eq: 1}}) { title } }`)
	const one = `{"type":"next","id":"1","payload":{"data":{"article":[{"title":"One"}]}}}`
	c.want(one)
	for _, column := range []string{"id", "name"} {
		s.do("pg_create_select_permission", `{"table":"author","role":"`+column+`","permission":{"columns":["id"],"filter":{}}}`)
		c.want(one) // begun again
	}
	s.do("pg_drop_select_permission", `{"table":"article","role":"reader"}`)
	c.want(`{"type":"error","id":"1","payload":[{"message":"no subscriptions exist","extensions":{"path":"$","code":"validation-failed"}}]}`)
	w := httptest.NewRecorder()
	metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/metrics", nil))
	counted := 0
	for _, line := range strings.Split(w.Body.String(), "\n") {
		if strings.HasPrefix(line, "hasura_graphql_requests_total{") && !strings.HasSuffix(line, " 0") {
			counted++
			if !strings.Contains(line, `operation_type="subscription"`) || !strings.HasSuffix(line, " 1") {
				t.Error(line)
			}
		}
	}
	if counted != 1 {
		t.Errorf("counted as %d kinds of request", counted)
	}
}
