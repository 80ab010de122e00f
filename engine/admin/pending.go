package admin

import (
	"context"
	"encoding/json"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// pending are commands of Hasura's that act on what Gatehouse keeps and does not run yet. They are refused by name, so
// that nobody believes that something was done.
var pending = map[string]string{
	"redeliver_event": "event triggers", "invoke_event_trigger": "event triggers", "get_event_logs": "event triggers",
	"get_event_invocation_logs": "event triggers", "get_event_by_id": "event triggers", "cleanup_event_trigger_logs": "event triggers",
	"resume_event_trigger_cleanup": "event triggers", "pause_event_trigger_cleanup": "event triggers",
	"resume_all_event_trigger_cleanups": "event triggers", "pause_all_event_trigger_cleanups": "event triggers",
	"create_scheduled_event": "scheduled events", "delete_scheduled_event": "scheduled events", "get_scheduled_events": "scheduled events",
	"get_scheduled_event_invocations": "scheduled events", "get_event_invocations": "scheduled events",
	"introspect_remote_schema": "remote schemas", "test_connection_template": "connection templates", "track_stored_procedure": "stored procedures", "untrack_stored_procedure": "stored procedures",
}

func (e *execution) refusePending(_ context.Context, _ View, r *request) ([]byte, error) {
	return nil, fault.New(fault.NotSupported, "", "%s: %s are not supported by Gatehouse yet", r.full, pending[r.kind])
}

func init() {
	for kind := range pending {
		reads[kind] = (*execution).refusePending
	}
	reads["get_source_kind_capabilities"] = (*execution).getSourceKindCapabilities
	reads["get_cron_triggers"] = (*execution).getCronTriggers
	reads["get_native_query"] = sourceList(func(s *metadata.Source) []*metadata.Opaque { return s.NativeQueries })
	reads["get_logical_model"] = sourceList(func(s *metadata.Source) []*metadata.Opaque { return s.LogicalModels })
}

// getSourceKindCapabilities: capabilities are what data connectors describe themselves with; Postgres is built in.
func (e *execution) getSourceKindCapabilities(_ context.Context, _ View, r *request) ([]byte, error) {
	var a struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(r.args, &a); err != nil || a.Name == "" {
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", "name")
	}
	if a.Name == "postgres" || a.Name == "pg" {
		return nil, fault.New(fault.NotSupported, "", "Source kind %s does not have capabilities", a.Name)
	}
	return nil, fault.New(fault.NotFound, "", "Source kind %s was not found", a.Name).WithStatus(400)
}

func (e *execution) getCronTriggers(_ context.Context, v View, _ *request) ([]byte, error) {
	return marshal(map[string][]json.RawMessage{"cron_triggers": documents(v.Metadata().CronTriggers)})
}

func documents(list []*metadata.Opaque) []json.RawMessage {
	out := make([]json.RawMessage, len(list))
	for i, o := range list {
		out[i] = o.JSON
	}
	return out
}

// sourceList is a command that lists objects of a source.
func sourceList(list func(*metadata.Source) []*metadata.Opaque) func(*execution, context.Context, View, *request) ([]byte, error) {
	return func(_ *execution, _ context.Context, v View, r *request) ([]byte, error) {
		a := struct {
			Source string `json:"source"`
		}{metadata.DefaultSource}
		if err := json.Unmarshal(r.args, &a); err != nil {
			return nil, fault.New(fault.ParseFailed, "", "parsing arguments failed: %s", err)
		}
		s := v.Metadata().Source(a.Source)
		if s == nil {
			return nil, fault.New(fault.NotExists, "", "source with name %q does not exist", a.Source)
		}
		return marshal(documents(list(s)))
	}
}
