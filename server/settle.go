package server

import (
	"net/http"
	"strings"

	"gatehouse/identity/authority"
)

// settling holds the answer to a change of the directory back until this process has heard the change itself, so that
// after the answer the old right is gone here (docs/decisions/0001).
func settling(a *authority.Authority, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !mayEndRights(r) {
			next.ServeHTTP(w, r)
			return
		}
		isToken := r.URL.Path == "/oidc/token"
		next.ServeHTTP(&settlingWriter{ResponseWriter: w, settle: func(status int) {
			if !isToken || status != http.StatusOK { // a token given ends nothing
				a.Settle(r.Context())
			}
		}}, r)
	})
}

// mayEndRights: the Management API, and whatever is posted to the provider: the end of a session, a revocation, a spent
// code or refresh token used again (which ends its grant). Signing in only gives rights.
func mayEndRights(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return strings.HasPrefix(r.URL.Path, "/oidc/") || strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/api/experience")
}

type settlingWriter struct {
	http.ResponseWriter
	settle  func(status int)
	settled bool
}

func (w *settlingWriter) WriteHeader(status int) {
	if !w.settled {
		w.settled = true
		w.settle(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *settlingWriter) Write(b []byte) (int, error) {
	if !w.settled {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

func (w *settlingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
