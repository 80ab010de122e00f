package engine

import (
	"bytes"
	"context"
	"encoding/json"

	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// Explain shows how a query or subscription of s would run (Hasura: GraphQL/Explain).
func (e *Engine) Explain(ctx context.Context, s *session.Session, req operation.Request, isRelay bool) (json.RawMessage, error) {
	return e.Snapshot().Line.explain(ctx, s, req, isRelay)
}

func (l *Line) explain(ctx context.Context, s *session.Session, req operation.Request, isRelay bool) (json.RawMessage, error) {
	op, err := l.parse(req)
	if err != nil {
		return nil, err
	}
	limits := l.limits.Of(s)
	if err := limits.Check(op); err != nil {
		return nil, err
	}
	if op.Kind == operation.Mutation {
		return nil, fault.New(fault.InvalidParams, "", "only queries can be explained")
	}
	bound, err := op.Bind(req.Variables)
	if err != nil {
		return nil, err
	}
	role := l.role(s, isRelay)
	p, err := l.program(bound, role)
	if err != nil {
		return nil, err
	}
	r := execute.Request{Bound: bound, Session: s, Schema: role}
	if op.Kind == operation.Subscription {
		x, err := l.exec.ExplainLive(ctx, p.live, r)
		if err != nil {
			return nil, err
		}
		return plainJSON(x)
	}
	list, err := l.exec.Explain(ctx, p.steps, r)
	if err != nil {
		return nil, err
	}
	return plainJSON(list)
}

// plainJSON is encoding/json without HTML escapes: SQL is full of what it would escape.
func plainJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
