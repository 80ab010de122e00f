package metadata

import "maps"

// Renames are new names for tables and columns of one source, by their old ones.
type Renames struct {
	Tables  map[TableName]TableName
	Columns map[TableName]map[string]string
}

// Rename follows tables and columns that were renamed in the database through the source: their entries, relationships
// over them, permissions that name them. facts are those of before; all names change in one walk, because after the
// first change facts would not fit the document any more.
func (m *Metadata) Rename(facts Facts, source string, names Renames) *Metadata {
	if len(names.Tables)+len(names.Columns) == 0 {
		return m
	}
	same := func(_ TableName, name string) string { return name }
	return m.renamed(facts, source, &visitor{
		table: func(t TableName) TableName {
			if to, ok := names.Tables[t]; ok {
				return to
			}
			return t
		},
		column: func(t TableName, name string) string {
			if to, ok := names.Columns[t][name]; ok {
				return to
			}
			return name
		},
		relationship: same, computed: same,
	})
}

// renameRelationship renames a relationship and every use of it in permissions.
func (m *Metadata) renameRelationship(facts Facts, source string, table TableName, from, to string) *Metadata {
	same := func(_ TableName, name string) string { return name }
	return m.renamed(facts, source, &visitor{
		table:  func(t TableName) TableName { return t },
		column: same,
		relationship: func(t TableName, name string) string {
			if t == table && name == from {
				return to
			}
			return name
		},
		computed: same,
	})
}

// DropColumn forgets what a table's configuration says about a column that is gone.
func (m *Metadata) DropColumn(source string, table TableName, column string) *Metadata {
	out, err := m.withTable(source, table, func(t *Table) error {
		if t.Configuration != nil {
			c := *t.Configuration
			c.ColumnConfig = maps.Clone(c.ColumnConfig)
			delete(c.ColumnConfig, column)
			t.Configuration = &c
		}
		return nil
	})
	if err != nil {
		return m
	}
	return out
}

// renamed applies a visitor's names to everything in a source.
func (m *Metadata) renamed(facts Facts, source string, v *visitor) *Metadata {
	v.doc, v.source, v.facts = m, source, facts
	out := m.edit()
	out.Sources = mapped(m.Sources, func(s Source) Source {
		if s.Name != source {
			return s
		}
		s.Tables = mapped(s.Tables, func(t Table) Table { return v.renameIn(t) })
		return s
	})
	return out
}

func (v *visitor) renameIn(t Table) Table {
	own := t.Name
	t = v.permissions(t, func(string, string) {})
	t.ObjectRelationships = mapped(t.ObjectRelationships, func(r Relationship) Relationship { return v.renameRelationship(own, r) })
	t.ArrayRelationships = mapped(t.ArrayRelationships, func(r Relationship) Relationship { return v.renameRelationship(own, r) })
	t.ComputedFields = mapped(t.ComputedFields, func(c ComputedField) ComputedField { c.Name = v.computed(own, c.Name); return c })
	if c := t.Configuration; c != nil && len(c.ColumnConfig) > 0 {
		renamed := *c
		renamed.ColumnConfig = make(map[string]ColumnConfig, len(c.ColumnConfig))
		for column, config := range c.ColumnConfig {
			renamed.ColumnConfig[v.column(own, column)] = config
		}
		t.Configuration = &renamed
	}
	t.Name = v.table(own)
	return t
}

func (v *visitor) renameRelationship(own TableName, r Relationship) Relationship {
	r.Name = v.relationship(own, r.Name)
	if fk := r.Using.ForeignKey; fk != nil {
		c := *fk
		keyed := own
		if fk.Table != nil {
			keyed = *fk.Table
			table := v.table(keyed)
			c.Table = &table
		}
		c.Columns = make([]string, len(fk.Columns))
		for i, column := range fk.Columns {
			c.Columns[i] = v.column(keyed, column)
		}
		r.Using.ForeignKey = &c
	}
	if manual := r.Using.Manual; manual != nil {
		c := *manual
		local := manual.RemoteSource == "" || manual.RemoteSource == v.source
		if local {
			c.RemoteTable = v.table(manual.RemoteTable)
		}
		c.ColumnMapping = make(map[string]string, len(manual.ColumnMapping))
		for column, remote := range manual.ColumnMapping {
			if local {
				remote = v.column(manual.RemoteTable, remote)
			}
			c.ColumnMapping[v.column(own, column)] = remote
		}
		r.Using.Manual = &c
	}
	return r
}
