package engine

import (
	"context"
	"encoding/json"
	"errors"

	"gatehouse/engine/admin"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
)

// answerOnRecord is Line.answerKnowing, and tells Config.Changed of a mutation by a caller in the console; nobody else's costs
// more for it. What stood in the rows is not told: reading it before would be another statement with other locks, and values
// are the product's data. Of a mutation that failed it is not known how many rows were written: none, unless it was the
// connection that was lost, or one of several sources.
func (e *Engine) answerOnRecord(ctx context.Context, l *Line, s *session.Session, req operation.Request, relay bool) (operation.Answer, bool, error) {
	role := l.role(s, relay)
	a, hasRun, err := l.answerKnowing(ctx, s, req, role)
	if !hasRun || !s.IsConsole() || e.config.Changed == nil {
		return a, hasRun, err
	}
	op, parseErr := l.parse(req)
	if parseErr != nil || op.Kind != operation.Mutation {
		return a, hasRun, err
	}
	c := admin.Change{Session: s, OperationName: op.Name, Written: l.written(op, req, role, a.Body)}
	if err != nil {
		c.Err = errors.New(fault.Internal(err).Code) // what it says may hold values
	}
	e.config.Changed(context.WithoutCancel(ctx), c)
	return a, hasRun, err
}

// written tells the root fields of a mutation that was run, with as much of how many rows it wrote as the client asked for.
func (l *Line) written(op *operation.Operation, req operation.Request, role *schema.Schema, body []byte) []admin.Written {
	bound, err := op.Bind(req.Variables)
	if err != nil {
		return nil // it was run
	}
	resolved, err := bound.Resolve(role)
	if err != nil {
		return nil
	}
	p, err := l.program(bound, role)
	if err != nil {
		return nil
	}
	var answer struct{ Data json.RawMessage }
	_ = json.Unmarshal(body, &answer) // nothing of an error
	return writtenBy(nil, resolved.Fields, p.steps, answer.Data)
}

func writtenBy(all []admin.Written, fields []*operation.Field, steps []translate.Step, data json.RawMessage) []admin.Written {
	var values map[string]json.RawMessage
	_ = json.Unmarshal(data, &values)
	for _, f := range fields {
		if f.Def == nil { // __typename
			continue
		}
		var step translate.Step
		for _, s := range steps {
			if s.Alias == f.Alias {
				step = s
			}
		}
		if _, isGroup := f.Def.Meaning.(schema.Namespace); isGroup {
			all = writtenBy(all, f.Fields, step.Group, values[f.Alias])
			continue
		}
		all = append(all, admin.Written{Command: f.Def.Name, Source: step.Source, Affected: affected(f, values[f.Alias])})
	}
	return all
}

// affected is how many rows a root field wrote, as far as its value tells: by affected_rows, by what is returned, or as the
// one row it is about.
func affected(f *operation.Field, value json.RawMessage) *int {
	n := 0
	switch f.Def.Meaning.(type) {
	case schema.InsertOne, schema.UpdateByPK, schema.DeleteByPK:
		if value == nil {
			return nil
		}
		if string(value) != "null" {
			n = 1
		}
		return &n
	case schema.UpdateBatch:
		var list []json.RawMessage
		if value == nil || json.Unmarshal(value, &list) != nil {
			return nil
		}
		for _, one := range list {
			m := respondedWith(f, one)
			if m == nil && string(one) != "null" {
				return nil
			}
			if m != nil {
				n += *m
			}
		}
		return &n
	}
	return respondedWith(f, value)
}

// respondedWith is what a mutation response says of how many rows were written; nil where it was not asked.
func respondedWith(f *operation.Field, value json.RawMessage) *int {
	var values map[string]json.RawMessage
	if json.Unmarshal(value, &values) != nil {
		return nil
	}
	for _, part := range f.Fields {
		if part.Def == nil {
			continue
		}
		switch part.Def.Meaning.(type) {
		case schema.AffectedRows:
			var n int
			if json.Unmarshal(values[part.Alias], &n) == nil {
				return &n
			}
		case schema.Returning:
			var rows []json.RawMessage
			if json.Unmarshal(values[part.Alias], &rows) == nil {
				n := len(rows)
				return &n
			}
		}
	}
	return nil
}
