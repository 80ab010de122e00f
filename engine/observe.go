package engine

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/engine/translate"
	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// whoCalls says who is calling, and notes it for the log.
func (e *Engine) whoCalls(ctx context.Context, req session.Request) (*session.Session, error) {
	s, err := e.resolver.Resolve(ctx, req)
	if err == nil {
		httpd.OperationOf(ctx).Variables = s.Variables
	}
	return s, err
}

// watch is told what a query line does. A nil *watch has nobody to tell.
type watch struct {
	lines                       *telemetry.Log
	logsQueries, logsExecutions bool
	metrics                     *telemetry.Metrics
	// traces: there are spans; tracesQueries: with what is asked in them.
	traces, tracesQueries bool
}

func newWatch(c *Config, otlp *telemetry.Target) *watch {
	w := &watch{
		traces: c.OTLP != nil && otlp.Traces != "", tracesQueries: c.TracesQueries,
		lines: c.Lines, logsQueries: c.Lines.Has(telemetry.QueryLog, slog.LevelInfo), logsExecutions: c.Lines.Has(telemetry.ExecutionLog, slog.LevelInfo),
	}
	if c.Metrics.Counts() || otlp.Metrics != "" {
		w.metrics = c.Metrics
	}
	if w.metrics == nil && !w.logsQueries && !w.logsExecutions && !w.traces {
		return nil // nobody watches
	}
	return w
}

// asked is a request as the query log shows it.
type asked struct {
	Query         string                     `json:"query"`
	OperationName string                     `json:"operationName,omitempty"`
	Variables     map[string]json.RawMessage `json:"variables,omitempty"`
}

// queryLine is the detail of a query-log line: one for each root field (Hasura: Logging/QueryLog).
type queryLine struct {
	RequestID    string                  `json:"request_id"`
	Kind         string                  `json:"kind"`
	Query        asked                   `json:"query"`
	GeneratedSQL map[string]generatedSQL `json:"generated_sql"`
}

type generatedSQL struct {
	Query             string `json:"query"`
	PreparedArguments []any  `json:"prepared_arguments"`
}

// running is told what is about to be run.
func (w *watch) running(ctx context.Context, req operation.Request, kind operation.Kind, steps []translate.Step, r execute.Request) {
	if w == nil || !w.logsQueries {
		return
	}
	line := queryLine{RequestID: httpd.RequestID(ctx), Query: asked{req.Query, req.OperationName, req.Variables}}
	var visit func(steps []translate.Step)
	visit = func(steps []translate.Step) {
		for i := range steps {
			s := &steps[i]
			line.Kind, line.GeneratedSQL = "database", nil
			switch {
			case s.IsGroup:
				visit(s.Group)
				continue
			case s.Constant != nil, s.Introspect != nil:
				line.Kind = "introspection"
			case s.Read != nil && kind == operation.Query: // of mutations Hasura does not show the SQL
				args, err := r.Arguments(s.Read)
				if err != nil {
					continue // told when it is run
				}
				line.GeneratedSQL = map[string]generatedSQL{s.Alias: {s.Read.SQL, args}}
			}
			w.lines.Write(ctx, telemetry.QueryLog, slog.LevelInfo, line)
		}
	}
	visit(steps)
}

// ran is told how it ended (Hasura: Logging/ExecutionLog; of Postgres there are no statistics).
func (w *watch) ran(ctx context.Context, err error) {
	if w == nil || !w.logsExecutions || err != nil {
		return
	}
	w.lines.Write(ctx, telemetry.ExecutionLog, slog.LevelInfo, struct {
		RequestID  string   `json:"request_id"`
		Statistics []string `json:"statistics"`
	}{httpd.RequestID(ctx), []string{}})
}

// kinds are the operations' in the metrics' words.
var kinds = map[operation.Kind]telemetry.OperationKind{
	operation.Query: telemetry.Query, operation.Mutation: telemetry.Mutation, operation.Subscription: telemetry.Subscription,
}

// operation gives what counts the requests for an operation.
func (w *watch) operation(b *operation.Bound, hash string) *telemetry.Requests {
	if w == nil {
		return nil
	}
	return w.metrics.Operation(kinds[b.Kind], b.Name, hash)
}

// answered is told how long a request took; p is nil where it was refused before it was known what to run.
func (w *watch) answered(p *program, took time.Duration, err error) {
	switch {
	case w == nil:
	case p == nil:
		w.metrics.Refused()
	default:
		p.requests.Answered(took, err != nil)
	}
}

// pollWatcher is told of the looks of subscriptions while isWanted.
func pollWatcher(c *Config) (watched func(subscription.Poll), isWanted func() bool) {
	lines, metrics, isLogged := c.Lines, c.Metrics, c.Lines.Has(telemetry.PollerLog, slog.LevelInfo)
	return func(p subscription.Poll) {
		if isLogged {
			logPoll(lines, p)
		}
		if metrics.Counts() {
			batches := make([]time.Duration, len(p.Batches))
			for i, b := range p.Batches {
				batches[i] = b.Execution
			}
			metrics.Polled(subscriptionKind(p.IsStream), p.Operation, p.Hash, p.Total, batches)
		}
		tracePoll(c.OTLP, p)
	}, func() bool { return isLogged || metrics.Counts() || c.OTLP.Traces() }
}

func subscriptionKind(isStream bool) string {
	if isStream {
		return "streaming"
	}
	return "live-query"
}

// logPoll writes a livequery-poller-log line (Hasura: Subscription/Poll/Common, pollDetailMinimal).
func logPoll(lines *telemetry.Log, p subscription.Poll) {
	type batch struct {
		Execution float64 `json:"pg_execution_time"`
		Push      float64 `json:"push_time"`
		Bytes     *int    `json:"batch_response_size_bytes,omitempty"`
		ID        int     `json:"batch_id"`
	}
	batches := make([]batch, len(p.Batches))
	for i, b := range p.Batches {
		batches[i] = batch{Execution: b.Execution.Seconds(), Push: b.Push.Seconds(), ID: i + 1}
		if b.Err == nil {
			batches[i].Bytes = &b.Bytes
		}
	}
	source := ""
	if len(p.Live.Polls) > 0 {
		source = p.Live.Polls[0].Source
	}
	lines.Write(context.Background(), telemetry.PollerLog, slog.LevelInfo, struct {
		ID          string  `json:"poller_id"`
		Kind        string  `json:"kind"`
		Snapshot    float64 `json:"snapshot_time"`
		Batches     []batch `json:"batches"`
		Total       float64 `json:"total_time"`
		Source      string  `json:"source"`
		Role        string  `json:"role"`
		Subscribers int     `json:"subscriber_count"`
	}{p.ID, subscriptionKind(p.IsStream), p.Snapshot.Seconds(), batches, p.Total.Seconds(), source, p.Role, p.Subscribers})
}

// logHealth writes a health-check-log line when a source is not well, or well again.
func (e *Engine) logHealth(ctx context.Context, name string, check *metadata.HealthCheck, was, now *healthReport) {
	level := slog.LevelWarn
	if now.Status == "OK" {
		if was == nil || was.Status == "OK" {
			return
		}
		level = slog.LevelInfo
	}
	e.config.Lines.Write(ctx, telemetry.HealthCheckLog, level, struct {
		Source    string `json:"source_name"`
		Status    string `json:"status"`
		Timestamp string `json:"timestamp"`
		Error     any    `json:"error"`
		Internal  any    `json:"internal"`
	}{name, now.Status, now.Timestamp, now.Error, struct {
		Interval float64  `json:"interval"`
		Retries  *int     `json:"max_retries,omitempty"`
		Pause    *float64 `json:"retry_interval,omitempty"`
		Timeout  *float64 `json:"timeout,omitempty"`
	}{check.Interval, check.Retries, check.RetryInterval, check.Timeout}})
}
