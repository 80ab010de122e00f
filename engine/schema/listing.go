package schema

import (
	"slices"

	"gatehouse/engine/catalog"
)

// What a model serves, for those who compare or list it.

// Sources are the names of the sources that are served, in order.
func (f *facts) Sources() []string {
	names := make([]string, len(f.sources))
	for i, c := range f.sources {
		names[i] = c.Name
	}
	slices.Sort(names)
	return names
}

// Tables are the names of a source's tracked tables.
func (f *facts) Tables(source string) []catalog.Name {
	c := f.content(source)
	if c == nil {
		return nil
	}
	names := make([]catalog.Name, len(c.tables))
	for i, t := range c.tables {
		names[i] = t.Name
	}
	return names
}

// Functions are a source's tracked functions that return rows.
func (f *facts) Functions(source string) []*Function {
	if c := f.content(source); c != nil {
		return c.functions
	}
	return nil
}

// Scalars are a source's tracked functions that return scalars.
func (f *facts) Scalars(source string) []*ScalarFunction {
	if c := f.content(source); c != nil {
		return c.scalars
	}
	return nil
}

// MayCall tells whether the schema's role may call f and read what it returns.
func (s *Schema) MayCall(f *Function) bool { return s.mayCall(f) }

// MayCallScalar tells whether the schema's role may call f.
func (s *Schema) MayCallScalar(f *ScalarFunction) bool {
	return s.Role == AdminRole || s.mayCallScalar(f)
}
