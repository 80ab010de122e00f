package engine

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/engine/validation"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want")

// lineOver makes a query line over a database built by the fixture.
func lineOver(t testing.TB, o schema.Options) *Line {
	t.Helper()
	return lineWith(t, o, unchanged)
}

// lineWith is lineOver with changed metadata.
func lineWith(t testing.TB, o schema.Options, edit func(*metadata.Metadata)) *Line {
	t.Helper()
	return fixtureLine(t, "query", o, edit)
}

func unchanged(*metadata.Metadata) {}

// fixtureLine makes a query line over the database and metadata of a folder of testdata, edited.
func fixtureLine(t testing.TB, folder string, o schema.Options, edit func(*metadata.Metadata)) *Line {
	t.Helper()
	folder = filepath.Join("testdata", folder)
	url := testpg.Clone(t, "engine_"+filepath.Base(folder), func(ctx context.Context, url string) error {
		sql, err := os.ReadFile(filepath.Join(folder, "fixture.sql"))
		if err != nil {
			return err
		}
		pool, err := postgres.Open(ctx, postgres.Config{URL: url})
		if err != nil {
			return err
		}
		defer pool.Close()
		_, err = pool.Exec(ctx, string(sql))
		return err
	})
	raw, err := os.ReadFile(filepath.Join(folder, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.Decode(raw, "$", true)
	if err != nil {
		t.Fatal(err)
	}
	edit(meta)
	return lineAt(t, o, url, meta)
}

func (c *Config) openSource(ctx context.Context, s *metadata.Source) (*source, error) {
	conns, err := c.connections(s)
	if err != nil {
		return nil, err
	}
	return c.open(ctx, s.Name, conns)
}

// lineAt makes a query line over a database.
func lineAt(t testing.TB, o schema.Options, url string, meta *metadata.Metadata) *Line {
	t.Helper()
	ctx := t.Context()
	var config Config
	open, err := config.openSource(ctx, &metadata.Source{
		Name: "default", Configuration: metadata.SourceConfiguration{ConnectionInfo: metadata.ConnectionInfo{URL: url}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(open.close)
	exec := execute.Over(map[string]execute.Database{"default": {Pool: open.pool, Multiplexer: open.database.Multiplexer}})
	cat, err := catalog.Load(ctx, open.pool)
	if err != nil {
		t.Fatal(err)
	}
	model := schema.Build(schema.Input{
		Metadata: meta, Catalogs: map[string]*catalog.Catalog{"default": cat}, Options: o,
		EnumValues: map[string]map[catalog.Name][]schema.EnumValue{"default": {{Schema: "public", Name: "genre"}: {
			{Name: "novel", Description: "long"}, {Name: "essay", Description: "short"}, {Name: "poem"},
		}}},
	})
	for _, i := range model.Inconsistencies() {
		t.Errorf("inconsistent: %s: %s", i.Name, i.Reason)
	}
	return NewLine(model, exec, validation.New(nil))
}

// goldenCase is one request of a file of golden cases, which run in order over one fresh database.
type goldenCase struct {
	// About says what the file's cases are about.
	About string `json:"about,omitempty"`
	// NamingConvention and Customization are the source's; only the first request's count.
	NamingConvention string          `json:"naming_convention,omitempty"`
	Customization    json.RawMessage `json:"customization,omitempty"`

	Session map[string]string `json:"session,omitempty"`
	Backend bool              `json:"backend,omitempty"`
	// Federation turns --enable-apollo-federation on; only the first request's counts.
	Federation bool `json:"federation,omitempty"`
	// Relay asks the Relay endpoint's schema.
	Relay bool `json:"relay,omitempty"`
	// Stringify turns --stringify-numeric-types on; only the first request's counts.
	Stringify bool            `json:"stringify,omitempty"`
	Query     string          `json:"query"`
	Variables json.RawMessage `json:"variables,omitempty"`
	SQL       []string        `json:"sql,omitempty"`
	Want      json.RawMessage `json:"want"`
}

func TestQuery(t *testing.T) {
	t.Parallel()
	testFiles(t, "testdata/query/cases/*.json", func(t *testing.T, first *goldenCase) *Line {
		return lineOver(t, schema.Options{InferFunctionPermissions: true, StringifyNumericTypes: first.Stringify, ApolloFederation: first.Federation})
	})
}

// testFiles runs the cases of every file, each over a line of its own, made for the file's first case.
func testFiles(t *testing.T, pattern string, over func(*testing.T, *goldenCase) *Line) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		for name, strategy := range strategies {
			if *update && strategy != translate.FromRows {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+name, func(t *testing.T) {
				t.Parallel()
				testCases(t, file, strategy, over)
			})
		}
	}
}

// strategies are who may write the JSON, by the ends of the tests' names. Every case is run under each, on a database of
// its own: the answers are the same.
var strategies = map[string]translate.Strategy{"": translate.FromRows, "/from_postgres": translate.FromPostgres}

func testCases(t *testing.T, file string, strategy translate.Strategy, over func(*testing.T, *goldenCase) *Line) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*goldenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	line := over(t, cases[0])
	line.strategy = strategy
	for i, c := range cases {
		got := ask(t, line, c)
		if *update {
			c.Want = got
			if len(c.SQL) > 0 {
				c.SQL = statements(t, line, c)
			}
			continue
		}
		if g, w := compact(got), compact(c.Want); g != w {
			t.Errorf("request %d: %s\n got %s\nwant %s", i, c.Query, g, w)
		}
		if len(c.SQL) > 0 && strategy == translate.FromRows {
			if g, w := strings.Join(statements(t, line, c), "\n"), strings.Join(c.SQL, "\n"); g != w {
				t.Errorf("request %d: SQL\n got %s\nwant %s", i, g, w)
			}
		}
	}
	if *update {
		out, err := marshal(cases)
		if err == nil {
			err = os.WriteFile(file, out, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func marshal(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return []byte(b.String()), err
}

func (c *goldenCase) session() *session.Session {
	s := &session.Session{Role: session.Admin, Variables: map[string]string{}, BackendOnly: c.Backend}
	for k, v := range c.Session {
		s.Variables[strings.ToLower(k)] = v
		if strings.EqualFold(k, "x-hasura-role") {
			s.Role = v
		}
	}
	s.Variables["x-hasura-role"] = s.Role
	return s
}

func (c *goldenCase) request() operation.Request {
	req := operation.Request{Query: c.Query}
	if len(c.Variables) > 0 {
		_ = json.Unmarshal(c.Variables, &req.Variables)
	}
	return req
}

// ask runs a case twice when it only reads, so that what the caches give is compared too.
func ask(t *testing.T, line *Line, c *goldenCase) json.RawMessage {
	t.Helper()
	times := 2
	if strings.HasPrefix(strings.TrimSpace(c.Query), "mutation") {
		times = 1
	}
	var body []byte
	for range times {
		var err error
		if c.Relay {
			body, err = line.Relay(t.Context(), c.session(), c.request())
		} else {
			body, err = line.Query(t.Context(), c.session(), c.request())
		}
		var known *fault.Error
		if errors.As(err, &known) {
			body, err = json.Marshal(map[string]any{"error": known.Message, "code": known.Code, "path": known.Path})
			if known.Code == fault.Unexpected {
				t.Errorf("%s: %v %v", c.Query, known, known.Internal)
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", c.Query, err)
		}
	}
	return body
}

func statements(t *testing.T, line *Line, c *goldenCase) []string {
	t.Helper()
	op, err := line.parse(c.request())
	if err != nil {
		t.Fatal(err)
	}
	bound, err := op.Bind(c.request().Variables)
	if err != nil {
		t.Fatal(err)
	}
	role := line.model.Role(c.session().Role, c.Backend)
	if c.Relay {
		role = line.model.RelayRole(c.session().Role, c.Backend)
	}
	p, err := line.program(bound, role)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	add := func(list ...*translate.Statement) {
		for _, s := range list {
			if s != nil {
				out = append(out, s.SQL)
			}
		}
	}
	var addJoins func(translate.Joins)
	addJoins = func(joins translate.Joins) {
		for _, at := range joins {
			addJoins(at.Inside)
			if at.Join != nil {
				add(at.Join.Read)
				addJoins(at.Join.Joins)
			}
		}
	}
	for _, s := range p.steps {
		add(s.Read)
		if s.Write == nil {
			continue
		}
		add(s.Write.Statements...)
		add(s.Write.Answers...)
		for _, program := range append(s.Write.Programs, s.Write.Insert) {
			if program == nil {
				continue
			}
			for _, step := range program.Steps {
				add(step.Statement)
			}
			add(program.One)
			for _, f := range program.Fields {
				add(f.List)
				add(f.Rows...)
			}
		}
	}
	for _, s := range p.steps {
		addJoins(s.Joins)
	}
	return out
}

func compact(raw json.RawMessage) string {
	var b strings.Builder
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var keep json.RawMessage
	if d.Decode(&keep) != nil {
		return string(raw)
	}
	c, err := json.Marshal(keep) // keeps key order, drops white space
	if err != nil {
		return string(raw)
	}
	b.Write(c)
	return b.String()
}

// The query GraphQL clients send (graphql-js' getIntrospectionQuery) gives a schema in which every type that is named
// is described, for every role, and nothing is empty.
func TestQuery_introspectionIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/query/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	line := lineOver(t, schema.Options{InferFunctionPermissions: true})
	roles := append(line.model.Roles(), session.Admin, "stranger")
	for i, role := range append(roles, roles...) {
		body := ask(t, line, &goldenCase{Relay: i >= len(roles), Query: string(text), Session: map[string]string{"x-hasura-role": role}})
		if dir := os.Getenv("INTROSPECTION_DIR"); dir != "" { // for a look with other tools
			if err := os.WriteFile(filepath.Join(dir, role+".json"), body, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var answer struct {
			Data struct {
				Schema struct {
					Types []struct {
						Name, Kind                      string
						Fields, InputFields, EnumValues []json.RawMessage
					}
				} `json:"__schema"`
			}
		}
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Data.Schema.Types) == 0 {
			t.Fatalf("%s: %v %.300s", role, err, body)
		}
		known := map[string]bool{}
		for _, typ := range answer.Data.Schema.Types {
			known[typ.Name] = true
			if typ.Kind != "SCALAR" && len(typ.Fields)+len(typ.InputFields)+len(typ.EnumValues) == 0 {
				t.Errorf("%s: type %s is empty", role, typ.Name)
			}
		}
		for _, name := range namedIn(body) {
			if !known[name] {
				t.Errorf("%s: type %s is used and not described", role, name)
			}
		}
	}
}

// namedIn finds the names of all type references.
func namedIn(body []byte) []string {
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if _, isRef := v["ofType"]; isRef && v["name"] != nil {
				out = append(out, v["name"].(string))
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		walk(v)
	}
	return out
}

// A trigger sees who is writing, whether the write stands alone or shares a transaction, and a failed write of several
// leaves nothing; afterwards the connection does not remember the user.
func TestQuery_writesTellTriggersWhoWrites(t *testing.T) {
	t.Parallel()
	line := lineOver(t, schema.Options{})
	pool, err := line.exec.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(), `
		create table seen (at serial, who text);
		create function note() returns trigger language plpgsql as
		  $$ begin insert into seen (who) values (current_setting('hasura.user', true)::json ->> 'x-hasura-user-id'); return new; end $$;
		create trigger note after insert on author for each row execute function note();
		create constraint trigger late after insert on tag deferrable initially deferred for each row execute function note();
		alter table tag add constraint unique_label unique (label) deferrable initially deferred`)
	if err != nil {
		t.Fatal(err)
	}
	as := func(user, query string) string {
		return string(ask(t, line, &goldenCase{Query: query, Session: map[string]string{"x-hasura-user-id": user}}))
	}
	as("7", `mutation { insert_author_one(object: {name: "alone"}) { id } }`)
	as("8", `mutation { a: insert_author_one(object: {name: "one"}) { id } b: insert_author_one(object: {name: "two"}) { id } }`)
	as("9", `mutation { a: insert_author_one(object: {name: "three"}) { id } b: insert_author_one(object: {name: "Ada"}) { id } }`)
	as("10", `mutation { insert_author_one(object: {name: "Ada"}) { id } }`)
	if got := as("11", `mutation { insert_tag(objects: [{article_id: 1, label: "nature"}]) { affected_rows } }`); !strings.Contains(got, "Uniqueness violation") {
		t.Errorf("a deferred constraint did not refuse: %s", got)
	}
	var got string
	err = pool.QueryRow(t.Context(), `select string_agg(who, ',' order by at) || ';' || coalesce(current_setting('hasura.user', true), '') from seen`).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	if want := "7,8,8;"; got != want {
		t.Errorf("triggers saw %q, want %q", got, want)
	}
}

func BenchmarkQuery(b *testing.B) {
	line := lineOver(b, schema.Options{})
	for _, c := range []*goldenCase{
		{Query: `query ($id: Int!) { author_by_pk(id: $id) { id name } }`, Variables: json.RawMessage(`{"id": 1}`)},
		{Query: `query ($w: author_bool_exp) { author(where: $w, order_by: {id: asc}) { id name articles { id title } } }`, Variables: json.RawMessage(`{"w": {"id": {"_gt": 0}}}`)},
	} {
		s, req := c.session(), c.request()
		b.Run(strings.Fields(c.Query)[4], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := line.Query(b.Context(), s, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Several root fields see one state of the database, a failing one fails the request, and the connection stays in use.
func TestQuery_rootFieldsShareASnapshot(t *testing.T) {
	t.Parallel()
	line := lineOver(t, schema.Options{})
	pool, err := line.exec.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if _, err := pool.Exec(t.Context(), `insert into "Order Line" values ((random() * 1e9)::int, 'x') on conflict do nothing`); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	c := &goldenCase{Query: `{ a: order_line_aggregate { aggregate { count } } b: order_line_aggregate { aggregate { count } } }`}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		body, err := line.Query(t.Context(), c.session(), c.request())
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Data struct{ A, B json.RawMessage }
		}
		if err := json.Unmarshal(body, &answer); err != nil || string(answer.Data.A) != string(answer.Data.B) {
			t.Fatalf("two counts in one request differ: %s %v", body, err)
		}
	}
	before := pool.Stat().NewConnsCount()
	bad := &goldenCase{Query: `{ author(where: {born: {_eq: "nonsense"}}) { id } b: author { id } }`}
	for range 20 {
		if _, err := line.Query(t.Context(), bad.session(), bad.request()); err == nil || !strings.Contains(err.Error(), "data-exception") {
			t.Fatalf("got %v, want a data exception", err)
		}
	}
	if after := pool.Stat().NewConnsCount(); after > before+2 {
		t.Errorf("failing requests cost %d connections", after-before)
	}
}
