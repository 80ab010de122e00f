package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/engine/impact"
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
	// The administrator may run what is not listed, too.
	s.do("update_scope_of_collection_in_allowlist", `{"collection":"other","scope":{"global":false,"roles":["admin"]}}`)
	s.do("add_query_to_collection", `{"collection_name":"other","query_name":"notes","query":"{ article { note } }"}`)
	doc = s.document()
	for _, to := range []string{`"query":"{ author { id } }"`, `"query":"{ nothing }"`} {
		if p := s.plan(strings.Replace(doc, `"query":"{ article { note } }"`, to, 1)); len(p.Rights)+len(p.Operations) != 0 {
			t.Errorf("%s: %+v %+v", to, p.Rights, p.Operations)
		}
	}
}

func TestPlanMetadata_schemasAsText(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	s.sql(`create table tag (id int primary key); create type mood as enum ('calm'); comment on column author.name is 'As in "the" book'`)
	s.want(200, `{"message":"success","is_consistent":true}`, "reload_metadata", `{}`)
	doc := s.document()
	text := func(doc string) []impact.SDLDiff {
		t.Helper()
		code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_plan_metadata","args":{"sdl":true,"metadata":`+doc+`}}`)
		var p impact.Plan
		if err := json.Unmarshal([]byte(body), &p); code != 200 || err != nil {
			t.Fatalf("%d %s", code, body)
		}
		return p.SDL
	}
	if got := text(doc); got != nil {
		t.Errorf("the same document: %+v", got)
	}
	if got := s.plan(strings.Replace(doc, `["id","title"],"filter":{}`, `["id"],"filter":{}`, 1)); got.SDL != nil || len(got.Schemas) == 0 {
		t.Errorf("nobody asked for texts: %+v", got)
	}
	got := text(strings.Replace(doc, `"columns":["id","title"],"filter":{}`, `"columns":["id"],"filter":{}`, 1))
	if len(got) != 1 || !slices.Equal(got[0].Roles, []string{"reader"}) || !strings.Contains(got[0].Diff, "@@ article @@\n type article {\n-  title: String\n }\n") {
		t.Errorf("got %+v", got)
	}
	// Both roles gain the same of a table; what they do not see is not there.
	permission := `"columns":["id"],"filter":{}}}`
	got = text(strings.Replace(doc, `"tables":[`, `"tables":[{"table":"tag","select_permissions":[{"role":"user","permission":{`+permission+`,{"role":"reader","permission":{`+permission+`]},`, 1))
	if len(got) != 2 || !slices.Equal(got[0].Roles, []string{"admin"}) || !slices.Equal(got[1].Roles, []string{"reader", "user"}) {
		t.Fatalf("got %+v", got)
	}
	if all, few := got[0].Diff, got[1].Diff; !strings.Contains(all, "+input tag_insert_input {\n+  id: Int\n+}\n") || strings.Contains(few, "insert") ||
		!strings.Contains(few, "@@ tag @@\n+\"\"\"\n+columns and relationships of \"tag\"\n+\"\"\"\n+type tag {\n+  id: Int!\n+}\n") ||
		!strings.Contains(few, "@@ query_root @@\n type query_root {\n") {
		t.Errorf("got %s\nand %s", all, few)
	}
	got = text(strings.Replace(doc, `{"table":{"name":"author","schema":"public"},`, `{"table":{"name":"author","schema":"public"},"configuration":{"column_config":{"name":{"custom_name":"called"}}},`, 1))
	if len(got) != 2 || !strings.Contains(got[1].Diff, "@@ author @@\n type author {\n+  \"\"\"\n+  As in \"the\" book\n+  \"\"\"\n+  called: String!\n-  \"\"\"\n-  As in \"the\" book\n-  \"\"\"\n-  name: String!\n }\n") {
		t.Errorf("got %+v", got)
	}
	s.want(400, `{"path":"$.args.sdl","error":"parsing Bool failed, expected Bool","code":"parse-failed"}`, "gatehouse_plan_metadata", `{"metadata":{"version":3,"sources":[]},"sdl":1}`)
}
