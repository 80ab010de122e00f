package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/secret"
	"gatehouse/telemetry"
)

// servesMetrics: when the API is enabled, as in Hasura, or has a secret.
func (s *Settings) servesMetrics() bool {
	return s.Operations.MetricsSecret != "" || slices.Contains(list(s.Engine.EnabledAPIs), "metrics")
}

// startMetrics makes the metrics, which count while they are served or exported.
func (sv *Server) startMetrics() {
	sv.metrics = telemetry.NewMetrics(sv.settings.Operations.MetricsLabels, sv.settings.servesMetrics())
	sv.metrics.Watch(func(out *telemetry.Scrape) {
		out.Gauge("hasura_http_connections", "Current number of active HTTP connections (excluding WebSocket connections).", float64(sv.open.Load()))
		out.Gauge("gatehouse_info", "What runs.", 1, "version", Version)
		if sv.authority != nil {
			proof, isTrusted := sv.authority.Lag()
			out.Gauge("gatehouse_authority_lag_seconds", "Age of the last proof that changes to the directory are heard.", proof.Seconds())
			out.Gauge("gatehouse_authority_trusted", "1 while rights are told from memory, 0 while each request asks Postgres.", number(isTrusted))
		}
	})
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// answered is told of every request.
func (sv *Server) answered(ctx context.Context, x *telemetry.Exchange) {
	endSpan(x)
	sv.metrics.Exchanged(x)
	sv.lines.Exchange(ctx, x)
	sv.activity.count(x)
}

// serveMetrics shows the metrics to who has their secret, as in Hasura; where there is none, to administrators only.
func (sv *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if !sv.maySeeMetrics(r) {
		refused := fault.New(fault.AccessDenied, "", "the metrics are not for this caller").WithStatus(http.StatusUnauthorized)
		transport.Errors{}.Write(w, r, nil, refused)
		return
	}
	sv.metrics.ServeHTTP(w, r)
}

func (sv *Server) maySeeMetrics(r *http.Request) bool {
	if wanted := sv.settings.Operations.MetricsSecret; wanted != "" {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(scheme, "Bearer") && secret.Equal(strings.TrimSpace(given), wanted)
	}
	if sv.engine != nil {
		s, err := sv.engine.Callers().Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
		return err == nil && s.IsAdmin() && s.May(session.ScopeOperations)
	}
	all, err := sv.adminSecrets()
	if err != nil {
		return false
	}
	c := session.Config{Settings: session.Settings{AdminSecrets: all}}
	given := c.AdminSecret(r.Header.Get("X-Hasura-Admin-Secret"))
	return given != nil && given.Opens(session.ScopeOperations)
}
