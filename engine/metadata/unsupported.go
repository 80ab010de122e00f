package metadata

import (
	"encoding/json"
	"fmt"
)

// Unsupported lists what the document holds that Hasura serves and Gatehouse does not yet: it is kept and exported, and
// shown as inconsistent with the reason. To these it adds what a stored document holds that is not understood.
func (m *Metadata) Unsupported() []Inconsistency {
	var out []Inconsistency
	list := func(id ObjectID, definition any, is shape, what string) {
		reason := fmt.Sprintf("Inconsistent object: %s are not supported by Gatehouse yet", what)
		wrong := ""
		if doc, ok := definition.(json.RawMessage); ok && is != nil {
			if wrong = is.check(doc); wrong != "" {
				reason += "; " + wrong
			}
		}
		out = append(out, Inconsistency{Definition: definition, Name: id.Name, Type: id.Type, Unsupported: true, Reason: reason, isRefused: wrong != ""})
	}
	for _, s := range m.Sources {
		if s.Foreign != nil {
			list(SourceObject(s.Name), s.Name, nil, fmt.Sprintf("sources of kind %q", s.Kind))
			continue
		}
		if wrong := queryTagsShape.check(s.QueryTags); s.QueryTags != nil && wrong != "" {
			list(ObjectID{"query_tags", "query_tags in source " + s.Name}, s.QueryTags, queryTagsShape, "such query tags")
		}
		for _, f := range s.Functions {
			if f.Configuration != nil && f.Configuration.Response != nil {
				list(ObjectID{"function_response", fmt.Sprintf("response of function %s in source %s", f.Name, s.Name)}, f.Configuration.Response, nil, "declared responses of functions")
			}
		}
		for _, t := range s.Tables {
			for _, o := range t.RemoteRelationships {
				if !o.LeadsToSource() {
					list(RemoteRelationshipObject(s.Name, t.Name, o.Name), o.JSON, remoteRelationshipShape, "relationships to remote schemas")
				}
			}
			for _, o := range t.EventTriggers {
				list(tableChild("event_trigger", s.Name, t.Name, o.Name), o.JSON, eventTriggerShape, "event triggers")
			}
		}
	}
	for _, o := range m.RemoteSchemas {
		list(globalObject("remote_schema", o.Name), o.JSON, remoteSchemaShape, "remote schemas")
	}
	if m.CustomTypes != nil {
		list(customTypesObject, m.CustomTypes, customTypesShape, "custom types")
	}
	for _, o := range m.Actions {
		list(globalObject("action", o.Name), o.JSON, actionShape, "actions")
	}
	for _, o := range m.CronTriggers {
		list(globalObject("cron_trigger", o.Name), o.JSON, cronTriggerShape, "cron triggers")
	}
	for _, s := range m.settings() {
		switch {
		case *s.json == nil:
		case s.isHonoured:
			if wrong := s.shape.check(*s.json); wrong != "" {
				out = append(out, Inconsistency{Definition: *s.json, Name: s.name, Type: s.name, Unsupported: true, Reason: listUnclear(wrong), isRefused: true})
			}
		default:
			list(ObjectID{s.name, s.name}, *s.json, s.shape, s.what)
		}
	}
	return append(out, m.listLeftovers()...)
}

// setting is a part of the document that stands alone and is kept as it was written. backend_configs is none: it names
// the agents of other databases, has no effect of its own (Hasura's own compose file sets it), and a source that would
// need one is listed itself.
type setting struct {
	name, what string
	shape      shape
	json       *json.RawMessage
	isHonoured bool
}

func (m *Metadata) settings() []setting {
	return []setting{
		{"api_limits", "API limits", apiLimitsShape, &m.APILimits, true},
		{"metrics_config", "metrics settings", metricsShape, &m.MetricsConfig, false},
		{"graphql_schema_introspection", "introspection options", introspectionShape, &m.GraphQLSchemaIntrospection, true},
		{"network", "network settings", networkShape, &m.Network, false},
		{"open_telemetry", "OpenTelemetry settings", openTelemetryShape, &m.OpenTelemetry, true},
	}
}
