package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// track makes the fixture known.
func (c *comparison) track() {
	c.Helper()
	for _, table := range []string{
		`"org"`, `"author"`, `"article"`, `"audit"`, `"log"`, `"account"`, `"part"`, `"base"`, `"scratch"`, `"top"`, `"named"`, `"recent"`, `"counted"`, `"hidden"`, `"hider"`,
		`{"schema":"Other.One","name":"Tab: le\""}`,
	} {
		configuration := `{}`
		if strings.Contains(table, "Other") {
			configuration = `{"custom_name":"odd"}`
		}
		c.metadata("pg_track_table", fmt.Sprintf(`{"table":%s,"configuration":%s}`, table, configuration))
	}
	c.metadata("pg_track_function", `{"function":"found"}`)
	c.metadata("pg_track_function", `{"function":"worded"}`)
	c.metadata("pg_add_computed_field", `{"table":"author","name":"total","definition":{"function":"author_total"}}`)
	c.metadata("pg_create_object_relationship", `{"table":"article","name":"author","using":{"foreign_key_constraint_on":"author_id"}}`)
	c.metadata("pg_create_object_relationship", `{"table":"author","name":"org","using":{"foreign_key_constraint_on":"org_id"}}`)
	c.metadata("pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`)
	for _, p := range []struct {
		table   string
		filters []string
	}{
		{"article", []string{
			`{"_or":[{"is_published":{"_eq":true}},{"author":{"org_id":{"_eq":"X-Hasura-Org"}}}]}`,
			`{"_not":{"author":{"org":{"name":{"_ilike":"%a"}}}}}`,
			`{"author_id":{"_gte":"X-Hasura-Org"}}`,
		}},
		{"base", []string{
			`{"_exists":{"_table":{"schema":"public","name":"hider"},"_where":{"id":{"_eq":"X-Hasura-Org"}}}}`,
			`{"_exists":{"_table":{"schema":"public","name":"top"},"_where":{"score":{"_gt":"X-Hasura-Org"}}}}`,
			`{"v":{"_lte":50}}`,
		}},
	} {
		filter := p.filters[c.random.IntN(len(p.filters))]
		c.metadata("pg_create_select_permission", fmt.Sprintf(`{"table":%q,"role":"member","permission":{"columns":"*","allow_aggregations":true,"filter":%s}}`, p.table, filter))
	}
	c.agree()
}

// subscribeAll gives how many of the groups can be followed.
func (c *comparison) subscribeAll() (followable int) {
	c.Helper()
	c.subscribe("admin", `{ article(order_by: {id: asc}) { id title score } }`, "")
	c.subscribe("admin", `($id: Int!) { author_by_pk(id: $id) { name org { name } articles(order_by: {id: asc}) { id score } total } }`, `{"id":1}`)
	c.subscribe("admin", `($id: Int!) { author_by_pk(id: $id) { name org { name } articles(order_by: {id: asc}) { id score } total } }`, `{"id":2}`)
	c.subscribe("admin", `{ article_aggregate(where: {author: {org: {name: {_ilike: "%a%"}}}}) { aggregate { count sum { score } } } }`, "")
	for org := range 3 {
		c.subscribe("member", `{ article(order_by: {id: asc}) { id score } }`, "", "x-hasura-org", fmt.Sprint(org))
		c.subscribe("member", `{ base(order_by: {id: asc}) { id v } }`, "", "x-hasura-org", fmt.Sprint(org))
	}
	c.subscribe("admin", `{ audit_aggregate { aggregate { count } } }`, "")
	c.subscribe("admin", `{ account_aggregate { aggregate { sum { balance } } nodes { id } } }`, "")
	c.subscribe("admin", `{ account(order_by: {id: asc}) { id balance } }`, "")
	c.subscribe("admin", `{ part(order_by: [{id: asc}, {kind: asc}]) { id kind v } }`, "")
	c.subscribe("admin", `{ base(order_by: {id: asc}) { id v } }`, "")
	c.subscribe("admin", `{ odd(order_by: {id: asc}) { id v } }`, "")
	c.subscribe("admin", `{ top(order_by: {id: asc}) { id articles score } }`, "")
	c.subscribe("admin", `{ named(order_by: {id: asc}) { name score } }`, "")
	c.subscribe("admin", `{ found(args: {least_score: 50}, order_by: {id: asc}) { id score } }`, "")
	c.subscribe("admin", `{ hidden(order_by: {id: asc}) { id v } }`, "")
	c.subscribe("admin", `($since: date!) { author(where: {created_on: {_gte: $since}}, order_by: {id: asc}) { id } }`, `{"since":"2010-01-01"}`)
	c.subscribe("admin", `{ log_stream(cursor: {initial_value: {id: 0}}, batch_size: 3) { id what } }`, "")
	c.subscribe("admin", `{ log_stream(cursor: {initial_value: {id: 0}}, batch_size: 100, where: {what: {_like: "%a%"}}) { id what } }`, "")
	followable = len(c.engine.subscriptions.Describe())
	c.subscribe("admin", `{ worded(args: {least_score: 50}, order_by: {id: asc}) { id score } }`, "")
	c.subscribe("admin", `{ scratch(order_by: {id: asc}) { id v } }`, "")
	c.subscribe("admin", `{ recent(order_by: {id: asc}) { id } }`, "")
	c.subscribe("admin", `{ counted { n } }`, "")
	c.subscribe("admin", `{ author(where: {created_on: {_lte: "today"}}, order_by: {id: asc}) { id } }`, "")
	return followable
}

// write is one transaction, or a statement or two that are their own.
func (c *comparison) write() string {
	n := func(most int) int { return c.random.IntN(most) }
	writes := []func() string{
		func() string {
			c.nextID++
			return fmt.Sprintf(`insert into author values (%d, 'name %d', %d) on conflict do nothing`, n(6), c.nextID, n(3))
		},
		func() string {
			return fmt.Sprintf(`insert into org values (%d, 'org %s') on conflict (id) do update set name = excluded.name`, n(3), string(rune('a'+n(3))))
		},
		func() string {
			return fmt.Sprintf(`insert into article (title, score, author_id) select repeat('t', %d), %d, (select min(id) from author)`, n(3)*n(4000), n(100))
		},
		func() string {
			return fmt.Sprintf(`update article set score = %d where id %% 3 = %d`, n(100), n(3))
		},
		func() string {
			return fmt.Sprintf(`update article set is_published = not is_published where id %% 4 = %d`, n(4))
		},
		func() string { return fmt.Sprintf(`delete from article where id %% 7 = %d`, n(7)) },
		func() string { return fmt.Sprintf(`delete from author where id = %d`, n(6)) },              // cascades to articles, and the trigger to audit
		func() string { return fmt.Sprintf(`update author set id = id + 100 where id = %d`, n(6)) }, // and so does this
		func() string { return fmt.Sprintf(`delete from org where id = %d`, n(3)) },
		func() string {
			return fmt.Sprintf(`begin; update account set balance = balance - 10 where id = %d; update account set balance = balance + 10 where id = %d; commit`, n(10)+1, n(10)+1)
		},
		func() string {
			return fmt.Sprintf(`begin; savepoint s; update account set balance = 0; rollback to s; insert into base values (%d, %d) on conflict (id) do update set v = excluded.v; commit`, n(9), n(9))
		},
		func() string { return `begin; delete from account; truncate article cascade; rollback` },
		func() string {
			return fmt.Sprintf(`insert into part values (%d, '%c', %d) on conflict (id, kind) do update set v = excluded.v`, n(100), 'a'+n(2), n(100))
		},
		func() string {
			return fmt.Sprintf(`update part set kind = case kind when 'a' then 'b' else 'a' end where id = (select min(id) from part where kind = '%c') and not exists (select from part p where p.id = part.id and p.kind <> part.kind)`, 'a'+n(2))
		},
		func() string { return fmt.Sprintf(`delete from part where id %% 5 = %d`, n(5)) },
		func() string {
			return fmt.Sprintf(`insert into derived values (%d, %d, 'x') on conflict do nothing`, 100+n(20), n(100))
		},
		func() string { return fmt.Sprintf(`update derived set v = %d`, n(100)) },
		func() string { return `truncate derived, "Other.One"."Tab: le"""` },
		func() string {
			return fmt.Sprintf(`copy "Other.One"."Tab: le""" (id) from program 'seq %d %d'`, 1000*c.nextLog, 1000*c.nextLog+n(3))
		},
		func() string {
			return fmt.Sprintf(`insert into hidden values (%d, %d) on conflict (id) do update set v = excluded.v`, n(5), n(100))
		},
		func() string { return fmt.Sprintf(`insert into hider values (%d) on conflict do nothing`, n(5)) },
		func() string { return fmt.Sprintf(`delete from hider where id = %d`, n(5)) },
		func() string {
			return fmt.Sprintf(`insert into scratch values (%d, %d) on conflict (id) do update set v = excluded.v`, n(5), n(100))
		},
		func() string { return `refresh materialized view counted` },
		func() string {
			return fmt.Sprintf(`do $$ begin for i in 1..%d loop begin insert into base values (200 + i, 1); exception when unique_violation then update base set v = v + 1 where id = 200 + i; end; end loop; end $$`, 1+n(20))
		},
	}
	return writes[n(len(writes))]()
}

// grow appends to the log, by one writer at a time: numbers are committed in their order.
func (c *comparison) grow() string {
	var b strings.Builder
	b.WriteString(`begin;`)
	for range 1 + c.random.IntN(8) {
		c.nextLog++
		fmt.Fprintf(&b, `insert into log values (%d, '%c');`, c.nextLog, 'a'+c.random.IntN(3))
	}
	b.WriteString(`commit`)
	return b.String()
}

// changeSchema changes something that subscriptions read through, past the engine.
func (c *comparison) changeSchema() string {
	all := []string{
		`create or replace view top as select a.id, a.name, count(r.id) as articles, coalesce(max(r.score), 0)::int8 as score from author a left join article r on r.author_id = a.id group by a.id`,
		`create or replace view top as select a.id, a.name, (select count(*) from audit) as articles, coalesce((select sum(v) from base), 0)::int8 as score from author a`,
		`create or replace function found(least_score int) returns setof article language sql stable begin atomic select * from article where score >= least_score and id in (select id from base); end`,
		`create or replace function found(least_score int) returns setof article language sql stable begin atomic select * from article where score >= least_score; end`,
		`drop policy shown on hidden; create policy shown on hidden using (id in (select b.id from base b))`,
		`drop policy shown on hidden; create policy shown on hidden using (id not in (select h.id from hider h))`,
		`alter table derived no inherit base`,
		`alter table derived inherit base`,
		`alter table part_b detach partition part_b_low`,
		`alter table part_b attach partition part_b_low for values from (minvalue) to (50)`,
		fmt.Sprintf(`create table part_c partition of part for values in ('c'); insert into part values (%d, 'c', 1)`, c.random.IntN(100)),
		`drop table part_c`,
		`insert into part values (77, 'c', 7)`,
		`alter table base alter v type int using v + 1`,
		`alter table scratch set logged; insert into scratch values (99, 1)`,
		`alter table scratch set unlogged; update scratch set v = v + 1`,
		`begin; alter table hider rename to was; create table hider (id int primary key); insert into hider select id + 1 from was where id < 4; drop table was cascade; create policy shown on hidden using (id not in (select h.id from hider h)); commit`,
	}
	return all[c.random.IntN(len(all))]
}

// cut ends the feed's connection.
func (c *comparison) cut() {
	c.exec(`select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null`)
}

// remember notes what is true now.
func (c *comparison) remember() {
	for _, s := range c.all {
		if !s.isStream {
			s.states = append(s.states, s.fresh())
		}
	}
}

// begin forgets what was true before, and what was told.
func (c *comparison) begin() {
	for _, s := range c.all {
		if !s.isStream {
			s.states, s.followed.seen, s.polled.seen = nil, len(s.followed.all()), len(s.polled.all())
		}
	}
	c.remember()
}

// check wants everything told since begin to have been true since then, and nothing older after something newer.
func (c *comparison) check() {
	c.Helper()
	for _, s := range c.all {
		for side, l := range map[string]*listener{"followed": s.followed, "polled": s.polled} {
			if s.isStream {
				continue
			}
			at := 0
			for _, told := range l.all()[l.seen:] {
				if strings.Contains(told, "deadlock detected") { // with a change of the schema
					continue
				}
				next := slices.Index(s.states[at:], told)
				if next < 0 {
					c.Errorf("seed %d: %s: %s: not true after what was told before: %s", c.seed, s.query, side, told)
					break
				}
				at += next
			}
		}
	}
}

// settle waits until everybody was told what is true now.
func (c *comparison) settle(after []string) {
	c.Helper()
	for _, s := range c.all {
		if s.isStream {
			continue
		}
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			want := s.fresh()
			if s.followed.last() == want && s.polled.last() == want {
				break
			}
			if time.Now().After(deadline) {
				c.Fatalf("seed %d: %s (%s)\nfollowed %s\npolled   %s\nwant     %s\nafter %s", c.seed, s.query, c.why(s), s.followed.last(), s.polled.last(), want, strings.Join(after, "\n      "))
			}
		}
	}
}

// why says how the subscription's group stands.
func (c *comparison) why(s *compared) string {
	var out []string
	for _, g := range c.engine.subscriptions.Describe() {
		out = append(out, g.Polls)
	}
	return strings.Join(out, "; ")
}

// followedGroups counts the groups that are followed.
func (c *comparison) followedGroups() (n int) {
	for _, g := range c.engine.subscriptions.Describe() {
		if g.Polls == "" {
			n++
		}
	}
	return n
}

func (c *comparison) awaitFollowed(groups int) {
	c.Helper()
	for deadline := time.Now().Add(30 * time.Second); c.followedGroups() != groups; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("seed %d: %d groups are followed, not %d: %s", c.seed, c.followedGroups(), groups, c.why(nil))
		}
	}
}

// TestFollowed_equalsPolling writes at random, alone and many at a time, changes what views and functions read, and cuts
// the feed. Whoever follows is told what whoever polls is told, each result was true at some time, and streams neither
// lose nor repeat a row.
func TestFollowed_equalsPolling(t *testing.T) {
	t.Parallel()
	c := newComparison(t)
	c.track()
	followable := c.subscribeAll()
	c.remember()
	c.awaitFollowed(followable)
	for round := range *followRounds {
		var after []string
		do := func(sql string, run func(string)) {
			after = append(after, sql)
			run(sql)
			if round%2 == 0 {
				c.remember()
			}
		}
		c.begin()
		if round%2 == 0 {
			for range 8 {
				do(c.write(), c.try)
				if c.random.IntN(4) == 0 {
					do(c.grow(), c.exec)
				}
			}
		} else {
			after = c.storm()
		}
		switch c.random.IntN(6) {
		case 0:
			do("cut", func(string) { c.cut() })
		case 1, 2:
			do(c.changeSchema(), c.try)
		case 3:
			do(c.changeSchema(), c.runSQL)
		}
		do(c.write(), c.try)
		c.settle(after)
		if round%2 == 0 {
			c.check()
		}
		if round%6 == 5 {
			c.exec(`alter table scratch set unlogged`)
			c.awaitFollowed(followable)
		}
	}
	c.checkStreams()
}

// storm writes with several writers at a time; only one appends to the log.
func (c *comparison) storm() (all []string) {
	var writers sync.WaitGroup
	defer writers.Wait()
	for i := range 4 {
		var work []string
		for range 8 {
			work = append(work, c.write())
			if i == 0 {
				work = append(work, c.grow())
			}
		}
		all = append(all, work...)
		writers.Go(func() {
			for _, sql := range work {
				c.try(sql)
			}
		})
	}
	return all
}

// checkStreams wants each stream to have given every row once, in order.
func (c *comparison) checkStreams() {
	c.Helper()
	for _, s := range c.all {
		if !s.isStream {
			continue
		}
		condition := "true"
		if strings.Contains(s.query, "_like") {
			condition = "what like '%a%'"
		}
		var want string
		if err := c.pool.QueryRow(c.Context(), `select coalesce(string_agg(id::text, ' ' order by id), '') from log where `+condition).Scan(&want); err != nil {
			c.Fatal(err)
		}
		for _, l := range []*listener{s.followed, s.polled} {
			var got string
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				if got = streamed(l.all()); got == want {
					break
				}
				if time.Now().After(deadline) {
					c.Fatalf("seed %d: %s\n got %s\nwant %s", c.seed, s.query, got, want)
				}
			}
		}
	}
}

// streamed are the numbers of the rows that a stream gave.
func streamed(told []string) string {
	var ids []string
	for _, body := range told {
		var b struct {
			Data map[string][]struct{ ID int }
		}
		if err := json.Unmarshal([]byte(body), &b); err != nil {
			return body
		}
		for _, rows := range b.Data {
			for _, r := range rows {
				ids = append(ids, strconv.Itoa(r.ID))
			}
		}
	}
	return strings.Join(ids, " ")
}
