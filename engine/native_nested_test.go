package engine_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// askAs asks a GraphQL query as a role, or as an administrator.
func (s *server) askAs(role, query string) string {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		s.Fatal(err)
	}
	var headers []string
	if role != "" {
		headers = []string{"X-Hasura-Role", role, "X-Hasura-User-Id", "1"}
	}
	_, answer := post(s.engine, "/v1/graphql", string(body), headers...)
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(answer)); err != nil {
		s.Fatal(err)
	}
	return compact.String()
}

func (s *server) shows(role, query, want string) {
	s.Helper()
	if got := s.askAs(role, query); got != want {
		s.Errorf("%s: %s\n got %s\nwant %s", role, query, got, want)
	}
}

// declines sends a metadata command that must fail.
func (s *server) declines(kind, args, why string) {
	s.Helper()
	if status, body := post(s.engine, "/v1/metadata", `{"type":"`+kind+`","args":`+args+`}`); status != 400 || !strings.Contains(body, why) {
		s.Errorf("%s %s: %d %s", kind, args, status, body)
	}
}

// A query of type single gives an object; its type stays in the metadata.
func TestNativeQueries_single(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table thing (id integer primary key, label text); insert into thing values (1, 'one'), (2, 'two')`)
	s.do("pg_track_logical_model", `{"name":"m","fields":[{"name":"id","type":"integer"},{"name":"label","type":"text","nullable":true}]}`)
	query := func(name, more string) string {
		return `{"root_field_name":"` + name + `","returns":"m","arguments":{"least":{"type":"integer"}},"code":"select * from thing where id >= {{least}} order by id"` + more + `}`
	}
	s.declines("pg_track_native_query", query("q", `,"type":"mutation"`), "unexpected type")
	s.declines("pg_track_native_query", query("q", `,"type":1`), "expected")
	s.do("pg_track_native_query", query("one", `,"type":"single"`))
	s.do("pg_track_native_query", query("many", `,"type":"multiple"`))
	s.do("pg_track_native_query", query("plain", `,"type":"query"`))
	document := s.document()
	for what, n := range map[string]int{`"type":"single"`: 1, `"type":"multiple"`: 1, `"type":"query"`: 0} {
		if strings.Count(document, what) != n {
			t.Errorf("%s is not there %d times: %s", what, n, document)
		}
	}
	s.do("pg_create_logical_model_select_permission", `{"name":"m","role":"reader","permission":{"columns":["id"],"filter":{"id":{"_gt":1}}}}`)
	s.shows("", `{ one(args: {least: 0}) { id label } none: one(args: {least: 9}) { id } many(args: {least: 0}) { id } plain(args: {least: 2}) { id } }`,
		`{"data":{"one":{"id":1,"label":"one"},"none":null,"many":[{"id":1},{"id":2}],"plain":[{"id":2}]}}`)
	s.shows("reader", `{ one(args: {least: 0}) { id } }`, `{"data":{"one":{"id":2}}}`)
	if got := s.askAs("reader", `{ one(args: {least: 0}) { label } }`); !strings.Contains(got, "field 'label' not found") {
		t.Errorf("a column of nobody: %s", got)
	}
	if got := s.askAs("", `{ one(args: {least: 0}, limit: 1) { id } }`); !strings.Contains(got, "has no argument named 'limit'") {
		t.Errorf("a list's argument: %s", got)
	}
	exported := strings.ReplaceAll(document, `"type":"single"`, `"type":"sole"`)
	s.declines("replace_metadata", `{"metadata":`+exported+`,"allow_inconsistent_metadata":false}`, `unexpected type of a native query \"sole\"`)
}

// A result described in place is a logical model of the query's own, with permissions of its own.
func TestNativeQueries_resultInPlace(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table thing (id integer primary key, label text); insert into thing values (1, 'one'), (2, 'two')`)
	s.do("pg_track_logical_model", `{"name":"m","fields":[{"name":"id","type":"integer"}]}`)
	s.do("pg_track_native_query", `{"root_field_name":"named","returns":"m","arguments":{},"code":"select * from thing"}`)
	const fields = `"fields":[{"name":"id","type":"integer"},{"name":"label","type":{"scalar":"text","nullable":true}}]`
	s.declines("pg_track_native_query", `{"root_field_name":"q","returns":{"fields":[]},"arguments":{},"code":"select * from thing"}`, "needs a field")
	s.declines("pg_track_native_query", `{"root_field_name":"q","returns":{"fields":[{"name":"nothing","type":"text"}]},"arguments":{},"code":"select * from thing"}`, "does not exist")
	s.declines("pg_track_native_query", `{"root_field_name":"m","returns":{`+fields+`},"arguments":{},"code":"select * from thing"}`, "already that of")
	s.declines("pg_create_logical_model_select_permission", `{"type":"native_query","name":"named","role":"reader","permission":{"columns":"*","filter":{}}}`, "does not describe its result in place")
	s.declines("pg_create_logical_model_select_permission", `{"type":"table","name":"named","role":"reader","permission":{"columns":"*","filter":{}}}`, "unexpected type")
	s.do("pg_track_native_query", `{"root_field_name":"q","returns":{`+fields+`},"arguments":{},"code":"select * from thing"}`)
	s.shows("", `{ q(where: {label: {_eq: "two"}}) { __typename id label } }`, `{"data":{"q":[{"__typename":"q","id":2,"label":"two"}]}}`)
	if got := s.askAs("reader", `{ q { id } }`); !strings.Contains(got, "field 'q' not found") {
		t.Errorf("without a permission: %s", got)
	}
	permission := `{"type":"native_query","name":"q","role":"reader","permission":{"columns":["id"],"filter":{"id":"X-Hasura-User-Id"}}}`
	s.do("pg_create_logical_model_select_permission", permission)
	s.do("pg_create_logical_model_select_permission", permission) // once more, which replaces it
	s.declines("pg_create_logical_model_select_permission", strings.ReplaceAll(strings.ReplaceAll(permission, `"id"]`, `"ids"]`), "reader", "other"), "no such column exists")
	s.shows("reader", `{ q { id } }`, `{"data":{"q":[{"id":1}]}}`)
	if got := s.askAs("reader", `{ q { label } }`); !strings.Contains(got, "field 'label' not found") {
		t.Errorf("a column of nobody: %s", got)
	}
	s.do("pg_drop_logical_model_select_permission", `{"type":"native_query","name":"q","role":"reader"}`)
	if got := s.askAs("reader", `{ q { id } }`); !strings.Contains(got, "field 'q' not found") {
		t.Errorf("after the permission was dropped: %s", got)
	}
}

// A field that is a logical model, or a list of it, shows what is inside its value: to whom both the field and the other
// model are open, and of that the rows and columns that are.
func TestNativeQueries_nestedModels(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table thing (id integer primary key, parts jsonb, home json);
		insert into thing values (1, '[{"n": 1, "name": "a", "tags": [{"label": "x"}]}, {"n": 2, "name": "b", "tags": null}]', '{"street": "s1"}'), (2, '[]', 'null'), (3, null, null), (4, '{"n": 7}', '[]')`)
	s.do("pg_track_logical_model", `{"name":"tag","fields":[{"name":"label","type":"text"}]}`)
	s.do("pg_track_logical_model", `{"name":"part","fields":[{"name":"n","type":"integer"},{"name":"name","type":"text"},{"name":"tags","type":{"array":{"logical_model":"tag"}}}]}`)
	s.do("pg_track_logical_model", `{"name":"home","fields":[{"name":"street","type":"text"}]}`)
	for field, why := range map[string]string{
		`{"name":"x","type":{"logical_model":"nowhere"}}`:                 `could not be found`,
		`{"name":"x","type":{"array":{"array":{"logical_model":"tag"}}}}`: `lists of lists`,
		`{"name":"id","type":{"logical_model":"tag"}}`:                    `is there twice`,
	} {
		s.declines("pg_track_logical_model", `{"name":"bad","fields":[{"name":"id","type":"integer"},`+field+`]}`, why)
	}
	s.do("pg_track_logical_model", `{"name":"thing","fields":[{"name":"id","type":"integer"},{"name":"parts","type":{"array":{"logical_model":"part"}}},{"name":"home","type":{"logical_model":"home","nullable":true}}]}`)
	s.declines("pg_track_native_query", `{"root_field_name":"things","returns":"thing","arguments":{},"code":"select id, parts from thing"}`, "column t.home does not exist")
	s.do("pg_track_native_query", `{"root_field_name":"things","returns":"thing","arguments":{},"code":"select * from thing"}`)

	s.shows("", `{ things(order_by: {id: asc}) { id parts(order_by: {n: desc}) { n name tags { label } } home { street } } }`,
		`{"data":{"things":[{"id":1,"parts":[{"n":2,"name":"b","tags":[]},{"n":1,"name":"a","tags":[{"label":"x"}]}],"home":{"street":"s1"}},`+
			`{"id":2,"parts":[],"home":null},{"id":3,"parts":[],"home":null},{"id":4,"parts":[],"home":null}]}}`)
	permit := func(role, model, permission string) {
		s.do("pg_create_logical_model_select_permission", `{"name":"`+model+`","role":"`+role+`","permission":`+permission+`}`)
	}
	s.declines("pg_create_logical_model_select_permission", `{"name":"thing","role":"a","permission":{"columns":["parts"],"filter":{}}}`, "a permission needs a column")
	permit("a", "thing", `{"columns":["id","parts"],"filter":{"id":{"_lt":2}}}`)
	permit("b", "thing", `{"columns":["id"],"filter":{}}`)
	notFound := func(role, query, field string) {
		t.Helper()
		if got := s.askAs(role, query); !strings.Contains(got, "field '"+field+"' not found") {
			t.Errorf("%s: %s", role, got)
		}
	}
	notFound("a", `{ things { parts { n } } }`, "parts") // nothing of part is open
	permit("a", "part", `{"columns":["n"],"filter":{"n":{"_eq":"X-Hasura-User-Id"}}}`)
	permit("b", "part", `{"columns":["n","name"],"filter":{}}`)
	permit("b", "home", `{"columns":["street"],"filter":{}}`)
	s.shows("a", `{ things { id parts { n } } }`, `{"data":{"things":[{"id":1,"parts":[{"n":1}]}]}}`)
	notFound("a", `{ things { parts { name } } }`, "name")
	notFound("a", `{ things { parts { tags { label } } } }`, "tags")
	notFound("b", `{ things { parts { n } } }`, "parts")
	notFound("b", `{ things { home { street } } }`, "home")
	notFound("", `{ things(where: {parts: {n: {_eq: 1}}}) { id } }`, "parts")
	// an heir sees the cell in the rows of who has it
	s.do("add_inherited_role", `{"role_name":"heir","role_set":["a","b"]}`)
	s.sql(`update thing set parts = '[{"n": 1, "name": "hidden"}]' where id > 1`)
	s.shows("heir", `{ things(order_by: {id: asc}) { id parts { n } } }`, `{"data":{"things":[{"id":1,"parts":[{"n":1},{"n":2}]},{"id":2,"parts":[]},{"id":3,"parts":[]},{"id":4,"parts":[]}]}}`)
}

// A composite value holds nested objects too, and a relationship of the field's name goes before what is inside.
func TestNativeQueries_nestedComposites(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table author (id integer primary key, name text); create table book (id integer primary key, author_id integer references author, title text);
		insert into author values (1, 'Ann'), (2, 'Bob'); insert into book values (1, 1, 'One'), (2, 1, 'Two')`)
	s.do("pg_track_logical_model", `{"name":"book_model","fields":[{"name":"id","type":"integer"},{"name":"author_id","type":"integer"},{"name":"title","type":"text"}]}`)
	s.do("pg_track_native_query", `{"root_field_name":"books","returns":"book_model","arguments":{},"code":"select * from book where title <> 'Two'"}`)
	s.do("pg_track_logical_model", `{"name":"author_model","fields":[{"name":"id","type":"integer"},{"name":"books","type":{"array":{"logical_model":"book_model"}}}]}`)
	s.do("pg_track_native_query", `{"root_field_name":"inside","returns":"author_model","arguments":{},"code":"select a.id, array_agg(b order by b.id) filter (where b.id is not null) as books from author a left join book b on b.author_id = a.id group by a.id"}`)
	s.shows("", `{ inside(order_by: {id: asc}) { id books(where: {id: {_gt: 1}}) { title } } }`, `{"data":{"inside":[{"id":1,"books":[{"title":"Two"}]},{"id":2,"books":[]}]}}`)
	s.do("pg_untrack_native_query", `{"root_field_name":"inside"}`)
	s.do("pg_track_native_query", `{"root_field_name":"related","returns":"author_model","arguments":{},"code":"select id from author",
		"array_relationships":[{"name":"books","using":{"column_mapping":{"id":"author_id"},"remote_native_query":"books"}}]}`)
	s.shows("", `{ related(order_by: {id: asc}) { books { title } } }`, `{"data":{"related":[{"books":[{"title":"One"}]},{"books":[]}]}}`)
}
