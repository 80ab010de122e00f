package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// world is a database for mutations to ask about.
type world struct {
	columns map[string][]string          // by table
	targets map[string]map[string]string // mapping by "table.relationship"; the target's name is under ""
	returns map[string]string            // by function
}

func (w world) HasColumn(_ string, t metadata.TableName, column string) bool {
	for _, c := range w.columns[t.Name] {
		if c == column {
			return true
		}
	}
	return false
}

func (w world) Target(_ string, t metadata.TableName, r *metadata.Relationship, _ bool) (metadata.TableName, map[string]string, bool) {
	if r.Using.Manual != nil {
		return r.Using.Manual.RemoteTable, r.Using.Manual.ColumnMapping, true
	}
	to, ok := w.targets[t.Name+"."+r.Name]
	mapping := map[string]string{}
	for own, remote := range to {
		if own != "" {
			mapping[own] = remote
		}
	}
	return metadata.TableName{Schema: "public", Name: to[""]}, mapping, ok
}

func (w world) ReturnedTable(_ string, f metadata.FunctionName) (metadata.TableName, bool) {
	t, ok := w.returns[f.Name]
	return metadata.TableName{Schema: "public", Name: t}, ok
}

func (w world) Constraint(_ string, _ metadata.TableName, _ *metadata.Relationship, _ bool) (metadata.TableName, string) {
	return metadata.TableName{}, ""
}

var library = world{
	columns: map[string][]string{"author": {"id", "name", "email"}, "article": {"id", "title", "author_id"}},
	targets: map[string]map[string]string{"article.author": {"": "author", "author_id": "id"}, "author.articles": {"": "article", "id": "author_id"}},
	returns: map[string]string{"search": "article", "found": "author"},
}

const libraryDocument = `{"version":3,"sources":[{"name":"default","kind":"postgres","configuration":{"connection_info":{"database_url":"u"}},
"tables":[
 {"table":"author","array_relationships":[{"name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}],
  "computed_fields":[{"name":"full_name","definition":{"function":"full_name"}}],
  "select_permissions":[{"role":"user","permission":{"columns":["id","name"],"computed_fields":["full_name"],
    "filter":{"_or":[{"articles":{"title":{"_ceq":["$","name"]}}},{"_exists":{"_table":{"schema":"public","name":"article"},"_where":{"id":{"_eq":1}}}}]}}}]},
 {"table":"article","object_relationships":[{"name":"author","using":{"foreign_key_constraint_on":"author_id"}}]}],
"functions":[{"function":"search"},{"function":"found"}]}],
"query_collections":[{"name":"c","definition":{"queries":[{"name":"q","query":"{ a }"}]}}],
"allowlist":[{"collection":"c","scope":{"global":true}}]}`

// apply runs a command on the library.
func apply(t *testing.T, name, args string) (*metadata.Metadata, error) {
	t.Helper()
	m, known, err := metadata.ParseCommand(name, []byte(args), "$.args")
	if !known {
		t.Fatalf("%s is no command", name)
	}
	if err != nil {
		return nil, err
	}
	base := parse(t, libraryDocument)
	before := string(base.Encode())
	out, err := m.Apply(base, library)
	if string(base.Encode()) != before {
		t.Errorf("%s changed the document it was given", name)
	}
	return out, err
}

func TestCommands_refusals(t *testing.T) {
	for _, c := range []struct{ name, args, code, path, message string }{
		{"track_table", `"author"`, fault.AlreadyTracked, "$", `view/table already tracked: "author"`},
		{"pg_track_table", `{"table":"search"}`, fault.NotSupported, "$", `function with name "search" already exists`},
		{"pg_track_table", `{"table":"x","source":"y"}`, fault.NotExists, "$", `source with name "y" does not exist`},
		{"pg_track_table", `{"table":{"schema":"identity","name":"users"}}`, fault.NotSupported, "$", `schema "identity" belongs to Gatehouse's identity service and cannot be tracked`},
		{"pg_track_table", `{"table":"x","is_enum":1}`, fault.ParseFailed, "$.args.is_enum", `parsing Bool failed, expected Bool, but encountered Number`},
		{"pg_untrack_table", `{"table":"x"}`, fault.AlreadyUntracked, "$", `view/table already untracked: "x"`},
		{"pg_untrack_table", `{"table":"author"}`, fault.DependencyError, "$", `cannot drop due to the following dependent objects: function found in source "default", relationship article.author in source "default"`},
		{"pg_untrack_table", `{"table":"article"}`, fault.DependencyError, "$", `cannot drop due to the following dependent objects: function search in source "default", permission author.user.select in source "default", relationship author.articles in source "default"`},
		{"set_table_customization", `{"table":"author1","configuration":{}}`, fault.NotExists, "$", `table "author1" does not exist in source: default`},
		{"set_table_is_enum", `{"table":"x","is_enum":true}`, fault.NotExists, "$", `table "x" does not exist in source: default`},
		{"create_object_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":"x"}}`, fault.AlreadyExists, "$", `field with name "articles" already exists in table "author"`},
		{"create_object_relationship", `{"table":"author","name":"email","using":{"foreign_key_constraint_on":"x"}}`, fault.AlreadyExists, "$", `field with name "email" already exists in table "author"`},
		{"create_object_relationship", `{"table":"author","using":{"foreign_key_constraint_on":"x"}}`, fault.ParseFailed, "$.args", `key "name" not found`},
		{"drop_relationship", `{"table":"author","relationship":"x"}`, fault.NotExists, "$", `relationship "x" does not exist`},
		{"drop_relationship", `{"table":"author","relationship":"articles"}`, fault.DependencyError, "$", `cannot drop due to the following dependent objects: permission author.user.select in source "default"`},
		{"rename_relationship", `{"table":"author","name":"articles","new_name":"name"}`, fault.AlreadyExists, "$", `cannot rename relationship "articles" to "name" in table "author" as a column/relationship with the name already exists`},
		{"create_select_permission", `{"table":"author","role":"user","permission":{"columns":"*","filter":{}}}`, fault.AlreadyExists, "$", `select permission already defined on table "author" with role "user"`},
		{"create_select_permission", `{"table":"author","role":"admin","permission":{"columns":"*","filter":{}}}`, fault.AlreadyExists, "$", `select permission already defined on table "author" with role "admin"`},
		{"create_select_permission", `{"table":"author","role":"x","permission":{"columns":"all","filter":{}}}`, fault.ParseFailed, "$.args.permission.columns", `unexpected column specification "all": expected "*" or a list`},
		{"drop_insert_permission", `{"table":"author","role":"user"}`, fault.PermissionDenied, "$", `insert permission on "author" for role "user" does not exist`},
		{"set_permission_comment", `{"table":"author","role":"x","type":"select","comment":"c"}`, fault.PermissionDenied, "$", `select permission on "author" for role "x" does not exist`},
		{"track_function", `"search"`, fault.AlreadyTracked, "$", `function already tracked: "search"`},
		{"track_function", `"author"`, fault.NotSupported, "$", `table with name "author" already exists`},
		{"untrack_function", `"x"`, fault.NotExists, "$", `function "x" does not exist in source: default`},
		{"drop_function_permission", `{"function":"search","role":"x"}`, fault.NotExists, "$", `permission of role "x" does not exist for function "search" in source: "default"`},
		{"add_computed_field", `{"table":"author","name":"id","definition":{"function":"f"}}`, fault.AlreadyExists, "$", `field with name "id" already exists in table "author"`},
		{"drop_computed_field", `{"table":"author","name":"full_name"}`, fault.DependencyError, "$", `cannot drop due to the following dependent objects: permission author.user.select in source "default"`},
		{"pg_add_source", `{"name":"default","configuration":{"connection_info":{"database_url":"x"}}}`, fault.AlreadyExists, "$", `source with name "default" already exists`},
		{"pg_add_source", `{"name":"x","configuration":{"connection_info":{"database_url":{"from_env":"A","dynamic_from_file":"B"}}}}`, fault.ParseFailed, "$.args.configuration.connection_info.database_url", `expected exactly one of from_env, dynamic_from_file and connection_parameters`},
		{"pg_drop_source", `{"name":"x"}`, fault.NotExists, "$", `source with name "x" does not exist`},
		{"rename_source", `{"name":"x","new_name":"y"}`, fault.NotExists, "$", `Could not find source with name "x"`},
		{"create_query_collection", `{"name":"c","definition":{"queries":[]}}`, fault.AlreadyExists, "$.name", `query collection with name "c" already exists`},
		{"drop_query_collection", `{"collection":"x","cascade":false}`, fault.NotExists, "$.collection", `query collection with name "x" does not exist`},
		{"add_query_to_collection", `{"collection_name":"c","query_name":"q","query":"{ b }"}`, fault.AlreadyExists, "$", `query with name "q" already exists in collection "c"`},
		{"drop_query_from_collection", `{"collection_name":"c","query_name":"x"}`, fault.NotFound, "$", `query with name "x" not found in collection "c"`},
		{"create_rest_endpoint", `{"name":"e","url":"e","methods":[],"definition":{"query":{"collection_name":"c","query_name":"q"}}}`, fault.ParseFailed, "$.args.methods", `a non-empty list was expected`},
		{"create_rest_endpoint", `{"name":"e","url":"e","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"x"}}}`, fault.NotExists, "$", `query with name x does not exist in query collection c`},
		{"drop_rest_endpoint", `{"name":"x"}`, fault.NotExists, "$", `endpoint with name: x does not exist`},
		{"add_inherited_role", `{"role_name":"a","role_set":["a"]}`, fault.InvalidParams, "$", `an inherited role name cannot be in the role combination`},
		{"drop_inherited_role", `{"role_name":"x"}`, fault.NotExists, "$", `"x" inherited role doesn't exist`},
		{"remove_remote_schema", `{"name":"x"}`, fault.NotExists, "$", `no such remote schema`},
		{"create_action", `{"name":"x"}`, fault.ParseFailed, "$.args", `key "definition" not found`},
		{"delete_event_trigger", `{"name":"x"}`, fault.NotExists, "$", `event trigger "x" does not exist`},
	} {
		t.Run(c.name+" "+c.args, func(t *testing.T) {
			_, err := apply(t, c.name, c.args)
			refused(t, err, c.code, c.path, c.message)
		})
	}
}

func TestCommands_changes(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"track_table", `{"schema":"s","name":"t"}`, `{"table":{"name":"t","schema":"s"}}`},
		{"pg_track_table", `{"table":"t","configuration":{"custom_name":"T"}}`, `{"table":{"name":"t","schema":"public"},"configuration":{"column_config":{},"custom_column_names":{},"custom_name":"T","custom_root_fields":{}}}`},
		{
			"create_array_relationship", `{"table":"author","name":"all","using":{"manual_configuration":{"remote_table":"article","column_mapping":{"id":"author_id"}}},"comment":"c"}`,
			`{"name":"all","using":{"manual_configuration":{"column_mapping":{"id":"author_id"},"insertion_order":null,"remote_table":{"name":"article","schema":"public"}}},"comment":"c"}`,
		},
		{"rename_relationship", `{"table":"author","name":"articles","new_name":"works"}`, `"filter":{"_or":[{"works":{"title":{"_ceq":["$","name"]}}}`},
		{"set_relationship_comment", `{"table":"article","name":"author","comment":"who"}`, `"foreign_key_constraint_on":"author_id"},"comment":"who"}`},
		{
			"create_insert_permission", `{"table":"article","role":"user","permission":{"check":{"author_id":{"_eq":"X-Hasura-User-Id"}}}}`,
			`"insert_permissions":[{"role":"user","permission":{"check":{"author_id":{"_eq":"X-Hasura-User-Id"}}}}]`,
		},
		{"set_permission_comment", `{"table":"author","role":"user","type":"select","comment":"c"}`, `"comment":"c"}]`},
		{"create_function_permission", `{"function":"found","role":"user"}`, `{"function":{"name":"found","schema":"public"},"permissions":[{"role":"user"}]}`},
		{"set_function_customization", `{"function":"search","configuration":{"session_argument":"s"}}`, `"configuration":{"custom_root_fields":{},"session_argument":"s"}`},
		{"rename_source", `{"name":"default","new_name":"main"}`, `{"name":"main","kind":"postgres"`},
		{"pg_update_source", `{"name":"default","customization":{"root_fields":{"namespace":"n"}}}`, `"customization":{"root_fields":{"namespace":"n"}}`},
		{"rename_query_collection", `{"name":"c","new_name":"d"}`, `"allowlist":[{"collection":"d","scope":{"global":true}}]`},
		{"update_scope_of_collection_in_allowlist", `{"collection":"c","scope":{"global":false,"roles":["user"]}}`, `{"collection":"c","scope":{"global":false,"roles":["user"]}}`},
		{
			"create_rest_endpoint", `{"name":"e","url":"e/:id","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}`,
			`"rest_endpoints":[{"comment":null,"definition":{"query":{"collection_name":"c","query_name":"q"}},"methods":["GET"],"name":"e","url":"e/:id"}]`,
		},
		{"add_inherited_role", `{"role_name":"a","role_set":["b","c"]}`, `"inherited_roles":[{"role_name":"a","role_set":["b","c"]}]`},
		{"add_remote_schema", `{"name":"r","definition":{"url":"http://x"},"comment":"c"}`, `"remote_schemas":[{"name":"r","definition":{"url":"http://x"},"comment":"c"}]`},
		{"create_action", `{"name":"a","definition":{"handler":"http://x","output_type":"X"}}`, `"actions":[{"name":"a","definition":{"handler":"http://x","output_type":"X"}}]`},
		{
			"pg_create_event_trigger", `{"name":"e","table":"author","webhook":"http://x","insert":{"columns":"*"}}`,
			`"event_triggers":[{"name":"e","definition":{"enable_manual":false,"insert":{"columns":"*"}},"retry_conf":{"interval_sec":10,"num_retries":0,"timeout_sec":60},"webhook":"http://x"}]`,
		},
		{
			"create_remote_relationship", `{"name":"x","table":"author","hasura_fields":["id"],"remote_schema":"r","remote_field":{}}`,
			`"remote_relationships":[{"definition":{"hasura_fields":["id"],"remote_schema":"r","remote_field":{}},"name":"x"}]`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := apply(t, c.name, c.args)
			if err != nil {
				t.Fatal(err)
			}
			if doc := string(m.Encode()); !strings.Contains(doc, c.want) {
				t.Errorf("missing %s in\n%s", c.want, doc)
			}
		})
	}
}

func TestUntrackTable_withCascadeDropsWhatDepends(t *testing.T) {
	m, err := apply(t, "pg_untrack_table", `{"table":"article","cascade":true}`)
	if err != nil {
		t.Fatal(err)
	}
	if doc := string(m.Encode()); strings.Contains(doc, "article") || strings.Contains(doc, "select_permissions") || strings.Contains(doc, "search") || !strings.Contains(doc, "full_name") {
		t.Errorf("got %s", doc)
	}
}

func TestRenameSource_relationshipsFollow(t *testing.T) {
	m, _, err := metadata.ParseCommand("rename_source", json.RawMessage(`{"name":"analytics","new_name":"numbers"}`), "$")
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Apply(parse(t, string(fullDocument(t))), library)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(out.Encode())
	for _, want := range []string{
		`{"definition":{"to_source":{"field_mapping":{"id":"id"},"relationship_type":"object","source":"numbers","table":"stats"}},"name":"stats"}`,
		`"remote_source":"numbers"`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("missing %s in\n%s", want, doc)
		}
	}
	if strings.Contains(doc, `"analytics"`) {
		t.Errorf("the old name is left: %s", doc)
	}
}

func TestRename_swapsNamesInOneWalk(t *testing.T) {
	m := parse(t, libraryDocument).Rename(library, "default", metadata.Renames{
		Tables:  map[metadata.TableName]metadata.TableName{{Schema: "public", Name: "article"}: {Schema: "lib", Name: "text"}},
		Columns: map[metadata.TableName]map[string]string{{Schema: "public", Name: "author"}: {"id": "name", "name": "id"}, {Schema: "public", Name: "article"}: {"author_id": "by"}},
	})
	doc := string(m.Encode())
	for _, want := range []string{
		`"columns":["name","id"]`, `{"articles":{"title":{"_ceq":["$","id"]}}}`, `{"_exists":{"_table":{"name":"text","schema":"lib"},"_where":{"id":{"_eq":1}}}}`,
		`{"foreign_key_constraint_on":{"column":"by","table":{"name":"text","schema":"lib"}}}`, `{"foreign_key_constraint_on":"by"}`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("missing %s in\n%s", want, doc)
		}
	}
}

// Hasura takes "$" for "_" in all operators.
func TestRename_operatorsWithADollar(t *testing.T) {
	m := parse(t, strings.Replace(libraryDocument, `{"_exists":{"_table":{"schema":"public","name":"article"},"_where":{"id":{"_eq":1}}}}`,
		`{"$and":[{"$exists":{"$where":{"author_id":{"$ceq":"id"}},"$table":"article"}}]}`, 1)).Rename(library, "default", metadata.Renames{
		Tables:  map[metadata.TableName]metadata.TableName{{Schema: "public", Name: "article"}: {Schema: "lib", Name: "text"}},
		Columns: map[metadata.TableName]map[string]string{{Schema: "public", Name: "article"}: {"author_id": "by"}},
	})
	if doc, want := string(m.Encode()), `{"$and":[{"$exists":{"$where":{"by":{"$ceq":"id"}},"$table":{"name":"text","schema":"lib"}}}]}`; !strings.Contains(doc, want) {
		t.Errorf("missing %s in\n%s", want, doc)
	}
}

func TestToSource_nameOfTheTable(t *testing.T) {
	of := func(table string) *metadata.Opaque {
		return &metadata.Opaque{Name: "r", JSON: []byte(`{"name":"r","definition":{"to_source":{"relationship_type":"object","source":"s","table":` + table + `,"field_mapping":{"a":"b"}}}}`)}
	}
	for written, want := range map[string]string{`"t"`: "t", `{"name":"t"}`: "t", `{"name":"t","schema":"private"}`: "private.t"} {
		if to, err := of(written).ToSource(); err != nil || to.Table.String() != want {
			t.Errorf("%s: %+v, %v", written, to, err)
		}
	}
	if to, err := of(`{"name":"t","shema":"private"}`).ToSource(); err == nil {
		t.Errorf("a misspelt schema is %s", to.Table)
	}
}

func TestUnsupported_isListedAndDoesNotCountAsBroken(t *testing.T) {
	m := parse(t, string(fullDocument(t)))
	list := m.Unsupported()
	names := map[string]bool{}
	for _, i := range list {
		names[i.Name] = true
		if !i.Unsupported {
			t.Errorf("%s counts as broken", i.Name)
		}
	}
	for _, want := range []string{
		"remote_schema countries", "action pay", "cron_trigger nightly", "event_trigger on_article in table article in source default",
		"remote_relationship country in table article in source default", "source legacy", "custom_types", "network",
	} {
		if !names[want] {
			t.Errorf("%s is not listed", want)
		}
	}
	if names["remote_relationship stats in table article in source default"] {
		t.Error("a relationship to a source is listed")
	}
	var ids []metadata.ObjectID
	for _, i := range list {
		ids = append(ids, i.IDs()...)
	}
	for _, i := range m.Without(ids...).Unsupported() {
		if i.Type != "network" {
			t.Errorf("%s cannot be dropped", i.Name)
		}
	}
}
