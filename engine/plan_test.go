package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine/impact"
)

// plan asks what a document would change.
func (s *server) plan(doc string) *impact.Plan {
	s.Helper()
	code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_plan_metadata","args":{"metadata":`+doc+`}}`)
	var p impact.Plan
	if err := json.Unmarshal([]byte(body), &p); code != 200 || err != nil {
		s.Fatalf("%d %s", code, body)
	}
	return &p
}

func TestPlanMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	s.do("create_query_collection", `{"name":"stored","definition":{"queries":[{"name":"notes","query":"query { article { note } }"},{"name":"titles","query":"query { article { title } }"}]}}`)
	s.do("create_rest_endpoint", `{"name":"titles","url":"titles","methods":["GET"],"definition":{"query":{"collection_name":"stored","query_name":"titles"}}}`)
	doc := s.document()
	if p := s.plan(doc); !p.IsEmpty() {
		t.Errorf("the same document changes something: %+v", p)
	}
	for _, c := range []struct{ from, to, right string }{
		{`"columns":["id","name"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}}`, `"columns":["id","name"],"filter":{}`, "wider select author: row filter removed: id = x-hasura-user-id"},
		{`"columns":["id","name"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}}`, `"columns":["id","name"],"filter":{"_and":[{"name":"Ann"},{"id":"X-Hasura-User-Id"}]}`, `narrower select author: row filter changed from id = x-hasura-user-id to id = x-hasura-user-id and name = "Ann"`},
		{`{"_or":[{"published":{"_eq":true}}`, `{"_or":[{"published":{"_eq":true}}`, ""},
		{`"columns":["id","name"]`, `"columns":["id","name","secret"]`, "wider select author: may read column secret"},
		{`"columns":["id","name"]`, `"columns":["name"]`, "narrower select author: may no longer read column id"},
		{`"check":{"title":{"_neq":"bad"}}`, `"check":{}`, "wider insert article: check removed"},
		{`"set":{"author_id":"X-Hasura-User-Id"}`, `"set":{"author_id":1}`, "unclear insert article: preset changed: author_id is set to 1, before to x-hasura-user-id"},
		{`"columns":["id","title"],"filter":{}`, `"columns":["id","title"],"filter":{},"limit":5,"allow_aggregations":true`, "wider select article: aggregations allowed"},
	} {
		if !strings.Contains(doc, c.from) {
			if c.right != "" {
				t.Errorf("%s is not in %s", c.from, doc)
			}
			continue
		}
		p := s.plan(strings.Replace(doc, c.from, c.to, 1))
		var found bool
		for _, r := range p.Rights {
			found = found || strings.HasPrefix(r.Direction+" "+r.Operation+" "+r.Object+": "+r.Change, c.right)
		}
		if !found {
			t.Errorf("%s\nwants %s\ngot %+v", c.to, c.right, p.Rights)
		}
	}
	p := s.plan(strings.Replace(doc, `"columns":["id","title"],"filter":{}`, `"columns":["id"],"filter":{}`, 1))
	if len(p.Operations) != 1 || p.Operations[0].Role != "reader" || p.Operations[0].Endpoint != "titles" {
		t.Errorf("the endpoint of role reader: %+v", p.Operations)
	}
	if len(p.Schemas) != 1 || p.Schemas[0].Role != "reader" || p.Summary.Breaking == 0 ||
		!slices.Contains(p.Schemas[0].Changes, impact.SchemaChange{Path: "article.title", Kind: "removed", Breaking: true, Change: "field removed"}) {
		t.Errorf("the schema of role reader: %+v", p.Schemas)
	}
	if p.Summary.Objects != 1 || p.Objects.Changed[0].Name != "select_permission reader in table article in source default" {
		t.Errorf("objects: %+v", p.Objects)
	}
	p = s.plan(strings.Replace(doc, `"table":{"name":"author","schema":"public"}`, `"table":{"name":"nobody","schema":"public"}`, 1))
	if p.Summary.Inconsistencies == 0 || p.Summary.Breaking == 0 {
		t.Errorf("inconsistencies: %+v", p.Summary)
	}
	s.want(400, `{"path":"$.args.metadata.sourcez","error":"unexpected key \"sourcez\"; the nearest known key is \"sources\"","code":"parse-failed"}`,
		"gatehouse_plan_metadata", `{"metadata":{"version":3,"sources":[],"sourcez":[]}}`)
	if s.document() != doc {
		t.Error("planning changed something")
	}
	if code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_plan_metadata","args":{"metadata":`+doc+`}}`, "X-Hasura-Role", "user"); code != 400 || !strings.Contains(body, "admin only") {
		t.Errorf("%d %s", code, body)
	}
}
