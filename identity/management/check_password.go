package management

import (
	"gatehouse/identity/directory"
	"gatehouse/identity/password"
)

// checkPassword says whether a password meets the policy; with a user, also that it is not made of the user's data.
func checkPassword(c *call) error {
	var in struct {
		Password string
		UserID   string
	}
	err := c.body(object(field{"password", text(maxLength(4096))}, field{"userId", optional(text())}), &in)
	if err != nil {
		return err
	}
	experience, err := c.h.Directory.SignInExperience(c.ctx())
	if err != nil {
		return err
	}
	policy, err := experience.Password()
	if err != nil {
		return err
	}
	var info password.UserInfo
	switch {
	case in.UserID != "": // what is refused tells of the user
		if err := c.require(directory.ConsoleUsersRead); err != nil {
			return err
		}
		user, err := c.h.Directory.User(c.ctx(), in.UserID)
		if err != nil {
			return err
		}
		info = userInfo(user)
	case policy.Rejects.UserInfo:
		return invalidInput("The user id is required when the password policy rejects user information.")
	}
	view := struct {
		Result bool             `json:"result"`
		Issues []password.Issue `json:"issues,omitempty"`
	}{Issues: policy.Check(in.Password, info)}
	view.Result = view.Issues == nil
	return c.ok(view)
}

func userInfo(u *directory.User) password.UserInfo {
	value := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return password.UserInfo{Name: value(u.Name), Username: value(u.Username), Email: value(u.PrimaryEmail), Phone: value(u.PrimaryPhone)}
}
