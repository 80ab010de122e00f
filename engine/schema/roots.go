package schema

import "slices"

// A role that may use a thousand tables has ten thousand root fields, of which a request asks for one. They are derived
// table by table: the names in use tell whose a root field is, without deriving any.

// tableRoot is a table's part of a root type.
type tableRoot struct {
	table *Table
	on    string
}

// tableRoots are a table's fields of a root type.
func (s *Schema) tableRoots(t *Table, on string) []*Field {
	key := tableRoot{t, on}
	s.rootsMu.Lock()
	defer s.rootsMu.Unlock()
	fields, known := s.roots[key]
	if known {
		return fields
	}
	switch on {
	case queryRoot:
		fields = s.selectRoots(t, false)
	case subscriptionRoot:
		fields = append(s.selectRoots(t, true), s.streamRoots(t)...)
	case mutationRoot:
		fields = append(append(s.insertRoots(t), s.updateRoots(t)...), s.deleteRoots(t)...)
	}
	for _, f := range fields {
		f.sortArgs()
	}
	s.roots[key] = fields
	return fields
}

// areRootsTold tells whether the names in use say whose every root field is: not where two objects want one, where
// fields are inside a namespace, or where there are fields that make way for others.
func (s *Schema) areRootsTold() bool {
	return !s.Relay && s.m.names != nil && !s.m.names.hasClash &&
		!slices.ContainsFunc(s.m.sources, func(c *content) bool { return c.custom.namespace != "" || c.features.GroupBy })
}

// otherRoots are a source's fields of a root type that are no table's: those of functions and native queries.
func (s *Schema) otherRoots(source *content, on string) []*Field {
	var out []*Field
	for _, f := range source.functions {
		switch {
		case f.Mutation != (on == mutationRoot):
		case s.Relay && !f.Mutation:
			out = append(out, s.functionConnection(f)...)
		default:
			out = append(out, s.functionRoots(f)...)
		}
	}
	if on != mutationRoot && !s.Relay {
		for _, n := range source.natives {
			out = append(out, s.nativeRoot(n)...)
		}
	}
	for _, f := range source.scalars {
		if f.Mutation == (on == mutationRoot) && (f.Mutation || !s.Relay) {
			out = append(out, s.scalarRoots(f)...)
		}
	}
	return out
}

// root makes a root type of the fields that all gives, and extra ones; nil when all gives none.
func (s *Schema) root(on, description string, extra []*Field, all func() []*Field) *Type {
	if !s.areRootsTold() {
		fields := all()
		if len(fields) == 0 {
			return nil
		}
		t := s.typ(Object, on, description, nil)
		t.fields = append(fields, extra...)
		return t
	}
	var others []*Field
	hasField := false
	for _, c := range s.m.sources {
		others = append(others, s.otherRoots(c, on)...)
		hasField = hasField || slices.ContainsFunc(c.tables, func(t *Table) bool { return len(s.tableRoots(t, on)) > 0 })
	}
	if !hasField && len(others) == 0 {
		return nil
	}
	for _, f := range others {
		f.sortArgs()
	}
	t := s.typ(Object, on, description, func(t *Type) { t.fields = append(all(), extra...) })
	t.find = func(name string) (*Field, bool) {
		owner := s.m.names.rootOwner(rootName{on: on, field: name})
		if owner == nil {
			return nil, false
		}
		fields := others
		if owner.table != nil {
			fields = s.tableRoots(s.m.content(owner.source).byName[*owner.table], on)
		}
		if i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name }); i >= 0 {
			return fields[i], true
		}
		return nil, true
	}
	return t
}
