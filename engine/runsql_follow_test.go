package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/internal/testpg"
)

// withLibrary is the shop with everything that names tables, columns and functions: computed fields, functions, permissions
// that reach far, event triggers, and relationships to and from other sources.
func (s *server) withLibrary() {
	s.Helper()
	s.withShop()
	s.sql(`
		create function search(query text) returns setof article language sql stable as 'select * from article where id::text = query';
		create function initials(author) returns text language sql stable as 'select $1::text';
		create view published as select id, title from article where published`)
	s.do("pg_track_table", `"published"`)
	s.do("pg_track_function", `{"function":"search"}`)
	s.do("pg_add_computed_field", `{"table":"author","name":"short","definition":{"function":"initials"}}`)
	s.do("pg_create_select_permission", `{"table":"author","role":"far","permission":{"columns":["id"],"computed_fields":["short"],
		"filter":{"articles_aggregate":{"count":{"arguments":["title"],"filter":{"published":{"_eq":true}},"predicate":{"_gt":1}}}}}}`)
	s.do("pg_create_select_permission", `{"table":"article","role":"far","permission":{"columns":["id"],
		"filter":{"_and":[{"title":{"_ceq":["author","name"]}},{"_exists":{"_table":"author","_where":{"email":{"_eq":"X-Hasura-Email"}}}}]}}}`)
	s.do("pg_create_select_permission", `{"table":"article","role":"literal","permission":{"columns":["id"],"filter":{"id":{"_gt":10}}}}`)
	s.do("pg_create_event_trigger", `{"name":"on_author","table":"author","webhook":"http://hook","update":{"columns":["name"],"payload":["name","email"]}}`)
	s.do("pg_create_remote_relationship", `{"table":"author","name":"remote","definition":{"to_remote_schema":{"remote_schema":"r","lhs_fields":["name"],"remote_field":{"user":{"arguments":{"name":"$name"}}}}}}`)
	other := testpg.Database(s.T)
	s.exec(other, "create table stock (id int primary key, label text)")
	s.do("pg_add_source", fmt.Sprintf(`{"name":"other","configuration":{"connection_info":{"database_url":%q}}}`, other))
	s.do("pg_track_table", `{"source":"other","table":"stock"}`)
	s.do("pg_create_remote_relationship", `{"table":"author","name":"elsewhere","definition":{"to_source":{"source":"other","table":"stock","relationship_type":"object","field_mapping":{"email":"label"}}}}`)
	s.do("pg_create_remote_relationship", `{"source":"other","table":"stock","name":"writers","definition":{"to_source":{"source":"default","table":"author","relationship_type":"array","field_mapping":{"label":"email"}}}}`)
	s.do("set_custom_types", `{"objects":[{"name":"Out","fields":[{"name":"key","type":"Int!"}],"relationships":[{"name":"who","type":"object","remote_table":"author","field_mapping":{"key":"id"}}]}]}`)
}

func (s *server) contains(what ...string) {
	s.Helper()
	doc := s.document()
	for _, want := range what {
		if !strings.Contains(doc, want) {
			s.Errorf("missing %s in\n%s", want, doc)
		}
	}
}

func TestRunSQL_refusalsNameWhatDepends(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withLibrary()
	before := s.document()
	for _, c := range []struct{ sql, code, message string }{
		{
			"alter table author drop column name", "dependency-error", `cannot drop due to the following dependent objects: event-trigger author.on_author in source \"default\", ` +
				`permission article.far.select in source \"default\", permission author.user.update in source \"default\", remote relationship author.remote in source \"default\"`,
		},
		{
			"alter table author drop column email", "dependency-error", `cannot drop due to the following dependent objects: event-trigger author.on_author in source \"default\", ` +
				`permission article.far.select in source \"default\", permission article.user.select in source \"default\", permission author.user.update in source \"default\", ` +
				`remote relationship author.elsewhere in source \"default\", remote relationship stock.writers in source \"other\"`,
		},
		{"drop view published; alter table article drop column title", "dependency-error", `cannot drop due to the following dependent objects: ` +
			`permission article.far.select in source \"default\", permission article.user.select in source \"default\", permission author.far.select in source \"default\"`},
		{"drop function initials", "dependency-error", `cannot drop due to the following dependent objects: computed field author.short in source \"default\", permission author.far.select in source \"default\"`},
		{"create function search(query int) returns setof article language sql stable as 'select * from article'", "not-supported", `the following tracked function(s) cannot be overloaded: search`},
		{"create function initials(a article) returns text language sql stable as 'select 1::text'", "not-supported", `The function \"initials\" associated with computed field\"short\" of table \"author\" is being overloaded`},
		{"alter function search volatile", "not-supported", `type of function \"search\" is altered to \"VOLATILE\" which is not supported now`},
		{"alter function initials volatile", "not-supported", `The type of function \"initials\" associated with computed field \"short\" of table \"author\" is being altered to \"VOLATILE\"`},
		{"drop view published; alter table article alter column id drop default, alter column id type text using id::text", "dependency-error", `cannot change type of column \"id\" in table \"article\" because of the following dependencies: permission article.literal.select in source \"default\"`},
	} {
		code, body := post(s.engine, "/v2/query", `{"type":"run_sql","args":`+sqlArgs(c.sql)+`}`)
		if want := `{"path":"$","error":"` + c.message + `","code":"` + c.code + `"}`; code != 400 || body != want {
			t.Errorf("%s\ngot  %d %s\nwant %s", c.sql, code, body, want)
		}
	}
	if s.document() != before {
		t.Error("a refused statement changed the metadata")
	}
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["9"]]}`, "run_sql", sqlArgs("select count(*) as n from information_schema.columns where table_schema = 'public'"))
}

func TestRunSQL_renamesReachEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withLibrary()
	s.sql(`create schema lib; alter table author rename to writer; alter table writer set schema lib;
		alter table lib.writer rename column id to no; alter table lib.writer rename column name to label; alter table lib.writer rename column email to mail;
		alter table article rename column title to head; alter view published rename to public_article; alter view public_article rename column title to head;
		alter function search rename to find; alter function initials set schema lib; alter function lib.initials rename to short_name`)
	s.contains(
		`"definition":{"function":{"name":"short_name","schema":"lib"}}`,
		`{"function":{"name":"find","schema":"public"}}`,
		`"filter":{"articles_aggregate":{"count":{"arguments":["head"],"filter":{"published":{"_eq":true}},"predicate":{"_gt":1}}}}`,
		`{"head":{"_ceq":["author","label"]}},{"_exists":{"_table":{"name":"writer","schema":"lib"},"_where":{"mail":{"_eq":"X-Hasura-Email"}}}}`,
		`"update":{"columns":["label"],"payload":["label","mail"]}`,
		`"field_mapping":{"mail":"label"}`, `"lhs_fields":["label"],"remote_field":{"user":{"arguments":{"name":"$label"}}}`,
		`"to_source":{"source":"default","table":{"name":"writer","schema":"lib"},"relationship_type":"array","field_mapping":{"label":"mail"}}`,
		`"remote_table":{"name":"writer","schema":"lib"},"field_mapping":{"key":"no"}`,
		`{"table":{"name":"public_article","schema":"public"}}`,
	)
	_, body := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	if strings.Contains(strings.ReplaceAll(body, "not supported by Gatehouse yet", ""), `"type":"table"`) || strings.Contains(body, "permission") {
		t.Errorf("something broke: %s", body)
	}
	s.answers(`{ find(args: {query: "x"}) { id } lib_writer { no short } }`, `{"find":[],"lib_writer":[]}`)
}

// Names that change places at once, and ones that change in case only.
func TestRunSQL_swapsAndCase(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.sql(`insert into author (name, email) values ('Ann', 'a@x'); insert into article (title, author_id) values ('One', 1)`)
	s.sql(`alter table author rename column name to tmp; alter table author rename column email to name; alter table author rename column tmp to email;
		alter table author rename to tmp; alter table article rename to author; alter table tmp rename to article;
		alter table author rename column title to "Title"`)
	s.contains(`{"table":{"name":"author","schema":"public"},"object_relationships":[{"name":"author"`, `"columns":["id","Title"],"filter":{"author":{"name":{"_eq":"X-Hasura-Email"}}}`,
		`{"table":{"name":"article","schema":"public"},"array_relationships":[{"name":"articles"`, `"columns":["email"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}},"check":null,"set":{"name":"X-Hasura-Email"}`)
	s.answers(`{ article { email name articles { Title } } }`, `{"article":[{"email":"Ann","name":"a@x","articles":[{"Title":"One"}]}]}`)
}

func TestRunSQL_cascadeDropsExactlyWhatDepends(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withLibrary()
	s.want(200, "", "run_sql", `{"sql":"alter table author drop column email","cascade":true}`)
	doc := s.document()
	for _, gone := range []string{"on_author", "elsewhere", "writers", `"role":"user"`, "email"} {
		if strings.Contains(doc, gone) {
			t.Errorf("%s is left in %s", gone, doc)
		}
	}
	s.contains(`"role":"literal"`, `"name":"short"`, `"name":"remote"`, `"articles_aggregate"`, `"name":"articles"`)
	s.want(200, "", "run_sql", `{"sql":"drop function initials","cascade":true}`)
	s.want(200, "", "run_sql", `{"sql":"drop table article cascade; drop table author","cascade":true}`)
	if doc := s.document(); strings.Contains(doc, "author") && !strings.Contains(doc, "remote_table") || strings.Contains(doc, "article") || strings.Contains(doc, "search") || !strings.Contains(doc, "stock") {
		t.Errorf("got %s", doc)
	}
}
