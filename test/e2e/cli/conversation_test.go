package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// exchange is a request and what its client reads of the answer.
type exchange struct {
	path, body string
	status     int
	want       string // the answer, or with … at an end a part of it
}

func (p *project) talks(list []exchange) {
	p.Helper()
	for _, x := range list {
		var body any
		var got string
		var status int
		if x.body == "" {
			status = p.get(x.path, &got)
		} else {
			if err := json.Unmarshal([]byte(x.body), &body); err != nil {
				p.Fatalf("%s: %v", x.body, err)
			}
			status = p.send(x.path, body, &got)
		}
		part, isPart := strings.CutSuffix(x.want, "…")
		part, isEnd := strings.CutPrefix(part, "…")
		ok := got == x.want
		switch {
		case isPart && isEnd:
			ok = strings.Contains(got, part)
		case isPart:
			ok = strings.HasPrefix(got, part)
		case isEnd:
			ok = strings.HasSuffix(got, part)
		}
		if status != x.status || !ok {
			p.Errorf("%s %s\ngot  %d %s\nwant %d %s", x.path, x.body, status, got, x.status, x.want)
		}
	}
}

// `hasura console` serves Hasura's console, which talks to the server and, for migrations, to the command line.
func TestConversation_console(t *testing.T) {
	t.Parallel()
	p := start(t)
	const success, created = `{"message":"success"}`, `{"result_type":"CommandOk","result":null}`
	p.talks([]exchange{
		// On loading.
		{"/v1/version", "", 200, `{"server_type":"ce","version":"v2.…`},
		{"/v1alpha1/config", "", 200, `…"is_admin_secret_set":true…`},
		{"/v1/entitlement", "", 404, `{"path":"$","error":"resource does not exist","code":"not-found"}`},
		{"/v1/metadata", `{"type":"export_metadata","version":2,"args":{}}`, 200, `{"resource_version":1,"metadata":{"version":3,…`},
		{"/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`, 200, `{"is_consistent":true,"inconsistent_objects":[]}`},
		{"/v1/metadata", `{"type":"get_catalog_state","args":{}}`, 200, `…"cli_state":{},"console_state":{}}`},
		{"/v1/metadata", `{"type":"set_catalog_state","args":{"type":"console","state":{"telemetryNotificationShown":true}}}`, 200, success},
		{"/v1/metadata", `{"type":"get_catalog_state","args":{}}`, 200, `…"console_state":{"telemetryNotificationShown":true}}`},
		{"/v1/metadata", `{"type":"list_source_kinds","args":{}}`, 200, `…"kind":"pg"…`},
		// The data tab: schemas, tables, keys, all at once and read only.
		{
			"/v2/query", `{"type":"concurrent_bulk","source":"default","args":[
			{"type":"run_sql","args":{"source":"default","sql":"select schema_name from information_schema.schemata where schema_name = 'public'","cascade":false,"read_only":true}},
			{"type":"run_sql","args":{"source":"default","sql":"select coalesce(json_agg(row_to_json(t)), '[]') from (select table_schema, table_name from information_schema.tables where table_schema = 'public') t","cascade":false,"read_only":true}}]}`,
			200, `[{"result_type":"TuplesOk","result":[["schema_name"],["public"]]},{"result_type":"TuplesOk","result":[["coalesce"],["[]"]]}]`,
		},
		{"/v2/query", `{"type":"run_sql","args":{"source":"default","sql":"insert into author values (1)","cascade":false,"read_only":true}}`, 400, `…"code":"postgres-error"…`},
		// A new table, tracked; a row; a permission; a relationship.
		{"/v2/query", `{"type":"bulk","source":"default","args":[{"type":"run_sql","args":{"source":"default","sql":"create table author (id serial primary key, name text); create table book (id serial primary key, author_id int references author);","cascade":false,"read_only":false}}]}`, 200, `[` + created + `]`},
		{"/v1/metadata", `{"type":"pg_track_tables","args":{"allow_warnings":true,"tables":[{"table":{"schema":"public","name":"author"},"source":"default"},{"table":{"schema":"public","name":"book"},"source":"default"}]}}`, 200, success},
		{"/v1/metadata", `{"type":"bulk","source":"default","args":[{"type":"pg_create_array_relationship","args":{"source":"default","table":{"schema":"public","name":"author"},"name":"books","using":{"foreign_key_constraint_on":{"table":{"schema":"public","name":"book"},"column":"author_id"}}}},{"type":"pg_create_select_permission","args":{"source":"default","table":{"schema":"public","name":"author"},"role":"user","permission":{"columns":["id"],"filter":{}}}}]}`, 200, `[` + success + `,` + success + `]`},
		{"/v2/query", `{"type":"bulk","args":[{"type":"insert","args":{"source":"default","table":{"schema":"public","name":"author"},"objects":[{"name":"Ada"}],"returning":[]}}]}`, 200, `[{"affected_rows":1,…`},
		{"/v2/query", `{"type":"bulk","args":[{"type":"select","args":{"source":"default","table":{"schema":"public","name":"author"},"columns":["*",{"name":"books","columns":["*"]}]}},{"type":"count","args":{"source":"default","table":{"schema":"public","name":"author"}}}]}`, 200, `[[{"books":[],"id":1,"name":"Ada"}],{"count":1}]`},
		// What it shows when something is wrong.
		{"/v2/query", `{"type":"run_sql","args":{"source":"default","sql":"drop table author","cascade":false,"read_only":false}}`, 400, `…"code":"postgres-error"…`},
		{"/v2/query", `{"type":"run_sql","args":{"source":"default","sql":"alter table author drop column id cascade","cascade":false,"check_metadata_consistency":true}}`, 400, `…"code":"dependency-error"…`},
		{"/v1/metadata", `{"type":"reload_metadata","args":{"reload_remote_schemas":true,"reload_sources":true}}`, 200, `{"message":"success","is_consistent":true}`},
		{"/v1alpha1/pg_dump", `{"opts":["-O","-x","--schema-only","--schema","public"],"clean_output":true,"source":"default"}`, 200, `…CREATE TABLE public.author…`},
	})
}

// What the Hasura command line does when things go wrong, and what it reads then.
func TestConversation_failures(t *testing.T) {
	t.Parallel()
	p := start(t)
	// Its state is what it says, dirty versions and unknown keys included.
	state := `{"isStateCopyCompleted":true,"migrations":{"default":{"1":true}},"settings":{"migration_mode":"true"},"x":[1]}`
	p.talks([]exchange{{"/v1/metadata", `{"type":"set_catalog_state","args":{"type":"cli","state":` + state + `}}`, 200, `{"message":"success"}`}})
	var answer struct {
		CLI json.RawMessage `json:"cli_state"`
	}
	p.metadata("get_catalog_state", 0, map[string]string{}, &answer)
	var got, want any
	_ = json.Unmarshal(answer.CLI, &got)
	_ = json.Unmarshal([]byte(state), &want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("state: got %s, want %s", answer.CLI, state)
	}
	p.talks([]exchange{
		// A migration that fails in its middle leaves nothing.
		{"/v2/query", `{"type":"run_sql","args":{"sql":"create table half (id int); select 1/0; create table rest (id int)","source":"default","check_metadata_consistency":false}}`, 400, `{"path":"$","error":"query execution failed","code":"postgres-error","internal":{"statement":…`},
		{"/v2/query", `{"type":"run_sql","args":{"sql":"select to_regclass('half') is null and to_regclass('rest') is null","source":"default"}}`, 200, `{"result_type":"TuplesOk","result":[["?column?"],["t"]]}`},
		// The look for the state of older projects, before there is any.
		{"/v2/query", `{"type":"run_sql","args":{"source":"default","sql":"SELECT COUNT(1) FROM information_schema.tables WHERE table_name = 'schema_migrations' AND table_schema = 'hdb_catalog' LIMIT 1"}}`, 200, `{"result_type":"TuplesOk","result":[["count"],["0"]]}`},
		// Metadata with an inconsistency: applied where that is allowed, refused as a whole where it is not.
		{"/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":false,"metadata":` + doc(p, "nowhere") + `}}`, 400, `…"code":"unexpected"…`},
		{"/v1/metadata", `{"type":"export_metadata","args":{}}`, 200, `…"tables":[]…`},
		{"/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":true,"metadata":` + doc(p, "nowhere") + `}}`, 200, `{"is_consistent":false,…`},
		{"/v1/metadata", `{"type":"export_metadata","args":{}}`, 200, `…"name":"nowhere"…`},
		// Metadata that cannot be read changes nothing.
		{"/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":true,"metadata":{"version":3,"sources":[],"actionz":[]}}}`, 400, `{"path":"$.args.metadata…`},
		{"/v1/metadata", `{"type":"export_metadata","args":{}}`, 200, `…"name":"nowhere"…`},
		// Seeds are all or none.
		{"/v2/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"create table seeded (id int)","source":"default"}},{"type":"run_sql","args":{"sql":"insert into nowhere values (1)","source":"default"}}]}`, 400, `{"path":"$[1]"…`},
	})
	// Without the secret, and with a wrong one.
	for _, secret := range []string{"", "wrong"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/v1/metadata", strings.NewReader(`{"type":"export_metadata","args":{}}`))
		if secret != "" {
			req.Header.Set("X-Hasura-Admin-Secret", secret)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Errorf("secret %q: %d", secret, resp.StatusCode)
		}
	}
}

func doc(p *project, table string) string {
	raw, err := json.Marshal(document(table))
	if err != nil {
		p.Fatal(err)
	}
	return string(raw)
}
