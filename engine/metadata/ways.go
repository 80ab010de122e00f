package metadata

import (
	"bytes"
	"slices"
)

// ways tell, without reading them, which permissions can have to do with some tables: a permission of another table comes
// to one of these only through a relationship or computed field that leads there, or by the table's name (_exists). A
// document may hold tens of thousands of permissions, and a change is about very few of them.
type ways struct {
	// isAnywhere: there is no telling.
	isAnywhere bool
	tables     map[string]map[TableName]bool // by source
	names      map[string][][]byte
}

// waysTo are the ways to the tables that refs are about.
func (m *Metadata) waysTo(facts Facts, refs []Ref) *ways {
	w := &ways{tables: map[string]map[TableName]bool{}, names: map[string][][]byte{}}
	for _, r := range refs {
		if r.Table == (TableName{}) {
			return &ways{isAnywhere: true}
		}
		if w.tables[r.Source] == nil {
			w.tables[r.Source] = map[TableName]bool{}
		}
		w.tables[r.Source][r.Table] = true
	}
	for source, tables := range w.tables {
		s := m.Source(source)
		if s == nil {
			continue
		}
		known := map[string]bool{}
		add := func(name string) {
			if !known[name] {
				known[name] = true
				w.names[source] = append(w.names[source], []byte(name))
			}
		}
		for t := range tables {
			add(t.Name)
		}
		leads := func(t *Table, list []*Relationship, isArray bool) {
			for _, r := range list {
				if remote, _, ok := facts.Target(source, t.Name, r, isArray); ok && tables[remote] {
					add(r.Name)
				}
			}
		}
		for _, t := range s.Tables {
			leads(t, t.ObjectRelationships, false)
			leads(t, t.ArrayRelationships, true)
			for _, c := range t.ComputedFields {
				if remote, ok := facts.ReturnedTable(source, c.Function); ok && tables[remote] {
					add(c.Name)
				}
			}
		}
	}
	return w
}

// in is a table with those of its permissions that can have to do with the tables.
func (w *ways) in(source string, t *Table) *Table {
	if w.isAnywhere || w.tables[source][t.Name] {
		return t
	}
	c := *t
	c.InsertPermissions = leading(w, source, t.InsertPermissions, func(p *InsertPermission) [2]BoolExp { return [2]BoolExp{p.Check} })
	c.SelectPermissions = leading(w, source, t.SelectPermissions, func(p *SelectPermission) [2]BoolExp { return [2]BoolExp{p.Filter} })
	c.UpdatePermissions = leading(w, source, t.UpdatePermissions, func(p *UpdatePermission) [2]BoolExp { return [2]BoolExp{p.Filter, p.Check} })
	c.DeletePermissions = leading(w, source, t.DeletePermissions, func(p *DeletePermission) [2]BoolExp { return [2]BoolExp{p.Filter} })
	return &c
}

func leading[P any](w *ways, source string, list []*P, conditions func(*P) [2]BoolExp) []*P {
	return without(list, func(p *P) bool {
		both := conditions(p)
		return !w.mayLead(source, both[0]) && !w.mayLead(source, both[1])
	})
}

// mayLead tells whether a condition holds one of the names; one with an escape may hold it in another form.
func (w *ways) mayLead(source string, c BoolExp) bool {
	return bytes.IndexByte(c, '\\') >= 0 || slices.ContainsFunc(w.names[source], func(name []byte) bool { return bytes.Contains(c, name) })
}
