package engine

import (
	"context"

	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/engine/transport"
)

func (e *Engine) newSockets(cors *transport.CORS, errors transport.Errors, maxMessage int64) *transport.Sockets {
	c := &e.config
	s := &transport.Sockets{
		Resolve: e.resolver.Resolve, Renew: e.resolver.Renew, Epoch: e.resolver.Epoch, Prepare: e.prepare(false), PrepareRelay: e.prepare(true), Errors: errors, CORS: cors, ReadCookie: c.SocketReadCookie,
		KeepAlive: c.SocketKeepAlive, InitTimeout: c.SocketInitTimeout, Compression: c.SocketCompression, MaxMessage: maxMessage, Log: e.log, Lines: c.Lines, Metrics: c.Metrics,
		MaxConnections: c.SocketConnections, MaxPerAddress: c.SocketConnectionsPerIP, MaxOperations: c.SocketOperations,
	}
	if c.DisableCORS {
		s.CORS = nil
	}
	if c.Deps.Console != nil {
		s.OwnCookies = c.Deps.Console.Cookies
	}
	return s
}

// EndStreams ends the event streams: see transport.Sockets.
func (e *Engine) EndStreams(ctx context.Context) { e.sockets.EndStreams(ctx) }

// ReviewCallers has the callers of running subscriptions looked at again now: somebody's rights have changed. It does
// not wait.
func (e *Engine) ReviewCallers() {
	select {
	case e.reviewCallers <- struct{}{}:
	default: // a look is already due
	}
}

// prepare readies a request that came over a socket, on the present snapshot.
func (e *Engine) prepare(relay bool) func(ctx context.Context, s *session.Session, req transport.Request, isAgain bool) (transport.Prepared, error) {
	return func(ctx context.Context, s *session.Session, req transport.Request, isAgain bool) (transport.Prepared, error) {
		return e.prepareOn(ctx, relay, s, req, isAgain)
	}
}

func (e *Engine) prepareOn(ctx context.Context, relay bool, s *session.Session, req transport.Request, isAgain bool) (transport.Prepared, error) {
	if isAgain { // nobody asked for it, so it does not count
		return e.prepareAgain(relay, s, req)
	}
	snapshot := e.Snapshot()
	if err := e.mayRun(ctx, snapshot, s, req); err != nil {
		e.config.Metrics.Refused()
		return transport.Prepared{}, err
	}
	op, err := snapshot.Line.parse(req)
	if err != nil {
		e.config.Metrics.Refused()
		return transport.Prepared{}, err
	}
	span := e.socketSpan(ctx, s)
	if op.Kind != operation.Subscription {
		return transport.Prepared{
			IsMutation: op.Kind == operation.Mutation,
			Answer: func(ctx context.Context) ([]byte, error) {
				now := e.Snapshot()
				if now != snapshot { // it has waited for others
					if err := e.isAllowed(now, s, req); err != nil {
						return nil, transport.NotRun{Err: err}
					}
				}
				a, hasRun, err := e.answerOnRecord(span.on(ctx), now.Line, s, req, relay)
				span.end(err)
				if err != nil && !hasRun {
					err = transport.NotRun{Err: err}
				}
				return a.Body, err
			},
		}, nil
	}
	q, err := snapshot.Line.subscription(s, req, snapshot.Line.role(s, relay))
	span.began(&q, err)
	if err != nil {
		e.config.Metrics.Refused()
		return transport.Prepared{}, err
	}
	q.Requests.Answered(0, false)
	return e.subscribed(q), nil
}

// prepareAgain readies a subscription that begins anew.
func (e *Engine) prepareAgain(relay bool, s *session.Session, req transport.Request) (transport.Prepared, error) {
	snapshot := e.Snapshot()
	if err := e.isAllowed(snapshot, s, req); err != nil {
		return transport.Prepared{}, err
	}
	q, err := snapshot.Line.subscription(s, req, snapshot.Line.role(s, relay))
	if err != nil {
		return transport.Prepared{}, err
	}
	return e.subscribed(q), nil
}

func (e *Engine) subscribed(q subscription.Query) transport.Prepared {
	return transport.Prepared{Subscribe: func(push func(transport.SocketEvent)) func() {
		return e.subscriptions.Subscribe(q, func(ev subscription.Event) { push(transport.SocketEvent(ev)) })
	}}
}

// Subscription readies a subscription.
func (l *Line) Subscription(s *session.Session, req operation.Request) (subscription.Query, error) {
	return l.subscription(s, req, l.role(s, false))
}

func (l *Line) subscription(s *session.Session, req operation.Request, role *schema.Schema) (subscription.Query, error) {
	op, err := l.parse(req)
	if err != nil {
		return subscription.Query{}, err
	}
	limits := l.limits.Of(s)
	if err := limits.Check(op); err != nil {
		return subscription.Query{}, err
	}
	bound, err := op.Bind(req.Variables)
	if err != nil {
		return subscription.Query{}, err
	}
	p, err := l.program(bound, role)
	if err != nil {
		return subscription.Query{}, err
	}
	if n := len(p.live.Steps); n == 0 || n > 1 && !op.HasDirective("_multiple_top_level_fields") {
		return subscription.Query{}, fault.New(fault.ValidationFailed, "", "subscriptions must select one top level field")
	}
	subscriber, err := execute.Request{Bound: bound, Session: s, Schema: role, TimeLimit: limits.Time()}.Subscriber(p.live)
	return subscription.Query{Live: p.live, Executor: l.exec, Subscriber: subscriber, Role: role.Role, Feed: l.feed, Operation: op.Name, Hash: p.hash, Requests: p.requests}, err
}

// servesOtherThan tells whether clients may be served something else by s than by old.
func (s *Snapshot) servesOtherThan(old *Snapshot) bool {
	if s.Doc != old.Doc || len(s.sources) != len(old.sources) {
		return true
	}
	for name, state := range s.sources {
		was := old.sources[name]
		if was == nil || was.catalog != state.catalog || was.open != state.open || (was.err == nil) != (state.err == nil) {
			return true
		}
	}
	return false
}

// shown is how often subscriptions poll, as /v1alpha1/config says it.
func shown(p subscription.Polling) transport.Polling {
	p = p.OrDefault()
	return transport.Polling{BatchSize: p.Batch, RefetchDelay: p.Interval.Seconds()}
}
