package metadata

import (
	"encoding/json"
	"fmt"
)

// Unsupported lists what the document holds that Hasura serves and Gatehouse does not yet: it is kept and exported, and
// shown as inconsistent with the reason.
func (m *Metadata) Unsupported() []Inconsistency {
	var out []Inconsistency
	list := func(id ObjectID, definition any, what string) {
		out = append(out, Inconsistency{
			Definition: definition, Name: id.Name, Type: id.Type, Unsupported: true,
			Reason: fmt.Sprintf("Inconsistent object: %s are not supported by Gatehouse yet", what),
		})
	}
	for _, s := range m.Sources {
		if s.Foreign != nil {
			list(SourceObject(s.Name), s.Name, fmt.Sprintf("sources of kind %q", s.Kind))
			continue
		}
		if s.QueryTags != nil {
			list(ObjectID{"query_tags", "query_tags in source " + s.Name}, s.QueryTags, "query tags")
		}
		for _, t := range s.Tables {
			for _, o := range t.RemoteRelationships {
				list(tableChild("remote_relationship", s.Name, t.Name, o.Name), o.JSON, "remote relationships")
			}
			for _, o := range t.EventTriggers {
				list(tableChild("event_trigger", s.Name, t.Name, o.Name), o.JSON, "event triggers")
			}
		}
	}
	for _, o := range m.RemoteSchemas {
		list(globalObject("remote_schema", o.Name), o.JSON, "remote schemas")
	}
	if m.CustomTypes != nil {
		list(customTypesObject, m.CustomTypes, "custom types")
	}
	for _, o := range m.Actions {
		list(globalObject("action", o.Name), o.JSON, "actions")
	}
	for _, o := range m.CronTriggers {
		list(globalObject("cron_trigger", o.Name), o.JSON, "cron triggers")
	}
	for _, s := range m.settings() {
		if *s.json != nil {
			list(ObjectID{s.name, s.name}, *s.json, s.what)
		}
	}
	return out
}

// setting is a part of the document that stands alone and is kept as it was written. backend_configs is none: it names
// the agents of other databases, has no effect of its own (Hasura's own compose file sets it), and a source that would
// need one is listed itself.
type setting struct {
	name, what string
	json       *json.RawMessage
}

func (m *Metadata) settings() []setting {
	return []setting{
		{"api_limits", "API limits", &m.APILimits},
		{"metrics_config", "metrics settings", &m.MetricsConfig},
		{"graphql_schema_introspection", "introspection options", &m.GraphQLSchemaIntrospection},
		{"network", "network settings", &m.Network},
		{"open_telemetry", "OpenTelemetry settings", &m.OpenTelemetry},
	}
}
