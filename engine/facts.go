package engine

import (
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// facts answers metadata's questions about the databases from a snapshot's catalogs.
type facts map[string]*catalog.Catalog

func (f facts) table(source string, t metadata.TableName) *catalog.Table {
	c := f[source]
	if c == nil {
		return nil
	}
	return c.Tables[catalog.Name(t)]
}

// HasColumn implements metadata.Facts.
func (f facts) HasColumn(source string, t metadata.TableName, column string) bool {
	table := f.table(source, t)
	return table != nil && table.Column(column) != nil
}

// Target implements metadata.Facts.
func (f facts) Target(source string, t metadata.TableName, r *metadata.Relationship, isArray bool) (metadata.TableName, map[string]string, bool) {
	if m := r.Using.Manual; m != nil {
		return m.RemoteTable, m.ColumnMapping, true
	}
	_, fk, reversed := f.foreignKey(source, t, r, isArray)
	if fk == nil {
		if on := r.Using.ForeignKey; on != nil && on.Table != nil {
			return *on.Table, nil, true
		}
		return metadata.TableName{}, nil, false
	}
	mapping := make(map[string]string, len(fk.Columns))
	for i, c := range fk.Columns {
		if reversed {
			mapping[fk.ToColumns[i]] = c
		} else {
			mapping[c] = fk.ToColumns[i]
		}
	}
	if reversed {
		return *r.Using.ForeignKey.Table, mapping, true
	}
	return metadata.TableName(fk.To), mapping, true
}

// Constraint implements metadata.Facts.
func (f facts) Constraint(source string, t metadata.TableName, r *metadata.Relationship, isArray bool) (metadata.TableName, string) {
	table, fk, _ := f.foreignKey(source, t, r, isArray)
	if fk == nil {
		return metadata.TableName{}, ""
	}
	return metadata.TableName(table.Name), fk.Name
}

// foreignKey finds the key a relationship stands on; reversed where it is the remote table's.
func (f facts) foreignKey(source string, t metadata.TableName, r *metadata.Relationship, _ bool) (table *catalog.Table, key *catalog.ForeignKey, reversed bool) {
	on := r.Using.ForeignKey
	if on == nil {
		return nil, nil, false
	}
	holder, to := t, (*catalog.Name)(nil)
	if on.Table != nil {
		own := catalog.Name(t)
		holder, to, reversed = *on.Table, &own, true
	}
	table = f.table(source, holder)
	if table == nil {
		return nil, nil, reversed
	}
	for _, fk := range table.ForeignKeys {
		if (to == nil || fk.To == *to) && sameColumns(fk.Columns, on.Columns) {
			return table, fk, reversed
		}
	}
	return nil, nil, reversed
}

func sameColumns(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c string) bool { return !slices.Contains(b, c) })
}

// ReturnedTable implements metadata.Facts.
func (f facts) ReturnedTable(source string, name metadata.FunctionName) (metadata.TableName, bool) {
	c := f[source]
	if c == nil {
		return metadata.TableName{}, false
	}
	for _, fn := range c.Functions[catalog.Name(name)] {
		if fn.Returns != nil && c.Tables[fn.Returns.Table] != nil {
			return metadata.TableName(fn.Returns.Table), true
		}
	}
	return metadata.TableName{}, false
}
