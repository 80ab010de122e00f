package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Rows are turned over by their places in the order: forwards and backwards every row once, whatever the order and its nulls.
func TestSelectRows_places(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table paged (id int primary key, kind text not null, n numeric, at timestamptz);
insert into paged select i, 'kind ' || i % 3, nullif(i % 4, 0) * 0.1, case when i % 5 > 0 then timestamptz '2020-01-01' + i % 7 * interval '1 day' end from generate_series(1, 53) i;
create table heap (n int, t text); insert into heap select i % 3, 'x' from generate_series(1, 20) i;
create table pairs (a int, b text, primary key (a, b)); insert into pairs select i / 4, 'b' || i % 4 from generate_series(1, 20) i`)
	for _, c := range []struct{ table, order string }{
		{"paged", ``},
		{"paged", `{"column":"id","desc":true}`},
		{"paged", `{"column":"kind"}`},
		{"paged", `{"column":"kind","desc":true}`},
		{"paged", `{"column":"kind"},{"column":"id","desc":true}`},
		{"paged", `{"column":"n"}`},
		{"paged", `{"column":"n","desc":true},{"column":"at"}`},
		{"paged", `{"column":"at","desc":true},{"column":"kind"},{"column":"n"}`},
		{"heap", ``},
		{"heap", `{"column":"n","desc":true}`},
		{"pairs", `{"column":"b"}`},
	} {
		page := func(more string) (out []string, first, last string) {
			var r struct {
				Rows        []sheetRow
				First, Last json.RawMessage
			}
			s.command("gatehouse_select_rows", fmt.Sprintf(`{"table":%q,"order_by":[%s]%s}`, c.table, c.order, more), &r)
			for _, one := range r.Rows {
				out = append(out, shown(one)+one.Place)
			}
			return out, string(r.First), string(r.Last)
		}
		all, _, _ := page(`,"limit":1000`)
		var there, back []string
		for rows, _, last := page(`,"limit":7`); len(rows) > 0; rows, _, last = page(`,"limit":7,"after":` + last) {
			there = append(there, rows...)
		}
		for rows, first, _ := page(`,"limit":7,"last":true`); len(rows) > 0; rows, first, _ = page(`,"limit":7,"before":` + first) {
			back = slices.Concat(rows, back)
		}
		if !slices.Equal(there, all) || !slices.Equal(back, all) {
			t.Errorf("%s by %s\nall   %v\nthere %v\nback  %v", c.table, c.order, all, there, back)
		}
	}
	s.sql(`create view seen as select * from paged`)
	for args, want := range map[string]string{
		`{"table":"seen","after":["1"]}`:                 `"path":"$.args.after","error":"nothing tells the rows of \"seen\" apart`,
		`{"table":"paged","after":["1","2"]}`:            `"path":"$.args.after","error":"a place has 1 values here, not 2"`,
		`{"table":"paged","after":["1"],"before":["9"]}`: `only one of after, before and last`,
		`{"table":"paged","before":["1 or true"]}`:       `invalid input syntax for type integer`,
		`{"table":"paged","after":["1"],"last":true}`:    `only one of`,
	} {
		if code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_select_rows","args":`+args+`}`); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s\ngot  %d %s\nwant %s", args, code, body, want)
		}
	}
	if r := s.rows(`{"table":"seen","last":true,"limit":1}`); len(r.Rows) != 1 {
		t.Errorf("a view has a last page, too, as far as its order goes: %v", r)
	}
}

// What is too much to be counted is estimated, and said to be.
func TestSelectRows_estimate(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table big (id int primary key, odd bool); insert into big select i, i % 2 = 1 from generate_series(1, 150000) i; analyze big`)
	var r struct {
		Count, Estimate *int
		IsCapped        bool `json:"count_capped"`
	}
	s.command("gatehouse_select_rows", `{"table":"big","count":true,"limit":1}`, &r)
	if !r.IsCapped || *r.Count != 100_000 || r.Estimate == nil || *r.Estimate < 140_000 || *r.Estimate > 160_000 {
		t.Errorf("got %+v", r)
	}
	r.Estimate = nil
	s.command("gatehouse_select_rows", `{"table":"big","count":true,"limit":1,"where":[{"column":"odd","op":"=","value":"true"}]}`, &r)
	if r.IsCapped || *r.Count != 75_000 || r.Estimate != nil {
		t.Errorf("got %+v", r)
	}
}

// A table that others inherit from shows its rows and theirs once each, though neither a place nor a key of its own tells them
// apart; partitions share the key of their table.
func TestSelectRows_inherited(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table heap (n int); create table heap_child () inherits (heap);
insert into heap select i from generate_series(1, 5) i; insert into heap_child select i from generate_series(6, 10) i;
create table keyed (id int primary key, t text); create table keyed_child (primary key (id)) inherits (keyed);
insert into keyed values (1, 'own'), (2, 'own'), (3, 'same'); insert into keyed_child values (2, 'child'), (3, 'same');
create table parted (id int primary key) partition by hash (id); create table part partition of parted for values with (modulus 1, remainder 0);
insert into parted select generate_series(1, 5)`)
	all := func(args string) (out []string) {
		for _, r := range s.rows(args).Rows {
			if r.Place != "" {
				t.Errorf("%s: %s has place %s", args, shown(r), r.Place)
			}
			out = append(out, shown(r))
		}
		slices.Sort(out)
		return out
	}
	if got := fmt.Sprint(all(`{"table":"heap","order_by":[{"column":"n"}],"limit":3,"offset":4}`)); got != `[5 6 7]` {
		t.Errorf("heap: %s", got)
	}
	if got := fmt.Sprint(all(`{"table":"heap","where":[{"column":"n","op":"=","value":"6"}]}`)); got != `[6]` {
		t.Errorf("heap: %s", got)
	}
	if got := fmt.Sprint(all(`{"table":"keyed"}`)); got != `[1|own 2|child 2|own 3|same 3|same]` {
		t.Errorf("keyed: %s", got)
	}
	for args, want := range map[string]string{
		`{"table":"heap","after":["(0,1)"]}`: `nothing tells the rows of \"heap\" apart`,
		`{"table":"keyed","after":["2"]}`:    `nothing tells the rows of \"keyed\" apart`,
	} {
		if code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_select_rows","args":`+args+`}`); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s", args, code, body)
		}
	}
	if got := fmt.Sprint(all(`{"table":"parted","after":["3"]}`)); got != `[4 5]` {
		t.Errorf("parted: %s", got)
	}
	one := s.rows(`{"table":"heap","where":[{"column":"n","op":"=","value":"6"}]}`).Rows[0]
	if code, body := s.change(fmt.Sprintf(`{"op":"delete","version":%q,"place":"(0,1)"}`, one.Version), "heap"); code != 400 || !strings.Contains(body, `nothing tells the rows`) {
		t.Errorf("by place: %d %s", code, body)
	}
	// Of rows with one key, that is changed which was read; of equal ones, none.
	two := s.rows(`{"table":"keyed","where":[{"column":"t","op":"=","value":"child"}]}`).Rows[0]
	if code, body := s.change(fmt.Sprintf(`{"op":"update","key":{"id":"2"},"version":%q,"set":{"t":"new"}}`, two.Version), "keyed"); code != 200 {
		t.Errorf("by key: %d %s", code, body)
	}
	three := s.rows(`{"table":"keyed","where":[{"column":"id","op":"=","value":"3"}]}`).Rows[0]
	if code, body := s.change(fmt.Sprintf(`{"op":"delete","key":{"id":"3"},"version":%q}`, three.Version), "keyed"); code != 400 || !strings.Contains(body, `2 rows of \"keyed\"`) {
		t.Errorf("equal rows: %d %s", code, body)
	}
	if got := fmt.Sprint(all(`{"table":"keyed"}`)); got != `[1|own 2|new 2|own 3|same 3|same]` {
		t.Errorf("keyed: %s", got)
	}
}
