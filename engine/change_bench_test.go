package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/catalog"
	"gatehouse/internal/testpg"
)

// wideProject is a running engine with many tables, each pointing at the one before, and roles that may read all of them.
type wideProject struct {
	testing.TB
	engine *engine.Engine
	db     *pgx.Conn
	sample int // how many tables the engine made so far
}

const wideTable = `id serial primary key, owner int not null, name text not null, note text, amount numeric, count int, at timestamptz,
	data jsonb, kind text unique, a text, b text, other int references %s (id)`

func startWide(t testing.TB, tables, roles int) *wideProject {
	t.Helper()
	dataURL := testpg.Database(t)
	c := config(testpg.Database(t), dataURL)
	c.SchemaWatchInterval = time.Second
	e, err := engine.New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait(); e.Close() })
	p := &wideProject{TB: t, engine: e}
	if p.db, err = pgx.Connect(context.Background(), dataURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.db.Close(context.Background()) })
	var ddl, doc strings.Builder
	for i := range tables {
		before := fmt.Sprintf("t%04d", max(0, i-1))
		fmt.Fprintf(&ddl, "create table t%04d ("+wideTable+");\n", i, before)
		fmt.Fprintf(&doc, `,{"table":"t%04d","object_relationships":[{"name":"previous","using":{"foreign_key_constraint_on":"other"}}]`, i)
		if i+1 < tables {
			fmt.Fprintf(&doc, `,"array_relationships":[{"name":"next","using":{"foreign_key_constraint_on":{"table":"t%04d","column":"other"}}}]`, i+1)
		}
		doc.WriteString(`,"select_permissions":[`)
		for r := range roles {
			filter := `{"owner":{"_eq":"X-Hasura-User-Id"}}`
			if r%2 == 1 {
				filter = `{"previous":{"owner":{"_eq":"X-Hasura-User-Id"}}}`
			}
			fmt.Fprintf(&doc, `%s{"role":"role%d","permission":{"columns":"*","filter":%s,"allow_aggregations":true}}`, comma(r), r, filter)
		}
		doc.WriteString(`],"insert_permissions":[`)
		for r := range min(3, roles) {
			fmt.Fprintf(&doc, `%s{"role":"role%d","permission":{"columns":["name","note","data"],"check":{"owner":{"_eq":"X-Hasura-User-Id"}},"set":{"owner":"X-Hasura-User-Id"}}}`, comma(r), r)
		}
		doc.WriteString(`],"update_permissions":[`)
		for r := range min(3, roles) {
			fmt.Fprintf(&doc, `%s{"role":"role%d","permission":{"columns":["name","note"],"filter":{"owner":{"_eq":"X-Hasura-User-Id"}},"check":null}}`, comma(r), r)
		}
		doc.WriteString(`]}`)
	}
	p.exec(ddl.String())
	p.do("replace_metadata", `{"version":3,"sources":[{"name":"default","kind":"postgres","configuration":{"connection_info":{"database_url":`+
		`{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}},"tables":[`+doc.String()[1:]+`]}]}`)
	return p
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (p *wideProject) exec(sql string) {
	p.Helper()
	if _, err := p.db.Exec(context.Background(), sql); err != nil {
		p.Fatal(err)
	}
}

func (p *wideProject) do(kind, args string) {
	p.Helper()
	path := "/v1/metadata"
	if kind == "run_sql" {
		path = "/v2/query"
	}
	if code, body := post(p.engine, path, `{"type":"`+kind+`","args":`+args+`}`); code != 200 {
		p.Fatalf("%s: %d %.1000s", kind, code, body)
	}
}

// ask has a role ask for a table's rows.
func (p *wideProject) ask(role, table string) {
	p.Helper()
	_, body := post(p.engine, "/v1/graphql", `{"query":"{ `+table+` (where: {id: {_eq: 0}}) { id name } }"}`, "x-hasura-role", role, "x-hasura-user-id", "1")
	if !strings.Contains(body, `"data"`) {
		p.Fatalf("%s asks for %s: %s", role, table, body)
	}
}

// fresh is the name of a table that does not exist yet.
func (p *wideProject) fresh() string {
	p.sample++
	return fmt.Sprintf("fresh%d", p.sample)
}

// BenchmarkChange is what one change of the metadata costs where there is much of it, from request to answer: 1,000 tables,
// 10 roles with permissions on each.
func BenchmarkChange(b *testing.B) {
	p := startWide(b, 1000, 10)
	for r := range 10 {
		p.ask(fmt.Sprintf("role%d", r), "t0500")
	}
	p.ask("admin", "t0500")
	run := func(name string, prepare func() string, change func(table string), restore func(table string)) {
		b.Run(name, func(b *testing.B) {
			p.TB = b
			b.ReportAllocs()
			b.StopTimer()
			for range b.N {
				table := prepare()
				b.StartTimer()
				change(table)
				b.StopTimer()
				if restore != nil {
					restore(table)
				}
			}
		})
	}
	none := func() string { return "t0500" }
	create := func() string {
		t := p.fresh()
		p.exec(fmt.Sprintf("create table "+t+" ("+wideTable+")", "t0500"))
		return t
	}
	untrack := func(t string) {
		p.do("pg_untrack_table", `{"table":"`+t+`","cascade":true}`)
		p.exec("drop table " + t)
	}
	run("run_sql and track", p.fresh, func(t string) {
		p.do("run_sql", sqlArgs(fmt.Sprintf("create table "+t+" ("+wideTable+")", "t0500")))
		p.do("pg_track_table", `{"table":"`+t+`"}`)
	}, untrack)
	run("track what psql made", create, func(t string) { p.do("pg_track_table", `{"table":"`+t+`"}`) }, untrack)
	run("alter by run_sql", func() string { return p.fresh() }, func(c string) {
		p.do("run_sql", sqlArgs("alter table t0500 add column "+c+" int"))
	}, func(c string) { p.do("run_sql", sqlArgs("alter table t0500 drop column "+c)) })
	tracked := func() string {
		t := create()
		p.do("pg_track_table", `{"table":"`+t+`"}`)
		return t
	}
	permit := func(t string) {
		p.do("pg_create_select_permission", `{"table":"`+t+`","role":"role5","permission":{"columns":["id","name"],"filter":{"owner":{"_eq":"X-Hasura-User-Id"}}}}`)
	}
	run("permit", tracked, permit, untrack)
	relate := func(t string) {
		p.do("pg_create_object_relationship", `{"table":"`+t+`","name":"previous","using":{"foreign_key_constraint_on":"other"}}`)
	}
	run("relate", tracked, relate, untrack)
	run("drop relationship", func() string { t := tracked(); relate(t); return t },
		func(t string) { p.do("pg_drop_relationship", `{"table":"`+t+`","relationship":"previous"}`) }, untrack)
	run("untrack", tracked, func(t string) { p.do("pg_untrack_table", `{"table":"`+t+`"}`) }, func(t string) { p.exec("drop table " + t) })
	run("customize", none, func(t string) {
		p.do("pg_set_table_customization", `{"table":"`+t+`","configuration":{"custom_name":"five_hundred"}}`)
	}, func(t string) { p.do("pg_set_table_customization", `{"table":"`+t+`","configuration":{}}`) })
	permitted := func() string { t := tracked(); permit(t); return t }
	run("first request, role changed", permitted, func(t string) { p.ask("role5", t) }, untrack)
	run("first request, role unchanged", permitted, func(string) { p.ask("role6", "t0500") }, untrack)
	run("first request, admin", permitted, func(t string) { p.ask("admin", t) }, untrack)
	run("reload", none, func(string) { p.do("reload_metadata", `{}`) }, nil)
	b.Run("catalog.Load", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := catalog.Load(context.Background(), p.db); err != nil {
				b.Fatal(err)
			}
		}
	})
}
