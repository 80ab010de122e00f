package experience

import (
	"net/http"

	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
)

// submit ends the interaction: the account is complete and may sign in, what was given is stored, and the provider gets
// the outcome, all in one transaction.
func (h *Handler) submit(c *call) error {
	var redirectTo string
	e := oidc.Event{Key: "Interaction.Submit"}
	err := h.update(c, func(tx *directory.Tx, i *oidc.Interaction, s *state) error {
		e.Key, e.ApplicationID, e.UserID = "Interaction."+s.Event+".Submit", i.ClientID, s.UserID
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
		redirectTo = h.Interactions.Finish(i, oidc.Result{Login: &oidc.LoginResult{UserID: user.ID, At: now, Interaction: summary}})
		return nil
	})
	e.Err = err
	h.record(c, e)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		RedirectTo string `json:"redirectTo"`
	}{redirectTo})
}
