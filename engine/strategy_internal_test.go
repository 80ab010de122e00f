package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
)

// everyType has a column of every type, with the texts of values at the edges of the type: %s stands for each.
var everyType = []struct {
	name, sql string
	values    []string
}{
	{"int2", "int2", []string{"0", "-32768", "32767"}},
	{"int4", "int4", []string{"0", "-2147483648", "2147483647"}},
	{"int8", "int8", []string{"0", "-9223372036854775808", "9223372036854775807", "9007199254740993"}},
	{"float4", "float4", []string{"0", "-0", "NaN", "Infinity", "-Infinity", "3.4028235e+38", "1e-45", "0.1", "16777216"}},
	{"float8", "float8", []string{"0", "-0", "NaN", "Infinity", "-Infinity", "1.7976931348623157e+308", "5e-324", "0.1", "1e15", "1e16", "123456789012345678", "-1e-5", "0.0001"}},
	{"numeric", "numeric", []string{"0", "0.00", "NaN", "Infinity", "-Infinity", "-1.50", "123456789012345678901234567890.123456789012345678901234567890", "1e100", "1e-30"}},
	{"numeric_scale", "numeric(12,3)", []string{"0", "-1.5", "123456789.123", "NaN"}},
	{"money", "money", []string{"0", "-1234.5", "92233720368547758.07"}},
	{"bool", "bool", []string{"true", "false"}},
	{"text", "text", []string{"", "plain", "NaN", "null", "t", "1e5", "quote \" back \\ slash /", "tab\tline\nreturn\rfeed\fback\b", "\x01\x1f\x7f", "é ß € 漢字 😀 \u2028 \u2029 \ufeff", "<script>&'", `{"a": 1}`}},
	{"varchar", "varchar(40)", []string{"", "a \"b\" \\c", "漢字"}},
	{"bpchar", "char(5)", []string{"", "a", "ab\"\\"}},
	{"onechar", `"char"`, []string{"", "a", "\"", "\\"}},
	{"name", "name", []string{"", "a \"quoted\" name"}},
	{"citext", "citext", []string{"", "MiXed \"case\""}},
	{"bytea", "bytea", []string{"", `\x00ff22`}},
	{"json", "json", []string{"null", `"text"`, "1.50", `{ "b" : [1, 2.50e3, null],  "a": {"x\u0041": "\u0001"}, "a": 2 }`, "[]", "[\n1 ,\t2]"}},
	{"jsonb", "jsonb", []string{"null", `"text"`, "1.50", `{"b": [1, 2.50e3, null], "a": {"x": "é \" \\ \n"}}`, "[]", "{}"}},
	{"uuid", "uuid", []string{"00000000-0000-0000-0000-000000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"}},
	{"date", "date", []string{"2024-02-29", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31"}},
	{"timestamp", "timestamp", []string{"2024-02-29 23:59:59.999999", "infinity", "-infinity", "4713-01-01 00:00:00 BC", "2024-01-01 00:00:00", "2024-01-01 00:00:00.100"}},
	{"timestamptz", "timestamptz", []string{"2024-02-29 23:59:59.999999+05:30", "infinity", "-infinity", "0001-01-01 00:00:00+00"}},
	{"time", "time", []string{"00:00:00", "24:00:00", "12:34:56.789"}},
	{"timetz", "timetz", []string{"00:00:00+00", "12:34:56.789-07:30"}},
	{"interval", "interval", []string{"0", "1 year 2 mons -3 days 04:05:06.789", "-1 day"}},
	{"inet", "inet", []string{"127.0.0.1", "10.0.0.1/8", "::1", "fe80::1/64"}},
	{"cidr", "cidr", []string{"10.0.0.0/8", "::/0"}},
	{"macaddr", "macaddr", []string{"08:00:2b:01:02:03"}},
	{"macaddr8", "macaddr8", []string{"08:00:2b:01:02:03:04:05"}},
	{"bit", "bit(3)", []string{"101"}},
	{"varbit", "varbit", []string{"", "10101"}},
	{"oid", "oid", []string{"0", "4294967295"}},
	{"regclass", "regclass", []string{"pg_class", `public."Order Line"`}},
	{"pg_lsn", "pg_lsn", []string{"16/B374D848"}},
	{"tsvector", "tsvector", []string{"", `'a ''quoted'' \\ word':1A`}},
	{"tsquery", "tsquery", []string{"a & !b"}},
	{"point", "point", []string{"(1.5,-2e30)", "(NaN,Infinity)"}},
	{"box", "box", []string{"(1,2),(0,0)"}},
	{"circle", "circle", []string{"<(1,2),3>"}},
	{"line", "line", []string{"{1,-1,0}"}},
	{"lseg", "lseg", []string{"[(0,0),(1,1)]"}},
	{"path", "path", []string{"[(0,0),(1,1)]", "((0,0),(1,1))"}},
	{"polygon", "polygon", []string{"((0,0),(1,1),(1,0))"}},
	{"int4range", "int4range", []string{"empty", "[1,5)", "(,)"}},
	{"numrange", "numrange", []string{"[1.50,NaN)"}},
	{"tstzrange", "tstzrange", []string{`["2024-01-01 00:00:00+00",infinity]`}},
	{"xml", "xml", []string{"", `<a b="c">d &amp; e</a>`}},
	{"jsonpath", "jsonpath", []string{"$.a[*]"}},
	{"ltree", "ltree", []string{"", "a.b_c.d"}},
	{"hstore", "hstore", []string{"", `"a"=>"1", "b"=>NULL, "c \" d"=>"\\"`}},
	{"enumeration", "feeling", []string{"fine", "so \"so\""}},
	{"cast_enumeration", "spoken", []string{"yes", "no"}},
	{"composite", "pair", []string{`(1,"a ""b""")`, "(,)"}},
	{"domain_int", "positive", []string{"1", "2147483647"}},
	{"domain_text", "short_text", []string{"", "a \" b"}},
	{"domain_domain", "shorter_text", []string{"x"}},
	{"domain_numeric", "amount", []string{"0.10", "NaN"}},
	{"domain_jsonb", "document", []string{`{"a": [1]}`, "null"}},
	{"domain_bool", "flag", []string{"true"}},
	{"domain_enumeration", "feelings", []string{"fine"}},
	{"domain_array", "numbers", []string{"{1,2}"}},
	{"int4_array", "int4[]", []string{"{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}"}},
	{"int8_array", "int8[]", []string{"{9007199254740993}"}},
	{"numeric_array", "numeric[]", []string{"{NaN,1.50}"}},
	{"bool_array", "bool[]", []string{"{t,f,NULL}"}},
	{"text_array", "text[]", []string{"{}", `{"a \"b\" \\c",NULL,"","null"}`}},
	{"json_array", "json[]", []string{`{"{\"a\": 1}",NULL}`}},
	{"timestamptz_array", "timestamptz[]", []string{`{"2024-02-29 23:59:59+00",infinity}`}},
	{"enumeration_array", "feeling[]", []string{`{fine,"so \"so\""}`}},
	{"composite_array", "pair[]", []string{`{"(1,a)",NULL}`}},
	{"uuid_array", "uuid[]", []string{"{00000000-0000-0000-0000-000000000000}"}},
}

const everyTypeSQL = `
	create extension if not exists citext; create extension if not exists ltree; create extension if not exists hstore;
	create type feeling as enum ('fine', 'so "so"');
	create type spoken as enum ('yes', 'no');
	create function spoken_json(spoken) returns json language sql immutable as $$ select json_build_object('said', $1::text) $$;
	create cast (spoken as json) with function spoken_json(spoken);
	create type pair as (number int, word text);
	create domain positive as int check (value > 0);
	create domain short_text as text; create domain shorter_text as short_text;
	create domain amount as numeric; create domain document as jsonb; create domain flag as bool;
	create domain feelings as feeling; create domain numbers as int[];
	create table every_type (id int primary key, parent int references every_type`

// everyTypeLine is a line over a table of every type: its rows hold the values, nulls and random texts. Each has the first
// as its parent but the first.
func everyTypeLine(t *testing.T, o schema.Options) *Line {
	ctx := t.Context()
	url := testpg.Clone(t, "engine_every_type", func(ctx context.Context, url string) error {
		pool, err := postgres.Open(ctx, postgres.Config{URL: url})
		if err != nil {
			return err
		}
		defer pool.Close()
		create := everyTypeSQL
		for _, c := range everyType {
			create += fmt.Sprintf(", t_%s %s", c.name, c.sql)
		}
		_, err = pool.Exec(ctx, `create table "Order Line" (id int); `+create+")")
		return err
	})
	pool, err := postgres.Open(ctx, postgres.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	insert := func(id int, columns, casts []string, values []any) {
		t.Helper()
		_, err := pool.Exec(ctx, fmt.Sprintf("insert into every_type (id, parent%s) values (%d, nullif(1, %[2]d)%s)",
			strings.Join(append([]string{""}, columns...), ", "), id, strings.Join(append([]string{""}, casts...), ", ")), values...)
		if err != nil {
			t.Fatalf("%v: %v", columns, err)
		}
	}
	const rows = 14
	for i := range rows {
		var columns, casts []string
		var values []any
		for _, c := range everyType {
			if i < len(c.values) {
				columns, values = append(columns, "t_"+c.name), append(values, c.values[i])
				casts = append(casts, fmt.Sprintf("$%d::text::%s", len(values), c.sql))
			}
		}
		insert(i+1, columns, casts, values)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		text := make([]rune, random.IntN(40))
		for j := range text {
			text[j] = []rune{1 + random.Int32N(0x7f), 0x80 + random.Int32N(0x700), 0xe000 + random.Int32N(0x1000), 0x10000 + random.Int32N(0xfffff)}[random.IntN(4)]
		}
		float := fmt.Sprint(random.NormFloat64() * float64(uint64(1)<<random.IntN(64)))
		insert(rows+1+i, []string{"t_text", "t_float8", "t_float4", "t_numeric"}, []string{"$1", "$2::text::float8", "$2::text::float4", "$2::text::numeric"}, []any{string(text), float})
	}
	id := `{"schema": "public", "name": "every_type"}`
	var odd, even []string
	for i, c := range everyType {
		if i%2 == 1 {
			odd = append(odd, `"t_`+c.name+`"`)
		} else {
			even = append(even, `"t_`+c.name+`"`)
		}
	}
	permission := func(role string, columns []string, filter string) string {
		return fmt.Sprintf(`{"role": %q, "permission": {"columns": ["id", %s], "filter": %s}}`, role, strings.Join(columns, ", "), filter)
	}
	raw := fmt.Sprintf(`{"version": 3, "inherited_roles": [{"role_name": "both", "role_set": ["odd", "even"]}],
		"sources": [{"name": "default", "kind": "postgres", "configuration": {"connection_info": {"database_url": "unused"}}, "tables": [{"table": %s,
		"object_relationships": [{"name": "up", "using": {"foreign_key_constraint_on": "parent"}}],
		"array_relationships": [{"name": "down", "using": {"foreign_key_constraint_on": {"table": %[1]s, "column": "parent"}}}],
		"select_permissions": [%s, %s]}]}]}`, id, permission("odd", odd, `{"id": {"_lt": 6}}`), permission("even", even, `{"id": {"_gt": 3}}`))
	meta, err := metadata.Decode([]byte(raw), "$", true)
	if err != nil {
		t.Fatal(err)
	}
	return lineAt(t, o, url, meta)
}

// What Go writes is what Postgres writes, byte for byte but for white space between values: values of every type, masked
// cells, alone, as a related object and as related rows.
func TestStrategies_writeEveryTypeAlike(t *testing.T) {
	t.Parallel()
	for _, stringify := range []bool{false, true} {
		line := everyTypeLine(t, schema.Options{StringifyNumericTypes: stringify})
		cells := "id"
		for _, c := range everyType {
			cells += " t_" + c.name
		}
		cells += ` a: t_json(path: "$.b[1]") b: t_jsonb(path: "a") c: t_jsonb(path: "$.none")`
		var parts string // trees that are not too wide
		for i, c := range everyType {
			if i%12 == 0 {
				parts += fmt.Sprintf(" } } p%d: every_type(order_by: {id: asc}, limit: 1) { t_%s down(order_by: {id: asc}) { id", i, c.name)
			}
			parts += " t_" + c.name
		}
		for name, c := range map[string]*goldenCase{
			"parts":   {Query: "{" + strings.TrimPrefix(parts, " } }") + " } } }"},
			"admin":   {Query: "{ every_type(order_by: {id: asc}) { " + cells + " } }"},
			"masked":  {Query: "{ every_type(order_by: {id: asc}) { " + cells + " } }", Session: map[string]string{"x-hasura-role": "both"}},
			"one":     {Query: "{ every_type_by_pk(id: 2) { " + cells + " } }"},
			"none":    {Query: "{ every_type_by_pk(id: 0) { id } every_type(where: {id: {_lt: 0}}) { id } }"},
			"related": {Query: "{ every_type(order_by: {id: asc}, limit: 3) { up { " + cells + " } } }"},
			"tree":    {Query: "{ every_type(order_by: {id: asc}, limit: 3) { id down(order_by: {id: asc}, where: {id: {_gt: 10}}) { id t_text up { t_text t_numeric } down { id } down_aggregate { aggregate { count } } } } }"},
			"ordered": {Query: "{ every_type(order_by: {id: desc}, limit: 210) { a: down(order_by: [{t_int2: asc}, {id: desc}]) { id } b: down(order_by: {id: desc}) { t_text } c: down(order_by: {id: desc}, limit: 3) { id } } }"},
			"wide":    {Query: "{ every_type(order_by: {id: asc}, limit: 3) { " + cells + " down(order_by: {id: asc}) { " + cells + " up { " + cells + " } } } }"},
			"several": {Query: "{ a: every_type(order_by: {id: asc}) { " + cells + " } b: every_type_by_pk(id: 3) { " + cells + " } }"},
		} {
			t.Run(fmt.Sprintf("%s/stringify=%v", name, stringify), func(t *testing.T) {
				answers := map[translate.Strategy]string{}
				for _, strategy := range strategies {
					l := NewLine(line.model, line.exec, line.validator)
					l.strategy = strategy
					body := ask(t, l, c)
					var valid json.RawMessage
					if err := json.Unmarshal(body, &valid); err != nil {
						t.Fatalf("%v: %s", err, body)
					}
					answers[strategy] = compact(body)
				}
				want := answers[translate.FromPostgres]
				if strings.Contains(want, `"error"`) {
					t.Fatal(want)
				}
				for strategy, got := range answers {
					if got != want {
						at := 0
						for at < min(len(got), len(want)) && got[at] == want[at] {
							at++
						}
						t.Errorf("strategy %d differs:\n got …%.200s\nwant …%.200s", strategy, got[max(0, at-60):], want[max(0, at-60):])
					}
				}
			})
		}
	}
}

// However many parents Postgres takes there to be, related rows are found by their index and not by reading their table.
func TestStrategies_relatedRowsAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	url := testpg.Clone(t, "engine_large", func(ctx context.Context, url string) error {
		pool, err := postgres.Open(ctx, postgres.Config{URL: url})
		if err != nil {
			return err
		}
		defer pool.Close()
		_, err = pool.Exec(ctx, `
			create table parent (id int primary key);
			create table child (id int primary key, parent int not null references parent, name text);
			insert into parent select generate_series(1, 5000);
			insert into child select i, 1 + i % 5000, 'child ' || i from generate_series(1, 50000) i;
			create index on child (parent);
			analyze`)
		return err
	})
	const parent, child = `{"schema": "public", "name": "parent"}`, `{"schema": "public", "name": "child"}`
	meta, err := metadata.Decode([]byte(`{"version": 3, "sources": [{"name": "default", "kind": "postgres",
		"configuration": {"connection_info": {"database_url": "unused"}}, "tables": [{"table": `+parent+`,
		"array_relationships": [{"name": "children", "using": {"foreign_key_constraint_on": {"table": `+child+`, "column": "parent"}}}]},
		{"table": `+child+`}]}]}`), "$", true)
	if err != nil {
		t.Fatal(err)
	}
	line := lineAt(t, schema.Options{}, url, meta)
	pool, err := line.exec.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	for _, arguments := range []string{"", "(order_by: {id: desc})", "(order_by: {name: asc})", "(where: {name: {_like: \"%7\"}})", "(limit: 2)", "(distinct_on: name)"} {
		c := &goldenCase{Query: "query ($few: Int) { parent(limit: $few) { id children" + arguments + " { id name } } }", Variables: json.RawMessage(`{"few": 1}`)}
		conn, err := pool.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var values string
		if sql := statements(t, line, c)[0]; strings.Contains(sql, "$2") {
			values = "(1, '%7')"
			if strings.Index(sql, "$1::\"pg_catalog\".\"text\"") > 0 {
				values = "('%7', 1)"
			}
		} else {
			values = "(1)"
		}
		if _, err := conn.Exec(ctx, "set plan_cache_mode = force_generic_plan; prepare asked as "+statements(t, line, c)[0]); err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Query(ctx, "explain execute asked"+values)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on child") || !strings.Contains(text, "child_parent_idx") {
			t.Errorf("children%s:\n%s", arguments, text)
		}
		if _, err := conn.Exec(ctx, "deallocate asked; reset plan_cache_mode"); err != nil {
			t.Fatal(err)
		}
		conn.Release()
		ask(t, line, c)
	}
}
