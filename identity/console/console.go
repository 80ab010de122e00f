// Package console is the server's side of the console: who is signed in to it and what they may do.
//
// A session is one cookie that no script can read. It is a member's, who signed in through our own provider, or that of
// somebody who knows an admin secret. The package says whom a cookie stands for and refuses cookies that come from
// elsewhere (origin.go); both halves ask it, and each refuses by itself what the caller may not do.
package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
)

// Ways of being signed in.
const (
	ByMember = "member"
	BySecret = "secret"
	// ByNobody: the data half has no admin secret, so that everybody is its administrator.
	ByNobody = "open"
)

// Secret is an admin secret that opens the console.
type Secret struct {
	// Name is what logs call it, "" for one that has none.
	Name, Secret string
	Operations   directory.Operations
}

// Endpoints are what applications are pointed to; nil where this process does not serve them.
type Endpoints struct {
	GraphQL   *string `json:"graphql"`
	REST      *string `json:"rest"`
	Metadata  *string `json:"metadata"`
	Issuer    *string `json:"issuer"`
	Discovery *string `json:"discovery"`
	JWKS      *string `json:"jwks"`
}

// Config of a Handler.
type Config struct {
	// Bases are the URLs that the console is known to be served below, as "https://gate.example", the public one first. Their
	// origins are our own, besides the host that a request names.
	Bases []string
	// TrustProxy takes scheme and host from X-Forwarded-*.
	TrustProxy bool
	// Secrets are the admin secrets; none is Hasura's open mode where the data half runs.
	Secrets []Secret
	// HasData and HasIdentity tell which halves run.
	HasData, HasIdentity, HasDemo bool
	// Withheld are the operations that members without ConsoleSources are not given here, for all that is known now; nil: none.
	Withheld func(ctx context.Context) (directory.Operations, error)
	// Members signs members in; nil where the identity half does not run.
	Members *Members
	// Endpoints of this process; base is the console's origin as the browser has it.
	Endpoints func(base string) Endpoints
	Version   string
	// Changed, optional, is told when a session has ended here. It must not block.
	Changed func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Handler serves /console/api and keeps the console's sessions.
type Handler struct {
	config   Config
	origins  []string // of the bases
	now      func() time.Time
	attempts attempts
	ended    ended
	seen     seen
}

// New makes a Handler.
func New(c Config) *Handler {
	h := &Handler{config: c, now: c.Now}
	for _, base := range c.Bases {
		scheme, rest, _ := strings.Cut(base, "://")
		h.origins = append(h.origins, scheme+"://"+hostOf(rest))
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.config.Changed == nil {
		h.config.Changed = func() {}
	}
	return h
}

// Caller is whom a session stands for.
type Caller struct {
	// By is ByMember or BySecret.
	By string
	// Secret is the admin secret's place in Config.Secrets, and SecretName its name.
	Secret     int
	SecretName string
	// UserID and Role are the member's.
	UserID, Role string
	Operations   directory.Operations
	// Expires is when the session ends unless it is used before.
	Expires time.Time
}

// ErrEnded says that a cookie stands for nobody any more.
var ErrEnded = &problem{status: http.StatusUnauthorized, code: "auth.unauthorized", message: "The console's session has ended. Sign in again."}

// TakeOut takes the console's cookie out of a request's headers, so that nothing else is shown it; "" and the same
// headers when there is none. It trusts that the cookie may count, see Guard.
func (h *Handler) TakeOut(header http.Header) (credential string, rest http.Header) {
	if !hasCookie(header) {
		return "", header
	}
	return cookieValue(header), withoutCookies(header, isSessionCookie)
}

// Caller says whom a credential stands for. ErrEnded when it stands for nobody; other errors say that it cannot be told
// now. isAgain: the caller has not done anything, but goes on.
func (h *Handler) Caller(ctx context.Context, credential string, isAgain bool) (*Caller, error) {
	if s, i, ok := h.readSecretCookie(credential); ok {
		known := &h.config.Secrets[i]
		return &Caller{By: BySecret, Secret: i, SecretName: known.Name, Operations: known.Operations, Expires: s.expires()}, nil
	}
	return h.member(ctx, credential, isAgain)
}

// CallerOf says whom a request's cookie stands for; nil without a cookie.
func (h *Handler) CallerOf(ctx context.Context, header http.Header) (*Caller, error) {
	if credential := cookieValue(header); credential != "" {
		return h.Caller(ctx, credential, false)
	}
	return nil, nil
}

// Epoch moves whenever what Caller says may have changed, but for Caller.Expires.
func (h *Handler) Epoch() (epoch uint64, isKnown bool) {
	if h.config.Members == nil {
		return h.ended.count.Load(), true
	}
	epoch, isKnown = h.config.Members.Authority.ConsoleEpoch()
	return epoch + h.ended.count.Load(), isKnown
}

// told are the operations a member is told of: those that would be refused at every turn are not among them.
func (h *Handler) told(ctx context.Context, all directory.Operations) (directory.Operations, error) {
	if all.Has(directory.ConsoleSources) || h.config.Withheld == nil {
		return all, nil
	}
	withheld, err := h.config.Withheld(ctx)
	return slices.DeleteFunc(slices.Clone(all), withheld.Has), err
}

// Mount adds the API's routes, and those of signing in.
func (h *Handler) Mount(mux *http.ServeMux) {
	routes := map[string]func(w http.ResponseWriter, r *http.Request) error{
		"GET /console/api/session":    h.showSession,
		"POST /console/api/session":   h.signInBySecret,
		"DELETE /console/api/session": h.signOut,
		"/console/api/":               func(http.ResponseWriter, *http.Request) error { return errNoRoute },
	}
	if h.config.Members != nil {
		routes["GET /console/sign-in"] = h.startSignIn
		routes["GET "+callbackPath] = h.finishSignIn
		routes["GET /console/api/members"] = h.may(directory.ConsoleMembers, h.listMembers)
		routes["PUT /console/api/members/{userId}"] = h.may(directory.ConsoleMembers, h.putMember)
		routes["DELETE /console/api/members/{userId}"] = h.may(directory.ConsoleMembers, h.deleteMember)
	}
	for pattern, answer := range routes {
		mux.HandleFunc(pattern, h.handle(answer))
	}
}

// handle answers pages of our own alone where something is changed; a bare request, of no browser's, has no cookie to ride
// on and is let in.
func (h *Handler) handle(answer func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead && h.isForeign(r) {
			fail(w, r, errForeign)
			return
		}
		if err := answer(w, r); err != nil {
			fail(w, r, err)
		}
	}
}

// halves tell which halves run.
type halves struct {
	Data     bool `json:"data"`
	Identity bool `json:"identity"`
}

// signedOut is what the console is told before somebody signs in.
type signedOut struct {
	SignedIn   bool     `json:"signedIn"`
	Ways       []string `json:"ways"`
	NeedsSetUp bool     `json:"needsSetUp"`
	Halves     halves   `json:"halves"`
	Demo       bool     `json:"demo"`
	Version    string   `json:"version"`
}

// signedIn is what the console is told of a session.
type signedIn struct {
	signedOut
	By        string               `json:"by"`
	User      *member              `json:"user"`
	Role      *string              `json:"role"`
	May       directory.Operations `json:"may"`
	Endpoints Endpoints            `json:"endpoints"`
}

// member is a user as the console shows one.
type member struct {
	ID       string  `json:"id"`
	Username *string `json:"username"`
	Name     *string `json:"name"`
	Avatar   *string `json:"avatar"`
}

// showSession answers who is signed in. A cookie that stands for nobody any more is taken away.
func (h *Handler) showSession(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := h.CallerOf(ctx, r.Header)
	if err == ErrEnded { //nolint:errorlint // the value itself
		h.clearCookie(w, r)
	} else if err != nil {
		return err
	}
	out := signedOut{
		Ways: []string{}, Halves: halves{h.config.HasData, h.config.HasIdentity}, Demo: h.config.HasDemo, Version: h.config.Version,
	}
	if m := h.config.Members; m != nil {
		out.Ways = append(out.Ways, ByMember)
		has, err := m.Directory.HasConsoleOwner(ctx)
		if err != nil {
			return err
		}
		out.NeedsSetUp = !has
	}
	if len(h.config.Secrets) > 0 {
		out.Ways = append(out.Ways, BySecret)
	}
	in := signedIn{signedOut: out}
	in.SignedIn = true
	switch {
	case c != nil:
		in.By, in.May = c.By, c.Operations
		if c.By == ByMember {
			u, err := h.config.Members.Directory.User(ctx, c.UserID)
			if err != nil {
				return err
			}
			in.User, in.Role = &member{u.ID, u.Username, u.Name, u.Avatar}, &c.Role
			if in.May, err = h.told(ctx, c.Operations); err != nil {
				return err
			}
		}
	case h.isOpen():
		in.By, in.May = ByNobody, dataOperations()
	default:
		httpd.WriteJSON(w, http.StatusOK, out)
		return nil
	}
	in.Endpoints = h.config.Endpoints(h.origin(r))
	httpd.WriteJSON(w, http.StatusOK, in)
	return nil
}

// dataOperations are those on the data half.
func dataOperations() directory.Operations {
	var out directory.Operations
	for _, op := range directory.AllOperations {
		if !directory.IdentityOperations.Has(op) {
			out = append(out, op)
		}
	}
	return out
}

// signInBySecret is POST {"secret"}.
func (h *Handler) signInBySecret(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Secret *string }
	if err := readBody(w, r, &in); err != nil {
		return err
	}
	if in.Secret == nil {
		return badRequest("`secret` is missing.")
	}
	address := httpd.Network(httpd.ClientIP(r.Context()))
	if !h.attempts.begin(address, h.now()) {
		w.Header().Set("Retry-After", "60")
		return errTooMany
	}
	s := h.findSecret(*in.Secret)
	if s == nil {
		return errWrongSecret
	}
	h.attempts.succeeded(address)
	h.forgetSession(r.Context(), cookieValue(r.Header))
	h.bySecret(r, "Console.SignedIn", s)
	h.setCookie(w, r, newSecretSession(h.now()).value(s), absoluteTTL)
	httpd.Logger(r.Context()).InfoContext(r.Context(), "signed in to the console by admin secret", "secret_name", s.Name)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signOut ends the session and takes the cookie away, whatever it was worth.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) error {
	credential := cookieValue(r.Header)
	if s, of, ok := h.readSecretCookie(credential); ok {
		h.ended.add(s, h.now())
		h.config.Changed()
		h.bySecret(r, "Console.SignedOut", &h.config.Secrets[of])
	} else if err := h.end(r.Context(), credential, r); err != nil {
		return err
	}
	h.clearCookie(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
