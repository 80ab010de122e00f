package management

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/jwt"
)

// caller is who a request is made by, as the audit log keeps it.
type caller struct {
	Type     string `json:"type"`         // user, application or adminSecret
	ID       string `json:"id,omitempty"` // of an admin secret its name, if it has one
	ClientID string `json:"clientId,omitempty"`
	// may is what the caller may do.
	may directory.Operations
}

// claims of an access token that are looked at.
type claims struct {
	Subject   string   `json:"sub"`
	Issuer    string   `json:"iss"`
	Audience  audience `json:"aud"`
	Expires   *float64 `json:"exp"`
	NotBefore *float64 `json:"nbf"`
	Scope     string   `json:"scope"`
	ClientID  string   `json:"client_id"`
}

// audience is one value or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// joseError is what Logto shows of an error of its JOSE library.
type joseError struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Claim  string `json:"claim,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func unauthorized(data any) *problem {
	return &problem{
		status: http.StatusUnauthorized, code: "auth.unauthorized", data: data,
		message: "Unauthorized. Please check credentials and its scope.",
	}
}

func wrongClaim(claim, reason string) *problem {
	return unauthorized(joseError{"ERR_JWT_CLAIM_VALIDATION_FAILED", "JWTClaimValidationFailed", claim, reason})
}

// authorize says who calls, or why they may not. The admin secret counts first: a wrong one is an error even beside
// a good token, as on the data half. Either counts before the console's cookie.
func (h *Handler) authorize(r *http.Request) (caller, error) {
	if secret, sent := r.Header["X-Hasura-Admin-Secret"]; sent && h.AdminSecret != nil {
		if len(secret) == 1 {
			if name, ok := h.AdminSecret(secret[0]); ok {
				return caller{Type: "adminSecret", ID: name, may: directory.AllOperations}, nil
			}
		}
		return caller{}, unauthorized(nil)
	}
	if h.Console != nil && r.Header.Get("Authorization") == "" {
		if who, err := h.byConsole(r); who != nil || err != nil {
			return *who, err
		}
	}
	token, err := bearer(r)
	if err != nil {
		return caller{}, err
	}
	verified, err := h.Verify(r.Context(), token)
	if err != nil {
		return caller{}, verifyProblem(err)
	}
	c, err := h.checkClaims(verified, time.Now())
	if err != nil {
		return caller{}, err
	}
	who := caller{Type: directory.KindUser, ID: c.Subject, ClientID: c.ClientID}
	if c.Subject == c.ClientID {
		who = caller{Type: directory.KindApplication, ID: c.Subject}
	}
	who.may, err = h.allowed(r.Context(), who)
	if err == nil && who.Type == directory.KindUser && h.Seen != nil {
		h.Seen(r.Context(), who.ID)
	}
	return who, err
}

// byConsole says whom the console's cookie stands for; nil without one.
func (h *Handler) byConsole(r *http.Request) (*caller, error) {
	session, err := h.Console(r.Context(), r.Header)
	switch {
	case errors.Is(err, console.ErrEnded):
		return &caller{}, errSessionEnded
	case err != nil:
		return &caller{}, err
	case session == nil:
		return nil, nil //nolint:nilnil // no cookie is a case of its own
	case session.By == console.BySecret:
		return &caller{Type: "adminSecret", ID: session.SecretName, may: session.Operations}, nil
	}
	return &caller{Type: directory.KindUser, ID: session.UserID, ClientID: directory.ConsoleClient, may: session.Operations}, nil
}

func forbidden() *problem {
	return &problem{status: http.StatusForbidden, code: "auth.forbidden", message: "Forbidden. Please check your user roles and permissions."}
}

// allowed asks the directory what the caller may do with this API now, whatever its token was issued for: a machine by
// its roles, a person by console membership.
func (h *Handler) allowed(ctx context.Context, who caller) (directory.Operations, error) {
	if who.Type == directory.KindApplication {
		scopes, err := h.Directory.ApplicationScopes(ctx, who.ID, directory.ManagementAPI)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(scopes, func(s directory.Scope) bool { return s.Name == directory.ManagementScope }) {
			return nil, forbidden()
		}
		return directory.AllOperations, nil
	}
	role, err := h.Directory.ConsoleRole(ctx, who.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, forbidden()
	}
	return directory.OperationsOf(role), err
}

func bearer(r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", &problem{status: http.StatusUnauthorized, code: "auth.authorization_header_missing", message: "Authorization header is missing."}
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return "", &problem{
			status: http.StatusUnauthorized, code: "auth.authorization_token_type_not_supported",
			message: "Authorization type is not supported.", data: map[string]any{"supportedTypes": []string{"Bearer"}},
		}
	}
	return token, nil
}

func verifyProblem(err error) *problem {
	switch {
	case errors.Is(err, jwt.ErrMalformed):
		return unauthorized(joseError{Code: "ERR_JWS_INVALID", Name: "JWSInvalid"})
	case errors.Is(err, jwt.ErrNoKey):
		return unauthorized(joseError{Code: "ERR_JWKS_NO_MATCHING_KEY", Name: "JWKSNoMatchingKey"})
	case errors.Is(err, jwt.ErrSignature):
		return unauthorized(joseError{Code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", Name: "JWSSignatureVerificationFailed"})
	}
	return unauthorized(nil) // the grant has ended, or it cannot be told: closed
}

// clockTolerance is how far the clocks of processes that share the keys may be apart.
const clockTolerance = 10 * time.Second

// checkClaims checks an access token's claims for the Management API.
func (h *Handler) checkClaims(token *jwt.Token, now time.Time) (*claims, error) {
	// An ID token is signed by the same keys, but says no "at+jwt" (RFC 9068 §2.1).
	if t := strings.ToLower(token.Type); t != "at+jwt" && t != "application/at+jwt" {
		return nil, wrongClaim("typ", "check_failed")
	}
	var c claims
	if err := json.Unmarshal(token.Payload, &c); err != nil {
		return nil, unauthorized(joseError{Code: "ERR_JWT_INVALID", Name: "JWTInvalid"})
	}
	switch at := float64(now.Unix()); {
	case !slices.Contains(h.Issuers, c.Issuer):
		return nil, wrongClaim("iss", "check_failed")
	case !slices.Contains(c.Audience, directory.ManagementAPI):
		return nil, wrongClaim("aud", "check_failed")
	case c.NotBefore != nil && *c.NotBefore > at+clockTolerance.Seconds():
		return nil, wrongClaim("nbf", "check_failed")
	case c.Expires == nil:
		return nil, wrongClaim("exp", "missing")
	case *c.Expires <= at-clockTolerance.Seconds():
		return nil, unauthorized(joseError{"ERR_JWT_EXPIRED", "JWTExpired", "exp", "check_failed"})
	case c.Subject == "":
		return nil, &problem{status: http.StatusUnauthorized, code: "auth.jwt_sub_missing", message: "Missing `sub` in JWT."}
	}
	if !slices.Contains(strings.Fields(c.Scope), directory.ManagementScope) {
		return nil, forbidden()
	}
	return &c, nil
}
