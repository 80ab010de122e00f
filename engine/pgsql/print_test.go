package pgsql_test

import (
	"testing"

	"gatehouse/engine/pgsql"
)

func TestPrint_namesAndConstantsCannotEndEarly(t *testing.T) {
	t.Parallel()
	evil := `a"; drop table x; --'\`
	got, args := pgsql.Print(&pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Text(evil), As: pgsql.Ident(evil)}, {Expr: pgsql.Column{Table: pgsql.Ident(evil), Name: "b\x00c"}}},
		From:   pgsql.Table{Name: pgsql.Name{Schema: pgsql.Ident(evil), Name: "T t"}},
	})
	name := `"a""; drop table x; --'\"`
	want := `select E'a"; drop table x; --''\\' as ` + name + `, ` + name + `."bc" from ` + name + `."T t"`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(args) != 0 {
		t.Errorf("%d parameters, want none", len(args))
	}
}

func TestPrint_equalParametersAreOne(t *testing.T) {
	t.Parallel()
	integer := pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: "int4"}}
	text := pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: "text"}}
	got, args := pgsql.Print(&pgsql.Select{Output: []pgsql.Output{
		{Expr: pgsql.Param{Arg: "a", Type: integer}},
		{Expr: pgsql.Param{Arg: "b", Type: integer}},
		{Expr: pgsql.Param{Arg: "a", Type: integer}},
		{Expr: pgsql.Param{Arg: "a", Type: text}},
	}})
	want := `select $1::"pg_catalog"."int4", $2::"pg_catalog"."int4", $1::"pg_catalog"."int4", $3::"pg_catalog"."text"`
	if got != want || len(args) != 3 || args[0] != "a" || args[1] != "b" || args[2] != "a" {
		t.Errorf("got  %s %v\nwant %s", got, args, want)
	}
}

func TestPrint_emptyJunctionsAreTrueAndFalse(t *testing.T) {
	t.Parallel()
	got, _ := pgsql.Print(&pgsql.Select{Output: []pgsql.Output{{Expr: pgsql.And{}}, {Expr: pgsql.Or{}}}, Where: pgsql.And{}})
	if want := "select true, false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkPrint(b *testing.B) {
	integer := pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: "int4"}}
	s := &pgsql.Select{From: pgsql.Table{Name: pgsql.Name{Schema: "public", Name: "article"}, As: "t"}, Limit: pgsql.Int(10)}
	where := pgsql.And{}
	for _, name := range []pgsql.Ident{"id", "title", "author_id", "created_at", "views", "score"} {
		column := pgsql.Column{Table: "t", Name: name}
		s.Output = append(s.Output, pgsql.Output{Expr: column, As: name})
		where = append(where, pgsql.Binary{Left: column, Op: "=", Right: pgsql.Param{Arg: name, Type: integer}})
	}
	s.Where = where
	b.ReportAllocs()
	for b.Loop() {
		pgsql.Print(s)
	}
}
