package server

import (
	"context"
	"net/http"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// activityAnswer is what happened in steps of so many seconds; a list is null where its caller may not know, or nobody
// counts.
type activityAnswer struct {
	From          int64   `json:"from"` // Unix seconds
	Step          int64   `json:"step"` // seconds
	Requests      []int64 `json:"requests"`
	Errors        []int64 `json:"errors"`
	SignIns       []int64 `json:"signIns"`
	FailedSignIns []int64 `json:"failedSignIns"`
}

// mountConsoleStatus adds what the console shows of the process itself.
func (sv *Server) mountConsoleStatus(mux *http.ServeMux) {
	mux.HandleFunc("GET /console/api/activity", sv.console.Allow(sv.showActivity, directory.ConsoleOperations, directory.ConsoleLogs))
	mux.HandleFunc("GET /console/api/settings", sv.console.Allow(func(w http.ResponseWriter, _ *http.Request, _ directory.Operations) {
		httpd.WriteJSON(w, http.StatusOK, sv.settings.inForce())
	}, directory.ConsoleOperations))
	if sv.engine != nil {
		mux.HandleFunc("GET /console/api/live", sv.console.Allow(func(w http.ResponseWriter, _ *http.Request, _ directory.Operations) {
			httpd.WriteJSON(w, http.StatusOK, sv.engine.Status())
		}, directory.ConsoleOperations))
	}
	if sv.engine != nil {
		mux.HandleFunc("GET /console/api/nodes", sv.console.Allow(sv.showNodes, directory.ConsoleOperations))
	}
	if sv.identity != nil {
		mux.HandleFunc("GET /console/api/health", sv.console.Allow(sv.showIdentityHealth, directory.ConsoleOperations, directory.ConsoleLogs))
	}
	if sv.engine != nil && sv.identity != nil {
		// The answer says things about a user, and is there to ask as that user: who may not do both is told nothing.
		mux.HandleFunc("GET /console/api/users/{id}/session-variables", sv.console.AllowAll(sv.showCaller, directory.ConsoleUsersRead, directory.ConsoleGraphQL))
	}
}

// showIdentityHealth answers 200 while the identity half has its database, else 503. The data half's health is /healthz, Hasura's.
func (sv *Server) showIdentityHealth(w http.ResponseWriter, r *http.Request, _ directory.Operations) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := sv.identityPool.Ping(ctx); err != nil {
		httpd.Logger(ctx).ErrorContext(ctx, "the identity database does not answer", "error", err)
		http.Error(w, "the identity database does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("OK"))
}

// showNodes answers the processes that share the metadata database.
func (sv *Server) showNodes(w http.ResponseWriter, r *http.Request, _ directory.Operations) {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	nodes, err := sv.engine.Nodes(ctx)
	if err != nil {
		httpd.Logger(ctx).ErrorContext(ctx, "processes could not be listed", "error", err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	httpd.WriteJSON(w, http.StatusOK, nodes)
}

// showActivity answers the last hour in minutes, or with ?hours=24 the last day in quarters of an hour.
func (sv *Server) showActivity(w http.ResponseWriter, r *http.Request, may directory.Operations) {
	step, n := time.Minute, 60
	if r.URL.Query().Get("hours") == "24" {
		step, n = 15*time.Minute, 96
	}
	from := time.Now().Truncate(step).Add(-time.Duration(n-1) * step)
	out := activityAnswer{From: from.Unix(), Step: int64(step / time.Second)}
	if may.Has(directory.ConsoleOperations) {
		out.Requests, out.Errors = sv.activity.series(from, step, n)
	}
	if sv.identity != nil && may.Has(directory.ConsoleLogs) {
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		var err error
		if out.SignIns, out.FailedSignIns, err = event.SignIns(ctx, sv.identityPool, from, step, n); err != nil {
			httpd.Logger(ctx).ErrorContext(ctx, "sign-ins could not be counted", "error", err)
		}
	}
	httpd.WriteJSON(w, http.StatusOK, out)
}
