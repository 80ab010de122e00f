package catalog_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/catalog"
	"gatehouse/internal/testpg"
)

func nasty(t *testing.T) *catalog.Catalog {
	t.Helper()
	sql, err := os.ReadFile("testdata/nasty.sql")
	if err != nil {
		t.Fatal(err)
	}
	pool := testpg.Pool(t, testpg.Database(t))
	if _, err := pool.Exec(t.Context(), string(sql)); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func public(name string) catalog.Name { return catalog.Name{Schema: "public", Name: name} }

func TestLoad(t *testing.T) {
	t.Parallel()
	c := nasty(t)

	t.Run("columns", func(t *testing.T) {
		order := c.Tables[public("Order")]
		var got []string
		for _, col := range order.Columns {
			got = append(got, fmt.Sprintf("%d %s %s/%c notnull=%v default=%v identity=%q generated=%v %s",
				col.Position, col.Name, col.Type.Name.Name, col.Type.Kind, col.NotNull, col.HasDefault, col.Identity, col.Generated, col.Comment))
		}
		want := []string{
			`1 Id int4/b notnull=true default=false identity="a" generated=false `,
			`2 select text/b notnull=true default=true identity="" generated=false a reserved word`,
			`4 mood mood/e notnull=true default=false identity="" generated=false `,
			`5 moods _mood/a notnull=false default=false identity="" generated=false `,
			`6 mail work_email/d notnull=false default=false identity="" generated=false `,
			`7 at point3/c notnull=false default=false identity="" generated=false `,
			`8 total numeric/b notnull=false default=false identity="" generated=false `,
			`9 doubled numeric/b notnull=false default=false identity="" generated=true `,
		}
		same(t, got, want)
		if order.Comment != "an order" || order.Kind != catalog.OrdinaryTable {
			t.Errorf("table is %q, %c", order.Comment, order.Kind)
		}
	})

	t.Run("types", func(t *testing.T) {
		order := c.Tables[public("Order")]
		same(t, order.Column("mood").Type.EnumValues, []string{"sad", "meh", "ok", "happy"})
		if order.Column("moods").Type.Elem != order.Column("mood").Type {
			t.Error("the array's element is not the shared enum type")
		}
		if base := order.Column("mail").Type.Base; base.Name.Name != "email" || base.Base.Name.Name != "text" {
			t.Errorf("domain over %+v", base)
		}
		if order.Column("at").Type.Table != public("point3") {
			t.Errorf("composite of %v", order.Column("at").Type.Table)
		}
	})

	t.Run("keys", func(t *testing.T) {
		place := c.Tables[catalog.Name{Schema: "Shop Floor", Name: "Bin Place"}]
		same(t, place.PrimaryKey.Columns, []string{"shelf", "aisle"})
		if place.PrimaryKey.Name != "the key" || place.UniqueKeys[0] != place.PrimaryKey {
			t.Errorf("primary key %+v", place.PrimaryKey)
		}
		order := c.Tables[public("Order")]
		if len(order.UniqueKeys) != 2 || order.UniqueKeys[0] != order.PrimaryKey {
			t.Errorf("%d unique keys", len(order.UniqueKeys))
		}
		var got []string
		for _, fk := range c.Tables[public("item")].ForeignKeys {
			got = append(got, fmt.Sprint(fk.Columns, fk.To, fk.ToColumns))
		}
		same(t, got, []string{"[aisle shelf] {Shop Floor Bin Place} [aisle shelf]", "[parent] {public item} [id]"})
		if n := len(c.Tables[public("event_note")].ForeignKeys); n != 1 {
			t.Errorf("%d foreign keys to the partitioned table", n)
		}
	})

	t.Run("indexes", func(t *testing.T) {
		var got []string
		for _, i := range c.Tables[public("indexed")].UniqueIndexes {
			got = append(got, fmt.Sprintf("%s %s where %s", i.Name, strings.Join(i.Elements, " | "), i.Predicate))
		}
		same(t, got, []string{
			`by_lower lower("Key") | ((place + 1)) where ((NOT hidden) AND (part <> 'it''s'::text))`,
			`plain "Key" | part where `,
		})
		for name, table := range c.Tables {
			if name.Name != "indexed" && len(table.UniqueIndexes) > 0 {
				t.Errorf("%s: a constraint's index is listed", name.Name)
			}
		}
	})

	t.Run("kinds", func(t *testing.T) {
		for name, want := range map[string]string{
			"item": "r true true true", "event": "p true true true", "event_2024": "r true true true",
			"simple_view": "v true true true", "grouped_view": "v false false false", "triggered_view": "v true false false",
			"m": "m false false false", "no_columns": "r true true true",
		} {
			table := c.Tables[public(name)]
			if got := fmt.Sprintf("%c %v %v %v", table.Kind, table.Insertable, table.Updatable, table.Deletable); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		if c.Tables[catalog.Name{Schema: "identity", Name: "users"}] != nil {
			t.Error("schema identity is visible")
		}
	})

	t.Run("functions", func(t *testing.T) {
		f := c.Functions[public("items_of")][0]
		var args []string
		for _, a := range f.Args {
			args = append(args, fmt.Sprint(a.Name, " ", a.Type.Name.Name, " ", a.HasDefault))
		}
		same(t, args, []string{"place Bin Place false", "min int4 false", "max int4 true"})
		if f.Volatility != catalog.Stable || !f.ReturnsSet || f.Returns.Table != public("item") {
			t.Errorf("got %+v", f)
		}
		if o := c.Functions[public("overloaded")]; len(o) != 2 || o[1].Args[0].Name != "" || o[1].Volatility != catalog.Volatile {
			t.Errorf("overloads %+v", o)
		}
		out := c.Functions[public("with_out")][0]
		if !out.HasOut || len(out.Args) != 2 || out.Args[1].Name != "c" {
			t.Errorf("with_out %+v", out)
		}
		if !c.Functions[public("tabular")][0].HasOut || !c.Functions[public("many")][0].HasVariadic {
			t.Error("argument modes are lost")
		}
		if c.Functions[public("proc")] != nil || c.Functions[public("total_of")] != nil {
			t.Error("a procedure or aggregate is listed")
		}
	})
}

func TestLoad_seesTheChangesOfItsTransaction(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), "create table fresh (id int)"); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(t.Context(), tx)
	if err != nil || c.Tables[public("fresh")] == nil {
		t.Fatalf("fresh is %v, %v", c, err)
	}
}

func TestLoad_aThousandTablesInUnderASecond(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	var sql strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&sql, "create table t%d (id int primary key, a text, b text, c int, d timestamptz, e jsonb, other int references t%d (id));\n", i, max(0, i-1))
	}
	if _, err := pool.Exec(t.Context(), sql.String()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c, err := catalog.Load(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("%d tables in %s", len(c.Tables), took)
	if len(c.Tables) != 1000 || took > time.Second {
		t.Errorf("%d tables took %s", len(c.Tables), took)
	}
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestLoad_tellsOfTriggersAndRules(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	if _, err := pool.Exec(t.Context(), `
create table plain (id int primary key);
create table referring (id int references plain);
create table triggered (id int);
create function act() returns trigger language plpgsql as 'begin return new; end';
create trigger act before insert on triggered for each row execute function act();
create table ruled (id int);
create rule also as on insert to ruled do also delete from plain`); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"plain": false, "referring": false, "triggered": true, "ruled": true} {
		if got := c.Tables[public(name)].HasTriggers; got != want {
			t.Errorf("%s has triggers: %v", name, got)
		}
	}
}

// What changes the catalog changes the fingerprint, and nothing else does.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	exec := func(sql string) {
		t.Helper()
		for s := range strings.SplitSeq(sql, "; ") {
			if _, err := pool.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	fingerprint := func() string {
		t.Helper()
		f, err := catalog.Fingerprint(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	exec(`create type mood as enum ('sad', 'glad'); create table a (id int primary key, b text); create view v as select id from a;
		create function f(x a) returns int language sql stable as 'select 1'; create schema other`)
	was := fingerprint()
	for _, sql := range []string{
		`alter table a add column c int`, `alter table a rename column c to d`, `alter table a alter d type text`, `alter table a alter d set not null`,
		`alter table a alter d set default 'x'`, `alter table a drop column d`, `alter table a rename to z`, `alter table z set schema other`,
		`alter table other.z set schema public; alter table z rename to a; create unique index i on a (b)`, `drop index i`,
		`alter table a add constraint u unique (b)`, `alter table a rename constraint u to w`, `comment on table a is 'one'`, `comment on column a.b is 'two'`,
		`comment on function f is 'three'`, `alter function f volatile`, `create or replace function f(x a) returns int language sql stable as 'select 2'`,
		`drop function f`, `alter type mood rename value 'sad' to 'blue'`, `alter type mood add value 'calm'`, `create domain d as text`, `drop domain d`,
		`create or replace view v as select id, b from a`, `create or replace view v as select distinct id, b from a`,
		`create function g() returns trigger language plpgsql as 'begin return new;end'; create trigger t before insert on a for each row execute function g()`,
		`create rule r as on delete to a do instead nothing`, `create table b (a int references a)`, `alter schema other rename to another`,
		`drop table b; create table b (a int references a)`,
	} {
		exec(sql)
		now := fingerprint()
		if now == was {
			t.Errorf("%s: the same", sql)
		}
		was = now
	}
	for _, sql := range []string{
		`create temp table t (a int)`, `insert into a values (1, 'x')`, `analyze`, `vacuum`, `vacuum full a`, `truncate b`, `grant select on a to public`,
		`create table identity_like (id int); drop table identity_like`, `vacuum full pg_attribute`, `vacuum freeze`,
	} {
		exec(sql)
		if now := fingerprint(); now != was {
			t.Errorf("%s: %s, was %s", sql, now, was)
		}
	}
	if c, err := catalog.Load(t.Context(), pool); err != nil || c.Fingerprint != was {
		t.Errorf("Load has %s, %v; want %s", c.Fingerprint, err, was)
	}
}

func TestLoad_tellsOfChildren(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	load := func(sql string) *catalog.Catalog {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		c, err := catalog.Load(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := load(`
create table plain (id int);
create table parent (id int); create table child () inherits (parent);
create table parted (id int) partition by list (id); create table part partition of parted default`)
	for name, want := range map[string]bool{"plain": false, "parent": true, "child": false, "parted": true, "part": false} {
		if got := first.Tables[public(name)].HasChildren; got != want {
			t.Errorf("%s has children: %v", name, got)
		}
	}
	if load(`drop table child`).Share(first).Tables[public("parent")].HasChildren {
		t.Error("parent has children when there are none any more")
	}
}
