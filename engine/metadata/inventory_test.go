package metadata_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/engine/metadata"
)

func TestInventory(t *testing.T) {
	kept := parse(t, string(documents(t)["kept.json"])).Inventory()
	state := map[string]string{}
	for _, i := range kept.Items {
		state[strings.TrimSpace(i.Section+" "+i.Name)] = i.State
		if (i.State == metadata.Honoured) != (i.Reason == "") {
			t.Errorf("%s %s is %s because of %q", i.Section, i.Name, i.State, i.Reason)
		}
	}
	for name, want := range map[string]string{
		"table orders": metadata.Honoured, "native query totals": metadata.Honoured, "remote relationship orders.country": metadata.Kept,
		"event trigger orders.shipped": metadata.Kept, "action pay": metadata.Kept, "remote schema countries": metadata.Kept, "cron trigger nightly": metadata.Kept,
		"source warehouse": metadata.Kept, "api limits api_limits": metadata.Honoured,
		"graphql schema introspection graphql_schema_introspection": metadata.Honoured,
	} {
		if state[name] != want {
			t.Errorf("%s is %q, want %s; there are %v", name, state[name], want, state)
		}
	}
	var variables []string
	for _, v := range kept.Variables {
		variables = append(variables, v.Name)
	}
	if want := []string{"CA", "CERT", "COUNTRIES", "HOOK", "KEY", "MSSQL", "PASS", "PAY", "PG", "REPLICA", "SECRET_HEADER", "SHIP_HOOK"}; !slices.Equal(variables, want) {
		t.Errorf("variables\ngot  %v\nwant %v", variables, want)
	}
	full := parse(t, string(fullDocument(t))).Inventory()
	i := slices.IndexFunc(full.Items, func(i metadata.Item) bool {
		return i.Section == "select permission" && i.Name == "article" && i.Role == "anonymous"
	})
	if i < 0 || !slices.Equal(full.Items[i].Uses, []string{"filter", "limit"}) {
		t.Errorf("the permission of role anonymous: %+v", full.Items)
	}
	for name, want := range map[string]string{"article.stats": metadata.Honoured, "article.country": metadata.Kept} {
		if !slices.ContainsFunc(full.Items, func(i metadata.Item) bool {
			return i.Section == "remote relationship" && i.Name == name && i.State == want
		}) {
			t.Errorf("remote relationship %s is not %s: %+v", name, want, full.Items)
		}
	}
	if len(full.Needs) != 3 {
		t.Errorf("needs: %q", full.Needs)
	}
	stored, err := metadata.Decode([]byte(inTable(`{"table":"a","of_tomorrow":1,"select_permissions":[{"role":"r","permission":{"columns":[],"filtr":{}}}],
		"remote_relationships":[{"name":"far","definition":{"to_source":{"source":"s","table":"t","relationship_type":"array","field_mappings":{},"field_mapping":{}}}}]}`)), "$", false)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, i := range stored.Inventory().Items {
		if i.State == metadata.Refused {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("three things would be refused: %+v", stored.Inventory().Items)
	}
	stored, err = metadata.Decode([]byte(strings.Replace(inTable(`{"table":"a","remote_relationships":[{"name":"far","definition":{"to_remote_schema":{"remote_schma":"x","lhs_fields":[],"remote_field":{}}}}]}`),
		`"sources"`, `"api_limits":{"depth_limit":{"global":"deep"}},"sources"`, 1)), "$", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range stored.Inventory().Items {
		if (i.Section == "api limits" || i.Section == "remote relationship") && (i.State != metadata.Refused || strings.Count(i.Reason, "remote_schma\"") > 1) {
			t.Errorf("would be refused, for one reason: %+v", i)
		}
	}
}

// What is put aside is named as what is served; why it is refused does not depend on the words of the reason.
func TestInventory_whereThingsAre(t *testing.T) {
	m, err := metadata.Decode([]byte(`{"version":3,"sources":[{"name":"shop in source x","configuration":{"connection_info":{"database_url":"u"}},
		"tables":[{"table":{"schema":"a in table b","name":"t"},"select_permissions":[{"role":"r in table q","permission":{"columns":[],"filter":{}}},{"role":"s","permission":{"columns":[],"filtr":{}}}],
			"object_relationships":[{"name":"o","using":{"foreign_key_constraint_on":"c"}},{"name":"p","using":{}}],"event_triggers":[{"name":"e"}]}],
		"functions":[{"function":"f","permissions":[{"role":"r"},{"role":"s","unexpected key":1}]},{"function":{"name":"g","shema":"x"}}]}],
		"cron_triggers":[{"name":"unexpected key","webhook":"http://w","schedule":"* * * * *","include_in_metadata":true}]}`), "$", false)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, i := range m.Inventory().Items {
		got[i.Section+" | "+i.Source+" | "+i.Name+" | "+i.Role] = i.State
	}
	const source = "shop in source x"
	want := map[string]string{
		"source |  | " + source + " | ":                                      metadata.Honoured,
		"table | " + source + " | a in table b.t | ":                         metadata.Honoured,
		"select permission | " + source + " | a in table b.t | r in table q": metadata.Honoured,
		"select permission | " + source + " | a in table b.t | s":            metadata.Refused,
		"object relationship | " + source + " | a in table b.t.o | ":         metadata.Honoured,
		"object relationship | " + source + " | a in table b.t.p | ":         metadata.Refused,
		"event trigger | " + source + " | a in table b.t.e | ":               metadata.Refused,
		"function | " + source + " | f | ":                                   metadata.Honoured,
		"function permission | " + source + " | f | r":                       metadata.Honoured,
		"function permission | " + source + " | f | s":                       metadata.Refused,
		"function |  | at $.sources[0].functions[1] | ":                      metadata.Refused,
		"cron trigger |  | unexpected key | ":                                metadata.Kept,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
