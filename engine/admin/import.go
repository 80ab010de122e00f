package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/engine/sheet"
)

// errKeptNothing ends the transaction of an import that was a trial, or was refused.
var errKeptNothing = errors.New("nothing is kept")

// importRows inserts rows, all or none. The body is a line of arguments and a line of JSON for each row, an array of its values;
// the answer is lines, too: how far it is, at last what has come of it, {"imported": …} or {"error": …}.
func (h *Handler) importRows(ctx context.Context, s *session.Session, body []byte, w http.ResponseWriter) error {
	lines := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if err := lines.Decode(&first); err != nil {
		return misread(fault.Root, err)
	}
	if err := fault.Syntax(first); err != nil {
		return err
	}
	v, err := h.Engine.View(ctx)
	if err != nil {
		return err
	}
	a, t, err := h.sheetOf(ctx, v, s, first)
	if err != nil {
		return err
	}
	var im sheet.Import
	if err := json.Unmarshal(first, &im); err != nil {
		return misread(fault.Root, err)
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return err
	}
	defer v.Wrote(a.Source)
	next := func() ([]sheet.Value, error) {
		var values []sheet.Value
		err := lines.Decode(&values)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err == nil && values == nil {
			err = errors.New("null is no row")
		}
		if err != nil {
			return nil, misread("$.rows", err)
		}
		return values, nil
	}
	told := &progress{opened: opened{w: w, kind: "application/x-ndjson"}}
	e := &execution{h: h, session: s}
	var out *sheet.Imported
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
		if err := e.setUser(ctx, tx); err != nil {
			return err
		}
		out, err = im.Run(ctx, tx, t, next, func(rows int64) { told.tell(map[string]any{"done": rows}) })
		if err == nil && (im.IsTrial || len(out.Refused) > 0) {
			return errKeptNothing
		}
		return err
	})
	switch {
	case errors.Is(err, errKeptNothing):
	case err != nil:
		err = sheet.Refused(err)
		if !told.begun {
			return err
		}
		f := fault.Internal(err)
		told.tell(map[string]any{"error": map[string]any{"path": f.Path, "error": f.Message, "code": f.Code}})
		return nil
	case h.Changed != nil && s.IsOperator():
		written := int(out.Written)
		e.wrote(&request{full: "gatehouse_import_rows", args: first}, &written)
		h.Changed(context.WithoutCancel(ctx), Change{Session: s, Commands: []string{"gatehouse_import_rows"}, Written: e.written})
	}
	told.tell(map[string]any{"imported": out})
	return nil
}

// progress is an answer in lines, each of which is sent at once.
type progress struct{ opened }

func (p *progress) tell(line any) {
	text, err := json.Marshal(line)
	if err != nil {
		return
	}
	// Who no longer listens is noticed by the request's context.
	_, _ = p.Write(append(text, '\n'))
	_ = http.NewResponseController(p.w).Flush()
}
