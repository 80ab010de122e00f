package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// mayBecome refuses a change of the document that gives away what the caller may not see. It looks at what came of the
// commands, whichever they were.
func (e *execution) mayBecome(ctx context.Context, d Draft, before *metadata.Metadata, r *request) error {
	after := d.Metadata()
	if after == before {
		return nil
	}
	if err := refuseMask(r, after); err != nil {
		return err
	}
	if e.session.May(session.ScopeSources) {
		return nil
	}
	gives, err := metadata.Discloses(before, after)
	switch {
	case err != nil:
		return err
	case gives.Secrets != "":
		return e.refuse(r, session.ScopeSources, "changing what holds a secret or names an environment variable ("+gives.Secrets+")")
	case len(gives.SQL) > 0 && !e.session.May(session.ScopeSQL):
		return e.refuse(r, session.ScopeSQL, "a native query")
	}
	for _, source := range gives.SQL {
		pool, err := d.Pool(source)
		if err != nil {
			return under(r.runPath, err)
		}
		if err := e.h.mayRunSQL(ctx, e.session, pool); err != nil {
			return fault.Under(r.path, err)
		}
	}
	return nil
}

// refuseMask refuses a document in which Mask stands for a secret, if the request is where it comes from.
func refuseMask(r *request, doc *metadata.Metadata) error {
	if !bytes.Contains(r.args, []byte(metadata.Mask)) || !doc.HoldsMask() {
		return nil
	}
	return fault.New(fault.BadRequest, r.path, "%s stands where a secret is to be: this was exported by somebody who may not see secrets", metadata.Mask)
}

func (e *execution) refuse(r *request, part session.Scope, what string) error {
	if err := e.session.Require(part); err != nil {
		return fault.New(fault.AccessDenied, r.path, "%s needs %q, which is not open to this caller", what, part).WithStatus(http.StatusForbidden)
	}
	return nil
}

// mayRunSQL refuses SQL of a member of the console who may not see secrets where the source's login could: it runs with all
// the login may do.
//
// It is asked again each time: what a login may do is changed in the database.
func (h *Handler) mayRunSQL(ctx context.Context, s *session.Session, pool *pgxpool.Pool) error {
	if s.SeesSecrets() {
		return nil
	}
	reach, err := h.SQLReach(ctx, pool)
	if err != nil {
		return err
	}
	if reach == "" {
		return nil
	}
	return fault.New(fault.AccessDenied, "", "there is no SQL for this membership of the console here: this source's login %s", reach).WithStatus(http.StatusForbidden)
}

// mayRun is mayRunSQL for a run_sql, which then goes on record.
func (e *execution) mayRun(ctx context.Context, pool *pgxpool.Pool, a *sqlArgs) error {
	err := e.h.mayRunSQL(ctx, e.session, pool)
	if err == nil {
		e.ran = append(e.ran, Statement{a.Source, withoutSecretLiterals(*a.SQL)})
	}
	return err
}

// withoutSecrets is an error as a caller may see it.
func (e *execution) withoutSecrets(err error) error {
	var f *fault.Error
	if err == nil || e.session.SeesSecrets() || !errors.As(err, &f) || f.Internal == nil {
		return err
	}
	c := *f
	c.Internal = nil
	if raw, failure := json.Marshal(f.Internal); failure == nil {
		if shown, failure := metadata.WithoutSecrets(raw); failure == nil {
			c.Internal = shown
		}
	}
	return &c
}
