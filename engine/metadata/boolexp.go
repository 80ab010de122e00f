package metadata

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Facts is what a mutation needs to know of the databases. A source that cannot be reached knows nothing.
type Facts interface {
	// HasColumn tells whether a table has a column.
	HasColumn(source string, t TableName, column string) bool
	// Target is the table a relationship leads to and the columns it joins, own to remote.
	Target(source string, t TableName, r *Relationship, isArray bool) (remote TableName, mapping map[string]string, ok bool)
	// ReturnedTable is the table whose rows a function returns.
	ReturnedTable(source string, f FunctionName) (TableName, bool)
	// Constraint is the name of the foreign key a relationship stands on, and the table that has it; "" for a manual one.
	Constraint(source string, t TableName, r *Relationship, isArray bool) (TableName, string)
}

// visitor walks the boolean expressions of a source. Each function is told of a name and gives the name to write in its
// place; so one walk serves to list what an expression uses and to rename it.
type visitor struct {
	doc    *Metadata
	source string
	facts  Facts

	table        func(TableName) TableName
	column       func(TableName, string) string
	relationship func(TableName, string) string
	computed     func(TableName, string) string
	// function is told of the functions behind computed fields, where the walk is to rename.
	function func(FunctionName) FunctionName
	// literal is told, where it is set, of a column that is compared with a value written out.
	literal func(TableName, string)
}

// boolExp walks an expression over the rows of table. What cannot be read is given back as it is: schema refuses it.
func (v *visitor) boolExp(exp BoolExp, table TableName) BoolExp {
	if len(exp) == 0 {
		return exp
	}
	n, err := parseNode(exp)
	if err != nil {
		return exp
	}
	w := &writer{}
	v.expression(w, n, table, table)
	return w.Bytes()
}

// expression writes one level. root is the table the whole expression is about, which ["$", "column"] names.
func (v *visitor) expression(w *writer, n *node, table, root TableName) {
	if n.kind != objectNode {
		w.Write(n.compact())
		return
	}
	w.WriteByte('{')
	for i, key := range n.keys {
		if i > 0 {
			w.WriteByte(',')
		}
		value := n.member(key)
		switch op, _ := Operator(key); op {
		case "and", "or":
			v.key(w, key)
			v.list(w, value, table, root)
			continue
		case "not":
			v.key(w, key)
			v.expression(w, value, table, root)
			continue
		case "exists":
			v.key(w, key)
			v.exists(w, value, root)
			continue
		}
		v.fieldOf(w, key, value, table, root)
	}
	w.WriteByte('}')
}

func (v *visitor) key(w *writer, key string) {
	w.text(key)
	w.WriteByte(':')
}

func (v *visitor) list(w *writer, n *node, table, root TableName) {
	if n.kind != arrayNode {
		v.expression(w, n, table, root)
		return
	}
	w.WriteByte('[')
	for i, item := range n.items {
		if i > 0 {
			w.WriteByte(',')
		}
		v.expression(w, item, table, root)
	}
	w.WriteByte(']')
}

// exists is {_table, _where}.
func (v *visitor) exists(w *writer, n *node, root TableName) {
	var name TableName
	isNamed := false
	for i, key := range n.keys {
		if op, _ := Operator(key); op == "table" {
			name, isNamed = plainTableName(n.values[i])
		}
	}
	if !isNamed {
		w.Write(n.compact())
		return
	}
	v.members(w, n, func(key string, value *node) {
		op, _ := Operator(key)
		renamed := name
		if op == "table" {
			renamed = v.table(name)
		}
		switch {
		case renamed != name:
			tableName.write(w, renamed)
		case op == "where":
			v.expression(w, value, name, root)
		default:
			w.Write(value.compact())
		}
	})
}

// fieldOf writes a key that is a relationship, a computed field or a column of table.
func (v *visitor) fieldOf(w *writer, key string, value *node, table, root TableName) {
	var t *Table
	if s := v.doc.Source(v.source); s != nil {
		t = s.Table(table)
	}
	if t != nil {
		if r, isArray := t.relationship(key); r != nil {
			v.key(w, v.relationship(table, key))
			remote, _, ok := v.facts.Target(v.source, table, r, isArray)
			if !ok {
				w.Write(value.compact())
				return
			}
			v.expression(w, value, remote, root)
			return
		}
		if name, isAggregate := strings.CutSuffix(key, "_aggregate"); isAggregate && !v.facts.HasColumn(v.source, table, key) {
			if r, isArray := t.relationship(name); r != nil && isArray {
				v.key(w, v.relationship(table, name)+"_aggregate")
				if remote, _, ok := v.facts.Target(v.source, table, r, isArray); ok {
					v.aggregates(w, value, remote, root)
				} else {
					w.Write(value.compact())
				}
				return
			}
		}
		for _, c := range t.ComputedFields {
			if c.Name == key {
				v.key(w, v.computed(table, key))
				if remote, ok := v.facts.ReturnedTable(v.source, c.Function); ok {
					v.expression(w, value, remote, root)
				} else {
					w.Write(value.compact())
				}
				return
			}
		}
	}
	if v.literal != nil && hasLiteral(value) {
		v.literal(table, key)
	}
	v.key(w, v.column(table, key))
	v.operators(w, value, table, root)
}

// hasLiteral tells whether a column's comparison has a value written out, and not just session variables and columns.
func hasLiteral(n *node) bool {
	switch n.kind {
	case objectNode:
		for i, op := range n.keys {
			if name, _ := Operator(op); !isNameOperator(name) && hasLiteral(n.values[i]) {
				return true
			}
		}
		return false
	case arrayNode:
		return slices.ContainsFunc(n.items, hasLiteral)
	case stringNode:
		_, isSession := SessionVariable(n.text)
		return !isSession
	case nullNode:
		return false
	}
	return true
}

// isNameOperator: is_null compares with nothing, ceq and its siblings with columns.
func isNameOperator(name string) bool {
	_, ofColumns := ColumnOperator(name)
	return ofColumns || name == "is_null"
}

// aggregates writes {count: {arguments, distinct, filter, predicate}} and its siblings over the rows of table.
func (v *visitor) aggregates(w *writer, n *node, table, root TableName) {
	v.members(w, n, func(_ string, aggregate *node) {
		v.members(w, aggregate, func(key string, value *node) {
			switch key {
			case "arguments":
				v.arguments(w, value, table)
			case "filter":
				v.expression(w, value, table, root)
			default:
				w.Write(value.compact())
			}
		})
	})
}

// arguments writes a column, a list of them, or an object of them ({X, Y} of corr).
func (v *visitor) arguments(w *writer, n *node, table TableName) {
	switch n.kind {
	case stringNode:
		w.text(v.column(table, n.text))
	case arrayNode:
		w.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.WriteByte(',')
			}
			v.arguments(w, item, table)
		}
		w.WriteByte(']')
	default:
		v.members(w, n, func(_ string, value *node) { v.arguments(w, value, table) })
	}
}

// members writes an object whose keys stay; what is none is written as it is.
func (v *visitor) members(w *writer, n *node, write func(key string, value *node)) {
	if n.kind != objectNode {
		w.Write(n.compact())
		return
	}
	w.WriteByte('{')
	for i, key := range n.keys {
		if i > 0 {
			w.WriteByte(',')
		}
		v.key(w, key)
		write(key, n.values[i])
	}
	w.WriteByte('}')
}

// operators writes a column's comparison, in which _ceq and its siblings name columns again.
func (v *visitor) operators(w *writer, n *node, table, root TableName) {
	v.members(w, n, func(op string, value *node) {
		name, _ := Operator(op)
		if _, ofColumns := ColumnOperator(name); ofColumns {
			v.columnReference(w, value, table, root)
			return
		}
		w.Write(value.compact())
	})
}

// columnReference is "column", or a path to one: ["relationship", "column"], and with "$" first from the root row.
func (v *visitor) columnReference(w *writer, n *node, table, root TableName) {
	if n.kind == stringNode {
		w.text(v.column(table, n.text))
		return
	}
	path, ok := v.columnPath(n, table, root)
	if !ok {
		w.Write(n.compact())
		return
	}
	texts.write(w, path)
}

func (v *visitor) columnPath(n *node, table, root TableName) (path []string, ok bool) {
	for i, item := range n.items {
		if item.kind != stringNode {
			return nil, false
		}
		switch {
		case i == 0 && item.text == "$":
			table = root
			path = append(path, item.text)
		case i == len(n.items)-1:
			return append(path, v.column(table, item.text)), true
		default:
			s := v.doc.Source(v.source)
			if s == nil || s.Table(table) == nil {
				return nil, false
			}
			r, isArray := s.Table(table).relationship(item.text)
			if r == nil {
				return nil, false
			}
			path = append(path, v.relationship(table, item.text))
			if table, _, ok = v.facts.Target(v.source, table, r, isArray); !ok {
				return nil, false
			}
		}
	}
	return nil, false
}

// relationship finds a relationship by name.
func (t *Table) relationship(name string) (r *Relationship, isArray bool) {
	for _, r := range t.ObjectRelationships {
		if r.Name == name {
			return r, false
		}
	}
	for _, r := range t.ArrayRelationships {
		if r.Name == name {
			return r, true
		}
	}
	return nil, false
}

// permissions walks everything in a table's permissions that names columns, relationships or computed fields. It gives
// the table with the permissions rewritten; each is announced with its kind and role before it is walked.
func (v *visitor) permissions(t Table, announce func(kind, role string)) Table {
	own := t.Name
	columns := func(c Columns) Columns {
		if !c.All {
			names := make([]string, len(c.Names))
			for i, name := range c.Names {
				names[i] = v.column(own, name)
			}
			c.Names = names
		}
		return c
	}
	set := func(m map[string]json.RawMessage) map[string]json.RawMessage {
		out := make(map[string]json.RawMessage, len(m))
		for _, column := range slices.Sorted(maps.Keys(m)) {
			out[v.column(own, column)] = m[column]
		}
		return out
	}
	t.InsertPermissions = mapped(t.InsertPermissions, func(p InsertPermission) InsertPermission {
		announce("insert", p.Role)
		p.Columns, p.Set, p.Check = columns(p.Columns), set(p.Set), v.boolExp(p.Check, own)
		return p
	})
	t.SelectPermissions = mapped(t.SelectPermissions, func(p SelectPermission) SelectPermission {
		announce("select", p.Role)
		p.Columns, p.Filter = columns(p.Columns), v.boolExp(p.Filter, own)
		fields := make([]string, len(p.ComputedFields))
		for i, name := range p.ComputedFields {
			fields[i] = v.computed(own, name)
		}
		p.ComputedFields = fields
		return p
	})
	t.UpdatePermissions = mapped(t.UpdatePermissions, func(p UpdatePermission) UpdatePermission {
		announce("update", p.Role)
		p.Columns, p.Set = columns(p.Columns), set(p.Set)
		p.Filter, p.Check = v.boolExp(p.Filter, own), v.boolExp(p.Check, own)
		return p
	})
	t.DeletePermissions = mapped(t.DeletePermissions, func(p DeletePermission) DeletePermission {
		announce("delete", p.Role)
		p.Filter = v.boolExp(p.Filter, own)
		return p
	})
	return t
}
