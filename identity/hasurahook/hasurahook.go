// Package hasurahook answers Hasura's authentication webhook in GET mode, GET /api/authn/hasura: which user and role a
// request to the data half runs under. It knows nothing of Hasura but the two headers it names.
//
// A bad token never fails by itself: it leaves the caller unknown, and the roles asked for decide.
package hasurahook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/token"
	"gatehouse/jwt"
)

// Handler serves the webhook.
type Handler struct {
	Directory *directory.Directory
	// Verify checks a token's signature and that it has not been ended.
	Verify func(ctx context.Context, text string) (*jwt.Token, error)
	// Issuer is our own issuer identifier.
	Issuer string
	Now    func() time.Time
}

// Mount adds the route.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("/api/authn/hasura", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "HEAD, GET")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusMethodNotAllowed)
			_, _ = w.Write([]byte("Method Not Allowed"))
			return
		}
		h.serve(w, r)
	})
}

// answer has exactly these two keys, each only when there is something to say.
type answer struct {
	UserID string `json:"X-Hasura-User-Id,omitempty"`
	Role   string `json:"X-Hasura-Role,omitempty"`
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if problem := checkResource(query["resource"]); problem != nil {
		httpd.WriteJSON(w, http.StatusBadRequest, problem)
		return
	}
	claims := h.caller(r)
	var subject string
	if claims != nil && claims.Audience == query.Get("resource") {
		subject = claims.Subject
	}
	expected := r.Header.Get("Expected-Role")
	holds, err := h.holds(r.Context(), subject, expected)
	if err != nil {
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "webhook could not read roles", "error", err)
		httpd.WriteJSON(w, http.StatusInternalServerError, map[string]string{"message": "Internal server error."})
		return
	}
	switch fallback := query.Get("unauthorizedRole"); {
	case fallback != "" && !holds:
		// Observed: a token for another audience still names the user here.
		if claims != nil {
			subject = claims.Subject
		}
		httpd.WriteJSON(w, http.StatusOK, answer{subject, fallback})
	case expected != "" && !holds:
		httpd.WriteJSON(w, http.StatusUnauthorized, problem{
			Code: "auth.expected_role_not_found", Message: "Expected role not found. Please check your user roles and permissions.",
		})
	default:
		httpd.WriteJSON(w, http.StatusOK, answer{subject, expected})
	}
}

// holds tells whether a user has a role now. Machine tokens have an application as subject, which holds no user role.
func (h *Handler) holds(ctx context.Context, subject, role string) (bool, error) {
	if subject == "" || role == "" {
		return false, nil
	}
	roles, err := h.Directory.UserRoles(ctx, subject)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(roles, func(r directory.Role) bool { return r.Name == role }), nil
}

// caller reads the bearer token, nil when there is none that is good now: ours, an access token, not expired, not ended.
func (h *Handler) caller(r *http.Request) *oidc.AccessClaims {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return nil
	}
	verified, err := h.Verify(r.Context(), text)
	if err != nil || !strings.EqualFold(verified.Type, "at+jwt") {
		return nil
	}
	claims := new(oidc.AccessClaims)
	if err := json.Unmarshal(verified.Payload, claims); err != nil {
		return nil
	}
	if claims.Issuer != h.Issuer || claims.Subject == "" || claims.Expires <= h.Now().Unix() {
		return nil
	}
	return claims
}

type problem struct {
	Code    string `json:"code"`
	Data    any    `json:"data,omitempty"`
	Details string `json:"details,omitempty"`
	Message string `json:"message"`
}

// checkResource words a missing or empty resource as Logto's input check does (recording 06).
func checkResource(values []string) *problem {
	if len(values) == 1 && values[0] != "" {
		return nil
	}
	issue := new(token.Object)
	said := "String must contain at least 1 character(s)"
	if len(values) == 1 {
		issue.Set("code", "too_small")
		issue.Set("minimum", 1)
		issue.Set("type", "string")
		issue.Set("inclusive", true)
		issue.Set("exact", false)
		issue.Set("message", said)
		issue.Set("path", []string{"resource"})
	} else {
		received, message := "undefined", "Required"
		if len(values) > 1 {
			received, message = "array", "Expected string, received array"
		}
		said = "Expected string but received " + received + "."
		issue.Set("code", "invalid_type")
		issue.Set("expected", "string")
		issue.Set("received", received)
		issue.Set("path", []string{"resource"})
		issue.Set("message", message)
	}
	code, _ := issue.Get("code")
	return &problem{
		Code: "guard.invalid_input", Message: "The request query is invalid.",
		Data:    map[string]any{"issues": []any{issue}, "name": "ZodError"},
		Details: fmt.Sprintf(`Error in key path "resource": (%s) %s`, code, said),
	}
}
