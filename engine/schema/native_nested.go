package schema

import (
	"errors"
	"fmt"

	"gatehouse/engine/catalog"
)

// Fields of logical models whose type is another logical model, or a list of it. A relationship of that name says where
// their rows are; without one, they are inside the field's own value, as JSON.

// nestedFields adds such fields to a logical model as relationships.
func (b *builder) nestedFields(t *Table, doc *modelDocument, models map[string]*Table) error {
	d := b.m.details[t]
	for i, f := range doc.Fields {
		if !f.Type.model() || d.relation(f.Name) != nil {
			continue
		}
		of, isArray := f.Type, f.Type.Array != nil
		if isArray {
			of = *f.Type.Array
		}
		if of.Array != nil {
			return fmt.Errorf("field %q: lists of lists of a logical model are not supported", f.Name)
		}
		target := models[of.LogicalModel]
		if target == nil {
			return fmt.Errorf("field %q: the logical model %q could not be found", f.Name, of.LogicalModel)
		}
		shown := t.Source.custom.field(t.Source.custom.auto(f.Name))
		if !IsName(shown) || t.columnShown(shown) || t.Catalog.Column(f.Name) != nil {
			return errors.New("field \"" + f.Name + "\" is not a valid GraphQL name or is there twice")
		}
		column := &catalog.Column{Name: f.Name, Position: i + 1, Type: builtin("json")}
		t.Catalog.Columns = append(t.Catalog.Columns, column)
		nested := &Column{Table: t, Name: f.Name, GraphQL: shown, Catalog: column, Type: column.Type, Class: namedClass(column.Type), Description: f.Description}
		d.relations = append(d.relations, &Relation{
			Table: t, Name: shown, Array: isArray, Target: target, Nested: nested, Nullable: true, AfterParent: true, Description: f.Description,
		})
		t.Nested = append(t.Nested, nested)
		d.all.Select.Columns[nested] = nil
	}
	return nil
}

// mayRead tells whether the role's permission has the column that holds what is nested.
func (s *Schema) mayRead(r *Relation) bool {
	if r.Nested == nil {
		return true
	}
	p := s.readable(r.Table)
	if p == nil {
		return false
	}
	_, has := p.Columns[r.Nested]
	return has
}
