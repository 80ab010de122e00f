package telemetry_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/telemetry"
)

func shown(m *telemetry.Metrics) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/v1/metrics", nil))
	return w.Body.String()
}

func TestMetrics_clientsCannotMakeSeriesWithoutBound(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics(true, true)
	for i := range 5_000 {
		m.Operation(telemetry.Query, fmt.Sprintf("Q%d", i), "h").Answered(time.Millisecond, false)
	}
	text := shown(m)
	if n := strings.Count(text, "hasura_graphql_requests_total{"); n > 2*2_001+2 {
		t.Errorf("%d series", n)
	}
	if !strings.Contains(text, `hasura_graphql_requests_total{operation_name="",operation_type="query",parameterized_query_hash="",response_status="success"} 3000`) {
		t.Error("what comes later is not counted")
	}
}

func TestMetrics_noneCountsNothing(t *testing.T) {
	t.Parallel()
	var m *telemetry.Metrics
	m.Operation(telemetry.Query, "", "").Answered(0, true)
	m.Pool("", "", "").Waited(0)
	m.Polled("", "", "", 0, nil)
	m.Refused()
	m.Received(1)
	m.Sending(time.Time{}, 1)
	m.Writing()()
	m.Exchanged(nil)
	m.Happened("", "")
	m.Watch(nil)
}

func BenchmarkAnswered(b *testing.B) {
	r := telemetry.NewMetrics(true, true).Operation(telemetry.Query, "Notes", "hash")
	b.ReportAllocs()
	for b.Loop() {
		r.Answered(time.Millisecond, false)
	}
}
