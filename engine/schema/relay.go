package schema

import "fmt"

// The Relay endpoint's schema (Hasura: GraphQL/Schema/Relay): every table whose primary key the role may read is a node
// with a global id, and is read through connections. Everything else is as on the GraphQL endpoint.

// idField is the name the global id takes, from a column of that name too.
const idField = "id"

// nodeKey is the primary key that identifies t's rows to the role; nil when t is no node. A key of which the role sees
// some rows' cells only would be told by the id, so such a table is none.
func (s *Schema) nodeKey(t *Table) []*Column {
	pk := s.keyColumns(t)
	for _, c := range pk {
		if s.readable(t).Columns[c] != nil {
			return nil
		}
	}
	return pk
}

// Node finds the table a global id names among those that are nodes for the role, with its row type and key. sources
// are the names of the sources that have such a table.
func (s *Schema) Node(schema, name string) (t *Table, row *Type, key []*Column, sources []string) {
	for _, source := range s.m.sources {
		for _, one := range source.tables {
			if one.Name.Schema != schema || one.Name.Name != name {
				continue
			}
			if pk := s.nodeKey(one); pk != nil {
				t, key = one, pk
				sources = append(sources, source.Name)
			}
		}
	}
	if t != nil {
		row = s.rowType(t)
	}
	return t, row, key, sources
}

// NodeKey is the primary key that identifies t's rows to the role; nil when t is no node.
func (s *Schema) NodeKey(t *Table) []*Column { return s.nodeKey(t) }

func (s *Schema) globalID() *Type { return s.scalar("ID") }

func (s *Schema) nodeInterface() *Type {
	return s.typ(Interface, "Node", "An object with globally unique ID", func(out *Type) {
		out.fields = []*Field{{Name: idField, Description: "A globally unique identifier", Type: nonNull(s.globalID()), Meaning: NodeID{}}}
		for _, source := range s.m.sources {
			for _, t := range source.tables {
				if s.nodeKey(t) != nil {
					out.possible = append(out.possible, s.rowType(t))
				}
			}
		}
	})
}

// steering is a scalar in a place where its value decides what is read.
func steering(name string) *Type { return &Type{Kind: Scalar, Name: name, Steers: true} }

func (s *Schema) nodeRoot() []*Field {
	for _, source := range s.m.sources {
		for _, t := range source.tables {
			if s.nodeKey(t) != nil {
				id := &InputField{Name: idField, Description: "A globally unique id", Type: nonNull(steering("ID")), Meaning: ArgID}
				return []*Field{{Name: "node", Type: named(s.nodeInterface()), Args: []*InputField{id}, Meaning: NodeRoot{}}}
			}
		}
	}
	return nil
}

func (s *Schema) connectionRoot(t *Table) []*Field {
	if s.nodeKey(t) == nil {
		return nil
	}
	custom := t.Source.custom
	return []*Field{{
		Name: custom.root(custom.field(t.base.with("", "connection"))), Description: fmt.Sprintf("fetch data from the table: %q", text(t.Name)),
		Type: nonNull(s.connectionType(t)), Args: s.connectionArgs(t), Meaning: SelectConnection{t},
	}}
}

func (s *Schema) functionConnection(f *Function) []*Field {
	if !f.Set || !s.mayCall(f) || s.nodeKey(f.Returns) == nil {
		return nil
	}
	custom := f.Source.custom
	var args []*InputField
	if in := s.functionArgs(f.base, f.Source, f.Args, fmt.Sprintf("input parameters for function %q", text(f.Name))); in != nil {
		args = append(args, in)
	}
	description := f.Description
	if description == "" {
		description = fmt.Sprintf("execute function %q which returns %q", text(f.Name), text(f.Returns.Name))
	}
	return []*Field{{
		Name: custom.root(custom.field(f.base.with("", "connection"))), Description: description,
		Type: nonNull(s.connectionType(f.Returns)), Args: append(args, s.connectionArgs(f.Returns)...), Meaning: CallConnection{f},
	}}
}

// connectionArgs are selectArgs with pages instead of limit and offset.
func (s *Schema) connectionArgs(t *Table) []*InputField {
	integer := named(s.scalar("Int"))
	cursor := named(steering("String"))
	args := []*InputField{
		{Name: "first", Type: integer, Meaning: ArgFirst},
		{Name: "last", Type: integer, Meaning: ArgLast},
		{Name: "after", Type: cursor, Meaning: ArgAfter},
		{Name: "before", Type: cursor, Meaning: ArgBefore},
	}
	for _, a := range s.selectArgs(t) {
		if a.Meaning != Meaning(ArgLimit) && a.Meaning != Meaning(ArgOffset) {
			args = append(args, a)
		}
	}
	return args
}

func (s *Schema) connectionTypeName(t *Table, suffix string) string {
	custom := t.Source.custom
	return custom.affix(custom.bareType(t.base)+suffix, custom.typePrefix, custom.typeSuffix)
}

// The fields of connections, edges and pages.
const (
	ConnectionEdges    ConnectionPart = "edges"
	ConnectionPageInfo ConnectionPart = "pageInfo"
	EdgeCursor         ConnectionPart = "cursor"
	EdgeNode           ConnectionPart = "node"
	PageStart          ConnectionPart = "startCursor"
	PageEnd            ConnectionPart = "endCursor"
	PageHasNext        ConnectionPart = "hasNextPage"
	PageHasPrevious    ConnectionPart = "hasPreviousPage"
)

func (s *Schema) connectionType(t *Table) *Type {
	str, boolean := nonNull(s.scalar("String")), nonNull(s.scalar("Boolean"))
	part := func(p ConnectionPart, ref *Ref) *Field { return &Field{Name: string(p), Type: ref, Meaning: p} }
	page := s.typ(Object, "PageInfo", "", func(out *Type) {
		out.fields = []*Field{part(PageStart, str), part(PageEnd, str), part(PageHasNext, boolean), part(PageHasPrevious, boolean)}
	})
	edge := s.typ(Object, s.connectionTypeName(t, "Edge"), "", func(out *Type) {
		out.fields = []*Field{part(EdgeCursor, str), part(EdgeNode, nonNull(s.rowType(t)))}
	})
	return s.typ(Object, s.connectionTypeName(t, "Connection"), fmt.Sprintf("A Relay connection object on %q", text(t.Name)), func(out *Type) {
		out.fields = []*Field{part(ConnectionPageInfo, nonNull(page)), part(ConnectionEdges, listOfNonNull(edge).notNull())}
	})
}
