package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Tables of every kind are served with the operations they have.
func TestTables_ofEveryKind(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
		create table measure (at date not null, place text not null, value float8, primary key (at, place)) partition by range (at);
		create table measure_2023 partition of measure for values from ('2023-01-01') to ('2024-01-01');
		create table measure_2024 partition of measure for values from ('2024-01-01') to ('2025-01-01');
		insert into measure values ('2023-05-01', 'here', 1), ('2024-05-01', 'here', 2), ('2024-06-01', 'there', 3);
		create materialized view total as select place, sum(value) as value from measure group by place;
		create view simple as select at, place, value from measure where value > 1;
		create view grouped as select place, count(*) as n from measure group by place;
		create extension postgres_fdw;
		` + loopback(t, s.dataURL) + `
		create foreign table distant (at date not null, place text not null, value float8) server self options (table_name 'measure')`)
	for _, table := range []string{"measure", "total", "simple", "grouped", "distant"} {
		s.do("pg_track_table", `{"table":"`+table+`"}`)
	}
	for _, c := range []struct{ query, want string }{
		{`mutation { insert_total(objects: []) { affected_rows } }`, `field 'insert_total' not found in type: 'mutation_root'`},
		{`mutation { delete_grouped(where: {}) { affected_rows } }`, `field 'delete_grouped' not found in type: 'mutation_root'`},
		{`{ total_by_pk(place: "here") { value } }`, `field 'total_by_pk' not found in type: 'query_root'`},
		{`{ distant_by_pk(place: "here") { value } }`, `field 'distant_by_pk' not found in type: 'query_root'`},
	} {
		s.refused(c.query, c.want)
	}
	for _, c := range []struct{ query, want string }{
		{`{ measure(order_by: {at: asc}) { at place value } }`, `{"measure":[{"at":"2023-05-01","place":"here","value":1},{"at":"2024-05-01","place":"here","value":2},{"at":"2024-06-01","place":"there","value":3}]}`},
		{`{ measure_by_pk(at: "2024-06-01", place: "there") { value } }`, `{"measure_by_pk":{"value":3}}`},
		{`mutation { insert_measure_one(object: {at: "2024-07-01", place: "new", value: 5}, on_conflict: {constraint: measure_pkey, update_columns: [value]}) { value } }`, `{"insert_measure_one":{"value":5}}`},
		{`mutation { update_measure(where: {place: {_eq: "new"}}, _inc: {value: 1}) { affected_rows returning { value } } }`, `{"update_measure":{"affected_rows":1,"returning":[{"value":6}]}}`},
		{`{ total(order_by: {place: asc}) { place value } total_aggregate { aggregate { sum { value } } } }`, `{"total":[{"place":"here","value":3},{"place":"there","value":3}],"total_aggregate":{"aggregate":{"sum":{"value":6}}}}`},
		{`mutation { update_simple(where: {place: {_eq: "new"}}, _set: {value: 7}) { returning { value } } }`, `{"update_simple":{"returning":[{"value":7}]}}`},
		{`{ grouped(where: {place: {_eq: "here"}}) { n } }`, `{"grouped":[{"n":2}]}`},
		{`{ distant(where: {value: {_gt: 2}}, order_by: {value: asc}) { place } }`, `{"distant":[{"place":"there"},{"place":"new"}]}`},
		{`mutation { insert_distant_one(object: {at: "2023-02-02", place: "far", value: 9}) { place } }`, `{"insert_distant_one":{"place":"far"}}`},
		{`mutation { delete_distant(where: {place: {_eq: "far"}}) { affected_rows } }`, `{"delete_distant":{"affected_rows":1}}`},
	} {
		s.answers(c.query, c.want)
	}
}

// Functions that cannot be served are refused when they are tracked, with the reason.
func TestFunctions_thatCannotBeTracked(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
		create table thing (id integer primary key, label text);
		insert into thing values (1, 'one'), (2, 'two');
		create function many(variadic ids integer[]) returns setof thing language sql stable as 'select * from thing where id = any(ids)';
		create function out_args(in a integer, out b integer, out c integer) language sql stable as 'select 1, 2';
		create function scalar() returns integer language sql stable as 'select 1';
		create function twice(a integer) returns setof thing language sql stable as 'select * from thing';
		create function twice(a text) returns setof thing language sql stable as 'select * from thing';
		create function changing() returns setof thing language sql volatile as 'select * from thing';
		create function steady() returns setof thing language sql stable as 'select * from thing';
		create function unnamed(integer, text) returns setof thing language sql stable as 'select * from thing where id = $1 or label = $2';
		create function "my Fn"(a integer) returns setof thing language sql stable as 'select * from thing'`)
	s.do("pg_track_table", `{"table":"thing"}`)
	for _, f := range []string{
		`{"function":"many"}`, `{"function":"out_args"}`, `{"function":"scalar"}`, `{"function":"twice"}`, `{"function":"my Fn"}`, `{"function":"nowhere"}`,
		`{"function":"steady","configuration":{"exposed_as":"mutation"}}`, `{"function":"steady","configuration":{"session_argument":"nope"}}`,
	} {
		if status, body := post(s.engine, "/v1/metadata", `{"type":"pg_track_function","args":`+f+`}`); status != 400 {
			t.Errorf("%s: %d %s", f, status, body)
		}
	}
	s.do("pg_track_function", `{"function":"changing","configuration":{"exposed_as":"mutation"}}`)
	s.do("pg_track_function", `{"function":"unnamed"}`)
	s.refused(`{ changing { id } }`, `field 'changing' not found in type: 'query_root'`)
	s.answers(`mutation { changing(where: {id: {_eq: 2}}) { label } }`, `{"changing":[{"label":"two"}]}`)
	s.answers(`{ unnamed(args: {arg_1: 1, arg_2: "two"}, order_by: {id: desc}) { id } }`, `{"unnamed":[{"id":2},{"id":1}]}`)
	s.refused(`{ unnamed(args: {arg_1: 1}) { id } }`, `Non default arguments cannot be omitted`)
}

// Values of an enum table are read with the schema, and a type of Postgres' own is a scalar.
func TestEnums_followTheTable(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`
		create table colour (name text primary key, comment text);
		insert into colour values ('red', 'warm'), ('blue', null);
		create type size as enum ('small', 'large');
		create table item (id integer primary key, colour text references colour, size size);
		insert into item values (1, 'red', 'small')`)
	s.do("pg_track_table", `{"table":"colour"}`)
	s.do("pg_track_table", `{"table":"item"}`)
	s.do("pg_set_table_is_enum", `{"table":"colour","is_enum":true}`)
	s.refused(`{ item(where: {colour: {_eq: green}}) { id } }`, `expected one of the values ['blue', 'red'] for type 'colour_enum', but found 'green'`)
	s.refused(`{ item(where: {colour: {_gt: red}}) { id } }`, `field '_gt' not found in type: 'colour_enum_comparison_exp'`)
	s.refused(`{ item(where: {size: {_eq: "huge"}}) { id } }`, `invalid input value for enum size: "huge"`)
	s.answers(`{ item(where: {colour: {_in: [red]}, size: {_eq: "small"}}) { id colour size } }`, `{"item":[{"id":1,"colour":"red","size":"small"}]}`)
	s.answers(`mutation { insert_item_one(object: {id: 2, colour: blue, size: "large"}) { colour } }`, `{"insert_item_one":{"colour":"blue"}}`)
	s.answers(`mutation { insert_colour_one(object: {name: "green"}) { name } }`, `{"insert_colour_one":{"name":"green"}}`)
	s.want(200, `{"message":"success","is_consistent":true}`, "reload_metadata", `{"reload_sources":true}`)
	s.answers(`mutation { insert_item_one(object: {id: 3, colour: green}) { colour } }`, `{"insert_item_one":{"colour":"green"}}`)
	s.answers(`mutation ($c: colour_enum) { update_item_by_pk(pk_columns: {id: 3}, _set: {colour: $c}) { colour } }`, `{"update_item_by_pk":{"colour":null}}`)
}

func (s *server) answers(query, want string) {
	s.Helper()
	var compact bytes.Buffer
	body := s.graphQL(query)
	if err := json.Compact(&compact, []byte(body)); err != nil || compact.String() != `{"data":`+want+`}` {
		s.Errorf("%s\n got %s\nwant %s", query, body, want)
	}
}

func (s *server) refused(query, message string) {
	s.Helper()
	var answer struct{ Errors []struct{ Message string } }
	body := s.graphQL(query)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Errors) != 1 || answer.Errors[0].Message != message {
		s.Errorf("%s\n got %s\nwant %s", query, body, message)
	}
}

func (s *server) graphQL(query string) string {
	s.Helper()
	request, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		s.Fatal(err)
	}
	_, body := post(s.engine, "/v1/graphql", string(request))
	return body
}

// loopback is SQL that makes the server "self", the database itself seen as a foreign one.
func loopback(t *testing.T, url string) string {
	t.Helper()
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	to := c.ConnConfig
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return fmt.Sprintf(`create server self foreign data wrapper postgres_fdw options (dbname %s, host %s, port '%d');
		create user mapping for public server self options (user %s, password %s);`, quoted(to.Database), quoted(to.Host), to.Port, quoted(to.User), quoted(to.Password))
}
