package server

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/httpclient"
	"gatehouse/telemetry"
)

// exportTimeout bounds one request of the exporter.
const exportTimeout = 10 * time.Second

// startExports makes the exporter of both halves. It does nothing until metadata says where to.
func (sv *Server) startExports() {
	sv.otlp = telemetry.NewOTLP(telemetry.OTLPConfig{
		Client: httpclient.New(httpclient.Operator, exportTimeout), Log: sv.lines, Metrics: sv.metrics, Version: Version, SampleRatio: sv.settings.Operations.TraceRatio,
	})
}

// trace begins the span of a request to an API. Pages have none, nor what asks whether the server is there; a socket's
// operations have their own.
func (sv *Server) trace(r *http.Request) *telemetry.Span {
	if !sv.otlp.Traces() || r.Header.Get("Upgrade") != "" || r.URL.Path == "/v1/metrics" || !slices.ContainsFunc(tracedPrefixes, func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) }) {
		return nil
	}
	return sv.otlp.Serve(r, r.URL.Path)
}

var tracedPrefixes = []string{"/v1/", "/v2/", "/v1alpha1/", "/v1beta1/", "/api/", "/oidc/"}

// endSpan ends a request's span. It is named by its path, as in Hasura, in the identity half by its route: there paths hold ids.
func endSpan(x *telemetry.Exchange) {
	if _, route, ok := strings.Cut(x.Route, " "); ok && !strings.HasPrefix(x.Path, "/v") && !strings.HasPrefix(x.Path, "/api/rest/") {
		x.Span.Rename(route)
	}
	x.End()
}
