package metadata

import (
	"slices"

	"gatehouse/engine/fault"
)

type trackFunction struct {
	source   string
	function Function
}

var trackFunctionOptions = object("TrackFunctionV2",
	must("function", tableName, func(a *trackFunction) *FunctionName { return &a.function.Name }),
	sourceField(func(a *trackFunction) *string { return &a.source }),
	mayRef("configuration", functionConfigurationCodec, func(a *trackFunction) **FunctionConfiguration { return &a.function.Configuration }),
	commented(func(a *trackFunction) **string { return &a.function.Comment }),
)

// trackFunctionArgs is {function, …} or just the function's name.
var trackFunctionArgs = codec[trackFunction]{
	read: func(r *reader, n *node) trackFunction {
		if n.kind == objectNode && n.member("name") == nil {
			return trackFunctionOptions.read(r, n)
		}
		return trackFunction{function: Function{Name: tableName.read(r, n)}}
	},
}

func (a trackFunction) mutation() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: FunctionObject(source, a.function.Name), Source: source, Function: &a.function.Name,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			if m.Source(source) == nil {
				return nil, fault.New(fault.NotExists, "", "%q is not a known \"postgres\" source", source)
			}
			return m.withSource(source, func(s *Source) error {
				if err := refuseIdentity(a.function.Name); err != nil {
					return err
				}
				if s.Function(a.function.Name) != nil {
					return fault.New(fault.AlreadyTracked, "", "function already tracked: %s", QuoteName(a.function.Name))
				}
				if s.Table(a.function.Name) != nil {
					return fault.New(fault.NotSupported, "", "table with name %s already exists", QuoteName(a.function.Name))
				}
				s.Functions = added(s.Functions, &a.function)
				return nil
			})
		},
	}
}

type functionArgs struct {
	source        string
	function      FunctionName
	role          string
	configuration FunctionConfiguration
}

var untrackFunctionOptions = object("UnTrackFunction",
	must("function", tableName, func(a *functionArgs) *FunctionName { return &a.function }),
	sourceField(func(a *functionArgs) *string { return &a.source }),
)

var untrackFunctionArgs = codec[functionArgs]{
	read: func(r *reader, n *node) functionArgs {
		if n.kind == objectNode && n.member("name") == nil {
			return untrackFunctionOptions.read(r, n)
		}
		return functionArgs{function: tableName.read(r, n)}
	},
}

var functionPermissionArgs = object("FunctionPermissionArgument",
	must("function", tableName, func(a *functionArgs) *FunctionName { return &a.function }),
	sourceField(func(a *functionArgs) *string { return &a.source }),
	must("role", nonEmpty, func(a *functionArgs) *string { return &a.role }),
)

var setFunctionArgs = object("SetFunctionCustomization",
	must("function", tableName, func(a *functionArgs) *FunctionName { return &a.function }),
	sourceField(func(a *functionArgs) *string { return &a.source }),
	must("configuration", functionConfigurationCodec, func(a *functionArgs) *FunctionConfiguration { return &a.configuration }),
)

func (a functionArgs) untrack() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: FunctionObject(source, a.function), Source: source,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			return m.withSource(source, func(s *Source) error {
				if s.Function(a.function) == nil {
					return noFunction(source, a.function)
				}
				s.Functions = without(s.Functions, func(f *Function) bool { return f.Name == a.function })
				return nil
			})
		},
	}
}

func (a functionArgs) change(object ObjectID, change func(f *Function, source string) error) Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: object, Source: source,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			return m.withFunction(source, a.function, func(f *Function) error { return change(f, source) })
		},
	}
}

func (a functionArgs) allow() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: FunctionPermissionObject(source, a.function, a.role), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			return m.withFunction(source, a.function, func(f *Function) error {
				if slices.Contains(f.Permissions, a.role) {
					return fault.New(fault.AlreadyExists, "", "permission of role %q already exists for function %s in source: %q", a.role, QuoteName(a.function), source)
				}
				if err := m.refuseWithoutSelect(facts, source, a.function, a.role); err != nil {
					return err
				}
				f.Permissions = append(slices.Clone(f.Permissions), a.role)
				return nil
			})
		},
	}
}

// refuseWithoutSelect wants the role to have permissions on the table whose rows a function returns.
func (m *Metadata) refuseWithoutSelect(facts Facts, source string, f FunctionName, role string) error {
	name, returnsRows := facts.ReturnedTable(source, f)
	if !returnsRows {
		return nil
	}
	t := m.Source(source).Table(name)
	switch {
	case t == nil:
		return fault.New(fault.NotExists, "", "function's return table %s not found in the cache", QuoteName(name))
	case !t.knowsRole(role) && !slices.ContainsFunc(m.InheritedRoles, func(r *InheritedRole) bool { return r.Name == role }):
		return fault.New(fault.NotSupported, "", "function permission can only be added when the function's return table %s has select permission configured for role: %q",
			QuoteName(name), role)
	}
	return nil
}

// knowsRole tells whether a table has permissions for a role.
func (t *Table) knowsRole(role string) bool {
	return insertKind.has(t.InsertPermissions, role) || selectKind.has(t.SelectPermissions, role) ||
		updateKind.has(t.UpdatePermissions, role) || deleteKind.has(t.DeletePermissions, role)
}

func (a functionArgs) disallow() Mutation {
	return a.change(FunctionObject(orDefault(a.source), a.function), func(f *Function, source string) error {
		if !slices.Contains(f.Permissions, a.role) {
			return fault.New(fault.NotExists, "", "permission of role %q does not exist for function %s in source: %q", a.role, QuoteName(a.function), source)
		}
		f.Permissions = slices.DeleteFunc(slices.Clone(f.Permissions), func(r string) bool { return r == a.role })
		return nil
	})
}

type addComputedField struct {
	at
	field   ComputedField
	cascade bool
}

var addComputedFieldArgs = object("AddComputedField",
	must("table", tableName, func(a *addComputedField) *TableName { return &a.table }),
	sourceField(func(a *addComputedField) *string { return &a.source }),
	must("name", nonEmpty, func(a *addComputedField) *string { return &a.field.Name }),
	nested("definition", true, computedFieldDefinition, func(a *addComputedField) ComputedField { return a.field },
		func(_ *reader, a *addComputedField, d ComputedField) {
			a.field.Function, a.field.SessionArgument, a.field.TableArgument = d.Function, d.SessionArgument, d.TableArgument
		}),
	commented(func(a *addComputedField) **string { return &a.field.Comment }),
)

func (a addComputedField) add() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: ComputedFieldObject(source, a.table, a.field.Name), Source: source, Function: &a.field.Function,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			return m.withTable(source, a.table, func(t *Table) error {
				if err := refuseIdentity(a.field.Function); err != nil {
					return err
				}
				if t.hasField(a.field.Name) || facts.HasColumn(source, a.table, a.field.Name) {
					return fault.New(fault.AlreadyExists, "", "field with name %q already exists in table %s", a.field.Name, QuoteName(a.table))
				}
				t.ComputedFields = added(t.ComputedFields, &a.field)
				return nil
			})
		},
	}
}

var dropComputedFieldArgs = object("DropComputedField",
	must("table", tableName, func(a *addComputedField) *TableName { return &a.table }),
	sourceField(func(a *addComputedField) *string { return &a.source }),
	must("name", nonEmpty, func(a *addComputedField) *string { return &a.field.Name }),
	flag("cascade", func(a *addComputedField) *bool { return &a.cascade }),
)

func (a addComputedField) drop() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: TableObject(source, a.table), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			_, err := m.withTable(source, a.table, func(t *Table) error {
				if !slices.ContainsFunc(t.ComputedFields, func(c *ComputedField) bool { return c.Name == a.field.Name }) {
					return fault.New(fault.NotExists, "$.name", "computed field %q does not exist", a.field.Name)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			dependents := m.Dependents(facts, Ref{Source: source, Table: a.table, ComputedField: a.field.Name})
			if len(dependents) > 0 && !a.cascade {
				return nil, RefuseDependents(dependents)
			}
			return m.Without(append(ids(dependents), ComputedFieldObject(source, a.table, a.field.Name))...), nil
		},
	}
}

func init() {
	register("track_function", define(trackFunctionArgs, trackFunction.mutation))
	register("untrack_function", define(untrackFunctionArgs, functionArgs.untrack))
	register("create_function_permission", define(functionPermissionArgs, functionArgs.allow))
	register("drop_function_permission", define(functionPermissionArgs, functionArgs.disallow))
	register("set_function_customization", define(setFunctionArgs, func(a functionArgs) Mutation {
		return a.change(FunctionObject(orDefault(a.source), a.function), func(f *Function, _ string) error {
			f.Configuration = &a.configuration
			return nil
		})
	}))
	register("add_computed_field", define(addComputedFieldArgs, addComputedField.add))
	register("drop_computed_field", define(dropComputedFieldArgs, addComputedField.drop))
}
