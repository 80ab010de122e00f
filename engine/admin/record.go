package admin

import (
	"context"
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// Change is what an operator, a caller in the console or with an admin secret, has done to metadata or data, for the audit
// log.
type Change struct {
	Session *session.Session
	// Commands are the types of those that were run, as the client wrote them; of GraphQL none, but OperationName, "" without.
	Commands      []string
	OperationName string
	// Before and After are the document; the same where it was not changed. The versions are the resource's.
	Before, After               *metadata.Metadata
	VersionBefore, VersionAfter int
	// SQL are the statements of run_sql, literals that may be secrets masked.
	SQL []Statement
	// Written is what was done to rows.
	Written []Written
	// Err is why the request failed, without values; what it did in a database before that may stand.
	Err error
}

// Statement is the text of a run_sql.
type Statement struct {
	Source string `json:"source"`
	SQL    string `json:"sql"`
}

// Written is a row command, or a root field of a mutation. What stood in the rows, before or after, is not told.
type Written struct {
	// Command is the command's type, or the field's name.
	Command string `json:"command"`
	Source  string `json:"source,omitempty"`
	Table   string `json:"table,omitempty"`
	// Affected is how many rows were written; nil where the answer does not tell.
	Affected *int `json:"affected"`
}

// record tells of a request that changed something, or may have.
func (e *execution) record(ctx context.Context, r *request, err error) {
	if e.h.Changed == nil || !e.session.IsOperator() {
		return
	}
	c := Change{Session: e.session, Before: e.before, After: e.after, VersionBefore: e.version, VersionAfter: e.version, SQL: e.ran, Written: e.written, Err: err}
	c.Commands = r.changing(nil)
	switch {
	case len(c.Commands) == 0, err != nil && len(c.SQL)+len(c.Written) == 0:
		return // nothing was changed
	case err != nil:
		c.After, c.Err = c.Before, withoutValues(err, len(c.Written) > 0)
	case c.After != c.Before:
		c.VersionAfter++
	}
	e.h.Changed(context.WithoutCancel(ctx), c)
}

// changing adds the commands of a request that change something, or may: read_only is no proof, as SQL may end the transaction
// it runs in.
func (r *request) changing(all []string) []string {
	if r.kind == rehearse {
		return all
	}
	for _, item := range r.items {
		all = item.changing(all)
	}
	isRead := reads[r.kind] != nil && r.kind != "set_catalog_state" && r.kind != "gatehouse_change_rows"
	if isRead || slices.Contains(bulks, r.kind) || r.kind == "select" || r.kind == "count" {
		return all
	}
	return append(all, r.full)
}

// wrote notes that rows of the table that args name were written.
func (e *execution) wrote(r *request, affected *int) {
	a := tableArgs{Source: metadata.DefaultSource}
	w := Written{Command: r.full, Affected: affected}
	if json.Unmarshal(r.args, &a) == nil {
		if name, err := metadata.ParseTableName(a.Table, fault.Root); err == nil {
			w.Source, w.Table = a.Source, name.String()
		}
	}
	e.written = append(e.written, w)
}

// rows runs a row command.
func (e *execution) rows(ctx context.Context, v View, r *request) ([]byte, error) {
	answer, err := e.h.Rows.Run(ctx, v, e.session, r.kind, r.args, r.parsePath, r.runPath)
	if err == nil && r.kind != "select" && r.kind != "count" {
		var told struct {
			Affected *int `json:"affected_rows"`
		}
		_ = json.Unmarshal(answer, &told) // our own
		e.wrote(r, told.Affected)
	}
	return answer, err
}
