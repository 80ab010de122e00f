package metadata

import "maps"

// Renames are new names for tables, columns and functions of one source, by their old ones.
type Renames struct {
	Tables    map[TableName]TableName
	Columns   map[TableName]map[string]string
	Functions map[FunctionName]FunctionName
}

// Rename follows what was renamed in the database of a source through the whole document: entries of tables and functions,
// relationships over them, also from elsewhere, and permissions that name them. facts are those of before; all names
// change in one walk, because after the first change facts would not fit the document any more.
func (m *Metadata) Rename(facts Facts, source string, names Renames) *Metadata {
	if len(names.Tables)+len(names.Columns)+len(names.Functions) == 0 {
		return m
	}
	same := func(_ TableName, name string) string { return name }
	v := &visitor{
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
		function: func(f FunctionName) FunctionName {
			if to, ok := names.Functions[f]; ok {
				return to
			}
			return f
		},
		relationship: same, computed: same,
	}
	out := m.renamed(facts, source, v)
	k := v.kept(func(column string) string { return column })
	if m.CustomTypes != nil {
		out.CustomTypes = k.customTypes(m.CustomTypes)
	}
	out.RemoteSchemas = mapped(m.RemoteSchemas, func(o Opaque) Opaque { o.JSON = k.remoteSchema(o.JSON); return o })
	return out
}

// kept gives what is kept without being served the visitor's names. own is told the columns of the object's own table.
func (v *visitor) kept(own func(string) string) keptNames {
	return keptNames{
		own: own,
		table: func(source string, t TableName) TableName {
			if source != v.source {
				return t
			}
			return v.table(t)
		},
		column: func(source string, t TableName, column string) string {
			if source != v.source {
				return column
			}
			return v.column(t, column)
		},
	}
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
		computed: same, function: func(f FunctionName) FunctionName { return f },
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
		s.NativeQueries = mapped(s.NativeQueries, func(o Opaque) Opaque {
			o.JSON = v.kept(func(column string) string { return column }).nativeQuery(s.Name, o.JSON)
			return o
		})
		if s.Name != source {
			s.Tables = mapped(s.Tables, v.renameBeyond)
			return s
		}
		s.Tables = mapped(s.Tables, func(t Table) Table { return v.renameIn(t) })
		s.Functions = mapped(s.Functions, func(f Function) Function { f.Name = v.function(f.Name); return f })
		return s
	})
	return out
}

// renameBeyond renames what a table of another source says of the visitor's.
func (v *visitor) renameBeyond(t Table) Table {
	across := func(r Relationship) Relationship {
		if manual := r.Using.Manual; manual != nil && manual.RemoteSource == v.source {
			c := *manual
			c.RemoteTable = v.table(manual.RemoteTable)
			c.ColumnMapping = make(map[string]string, len(manual.ColumnMapping))
			for column, remote := range manual.ColumnMapping {
				c.ColumnMapping[column] = v.column(manual.RemoteTable, remote)
			}
			r.Using.Manual = &c
		}
		return r
	}
	t.ObjectRelationships, t.ArrayRelationships = mapped(t.ObjectRelationships, across), mapped(t.ArrayRelationships, across)
	k := v.kept(func(column string) string { return column })
	t.RemoteRelationships = mapped(t.RemoteRelationships, func(o Opaque) Opaque { o.JSON = edit(o.JSON, k.remoteDefinition, "definition"); return o })
	return t
}

func (v *visitor) renameIn(t Table) Table {
	own := t.Name
	t = v.permissions(t, func(string, string) {})
	t.ObjectRelationships = mapped(t.ObjectRelationships, func(r Relationship) Relationship { return v.renameRelationship(own, r) })
	t.ArrayRelationships = mapped(t.ArrayRelationships, func(r Relationship) Relationship { return v.renameRelationship(own, r) })
	t.ComputedFields = mapped(t.ComputedFields, func(c ComputedField) ComputedField {
		c.Name, c.Function = v.computed(own, c.Name), v.function(c.Function)
		return c
	})
	k := v.kept(func(column string) string { return v.column(own, column) })
	t.RemoteRelationships = mapped(t.RemoteRelationships, func(o Opaque) Opaque { o.JSON = edit(o.JSON, k.remoteDefinition, "definition"); return o })
	t.EventTriggers = mapped(t.EventTriggers, func(o Opaque) Opaque { o.JSON = k.eventTrigger(o.JSON); return o })
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
