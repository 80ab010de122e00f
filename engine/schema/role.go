package schema

import (
	"fmt"
	"sync"
)

// Schema is the GraphQL schema of one role. Types are derived on first use and kept.
type Schema struct {
	Role        string
	BackendOnly bool
	// Relay: the schema of the Relay endpoint, with global ids and connections.
	Relay bool
	Query *Type
	// Mutation and Subscription are nil when the role has none.
	Mutation, Subscription *Type

	m *facts
	// several is set when the schema is that of several roles at once.
	several *several
	mu      sync.Mutex
	types   map[string]*Type
	// inherited remembers what an inherited role may do.
	inherited map[*Table]*Permissions

	rootsMu sync.Mutex
	roots   map[tableRoot][]*Field
	// introspection holds the types that describe the schema; they are the same for everybody.
	introspection introspectionTypes
}

// Role is the schema of a role; an unknown role's has no queries. With backendOnly the permissions marked
// backend_only open too.
func (m *Model) Role(role string, backendOnly bool) *Schema {
	return m.schema(schemaKey{role: role, backendOnly: backendOnly && role != AdminRole})
}

// RelayRole is the schema of a role on the Relay endpoint.
func (m *Model) RelayRole(role string, backendOnly bool) *Schema {
	return m.schema(schemaKey{role: role, backendOnly: backendOnly && role != AdminRole, relay: true})
}

func (m *Model) schema(key schemaKey) *Schema {
	if !m.roles[key.role] && key.role != AdminRole || isSeveral(key.role) {
		key = schemaKey{relay: key.relay} // every unknown role is the same, so that a client cannot fill the cache
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.schemas[key]
	if s == nil {
		s = newSchemaOf(m.facts, key, nil)
		m.schemas[key] = s
	}
	return s
}

func newSchemaOf(m *facts, key schemaKey, v *several) *Schema {
	s := &Schema{Role: key.role, BackendOnly: key.backendOnly, Relay: key.relay, m: m, several: v, types: map[string]*Type{}, inherited: map[*Table]*Permissions{}, roots: map[tableRoot][]*Field{}}
	s.introspection = newIntrospectionTypes(s)
	s.Query = s.root(queryRoot, "", s.federationRoots(), func() []*Field {
		roots := s.rootFields(false)
		if s.Relay {
			roots = append(roots, s.nodeRoot()...)
		}
		return roots
	})
	if s.Query == nil {
		s.Query = s.typ(Object, queryRoot, "", nil)
		s.Query.fields = append([]*Field{{
			Name: "no_queries_available", Type: nonNull(s.scalar("String")), Meaning: Placeholder{},
			Description: "There are no queries available to the current role. Either there are no sources or remote schemas configured, or the current role doesn't have the required permissions.",
		}}, s.federationRoots()...)
	}
	s.Mutation = s.root(mutationRoot, "mutation root", nil, s.mutationFields)
	s.Subscription = s.root(subscriptionRoot, "", nil, func() []*Field { return s.rootFields(true) })
	return s
}

// Whole is the same schema derived apart, for work that asks for all of it and then lets it go.
func (s *Schema) Whole() *Schema { return newSchemaOf(s.m, s.key(), s.several) }

// Options are those of the model the schema was derived from.
func (s *Schema) Options() Options { return s.m.options }

// Permissions are what the schema's role may do with t; of several roles, what RulesOf and Reading say in short.
func (s *Schema) Permissions(t *Table) *Permissions {
	if s.several != nil {
		return s.combined(t).united
	}
	if s.m.inherited[s.Role] == nil {
		return s.m.Permissions(t, s.Role)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.inherited[t]
	if p == nil {
		p = s.m.Permissions(t, s.Role)
		s.inherited[t] = p
	}
	return p
}

// typ is the type of that name, derived by fill when its members are first asked for.
func (s *Schema) typ(kind Kind, name, description string, fill func(*Type)) *Type {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.types[name]
	if t == nil {
		t = &Type{Kind: kind, Name: name, Description: description, fill: fill}
		s.types[name] = t
	}
	return t
}

func (s *Schema) scalar(name string) *Type { return s.typ(Scalar, name, "", nil) }

func (s *Schema) readable(t *Table) *SelectPermission { return s.Permissions(t).Select }

func (s *Schema) tableType(t *Table, before, after string) string {
	return t.Source.custom.typ(t.base.with(before, after))
}

// classRef is the type of values of a class: a scalar, or a list for arrays.
func (s *Schema) classRef(c Class) *Ref {
	if c.Elem != nil {
		return &Ref{Elem: s.classRef(*c.Elem).notNull(), Class: c.shared()}
	}
	return &Ref{Named: s.scalar(c.Name), Class: c.shared()}
}

// columnRef is the nullable type of a column.
func (s *Schema) columnRef(c *Column) *Ref {
	if c.Enum != nil {
		return named(s.enumType(c.Enum))
	}
	return s.classRef(c.Class)
}

func (s *Schema) enumType(t *Table) *Type {
	return s.typ(Enum, s.tableType(t, "", "enum"), "", func(e *Type) {
		for _, v := range t.Enum {
			e.values = append(e.values, &EnumMember{Name: t.Source.custom.enumValue(v.Name), Description: v.Description, Meaning: enumText(v.Name)})
		}
	})
}

// enumText is an enum table's value as the database has it.
type enumText string

func (enumText) meaning() {}

// EnumText is the database's text of an enum table's value.
func EnumText(m Meaning) (string, bool) {
	t, ok := m.(enumText)
	return string(t), ok
}

// rootFields are the fields of query_root, or of subscription_root.
func (s *Schema) rootFields(subscription bool) []*Field {
	on := queryRoot
	if subscription {
		on = subscriptionRoot
	}
	var all []*Field
	taken := map[string]bool{}
	for _, source := range s.m.sources {
		var own []*Field
		for _, t := range source.tables {
			if s.Relay {
				own = append(own, s.connectionRoot(t)...)
				continue
			}
			own = append(own, s.tableRoots(t, on)...)
		}
		own = append(own, s.otherRoots(source, on)...)
		for _, t := range source.tables { // last, so that they take no table's name
			if !s.Relay {
				own = append(own, s.groupRoots(t, subscription)...)
			}
		}
		kind := "query"
		if subscription {
			kind = "subscription"
		}
		all = append(all, s.namespaced(source, own, kind, taken)...)
	}
	return all
}

// namespaced puts a source's root fields into its namespace, if it has one. The first source to use a name keeps it.
func (s *Schema) namespaced(source *content, own []*Field, kind string, taken map[string]bool) []*Field {
	ns := source.custom.namespace
	if ns != "" && len(own) > 0 {
		t := s.typ(Object, source.custom.typ(of(ns, kind)), "", nil)
		t.fields = own
		own = []*Field{{Name: ns, Type: nonNull(t), Meaning: Namespace{}}}
	}
	var free []*Field
	for _, f := range own {
		if !taken[f.Name] {
			taken[f.Name] = true
			free = append(free, f)
		}
	}
	return free
}

func (t *Table) rootName(kind string, w words) (string, *string) {
	custom := t.rootFields[kind]
	if custom.Name != "" {
		return t.Source.custom.root(custom.Name), custom.Comment
	}
	return t.Source.custom.root(t.Source.custom.field(w)), custom.Comment
}

func (t *Table) root(kind string, w words, description string) *Field {
	name, comment := t.rootName(kind, w)
	if comment != nil {
		description = *comment
	}
	return &Field{Name: name, Description: description}
}

func (s *Schema) selectRoots(t *Table, subscription bool) []*Field {
	p := s.readable(t)
	if p == nil {
		return nil
	}
	allowed := p.QueryRoot
	if subscription {
		allowed = p.SubscriptionRoot
	}
	offers := func(kind string) bool { return allowed == nil || allowed[kind] }
	var out []*Field
	quotedName := fmt.Sprintf("%q", text(t.Name))
	if s.hasRowType(t) {
		if offers("select") {
			f := t.root("select", t.base, "fetch data from the table: "+quotedName)
			f.Type, f.Args, f.Meaning = listOfNonNull(s.rowType(t)).notNull(), s.selectArgs(t), SelectRows{t}
			out = append(out, f)
		}
		if pk := s.keyColumns(t); pk != nil && offers("select_by_pk") {
			f := t.root("select_by_pk", t.base.with("", "by_pk"), "fetch data from the table: "+quotedName+" using primary key columns")
			f.Type, f.Args, f.Meaning = named(s.rowType(t)), s.keyArgs(pk), SelectByPK{t}
			out = append(out, f)
		}
	}
	if p.Aggregations && offers("select_aggregate") && s.offersAggregates(t, subscription) {
		f := t.root("select_aggregate", t.base.with("", "aggregate"), "fetch aggregated fields from the table: "+quotedName)
		f.Type, f.Args, f.Meaning = nonNull(s.aggregateType(t)), s.selectArgs(t), SelectAggregate{t}
		out = append(out, f)
	}
	return out
}

// keyColumns is the primary key when the role may read all of it.
func (s *Schema) keyColumns(t *Table) []*Column {
	p := s.readable(t)
	pk := t.PrimaryKey()
	for _, c := range pk {
		if p == nil {
			return nil
		}
		if _, ok := p.Columns[c]; !ok {
			return nil
		}
	}
	return pk
}

func (s *Schema) keyArgs(pk []*Column) []*InputField {
	var args []*InputField
	for _, c := range pk {
		args = append(args, &InputField{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c).notNull(), Meaning: ColumnInput{c}})
	}
	return args
}

// mayCall tells whether the role may call f.
func (s *Schema) mayCall(f *Function) bool {
	if s.readable(f.Returns) == nil {
		return false
	}
	if s.several != nil {
		return s.mayCallAny(f)
	}
	if s.Role == AdminRole {
		return true
	}
	if s.m.options.InferFunctionPermissions && !f.Mutation {
		return true
	}
	return s.m.functionAllowed(f, s.Role)
}

func (f *facts) functionAllowed(fn *Function, role string) bool {
	if fn.permissions[role] {
		return true
	}
	for _, member := range f.inherited[role] {
		if f.functionAllowed(fn, member) {
			return true
		}
	}
	return false
}

// root is a root field of f, under its custom name if it has one.
func (f *Function) root(kind string, w words, description string) *Field {
	return &Field{Name: f.rootName(kind, w), Description: description}
}

func (f *Function) rootName(kind string, w words) string {
	custom := f.Source.custom
	if c := f.rootFields[kind]; c.Name != "" {
		return custom.root(c.Name)
	}
	return custom.root(custom.field(w))
}

func (s *Schema) functionRoots(f *Function) []*Field {
	if !s.mayCall(f) {
		return nil
	}
	var out []*Field
	args := func() []*InputField {
		var args []*InputField
		if in := s.functionArgs(f.base, f.Source, f.Args, fmt.Sprintf("input parameters for function %q", text(f.Name))); in != nil {
			args = append(args, in)
		}
		return append(args, s.selectArgs(f.Returns)...)
	}
	description := f.Description
	if description == "" {
		description = fmt.Sprintf("execute function %q which returns %q", text(f.Name), text(f.Returns.Name))
		if f.Mutation {
			description = fmt.Sprintf("execute VOLATILE function %q which returns %q", text(f.Name), text(f.Returns.Name))
		}
	}
	if s.hasRowType(f.Returns) {
		r := f.root("function", f.base, description)
		r.Args, r.Meaning = args(), CallFunction{Function: f}
		r.Type = named(s.rowType(f.Returns))
		if f.Set {
			r.Type = listOf(r.Type.notNull()).notNull()
		}
		out = append(out, r)
	}
	if s.aggregatesCall(f) {
		r := f.root("function_aggregate", f.base.with("", "aggregate"),
			fmt.Sprintf("execute function %q and query aggregates on result of table type %q", text(f.Name), text(f.Returns.Name)))
		r.Args, r.Meaning = args(), CallFunction{Function: f, Aggregate: true}
		r.Type = nonNull(s.aggregateType(f.Returns))
		out = append(out, r)
	}
	return out
}

// functionArgs is the `args` argument of a function; nil when the client gives none.
func (s *Schema) functionArgs(base words, source *Source, args []FunctionArg, description string) *InputField {
	if len(args) == 0 {
		return nil
	}
	t := s.typ(InputObject, source.custom.typ(base.with("", "args")), "", func(t *Type) {
		for _, a := range args {
			t.inputs = append(t.inputs, &InputField{Name: a.GraphQL, Type: s.classRef(a.Class), Meaning: FunctionInput{a}})
		}
	})
	required := false
	for _, a := range args {
		required = required || !a.HasDefault
	}
	return &InputField{Name: "args", Description: description, Type: &Ref{Named: t, NonNull: required}, Meaning: ArgFunction}
}
