package engine

import (
	"context"

	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// span is that of the request; nil where nothing is traced, at the price of a comparison.
func (w *watch) span(ctx context.Context) *telemetry.Span {
	if w == nil || !w.traces {
		return nil
	}
	return telemetry.SpanOf(ctx)
}

// planning begins the span of an operation's planning, running that of its execution (Hasura: GraphQL/Execute,
// getResolvedExecPlan; docs: observability, traces).

func planning(s *telemetry.Span, kind operation.Kind) *telemetry.Span {
	if s == nil {
		return nil
	}
	return s.Child("Resolve " + string(kind) + " execution plan")
}

func running(s *telemetry.Span, kind operation.Kind) *telemetry.Span {
	if kind == operation.Mutation {
		return s.Child("Mutation")
	}
	return s.Child("Query")
}

// describe says what a request's span is about. What was asked is told to those who enabled that; values never are.
func (w *watch) describe(s *telemetry.Span, req operation.Request, op *operation.Operation, p *program) {
	if !s.IsRecorded() {
		return
	}
	s.Set("graphql.operation.name", op.Name)
	s.Set("graphql.operation.type", string(kinds[op.Kind]))
	s.Set("parameterized_query_hash", p.hash)
	if w.tracesQueries {
		s.Set("graphql.query", req.Query)
	}
}

func (w *watch) showsQueries() bool { return w != nil && w.tracesQueries }

// socketSpan is the span of an operation that came over a socket: a trace of its own (Hasura: GraphQL/Transport/WebSocket,
// onMessage), or of an event stream within its request's.
type socketSpan struct {
	*telemetry.Span
	isOwn bool
}

// socketSpan begins one; it is empty where nothing is traced.
func (e *Engine) socketSpan(ctx context.Context, s *session.Session) socketSpan {
	if !e.config.OTLP.Traces() {
		return socketSpan{}
	}
	if span := telemetry.SpanOf(ctx); span != nil {
		return socketSpan{Span: span}
	}
	span := e.config.OTLP.Begin("websocket")
	span.Set("enduser.role", s.Role)
	span.Set("request_id", httpd.RequestID(ctx))
	return socketSpan{span, true}
}

func (s socketSpan) on(ctx context.Context) context.Context { return telemetry.WithSpan(ctx, s.Span) }

func (s socketSpan) end(err error) {
	if s.isOwn {
		s.End(err)
	}
}

// began ends the span of a subscription's start; its looks at the database are everybody's.
func (s socketSpan) began(q *subscription.Query, err error) {
	s.Set("graphql.operation.type", string(telemetry.Subscription))
	s.Set("graphql.operation.name", q.Operation)
	s.Set("parameterized_query_hash", q.Hash)
	s.end(err)
}

// tracePoll makes a trace of a look of a subscription's poller, with its statements (Hasura has none).
func tracePoll(o *telemetry.OTLP, p subscription.Poll) {
	span := o.BeginAt("Subscription", p.Began)
	if !span.IsRecorded() {
		return
	}
	span.Set("poller_id", p.ID)
	span.Set("subscription_kind", subscriptionKind(p.IsStream))
	span.Set("graphql.operation.type", string(telemetry.Subscription))
	span.Set("graphql.operation.name", p.Operation)
	span.Set("parameterized_query_hash", p.Hash)
	span.Set("enduser.role", p.Role)
	span.SetNumber("subscriber_count", int64(p.Subscribers))
	var failed error
	for _, b := range p.Batches {
		span.ClientChildAt("Postgres", b.Began, b.Began.Add(b.Execution), b.Err)
		if b.Err != nil {
			failed = b.Err
		}
	}
	span.End(failed)
}
