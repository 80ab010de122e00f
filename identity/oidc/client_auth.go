package oidc

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/secret"
)

// authenticateClient finds the client of a request and checks its secret (RFC 6749 §2.3.1). A client id in the body
// beside the Authorization header is accepted when it is the same, as some SDKs send both.
func (p *Provider) authenticateClient(w http.ResponseWriter, r *http.Request, params Params) (*Client, error) {
	id, password, err := clientCredentials(r, params)
	if err != nil {
		return nil, err
	}
	client, err := p.client(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if err := p.checkOrigin(w, r, client); err != nil {
		return nil, err
	}
	if client.IsPublic() {
		if password == "" {
			return client, nil
		}
		return nil, p.authenticationFailed(r)
	}
	if password == "" {
		return nil, p.authenticationFailed(r)
	}
	secrets, err := p.directory.ApplicationSecrets(r.Context(), client.ID)
	if err != nil {
		return nil, err
	}
	now, matched := p.now(), false
	for _, s := range secrets {
		isLive := s.ExpiresAt == nil || s.ExpiresAt.After(now)
		if secret.Equal(s.Value, password) && isLive {
			matched = true
		}
	}
	if !matched {
		return nil, p.authenticationFailed(r)
	}
	return client, nil
}

func (p *Provider) authenticationFailed(r *http.Request) error {
	e := &Error{Code: "invalid_client", Description: "client authentication failed", Status: http.StatusUnauthorized}
	// RFC 6749 §5.2: a challenge is due only to a client that tried the Authorization header.
	if r.Header.Get("Authorization") != "" {
		e.Challenge = fmt.Sprintf(`Basic realm="%s", error="%s", error_description="%s"`, p.issuerURL, e.Code, e.Description)
	}
	return e
}

func clientCredentials(r *http.Request, params Params) (id, password string, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if !params.Has("client_id") {
			if params.Has("client_secret") {
				return "", "", invalidRequest("client_id must be provided in the body")
			}
			return "", "", invalidRequest("no client authentication mechanism provided")
		}
		return params.Get("client_id"), params.Get("client_secret"), nil
	}
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", invalidRequest("invalid authorization header value format")
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", invalidRequest("invalid authorization header value format")
	}
	rawID, rawPassword, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return "", "", invalidRequest("invalid authorization header value format")
	}
	id, errID := url.QueryUnescape(rawID)
	password, errPassword := url.QueryUnescape(rawPassword)
	if errID != nil || errPassword != nil || strings.ContainsRune(id, 0) || strings.ToValidUTF8(id, "") != id {
		return "", "", invalidRequest("client_id and client_secret in the authorization header are not properly encoded")
	}
	switch {
	case params.Has("client_id") && params.Get("client_id") != id:
		return "", "", invalidRequest("mismatch in body and authorization client ids")
	case params.Has("client_secret") && params.Get("client_secret") != password:
		return "", "", invalidRequest("client authentication must only be provided using one mechanism")
	}
	return id, password, nil
}
