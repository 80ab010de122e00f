package engine

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// FuzzQuery sends any text and variables through the query line up to the database: nothing panics, errors are those a
// client may see, the SQL is such that Postgres can parse it, and nothing of the request is in its text but response keys.
func FuzzQuery(f *testing.F) {
	files, err := filepath.Glob("testdata/query/cases/*.json")
	if err != nil {
		f.Fatal(err)
	}
	line := lineOver(f, schema.Options{InferFunctionPermissions: true, ApolloFederation: true})
	pool, err := line.exec.Pool("default")
	if err != nil {
		f.Fatal(err)
	}
	roles := append([]string{"admin", "stranger"}, line.model.Roles()...)
	slices.Sort(roles)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var cases []*goldenCase
		if err := json.Unmarshal(raw, &cases); err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			role, _ := slices.BinarySearch(roles, c.session().Role)
			f.Add(uint8(role), c.Relay, c.Query, string(c.Variables))
		}
	}
	words := vocabulary(f, line)
	types, err := pool.Query(f.Context(), "select typname::text from pg_type where typnamespace = 'pg_catalog'::regnamespace")
	if err != nil {
		f.Fatal(err)
	}
	names, err := pgx.CollectRows(types, pgx.RowTo[string])
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		words[n] = true
	}
	f.Fuzz(func(t *testing.T, role uint8, relay bool, query, variables string) {
		if len(query)+len(variables) > 10_000 {
			t.Skip()
		}
		req := operation.Request{Query: query}
		if variables != "" && json.Unmarshal([]byte(variables), &req.Variables) != nil {
			t.Skip()
		}
		began := time.Now()
		p, bound, err := through(line, roles[int(role)%len(roles)], relay, req)
		if took := time.Since(began); took > time.Minute {
			t.Fatalf("took %v", took)
		}
		var known *fault.Error
		switch {
		case err != nil && !errors.As(err, &known):
			t.Fatalf("an error of no kind: %v", err)
		case known != nil && known.Code == fault.Unexpected:
			t.Fatalf("unexpected: %v", err)
		case err != nil:
			return
		}
		texts, args := sqlOf(p)
		for _, a := range args {
			_, err := a.Text(nothing{bound})
			if err != nil && !errors.As(err, &known) {
				t.Fatalf("a value of no kind: %v", err)
			}
		}
		written := namesIn(query)
		for _, sql := range texts {
			for _, token := range constants(sql) {
				if !fixedSQL[token] && !words[token] && !written[token] && !generated.MatchString(token) {
					t.Fatalf("%q came into the SQL\n%s", token, sql)
				}
			}
			parses(t, pool, sql)
		}
	})
}

// through is Line.answer without the database.
func through(l *Line, role string, relay bool, req operation.Request) (*program, *operation.Bound, error) {
	op, err := l.parse(req)
	if err != nil {
		return nil, nil, err
	}
	bound, err := op.Bind(req.Variables)
	if err != nil {
		return nil, nil, err
	}
	s := l.model.Role(role, true)
	if relay {
		s = l.model.RelayRole(role, true)
	}
	p, err := l.program(bound, s)
	if err == nil {
		_, err = l.program(bound, s) // as the caches have it
	}
	return p, bound, err
}

// sqlOf are all statements of a program and where their parameters come from.
func sqlOf(p *program) (texts []string, args []translate.Arg) {
	add := func(s *translate.Statement) {
		if s != nil {
			texts, args = append(texts, s.SQL), append(args, s.Args...)
		}
	}
	var walk func(steps []translate.Step)
	walk = func(steps []translate.Step) {
		for _, s := range steps {
			walk(s.Group)
			add(s.Read)
			if s.Write == nil {
				continue
			}
			for _, st := range append(s.Write.Statements, s.Write.Answers...) {
				add(st)
			}
			if in := s.Write.Insert; in != nil {
				add(in.One)
				for _, step := range in.Steps {
					add(step.Statement)
				}
				for _, f := range in.Fields {
					for _, st := range f.Rows {
						add(st)
					}
				}
			}
		}
	}
	walk(p.steps)
	if p.live != nil {
		for _, poll := range p.live.Polls {
			texts, args = append(texts, poll.SQL), append(args, poll.Each...)
		}
	}
	return texts, args
}

// nothing is a session without variables over a request's own.
type nothing struct{ *operation.Bound }

func (n nothing) Variable(v *schema.Variable) json.RawMessage { return n.Raw(v) }
func (nothing) Session(string) (string, bool)                 { return "", false }
func (nothing) SessionJSON() string                           { return "{}" }
func (nothing) Produced(schema.Produced) *string              { return nil }

var _ translate.Values = nothing{}

// vocabulary is every word of the fixture, of its metadata and of the schemas made from them.
func vocabulary(f *testing.F, line *Line) map[string]bool {
	words := map[string]bool{}
	for _, file := range []string{"testdata/query/fixture.sql", "testdata/query/metadata.json"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, w := range regexp.MustCompile(`\w+|"[\w ]+"`).FindAllString(string(raw), -1) {
			words[strings.Trim(w, `"`)] = true
		}
	}
	for _, relay := range []bool{false, true} {
		for _, role := range []string{"admin"} {
			s := line.model.Role(role, true)
			if relay {
				s = line.model.RelayRole(role, true)
			}
			body, err := line.exec.Run(context.Background(), operation.Query, introspectNames(f, line, s), execute.Request{Schema: s})
			if err != nil {
				f.Fatal(err)
			}
			for _, w := range regexp.MustCompile(`\w+`).FindAllString(string(body), -1) {
				words[w] = true
			}
		}
	}
	return words
}

func introspectNames(f *testing.F, line *Line, s *schema.Schema) []translate.Step {
	op, err := line.parse(operation.Request{Query: `{ __schema { types { name fields { name } } } }`})
	if err != nil {
		f.Fatal(err)
	}
	bound, err := op.Bind(nil)
	if err != nil {
		f.Fatal(err)
	}
	p, err := line.program(bound, s)
	if err != nil {
		f.Fatal(err)
	}
	return p.steps
}

// fixedSQL are the constants that statements are made with, whatever the request.
var fixedSQL = map[string]bool{
	"[]": true, "UTF8": true, "base64": true, "\n": true, "": true, "{%": true, translate.CheckFailed + " ": true,
	"0": true, "1": true, "4": true, "15": true,
	"2": true, // the fixture's only limit of a role
}

// generated are aliases that translate numbers itself.
var generated = regexp.MustCompile(`^([a-z]|value|result)[0-9]+_*$|^(check|excluded|xmax|ctid|pg_catalog|w|t|subscriber|number)_*$|^row \w+$`)

var graphqlString = regexp.MustCompile(`"""(?s:.*?)"""|"(?:\\.|[^"\\])*"|#[^\n\r]*`)

// namesIn are the names of a document, strings and comments left out.
func namesIn(query string) map[string]bool {
	names := map[string]bool{}
	for _, n := range regexp.MustCompile(`[_A-Za-z]\w*`).FindAllString(graphqlString.ReplaceAllString(query, " "), -1) {
		names[n] = true
	}
	return names
}

// constants are the quoted identifiers, string constants and numbers of SQL text, parameters left out.
func constants(sql string) []string {
	var out []string
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == '"' || c == '\'':
			escapes := c == '\'' && i > 0 && sql[i-1] == 'E'
			var b strings.Builder
			for i++; i < len(sql); i++ {
				if escapes && sql[i] == '\\' {
					i++
				} else if sql[i] == c {
					if i+1 >= len(sql) || sql[i+1] != c {
						break
					}
					i++
				}
				b.WriteByte(sql[i])
			}
			i++
			out = append(out, b.String())
		case c == '$' || c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z':
			for i++; i < len(sql) && (sql[i] == '_' || sql[i] >= '0' && sql[i] <= '9' || sql[i]|0x20 >= 'a' && sql[i]|0x20 <= 'z'); i++ {
			}
		case c >= '0' && c <= '9':
			start := i
			for ; i < len(sql) && (sql[i] == '.' || sql[i] >= '0' && sql[i] <= '9'); i++ {
			}
			out = append(out, sql[start:i])
		default:
			i++
		}
	}
	return out
}

// parses has Postgres parse a statement. What only its types forbid (an operator that a type lacks) is Hasura's own
// answer too, and resources are no matter of the text.
func parses(t *testing.T, pool *pgxpool.Pool, sql string) {
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().Prepare(t.Context(), "", sql, nil)
	var pg *pgconn.PgError
	if err == nil || errors.As(err, &pg) && (pg.Code == "42883" || strings.HasPrefix(pg.Code, "54")) {
		return
	}
	t.Fatalf("Postgres cannot parse it: %v\n%s", err, sql)
}
