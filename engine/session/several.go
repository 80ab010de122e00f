package session

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/fault"
)

// maxRoles is how many roles a caller may act in at once.
const maxRoles = 16

// everyRole asks for all roles held.
const everyRole = "*"

// held are the roles a caller may act in; nil where whoever vouches for the caller does not say them.
type held []string

// choose makes the session of what X-Hasura-Role says: one role, or where the operator allows it several at once, as a
// JSON array or "*" for all held. admin, who may do everything, is never one of several.
func (c *Config) choose(requested string, all held) (*Session, error) {
	isList := strings.HasPrefix(strings.TrimSpace(requested), "[")
	if !c.SeveralRoles || requested != everyRole && !isList {
		if all != nil && !slices.Contains(all, requested) {
			return nil, roleNotAllowed()
		}
		return &Session{Role: requested}, nil
	}
	var roles []string
	switch {
	case isList:
		if err := json.Unmarshal([]byte(requested), &roles); err != nil {
			return nil, fault.New(fault.InvalidHeaders, "", "%s: expected a role, a JSON array of roles, or %q", roleVariable, everyRole)
		}
	case all == nil:
		return nil, fault.New(fault.AccessDenied, "", "%s: which roles %q stands for is not known here; name them", roleVariable, everyRole)
	default:
		roles = slices.DeleteFunc(slices.Clone(all), func(role string) bool { return role == Admin })
		slices.Sort(roles)
	}
	roles = unique(roles)
	switch {
	case len(roles) == 0 && !isList:
		return nil, roleNotAllowed()
	case len(roles) == 0 || slices.Contains(roles, ""):
		return nil, fault.New(fault.InvalidHeaders, "", "%s: expected names of roles in the array", roleVariable)
	case all != nil && slices.ContainsFunc(roles, func(role string) bool { return !slices.Contains(all, role) }):
		return nil, roleNotAllowed()
	case len(roles) == 1:
		return &Session{Role: roles[0]}, nil
	case slices.Contains(roles, Admin):
		return nil, fault.New(fault.AccessDenied, "", "%s: the role %s is not one of several", roleVariable, Admin)
	case len(roles) > maxRoles:
		return nil, fault.New(fault.AccessDenied, "", "%s: at most %d roles at once", roleVariable, maxRoles)
	}
	return &Session{Role: compact(roles), Roles: roles}, nil
}

// unique leaves the first of equal ones.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// As is the session of one of several roles alone, for what belongs to that role's rules.
func (s *Session) As(role string) *Session {
	one := *s
	one.Role, one.Roles = role, nil
	one.Variables = make(map[string]string, len(s.Variables))
	for name, value := range s.Variables {
		one.Variables[name] = value
	}
	one.Variables[roleVariable] = role
	return &one
}
