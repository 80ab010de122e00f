package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gatehouse/engine/fault"
)

// defaultNamespace is where a token holds its Hasura claims unless configured otherwise.
const defaultNamespace = "https://hasura.io/jwt/claims"

// claimsRule says where in a token the roles and session variables are: in a namespace, or claim by claim.
type claimsRule struct {
	// byClaim, when set, replaces the namespace (claims_map).
	byClaim *claimsMap
	// namespace is a top-level claim's name; namespacePath, when not nil, a path instead.
	namespace     string
	namespacePath jsonPath
	isStringified bool
}

// claimsMap is the claims_map setting: a literal or a path with an optional default for every claim.
type claimsMap struct {
	allowed claimSource[[]string]
	def     claimSource[string]
	others  map[string]claimSource[string]
}

// claimSource is one value of claims_map.
type claimSource[T any] struct {
	path    jsonPath // nil: literal
	literal T
	def     *T
}

// parsedClaims are the Hasura claims of a token: names in lower case, values as decoded JSON.
type parsedClaims map[string]any

// apply finds the Hasura claims of a verified token.
func (r claimsRule) apply(claims map[string]any) (parsedClaims, error) {
	if r.byClaim != nil {
		return r.byClaim.apply(claims)
	}
	found, ok := r.lookUp(claims)
	if !ok {
		if r.namespacePath != nil {
			return nil, fault.New(fault.JWTInvalidClaims, "", "claims not found at claims_namespace_path: '%s'", r.namespacePath)
		}
		return nil, fault.New(fault.JWTInvalidClaims, "", "claims key: '%s' not found", r.namespace)
	}
	object, err := r.object(found)
	if err != nil {
		return nil, err
	}
	out := make(parsedClaims, len(object))
	for name, value := range object {
		if isVariable(name) {
			out[strings.ToLower(name)] = value
		}
	}
	return out, nil
}

func (r claimsRule) lookUp(claims map[string]any) (any, bool) {
	if r.namespacePath != nil {
		return r.namespacePath.find(claims)
	}
	v, ok := claims[r.namespace]
	return v, ok
}

func (r claimsRule) object(found any) (map[string]any, error) {
	if !r.isStringified {
		object, ok := found.(map[string]any)
		if !ok {
			return nil, fault.New(fault.JWTInvalidClaims, "", "expecting a json object when claims_format is json")
		}
		return object, nil
	}
	text, ok := found.(string)
	if !ok {
		return nil, fault.New(fault.JWTInvalidClaims, "", "expecting a string when claims_format is stringified_json")
	}
	object, err := decodeObject([]byte(text))
	if err != nil {
		where := "claims_namespace " + r.namespace
		if r.namespacePath != nil {
			where = "claims_namespace_path " + r.namespacePath.String()
		}
		return nil, fault.New(fault.JWTInvalidClaims, "", "expecting stringified json at: '%s', but found: %s", where, text)
	}
	return object, nil
}

func (m *claimsMap) apply(claims map[string]any) (parsedClaims, error) {
	allowed, err := m.allowed.roles(claims)
	if err != nil {
		return nil, err
	}
	def, err := m.def.role(claims)
	if err != nil {
		return nil, err
	}
	out := parsedClaims{allowedRoles: allowed, defaultRole: def}
	for name, source := range m.others {
		value, ok := source.find(claims)
		if !ok {
			return nil, fault.New(fault.JWTInvalidClaims, "", "JWT claim from claims_map, %s not found", name)
		}
		out[name] = value
	}
	return out, nil
}

// find gives the claim as JSON, the default where the token has none.
func (s claimSource[T]) find(claims map[string]any) (any, bool) {
	if s.path == nil {
		return s.literal, true
	}
	if v, ok := s.path.find(claims); ok {
		return v, true
	}
	if s.def != nil {
		return *s.def, true
	}
	return nil, false
}

func (s claimSource[T]) roles(claims map[string]any) (any, error) {
	v, ok := s.find(claims)
	if !ok {
		return nil, missingRoles(allowedRoles)
	}
	_, err := roleList(v, "should be a list of roles")
	return v, err
}

func (s claimSource[T]) role(claims map[string]any) (any, error) {
	v, ok := s.find(claims)
	if !ok {
		return nil, missingRoles(defaultRole)
	}
	_, err := singleRole(v, "should be a role")
	return v, err
}

func missingRoles(claim string) error {
	return fault.New(fault.JWTMissingRoleClaims, "", "JWT claim does not contain %s", claim)
}

// roles are the allowed roles and the default role.
func (c parsedClaims) roles() (allowed []string, def string, err error) {
	v, ok := c[allowedRoles]
	if !ok {
		return nil, "", missingRoles(allowedRoles)
	}
	if allowed, err = roleList(v, "should be a list of roles"); err != nil {
		return nil, "", err
	}
	if v, ok = c[defaultRole]; !ok {
		return nil, "", missingRoles(defaultRole)
	}
	if def, err = singleRole(v, "should be a single role name"); err != nil {
		return nil, "", err
	}
	return allowed, def, nil
}

func roleList(v any, hint string) ([]string, error) {
	switch v := v.(type) {
	case []string:
		return v, nil
	case []any:
		roles := make([]string, 0, len(v))
		for _, e := range v {
			role, ok := e.(string)
			if !ok {
				return nil, invalidClaim("invalid "+allowedRoles+"; "+hint, "Text", "String", e)
			}
			if role == "" {
				return nil, fault.New(fault.JWTInvalidClaims, "", "invalid %s; %s: empty string not allowed", allowedRoles, hint)
			}
			roles = append(roles, role)
		}
		return roles, nil
	default:
		return nil, invalidClaim("invalid "+allowedRoles+"; "+hint, "[]", "Array", v)
	}
}

func singleRole(v any, hint string) (string, error) {
	role, ok := v.(string)
	if !ok {
		return "", invalidClaim("invalid "+defaultRole+"; "+hint, "Text", "String", v)
	}
	if role == "" {
		return "", fault.New(fault.JWTInvalidClaims, "", "invalid %s; %s: empty string not allowed", defaultRole, hint)
	}
	return role, nil
}

// variables are the session variables of a token: its Hasura claims without the roles. Values are text; a list stays
// the JSON it is, for permissions that compare with arrays; anything else is refused, as in Hasura.
func (c parsedClaims) variables() (map[string]string, error) {
	vars := make(map[string]string, len(c))
	for name, v := range c {
		if name == allowedRoles || name == defaultRole {
			continue
		}
		switch v := v.(type) {
		case string:
			vars[name] = v
		case []any:
			vars[name] = compact(v)
		default:
			return nil, invalidClaim("x-hasura-* claims", "Text", "String", v)
		}
	}
	return vars, nil
}

// invalidClaim words a type error as Hasura's JSON library does.
func invalidClaim(context, parsing, expected string, found any) error {
	return fault.New(fault.JWTInvalidClaims, "", "%s: parsing %s failed, expected %s, but encountered %s", context, parsing, expected, jsonKind(found))
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "Null"
	case bool:
		return "Boolean"
	case string:
		return "String"
	case []any, []string:
		return "Array"
	case map[string]any:
		return "Object"
	default:
		return "Number"
	}
}

// decodeObject decodes a JSON object, numbers kept as they are written.
func decodeObject(data []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more than one JSON value")
	}
	if object == nil {
		return nil, errors.New("null is no object")
	}
	return object, nil
}

// compact is v as JSON without escaping what HTML would mind.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("session: a decoded JSON value does not encode: %v", err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
