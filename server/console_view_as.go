package server

import (
	"errors"
	"net/http"
	"slices"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
	"gatehouse/identity"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/token"
)

// callerAnswer is a user as the data API would take one with a fresh token.
type callerAnswer struct {
	// Roles are those the user may act in, and DefaultRole the one taken where none is asked for.
	Roles       []string `json:"roles"`
	DefaultRole *string  `json:"defaultRole"`
	// Variables are the session variables but for the role.
	Variables map[string]string `json:"variables"`
	// WithoutPermissions are those of the roles that metadata does not know: as one of them there is nothing to ask for.
	WithoutPermissions []string `json:"withoutPermissions"`
	// Problem is why what the custom-claims script adds is missing, in the token as here; null when nothing is.
	Problem     *string      `json:"problem"`
	User        named        `json:"user"`
	Application namedByTitle `json:"application"`
}

type named struct {
	ID       string  `json:"id"`
	Username *string `json:"username"`
	Name     *string `json:"name"`
	Avatar   *string `json:"avatar"`
}

type namedByTitle struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// showCaller answers what the data API would make of a fresh token of a user.
func (sv *Server) showCaller(w http.ResponseWriter, r *http.Request) {
	refuse := func(code, message string) { console.WriteProblem(w, http.StatusUnprocessableEntity, code, message) }
	f, err := sv.identity.Foretell(r.Context(), r.PathValue("id"))
	var denied *token.Denied
	switch {
	case errors.Is(err, directory.ErrNotFound):
		console.WriteProblem(w, http.StatusNotFound, "entity.not_found", "There is no such user.")
		return
	case f.User != nil && f.User.IsSuspended: // before all else: whatever else is wrong makes no difference
		refuse("user.suspended", "The user is suspended: the data API refuses their tokens.")
		return
	case errors.Is(err, identity.ErrNoDataAPI):
		refuse("console.no_data_api", "No API resource is marked as the data API's, so that no token opens it.")
		return
	case errors.As(err, &denied):
		refuse("console.no_token", "The user would get no token: the custom-claims script denies access: "+denied.Message)
		return
	case errors.Is(err, token.ErrScriptBlocks):
		refuse("console.no_token", "The user would get no token: the custom-claims script fails: "+f.Failure.Message)
		return
	case err != nil:
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "a user's session variables could not be told", "error", err)
		console.WriteProblem(w, http.StatusInternalServerError, "internal_error", "Something went wrong; the log knows what, under this request's id.")
		return
	}
	c, err := sv.engine.Callers().Foretell(f.Payload, f.Roles)
	if err != nil {
		refuse("console.no_caller", "The data API would refuse the user's token: "+fault.Internal(err).Message)
		return
	}
	out := callerAnswer{
		Roles: append([]string{}, c.Roles...), Variables: c.Variables, WithoutPermissions: []string{},
		User:        named{f.User.ID, f.User.Username, f.User.Name, f.User.Avatar},
		Application: namedByTitle{f.Application.ID, f.Application.Name},
	}
	slices.Sort(out.Roles)
	if c.DefaultRole != "" {
		out.DefaultRole = &c.DefaultRole
	}
	known := append(sv.engine.Snapshot().Model.Roles(), session.Admin)
	for _, role := range out.Roles {
		if !slices.Contains(known, role) {
			out.WithoutPermissions = append(out.WithoutPermissions, role)
		}
	}
	if f.Failure != nil {
		problem := "The custom-claims script fails, so that a token comes without what it adds: " + f.Failure.Message
		out.Problem = &problem
	}
	httpd.WriteJSON(w, http.StatusOK, out)
}
