package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/impact"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

const guardedDocument = `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
 {"table":{"schema":"public","name":"author"},"configuration":{"custom_name":"Author","column_config":{"name":{"custom_name":"fullName"}}},
  "array_relationships":[{"name":"articles","using":{"foreign_key_constraint_on":{"table":{"schema":"public","name":"article"},"column":"author_id"}}}],
  "computed_fields":[{"name":"short","definition":{"function":{"schema":"public","name":"short"},"table_argument":"a"}},
   {"name":"own","definition":{"function":{"schema":"private","name":"own"},"table_argument":"a","session_argument":"session"},"comment":"of the session"}],
  "select_permissions":[{"role":"user","permission":{"columns":["id","name"],"computed_fields":["short","own"],"filter":{"_or":[{"articles":{"title":{"_neq":"x"}}},{"name":{"_eq":"X-Hasura-User-Id"}}]},"limit":5,"allow_aggregations":false,"query_root_fields":["select"]}},
   {"role":"other","permission":{"columns":["id"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}}}}],
  "insert_permissions":[{"role":"user","permission":{"columns":["name"],"check":{"id":{"_gt":1}},"set":{"id":"X-Hasura-User-Id"},"backend_only":true}},
   {"role":"other","permission":{"columns":["name","id"],"check":{}}}],
  "update_permissions":[{"role":"user","permission":{"columns":["name"],"filter":{"id":{"_eq":1}},"check":{"id":{"_eq":1}}}},{"role":"other","permission":{"columns":["id"],"filter":{},"check":null}}],
  "delete_permissions":[{"role":"user","permission":{"filter":{"id":{"_eq":1}}}},{"role":"other","permission":{"filter":{}}}]},
 {"table":{"schema":"public","name":"article"},"object_relationships":[{"name":"author","using":{"manual_configuration":{"remote_table":{"schema":"public","name":"author"},"column_mapping":{"author_id":"id"}}}}],
  "select_permissions":[{"role":"user","permission":{"columns":["id","title"],"filter":{"_exists":{"_table":{"schema":"private","name":"member"},"_where":{"id":{"_eq":"X-Hasura-User-Id"}}}}}}]},
 {"table":{"schema":"private","name":"member"}},{"table":{"schema":"public","name":"member"}},
 {"table":{"schema":"private","name":"secret"},"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{}}}],"delete_permissions":[{"role":"user","permission":{"filter":{}}}]}],
 "functions":[{"function":{"schema":"public","name":"latest"},"configuration":{"exposed_as":"mutation"},"permissions":[{"role":"user"}]},
  {"function":{"schema":"private","name":"mine"},"configuration":{"session_argument":"session","custom_name":"mine"},"permissions":[{"role":"user"}],"comment":"of the session"}],
 "logical_models":[{"name":"total","fields":[{"name":"id","type":{"scalar":"integer"}}],"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{"id":{"_gt":0}}}}]}],
 "native_queries":[{"root_field_name":"totals","code":"select 1 as id where {{only}}","returns":"total","type":"single","arguments":{"only":{"type":"boolean","nullable":false}}}],
 "customization":{"root_fields":{"namespace":"shop"},"type_names":{"prefix":"Shop"}},
 "configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"},"isolation_level":"read-committed"}}}],
"inherited_roles":[{"role_name":"both","role_set":["user","other"]},{"role_name":"more","role_set":["both","other"]}],
"query_collections":[{"name":"c","definition":{"queries":[{"name":"q","query":"query { shop { Author { id } } }"}]}}],
"allowlist":[{"collection":"c","scope":{"global":false,"roles":["user"]}}],
"rest_endpoints":[{"name":"r","url":"r","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}]}`

// A stored document damaged at any place in any way opens no right that the undamaged one did not open.
func TestStored_damageOpensNothing(t *testing.T) {
	t.Parallel()
	settings, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	url := testpg.Database(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `create table author (id integer primary key, name text); create table article (id integer primary key, title text, author_id integer references author (id));
		create function short(a author) returns text language sql stable as 'select left(a.name, 1)'; create table secret (id integer primary key); create schema private; create table member (id integer primary key); create table private.member (id integer primary key); create table private.secret (id integer primary key);
		create function own(a author) returns text language sql stable as 'select a.name'; create function private.own(a author, session json) returns text language sql stable as 'select a.name';
		create function mine() returns setof article language sql stable as 'select * from article'; create function private.mine(session json) returns setof article language sql stable as 'select * from article';
		create function latest() returns setof article language sql volatile as 'select * from article'`)
	_ = conn.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(t.Context(), Config{MetadataURL: testpg.Database(t), DefaultSourceURL: url, Session: settings, Options: schema.Options{InferFunctionPermissions: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, "/v1/metadata", strings.NewReader(`{"type":"replace_metadata","args":{"allow_inconsistent_metadata":true,"metadata":`+guardedDocument+`}}`)))
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	now := e.Snapshot()
	before := e.build(nil, now.Doc, 1, now.sources)
	for _, i := range before.inconsistencies {
		if !strings.HasPrefix(i.Reason, "Could not inherit") {
			t.Fatalf("the undamaged document: %+v", i)
		}
	}
	count := 0
	try := func(what string, damaged any) {
		raw, err := json.Marshal(damaged)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := metadata.Decode(raw, "$", false)
		if err != nil {
			return // nothing is served of it
		}
		count++
		after := e.build(nil, doc, 1, now.sources)
		p := impact.Compare(before.state(), after.state(), impact.Options{AllowList: true})
		for _, r := range p.Rights {
			if r.Direction != impact.Narrower {
				t.Errorf("%s: %+v", what, r)
			}
		}
		for _, endpoint := range doc.RESTEndpoints {
			if !reflect.DeepEqual(endpoint, now.Doc.RESTEndpoints[0]) {
				t.Errorf("%s: endpoint %+v", what, endpoint)
			}
		}
	}
	var root any
	if err := json.Unmarshal(now.Doc.Encode(), &root); err != nil {
		t.Fatal(err)
	}
	damage(root, "$", nil, func(what string, do, undo func()) {
		do()
		try(what, root)
		undo()
	})
	if count < 400 {
		t.Errorf("only %d damaged documents", count)
	}
}

// mayBeLeftOut are keys without which an object means more: leaving them out is no damage.
var mayBeLeftOut = []string{"set", "backend_only", "limit", "check", "columns", "query_root_fields", "filter", "is_enum", "_neq", "_gt", "_eq", "title", "id", "name", "articles", "scope", "configuration", "session_argument", "schema", "type", "_or", "_exists", "_where"}

// damage calls with every way to damage what is below v: a key too many, a value of another kind, a key too few. Conditions
// lose nothing: what is left of one is another condition.
func damage(v any, at string, set func(any), visit func(what string, do, undo func())) {
	if set != nil {
		for _, wrong := range []any{-4.5e-17, map[string]any{"of_tomorrow": 1}} {
			if _, isNumber := v.(float64); isNumber && wrong == -4.5e-17 {
				continue
			}
			visit(fmt.Sprintf("%s is %v", at, wrong), func() { set(wrong) }, func() { set(v) })
		}
	}
	switch v := v.(type) {
	case map[string]any:
		visit(at+".of_tomorrow", func() { v["of_tomorrow"] = 1 }, func() { delete(v, "of_tomorrow") })
		for k, inner := range v {
			visit(at+"."+k+" misspelt", func() { delete(v, k); v[k+"_"] = inner }, func() { delete(v, k+"_"); v[k] = inner })
			if !slices.Contains(mayBeLeftOut, k) {
				visit("without "+at+"."+k, func() { delete(v, k) }, func() { v[k] = inner })
			}
			damage(inner, at+"."+k, func(other any) { v[k] = other }, visit)
		}
	case []any:
		for i, inner := range v {
			damage(inner, fmt.Sprintf("%s[%d]", at, i), func(other any) { v[i] = other }, visit)
		}
	}
}
