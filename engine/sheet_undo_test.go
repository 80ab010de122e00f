package engine_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// undone is what the way back of one change to a row of a table is: the changes that take it back, and what was caught.
func (s *server) undone(table, where, op, more string) (undo, caught string) {
	s.Helper()
	r := s.rows(fmt.Sprintf(`{"table":%q,"where":[%s]}`, table, where))
	if len(r.Rows) != 1 {
		s.Fatalf("%s where %s: %d rows", table, where, len(r.Rows))
	}
	key, err := json.Marshal(map[string]string{"id": *r.Rows[0].Values[0]})
	if err != nil {
		s.Fatal(err)
	}
	var out struct{ Undo, Caught json.RawMessage }
	s.command("gatehouse_change_rows", fmt.Sprintf(`{"table":%q,"undo":true,"changes":[{"op":%q,"key":%s,"version":%q%s}]}`, table, op, key, r.Rows[0].Version, more), &out)
	return string(out.Undo), string(out.Caught)
}

func withID(id int) string { return fmt.Sprintf(`{"column":"id","op":"=","value":"%d"}`, id) }

// Rows that go along are found whatever the table that a row is deleted through: a partition, its table, one others inherit from.
func TestChangeRows_undoOfInherited(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table parted (id int primary key, t text) partition by range (id);
create table middle partition of parted for values from (0) to (100) partition by range (id);
create table leaf partition of middle for values from (0) to (50);
create table child (id int, parted_id int references parted on delete cascade) partition by list (id);
create table child_part partition of child default;
create table of_leaf (id int, leaf_id int references leaf on delete set null);
insert into parted select i, 'x' from generate_series(1, 9) i;
insert into child select i, i from generate_series(1, 4) i;
insert into of_leaf values (1, 5);
create table heir (id int primary key, t text); create table heir_child (primary key (id)) inherits (heir);
insert into heir_child values (1, 'x')`)
	const one = `[{"schema":"public","name":"child","action":"cascade","count":1}]`
	for i, through := range []string{"parted", "middle", "leaf"} {
		if undo, caught := s.undone(through, withID(i+1), "delete", ""); undo != "null" || caught != one {
			t.Errorf("through %s: undo %s, caught %s", through, undo, caught)
		}
	}
	if undo, caught := s.undone("parted", withID(5), "delete", ""); undo != "null" || caught != `[{"schema":"public","name":"of_leaf","action":"set null","count":1}]` {
		t.Errorf("undo %s, caught %s", undo, caught)
	}
	if undo, _ := s.undone("leaf", withID(6), "delete", ""); undo == "null" {
		t.Error("nothing went along, and nothing takes it back")
	}
	if n := s.count("child"); n != 1 {
		t.Errorf("%d children are left", n)
	}
	// Inserted into its parent the row would be another.
	if undo, caught := s.undone("heir", withID(1), "delete", ""); undo != "null" || caught != "" {
		t.Errorf("a child's row: undo %s, caught %s", undo, caught)
	}
}

// A key that others point to is changed back only where they follow, not where they let go of it.
func TestChangeRows_undoOfReferencedKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
create table keyed (id int primary key, code text unique, twice int unique generated always as (id * 2) stored, note text);
create table follows (id int references keyed on update cascade);
create table lets_go (code text references keyed (code) on update set null);
create table falls_back (twice int default 2 references keyed (twice) on delete cascade on update set default);
insert into keyed values (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
insert into follows values (2); insert into lets_go values ('three'), ('three'); insert into falls_back values (8)`)
	for _, c := range []struct {
		id     int
		set    string
		isBack bool
		caught string
	}{
		{3, `"note":"x"`, true, ""},
		{3, `"code":"three","note":"y"`, true, ""},
		{2, `"id":"20"`, true, ""},
		{3, `"code":"drei"`, false, `[{"schema":"public","name":"lets_go","action":"set null","count":2}]`},
		{3, `"code":"trois"`, true, ""},
		{4, `"id":"40"`, false, `[{"schema":"public","name":"falls_back","action":"set default","count":1}]`},
	} {
		undo, caught := s.undone("keyed", withID(c.id), "update", `,"set":{`+c.set+`}`)
		if undo != "null" != c.isBack || caught != c.caught {
			t.Errorf("%d %s: undo %s, caught %s", c.id, c.set, undo, caught)
		}
		if c.id == 2 {
			if code, body := s.change(undo[1:len(undo)-1], "keyed"); code != 200 || shown(s.rows(`{"table":"follows"}`).Rows[0]) != "2" {
				t.Errorf("undone: %d %s", code, body)
			}
		}
	}
}

// What a login may delete it deletes, though it sees too little to be offered a way back.
func TestChangeRows_undoWithoutPrivilege(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := fmt.Sprintf("narrow_%d", os.Getpid())
	t.Cleanup(func() { dropRole(t, s.dataURL, user) })
	s.exec(s.dataURL, strings.ReplaceAll(`
create role NARROW login password 'narrow';
create table bare (id int primary key, note text); insert into bare values (1), (2);
create table keyed (id int primary key, note text); insert into keyed select generate_series(1, 3);
create table unseen (keyed_id int references keyed on delete cascade on update set null); insert into unseen values (1);
create table kept (id int primary key); insert into kept select generate_series(1, 3);
create table policed (kept_id int references kept on delete cascade); insert into policed values (1);
alter table policed enable row level security;
grant select, update, delete on bare, keyed, kept to NARROW; grant select on policed to NARROW`, "NARROW", user))
	u, err := url.Parse(s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(user, "narrow")
	s.do("pg_add_source", fmt.Sprintf(`{"name":"narrow","configuration":{"connection_info":{"database_url":%q,"pool_settings":{"max_connections":2}}}}`, u))
	t.Cleanup(func() { s.do("pg_drop_source", `{"name":"narrow"}`) })
	for _, c := range []struct {
		table, change string
		isBack        bool
	}{
		{"bare", `"op":"delete","key":{"id":"1"}`, true},
		{"keyed", `"op":"update","key":{"id":"1"},"set":{"note":"x"}`, true},
		{"keyed", `"op":"update","key":{"id":"2"},"set":{"id":"20"}`, false},
		{"keyed", `"op":"delete","key":{"id":"1"}`, false},
		{"kept", `"op":"delete","key":{"id":"1"}`, false},
	} {
		r := s.rows(`{"source":"narrow","table":"` + c.table + `","order_by":[{"column":"id"}]}`).Rows
		at := r[0]
		if strings.Contains(c.change, `"id":"2"`) {
			at = r[1]
		}
		code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":"gatehouse_change_rows","args":{"source":"narrow","table":%q,"undo":true,"changes":[{%s,"version":%q}]}}`, c.table, c.change, at.Version))
		if code != 200 || strings.Contains(body, `"undo":null`) == c.isBack {
			t.Errorf("%s %s: %d %s", c.table, c.change, code, body)
		}
	}
	if n := s.count("unseen") + s.count("policed"); n != 0 {
		t.Errorf("%d rows were kept that went along", n)
	}
}
