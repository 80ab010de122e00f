package experience

import (
	"net/http"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// SetUp answers the page behind the set-up link, POST {token, username, password}: whoever holds the link, or the admin
// secret, makes the first administrator. It is never just the first visitor.
type SetUp struct {
	// Token is the secret of the link.
	Token string
	// AdminSecret judges X-Hasura-Admin-Secret; nil: the header opens nothing.
	AdminSecret func(candidate string) (name string, ok bool)
	// Allowed says whether a caller needs no token: somebody who is signed in by the admin secret; nil: nobody.
	Allowed func(r *http.Request) bool
	// Create makes the administrator; ErrAlreadySetUp when there is one. finish, which may be nil, completes the answer.
	Create func(r *http.Request, username, password string) (u *directory.User, finish func(w http.ResponseWriter), err error)
}

// ErrAlreadySetUp says that there is an administrator.
var ErrAlreadySetUp error = &problem{status: 403, code: "auth.forbidden", message: "There is an administrator already: ask them, or run `gatehouse admin create`."}

var errSetUpToken = &problem{
	status: 401, code: "auth.unauthorized",
	message: "The set-up link is not valid. Use the one Gatehouse printed at its start, or the admin secret.",
}

func (s *SetUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	u, finish, err := s.create(&call{w, r})
	if err != nil {
		fail(w, r, err)
		return
	}
	if finish != nil {
		finish(w)
	}
	httpd.Logger(r.Context()).InfoContext(r.Context(), "first administrator created", "user_id", u.ID)
	httpd.WriteJSON(w, http.StatusCreated, map[string]string{"userId": u.ID})
}

// create needs no cookie, so a forged request has nothing to ride on: the token proves the caller. The cookie that Allowed
// may look at counts for our own pages alone.
func (s *SetUp) create(c *call) (*directory.User, func(w http.ResponseWriter), error) {
	var in struct{ Token, Username, Password string }
	if err := c.body(&in); err != nil {
		return nil, nil, err
	}
	given := c.r.Header.Get("X-Hasura-Admin-Secret")
	bySecret := s.Allowed != nil && s.Allowed(c.r)
	if s.AdminSecret != nil && given != "" {
		_, bySecret = s.AdminSecret(given) // a wrong one is an error even beside a good cookie
	}
	if !bySecret && (in.Token == "" || !secret.Equal(in.Token, s.Token)) {
		return nil, nil, errSetUpToken
	}
	if err := require(in.Username, "username"); err != nil {
		return nil, nil, err
	}
	if err := require(in.Password, "password"); err != nil {
		return nil, nil, err
	}
	return s.Create(c.r, in.Username, in.Password)
}
