package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"gatehouse/engine/admin"
	"gatehouse/engine/dml"
	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/limit"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/httpd"
)

// rows runs the row commands of /v1/query and /v2/query (admin.RowCommands).
type rows struct{ engine *Engine }

// Run implements admin.RowCommands.
func (r rows) Run(ctx context.Context, v admin.View, s *session.Session, kind string, args json.RawMessage, parsePath, runPath string) (json.RawMessage, error) {
	snapshot, err := r.engine.snapshotOf(v)
	if err != nil {
		return nil, err
	}
	if s.Roles != nil {
		return nil, fault.New(fault.NotSupported, runPath, "row commands run under one role; ask for one of %s", s.Role)
	}
	limits := r.engine.Snapshot().Line.limits.Of(s)
	if err := limits.Understood(); err != nil {
		return nil, fault.Under(runPath, err)
	}
	if err := limits.Admit(r.engine.counts, s, httpd.ClientIP(ctx)); err != nil {
		return nil, fault.Under(runPath, err)
	}
	ctx, end := limits.Within(ctx)
	defer end()
	p, err := dml.Build(snapshot.Model, s, kind, args, parsePath, runPath)
	if err != nil {
		return nil, err
	}
	steps, err := translate.Steps(p, translate.Options{StringifyNumericTypes: r.engine.config.Options.StringifyNumericTypes})
	if err != nil {
		return nil, fault.Under(runPath, err)
	}
	exec := r.engine.executor(snapshot)
	body, err := exec.Run(ctx, p.Kind, steps, execute.Request{Session: s, Seen: exec.NewSeen(s)})
	if err != nil {
		return nil, atLeast(runPath, limit.Explain(ctx, err))
	}
	var answer struct {
		Data struct {
			Result json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read result of %s: %w", kind, err)
	}
	result := answer.Data.Result
	if kind == "count" {
		var count struct {
			Aggregate json.RawMessage `json:"aggregate"`
		}
		if err := json.Unmarshal(result, &count); err != nil {
			return nil, fmt.Errorf("read count: %w", err)
		}
		result = count.Aggregate
	}
	var compact bytes.Buffer // Postgres' JSON has white space of its own
	err = json.Compact(&compact, result)
	return compact.Bytes(), err
}

// atLeast places an error that does not say where it belongs.
func atLeast(path string, err error) error {
	if f := fault.Internal(err); f.Path == "" || f.Path == fault.Root {
		return fault.Under(path, err)
	}
	return err
}

// snapshotOf is the snapshot behind a view.
func (e *Engine) snapshotOf(v admin.View) (*Snapshot, error) {
	switch v := v.(type) {
	case *Snapshot:
		return v, nil
	case *draft:
		return v.Snapshot, nil
	default:
		return nil, fmt.Errorf("unknown view %T", v)
	}
}
