package admin

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
	"gatehouse/engine/sheet"
)

func init() {
	reads["gatehouse_select_rows"] = (*execution).selectRows
	reads["gatehouse_change_rows"] = (*execution).changeRows
}

// sheetCommands are about rows and leave metadata alone.
var sheetCommands = []string{"gatehouse_select_rows", "gatehouse_change_rows"}

// openSheet refuses who may not see every row. Those of tracked tables are an administrator's through GraphQL, too.
func openSheet(s *session.Session, isTracked bool) error {
	if isTracked && s.May(session.ScopeGraphQL) {
		return nil
	}
	return s.Require(session.ScopeSQL)
}

type sheetArgs struct {
	tableArgs
	sheet.Read
	Changes []sheet.Change `json:"changes"`
	// WantsUndo asks what takes the changes back.
	WantsUndo bool `json:"undo"`
	// Format is an export's: csv or json.
	Format string `json:"format"`
}

// sheetOf is the table that a command on rows is about. What the catalog leaves out (the system's schemas, Gatehouse's own) is
// not found here.
func (h *Handler) sheetOf(ctx context.Context, v View, s *session.Session, args json.RawMessage) (*sheetArgs, *catalog.Table, error) {
	a := &sheetArgs{tableArgs: tableArgs{Source: metadata.DefaultSource}}
	if err := json.Unmarshal(args, a); err != nil {
		return nil, nil, misread(fault.Root, err)
	}
	source := v.Metadata().Source(a.Source)
	if source == nil {
		return nil, nil, metadata.NoSource(a.Source)
	}
	if a.Table == nil {
		return nil, nil, fault.New(fault.ParseFailed, "", "key %q not found", "table")
	}
	name, err := metadata.ParseTableName(a.Table, fault.Key(fault.Root, "table"))
	if err != nil {
		return nil, nil, err
	}
	if err := openSheet(s, source.Table(name) != nil); err != nil {
		return nil, nil, err
	}
	c := v.Catalog(a.Source)
	if c == nil {
		return nil, nil, fault.New(fault.Unexpected, "", "source with name %q is inconsistent", a.Source).WithStatus(400)
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return nil, nil, err
	}
	if source.Table(name) == nil {
		// A view may show what only SQL could.
		if err := h.mayRunSQL(ctx, s, pool); err != nil {
			return nil, nil, err
		}
	}
	// Read anew: the catalog may be older than a change somebody made past Gatehouse.
	if c, err = catalog.LoadSome(ctx, pool, c, []catalog.Name{catalogName(name)}, nil); err != nil {
		return nil, nil, err
	}
	t := c.Tables[catalogName(name)]
	if t == nil {
		return nil, nil, fault.New(fault.NotExists, "", "no such table/view exists in source: %s", metadata.QuoteName(name))
	}
	return a, t, nil
}

// selectRows reads rows of a table as texts, with what a later change has to name.
func (e *execution) selectRows(ctx context.Context, v View, r *request) ([]byte, error) {
	a, t, err := e.h.sheetOf(ctx, v, e.session, r.args)
	if err != nil {
		return nil, err
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return nil, err
	}
	var rows *sheet.Rows
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		rows, err = a.Run(ctx, tx, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return marshal(rows)
}

// maxUndone bounds the changes whose way back is told: it is as long as they are.
const maxUndone = 1000

// changeRows makes all changes or none.
func (e *execution) changeRows(ctx context.Context, v View, r *request) ([]byte, error) {
	a, t, err := e.h.sheetOf(ctx, v, e.session, r.args)
	if err != nil {
		return nil, err
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return nil, err
	}
	defer v.Wrote(a.Source)
	var answer struct {
		Rows []*sheet.Row `json:"rows"`
		*sheet.WayBack
	}
	if a.WantsUndo && len(a.Changes) <= maxUndone {
		answer.WayBack = &sheet.WayBack{}
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
		if err := e.setUser(ctx, tx); err != nil {
			return err
		}
		answer.Rows, err = sheet.Write(ctx, tx, t, a.Changes, answer.WayBack)
		return err
	})
	if err != nil {
		return nil, sheet.Refused(err)
	}
	n := len(a.Changes)
	e.wrote(r, &n)
	if answer.WayBack != nil {
		answer.End()
	}
	return marshal(answer)
}

// export streams all rows that are asked for, as CSV or JSON.
func (h *Handler) export(ctx context.Context, s *session.Session, body []byte, w http.ResponseWriter) error {
	if err := fault.Syntax(body); err != nil {
		return err
	}
	v, err := h.Engine.View(ctx)
	if err != nil {
		return err
	}
	a, t, err := h.sheetOf(ctx, v, s, body)
	if err != nil {
		return err
	}
	if a.Format != "csv" && a.Format != "json" {
		return fault.New(fault.ParseFailed, "$.format", "expected csv or json")
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return err
	}
	out := &opened{w: w, kind: map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8"}[a.Format]}
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return a.Export(ctx, tx, t, a.Format == "json", out)
	})
	if err != nil && out.begun {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return err
}

// opened is a response whose head is written with its first bytes.
type opened struct {
	w     http.ResponseWriter
	kind  string
	begun bool
}

func (o *opened) Write(b []byte) (int, error) {
	if !o.begun {
		o.begun = true
		o.w.Header().Set("Content-Type", o.kind)
	}
	return o.w.Write(b)
}
