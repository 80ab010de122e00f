package dml

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/fault"
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
	for _, key := range sortedKeys(a) {
		one, err := b.condition(t, p, key, a[key], fault.Key(path, key))
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return schema.AllOf(all...), nil
}

func (b *builder) condition(t *schema.Table, p *schema.SelectPermission, key string, raw json.RawMessage, path string) (schema.Predicate, error) {
	switch strings.TrimLeft(key, "$_") {
	case "and", "or":
		var items []json.RawMessage
		if err := b.decode(raw, &items, path, "List", "Array"); err != nil {
			return nil, err
		}
		parts := make([]schema.Predicate, len(items))
		for i, item := range items {
			part, err := b.where(t, p, item, fault.Index(path, i))
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
	if r := t.Relation(key); r != nil {
		target, err := b.read(r.Target, path)
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
	o, err := b.column(t, p, key, path)
	if err != nil {
		return nil, err
	}
	return b.comparisons(t, o, raw, path)
}

// comparisons reads what is said about one column: operators, or a value it must equal.
func (b *builder) comparisons(t *schema.Table, o schema.Operand, raw json.RawMessage, path string) (schema.Predicate, error) {
	var operators map[string]json.RawMessage
	if json.Unmarshal(raw, &operators) != nil || len(operators) == 0 || slices.ContainsFunc(sortedKeys(operators), isNoOperator) {
		return b.comparison(t, o, raw, raw, path)
	}
	all := schema.And{}
	for _, op := range sortedKeys(operators) {
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
	p, err := schema.ParsePredicate(t, exp)
	if err != nil {
		return nil, fault.New(fault.Unexpected, path, "%s", err.Error()).WithStatus(400)
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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
