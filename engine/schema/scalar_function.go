package schema

import (
	"fmt"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// ScalarFunction is a tracked function that returns a scalar, a set of scalars, or nothing. It reads no tracked table that
// could say who may call it, so every role but admin needs a function permission. Its Returns is nil.
type ScalarFunction struct {
	*Function
	Type  *catalog.Type
	Class Class
	// IsVoid: it returns nothing; the field is then true, so that there is something to select.
	IsVoid bool
}

// CallScalar calls a function that returns a scalar.
type CallScalar struct{ Function *ScalarFunction }

func (CallScalar) meaning() {}

// ReturnsScalar tells whether a function can be tracked as a scalar function.
func ReturnsScalar(cf *catalog.Function) bool {
	_, ok := returnsScalar(cf)
	return ok && !cf.HasVariadic && (!isVoid(cf.Returns) || cf.Volatility == catalog.Volatile)
}

// returnsScalar tells whether what a function returns is a scalar, and why not otherwise.
func returnsScalar(cf *catalog.Function) (reason string, ok bool) {
	if cf.HasOut || cf.Returns == nil {
		return "functions with \"OUT\" parameters are not supported", false
	}
	if isVoid(cf.Returns) {
		return "it returns a set of nothing", !cf.ReturnsSet
	}
	for t := cf.Returns; t != nil; {
		if t.Kind == catalog.CompositeType || t.Kind == catalog.PseudoType {
			return fmt.Sprintf("the function returns %q, which is neither a scalar nor the rows of a table", cf.Returns.Name.Name), false
		}
		if t.Elem != nil {
			t = t.Elem
		} else {
			t = t.Base
		}
	}
	return "", true
}

func isVoid(t *catalog.Type) bool { return t.Kind == catalog.PseudoType && t.Name.Name == "void" }

// scalarFunction completes a function that returns no row.
func scalarFunction(f *Function) *ScalarFunction {
	out := &ScalarFunction{Function: f, Type: f.Catalog.Returns, IsVoid: isVoid(f.Catalog.Returns)}
	if out.IsVoid {
		out.Type = BooleanType
	}
	out.Class = ClassOf(out.Type)
	return out
}

// isMutation decides where a function is exposed.
func isMutation(cf *catalog.Function, config *metadata.FunctionConfiguration) (bool, error) {
	switch config.ExposedAs {
	case "mutation":
		if cf.Volatility != catalog.Volatile {
			return false, fmt.Errorf("the function was requested to be exposed as a mutation, but is not marked VOLATILE. Maybe the function was given the wrong volatility when it was defined?")
		}
		return true, nil
	case "":
		return cf.Volatility == catalog.Volatile, nil
	}
	return false, nil
}

// scalarRoots is the root field of a scalar function.
func (s *Schema) scalarRoots(f *ScalarFunction) []*Field {
	if s.Role != AdminRole && !s.mayCallScalar(f) {
		return nil
	}
	description := f.Description
	if description == "" {
		description = fmt.Sprintf("execute function %q which returns %q", text(f.Name), SQLTypeName(f.Catalog.Returns))
		if f.Mutation {
			description = fmt.Sprintf("execute VOLATILE function %q which returns %q", text(f.Name), SQLTypeName(f.Catalog.Returns))
		}
	}
	out := f.root("function", f.base, description)
	out.Meaning, out.Type = CallScalar{f}, s.classRef(f.Class)
	switch {
	case f.IsVoid:
		out.Type = out.Type.notNull()
	case f.Set:
		out.Type = listOf(out.Type).notNull()
	}
	if in := s.functionArgs(f.base, f.Source, f.Args, fmt.Sprintf("input parameters for function %q", text(f.Name))); in != nil {
		out.Args = []*InputField{in}
	}
	return []*Field{out}
}
