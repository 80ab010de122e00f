package experience

import (
	"net/http"

	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
)

// submit ends the interaction: the account is complete and may sign in, what was given is stored, and the provider gets
// the outcome, all in one transaction.
func (h *Handler) submit(c *call) error {
	var redirectTo, userID, event string
	err := h.update(c, func(tx *directory.Tx, i *oidc.Interaction, s *state) error {
		if s.UserID == "" {
			return errNotIdentified
		}
		user, err := activeUser(c, tx, s.UserID)
		if err != nil {
			return err
		}
		settings, err := tx.SignInExperience(c.ctx())
		if err != nil {
			return err
		}
		lacking := lackingProfile(settings, user.Username != nil || s.Profile.Username != "", user.Password != nil || s.Profile.Password != nil,
			user.PrimaryEmail != nil, user.PrimaryPhone != nil)
		if len(lacking) > 0 {
			return missingProfile(lacking)
		}
		now := h.now()
		change := directory.UserChange{LastSignInAt: &now, Password: s.Profile.Password}
		if s.Profile.Username != "" {
			change.Username = &s.Profile.Username
		}
		if _, err := tx.UpdateUser(c.ctx(), user.ID, change); err != nil {
			return err
		}
		s.Profile = profile{}
		s.forgetPasswords()
		summary, err := s.summary()
		if err != nil {
			return err
		}
		userID, event = user.ID, s.Event
		redirectTo = h.Interactions.Finish(i, oidc.Result{Login: &oidc.LoginResult{UserID: user.ID, At: now, Interaction: summary}})
		return nil
	})
	h.record(c, "Interaction."+orSignIn(event)+".Submit", userID, err)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		RedirectTo string `json:"redirectTo"`
	}{redirectTo})
}

func orSignIn(event string) string {
	if event == "" {
		return eventSignIn
	}
	return event
}
