// Package session says who is calling the data API: one role and its session variables.
//
// It owns every way to prove that (admin secret, auth hook, JWT secret, built-in identity, unauthorized role) and
// refuses whatever does not prove itself. It stands at the head of the query line.
package session

import (
	"maps"
	"net/http"
	"time"
)

// Admin is the role that sees everything; no permission objects exist for it.
const Admin = "admin"

// Session is the caller of one request.
type Session struct {
	// Role is the one role the request runs under; of several roles, the JSON array of them.
	Role string
	// Roles are the roles of a caller who acts in several at once, in order of preference; nil for one.
	Roles []string
	// Variables are the session variables, names in lower case ("x-hasura-user-id"), x-hasura-role included. They are
	// shared with other requests of the caller: not to be changed.
	Variables map[string]string
	// BackendOnly is true when the admin secret was sent (or none is configured) together with a true
	// x-hasura-use-backend-only-permissions: it opens permissions marked backend_only.
	BackendOnly bool
	// ByAdminSecret is true when the admin secret was sent, when none is configured (open mode), and in the console: the
	// operations reserved to administrators also need Role == Admin.
	ByAdminSecret bool
	// Expires is when the proof behind the session ends; zero when it does not.
	Expires time.Time
	// ResponseHeaders are to be sent to the client, for instance an auth hook's Set-Cookie.
	ResponseHeaders [][2]string
	// secret is the admin secret that was sent, and member the member of the console who calls: they bound what the session
	// may use; see May.
	secret *AdminSecret
	member *Member
	// isConsole: the caller is in the console.
	isConsole bool
	// ClientHeaders are the request's, for webhooks that are sent them; see Forwarded.
	ClientHeaders http.Header
}

// SameAs tells whether what one session may, and sees, is what the other may and sees.
func (s *Session) SameAs(other *Session) bool {
	return s.Role == other.Role && s.BackendOnly == other.BackendOnly && s.ByAdminSecret == other.ByAdminSecret && s.secret == other.secret &&
		s.member.sameAs(other.member) && maps.Equal(s.Variables, other.Variables)
}

// IsAdmin tells whether the session has the admin role.
func (s *Session) IsAdmin() bool { return s.Role == Admin }
