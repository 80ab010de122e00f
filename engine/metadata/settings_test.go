package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

const minimalSource = `{"name":"default","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":"u","isolation_level":"read-committed"}}}`

func withSettings(settings string) string {
	return `{"version":3,"sources":[` + minimalSource + `],"gatehouse":` + settings + `}`
}

func TestSettings_refusals(t *testing.T) {
	for _, c := range []struct{ settings, path, message string }{
		{`[]`, "$.gatehouse", "parsing GatehouseSettings failed, expected Object, but encountered Array"},
		{`{"source":[]}`, "$.gatehouse.source", `unexpected key "source"; the nearest known key is "sources"`},
		{`{"sources":[{"group_by":true}]}`, "$.gatehouse.sources[0]", `key "name" not found`},
		{`{"sources":[{"name":"default","groupby":true}]}`, "$.gatehouse.sources[0].groupby", `unexpected key "groupby"; the nearest known key is "group_by"`},
		{`{"sources":[{"name":"default","group_by":1}]}`, "$.gatehouse.sources[0].group_by", "parsing Bool failed, expected Bool, but encountered Number"},
		{`{"sources":[{"name":"a"},{"name":"a"}]}`, "$.gatehouse.sources", "multiple declarations exist for the following sources: a"},
	} {
		_, err := metadata.Decode([]byte(withSettings(c.settings)), "$", true)
		refused(t, err, fault.ParseFailed, c.path, c.message)
	}
	for _, c := range []struct{ args, code, path, message string }{
		{`{"source":"x","group_by":true}`, fault.NotExists, "$", `source with name "x" does not exist`},
		{`{"group_bye":true}`, fault.ParseFailed, "$.args.group_bye", `unexpected key "group_bye"; the nearest known key is "group_by"`},
		{`{"group_by":"yes"}`, fault.ParseFailed, "$.args.group_by", "parsing Bool failed, expected Bool, but encountered String"},
	} {
		_, err := apply(t, "gatehouse_set_source_features", c.args)
		refused(t, err, c.code, c.path, c.message)
	}
}

// The key is there exactly when something is set.
func TestSettings_areExportedWhenSomethingIsSet(t *testing.T) {
	const on = `{"sources":[{"name":"default","nested_updates":true,"group_by":true,"upsert_on_indexes":true,"scalar_functions":true}]}`
	if got := string(parse(t, withSettings(on)).Encode()); got != withSettings(on) {
		t.Errorf("got  %s\nwant %s", got, withSettings(on))
	}
	for _, nothing := range []string{`{}`, `{"sources":[]}`, `{"sources":[{"name":"default"}]}`, `{"sources":[{"name":"default","group_by":false}]}`} {
		if got := string(parse(t, withSettings(nothing)).Encode()); strings.Contains(got, "gatehouse") {
			t.Errorf("%s is exported as %s", nothing, got)
		}
	}
	if got := string(parse(t, withSettings(on)).WithoutSettings().Encode()); strings.Contains(got, "gatehouse") {
		t.Errorf("the document for Hasura has them: %s", got)
	}
}

func TestSettings_commandsOnSources(t *testing.T) {
	doc := parse(t, `{"version":3,"sources":[`+minimalSource+`,`+strings.Replace(minimalSource, "default", "other", 1)+`]}`)
	for _, c := range []struct{ name, args, want string }{
		{"gatehouse_set_source_features", `{"source":"other","group_by":true}`, `{"sources":[{"name":"other","group_by":true}]}`},
		{"gatehouse_set_source_features", `{"nested_updates":true,"group_by":true}`, `{"sources":[{"name":"default","nested_updates":true,"group_by":true},{"name":"other","group_by":true}]}`},
		{"gatehouse_set_source_features", `{"source":"default","group_by":false}`, `{"sources":[{"name":"default","nested_updates":true},{"name":"other","group_by":true}]}`},
		{"rename_source", `{"name":"other","new_name":"third"}`, `{"sources":[{"name":"default","nested_updates":true},{"name":"third","group_by":true}]}`},
		{"pg_drop_source", `{"name":"third"}`, `{"sources":[{"name":"default","nested_updates":true}]}`},
		{"gatehouse_set_source_features", `{"source":"default","nested_updates":false}`, ``},
	} {
		m, _, err := metadata.ParseCommand(c.name, json.RawMessage(c.args), "$.args")
		if err != nil {
			t.Fatal(err)
		}
		before := string(doc.Encode())
		next, err := m.Apply(doc, library)
		if err != nil {
			t.Fatalf("%s %s: %v", c.name, c.args, err)
		}
		if string(doc.Encode()) != before {
			t.Errorf("%s changed the document it was given", c.name)
		}
		if got := string(next.Gatehouse.Encode()); got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.name, c.args, got, c.want)
		}
		doc = next
	}
}
