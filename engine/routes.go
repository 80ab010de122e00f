package engine

import (
	"net/http"
	"strings"

	"gatehouse/engine/session"
)

// access is what a caller needs for a route of the data half; exactly one field says it.
type access struct {
	// scope is the part that an admin secret or a membership of the console has to open.
	scope session.Scope
	// isPublic: nobody is asked who they are.
	isPublic bool
	// byBody: what it takes depends on what is asked for, see admin (request.open, openSheet).
	byBody bool
}

var (
	public  = access{isPublic: true}
	byBody  = access{byBody: true}
	queries = access{scope: session.ScopeGraphQL}
	watches = access{scope: session.ScopeOperations}
)

// routeAccess says of every route who may use it. The handlers refuse; a route that stands here for nobody ends the start,
// and the tests hold each to what it says.
var routeAccess = map[string]access{
	"/healthz": public, "/hasura/healthz": public, "GET /v1/version": public,

	"POST /v1/graphql": queries, "GET /v1/graphql": queries, "PUT /v1/graphql": queries, "DELETE /v1/graphql": queries,
	"POST /v1alpha1/graphql": queries, "GET /v1alpha1/graphql": queries, "PUT /v1alpha1/graphql": queries, "DELETE /v1alpha1/graphql": queries,
	"POST /v1beta1/relay": queries, "GET /v1beta1/relay": queries, "PUT /v1beta1/relay": queries, "DELETE /v1beta1/relay": queries,
	"POST /v1/graphql/explain": queries, "POST /v1alpha1/graphql/explain": queries,
	"/api/rest": queries, "/api/rest/": queries, "GET /api/swagger/json": queries,

	"POST /v1/metadata": byBody, "POST /v1/query": byBody, "POST /v2/query": byBody,
	"POST /v1alpha1/rows/export": byBody, "POST /v1alpha1/rows/import": byBody,
	"POST /v1alpha1/migrations/turn": {scope: session.ScopeMetadata},
	"POST /v1alpha1/pg_dump":         {scope: session.ScopeSQL},

	"GET /healthz/sources": watches, "GET /v1alpha1/config": watches, "POST /pro/cache/clear": watches,
	"GET /dev/plan_cache": watches, "GET /dev/ekg": watches, "GET /dev/subscriptions": watches, "GET /dev/subscriptions/extended": watches,

	// Nothing is there.
	"/v1": public, "/v1/": public, "/v1alpha1": public, "/v1alpha1/": public, "/v1beta1": public, "/v1beta1/": public, "/v2": public, "/v2/": public,
	"/dev": public, "/dev/": public, "/pro": public, "/pro/": public,
}

// routes is the data half's mux.
type routes struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc implements httpd.Mux.
func (r *routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if routeAccess[pattern] == (access{}) {
		panic("engine: nobody says who may use " + strings.TrimSpace(pattern))
	}
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.HandleFunc(pattern, handler)
}
