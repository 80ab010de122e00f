package engine

import (
	"context"
	"encoding/json"
	"errors"

	"gatehouse/engine/admin"
	"gatehouse/engine/fault"
	"gatehouse/engine/impact"
	"gatehouse/engine/limit"
	"gatehouse/engine/operation"
)

// Rehearse implements admin.Engine: it runs change on a draft of the present state and lets go of it. Nothing is saved, and
// nobody is served by it but the question, which is answered before and after.
func (e *Engine) Rehearse(ctx context.Context, change func(admin.Draft) error, sdl bool, ask *admin.Question) (*admin.Rehearsal, error) {
	now := e.Snapshot()
	if now.unreadable != nil {
		return nil, now.unreadable
	}
	before := e.build(nil, now.Doc, now.ResourceVersion, now.sources) // anew, as for Plan: what is compared is let go of, too
	for _, role := range before.Model.Roles() {
		before.Model.Role(role, true)
	}
	d := &draft{
		Snapshot: before, engine: e, base: before,
		fresh: map[string]bool{}, learned: map[string]bool{}, stale: map[string]bool{}, opened: map[*source]bool{},
	}
	defer func() { e.closeUnused(d.opened) }()
	if err := change(d); err != nil {
		return nil, err
	}
	r := &admin.Rehearsal{Plan: impact.Compare(before.state(), d.state(), impact.Options{AllowList: e.config.EnableAllowList, SDL: sdl})}
	if ask == nil {
		return r, nil
	}
	var err error
	if r.Before, err = e.rehearsalLine(before).rehearse(ctx, ask); err != nil {
		return nil, err
	}
	r.After, err = e.rehearsalLine(d.Snapshot).rehearse(ctx, ask)
	return r, err
}

// rehearsalLine is a line that remembers nothing and is watched by nobody.
func (e *Engine) rehearsalLine(s *Snapshot) *Line {
	l := NewLine(s.Model, e.executor(s), e.validator)
	l.limits, l.tags = limit.Compile(s.Doc), newQueryTags(s.Doc)
	return l
}

// rehearse answers a question that changes nothing, errors as GraphQL shows them to administrators.
func (l *Line) rehearse(ctx context.Context, ask *admin.Question) (json.RawMessage, error) {
	op, err := l.parse(ask.Request)
	if err == nil && op.Kind != operation.Query {
		return nil, fault.New(fault.InvalidParams, "", "only queries can be asked")
	}
	if err == nil {
		var a operation.Answer
		if a, err = l.answer(ctx, ask.Session, ask.Request, l.role(ask.Session, false)); err == nil {
			return a.Body, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		return nil, err
	}
	return f.GraphQLBody(true), nil
}
