package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// importRows sends rows and gives the answer's last line.
func (s *server) importRows(args string, rows ...string) string {
	s.Helper()
	code, body := post(s.engine, "/v1alpha1/rows/import", args+"\n"+strings.Join(rows, "\n"))
	if code != 200 {
		return fmt.Sprint(code, " ", body)
	}
	lines := strings.Split(strings.TrimSpace(body), "\n")
	return lines[len(lines)-1]
}

func (s *server) count(table string) (n int) {
	s.Helper()
	return *s.rows(`{"table":"` + table + `","count":true,"limit":1}`).Count
}

// Rows are imported all or none; what is refused is told row by row, with its column and Postgres' reason.
func TestImportRows(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table kind (name text primary key); insert into kind values ('a');
create table taken (id int primary key, n numeric not null default 7, kind text references kind, tags text[], at timestamptz)`)
	const args = `{"table":"taken","columns":["id","n","kind","tags"]`
	for rows, want := range map[string]string{
		`["1","x","a",null]`: `{"imported":{"rows":1,"written":0,"refused":[{"row":1,"column":"n","reason":"invalid input syntax for type numeric: \"x\""}],"stopped":false}}`,
		"[\"1\",\"1\",\"a\",null]\n[\"1\",\"2\",\"a\",null]":     `"refused":[{"row":2,"reason":"duplicate key value violates unique constraint \"taken_pkey\" (Key (id)=(1) already exists.)"}]`,
		"[\"1\",\"1\",\"a\",\"{x}\"]\n[\"2\",null,\"a\",\"{x\"]": `"refused":[{"row":2,"column":"tags","reason":"malformed array literal`,
		`["1",null,"a",null]`: `{"row":1,"column":"n","reason":"null value in column \"n\"`,
		`["1","1","b",null]`:  `{"row":1,"reason":"insert or update on table \"taken\" violates foreign key constraint`,
		`["1","1","a"]`:       `400 {"path":"$.rows","error":"row 1 has 3 values, not 4"`,
		`{"id":1}`:            `400 {"path":"$.rows"`,
	} {
		if got := s.importRows(args+`}`, rows); !strings.Contains(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", rows, got, want)
		}
	}
	if got := s.importRows(`{"table":"taken","columns":["id","secret"]}`, `["1","2"]`); !strings.Contains(got, `"path":"$.columns[1]"`) {
		t.Error(got)
	}
	if got := s.importRows(`{"table":{"schema":"pg_catalog","name":"pg_authid"},"columns":["rolname"]}`, `["x"]`); !strings.Contains(got, `no such table`) {
		t.Error(got)
	}
	if n := s.count("taken"); n != 0 {
		t.Fatalf("%d rows of refused imports were kept", n)
	}
	if got := s.importRows(args+`,"check":true}`, `["1","1","a","{x}"]`); !strings.Contains(got, `"written":1,"refused":[]`) || s.count("taken") != 0 {
		t.Errorf("a trial: %s, %d rows", got, s.count("taken"))
	}
	if got := s.importRows(args+`}`, `["1",{"default":true},"a","{x}"]`, `["2","0.10",null,null]`); got != `{"imported":{"rows":2,"written":2,"refused":[],"stopped":false}}` {
		t.Error(got)
	}
	if got := s.importRows(args+`,"on_conflict":"skip"}`, `["1","8","a",null]`, `["3","3","a",null]`); !strings.Contains(got, `"rows":2,"written":1`) {
		t.Error(got)
	}
	if got := s.importRows(args+`,"on_conflict":"update"}`, `["2","9",null,null]`, `["2","9.5",null,null]`); !strings.Contains(got, `"rows":2,"written":2`) {
		t.Error(got)
	}
	if r := s.rows(`{"table":"taken"}`); shown(r.Rows[0]) != "1|7|a|{x}|∅" || shown(r.Rows[1]) != "2|9.5|∅|∅|∅" || len(r.Rows) != 3 {
		t.Errorf("got %v", r.Rows)
	}
}

// Many rows are told on the way, and at most fifty that are refused.
func TestImportRows_many(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table lots (id int primary key, name text)`)
	rows := make([]string, 20_000)
	for i := range rows {
		rows[i] = fmt.Sprintf(`["%d","name %d"]`, i, i)
	}
	code, body := post(s.engine, "/v1alpha1/rows/import", `{"table":"lots","columns":["id","name"]}`+"\n"+strings.Join(rows, "\n"))
	if lines := strings.Count(body, `{"done":`); code != 200 || lines < 10 || s.count("lots") != 20_000 {
		t.Errorf("%d: %d lines, %d rows", code, lines, s.count("lots"))
	}
	var last struct {
		Imported struct{ Refused []struct{ Row int } }
	}
	if err := json.Unmarshal([]byte(s.importRows(`{"table":"lots","columns":["id","name"]}`, rows...)), &last); err != nil || len(last.Imported.Refused) != 50 || s.count("lots") != 20_000 {
		t.Errorf("got %v %d refused", err, len(last.Imported.Refused))
	}
}

// What is changed is taken back by what the answer says, and left where that would undo somebody else's work.
func TestChangeRows_undo(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table keyed (id int generated always as identity primary key, name text, twice text generated always as (name || name) stored);
insert into keyed (name) values ('one'), (repeat('ü', 3000)), ('three');
create table child (id int primary key, keyed_id int references keyed on delete cascade);
create table heap (n int); insert into heap values (1), (1), (2)`)
	all := func() string {
		var b strings.Builder
		for _, r := range s.rows(`{"table":"keyed","whole":true}`).Rows {
			b.WriteString(shown(r) + "\n")
		}
		return b.String()
	}
	change := func(table, changes string) (undo json.RawMessage, caught string) {
		t.Helper()
		code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":"gatehouse_change_rows","args":{"table":%q,"undo":true,"changes":%s}}`, table, changes))
		var out struct{ Undo, Caught json.RawMessage }
		if code != 200 || json.Unmarshal([]byte(body), &out) != nil {
			t.Fatalf("%s: %d %s", changes, code, body)
		}
		return out.Undo, string(out.Caught)
	}
	before := all()
	r := s.rows(`{"table":"keyed"}`).Rows
	undo, _ := change("keyed", fmt.Sprintf(`[{"op":"update","key":{"id":"1"},"version":%q,"set":{"name":null}},{"op":"delete","key":{"id":"2"},"version":%q},{"op":"insert","set":{"name":"four"}}]`, r[0].Version, r[1].Version))
	if all() == before {
		t.Fatal("nothing was changed")
	}
	redo, _ := change("keyed", string(undo))
	if got := all(); got != before {
		t.Errorf("undone:\n%s\nwant\n%s", got, before)
	}
	change("keyed", string(redo))
	if all() == before {
		t.Error("nothing was done again")
	}
	// Somebody else's change in between is not undone.
	r = s.rows(`{"table":"keyed"}`).Rows
	undo, _ = change("keyed", fmt.Sprintf(`[{"op":"update","key":{"id":"3"},"version":%q,"set":{"name":"mine"}}]`, r[1].Version))
	s.exec(s.dataURL, `update keyed set name = 'theirs' where id = 3`)
	if code, body := s.change(strings.Trim(string(undo), "[]"), "keyed"); code != 409 {
		t.Errorf("got %d %s", code, body)
	}
	// Rows that went along are told, and no way back that would leave them out.
	s.exec(s.dataURL, `insert into child values (1, 3), (2, 3)`)
	r = s.rows(`{"table":"keyed"}`).Rows
	undo, caught := change("keyed", fmt.Sprintf(`[{"op":"delete","key":{"id":"3"},"version":%q}]`, r[1].Version))
	if string(undo) != "null" || caught != `[{"schema":"public","name":"child","action":"cascade","count":2}]` {
		t.Errorf("got %s, caught %s", undo, caught)
	}
	// Without a key, too: by where the row is.
	h := s.rows(`{"table":"heap"}`).Rows
	undo, _ = change("heap", fmt.Sprintf(`[{"op":"delete","version":%q,"place":%q},{"op":"update","version":%q,"place":%q,"set":{"n":"5"}}]`, h[0].Version, h[0].Place, h[2].Version, h[2].Place))
	change("heap", string(undo))
	if n := s.rows(`{"table":"heap","where":[{"column":"n","op":"in","values":["1"]}]}`).Rows; len(n) != 2 || s.count("heap") != 3 {
		t.Errorf("got %v", n)
	}
}
