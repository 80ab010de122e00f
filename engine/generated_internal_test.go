package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// choices are drawn from bytes, so that fuzzing can change one; when they are used up, every choice is the first.
type choices struct{ rest []byte }

func (c *choices) n(k int) int {
	if len(c.rest) == 0 || k < 2 {
		return 0
	}
	v := int(c.rest[0])
	c.rest = c.rest[1:]
	if k > 256 && len(c.rest) > 0 {
		v, c.rest = v<<8|int(c.rest[0]), c.rest[1:]
	}
	return v % k
}

// chance is false when the choices are used up.
func (c *choices) chance(percent int) bool { return c.n(100) > 100-percent-1 }

// author writes operations that a role's schema allows.
type author struct {
	choices
	text      strings.Builder
	types     []string
	variables map[string]json.RawMessage
	aliases   int
}

// value draws a value of a scalar, as JSON. Texts have a mark that no name has.
func (a *author) value(name string) string {
	of := func(vs ...string) string { return vs[a.n(len(vs))] }
	switch name {
	case "Int", "smallint":
		return of("1", "0", "2", "3", "-5", "30000")
	case "bigint":
		return of("1", `"9007199254740993"`, "0", "-7")
	case "Float", "float8", "numeric":
		return of("1.5", "0", "-2.25", "1e3", `"3.25"`)
	case "Boolean":
		return of("true", "false")
	case "date":
		return of(`"1815-12-10"`, `"1970-01-01"`)
	case "timestamptz", "timestamp":
		return of(`"2024-01-01T00:00:00Z"`, `"1999-12-31T23:59:59.5"`)
	case "jsonb", "json":
		return of(`{"~val": [1, null]}`, `[]`, `"~val"`, `{"langs": ["en"]}`, `null`)
	case "mood":
		return of(`"calm"`, `"wild"`)
	case "_Any":
		return of(`{"__typename": "author", "id": 1}`, `{"__typename": "order_line", "order": 1, "item": "pen"}`)
	case "ID":
		return of(`"WzEsInB1YmxpYyIsImF1dGhvciIsMV0="`, `"WzEsInB1YmxpYyIsIk9yZGVyIExpbmUiLDEsInBlbiJd"`)
	}
	return of(`"~val"`, `"%~val'\"\\\\%"`, `"novel"`, `"Ada"`, `""`)
}

// input draws a value of a type, as GraphQL, or as JSON for a variable.
func (a *author) input(r *schema.Ref, depth int, asJSON bool) string {
	if !r.NonNull && a.chance(4) {
		return "null"
	}
	if r.Elem != nil {
		var items []string
		for range a.n(3) {
			items = append(items, a.input(r.Elem, depth, asJSON))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	t := r.Named
	switch t.Kind {
	case schema.Enum:
		name := t.Members()[a.n(len(t.Members()))].Name
		if asJSON {
			return `"` + name + `"`
		}
		return name
	case schema.InputObject:
		var parts []string
		for _, f := range a.some(t.Inputs(), depth) {
			key := f.Name
			if asJSON {
				key = `"` + key + `"`
			}
			parts = append(parts, key+": "+a.input(f.Type, depth-1, asJSON))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	v := a.value(t.Name)
	if asJSON || v[0] != '{' && v[0] != '[' {
		return v
	}
	if t.Name == "_Any" || strings.Contains(v, "~val") {
		return a.variable(r, v) // a key that GraphQL cannot write
	}
	return strings.ReplaceAll(strings.ReplaceAll(v, `"langs"`, "langs"), `"en"`, `"~val"`)
}

// some are the inputs that must be given, and few of the others: one at least of a condition.
func (a *author) some(inputs []*schema.InputField, depth int) []*schema.InputField {
	var out []*schema.InputField
	optional := 0
	for _, f := range inputs {
		if f.Type.NonNull && f.Default == "" {
			out = append(out, f)
		} else {
			optional++
		}
	}
	if depth <= 0 || optional == 0 {
		return out
	}
	for range 1 + a.n(3) {
		f := inputs[a.n(len(inputs))]
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func (a *author) variable(r *schema.Ref, value string) string {
	name := fmt.Sprintf("v%d", len(a.types))
	a.types = append(a.types, "$"+name+": "+r.String())
	a.variables[name] = json.RawMessage(value)
	return "$" + name
}

func (a *author) args(args []*schema.InputField, depth int) string {
	var parts []string
	for _, f := range args {
		isNeeded := f.Type.NonNull && f.Default == ""
		if !isNeeded && !a.chance(30) {
			continue
		}
		v := ""
		if a.chance(30) {
			v = a.variable(f.Type, a.input(f.Type, depth, true))
		} else {
			v = a.input(f.Type, depth, false)
		}
		parts = append(parts, f.Name+": "+v)
	}
	if parts == nil {
		return ""
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (a *author) fields(t *schema.Type, depth int) {
	a.text.WriteString(" {")
	switch {
	case t.IsAbstract():
		a.text.WriteString(" __typename")
		for _, p := range t.Possible() {
			if a.chance(50) {
				a.text.WriteString(" ... on " + p.Name)
				a.fields(p, depth-1)
			}
		}
	default:
		a.selected(t, depth)
	}
	a.text.WriteString(" }")
}

func (a *author) selected(t *schema.Type, depth int) {
	fields := t.Fields()
	for i := range 1 + a.n(4) {
		f := fields[a.n(len(fields))]
		if depth <= 0 && f.Type.Base().IsComposite() || a.chance(5) {
			fmt.Fprintf(&a.text, " t%d: __typename", i)
			continue
		}
		a.field(f, depth)
	}
}

func (a *author) field(f *schema.Field, depth int) {
	a.aliases++
	fmt.Fprintf(&a.text, " a%d: %s%s", a.aliases, f.Name, a.args(f.Args, depth))
	if a.chance(5) {
		a.text.WriteString(" @include(if: true)")
	}
	if f.Type.Base().IsComposite() {
		a.fields(f.Type.Base(), depth-1)
	}
}

// operationOf draws an operation of a schema.
func operationOf(s *schema.Schema, from []byte) (kind operation.Kind, req operation.Request) {
	a := &author{choices: choices{from}, variables: map[string]json.RawMessage{}}
	kind = operation.Query
	root, word := s.Query, "query"
	if s.Mutation != nil && a.chance(40) {
		kind, root, word = operation.Mutation, s.Mutation, "mutation"
	}
	fields := root.Fields()
	a.text.WriteString(" {")
	for range 1 + a.n(2) {
		a.field(fields[a.n(len(fields))], 3)
	}
	a.text.WriteString(" }")
	if len(a.types) > 0 {
		word += " (" + strings.Join(a.types, ", ") + ")"
	}
	req.Query = word + a.text.String()
	raw, _ := json.Marshal(a.variables)
	_ = json.Unmarshal(raw, &req.Variables)
	return kind, req
}

// FuzzOperation runs operations that a role's schema allows, on every strategy of writing results: none is an error that
// Gatehouse itself made, and what a query gives is what a live query of it gives first.
func FuzzOperation(f *testing.F) {
	fuzzOperations(f, lineOver(f, schema.Options{InferFunctionPermissions: true, ApolloFederation: true}),
		map[string]string{"x-hasura-user-id": "1", "x-hasura-label": "old"})
}

// FuzzOperation_beyond does so where everything beyond Hasura is switched on.
func FuzzOperation_beyond(f *testing.F) {
	fuzzOperations(f, beyond(f, schema.Options{InferFunctionPermissions: true}, unchanged), map[string]string{"x-hasura-tenant": "1", "x-hasura-city": "Rome"})
}

func fuzzOperations(f *testing.F, line *Line, variables map[string]string) {
	f.Helper()
	roles := append([]string{"admin", "admin"}, line.model.Roles()...)
	slices.Sort(roles)
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		seed := make([]byte, 20+random.IntN(150))
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		if len(seed) < 2 {
			t.Skip()
		}
		c := &goldenCase{Relay: seed[0]%4 == 0, Session: maps.Clone(variables)}
		c.Session["x-hasura-role"] = roles[int(seed[1])%len(roles)]
		s := c.session()
		role := line.role(s, c.Relay)
		kind, req := operationOf(role, seed[2:])
		answer, err := line.answer(t.Context(), s, req, role)
		body := answer.Body
		var known *fault.Error
		switch {
		case err != nil && !errors.As(err, &known):
			t.Fatalf("%s\n%s: an error of no kind: %v", req.Query, req.Variables, err)
		case known != nil && known.Code == fault.Unexpected && !harmless(known):
			t.Fatalf("as %s: %s\n%s\n%v %v", s.Role, req.Query, req.Variables, err, known.Internal)
		case err == nil && !json.Valid(body):
			t.Fatalf("%s\n%s: answers %s", req.Query, req.Variables, body)
		}
		if kind != operation.Query || known != nil && known.Code != fault.DataException {
			return
		}
		live := req
		live.Query = "subscription" + strings.TrimPrefix(req.Query, "query")
		if at := strings.Index(live.Query, " {"); true {
			live.Query = live.Query[:at] + " @_multiple_top_level_fields" + live.Query[at:]
		}
		q, liveErr := line.subscription(s, live, role)
		if liveErr != nil {
			if !onlyQueried.MatchString(liveErr.Error()) && err == nil {
				t.Fatalf("%s\n%v", live.Query, liveErr)
			}
			return
		}
		if len(q.Live.Polls) == 0 {
			return
		}
		outcomes, liveErr := line.exec.Poll(t.Context(), q.Live, []*execute.Subscriber{q.Subscriber}, nil)
		if (liveErr == nil) != (err == nil) {
			if strings.Contains(fmt.Sprint(err, liveErr), "must not be negative") {
				return // said only where a row is met whose related rows are asked for
			}
			t.Fatalf("%s\n%s\nas a query: %v\nas a live query: %v", req.Query, req.Variables, err, liveErr)
		}
		if err != nil || strings.Contains(req.Query, "limit") || strings.Contains(req.Query, "distinct_on") {
			return // ties
		}
		if got, want := sorted(outcomes[0].Body), sorted([]byte(strings.ReplaceAll(string(body), "query_root", "subscription_root"))); got != want {
			t.Fatalf("%s\n%s\nas a query      %s\nas a live query %s", req.Query, req.Variables, want, got)
		}
	})
}

// sorted is the bytes in order: unordered rows may come in any.
func sorted(body []byte) string {
	b := []byte(compact(body))
	slices.Sort(b)
	return string(b)
}

// harmless: what Postgres itself cannot do, in Hasura too.
func harmless(e *fault.Error) bool {
	text := fmt.Sprint(e.Internal)
	for _, s := range []string{
		"ON CONFLICT DO UPDATE command cannot affect row a second time", "integer out of range", "cannot extract", "must appear in the GROUP BY", "could not identify an equality operator",
		"operator does not exist: json", "for type json",
	} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
