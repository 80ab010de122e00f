// Package management is the Management API: users, roles, API resources, applications and settings over HTTP, under
// Logto's paths, with Logto's bodies and errors. A handler decodes, calls identity/directory and encodes; business
// rules that are more than a sentence live there. Every change and its audit entry are one transaction.
package management

import (
	"context"
	"crypto/sha1" //nolint:gosec // an entity tag, as Koa makes them; nothing depends on it
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"gatehouse/httpd"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
	"gatehouse/jwt"
)

// Handler serves the Management API. Fields are set before Mount; those said to may be nil.
type Handler struct {
	Directory *directory.Directory
	// DB reads and writes the audit log; the directory's pool.
	DB interface {
		event.Executor
		event.Querier
	}

	// Verify checks an access token's signature against identity's keys, and that the grant behind it lives. Its
	// jwt errors show in the 401's data; claims are checked here.
	Verify func(ctx context.Context, token string) (*jwt.Token, error)
	// Issuers are the values of iss that are ours.
	Issuers []string
	// AdminSecret says whether a value of X-Hasura-Admin-Secret opens this API, and what the secret is called, for the audit
	// log. Nil: the header opens nothing.
	AdminSecret func(candidate string) (name string, ok bool)
	// Console says whom the console's cookie stands for, nil without one; console.ErrEnded when for nobody. Nil: there is no
	// console.
	Console func(ctx context.Context, h http.Header) (*console.Caller, error)
	// Seen is told of members of the console who call by token; optional.
	Seen func(ctx context.Context, userID string)
	// AllowedOrigins may call from a browser besides the API's own origin.
	AllowedOrigins []string
	// Origin is scheme and host of a request as the client sees them, for Link headers. Nil: taken from the request.
	Origin func(r *http.Request) string

	// TestScript runs a custom-claims script once. Nil: the endpoint is absent.
	TestScript func(ctx context.Context, t ScriptTest) (json.RawMessage, error)
	// ScriptContext is what a script is given as its context for a user or an application as they are now; directory.ErrNotFound.
	// Nil: the endpoint is absent.
	ScriptContext func(ctx context.Context, userID, applicationID string) (json.RawMessage, error)
	// Keys lists, rotates and deletes the provider's keys. Nil: these endpoints are absent.
	Keys *Keys
	// Sessions lists and ends sessions and grants. Nil: these endpoints are absent.
	Sessions *Sessions
}

// Mount registers every route.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/api/status", h.plain(map[string]endpoint{http.MethodGet: func(c *call) error {
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}}))
	for path, methods := range h.routes() {
		mux.HandleFunc(path, h.guarded(path, methods))
	}
}

// routes are the guarded ones: endpoints by path and method.
func (h *Handler) routes() map[string]map[string]endpoint {
	all := map[string]map[string]endpoint{}
	for _, routes := range []map[string]map[string]endpoint{
		h.userRoutes(), h.userRoleRoutes(), h.sessionRoutes(), h.resourceRoutes(), h.roleRoutes(),
		h.applicationRoutes(), h.configRoutes(), h.keyRoutes(), h.signInExperienceRoutes(), h.logRoutes(),
	} {
		for path, methods := range routes {
			all[path] = methods
		}
	}
	return all
}

// endpoint answers one method of one path; its error becomes the answer.
type endpoint func(c *call) error

// call is one request to an endpoint.
type call struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	caller caller
	// noted is what the audit entry says besides.
	noted map[string]any
}

func (c *call) ctx() context.Context { return c.r.Context() }

// guarded answers only callers who may use the Management API, and this route of it.
func (h *Handler) guarded(path string, methods map[string]endpoint) http.HandlerFunc {
	wrapped := make(map[string]endpoint, len(methods))
	for method, answer := range methods {
		op := operationOf(method, path)
		wrapped[method] = func(c *call) (err error) {
			if c.caller, err = h.authorize(c.r); err != nil {
				return err
			}
			if err := c.require(op); err != nil {
				return err
			}
			if err := checkQuery(c.r); err != nil {
				return err
			}
			return answer(c)
		}
	}
	return h.plain(wrapped)
}

// plain picks the method: 405 for one the path does not have, 501 for one no path has.
func (h *Handler) plain(methods map[string]endpoint) http.HandlerFunc {
	allowed := make([]string, 0, len(methods)+1)
	for method := range methods {
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	return func(w http.ResponseWriter, r *http.Request) {
		if id := httpd.RequestID(r.Context()); id != "" {
			w.Header().Set("Logto-Core-Request-Id", id)
		}
		h.cors(w, r)
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		answer, found := methods[method]
		switch {
		case found:
			if err := answer(&call{h: h, w: w, r: r}); err != nil {
				fail(w, r, err)
			}
		case r.Method == http.MethodOptions:
			preflight(w, r, allowed)
		default:
			refuseMethod(w, r, allowed)
		}
	}
}

func refuseMethod(w http.ResponseWriter, r *http.Request, allowed []string) {
	status := http.StatusNotImplemented
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		status = http.StatusMethodNotAllowed
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeText(w, status, http.StatusText(status))
}

func writeText(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// cors lets the configured origins read answers. No cookie counts here, so none is allowed along.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	w.Header().Add("Vary", "Origin")
	if slices.Contains(h.AllowedOrigins, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "*")
	}
}

func preflight(w http.ResponseWriter, r *http.Request, allowed []string) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	if r.Header.Get("Access-Control-Request-Method") != "" && w.Header().Get("Access-Control-Allow-Origin") != "" {
		w.Header().Set("Access-Control-Allow-Methods", strings.Join(allowed, ","))
		w.Header().Set("Access-Control-Allow-Headers", "Authorization,Content-Type,X-Hasura-Admin-Secret")
		w.Header().Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// maxBody bounds request bodies; koa-body's default for JSON.
const maxBody = 1 << 20

// body reads the request body, checks it against s and decodes what s let through into dst.
func (c *call) body(s schema, dst any) error {
	v, err := c.json()
	if err != nil {
		return err
	}
	return decode("body", s, v, dst)
}

// json reads the request body as JSON; no body is an empty object.
func (c *call) json() (any, error) {
	raw, err := httpd.ReadBody(c.w, c.r, maxBody)
	if httpd.IsTooLarge(err) {
		return nil, &problem{
			status: http.StatusRequestEntityTooLarge, code: "request.invalid_input",
			message: fmt.Sprintf("Input is invalid. The request body is larger than %d bytes.", maxBody),
		}
	}
	if err != nil {
		return nil, invalidInput("The request body cannot be read.")
	}
	if len(raw) == 0 {
		return map[string]any{}, nil
	}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil, invalidInput("The request body must be of type application/json.")
	}
	v, err := parseJSON(raw)
	if err != nil {
		return nil, invalidInput("The request body is not valid: " + err.Error() + ".")
	}
	return v, nil
}

// decode checks a value and decodes what the schema let through.
func decode(part string, s schema, v, dst any) error {
	var found check
	cleaned, result := s(&found, nil, v)
	if result != valid {
		return invalidGuard(part, found.issues)
	}
	raw, err := json.Marshal(cleaned)
	if err != nil {
		return fmt.Errorf("re-encode %s: %w", part, err)
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		return invalidInput("The request " + part + " is not valid.")
	}
	return nil
}

// checkQuery refuses a query string Postgres could not take as text.
func checkQuery(r *http.Request) error {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalidInput("The request query is not valid.")
	}
	for name, values := range given {
		for _, text := range append(values, name) {
			if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
				return invalidInput("The request query contains bytes that are not text.")
			}
		}
	}
	return nil
}

// query checks query parameters against s and decodes them. A parameter that repeats is an array.
func (c *call) query(s schema, dst any) error {
	given := map[string]any{}
	for name, values := range c.r.URL.Query() {
		if len(values) == 1 {
			given[name] = values[0]
			continue
		}
		many := make([]any, len(values))
		for i, v := range values {
			many[i] = v
		}
		given[name] = many
	}
	return decode("query", s, given, dst)
}

// path is a parameter of the path. One that cannot be stored cannot be found either.
func (c *call) path(name string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(c.r.PathValue(name), "\x00", "\uFFFD"), "\uFFFD")
}

// search reads the advanced search of a list.
func (c *call) search(fields []string) (directory.Search, error) {
	return directory.ParseSearch(c.r.URL.Query(), fields)
}

// ok answers with JSON; a GET gets an entity tag and may be answered 304.
func (c *call) ok(v any) error { return c.answer(http.StatusOK, v) }

func (c *call) answer(status int, v any) error {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		httpd.WriteJSON(c.w, status, v)
		return nil
	}
	raw, err := encode(v)
	if err != nil {
		return err
	}
	sum := sha1.Sum(raw) //nolint:gosec // see the import
	tag := fmt.Sprintf(`"%x-%s"`, len(raw), base64.StdEncoding.EncodeToString(sum[:])[:27])
	c.w.Header().Set("ETag", tag)
	if fresh(c.r.Header.Get("If-None-Match"), tag) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	httpd.WriteBytes(c.w, status, raw)
	return nil
}

func fresh(ifNoneMatch, tag string) bool {
	for _, candidate := range strings.Split(ifNoneMatch, ",") {
		if c := strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); c == tag || c == "*" {
			return true
		}
	}
	return false
}

func encode(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// isNotFound is a shorthand for the error of lookups.
func isNotFound(err error) bool { return errors.Is(err, directory.ErrNotFound) }
