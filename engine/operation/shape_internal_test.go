package operation

import (
	"bytes"
	"encoding/json"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// inputTypes are admin's input types over one table.
func inputTypes() *schema.Schema {
	builtin := func(name string) *catalog.Type {
		return &catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: name}, Kind: catalog.BaseType}
	}
	name := catalog.Name{Schema: "public", Name: "t"}
	table := &catalog.Table{Name: name, Kind: catalog.OrdinaryTable, Insertable: true, Columns: []*catalog.Column{
		{Name: "id", Type: builtin("int4")}, {Name: "flag", Type: builtin("bool")}, {Name: "doc", Type: builtin("jsonb")},
	}}
	return schema.Build(schema.Input{
		Metadata: &metadata.Metadata{Sources: []*metadata.Source{{Name: "default", Tables: []*metadata.Table{{Name: metadata.TableName(name)}}}}},
		Catalogs: map[string]*catalog.Catalog{"default": {Tables: map[catalog.Name]*catalog.Table{name: table}}},
	}).Role(schema.AdminRole, false)
}

func TestShape(t *testing.T) {
	t.Parallel()
	types := inputTypes()
	of := func(name, value string) string {
		return string(shape(nil, &schema.Ref{Named: types.Lookup(name)}, parseJSON(json.RawMessage(value)), false))
	}
	for _, c := range []struct {
		name, typ, a, b string
		same            bool
	}{
		{"other numbers of the same kind", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":2}}`, true},
		{"a negative number", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":-2}}`, false},
		{"a number too large", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":3000000000}}`, false},
		{"a fraction", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":1.5}}`, false},
		{"another kind of value", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":"1"}}`, false},
		{"null", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id":{"_eq":null}}`, false},
		{"a boolean that steers", "t_bool_exp", `{"id":{"_is_null":true}}`, `{"id":{"_is_null":false}}`, false},
		{"a boolean that is stored", "t_insert_input", `{"flag":true}`, `{"flag":false}`, true},
		{"a stored null", "t_insert_input", `{"flag":true}`, `{"flag":null}`, false},
		{"another field", "t_insert_input", `{"flag":true}`, `{"id":1}`, false},
		{"one more field", "t_insert_input", `{"flag":true}`, `{"flag":true,"id":1}`, false},
		{"another enum value", "t_order_by", `{"id":"asc"}`, `{"id":"desc"}`, false},
		{"another order of fields", "t_order_by", `{"id":"asc","flag":"asc"}`, `{"flag":"asc","id":"asc"}`, false},
		{"one more element of objects", "t_bool_exp", `{"_or":[{"id":{"_eq":1}}]}`, `{"_or":[{"id":{"_eq":1}},{"id":{"_eq":1}}]}`, false},
		{"one more element of scalars", "t_bool_exp", `{"id":{"_in":[1]}}`, `{"id":{"_in":[1,2,3]}}`, true},
		{"a null among scalars", "t_bool_exp", `{"id":{"_in":[1]}}`, `{"id":{"_in":[1,null]}}`, false},
		{"an element alone", "t_bool_exp", `{"id":{"_in":[1]}}`, `{"id":{"_in":1}}`, false},
		{"JSON of another form", "t_insert_input", `{"doc":{"a":1}}`, `{"doc":[1,2]}`, true},
		{"an unknown field made to look like a known shape", "t_bool_exp", `{"id":{"_eq":1}}`, `{"id:{_eq:i}":1}`, false},
	} {
		if same := of(c.typ, c.a) == of(c.typ, c.b); same != c.same {
			t.Errorf("%s: %s and %s share a plan: %v, want %v", c.name, c.a, c.b, same, c.same)
		}
	}
}

// The parser takes apart whatever encoding/json accepts without losing a byte of the values.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u00e9\"\\",null,true],"b":{}}`, `"\ud83d\ude00"`, `[]`, `-0`, " { \"k\" : [ ] } "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		n := parseJSON(raw)
		if !bytes.Equal(bytes.TrimSpace(n.raw), bytes.TrimSpace(raw)) {
			t.Fatalf("kept %q of %q", n.raw, raw)
		}
		var check func(n *node)
		check = func(n *node) {
			switch n.kind {
			case 's':
				var want string
				if err := json.Unmarshal(n.raw, &want); err != nil || n.text() != want && bytes.Equal(bytes.ToValidUTF8(n.raw, nil), n.raw) {
					t.Fatalf("%q read as %q, want %q", n.raw, n.text(), want)
				}
			case '{':
				var want map[string]json.RawMessage
				if err := json.Unmarshal(n.raw, &want); err != nil || len(want) > len(n.keys) {
					t.Fatalf("%q has keys %q", n.raw, n.keys)
				}
			case '[':
				var want []json.RawMessage
				if err := json.Unmarshal(n.raw, &want); err != nil || len(want) != len(n.kids) {
					t.Fatalf("%q has %d elements, want %d", n.raw, len(n.kids), len(want))
				}
			}
			for _, k := range n.kids {
				check(k)
			}
		}
		check(n)
	})
}
