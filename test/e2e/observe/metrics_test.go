package observe_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const metricsSecret = "hunter2-metrics-secret"

// metrics is what a scraper sees.
func (g *gatehouse) metrics() string {
	g.t.Helper()
	status, body, header := g.do("GET", "/v1/metrics", "", "Authorization", "Bearer "+metricsSecret)
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		g.t.Fatalf("metrics: %d %s", status, body)
	}
	return body
}

func TestMetrics_areGuarded(t *testing.T) {
	t.Parallel()
	off, open, guarded := start(t), start(t, "--enabled-apis", "graphql,metadata,metrics"), start(t, "--enabled-apis", "graphql,metadata,metrics", "--metrics-secret", metricsSecret)
	for _, c := range []struct {
		name   string
		of     *gatehouse
		header []string
		want   int
	}{
		{"off", off, []string{"X-Hasura-Admin-Secret", adminSecret}, http.StatusNotFound},
		{"without a secret, nobody", open, nil, http.StatusUnauthorized},
		{"without a secret, wrong admin", open, []string{"X-Hasura-Admin-Secret", "wrong"}, http.StatusUnauthorized},
		{"without a secret, as a user", open, []string{"X-Hasura-Admin-Secret", adminSecret, "X-Hasura-Role", "user"}, http.StatusUnauthorized},
		{"without a secret, admin", open, []string{"X-Hasura-Admin-Secret", adminSecret}, http.StatusOK},
		{"nobody", guarded, nil, http.StatusUnauthorized},
		{"wrong secret", guarded, []string{"Authorization", "Bearer wrong"}, http.StatusUnauthorized},
		{"another scheme", guarded, []string{"Authorization", "Basic " + metricsSecret}, http.StatusUnauthorized},
		{"empty secret", guarded, []string{"Authorization", "Bearer "}, http.StatusUnauthorized},
		{"admin instead of the secret", guarded, []string{"X-Hasura-Admin-Secret", adminSecret}, http.StatusUnauthorized},
		{"secret", guarded, []string{"Authorization", "Bearer " + metricsSecret}, http.StatusOK},
	} {
		if status, body, _ := c.of.do("GET", "/v1/metrics", "", c.header...); status != c.want {
			t.Errorf("%s: %d, want %d: %.200s", c.name, status, c.want, body)
		}
	}
}

func TestMetrics_countWhatHappens(t *testing.T) {
	t.Parallel()
	g := start(t, "--enabled-apis", "graphql,metadata,metrics", "--metrics-secret", metricsSecret)
	g.notes()
	ask := func(query string, header ...string) {
		g.do("POST", "/v1/graphql", `{"query":"`+query+`"}`, append(header, "X-Hasura-Admin-Secret", adminSecret)...)
	}
	ask("query Notes { note(limit: 1) { id } }")
	ask("query Notes { note(limit: 2) { id } }")
	ask("query Notes @cached { note { id } }")
	ask("query Notes @cached { note { id } }")
	ask("mutation { insert_note_one(object: {text: \\\"two\\\"}) { id } }")
	ask("mutation { insert_note_one(object: {text: null}) { id } }")
	ask("{ nothing }")
	g.do("POST", "/v1/graphql", `{"query":"{ note { id } }"}`, "X-Hasura-Admin-Secret", "wrong")
	g.talk("next", initSocket, `{"id":"1","type":"subscribe","payload":{"query":"subscription Live { note { id } }"}}`)
	g.do("POST", "/oidc/token", "grant_type=client_credentials&client_id=x&client_secret=y", "Content-Type", "application/x-www-form-urlencoded")
	text := g.metrics()
	for _, want := range []string{
		`hasura_graphql_requests_total\{operation_name="Notes",operation_type="query",parameterized_query_hash="[0-9a-f]{40}",response_status="success"\} 2`,
		`hasura_graphql_requests_total\{operation_name="",operation_type="mutation",parameterized_query_hash="[0-9a-f]{40}",response_status="success"\} 1`,
		`hasura_graphql_requests_total\{operation_name="",operation_type="unknown",parameterized_query_hash="",response_status="failed"\} 3`,
		`hasura_graphql_requests_total\{operation_name="Live",operation_type="subscription",parameterized_query_hash="[0-9a-f]{40}",response_status="success"\} 1`,
		`hasura_graphql_execution_time_seconds_bucket\{operation_type="query",le="0.03"\} \d+`,
		`hasura_graphql_execution_time_seconds_count\{operation_type="query"\} 4`,
		`hasura_graphql_execution_time_seconds_count\{operation_type="mutation"\} 1`,
		`hasura_http_connections [1-9]`, `hasura_websocket_connections 0`, `hasura_http_request_bytes_total [1-9]`, `hasura_http_response_bytes_total [1-9]`,
		`hasura_websocket_messages_received_bytes_total [1-9]`, `hasura_websocket_messages_sent_bytes_total [1-9]`,
		`hasura_websocket_message_queue_time_count [1-9]`, `hasura_websocket_message_write_time_count [1-9]`,
		`hasura_cache_request_count\{status="hit"\} 1`, `hasura_cache_request_count\{status="miss"\} 1`,
		`hasura_active_subscription_pollers\{subscription_kind="live-query"\} 0`, `hasura_active_subscription_pollers_in_error_state\{subscription_kind="streaming"\} 0`,
		`hasura_subscription_total_time_seconds_count\{operation_name="Live",parameterized_query_hash="[0-9a-f]{40}",subscription_kind="live-query"\} [1-9]`,
		`hasura_subscription_db_execution_time_seconds_bucket\{operation_name="Live",.*le="1e-06"\} 0`,
		`hasura_postgres_connections\{conn_info="GATEHOUSE_DATABASE_URL",role="primary",source_name="default"\} \d`,
		`hasura_postgres_max_connections\{conn_info="GATEHOUSE_DATABASE_URL",role="primary",source_name="default"\} 50`,
		`hasura_postgres_pool_wait_time_count\{conn_info="GATEHOUSE_DATABASE_URL",role="primary",source_name="default"\} [1-9]`,
		`hasura_postgres_connection_init_time_count\{conn_info="GATEHOUSE_DATABASE_URL",role="primary",source_name="default"\} [1-9]`,
		`hasura_metadata_resource_version [1-9]`, `go_goroutines [1-9]`, `process_resident_memory_bytes [1-9]`,
		`gatehouse_authority_trusted 1`, `gatehouse_identity_events_total\{event="ExchangeTokenBy.Unknown",result="Error"\} 1`,
		`gatehouse_verified_token_cache_total\{status="hit"\} 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want + `(\.\d+)?(e[+-]\d+)?`).MatchString(text) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if strings.Contains(text, "hunter2") || strings.Contains(text, "postgres://") {
		t.Error("a secret is in the metrics")
	}
}

func TestMetrics_withoutOperations(t *testing.T) {
	t.Parallel()
	g := start(t, "--enabled-apis", "graphql,metadata,metrics", "--metrics-secret", metricsSecret, "--no-metrics-enable-high-cardinality-labels")
	g.do("POST", "/v1/graphql", `{"query":"query Named { __typename }"}`, "X-Hasura-Admin-Secret", adminSecret)
	if text := g.metrics(); strings.Contains(text, "Named") || !strings.Contains(text, `operation_type="query",parameterized_query_hash="",response_status="success"} 1`) {
		t.Errorf("the operation is told:\n%s", text)
	}
}
