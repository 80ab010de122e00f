package dml

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// where reads a client's condition on rows of t. Its operators are those of permissions, but not its reach: it tests
// only what the role may read, follows a relationship only to rows the role may see, and a text that looks like a
// session variable is just that text.
func (b *builder) where(t *schema.Table, p *schema.SelectPermission, raw json.RawMessage, path string) (schema.Predicate, error) {
	a, err := b.object(raw, path)
	if err != nil {
		return nil, err
	}
	all := schema.And{}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		one, err := b.condition(t, p, key, a[key], path)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return schema.AllOf(all...), nil
}

// condition reads one key of a condition. Errors stand at path, the root of the whole condition, and those about an
// operator below its column's name.
func (b *builder) condition(t *schema.Table, p *schema.SelectPermission, key string, raw json.RawMessage, path string) (schema.Predicate, error) {
	switch strings.TrimLeft(key, "$_") {
	case "and", "or":
		var items []json.RawMessage
		if err := b.decode(raw, &items, fault.Key(path, key), "List", "Array"); err != nil {
			return nil, err
		}
		parts := make([]schema.Predicate, len(items))
		for i, item := range items {
			part, err := b.where(t, p, item, path)
			if err != nil {
				return nil, err
			}
			parts[i] = part
		}
		if strings.HasSuffix(key, "or") {
			return schema.Or(parts), nil
		}
		return schema.AllOf(parts...), nil
	case "not":
		inner, err := b.where(t, p, raw, path)
		return schema.Not{P: inner}, err
	}
	if r := b.model.Relation(t, key); r != nil {
		target, err := b.readRelated(r, path)
		if err != nil {
			return nil, err
		}
		inner, err := b.where(r.Target, target, raw, path)
		if err != nil {
			return nil, err
		}
		seen := target.Filter
		if !schema.Always(seen) {
			seen = schema.Scoped{P: seen}
		}
		return &schema.Related{Relation: r, Where: schema.Within(seen, inner)}, nil
	}
	if t.Column(key) == nil {
		return nil, fault.New(fault.NotExists, path, "%q does not exist", key)
	}
	o, err := b.column(t, p, key, path)
	if err != nil {
		return nil, err
	}
	return b.comparisons(t, o, raw, fault.Key(path, key))
}

// comparisons reads what is said about one column: operators, or a value it must equal.
func (b *builder) comparisons(t *schema.Table, o schema.Operand, raw json.RawMessage, path string) (schema.Predicate, error) {
	var operators map[string]json.RawMessage
	if json.Unmarshal(raw, &operators) != nil || len(operators) == 0 || slices.ContainsFunc(slices.Sorted(maps.Keys(operators)), isNoOperator) {
		return b.comparison(t, o, raw, raw, path)
	}
	all := schema.And{}
	for _, op := range slices.Sorted(maps.Keys(operators)) {
		one, _ := json.Marshal(map[string]json.RawMessage{op: operators[op]}) // parts of valid JSON
		c, err := b.comparison(t, o, one, operators[op], fault.Key(path, op))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return schema.AllOf(all...), nil
}

// isNoOperator: an object without operators is a JSON value.
func isNoOperator(key string) bool {
	return !strings.HasPrefix(key, "$") && !strings.HasPrefix(key, "_")
}

// comparison reads one test. value is its right-hand side.
func (b *builder) comparison(t *schema.Table, o schema.Operand, test, value json.RawMessage, path string) (schema.Predicate, error) {
	exp, _ := json.Marshal(map[string]json.RawMessage{o.Column.Name: test}) // parts of valid JSON
	p, err := b.model.ParsePredicate(t, exp)
	var refusal *schema.Refusal
	switch {
	case errors.As(err, &refusal):
		return nil, fault.New(refusal.Code, path, "%s", refusal.Text)
	case err != nil:
		return nil, fault.New(fault.UnexpectedPayload, path, "%s", err.Error())
	}
	switch c := p.(type) {
	case *schema.Compare:
		c.Operand.Visible, c.Path = o.Visible, path
		if _, looksLikeSession := c.Value.(schema.SessionVariable); looksLikeSession {
			if len(value) == 0 || value[0] != '"' {
				return nil, fault.New(fault.NotSupported, path, "unexpected session variable")
			}
			c.Value = &schema.Literal{JSON: value}
		}
		if l, ok := c.Value.(*schema.Literal); ok {
			if err := checkLiteral(c, l.JSON, path); err != nil {
				return nil, err
			}
		}
		for _, x := range c.Extra {
			if _, looksLikeSession := x.Value.(schema.SessionVariable); looksLikeSession {
				return nil, fault.New(fault.NotSupported, path, "unexpected session variable")
			}
		}
		return c, nil
	case *schema.Null:
		c.Operand.Visible = o.Visible
		return c, nil
	default: // comparisons of columns and casts, which could reach what the role may not read
		if b.session.IsAdmin() {
			return p, nil
		}
		return nil, fault.New(fault.NotSupported, path, "this operator is not supported here")
	}
}

// checkLiteral refuses a value that is none of the type's.
func checkLiteral(c *schema.Compare, raw json.RawMessage, path string) error {
	var values []json.RawMessage // not raw itself: decoding into it would write over it
	switch {
	case !c.List:
		values = append(values, raw)
	case json.Unmarshal(raw, &values) != nil:
		return nil
	}
	for _, v := range values {
		if problem := operation.CheckValue(schema.ClassOf(c.Type), v); problem != "" {
			return fault.New(fault.ParseFailed, path, "%s", problem)
		}
	}
	return nil
}
