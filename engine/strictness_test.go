package engine_test

import (
	"strings"
	"testing"
)

// A literal that no value of the column's type is written as is refused with the permission, not by a request.
func TestPermission_literalsOfTheWrongKind(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create domain small as integer; create table thing (id integer primary key, label text, big bigint, price numeric, at date, tags text[], doc jsonb, is_on boolean, few small)`)
	s.do("pg_track_table", `{"table":"thing"}`)
	permission := func(filter string) string {
		return `{"table":"thing","role":"user","permission":{"columns":["id"],"filter":` + filter + `}}`
	}
	for filter, reason := range map[string]string{
		`{"id":{"_eq":true}}`:                                       `parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean`,
		`{"id":{"_in":[1,false]}}`:                                  `parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean`,
		`{"id":{"_eq":1.5}}`:                                        `lies outside the bounds or is not an integer`,
		`{"label":{"_eq":1}}`:                                       `parsing Text failed, expected String, but encountered Number`,
		`{"label":{"_like":{}}}`:                                    `parsing Text failed, expected String, but encountered Object`,
		`{"at":{"_gt":20260101}}`:                                   `parsing Day failed, expected String, but encountered Number`,
		`{"tags":{"_contains":[1]}}`:                                `parsing Text failed, expected String, but encountered Number`,
		`{"is_on":{"_eq":1}}`:                                       `parsing Bool failed, expected Boolean, but encountered Number`,
		`{"_not":{"_or":[{"price":[1]}]}}`:                          `parsing Scientific failed, expected Number, but encountered Array`,
		`{"doc":{"_has_key":1}}`:                                    `parsing Text failed, expected String, but encountered Number`,
		`{"_exists":{"_table":"thing","_where":{"id":{"_eq":{}}}}}`: `but encountered Object`,
	} {
		s.declines("pg_create_select_permission", permission(filter), reason)
	}
	s.declines("pg_create_insert_permission", `{"table":"thing","role":"user","permission":{"check":{},"columns":[],"set":{"id":true}}}`, "but encountered Boolean")
	for _, filter := range []string{
		`{"id":{"_eq":"1"}}`, `{"id":{"_in":[1,"2"]}}`, `{"id":{"_eq":1.0}}`, `{"big":{"_eq":9007199254740993}}`, `{"price":1.25}`, `{"tags":{"_contains":["a"]}}`, `{"tags":{"_eq":"{a}"}}`,
		`{"doc":{"_contains":{"a":[1]}}}`, `{"doc":1}`, `{"is_on":true}`, `{"is_on":"t"}`, `{"id":{"_in":"X-Hasura-Ids"}}`, `{"id":{"_eq":"X-Hasura-User-Id"}}`, `{"few":"3"}`,
	} {
		s.do("pg_create_select_permission", permission(filter))
		s.do("pg_drop_select_permission", `{"table":"thing","role":"user"}`)
	}
}

// What a stored document holds beyond us is kept, listed and closed; the rest is served.
func TestStart_whatIsNotUnderstoodIsPutAside(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	s.do("pg_create_insert_permission", `{"table":"article","role":"reader","permission":{"columns":["title","note"],"check":{}}}`)
	s.do("add_inherited_role", `{"role_name":"both","role_set":["user","reader"]}`)
	insert := `mutation { insert_article(objects: []) { affected_rows } }`
	if got := s.askAs("both", insert); !strings.Contains(got, "not found") {
		t.Fatalf("a conflict gives nothing: %s", got)
	}
	s.exec(s.metadataURL, `update hdb_catalog.hdb_metadata set metadata = replace(replace(replace(metadata::text,
		'"check":{"title":{"_neq":"bad"}}', '"chekc":{}'), '"table":{"name":"author","schema":"public"},"array', '"is_new":[1],"table":{"name":"author","schema":"public"},"array'),
		'"columns":["id","name"],"filter"', '"columns":["id","name"],"filer":{},"filter"')::json`)
	s.engine = s.open()
	s.shows("", `{ author(order_by: {id: asc}) { id articles(order_by: {id: asc}, limit: 1) { id } } }`, `{"data":{"author":[{"id":1,"articles":[{"id":1}]},{"id":2,"articles":[{"id":3}]}]}}`)
	if got := s.askAs("user", `{ author { id } }`); !strings.Contains(got, "field 'author' not found") {
		t.Errorf("an unknown key leaves a permission open: %s", got)
	}
	if got := s.askAs("user", `{ article { id } }`); strings.Contains(got, "not found") {
		t.Errorf("another permission is closed too: %s", got)
	}
	for _, role := range []string{"user", "both"} {
		if got := s.askAs(role, insert); !strings.Contains(got, "not found") {
			t.Errorf("%s may insert: %s", role, got)
		}
	}
	doc := s.document()
	_, listed := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	for _, what := range []string{"chekc", "is_new", "filer"} {
		if !strings.Contains(doc, what) || !strings.Contains(listed, what) {
			t.Errorf("%s is lost or not listed: %s\n%s", what, doc, listed)
		}
	}
	s.do("pg_create_array_relationship", `{"table":"author","name":"again","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`)
	s.do("pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":["id"],"filter":{}}}`)
	if doc = s.document(); strings.Contains(doc, "filer") || !strings.Contains(doc, "is_new") || !strings.Contains(doc, "chekc") {
		t.Errorf("a permission declared anew takes the place of the broken one, and nothing else goes: %s", doc)
	}
	s.do("drop_inconsistent_metadata", `{}`)
	if doc = s.document(); strings.Contains(doc, "chekc") || !strings.Contains(doc, "is_new") {
		t.Errorf("what is broken is dropped, what is merely unknown is kept: %s", doc)
	}
}
