package metadata

import (
	"fmt"
	"strings"
)

// openTelemetryObject is what the commands on these settings name; its parts have names of their own where they are
// inconsistent (Hasura: RQL/DDL/OpenTelemetry, MOOpenTelemetry OtelSubobjectAll).
var openTelemetryObject = ObjectID{"open_telemetry", "open_telemetry all"}

// The words of the refusals are Hasura's (RQL/Types/OpenTelemetry, the FromJSON instances).

// openTelemetryStatus is "enabled", "disabled", or a text with {{NAME}} for an environment variable that says so (Hasura's
// docs: observability, opentelemetry).
func openTelemetryStatus(r *reader, n *node) {
	if n.kind == stringNode && (n.text == "enabled" || n.text == "disabled" || environmentName.MatchString(n.text)) {
		return
	}
	r.fail(`OpenTelemetry status must be either "enabled" or "disabled"`)
}

// oneWord is one of some texts; unserved are others with what is said to them.
func oneWord(what string, unserved map[string]string, known ...string) shape {
	return func(r *reader, n *node) {
		if n.kind != stringNode {
			r.mismatch(what, "String", n)
			return
		}
		for _, k := range known {
			if n.text == k {
				return
			}
		}
		if reason := unserved[n.text]; reason != "" {
			r.fail("%s", reason)
			return
		}
		r.fail("unexpected string '%s'.", fmt.Sprintf("%q", n.text))
	}
}

var openTelemetryShape = record("OpenTelemetryConfig",
	has("status", openTelemetryStatus), has("data_types", every(oneWord("OtelDataType", nil, "traces", "metrics", "logs"))),
	has("exporter_otlp", record("OtelExporterConfig",
		has("headers", headersShape),
		has("protocol", oneWord("OtlpProtocol", map[string]string{"http/json": "http/json is not supported", "grpc": "gRPC is not supported"}, "http/protobuf")),
		has("otlp_traces_endpoint", textShape), has("otlp_metrics_endpoint", textShape), has("otlp_logs_endpoint", textShape),
		has("traces_propagators", every(oneWord("TracePropagator", nil, "b3", "tracecontext"))),
		has("resource_attributes", every(record("name-value pair", needs("name", textShape), needs("value", textShape)))))),
	has("batch_span_processor", record("OtelBatchSpanProcessorConfig", has("max_export_batch_size", integerShape))))

// openTelemetryEndpoints may name environment variables.
var openTelemetryEndpoints = strings.Fields("otlp_traces_endpoint otlp_metrics_endpoint otlp_logs_endpoint")

// setOpenTelemetry replaces the settings as a whole.
func setOpenTelemetry(_ *reader, n *node) Mutation {
	doc := n.compact()
	return change(openTelemetryObject, func(m *Metadata) error {
		if m.OpenTelemetry = doc; len(n.keys) == 0 {
			m.OpenTelemetry = nil
		}
		return nil
	})
}

// setOpenTelemetryStatus takes a status, alone or under "status".
func setOpenTelemetryStatus(r *reader, n *node) Mutation {
	at := n
	if n.kind == objectNode {
		if at = n.member("status"); at == nil {
			r.fail("key %q not found", "status")
			return Mutation{}
		}
		r.key("status", func() { openTelemetryStatus(r, at) })
	} else {
		openTelemetryStatus(r, at)
	}
	status := at.text
	return change(openTelemetryObject, func(m *Metadata) error {
		config := m.OpenTelemetry
		if config == nil {
			config = []byte(`{}`)
		}
		m.OpenTelemetry = with(config, "status", quoteJSON(status))
		return nil
	})
}

func init() {
	register("set_opentelemetry_config", checked(openTelemetryShape, setOpenTelemetry))
	register("set_opentelemetry_status", setOpenTelemetryStatus)
}
