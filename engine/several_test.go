package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
	"gatehouse/jwt"
)

// severalServer serves documents to callers in several roles.
type severalServer struct {
	*server
	data *pgx.Conn
}

func startSeveral(t *testing.T, change func(*engine.Config)) *severalServer {
	t.Helper()
	s := &severalServer{server: &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}}
	settings, err := session.ParseConfig(session.Settings{SeveralRoles: true})
	if err != nil {
		t.Fatal(err)
	}
	c := engine.Config{
		MetadataURL: s.metadataURL, DefaultSourceURL: s.dataURL, Session: settings,
		Options:   schema.Options{InferFunctionPermissions: true},
		Responses: engine.ResponseCache{Size: 1 << 20, MaxEntry: 1 << 20, MaxTTL: time.Minute},
	}
	if change != nil {
		change(&c)
	}
	if s.engine, err = engine.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.engine.Close)
	if s.data, err = pgx.Connect(t.Context(), s.dataURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.data.Close(t.Context()) })
	s.exec(`create table doc (id int primary key, owner text, team text, title text, secret text, stamp text, n int not null default 0);
		insert into doc (id, owner, team, title, secret) values (1, 'ann', 'red', 't1', 's1'), (2, 'bob', 'red', 't2', 's2'), (3, 'ann', 'blue', 't3', 's3'), (4, 'bob', 'blue', 't4', 's4')`)
	s.do("pg_track_table", `{"table":"doc"}`)
	return s
}

func (s *severalServer) exec(sql string) {
	s.Helper()
	if _, err := s.data.Exec(s.Context(), sql); err != nil {
		s.Fatalf("%v: %s", err, sql)
	}
}

// permit creates a permission of kind for a role on doc.
func (s *severalServer) permit(kind, role, permission string) {
	s.Helper()
	s.do("pg_create_"+kind+"_permission", `{"table":"doc","role":"`+role+`","permission":`+permission+`}`)
}

// as asks as roles, with ann's session variables unless others are given.
func (s *severalServer) as(roles, query string, headers ...string) string {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		s.Fatal(err)
	}
	r, w := httptest.NewRequest(http.MethodPost, "/v1/graphql", bytes.NewReader(body)), httptest.NewRecorder()
	r.Header.Set("X-Hasura-Role", roles)
	if headers == nil {
		headers = []string{"X-Hasura-User-Id", "ann", "X-Hasura-Team", "red"}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.engine.Handler().ServeHTTP(w, r)
	var compact bytes.Buffer
	if err := json.Compact(&compact, w.Body.Bytes()); err != nil {
		s.Fatal(err)
	}
	return compact.String()
}

func (s *severalServer) gives(roles, query, want string, headers ...string) {
	s.Helper()
	if got := s.as(roles, query, headers...); got != want {
		s.Errorf("%s: %s\n got %s\nwant %s", roles, query, got, want)
	}
}

func (s *severalServer) refuses(roles, query, why string, headers ...string) {
	s.Helper()
	if got := s.as(roles, query, headers...); !strings.Contains(got, `"errors"`) || !strings.Contains(got, why) {
		s.Errorf("%s: %s\n got %s\nwant an error with %s", roles, query, got, why)
	}
}

// rows is what the table holds, as text.
func (s *severalServer) rows(columns string) string {
	s.Helper()
	var out string
	if err := s.data.QueryRow(s.Context(), `select coalesce(string_agg(r, ' ' order by id), '') from (select id, concat_ws(',', `+columns+`) r from doc) x`).Scan(&out); err != nil {
		s.Fatal(err)
	}
	return out
}

const both = `["a","b"]`

// Rights that are no columns: each is had only with the rows of the rule that gives it.
func TestSeveral_wholeRules(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.exec(`create function docs() returns setof doc language sql stable as 'select * from doc';
		create function mine(session json) returns setof doc language sql stable as $$ select * from doc where owner = session->>'x-hasura-user-id' $$;
		create function touch() returns setof doc language sql volatile as 'select * from doc'`)
	s.permit("select", "a", `{"columns":["id","title"],"filter":{"owner":"X-Hasura-User-Id"},"allow_aggregations":true,"query_root_fields":["select","select_aggregate"]}`)
	s.permit("select", "b", `{"columns":["id","secret"],"filter":{"team":"X-Hasura-Team"},"query_root_fields":["select_by_pk"],"subscription_root_fields":[]}`)
	s.do("pg_track_function", `{"function":"docs"}`)
	s.do("pg_track_function", `{"function":"mine","configuration":{"session_argument":"session"}}`)
	s.do("pg_track_function", `{"function":"touch","configuration":{"exposed_as":"mutation"}}`)
	s.do("pg_create_function_permission", `{"function":"touch","role":"b"}`)

	// by a root field only the rules that offer it are open
	s.gives(both, `{ doc(order_by: {id: asc}) { id title secret } }`, `{"data":{"doc":[{"id":1,"title":"t1","secret":null},{"id":3,"title":"t3","secret":null}]}}`)
	s.gives(both, `{ doc(where: {secret: {_eq: "s1"}}) { id } }`, `{"data":{"doc":[]}}`)
	s.gives(both, `{ doc(where: {secret: {_is_null: false}}, order_by: {secret: asc}) { id } }`, `{"data":{"doc":[]}}`)
	s.gives(both, `{ one: doc_by_pk(id: 1) { title secret } two: doc_by_pk(id: 2) { title secret } three: doc_by_pk(id: 3) { id } }`,
		`{"data":{"one":{"title":null,"secret":"s1"},"two":{"title":null,"secret":"s2"},"three":null}}`)
	s.gives(both, `{ doc_aggregate { aggregate { count max { title secret } } nodes { secret } } }`,
		`{"data":{"doc_aggregate":{"aggregate":{"count":2,"max":{"title":"t3","secret":null}},"nodes":[{"secret":null},{"secret":null}]}}}`)
	// a function's rows are seen as the roles that may call it see them
	s.gives(both, `{ docs(order_by: {id: asc}) { id title secret } }`,
		`{"data":{"docs":[{"id":1,"title":"t1","secret":"s1"},{"id":2,"title":null,"secret":"s2"},{"id":3,"title":"t3","secret":null}]}}`)
	s.gives(both, `{ docs_aggregate { aggregate { count } } }`, `{"data":{"docs_aggregate":{"aggregate":{"count":2}}}}`)
	s.gives(both, `mutation { touch(order_by: {id: asc}) { id title secret } }`,
		`{"data":{"touch":[{"id":1,"title":null,"secret":"s1"},{"id":2,"title":null,"secret":"s2"}]}}`)
	// a function that is handed the session, which says one role
	s.refuses(both, `{ mine { id } }`, "field 'mine' not found")
	s.refuses(both, `subscription { doc_by_pk(id: 1) { id } }`, "subscriptions are not supported over HTTP")
	// what neither has
	s.refuses(both, `{ doc { owner } }`, "field 'owner' not found")
	s.refuses(both, `{ doc_by_pk(id: 1) { team } }`, "field 'team' not found")
	s.refuses(`["b","c"]`, `{ doc { id } }`, "field 'doc' not found")
	s.refuses(`["c","d"]`, `{ doc_by_pk(id: 1) { id } }`, "field 'doc_by_pk' not found")
	// the schema shows the union, cells that may be null as such
	s.gives(both, `{ __type(name: "doc") { fields { name type { kind } } } }`,
		`{"data":{"__type":{"fields":[{"name":"id","type":{"kind":"NON_NULL"}},{"name":"secret","type":{"kind":"SCALAR"}},{"name":"title","type":{"kind":"SCALAR"}}]}}}`)
}

// A rule that asks which role the session has is asked with its own.
func TestSeveral_aRuleMeansWhatItMeansAlone(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.exec(`update doc set team = 'a' where id = 1; update doc set team = 'b' where id = 2`)
	s.permit("select", "a", `{"columns":["id"],"filter":{"team":{"_eq":"X-Hasura-Role"}}}`)
	s.permit("select", "b", `{"columns":["id"],"filter":{"_and":[{"team":{"_neq":"X-Hasura-Role"}},{"id":{"_lt":3}}]}}`)
	s.permit("insert", "a", `{"columns":["id"],"check":{},"set":{"stamp":"x-hasura-Role"}}`)
	s.gives(both, `{ doc { id } }`, `{"data":{"doc":[{"id":1}]}}`)
	s.gives(both, `mutation { insert_doc(objects: {id: 9}) { affected_rows } }`, `{"data":{"insert_doc":{"affected_rows":1}}}`)
	if got := s.rows("stamp"); got != "    a" {
		t.Errorf("the preset wrote %q", got)
	}
}

// A rule that needs a session variable the caller lacks admits nothing; the others stand.
func TestSeveral_missingSessionVariables(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.permit("select", "a", `{"columns":["id","title"],"filter":{"_not":{"owner":"X-Hasura-User-Id"}}}`)
	s.permit("select", "b", `{"columns":["id"],"filter":{"team":"X-Hasura-Team"}}`)
	s.permit("delete", "a", `{"filter":{"_not":{"owner":"X-Hasura-User-Id"}}}`)
	s.gives(both, `{ doc(order_by: {id: asc}) { id title } }`, `{"data":{"doc":[{"id":1,"title":null},{"id":2,"title":"t2"},{"id":4,"title":"t4"}]}}`)
	s.gives(both, `{ doc(order_by: {id: asc}) { id } }`, `{"data":{"doc":[{"id":1},{"id":2}]}}`, "X-Hasura-Team", "red")
	s.refuses(both, `{ doc { title } }`, "field 'title' not found", "X-Hasura-Team", "red")
	s.refuses(both, `mutation { delete_doc(where: {}) { affected_rows } }`, "no mutations exist", "X-Hasura-Team", "red")
	s.refuses(both, `{ doc { id } }`, "field 'doc' not found", "X-Hasura-Other", "x")
	s.refuses("a", `{ doc { id } }`, "missing session variable", "X-Hasura-Other", "x")
}

// A write is one role's: nobody's columns come with another's check or presets.
func TestSeveral_inserts(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.exec(`delete from doc; create table note (id int primary key, doc_id int references doc, body text)`)
	s.do("pg_track_table", `{"table":"note"}`)
	s.do("pg_create_array_relationship", `{"table":"doc","name":"notes","using":{"foreign_key_constraint_on":{"table":"note","column":"doc_id"}}}`)
	for _, role := range []string{"a", "b"} {
		s.permit("select", role, `{"columns":["id"],"filter":{}}`)
	}
	s.permit("insert", "a", `{"columns":["id","title"],"check":{"id":{"_lt":10}},"set":{"stamp":"by a"}}`)
	s.permit("insert", "b", `{"columns":["id","secret","title"],"check":{"id":{"_gte":5}},"set":{"owner":"X-Hasura-User-Id"}}`)
	s.permit("update", "a", `{"columns":["title"],"filter":{"id":{"_lt":3}},"check":{}}`)
	s.do("pg_create_insert_permission", `{"table":"note","role":"a","permission":{"columns":"*","check":{}}}`)
	insert := func(objects string) string {
		return `mutation { insert_doc(objects: ` + objects + `) { affected_rows } }`
	}
	const permission = `"permission-error"`
	s.refuses(both, insert(`{id: 1, secret: "x"}`), permission)                         // b's column, a's check
	s.refuses(both, insert(`[{id: 1, title: "x"}, {id: 12, secret: "x"}]`), permission) // a row each: two writes
	s.refuses(both, insert(`{id: 20, title: "x", notes: {data: {id: 1}}}`), permission) // b's check, a's note
	s.refuses(both, insert(`{id: 6, secret: "x", notes: {data: {id: 1}}}`), permission) // b's column, a's note
	s.refuses(both, insert(`{id: 1, owner: "x"}`), "field 'owner' not found")           // nobody's
	s.refuses(both, `mutation { insert_doc(objects: {id: 6, secret: "x"}, on_conflict: {constraint: doc_pkey, update_columns: [title]}) { affected_rows } }`, permission)
	if got := s.rows("id"); got != "" {
		t.Fatalf("a refused insert left %s", got)
	}
	for _, objects := range []string{`{id: 1, title: "x"}`, `{id: 7, title: "x"}`, `{id: 8, secret: "x"}`, `{id: 12, title: "x"}`, `{id: 2, title: "x", notes: {data: {id: 1}}}`} {
		s.gives(both, insert(objects), `{"data":{"insert_doc":{"affected_rows":`+fmt.Sprint(1+strings.Count(objects, "notes"))+`}}}`)
	}
	if got, want := s.rows("id, stamp, owner"), "1,by a 2,by a 7,by a 8,ann 12,ann"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.gives(`["b","a"]`, insert(`{id: 9, title: "x"}`), `{"data":{"insert_doc":{"affected_rows":1}}}`)
	if got, want := s.rows("id, stamp, owner"), "1,by a 2,by a 7,by a 8,ann 9,ann 12,ann"; got != want {
		t.Errorf("the order of roles does not count: got %s, want %s", got, want)
	}
	s.gives(both, `mutation { insert_doc_one(object: {id: 1, title: "new"}, on_conflict: {constraint: doc_pkey, update_columns: [title]}) { id } insert_doc(objects: {id: 13, secret: "x"}) { affected_rows returning { id } } }`,
		`{"data":{"insert_doc_one":{"id":1},"insert_doc":{"affected_rows":1,"returning":[{"id":13}]}}}`)
	s.refuses(both, insert(`{id: 1, title: "x"}`), "Uniqueness violation")
}

// Each row is changed under one rule: its filter before, its presets, its check afterwards.
func TestSeveral_updates(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	for _, role := range []string{"a", "b", "c"} {
		s.permit("select", role, `{"columns":["id","n"],"filter":{}}`)
	}
	s.permit("update", "a", `{"columns":["n","title"],"filter":{"owner":"ann"},"check":{"n":{"_lt":10}}}`)
	s.permit("update", "b", `{"columns":["n"],"filter":{"team":"red"},"check":{"n":{"_gte":5}}}`)
	s.permit("update", "c", `{"columns":["n"],"filter":{"team":"red"},"check":null,"set":{"stamp":"by c"}}`)
	set := func(n, id string) string {
		return `mutation { update_doc(where: {id: {_in: [` + id + `]}}, _set: {n: ` + n + `}) { affected_rows } }`
	}
	affected := func(n int) string { return fmt.Sprintf(`{"data":{"update_doc":{"affected_rows":%d}}}`, n) }
	// 1 is a's and b's, 2 b's, 3 a's, 4 nobody's
	s.refuses(both, set("3", "2"), "check constraint")
	s.refuses(both, set("30", "3"), "check constraint")
	s.refuses(both, set("30", "1, 2, 3"), "check constraint")
	s.refuses(`["b","c"]`, `mutation { update_doc(where: {id: {_eq: 1}}, _set: {title: "x"}) { affected_rows } }`, "not found")
	s.refuses(both, `mutation { update_doc(where: {}, _set: {title: "x", secret: "y"}) { affected_rows } }`, "field 'secret' not found")
	s.gives(both, `mutation { update_doc(where: {}, _set: {title: "x"}) { affected_rows } }`, affected(2))
	s.gives(both, set("3", "1"), affected(1))
	s.gives(both, set("30", "1, 2"), affected(2))
	s.gives(both, set("7", "1, 2, 3, 4"), affected(3))
	s.gives(both, `mutation { update_doc_by_pk(pk_columns: {id: 4}, _inc: {n: 1}) { id } }`, `{"data":{"update_doc_by_pk":null}}`)
	s.gives(both, `mutation { update_doc_many(updates: [{where: {id: {_eq: 2}}, _inc: {n: 100}}, {where: {id: {_eq: 3}}, _inc: {n: 1}}]) { affected_rows } }`,
		`{"data":{"update_doc_many":[{"affected_rows":1},{"affected_rows":1}]}}`)
	if got, want := s.rows("id, n"), "1,7 2,107 3,8 4,0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// with presets that differ, a row is the first rule's that admits it, whole
	s.refuses(`["a","c"]`, set("30", "1"), "check constraint")
	s.gives(`["c","a"]`, set("30", "1"), affected(1))
	s.gives(`["a","c"]`, set("4", "1, 2, 3"), affected(3))
	if got, want := s.rows("id, n, stamp"), "1,4,by c 2,4,by c 3,4 4,0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.exec(`update doc set stamp = null`)
	s.gives(`["a","c"]`, set("5", "1, 2"), affected(2))
	if got, want := s.rows("id, n, stamp"), "1,5 2,5,by c 3,4 4,0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeveral_deletesAndBackends(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.permit("delete", "a", `{"filter":{"owner":"ann"}}`)
	s.permit("delete", "b", `{"filter":{"team":"red"},"backend_only":true}`)
	s.permit("select", "b", `{"columns":["id"],"filter":{}}`)
	remove := `mutation { delete_doc(where: {id: {_gt: 1}}) { affected_rows returning { id } } }`
	s.gives(both, remove, `{"data":{"delete_doc":{"affected_rows":1,"returning":[{"id":3}]}}}`)
	s.gives(both, remove, `{"data":{"delete_doc":{"affected_rows":1,"returning":[{"id":2}]}}}`, "X-Hasura-Use-Backend-Only-Permissions", "true")
	if got := s.rows("id"); got != "1 4" {
		t.Errorf("left %s", got)
	}
}

// Row commands know one role.
func TestSeveral_rowCommands(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	for _, role := range []string{"a", `[\"a\",\"b\"]`} { // also where somebody has called a role so
		s.permit("select", role, `{"columns":["id"],"filter":{}}`)
	}
	for role, want := range map[string]string{"a": `[{"id":1}`, both: "row commands run under one role"} {
		if _, got := post(s.engine, "/v1/query", `{"type":"select","args":{"table":"doc","columns":["id"],"limit":1}}`, "X-Hasura-Role", role); !strings.Contains(got, want) {
			t.Errorf("%s: %s", role, got)
		}
	}
}

// Every role's webhook must agree, each asked as that role.
func TestSeveral_validation(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	var refused atomic.Value
	refused.Store("b")
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Role      string            `json:"role"`
			Variables map[string]string `json:"session_variables"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Variables["x-hasura-role"] != in.Role {
			t.Errorf("asked with %+v, %v", in, err)
		}
		if in.Role == refused.Load() {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(hook.Close)
	for _, role := range []string{"a", "b"} {
		webhook := `"validate_input":{"type":"http","definition":{"url":"` + hook.URL + `"}}`
		s.permit("delete", role, `{"filter":{"owner":"`+map[string]string{"a": "ann", "b": "bob"}[role]+`"},`+webhook+`}`)
		s.permit("insert", role, `{"columns":["id"],"check":{},`+webhook+`}`)
	}
	s.refuses(both, `mutation { delete_doc(where: {}) { affected_rows } }`, "input validation failed")
	s.refuses(both, `mutation { insert_doc(objects: {id: 9}) { affected_rows } }`, "input validation failed")
	refused.Store("nobody")
	s.gives(both, `mutation { insert_doc(objects: {id: 9}) { affected_rows } delete_doc(where: {}) { affected_rows } }`, `{"data":{"insert_doc":{"affected_rows":1},"delete_doc":{"affected_rows":4}}}`)
}

// Caches tell combinations apart, and hold only so many.
func TestSeveral_caches(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.permit("select", "a", `{"columns":["id"],"filter":{"owner":"X-Hasura-User-Id"}}`)
	s.permit("select", "b", `{"columns":["id"],"filter":{"team":"X-Hasura-Team"}}`)
	query := `query @cached { doc(order_by: {id: asc}) { id } }`
	for range 2 {
		s.gives(both, query, `{"data":{"doc":[{"id":1},{"id":2},{"id":3}]}}`)
		s.gives("a", query, `{"data":{"doc":[{"id":1},{"id":3}]}}`)
		s.gives("b", query, `{"data":{"doc":[{"id":1},{"id":2}]}}`)
		s.gives(both, query, `{"data":{"doc":[{"id":1},{"id":2}]}}`, "X-Hasura-Team", "red")
		s.gives(both, query, `{"data":{"doc":[{"id":1},{"id":2},{"id":4}]}}`, "X-Hasura-User-Id", "bob", "X-Hasura-Team", "red")
	}
	s.do("pg_drop_select_permission", `{"table":"doc","role":"b"}`)
	s.gives(both, query, `{"data":{"doc":[{"id":1},{"id":3}]}}`)
}

// What the allow list lets one role run, several may not unless all may.
func TestSeveral_allowList(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, func(c *engine.Config) { c.EnableAllowList = true })
	for _, role := range []string{"a", "b"} {
		s.permit("select", role, `{"columns":["id"],"filter":{}}`)
	}
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"{ doc_by_pk(id: 1) { id } }"}]}}`)
	s.do("add_collection_to_allowlist", `{"collection":"c","scope":{"global":false,"roles":["a"]}}`)
	s.gives("a", `{ doc_by_pk(id: 1) { id } }`, `{"data":{"doc_by_pk":{"id":1}}}`)
	s.refuses(both, `{ doc_by_pk(id: 1) { id } }`, "query is not allowed")
	s.do("update_scope_of_collection_in_allowlist", `{"collection":"c","scope":{"global":false,"roles":["a","b"]}}`)
	s.gives(both, `{ doc_by_pk(id: 1) { id } }`, `{"data":{"doc_by_pk":{"id":1}}}`)
}

// holder is an authority for whom a subject holds roles that change.
type holder struct{ roles atomic.Value }

func (h *holder) Standing(context.Context, session.AccessToken) (session.Standing, error) {
	return session.Standing{IsDataAPI: true, IsActive: true, IsGrantAlive: true, Roles: h.roles.Load().([]string)}, nil
}

// A subscription under all roles held ends when one of them is taken away.
func TestSeveral_subscriptionEndsWithARole(t *testing.T) {
	t.Parallel()
	key, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	held := &holder{}
	held.roles.Store([]string{"a", "b"})
	const issuer = "http://localhost:1/oidc"
	settings, err := session.ParseConfig(session.Settings{SeveralRoles: true})
	if err != nil {
		t.Fatal(err)
	}
	s, url := streaming(t, func(c *engine.Config) {
		c.LiveQueries = subscription.Polling{Interval: 10 * time.Millisecond}
		c.Session = settings
		c.Deps.Identity = &session.Identity{Issuer: issuer, Keys: jwt.NewSet(key), Authority: held}
	})
	s.sql(`create table doc (id int primary key, title text); insert into doc values (1, 't')`)
	s.do("pg_track_table", `{"table":"doc"}`)
	s.do("pg_create_select_permission", `{"table":"doc","role":"a","permission":{"columns":["id"],"filter":{}}}`)
	s.do("pg_create_select_permission", `{"table":"doc","role":"b","permission":{"columns":["id","title"],"filter":{},"subscription_root_fields":["select_by_pk"]}}`)
	claims := fmt.Sprintf(`{"iss":%q,"sub":"1","client_id":"app","aud":"api","jti":"j","iat":%d,"exp":%d}`, issuer, time.Now().Unix(), time.Now().Add(time.Hour).Unix())
	token, err := jwt.Sign(key, "at+jwt", []byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	c := s.socket(url, `{"Authorization":"Bearer `+token+`","X-Hasura-Role":"*"}`)
	c.subscribe("1", `subscription { doc { id title } }`)
	c.want(`{"type":"next","id":"1","payload":{"data":{"doc":[{"id":1,"title":null}]}}}`) // a's field, and a has no titles
	c.subscribe("by_pk", `subscription { doc_by_pk(id: 1) { id title } }`)
	c.want(`{"type":"next","id":"by_pk","payload":{"data":{"doc_by_pk":{"id":1,"title":"t"}}}}`)
	c.send(`{"type":"complete","id":"by_pk"}`)
	c.subscribe("query", `{ doc { title } }`)
	c.want(`{"type":"next","id":"query","payload":{"data":{"doc":[{"title":"t"}]}}}`, `{"type":"complete","id":"query"}`)
	held.roles.Store([]string{"a"})
	s.engine.ReviewCallers()
	c.want(`{"type":"error","id":"1","payload":[{"message":"Your requested role is not in allowed roles","extensions":{"path":"$","code":"access-denied"}}]}`, `{"type":"complete","id":"1"}`)
	c.subscribe("2", `{ doc { id title } }`)
	c.want(`{"type":"error","id":"2","payload":[{"message":"field 'title' not found in type: 'doc'","extensions":{"path":"$.selectionSet.doc.selectionSet.title","code":"validation-failed"}}]}`, `{"type":"complete","id":"2"}`)
}

// What somebody else changes while an update waits for the row is looked at anew, as in any update.
func TestSeveral_updateMeetsAnother(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	for _, role := range []string{"a", "b"} {
		s.permit("select", role, `{"columns":["id"],"filter":{}}`)
	}
	s.permit("update", "a", `{"columns":["n"],"filter":{"owner":"ann"},"check":{"n":{"_lt":100}}}`)
	s.permit("update", "b", `{"columns":["n"],"filter":{"team":"red"},"check":null}`)
	watcher, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close(context.WithoutCancel(t.Context())) }()
	for _, c := range []struct{ other, want string }{
		{`update doc set owner = 'zed' where id = 3`, `{"data":{"update_doc":{"affected_rows":0}}}`},
		{`update doc set n = 7 where id = 3`, `{"data":{"update_doc":{"affected_rows":1}}}`},
	} {
		s.exec(`update doc set owner = 'ann', n = 0 where id = 3`)
		tx, err := s.data.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), c.other); err != nil {
			t.Fatal(err)
		}
		answer := make(chan string)
		go func() {
			answer <- s.as(both, `mutation { update_doc(where: {id: {_eq: 3}}, _inc: {n: 1}) { affected_rows } }`)
		}()
		for waiting := false; !waiting; {
			if err := watcher.QueryRow(t.Context(), `select exists (select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database()) or not granted and locktype = 'transactionid')`).Scan(&waiting); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := <-answer; got != c.want {
			t.Errorf("beside %s: got %s, want %s", c.other, got, c.want)
		}
	}
	if got, want := s.rows("id, n"), "1,0 2,0 3,8 4,0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The Relay endpoint serves several roles too; a table whose key only some rules always show is no node.
func TestSeveral_relay(t *testing.T) {
	t.Parallel()
	s := startSeveral(t, nil)
	s.permit("select", "a", `{"columns":["id","title"],"filter":{"owner":"X-Hasura-User-Id"}}`)
	s.permit("select", "b", `{"columns":["id","secret"],"filter":{"team":"X-Hasura-Team"}}`)
	s.permit("select", "c", `{"columns":["title"],"filter":{}}`)
	relay := func(roles, query string) string {
		body, err := json.Marshal(map[string]any{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		_, answer := post(s.engine, "/v1beta1/relay", string(body), "X-Hasura-Role", roles, "X-Hasura-User-Id", "ann", "X-Hasura-Team", "red")
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(answer)); err != nil {
			t.Fatal(err)
		}
		return compact.String()
	}
	want := `{"data":{"doc_connection":{"edges":[{"node":{"title":"t1","secret":"s1"}},{"node":{"title":null,"secret":"s2"}},{"node":{"title":"t3","secret":null}}]}}}`
	if got := relay(both, `{ doc_connection(order_by: {title: asc_nulls_last, secret: asc}) { edges { node { title secret } } } }`); !strings.Contains(got, `"t3","secret":null`) || len(got) != len(want) {
		t.Errorf("got %s", got)
	}
	if got := relay(`["a","c"]`, `{ doc_connection { edges { node { title } } } }`); !strings.Contains(got, "field 'doc_connection' not found") {
		t.Errorf("got %s", got)
	}
}
