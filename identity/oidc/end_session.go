package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// logoutTTL is how long the confirmation of a sign-out may take.
const logoutTTL = 10 * time.Minute

// logoutPath is where the sign-out cookie is sent.
const logoutPath = mount + "/session/end"

// logout is a sign-out waiting for its confirmation. It travels in a signed cookie, so asking to sign out stores nothing.
type logout struct {
	// XSRF is the digest of the token in the form; SessionID the session it may end, "" for none.
	XSRF      string `json:"x"`
	SessionID string `json:"s,omitempty"`
	ClientID  string `json:"c,omitempty"`
	// RedirectURI has been checked against the client.
	RedirectURI string `json:"u,omitempty"`
	State       string `json:"t,omitempty"`
	Expires     int64  `json:"e"`
}

// endSession is the end-session endpoint (OpenID Connect RP-Initiated Logout §2): it answers with a form that sends
// itself, because a GET alone must not sign anybody out.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	params, err := readParams(w, r)
	if err == nil {
		err = checkDuplicates(params)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	wanted, err := p.readLogout(r, params)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	session, err := p.session(ctx, p.pool, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if session != nil {
		wanted.SessionID = session.ID
		p.setSessionCookie(w, p.cookies.get(r, sessionCookie), session.ExpiresAt)
	}
	xsrf := secret.Token(48)
	wanted.XSRF, wanted.Expires = digestText(xsrf), p.now().Add(logoutTTL).Unix()
	p.cookies.set(w, cookie{name: logoutCookie, value: encodeCookie(mustJSON(wanted)), path: logoutPath, expires: p.now().Add(logoutTTL)})
	autoSubmit(w, "Sign Out", p.endpoint+logoutPath+"/confirm",
		fmt.Sprintf("    <input type=\"hidden\" name=\"xsrf\" value=\"%s\"/>\n    <input type=\"hidden\" name=\"logout\" value=\"yes\"/>\n", xsrf), "Sign out")
}

// readLogout checks what a sign-out request asks for. A post_logout_redirect_uri counts only with a client that has it.
func (p *Provider) readLogout(r *http.Request, params Params) (*logout, error) {
	l := &logout{ClientID: params.Get("client_id")}
	if params.Has("id_token_hint") {
		claims, err := p.readIDTokenHint(params.Get("id_token_hint"))
		if err != nil {
			return nil, err
		}
		if l.ClientID != "" && l.ClientID != claims.Audience {
			return nil, invalidRequest("client_id does not match the provided id_token_hint")
		}
		l.ClientID = claims.Audience
	}
	if l.ClientID == "" {
		return l, nil
	}
	client, err := p.client(r.Context(), l.ClientID)
	if err != nil {
		return nil, err
	}
	if params.Has("post_logout_redirect_uri") {
		if !client.allowsPostLogout(params.Get("post_logout_redirect_uri")) {
			return nil, invalidRequest("post_logout_redirect_uri not registered")
		}
		if len(params.Get("post_logout_redirect_uri"))+len(params.Get("state")) > 2048 {
			return nil, invalidRequest("post_logout_redirect_uri and state are too long")
		}
		l.RedirectURI, l.State = params.Get("post_logout_redirect_uri"), params.Get("state")
	}
	return l, nil
}

// confirmEndSession is the form's target: it signs out and sends the browser on.
func (p *Provider) confirmEndSession(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	params, err := readParams(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	var l logout
	raw, ok := decodeCookie(p.cookies.get(r, logoutCookie))
	if !ok || json.Unmarshal(raw, &l) != nil || l.Expires < p.now().Unix() {
		p.fail(w, r, invalidRequest("could not find logout details"))
		return
	}
	if !secret.Equal(l.XSRF, digestText(params.Get("xsrf"))) {
		p.fail(w, r, invalidRequest("xsrf token invalid"))
		return
	}
	p.cookies.clear(w, logoutCookie, logoutPath)
	if params.Has("logout") && l.SessionID != "" {
		err := p.directory.InTx(ctx, func(tx *directory.Tx) error { return endSession(ctx, tx, l.SessionID) })
		if err != nil {
			p.fail(w, r, err)
			return
		}
		p.cookies.clear(w, sessionCookie, "/")
	}
	target := p.endpoint + logoutPath + "/success"
	if l.RedirectURI != "" {
		target = withQuery(l.RedirectURI, pairs{{"state", l.State}})
	}
	noStore(w)
	redirect(w, http.StatusSeeOther, target)
}

// endedSession is shown when nobody asked for the browser back.
func (p *Provider) endedSession(w http.ResponseWriter, _ *http.Request) {
	noStore(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	fmt.Fprint(w, `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1.0">
  <title>Signed out</title>
</head>
<body><h1>You are signed out</h1></body>
</html>
`)
}
