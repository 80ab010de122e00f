package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"gatehouse/engine/metadata"
	"gatehouse/telemetry"
)

// openTelemetry is metadata's opentelemetry object (Hasura: RQL/Types/OpenTelemetry). Its shape was checked before.
type openTelemetry struct {
	Status    string   `json:"status"`
	DataTypes []string `json:"data_types"`
	// Exporter is also shown where it is inconsistent, as it was written.
	Exporter json.RawMessage `json:"exporter_otlp"`
	Batch    json.RawMessage `json:"batch_span_processor"`
}

type otlpExporter struct {
	Traces  *string `json:"otlp_traces_endpoint"`
	Metrics *string `json:"otlp_metrics_endpoint"`
	Logs    *string `json:"otlp_logs_endpoint"`
	Headers []struct {
		Name    string `json:"name"`
		Value   string `json:"value"`
		FromEnv string `json:"value_from_env"`
	} `json:"headers"`
	Attributes []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"resource_attributes"`
	Propagators []telemetry.Propagator `json:"traces_propagators"`
}

type otlpBatch struct {
	Size *int `json:"max_export_batch_size"`
}

// The parts of the object that can be inconsistent (Hasura: OpenTelemetryConfigSubobject).
const (
	wholeOpenTelemetry = "all"
	exporterPart       = "exporter_otlp"
	batchPart          = "batch_span_processor"
)

// otlpTarget is where a document has things exported, the zero value for nowhere, and what is wrong with that. As in Hasura
// nothing is wrong with what is switched off (Hasura: RQL/DDL/OpenTelemetry). The endpoint is an administrator's, and may be
// in a private network, as collectors are.
func (c *Config) otlpTarget(doc *metadata.Metadata) (t telemetry.Target, wrong []metadata.Inconsistency) {
	var o openTelemetry
	if doc.OpenTelemetry == nil || json.Unmarshal(doc.OpenTelemetry, &o) != nil { // then its shape is listed as wrong
		return t, nil
	}
	problem := func(part string, definition json.RawMessage, format string, args ...any) {
		if definition == nil {
			definition = json.RawMessage(`{}`)
		}
		const kind = "open_telemetry"
		wrong = append(wrong, metadata.Inconsistency{Definition: definition, Name: kind + " " + part, Type: kind, Reason: "Inconsistent object: " + fmt.Sprintf(format, args...)})
	}
	status, err := c.expand(o.Status)
	switch {
	case err != nil:
		problem(wholeOpenTelemetry, doc.OpenTelemetry, "%s", err)
		return t, wrong
	case status == "", status == "disabled":
		return t, nil
	case status != "enabled":
		problem(wholeOpenTelemetry, doc.OpenTelemetry, `OpenTelemetry status must be either "enabled" or "disabled"`)
		return t, wrong
	}
	if t, err = c.exporter(&o); err != nil {
		problem(exporterPart, o.Exporter, "%s", err)
	}
	var batch otlpBatch
	if len(o.Batch) > 0 {
		if err := json.Unmarshal(o.Batch, &batch); err != nil {
			problem(batchPart, o.Batch, "max_export_batch_size must be a positive integer")
		}
	}
	if batch.Size != nil && *batch.Size <= 0 {
		problem(batchPart, o.Batch, "max_export_batch_size must be a positive integer")
	} else if batch.Size != nil {
		t.BatchSize = min(*batch.Size, maxExportBatch)
	}
	if len(wrong) > 0 {
		return telemetry.Target{}, wrong
	}
	return t, nil
}

// maxExportBatch bounds what an exporter holds; four times as much may wait.
const maxExportBatch = 10_000

func (c *Config) exporter(o *openTelemetry) (t telemetry.Target, err error) {
	var e otlpExporter
	if o.Exporter != nil {
		if err := json.Unmarshal(o.Exporter, &e); err != nil {
			return t, err
		}
	}
	t.Header = http.Header{}
	for _, h := range e.Headers {
		value := h.Value
		if h.FromEnv != "" {
			if value, err = c.environment(h.FromEnv); err != nil {
				return t, err
			}
		}
		t.Header.Add(h.Name, value)
	}
	for _, end := range []struct {
		signal, missing string
		from            *string
		to              *string
	}{
		{"traces", "Traces export is enabled but tracing endpoint missing", e.Traces, &t.Traces},
		{"metrics", "Metrics export is enabled but metrics endpoint missing", e.Metrics, &t.Metrics},
		{"logs", "Logs export is enabled but logs endpoint missing", e.Logs, &t.Logs},
	} {
		switch {
		case !slices.Contains(o.DataTypes, end.signal):
		case end.from == nil:
			return t, fmt.Errorf("%s", end.missing)
		default:
			if *end.to, err = c.endpoint(*end.from); err != nil {
				return t, err
			}
		}
	}
	t.Resource = map[string]string{}
	for _, a := range e.Attributes {
		t.Resource[a.Name] = a.Value
	}
	// B3 is always there, as in Hasura.
	t.Propagators = append(slices.Clone(e.Propagators), telemetry.B3)
	return t, nil
}

// endpoint is a URL with the environment's variables in it.
func (c *Config) endpoint(text string) (string, error) {
	text, err := c.expand(text)
	if err != nil {
		return "", err
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("Invalid URL")
	}
	return text, nil
}

// expand puts environment variables, {{NAME}}, into a text.
func (c *Config) expand(text string) (string, error) {
	out, missing := metadata.Expand(text, func(name string) (string, bool) {
		value, err := c.environment(name)
		return value, err == nil
	})
	if missing != "" {
		return "", fmt.Errorf("Value for environment variables not found: %s", missing)
	}
	return out, nil
}
