package management

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// Formats of identifiers: Logto core-kit's regular expressions, as its OpenAPI document gives them.
var (
	usernameFormat = regexp.MustCompile(`^[A-Z_a-z]\w*$`)
	emailFormat    = regexp.MustCompile(`^\S+@\S+\.\S+$`)
	phoneFormat    = regexp.MustCompile(`^\d+$`)
)

// urlText is a text that is an absolute URL.
func urlText(rules ...rule) schema {
	return text(append([]rule{format("url", isURL)}, rules...)...)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "" || u.Path != "")
}

var profileSchema = object(partial(
	field{"familyName", text()}, field{"givenName", text()}, field{"middleName", text()}, field{"nickname", text()},
	field{"preferredUsername", text()}, field{"profile", text()}, field{"website", text()}, field{"gender", text()},
	field{"birthdate", text()}, field{"zoneinfo", text()}, field{"locale", text()},
	field{"address", object(partial(
		field{"formatted", text()}, field{"streetAddress", text()}, field{"locality", text()},
		field{"region", text()}, field{"postalCode", text()}, field{"country", text()},
	)...)},
)...)

var newUserSchema = object(partial(
	field{"primaryPhone", text(matches(phoneFormat), maxLength(128))},
	field{"primaryEmail", text(matches(emailFormat), maxLength(128))},
	field{"username", text(matches(usernameFormat), maxLength(128))},
	field{"password", text(minLength(1), maxLength(maxPassword))},
	field{"passwordDigest", text(maxLength(256))},
	field{"passwordAlgorithm", enum(secret.Argon2i, secret.Argon2id, secret.Argon2d, secret.SHA1, secret.SHA256, secret.MD5, secret.Bcrypt, secret.Legacy)},
	field{"name", text(maxLength(128))},
	field{"avatar", clearable(either(urlText(maxLength(2048)), emptyText()))},
	field{"customData", jsonObject()},
	field{"profile", profileSchema},
)...)

var userChangeSchema = object(partial(
	field{"username", clearable(either(text(matches(usernameFormat), maxLength(128)), emptyText()))},
	field{"primaryEmail", clearable(either(text(matches(emailFormat), maxLength(128)), emptyText()))},
	field{"primaryPhone", clearable(either(text(matches(phoneFormat), maxLength(128)), emptyText()))},
	field{"name", clearable(text(maxLength(128)))},
	field{"avatar", clearable(either(urlText(maxLength(2048)), emptyText()))},
	field{"customData", jsonObject()},
	field{"profile", profileSchema},
)...)

// maxPassword is what the hashing takes, in UTF-16 units; more would be an error there.
const maxPassword = 1024

func (h *Handler) userRoutes() map[string]map[string]endpoint {
	return map[string]map[string]endpoint{
		"/api/users":          {http.MethodGet: listUsers, http.MethodPost: createUser},
		"/api/users/{userId}": {http.MethodGet: getUser, http.MethodPatch: updateUser, http.MethodDelete: deleteUser},
		"/api/users/{userId}/custom-data": {
			http.MethodGet: getUserCustomData,
			http.MethodPatch: mergeUser("customData", jsonObject(),
				func(raw json.RawMessage) directory.UserChange { return directory.UserChange{MergeCustomData: raw} },
				func(u *directory.User) json.RawMessage { return u.CustomData }),
		},
		"/api/users/{userId}/profile": {
			http.MethodPatch: mergeUser("profile", profileSchema,
				func(raw json.RawMessage) directory.UserChange { return directory.UserChange{MergeProfile: raw} },
				func(u *directory.User) json.RawMessage { return u.Profile }),
		},
		"/api/users/{userId}/password":        {http.MethodPatch: setUserPassword},
		"/api/users/{userId}/password/verify": {http.MethodPost: verifyUserPassword},
		"/api/users/{userId}/has-password":    {http.MethodGet: userHasPassword},
		"/api/users/{userId}/is-suspended":    {http.MethodPatch: suspendUser},
		"/api/dashboard/users/total":          {http.MethodGet: totalUsers},
	}
}

func listUsers(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	search, err := c.search(directory.UserSearchFields)
	if err != nil {
		return err
	}
	var in struct{ IsSuspended string } // Gatehouse's own
	if err := c.query(object(partial(field{"isSuspended", enum("true", "false")})...), &in); err != nil {
		return err
	}
	filter := directory.UserFilter{Search: search, ExcludeRoleID: c.r.URL.Query().Get("excludeRoleId")}
	if in.IsSuspended != "" {
		isSuspended := in.IsSuspended == "true"
		filter.IsSuspended = &isSuspended
	}
	total, err := c.h.Directory.CountUsersIn(c.ctx(), filter)
	if err != nil {
		return err
	}
	users, err := c.h.Directory.Users(c.ctx(), filter, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, userViews(users))
}

func userViews(users []directory.User) []directory.UserJSON {
	views := make([]directory.UserJSON, len(users))
	for i := range users {
		views[i] = users[i].JSON()
	}
	return views
}

func createUser(c *call) error {
	var in struct {
		PrimaryPhone, PrimaryEmail, Username string
		Password                             string
		PasswordDigest, PasswordAlgorithm    string
		Name, Avatar                         string
		CustomData, Profile                  json.RawMessage
	}
	if err := c.body(newUserSchema, &in); err != nil {
		return err
	}
	hash, err := c.newPassword(in.Password, in.PasswordDigest, in.PasswordAlgorithm)
	if err != nil {
		return err
	}
	var id string
	var user *directory.User
	err = c.change("User.Created", directory.KindUser, &id, func(tx *directory.Tx) (err error) {
		user, err = tx.CreateUser(c.ctx(), directory.NewUser{
			Username: in.Username, PrimaryEmail: in.PrimaryEmail, PrimaryPhone: in.PrimaryPhone, Name: in.Name,
			Avatar: in.Avatar, CustomData: in.CustomData, Profile: in.Profile, Password: hash,
		})
		if err == nil {
			id = user.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(user.JSON())
}

// newPassword is the hash to store: of a password, or an imported one. An imported digest that cannot be verified
// here would lock its user out without a word, so it is refused.
func (c *call) newPassword(password, digest, algorithm string) (*secret.PasswordHash, error) {
	switch {
	case password != "" && digest != "":
		return nil, badRequest("user.password_and_digest", "You cannot set both plain text password and password digest.")
	case digest != "" && algorithm == "":
		return nil, badRequest("user.password_algorithm_required", "Password algorithm is required.")
	case digest != "":
		hash := &secret.PasswordHash{Algorithm: algorithm, Digest: digest}
		if _, _, err := secret.VerifyPassword(c.ctx(), "", *hash); err != nil {
			if c.ctx().Err() != nil {
				return nil, err
			}
			return nil, invalidInput("The password digest cannot be read as " + algorithm + ".")
		}
		return hash, nil
	case password != "":
		hash, err := secret.HashPassword(c.ctx(), password)
		return &hash, err
	}
	return nil, nil //nolint:nilnil // a user without a password is a case of its own
}

// user returns the user of the path, or Logto's 404.
func (c *call) user() (*directory.User, error) {
	return c.h.Directory.User(c.ctx(), c.path("userId"))
}

func getUser(c *call) error {
	user, err := c.user()
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	if isYes(q.Get("includePasswordHash")) {
		if err := c.require(directory.ConsoleSecrets); err != nil {
			return err
		}
	}
	view := struct {
		directory.UserJSON
		SSOIdentities []any `json:"ssoIdentities,omitzero"`
		*passwordView
	}{UserJSON: user.JSON()}
	if isYes(q.Get("includeSsoIdentities")) {
		view.SSOIdentities = []any{}
	}
	if isYes(q.Get("includePasswordHash")) {
		view.passwordView = &passwordView{}
		if user.Password != nil {
			view.passwordView = &passwordView{&user.Password.Digest, &user.Password.Algorithm}
		}
	}
	return c.ok(view)
}

// passwordView shows a stored password when it is asked for, for moving users elsewhere.
type passwordView struct {
	PasswordDigest    *string `json:"passwordDigest"`
	PasswordAlgorithm *string `json:"passwordAlgorithm"`
}

// isYes reads a switch in a query as Logto does.
func isYes(s string) bool {
	switch s {
	case "1", "true", "y", "yes":
		return true
	}
	return false
}

func updateUser(c *call) error {
	var in struct {
		Username, PrimaryEmail, PrimaryPhone, Name, Avatar *string
		CustomData, Profile                                json.RawMessage
	}
	if err := c.body(userChangeSchema, &in); err != nil {
		return err
	}
	return c.changeUser("User.Data.Updated", directory.UserChange{
		Username: in.Username, PrimaryEmail: in.PrimaryEmail, PrimaryPhone: in.PrimaryPhone,
		Name: in.Name, Avatar: in.Avatar, CustomData: in.CustomData, Profile: in.Profile,
	}, func(u *directory.User) any { return u.JSON() })
}

// changeUser changes the user of the path and answers with what show makes of it.
func (c *call) changeUser(what string, change directory.UserChange, show func(*directory.User) any) error {
	id := c.path("userId")
	var user *directory.User
	err := c.change(what, directory.KindUser, &id, func(tx *directory.Tx) (err error) {
		user, err = tx.UpdateUser(c.ctx(), id, change)
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(show(user))
}

func deleteUser(c *call) error {
	id := c.path("userId")
	if c.caller.Type == directory.KindUser && c.caller.ID == id {
		return badRequest("user.cannot_delete_self", "You cannot delete yourself.")
	}
	err := c.change("User.Deleted", directory.KindUser, &id, func(tx *directory.Tx) error {
		return tx.DeleteUser(c.ctx(), id)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func getUserCustomData(c *call) error {
	user, err := c.user()
	if err != nil {
		return err
	}
	return c.ok(user.CustomData)
}

// mergeUser merges the top-level keys of one object of a user and answers with the whole object.
func mergeUser(key string, s schema, change func(json.RawMessage) directory.UserChange, show func(*directory.User) json.RawMessage) endpoint {
	body := object(field{key, s})
	return func(c *call) error {
		var in map[string]json.RawMessage
		if err := c.body(body, &in); err != nil {
			return err
		}
		return c.changeUser("User.Data.Updated", change(in[key]), func(u *directory.User) any { return show(u) })
	}
}

var passwordSchema = object(field{"password", text(minLength(1), maxLength(maxPassword))})

func setUserPassword(c *call) error {
	var in struct{ Password string }
	if err := c.body(passwordSchema, &in); err != nil {
		return err
	}
	if _, err := c.user(); err != nil {
		return err
	}
	hash, err := secret.HashPassword(c.ctx(), in.Password)
	if err != nil {
		return err
	}
	return c.changeUser("User.Data.Updated", directory.UserChange{Password: &hash}, func(u *directory.User) any { return u.JSON() })
}

func verifyUserPassword(c *call) error {
	var in struct{ Password string }
	if err := c.body(passwordSchema, &in); err != nil {
		return err
	}
	user, err := c.user()
	if err != nil {
		return err
	}
	ok, err := c.h.Directory.VerifyPassword(c.ctx(), user, in.Password)
	if err != nil {
		return err
	}
	if !ok {
		return unprocessable("session.invalid_credentials", "Incorrect account or password. Please check your input.")
	}
	return c.noContent()
}

func userHasPassword(c *call) error {
	user, err := c.user()
	if err != nil {
		return err
	}
	return c.ok(struct {
		HasPassword bool `json:"hasPassword"`
	}{user.Password != nil})
}

func suspendUser(c *call) error {
	var in struct{ IsSuspended bool }
	if err := c.body(object(field{"isSuspended", boolean()}), &in); err != nil {
		return err
	}
	return c.changeUser("User.SuspensionStatus.Updated", directory.UserChange{IsSuspended: &in.IsSuspended},
		func(u *directory.User) any { return u.JSON() })
}

func totalUsers(c *call) error {
	n, err := c.h.Directory.CountUsers(c.ctx())
	if err != nil {
		return err
	}
	return c.ok(struct {
		TotalUserCount int `json:"totalUserCount"`
	}{n})
}
