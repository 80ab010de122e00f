package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/secret"
)

// AdminSecret is one that X-Hasura-Admin-Secret may hold.
type AdminSecret struct {
	// Name is what the logs call it, "" for one that has none. It is no secret.
	Name   string
	Secret string
	// Scopes are what it opens; nil: everything.
	Scopes []Scope
	// Roles are those it may act in; nil: any. Without admin among them it opens no administration.
	Roles []string
}

// Scope is a part of Gatehouse that an admin secret may open.
type Scope string

// The scopes.
const (
	// GraphQL, Relay, REST endpoints and their explanation.
	ScopeGraphQL Scope = "graphql"
	// The metadata API without run_sql; reading is its commands that change nothing.
	ScopeMetadata     Scope = "metadata"
	ScopeMetadataRead Scope = "metadata:read"
	// What in metadata holds connection strings and secrets. No admin secret names it: metadata opens it there.
	ScopeSources Scope = "sources"
	// run_sql, row commands and pg_dump.
	ScopeSQL Scope = "sql"
	// The Management API of the identity half, and the first administrator.
	ScopeManagement Scope = "management"
	// Health of the sources, running subscriptions, configuration, caches.
	ScopeOperations Scope = "operations"
)

var scopes = []Scope{ScopeGraphQL, ScopeMetadata, ScopeMetadataRead, ScopeSQL, ScopeManagement, ScopeOperations}

// ParseAdminSecrets reads HASURA_GRAPHQL_ADMIN_SECRETS: a JSON array of secrets, each a text or
// {"secret", "name"?, "scopes"?, "roles"?}. Its errors never show a secret.
func ParseAdminSecrets(setting string) ([]AdminSecret, error) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(setting), &items); err != nil {
		return nil, errors.New("it is not a JSON array of texts and objects")
	}
	all := make([]AdminSecret, 0, len(items))
	for i, item := range items {
		s, err := parseAdminSecret(item)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		if s.Name != "" && slices.ContainsFunc(all, func(other AdminSecret) bool { return other.Name == s.Name }) {
			return nil, fmt.Errorf("element %d: the name %q is there twice", i, s.Name)
		}
		all = append(all, s)
	}
	return all, nil
}

func parseAdminSecret(item json.RawMessage) (s AdminSecret, err error) {
	if json.Unmarshal(item, &s.Secret) == nil && string(item) != "null" {
		return s, nil
	}
	var o struct {
		Name   *string   `json:"name"`
		Secret *string   `json:"secret"`
		Scopes *[]Scope  `json:"scopes"`
		Roles  *[]string `json:"roles"`
	}
	dec := json.NewDecoder(bytes.NewReader(item))
	dec.DisallowUnknownFields() // a misspelt "scopes" would open everything
	if err := dec.Decode(&o); err != nil || o.Secret == nil {
		return s, errors.New(`expected a text or {"secret", "name", "scopes", "roles"}, the last three as wanted`)
	}
	s.Secret = *o.Secret
	if o.Name != nil {
		s.Name = *o.Name
	}
	if o.Scopes != nil {
		if s.Scopes = *o.Scopes; len(s.Scopes) == 0 {
			return s, errors.New(`"scopes" is empty, so that it would open nothing; leave it out to open everything`)
		}
		for _, scope := range s.Scopes {
			if !slices.Contains(scopes, scope) {
				return s, fmt.Errorf("there is no scope %q; there are %s", scope, listed(scopes))
			}
		}
	}
	if o.Roles != nil {
		if s.Roles = *o.Roles; len(s.Roles) == 0 || slices.Contains(s.Roles, "") {
			return s, errors.New(`"roles" names no role; leave it out to allow any`)
		}
	}
	return s, nil
}

func listed(all []Scope) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// Opens tells whether the secret opens a part.
func (s *AdminSecret) Opens(part Scope) bool {
	if (part == ScopeManagement || part == ScopeOperations) && s.Roles != nil && !slices.Contains(s.Roles, Admin) {
		return false // administration, which no other role has
	}
	return s.Scopes == nil || slices.Contains(s.Scopes, part) ||
		(part == ScopeMetadataRead || part == ScopeSources) && slices.Contains(s.Scopes, ScopeMetadata)
}

// AdminSecret finds the admin secret that was given; nil when it is none. It compares with every one, so that the time
// taken tells nothing.
func (c *Config) AdminSecret(given string) *AdminSecret {
	var found *AdminSecret
	for i := range c.AdminSecrets {
		if secret.Equal(c.AdminSecrets[i].Secret, given) {
			found = &c.AdminSecrets[i]
		}
	}
	return found
}

// May tells whether the caller may use a part, as far as the admin secret or the membership of the console decides: whoever
// proved themselves in another way is judged by role alone.
func (s *Session) May(part Scope) bool {
	switch {
	case s.secret != nil:
		return s.secret.Opens(part)
	case s.member != nil:
		return slices.Contains(s.member.Scopes, part)
	}
	return true
}

// SecretName is the name of the admin secret that was sent, "" when there is none.
func (s *Session) SecretName() string {
	if s.secret == nil {
		return ""
	}
	return s.secret.Name
}

// MemberID is the user id of the member of the console who calls, "" for everybody else.
func (s *Session) MemberID() string {
	if s.member == nil {
		return ""
	}
	return s.member.UserID
}

// Require refuses a caller whose admin secret or membership does not open a part.
func (s *Session) Require(part Scope) error {
	if s.May(part) {
		return nil
	}
	if s.member != nil {
		return fault.New(fault.AccessDenied, "", "this membership of the console does not open %q", part).WithStatus(http.StatusForbidden)
	}
	return fault.New(fault.AccessDenied, "", "this admin secret does not open %q", part).WithStatus(http.StatusForbidden)
}

// bySecret is the session of who sent an admin secret.
func (c *Config) bySecret(sent *AdminSecret, h http.Header) (*Session, error) {
	vars := fromHeaders(h)
	if sent.Roles != nil && vars[roleVariable] == "" && len(sent.Roles) == 1 {
		vars[roleVariable] = sent.Roles[0]
	}
	var allowed held
	if sent.Roles != nil {
		allowed = append(held{}, sent.Roles...)
	}
	s, err := asAdministrator(c, vars, allowed)
	if err != nil {
		return nil, err
	}
	s.secret = sent
	return s, nil
}
