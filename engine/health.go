package engine

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/httpd"
	"gatehouse/worker"
)

// sourceHealth is what the health checks of sources found (Hasura docs: source-health-check). Only sources with a
// health_check are checked; what is found changes nothing about how they are served.
type sourceHealth struct {
	mu    sync.Mutex
	known map[string]*checked
}

// checked is one source's health check and its last report.
type checked struct {
	check     *metadata.HealthCheck
	isRunning bool
	next      time.Time
	report    *healthReport
}

// healthReport is one source's part of the answer.
type healthReport struct {
	// Status is OK, TIMEOUT, ERROR or FAILED, the last for what is configured wrongly.
	Status string `json:"status"`
	// Error is null, a *healthError, or the text of what failed.
	Error     any    `json:"error"`
	Timestamp string `json:"timestamp"`
	// Replicas is ours.
	Replicas []replicaReport `json:"read_replicas,omitempty"`
}

type healthError struct {
	Message string `json:"message"`
	Extra   any    `json:"extra,omitempty"`
}

type replicaReport struct {
	Name    string `json:"name"`
	IsInUse bool   `json:"in_use"`
	Reason  string `json:"reason,omitempty"`
	Since   string `json:"since"`
}

// The defaults of a health check, Hasura's.
const (
	healthTest          = "SELECT 1"
	healthRetries       = 3
	healthRetryInterval = 10 * time.Second
	healthTimeout       = 10 * time.Second
	// healthLook is how often it is looked which checks are due; the shortest interval.
	healthLook = 250 * time.Millisecond
)

// watchHealth checks the sources that want it until ctx ends.
func (e *Engine) watchHealth(ctx context.Context) {
	var checks sync.WaitGroup
	defer checks.Wait()
	worker.Every(ctx, healthLook, nil, func(ctx context.Context) {
		s := e.Snapshot()
		for name, c := range e.sourceHealth.due(s.Doc, time.Now()) {
			checks.Go(func() {
				report := checkHealth(ctx, s.sources[name], c.check)
				was := e.sourceHealth.done(c, report, time.Now())
				e.logHealth(ctx, name, c.check, was, report)
			})
		}
	})
}

// due are the checks to be done now.
func (h *sourceHealth) due(doc *metadata.Metadata, now time.Time) map[string]*checked {
	h.mu.Lock()
	defer h.mu.Unlock()
	known, out := map[string]*checked{}, map[string]*checked{}
	for _, s := range doc.Sources {
		if s.HealthCheck == nil {
			continue
		}
		c := h.known[s.Name]
		if c == nil || c.check != s.HealthCheck { // a new one
			c = &checked{check: s.HealthCheck}
		}
		known[s.Name] = c
		if !c.isRunning && !now.Before(c.next) {
			c.isRunning = true
			out[s.Name] = c
		}
	}
	h.known = known
	return out
}

// done keeps a check's report and gives the one before.
func (h *sourceHealth) done(c *checked, report *healthReport, now time.Time) (was *healthReport) {
	h.mu.Lock()
	defer h.mu.Unlock()
	report.Timestamp = now.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	was, c.report, c.isRunning, c.next = c.report, report, false, now.Add(max(seconds(c.check.Interval), healthLook))
	return was
}

// checkHealth does a check, again where it fails.
func checkHealth(ctx context.Context, state *sourceState, check *metadata.HealthCheck) *healthReport {
	retries, pause := healthRetries, healthRetryInterval
	if check.Retries != nil {
		retries = *check.Retries
	}
	if check.RetryInterval != nil {
		pause = seconds(*check.RetryInterval)
	}
	for try := 0; ; try++ {
		report := checkOnce(ctx, state, check)
		if report.Status == "OK" || report.Status == "FAILED" || try >= retries {
			return report
		}
		select {
		case <-ctx.Done():
			return report
		case <-time.After(pause):
		}
	}
}

func checkOnce(ctx context.Context, state *sourceState, check *metadata.HealthCheck) *healthReport {
	switch {
	case state == nil:
		return &healthReport{Status: "FAILED", Error: "the source is not served"}
	case state.open == nil:
		if message := messageOf(state.err); message != nil {
			return &healthReport{Status: "ERROR", Error: &healthError{state.err.Error(), message}}
		}
		return &healthReport{Status: "FAILED", Error: state.err.Error()}
	}
	timeout, sql := healthTimeout, healthTest
	if check.Timeout != nil && *check.Timeout > 0 {
		timeout = seconds(*check.Timeout)
	}
	if check.Test != nil && check.Test.SQL != "" {
		sql = check.Test.SQL
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := state.open.database.Acquire(ctx)
	if err == nil {
		defer conn.Release()
		err = conn.Conn().PgConn().Exec(ctx, sql).Close()
	}
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return &healthReport{Status: "OK"}
	case ctx.Err() != nil:
		return &healthReport{Status: "TIMEOUT"}
	case errors.As(err, &refused):
		return &healthReport{Status: "ERROR", Error: &healthError{"postgres error", map[string]string{"message": refused.Message, "status_code": refused.Code}}}
	default:
		return &healthReport{Status: "ERROR", Error: &healthError{"connection error", err.Error()}}
	}
}

// serveSourceHealth is GET /healthz/sources, for administrators.
func (e *Engine) serveSourceHealth(errors transport.Errors) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := e.resolver.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
		if err == nil && !s.IsAdmin() {
			err = fault.New(fault.AccessDenied, fault.Root, "restricted access : admin only")
		}
		if err == nil {
			err = s.Require(session.ScopeOperations)
		}
		if err != nil {
			errors.Write(w, r, s, err)
			return
		}
		httpd.WriteJSON(w, http.StatusOK, e.sourceHealth.reports(e.Snapshot()))
	}
}

// reports are the last reports by source; a source that was not checked yet is left out.
func (h *sourceHealth) reports(s *Snapshot) map[string]healthReport {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]healthReport{}
	for name, c := range h.known {
		if c.report == nil {
			continue
		}
		report := *c.report
		if state := s.sources[name]; state != nil && state.open != nil {
			for _, r := range state.open.database.Replicas.States() {
				report.Replicas = append(report.Replicas, replicaReport{r.Name, r.Why == "", r.Why, r.Since.UTC().Format(time.RFC3339)})
			}
		}
		out[name] = report
	}
	return out
}
