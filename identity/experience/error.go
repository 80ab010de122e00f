package experience

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"strings"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/verification"
)

// problem is an error in Logto's shape: {code, data?, details?, message}.
type problem struct {
	status  int
	code    string
	message string
	data    any
	details string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

// Observed: recordings 07, 13, 14; the rest are the codes of the Experience API reference.
var (
	errForbidden           = &problem{status: 403, code: "auth.forbidden", message: "Forbidden. Please check your user roles and permissions."}
	errNoRoute             = &problem{status: 404, code: "entity.not_found", message: "The resource does not exist."}
	errNotBegun            = &problem{status: 404, code: "session.interaction_not_found", message: "Interaction session not found. Please go back and start the session again."}
	errNotIdentified       = &problem{status: 404, code: "session.identifier_not_found", message: "User identifier not found. Please go back and sign in again."}
	errInvalidCredentials  = &problem{status: 422, code: "session.invalid_credentials", message: "Incorrect account or password. Please check your input."}
	errSuspended           = &problem{status: 401, code: "user.suspended", message: "This account is suspended."}
	errUserNotExist        = &problem{status: 404, code: "user.user_not_exist", message: "User does not exist."}
	errRecordNotFound      = &problem{status: 404, code: "session.verification_session_not_found", message: "The verification was not successful. Restart the verification flow and try again."}
	errVerificationFailed  = &problem{status: 400, code: "session.verification_failed", message: "The verification was not successful. Restart the verification flow and try again."}
	errIdentityConflict    = &problem{status: 409, code: "session.identity_conflict", message: "Identity mismatch detected. Please initiate a new session to proceed with a different identity."}
	errMethodNotEnabled    = &problem{status: 422, code: "user.sign_in_method_not_enabled", message: "This sign-in method is not enabled."}
	errSignUpNotEnabled    = &problem{status: 422, code: "user.sign_up_method_not_enabled", message: "This sign-up method is not enabled."}
	errNoForgotPassword    = &problem{status: 400, code: "session.not_supported_for_forgot_password", message: "This operation is not supported for forgot password."}
	errUsernameInUse       = &problem{status: 422, code: "user.username_already_in_use", message: "This username is already in use."}
	errUsernameExists      = &problem{status: 422, code: "user.username_exists_in_profile", message: "This username already exists in your profile."}
	errPasswordExists      = &problem{status: 422, code: "user.password_exists_in_profile", message: "Password already exists in your profile."}
	errInvalidUsername     = &problem{status: 422, code: "user.invalid_username", message: "The username does not meet the requirements."}
	errProfileNotSupported = &problem{status: 422, code: "user.invalid_profile_type", message: "This kind of profile data is not supported."}
	errMissingVerification = &problem{status: 400, code: "guard.invalid_target", message: "The `verificationId` is missing."}
)

func missingProfile(fields []string) *problem {
	return &problem{
		status: 422, code: "user.missing_profile", message: "You need to provide additional info before signing-in.",
		data: map[string]any{"missingProfile": fields},
	}
}

// asProblem says the errors of the layers below in Logto's words.
func asProblem(err error) (*problem, bool) {
	var (
		known    *problem
		conflict *directory.Conflict
		blocked  *verification.Blocked
		rejected *verification.Rejected
	)
	switch {
	case errors.As(err, &known):
		return known, true
	case errors.As(err, &conflict):
		if conflict.Field == directory.IdentifierUsername {
			return errUsernameInUse, true
		}
		return &problem{status: 422, code: "user." + conflict.Field + "_already_in_use", message: "This " + conflict.Field + " is associated with an existing account."}, true
	case errors.As(err, &blocked):
		minutes := max(1, int(math.Ceil(time.Until(blocked.Until).Minutes())))
		return &problem{
			status: 400, code: "session.verification_blocked_too_many_attempts",
			message: fmt.Sprintf("Too many attempts in a short time. Please try again in %d minutes.", minutes),
		}, true
	case errors.As(err, &rejected):
		return &problem{
			status: 422, code: "password.rejected", data: rejected.Issues,
			message: "Password rejected. Please check if your password meets the requirements.",
		}, true
	case errors.Is(err, verification.ErrInvalidCredentials):
		return errInvalidCredentials, true
	case errors.Is(err, verification.ErrInvalidUsername):
		return errInvalidUsername, true
	}
	return nil, false
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	p, known := asProblem(err)
	if !known {
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "sign-in request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		httpd.WriteJSON(w, http.StatusInternalServerError, struct {
			Message string `json:"message"`
		}{"Internal server error."})
		return
	}
	httpd.WriteJSON(w, p.status, struct {
		Code    string `json:"code"`
		Data    any    `json:"data,omitempty"`
		Details string `json:"details,omitempty"`
		Message string `json:"message"`
	}{p.code, p.data, p.details, p.message})
}

// maxBody is the largest body of the API; nothing in it is larger than a password of 4096 bytes.
const maxBody = 64 * 1024

// body decodes a JSON body. text fields are checked by the caller with require.
func (c *call) body(into any) error {
	raw, err := httpd.ReadBody(c.w, c.r, maxBody)
	if httpd.IsTooLarge(err) {
		return &problem{status: 413, code: "request.invalid_input", message: "Input is invalid. The request body is too large."}
	}
	if err != nil {
		return invalidBody()
	}
	if kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); kind != "application/json" {
		return invalidBody()
	}
	if strings.Contains(string(raw), `\u0000`) || strings.ContainsRune(string(raw), 0) {
		return invalidBody()
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return invalidBody()
	}
	return nil
}

func invalidBody() *problem {
	return &problem{status: 400, code: "guard.invalid_input", message: "The request body is invalid."}
}

// issue is one thing wrong with a body, as the validation library behind Logto words it.
type issue struct {
	Code     string   `json:"code"`
	Expected string   `json:"expected,omitempty"`
	Received string   `json:"received,omitempty"`
	Options  []string `json:"options,omitempty"`
	Path     []string `json:"path"`
	Message  string   `json:"message"`
	details  string
}

func invalid(i issue) *problem {
	p := invalidBody()
	p.data = map[string]any{"issues": []issue{i}, "name": "ZodError"}
	said := i.Message
	if i.details != "" {
		said = i.details
	}
	p.details = fmt.Sprintf("Error in key path %q: (%s) %s", strings.Join(i.Path, "."), i.Code, said)
	return p
}

// require wants a text that is there and not empty.
func require(value string, path ...string) error {
	if value != "" {
		return nil
	}
	return invalid(issue{Code: "invalid_type", Expected: "string", Received: "undefined", Path: path, Message: "Required", details: "Expected string but received undefined."})
}

// oneOf wants one of some words.
func oneOf(value string, options []string, path ...string) error {
	for _, option := range options {
		if value == option {
			return nil
		}
	}
	message := fmt.Sprintf("Invalid enum value. Expected '%s', received '%s'", strings.Join(options, "' | '"), value)
	return invalid(issue{Code: "invalid_enum_value", Received: value, Options: options, Path: path, Message: message})
}
