package engine

import (
	"encoding/json"
	"testing"

	"gatehouse/engine/operation"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
)

// The pure stages of the query line, each by itself, for a request of middling size. Cached is what a request whose plan
// is known pays before its statement runs, the others what the first of a shape pays once.
func BenchmarkStage(b *testing.B) {
	line := lineOver(b, schema.Options{})
	role := line.role(&session.Session{Role: "reader"}, false)
	req := operation.Request{
		Query: `query Articles($w: article_bool_exp!, $n: Int = 10) {
  article(where: {_and: [$w, {views: {_gte: 0}}]}, order_by: [{title: desc}, {id: asc}], limit: $n) {
    id title
    author { ...who }
  }
}
fragment who on author { id name }`,
		Variables: map[string]json.RawMessage{"w": json.RawMessage(`{"title": {"_neq": "x"}, "author": {"name": {"_in": ["Ada", "Bob"]}}}`), "n": json.RawMessage("20")},
	}
	op, err := operation.Parse(req.Query, "")
	must(b, err)
	bound, err := op.Bind(req.Variables)
	must(b, err)
	resolved, err := bound.Resolve(role)
	must(b, err)
	planned, err := plan.Build(resolved, role)
	must(b, err)
	for _, stage := range []struct {
		name string
		run  func() error
	}{
		{"Parse", func() error { _, err := operation.Parse(req.Query, ""); return err }},
		{"BindAndShape", func() error {
			bound, err := op.Bind(req.Variables)
			if err == nil {
				bound.Shape(resolved.VariableTypes)
			}
			return err
		}},
		{"Resolve", func() error { _, err := bound.Resolve(role); return err }},
		{"Plan", func() error { _, err := plan.Build(resolved, role); return err }},
		{"TranslateAndPrint", func() error { _, err := translate.Steps(planned, translate.Options{}); return err }},
		{"Cached", func() error {
			op, err := line.parse(req)
			if err != nil {
				return err
			}
			bound, err := op.Bind(req.Variables)
			if err == nil {
				_, err = line.program(bound, role)
			}
			return err
		}},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(b, stage.run())
			}
		})
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
