package pgsql_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/pgsql"
	"gatehouse/internal/testpg"
)

// FuzzPrint: Postgres reads an identifier and a text constant back as what they were, whatever their bytes and whatever
// standard_conforming_strings says; zero bytes, which neither can hold, are left out.
func FuzzPrint(f *testing.F) {
	for _, s := range []string{"", "a", `"`, `""`, `a"b`, "'", "''", `\`, `\'`, `'\`, "a\x00b", "\x00", "$1", "$$", "--", "/*", "é\u202e", "\n\r\t", "select", "\xff", "E'", `U&"`, strings.Repeat("x", 63), strings.Repeat("é", 40), "Ⱥ", "{}", `"; drop table x; --`} {
		f.Add(s)
	}
	pool := testpg.Pool(f, testpg.Database(f))
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ReplaceAll(s, "\x00", "")
		name := want
		if want == "" {
			name = "x" // an empty identifier is no SQL
		}
		text, args := pgsql.Print(&pgsql.Select{Output: []pgsql.Output{
			{Expr: pgsql.Cast{Expr: pgsql.Text(s), Type: pgsql.Type{Name: pgsql.Name{Name: "text"}}}, As: pgsql.Ident(name)},
			{Expr: pgsql.Int(7), As: "end"},
		}})
		if len(args) > 0 {
			t.Fatalf("%q became a parameter", s)
		}
		for _, conforming := range []string{"on", "off"} {
			conn, err := pool.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			if _, err := conn.Exec(t.Context(), "set standard_conforming_strings = "+conforming); err != nil {
				t.Fatal(err)
			}
			rows, err := conn.Query(t.Context(), text, pgx.QueryExecModeExec)
			var got string
			var end int
			var column string
			if err == nil {
				if rows.Next() {
					column = rows.FieldDescriptions()[0].Name
					err = rows.Scan(&got, &end)
				}
				rows.Close()
				err = errors.Join(err, rows.Err())
			}
			var pg *pgconn.PgError
			switch {
			case errors.As(err, &pg) && pg.Code == "22021" && !utf8.ValidString(s): // Postgres takes no broken text
			case err != nil:
				t.Fatalf("%q: %v\n%s", s, err, text)
			case got != want || end != 7:
				t.Fatalf("%q is read as %q", s, got)
			case column != name && !(len(name) > 63 && strings.HasPrefix(name, column)):
				t.Fatalf("the name %q is read as %q", name, column)
			}
		}
	})
}
