package observe_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
)

func TestExports_metricsHaveTheNamesOfMetrics(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t) // /v1/metrics is not served
	g.notes()
	g.metadata("set_opentelemetry_config", `{"status":"enabled","data_types":["metrics"],"exporter_otlp":{"otlp_metrics_endpoint":"`+c.URL+`/v1/metrics","otlp_traces_endpoint":"`+c.URL+`/v1/traces"}}`)
	for range 3 {
		g.do("POST", "/v1/graphql", `{"query":"query Notes { note { id } }"}`, "X-Hasura-Admin-Secret", adminSecret)
	}
	g.stop() // the last are sent then
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) > 0 {
		t.Errorf("traces were not asked for: %v", c.spans)
	}
	got := map[string]string{}
	for _, m := range c.metrics.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics() {
		for _, p := range m.GetSum().GetDataPoints() {
			got[m.GetName()+" "+texts(p.GetAttributes())["operation_name"]] = fmt.Sprint(p.GetAsDouble(), " ", m.GetSum().GetIsMonotonic(), " ", m.GetSum().GetAggregationTemporality())
		}
		for _, p := range m.GetGauge().GetDataPoints() {
			got[m.GetName()] = fmt.Sprint(p.GetAsDouble())
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			counted := uint64(0)
			for _, n := range p.GetBucketCounts() {
				counted += n
			}
			got[m.GetName()+" "+texts(p.GetAttributes())["operation_type"]] = fmt.Sprint(p.GetCount(), " ", counted, " ", len(p.GetBucketCounts())-len(p.GetExplicitBounds()), " ", p.GetSum() > 0)
		}
	}
	for name, want := range map[string]string{
		"hasura_graphql_requests_total Notes":         "3 true AGGREGATION_TEMPORALITY_CUMULATIVE",
		"hasura_graphql_execution_time_seconds query": "3 3 1 true",
		"hasura_metadata_resource_version":            "4",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestExports_linesOfTheLog(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"json", "text"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			g, c := start(t, "--log-format", form), receive(t)
			g.notes()
			g.metadata("set_opentelemetry_config", `{"status":"enabled","data_types":["traces","logs"],"exporter_otlp":{"otlp_traces_endpoint":"`+c.URL+`/v1/traces","otlp_logs_endpoint":"`+c.URL+`/v1/logs"}}`)
			g.do("POST", "/v1/graphql", `{"query":"{ note { id } }"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "one")
			root := c.of(g, "one")[0]
			g.until("the line", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				for _, r := range c.logs.GetResourceLogs() {
					for _, l := range r.GetScopeLogs()[0].GetLogRecords() {
						if text := l.GetBody().String(); strings.Contains(text, "hunter2") {
							t.Fatalf("a secret: %s", text)
						}
						if at(l.GetBody(), "request_id").GetStringValue() != "one" {
							continue
						}
						attributes := texts(l.GetAttributes())
						if attributes["type"] != "http-log" || l.GetSeverityText() != "info" || hex.EncodeToString(l.GetTraceId()) != root.trace || len(l.GetSpanId()) != 8 ||
							at(l.GetBody(), "http_info", "status").GetIntValue() != 200 || l.GetTimeUnixNano() == 0 {
							t.Errorf("got %v", l)
						}
						return true
					}
				}
				return false
			})
		})
	}
}

// at is a value inside a record's body.
func at(v *common.AnyValue, path ...string) *common.AnyValue {
	for _, key := range path {
		var next *common.AnyValue
		for _, kv := range v.GetKvlistValue().GetValues() {
			if kv.GetKey() == key {
				next = kv.GetValue()
			}
		}
		v = next
	}
	return v
}

func TestExports_whatIsAskedForNeedsAnEndpoint(t *testing.T) {
	t.Parallel()
	g := start(t)
	for args, reason := range map[string]string{
		`"data_types":["traces"]`:  "Traces export is enabled but tracing endpoint missing",
		`"data_types":["metrics"]`: "Metrics export is enabled but metrics endpoint missing",
		`"data_types":["logs"]`:    "Logs export is enabled but logs endpoint missing",
		`"data_types":["traces"],"exporter_otlp":{"otlp_traces_endpoint":"localhost"}`:                                                   "Invalid URL",
		`"data_types":["traces"],"exporter_otlp":{"otlp_traces_endpoint":"http://{{NOWHERE_SET}}"}`:                                      "Value for environment variables not found: NOWHERE_SET",
		`"data_types":[],"exporter_otlp":{"headers":[{"name":"key","value_from_env":"NOWHERE_SET"}]}`:                                    "environment variable 'NOWHERE_SET' not set",
		`"data_types":["traces"],"exporter_otlp":{"otlp_traces_endpoint":"http://x"},"batch_span_processor":{"max_export_batch_size":0}`: "max_export_batch_size must be a positive integer",
	} {
		status, body, _ := g.do("POST", "/v1/metadata", `{"type":"set_opentelemetry_config","args":{"status":"enabled",`+args+`}}`, "X-Hasura-Admin-Secret", adminSecret)
		if status != 400 || !strings.Contains(body, `"error":"cannot continue due to new inconsistent metadata","code":"unexpected"`) || !strings.Contains(body, reason) {
			t.Errorf("%s: %d %s, want %s", args, status, body, reason)
		}
		// Switched off, nothing is wrong with it.
		g.metadata("set_opentelemetry_config", `{"status":"disabled",`+args+`}`)
	}
}
