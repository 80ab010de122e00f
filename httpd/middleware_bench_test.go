package httpd_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// BenchmarkMiddleware is what the middleware and the log add to a request.
func BenchmarkMiddleware(b *testing.B) {
	for name, types := range map[string][]string{"logged": {"http-log"}, "not logged": nil} {
		b.Run(name, func(b *testing.B) {
			lines := telemetry.NewLog(telemetry.LogConfig{Types: types, Level: slog.LevelInfo, Out: io.Discard})
			answered := func(ctx context.Context, x *telemetry.Exchange) { lines.Exchange(ctx, x) }
			variables := map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1"}
			h := httpd.Middleware(httpd.Config{Log: lines.Own(), Answered: answered}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				noted := httpd.OperationOf(r.Context())
				noted.Mode, noted.Variables = "single", variables
				w.WriteHeader(http.StatusOK)
			}))
			r := httptest.NewRequest(http.MethodPost, "/v1/graphql", nil)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				delete(r.Header, "X-Request-Id")
				h.ServeHTTP(w, r)
			}
		})
	}
}
