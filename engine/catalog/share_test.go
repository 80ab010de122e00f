package catalog_test

import (
	"reflect"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/internal/testpg"
)

// What did not change is the same object when a database is read again, and what did is what it is now.
func TestShare(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	exec := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	load := func() *catalog.Catalog {
		t.Helper()
		c, err := catalog.Load(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	name := func(n string) catalog.Name { return catalog.Name{Schema: "public", Name: n} }
	exec(`create type mood as enum ('sad'); create domain feeling as mood;
		create table a (id int primary key, m mood); create table b (id int primary key, a int references a (id), fs feeling[]);
		create function f(a) returns int language sql stable as 'select 1'; create function g(b) returns setof a language sql stable as 'select * from a'`)
	first := load()
	if load().Share(first) != first {
		t.Error("a catalog that did not change is another one")
	}
	for _, c := range []struct {
		sql    string
		change []string // which of a, b, f and g are different
	}{
		{"alter table a add column x int", []string{"a"}},
		{"comment on table b is 'hm'", []string{"b"}},
		{"create unique index on a (x)", []string{"a"}},
		{"alter table b drop constraint b_a_fkey", []string{"b"}},
		{"alter type mood add value 'glad'", []string{"a", "b"}},
		{"create or replace function f(a) returns int language sql immutable as 'select 1'", []string{"f"}},
		{"create function g(a) returns setof a language sql stable as 'select * from a'", []string{"g"}},
		{"alter table a rename to c", []string{"a", "f", "g"}},
	} {
		before := load()
		exec(c.sql)
		want := load()
		got := load().Share(before)
		if got == before || !reflect.DeepEqual(got.Tables, want.Tables) || !reflect.DeepEqual(got.Functions, want.Functions) {
			t.Errorf("%s: what is shared is not what is there", c.sql)
		}
		changed := map[string]bool{}
		for _, n := range c.change {
			changed[n] = true
		}
		for _, n := range []string{"a", "b"} {
			if isSame := got.Tables[name(n)] == before.Tables[name(n)]; isSame == changed[n] {
				t.Errorf("%s: table %s is the same object: %v", c.sql, n, isSame)
			}
		}
		for _, n := range []string{"f", "g"} {
			now, was := got.Functions[name(n)], before.Functions[name(n)]
			if isSame := len(now) == len(was) && now[0] == was[0]; isSame == changed[n] {
				t.Errorf("%s: function %s is the same object: %v", c.sql, n, isSame)
			}
		}
	}
}

// Reading a table or function alone gives what reading everything gives for it, whatever was known of it before.
func TestLoadSome(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	name := func(n string) catalog.Name { return catalog.Name{Schema: "public", Name: n} }
	known, err := catalog.Load(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ sql, table, function string }{
		{"create table a (id serial primary key, n text unique, t timestamptz[])", "a", ""},
		{"create table b (id int references a (id))", "b", ""},
		{"alter table a add column x int", "a", ""},
		{"create type mood as enum ('sad'); create table c (m mood)", "c", ""}, // of a type that was not there
		{"create function f(word text) returns setof a language sql stable as 'select * from a'", "", "f"},
		{"create function g(a) returns setof b language sql stable as 'select * from b'", "", "g"},
		{"drop table c", "c", ""},
		{"drop function g", "", "g"},
		{"select 1", "never", "never"},
	} {
		if _, err := pool.Exec(t.Context(), c.sql); err != nil {
			t.Fatal(err)
		}
		tables, functions := []catalog.Name(nil), []catalog.Name(nil)
		if c.table != "" {
			tables = append(tables, name(c.table))
		}
		if c.function != "" {
			functions = append(functions, name(c.function))
		}
		was := known
		if known, err = catalog.LoadSome(t.Context(), pool, was, tables, functions); err != nil {
			t.Fatal(err)
		}
		want, err := catalog.Load(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(known.Tables, want.Tables) || !reflect.DeepEqual(known.Functions, want.Functions) {
			t.Errorf("after %s some is not what all is", c.sql)
		}
		for n, table := range was.Tables {
			if n != name(c.table) && known.Tables[n] != table {
				t.Errorf("after %s table %s is another object", c.sql, n.Name)
			}
		}
	}
}
