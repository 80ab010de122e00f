package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// NativeQuery is a query an administrator wrote, served as a root field. Its rows are those of a logical model, which
// is to everything else a table that cannot be written: columns, conditions, orders and permissions are the same.
type NativeQuery struct {
	Source *Source
	Name   string
	// Returns is the logical model.
	Returns *Table
	Args    []FunctionArg
	// Code is the query in the pieces between its arguments; Holes are the positions in Args of what stands between.
	Code        []string
	Holes       []int
	Description string
	// Single: the field gives the first row, not a list.
	Single bool
}

func (n *NativeQuery) hasArgs() bool { return n != nil && len(n.Args) > 0 }

// modelDocument is a logical model in the metadata.
type modelDocument struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Fields      []struct {
		Name        string   `json:"name"`
		Description string   `json:"description"`
		Type        typeNode `json:"type"`
		// Nullable is where a type given by its name alone says it.
		Nullable bool `json:"nullable"`
	} `json:"fields"`
	SelectPermissions []struct {
		Role       string `json:"role"`
		Permission struct {
			Columns json.RawMessage `json:"columns"`
			Filter  json.RawMessage `json:"filter"`
		} `json:"permission"`
	} `json:"select_permissions"`
}

// typeNode is a field's type: a scalar, a list, or another logical model.
type typeNode struct {
	Scalar       string    `json:"scalar"`
	LogicalModel string    `json:"logical_model"`
	Array        *typeNode `json:"array"`
	Nullable     bool      `json:"nullable"`
}

// UnmarshalJSON also takes a type by its name alone.
func (t *typeNode) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &t.Scalar)
	}
	type plain typeNode
	return json.Unmarshal(raw, (*plain)(t))
}

// queryDocument is a native query in the metadata.
type queryDocument struct {
	RootFieldName string          `json:"root_field_name"`
	Code          string          `json:"code"`
	Comment       string          `json:"comment"`
	Type          string          `json:"type"`
	Returns       json.RawMessage `json:"returns"`
	Arguments     map[string]struct {
		Type        string `json:"type"`
		Nullable    bool   `json:"nullable"`
		Description string `json:"description"`
	} `json:"arguments"`
	ObjectRelationships []nativeRelationship `json:"object_relationships"`
	ArrayRelationships  []nativeRelationship `json:"array_relationships"`
}

type nativeRelationship struct {
	Name  string `json:"name"`
	Using struct {
		ColumnMapping     map[string]string   `json:"column_mapping"`
		RemoteNativeQuery string              `json:"remote_native_query"`
		RemoteTable       *metadata.TableName `json:"remote_table"`
	} `json:"using"`
}

// natives builds a source's logical models and native queries. A query that the database refuses, or that says
// something that is not understood, is left out and listed.
func (b *builder) natives(c *content, ms *metadata.Source, cat *catalog.Catalog, in *scope) {
	s := c.Source
	models := map[string]*Table{}
	documents := map[string]*modelDocument{}
	for _, o := range ms.LogicalModels {
		t, doc, err := b.namedModel(c, o, cat)
		if err != nil {
			b.inconsistent(metadata.LogicalModelObject(s.Name, o.Name), o.JSON, "in logical model %q: %v", o.Name, err)
			continue
		}
		models[o.Name], documents[o.Name] = t, doc
	}
	own := map[string]*modelDocument{} // results described in place, by query
	queries := map[string]*NativeQuery{}
	relationships := map[string]*queryDocument{}
	for _, o := range ms.NativeQueries {
		n, doc, err := b.native(c, o, models, own, cat)
		if err == nil {
			if reason, refused := b.in.NativeErrors[s.Name][o.Name]; refused {
				err = errors.New(reason)
			}
		}
		if err != nil {
			b.inconsistent(metadata.NativeQueryObject(s.Name, o.Name), o.JSON, "in native query %q: %v", o.Name, err)
			continue
		}
		queries[o.Name], relationships[o.Name] = n, doc
	}
	for _, o := range ms.NativeQueries {
		n := queries[o.Name]
		if n == nil {
			continue
		}
		err := b.nativeRelations(n, relationships[o.Name], queries, in)
		if doc := own[o.Name]; err == nil && doc != nil {
			if err = b.nestedFields(n.Returns, doc, models); err == nil {
				err = b.modelPermissions(n.Returns, doc, in)
			}
		}
		if err != nil {
			b.inconsistent(metadata.NativeQueryObject(s.Name, o.Name), o.JSON, "in native query %q: %v", o.Name, err)
			continue
		}
		c.natives = append(c.natives, n)
	}
	for _, o := range ms.LogicalModels {
		t, doc := models[o.Name], documents[o.Name]
		if t == nil {
			continue
		}
		err := b.nestedFields(t, doc, models)
		if err == nil {
			err = b.modelPermissions(t, doc, in)
		}
		if err != nil {
			b.inconsistent(metadata.LogicalModelObject(s.Name, o.Name), o.JSON, "in logical model %q: %v", o.Name, err)
		}
	}
}

func (b *builder) namedModel(c *content, o *metadata.Opaque, cat *catalog.Catalog) (*Table, *modelDocument, error) {
	doc := &modelDocument{}
	if err := o.CheckLogicalModel(); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(o.JSON, doc); err != nil {
		return nil, nil, err
	}
	t, err := b.model(c, doc, cat)
	return t, doc, err
}

func (b *builder) model(c *content, doc *modelDocument, cat *catalog.Catalog) (*Table, error) {
	s := c.Source
	ct := &catalog.Table{Name: catalog.Name{Name: doc.Name}, Kind: catalog.View}
	t := &Table{
		Source: s, Name: ct.Name, Catalog: ct,
		base: s.custom.auto(doc.Name), description: doc.Description,
	}
	if gql := s.custom.field(t.base); !IsName(gql) {
		return nil, fmt.Errorf("%q is not a valid GraphQL identifier", gql)
	}
	want := &claim{by: &owner{kind: "logical model", name: text(t.Name), source: s.Name}, typ: s.custom.typ(t.base)}
	if other := b.names.typeOwner(want.typ); other != nil && !b.isSettledLate {
		b.names.hasClash = true
		return nil, fmt.Errorf("the GraphQL name %q is already that of %q in source %s", want.typ, other.name, other.source)
	}
	for i, f := range doc.Fields {
		if f.Type.model() {
			continue // a relationship of that name, or what nestedFields makes of it
		}
		ty, err := nativeType(f.Type, cat)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		column := &catalog.Column{Name: f.Name, Position: i + 1, Type: ty, NotNull: !f.Type.Nullable && !f.Nullable}
		ct.Columns = append(ct.Columns, column)
		shown := &Column{Table: t, Name: f.Name, GraphQL: s.custom.field(s.custom.auto(f.Name)), Catalog: column, Type: ty, Class: namedClass(ty), Description: f.Description}
		if !IsName(shown.GraphQL) || t.columnShown(shown.GraphQL) {
			return nil, fmt.Errorf("field %q is not a valid GraphQL name or is there twice", f.Name)
		}
		t.Columns = append(t.Columns, shown)
	}
	if len(t.Columns) == 0 {
		return nil, errors.New("a logical model needs a field that is a column")
	}
	b.memo.nativeClaims = append(b.memo.nativeClaims, want)
	b.take(want)
	d := &details{all: everything(t, nil), explicit: map[string]*Permissions{}}
	d.all.Select.Aggregations = false
	b.m.details[t] = d
	b.memo.models = append(b.memo.models, t)
	return t, nil
}

// model tells whether the type is another logical model, or a list of it.
func (t typeNode) model() bool {
	for t.Array != nil {
		t = *t.Array
	}
	return t.LogicalModel != ""
}

// sqlNames are the names SQL has for types whose own name is another.
var sqlNames = map[string]string{
	"integer": "int4", "int": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4", "double precision": "float8",
	"decimal": "numeric", "character varying": "varchar", "character": "bpchar", "char": "bpchar", "timestamp without time zone": "timestamp",
	"timestamp with time zone": "timestamptz", "time without time zone": "time", "time with time zone": "timetz", "serial": "int4", "bigserial": "int8",
	"bit varying": "varbit", "float": "float8",
}

func nativeType(n typeNode, cat *catalog.Catalog) (*catalog.Type, error) {
	if n.Array != nil {
		elem, err := nativeType(*n.Array, cat)
		if err != nil {
			return nil, err
		}
		return &catalog.Type{Name: catalog.Name{Schema: elem.Name.Schema, Name: "_" + elem.Name.Name}, Kind: catalog.ArrayType, Elem: elem}, nil
	}
	return typeNamed(n.Scalar, cat)
}

// typeNamed finds a type by the name SQL or the catalog has for it: a built-in one, or one that some column has.
func typeNamed(name string, cat *catalog.Catalog) (*catalog.Type, error) {
	if name == "" {
		return nil, errors.New("a type is missing")
	}
	lower := strings.ToLower(strings.TrimSpace(name))
	if elem, isArray := strings.CutSuffix(lower, "[]"); isArray {
		return nativeType(typeNode{Array: &typeNode{Scalar: elem}}, cat)
	}
	if own, ok := sqlNames[lower]; ok {
		lower = own
	}
	var found *catalog.Type
	for _, t := range cat.Tables {
		for _, c := range t.Columns {
			if n := c.Type.Name; n.Name == lower || n.Name == name || n.Schema+"."+n.Name == name {
				if n.Schema == "pg_catalog" || n.Schema == "public" {
					return c.Type, nil
				}
				if found == nil || n.Schema < found.Name.Schema { // of several, always the same one
					found = c.Type
				}
			}
		}
	}
	if found != nil {
		return found, nil
	}
	return builtin(lower), nil
}

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

func (b *builder) native(c *content, o *metadata.Opaque, models map[string]*Table, own map[string]*modelDocument, cat *catalog.Catalog) (*NativeQuery, *queryDocument, error) {
	doc := &queryDocument{}
	if err := o.CheckNativeQuery(); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(o.JSON, doc); err != nil {
		return nil, nil, err
	}
	s := c.Source
	n := &NativeQuery{Source: s, Name: o.Name, Description: doc.Comment, Single: doc.Type == "single"}
	switch doc.Type {
	case "", "query", "multiple", "single":
	default:
		return nil, nil, fmt.Errorf("unknown type %q", doc.Type)
	}
	field := s.custom.root(s.custom.field(s.custom.auto(o.Name)))
	if !IsName(field) {
		return nil, nil, fmt.Errorf("%q is not a valid GraphQL identifier", field)
	}
	want := &claim{
		by:    &owner{kind: "native query", name: o.Name, source: s.Name},
		roots: []rootName{{queryRoot, s.custom.namespace, field}, {subscriptionRoot, s.custom.namespace, field}},
	}
	b.memo.nativeClaims = append(b.memo.nativeClaims, want)
	if taken := b.take(want); len(taken) > 0 {
		return nil, nil, fmt.Errorf("the GraphQL name %q is already that of %v", field, b.names.rootOwner(want.roots[0]))
	}
	for i, name := range slices.Sorted(maps.Keys(doc.Arguments)) {
		a := doc.Arguments[name]
		ty, err := typeNamed(a.Type, cat)
		if err != nil {
			return nil, nil, fmt.Errorf("argument %q: %w", name, err)
		}
		if !IsName(name) {
			return nil, nil, fmt.Errorf("argument %q is not a valid GraphQL name", name)
		}
		n.Args = append(n.Args, FunctionArg{
			GraphQL: s.custom.field(s.custom.auto(name)), Name: name, Position: i, Type: ty, Class: namedClass(ty), HasDefault: a.Nullable, Description: a.Description,
		})
	}
	code := strings.TrimRight(doc.Code, "; \t\r\n")
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(code, -1) {
		name := code[at[2]:at[3]]
		i := slices.IndexFunc(n.Args, func(a FunctionArg) bool { return a.Name == name })
		if i < 0 {
			return nil, nil, fmt.Errorf("undeclared argument %q is used in the query", name)
		}
		n.Code, n.Holes = append(n.Code, code[last:at[0]]), append(n.Holes, i)
		last = at[1]
	}
	n.Code = append(n.Code, code[last:])
	return n, doc, b.nativeResult(c, n, doc, models, own, cat)
}

// nativeResult finds a query's logical model, or makes the one described in place, whose type has the query's name
// (Hasura: SchemaCache, resolved native queries).
func (b *builder) nativeResult(c *content, n *NativeQuery, doc *queryDocument, models map[string]*Table, own map[string]*modelDocument, cat *catalog.Catalog) error {
	var name string
	if json.Unmarshal(doc.Returns, &name) == nil {
		if n.Returns = models[name]; n.Returns == nil {
			return fmt.Errorf("the logical model %q could not be found", name)
		}
		return nil
	}
	model := &modelDocument{}
	if err := json.Unmarshal(doc.Returns, model); err != nil {
		return fmt.Errorf("its result: %w", err)
	}
	model.Name = n.Name
	var err error
	n.Returns, err = b.model(c, model, cat)
	own[n.Name] = model
	return err
}

// nativeRelations adds a query's relationships to its logical model. Queries of one model may name the same one.
func (b *builder) nativeRelations(n *NativeQuery, doc *queryDocument, queries map[string]*NativeQuery, in *scope) error {
	d := b.m.details[n.Returns]
	for _, kind := range []struct {
		list  []nativeRelationship
		array bool
	}{{doc.ObjectRelationships, false}, {doc.ArrayRelationships, true}} {
		for _, m := range kind.list {
			r, err := nativeRelation(n, m, kind.array, queries, in)
			if err != nil {
				return fmt.Errorf("in relationship %q: %w", m.Name, err)
			}
			switch have := d.relation(m.Name); {
			case have == nil:
				d.relations = append(d.relations, r)
			case have.Target != r.Target || have.Native != r.Native || have.Array != r.Array || !slices.Equal(have.Mapping, r.Mapping):
				return fmt.Errorf("another query with the logical model %q has a different relationship %q", n.Returns.Name.Name, m.Name)
			}
		}
	}
	return nil
}

func nativeRelation(n *NativeQuery, m nativeRelationship, array bool, queries map[string]*NativeQuery, in *scope) (*Relation, error) {
	r := &Relation{Table: n.Returns, Name: m.Name, Array: array, Nullable: true, AfterParent: true}
	switch {
	case !IsName(m.Name) || n.Returns.columnShown(m.Name):
		return nil, fmt.Errorf("the name is not a valid GraphQL name or that of a field")
	case m.Using.RemoteNativeQuery != "":
		if r.Native = queries[m.Using.RemoteNativeQuery]; r.Native == nil {
			return nil, fmt.Errorf("the native query %q could not be found", m.Using.RemoteNativeQuery)
		}
		r.Target = r.Native.Returns
	case m.Using.RemoteTable != nil:
		if r.Target = in.table(catalog.Name(*m.Using.RemoteTable)); r.Target == nil {
			return nil, fmt.Errorf("table %q is not tracked", text(catalog.Name(*m.Using.RemoteTable)))
		}
	}
	if r.Target == nil || len(m.Using.ColumnMapping) == 0 {
		return nil, errors.New("a target and a column mapping are needed")
	}
	for _, own := range slices.Sorted(maps.Keys(m.Using.ColumnMapping)) {
		mine, theirs := n.Returns.Catalog.Column(own), r.Target.Catalog.Column(m.Using.ColumnMapping[own])
		if mine == nil || theirs == nil {
			return nil, fmt.Errorf("no such columns exist: %q, %q", own, m.Using.ColumnMapping[own])
		}
		r.Mapping = append(r.Mapping, ColumnPair{mine, theirs})
	}
	return r, nil
}

// modelPermissions resolves what roles see of a logical model; one that cannot be honoured is left out, and the first such
// is the error.
func (b *builder) modelPermissions(t *Table, doc *modelDocument, scope *scope) (first error) {
	d := b.m.details[t]
	for _, p := range doc.SelectPermissions {
		in := &metadata.SelectPermission{Permission: metadata.Permission{Role: p.Role}, Filter: p.Permission.Filter}
		err := json.Unmarshal(p.Permission.Columns, &in.Columns.Names)
		if string(p.Permission.Columns) == `"*"` {
			in.Columns.All, err = true, nil
		}
		var resolved *SelectPermission
		if err == nil {
			resolved, err = resolveSelect(t, in, scope)
		}
		if err == nil && len(resolved.Columns) == 0 {
			err = errors.New("a permission needs a column that is none of nested objects")
		}
		if err == nil && (p.Role == "" || p.Role == AdminRole) {
			err = fmt.Errorf("a permission needs a role other than admin")
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("in permission for role %q: %w", p.Role, err)
			}
			continue
		}
		for _, r := range d.relations {
			if r.Nested != nil && (in.Columns.All || slices.Contains(in.Columns.Names, r.Nested.Name)) {
				resolved.Columns[r.Nested] = nil
			}
		}
		d.explicit[p.Role] = &Permissions{Select: resolved}
	}
	return first
}

func (s *Schema) nativeRoot(n *NativeQuery) []*Field {
	if !s.hasRowType(n.Returns) {
		return nil
	}
	custom := n.Source.custom
	if n.Single {
		return []*Field{{
			Name: custom.root(custom.field(custom.auto(n.Name))), Description: n.Description, Type: named(s.rowType(n.Returns)),
			Args: s.nativeArgs(n), Meaning: CallNative{n},
		}}
	}
	return []*Field{{
		Name: custom.root(custom.field(custom.auto(n.Name))), Description: n.Description, Type: listOfNonNull(s.rowType(n.Returns)).notNull(),
		Args: append(s.nativeArgs(n), s.selectArgs(n.Returns)...), Meaning: CallNative{n},
	}}
}

// nativeArgs is the `args` argument of a native query, if it has arguments.
func (s *Schema) nativeArgs(n *NativeQuery) []*InputField {
	if !n.hasArgs() {
		return nil
	}
	custom := n.Source.custom
	t := s.typ(InputObject, custom.typ(custom.auto(n.Name).with("", "arguments")), n.Name+" Native Query Arguments", func(t *Type) {
		for _, a := range n.Args {
			ref := s.classRef(a.Class)
			if !a.HasDefault {
				ref = ref.notNull()
			}
			t.inputs = append(t.inputs, &InputField{Name: a.GraphQL, Description: a.Description, Type: ref, Meaning: FunctionInput{a}})
		}
	})
	return []*InputField{{Name: "args", Description: n.Name + " Native Query Arguments", Type: nonNull(t), Meaning: ArgFunction}}
}
