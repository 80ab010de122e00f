package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// Prompts an interaction can be for.
const (
	promptLogin   = "login"
	promptConsent = "consent"
)

// Prompt is why a user is needed.
type Prompt struct {
	Name    string   `json:"name"`
	Reasons []string `json:"reasons"`
	// Resolved are the prompts this request has been through already.
	Resolved []string `json:"resolved,omitempty"`
}

// Interaction is an authorization request waiting for its user.
type Interaction struct {
	ID        string
	ClientID  string
	SessionID *string
	Params    Params
	Prompt    Prompt
	// State is the sign-in pages' own.
	State     json.RawMessage
	Result    *Result
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Result is the outcome of an interaction; one of the fields is set.
type Result struct {
	Login   *LoginResult   `json:"login,omitempty"`
	Consent *ConsentResult `json:"consent,omitempty"`
	Error   *ErrorResult   `json:"error,omitempty"`
}

// LoginResult says who signed in.
type LoginResult struct {
	UserID string    `json:"userId"`
	At     time.Time `json:"at"`
	// Interaction is what custom-claims scripts see as context.interaction.
	Interaction json.RawMessage `json:"interaction,omitempty"`
}

// ConsentResult names the grant a consent was written to.
type ConsentResult struct {
	GrantID string `json:"grantId"`
}

// ErrorResult ends the request with an error at the client.
type ErrorResult struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

const interactionColumns = `i.id, i.client_id, i.session_id, i.params, i.prompt, i.state, i.result, i.created_at, i.expires_at`

func scanInteraction(row pgx.Row) (*Interaction, error) {
	i := new(Interaction)
	err := row.Scan(&i.ID, &i.ClientID, &i.SessionID, &i.Params, &i.Prompt, &i.State, &i.Result, &i.CreatedAt, &i.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, directory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read interaction: %w", err)
	}
	return i, nil
}

func (p *Provider) newInteraction(ctx context.Context, tx *directory.Tx, a *authorization, prompt Prompt) (*Interaction, error) {
	now := p.now()
	i := &Interaction{
		ID: secret.Opaque(), ClientID: a.client.ID, Params: a.params, Prompt: prompt,
		CreatedAt: now, ExpiresAt: now.Add(token.InteractionTTL),
	}
	if a.session != nil {
		i.SessionID = &a.session.ID
	}
	_, err := tx.Exec(ctx, `
insert into identity.interactions (id, client_id, session_id, params, prompt, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)`, i.ID, i.ClientID, i.SessionID, mustJSON(i.Params), mustJSON(i.Prompt), i.CreatedAt, i.ExpiresAt)
	if err != nil {
		return nil, fmt.Errorf("store interaction: %w", err)
	}
	return i, nil
}

// setInteractionCookies ties the interaction to the browser: _interaction lets the pages find it, _interaction_resume
// alone, sent to its own path only, lets the browser go on from it.
func (p *Provider) setInteractionCookies(w http.ResponseWriter, r *http.Request, i *Interaction) {
	p.cookies.set(w, cookie{name: hintCookie, value: string(hint(i)), path: "/", readable: true})
	p.cookies.set(w, cookie{name: interactionCookie, value: p.interactionMap(r, i), path: "/", expires: i.ExpiresAt})
	p.cookies.set(w, cookie{name: resumeCookie, value: i.ID, path: resumePath(i.ID), expires: i.ExpiresAt})
}

func resumePath(id string) string { return mount + "/auth/" + id }

// hint is the value of the cookie the pages read: {"appId", "organizationId"?, "uiLocales"?}.
func hint(i *Interaction) json.RawMessage {
	o := new(token.Object)
	o.Set("appId", i.ClientID)
	for _, h := range []struct{ key, param string }{{"organizationId", "organization_id"}, {"uiLocales", "ui_locales"}} {
		if v := i.Params.Get(h.param); v != "" && isCookieSafe(v) {
			o.Set(h.key, v)
		}
	}
	return mustJSON(o)
}

// isCookieSafe tells whether a text can stand in a cookie value beside JSON's own characters.
func isCookieSafe(text string) bool {
	return len(text) <= 128 && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= 0x20 || r >= 0x7f || strings.ContainsRune(`";\,`, r)
	})
}

// maxInteractions bounds the _interaction cookie: the applications a browser can be signing in to at once.
const maxInteractions = 8

// interactionMap is the value of _interaction: the interaction of each client, and the latest one as _legacy.
func (p *Provider) interactionMap(r *http.Request, i *Interaction) string {
	present, next := new(token.Object), new(token.Object)
	if err := present.UnmarshalJSON([]byte(p.cookies.get(r, interactionCookie))); err == nil {
		keys := present.Keys()
		for _, key := range keys[max(0, len(keys)-maxInteractions):] {
			if value, _ := present.Get(key); key != "_legacy" && key != i.ClientID {
				next.Set(key, value)
			}
		}
	}
	next.Set(i.ClientID, i.ID)
	next.Set("_legacy", i.ID)
	return string(mustJSON(next))
}

// Interactions is what the sign-in pages see of the provider.
type Interactions struct{ provider *Provider }

// Interactions returns the provider's interactions.
func (p *Provider) Interactions() *Interactions { return &Interactions{p} }

// id is the interaction the browser means: that of the application named by the header
// logto-app-id or the query's app_id, else the latest.
func (n *Interactions) id(r *http.Request) string {
	var held map[string]string
	if err := json.Unmarshal([]byte(n.provider.cookies.get(r, interactionCookie)), &held); err != nil {
		return ""
	}
	for _, app := range []string{r.Header.Get("Logto-App-Id"), r.URL.Query().Get("app_id")} {
		if id := held[app]; app != "" && id != "" {
			return id
		}
	}
	return held["_legacy"]
}

// Find returns the live interaction of the browser, or an *Error session.not_found.
func (n *Interactions) Find(ctx context.Context, r *http.Request) (*Interaction, error) {
	return n.find(ctx, n.provider.pool, r, "")
}

func (n *Interactions) find(ctx context.Context, q querier, r *http.Request, lock string) (*Interaction, error) {
	id := n.id(r)
	if id == "" {
		return nil, errSessionNotFound
	}
	i, err := scanInteraction(q.QueryRow(ctx, `select `+interactionColumns+`
  from identity.interactions i where i.id = $1 and i.expires_at > $2`+lock, id, n.provider.now()))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, errSessionNotFound
	}
	return i, err
}

// Update changes an interaction's state in one transaction: fn gets it locked, and what it leaves in State is stored.
// A crash leaves either everything fn wrote or nothing of it.
func (n *Interactions) Update(ctx context.Context, r *http.Request, fn func(tx *directory.Tx, i *Interaction) error) error {
	return n.provider.directory.InTx(ctx, func(tx *directory.Tx) error {
		i, err := n.find(ctx, tx, r, ` for update`)
		if err != nil {
			return err
		}
		if err := fn(tx, i); err != nil {
			return err
		}
		if len(i.State) == 0 {
			i.State = json.RawMessage("{}")
		}
		_, err = tx.Exec(ctx, `update identity.interactions set state = $2, result = $3 where id = $1`, i.ID, i.State, resultJSON(i.Result))
		if err != nil {
			return fmt.Errorf("store interaction: %w", err)
		}
		return nil
	})
}

func resultJSON(r *Result) any {
	if r == nil {
		return nil
	}
	return mustJSON(r)
}

// Finish writes the outcome of an interaction, inside Update, and returns where the browser goes on.
func (n *Interactions) Finish(i *Interaction, result Result) (redirectTo string) {
	i.Result = &result
	return n.provider.endpoint + resumePath(i.ID)
}

// Fail writes an error of the provider, for pages that found no interaction.
func (n *Interactions) Fail(w http.ResponseWriter, r *http.Request, err error) {
	n.provider.fail(w, r, err)
}
