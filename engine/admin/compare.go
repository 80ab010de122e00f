package admin

import (
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// schemaChange is what happened to a source's tracked objects. Tables, columns and functions are known by oid and position,
// which a rename leaves alone (Hasura: RQL/DDL/Schema/Diff).
type schemaChange struct {
	source string
	// objects are the tracked tables and functions that are gone.
	objects []metadata.ObjectID
	// lost are the computed fields whose function is gone.
	lost []metadata.Dependent
	// dropped is everything gone that others may depend on.
	dropped        []metadata.Ref
	droppedTables  []metadata.TableName
	droppedColumns []metadata.Ref
	// retyped are the columns whose type is another one.
	retyped []metadata.Ref
	renames metadata.Renames
	// overloaded are tracked functions that share their name now.
	overloaded []metadata.FunctionName
	// refusals are what a function may not become.
	refusals []error
}

func catalogName(n metadata.TableName) catalog.Name { return catalog.Name(n) }

// compare finds what changed for the objects of s. A source that was not read before has nothing to compare with.
func compare(s *metadata.Source, before, after *catalog.Catalog) *schemaChange {
	c := &schemaChange{renames: metadata.Renames{
		Tables: map[metadata.TableName]metadata.TableName{}, Columns: map[metadata.TableName]map[string]string{},
		Functions: map[metadata.FunctionName]metadata.FunctionName{},
	}}
	if s == nil || before == nil {
		return c
	}
	c.source = s.Name
	byOID := make(map[uint32]*catalog.Table, len(after.Tables))
	for _, t := range after.Tables {
		byOID[t.OID] = t
	}
	functions := functionChanges(before, after)
	for _, t := range s.Tables {
		if was := before.Tables[catalogName(t.Name)]; was != nil {
			c.table(t.Name, was, byOID[was.OID], after)
		}
		for _, f := range t.ComputedFields {
			c.computedField(t.Name, f, functions(f.Function))
		}
	}
	for _, f := range s.Functions {
		c.function(f.Name, functions(f.Name))
	}
	return c
}

// functionChange is what became of a function that had one overload: is is nil when it is gone, others counts the overloads
// of its name now.
type functionChange struct {
	was, is   *catalog.Function
	overloads int
}

// functionChanges gives the change of a function by its name of before. One that was dropped and created anew goes on.
func functionChanges(before, after *catalog.Catalog) func(metadata.FunctionName) functionChange {
	byOID := map[uint32]*catalog.Function{}
	for _, overloads := range after.Functions {
		for _, f := range overloads {
			byOID[f.OID] = f
		}
	}
	return func(name metadata.FunctionName) functionChange {
		was := before.Functions[catalogName(name)]
		if len(was) != 1 {
			return functionChange{}
		}
		change := functionChange{was: was[0], is: byOID[was[0].OID]}
		if again := after.Functions[catalogName(name)]; change.is == nil && len(again) > 0 {
			change.is = again[0]
		}
		if change.is != nil {
			change.overloads = len(after.Functions[change.is.Name])
		}
		return change
	}
}

// becameVolatile: Hasura refuses it for a function it knows (not for one created anew).
func (f functionChange) becameVolatile() bool {
	return f.was.OID == f.is.OID && f.was.Volatility != catalog.Volatile && f.is.Volatility == catalog.Volatile
}

func (c *schemaChange) function(name metadata.FunctionName, f functionChange) {
	switch {
	case f.was == nil:
	case f.is == nil:
		c.objects = append(c.objects, metadata.FunctionObject(c.source, name))
	case f.overloads > 1:
		c.overloaded = append(c.overloaded, name)
	case f.becameVolatile():
		c.refusals = append(c.refusals, fault.New(fault.NotSupported, "", "type of function %s is altered to \"VOLATILE\" which is not supported now", metadata.QuoteName(name)))
	default:
		c.renamedFunction(name, f.is)
	}
}

func (c *schemaChange) computedField(table metadata.TableName, field *metadata.ComputedField, f functionChange) {
	switch {
	case f.was == nil:
	case f.is == nil:
		c.lost = append(c.lost, metadata.ComputedFieldDependent(c.source, table, field.Name))
		c.dropped = append(c.dropped, metadata.Ref{Source: c.source, Table: table, ComputedField: field.Name})
	case f.overloads > 1:
		c.refusals = append(c.refusals, fault.New(fault.NotSupported, "", "The function %s associated with computed field%q of table %s is being overloaded",
			metadata.QuoteName(field.Function), field.Name, metadata.QuoteName(table)))
	case f.becameVolatile():
		c.refusals = append(c.refusals, fault.New(fault.NotSupported, "", "The type of function %s associated with computed field %q of table %s is being altered to \"VOLATILE\"",
			metadata.QuoteName(field.Function), field.Name, metadata.QuoteName(table)))
	default:
		c.renamedFunction(field.Function, f.is)
	}
}

func (c *schemaChange) renamedFunction(name metadata.FunctionName, is *catalog.Function) {
	if to := metadata.FunctionName(is.Name); to != name {
		c.renames.Functions[name] = to
	}
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
		if i < 0 {
			c.dropColumn(name, col.Name)
			continue
		}
		if is.Columns[i].Name != col.Name {
			if c.renames.Columns[name] == nil {
				c.renames.Columns[name] = map[string]string{}
			}
			c.renames.Columns[name][col.Name] = is.Columns[i].Name
		}
		if now := is.Columns[i].Type; now.OID != col.Type.OID && now.Name != col.Type.Name { // renamed or made anew, it is the same
			c.retyped = append(c.retyped, metadata.Ref{Source: c.source, Table: name, Column: col.Name})
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
	all := c.lost
	for _, d := range doc.Dependents(facts, c.dropped...) {
		if !slices.ContainsFunc(all, func(o metadata.Dependent) bool { return o.ID == d.ID }) {
			all = append(all, d)
		}
	}
	return slices.DeleteFunc(all, func(d metadata.Dependent) bool {
		return slices.Contains(c.objects, d.ID) || d.Source == c.source && slices.Contains(c.droppedTables, d.Owner)
	})
}

// refusal is what no cascade allows: names that are not clear any more, and columns compared with what their new type
// might not take.
func (c *schemaChange) refusal(doc *metadata.Metadata, facts metadata.Facts) error {
	if len(c.overloaded) > 0 {
		return fault.New(fault.NotSupported, "", "the following tracked function(s) cannot be overloaded: %s", joinNames(c.overloaded))
	}
	if len(c.refusals) > 0 {
		return c.refusals[0]
	}
	for _, column := range c.retyped {
		if dependents := doc.TypeDependents(facts, column.Source, column.Table, column.Column); len(dependents) > 0 {
			return fault.New(fault.DependencyError, "", "cannot change type of column %q in table %s because of the following dependencies: %s",
				column.Column, metadata.QuoteName(column.Table), metadata.Reports(dependents))
		}
	}
	return nil
}

func joinNames(names []metadata.FunctionName) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = n.String()
	}
	return strings.Join(list, ", ")
}
