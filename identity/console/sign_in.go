package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/secret"
)

// What went wrong with a sign-in, as the console's page is told.
const (
	problemNotMember = "not_member"
	problemExpired   = "expired"
	problemDenied    = "denied"
	problemFailed    = "failed"
)

// The sign-in's own cookie, from the start of the sign-in until the browser comes back. It is not SameSite=Strict, as the
// provider's redirect may come from another site.
const (
	plainSignIn  = "gatehouse_console_sign_in"
	secureSignIn = "__Host-gatehouse_console_sign_in"
	signInTTL    = time.Hour
)

// pending is a sign-in under way. Its state ties the answer to this browser (RFC 9700 §4.7), its verifier the code.
type pending struct {
	State    string `json:"s"`
	Verifier string `json:"v"`
	Base     string `json:"b"`
	To       string `json:"t"`
	Expires  int64  `json:"e"`
}

// startSignIn sends the browser to the provider.
func (h *Handler) startSignIn(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	to := ownPage(query.Get("to"))
	base, isKnown := h.base(r)
	if !isKnown && !query.Has("via") {
		// The provider sends nobody back to a name it does not know, and a cookie set here would not be seen there. Once: a proxy
		// may call us by another name than the browser does.
		query.Set("to", to)
		query.Set("via", "1")
		redirect(w, r, base+"/console/sign-in?"+query.Encode())
		return nil
	}
	p := pending{State: secret.Opaque(), Verifier: secret.Opaque(), Base: base, To: to, Expires: h.now().Add(signInTTL).Unix()}
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	h.setSignInCookie(w, r, base64.RawURLEncoding.EncodeToString(value), int(signInTTL/time.Second))
	challenge := sha256.Sum256([]byte(p.Verifier))
	ask := url.Values{
		"client_id": {directory.ConsoleClient}, "redirect_uri": {base + callbackPath}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {p.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if query.Get("prompt") == "login" { // somebody else is to sign in
		ask.Set("prompt", "login")
	}
	redirect(w, r, h.config.Members.Issuer+"/auth?"+ask.Encode())
	return nil
}

const callbackPath = "/console/callback"

// finishSignIn takes the browser back from the provider.
func (h *Handler) finishSignIn(w http.ResponseWriter, r *http.Request) error {
	p, isOurs := h.pendingOf(r)
	h.setSignInCookie(w, r, "", -1)
	query := r.URL.Query()
	fail := func(problem string) error {
		base := p.Base
		if base == "" {
			base, _ = h.base(r)
		}
		redirect(w, r, base+"/console?problem="+problem)
		return nil
	}
	switch {
	case !isOurs || !secret.Equal(p.State, query.Get("state")):
		return fail(problemExpired)
	case query.Get("error") == "access_denied":
		return fail(problemDenied)
	case query.Get("code") == "":
		return fail(problemFailed)
	}
	before := cookieValue(r.Header)
	credential := ""
	shown := oidc.Redemption{ClientID: directory.ConsoleClient, Code: query.Get("code"), RedirectURI: p.Base + callbackPath, Verifier: p.Verifier}
	isMember := true
	err := h.config.Members.Provider.Redeem(r.Context(), shown, func(tx *directory.Tx, s oidc.SignIn) (err error) {
		credential, err = h.store(r.Context(), tx, s, r)
		if errors.Is(err, errNotMember) { // the code is used up all the same
			isMember, err = false, nil
		}
		return err
	})
	var refused *oidc.Error
	switch {
	case errors.As(err, &refused):
		return fail(problemExpired)
	case err != nil:
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "sign-in to the console failed", "error", err)
		return fail(problemFailed)
	case !isMember:
		return fail(problemNotMember)
	}
	h.forgetSession(r.Context(), before)
	h.setCookie(w, r, credential, absoluteTTL)
	redirect(w, r, p.Base+p.To)
	return nil
}

// Begin signs in the administrator that the set-up page makes, in the transaction that makes them. keep writes the cookies
// once that is committed.
func (h *Handler) Begin(r *http.Request, tx *directory.Tx, userID string) (keep func(w http.ResponseWriter), err error) {
	s, keepProvider, err := h.config.Members.Provider.Begin(r.Context(), tx, directory.ConsoleClient, userID)
	if err != nil {
		return nil, err
	}
	credential, err := h.store(r.Context(), tx, s, r)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter) {
		keepProvider(w)
		h.setCookie(w, r, credential, absoluteTTL)
	}, nil
}

// forgetSession ends the session that a browser had before another took its place; the browser's at the provider may be
// the new one's, and stays.
func (h *Handler) forgetSession(ctx context.Context, credential string) {
	if s, _, ok := h.readSecretCookie(credential); ok {
		h.ended.add(s, h.now())
		h.config.Changed()
		return
	}
	d, ok := digestOf(credential)
	if !ok || h.config.Members == nil {
		return
	}
	err := h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		_, err := tx.Exec(ctx, `delete from identity.console_sessions where digest = $1`, d[:])
		return err
	})
	if err != nil {
		httpd.Logger(ctx).WarnContext(ctx, "the console session before could not be ended", "error", err)
	}
}

// pendingOf reads the sign-in under way of the browser.
func (h *Handler) pendingOf(r *http.Request) (p pending, ok bool) {
	name := plainSignIn
	if h.isSecure(r) {
		name = secureSignIn
	}
	c, err := r.Cookie(name)
	if err != nil {
		return p, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(raw, &p) != nil || !h.now().Before(time.Unix(p.Expires, 0)) || p.State == "" {
		return pending{}, false
	}
	if !slices.Contains(h.config.Bases, p.Base) { // somebody else wrote it
		return pending{}, false
	}
	p.To = ownPage(p.To)
	return p, true
}

func (h *Handler) setSignInCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	c := &http.Cookie{Name: plainSignIn, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if h.isSecure(r) {
		c.Name, c.Secure = secureSignIn, true
	}
	http.SetCookie(w, c)
}

// base is the URL the console is served below, as the browser that asks has it; where we do not know the name the browser
// uses, the first of our own, and false.
func (h *Handler) base(r *http.Request) (base string, isKnown bool) {
	host := h.host(r)
	for _, own := range h.config.Bases {
		if _, rest, _ := strings.Cut(own, "://"); strings.EqualFold(hostOf(rest), host) {
			return own, true
		}
	}
	return h.config.Bases[0], false
}

func hostOf(rest string) string {
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// ownPage is a page of the console to go to, the first one for whatever is none: a sign-in leads nowhere else.
func ownPage(to string) string {
	const first = "/console"
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || strings.ContainsAny(to, "\\\r\n\t") ||
		u.Path != first && !strings.HasPrefix(u.Path, first+"/") || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/../") ||
		strings.HasPrefix(u.Path, "/console/api/") || u.Path == "/console/sign-in" || u.Path == callbackPath {
		return first
	}
	return u.String()
}

// redirect sends the browser on. The page before is nobody's business, as its address may hold a code.
func redirect(w http.ResponseWriter, r *http.Request, target string) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, http.StatusFound) //nolint:gosec // a base of ours with ownPage, or the provider
}
