package schema

import (
	"errors"
	"fmt"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// function resolves a function; nil if it cannot be served.
func (b *builder) function(s *Source, mf *metadata.Function, in *scope) *Function {
	name := catalog.Name(mf.Name)
	f, err := resolveFunction(s, mf, in)
	var untracked notTracked
	if errors.As(err, &untracked) {
		b.inconsistent(metadata.FunctionObject(s.Name, mf.Name), tableDefinition(name), "%v", untracked)
		return nil
	}
	if err != nil {
		b.inconsistent(metadata.FunctionObject(s.Name, mf.Name), tableDefinition(name),
			"in function %q: %v", text(name), err)
		return nil
	}
	return f
}

// resolveFunction gives a function that returns rows of a tracked table or, where the source serves such, a scalar.
func resolveFunction(s *Source, mf *metadata.Function, in *scope) (*Function, error) {
	name := catalog.Name(mf.Name)
	config := mf.Configuration
	if config == nil {
		config = &metadata.FunctionConfiguration{}
	}
	cf, err := in.function(name)
	if err != nil {
		return nil, err
	}
	f := &Function{Source: s, Name: name, Catalog: cf, SessionArg: -1, Set: cf.ReturnsSet, Description: cf.Comment, rootFields: config.CustomRootFields, permissions: map[string]bool{}}
	if mf.Comment != nil && *mf.Comment != "" {
		f.Description = *mf.Comment
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
	if isPolymorphic(cf) && !s.features.ScalarFunctions { // Hasura does not list them
		return nil, fmt.Errorf("no such function exists: %q", text(name))
	}
	reasons := f.result(s, in)
	if !IsName(s.custom.field(f.base)) {
		reasons = append([]string{"function name is not a legal GraphQL identifier"}, reasons...)
	}
	if f.Mutation, err = isMutation(cf, config); err != nil {
		reasons = append(reasons, err.Error())
	}
	if len(reasons) == 0 && f.Returns == nil && cf.Returns.Kind != catalog.CompositeType && isVoid(cf.Returns) && !f.Mutation {
		reasons = append(reasons, "a function that returns nothing can only be a mutation")
	}
	if f.Args, f.SessionArg, err = functionArgs(s, cf, config.SessionArgument, -1); err != nil {
		reasons = append(reasons, err.Error())
	}
	switch {
	case len(reasons) > 0:
		return nil, fmt.Errorf("the function %q cannot be tracked%s", text(name), because(reasons))
	case f.Returns == nil && cf.Returns.Kind == catalog.CompositeType:
		return nil, notTracked(cf.Returns.Table)
	}
	f.claim = f.wants()
	return f, nil
}

// result finds the table whose rows f returns, and what is wrong with what it returns.
func (f *Function) result(s *Source, in *scope) []string {
	var reasons []string
	cf := f.Catalog
	if cf.HasVariadic {
		reasons = append(reasons, "function with \"VARIADIC\" parameters are not supported")
	}
	isComposite := !cf.HasOut && cf.Returns != nil && cf.Returns.Kind == catalog.CompositeType
	switch {
	case isComposite && in.exists(cf.Returns.Table):
		f.Returns = in.table(cf.Returns.Table)
	case isComposite:
		reasons = append(reasons, "the function does not return a table")
	case s.features.ScalarFunctions:
		if reason, ok := returnsScalar(cf); !ok {
			reasons = append(reasons, reason)
		}
	default:
		reasons = append(reasons, "the function does not return a \"COMPOSITE\" type", "the function does not return a table")
	}
	return reasons
}

// notTracked is the reason of what needs a table that is not tracked; it is told without the place.
type notTracked catalog.Name

func (n notTracked) Error() string {
	return fmt.Sprintf("table %q is not tracked", text(catalog.Name(n)))
}

// because joins reasons as Hasura does (Server/Utils, makeReasonMessage).
func because(reasons []string) string {
	if len(reasons) == 1 {
		return " because " + reasons[0]
	}
	message := " for the following reasons:\n"
	for _, r := range reasons {
		message += "  • " + r + "\n"
	}
	return message
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

// isPolymorphic tells whether a function takes arguments of any type (anyelement and its kin).
func isPolymorphic(f *catalog.Function) bool {
	for _, a := range f.Args {
		if a.Type != nil && a.Type.Kind == catalog.PseudoType {
			return true
		}
	}
	return false
}

// functionArgs splits a function's arguments into those the client gives and the session argument; skip is the
// position of a row argument, or -1.
func functionArgs(s *Source, cf *catalog.Function, sessionArgument string, skip int) ([]FunctionArg, int, error) {
	var args []FunctionArg
	var badNames []string
	session := -1
	unnamed := 0
	for i, a := range cf.Args {
		if a.Name != "" && !IsName(a.Name) {
			badNames = append(badNames, a.Name)
		}
		if i == skip {
			continue
		}
		if a.Name != "" && a.Name == sessionArgument {
			if n := a.Type.Name.Name; n != "json" && (n != "jsonb" || skip < 0) {
				return nil, 0, fmt.Errorf("given session argument %q is not of type json", a.Name)
			}
			session = i
			continue
		}
		arg := FunctionArg{Name: a.Name, Position: i, Type: a.Type, Class: argumentClass(a.Type), HasDefault: a.HasDefault}
		if a.Name == "" {
			unnamed++
			arg.GraphQL = s.custom.fixed(fmt.Sprintf("arg_%d", unnamed))
		} else {
			arg.GraphQL = s.custom.field(s.custom.auto(a.Name))
		}
		args = append(args, arg)
	}
	if len(badNames) > 0 {
		return nil, 0, fmt.Errorf("the function arguments %s are not in compliance with GraphQL spec", strings.Join(badNames, ","))
	}
	if sessionArgument != "" && session < 0 {
		return nil, 0, fmt.Errorf("given session argument %q not the input argument of the function", sessionArgument)
	}
	return args, session, nil
}

// computedField resolves a computed field of t; nil if it cannot be served.
func (b *builder) computedField(t *Table, mc *metadata.ComputedField, in *scope) *ComputedField {
	f, err := resolveComputedField(t, mc, in)
	if err != nil {
		name := metadata.TableName(t.Name)
		b.inconsistent(metadata.ComputedFieldObject(t.Source.Name, name, mc.Name), metadata.ComputedFieldDefinition(t.Source.Name, name, mc),
			"in table %q: in computed field %q: %v", text(t.Name), mc.Name, err)
		return nil
	}
	return f
}

// resolveComputedField checks what Hasura: Postgres/DDL/ComputedField checks, in its words.
func resolveComputedField(t *Table, mc *metadata.ComputedField, in *scope) (*ComputedField, error) {
	name := catalog.Name(mc.Function)
	cf, err := in.function(name)
	if err != nil {
		return nil, err
	}
	f := &ComputedField{Table: t, Name: mc.Name, Function: cf, TableArg: -1, Description: fmt.Sprintf("A computed field, executes function %q", text(name))}
	if mc.Comment != nil {
		f.Description = *mc.Comment
	}
	var reasons []string
	reason := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if !IsName(mc.Name) {
		reason("%q is not valid GraphQL name", mc.Name)
	}
	if in.relation(t, mc.Name) != nil || t.columnShown(mc.Name) {
		reason("its name is already that of another field")
	}
	if cf.HasVariadic || cf.HasOut {
		reason("the function has VARIADIC or OUT parameters")
	}
	if cf.Volatility == catalog.Volatile {
		reason("the function %q is of type VOLATILE; cannot be added as a computed field", text(name))
	}
	f.result(in, reason)
	f.rowArgument(mc, reason)
	f.sessionArgument(mc, reason)
	if len(reasons) == 0 {
		if f.Args, f.SessionArg, err = functionArgs(t.Source, cf, mc.SessionArgument, f.TableArg); err != nil {
			reason("%v", err)
		}
	}
	if len(reasons) > 0 {
		return nil, fmt.Errorf("the computed field %q cannot be added to table %q%s", mc.Name, text(t.Name), because(reasons))
	}
	return f, nil
}

func (f *ComputedField) result(in *scope, refuse func(format string, args ...any)) {
	function := text(f.Function.Name)
	switch returns := f.Function.Returns; {
	case returns.Kind == catalog.CompositeType && in.exists(returns.Table):
		if f.Returns = in.table(returns.Table); f.Returns == nil {
			refuse("the function %q returning set of table %q is not tracked or not found in database", function, text(returns.Table))
		} else if !f.Function.ReturnsSet {
			refuse("the function %q must return a base type or a set of rows of a tracked table", function)
		}
	case f.Function.ReturnsSet, returns.Kind == catalog.CompositeType, returns.Kind == catalog.PseudoType:
		refuse("the function %q returning type %s is not a BASE type", function, returns.Name.Name)
	default:
		f.Type, f.Class = returns, ClassOf(returns)
	}
}

func (f *ComputedField) rowArgument(mc *metadata.ComputedField, refuse func(format string, args ...any)) {
	function := text(f.Function.Name)
	for i, a := range f.Function.Args {
		if mc.TableArgument == "" && i == 0 || mc.TableArgument != "" && a.Name == mc.TableArgument {
			f.TableArg = i
		}
	}
	switch {
	case f.TableArg < 0 && mc.TableArgument == "":
		refuse("the function %q has no input arguments", function)
		return
	case f.TableArg < 0:
		refuse("%q is not an input argument of the function %q", mc.TableArgument, function)
		return
	}
	which := fmt.Sprintf("first argument of the function %q", function)
	if mc.TableArgument != "" {
		which = fmt.Sprintf("%q argument of the function %q", mc.TableArgument, function)
	}
	at := f.Function.Args[f.TableArg].Type
	if at.Kind != catalog.CompositeType {
		refuse("%s is not COMPOSITE type", which)
	}
	of := catalog.Name{Schema: at.Name.Schema, Name: SQLTypeName(at)}
	if at.Kind == catalog.CompositeType {
		of = at.Table
	}
	if of != f.Table.Name {
		refuse("%s of type %q is not the table to which the computed field is being added", which, text(of))
	}
}

func (f *ComputedField) sessionArgument(mc *metadata.ComputedField, refuse func(format string, args ...any)) {
	if mc.SessionArgument == "" {
		return
	}
	function := text(f.Function.Name)
	for i, a := range f.Function.Args {
		if a.Name == mc.SessionArgument && i != f.TableArg {
			if n := a.Type.Name.Name; n != "json" && n != "jsonb" {
				refuse("%q argument of the function %q is not of type JSON", a.Name, function)
			}
			return
		}
	}
	refuse("%q is not an input argument of the function %q", mc.SessionArgument, function)
}

func (t *Table) columnShown(name string) bool {
	for _, c := range t.Columns {
		if c.GraphQL == name {
			return true
		}
	}
	return false
}
