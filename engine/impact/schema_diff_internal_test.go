package impact

import (
	"testing"

	"gatehouse/engine/schema"
)

// What breaks clients is decided as graphql-js does (findBreakingChanges).
func TestSchemaDiff_whatBreaksClients(t *testing.T) {
	scalar := func(notNull bool) *schema.Ref {
		return &schema.Ref{Named: &schema.Type{Kind: schema.Scalar, Name: "Int"}, NonNull: notNull}
	}
	input := func(notNull bool, fallback string) *schema.InputField {
		return &schema.InputField{Name: "in", Type: scalar(notNull), Default: fallback}
	}
	node := []*schema.Type{{Kind: schema.Interface, Name: "Node"}}
	for _, c := range []struct {
		change   string
		breaking bool
		compare  func(*schemaComparison)
	}{
		{"default changed from 1 to none, required", true, func(d *schemaComparison) { d.input("T.in", "input field", input(true, "1"), input(true, "")) }},
		{"default changed from 1 to 2", false, func(d *schemaComparison) { d.input("T.in", "input field", input(true, "1"), input(true, "2")) }},
		{"default changed from 1 to none", false, func(d *schemaComparison) { d.input("T.in", "input field", input(false, "1"), input(false, "")) }},
		{"default changed from none to 1", false, func(d *schemaComparison) { d.input("T.in", "input field", input(true, ""), input(true, "1")) }},
		{"type changed from Int to Int!", true, func(d *schemaComparison) { d.input("T.in", "input field", input(false, ""), input(true, "")) }},
		{"type changed from Int! to Int", false, func(d *schemaComparison) { d.input("T.in", "input field", input(true, ""), input(false, "")) }},
		{"input field added, required", true, func(d *schemaComparison) { d.input("T.in", "input field", nil, input(true, "")) }},
		{"input field added", false, func(d *schemaComparison) { d.input("T.in", "input field", nil, input(true, "1")) }},
		{"no longer implements Node", true, func(d *schemaComparison) { d.interfaces("T", node, nil) }},
		{"implements Node", false, func(d *schemaComparison) { d.interfaces("T", nil, node) }},
		{"enum value removed", true, func(d *schemaComparison) { d.member("T.a", "enum value", false, true) }},
		{"type changed from Int! to Int", true, func(d *schemaComparison) {
			d.field("T.f", &schema.Field{Name: "f", Type: scalar(true)}, &schema.Field{Name: "f", Type: scalar(false)})
		}},
		{"type changed from Int to Int!", false, func(d *schemaComparison) {
			d.field("T.f", &schema.Field{Name: "f", Type: scalar(false)}, &schema.Field{Name: "f", Type: scalar(true)})
		}},
	} {
		d := &schemaComparison{}
		if c.compare(d); len(d.out) == 0 || d.out[0].Change != c.change || d.out[0].Breaking != c.breaking {
			t.Errorf("want %q, breaking %v; got %+v", c.change, c.breaking, d.out)
		}
	}
}
