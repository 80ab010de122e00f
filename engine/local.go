package engine

import (
	"bytes"
	"context"
	"net/http"

	"gatehouse/engine/admin"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

// Administer answers a request of this process itself to the administrator's API, whichever APIs are served to others:
// at start-up a project is applied this way.
func (e *Engine) Administer(ctx context.Context, path string, body []byte) (status int, answer []byte) {
	caller := &session.Session{Role: session.Admin, Variables: map[string]string{"x-hasura-role": session.Admin}, ByAdminSecret: true}
	h := &admin.Handler{
		Engine: e, Rows: rows{e}, Explainer: e, MaxBody: int64(len(body)), WriteError: transport.Errors{}.Write,
		Resolve: func(context.Context, session.Request) (*session.Session, error) { return caller, nil },
	}
	mux := http.NewServeMux()
	h.Mount(mux)
	h.MountDump(mux)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return http.StatusBadRequest, []byte(err.Error())
	}
	var w recorded
	mux.ServeHTTP(&w, req)
	return w.status, w.body.Bytes()
}

// recorded is a response that stays in the process.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorded) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}
