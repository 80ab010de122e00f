package metadata

import (
	"slices"

	"gatehouse/engine/fault"
)

// A document is never changed in place: a mutation copies what it changes and shares the rest, so that a snapshot can go
// on serving the old one.

// edit is a copy of the document whose list of sources may be changed.
func (m *Metadata) edit() *Metadata {
	c := *m
	c.Sources = slices.Clone(m.Sources)
	return &c
}

func sourceIndex(m *Metadata, name string) int {
	return slices.IndexFunc(m.Sources, func(s *Source) bool { return s.Name == name })
}

// Source finds a source; nil if there is none of that name.
func (m *Metadata) Source(name string) *Source {
	if i := sourceIndex(m, name); i >= 0 {
		return m.Sources[i]
	}
	return nil
}

// Table finds a tracked table; nil if it is not tracked.
func (s *Source) Table(name TableName) *Table {
	if i := s.tableIndex(name); i >= 0 {
		return s.Tables[i]
	}
	return nil
}

// Function finds a tracked function; nil if it is not tracked.
func (s *Source) Function(name FunctionName) *Function {
	if i := s.functionIndex(name); i >= 0 {
		return s.Functions[i]
	}
	return nil
}

func (s *Source) tableIndex(name TableName) int {
	return slices.IndexFunc(s.Tables, func(t *Table) bool { return t.Name == name })
}

func (s *Source) functionIndex(name FunctionName) int {
	return slices.IndexFunc(s.Functions, func(f *Function) bool { return f.Name == name })
}

// NoSource is what Hasura answers to an unknown source.
func NoSource(name string) error {
	return fault.New(fault.NotExists, "", "source with name %q does not exist", name)
}

// withSource gives change a copy of a source in a copy of the document.
func (m *Metadata) withSource(name string, change func(*Source) error) (*Metadata, error) {
	i := sourceIndex(m, name)
	if i < 0 {
		return nil, NoSource(name)
	}
	if m.Sources[i].Foreign != nil {
		return nil, fault.New(fault.NotSupported, "", "source %q is of kind %q, which is not supported", name, m.Sources[i].Kind)
	}
	m = m.edit()
	s := *m.Sources[i]
	m.Sources[i] = &s
	if err := change(&s); err != nil {
		return nil, err
	}
	return m, nil
}

// withTable gives change a copy of a table. The lists in it are shared: change replaces them.
func (m *Metadata) withTable(source string, name TableName, change func(*Table) error) (*Metadata, error) {
	return m.withSource(source, func(s *Source) error {
		i := s.tableIndex(name)
		if i < 0 {
			return fault.New(fault.NotExists, "", "table %s does not exist in source: %s", QuoteName(name), source)
		}
		t := *s.Tables[i]
		s.Tables = slices.Clone(s.Tables)
		s.Tables[i] = &t
		return change(&t)
	})
}

// noFunction is what Hasura answers to a function that is not tracked.
func noFunction(source string, name FunctionName) error {
	return fault.New(fault.NotExists, "", "function %s does not exist in source: %s", QuoteName(name), source)
}

func (m *Metadata) withFunction(source string, name FunctionName, change func(*Function) error) (*Metadata, error) {
	return m.withSource(source, func(s *Source) error {
		i := s.functionIndex(name)
		if i < 0 {
			return noFunction(source, name)
		}
		f := *s.Functions[i]
		s.Functions = slices.Clone(s.Functions)
		s.Functions[i] = &f
		return change(&f)
	})
}

// added is the list with one more element, in new memory.
func added[T any](list []*T, v *T) []*T { return append(slices.Clip(slices.Clone(list)), v) }

// without is the list less the elements that match, in new memory when there are any.
func without[T any](list []*T, match func(*T) bool) []*T {
	if !slices.ContainsFunc(list, match) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), match)
}

// mapped is the list with every element replaced by what change gives for it.
func mapped[T any](list []*T, change func(T) T) []*T {
	if len(list) == 0 {
		return list
	}
	out := make([]*T, len(list))
	for i, v := range list {
		c := change(*v)
		out[i] = &c
	}
	return out
}
