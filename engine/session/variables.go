package session

import (
	"net/http"
	"strings"

	"gatehouse/engine/fault"
)

// The session variables and headers with a meaning of their own, in lower case.
const (
	prefix           = "x-hasura-"
	roleVariable     = "x-hasura-role"
	userIDVariable   = "x-hasura-user-id"
	allowedRoles     = "x-hasura-allowed-roles"
	defaultRole      = "x-hasura-default-role"
	adminSecret      = "x-hasura-admin-secret"
	accessKey        = "x-hasura-access-key" // the admin secret's deprecated name
	backendOnly      = "x-hasura-use-backend-only-permissions"
	expectedRole     = "Expected-Role" // the name an auth hook of Logto's reads
	authorization    = "Authorization"
	backendOnlyTrue  = `["true","t","yes","y"]`
	backendOnlyFalse = `["false","f","no","n"]`
)

// Names as http.Header keeps them: looking them up in another spelling makes this one first.
const (
	adminSecretHeader = "X-Hasura-Admin-Secret"
	accessKeyHeader   = "X-Hasura-Access-Key"
	roleHeader        = "X-Hasura-Role"
)

// isVariable tells whether a header, claim or hook key is a session variable.
func isVariable(name string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// fromHeaders are the session variables a request's headers spell. A header sent twice: the last one counts, as in
// Hasura, whose variables are a map built in order.
func fromHeaders(h http.Header) map[string]string {
	vars := make(map[string]string)
	for name, values := range h {
		if isVariable(name) && len(values) > 0 {
			vars[lower(name)] = values[len(values)-1]
		}
	}
	return vars
}

// lower is strings.ToLower, without a copy for what nearly every request sends.
func lower(name string) string {
	switch name {
	case adminSecretHeader:
		return adminSecret
	case roleHeader:
		return roleVariable
	case "X-Hasura-User-Id":
		return userIDVariable
	}
	return strings.ToLower(name)
}

// seal makes vars a session's: the secrets leave, the role is the one resolved.
func seal(vars map[string]string, role string) map[string]string {
	delete(vars, adminSecret)
	delete(vars, accessKey)
	vars[roleVariable] = role
	return vars
}

// asAdministrator is the session of who sent the admin secret, or of anybody in open mode: the role and variables the
// headers name, `admin` without one; allowed as in choose.
func asAdministrator(c *Config, vars map[string]string, allowed held) (*Session, error) {
	role := vars[roleVariable]
	if role == "" {
		role = Admin
	}
	s, err := c.choose(role, allowed)
	if err != nil {
		return nil, err
	}
	s.ByAdminSecret = true
	if text, sent := vars[backendOnly]; sent {
		switch strings.ToLower(text) {
		case "true", "t", "yes", "y":
			s.BackendOnly = true
		case "false", "f", "no", "n":
		default:
			return nil, fault.New(fault.BadRequest, "", "%s:  Not a valid boolean text. True values are %s and  False values are %s. All values are case insensitive",
				backendOnly, backendOnlyTrue, backendOnlyFalse)
		}
	}
	s.Variables = seal(vars, s.Role)
	return s, nil
}
