package project_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/engine/project"
)

// tree reads a directory's files.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		name, _ := filepath.Rel(dir, p)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const document = `{"version":3,"sources":[
 {"name":"default","kind":"postgres","tables":[
   {"table":{"name":"book","schema":"public"},"object_relationships":[{"name":"author","using":{"foreign_key_constraint_on":"author_id"}}],
    "select_permissions":[{"role":"user","permission":{"columns":"*","filter":{"author_id":{"_eq":"X-Hasura-User-Id"}},"limit":10},"comment":""}]},
   {"table":{"name":"a/b","schema":"public"}}],
  "functions":[{"function":{"name":"search","schema":"public"}}],
  "native_queries":[{"root_field_name":"now","code":"select now()\nas now","returns":"n"}],
  "configuration":{"connection_info":{"database_url":{"from_env":"DB"},"use_prepared_statements":false}}},
 {"name":"empty","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":"postgres://x"}}}],
"remote_schemas":[{"definition":{"url":"http://x"},"name":"r","permissions":[{"definition":{"schema":"type Query{a:Int}"},"role":"user"}]}],
"allowlist":[{"collection":"c","scope":{"global":true}}],
"actions":[{"comment":"pays","definition":{"arguments":[{"description":"how much","name":"amount","type":"Int!"}],"forward_client_headers":false,"handler":"http://x","kind":"synchronous","output_type":"Paid","type":"mutation"},"name":"pay","permissions":[{"role":"user"}]},
 {"name":"rate","definition":{"type":"query","output_type":"Float!","kind":"","handler":"http://x"}}],
"custom_types":{"enums":[{"name":"Currency","values":[{"description":null,"is_deprecated":null,"value":"EUR"}]}],"objects":[{"description":"a payment","fields":[{"name":"ok","type":"Boolean!"}],"name":"Paid"}],"scalars":[{"name":"uuid"}]},
"rest_endpoints":[{"name":"yes","url":"a","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"12:30"}}}]}`

func TestWriteMetadata_asTheHasuraCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := project.WriteMetadata(dir, json.RawMessage(document)); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"version.yaml": "version: 3\n",
		"databases/databases.yaml": `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: DB
      use_prepared_statements: false
  native_queries:
    - root_field_name: now
      code: |-
        select now()
        as now
      returns: "n"
  tables: "!include default/tables/tables.yaml"
  functions: "!include default/functions/functions.yaml"
- name: empty
  kind: postgres
  configuration:
    connection_info:
      database_url: postgres://x
  tables: "!include empty/tables/tables.yaml"
`,
		"databases/default/tables/tables.yaml":           "- \"!include public_book.yaml\"\n- \"!include public_a_b.yaml\"\n",
		"databases/default/tables/public_a_b.yaml":       "table:\n  name: a/b\n  schema: public\n",
		"databases/default/functions/functions.yaml":     "- \"!include public_search.yaml\"\n",
		"databases/default/functions/public_search.yaml": "function:\n  name: search\n  schema: public\n",
		"databases/empty/tables/tables.yaml":             "[]\n",
		"databases/default/tables/public_book.yaml":      "table:\n  name: book\n  schema: public\nobject_relationships:\n  - name: author\n    using:\n      foreign_key_constraint_on: author_id\nselect_permissions:\n  - role: user\n    permission:\n      columns: '*'\n      filter:\n        author_id:\n          _eq: X-Hasura-User-Id\n      limit: 10\n    comment: \"\"\n",
		"remote_schemas.yaml":                            "- name: r\n  definition:\n    url: http://x\n  permissions:\n    - definition:\n        schema: |\n          type Query {\n            a: Int\n          }\n      role: user\n",
		"allow_list.yaml":                                "- collection: c\n  scope:\n    global: true\n",
		"rest_endpoints.yaml":                            "- name: \"yes\"\n  url: a\n  methods:\n    - GET\n  definition:\n    query:\n      collection_name: c\n      query_name: \"12:30\"\n",
		"graphql_schema_introspection.yaml":              "disabled_for_roles: []\n",
		"actions.yaml":                                   "actions:\n  - name: pay\n    definition:\n      kind: synchronous\n      handler: http://x\n    permissions:\n      - role: user\n    comment: pays\n  - name: rate\n    definition:\n      kind: \"\"\n      handler: http://x\ncustom_types:\n  enums:\n    - name: Currency\n      values:\n        - description: null\n          is_deprecated: null\n          value: EUR\n  input_objects: []\n  objects:\n    - name: Paid\n      description: a payment\n  scalars:\n    - name: uuid\n",
		"actions.graphql":                                "type Mutation {\n  pay(\n    \"\"\" how much \"\"\" amount: Int!\n  ): Paid\n}\n\n\ntype Query {\n  rate: Float!\n}\n\n\n\n\nenum Currency {\n  EUR\n}\n\n\"\"\" a payment \"\"\" type Paid {\n  ok: Boolean!\n}\n\nscalar uuid\n\n",
		"query_collections.yaml":                         "[]\n",
		"cron_triggers.yaml":                             "[]\n",
		"inherited_roles.yaml":                           "[]\n",
		"api_limits.yaml":                                "{}\n",
		"metrics_config.yaml":                            "{}\n",
		"network.yaml":                                   "{}\n",
		"backend_configs.yaml":                           "{}\n",
		"opentelemetry.yaml":                             "{}\n",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	// What was written is read as what was given, and written again as nothing.
	again, err := project.ReadMetadata(dir)
	if err != nil {
		t.Fatal(err)
	}
	if written, err := project.WriteMetadata(dir, again); err != nil || len(written) != 0 {
		t.Errorf("written again: %v, %v", written, err)
	}
}

func TestWriteMetadata_keepsWhatIsThere(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"version.yaml": "# ours\nversion: 3\n",
		"databases/databases.yaml": `- kind: postgres # our database
  name: default
  tables:
    - "!include odd/Book.yaml"
    - table: {schema: public, name: inline}
  functions: "!include functions.yaml"
  configuration: "!include ../connection.yaml"
`,
		"connection.yaml":           "connection_info: {database_url: {from_env: DB}} # from the environment\n",
		"databases/odd/Book.yaml":   "table: &t {schema: public, name: book}\n",
		"databases/odd/Stale.yaml":  "table: {schema: public, name: stale}\n",
		"databases/functions.yaml":  "- function: {name: search, schema: public}\n",
		"cron_triggers.yaml":        "# none yet\n[]\n",
		"actions.graphql":           "# the actions\ntype Query { b: Int, a: Int }\n",
		"actions.yaml":              "actions:\n- {name: a, definition: {kind: '', handler: http://x}}\n- {name: b, definition: {kind: '', handler: http://x}}\ncustom_types: {enums: [], input_objects: [], objects: [], scalars: []}\n",
		"notes/README.md":           "not ours",
		"remote_schemas.yaml":       "[]\n",
		"remote_schemas/extra.yaml": "x: 1\n",
	}
	dir := write(t, files)
	doc, err := project.ReadMetadata(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"schema":"public","name":"book"}`, `{"from_env":"DB"}`} {
		if !strings.Contains(string(doc), want) {
			t.Fatalf("not read: %s in %s", want, doc)
		}
	}
	if _, err := project.WriteMetadata(dir, doc); err != nil {
		t.Fatal(err)
	}
	got := tree(t, dir)
	for name, text := range files {
		if got[name] != text {
			t.Errorf("%s changed to\n%s", name, got[name])
		}
	}

	// One table changed, one added, one gone: two files written, and the list; the rest stays byte for byte.
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	source := m["sources"].([]any)[0].(map[string]any)
	source["tables"] = []any{
		map[string]any{"table": map[string]any{"schema": "public", "name": "book"}, "is_enum": true},
		map[string]any{"table": map[string]any{"schema": "public", "name": "new"}},
	}
	doc, _ = json.Marshal(m)
	written, err := project.WriteMetadata(dir, doc)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(written)
	if diff := cmp.Diff([]string{"databases/databases.yaml", "databases/odd/Book.yaml"}, written); diff != "" {
		t.Error(diff)
	}
	got = tree(t, dir)
	if want := "is_enum: true\ntable:\n  name: book\n  schema: public\n"; got["databases/odd/Book.yaml"] != want {
		t.Errorf("Book.yaml: %s", got["databases/odd/Book.yaml"])
	}
	for _, want := range []string{`- "!include odd/Book.yaml"`, "name: new", `functions: "!include functions.yaml"`, `configuration: "!include ../connection.yaml"`} {
		if !strings.Contains(got["databases/databases.yaml"], want) {
			t.Errorf("databases.yaml lacks %s:\n%s", want, got["databases/databases.yaml"])
		}
	}
	if got["databases/odd/Stale.yaml"] == "" || got["notes/README.md"] == "" {
		t.Error("a file of others is gone")
	}
}

func TestWriteMetadata_givesNewTablesFilesBesideTheOthers(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"databases/databases.yaml":               "- name: default\n  kind: postgres\n  tables: \"!include default/tables/tables.yaml\"\n",
		"databases/default/tables/tables.yaml":   "- \"!include public_A.yaml\"\n",
		"databases/default/tables/public_A.yaml": "table: {schema: public, name: A}\n",
	})
	doc := `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"A"}},{"table":{"schema":"public","name":"a"}},{"table":{"schema":"public","name":"../x"}}]}]}`
	if _, err := project.WriteMetadata(dir, json.RawMessage(doc)); err != nil {
		t.Fatal(err)
	}
	got := tree(t, dir)
	if want := "- \"!include public_A.yaml\"\n- \"!include public_a_2.yaml\"\n- \"!include public_.._x.yaml\"\n"; got["databases/default/tables/tables.yaml"] != want {
		t.Errorf("tables.yaml: %s", got["databases/default/tables/tables.yaml"])
	}
	if read, err := project.ReadMetadata(dir); err != nil || !strings.Contains(string(read), `"name":"../x"`) {
		t.Errorf("%v %s", err, read)
	}
}

func TestWriteMetadata_olderLayout(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"version.yaml": "version: 2\n", "tables.yaml": "[]\n", "functions.yaml": "[]\n"})
	doc := `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"a"}}],"configuration":{}}]}`
	if _, err := project.WriteMetadata(dir, json.RawMessage(doc)); err != nil {
		t.Fatal(err)
	}
	got := tree(t, dir)
	if got["tables.yaml"] != "- table:\n    schema: public\n    name: a\n" || got["databases/databases.yaml"] != "" || got["version.yaml"] != "version: 2\n" {
		t.Errorf("%v", got)
	}
	two := `{"version":3,"sources":[{"name":"a","tables":[]},{"name":"b","tables":[]}]}`
	if _, err := project.WriteMetadata(dir, json.RawMessage(two)); err == nil || !strings.Contains(err.Error(), "holds one database") {
		t.Errorf("two databases: %v", err)
	}
}
