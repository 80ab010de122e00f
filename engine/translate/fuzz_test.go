package translate_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
	"gatehouse/internal/testpg"
)

// given is a session with one variable.
type given string

func (given) Variable(*schema.Variable) json.RawMessage { return nil }
func (g given) Session(string) (string, bool)           { return string(g), true }
func (given) SessionJSON() string                       { return "{}" }
func (given) Produced(schema.Produced) *string          { return nil }

func literal(t *testing.T, v any) *schema.Literal {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return &schema.Literal{JSON: raw}
}

// FuzzPattern: a pattern that is let through fails on no text, so that an error cannot tell on which rows it was tried.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{`a\`, `\\`, `%\_\%`, `(`, `a{2,1}`, `[z-a]`, `a**`, `%#"a#"%`, `#"`, `\\\`, ``, `[[:alpha:]`, `(?i)a`, `\y\m`, `a|*`, `***:x`, `(?q)(`} {
		f.Add(seed, `a\b`)
	}
	pool := testpg.Pool(f, testpg.Database(f))
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(subject) || strings.Contains(subject, "\x00") || len(pattern) > 200 {
			t.Skip()
		}
		for tried, operators := range map[pgsql.Operator][]string{
			"like": {"like", "not like", "ilike", "not ilike"}, "similar to": {"similar to", "not similar to"}, "~": {"~", "~*", "!~", "!~*"},
		} {
			a := translate.Arg{Value: literal(t, pattern), Pattern: tried}
			text, err := a.Text(given(""))
			if err != nil {
				continue
			}
			if a.NeedsTry() {
				if _, err := pool.Exec(t.Context(), a.Try(), *text); err != nil {
					continue
				}
			}
			for _, op := range operators {
				for _, s := range []string{subject, pattern, "a", `\`, "ab%_"} {
					if _, err := pool.Exec(t.Context(), "select $1::text "+op+" $2::text", s, *text); err != nil {
						t.Fatalf("%q %s %q: %v", s, op, pattern, err)
					}
				}
			}
		}
	})
}

// FuzzList: Postgres reads a list of texts back as what it was.
func FuzzList(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {`a,b`, `{}`}, {`"`, `\`}, {"NULL", "null"}, {" a ", "\n"}, {`{"a"}`, `\"`}, {"é", "'"}} {
		f.Add(seed[0], seed[1])
	}
	pool := testpg.Pool(f, testpg.Database(f))
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip()
		}
		want := []string{a, b, a + b}
		arg := translate.Arg{Value: literal(t, want), Encoding: translate.PlainList}
		text, err := arg.Text(given(""))
		if strings.Contains(a+b, "\x00") {
			if err == nil {
				t.Fatal("a zero byte went through")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectExactlyOneRow(must(pool.Query(t.Context(), "select $1::text[]", *text)), pgx.RowTo[[]string])
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q is read as %q: %v", want, got, err)
		}
		fromSession, err := translate.Arg{Value: schema.SessionVariable{Name: "x"}, Encoding: translate.PlainList}.Text(given(arg.Value.(*schema.Literal).JSON))
		if err != nil || *fromSession != *text {
			t.Fatalf("as a session variable %q: %v", *text, err)
		}
	})
}

func must(rows pgx.Rows, err error) pgx.Rows {
	if err != nil {
		panic(err)
	}
	return rows
}

// FuzzText: any JSON in any encoding is a text without zero bytes, or an error that a client may see.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		`null`, `1e400`, `"a"`, `[]`, `[[1,null],[]]`, `{"type":"Point","coordinates":[1,2]}`, `{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[0,0]]]}`,
		`{"type":"GeometryCollection","geometries":[{"type":"LineString","coordinates":[[1]]}]}`, `"$.a[0]['b c']"`, `"$['"`, `"a..b"`, `"00ff"`, `"\u0000"`, `"{\"type\":1}"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			t.Skip()
		}
		for e := translate.Plain; e <= translate.JSONPath; e++ {
			for _, v := range []schema.Value{&schema.Literal{JSON: json.RawMessage(raw)}, schema.SessionVariable{Name: "x"}} {
				text, err := translate.Arg{Value: v, Encoding: e, Path: "$"}.Text(given(raw))
				var known *fault.Error
				switch {
				case err != nil && !errors.As(err, &known):
					t.Fatalf("encoding %d of %s: %v", e, raw, err)
				case text != nil && strings.Contains(*text, "\x00"):
					t.Fatalf("encoding %d of %s has a zero byte", e, raw)
				}
			}
		}
	})
}
