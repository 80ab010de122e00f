package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"gatehouse/httpd"
	"gatehouse/identity/token"
)

// Error is an OAuth error (RFC 6749 §5.2, OpenID Connect Core §3.1.2.6). The zero Status means 400.
type Error struct {
	Code        string
	Description string
	Status      int
	Scope       string
	// Challenge is the WWW-Authenticate header, without the realm.
	Challenge string
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

func invalidRequest(format string, args ...any) *Error {
	return &Error{Code: "invalid_request", Description: fmt.Sprintf(format, args...)}
}

// invalidGrant never says why: the reason would tell a thief which part of a stolen credential is wrong.
func invalidGrant() *Error {
	return &Error{Code: "invalid_grant", Description: "grant request is invalid"}
}

func invalidTarget(description string) *Error {
	if description == "" {
		description = "resource indicator is missing, or unknown"
	}
	return &Error{Code: "invalid_target", Description: description}
}

func invalidClient(id string) *Error {
	return &Error{Code: "invalid_client", Description: "invalid client " + id}
}

func accessDenied(description string) *Error {
	return &Error{Code: "access_denied", Description: description}
}

// errSessionNotFound is the answer to a page that has lost its interaction.
var errSessionNotFound = &Error{Code: "invalid_request", Description: "interaction session not found"}

// messages are the human texts of error codes; observed: recordings 01-19.
var messages = map[string]string{
	"access_denied":             "Access denied.",
	"invalid_client_metadata":   "Invalid client metadata provided.",
	"invalid_grant":             "Grant request is invalid.",
	"invalid_redirect_uri":      "`redirect_uri` did not match any of the client's registered `redirect_uris`.",
	"invalid_request":           "Request is invalid.",
	"invalid_scope":             "Invalid scope: %s.",
	"invalid_target":            "Invalid resource indicator.",
	"invalid_token":             "Invalid token provided.",
	"insufficient_scope":        "Token missing scope `%s`.",
	"server_error":              "An unknown OIDC error occurred. Please try again later.",
	"unsupported_grant_type":    "Unsupported `grant_type` requested.",
	"unsupported_response_mode": "Unsupported `response_mode` requested.",
	"unsupported_response_type": "Unsupported `response_type` requested.",
}

// body is the error as JSON, in the recorded order of members.
func (e *Error) body(state, issuer string) *token.Object {
	code, message := "oidc."+e.Code, messages[e.Code]
	switch {
	case strings.Contains(message, "%s"):
		message = fmt.Sprintf(message, e.Description)
	case strings.Contains(e.Description, "session") && strings.Contains(e.Description, "not found"):
		code, message = "session.not_found", "Session not found. Please go back and sign in again."
	case message == "":
		message = "An OIDC error occurred: " + code + "."
	}
	o := new(token.Object)
	o.Set("code", code)
	o.Set("message", message)
	if e.Code == "invalid_grant" {
		o.Set("error_uri", "https://openid.sh/debug/invalid_grant")
	}
	o.Set("error", e.Code)
	if e.Description != "" {
		o.Set("error_description", e.Description)
	}
	if e.Scope != "" {
		o.Set("scope", e.Scope)
	}
	if state != "" {
		o.Set("state", state)
	}
	if issuer != "" {
		o.Set("iss", issuer)
	}
	return o
}

// asError makes any error one of the protocol; what is not one already is logged and becomes server_error.
func (p *Provider) asError(r *http.Request, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	httpd.Logger(r.Context()).ErrorContext(r.Context(), "provider request failed", "path", r.URL.Path, "error", err)
	return &Error{Code: "server_error", Description: "oops! something went wrong", Status: http.StatusInternalServerError}
}

// fail writes an error as JSON.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	p.failWith(w, r, err, "", "")
}

// failWith writes an error of the authorization endpoint that may not be sent to a redirect URI.
func (p *Provider) failWith(w http.ResponseWriter, r *http.Request, err error, state, issuer string) {
	e := p.asError(r, err)
	if e.Challenge != "" {
		w.Header().Set("WWW-Authenticate", e.Challenge)
	}
	noStore(w)
	body := e.body(state, issuer)
	if r.URL.Query().Get("parse_error") == "false" {
		raw := new(token.Object)
		for _, key := range body.Keys()[2:] {
			value, _ := body.Get(key)
			raw.Set(key, value)
		}
		body = raw
	}
	httpd.WriteJSON(w, e.status(), body)
}

func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
