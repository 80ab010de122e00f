// Package fault is the data engine's one error type: what a client of Hasura's API is told when something is wrong.
//
// It owns the code, the JSON path, the message and the HTTP status, and how a path grows while an error travels up.
// How an error is written on the wire is transport's business; what `internal` may be shown to whom, too.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// Root is the path of a whole request.
const Root = "$"

// Hasura's error codes (Hasura: Base/Error). Action handlers and remote schemas may bring others.
const (
	AccessDenied           = "access-denied"
	AlreadyExists          = "already-exists"
	AlreadyTracked         = "already-tracked"
	AlreadyUntracked       = "already-untracked"
	BadRequest             = "bad-request"
	BatchLimitExceeded     = "batch-limit-exceeded"
	ConcurrentUpdate       = "concurrent-update"
	Conflict               = "conflict"
	ConstraintError        = "constraint-error"
	ConstraintViolation    = "constraint-violation"
	DataException          = "data-exception"
	DependencyError        = "dependency-error"
	DepthLimitExceeded     = "depth-limit-exceeded"
	InvalidConfiguration   = "invalid-configuration"
	InvalidHeaders         = "invalid-headers"
	InvalidJSON            = "invalid-json"
	InvalidJWT             = "invalid-jwt"
	InvalidParams          = "invalid-params"
	JWTInvalidClaims       = "jwt-invalid-claims"
	JWTMissingRoleClaims   = "jwt-missing-role-claims"
	MethodNotAllowed       = "method-not-allowed"
	NodeLimitExceeded      = "node-limit-exceeded"
	NotExists              = "not-exists"
	NotFound               = "not-found"
	NotSupported           = "not-supported"
	ParseFailed            = "parse-failed"
	PermissionDenied       = "permission-denied"
	PermissionError        = "permission-error"
	PostgresError          = "postgres-error"
	PostgresMaxConnections = "postgres-max-connections-error"
	RateLimitExceeded      = "rate-limit-exceeded"
	StartFailed            = "start-failed"
	TimeLimitExceeded      = "time-limit-exceeded"
	Timeout                = "timeout"
	Unexpected             = "unexpected"
	UnexpectedPayload      = "unexpected-payload"
	ValidationFailed       = "validation-failed"
)

// Error is one refusal or failure, in Hasura's terms.
type Error struct {
	// Code is Hasura's code.
	Code string
	// Path is where in the request, "$.selectionSet.author"; "" means Root.
	Path    string
	Message string
	// Status is the HTTP status where the surface shows it.
	Status int
	// Internal is detail for administrators, as any JSON value; nil when there is none.
	Internal any
	// Extensions, when not nil, replaces path and code in a GraphQL error (an action handler's own extensions).
	Extensions any

	cause error
}

// New makes an error with the code's usual status. path "" means Root.
func New(code, path, format string, args ...any) *Error {
	if path == "" {
		path = Root
	}
	message := format
	if len(args) > 0 {
		message = fmt.Sprintf(format, args...)
	}
	return &Error{Code: code, Path: path, Message: message, Status: status(code)}
}

// status is the status a code has unless the place that raises it says otherwise. Hasura answers 404 for an unknown
// resource but 400 for a missing session variable, both "not-found": the first is the rarer and says so itself.
func status(code string) int {
	switch code {
	case Conflict:
		return http.StatusConflict
	case MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case Unexpected:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}

// Internal hides an unforeseen error behind Hasura's "internal error", keeping its cause for the log.
// An *Error anywhere in err's chain comes back as it is.
func Internal(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Unexpected, Path: Root, Message: "internal error", Status: http.StatusInternalServerError, cause: err}
}

// Error is for logs; clients get a writer's rendering.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s at %s: %s: %v", e.Code, e.Path, e.Message, e.cause)
	}
	return fmt.Sprintf("%s at %s: %s", e.Code, e.Path, e.Message)
}

// Unwrap gives the hidden cause.
func (e *Error) Unwrap() error { return e.cause }

// WithStatus is e with another HTTP status.
func (e *Error) WithStatus(status int) *Error {
	c := *e
	c.Status = status
	return &c
}

// WithInternal is e with detail for administrators.
func (e *Error) WithInternal(detail any) *Error {
	c := *e
	c.Internal = detail
	return &c
}

// WithCause is e remembering, for the log only, what led to it.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}
