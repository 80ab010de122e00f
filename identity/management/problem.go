package management

import (
	"errors"
	"net/http"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/postgres"
)

// problem is an error as the Management API answers one: {code, message, data?, details?}.
type problem struct {
	status  int
	code    string
	message string
	data    any
	details string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

// body is p on the wire, its keys in Logto's order.
func (p *problem) body() any {
	return struct {
		Code    string `json:"code"`
		Data    any    `json:"data,omitempty"`
		Details string `json:"details,omitempty"`
		Message string `json:"message"`
	}{p.code, p.data, p.details, p.message}
}

func badRequest(code, message string) *problem {
	return &problem{status: http.StatusBadRequest, code: code, message: message}
}

func unprocessable(code, message string) *problem {
	return &problem{status: http.StatusUnprocessableEntity, code: code, message: message}
}

func notFound() *problem {
	return &problem{status: http.StatusNotFound, code: "entity.not_found", message: "The resource does not exist."}
}

func notExists(entity, id string) *problem {
	return &problem{
		status: http.StatusNotFound, code: "entity.not_exists_with_id",
		message: "The " + entity + " with ID `" + id + "` does not exist.",
	}
}

func invalidInput(reason string) *problem {
	return badRequest("request.invalid_input", "Input is invalid. "+reason)
}

func invalidGuard(part string, issues []issue) *problem {
	return &problem{
		status: http.StatusBadRequest, code: "guard.invalid_input", message: "The request " + part + " is invalid.",
		data: map[string]any{"issues": issues, "name": "ZodError"}, details: details(issues),
	}
}

func internalRole() *problem {
	return &problem{
		status: http.StatusForbidden, code: "role.internal_role_violation",
		message: `You may be trying to update or delete an internal role which is forbidden by Logto. If you are creating a new role, try another name that does not start with "#internal:".`,
	}
}

// orNotExists names the entity in the 404 of those lookups that do.
func orNotExists(err error, entity, id string) error {
	if errors.Is(err, directory.ErrNotFound) {
		return notExists(entity, id)
	}
	return err
}

// asProblem translates errors of the layers below. What it does not know is an internal error.
func asProblem(err error) (*problem, bool) {
	var p *problem
	if errors.As(err, &p) {
		return p, true
	}
	if errors.Is(err, directory.ErrNotFound) {
		return notFound(), true
	}
	var conflict *directory.Conflict
	if errors.As(err, &conflict) {
		return conflictProblem(conflict), true
	}
	var search *directory.SearchError
	if errors.As(err, &search) {
		return invalidInput(search.Reason), true
	}
	var lost *directory.MissingReference
	if errors.As(err, &lost) {
		return notExists(lost.Entity, lost.IDs[0]), true
	}
	var mismatch *directory.RoleTypeMismatch
	if errors.As(err, &mismatch) {
		if mismatch.Kind == directory.KindUser {
			return unprocessable("user.invalid_role_type", "Invalid role type, can not assign machine-to-machine role to user."), true
		}
		return unprocessable("application.invalid_role_type", "Can not assign user type role to machine to machine application."), true
	}
	switch postgres.Code(err) {
	case "23514", "22001": // a check of a table that no schema here stated
		return badRequest("entity.db_constraint_violated", "Database constraint violated."), true
	case "23503":
		return &problem{
			status: http.StatusUnprocessableEntity, code: "entity.relation_foreign_key_not_found",
			message: "Cannot find one or more foreign keys. Please check the input and ensure that all referenced entities exist.",
		}, true
	case "2201B", "22025", "22019": // a search pattern Postgres cannot read
		return invalidInput("The search pattern is not valid."), true
	}
	return nil, false
}

func conflictProblem(c *directory.Conflict) *problem {
	switch c.Field {
	case directory.IdentifierUsername:
		return unprocessable("user.username_already_in_use", "This username is already in use.")
	case directory.IdentifierEmail:
		return unprocessable("user.email_already_in_use", "This email is associated with an existing account.")
	case directory.IdentifierPhone:
		return unprocessable("user.phone_already_in_use", "This phone number is associated with an existing account.")
	case "role name":
		return unprocessable("role.name_in_use", "This role name "+c.Value+" is already in use")
	case "resource indicator":
		return unprocessable("resource.resource_identifier_in_use", "The API identifier "+c.Value+" is already in use")
	case "scope name":
		return unprocessable("scope.name_exists", "The scope name "+c.Value+" is already in use")
	case "secret name":
		return unprocessable("application.secret_name_exists", "Secret name already exists.")
	}
	return unprocessable("entity.unique_integrity_violation", "The entity already exists. Please check the input and try again.")
}

// fail answers with an error; an unknown one is logged and answered as Logto's internal error.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	p, known := asProblem(err)
	if !known {
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "management request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		httpd.WriteJSON(w, http.StatusInternalServerError, struct {
			Message string `json:"message"`
		}{"Internal server error."})
		return
	}
	httpd.WriteJSON(w, p.status, p.body())
}
