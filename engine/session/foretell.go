package session

import (
	"maps"
	"net/http"
	"slices"

	"gatehouse/engine/fault"
)

// Caller is what somebody is to the data API: the roles to choose among, the one taken where none is asked for ("" for
// none), and the session variables but for the role.
type Caller struct {
	Roles       []string
	DefaultRole string
	Variables   map[string]string
}

// Foretell says what a fresh access token of our own issuer would be worth: its claims, and the roles its user holds now.
// It is decided as for a request with that token, but for the signature and whether the token still lives, which it does.
// Errors are *fault.Error.
func (r *Resolver) Foretell(payload []byte, roles []string) (c Caller, err error) {
	switch {
	case r.hook != nil:
		return c, fault.New(fault.NotSupported, "", "a webhook says who the callers of the data API are: what it makes of a token is known when it is asked")
	case r.identity == nil:
		return c, fault.New(fault.NotSupported, "", "the identity half does not run here")
	}
	claims, err := decodeObject(payload)
	if err != nil {
		return c, notVerified("JWTClaimsSetDecodeError").WithCause(err)
	}
	if len(r.jwts) > 0 {
		return r.foretellJWT(claims)
	}
	return r.identity.foretell(claims, roles)
}

func (i *identity) foretell(claims map[string]any, roles []string) (c Caller, err error) {
	t := &verifiedToken{}
	if t.token, err = i.accessToken(claims); err != nil {
		return c, err
	}
	if t.variables, err = tokenVariables(claims); err != nil {
		return c, err
	}
	c.Roles = i.mayTake(roles)
	if s, err := i.choose(http.Header{}, roles); err == nil {
		c.DefaultRole = s.Role
	}
	c.Variables = withoutRole(t.as(c.DefaultRole))
	return c, nil
}

// foretellJWT is Foretell where JWT secrets are configured: the first that takes tokens of our own.
func (r *Resolver) foretellJWT(claims map[string]any) (c Caller, err error) {
	err = fault.New(fault.NotSupported, "", "the data API takes tokens of other issuers only (HASURA_GRAPHQL_JWT_SECRET)")
	for _, v := range r.jwts {
		if !v.isOwn {
			continue
		}
		var worth tokenWorth
		if err = v.check(&signedClaims{claims: claims, expires: dateOf(claims, "exp"), notBefore: dateOf(claims, "nbf")}); err != nil {
			continue
		}
		if worth, err = v.claims.worth(claims); err == nil {
			err = worth.variablesErr
		}
		if err == nil {
			c = Caller{Roles: worth.allowed, DefaultRole: worth.role, Variables: withoutRole(worth.variables)}
			if !slices.Contains(c.Roles, c.DefaultRole) {
				c.DefaultRole = "" // refused without a role
			}
			return c, nil
		}
	}
	return c, err
}

func withoutRole(variables map[string]string) map[string]string {
	out := seal(maps.Clone(variables), "")
	delete(out, roleVariable)
	return out
}
