package engine

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// fails asks for something and gives the error's code and message.
func fails(t *testing.T, line *Line, c *goldenCase) string {
	t.Helper()
	body, err := line.Query(t.Context(), c.session(), c.request())
	var known *fault.Error
	if !errors.As(err, &known) {
		t.Fatalf("%s: got %s, %v", c.Query, body, err)
	}
	return known.Code + " at " + known.Path + ": " + known.Message
}

func answers(t *testing.T, line *Line, c *goldenCase) string {
	t.Helper()
	body, err := line.Query(t.Context(), c.session(), c.request())
	if err != nil {
		t.Fatalf("%s: %v", c.Query, err)
	}
	return string(body)
}

func TestRemoteRelationship_subscriptionsAreRefused(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	for _, query := range []string{
		"subscription { author { id profile { bio } } }",
		"subscription { author { books { reviews { id } } } }",
		"subscription { author_aggregate { nodes { reviews_aggregate { aggregate { count } } } } }",
		"subscription { author_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) { id land { fullName } } }",
	} {
		op, err := line.parse(operation.Request{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		bound, err := op.Bind(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = line.program(bound, line.model.Role("admin", false))
		var known *fault.Error
		if !errors.As(err, &known) || known.Code != fault.NotSupported || known.Path != "$" || known.Message != "Remote relationships are not allowed in subscriptions" {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// What goes wrong in the other source is the answer, in the words of any other read.
func TestRemoteRelationship_errors(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, func(m *metadata.Metadata) {
		for _, r := range m.Source("default").Tables[0].RemoteRelationships {
			if r.Name == "letter" { // a text where a number is wanted
				r.JSON = json.RawMessage(`{"name":"letter","definition":{"to_source":{"source":"people","table":"review","relationship_type":"object","field_mapping":{"name":"rating"}}}}`)
			}
		}
	})
	if got := fails(t, line, &goldenCase{Query: "{ author(where: {id: {_eq: 1}}) { letter { id } } }"}); got != `data-exception at $: invalid input syntax for type integer: "Ada"` {
		t.Errorf("got %s", got)
	}
	if got := answers(t, line, &goldenCase{Query: "{ author(where: {id: {_eq: 0}}) { letter { id } } }"}); got != `{"data":{"author":[]}}` {
		t.Errorf("without rows: got %s", got)
	}
	people, err := line.exec.Pool("people")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := people.Exec(t.Context(), "alter table profile rename to moved"); err != nil {
		t.Fatal(err)
	}
	if got := fails(t, line, &goldenCase{Query: "{ author { profile { bio } } }"}); got != "unexpected at $: database query error" {
		t.Errorf("a table that is gone: got %s", got)
	}
	insert := &goldenCase{Query: `mutation { insert_author_one(object: {id: 60, name: "N"}) { profile { bio } } }`}
	_, err = line.Query(t.Context(), insert.session(), insert.request())
	var known *fault.Error
	if !errors.As(err, new(execute.Committed)) || !errors.As(err, &known) || known.Message != "database query error" {
		t.Errorf("of a mutation: got %v", err)
	}
	if got := answers(t, line, &goldenCase{Query: "{ author_by_pk(id: 60) { id } }"}); got != `{"data":{"author_by_pk":{"id":60}}}` {
		t.Errorf("what was joined to is committed: %s", got)
	}
}

// A mutation that could not be answered for want of a session variable writes nothing.
func TestRemoteRelationship_mutationIsRefusedBeforeItWrites(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	insert := &goldenCase{Session: map[string]string{"x-hasura-role": "user"}, Query: `mutation { insert_author_one(object: {id: 50, name: "N"}) { id reviews { id } } }`}
	if got := fails(t, line, insert); got != `not-found at $: missing session variable: "x-hasura-user-id"` {
		t.Errorf("got %s", got)
	}
	if got := answers(t, line, &goldenCase{Query: "{ author_by_pk(id: 50) { id } }"}); got != `{"data":{"author_by_pk":null}}` {
		t.Errorf("written all the same: %s", got)
	}
}

// joinCounter counts the statements that join.
type joinCounter struct{ n atomic.Int64 }

func (c *joinCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if strings.Contains(d.SQL, "with ordinality") {
		c.n.Add(1)
	}
	return ctx
}
func (c *joinCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *joinCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (c *joinCounter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	if strings.Contains(d.SQL, "with ordinality") {
		c.n.Add(1)
	}
}
func (c *joinCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// However many rows are around, a field is one statement, and none when nothing is to be joined.
func TestRemoteRelationship_isOneStatementPerField(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	var count joinCounter
	databases := map[string]execute.Database{}
	for _, name := range []string{"default", "people", "geo"} {
		plain, err := line.exec.Pool(name)
		if err != nil {
			t.Fatal(err)
		}
		config := plain.Config().Copy()
		config.ConnConfig.Tracer = &count
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		databases[name] = execute.Database{Pool: pool}
	}
	line.exec = execute.Over(databases)
	for query, want := range map[string]int64{
		"{ author { name } }": 0,
		"{ author(where: {id: {_eq: 0}}) { profile { bio } reviews { id } } }":                                        0,
		"{ author(where: {country: {_is_null: true}}) { land { fullName } } }":                                        0,
		"{ author { profile { bio } } }":                                                                              1,
		"{ author { profile { bio } reviews { id } } }":                                                               2,
		"{ author { profile { bio author { land { fullName } } } } }":                                                 3,
		"{ author { books { reviews { id author { id } } } } book { reviews { id } } }":                               3,
		"mutation { update_author(where: {}, _set: {born: null}) { returning { profile { bio } same_day { id } } } }": 1,
	} {
		count.n.Store(0)
		answers(t, line, &goldenCase{Query: query})
		if got := count.n.Load(); got != want {
			t.Errorf("%s: %d statements instead of %d", query, got, want)
		}
	}
}

func TestRemoteRelationship_explain(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	s := &session.Session{Role: "admin", Variables: map[string]string{}}
	raw, err := line.explain(t.Context(), s, operation.Request{Query: "{ a: author { books { reviews { author { name } } } profile { bio } } geo { worldCountry { authors { id } } } }"}, false)
	if err != nil {
		t.Fatal(err)
	}
	var list []execute.Explanation
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, x := range list {
		fields = append(fields, x.Field)
		if x.SQL == nil || len(x.Plan) == 0 {
			t.Errorf("%s has no plan", x.Field)
		}
	}
	if got, want := strings.Join(fields, " "), "a a.books.reviews a.books.reviews.author a.profile worldCountry worldCountry.authors"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What a cached answer depends on is told of what is joined, too.
func TestRemoteRelationship_cachedAnswersAreTheCallers(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	line.responses = newResponses(roomy)
	query := "query @cached { author(order_by: {id: asc}) { reviews(order_by: {id: asc}) { id } } }"
	one := answers(t, line, &goldenCase{Session: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "u1"}, Query: query})
	two := answers(t, line, &goldenCase{Session: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "u2"}, Query: query})
	if one == two {
		t.Fatalf("both got %s", one)
	}
	people, err := line.exec.Pool("people")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := people.Exec(t.Context(), "delete from review"); err != nil {
		t.Fatal(err)
	}
	if again := answers(t, line, &goldenCase{Session: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "u1"}, Query: query}); again != one {
		t.Errorf("not cached: %s", again)
	}
}

// Of several roles, the rows of each role's rule in the other source are seen, and no more columns of them than it grants.
func TestRemoteRelationship_severalRoles(t *testing.T) {
	t.Parallel()
	line := remoteLine(t, unchanged)
	ask := func(query string, roles ...string) string {
		s := &session.Session{Role: roles[0], Roles: roles, Variables: map[string]string{"x-hasura-user-id": "u2"}}
		body, err := line.Query(t.Context(), s, operation.Request{Query: query})
		if err != nil {
			return err.Error()
		}
		return string(body)
	}
	if got := ask("{ author(where: {id: {_eq: 2}}) { reviews { id } } }", "stranger", "lister"); !strings.Contains(got, "field 'id' not found in type: 'review'") {
		t.Errorf("neither may read a column: %s", got)
	}
	if got, want := ask("{ author(where: {id: {_eq: 2}}) { reviews(order_by: {id: asc}) { id rating body } } }", "user", "plain"),
		`{"data":{"author":[{"reviews":[{"id":4,"rating":1,"body":null},{"id":5,"rating":2,"body":"poor"}]}]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
