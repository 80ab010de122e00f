package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// sqlKind is a type of Postgres with values as SQL writes them, extremes among them, and the operators it has: how the
// API calls them and how SQL does.
type sqlKind struct {
	name      string // of the column as well
	sql       string
	values    []string
	isJSON    bool // a value is JSON, not a text
	isArray   bool
	operators map[string]string
	// aggregates are those of the type; their results are compared as text.
	aggregates []string
}

var ordered = map[string]string{"_eq": "=", "_neq": "<>", "_gt": ">", "_gte": ">=", "_lt": "<", "_lte": "<="}

func with(more map[string]string) map[string]string {
	out := maps.Clone(ordered)
	maps.Copy(out, more)
	return out
}

var textual = with(map[string]string{
	"_like": "like", "_nlike": "not like", "_ilike": "ilike", "_nilike": "not ilike", "_similar": "similar to", "_nsimilar": "not similar to",
	"_regex": "~", "_iregex": "~*", "_nregex": "!~", "_niregex": "!~*",
})

var sqlKinds = []sqlKind{
	{name: "small", sql: "smallint", values: []string{"0", "-32768", "32767", "7"}, operators: ordered, aggregates: []string{"sum", "max", "min", "avg"}},
	{name: "whole", sql: "integer", values: []string{"0", "-2147483648", "2147483647", "42"}, operators: ordered, aggregates: []string{"sum", "max", "min", "avg"}},
	{name: "big", sql: "bigint", values: []string{"0", "-9223372036854775808", "9223372036854775807", "9007199254740993"}, operators: ordered, aggregates: []string{"sum", "max", "min", "avg"}},
	{name: "exact", sql: "numeric", values: []string{"0", "0.000000000000000000001", "-12345678901234567890.123456789", "1.10", "1.1"}, operators: ordered, aggregates: []string{"sum", "max", "min", "avg", "stddev", "var_pop"}},
	{name: "scaled", sql: "numeric(6,2)", values: []string{"0.00", "9999.99", "-0.01", "3.10"}, operators: ordered, aggregates: []string{"sum", "max"}},
	{name: "short_float", sql: "real", values: []string{"0", "1.5", "-3.25", "1e30"}, operators: ordered, aggregates: []string{"max", "min"}},
	{name: "float", sql: "double precision", values: []string{"0", "1.5", "1e300", "-2.5e-300", "0.1"}, operators: ordered, aggregates: []string{"max", "min"}},
	{name: "words", sql: "text", values: []string{"a", "", "A b", "a%b", `back\slash`, `quo"te'`, "é\nx", "{}", "null"}, operators: textual, aggregates: []string{"max", "min"}},
	{name: "limited", sql: "varchar(9)", values: []string{"a", "", "AbC", "x_y"}, operators: textual, aggregates: []string{"max", "min"}},
	{name: "padded", sql: "char(4)", values: []string{"a", "ab", "abcd"}, operators: ordered, aggregates: []string{"max"}},
	{name: "caseless", sql: "citext", values: []string{"a", "A", "Ab", ""}, operators: textual, aggregates: []string{"max"}},
	{name: "truth", sql: "boolean", values: []string{"true", "false"}, operators: ordered},
	{name: "day", sql: "date", values: []string{"2024-02-29", "0001-01-01", "infinity", "5874897-12-31"}, operators: ordered, aggregates: []string{"max", "min"}},
	{name: "moment", sql: "timestamp", values: []string{"2024-02-29T23:59:59.999999", "1900-01-01T00:00:00", "-infinity"}, operators: ordered, aggregates: []string{"max", "min"}},
	{name: "instant", sql: "timestamptz", values: []string{"2024-02-29T23:59:59.999999+00:00", "1999-12-31T19:00:00-05:00"}, operators: ordered, aggregates: []string{"max", "min"}},
	{name: "clock", sql: "time", values: []string{"00:00:00", "23:59:59.5", "24:00:00"}, operators: ordered},
	{name: "zoned_clock", sql: "timetz", values: []string{"12:00:00+02", "12:00:00-11:30"}, operators: ordered, aggregates: []string{"max"}},
	{name: "span", sql: "interval", values: []string{"1 day", "24:00:00", "-1 mons", "00:00:00"}, operators: ordered},
	{name: "identity", sql: "uuid", values: []string{"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}, operators: ordered},
	{name: "price", sql: "money", values: []string{"$0.00", "-$12.34", "$1,000,000.00"}, operators: ordered},
	{name: "bytes", sql: "bytea", values: []string{`\x`, `\x00ff`, `\x5c78`}, operators: ordered},
	{name: "address", sql: "inet", values: []string{"10.0.0.1", "10.0.0.0/8", "::1"}, operators: ordered},
	{name: "mood", sql: "mood", values: []string{"calm", "wild one", "Odd"}, operators: ordered},
	{name: "code", sql: "code", values: []string{"a", "bc", "abc"}, operators: ordered},
	{
		name: "document", sql: "jsonb", isJSON: true, values: []string{`{}`, `{"a":1,"b":[1,2,{"c":null}]}`, `[1,"a"]`, `"text"`, `1.50`, `{"a":{"b":2}}`},
		operators: with(map[string]string{"_contains": "@>", "_contained_in": "<@"}),
	},
	{name: "numbers", sql: "integer[]", isArray: true, values: []string{`[]`, `[1]`, `[1,2,3]`, `[2,null]`}, operators: with(map[string]string{"_contains": "@>", "_contained_in": "<@"})},
	{name: "strings", sql: "text[]", isArray: true, values: []string{`[]`, `["a"]`, `["a,b","\"q\"","{}"]`, `["null",null,"\\"]`}, operators: with(map[string]string{"_contains": "@>", "_contained_in": "<@"})},
	{name: "range", sql: "int4range", values: []string{"[1,5)", "empty", "(,3)", "[7,)"}, operators: ordered},
	{name: "days", sql: "daterange", values: []string{"[2024-01-01,2024-02-01)", "empty"}, operators: ordered},
	{name: "path", sql: "ltree", values: []string{"a", "a.b", "a.b.c"}, operators: with(map[string]string{"_ancestor": "@>", "_descendant": "<@"})},
}

// input is a value as JSON.
func (k *sqlKind) input(v string) json.RawMessage {
	if k.isJSON || k.isArray {
		return json.RawMessage(v)
	}
	switch k.name {
	case "small", "whole", "truth", "float", "short_float":
		return json.RawMessage(v)
	}
	return json.RawMessage(show(v))
}

// literal is a value as an SQL constant.
func (k *sqlKind) literal(v string) string {
	if !k.isArray {
		return literal(v) + "::" + k.sql
	}
	var items []any
	if err := json.Unmarshal([]byte(v), &items); err != nil {
		panic(err)
	}
	var parts []string
	for _, item := range items {
		switch item := item.(type) {
		case nil:
			parts = append(parts, "null")
		case string:
			parts = append(parts, literal(item))
		default:
			parts = append(parts, fmt.Sprint(item))
		}
	}
	return "array[" + strings.Join(parts, ", ") + "]::" + k.sql
}

// A role sees rows of thing by x-hasura-user-id.
func typeTables() string {
	var columns []string
	for _, k := range sqlKinds {
		columns = append(columns, fmt.Sprintf("%s %s", k.name, k.sql))
	}
	return `drop schema public cascade; create schema public; create extension citext; create extension ltree; create type mood as enum ('calm', 'wild one', 'Odd');
		create domain code as text check (length(value) < 9);
		create table thing (id serial primary key, owner int not null default 1, ` + strings.Join(columns, ", ") + ")"
}

// Every operator of every type selects the rows that plain SQL does, every value goes in and out unchanged, and rows are
// ordered, told apart and aggregated as SQL does: of the rows the role sees.
func TestEveryTypeIsTreatedAsInSQL(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.exec(t, typeTables())
	s.track(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"thing"},
		"select_permissions":[{"role":"owner","permission":{"columns":"*","filter":{"owner":{"_eq":"x-hasura-user-id"}},"allow_aggregations":true}}],
		"insert_permissions":[{"role":"owner","permission":{"columns":"*","set":{"owner":"x-hasura-user-id"},"check":{}}}],
		"update_permissions":[{"role":"owner","permission":{"columns":"*","filter":{"owner":{"_eq":"x-hasura-user-id"}},"check":null}}]}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}]}`)
	asked := tally{}
	rapid.Check(t, func(t *rapid.T) {
		g := g{t}
		c := &typeCase{g: g, server: s, t: t}
		s.exec(t, "truncate thing restart identity")
		for range 3 + g.n(6) {
			c.insert()
		}
		for range 25 {
			switch n := g.n(10); {
			case n < 6:
				c.selects()
				asked["operators"]++
			case n < 8:
				c.orders()
				asked["orders"]++
			case n < 9 && c.chance(50):
				c.aggregates()
				asked["aggregates"]++
			case n < 9:
				if c.operates() {
					asked["update operators"]++
				} else {
					asked["update operators refused"]++
				}
			default:
				c.updates()
				asked["updates"]++
			}
		}
	})
	t.Logf("%v", asked)
}

type typeCase struct {
	g
	*server
	t failer
}

func (c *typeCase) kind() *sqlKind { return &sqlKinds[c.n(len(sqlKinds))] }

// ask sends a request with variables as the owner 1, and gives the data.
func (c *typeCase) ask(query string, variables document) json.RawMessage {
	c.t.Helper()
	_, raw := c.post("/v1/graphql", show(document{{"query", query}, {"variables", variables}}), map[string]string{"x-hasura-role": "owner", "x-hasura-user-id": "1"})
	var answer struct{ Data map[string]json.RawMessage }
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Data == nil {
		c.t.Fatalf("%s %s\nanswers %s", query, show(variables), raw)
	}
	return answer.Data["f"]
}

// sqlText is the only value of a query of SQL, as text.
func (c *typeCase) sqlText(query string) string {
	c.t.Helper()
	rows, err := c.pool.Query(context.Background(), query, pgx.QueryExecModeSimpleProtocol)
	if err == nil {
		var out *string
		if out, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[*string]); err == nil {
			if out == nil {
				return "null"
			}
			return *out
		}
	}
	c.t.Fatalf("%v\n%s", err, query)
	return ""
}

// insert puts a row in, half of them through the API; every sixth belongs to somebody else.
func (c *typeCase) insert() {
	c.t.Helper()
	values, columns, literals := document{}, []string{}, []string{}
	for i := range sqlKinds {
		k := &sqlKinds[i]
		if c.chance(30) {
			continue
		}
		v := pick(c.g, k.values)
		values = append(values, member{k.name, k.input(v)})
		columns, literals = append(columns, k.name), append(literals, k.literal(v))
	}
	owner := "1"
	if c.chance(16) {
		owner = "2"
	}
	insert := fmt.Sprintf("insert into thing (%s) values (%s)", strings.Join(append(columns, "owner"), ", "), strings.Join(append(literals, owner), ", "))
	if owner == "2" || c.chance(50) {
		c.exec(c.t, insert)
		return
	}
	id := string(c.ask(`mutation ($o: thing_insert_input!) { f: insert_thing_one(object: $o) { id } }`, document{{"o", values}}))
	id = strings.Trim(id, `{"id: }`)
	c.exec(c.t, insert)
	var parts []string
	for _, n := range names(sqlKinds) {
		parts = append(parts, fmt.Sprintf("a.%[1]s::text is not distinct from b.%[1]s::text", n))
	}
	same := fmt.Sprintf("select (%s)::text from thing a, thing b where a.id = %s and b.id = (select max(id) from thing)", strings.Join(parts, " and "), id)
	if c.sqlText(same) != "true" {
		c.t.Fatalf("what was inserted as %s\nis %s\nand by SQL %s", show(values),
			c.sqlText("select row_to_json(t)::text from thing t where id = "+id), c.sqlText("select row_to_json(t)::text from thing t order by id desc limit 1"))
	}
}

func names(kinds []sqlKind) []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// selects compares a condition of one operator, perhaps turned round, and the values of the rows it gives.
func (c *typeCase) selects() {
	c.t.Helper()
	k := c.kind()
	v := pick(c.g, k.values)
	op := pick(c.g, slices.Sorted(maps.Keys(k.operators)))
	exp := document{{op, k.input(v)}}
	test := fmt.Sprintf("%s %s %s", k.name, k.operators[op], k.literal(v))
	switch n := c.n(8); {
	case strings.Contains(op, "like") || strings.Contains(op, "similar") || strings.Contains(op, "regex"):
		pattern := pick(c.g, []string{"a%", "%", "_", `a\%b`, "(a|b)%", "[a-c]", "^.$", "", "é"})
		exp = document{{op, pattern}}
		test = fmt.Sprintf("%s %s %s", k.name, k.operators[op], literal(pattern))
	case n == 0:
		exp, test = document{{"_is_null", true}}, k.name+" is null"
	case n == 1 && !k.isArray:
		w := pick(c.g, k.values)
		exp = document{{"_in", []any{k.input(v), k.input(w)}}}
		test = fmt.Sprintf("%s in (%s, %s)", k.name, k.literal(v), k.literal(w))
	case n == 2 && !k.isArray:
		exp, test = document{{"_nin", []any{k.input(v)}}}, fmt.Sprintf("%s not in (%s)", k.name, k.literal(v))
	case n == 3 && k.isJSON:
		exp, test = document{{"_has_key", "a"}}, k.name+" ? 'a'"
	case n == 4 && k.isJSON:
		exp, test = document{{"_has_keys_any", []string{"a", "zz"}}}, k.name+" ?| array['a', 'zz']"
	case n == 5 && k.isJSON:
		exp, test = document{{"_cast", document{{"String", document{{"_like", "%a%"}}}}}}, k.name+"::text like '%a%'"
	}
	where := document{{k.name, exp}}
	if c.chance(25) {
		where, test = document{{"_not", where}}, "not ("+test+")"
	}
	got := c.ask(fmt.Sprintf("query ($w: thing_bool_exp) { f: thing(where: $w, order_by: {id: asc}) { id v: %s } }", k.name), document{{"w", where}})
	want := c.sqlText(fmt.Sprintf("select coalesce(json_agg(json_build_object('id', id, 'v', %s) order by id), '[]')::text from thing where owner = 1 and (%s)", k.name, test))
	c.same(show(where), got, want)
}

func (c *typeCase) same(about string, got json.RawMessage, want string) {
	c.t.Helper()
	if show(decoded(c.t, got)) != show(decoded(c.t, []byte(want))) {
		c.t.Fatalf("%s\nanswers %s\nand SQL %s", about, got, want)
	}
}

func (c *typeCase) orders() {
	c.t.Helper()
	k := c.kind()
	direction := pick(c.g, directions)
	sql := strings.ReplaceAll(direction, "_nulls", " nulls")
	sql = strings.ReplaceAll(strings.ReplaceAll(sql, "nulls_", "nulls "), "_", " ")
	got := c.ask(fmt.Sprintf("query ($o: [thing_order_by!]) { f: thing(order_by: $o) { id v: %s } }", k.name), document{{"o", []any{document{{k.name, direction}}, document{{"id", "asc"}}}}})
	want := c.sqlText(fmt.Sprintf("select coalesce(json_agg(x), '[]')::text from (select id, %[1]s as v from thing where owner = 1 order by %[1]s %[2]s, id) x", k.name, sql))
	c.same(k.name+" "+direction, got, want)
	got = c.ask(fmt.Sprintf("query ($o: [thing_order_by!]) { f: thing(order_by: $o, distinct_on: %[1]s) { id v: %[1]s } }", k.name), document{{"o", []any{document{{k.name, direction}}, document{{"id", "desc"}}}}})
	want = c.sqlText(fmt.Sprintf("select coalesce(json_agg(x), '[]')::text from (select distinct on (%[1]s) id, %[1]s as v from thing where owner = 1 order by %[1]s %[2]s, id desc) x", k.name, sql))
	c.same("distinct "+k.name+" "+direction, got, want)
}

func (c *typeCase) aggregates() {
	c.t.Helper()
	k := c.kind()
	fields, columns := []string{fmt.Sprintf("n: count(columns: %s) d: count(columns: %s, distinct: true)", k.name, k.name)}, []string{fmt.Sprintf("'n', count(%[1]s), 'd', count(distinct %[1]s)", k.name)}
	for _, fn := range k.aggregates {
		fields = append(fields, fmt.Sprintf("%s { v: %s }", fn, k.name))
		columns = append(columns, fmt.Sprintf("'%[1]s', json_build_object('v', %[1]s(%[2]s))", fn, k.name))
	}
	got := c.ask("query { f: thing_aggregate { aggregate { "+strings.Join(fields, " ")+" } } }", nil)
	want := c.sqlText("select json_build_object('aggregate', json_build_object(" + strings.Join(columns, ", ") + "))::text from thing where owner = 1")
	c.same("aggregates of "+k.name, got, want)
}

// operates changes the role's rows by an operator, and compares with SQL, whose errors are the API's.
func (c *typeCase) operates() bool {
	c.t.Helper()
	k := &sqlKinds[slices.IndexFunc(sqlKinds, func(k sqlKind) bool { return k.name == "document" })]
	v := pick(c.g, k.values)
	op := pick(c.g, []string{"_append", "_prepend", "_delete_key", "_delete_elem", "_delete_at_path", "_inc"})
	var in any = k.input(v)
	var sql string
	switch op {
	case "_append":
		sql = "document || " + k.literal(v)
	case "_prepend":
		sql = k.literal(v) + " || document"
	case "_delete_key":
		in, sql = "a", "document - 'a'"
	case "_delete_elem":
		in, sql = 0, "document - 0"
	case "_delete_at_path":
		in, sql = []string{"b", "2", "c"}, "document #- '{b,2,c}'"
	case "_inc":
		k = &sqlKinds[c.n(5)] // the whole and exact numbers
		v = pick(c.g, []string{"1", "0", "-7", "32767"})
		base, _, _ := strings.Cut(k.sql, "(") // what is added need not fit the column's own scale
		in, sql = json.RawMessage(v), k.name+" + "+literal(v)+"::"+base
	}
	want, err := c.trySQL(fmt.Sprintf("select coalesce(json_agg(json_build_object('id', id, 'v', (%s)::%s) order by id), '[]')::text from thing where owner = 1", sql, k.sql))
	query := fmt.Sprintf("mutation { f: update_thing(where: {}, %s: {%s: $v}) { affected_rows } }", op, k.name)
	query = strings.Replace(query, "mutation", fmt.Sprintf("mutation ($v: thing%s_input!)", op), 1)
	query = strings.Replace(query, fmt.Sprintf("{%s: $v}", k.name), "$v", 1)
	_, raw := c.post("/v1/graphql", show(document{{"query", query}, {"variables", document{{"v", document{{k.name, in}}}}}}), map[string]string{"x-hasura-role": "owner", "x-hasura-user-id": "1"})
	if err != nil {
		if !strings.Contains(string(raw), `"data-exception"`) {
			c.t.Fatalf("%s %s\nanswers %s\nand SQL %v", query, show(in), raw, err)
		}
		return false
	}
	if strings.Contains(string(raw), `"errors"`) {
		c.t.Fatalf("%s %s\nanswers %s\nand SQL %s", query, show(in), raw, want)
	}
	c.same(query, c.ask(fmt.Sprintf("query { f: thing(order_by: {id: asc}) { id v: %s } }", k.name), nil), want)
	return true
}

func (c *typeCase) trySQL(query string) (string, error) {
	rows, err := c.pool.Query(context.Background(), query, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
}

// updates sets a column of the role's rows, and of no other.
func (c *typeCase) updates() {
	c.t.Helper()
	k := c.kind()
	v := pick(c.g, k.values)
	others := "select coalesce(json_agg(t order by id), '[]')::text from thing t where owner = 2"
	before := c.sqlText(others)
	got := c.ask("mutation ($s: thing_set_input) { f: update_thing(where: {}, _set: $s) { affected_rows } }", document{{"s", document{{k.name, k.input(v)}}}})
	want := c.sqlText(fmt.Sprintf("select json_build_object('affected_rows', count(*))::text from thing where owner = 1 and %s::text = (%s)::text", k.name, k.literal(v)))
	c.same("set "+k.name+" to "+v, got, want)
	if after := c.sqlText(others); after != before {
		c.t.Fatalf("somebody else's rows were %s\nand are %s", before, after)
	}
}
