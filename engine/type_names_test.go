package engine_test

import (
	"strings"
	"testing"
)

// Clients declare variables by the names of Hasura's scalars: a function's array is "_int4" and Postgres' own notation, a
// column of a domain is of the domain's base type (Hasura: pg_function_metadata.sql, pg_table_metadata.sql).
func TestQuery_namesOfScalars(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create domain short as text check (length(value) < 4); create domain positive as integer check (value > 0);
		create table peak (id positive primary key, code short, labels text[] not null default '{}');
		insert into peak values (1, 'a', '{x}'), (2, 'b', '{}');
		create function peaks_of(ids integer[], code short default null) returns setof peak language sql stable as 'select * from peak p where p.id = any (ids)';
		create function peaks_like(rows peak[]) returns setof peak language sql stable as 'select (r).* from unnest(rows) r'`)
	s.do("pg_track_table", `{"table":"peak"}`)
	s.do("pg_track_function", `{"function":"peaks_of"}`)
	s.do("pg_track_function", `{"function":"peaks_like"}`)
	s.sql(`create type mood as enum ('low', 'high'); create table diary (id integer primary key, mood mood); insert into diary values (1, 'low'), (2, 'high')`)
	s.do("pg_track_table", `{"table":"diary"}`)
	for body, want := range map[string]string{
		`{"query":"query ($m: mood!) { diary_aggregate(where: {mood: {_lte: $m}}) { aggregate { min { mood } max { mood } } } }","variables":{"m":"high"}}`: `{"min":{"mood":"low"},"max":{"mood":"high"}}`,
		`{"query":"query ($ids: _int4!) { peaks_of(args: {ids: $ids}) { code } }","variables":{"ids":"{2}"}}`:                                               `{"data":{"peaks_of":[{"code":"b"}]}}`,
		`{"query":"query ($ids: _int4, $code: short) { peaks_of(args: {ids: $ids, code: $code}) { id } }","variables":{"ids":"{2,1}","code":"x"}}`:          `{"data":{"peaks_of":[{"id":1},{"id":2}]}}`,
		`{"query":"{ peaks_of(args: {ids: [1]}) { id } }"}`:                                                                                                 `"message":"A string is expected for type: _int4"`,
		`{"query":"query ($p: _peak!) { peaks_like(args: {rows: $p}) { id code labels } }","variables":{"p":"{\"(7,new,\\\"{y}\\\")\"}"}}`:                  `{"data":{"peaks_like":[{"id":7,"code":"new","labels":["y"]}]}}`,
		`{"query":"query ($id: Int!, $code: String!) { peak(where: {id: {_eq: $id}, code: {_like: $code}}) { id } }","variables":{"id":1,"code":"a%"}}`:     `{"data":{"peak":[{"id":1}]}}`,
		`{"query":"query ($codes: [String!]!) { peak(where: {code: {_in: $codes}}) { id } }","variables":{"codes":["b","far too long"]}}`:                   `{"data":{"peak":[{"id":2}]}}`,
		`{"query":"{ peak_aggregate { aggregate { sum { id } max { code } } } }"}`:                                                                          `{"sum":{"id":3},"max":{"code":"b"}}`,
		`{"query":"mutation ($in: peak_insert_input!) { insert_peak_one(object: $in) { id } }","variables":{"in":{"id":3,"code":"long"}}}`:                  `value for domain short violates check constraint`,
	} {
		_, got := post(s.engine, "/v1/graphql", body)
		if got = strings.NewReplacer(`" : `, `":`, `, "`, `,"`).Replace(got); !strings.Contains(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}
