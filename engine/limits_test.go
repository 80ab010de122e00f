package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/httpd"
)

// gql sends an operation as a role.
func (s *server) gql(role, query string) string {
	s.Helper()
	_, body := s.ask("/v1/graphql", role, query)
	return body
}

func (s *server) ask(path, role, query string) (int, string) {
	s.Helper()
	q, _ := json.Marshal(map[string]string{"query": query})
	return post(s.engine, path, string(q), "X-Hasura-Role", role, "X-Hasura-Email", "e", "X-Hasura-User-Id", "1")
}

// equal compares two texts.
func (s *server) equal(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s\ngot  %s\nwant %s", what, got, want)
	}
}

func refusal(path, code, message string) string {
	m, _ := json.Marshal(message)
	return fmt.Sprintf(`{"errors":[{"message":%s,"extensions":{"path":%q,"code":%q}}]}`, m, path, code)
}

// shopFor starts an engine with the shop, whose author 1 has one article.
func shopFor(t *testing.T, change func(*engine.Config)) (*server, string) {
	s, at := streaming(t, change)
	s.withShop()
	s.do("pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":["id","name"],"filter":{}}}`)
	s.do("pg_create_select_permission", `{"table":"article","role":"other","permission":{"columns":["id","title"],"filter":{}}}`)
	s.sql(`insert into author (name, email) values ('Ada', 'e'); insert into article (title, author_id) values ('one', 1)`)
	return s, at
}

const (
	deep    = `{ author { articles { author { id } } } }`
	shallow = `{ author { id } }`
	tooDeep = `{"errors":[{"message":"depth limit of 2 exceeded","extensions":{"path":"$","code":"depth-limit-exceeded"}}]}`
)

// What a limit refuses, it refuses wherever an operation can come from.
func TestLimits_everySurface(t *testing.T) {
	t.Parallel()
	s, at := shopFor(t, func(c *engine.Config) { c.PersistedQueriesTTL = time.Minute })
	relay := `{ author_connection { edges { node { id } } } }`
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"deep","query":"query deep { author { articles { author { id } } } }"}]}}`)
	s.do("create_rest_endpoint", `{"name":"deep","url":"deep","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"deep"}}}`)
	s.do("set_api_limits", `{"disabled":false,"depth_limit":{"global":9,"per_role":{"user":2}}}`)
	if listed := s.inconsistent(); strings.Contains(listed, "api_limits") {
		t.Errorf("what is honoured is listed: %s", listed)
	}

	status, body := s.ask("/v1/graphql", "user", deep)
	s.equal("/v1/graphql", fmt.Sprint(status, body), "200"+tooDeep)
	status, body = s.ask("/v1alpha1/graphql", "user", deep)
	s.equal("/v1alpha1/graphql", fmt.Sprint(status, body), "400"+tooDeep)
	_, body = s.ask("/v1beta1/relay", "user", relay)
	s.equal("Relay", body, tooDeep)
	_, body = post(s.engine, "/v1/graphql", fmt.Sprintf(`[{"query":%q},{"query":%q}]`, deep, shallow), "X-Hasura-Role", "user")
	s.equal("a batch", body, `[`+tooDeep+`,{"data":{"author":[{"id":1}]}}]`)

	get := func(path string) string {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("X-Hasura-Role", "user")
		w := httptest.NewRecorder()
		s.engine.Handler().ServeHTTP(w, r)
		return fmt.Sprint(w.Code, w.Body.String())
	}
	s.equal("REST", get("/api/rest/deep"), `400{"path":"$","error":"depth limit of 2 exceeded","code":"depth-limit-exceeded"}`)
	sum := sha256.Sum256([]byte(deep))
	s.equal("a persisted query", get("/v1/graphql?query="+url.QueryEscape(deep)+"&extensions="+
		url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hex.EncodeToString(sum[:])+`"}}`)), "200"+tooDeep)

	_, body = post(s.engine, "/v1/graphql/explain", fmt.Sprintf(`{"query":{"query":%q},"user":{"x-hasura-role":"user"}}`, deep))
	s.equal("explain", body, `{"path":"$","error":"depth limit of 2 exceeded","code":"depth-limit-exceeded"}`)

	c := s.socket(at, `{"x-hasura-role":"user","x-hasura-email":"e"}`)
	for id, query := range map[string]string{"query": deep, "live": "subscription " + deep} {
		c.subscribe(id, query)
		c.want(`{"type":"error","id":"`+id+`","payload":[{"message":"depth limit of 2 exceeded","extensions":{"path":"$","code":"depth-limit-exceeded"}}]}`,
			`{"type":"complete","id":"`+id+`"}`)
	}

	s.equal("within the limit", s.gql("user", `{ author { articles { id } } }`), `{"data":{"author":[{"articles":[{"id":1}]}]}}`)
	s.equal("introspection", s.gql("user", `{ __type(name: "author") { fields { type { ofType { name } } } } author { __typename } }`)[:10], `{"data":{"`)
	s.equal("the administrator", s.gql("admin", deep), `{"data":{"author":[{"articles":[{"author":{"id":1}}]}]}}`)
	s.do("set_api_limits", `{"depth_limit":{"global":2,"per_role":{"user":9,"admin":1}}}`)
	s.equal("a role of its own", s.gql("user", deep), `{"data":{"author":[{"articles":[{"author":{"id":1}}]}]}}`)
	s.equal("the administrator has no limits", s.gql("admin", deep), `{"data":{"author":[{"articles":[{"author":{"id":1}}]}]}}`)
	s.do("set_api_limits", `{"disabled":true,"depth_limit":{"global":0}}`)
	s.equal("switched off", s.gql("user", shallow), `{"data":{"author":[{"id":1}]}}`)
	s.do("remove_api_limits", `{}`)
	s.equal("removed", s.gql("user", deep), `{"data":{"author":[{"articles":[{"author":{"id":1}}]}]}}`)
}

func (s *server) inconsistent() string {
	s.Helper()
	_, listed := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	return listed
}

func TestLimits_nodesAndBatches(t *testing.T) {
	t.Parallel()
	s, _ := shopFor(t, nil)
	s.do("set_api_limits", `{"node_limit":{"global":2},"batch_limit":{"global":2,"per_role":{"other":3}}}`)
	tooMany := refusal("$", "node-limit-exceeded", "node limit of 2 exceeded")
	for _, query := range []string{
		`{ a: author { id } b: author { id } c: author { id } }`,
		`{ author { articles { id } articles { title } } }`,
		`{ author { ...f } } fragment f on author { articles { id } ... on author { more: articles { id } } }`,
		`{ a: author { ...f } b: author { ...f } } fragment f on author { articles { id } }`,
		`query ($yes: Boolean = true) { author { articles @skip(if: $yes) { author { id } } } }`,
	} {
		s.equal(query, s.gql("user", query), tooMany)
	}
	s.equal("two", s.gql("user", `{ author { id articles { id } } }`), `{"data":{"author":[{"id":1,"articles":[{"id":1}]}]}}`)
	batch := func(role string, n int) string {
		_, body := post(s.engine, "/v1/graphql", "["+strings.Repeat(`{"query":"{article{__typename}}"},`, n-1)+`{"query":"{article{__typename}}"}]`, "X-Hasura-Role", role, "X-Hasura-Email", "e")
		return body
	}
	s.equal("a batch too large", batch("user", 3), refusal("$", "batch-limit-exceeded", "batch limit of 2 exceeded"))
	one := `{"data":{"article":[{"__typename":"article"}]}}`
	s.equal("a batch", batch("user", 2), "["+one+","+one+"]")
	s.equal("a batch of another role", batch("other", 3), "["+one+","+one+","+one+"]")
}

func TestLimits_rate(t *testing.T) {
	t.Parallel()
	s, at := shopFor(t, nil)
	tooMany := refusal("$", "rate-limit-exceeded", "rate limit of 3 exceeded")
	const fine, articles = `{"data":{"author":[{"id":1}]}}`, `{ article { id } }`
	s.do("set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":0},"per_role":{"user":{"max_reqs_per_min":3,"unique_params":["X-Hasura-User-Id"]}}}}`)
	as := func(user, body string) string {
		_, answer := post(s.engine, "/v1/graphql", body, "X-Hasura-Role", "user", "X-Hasura-User-Id", user)
		return answer
	}
	request := fmt.Sprintf(`{"query":%q}`, shallow)
	s.equal("the first", as("1", request), fine)
	s.equal("a batch counts what it holds", as("1", "["+request+","+request+","+request+"]"), "["+fine+","+fine+","+tooMany+"]")
	s.equal("too many", as("1", request), tooMany)
	s.equal("before it is parsed", as("1", `{"query":"{"}`), tooMany)
	s.equal("somebody else", as("2", request), fine)
	s.equal("another role", s.gql("other", articles), refusal("$", "rate-limit-exceeded", "rate limit of 0 exceeded"))
	status, _ := s.ask("/v1alpha1/graphql", "other", articles)
	s.equal("the status", fmt.Sprint(status), "429")
	s.equal("the administrator", s.gql("admin", shallow), fine)
	s.do("set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":3,"unique_params":["x-hasura-user-id"]}}}`)
	s.equal("a changed limit forgives nothing", as("1", request), tooMany)

	c := s.socket(at, `{"x-hasura-role":"user","x-hasura-user-id":"9"}`)
	for _, id := range []string{"a", "b"} {
		c.subscribe(id, shallow)
		c.want(`{"type":"next","id":"`+id+`","payload":`+fine+`}`, `{"type":"complete","id":"`+id+`"}`)
	}
	c.subscribe("c", `subscription `+shallow)
	c.want(`{"type":"next","id":"c","payload":` + fine + `}`)
	c.subscribe("d", `subscription { author { name } }`)
	c.want(`{"type":"error","id":"d","payload":[{"message":"rate limit of 3 exceeded","extensions":{"path":"$","code":"rate-limit-exceeded"}}]}`, `{"type":"complete","id":"d"}`)
}

// A subscription that starts again because the metadata changed is nobody's request.
func TestLimits_rateOfRestartedSubscriptions(t *testing.T) {
	t.Parallel()
	s, at := shopFor(t, func(c *engine.Config) { c.KeepSocketsOnMetadataChange = true })
	s.do("set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":1}}}`)
	c := s.socket(at, `{"x-hasura-role":"user"}`)
	c.subscribe("1", `subscription `+shallow)
	c.want(`{"type":"next","id":"1","payload":{"data":{"author":[{"id":1}]}}}`)
	s.do("pg_set_table_customization", `{"table":"article","configuration":{"comment":"c"}}`)
	s.exec(s.dataURL, `insert into author (name) values ('Bob')`)
	for { // it may begin again before or after
		switch message, err := c.read(); message {
		case `{"type":"next","id":"1","payload":{"data":{"author":[{"id":1}]}}}`:
		case `{"type":"next","id":"1","payload":{"data":{"author":[{"id":1},{"id":2}]}}}`:
			return
		default:
			t.Fatal(message, err)
		}
	}
}

func TestLimits_rateByAddress(t *testing.T) {
	t.Parallel()
	s, _ := shopFor(t, nil)
	s.do("set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":1,"unique_params":"ip"}}}`)
	for _, trust := range []bool{false, true} {
		h := httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler), TrustProxy: trust}, s.engine.Handler())
		status := func(peer, forwarded string) int {
			r := httptest.NewRequest(http.MethodPost, "/v1alpha1/graphql", strings.NewReader(`{"query":"{author{id}}"}`))
			r.RemoteAddr = peer + ":99"
			r.Header.Set("X-Hasura-Role", "user")
			r.Header.Set("X-Forwarded-For", forwarded)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		peer := fmt.Sprintf("10.0.0.%d", 1+len(fmt.Sprint(trust)))
		if got := status(peer, "192.0.2.1, 192.0.2.2"); got != 200 {
			t.Errorf("trusted %v: the first is %d", trust, got)
		}
		want := 429 // a client's own header makes it nobody else
		if trust {
			want = 200
		}
		if got := status(peer, "192.0.2.1, 192.0.2.3"); got != want {
			t.Errorf("trusted %v: behind another address: %d, want %d", trust, got, want)
		}
		if got := status(peer, "192.0.2.9, 192.0.2.3"); got != 429 {
			t.Errorf("trusted %v: what stands before the proxy's own word: %d", trust, got)
		}
	}
}

func TestLimits_hiddenSchema(t *testing.T) {
	t.Parallel()
	s, at := shopFor(t, func(c *engine.Config) { c.EnableApolloFederation = true })
	s.equal("before", s.gql("user", `{ __schema { queryType { name } } }`), `{"data":{"__schema":{"queryType":{"name":"query_root"}}}}`)
	s.do("set_graphql_schema_introspection_options", `{"disabled_for_roles":["user"]}`)
	hidden := func(field string) string {
		return refusal("$.selectionSet."+field, "validation-failed", `GraphQL introspection is not allowed for the role "user"`)
	}
	for query, field := range map[string]string{
		`{ __schema { queryType { name } } }`:                                                      "__schema",
		`{ author { id } x: __type(name: "author") { name } }`:                                     "__type",
		`{ ...f } fragment f on query_root { ... on query_root { __schema { types { name } } } }`:  "__schema",
		`query ($no: Boolean = false) { author { id } __schema @include(if: $no) { __typename } }`: "__schema",
		`{ _service { sdl } }`: "_service",
	} {
		s.equal(query, s.gql("user", query), hidden(field))
	}
	_, body := s.ask("/v1beta1/relay", "user", `{ __schema { queryType { name } } }`)
	s.equal("Relay", body, hidden("__schema"))
	c := s.socket(at, `{"x-hasura-role":"user"}`)
	c.subscribe("1", `{ __schema { queryType { name } } }`)
	c.want(`{"type":"error","id":"1","payload":[`+strings.TrimSuffix(strings.TrimPrefix(hidden("__schema"), `{"errors":[`), `]}`)+`]}`, `{"type":"complete","id":"1"}`)
	s.equal("__typename", s.gql("user", `{ __typename author { __typename } }`), `{"data":{"__typename":"query_root","author":[{"__typename":"author"}]}}`)
	s.equal("another role", s.gql("other", `{ __schema { queryType { name } } }`), `{"data":{"__schema":{"queryType":{"name":"query_root"}}}}`)
	s.equal("the administrator", s.gql("admin", `{ __schema { queryType { name } } }`), `{"data":{"__schema":{"queryType":{"name":"query_root"}}}}`)
	s.do("set_graphql_schema_introspection_options", `{"disabled_for_roles":[]}`)
	s.equal("after", s.gql("user", `{ __schema { queryType { name } } }`), `{"data":{"__schema":{"queryType":{"name":"query_root"}}}}`)
}

const slow = `
create view doze as select 1 as id, pg_sleep(60)::text as nap;
create view nod as select 1 as id, pg_sleep(0.001)::text as nap;
create table pillow (id int primary key, title text);
create function lull() returns trigger language plpgsql as $$ begin if new.title = 'slow' then perform pg_sleep(60); end if; return new; end $$;
create trigger lull before insert or update on pillow for each row execute function lull();
create function snore(seconds double precision) returns setof pillow language sql volatile as $$
  insert into pillow values (99, 'snored'); select id, title from pillow where pg_sleep(seconds)::text = '' $$;
create function yawn(seconds double precision) returns setof pillow language sql stable as $$ select id, title from pillow, pg_sleep(seconds) $$;
insert into pillow values (1, 'soft');`

// sleepy starts an engine where the role user may do what takes a minute.
func sleepy(t *testing.T, change func(*engine.Config)) (*server, string) {
	s, at := streaming(t, change)
	s.sql(slow)
	for _, table := range []string{"doze", "nod", "pillow"} {
		s.do("pg_track_table", `{"table":"`+table+`"}`)
		s.do("pg_create_select_permission", `{"table":"`+table+`","role":"user","permission":{"columns":"*","filter":{}}}`)
	}
	s.do("pg_create_insert_permission", `{"table":"pillow","role":"user","permission":{"columns":"*","check":{}}}`)
	s.do("pg_create_update_permission", `{"table":"pillow","role":"user","permission":{"columns":"*","filter":{}}}`)
	s.do("pg_track_function", `{"function":"snore","configuration":{"exposed_as":"mutation"}}`)
	s.do("pg_create_function_permission", `{"function":"snore","role":"user"}`)
	s.do("pg_track_function", `{"function":"yawn"}`)
	s.do("pg_track_logical_model", `{"name":"nap","fields":[{"name":"id","type":"integer"},{"name":"nap","type":"text"}]}`)
	s.do("pg_create_logical_model_select_permission", `{"name":"nap","role":"user","permission":{"columns":["id","nap"],"filter":{}}}`)
	s.do("pg_track_native_query", `{"root_field_name":"naps","code":"select id, nap from doze","returns":"nap","arguments":{}}`)
	s.do("set_api_limits", `{"time_limit":{"global":60,"per_role":{"user":0.3}}}`)
	return s, at
}

// awake waits until nothing of the test runs in the database.
func (s *server) awake() {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), s.dataURL)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var running string
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		err := conn.QueryRow(s.Context(), `select coalesce(string_agg(state || ' ' || left(query, 200), '; '), '') from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and (state <> 'idle' or wait_event = 'PgSleep')`).Scan(&running)
		if err != nil {
			s.Fatal(err)
		}
		if running == "" {
			return
		}
	}
	s.Errorf("still running: %s", running)
}

// What takes too long is ended in Postgres, and has written nothing.
func TestLimits_time(t *testing.T) {
	t.Parallel()
	s, _ := sleepy(t, nil)
	tooLong := refusal("$", "time-limit-exceeded", "time limit of 0.3s exceeded")
	for what, query := range map[string]string{
		"a read":                           `{ doze { nap } }`,
		"several reads in one transaction": `{ pillow { id } doze { nap } nod { id } }`,
		"a function":                       `{ yawn(args: {seconds: 60}) { id } }`,
		"a native query":                   `{ naps { nap } }`,
		"a single insert":                  `mutation { insert_pillow_one(object: {id: 2, title: "slow"}) { id } }`,
		"several inserts":                  `mutation { insert_pillow(objects: [{id: 3, title: "quick"}, {id: 4, title: "slow"}]) { affected_rows } }`,
		"several mutations":                `mutation { a: insert_pillow_one(object: {id: 5}) { id } update_pillow(where: {id: {_eq: 1}}, _set: {title: "slow"}) { affected_rows } }`,
		"a function that writes":           `mutation { snore(args: {seconds: 60}) { id } }`,
	} {
		began := time.Now()
		s.equal(what, s.gql("user", query), tooLong)
		if took := time.Since(began); took < 250*time.Millisecond {
			t.Errorf("%s: refused after %s", what, took)
		}
		s.awake()
	}
	s.equal("what was written", s.gql("admin", `{ pillow { id title } }`), `{"data":{"pillow":[{"id":1,"title":"soft"}]}}`)
	status, body := s.ask("/v1alpha1/graphql", "user", `{ doze { nap } }`)
	s.equal("the status", fmt.Sprint(status, body), "400"+tooLong)
	s.equal("a query with @cached", s.gql("user", `query @cached { doze { nap } }`), tooLong)
	s.awake()
	s.do("set_api_limits", `{"time_limit":{"global":60,"per_role":{"user":20}}}`)
	s.equal("in time", s.gql("user", `mutation { insert_pillow_one(object: {id: 6, title: "quick"}) { id } }`), `{"data":{"insert_pillow_one":{"id":6}}}`)
}

// A subscription whose poll takes too long is told so and goes on.
func TestLimits_timeOfSubscriptions(t *testing.T) {
	t.Parallel()
	s, at := sleepy(t, nil)
	c := s.socket(at, `{"x-hasura-role":"user"}`)
	c.subscribe("1", `subscription { doze { nap } }`)
	c.want(`{"type":"next","id":"1","payload":` + refusal("$", "time-limit-exceeded", "time limit of 0.3s exceeded") + `}`)
	c.send(`{"type":"complete","id":"1"}`)
	s.awake()

	// Of subscribers who share a statement, only the slow one is told.
	c.subscribe("slow", `subscription ($s: float8) { yawn(args: {seconds: $s}) { id } }`)
	c.send(`{"type":"complete","id":"slow"}`)
	for id, seconds := range map[string]string{"quick": "0", "quicker": "0.0", "slow": "60"} {
		c.send(fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":{"query":"subscription ($s: float8) { yawn(args: {seconds: $s}) { id } }","variables":{"s":%s}}}`, id, seconds))
	}
	told := map[string]string{}
	for until := time.Now().Add(20 * time.Second); len(told) < 3 && time.Now().Before(until); {
		message, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		var m struct{ Type, ID string }
		_ = json.Unmarshal([]byte(message), &m)
		if !strings.Contains(message, "not found") && m.Type == "next" && (m.ID == "slow" || strings.Contains(message, `"data"`)) {
			told[m.ID] = message
		}
	}
	if !strings.Contains(told["slow"], "time-limit-exceeded") || !strings.Contains(told["quick"], `"id":1`) || !strings.Contains(told["quicker"], `"id":1`) {
		t.Errorf("told: %v", told)
	}
}

// A stored limit that is not understood closes the API to those it may concern, and is listed. It is kept.
func TestLimits_thatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("pg_create_select_permission", `{"table":"article","role":"other","permission":{"columns":["id","title"],"filter":{}}}`)
	for limits, refused := range map[string]map[string]bool{
		`"api_limits":{"depth_limit":{"global":5,"per_role":{"user":"many"}}}`:                    {"user": true, "other": false},
		`"api_limits":{"depth_limit":{"global":null,"per_role":{"user":5}}}`:                      {"user": false, "other": true},
		`"api_limits":{"depth_limit":{"per_role":{"user":5}}}`:                                    {"user": true, "other": true},
		`"api_limits":{"depth_limit":{"global":5,"per_rule":{"user":5}}}`:                         {"user": true, "other": true},
		`"api_limits":{"width_limit":{"global":5}}`:                                               {"user": true, "other": true},
		`"api_limits":{"rate_limit":{"global":{"unique_params":["email"],"max_reqs_per_min":9}}}`: {"user": true, "other": true},
		`"api_limits":{"disabled":"no","depth_limit":{"global":5}}`:                               {"user": false, "other": false},
		`"api_limits":5`: {"user": true, "other": true},
	} {
		s.exec(s.metadataURL, `update hdb_catalog.hdb_metadata set metadata = (metadata::jsonb || '{`+limits+`}')::json, resource_version = resource_version + 1`)
		s.engine = s.open()
		for role, want := range refused {
			if body := s.gql(role, `{ article { id } }`); strings.Contains(body, "invalid-configuration") != want {
				t.Errorf("%s, role %s: %s", limits, role, body)
			}
			_, body := post(s.engine, "/v1/query", `{"type":"select","args":{"table":"article","columns":["id"]}}`, "X-Hasura-Role", role, "X-Hasura-Email", "e")
			if strings.Contains(body, "invalid-configuration") != want {
				t.Errorf("%s, role %s, row command: %s", limits, role, body)
			}
		}
		if body := s.gql("admin", `{ article { id } }`); body != `{"data":{"article":[]}}` {
			t.Errorf("%s: the administrator: %s", limits, body)
		}
		if listed := s.inconsistent(); !strings.Contains(listed, `"type":"api_limits"`) {
			t.Errorf("%s is not listed: %s", limits, listed)
		}
		if doc := s.document(); !strings.Contains(doc, strings.TrimSuffix(limits, "}")) {
			t.Errorf("%s is not kept: %s", limits, doc)
		}
	}
}

func TestLimits_commands(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ kind, args, path, message string }{
		{"set_api_limits", `{"depht_limit":{"global":1}}`, "$.args.depht_limit", `unexpected key "depht_limit"; the nearest known key is "depth_limit"`},
		{"set_api_limits", `{"depth_limit":{"global":1,"per_roles":{}}}`, "$.args.depth_limit.per_roles", `unexpected key "per_roles"; the nearest known key is "per_role"`},
		{"set_api_limits", `{"depth_limit":{"per_role":{"user":1}}}`, "$.args.depth_limit", `key "global" not found`},
		{"set_api_limits", `{"node_limit":{"global":1,"per_role":{"user":"2"}}}`, "$.args.node_limit.per_role.user", `parsing Int failed, expected Number, but encountered String`},
		{"set_api_limits", `{"batch_limit":{"global":-1}}`, "$.args.batch_limit.global", `parsing Natural failed, unexpected negative number -1`},
		{"set_api_limits", `{"time_limit":{"global":"1s"}}`, "$.args.time_limit.global", `parsing Scientific failed, expected Number, but encountered String`},
		{"set_api_limits", `{"time_limit":{"global":-0.5}}`, "$.args.time_limit.global", `parsing Seconds failed, unexpected negative number -0.5`},
		{"set_api_limits", `{"rate_limit":{"global":{}}}`, "$.args.rate_limit.global", `key "max_reqs_per_min" not found`},
		{"set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":1,"unique_params":"user"}}}`, "$.args.rate_limit.global.unique_params", `Not a valid value. Should be either: 'IP' or a list of Hasura session variables`},
		{"set_api_limits", `{"rate_limit":{"global":{"max_reqs_per_min":1,"unique_params":["x-hasura-role"]}}}`, "$.args.rate_limit.global.unique_params", `Not a valid value. Should be either: 'IP' or a list of Hasura session variables`},
		{"set_graphql_schema_introspection_options", `{}`, "$.args", `key "disabled_for_roles" not found`},
		{"set_graphql_schema_introspection_options", `{"disabled_for_role":["x"]}`, "$.args.disabled_for_role", `unexpected key "disabled_for_role"; the nearest known key is "disabled_for_roles"`},
	} {
		m, _ := json.Marshal(c.message)
		s.want(400, fmt.Sprintf(`{"path":%q,"error":%s,"code":"parse-failed"}`, c.path, m), c.kind, c.args)
	}
	const all = `{"batch_limit":{"global":1,"per_role":{}},"depth_limit":{"global":5,"per_role":{"user":7}},"disabled":false,"node_limit":{"global":1},` +
		`"rate_limit":{"global":{"max_reqs_per_min":10,"unique_params":null},"per_role":{"anonymous":{"max_reqs_per_min":1,"unique_params":"ip"}}},"time_limit":{"global":2.5,"state":"enabled"}}`
	s.do("set_api_limits", all)
	if doc := s.document(); !strings.Contains(doc, `"api_limits":`+all) {
		t.Errorf("not kept as it was written: %s", doc)
	}
}
