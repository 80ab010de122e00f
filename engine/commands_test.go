package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse/internal/testpg"
)

// operations are the commands of /v1/metadata for Postgres and for no database in particular, and those of /v1/query that
// have another name (Hasura: Server/API/Metadata/Instances, Server/API/Backend, Server/API/Query).
var operations = strings.Fields(`
	pg_add_source pg_update_source pg_drop_source rename_source list_source_kinds get_source_kind_capabilities
	pg_get_source_tables pg_get_source_trackables pg_get_table_info
	pg_track_table pg_track_tables pg_untrack_table pg_untrack_tables pg_set_table_customization pg_set_table_is_enum
	pg_set_apollo_federation_config add_existing_table_or_view set_table_custom_fields
	pg_create_object_relationship pg_create_array_relationship pg_drop_relationship pg_rename_relationship
	pg_set_relationship_comment pg_suggest_relationships
	pg_create_insert_permission pg_create_select_permission pg_create_update_permission pg_create_delete_permission
	pg_drop_insert_permission pg_drop_select_permission pg_drop_update_permission pg_drop_delete_permission pg_set_permission_comment
	pg_track_function pg_untrack_function pg_set_function_customization pg_create_function_permission pg_drop_function_permission
	pg_add_computed_field pg_drop_computed_field
	pg_track_native_query pg_untrack_native_query pg_get_native_query pg_track_logical_model pg_untrack_logical_model
	pg_get_logical_model pg_create_logical_model_select_permission pg_drop_logical_model_select_permission pg_test_connection_template
	add_remote_schema update_remote_schema remove_remote_schema reload_remote_schema introspect_remote_schema
	add_remote_schema_permissions drop_remote_schema_permissions create_remote_schema_remote_relationship
	update_remote_schema_remote_relationship delete_remote_schema_remote_relationship
	pg_create_remote_relationship pg_update_remote_relationship pg_delete_remote_relationship
	pg_create_event_trigger pg_delete_event_trigger pg_redeliver_event pg_invoke_event_trigger pg_get_event_logs
	pg_get_event_invocation_logs pg_get_event_by_id cleanup_event_trigger_logs resume_event_trigger_cleanups pause_event_trigger_cleanups
	create_cron_trigger delete_cron_trigger get_cron_triggers create_scheduled_event delete_scheduled_event get_scheduled_events
	get_scheduled_event_invocations test_webhook_transform
	create_action update_action drop_action create_action_permission drop_action_permission set_custom_types
	create_query_collection rename_query_collection drop_query_collection add_query_to_collection drop_query_from_collection
	add_collection_to_allowlist drop_collection_from_allowlist update_scope_of_collection_in_allowlist
	create_rest_endpoint drop_rest_endpoint add_inherited_role drop_inherited_role
	set_api_limits remove_api_limits set_metrics_config remove_metrics_config set_graphql_schema_introspection_options
	add_host_to_tls_allowlist drop_host_from_tls_allowlist set_query_tags set_opentelemetry_config set_opentelemetry_status
	dc_add_agent dc_delete_agent
	export_metadata replace_metadata clear_metadata reload_metadata get_inconsistent_metadata drop_inconsistent_metadata
	get_catalog_state set_catalog_state dump_internal_state bulk bulk_keep_going bulk_atomic run_sql`)

// alwaysRefused act on what is not run yet.
var alwaysRefused = strings.Fields(`
	get_source_kind_capabilities pg_test_connection_template introspect_remote_schema pg_redeliver_event pg_invoke_event_trigger
	pg_get_event_logs pg_get_event_invocation_logs pg_get_event_by_id cleanup_event_trigger_logs resume_event_trigger_cleanups
	pause_event_trigger_cleanups create_scheduled_event delete_scheduled_event get_scheduled_events get_scheduled_event_invocations
	dc_add_agent dc_delete_agent`)

// neverRefused take any arguments.
var neverRefused = strings.Fields(`
	list_source_kinds get_cron_triggers export_metadata clear_metadata get_inconsistent_metadata drop_inconsistent_metadata
	get_catalog_state dump_internal_state remove_api_limits remove_metrics_config`)

// step is one command and its answer: "" for success, a body, "…" for any, or a refusal ("!code path message").
type step struct{ kind, args, want string }

func (s *server) step(c step) (granted bool) {
	s.Helper()
	code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":%q,"args":%s}`, c.kind, c.args))
	refusal, isRefusal := strings.CutPrefix(c.want, "!")
	switch {
	case isRefusal:
		var e struct{ Path, Error, Code string }
		if err := json.Unmarshal([]byte(body), &e); err != nil || code == 200 || e.Code+" "+e.Path+" "+e.Error != refusal {
			s.Errorf("%s %s\ngot  %d %s %s %s\nwant %s", c.kind, c.args, code, e.Code, e.Path, e.Error, refusal)
		}
	case code != 200 || c.want == "" && body != ok || c.want != "" && c.want != "…" && body != c.want:
		s.Errorf("%s %s\ngot  %d %s\nwant 200 %s", c.kind, c.args, code, body, c.want)
	}
	return !isRefusal
}

// Every command is there, grants what is right and refuses what is wrong, in Hasura's words. The steps build on each other.
func TestCommands(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	s.sql(`create table colour (name text primary key, comment text); insert into colour values ('red', null);
		create function search(query text) returns setof article language sql stable as 'select * from article';
		create function initials(author) returns text language sql stable as 'select $1::text'`)
	other := testpg.Database(t)
	granted, refused := map[string]bool{}, map[string]bool{}
	for _, c := range slices.Concat(tableSteps, functionSteps, nativeSteps, keptSteps(other), documentSteps) {
		if s.step(c) {
			granted[c.kind] = true
		} else {
			refused[c.kind] = true
		}
	}
	for _, kind := range operations {
		if !granted[kind] && !slices.Contains(alwaysRefused, kind) {
			t.Errorf("%s: nothing is granted", kind)
		}
		if !refused[kind] && !slices.Contains(neverRefused, kind) {
			t.Errorf("%s: nothing is refused", kind)
		}
	}
}

var tableSteps = []step{
	{"list_source_kinds", `{}`, `{"sources":[{"available":true,"builtin":true,"display_name":"pg","kind":"pg"}]}`},
	{"get_source_kind_capabilities", `{"name":"pg"}`, `!data-connector-error $.args pg does not support Capabilities`},
	{"get_source_kind_capabilities", `{"name":"x"}`, `!data-connector-error $.args Source Kind x was not found`},
	{"pg_get_source_tables", `{"source":"default"}`, `[{"schema":"public","name":"article"},{"schema":"public","name":"author"},{"schema":"public","name":"colour"}]`},
	{"pg_get_source_tables", `{"source":"x"}`, `!not-exists $.args source with name "x" does not exist`},
	{"pg_get_source_trackables", `{"source":"default"}`, `{"tables":[{"name":{"schema":"public","name":"article"}},{"name":{"schema":"public","name":"author"}},{"name":{"schema":"public","name":"colour"}}],"functions":[{"name":{"schema":"public","name":"search"}}]}`},
	{"pg_get_source_trackables", `{"source":1}`, `!parse-failed $.args.source parsing Text failed, expected String, but encountered Number`},
	{"pg_get_table_info", `{"source":"default","table":"colour"}`, `{"name":{"schema":"public","name":"colour"},"columns":[{"name":"name","type":"text","nullable":false,"insertable":true,"updatable":true},{"name":"comment","type":"text","nullable":true,"insertable":true,"updatable":true}],"primary_key":["name"]}`},
	{"pg_get_table_info", `{"source":"default"}`, `!parse-failed $.args key "table" not found`},
	{"pg_track_tables", `{"tables":[]}`, `!invalid-configuration $.args all tables failed to track`},
	{"pg_track_tables", `{"tables":[{"table":"author"},{"table":"author"}]}`, `!bad-request $.args.tables The following tables occur more than once in the request: default.author`},
	{"pg_track_tables", `{"tables":[{"table":"author"},{"table":"x"}],"allow_warnings":false}`, `!metadata-warnings $.args failed due to metadata warnings`},
	{"pg_track_tables", `{"tables":[{"table":"author"},{"table":"article"}]}`, ""},
	{"pg_untrack_tables", `{"tables":[{"table":"x"}]}`, `!invalid-configuration $.args all tables failed to untrack`},
	{"pg_untrack_tables", `{"tables":[{"table":"article"},{"table":"author"}]}`, ""},
	{"pg_track_table", `{}`, `!parse-failed $.args key "table" not found`},
	{"pg_track_table", `{"table":"author","source":"x"}`, `!not-exists $.args source with name "x" does not exist`},
	{"pg_track_table", `{"table":"x"}`, `!invalid-configuration $.args Inconsistent object: no such table/view exists in source: "x"`},
	{"pg_track_table", `{"table":"author"}`, ""},
	{"pg_track_table", `{"table":{"schema":"public","name":"article"},"configuration":{"column_config":{"title":{"custom_name":"heading"}}}}`, ""},
	{"add_existing_table_or_view", `"author"`, `!already-tracked $.args view/table already tracked: "author"`},
	{"add_existing_table_or_view", `"colour"`, ""},
	{"pg_set_table_is_enum", `{"table":"x","is_enum":true}`, `!not-exists $.args table "x" does not exist in source: default`},
	{"pg_set_table_is_enum", `{"table":"colour","is_enum":true}`, ""},
	{"pg_set_table_customization", `{"table":"author","configuration":{"custom_name":"1"}}`, `!parse-failed $.args.configuration.custom_name 1 is not valid GraphQL name`},
	{"pg_set_table_customization", `{"table":"author","configuration":{"custom_name":"writer"}}`, ""},
	{"set_table_custom_fields", `{"table":"x"}`, `!not-exists $.args table "x" does not exist in source: default`},
	{"set_table_custom_fields", `{"table":"author","custom_column_names":{"email":"mail"}}`, ""},
	{"pg_set_apollo_federation_config", `{"table":"x"}`, `!not-exists $.args table "x" does not exist in source: default`},
	{"pg_set_apollo_federation_config", `{"table":"author","apollo_federation_config":{"enable":"v1"}}`, ""},
	{"pg_create_object_relationship", `{"table":"article","name":"title","using":{"foreign_key_constraint_on":"author_id"}}`, `!already-exists $.args field with name "title" already exists in table "article"`},
	{"pg_create_object_relationship", `{"table":"article","name":"author","using":{}}`, `!parse-failed $.args.using atleast one of foreign_key_constraint_on/manual_configuration should be present`},
	{"pg_create_object_relationship", `{"table":"article","name":"author","using":{"foreign_key_constraint_on":"author_id"}}`, ""},
	{"pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"id"}}}`, `!invalid-configuration $.args Inconsistent object: in table "author": in relationship "articles": no foreign constraint exists on the given column(s)`},
	{"pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`, ""},
	{"pg_suggest_relationships", `{"tables":["colour"]}`, `{"relationships":[]}`},
	{"pg_suggest_relationships", `{"source":"x"}`, `!not-exists $.args source with name "x" does not exist`},
	{"pg_set_relationship_comment", `{"table":"author","relationship":"articles","comment":"c"}`, ""},
	{"pg_set_relationship_comment", `{"table":"author","name":"x","comment":"c"}`, `!not-exists $.args relationship "x" does not exist`},
	{"pg_rename_relationship", `{"table":"author","name":"articles","new_name":"name"}`, `!already-exists $.args cannot rename relationship "articles" to "name" in table "author" as a column/relationship with the name already exists`},
	{"pg_rename_relationship", `{"table":"author","name":"articles","new_name":"works"}`, ""},
	{"pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":["x"],"filter":{}}}`, `!invalid-configuration $.args Inconsistent object: in table "author": in permission for role "user": no such column exists: "x"`},
	{"pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":"*","filter":{"works":{"title":{"_eq":"a"}}}}}`, ""},
	{"pg_create_insert_permission", `{"table":"author","role":"user","permission":{}}`, `!parse-failed $.args.permission key "check" not found`},
	{"pg_create_insert_permission", `{"table":"author","role":"user","permission":{"check":{}}}`, ""},
	{"pg_create_update_permission", `{"table":"author","role":"admin","permission":{"columns":[],"filter":{}}}`, `!already-exists $.args update permission already defined on table "author" with role "admin"`},
	{"pg_create_update_permission", `{"table":"author","role":"user","permission":{"columns":["name"],"filter":{}}}`, ""},
	{"pg_create_delete_permission", `{"table":"author","role":"user","permission":{"filter":{"x":1}}}`, `!invalid-configuration $.args Inconsistent object: in table "author": in permission for role "user": "x" does not exist`},
	{"pg_create_delete_permission", `{"table":"author","role":"user","permission":{"filter":{}}}`, ""},
	{"pg_set_permission_comment", `{"table":"author","role":"user","type":"x"}`, `!parse-failed $.args.type unexpected permission type "x": expected one of insert, select, update, delete`},
	{"pg_set_permission_comment", `{"table":"author","role":"user","type":"select","comment":"c"}`, ""},
	{"add_inherited_role", `{"role_name":"both","role_set":["both"]}`, `!invalid-params $.args an inherited role name cannot be in the role combination`},
	{"add_inherited_role", `{"role_name":"both","role_set":["user"]}`, ""},
	{"drop_inherited_role", `{"role_name":"x"}`, `!not-exists $.args "x" inherited role doesn't exist`},
	{"drop_inherited_role", `{"role_name":"both"}`, ""},
	{"pg_drop_relationship", `{"table":"author","relationship":"works"}`, `!dependency-error $.args cannot drop due to the following dependent objects: permission author.user.select in source "default"`},
	{"pg_drop_insert_permission", `{"table":"author","role":"x"}`, `!permission-denied $.args insert permission on "author" for role "x" does not exist`},
	{"pg_drop_insert_permission", `{"table":"author","role":"user"}`, ""},
	{"pg_drop_update_permission", `{"table":"author"}`, `!parse-failed $.args key "role" not found`},
	{"pg_drop_update_permission", `{"table":"author","role":"user"}`, ""},
	{"pg_drop_delete_permission", `{"table":"x","role":"user"}`, `!not-exists $.args table "x" does not exist in source: default`},
	{"pg_drop_delete_permission", `{"table":"author","role":"user"}`, ""},
	{"pg_drop_select_permission", `{"table":"author","role":""}`, `!parse-failed $.args.role empty string not allowed`},
	{"pg_drop_select_permission", `{"table":"author","role":"user"}`, ""},
	{"pg_drop_relationship", `{"table":"author","relationship":"works"}`, ""},
	{"pg_untrack_table", `{"table":"x"}`, `!already-untracked $.args view/table already untracked: "x"`},
	{"pg_untrack_table", `{"table":"author"}`, `!dependency-error $.args cannot drop due to the following dependent objects: relationship article.author in source "default"`},
	{"pg_untrack_table", `{"table":"author","cascade":true}`, ""},
	{"pg_track_table", `{"table":"author"}`, ""},
}

var functionSteps = []step{
	{"pg_track_function", `{"function":"search","source":"x"}`, `!not-exists $.args "x" is not a known "postgres" source`},
	{"pg_track_function", `{"function":"nothing"}`, `!invalid-configuration $.args Inconsistent object: in function "nothing": no such function exists: "nothing"`},
	{"pg_track_function", `{"function":"search"}`, ""},
	{"pg_track_function", `"search"`, `!already-tracked $.args function already tracked: "search"`},
	{"pg_set_function_customization", `{"function":"x","configuration":{}}`, `!not-exists $.args function "x" does not exist in source: default`},
	{"pg_set_function_customization", `{"function":"search","configuration":{"custom_name":"find"}}`, ""},
	{"pg_create_function_permission", `{"function":"search","role":"user"}`, `!not-supported $.args function permission can only be added when the function's return table "article" has select permission configured for role: "user"`},
	{"pg_create_select_permission", `{"table":"article","role":"user","permission":{"columns":"*","filter":{}}}`, ""},
	{"pg_create_function_permission", `{"function":"search","role":"user"}`, ""},
	{"pg_drop_function_permission", `{"function":"search","role":"x"}`, `!not-exists $.args permission of role "x" does not exist for function "search" in source: "default"`},
	{"pg_drop_function_permission", `{"function":"search","role":"user"}`, ""},
	{"pg_untrack_function", `{"function":"x"}`, `!not-exists $.args function "x" does not exist in source: default`},
	{"pg_untrack_function", `{"function":"search"}`, ""},
	{"pg_add_computed_field", `{"table":"author","name":"short"}`, `!parse-failed $.args key "definition" not found`},
	{"pg_add_computed_field", `{"table":"author","name":"short","definition":{"function":"initials"}}`, ""},
	{"pg_drop_computed_field", `{"table":"author","name":"x"}`, `!not-exists $.args.name computed field "x" does not exist`},
	{"pg_drop_computed_field", `{"table":"author","name":"short"}`, ""},
}

var nativeSteps = []step{
	{"pg_track_logical_model", `{"name":"m"}`, `!parse-failed $.args key "fields" not found`},
	{"pg_track_logical_model", `{"name":"m","fields":[{"name":"id","type":"integer"}]}`, ""},
	{"pg_track_native_query", `{"root_field_name":"q","code":"select 1 as id","returns":"m","source":"x"}`, `!not-found $.args Source 'x' of kind postgres not found.`},
	{"pg_track_native_query", `{"root_field_name":"q","code":"select 1 as id","returns":"m"}`, ""},
	{"pg_get_native_query", `{"source":"default"}`, `…`},
	{"pg_get_native_query", `{"source":"x"}`, `!not-found $.args Source 'x' of kind postgres not found.`},
	{"pg_get_logical_model", `{"source":"default"}`, `[{"fields":[{"name":"id","type":"integer"}],"name":"m"}]`},
	{"pg_get_logical_model", `{"source":"x"}`, `!not-found $.args Source 'x' of kind postgres not found.`},
	{"pg_create_logical_model_select_permission", `{"name":"x","role":"user","permission":{"columns":"*","filter":{}}}`, `!not-found $.args Logical model "x" not found in source "default".`},
	{"pg_create_logical_model_select_permission", `{"name":"m","role":"user","permission":{"columns":"*","filter":{}}}`, ""},
	{"pg_drop_logical_model_select_permission", `{"name":"x","role":"user"}`, `!not-found $.args Logical model "x" not found in source "default".`},
	{"pg_drop_logical_model_select_permission", `{"name":"m","role":"user"}`, ""},
	{"pg_untrack_logical_model", `{"name":"m"}`, `!unexpected $.args cannot continue due to new inconsistent metadata`},
	{"pg_untrack_native_query", `{"root_field_name":"x"}`, `!not-found $.args Native query "x" not found in source "default".`},
	{"pg_untrack_native_query", `{"root_field_name":"q"}`, ""},
	{"pg_untrack_logical_model", `{"name":"m"}`, ""},
	{"pg_test_connection_template", `{}`, `!not-supported $.args pg_test_connection_template: connection templates are not supported by Gatehouse yet`},
}

func keptSteps(other string) []step {
	trigger := `"name":"t","table":"author","webhook":"http://localhost","insert":{"columns":"*"}`
	def := `"definition":{"url":"http://localhost:1","timeout_seconds":1}`
	remote := `"remote_schema":"r","type_name":"T","name":"rel"`
	definition := func(source, table, own, theirs string) string {
		return fmt.Sprintf(`"definition":{"to_source":{"source":%q,"table":%q,"relationship_type":"array","field_mapping":{%q:%q}}}`, source, table, own, theirs)
	}
	toSource := definition("second", "piece", "id", "id")
	return []step{
		{"pg_add_source", `{"name":"default","configuration":{"connection_info":{"database_url":"x"}}}`, `!already-exists $.args source with name "default" already exists`},
		{"pg_add_source", `{"name":"second"}`, `!parse-failed $.args key "configuration" not found`},
		{"pg_add_source", fmt.Sprintf(`{"name":"second","configuration":{"connection_info":{"database_url":%q}}}`, other), ""},
		{"pg_update_source", `{"name":"x"}`, `!not-exists $.args source with name "x" does not exist`},
		{"pg_update_source", `{"name":"second","customization":{"root_fields":{"namespace":"s"}}}`, ""},
		{"rename_source", `{"name":"x","new_name":"y"}`, `!not-exists $.args Could not find source with name "x"`},
		{"rename_source", `{"name":"second","new_name":"third"}`, ""},
		{"rename_source", `{"name":"third","new_name":"second"}`, ""},
		{"run_sql", `{"source":"second","sql":"create table piece (id int primary key)"}`, `…`},
		{"pg_track_table", `{"source":"second","table":"piece"}`, ""},
		{"pg_create_remote_relationship", `{"table":"author","name":"rel"}`, `!parse-failed $.args create_remote_relationship expects exactly one of: remote_schema, definition`},
		{"pg_create_remote_relationship", `{"table":"author","name":"bad",` + definition("gone", "piece", "id", "id") + `}`, `!invalid-configuration $.args Inconsistent object: in table "author": in remote relationship"bad": source not found: "gone"`},
		{"pg_create_remote_relationship", `{"table":"author","name":"bad",` + definition("second", "gone", "id", "id") + `}`, `!invalid-configuration $.args Inconsistent object: in table "author": in remote relationship"bad": table "gone" does not exist in source: second`},
		{"pg_create_remote_relationship", `{"table":"author","name":"bad",` + definition("second", "piece", "gone", "id") + `}`, `!invalid-configuration $.args Inconsistent object: in table "author": in remote relationship"bad": "gone" does not exist`},
		{"pg_create_remote_relationship", `{"table":"author","name":"bad",` + definition("second", "piece", "id", "gone") + `}`, `!invalid-configuration $.args Inconsistent object: in table "author": in remote relationship"bad": "gone" does not exist`},
		{"pg_create_remote_relationship", `{"table":"gone","name":"bad",` + toSource + `}`, `!not-exists $.args table "gone" does not exist in source: default`},
		{"pg_create_remote_relationship", `{"table":"author","name":"name",` + toSource + `}`, `!already-exists $.args field with name "name" already exists in table "author"`},
		{"pg_create_remote_relationship", `{"table":"author","name":"bad","definition":{"to_source":{"source":"second","table":"piece","relationship_type":"some","field_mapping":{}}}}`, `!parse-failed $.args.definition.to_source.relationship_type expecting either 'object' or 'array' for rel_type`},
		{"pg_create_remote_relationship", `{"table":"author","name":"rel",` + toSource + `}`, ""},
		{"rename_source", `{"name":"second","new_name":"third"}`, ""},
		{"pg_update_remote_relationship", `{"table":"author","name":"rel",` + toSource + `}`, `!invalid-configuration $.args Inconsistent object: in table "author": in remote relationship"rel": source not found: "second"`},
		{"rename_source", `{"name":"third","new_name":"second"}`, ""},
		{"pg_update_remote_relationship", `{"table":"author","name":"x",` + toSource + `}`, `!not-exists $.args "x" does not exist`},
		{"pg_update_remote_relationship", `{"table":"author","name":"rel",` + toSource + `}`, ""},
		{"pg_untrack_table", `{"source":"second","table":"piece"}`, `!dependency-error $.args cannot drop due to the following dependent objects: remote relationship author.rel in source "default"`},
		{"pg_drop_source", `{"name":"second"}`, `!dependency-error $.args cannot drop due to the following dependent objects: remote relationship author.rel in source "default"`},
		{"pg_delete_remote_relationship", `{"table":"author","name":"x"}`, `!not-exists $.args "x" does not exist`},
		{"pg_delete_remote_relationship", `{"table":"author","name":"rel"}`, ""},
		{"pg_drop_source", `{"name":"x"}`, `!not-exists $.args source with name "x" does not exist`},
		{"pg_drop_source", `{"name":"second"}`, ""},
		{"pg_create_event_trigger", `{"name":"t","table":"author","webhook":"http://localhost"}`, `!parse-failed $.args atleast one amongst insert/update/delete/enable_manual spec must be provided`},
		{"pg_create_event_trigger", `{` + trigger + `}`, ""},
		{"pg_create_event_trigger", `{` + trigger + `}`, `!already-exists $.args Event trigger with name "t" already exists`},
		{"pg_invoke_event_trigger", `{"name":"t","payload":{}}`, `!not-supported $.args pg_invoke_event_trigger: event triggers are not supported by Gatehouse yet`},
		{"pg_redeliver_event", `{"event_id":"x"}`, `!not-supported $.args pg_redeliver_event: event triggers are not supported by Gatehouse yet`},
		{"pg_get_event_logs", `{"name":"x"}`, `!not-exists $.args event trigger "x" does not exist`},
		{"pg_get_event_invocation_logs", `{"name":"t"}`, `!not-supported $.args pg_get_event_invocation_logs: event triggers are not supported by Gatehouse yet`},
		{"pg_get_event_by_id", `{"event_id":"x"}`, `!not-supported $.args pg_get_event_by_id: event triggers are not supported by Gatehouse yet`},
		{"cleanup_event_trigger_logs", `{"event_triggers":"all"}`, `!not-supported $.args cleanup_event_trigger_logs: event triggers are not supported by Gatehouse yet`},
		{"resume_event_trigger_cleanups", `{"event_triggers":"all"}`, `!not-supported $.args resume_event_trigger_cleanups: event triggers are not supported by Gatehouse yet`},
		{"pause_event_trigger_cleanups", `{"event_triggers":"all"}`, `!not-supported $.args pause_event_trigger_cleanups: event triggers are not supported by Gatehouse yet`},
		{"pg_delete_event_trigger", `{"name":"x"}`, `!not-exists $.args event trigger "x" does not exist`},
		{"pg_delete_event_trigger", `{"name":"t"}`, ""},
		{"create_cron_trigger", `{"name":"c","schedule":"* * * * *","include_in_metadata":true}`, `!parse-failed $.args key "webhook" not found`},
		{"create_cron_trigger", `{"name":"c","webhook":"http://localhost","schedule":"* * * * *","include_in_metadata":true}`, ""},
		{"get_cron_triggers", `{}`, `…`},
		{"delete_cron_trigger", `{"name":"x"}`, `!not-exists $.args cron trigger with name: x does not exist`},
		{"delete_cron_trigger", `{"name":"c"}`, ""},
		{"create_scheduled_event", `{"webhook":"http://localhost","schedule_at":"2030-01-01T00:00:00Z"}`, `!not-supported $.args create_scheduled_event: scheduled events are not supported by Gatehouse yet`},
		{"delete_scheduled_event", `{"type":"one_off","event_id":"x"}`, `!not-supported $.args delete_scheduled_event: scheduled events are not supported by Gatehouse yet`},
		{"get_scheduled_events", `{"type":"one_off"}`, `!not-supported $.args get_scheduled_events: scheduled events are not supported by Gatehouse yet`},
		{"get_scheduled_event_invocations", `{"type":"one_off"}`, `!not-supported $.args get_scheduled_event_invocations: scheduled events are not supported by Gatehouse yet`},
		{"test_webhook_transform", `{"webhook_url":"http://localhost","body":{"a":1},"request_transform":{"version":2,"body":{"action":"transform","template":"{{$body.a}}"}}}`, `…`},
		{"test_webhook_transform", `{"body":{}}`, `!parse-failed $.args key "webhook_url" not found`},
		{"add_remote_schema", `{"name":"r"}`, `!parse-failed $.args key "definition" not found`},
		{"add_remote_schema", `{"name":"r",` + def + `}`, ""},
		{"add_remote_schema", `{"name":"r",` + def + `}`, `!already-exists $.args remote schema with name "r" already exists`},
		{"update_remote_schema", `{"name":"x",` + def + `}`, `!not-exists $.args remote schema with name "x" doesn't exist`},
		{"update_remote_schema", `{"name":"r",` + def + `,"comment":"c"}`, ""},
		{"reload_remote_schema", `{"name":"x"}`, `!not-exists $.args remote schema with name "x" does not exist`},
		{"reload_remote_schema", `{"name":"r"}`, "…"},
		{"introspect_remote_schema", `{"name":"x"}`, `!not-exists $.args remote schema: "x" not found`},
		{"introspect_remote_schema", `{"name":"r"}`, `!not-supported $.args introspect_remote_schema: remote schemas are not supported by Gatehouse yet`},
		{"add_remote_schema_permissions", `{"remote_schema":"x","role":"user","definition":{"schema":"type Query { a: Int }"}}`, `!not-exists $.args remote schema "x" doesn't exist`},
		{"add_remote_schema_permissions", `{"remote_schema":"r","role":"user","definition":{"schema":"type Query { a: Int }"}}`, ""},
		{"drop_remote_schema_permissions", `{"remote_schema":"r","role":"x"}`, `!not-exists $.args permissions for role: "x" for remote schema:"r" doesn't exist`},
		{"drop_remote_schema_permissions", `{"remote_schema":"r","role":"user"}`, ""},
		{"create_remote_schema_remote_relationship", `{` + remote + `}`, `!parse-failed $.args key "definition" not found`},
		{"create_remote_schema_remote_relationship", `{` + remote + `,` + toSource + `}`, ""},
		{"update_remote_schema_remote_relationship", `{"remote_schema":"r","type_name":"T","name":"x",` + toSource + `}`, `!not-exists $.args remote relationship "x" on type "T" does not exist`},
		{"update_remote_schema_remote_relationship", `{` + remote + `,` + toSource + `}`, ""},
		{"delete_remote_schema_remote_relationship", `{"remote_schema":"r","type_name":"X","name":"rel"}`, `!not-exists $.args remote relationship "rel" on type "X" does not exist`},
		{"delete_remote_schema_remote_relationship", `{` + remote + `}`, ""},
		{"remove_remote_schema", `{"name":"x"}`, `!not-exists $.args no such remote schema`},
		{"remove_remote_schema", `{"name":"r"}`, ""},
		{"set_custom_types", `{"scalars":[{}]}`, `!parse-failed $.args.scalars[0] key "name" not found`},
		{"set_custom_types", `{"objects":[{"name":"Out","fields":[{"name":"a","type":"Int"}]}]}`, ""},
		{"create_action", `{"name":"act","definition":{"handler":"http://localhost"}}`, `!parse-failed $.args.definition key "output_type" not found`},
		{"create_action", `{"name":"act","definition":{"handler":"http://localhost","output_type":"Out"}}`, ""},
		{"create_action", `{"name":"act","definition":{"handler":"http://localhost","output_type":"Out"}}`, `!already-exists $.args action with name "act" already exists`},
		{"update_action", `{"name":"x","definition":{"handler":"http://localhost","output_type":"Out"}}`, `!not-exists $.args action with name "x" does not exist`},
		{"update_action", `{"name":"act","definition":{"handler":"http://localhost:2","output_type":"Out"}}`, ""},
		{"create_action_permission", `{"action":"x","role":"user"}`, `!not-exists $.args action with name "x" does not exist`},
		{"create_action_permission", `{"action":"act","role":"user"}`, ""},
		{"drop_action_permission", `{"action":"act","role":"x"}`, `!not-exists $.args permission for role: "x" is not defined on "act"`},
		{"drop_action_permission", `{"action":"act","role":"user"}`, ""},
		{"drop_action", `{"name":"x"}`, `!not-exists $.args action with name "x" does not exist`},
		{"drop_action", `{"name":"act"}`, ""},
		{"set_api_limits", `{"disabled":1}`, `!parse-failed $.args.disabled parsing Bool failed, expected Bool, but encountered Number`},
		{"set_api_limits", `{"depth_limit":{"global":5,"per_role":{}}}`, ""},
		{"remove_api_limits", `{}`, ""},
		{"set_metrics_config", `{"analyze_query_variables":1}`, `!parse-failed $.args.analyze_query_variables parsing Bool failed, expected Bool, but encountered Number`},
		{"set_metrics_config", `{"analyze_query_variables":true,"analyze_response_body":false}`, ""},
		{"remove_metrics_config", `{}`, ""},
		{"set_graphql_schema_introspection_options", `{"disabled_for_roles":1}`, `!parse-failed $.args.disabled_for_roles parsing List failed, expected Array, but encountered Number`},
		{"set_graphql_schema_introspection_options", `{"disabled_for_roles":["x"]}`, ""},
		{"add_host_to_tls_allowlist", `{}`, `!parse-failed $.args key "host" not found`},
		{"add_host_to_tls_allowlist", `{"host":"h"}`, ""},
		{"drop_host_from_tls_allowlist", `{"host":"x"}`, `!not-exists $.args the host "x" isn't present in the allowlist`},
		{"drop_host_from_tls_allowlist", `{"host":"h"}`, ""},
		{"set_query_tags", `{"source_name":"x"}`, `!not-exists $.args source with name "x" does not exist`},
		{"set_query_tags", `{"source_name":"default","disabled":true}`, ""},
		{"set_opentelemetry_config", `{"status":"x"}`, `!parse-failed $.args.status OpenTelemetry status must be either "enabled" or "disabled"`},
		{"set_opentelemetry_config", `{"data_types":["x"]}`, `!parse-failed $.args.data_types[0] unexpected string '"x"'.`},
		{"set_opentelemetry_config", `{"exporter_otlp":{"protocol":"grpc"}}`, `!parse-failed $.args.exporter_otlp.protocol gRPC is not supported`},
		{"set_opentelemetry_config", `{"exporter_otlp":{"traces_propagators":["jaeger"]}}`, `!parse-failed $.args.exporter_otlp.traces_propagators[0] unexpected string '"jaeger"'.`},
		{"set_opentelemetry_config", `{"exporter_otlp":{"resource_attributes":[{"name":"a"}]}}`, `!parse-failed $.args.exporter_otlp.resource_attributes[0] key "value" not found`},
		{"set_opentelemetry_config", `{"status":"enabled","data_types":["traces"]}`, `!unexpected $.args cannot continue due to new inconsistent metadata`},
		{"set_opentelemetry_config", `{"status":"enabled","batch_span_processor":{"max_export_batch_size":0}}`, `!unexpected $.args cannot continue due to new inconsistent metadata`},
		{"set_opentelemetry_config", `{"status":"disabled","data_types":["traces"],"exporter_otlp":{}}`, ""},
		{"set_opentelemetry_status", `"enabled"`, `!unexpected $.args cannot continue due to new inconsistent metadata`},
		{"set_opentelemetry_config", `{"status":"disabled","data_types":[],"exporter_otlp":{}}`, ""},
		{"set_opentelemetry_status", `"x"`, `!parse-failed $.args OpenTelemetry status must be either "enabled" or "disabled"`},
		{"set_opentelemetry_status", `"disabled"`, ""},
		{"dc_add_agent", `{"name":"a","url":"http://localhost"}`, `!not-supported $.args dc_add_agent: data connectors are not supported by Gatehouse yet`},
		{"dc_delete_agent", `{"name":"a"}`, `!not-supported $.args dc_delete_agent: data connectors are not supported by Gatehouse yet`},
	}
}

var documentSteps = []step{
	{"create_query_collection", `{"name":"qc"}`, `!parse-failed $.args key "definition" not found`},
	{"create_query_collection", `{"name":"qc","definition":{"queries":[{"name":"one","query":"query one { author { id } }"}]}}`, ""},
	{"create_query_collection", `{"name":"qc","definition":{"queries":[]}}`, `!already-exists $.args.name query collection with name "qc" already exists`},
	{"rename_query_collection", `{"name":"x","new_name":"y"}`, `!not-exists $.args query collection with name "x" does not exist`},
	{"rename_query_collection", `{"name":"qc","new_name":"all"}`, ""},
	{"add_query_to_collection", `{"collection_name":"x","query_name":"two","query":"query two { author { id } }"}`, `!not-exists $.args query collection with name "x" does not exist`},
	{"add_query_to_collection", `{"collection_name":"all","query_name":"one","query":"query two { author { id } }"}`, `!already-exists $.args query with name "one" already exists in collection "all"`},
	{"add_query_to_collection", `{"collection_name":"all","query_name":"two","query":"query two { author { id } }"}`, ""},
	{"add_collection_to_allowlist", `{"collection":"x"}`, `!not-exists $.args.collection query collection with name "x" does not exist`},
	{"add_collection_to_allowlist", `{"collection":"all"}`, ""},
	{"add_collection_to_allowlist", `{"collection":"all"}`, `…`},
	{"update_scope_of_collection_in_allowlist", `{"collection":"x","scope":{"global":true}}`, `!not-exists $.args.collection query collection with name "x" does not exist`},
	{"update_scope_of_collection_in_allowlist", `{"collection":"all","scope":{"global":false,"roles":["user"]}}`, ""},
	{"create_rest_endpoint", `{"name":"e","url":"one","methods":["GET"],"definition":{"query":{"collection_name":"all","query_name":"x"}}}`, `!not-exists $.args query with name x does not exist in query collection all`},
	{"create_rest_endpoint", `{"name":"e","url":"one","methods":["GET"],"definition":{"query":{"collection_name":"all","query_name":"one"}}}`, ""},
	{"drop_query_from_collection", `{"collection_name":"all","query_name":"x"}`, `!not-found $.args query with name "x" not found in collection "all"`},
	{"drop_query_from_collection", `{"collection_name":"all","query_name":"one"}`, `!unexpected $.args cannot continue due to newly found inconsistent metadata`},
	{"drop_query_collection", `{"collection":"all","cascade":false}`, `!dependency-error $.args.collection query collection with name "all" is present in the allowlist; cannot proceed to drop. please use cascade to confirm you wish to drop it from the allowlist as well`},
	{"drop_rest_endpoint", `{"name":"x"}`, `!not-exists $.args endpoint with name: x does not exist`},
	{"drop_rest_endpoint", `{"name":"e"}`, ""},
	{"drop_query_from_collection", `{"collection_name":"all","query_name":"one"}`, ""},
	{"drop_collection_from_allowlist", `{"collection":"x"}`, `!not-exists $.args.collection query collection with name "x" does not exist`},
	{"drop_collection_from_allowlist", `{"collection":"all"}`, ""},
	{"drop_query_collection", `{"collection":"all","cascade":false}`, ""},
	{"run_sql", `{"source":"default"}`, `!parse-failed $.args key "sql" not found`},
	{"run_sql", `{"source":"x","sql":"select 1"}`, `!not-exists $.args source with name "x" does not exist`},
	{"run_sql", `{"sql":"selec"}`, `!postgres-error $.args query execution failed`},
	{"run_sql", `{"sql":"select 1 as a, null as b"}`, `{"result_type":"TuplesOk","result":[["a","b"],["1","NULL"]]}`},
	{"bulk", `{}`, `!parse-failed $.args parsing List failed, expected Array, but encountered Object`},
	{"bulk", `[{"type":"pg_track_table","args":{"table":"x"}}]`, `!invalid-configuration $.args[0].args Inconsistent object: no such table/view exists in source: "x"`},
	{"bulk", `[{"type":"list_source_kinds","args":{}},{"type":"reload_metadata","args":{}}]`, `…`},
	{"bulk_keep_going", `{}`, `!parse-failed $.args parsing List failed, expected Array, but encountered Object`},
	{"bulk_keep_going", `[{"type":"pg_track_table","args":{"table":"x"}}]`, `…`},
	{"bulk_atomic", `[{"type":"export_metadata","args":{}}]`, `!unexpected $.args Bulk atomic does not support this command`},
	{"bulk_atomic", `[{"type":"pg_untrack_table","args":{"table":"article"}},{"type":"pg_track_table","args":{"table":"article"}}]`, ""},
	{"get_catalog_state", `{}`, `…`},
	{"set_catalog_state", `{"type":"x","state":{}}`, `!parse-failed $.args expected type cli or console, and a state`},
	{"set_catalog_state", `{"type":"console","state":{}}`, ""},
	{"dump_internal_state", `{}`, `…`},
	{"reload_metadata", `{"reload_sources":["x"]}`, `!not-exists $.args Source with name "x" not found in metadata`},
	{"reload_metadata", `{"reload_sources":["default"]}`, `…`},
	{"drop_inconsistent_metadata", `{}`, ""},
	{"export_metadata", `{}`, `…`},
	{"replace_metadata", `{"version":3}`, `!parse-failed $.args key "sources" not found`},
	{"replace_metadata", `{"version":3,"sources":[]}`, ""},
	{"export_metadata", `{}`, `{"version":3,"sources":[]}`},
	{"get_inconsistent_metadata", `{}`, `{"is_consistent":true,"inconsistent_objects":[]}`},
	{"clear_metadata", `{}`, ""},
}
