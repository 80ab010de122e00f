package metadata_test

import (
	"strings"
	"testing"

	"gatehouse/engine/metadata"
)

// A key that is unknown, in every kind of object: what might mean more without it is put aside whole.
func TestStored_unknownKeyPutsItsObjectAside(t *testing.T) {
	inSource := func(more string) string {
		return `{"version":3,"sources":[{"name":"s","configuration":{"connection_info":{"database_url":"u"}},"tables":[{"table":"t"}],` + more + `}]}`
	}
	ofTable := func(more string) string {
		return `{"version":3,"sources":[{"name":"s","configuration":{"connection_info":{"database_url":"u"}},"tables":[{"table":"t",` + more + `}]}]}`
	}
	of := func(more string) string { return `{"version":3,"sources":[],` + more + `}` }
	for name, c := range map[string]struct {
		doc, path, nearest string
		// object is what is listed; stays, that it is served all the same; left is how many objects are served.
		object string
		stays  bool
		left   int
	}{
		"a function's configuration": {doc: inSource(`"functions":[{"function":"f","configuration":{"sesion_argument":"s"}}]`), path: "$.sources[0].functions[0].configuration.sesion_argument", nearest: "session_argument", object: "function f in source s", left: 2},
		"a function":                 {doc: inSource(`"functions":[{"function":"f","configurations":{}}]`), path: "$.sources[0].functions[0].configurations", nearest: "configuration", object: "function f in source s", left: 2},
		"a function's name":          {doc: inSource(`"functions":[{"function":{"name":"f","shema":"private"}}]`), path: "$.sources[0].functions[0].function.shema", nearest: "schema", object: "function at $.sources[0].functions[0]", left: 2},
		"a computed field":           {doc: ofTable(`"computed_fields":[{"name":"c","definition":{"function":"f","sesion_argument":"s"}}]`), path: "$.sources[0].tables[0].computed_fields[0].definition.sesion_argument", nearest: "session_argument", object: "computed_field c in table t in source s", left: 2},
		"a relationship's table":     {doc: ofTable(`"array_relationships":[{"name":"r","using":{"manual_configuration":{"column_mapping":{},"remote_table":{"name":"t","shema":"private"}}}}]`), path: "$.sources[0].tables[0].array_relationships[0].using.manual_configuration.remote_table.shema", nearest: "schema", object: "array_relation r in table t in source s", left: 2},
		"a table's name":             {doc: ofTable(`"is_enum":false},{"table":{"name":"u","shema":"private"}`), path: "$.sources[0].tables[1].table.shema", nearest: "schema", object: "table at $.sources[0].tables[1]", left: 2},
		"a table":                    {doc: ofTable(`"is_enm":true`), path: "$.sources[0].tables[0].is_enm", nearest: "is_enum", object: "table t in source s", stays: true, left: 2},
		"a table's configuration":    {doc: ofTable(`"configuration":{"custom_nam":"a"}`), path: "$.sources[0].tables[0].configuration.custom_nam", nearest: "custom_name", object: "table t in source s", stays: true, left: 2},
		"a source":                   {doc: inSource(`"customizatio":{}`), path: "$.sources[0].customizatio", nearest: "customization", object: "source s", stays: true, left: 2},
		"a source's names":           {doc: inSource(`"customization":{"root_fields":{"namspace":"a"}}`), path: "$.sources[0].customization.root_fields.namspace", nearest: "namespace", object: "source s", stays: true, left: 2},
		"a source's connection":      {doc: strings.Replace(inSource(`"functions":[]`), `"u"`, `"u","ssl_configurations":{}`, 1), path: "$.sources[0].configuration.connection_info.ssl_configurations", nearest: "ssl_configuration", object: "source s"},
		"a source's pool":            {doc: strings.Replace(inSource(`"functions":[]`), `"u"`, `"u","pool_settings":{"max_conections":5}`, 1), path: "$.sources[0].configuration.connection_info.pool_settings.max_conections", nearest: "max_connections", object: "source s", stays: true, left: 2},
		"an inherited role":          {doc: of(`"inherited_roles":[{"role_name":"r","role_set":[],"role_sets":[]}]`), path: "$.inherited_roles[0].role_sets", nearest: "role_set", object: "inherited_role r"},
		"an entry of the allow list": {doc: of(`"allowlist":[{"collection":"c","scop":{"global":false,"roles":["a"]}}]`), path: "$.allowlist[0].scop", nearest: "scope", object: "allowlist c"},
		"a query of a collection":    {doc: of(`"query_collections":[{"name":"c","definition":{"queries":[{"name":"q","query":"{a}","role":["a"]}]}}]`), path: "$.query_collections[0].definition.queries[0].role", object: "query_collection c"},
		"a REST endpoint":            {doc: of(`"rest_endpoints":[{"name":"e","url":"u","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"q"}},"role":"a"}]`), path: "$.rest_endpoints[0].role", object: "rest_endpoint e"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := metadata.Decode([]byte(c.doc), "$", false)
			if err != nil {
				t.Fatal(err)
			}
			listed := m.Unsupported()
			if len(listed) != 1 || listed[0].Name != c.object || listed[0].Unsupported != c.stays || !strings.Contains(listed[0].Reason, c.path) ||
				!strings.Contains(listed[0].Reason, `"`+c.nearest+`"`) && c.nearest != "" {
				t.Errorf("listed: %+v", listed)
			}
			key := c.path[strings.LastIndex(c.path, ".")+1:]
			if out := string(m.Encode()); !strings.Contains(out, `"`+key+`"`) {
				t.Errorf("%s is lost: %s", key, out)
			}
			if left := m.Objects(); len(left) != c.left {
				t.Errorf("left of it: %+v", left)
			}
		})
	}
}

// A name that cannot be read is nobody's: no object takes its place.
func TestStored_aTableOfAnUnreadableNameIsNotLost(t *testing.T) {
	m, err := metadata.Decode([]byte(inTable(`{"table":"a","is_enum":true},{"table":{"name":"a","shema":"private"}}`)), "$", false)
	if err != nil {
		t.Fatal(err)
	}
	if out := string(m.Encode()); !strings.Contains(out, `"shema":"private"`) || !strings.Contains(out, `"is_enum":true`) {
		t.Errorf("got %s", out)
	}
}

func TestDecode_schemaOfATable(t *testing.T) {
	for written, want := range map[string]metadata.TableName{
		`"a"`:                        {Schema: "public", Name: "a"},
		`{"name":"a"}`:               {Schema: "public", Name: "a"},
		`{"name":"a","schema":null}`: {Schema: "public", Name: "a"},
		`{"name":"a","schema":""}`:   {Schema: "", Name: "a"},
		`{"name":"a","schema":"b"}`:  {Schema: "b", Name: "a"},
	} {
		got, err := metadata.ParseTableName([]byte(written), "$")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", written, got, err)
		}
		m := parse(t, inTable(`{"table":`+written+`}`))
		if again := parse(t, string(m.Encode())); again.Sources[0].Tables[0].Name != want {
			t.Errorf("%s is written as %s", written, m.Encode())
		}
	}
	_, err := metadata.ParseTableName([]byte(`1`), "$.args.table")
	refused(t, err, "parse-failed", "$.args.table", "expecting a string/object for QualifiedObject")
}
