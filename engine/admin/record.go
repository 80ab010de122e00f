package admin

import (
	"context"
	"encoding/json"
	"slices"

	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// Change is what a caller in the console has done to metadata or data, for the audit log.
type Change struct {
	Session *session.Session
	// Commands are the types of those that were run, as the client wrote them.
	Commands []string
	// Before and After are the document; the same where it was not changed. The versions are the resource's.
	Before, After               *metadata.Metadata
	VersionBefore, VersionAfter int
	// SQL are the statements of run_sql.
	SQL []Statement
	// Err is why the request failed; what it did in a database before that may stand.
	Err error
}

// Statement is the text of a run_sql.
type Statement struct {
	Source string `json:"source"`
	SQL    string `json:"sql"`
}

// record tells of a request that changed something, or may have.
func (e *execution) record(ctx context.Context, r *request, err error) {
	if e.h.Changed == nil || !e.session.IsConsole() {
		return
	}
	c := Change{Session: e.session, Before: e.before, After: e.after, VersionBefore: e.version, VersionAfter: e.version, SQL: e.ran, Err: err}
	c.Commands = r.changing(nil)
	switch {
	case len(c.Commands) == 0, err != nil && len(c.SQL) == 0:
		return // nothing was changed
	case err != nil:
		c.After = c.Before
	case c.After != c.Before:
		c.VersionAfter++
	}
	e.h.Changed(context.WithoutCancel(ctx), c)
}

// changing adds the commands of a request that change something.
func (r *request) changing(all []string) []string {
	if r.kind == rehearse {
		return all
	}
	for _, item := range r.items {
		all = item.changing(all)
	}
	isRead := reads[r.kind] != nil && r.kind != "set_catalog_state" && r.kind != "gatehouse_change_rows"
	if isRead || slices.Contains(bulks, r.kind) || r.kind == "select" || r.kind == "count" || r.kind == "run_sql" && isReadOnly(r.args) {
		return all
	}
	return append(all, r.full)
}

func isReadOnly(args json.RawMessage) bool {
	var a sqlArgs
	return json.Unmarshal(args, &a) == nil && a.ReadOnly
}
