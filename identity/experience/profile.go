package experience

import (
	"encoding/json"

	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/password"
	"gatehouse/secret"
)

// profile is what the page has given of an account, before it is stored.
type profile struct {
	Username string               `json:"username,omitempty"`
	Password *secret.PasswordHash `json:"password,omitempty"`
}

// profileView is the profile as the page may see it.
type profileView struct {
	Username string `json:"username,omitempty"`
}

// addProfile takes a username or password for the account: one that is being made, or the one that has signed in and
// lacks it.
func (h *Handler) addProfile(c *call) error {
	var in struct {
		Type   string          `json:"type"`
		Value  string          `json:"value"`
		Values json.RawMessage `json:"values"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	_, before, err := h.read(c)
	if err != nil {
		return err
	}
	if before.Event == eventForgotPassword {
		return errNoForgotPassword
	}
	if before.Event == eventSignIn && before.UserID == "" {
		return errNotIdentified
	}
	switch in.Type {
	case "username", "password":
	default:
		return errProfileNotSupported
	}
	if err := require(in.Value, "value"); err != nil {
		return err
	}
	var hash *secret.PasswordHash
	if in.Type == "username" {
		err = h.Verifier.CheckUsername(c.ctx(), in.Value)
	} else {
		// Hashing is slow, so it happens before the interaction is locked.
		hash, err = h.Verifier.NewPassword(c.ctx(), in.Value, password.UserInfo{Username: before.Profile.Username})
	}
	if err != nil {
		return err
	}
	err = h.update(c, func(tx *directory.Tx, _ *oidc.Interaction, s *state) error {
		if s.UserID != "" {
			user, err := activeUser(c, tx, s.UserID)
			if err != nil {
				return err
			}
			if in.Type == "username" && user.Username != nil {
				return errUsernameExists
			}
			if in.Type == "password" && user.Password != nil {
				return errPasswordExists
			}
		}
		if in.Type == "username" {
			s.Profile.Username = in.Value
		} else {
			s.Profile.Password = hash
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
