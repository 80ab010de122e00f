package admin

import (
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// schemaChange is what happened to a source's tracked objects. Tables and columns are known by oid and position, which
// a rename leaves alone (Hasura: RQL/DDL/Schema/Diff).
type schemaChange struct {
	source string
	// objects are the tracked tables, functions and computed fields that are gone.
	objects []metadata.ObjectID
	// dropped is everything gone that others may depend on.
	dropped        []metadata.Ref
	droppedTables  []metadata.TableName
	droppedColumns []metadata.Ref
	renames        metadata.Renames
	overloaded     []metadata.FunctionName
}

func catalogName(n metadata.TableName) catalog.Name { return catalog.Name(n) }

// compare finds what changed for the objects of s. A source that was not read before has nothing to compare with.
func compare(s *metadata.Source, before, after *catalog.Catalog) *schemaChange {
	c := &schemaChange{renames: metadata.Renames{
		Tables: map[metadata.TableName]metadata.TableName{}, Columns: map[metadata.TableName]map[string]string{},
	}}
	if s == nil || before == nil {
		return c
	}
	c.source = s.Name
	byOID := make(map[uint32]*catalog.Table, len(after.Tables))
	for _, t := range after.Tables {
		byOID[t.OID] = t
	}
	for _, t := range s.Tables {
		if was := before.Tables[catalogName(t.Name)]; was != nil {
			c.table(t.Name, was, byOID[was.OID], after)
		}
		for _, f := range t.ComputedFields {
			if len(before.Functions[catalogName(f.Function)]) > 0 && len(after.Functions[catalogName(f.Function)]) == 0 {
				c.objects = append(c.objects, metadata.ComputedFieldObject(s.Name, t.Name, f.Name))
				c.dropped = append(c.dropped, metadata.Ref{Source: s.Name, Table: t.Name, ComputedField: f.Name})
			}
		}
	}
	for _, f := range s.Functions {
		was, is := before.Functions[catalogName(f.Name)], after.Functions[catalogName(f.Name)]
		switch {
		case len(was) > 0 && len(is) == 0:
			c.objects = append(c.objects, metadata.FunctionObject(s.Name, f.Name))
		case len(was) == 1 && len(is) > 1:
			c.overloaded = append(c.overloaded, f.Name)
		}
	}
	return c
}

func (c *schemaChange) table(name metadata.TableName, was, is *catalog.Table, after *catalog.Catalog) {
	if is == nil {
		// Dropped and created anew under the same name, the table goes on.
		if is = after.Tables[was.Name]; is == nil {
			c.objects = append(c.objects, metadata.TableObject(c.source, name))
			c.dropped = append(c.dropped, metadata.Ref{Source: c.source, Table: name})
			c.droppedTables = append(c.droppedTables, name)
			return
		}
		for _, col := range was.Columns {
			if is.Column(col.Name) == nil {
				c.dropColumn(name, col.Name)
			}
		}
		return
	}
	if is.Name != was.Name {
		c.renames.Tables[name] = metadata.TableName(is.Name)
	}
	for _, col := range was.Columns {
		i := slices.IndexFunc(is.Columns, func(o *catalog.Column) bool { return o.Position == col.Position })
		switch {
		case i < 0:
			c.dropColumn(name, col.Name)
		case is.Columns[i].Name != col.Name:
			if c.renames.Columns[name] == nil {
				c.renames.Columns[name] = map[string]string{}
			}
			c.renames.Columns[name][col.Name] = is.Columns[i].Name
		}
	}
	for _, fk := range was.ForeignKeys {
		if !slices.ContainsFunc(is.ForeignKeys, func(o *catalog.ForeignKey) bool { return o.OID == fk.OID || sameKey(o, fk) }) {
			c.dropped = append(c.dropped, metadata.Ref{Source: c.source, Table: name, Constraint: fk.Name})
		}
	}
}

// sameKey: a key that was dropped and made anew over the same columns serves relationships as before.
func sameKey(a, b *catalog.ForeignKey) bool {
	return a.To == b.To && slices.Equal(a.Columns, b.Columns) && slices.Equal(a.ToColumns, b.ToColumns)
}

func (c *schemaChange) dropColumn(table metadata.TableName, column string) {
	ref := metadata.Ref{Source: c.source, Table: table, Column: column}
	c.dropped = append(c.dropped, ref)
	c.droppedColumns = append(c.droppedColumns, ref)
}

// dependents are the objects that need something gone, but are not gone with it.
func (c *schemaChange) dependents(doc *metadata.Metadata, facts metadata.Facts) []metadata.Dependent {
	return slices.DeleteFunc(doc.Dependents(facts, c.dropped...), func(d metadata.Dependent) bool {
		return slices.Contains(c.objects, d.ID) || d.Source == c.source && slices.Contains(c.droppedTables, d.Owner)
	})
}

func joinNames(names []metadata.FunctionName) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = n.String()
	}
	return strings.Join(list, ", ")
}
