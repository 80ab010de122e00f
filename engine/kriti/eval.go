package kriti

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxSteps bounds the work of one evaluation: every node evaluated, element looped over and 32 bytes of text made count
// one. It is a second of work at most, and some 60 MB of text.
const maxSteps = 2_000_000

// binding is a scope; loops put a smaller one before the one they stand in.
type binding struct {
	values map[string]any
	outer  *binding
}

func (b *binding) find(name string) (any, bool) {
	for ; b != nil; b = b.outer {
		if v, ok := b.values[name]; ok {
			return v, true
		}
	}
	return nil, false
}

type evaluation struct {
	functions map[string]Function
	budget    int
}

// spend counts work.
func (e *evaluation) spend(at expr, steps int) error {
	if e.budget -= 1 + steps; e.budget < 0 {
		return &Error{RangeError, "the template makes too much data", at.at()}
	}
	return nil
}

func failure(code string, at expr, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...), at.at()}
}

func (e *evaluation) eval(x expr, scope *binding) (any, error) {
	if err := e.spend(x, 0); err != nil {
		return nil, err
	}
	switch x := x.(type) {
	case *constant:
		return x.value, nil
	case *variable:
		if v, ok := scope.find(x.name); ok {
			return v, nil
		}
		return nil, failure(NameError, x, "Variable '%s' not in scope", x.name)
	case *interpolation:
		return e.interpolate(x, scope)
	case *array:
		out := make([]any, len(x.items))
		for i, item := range x.items {
			v, err := e.eval(item, scope)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case *object:
		out := make(map[string]any, len(x.keys))
		for i, k := range x.keys {
			v, err := e.eval(x.values[i], scope)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	case *lookup:
		v, _, err := e.lookup(x, scope)
		return v, err
	case *call:
		return e.call(x, scope)
	case *choice:
		return e.choose(x, scope)
	case *loop:
		return e.loop(x, scope)
	case *binary:
		return e.operate(x, scope)
	}
	panic(fmt.Sprintf("kriti: a node of type %T", x)) // parse makes no other
}

func (e *evaluation) interpolate(x *interpolation, scope *binding) (any, error) {
	var b strings.Builder
	for _, part := range x.parts {
		v, err := e.eval(part, scope)
		if err != nil {
			return nil, err
		}
		before := b.Len()
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case json.Number:
			b.WriteString(v.String())
		case bool:
			fmt.Fprint(&b, v)
		default:
			return nil, failure(TypeError, x, "Cannot interpolate type: '%s'.", typeName(v))
		}
		if err := e.spend(x, (b.Len()-before)/32); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

// lookup finds a field or an element. isCut tells that an optional lookup found nothing, which ends its chain.
func (e *evaluation) lookup(x *lookup, scope *binding) (v any, isCut bool, err error) {
	var base any
	if link, ok := x.base.(*lookup); ok && x.isLink {
		if err = e.spend(x, 0); err != nil {
			return nil, false, err
		}
		base, isCut, err = e.lookup(link, scope)
	} else {
		base, err = e.eval(x.base, scope)
	}
	if err != nil || isCut {
		return nil, isCut, err
	}
	key, err := e.eval(x.key, scope)
	if err != nil {
		return nil, false, err
	}
	switch base := base.(type) {
	case map[string]any:
		name, ok := key.(string)
		if !ok {
			return nil, false, failure(TypeError, x, "Unexpected type '%s', expected a string.", typeName(key))
		}
		v, ok := base[name]
		if !ok && !x.isOptional {
			return nil, false, failure(AttributeError, x, "'Object' has no attribute '%s'.", name)
		}
		return v, !ok, nil
	case []any:
		n, ok := key.(json.Number)
		if !ok {
			return nil, false, failure(TypeError, x, "Unexpected type '%s', expected an integer.", typeName(key))
		}
		i, ok := integer(n)
		if !ok {
			return nil, false, failure(TypeError, x, "Unexpected Float '%s', expected an integer.", n)
		}
		if i < 0 || i >= len(base) {
			if x.isOptional {
				return nil, true, nil
			}
			return nil, false, failure(RangeError, x, "Can only range over an array")
		}
		return base[i], false, nil
	case nil:
		if x.isOptional {
			return nil, true, nil
		}
	}
	return nil, false, failure(TypeError, x, "Unexpected type '%s' expected an Object or an Array.", typeName(base))
}

func (e *evaluation) call(x *call, scope *binding) (any, error) {
	f := e.functions[x.function]
	if f == nil {
		f = functions[x.function]
	}
	if f == nil {
		return nil, failure(NameError, x, "Variable '%s' not in scope", x.function)
	}
	argument, err := e.eval(x.argument, scope)
	if err != nil {
		return nil, err
	}
	if err := e.spend(x, weight(argument)); err != nil {
		return nil, err
	}
	v, err := f(argument)
	if err != nil {
		return nil, failure(FunctionError, x.argument, "%s", err)
	}
	return v, nil
}

// weight is about how much work a function has with its argument.
func weight(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) / 32
	case map[string]any:
		return len(v)
	case []any:
		n := len(v)
		for _, item := range v {
			switch item := item.(type) {
			case []any:
				n += len(item)
			case map[string]any:
				n += len(item)
			case string:
				n += len(item) / 32
			}
		}
		return n
	}
	return 0
}

func (e *evaluation) choose(x *choice, scope *binding) (any, error) {
	for i, condition := range x.conditions {
		v, err := e.eval(condition, scope)
		if err != nil {
			return nil, err
		}
		yes, ok := v.(bool)
		if !ok {
			return nil, notBoolean(x, v)
		}
		if yes {
			return e.eval(x.results[i], scope)
		}
	}
	return e.eval(x.results[len(x.conditions)], scope)
}

func notBoolean(at expr, v any) error {
	return failure(TypeError, at, "'%s' is not a boolean.", shown(v))
}

func (e *evaluation) loop(x *loop, scope *binding) (any, error) {
	v, err := e.eval(x.list, scope)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, failure(RangeError, x, "Can only range over an array")
	}
	out := make([]any, len(list))
	for i, item := range list {
		inner := &binding{map[string]any{}, scope}
		if x.index != "" {
			inner.values[x.index] = number(fmt.Sprint(i))
		}
		inner.values[x.element] = item
		if out[i], err = e.eval(x.body, inner); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// operate evaluates both sides always, as Hasura does, except for the default.
func (e *evaluation) operate(x *binary, scope *binding) (any, error) {
	left, err := e.eval(x.left, scope)
	if err != nil {
		return nil, err
	}
	if x.operator == "??" {
		if left != nil {
			return left, nil
		}
		return e.eval(x.right, scope)
	}
	right, err := e.eval(x.right, scope)
	if err != nil {
		return nil, err
	}
	switch x.operator {
	case "&&", "||":
		l, isLeft := left.(bool)
		r, isRight := right.(bool)
		switch {
		case !isRight:
			return nil, notBoolean(x, right)
		case !isLeft:
			return nil, notBoolean(x, left)
		case x.operator == "&&":
			return l && r, nil
		}
		return l || r, nil
	case "in":
		return e.contains(x, left, right)
	}
	c, err := e.compare(x, left, right)
	if err != nil {
		return nil, err
	}
	switch x.operator {
	case "==":
		return c == 0, nil
	case "!=":
		return c != 0, nil
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

func (e *evaluation) contains(x *binary, v, in any) (any, error) {
	switch in := in.(type) {
	case map[string]any:
		key, ok := v.(string)
		if !ok {
			return nil, failure(TypeError, x, "%s is not a String.", shown(v))
		}
		_, has := in[key]
		return has, nil
	case []any:
		for _, item := range in {
			c, err := e.compare(x, v, item)
			if err != nil || c == 0 {
				return c == 0, err
			}
		}
		return false, nil
	}
	return nil, failure(TypeError, x, "%s is not an Object or Array.", shown(in))
}
