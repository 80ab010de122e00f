package schema

import (
	"gatehouse/engine/catalog"
)

// facts are what schemas are derived from: a model without its caches. A schema that a change does not concern outlives
// its model with them; what two models have in common is shared.
type facts struct {
	options Options
	sources []*content
	// details of the tables and logical models of all sources.
	details map[*Table]*details
	// remote are the remote relationships of tables.
	remote map[*Table][]*Relation
	// inherited are the role sets of inherited roles.
	inherited map[string][]string
	// closed are the inherited roles that cannot be honoured.
	closed map[string]bool
	// names are the GraphQL names in use.
	names *names
}

// content is what is tracked in a source.
type content struct {
	*Source
	tables    []*Table
	byName    map[catalog.Name]*Table
	functions []*Function
	scalars   []*ScalarFunction
	natives   []*NativeQuery
}

// details are what is said about a table beyond its columns and names.
type details struct {
	relations []*Relation
	computed  []*ComputedField
	all       *Permissions // admin's
	explicit  map[string]*Permissions
	// closed are, by kind and role, the permissions that cannot be honoured.
	closed map[string]map[string]bool
}

var noDetails = &details{all: &Permissions{}}

func (f *facts) of(t *Table) *details {
	if d := f.details[t]; d != nil {
		return d
	}
	return noDetails
}

func (f *facts) content(source string) *content {
	for _, c := range f.sources {
		if c.Name == source {
			return c
		}
	}
	return nil
}

// Source finds a source by name; nil if there is none.
func (f *facts) Source(name string) *Source {
	if c := f.content(name); c != nil {
		return c.Source
	}
	return nil
}

// Table finds a tracked table; nil if there is none.
func (f *facts) Table(s *Source, name catalog.Name) *Table {
	if c := f.content(s.Name); c != nil {
		return c.byName[name]
	}
	return nil
}

// Natives are a source's native queries.
func (f *facts) Natives(source string) []*NativeQuery {
	if c := f.content(source); c != nil {
		return c.natives
	}
	return nil
}

// Relations are a table's relationships.
func (f *facts) Relations(t *Table) []*Relation { return f.of(t).relations }

// RemoteRelations are a table's remote relationships. They are no part of conditions, orders and writes.
func (f *facts) RemoteRelations(t *Table) []*Relation { return f.remote[t] }

// Relation finds a relationship by name; nil if there is none.
func (f *facts) Relation(t *Table, name string) *Relation { return f.of(t).relation(name) }

func (f *facts) computedField(t *Table, name string) *ComputedField {
	return f.of(t).computedField(name)
}

func (d *details) relation(name string) *Relation {
	for _, r := range d.relations {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (d *details) computedField(name string) *ComputedField {
	for _, c := range d.computed {
		if c.Name == name {
			return c
		}
	}
	return nil
}
