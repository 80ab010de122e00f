package metadata_test

import (
	"slices"
	"strings"
	"testing"

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
}
