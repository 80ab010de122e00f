package engine_test

import (
	"strings"
	"testing"

	"gatehouse/engine"
)

// TestMaintenanceMode: the metadata stands still, whichever way it would change, and reading goes on.
func TestMaintenanceMode(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	c := config(s.metadataURL, s.dataURL)
	c.MaintenanceMode = true
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	for _, body := range []string{
		`{"type":"pg_untrack_table","args":{"table":"article","cascade":true}}`,
		`{"type":"clear_metadata","args":{}}`,
		`{"type":"bulk","args":[{"type":"create_query_collection","args":{"name":"c","definition":{"queries":[]}}}]}`,
	} {
		if code, answer := post(e, "/v1/metadata", body); code != 500 || !strings.Contains(answer, "metadata cannot be modified in maintenance mode") {
			t.Errorf("%s: got %d %s", body, code, answer)
		}
	}
	rename := `{"type":"run_sql","args":{"sql":"alter table author rename column email to mail"}}`
	if code, answer := post(e, "/v2/query", rename); code != 500 {
		t.Errorf("a rename that the metadata would follow: %d %s", code, answer)
	}
	if code, answer := post(e, "/v1/metadata", `{"type":"reload_metadata","args":{}}`); code != 200 {
		t.Errorf("reading the databases again: %d %s", code, answer)
	}
	if code, answer := post(e, "/v1/graphql", `{"query":"{ author { email } }"}`); code != 200 || strings.Contains(answer, "errors") {
		t.Errorf("reading, and the column's name after the refused rename: %d %s", code, answer)
	}
}
