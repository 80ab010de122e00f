package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const odd = `
create type mood as enum ('sad', 'ok');
create table "Odd Names" (
  id bigint primary key, "a.b" numeric, doc jsonb, raw bytea, tags text[], span int4range, at timestamptz, feeling mood, "gatehouse.row" text,
  twice bigint generated always as (id * 2) stored);
insert into "Odd Names" values (9007199254740993, 12345678901234567890.123456789, '{"a": 1}', '\x00ff', '{"a,b",null}', '[1,5)', '2020-01-01T00:00:00Z', 'ok', ''),
  (2, null, null, null, null, null, null, null, null);
create table loose (n int, t text);
insert into loose values (1, 'a'), (1, 'a'), (2, 'b')`

type sheetRow struct {
	Values  []*string
	Version string
	Place   string
	Cut     []int
}

type sheetRows struct {
	Columns, Identity []string
	Rows              []sheetRow
	Count             *int
}

// command sends a command to /v1/metadata and reads its answer.
func (s *server) command(kind, args string, into any) {
	s.Helper()
	code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":%q,"args":%s}`, kind, args))
	if code != 200 {
		s.Fatalf("%s %s: %d %s", kind, args, code, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		s.Fatal(err)
	}
}

func (s *server) rows(args string) (r sheetRows) {
	s.Helper()
	s.command("gatehouse_select_rows", args, &r)
	return r
}

func shown(r sheetRow) string {
	var b strings.Builder
	for i, v := range r.Values {
		if i > 0 {
			b.WriteString("|")
		}
		if v == nil {
			b.WriteString("∅")
		} else {
			b.WriteString(*v)
		}
	}
	return b.String()
}

func TestSelectRows_everyValueIsItsText(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	r := s.rows(`{"table":"Odd Names","order_by":[{"column":"id","desc":true}],"count":true}`)
	if got, want := shown(r.Rows[0]), `9007199254740993|12345678901234567890.123456789|{"a": 1}|\x00ff|{"a,b",NULL}|[1,5)|2020-01-01 00:00:00+00||18014398509481986`; strings.Replace(got, "|ok|", "|", 1) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if *r.Count != 2 || strings.Join(r.Identity, ",") != "id" || r.Rows[1].Values[8] != nil {
		t.Errorf("got %+v", r)
	}
	for where, want := range map[string]int{
		`{"column":"a.b","op":"is null"}`:                          1,
		`{"column":"id","op":"=","value":"9007199254740993"}`:      1,
		`{"column":"doc","op":"@>","value":"{\"a\":1}"}`:           1,
		`{"column":"tags","op":"contains","value":"A,B"}`:          1,
		`{"column":"feeling","op":"in","values":["ok","sad"]}`:     1,
		`{"column":"feeling","op":"in","values":[]}`:               0,
		`{"column":"gatehouse.row","op":"=","value":""}`:           1,
		`{"column":"gatehouse.row","op":"is not","value":"x' --"}`: 2,
	} {
		if got := s.rows(`{"table":"Odd Names","where":[` + where + `]}`); len(got.Rows) != want {
			t.Errorf("%s: got %d rows, want %d", where, len(got.Rows), want)
		}
	}
	s.exec(s.dataURL, `insert into loose values (3, repeat('ü', 5000))`)
	if long := s.rows(`{"table":"loose","where":[{"column":"n","op":"=","value":"3"}]}`).Rows[0]; len(long.Cut) != 1 || len([]rune(*long.Values[1])) != 2000 {
		t.Errorf("a long value is cut to %d characters, %v", len([]rune(*long.Values[1])), long.Cut)
	}
	if whole := s.rows(`{"table":"loose","whole":true,"where":[{"column":"n","op":"=","value":"3"}]}`).Rows[0]; whole.Cut != nil || len([]rune(*whole.Values[1])) != 5000 {
		t.Error("a whole value is cut")
	}
}

func TestSelectRows_refuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	s.exec(s.dataURL, `create schema identity; create table identity.users (secret text)`)
	for args, want := range map[string]string{
		`{"table":{"schema":"identity","name":"users"}}`:                       `no such table/view exists in source: \"identity.users\"`,
		`{"table":{"schema":"pg_catalog","name":"pg_authid"}}`:                 `no such table/view exists`,
		`{"table":"loose","where":[{"column":"x","op":"=","value":"1"}]}`:      `"path":"$.args.where[0].column","error":"table \"loose\" has no column \"x\""`,
		`{"table":"loose","where":[{"column":"n","op":"= 1 or","value":"1"}]}`: `"path":"$.args.where[0].op","error":"unknown operator \"= 1 or\""`,
		`{"table":"loose","where":[{"column":"n","op":"="}]}`:                  `operator \"=\" needs a value`,
		`{"table":"loose","where":[{"column":"n","op":"=","value":"one"}]}`:    `invalid input syntax for type integer: \"one\"`,
		`{"table":"loose","order_by":[{"column":"n; drop table loose"}]}`:      `has no column`,
		`{"table":"loose","columns":["n","secret"]}`:                           `"path":"$.args.columns[1]"`,
		`{"source":"x","table":"loose"}`:                                       `source with name \"x\" does not exist`,
	} {
		code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_select_rows","args":`+args+`}`)
		if code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s\ngot  %d %s\nwant %s", args, code, body, want)
		}
	}
}

func (s *server) change(changes string, table string) (int, string) {
	return post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":"gatehouse_change_rows","args":{"table":%q,"changes":[%s]}}`, table, changes))
}

func TestChangeRows(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	code, body := s.change(`{"op":"insert","set":{"id":"9007199254740995","doc":"null","tags":"{x}","gatehouse.row":null,"at":{"default":true}}},{"op":"insert","set":{"id":"4","a.b":"0.10"}}`, "Odd Names")
	if code != 200 || !strings.Contains(body, `"9007199254740995",null,"null"`) || !strings.Contains(body, `"4","0.10"`) {
		t.Fatalf("insert: %d %s", code, body)
	}
	four := s.rows(`{"table":"Odd Names","where":[{"column":"id","op":"=","value":"4"}]}`).Rows[0]
	code, body = s.change(`{"op":"update","key":{"id":"4"},"version":"`+four.Version+`","set":{"id":"5","feeling":"sad"}}`, "Odd Names")
	if code != 200 || !strings.Contains(body, `"values":["5","0.10",null,null,null,null,null,"sad",null,"10"]`) {
		t.Fatalf("update: %d %s", code, body)
	}
	// All or nothing: the second change is refused, with its place, and the first is not kept.
	code, body = s.change(`{"op":"insert","set":{"id":"6"}},{"op":"insert","set":{"id":"5"}}`, "Odd Names")
	if code != 400 || !strings.Contains(body, `"path":"$.args.changes[1]"`) || !strings.Contains(body, `duplicate key value`) {
		t.Errorf("duplicate: %d %s", code, body)
	}
	if r := s.rows(`{"table":"Odd Names","where":[{"column":"id","op":"=","value":"6"}]}`); len(r.Rows) != 0 {
		t.Error("half of the changes were kept")
	}
	for changes, want := range map[string]string{
		`{"op":"update","key":{"id":"5"},"set":{"a.b":"1"}}`:                         `its version is needed`,
		`{"op":"update","key":{},"version":"x","set":{"a.b":"1"}}`:                   `the key's column \"id\" is missing`,
		`{"op":"update","key":{"id":"5","doc":"1"},"version":"x","set":{"a.b":"1"}}`: `\"doc\" is not part of the key`,
		`{"op":"update","key":{"id":"5"},"version":"x","set":{"twice":"1"}}`:         `can only be updated to DEFAULT`,
		`{"op":"truncate"}`: `expected insert, update or delete`,
	} {
		if code, body := s.change(changes, "Odd Names"); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s", changes, code, body)
		}
	}
}

// A row that somebody else changed, or deleted, is told and not overwritten.
func TestChangeRows_conflict(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	two := s.rows(`{"table":"Odd Names","where":[{"column":"id","op":"=","value":"2"}]}`).Rows[0]
	s.exec(s.dataURL, `update "Odd Names" set doc = '[1]' where id = 2`)
	update := `{"op":"update","key":{"id":"2"},"version":"` + two.Version + `","set":{"a.b":"7"}}`
	code, body := s.change(`{"op":"insert","set":{"id":"77"}},`+update, "Odd Names")
	if code != 409 || !strings.Contains(body, `"code":"conflict"`) || !strings.Contains(body, `"change":1,"now":{"values":["2",null,"[1]"`) {
		t.Fatalf("got %d %s", code, body)
	}
	s.exec(s.dataURL, `delete from "Odd Names" where id = 2`)
	for _, change := range []string{update, `{"op":"delete","key":{"id":"2"},"version":"` + two.Version + `"}`} {
		if code, body := s.change(change, "Odd Names"); code != 409 || !strings.Contains(body, `"change":0,"now":null`) {
			t.Errorf("gone: %d %s", code, body)
		}
	}
	if r := s.rows(`{"table":"Odd Names"}`); len(r.Rows) != 1 || r.Rows[0].Values[1] == nil {
		t.Errorf("something was written: %v", r.Rows)
	}
}

// Rows of a table without a key are told apart by where they are stored, of equal ones only the one that was meant.
func TestChangeRows_withoutKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	r := s.rows(`{"table":"loose"}`)
	if len(r.Identity) != 0 || r.Rows[0].Version != r.Rows[1].Version || r.Rows[0].Place == r.Rows[1].Place {
		t.Fatalf("got %+v", r)
	}
	change := fmt.Sprintf(`{"op":"delete","version":%q,"place":%q}`, r.Rows[0].Version, r.Rows[0].Place)
	if code, body := s.change(change, "loose"); code != 200 {
		t.Fatalf("got %d %s", code, body)
	}
	if left := s.rows(`{"table":"loose"}`); len(left.Rows) != 2 {
		t.Errorf("%d rows left", len(left.Rows))
	}
	if code, body := s.change(change, "loose"); code != 409 {
		t.Errorf("again: %d %s", code, body)
	}
	s.sql(`create view seen as select * from loose`)
	seen := s.rows(`{"table":"seen"}`)
	if code, body := s.change(fmt.Sprintf(`{"op":"delete","version":%q,"place":"(0,1)"}`, seen.Rows[0].Version), "seen"); code != 400 || !strings.Contains(body, "nothing tells the rows") {
		t.Errorf("a view: %d %s", code, body)
	}
}

func TestExportRows(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(odd)
	for args, want := range map[string]string{
		`{"table":"Odd Names","format":"csv","columns":["id","doc","tags","gatehouse.row"],"limit":1,"order_by":[{"column":"id","desc":true}]}`: "id,doc,tags,gatehouse.row\r\n" +
			`9007199254740993,"{""a"": 1}","{""a,b"",NULL}",""` + "\r\n2,,,\r\n",
		`{"table":"Odd Names","format":"json","columns":["id","doc"],"where":[{"column":"id","op":">","value":"2"}]}`: "[\n" + `{"id":9007199254740993,"doc":{"a": 1}}` + "\n]\n",
		`{"table":"Odd Names","format":"json","where":[{"column":"id","op":"<","value":"0"}]}`:                        "[\n]\n",
	} {
		if code, body := post(s.engine, "/v1alpha1/rows/export", args); code != 200 || body != want {
			t.Errorf("%s\ngot  %d %q\nwant %q", args, code, body, want)
		}
	}
	if code, body := post(s.engine, "/v1alpha1/rows/export", `{"table":"nothing","format":"csv"}`); code != 400 {
		t.Errorf("got %d %s", code, body)
	}
}

func TestDescribeSource(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.exec(s.dataURL, odd+`;
		create schema identity; create table identity.users (id int);
		comment on table author is 'Who writes'; create index by_title on article (lower(title)) where published;
		alter table article add constraint titled check (title <> '');
		create function article_count(author) returns bigint language sql stable as 'select 1::bigint'`)
	code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_describe_source","args":{}}`)
	for _, want := range []string{
		`"schemas":["public"]`, `"schema":"public","name":"author","kind":"table","comment":"Who writes","tracked":true`,
		`"name":"loose","kind":"table","comment":null,"tracked":false`, `{"schema":"public","name":"mood","values":["sad","ok"]}`,
		`"columns":["author_id"],"to":{"schema":"public","name":"author"},"to_columns":["id"],"on_update":"no action","on_delete":"no action"`,
		`"generated":"(id * 2)"`, `"default":"nextval('author_id_seq'::regclass)"`, `"first_table":{"schema":"public","name":"author"}`,
	} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("%d: no %s in %s", code, want, body)
		}
	}
	if strings.Contains(body, "users") || strings.Contains(body, "hdb_") || strings.Contains(body, `"parts"`) {
		t.Errorf("told too much: %s", body)
	}
	_, body = post(s.engine, "/v1/metadata", `{"type":"gatehouse_describe_source","args":{"schema":"public","table":"article"}}`)
	for _, want := range []string{`"name":"titled","definition":"CHECK ((title \u003c\u003e ''::text))"`, `CREATE INDEX by_title ON public.article USING btree (lower(title)) WHERE published`} {
		if !strings.Contains(body, want) && !strings.Contains(body, strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(want)) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

// run_sql's typed answer is Gatehouse's own: null is no text, and each column has its type.
func TestRunSQL_typed(t *testing.T) {
	t.Parallel()
	s := start(t)
	var r struct {
		Type    string `json:"result_type"`
		Columns []struct{ Name, Type string }
		Rows    [][]*string
		Count   int      `json:"row_count"`
		Took    float64  `json:"took_ms"`
		Tags    []string `json:"commands"`
	}
	s.command("run_sql", `{"typed":true,"max_rows":2,"sql":"create table n (id int8); insert into n select generate_series(1, 3); select id, null::varchar(3) as v, 'NULL' as t from n"}`, &r)
	if r.Type != "TuplesOk" || r.Count != 3 || len(r.Rows) != 2 || r.Rows[0][1] != nil || *r.Rows[0][2] != "NULL" || r.Columns[0].Type != "bigint" ||
		r.Columns[1].Type != "character varying(3)" || strings.Join(r.Tags, ",") != "CREATE TABLE,INSERT 0 3,SELECT 3" {
		t.Errorf("got %+v", r)
	}
	var all struct {
		Results []struct {
			Command string
			Columns []struct{ Type string }
			Rows    [][]*string
			Count   int `json:"row_count"`
		}
		Notices []struct{ Severity, Message string }
	}
	s.command("run_sql", `{"typed":true,"max_rows":2,"sql":"select id from n; do $$ begin raise notice 'seen %', 7; end $$; select now(), 1::int2 where false"}`, &all)
	if r := all.Results; len(r) != 3 || r[0].Count != 3 || len(r[0].Rows) != 2 || r[0].Columns[0].Type != "bigint" || r[1].Command != "DO" || len(r[1].Columns) != 0 ||
		r[2].Columns[1].Type != "smallint" || len(r[2].Rows) != 0 {
		t.Errorf("results: %+v", r)
	}
	if n := all.Notices; len(n) != 1 || n[0].Severity != "NOTICE" || n[0].Message != "seen 7" {
		t.Errorf("notices: %+v", n)
	}
	if _, body := post(s.engine, "/v1/metadata", `{"type":"run_sql","args":{"typed":true,"timeout_ms":20,"sql":"select pg_sleep(60)"}}`); !strings.Contains(body, `statement timeout`) {
		t.Errorf("got %s", body)
	}
	s.command("run_sql", `{"typed":true,"timeout_ms":60000,"sql":"alter table n add t text; show statement_timeout"}`, &r)
	if *r.Rows[0][0] != "1min" {
		t.Errorf("got %v", *r.Rows[0][0])
	}
	s.command("run_sql", `{"typed":true,"sql":"drop table n"}`, &r)
	if r.Type != "CommandOk" || len(r.Rows) != 0 || r.Tags[0] != "DROP TABLE" {
		t.Errorf("got %+v", r)
	}
	if _, body := post(s.engine, "/v1/metadata", `{"type":"run_sql","args":{"typed":true,"sql":"select 1;\nselect wrong"}}`); !strings.Contains(body, `"position":18`) {
		t.Errorf("got %s", body)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	s := start(t)
	type list struct {
		Migrations []struct {
			Version  int64
			Name, Up string
			Dirty    bool
		}
	}
	kept := func() (l list) { s.Helper(); s.command("gatehouse_get_migrations", `{}`, &l); return l }
	s.want(400, "", "gatehouse_migrate", `{"name":"broken","up":"create table"}`)
	s.want(400, "", "gatehouse_migrate", `{"up":"select 1"}`)
	s.want(400, "", "gatehouse_migrate", `{"name":"broken","up":"select 1","no_transaction":true,"timeout_ms":1000}`)
	s.want(400, "", "gatehouse_migrate", `{"name":"broken","up":"copy note from stdin","no_transaction":true}`)
	if l := kept(); len(l.Migrations) != 0 {
		t.Fatalf("what failed was kept: %+v", l)
	}
	var made struct{ Version int64 }
	s.command("gatehouse_migrate", `{"name":"create_note","up":"create table note (id int primary key)","down":"drop table note"}`, &made)
	s.do("pg_track_table", `{"table":"note"}`)
	var second struct{ Version int64 }
	s.command("gatehouse_migrate", `{"name":"more","up":"alter table note add t text","down":"-- nothing"}`, &second)
	l := kept()
	if len(l.Migrations) != 2 || l.Migrations[0].Version != made.Version || l.Migrations[0].Dirty || made.Version < 1_500_000_000_000 || second.Version <= made.Version {
		t.Fatalf("got %+v, %+v, %+v", l, made, second)
	}
	// Hasura's command line takes it for applied.
	_, state := post(s.engine, "/v1/metadata", `{"type":"get_catalog_state","args":{}}`)
	if want := fmt.Sprintf(`"migrations": {"default": {"%d": false, "%d": false}}`, made.Version, second.Version); !strings.Contains(strings.ReplaceAll(state, " ", ""), strings.ReplaceAll(want, " ", "")) {
		t.Errorf("got %s, want %s", state, want)
	}
	// What metadata relies on is refused, and nothing is kept or changed.
	s.do("pg_create_select_permission", `{"table":"note","role":"user","permission":{"columns":["t"],"filter":{}}}`)
	s.want(400, "", "gatehouse_migrate", `{"name":"gone","up":"alter table note drop column t"}`)
	s.want(400, "", "gatehouse_revert_migration", fmt.Sprintf(`{"version":%d}`, second.Version))
	s.want(400, "", "gatehouse_revert_migration", `{"version":1}`)
	// Later ones may rest on it.
	if code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":"gatehouse_revert_migration","args":{"version":%d}}`, made.Version)); code != 409 ||
		!strings.Contains(body, fmt.Sprintf(`"internal":{"later":[%d]}`, second.Version)) {
		t.Errorf("got %d %s", code, body)
	}
	if l := kept(); len(l.Migrations) != 2 {
		t.Fatalf("got %+v", l)
	}
	s.do("gatehouse_revert_migration", fmt.Sprintf(`{"version":%d,"cascade":true,"force":true}`, made.Version))
	s.do("gatehouse_forget_migration", fmt.Sprintf(`{"version":%d}`, second.Version))
	if l := kept(); len(l.Migrations) != 0 || strings.Contains(s.document(), "note") {
		t.Errorf("got %+v", l)
	}
	if _, state := post(s.engine, "/v1/metadata", `{"type":"get_catalog_state","args":{}}`); strings.Contains(state, fmt.Sprint(made.Version)) {
		t.Errorf("still applied: %s", state)
	}
}
