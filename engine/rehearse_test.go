package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/engine/impact"
)

func TestRehearse(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	was := s.document()
	rehearse := func(args string, header ...string) (int, string) {
		return post(s.engine, "/v1/metadata", `{"type":"gatehouse_rehearse_metadata","args":`+args+`}`, header...)
	}
	drop := `{"type":"pg_drop_select_permission","args":{"table":"author","role":"user"}}`
	create := `{"type":"pg_create_select_permission","args":{"table":"author","role":"user","permission":{"columns":["id","name","secret"],"filter":{}}}}`
	ask := `{"query":{"query":"{ author(order_by: {id: asc}) { id } }"},"user":{"x-hasura-role":"user","x-hasura-user-id":"2"}}`

	code, body := rehearse(`{"commands":[` + drop + `,` + create + `],"sdl":true,"ask":` + ask + `}`)
	var r struct {
		Plan          impact.Plan
		Before, After struct {
			Data struct{ Author []struct{ ID int } }
		}
	}
	if err := json.Unmarshal([]byte(body), &r); code != 200 || err != nil {
		t.Fatalf("%d %s", code, body)
	}
	if len(r.Before.Data.Author) != 1 || len(r.After.Data.Author) < 2 {
		t.Errorf("rows of the user before and after: %s", body)
	}
	var rights []string
	for _, right := range r.Plan.Rights {
		rights = append(rights, right.Direction+" "+right.Change)
	}
	if all := strings.Join(rights, "; "); !strings.Contains(all, "wider row filter removed") || !strings.Contains(all, "wider may read column secret") {
		t.Errorf("rights: %s", all)
	}
	if len(r.Plan.SDL) == 0 {
		t.Error("no schema as text")
	}

	for _, c := range []struct{ name, args, code, says string }{
		{"what would be refused", `{"commands":[` + create + `]}`, "already-exists", "$.args.commands[0]"},
		{"SQL", `{"commands":[{"type":"run_sql","args":{"sql":"drop table author"}}]}`, "not-supported", "cannot be rehearsed"},
		{"a bulk", `{"commands":[{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"drop table author"}}]}]}`, "not-supported", "cannot be rehearsed"},
		{"another document", `{"commands":[{"type":"replace_metadata","args":{"metadata":{"version":3,"sources":[]}}}]}`, "not-supported", "cannot be rehearsed"},
		{"another database", `{"commands":[{"type":"pg_add_source","args":{"name":"x","configuration":{"connection_info":{"database_url":"postgres://nowhere"}}}}]}`, "not-supported", "cannot be rehearsed"},
		{"a mutation", `{"commands":[],"ask":{"query":{"query":"mutation { delete_author(where: {}) { affected_rows } }"}}}`, "invalid-params", "only queries"},
		{"no commands", `{}`, "parse-failed", `\"commands\" not found`},
	} {
		if code, body := rehearse(c.args); code != 400 || !strings.Contains(body, `"`+c.code+`"`) || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", c.name, code, body)
		}
	}
	if code, body := rehearse(`{"commands":[`+drop+`]}`, "X-Hasura-Role", "user"); code != 400 || !strings.Contains(body, "admin only") {
		t.Errorf("for a user: %d %s", code, body)
	}
	// What a role may not ask after is an answer, too.
	_, body = rehearse(`{"commands":[` + drop + `],"ask":` + ask + `}`)
	if !strings.Contains(body, `field 'author' not found in type: 'query_root'`) {
		t.Errorf("asked after its permission is gone: %s", body)
	}
	if is := s.document(); is != was {
		t.Errorf("a rehearsal changed the metadata:\n%s\n%s", was, is)
	}
}
