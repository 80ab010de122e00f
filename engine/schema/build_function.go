package schema

import (
	"fmt"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

func (b *builder) function(s *Source, mf *metadata.Function, cat *catalog.Catalog) {
	name := catalog.Name(mf.Name)
	f, err := resolveFunction(s, mf, cat)
	if err != nil {
		b.inconsistent(metadata.FunctionObject(s.Name, mf.Name), tableDefinition(name),
			"in function %q: %v", text(name), err)
		return
	}
	if f.Returns == nil {
		s.Scalars = append(s.Scalars, scalarFunction(f))
		for role := range f.permissions { // which need not have a permission on any table
			b.m.roles[role] = true
		}
		return
	}
	s.Functions = append(s.Functions, f)
}

// resolveFunction gives a function that returns rows of a tracked table or, where the source serves such, a scalar.

func resolveFunction(s *Source, mf *metadata.Function, cat *catalog.Catalog) (*Function, error) {
	name := catalog.Name(mf.Name)
	config := mf.Configuration
	if config == nil {
		config = &metadata.FunctionConfiguration{}
	}
	cf, err := onlyFunction(cat, name)
	if err != nil {
		return nil, err
	}
	refused := func(reason string) error {
		return fmt.Errorf("the function %q cannot be tracked because %s", text(name), reason)
	}
	f := &Function{Source: s, Name: name, Catalog: cf, SessionArg: -1, Set: cf.ReturnsSet, Description: cf.Comment, meta: mf, permissions: map[string]bool{}}
	if mf.Comment != "" {
		f.Description = mf.Comment
	}
	for _, role := range mf.Permissions {
		f.permissions[role] = true
	}
	if config.CustomName != "" {
		f.base = words{pieces: []string{config.CustomName}, isCustom: true}
	} else if name.Schema == "public" {
		f.base = s.custom.auto(name.Name)
	} else {
		f.base = s.custom.auto(name.Schema).then(s.custom.auto(name.Name))
	}
	if gql := s.custom.field(f.base); !IsName(gql) {
		return nil, refused(fmt.Sprintf("%q is not a valid GraphQL identifier", gql))
	}
	switch {
	case cf.HasVariadic:
		return nil, refused("function with \"VARIADIC\" parameters are not supported")
	case cf.HasOut, cf.Returns == nil, cf.Returns.Kind != catalog.CompositeType:
		if !s.features.ScalarFunctions {
			return nil, refused("the function does not return a \"COMPOSITE\" type")
		}
		if reason, ok := returnsScalar(cf); !ok {
			return nil, refused(reason)
		}
	default:
		if f.Returns = s.tables[cf.Returns.Table]; f.Returns == nil {
			return nil, refused(fmt.Sprintf("the table %q returned by the function is not tracked", text(cf.Returns.Table)))
		}
	}
	if f.Mutation, err = isMutation(cf, config); err != nil {
		return nil, refused(err.Error())
	}
	if f.Returns == nil && isVoid(cf.Returns) && !f.Mutation {
		return nil, refused("a function that returns nothing can only be a mutation")
	}
	f.Args, f.SessionArg, err = functionArgs(s, cf, config.SessionArgument, -1)
	if err != nil {
		return nil, refused(err.Error())
	}
	return f, nil
}

func onlyFunction(cat *catalog.Catalog, name catalog.Name) (*catalog.Function, error) {
	switch fs := cat.Functions[name]; len(fs) {
	case 0:
		return nil, fmt.Errorf("no such function exists: %q", text(name))
	case 1:
		return fs[0], nil
	default:
		return nil, fmt.Errorf("the function %q is overloaded. Overloaded functions are not supported", text(name))
	}
}

// functionArgs splits a function's arguments into those the client gives and the session argument; skip is the
// position of a row argument, or -1.
func functionArgs(s *Source, cf *catalog.Function, sessionArgument string, skip int) ([]FunctionArg, int, error) {
	var args []FunctionArg
	session := -1
	unnamed := 0
	for i, a := range cf.Args {
		if i == skip {
			continue
		}
		if a.Name != "" && a.Name == sessionArgument {
			if n := a.Type.Name.Name; n != "json" {
				return nil, 0, fmt.Errorf("argument %q is not of type JSON", a.Name)
			}
			session = i
			continue
		}
		arg := FunctionArg{Name: a.Name, Position: i, Type: a.Type, Class: ClassOf(a.Type), HasDefault: a.HasDefault}
		if a.Name == "" {
			unnamed++
			arg.GraphQL = s.custom.fixed(fmt.Sprintf("arg_%d", unnamed))
		} else {
			arg.GraphQL = s.custom.field(s.custom.auto(a.Name))
		}
		if !IsName(arg.GraphQL) {
			return nil, 0, fmt.Errorf("argument %q is not a valid GraphQL identifier", a.Name)
		}
		args = append(args, arg)
	}
	if sessionArgument != "" && session < 0 {
		return nil, 0, fmt.Errorf("the session argument %q is not an input argument of the function", sessionArgument)
	}
	return args, session, nil
}

func (b *builder) computedFields(t *Table, cat *catalog.Catalog) {
	for _, mc := range t.meta.ComputedFields {
		f, err := resolveComputedField(t, mc, cat)
		if err != nil {
			b.inconsistent(metadata.ComputedFieldObject(t.Source.Name, t.meta.Name, mc.Name), metadata.ComputedFieldDefinition(t.Source.Name, t.meta.Name, mc),
				"in table %q: in computed field %q: %v", text(t.Name), mc.Name, err)
			continue
		}
		t.Computed = append(t.Computed, f)
	}
}

func resolveComputedField(t *Table, mc *metadata.ComputedField, cat *catalog.Catalog) (*ComputedField, error) {
	name := catalog.Name(mc.Function)
	cf, err := onlyFunction(cat, name)
	if err != nil {
		return nil, err
	}
	refused := func(reason string) error {
		return fmt.Errorf("the computed field %q cannot be added to table %q because %s", mc.Name, text(t.Name), reason)
	}
	f := &ComputedField{Table: t, Name: mc.Name, Function: cf, TableArg: -1, Description: mc.Comment}
	switch {
	case !IsName(mc.Name):
		return nil, refused(fmt.Sprintf("%q is not valid GraphQL name", mc.Name))
	case t.Relation(mc.Name) != nil || t.columnShown(mc.Name):
		return nil, refused("its name is already that of another field")
	case cf.HasVariadic || cf.HasOut:
		return nil, refused("the function has VARIADIC or OUT parameters")
	}
	for i, a := range cf.Args {
		if mc.TableArgument == "" && i == 0 || mc.TableArgument != "" && a.Name == mc.TableArgument {
			f.TableArg = i
		}
	}
	if f.TableArg < 0 {
		return nil, refused(fmt.Sprintf("%q is not an input argument of the function %q", mc.TableArgument, text(name)))
	}
	if at := cf.Args[f.TableArg].Type; at.Kind != catalog.CompositeType || at.Table != t.Name {
		return nil, refused(fmt.Sprintf("the argument at position %d of the function %q is not COMPOSITE type of the table %q", f.TableArg+1, text(name), text(t.Name)))
	}
	if f.Args, f.SessionArg, err = functionArgs(t.Source, cf, mc.SessionArgument, f.TableArg); err != nil {
		return nil, refused(err.Error())
	}
	switch {
	case cf.Returns.Kind == catalog.CompositeType && cf.ReturnsSet:
		if f.Returns = t.Source.tables[cf.Returns.Table]; f.Returns == nil {
			return nil, refused(fmt.Sprintf("the function %q returns a set of rows of a table that is not tracked", text(name)))
		}
	case cf.ReturnsSet || cf.Returns.Kind == catalog.CompositeType || cf.Returns.Kind == catalog.PseudoType:
		return nil, refused(fmt.Sprintf("the function %q must return a base type or a set of rows of a tracked table", text(name)))
	default:
		f.Type, f.Class = cf.Returns, ClassOf(cf.Returns)
	}
	return f, nil
}

func (t *Table) columnShown(name string) bool {
	for _, c := range t.Columns {
		if c.GraphQL == name {
			return true
		}
	}
	return false
}
