package admin

import (
	"context"
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// pending are commands of Hasura's that act on what Gatehouse keeps and does not run yet. They are refused by name, so
// that nobody believes that something was done; before that, what they name must exist.
var pending = map[string]pendingCommand{
	"redeliver_event":                 {what: "event triggers", key: "event_id"},
	"invoke_event_trigger":            {what: "event triggers", key: "name", exists: hasTrigger},
	"get_event_logs":                  {what: "event triggers", key: "name", exists: hasTrigger},
	"get_event_invocation_logs":       {what: "event triggers", key: "name", exists: hasTrigger},
	"get_event_by_id":                 {what: "event triggers", key: "event_id"},
	"cleanup_event_trigger_logs":      {what: "event triggers"},
	"resume_event_trigger_cleanups":   {what: "event triggers"},
	"pause_event_trigger_cleanups":    {what: "event triggers"},
	"create_scheduled_event":          {what: "scheduled events", key: "webhook"},
	"delete_scheduled_event":          {what: "scheduled events", key: "event_id"},
	"get_scheduled_events":            {what: "scheduled events", key: "type", exists: hasSchedule},
	"get_scheduled_event_invocations": {what: "scheduled events", exists: hasSchedule},
	"introspect_remote_schema":        {what: "remote schemas", key: "name", exists: hasRemoteSchema},
	"test_connection_template":        {what: "connection templates"},
	"dc_add_agent":                    {what: "data connectors", key: "name"},
	"dc_delete_agent":                 {what: "data connectors", key: "name"},
}

// pendingCommand: key is an argument that must be there, exists refuses what names something that is not.
type pendingCommand struct {
	what, key string
	exists    func(doc *metadata.Metadata, a pendingArgs) error
}

// pendingArgs are what of the arguments of pending commands names something.
type pendingArgs struct {
	Name        string `json:"name"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	TriggerName string `json:"trigger_name"`
}

func (e *execution) refusePending(_ context.Context, v View, r *request) ([]byte, error) {
	p := pending[r.kind]
	var o map[string]json.RawMessage
	if err := json.Unmarshal(r.args, &o); err != nil || o == nil {
		return nil, fault.New(fault.ParseFailed, "", "parsing Object failed, expected Object, but encountered %s", fault.JSONKind(r.args))
	}
	if p.key != "" && o[p.key] == nil {
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", p.key)
	}
	a := pendingArgs{Source: metadata.DefaultSource}
	if err := json.Unmarshal(r.args, &a); err != nil {
		return nil, misread(fault.Root, err)
	}
	if p.exists != nil {
		if err := p.exists(v.Metadata(), a); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.NotSupported, "", "%s: %s are not supported by Gatehouse yet", r.full, p.what)
}

func hasTrigger(doc *metadata.Metadata, a pendingArgs) error {
	s := doc.Source(a.Source)
	if s == nil {
		return metadata.NoSource(a.Source)
	}
	has := func(t *metadata.Table) bool {
		return slices.ContainsFunc(t.EventTriggers, func(o *metadata.Opaque) bool { return o.Name == a.Name })
	}
	if !slices.ContainsFunc(s.Tables, has) {
		return fault.New(fault.NotExists, "", "event trigger %q does not exist", a.Name)
	}
	return nil
}

func hasSchedule(doc *metadata.Metadata, a pendingArgs) error {
	has := func(o *metadata.Opaque) bool { return o.Name == a.TriggerName }
	if a.Type == "cron" && !slices.ContainsFunc(doc.CronTriggers, has) {
		return fault.New(fault.NotExists, "", "cron trigger with name: %s does not exist", a.TriggerName)
	}
	return nil
}

func hasRemoteSchema(doc *metadata.Metadata, a pendingArgs) error {
	has := func(o *metadata.Opaque) bool { return o.Name == a.Name }
	if !slices.ContainsFunc(doc.RemoteSchemas, has) {
		return fault.New(fault.NotExists, "", "remote schema: %q not found", a.Name)
	}
	return nil
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
	if err := json.Unmarshal(r.args, &a); err != nil {
		return nil, misread(fault.Root, err)
	}
	if a.Name == "" {
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", "name")
	}
	if _, builtIn := backends[a.Name]; builtIn {
		return nil, fault.New(dataConnectorError, "", "%s does not support Capabilities", a.Name)
	}
	return nil, fault.New(dataConnectorError, "", "Source Kind %s was not found", a.Name)
}

const dataConnectorError = "data-connector-error"

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
			return nil, misread(fault.Root, err)
		}
		s := v.Metadata().Source(a.Source)
		if s == nil {
			return nil, metadata.NoSourceOfKind(a.Source)
		}
		return marshal(documents(list(s)))
	}
}
