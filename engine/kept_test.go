package engine_test

import (
	"strings"
	"testing"
)

// What is kept without being executed is stored, exported and listed with the reason; what would act on it is refused.
func TestKeptCommands(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.do("add_host_to_tls_allowlist", `{"host":"example.org","suffix":"8443","permissions":["self-signed"]}`)
	s.want(400, `{"path":"$.args","error":"the host \"example.org\" with suffix \"8443\" already exists in the allowlist","code":"already-exists"}`,
		"add_host_to_tls_allowlist", `{"host":"example.org","suffix":"8443"}`)
	s.want(400, `{"path":"$.args","error":"the host \"example.org\" isn't present in the allowlist","code":"not-exists"}`,
		"drop_host_from_tls_allowlist", `{"host":"example.org"}`)
	s.do("set_query_tags", `{"source_name":"default","format":"sqlcommenter","disabled":false}`)
	s.want(400, "", "set_query_tags", `{"source_name":"default","format":"other"}`)
	s.do("set_metrics_config", `{"analyze_query_variables":true}`)
	s.do("set_api_limits", `{"disabled":false,"depth_limit":{"global":5}}`)
	s.do("set_graphql_schema_introspection_options", `{"disabled_for_roles":["user"]}`)
	s.do("pg_track_logical_model", `{"name":"m","fields":[{"name":"id","type":"integer"}]}`)
	s.do("pg_create_logical_model_select_permission", `{"name":"m","role":"user","permission":{"columns":["id"],"filter":{}}}`)
	s.do("pg_track_native_query", `{"root_field_name":"q","code":"select 1 as id","returns":"m","arguments":{}}`)
	s.do("create_cron_trigger", `{"name":"c","webhook":"http://hook","schedule":"* * * * *","include_in_metadata":true}`)
	s.do("add_remote_schema", `{"name":"r","definition":{"url":"http://remote/graphql"}}`)
	s.do("create_remote_schema_remote_relationship", `{"remote_schema":"r","type_name":"User","name":"orders","definition":{"to_source":{"source":"default","table":"orders","relationship_type":"array","field_mapping":{"id":"user_id"}}}}`)

	doc := s.document()
	for _, want := range []string{
		`"network":{"tls_allowlist":[{"host":"example.org","permissions":["self-signed"],"suffix":"8443"}]}`,
		`"query_tags":{"disabled":false,"format":"sqlcommenter"}`,
		`"select_permissions":[{"permission":{"columns":["id"],"filter":{}},"role":"user"}]`,
		`"native_queries":[{"arguments":{},"code":"select 1 as id","returns":"m","root_field_name":"q"}]`,
		`"remote_relationships":[{"type_name":"User","relationships":[{"definition":{"to_source":{"source":"default","table":"orders","relationship_type":"array","field_mapping":{"id":"user_id"}}},"name":"orders"}]}]`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s is not in %s", want, doc)
		}
	}
	_, listed := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	for _, kind := range []string{"network", "metrics_config", "cron_trigger", "remote_schema"} {
		if !strings.Contains(listed, `"type":"`+kind+`"`) {
			t.Errorf("%s is not listed in %s", kind, listed)
		}
	}
	s.want(200, `[{"arguments":{},"code":"select 1 as id","returns":"m","root_field_name":"q"}]`, "pg_get_native_query", `{"source":"default"}`)
	s.want(200, `{"cron_triggers":[{"name":"c","webhook":"http://hook","schedule":"* * * * *","include_in_metadata":true}]}`, "get_cron_triggers", `{}`)
	s.declines("pg_untrack_logical_model", `{"name":"m"}`, "cannot continue due to new inconsistent metadata")
	s.want(400, `{"path":"$.args","error":"Native query 'q' is already tracked.","code":"already-tracked"}`, "pg_track_native_query", `{"root_field_name":"q","code":"select 1","returns":"m"}`)
	s.want(400, `{"path":"$.args.cod","error":"unexpected key \"cod\"; the nearest known key is \"code\"","code":"parse-failed"}`, "pg_track_native_query", `{"root_field_name":"p","cod":"","returns":"m"}`)
	s.want(400, `{"path":"$.args","error":"create_scheduled_event: scheduled events are not supported by Gatehouse yet","code":"not-supported"}`, "create_scheduled_event", `{"webhook":"http://hook"}`)
	s.want(400, `{"path":"$.args","error":"postgres does not support Capabilities","code":"data-connector-error"}`, "get_source_kind_capabilities", `{"name":"postgres"}`)

	s.do("delete_remote_schema_remote_relationship", `{"remote_schema":"r","type_name":"User","name":"orders"}`)
	s.do("pg_untrack_native_query", `{"root_field_name":"q"}`)
	s.do("pg_drop_logical_model_select_permission", `{"name":"m","role":"user"}`)
	s.do("pg_untrack_logical_model", `{"name":"m"}`)
	s.want(400, `{"path":"$.args","error":"Logical model \"m\" not found in source \"default\".","code":"not-found"}`, "pg_untrack_logical_model", `{"name":"m"}`)
	s.do("drop_host_from_tls_allowlist", `{"host":"example.org","suffix":"8443"}`)
	s.do("set_query_tags", `{"source_name":"default"}`)
	s.do("remove_api_limits", `{}`)
	if doc := s.document(); strings.Contains(doc, "network") || strings.Contains(doc, "query_tags") || strings.Contains(doc, "native_queries") || strings.Contains(doc, "orders") {
		t.Errorf("something is left of what was removed: %s", doc)
	}
}

func TestReloadMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	const reloaded = `{"message":"success","is_consistent":true}`
	for _, args := range []string{`{}`, `null`, `{"reload_sources":true,"reload_remote_schemas":false}`, `{"reload_sources":["default"],"recreate_event_triggers":false}`, `{"reload_sources":[]}`} {
		s.want(200, reloaded, "reload_metadata", args)
	}
	s.want(400, `{"path":"$.args","error":"Source with name \"other\" not found in metadata","code":"not-exists"}`, "reload_metadata", `{"reload_sources":["other"]}`)
	s.want(400, `{"path":"$.args.reload_sources","error":"expected a boolean or a list of names, but encountered Number","code":"parse-failed"}`, "reload_metadata", `{"reload_sources":1}`)
}
