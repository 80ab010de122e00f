// Package transport is the data API's HTTP surface: GraphQL over POST, WebSockets and event streams, RESTified endpoints, version, configuration and
// health, with Hasura's bodies, statuses and order of checks.
//
// It decodes, asks session who is calling, calls the engine and writes bytes. It knows no SQL and decides no permission.
package transport

import (
	"context"
	"net/http"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/rest"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// DefaultMaxBody bounds a request body when Handler.MaxBody is not set: large enough for bulk inserts.
const DefaultMaxBody = 100 << 20

// Request is one GraphQL request.
type Request = operation.Request

// Answer is the response to one.
type Answer = operation.Answer

// Handler serves the data API. The function fields are the engine's; those marked optional may be nil, and what needs
// them then answers 404.
type Handler struct {
	// Resolve says who is calling.
	Resolve func(ctx context.Context, req session.Request) (*session.Session, error)
	// Query runs one request and gives the whole response body, {"data":…}. An error is a *fault.Error wherever the
	// client is meant to learn more than "internal error".
	Query runner
	// Relay is Query on the Relay schema; optional.
	Relay runner
	// MayBatch checks how many operations a batch has; optional.
	MayBatch func(s *session.Session, operations int) error
	// ClearResponses drops cached responses: that with the key, those of the family, or with neither all; optional.
	ClearResponses func(ctx context.Context, key, family string) error
	// Persisted keeps the texts of automatic persisted queries; nil refuses them as Hasura does without the setting.
	Persisted *Persisted
	// Socket serves WebSocket handshakes and event streams on the GraphQL paths; optional.
	Socket *Sockets
	// Health tells the state of metadata and catalogue.
	Health func(ctx context.Context) Health
	// REST gives the endpoints of the present snapshot.
	REST func() *rest.Endpoints
	// Subscriptions shows what is subscribed to, with who shares the results when extended; optional.
	Subscriptions func(extended bool) any
	// Settings gives the configuration shown at /v1alpha1/config.
	Settings func() Settings

	// Errors decides what of an error is shown.
	Errors Errors
	// APIs are the enabled ones of "metadata", "graphql", "pgdump", "config", "developer"; nil means Hasura's default.
	APIs []string
	// Refused is told of a request that was refused before it was run; optional.
	Refused func()
	// LogsQueries notes what was asked for the log of requests.
	LogsQueries bool
	// MaxBody bounds request bodies, in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Version is Gatehouse's own.
	Version string
	// PreserveUnauthorized keeps status 401 on GraphQL paths (PRESERVE_401_ERRORS).
	PreserveUnauthorized bool
}

// Health is what /healthz reports.
type Health struct {
	// HasInconsistencies: some metadata objects cannot be served.
	HasInconsistencies bool
	// Err: the metadata database cannot be reached.
	Err error
}

// defaultAPIs are HASURA_GRAPHQL_ENABLED_APIS' default.
var defaultAPIs = []string{"metadata", "graphql", "pgdump", "config"}

// HasAPI tells whether an API is enabled.
func (h *Handler) HasAPI(name string) bool {
	apis := h.APIs
	if apis == nil {
		apis = defaultAPIs
	}
	for _, api := range apis {
		if api == name {
			return true
		}
	}
	return false
}

// Mount puts the data API's paths on mux. A path that is not served, or switched off, answers Hasura's 404, also to
// callers without credentials: authentication does not come into it.
func (h *Handler) Mount(mux httpd.Mux) {
	mux.HandleFunc("/healthz", h.health)
	mux.HandleFunc("/hasura/healthz", h.health)
	mux.HandleFunc("GET /v1/version", h.version)
	mux.HandleFunc("/api/rest", h.rest)
	mux.HandleFunc("/api/rest/", h.rest)
	mux.HandleFunc("GET /api/swagger/json", h.openAPI)
	if h.HasAPI("graphql") {
		mux.HandleFunc("POST "+graphQLPath, h.graphQL(h.Query, true, true))
		mux.HandleFunc("POST "+alphaPath, h.graphQL(h.Query, false, false))
		mux.HandleFunc("GET "+graphQLPath, h.graphQLGet)
		mux.HandleFunc("GET "+alphaPath, h.get)
		if h.Relay != nil {
			mux.HandleFunc("POST "+relayPath, h.graphQL(h.Relay, true, false))
			mux.HandleFunc("GET "+relayPath, h.get)
		}
		for _, path := range []string{graphQLPath, alphaPath, relayPath} {
			if path != relayPath || h.Relay != nil {
				mux.HandleFunc("PUT "+path, h.putStream)
				mux.HandleFunc("DELETE "+path, h.deleteOperation)
			}
		}
	}
	if h.ClearResponses != nil {
		mux.HandleFunc("POST /pro/cache/clear", h.clearResponses)
	}
	if h.HasAPI("config") {
		mux.HandleFunc("GET /v1alpha1/config", h.config)
	}
	if h.HasAPI("developer") {
		h.mountDeveloper(mux)
	}
	for _, prefix := range []string{"/v1", "/v1alpha1", "/v1beta1", "/v2", "/dev", "/pro"} {
		mux.HandleFunc(prefix, NotFound) // else the mux would redirect to prefix/
		mux.HandleFunc(prefix+"/", NotFound)
	}
}

// The paths of GraphQL.
const (
	graphQLPath = "/v1/graphql"
	alphaPath   = "/v1alpha1/graphql"
	relayPath   = "/v1beta1/relay"
)

// NotFound is Hasura's answer to an unknown path.
func NotFound(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) {
		noSocketHere(w)
		return
	}
	httpd.WriteBytes(w, http.StatusNotFound, fault.New(fault.NotFound, "", "resource does not exist").Body(false))
}

// admin resolves the caller and refuses everybody but the admin role, and who may not use a part.
func (h *Handler) admin(w http.ResponseWriter, r *http.Request, part session.Scope) (*session.Session, bool) {
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
	if err != nil {
		h.Errors.Write(w, r, nil, err)
		return nil, false
	}
	if !s.IsAdmin() {
		h.Errors.Write(w, r, s, fault.New(fault.AccessDenied, "", "You have to be an admin to access this endpoint"))
		return nil, false
	}
	if err := s.Require(part); err != nil {
		h.Errors.Write(w, r, s, err)
		return nil, false
	}
	return s, true
}

func (h *Handler) version(w http.ResponseWriter, _ *http.Request) {
	httpd.WriteJSON(w, http.StatusOK, struct {
		ServerType string `json:"server_type"`
		Version    string `json:"version"`
		Gatehouse  string `json:"gatehouse"`
	}{"ce", session.HasuraVersion, h.Version})
}

func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		NotFound(w, r)
		return
	}
	health, status, text := h.Health(r.Context()), http.StatusOK, "OK"
	isStrict := strings.EqualFold(r.URL.Query().Get("strict"), "true")
	switch {
	case health.Err != nil:
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "metadata database cannot be reached", "error", health.Err)
		status, text = http.StatusInternalServerError, "ERROR"
	case health.HasInconsistencies && isStrict:
		status, text = http.StatusInternalServerError, "ERROR: inconsistent objects in schema"
	case health.HasInconsistencies:
		text = "WARN: inconsistent objects in schema"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
