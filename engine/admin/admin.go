// Package admin is the administrator's API: /v1/metadata, /v2/query and /v1/query, one file per family of commands.
//
// It reads requests, refuses everybody but administrators (the row commands of /v1/query and /v2/query follow
// permissions instead), and turns commands into changes of a draft that the engine commits as a whole. What a command
// does to the document is decided in metadata; what can be served, in schema.
package admin

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/impact"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// View is a state of the engine. It does not change.
type View interface {
	Metadata() *metadata.Metadata
	// Version is the resource version.
	Version() int
	// Catalog is nil for a source that cannot be reached.
	Catalog(source string) *catalog.Catalog
	Inconsistencies() []metadata.Inconsistency
	// Pool connects to a source; the error is a client's.
	Pool(source string) (*pgxpool.Pool, error)
	// Wrote says that something may have been written to a source past the query line.
	Wrote(source string)
	Facts() metadata.Facts
}

// Draft is a state in the making: the view of one request, which becomes everybody's when the request succeeds.
type Draft interface {
	View
	// Rebuild derives the state from doc, reading the catalogs of the given sources anew.
	Rebuild(ctx context.Context, doc *metadata.Metadata, reload ...string) error
	// RebuildIn does so with a catalog read in a transaction on its source, whose uncommitted changes it sees.
	RebuildIn(ctx context.Context, doc *metadata.Metadata, source string, c *catalog.Catalog, tx pgx.Tx) error
	// IsFresh tells whether a source's catalog was read in this draft.
	IsFresh(source string) bool
	// MakeStale makes the source's catalog be read again before it is next relied on.
	MakeStale(source string)
	// MayHaveChanged says that the source's catalog may have more in it than is known.
	MayHaveChanged(source string)
	// Learn reads tables and functions that the source's catalog does not show.
	Learn(ctx context.Context, source string, tables, functions []catalog.Name) error
	// Overwrite says that the draft's document replaces whatever is stored, be it unreadable.
	Overwrite()
	// Mark gives a function that puts the draft back to where it is now.
	Mark() (restore func())
	// Announce must be called before a transaction on a source is committed that the document has to follow: adapt says
	// how. Neither what happens later in the request nor the death of the process then loses it. An error is a conflict
	// when somebody else has saved; the transaction must be rolled back.
	Announce(ctx context.Context, tx pgx.Tx, source string, adapt func(*metadata.Metadata) *metadata.Metadata) error
	// Acted says that something was done outside the draft, so that the request cannot be run again.
	Acted()
}

// Engine is what the API administers.
type Engine interface {
	// View is the present state, brought up to date with other processes first.
	View(ctx context.Context) (View, error)
	// Update runs change on a draft and commits it, one at a time. expect is the resource version the client believes
	// to change, nil for any.
	Update(ctx context.Context, expect *int, change func(Draft) error) error
	// Plan tells what replacing the document would change, of schemas as text, too, where sdl is set; it changes nothing.
	Plan(ctx context.Context, doc *metadata.Metadata, sdl bool) (*impact.Plan, error)
	// Rehearse runs change on a draft that is let go of, tells what it would change, and what ask is answered before and after;
	// ask may be nil.
	Rehearse(ctx context.Context, change func(Draft) error, sdl bool, ask *Question) (*Rehearsal, error)
	// State and SetState are what the CLI and the console keep in the catalog.
	State(ctx context.Context) (id string, cli, console json.RawMessage, err error)
	SetState(ctx context.Context, kind string, state json.RawMessage) error
	// HoldTurn has the turn to apply a project from when it tells "taken" until ctx ends. Before, and then every few seconds,
	// it tells where it stands; an error of tell ends it.
	HoldTurn(ctx context.Context, tell func(state string) error) error
	Migrations
}

// Handler serves the administrator's API.
type Handler struct {
	Engine  Engine
	Resolve func(ctx context.Context, req session.Request) (*session.Session, error)
	// WriteError writes err as {"path","error","code"}; the session is nil while the caller is unknown.
	WriteError func(w http.ResponseWriter, r *http.Request, s *session.Session, err error)
	// Rows runs the row commands: select, insert, update, delete, count.
	Rows RowCommands
	// Explainer answers /v1/graphql/explain.
	Explainer Explainer
	// SQLReach says what of Gatehouse's own a source's login could reach by SQL, "" for nothing.
	SQLReach func(ctx context.Context, pool *pgxpool.Pool) (string, error)
	// TestSource connects to where a database is said to be.
	TestSource func(ctx context.Context, info *metadata.ConnectionInfo) Reached
	// Changed is told of what operators have changed, when it is committed and before they are answered; optional.
	Changed func(ctx context.Context, c Change)
	// MaxBody bounds a request's body, in bytes.
	MaxBody int64
}

// RowCommands runs a row command under a caller's permissions.
type RowCommands interface {
	// Run answers a command. Errors are placed: parsePath and runPath are where the arguments stand.
	Run(ctx context.Context, v View, s *session.Session, kind string, args json.RawMessage, parsePath, runPath string) (json.RawMessage, error)
}

// Mount puts the API's paths on mux.
func (h *Handler) Mount(mux httpd.Mux) {
	mux.HandleFunc("POST /v1/metadata", h.serve(metadataAPI))
	mux.HandleFunc("POST /v1/query", h.serve(queryV1))
	mux.HandleFunc("POST /v2/query", h.serve(queryV2))
	mux.HandleFunc("POST /v1/graphql/explain", h.onlyAdmin(h.explain, session.ScopeGraphQL))
	mux.HandleFunc("POST /v1alpha1/graphql/explain", h.onlyAdmin(h.explain, session.ScopeGraphQL))
	mux.HandleFunc("POST /v1alpha1/migrations/turn", h.onlyAdmin(h.turn, session.ScopeMetadata))
	mux.HandleFunc("POST /v1alpha1/rows/export", h.onlyAdmin(h.export, session.ScopeSQL, session.ScopeGraphQL))
	mux.HandleFunc("POST /v1alpha1/rows/import", h.onlyAdmin(h.importRows, session.ScopeSQL, session.ScopeGraphQL))
}

// MountDump puts pg_dump on mux.
func (h *Handler) MountDump(mux httpd.Mux) {
	mux.HandleFunc("POST /v1alpha1/pg_dump", h.onlyAdmin(h.pgDump, session.ScopeSQL))
}

// api is one of the three endpoints, which differ in the commands they know and in the paths of their errors.
type api struct {
	name string
	// argsKey is the key errors found while running stand under ("" for none), parseKey those found while reading.
	argsKey, parseKey string
	// hasMetadata and hasRows tell which commands it knows; run_sql is in both.
	hasMetadata, hasRows bool
}

var (
	metadataAPI = api{name: "metadata", argsKey: "args", parseKey: "args", hasMetadata: true}
	// Hasura reads the arguments of this one apart from the request, so that their paths start at the arguments.
	queryV1 = api{name: "query", argsKey: "args", hasMetadata: true, hasRows: true}
	// What fails while it runs is placed in the request here, not in its arguments.
	queryV2 = api{name: "query v2", parseKey: "args", hasRows: true}
)

func (a api) runPath(path string) string {
	if a.argsKey == "" {
		return path
	}
	return fault.Key(path, a.argsKey)
}

func (a api) parsePath(path string) string {
	if a.parseKey == "" {
		return path
	}
	return fault.Key(path, a.parseKey)
}

func (h *Handler) serve(a api) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
		if err != nil {
			h.WriteError(w, r, nil, err)
			return
		}
		body, err := httpd.ReadBody(w, r, h.MaxBody)
		if err != nil {
			h.WriteError(w, r, s, bodyError(err))
			return
		}
		answer, err := h.run(r.Context(), a, s, body)
		for _, header := range s.ResponseHeaders {
			w.Header().Add(header[0], header[1])
		}
		if err != nil {
			h.WriteError(w, r, s, err)
			return
		}
		httpd.WriteBytes(w, http.StatusOK, answer)
	}
}

func bodyError(err error) error {
	if httpd.IsTooLarge(err) {
		return fault.New(fault.BadRequest, "", "request body is too large").WithStatus(http.StatusRequestEntityTooLarge)
	}
	return fault.New(fault.BadRequest, "", "cannot read the request's body").WithCause(err)
}

// run answers one request.
func (h *Handler) run(ctx context.Context, a api, s *session.Session, body []byte) ([]byte, error) {
	req, err := parseRequest(body, a)
	if err != nil {
		if !s.IsAdmin() && !a.hasRows {
			return nil, adminOnly(a)
		}
		return nil, err
	}
	if !s.IsAdmin() && !req.isOpenToAll() {
		return nil, adminOnly(a)
	}
	if err := req.open(s); err != nil {
		return nil, err
	}
	e := &execution{h: h, api: a, session: s}
	answer, err := e.request(ctx, req)
	e.record(ctx, req, err)
	return answer, e.withoutSecrets(err)
}

func adminOnly(api) error {
	return fault.New(fault.AccessDenied, "$.args", "restricted access : admin only")
}
