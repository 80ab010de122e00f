package transport

import (
	"context"
	"net/http"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// Errors writes errors and decides what clients may see of them.
type Errors struct {
	// DevMode shows `internal` to everybody (HASURA_GRAPHQL_DEV_MODE).
	DevMode bool
	// HideFromAdmin keeps it from administrators, too (HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=false).
	HideFromAdmin bool
}

// ShowsInternal tells whether a caller sees `internal`; s is nil for a caller not known (yet).
func (e Errors) ShowsInternal(s *session.Session) bool {
	return e.DevMode || s != nil && s.IsAdmin() && !e.HideFromAdmin
}

// Write writes err as {"path","error","code"} with its true status.
func (e Errors) Write(w http.ResponseWriter, r *http.Request, s *session.Session, err error) {
	f := e.known(r, err)
	httpd.OperationOf(r.Context()).Failure = f
	httpd.WriteBytes(w, f.Status, f.Body(e.ShowsInternal(s)))
}

// known is err as a client may see it. What nobody foresaw is logged here, with the request's id, and told as
// "internal error".
func (e Errors) known(r *http.Request, err error) *fault.Error {
	return e.knownAt(r.Context(), r.URL.Path, err)
}

// knownAt is known for what outlives its request.
func (e Errors) knownAt(ctx context.Context, path string, err error) *fault.Error {
	f := fault.Internal(err)
	if f.Status >= http.StatusInternalServerError {
		httpd.Logger(ctx).ErrorContext(ctx, "request failed", "path", path, "error", f)
	}
	return f
}
