package project_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse/engine/project"
)

// write puts files into a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"includes, quoted and as a tag": {
			map[string]string{
				"version.yaml":                           "version: 3\n",
				"databases/databases.yaml":               "- name: default\n  kind: postgres\n  configuration: {connection_info: {database_url: {from_env: DB}}}\n  tables: \"!include default/tables/tables.yaml\"\n  functions: !include default/functions.yaml\n",
				"databases/default/tables/tables.yaml":   "- \"!include public_b.yaml\"\n- !include public_a.yaml\n",
				"databases/default/tables/public_a.yaml": "table: {name: a, schema: public}\n",
				"databases/default/tables/public_b.yaml": "table:\n  schema: public\n  name: b\n",
				"databases/default/functions.yaml":       "[]\n",
				"network.yaml":                           "{}\n",
				"cron_triggers.yaml":                     "",
				"graphql_schema_introspection.yaml":      "{}",
			},
			`{"version":3,"sources":[{"name":"default","kind":"postgres","configuration":{"connection_info":{"database_url":{"from_env":"DB"}}},` +
				`"tables":[{"table":{"schema":"public","name":"b"}},{"table":{"name":"a","schema":"public"}}],"functions":[]}],"network":{}}`,
		},
		"the older layout": {
			map[string]string{"version.yaml": "version: 2\n", "tables.yaml": "- table: {schema: public, name: a}\n", "functions.yaml": "[]\n", "allow_list.yaml": "- collection: c\n"},
			`{"version":2,"tables":[{"table":{"schema":"public","name":"a"}}],"functions":[],"allowlist":[{"collection":"c"}]}`,
		},
		"scalars": {
			map[string]string{"databases/databases.yaml": "[]", "network.yaml": "a: 1\nb: 1.50\nc: 0x10\nd: yes\ne: true\nf: ~\ng: 2020-01-01\nh: \"1\"\ni: |\n  two\n  lines\n1: <&>\n"},
			`{"version":3,"sources":[],"network":{"a":1,"b":1.50,"c":16,"d":"yes","e":true,"f":null,"g":"2020-01-01","h":"1","i":"two\nlines\n","1":"<&>"}}`,
		},
		"anchors and merge keys": {
			map[string]string{"databases/databases.yaml": "[]", "api_limits.yaml": "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n"},
			`{"version":3,"sources":[],"api_limits":{"x":{"a":1,"b":2},"y":{"b":3,"a":1}}}`,
		},
		"actions": {
			map[string]string{
				"databases/databases.yaml": "[]",
				"actions.graphql": `type Mutation {
  pay(
    """ how much """
    amount: Int!
    to: [To!]
  ): Paid
}
extend type Query { rate: Float! }
enum Currency { EUR, USD }
input To { id: uuid! }
type Paid { ok: Boolean!, "which" order: Int }
scalar uuid
`,
				"actions.yaml": `actions:
  - name: rate
    definition: {kind: "", handler: http://x/rate}
  - name: pay
    definition: {kind: synchronous, handler: http://x/pay, timeout: 5}
    permissions: [{role: user}]
    comment: pays
custom_types:
  enums:
    - name: Currency
      description: money
  objects:
    - name: Paid
      relationships: [{name: order, type: object}]
`,
			},
			`{"version":3,"sources":[],"actions":[` +
				`{"name":"rate","definition":{"type":"query","output_type":"Float!","kind":"","handler":"http://x/rate"}},` +
				`{"name":"pay","definition":{"type":"mutation","arguments":[{"name":"amount","type":"Int!","description":"how much"},{"name":"to","type":"[To!]"}],"output_type":"Paid","kind":"synchronous","handler":"http://x/pay","timeout":5},"permissions":[{"role":"user"}],"comment":"pays"}],` +
				`"custom_types":{"enums":[{"name":"Currency","values":[{"description":null,"is_deprecated":null,"value":"EUR"},{"description":null,"is_deprecated":null,"value":"USD"}],"description":"money"}],` +
				`"input_objects":[{"name":"To","fields":[{"name":"id","type":"uuid!"}]}],` +
				`"objects":[{"name":"Paid","fields":[{"name":"ok","type":"Boolean!"},{"name":"order","type":"Int","description":"which"}],"relationships":[{"name":"order","type":"object"}]}],` +
				`"scalars":[{"name":"uuid"}]}}`,
		},
		"written on Windows": {
			map[string]string{
				"databases/databases.yaml":               "- name: default\r\n  tables: \"!include default\\\\tables\\\\tables.yaml\"\r\n",
				"databases/default/tables/tables.yaml":   "- \"!include public_a.yaml\"\r\n",
				"databases/default/tables/public_a.yaml": "table:\r\n  name: a\r\n  schema: public\r\n",
			},
			`{"version":3,"sources":[{"name":"default","tables":[{"table":{"name":"a","schema":"public"}}]}]}`,
		},
		"a project directory": {
			map[string]string{"config.yaml": "version: 3\nmetadata_directory: meta\n", "meta/databases/databases.yaml": "[]"},
			`{"version":3,"sources":[]}`,
		},
		"one file": {
			map[string]string{"config.yaml": "version: 3\nmetadata_file: metadata.json\n", "metadata.json": `{"resource_version": 3, "metadata": {"version": 3, "sources": []}}`},
			`{"version":3,"sources":[]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := project.ReadMetadata(write(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestReadMetadata_saysWhereItIsWrong(t *testing.T) {
	t.Parallel()
	sources := func(more string) map[string]string {
		return map[string]string{"databases/databases.yaml": "- name: default\n" + more}
	}
	with := func(name, text string) map[string]string {
		return map[string]string{"databases/databases.yaml": "[]", name: text}
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":              {map[string]string{"x": ""}, "no metadata here"},
		"a version only":       {map[string]string{"version.yaml": "version: 3"}, "a file with [] says that there are no databases"},
		"no such include":      {sources("  tables: \"!include t.yaml\"\n"), "databases/databases.yaml:2: the included file "},
		"out by backslashes":   {sources("  tables: !include ..\\..\\etc\\passwd\n"), "databases/databases.yaml:2: the include of \"../../etc/passwd\" leaves "},
		"out of the directory": {sources("  tables: \"!include ../../etc/passwd\"\n"), "databases/databases.yaml:2: the include of \"../../etc/passwd\" leaves "},
		"an absolute path":     {sources("  tables: !include /etc/passwd\n"), "databases/databases.yaml:2: the include of \"/etc/passwd\" leaves "},
		"itself":               {sources("  tables: \"!include databases.yaml\"\n"), "does a file include itself?"},
		"an alias bomb": {with("network.yaml", "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"+
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"), "too much is included"},
		"syntax":               {with("network.yaml", "a: b\n c: d\n"), "network.yaml:2: "},
		"a key twice":          {with("network.yaml", "a: 1\na: 2\n"), `network.yaml:2: the key "a" is here twice`},
		"another tag":          {with("network.yaml", "a: !env X\n"), "network.yaml:1: the tag !env means nothing here"},
		"not a list":           {with("remote_schemas.yaml", "\na: 1\n"), "remote_schemas.yaml:2: a list is expected"},
		"not an object":        {with("network.yaml", "[]"), "network.yaml:1: an object is expected"},
		"infinity":             {with("network.yaml", "a: .inf"), "network.yaml:1: .inf is not a number JSON can say"},
		"SDL syntax":           {with("actions.graphql", "type Mutation {\n  pay(: Int\n}"), "actions.graphql:2: "},
		"an action without":    {with("actions.yaml", "actions:\n  - name: pay\n"), `actions.yaml:2: the action "pay" is not in `},
		"an action too many":   {with("actions.graphql", "type Mutation {\n  pay: Int\n}"), `actions.graphql:2: the action "pay" is not in `},
		"a type without":       {with("actions.yaml", "actions: []\ncustom_types:\n  objects:\n    - name: T\n"), `actions.yaml:4: the type "T" is not in `},
		"actions as a list":    {with("actions.yaml", "- name: pay\n"), "actions.yaml:1: an object is expected"},
		"actions by name":      {with("actions.yaml", "actions:\n  pay: {}\n"), "actions.yaml:2: a list is expected"},
		"an action's name":     {with("actions.yaml", "actions:\n  - pay\n"), "actions.yaml:2: an object is expected"},
		"a misspelt key":       {with("actions.yaml", "action:\n  - name: pay\n"), `actions.yaml:2: unexpected key "action"; known are actions, custom_types`},
		"types as a list":      {with("actions.yaml", "custom_types:\n  - name: T\n"), "actions.yaml:2: an object is expected"},
		"types by name":        {with("actions.yaml", "custom_types:\n  objects:\n    T: {}\n"), "actions.yaml:3: a list is expected"},
		"a misspelt type":      {with("actions.yaml", "custom_types:\n  object: []\n"), `actions.yaml:2: unexpected key "object"; known are enums, input_objects, objects, scalars`},
		"a union":              {with("actions.graphql", "type T { a: Int }\nunion U = T\n"), "actions.graphql:2: union U: actions know"},
		"an unknown config":    {map[string]string{"config.yaml": "version: 1\n"}, "version 1 of the project's layout is not known"},
		"a broken config.yaml": {map[string]string{"config.yaml": "a: b\n c: d\n"}, "config.yaml:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := project.ReadMetadata(write(t, c.files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v (%.200s), want an error with %q", err, got, c.want)
			}
		})
	}
}

// A symbolic link is a path out of the directory too.
func TestReadMetadata_followsNoLinkOutside(t *testing.T) {
	t.Parallel()
	secret := write(t, map[string]string{"secret.yaml": "- table: stolen\n"})
	dir := write(t, map[string]string{"databases/databases.yaml": "- name: default\n  tables: \"!include t.yaml\"\n"})
	if err := os.Symlink(filepath.Join(secret, "secret.yaml"), filepath.Join(dir, "databases/t.yaml")); err != nil {
		t.Fatal(err)
	}
	got, err := project.ReadMetadata(dir)
	if err == nil || strings.Contains(string(got), "stolen") || !strings.Contains(err.Error(), "databases/databases.yaml:2: include: ") {
		t.Errorf("got %v, %s", err, got)
	}
}
