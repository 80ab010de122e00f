package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"gatehouse/identity/directory"
)

// step is where the dispatcher sends the browser: to a page for an interaction, or back to the client with a code.
type step struct {
	interaction *Interaction
	code        string
	// sessionValue is the session cookie's new value, "" to leave it.
	sessionValue string
	// sessionExpires is the session's new end; without a new value the present one is sent again with it.
	sessionExpires time.Time
}

// dispatch decides from what is stored what comes next for a request: sign-in, consent, or a code. It is the only place
// that does; pages and consent write their outcome and come back here. from is the interaction the request comes back
// from; it is used up in the same transaction that stores what follows, so a crash between loses neither.
func (p *Provider) dispatch(w http.ResponseWriter, r *http.Request, a *authorization, from *Interaction) {
	ctx := r.Context()
	var next step
	err := p.directory.InTx(ctx, func(tx *directory.Tx) (err error) {
		next, err = p.advance(ctx, tx, a, from)
		return err
	})
	if err != nil {
		if known := (*Error)(nil); from != nil && errors.As(err, &known) {
			// Refused for good. After a failure of ours the browser may try again: nothing has been used up.
			p.cookies.clear(w, resumeCookie, resumePath(from.ID))
		}
		p.failAuthorization(w, r, a, err)
		return
	}
	if from != nil && next.interaction == nil {
		p.cookies.clear(w, resumeCookie, resumePath(from.ID))
	}
	if next.interaction != nil {
		p.setInteractionCookies(w, r, next.interaction)
	}
	switch {
	case next.sessionValue != "":
		p.setSessionCookie(w, next.sessionValue, next.sessionExpires)
	case !next.sessionExpires.IsZero():
		p.setSessionCookie(w, p.cookies.get(r, sessionCookie), next.sessionExpires)
	}
	noStore(w)
	if next.interaction != nil {
		redirect(w, http.StatusSeeOther, pageFor(next.interaction))
		return
	}
	p.respond(w, a, responseParams(a, next.code))
}

// advance is the decision, inside a transaction.
func (p *Provider) advance(ctx context.Context, tx *directory.Tx, a *authorization, from *Interaction) (next step, err error) {
	if a.session, err = p.session(ctx, tx, a.request); err != nil {
		return next, err
	}
	if from != nil {
		// What the pages stored since the request was read counts, and only once.
		if from, err = takeInteraction(ctx, tx, from.ID); err != nil {
			return next, err
		}
		if next, err = p.applyResult(ctx, tx, a, from); err != nil {
			return next, err
		}
	}
	prompt, failure := a.loginPrompt(p.now())
	if prompt == nil && a.client.AppLevelAccessControlEnable {
		// Rules that cannot be evaluated let nobody in.
		return next, accessDenied("access to this application is controlled by rules that are not supported")
	}
	if prompt == nil {
		if a.grant, err = p.sessionGrant(ctx, tx, a.session, a.client.ID); err != nil {
			return next, err
		}
		if a.available, err = a.availableScopes(ctx, tx.Reader); err != nil {
			return next, err
		}
		prompt, failure = a.consentPrompt()
	}
	if prompt != nil {
		if slices.Contains(a.prompts, "none") {
			return next, failure
		}
		prompt.Resolved = a.resolved
		next.interaction, err = p.newInteraction(ctx, tx, a, *prompt)
		return next, err
	}
	if next.sessionValue == "" {
		if err := p.extendSession(ctx, tx, a.session); err != nil {
			return next, err
		}
		next.sessionExpires = a.session.ExpiresAt
	}
	next.code, err = p.newCode(ctx, tx, a)
	return next, err
}

// applyResult takes what an interaction brought into the session.
func (p *Provider) applyResult(ctx context.Context, tx *directory.Tx, a *authorization, from *Interaction) (next step, err error) {
	a.resolved = from.Prompt.Resolved
	if from.Prompt.Name == promptConsent && (a.session == nil || from.SessionID == nil || *from.SessionID != a.session.ID) {
		return next, invalidRequest("interaction session and authentication session mismatch")
	}
	a.result = from.Result
	switch result := from.Result; {
	case result == nil:
		return next, nil
	case result.Error != nil:
		return next, &Error{Code: result.Error.Code, Description: result.Error.Description}
	case result.Login != nil:
		if err := p.checkMayLogin(ctx, tx, result.Login.UserID); err != nil {
			return next, err
		}
		a.session, next.sessionValue, err = p.signIn(ctx, tx, a.session, result.Login)
		a.resolved = append(a.resolved, promptLogin)
	case result.Consent != nil:
		next.sessionValue, err = p.rotateSession(ctx, tx, a.session)
		a.resolved = append(a.resolved, promptConsent)
	}
	if a.session != nil {
		next.sessionExpires = a.session.ExpiresAt
	}
	return next, err
}

// checkMayLogin looks once more at the user, who may have been suspended or deleted since the page was submitted.
func (p *Provider) checkMayLogin(ctx context.Context, tx *directory.Tx, userID string) error {
	user, err := tx.User(ctx, userID)
	if errors.Is(err, directory.ErrNotFound) || err == nil && user.IsSuspended {
		return accessDenied("user is suspended or deleted")
	}
	return err
}

func (a *authorization) isResolved(prompt string) bool { return slices.Contains(a.resolved, prompt) }

// loginPrompt tells whether the user must sign in, and the error that says so under prompt=none.
func (a *authorization) loginPrompt(now time.Time) (*Prompt, *Error) {
	required := func(reason, description string) (*Prompt, *Error) {
		return &Prompt{Name: promptLogin, Reasons: []string{reason}}, &Error{Code: "login_required", Description: description}
	}
	switch {
	case a.session == nil:
		return required("no_session", "End-User authentication is required")
	case slices.Contains(a.prompts, promptLogin) && !a.isResolved(promptLogin):
		return required("login_prompt", "login prompt was not resolved")
	case a.maxAge >= 0 && !a.isResolved(promptLogin) && now.Sub(a.session.AuthenticatedAt) > time.Duration(a.maxAge)*time.Second:
		return required("max_age", "End-User authentication could not be obtained")
	case a.hintedSub != "" && a.hintedSub != a.session.UserID && !a.isResolved(promptLogin):
		return required("id_token_hint", "id_token_hint and authenticated subject do not match")
	}
	return nil, nil
}

// consentPrompt tells whether the grant lacks something, and the error that says so under prompt=none.
func (a *authorization) consentPrompt() (*Prompt, *Error) {
	isConsented := a.result != nil && a.result.Consent != nil
	var reasons []string
	failure := &Error{Code: "consent_required", Description: "requested scopes not granted"}
	if slices.Contains(a.prompts, promptConsent) && !a.isResolved(promptConsent) {
		reasons = append(reasons, "consent_prompt")
	}
	// RFC 8252 §8.6: whoever can open a native application's redirect URI could otherwise have a code unseen.
	if a.client.Type == directory.AppNative && !isConsented {
		reasons = append(reasons, "native_client_prompt")
		failure = &Error{Code: "interaction_required", Description: "native clients require End-User interaction"}
	}
	var granted []string
	var resources map[string][]string
	if a.grant != nil {
		granted, resources = a.grant.Scopes, a.grant.Resources
	}
	if a.grant == nil || len(missing(a.scopes, granted)) > 0 {
		reasons = append(reasons, "op_scopes_missing")
	}
	for indicator, scopes := range a.available {
		if len(missing(scopes, resources[indicator])) > 0 {
			reasons = append(reasons, "rs_scopes_missing")
			break
		}
	}
	if len(reasons) == 0 {
		return nil, nil
	}
	return &Prompt{Name: promptConsent, Reasons: reasons}, failure
}

// availableScopes are, for each resource asked for, the requested scopes the user's roles give.
func (a *authorization) availableScopes(ctx context.Context, read directory.Reader) (map[string][]string, error) {
	out := map[string][]string{}
	for _, indicator := range a.resources {
		scopes, err := userScopes(ctx, read, a.client.ID, a.session.UserID, indicator, a.apiScopes)
		if err != nil {
			return nil, err
		}
		out[indicator] = scopes
	}
	return out, nil
}

// pageFor is the page of the sign-in app an interaction needs (Logto: first_screen, direct_sign_in).
func pageFor(i *Interaction) string {
	query := url.Values{"app_id": {i.ClientID}}
	if i.Prompt.Name == promptConsent {
		return "/consent?" + query.Encode()
	}
	if method, target, ok := cutDirect(i.Params.Get("direct_sign_in")); ok {
		query.Set("fallback", firstScreen(i.Params.Get("first_screen"), i.Params.Get("interaction_mode"))[1:])
		return "/direct/" + method + "/" + url.PathEscape(target) + "?" + query.Encode()
	}
	for _, name := range []string{"login_hint", "identifier", "one_time_token", "ui_locales", "organization_id"} {
		if v := i.Params.Get(name); v != "" && name != "ui_locales" {
			query.Set(name, v)
		}
	}
	if i.Params.Has("one_time_token") {
		return "/one-time-token?" + query.Encode()
	}
	return firstScreen(i.Params.Get("first_screen"), i.Params.Get("interaction_mode")) + "?" + query.Encode()
}
