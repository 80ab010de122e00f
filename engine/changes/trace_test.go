package changes_test

import (
	"strings"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/changes"
)

// TestWatch_tracesWhatIsRead asks, for each relation or function, whether its changes can be told of at all, and writes to
// the tables that it must have been traced to.
func TestWatch_tracesWhatIsRead(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`
create table a (id int primary key, v text, at timestamptz); create table b (id int primary key, a_id int);
create table bystander (id int);
create view va as select id, v || 'x' as v from a;
create view vab as select va.id, (select count(*) from b where b.a_id = va.id) as n from va;
create view formatted as select to_char(at, 'YYYY') as y, at + interval '1 day' as next, json_build_object('v', v) as o from a;
create view timed as select * from a where at > now() - interval '1 hour';
create view dated as select id, current_date as today from a;
create view cast_to_date as select id from a where v::date > '2020-01-01';
create view random as select id, random() from a;
create view sampled as select * from a tablesample system (50);
create view settings as select name from pg_settings;
create view who as select id, current_user as me from a;
create materialized view m as select count(*) from a;
create view over_m as select * from m;
create unlogged table u (id int);
create sequence s;
create view over_s as select last_value from s;
create table p (id int) partition by list (id); create table p1 partition of p for values in (1); create table "p 2" partition of p for values in (2);
create table parent (id int); create table child () inherits (parent); create table grandchild () inherits (child);
create function immutable_text() returns int language sql immutable as 'select 1';
create function known() returns setof a language sql stable begin atomic select * from a where id in (select a_id from b); end;
create function known_timed() returns setof a language sql stable begin atomic select * from a where at < now(); end;
create function text_body() returns setof a language sql stable as 'select * from a';
create function pl() returns setof a language plpgsql stable as 'begin return query select * from a; end';
create function known_over_text() returns bigint language sql stable begin atomic select count(*) from text_body(); end;
create view over_text as select count(*) from text_body();
create view over_known as select count(*) from known();
create function plus(int, int) returns int language sql stable as 'select $1 + $2';
create operator @@@ (leftarg = int, rightarg = int, function = plus);
create view over_operator as select id @@@ 1 as x from a;
create table guarded (id int); alter table guarded enable row level security; create policy seen on guarded using (id in (select a_id from b));
create table timed_guard (id int); alter table timed_guard enable row level security; create policy seen on timed_guard using (now() > '2020-01-01');
create schema "Up"; create table "Up"."T.t" (id int);
`)
	public := func(n string) catalog.Name { return catalog.Name{Schema: "public", Name: n} }
	for _, c := range []struct {
		relation, function string
		// tables are to be told of; why is why it is polled, "" if it is not.
		tables, why string
	}{
		{relation: "a", tables: "a"},
		{relation: "va", tables: "a"},
		{relation: "vab", tables: "a b"},
		{relation: "formatted", tables: "a"},
		{relation: "who", tables: "a"},
		{relation: "p", tables: `p1 "p 2"`},
		{relation: "parent", tables: "parent child grandchild"},
		{relation: "guarded", tables: "guarded b"},
		{relation: "over_known", tables: "a b"},
		{function: "known", tables: "a b"},
		{relation: "a", function: "immutable_text", tables: "a"},
		{relation: "timed", why: "now, which is not immutable"},
		{relation: "dated", why: "depends on the time"},
		{relation: "cast_to_date", why: "depends on the time"},
		{relation: "random", why: "random, which is not immutable"},
		{relation: "sampled", why: "other rows each time"},
		{relation: "settings", why: "pg_show_all_settings, which is not immutable"},
		{relation: "m", why: "materialized view"},
		{relation: "over_m", why: "materialized view"},
		{relation: "u", why: "unlogged"},
		{relation: "over_s", why: "no table"},
		{relation: "missing", why: "there is no public.missing"},
		{relation: "over_text", why: "text_body is not immutable"},
		{relation: "over_operator", why: "plus is not immutable"},
		{relation: "timed_guard", why: "now, which is not immutable"},
		{function: "known_timed", why: "now, which is not immutable"},
		{function: "text_body", why: "text_body is not immutable"},
		{function: "pl", why: "pl is not immutable"},
		{function: "known_over_text", why: "text_body is not immutable"},
		{function: "missing", why: "there is no public.missing"},
	} {
		var reads changes.Reads
		if c.relation != "" {
			reads.Relations = []catalog.Name{public(c.relation)}
		}
		if c.function != "" {
			reads.Functions = []catalog.Name{public(c.function)}
		}
		w := d.watchReads(reads)
		if c.why != "" {
			d.await("the reason for "+c.relation+c.function, func() bool { return w.Why() != "not traced yet" && w.Why() != "nobody watches" })
			if !strings.Contains(w.Why(), c.why) {
				t.Errorf("%s%s: got %q, want %q", c.relation, c.function, w.Why(), c.why)
			}
			continue
		}
		w.followed()
		for table := range strings.SplitSeq(strings.ReplaceAll(c.tables, `"p 2"`, `p_2`), " ") {
			row := "(select count(*) from a) + (select count(*) from b)"
			if strings.HasPrefix(table, "p") && table != "parent" {
				row = table[len(table)-1:]
			}
			d.exec(`insert into ` + strings.ReplaceAll(table, "p_2", `"p 2"`) + ` (id) select ` + row)
			w.changed("a write to " + table + " of " + c.relation + c.function)
		}
	}
	w := d.watchReads(changes.Reads{Relations: []catalog.Name{{Schema: "Up", Name: "T.t"}}}).followed()
	d.exec(`insert into "Up"."T.t" values (1)`)
	w.changed("a write to a table with a quoted name")
}

func TestWatch_isTracedAgainWhenTheSchemaChanges(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int); create table b (id int); create view v as select id from a`)
	w := d.watch("v").followed()
	d.exec(`create or replace view v as select id from b`)
	d.feed.SchemaChanged()
	w.changed("everything, after the schema changed,")
	d.exec(`insert into b values (1)`)
	w.changed("a write to what the view reads now")
	d.exec(`create or replace view v as select id from b where now() > '2020-01-01'`)
	d.feed.SchemaChanged()
	d.await("the reason", func() bool { return strings.Contains(w.Why(), "now, which is not immutable") })
}

func TestFeed_endsWhenNobodyWatches(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int)`)
	if d.feed.State().IsFollowed || d.count(`select count(*) from pg_replication_slots`) != 0 {
		t.Error("a slot is made while nobody watches")
	}
	d.watch("a").followed()
	if commits, ok := d.feed.Commits(); !ok {
		t.Errorf("commits are not counted: %d", commits)
	} else {
		d.exec(`create table ddl_only ()`)
		d.await("the count of a commit that changed only the schema", func() bool { n, _ := d.feed.Commits(); return n > commits })
	}
	d.feed.Close()
	d.await("the end of the slot", func() bool { return d.count(`select count(*) from pg_replication_slots`) == 0 })
	if _, ok := d.feed.Commits(); ok {
		t.Error("followed after Close")
	}
}
