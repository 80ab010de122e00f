package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// A select permission that cannot be honoured in full gives nothing at all, and is listed.
func TestBuild_aPermissionThatCannotBeHonouredCloses(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]string{
		"unknown column":              `{"nope": {"_eq": 1}}`,
		"unknown operator":            `{"id": {"_near": 1}}`,
		"operator of another type":    `{"id": {"_like": "a"}}`,
		"null":                        `{"id": {"_eq": null}}`,
		"unknown table in _exists":    `{"_exists": {"_table": "nope", "_where": {}}}`,
		"_exists without _where":      `{"_exists": {"_table": "t0000"}}`,
		"unknown key in _exists":      `{"_exists": {"_table": "t0000", "_where": {}, "_limit": 1}}`,
		"unknown column after $":      `{"id": {"_ceq": ["$", "nope"]}}`,
		"no column after $":           `{"id": {"_ceq": ["$"]}}`,
		"inside _not":                 `{"_not": {"nope": {"_eq": 1}}}`,
		"inside _or":                  `{"_or": [{"id": {"_eq": 1}}, {"nope": 1}]}`,
		"inside a relationship":       `{"previous": {"nope": 1}}`,
		"_or that is no list":         `{"_or": {"id": 1}}`,
		"not an object":               `["id"]`,
		"aggregate without predicate": `{"previous_aggregate": {"count": {}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := wide(2)
			in.Metadata.Sources[0].Tables[1].SelectPermissions[0].Filter = json.RawMessage(filter)
			m := schema.Build(in)
			if n := len(m.Inconsistencies()); n != 1 {
				t.Fatalf("%d inconsistencies, want 1", n)
			}
			if i := m.Inconsistencies()[0]; i.Type != "select_permission" || !strings.HasPrefix(i.Reason, "Inconsistent object: ") {
				t.Errorf("listed as %s: %s", i.Type, i.Reason)
			}
			s := m.Role("user", false)
			for _, field := range []string{"t0001", "t0001_by_pk", "t0001_aggregate"} {
				if s.Query.Field(field) != nil {
					t.Errorf("%s is still offered", field)
				}
			}
			if s.Query.Field("t0000") == nil {
				t.Error("the other table's permission went too")
			}
		})
	}
}

// A name for a column that is not there takes the table away, as in Hasura; a comment on one says nothing and does not.
func TestBuild_aNameForAColumnThatIsNotThere(t *testing.T) {
	t.Parallel()
	in := wide(2)
	in.Metadata.Sources[0].Tables[1].Configuration = &metadata.TableConfiguration{ColumnConfig: map[string]metadata.ColumnConfig{"nope": {CustomName: "never"}}}
	m := schema.Build(in)
	if n := len(m.Inconsistencies()); n == 0 || m.Inconsistencies()[0].Reason != `Inconsistent object: the custom field name "never" was given for the column "nope", but no such column exists` {
		t.Fatalf("listed: %+v", m.Inconsistencies())
	}
	if s := m.Role("user", false); s.Query.Field("t0001") != nil || s.Query.Field("t0000") == nil {
		t.Error("the table is still offered, or the other one is not")
	}
	comment := "of a column that went"
	in.Metadata.Sources[0].Tables[1].Configuration = &metadata.TableConfiguration{ColumnConfig: map[string]metadata.ColumnConfig{"nope": {Comment: &comment}}}
	if m := schema.Build(in); len(m.Inconsistencies()) > 0 || m.Role("user", false).Query.Field("t0001") == nil {
		t.Errorf("listed: %+v", m.Inconsistencies())
	}
}

// What a role may not read is nowhere in its schema: not in rows, conditions, orders, columns or aggregates.
func TestRole_aHiddenColumnIsNowhere(t *testing.T) {
	t.Parallel()
	in := wide(2)
	p := in.Metadata.Sources[0].Tables[1].SelectPermissions[0]
	p.Columns = metadata.Columns{Names: []string{"id", "c1"}}
	s := schema.Build(in).Role("user", false)
	for _, name := range []string{"t0001", "t0001_max_fields", "t0001_min_fields"} {
		if typ := s.Lookup(name); typ == nil || typ.Field("c0") != nil || typ.Field("c1") == nil {
			t.Errorf("%s shows the wrong columns", name)
		}
	}
	for _, name := range []string{"t0001_bool_exp", "t0001_order_by"} {
		if typ := s.Lookup(name); typ == nil || typ.Input("c0") != nil || typ.Input("c1") == nil {
			t.Errorf("%s shows the wrong columns", name)
		}
	}
	if typ := s.Lookup("t0001_select_column"); typ == nil || typ.Member("c0") != nil || typ.Member("c1") == nil {
		t.Error("t0001_select_column shows the wrong columns")
	}
	if s.Mutation != nil {
		t.Error("the role has mutations")
	}
}

// Every role without permissions is the same empty schema, however many names a client tries.
func TestRole_unknownRolesSeeNothingAndShareOneSchema(t *testing.T) {
	t.Parallel()
	m := schema.Build(wide(2))
	a, b := m.Role("x", false), m.Role("y", true)
	if a.Query.Field("no_queries_available") == nil || len(a.Query.Fields()) != 1 {
		t.Errorf("an unknown role sees %d fields", len(a.Query.Fields()))
	}
	if b.Query.Field("t0000") != nil || a != m.Role("z", false) {
		t.Error("unknown roles do not share one schema")
	}
}

// Mutations are inherited only when the members agree.
func TestRole_membersThatDisagreePassOnNoMutation(t *testing.T) {
	t.Parallel()
	in := wide(1)
	table := in.Metadata.Sources[0].Tables[0]
	add := func(role, check string) {
		table.InsertPermissions = append(table.InsertPermissions, &metadata.InsertPermission{
			Permission: metadata.Permission{Role: role},
			Columns:    metadata.Columns{All: true}, Check: json.RawMessage(check),
		})
	}
	add("a", `{"id": {"_gt": 1}}`)
	add("b", `{"id": {"_gt": 1}}`)
	add("c", `{"id": {"_gt": 2}}`)
	in.Metadata.InheritedRoles = []*metadata.InheritedRole{{Name: "agree", RoleSet: []string{"a", "b", "user"}}, {Name: "disagree", RoleSet: []string{"a", "c"}}}
	m := schema.Build(in)
	if s := m.Role("agree", false); s.Mutation == nil || s.Mutation.Field("insert_t0000") == nil {
		t.Error("members that agree pass nothing on")
	}
	if m.Role("disagree", false).Mutation != nil {
		t.Error("members that disagree pass a mutation on")
	}
}

func TestClassOf_arraysKeepTheirElement(t *testing.T) {
	t.Parallel()
	elem := &catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "int8"}, Kind: catalog.BaseType}
	c := schema.ClassOf(&catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "_int8"}, Kind: catalog.ArrayType, Elem: elem})
	if c.Elem == nil || c.Elem.Name != "bigint" || c.Kind != schema.ListKind {
		t.Errorf("class of int8[] is %+v", c)
	}
}

// A write whose input validation cannot be understood is not offered, and listed.
func TestBuild_inputValidationThatIsNotUnderstoodClosesTheWrite(t *testing.T) {
	t.Parallel()
	for _, definition := range []string{
		`{"type": "carrier pigeon", "definition": {"url": "http://example.org"}}`, `{"type": "http", "definition": {}}`, `{"type": "http"}`,
		`{"type": "http", "definition": {"url": "http://example.org", "timeout": 0}}`, `{"type": "http", "definition": {"url": "http://example.org", "retries": 1}}`,
		`{"type": "http", "definition": {"url": "http://example.org", "headers": [{"name": "a"}]}}`,
		`{"type": "http", "definition": {"url": "http://example.org", "headers": [{"name": "a", "value": "b", "value_from_env": "C"}]}}`, `[]`,
	} {
		in := wide(1)
		table := in.Metadata.Sources[0].Tables[0]
		table.DeletePermissions = []*metadata.DeletePermission{{
			Permission: metadata.Permission{Role: "user"}, Filter: json.RawMessage(`{}`), ValidateInput: json.RawMessage(definition),
		}}
		m := schema.Build(in)
		if n := len(m.Inconsistencies()); n != 1 || m.Inconsistencies()[0].Type != "delete_permission" {
			t.Errorf("%s: %d inconsistencies, want one", definition, n)
		}
		if m.Role("user", false).Mutation != nil {
			t.Errorf("%s: the write is offered", definition)
		}
	}
}

// What an inherited role cannot inherit is listed, in the form Hasura gives, and not offered; a permission of the role's
// own settles it.
func TestBuild_conflictsOfInheritedRolesAreListed(t *testing.T) {
	t.Parallel()
	build := func(own bool) *schema.Model {
		in := wide(1)
		table := in.Metadata.Sources[0].Tables[0]
		insert := func(role, check string) *metadata.InsertPermission {
			return &metadata.InsertPermission{Permission: metadata.Permission{Role: role}, Columns: metadata.Columns{All: true}, Check: json.RawMessage(check)}
		}
		table.InsertPermissions = []*metadata.InsertPermission{insert("one", `{}`), insert("two", `{"id": {"_gt": 1}}`)}
		if own {
			table.InsertPermissions = append(table.InsertPermissions, insert("both", `{"id": {"_gt": 2}}`))
		}
		table.DeletePermissions = []*metadata.DeletePermission{
			{Permission: metadata.Permission{Role: "one"}, Filter: json.RawMessage(`{}`)},
			{Permission: metadata.Permission{Role: "two"}, Filter: json.RawMessage(`{}`)},
		}
		in.Metadata.InheritedRoles = []*metadata.InheritedRole{{Name: "both", RoleSet: []string{"one", "two"}}}
		return schema.Build(in)
	}
	m := build(false)
	if s := m.Role("both", false); s.Mutation == nil || s.Mutation.Field("insert_t0000") != nil || s.Mutation.Field("delete_t0000") == nil {
		t.Error("the role may insert, or not delete")
	}
	raw, err := json.Marshal(m.Inconsistencies())
	want := `[{"entity":{"permission_type":"insert","source":"default","table":{"name":"t0000","schema":"public"}},"name":"both",` +
		`"reason":"Could not inherit permission for the role 'both' for the entity: 'insert permission, table: t0000, source: 'default''",` +
		`"type":"inherited role permission inconsistency"}]`
	if err != nil || string(raw) != want {
		t.Errorf("listed: %v\n got %s\nwant %s", err, raw, want)
	}
	m = build(true)
	if s := m.Role("both", false); len(m.Inconsistencies()) > 0 || s.Mutation == nil || s.Mutation.Field("insert_t0000") == nil {
		t.Errorf("the role's own permission does not count: %v", m.Inconsistencies())
	}
}

// The text a federation gateway reads has the role's own schema, keys on entities, and nothing of the federation itself.
func TestSDL_hasKeysAndOnlyTheRolesSchema(t *testing.T) {
	t.Parallel()
	in := wide(2)
	in.Options.ApolloFederation = true
	in.Metadata.Sources[0].Tables[1].ApolloFederation = json.RawMessage(`{"enable": "v1"}`)
	m := schema.Build(in)
	text := m.Role("admin", false).SDL()
	for _, want := range []string{
		"schema {\n  query: query_root\n  mutation: mutation_root\n", `type t0001 @key(fields: "id") {`, "type t0000 {",
		"  t0000_by_pk(id: Int!): t0000\n", "update_columns: [t0000_update_column!]! = []", "enum order_by {",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, not := range []string{"_service", "_entities", "_Any", "_Entity", "__", "scalar Int\n"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is there", not)
		}
	}
	if text := m.Role("stranger", false).SDL(); strings.Contains(text, "t0000") {
		t.Error("an unknown role sees a table")
	}
}
