package engine

import (
	"context"
	"sync"

	"gatehouse/engine/allowlist"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/httpd"
)

// Query answers one GraphQL request with the whole response body, on the present snapshot.
func (e *Engine) Query(ctx context.Context, s *session.Session, req operation.Request) ([]byte, error) {
	a, err := e.answer(false)(ctx, s, req)
	return a.Body, err
}

// mayRun counts an operation that a client asks for, and consults isAllowed.
func (e *Engine) mayRun(ctx context.Context, snapshot *Snapshot, s *session.Session, req operation.Request) error {
	if err := snapshot.Line.limits.Of(s).Admit(e.counts, s, httpd.ClientIP(ctx)); err != nil {
		return err
	}
	return e.isAllowed(snapshot, s, req)
}

// isAllowed consults the scopes of an admin secret, and the allow list.
func (e *Engine) isAllowed(snapshot *Snapshot, s *session.Session, req operation.Request) error {
	if err := s.Require(session.ScopeGraphQL); err != nil {
		return err
	}
	if !e.config.EnableAllowList || s.IsAdmin() {
		return nil
	}
	roles := s.Roles
	if roles == nil {
		roles = []string{s.Role}
	}
	for _, role := range roles { // what one role may run, another may not run with its rows
		if !snapshot.allowed.has(role, req.Query) {
			return fault.New(fault.ValidationFailed, "", "query is not allowed")
		}
	}
	return nil
}

// answer answers one request to the GraphQL or the Relay endpoint.
func (e *Engine) answer(relay bool) func(ctx context.Context, s *session.Session, req transport.Request) (transport.Answer, error) {
	return func(ctx context.Context, s *session.Session, req transport.Request) (transport.Answer, error) {
		snapshot := e.Snapshot()
		if err := e.mayRun(ctx, snapshot, s, req); err != nil {
			e.config.Metrics.Refused()
			return transport.Answer{}, err
		}
		if s.IsConsole() {
			a, _, err := e.answerOnRecord(ctx, snapshot.Line, s, req, relay)
			return a, err
		}
		return snapshot.Line.answer(ctx, s, req, snapshot.Line.role(s, relay))
	}
}

// mayBatch checks the number of operations in a batch.
func (e *Engine) mayBatch(s *session.Session, operations int) error {
	return e.Snapshot().Line.limits.Of(s).Batch(operations)
}

// allowed remembers the allow list's answers, which cost a parse each.
type allowed struct {
	list func() *allowlist.List

	mu      sync.Mutex
	answers map[allowedKey]bool
}

type allowedKey struct{ role, text string }

// maxAnswers bounds what is remembered; past it everything is forgotten.
const maxAnswers = 4_000

func newAllowed(m *metadata.Metadata) *allowed {
	return &allowed{list: sync.OnceValue(func() *allowlist.List { return allowlist.Compile(m) }), answers: map[allowedKey]bool{}}
}

func (a *allowed) has(role, text string) bool {
	key := allowedKey{role, text}
	a.mu.Lock()
	yes, known := a.answers[key]
	a.mu.Unlock()
	if known {
		return yes
	}
	yes = a.list().Allows(role, text)
	if len(text) > maxText {
		return yes
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.answers) >= maxAnswers {
		clear(a.answers)
	}
	a.answers[key] = yes
	return yes
}
