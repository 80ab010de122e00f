package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/engine"
)

// Changes that show in no permission are told all the same.
func TestPlanMetadata_whatIsAskedAndWhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := config(s.metadataURL, s.dataURL)
	c.EnableAllowList = true
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	s.library()
	s.do("pg_track_logical_model", `{"name":"total","fields":[{"name":"id","type":{"scalar":"integer"}}]}`)
	s.do("pg_create_logical_model_select_permission", `{"name":"total","role":"user","permission":{"columns":["id"],"filter":{}}}`)
	s.do("pg_track_native_query", `{"root_field_name":"one","code":"select id from article where id > {{least}}","arguments":{"least":{"type":"integer","nullable":false}},"returns":"total","type":"single"}`)
	s.do("pg_track_native_query", `{"root_field_name":"many","code":"select id from article","arguments":{},"returns":"total","type":"multiple"}`)
	s.do("create_query_collection", `{"name":"stored","definition":{"queries":[{"name":"titles","query":"query { article { id title } }"}]}}`)
	s.do("create_query_collection", `{"name":"other","definition":{"queries":[]}}`)
	s.do("add_collection_to_allowlist", `{"collection":"stored"}`)
	s.do("add_collection_to_allowlist", `{"collection":"other"}`)
	doc := s.document()
	replica, _ := json.Marshal(s.dataURL)
	for _, c := range []struct{ what, from, to, right string }{
		{"replicas", `"connection_info":{`, `"read_replicas":[{"database_url":` + string(replica) + `}],"connection_info":{`, "unclear  : reads would be answered by other replicas"},
		{"one row becomes all", `,"returns":"total","root_field_name":"one","type":"single"`, `,"returns":"total","root_field_name":"one","type":"multiple"`, "wider select native query one: all rows, before only the first"},
		{"all rows become one", `"root_field_name":"many","type":"multiple"`, `"root_field_name":"many","type":"single"`, "narrower select native query many: only the first row, before all"},
		{"an argument", `"least":{"type":"integer","nullable":false}`, `"least":{"type":"bigint","nullable":false}`, "unclear select native query one: the arguments changed from least Int to least bigint"},
		{"another operation", `query { article { id title } }`, `query { article { id } }`, "wider run collection stored: 1 more operations may be run"},
		{"the same operation", `query { article { id title } }`, `query {\n  article { id, title __typename } # all\n}`, ""},
		{"the same operation in another collection", `"definition":{"queries":[]}`, `"definition":{"queries":[{"name":"moved","query":"query { article { id title } }"}]}`, ""},
	} {
		if !strings.Contains(doc, c.from) {
			t.Errorf("%s: %s is not in %s", c.what, c.from, doc)
			continue
		}
		var told []string
		p := s.plan(strings.Replace(doc, c.from, c.to, 1))
		for _, r := range p.Rights {
			told = append(told, r.Direction+" "+r.Operation+" "+r.Object+": "+r.Change)
		}
		if got := strings.Join(told, "\n"); c.right == "" && got != "" || !strings.Contains(got, c.right) {
			t.Errorf("%s\nwants %q\ngot %s", c.what, c.right, got)
		}
	}
	p := s.plan(strings.NewReplacer(`query { article { id title } }`, `{article{title id}}`, `"columns":["id","title"],"filter":{}`, `"columns":["id"],"filter":{}`).Replace(doc))
	if len(p.Operations) != 0 {
		t.Errorf("another operation took the entry: %+v", p.Operations)
	}
	p = s.plan(strings.NewReplacer(`query { article { id title } }`, `{article{id,title}}`, `"columns":["id","title"],"filter":{}`, `"columns":["id"],"filter":{}`).Replace(doc))
	if len(p.Operations) != 1 || p.Operations[0].Role != "reader" || p.Operations[0].Endpoint != "" {
		t.Errorf("a listed operation breaks, however it is laid out: %+v", p.Operations)
	}
}
