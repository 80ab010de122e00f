package schema

import "fmt"

// streamRoots is T_stream, a table's rows in batches along a column.
func (s *Schema) streamRoots(t *Table) []*Field {
	p := s.readable(t)
	if p == nil || !s.hasRowType(t) || len(p.Columns) == 0 || s.m.options.Experimental["hide_stream_fields"] {
		return nil
	}
	if p.SubscriptionRoot != nil && !p.SubscriptionRoot["select_stream"] {
		return nil
	}
	fixed := t.Source.custom.fixed
	f := t.root("select_stream", t.base.with("", "stream"), fmt.Sprintf("fetch data from the table in a streaming manner: %q", text(t.Name)))
	f.Type, f.Meaning = listOfNonNull(s.rowType(t)).notNull(), SelectStream{t}
	f.Args = []*InputField{
		{Name: fixed("batch_size"), Description: "maximum number of rows returned in a single batch", Type: nonNull(s.scalar("Int")), Meaning: ArgLimit},
		{Name: "cursor", Description: "cursor to stream the results returned by the query", Type: listOf(named(s.streamCursor(t))).notNull(), Meaning: ArgCursor},
		{Name: "where", Description: "filter the rows returned", Type: named(s.boolExp(t)), Meaning: ArgWhere},
	}
	return []*Field{f}
}

func (s *Schema) streamCursor(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "stream_cursor_input"), fmt.Sprintf("Streaming cursor of the table %q", text(t.Name)), func(e *Type) {
		e.inputs = []*InputField{
			{Name: t.Source.custom.fixed("initial_value"), Description: "Stream column input with initial value", Type: nonNull(s.streamCursorValue(t)), Meaning: ArgInitialValue},
			{Name: "ordering", Description: "cursor ordering", Type: named(s.cursorOrdering(t)), Meaning: ArgOrdering},
		}
	})
}

func (s *Schema) streamCursorValue(t *Table) *Type {
	const description = "Initial value of the column from where the streaming should start"
	return s.typ(InputObject, s.tableType(t, "", "stream_cursor_value_input"), description, func(e *Type) {
		p := s.readable(t)
		for _, c := range t.Columns {
			if _, ok := p.Columns[c]; ok {
				e.inputs = append(e.inputs, &InputField{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c), Meaning: ColumnInput{c}})
			}
		}
	})
}

func (s *Schema) cursorOrdering(t *Table) *Type {
	return s.typ(Enum, t.Source.custom.typ(of("cursor", "ordering")), "ordering argument of a cursor", func(e *Type) {
		e.values = []*EnumMember{
			{Name: "ASC", Description: "ascending ordering of the cursor", Meaning: Direction{}},
			{Name: "DESC", Description: "descending ordering of the cursor", Meaning: Direction{Desc: true}},
		}
	})
}
