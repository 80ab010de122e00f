package metadata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// full.json is a document in Hasura's export order that uses every key once.
func fullDocument(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, doc string) *metadata.Metadata {
	t.Helper()
	m, err := metadata.Decode([]byte(doc), "$", true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused wants an error with this code, path and message.
func refused(t *testing.T, err error, code, path, message string) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s at %s: %s", err, code, path, message)
	}
	if e.Code != code || e.Path != path || e.Message != message {
		t.Errorf("got  %s at %s: %s\nwant %s at %s: %s", e.Code, e.Path, e.Message, code, path, message)
	}
}

func TestDocument_roundTripIsExact(t *testing.T) {
	data := fullDocument(t)
	got := parse(t, string(data)).Encode()
	if !bytes.Equal(got, data) {
		i := 0
		for i < len(got) && i < len(data) && got[i] == data[i] {
			i++
		}
		t.Errorf("differs at byte %d:\ngot  …%s\nwant …%s", i, got[max(0, i-60):min(len(got), i+120)], data[max(0, i-60):min(len(data), i+120)])
	}
}

func TestDocument_listsAreWrittenSorted(t *testing.T) {
	got := parse(t, `{"version":3,"sources":[{"name":"b","kind":"pg","configuration":{"connection_info":{"database_url":"u"}},
		"tables":[{"table":{"schema":"z","name":"a"}},{"table":"b"},{"table":"a","select_permissions":[
			{"role":"y","permission":{"columns":"*","filter":{}}},{"role":"x","permission":{"columns":[],"filter":{}}}]}]},
		{"name":"a","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"E"}}}}]}`).Encode()
	want := `{"version":3,"sources":[{"name":"a","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"E"},"isolation_level":"read-committed"}}},` +
		`{"name":"b","kind":"postgres","tables":[{"table":{"name":"a","schema":"public"},"select_permissions":[{"role":"x","permission":{"columns":[],"filter":{}}},{"role":"y","permission":{"columns":"*","filter":{}}}]},` +
		`{"table":{"name":"b","schema":"public"}},{"table":{"name":"a","schema":"z"}}],"configuration":{"connection_info":{"database_url":"u","isolation_level":"read-committed"}}}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func inTable(table string) string {
	return `{"version":3,"sources":[{"name":"default","kind":"postgres","configuration":{"connection_info":{"database_url":"u"}},"tables":[` + table + `]}]}`
}

func TestDecode_refusals(t *testing.T) {
	for name, c := range map[string]struct{ doc, path, message string }{
		"not JSON":           {`{`, "$", "unexpected end of JSON input"},
		"not an object":      {`[]`, "$", "parsing Metadata failed, expected Object, but encountered Array"},
		"no sources":         {`{"version":3}`, "$", `key "sources" not found`},
		"wrong version":      {`{"version":4,"sources":[]}`, "$.version", "expected 3, encountered 4"},
		"unknown key":        {`{"version":3,"sources":[],"source":[]}`, "$.source", `unexpected key "source"; the nearest known key is "sources"`},
		"unknown far key":    {`{"version":3,"sources":[],"zzzzzz":[]}`, "$.zzzzzz", `unexpected key "zzzzzz"`},
		"key in a table":     {inTable(`{"table":"a","object_relationship":[]}`), "$.sources[0].tables[0].object_relationship", `unexpected key "object_relationship"; the nearest known key is "object_relationships"`},
		"table twice":        {inTable(`{"table":"a"},{"table":{"schema":"public","name":"a"}}`), "$.sources[0].tables", "multiple declarations exist for the following tables: public.a"},
		"role twice":         {inTable(`{"table":"a","delete_permissions":[{"role":"u","permission":{"filter":{}}},{"role":"u","permission":{"filter":{}}}]}`), "$.sources[0].tables[0].delete_permissions", "multiple declarations exist for the following delete permissions: u"},
		"filter of a text":   {inTable(`{"table":"a","delete_permissions":[{"role":"u","permission":{"filter":"x"}}]}`), "$.sources[0].tables[0].delete_permissions[0].permission.filter", "parsing BoolExp failed, expected Object, but encountered String"},
		"no filter":          {inTable(`{"table":"a","delete_permissions":[{"role":"u","permission":{}}]}`), "$.sources[0].tables[0].delete_permissions[0].permission", `key "filter" not found`},
		"column's name":      {inTable(`{"table":"a","configuration":{"column_config":{"x":{"custom_name":"a b"}}}}`), "$.sources[0].tables[0].configuration.column_config.x.custom_name", "a b is not valid GraphQL name"},
		"root field's name":  {inTable(`{"table":"a","configuration":{"custom_root_fields":{"select":"a-b"}}}`), "$.sources[0].tables[0].configuration.custom_root_fields.select", "a-b is not valid GraphQL name"},
		"two root fields":    {inTable(`{"table":"a","configuration":{"custom_root_fields":{"select":"x","insert":"x"}}}`), "$.sources[0].tables[0].configuration.custom_root_fields", "the following custom root field names are duplicated: x"},
		"empty role":         {inTable(`{"table":"a","delete_permissions":[{"role":"","permission":{"filter":{}}}]}`), "$.sources[0].tables[0].delete_permissions[0].role", "empty string not allowed"},
		"both keys":          {inTable(`{"table":"a","object_relationships":[{"name":"r","using":{}}]}`), "$.sources[0].tables[0].object_relationships[0].using", "atleast one of foreign_key_constraint_on/manual_configuration should be present"},
		"text for a number":  {inTable(`{"table":"a","select_permissions":[{"role":"u","permission":{"filter":{},"columns":[],"limit":"1"}}]}`), "$.sources[0].tables[0].select_permissions[0].permission.limit", "parsing Int failed, expected Number, but encountered String"},
		"unknown root field": {inTable(`{"table":"a","configuration":{"custom_root_fields":{"selct":"x"}}}`), "$.sources[0].tables[0].configuration.custom_root_fields.selct", `unexpected key "selct"; the nearest known key is "select"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := metadata.Decode([]byte(c.doc), "$", true)
			refused(t, err, fault.ParseFailed, c.path, c.message)
		})
	}
}

func TestDecode_ofAStoredDocumentToleratesUnknownKeys(t *testing.T) {
	m, err := metadata.Decode([]byte(inTable(`{"table":"a","of_tomorrow":1}`)), "$", false)
	if err != nil || m.Sources[0].Table(metadata.TableName{Schema: "public", Name: "a"}) == nil {
		t.Fatalf("got %v", err)
	}
}

func TestDecode_customColumnNamesYieldToColumnConfig(t *testing.T) {
	m := parse(t, inTable(`{"table":"a","configuration":{"custom_column_names":{"x":"one","y":"two"},"column_config":{"x":{"custom_name":"won"},"y":{"comment":"c"}}}}`))
	c := m.Sources[0].Tables[0].Configuration.ColumnConfig
	if c["x"].CustomName != "won" || c["y"].CustomName != "two" || *c["y"].Comment != "c" {
		t.Errorf("got %+v", c)
	}
}

func TestDecodeAny_olderVersionsKnowTheDefaultSourceOnly(t *testing.T) {
	current := parse(t, string(fullDocument(t)))
	m, err := metadata.DecodeAny([]byte(`{"tables":[{"table":"author"}],"functions":["search_articles",{"schema":"s","name":"f"}]}`), "$", current)
	if err != nil {
		t.Fatal(err)
	}
	source := m.Source("default")
	if len(source.Tables) != 1 || len(source.Functions) != 2 || source.Functions[0].Name.Name != "search_articles" {
		t.Errorf("got %s", m.Encode())
	}
	if source.Configuration.ConnectionInfo.FromEnv != "HASURA_GRAPHQL_DATABASE_URL" || len(m.Sources) != 1 || len(m.RESTEndpoints) == 0 {
		t.Error("the connection is lost, or another source is not")
	}
	if len(m.RemoteSchemas) != 0 {
		t.Error("remote schemas survive a document without them")
	}
	_, err = metadata.DecodeAny([]byte(`{"version":2,"tables":[]}`), "$.args", &metadata.Metadata{})
	refused(t, err, fault.NotSupported, "$", `cannot import metadata without sources since no default source is defined`)
}

// What the consoles of Hasura 1 wrote into exports and migrations beside the permission is no reason to refuse it.
func TestDecode_leftoversOfOldConsoles(t *testing.T) {
	const table = `{"table":"a","insert_permissions":[{"role":"r","permission":{"check":{"id":1},"set":{},"columns":["id"],"localPresets":[{"key":"","value":""}],"allow_upsert":true}}],` +
		`"update_permissions":[{"role":"r","permission":{"filter":{},"columns":["id"],"localPresets":[]}}]}`
	m, err := metadata.DecodeAny([]byte(`{"tables":[`+table+`],"query_templates":[]}`), "$", parse(t, inTable(`{"table":"b"}`)))
	if err != nil {
		t.Fatal(err)
	}
	got := string(m.Encode())
	for _, left := range []string{"localPresets", "allow_upsert", "query_templates"} {
		if strings.Contains(got, left) {
			t.Errorf("%s is still in %s", left, got)
		}
	}
	if len(m.Sources[0].Tables) != 1 || string(m.Sources[0].Tables[0].InsertPermissions[0].Check) != `{"id":1}` {
		t.Errorf("got %s", got)
	}
	_, err = metadata.Decode([]byte(inTable(`{"table":"a","insert_permissions":[{"role":"r","permission":{"check":{},"columns":[],"allow_upserts":true}}]}`)), "$", true)
	refused(t, err, fault.ParseFailed, "$.sources[0].tables[0].insert_permissions[0].permission.allow_upserts", `unexpected key "allow_upserts"; the nearest known key is "allow_upsert"`)
}

// FuzzDecode: a document is refused with the path of what is wrong, or written in a form that is read as the same one.
func FuzzDecode(f *testing.F) {
	if data, err := os.ReadFile("testdata/full.json"); err == nil {
		f.Add(data)
	}
	f.Add([]byte(inTable(`{"table":"a"}`)))
	f.Add([]byte(inTable(`{"table":{"name":"a","schema":"s"},"select_permissions":[{"role":"r","permission":{"columns":"*","filter":{"$or":[{"a":{"$ceq":["$","b"]}},{"_exists":{"_table":"t","_where":{}}}]},"limit":1e3}}]}`)))
	f.Add([]byte(`{"version":3,"sources":[],"inherited_roles":[{"role_name":"a","role_set":["b","b"]}],"network":{"tls_allowlist":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := metadata.Decode(data, "$", true); err != nil {
			var known *fault.Error
			if !errors.As(err, &known) || !strings.HasPrefix(known.Path, "$") || known.Message == "" {
				t.Fatalf("refused without a path: %v", err)
			}
		}
		m, err := metadata.Decode(data, "$", false)
		if err != nil {
			return
		}
		once := m.Encode()
		if !json.Valid(once) {
			t.Fatalf("not JSON: %s", once)
		}
		again, err := metadata.Decode(once, "$", false)
		if err != nil {
			t.Fatalf("own output refused: %v\n%s", err, once)
		}
		if twice := again.Encode(); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%s\n%s", once, twice)
		}
	})
}

func TestEncode_emptyCommentsStay(t *testing.T) {
	for name, doc := range map[string]string{
		"select permission":   inTable(`{"table":{"name":"a","schema":"public"},"select_permissions":[{"role":"r","permission":{"columns":[],"filter":{}},"comment":""}]}`),
		"relationship":        inTable(`{"table":{"name":"a","schema":"public"},"object_relationships":[{"name":"b","using":{"foreign_key_constraint_on":"b_id"},"comment":""}]}`),
		"computed field":      inTable(`{"table":{"name":"a","schema":"public"},"computed_fields":[{"name":"c","definition":{"function":{"name":"f","schema":"public"}},"comment":""}]}`),
		"table":               inTable(`{"table":{"name":"a","schema":"public"},"configuration":{"column_config":{},"comment":"","custom_column_names":{},"custom_root_fields":{}}}`),
		"query collection":    `{"version":3,"sources":[],"query_collections":[{"name":"q","definition":{"queries":[]},"comment":""}]}`,
		"REST endpoint":       `{"version":3,"sources":[],"rest_endpoints":[{"name":"e","url":"u","methods":["GET"],"comment":"","definition":{"query":{"collection_name":"q","query_name":"n"}}}]}`,
		"REST endpoint, null": `{"version":3,"sources":[],"rest_endpoints":[{"name":"e","url":"u","methods":["GET"],"comment":null,"definition":{"query":{"collection_name":"q","query_name":"n"}}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			want := strings.Count(doc, `"comment"`)
			if got := string(parse(t, doc).Encode()); strings.Count(got, `"comment":""`)+strings.Count(got, `"comment":null`) != want {
				t.Errorf("%s became %s", doc, got)
			}
		})
	}
}

func TestEncode_settingsThatSayNothingAreLeftOut(t *testing.T) {
	m := parse(t, `{"version":3,"sources":[],"custom_types":{"enums":[],"input_objects":[],"objects":[],"scalars":[]},`+
		`"graphql_schema_introspection":{"disabled_for_roles":[]},"network":{"tls_allowlist":[]},"api_limits":{"disabled":false},`+
		`"metrics_config":{"analyze_query_variables":false,"analyze_response_body":false},"opentelemetry":{},"backend_configs":{}}`)
	if got := string(m.Encode()); got != `{"version":3,"sources":[]}` {
		t.Errorf("got %s", got)
	}
	if listed := m.Unsupported(); len(listed) > 0 {
		t.Errorf("listed as inconsistent: %+v", listed)
	}
	said := parse(t, `{"version":3,"sources":[],"network":{"tls_allowlist":[{"host":"h"}]},"metrics_config":{"analyze_query_variables":true}}`)
	if listed := said.Unsupported(); len(listed) != 2 {
		t.Errorf("of two settings, %d are listed", len(listed))
	}
}

func TestUnsupported_agentsThatNoSourceUsesAreNotListed(t *testing.T) {
	const agents = `"backend_configs":{"dataconnector":{"athena":{"uri":"http://agent/athena"}}}`
	m := parse(t, `{"version":3,"sources":[],`+agents+`}`)
	if listed := m.Unsupported(); len(listed) > 0 || !strings.Contains(string(m.Encode()), agents) {
		t.Errorf("got %s, listed %+v", m.Encode(), listed)
	}
	used := parse(t, `{"version":3,"sources":[{"name":"a","kind":"athena","tables":[],"configuration":{}}],`+agents+`}`)
	if listed := used.Unsupported(); len(listed) != 1 || listed[0].Name != "source a" {
		t.Errorf("got %+v", listed)
	}
}
