package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// AccessToken is a live opaque access token.
type AccessToken struct {
	GrantID, UserID, ClientID string
	Scopes                    []string
	Extra                     json.RawMessage
	CreatedAt, ExpiresAt      time.Time
}

// AccessToken finds a live opaque access token by its value: not expired, its grant alive, its user active. ErrNotFound.
func (p *Provider) AccessToken(ctx context.Context, value string) (*AccessToken, error) {
	t, scope := new(AccessToken), ""
	err := p.pool.QueryRow(ctx, `
select g.id, g.user_id, g.client_id, t.scope, t.extra, t.created_at, t.expires_at
  from identity.access_tokens t
  join identity.grants g on g.id = t.grant_id and g.expires_at > $2
  join identity.users u on u.id = g.user_id and not u.is_suspended
 where t.digest = $1 and t.expires_at > $2`, secret.Digest(value), p.now(),
	).Scan(&t.GrantID, &t.UserID, &t.ClientID, &scope, &t.Extra, &t.CreatedAt, &t.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, directory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read access token: %w", err)
	}
	t.Scopes = words(scope)
	return t, nil
}

// userinfo is the UserInfo endpoint (OpenID Connect Core §5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	value, err := bearer(w, r)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	t, err := p.AccessToken(ctx, value)
	if errors.Is(err, directory.ErrNotFound) {
		err = &Error{Code: "invalid_token", Description: "invalid token provided", Status: http.StatusUnauthorized}
	}
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	client, err := p.client(ctx, t.ClientID)
	if err == nil {
		err = p.checkOrigin(w, r, client)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !slices.Contains(t.Scopes, "openid") {
		p.failBearer(w, r, &Error{Code: "insufficient_scope", Description: "access token missing openid scope", Scope: "openid", Status: http.StatusForbidden})
		return
	}
	user, err := p.directory.User(ctx, t.UserID)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	claims, err := p.issuer.Claims(ctx, user, t.Scopes, token.Userinfo)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, claims)
}

// errNoToken has no error in its challenge: nothing was tried (RFC 6750 §3.1).
var errNoToken = &Error{Code: "invalid_token", Description: "no access token provided", Status: http.StatusUnauthorized}

// bearer reads the access token of a request: from the header, or from a form (RFC 6750 §2.1, §2.2), never the query.
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	if scheme, value, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") && value != "" {
		return strings.TrimSpace(value), nil
	}
	if header != "" {
		return "", &Error{Code: "invalid_request", Description: "invalid authorization header value format"}
	}
	if r.Method == http.MethodPost {
		params, err := readParams(w, r)
		if err != nil {
			return "", err
		}
		if params.Has("access_token") {
			return params.Get("access_token"), nil
		}
	}
	return "", errNoToken
}

func (p *Provider) failBearer(w http.ResponseWriter, r *http.Request, err error) {
	e := *p.asError(r, err)
	if e.status() == http.StatusUnauthorized || e.status() == http.StatusForbidden {
		e.Challenge = fmt.Sprintf(`Bearer realm="%s"`, p.issuerURL)
		if !errors.Is(err, errNoToken) {
			e.Challenge += fmt.Sprintf(`, error="%s", error_description="%s"`, e.Code, e.Description)
		}
		if e.Scope != "" {
			e.Challenge += fmt.Sprintf(`, scope="%s"`, e.Scope)
		}
	}
	p.fail(w, r, &e)
}
