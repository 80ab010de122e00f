package experience

import (
	"errors"
	"net/http"
	"slices"

	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/verification"
)

// identify decides who this is: the account a proof belongs to, or a new one. Making the account and remembering it in
// the interaction are one transaction, so a crash leaves neither half.
func (h *Handler) identify(c *call) error {
	var in struct {
		VerificationID string `json:"verificationId"`
	}
	if err := c.body(&in); err != nil {
		return err
	}
	created := false
	e := oidc.Event{Key: "Interaction.Identifier.Submit"}
	err := h.update(c, func(tx *directory.Tx, i *oidc.Interaction, s *state) error {
		e.Key, e.ApplicationID = "Interaction."+s.Event+".Identifier.Submit", i.ClientID
		defer func() { e.UserID = s.UserID }()
		if err := guardMode(c, tx, s.Event); err != nil {
			return err
		}
		if s.Event == eventRegister {
			created = true
			return h.register(c, tx, i, s, in.VerificationID)
		}
		return signIn(c, tx, s, in.VerificationID)
	})
	e.Err = err
	h.record(c, e)
	if err != nil {
		return err
	}
	if !created {
		return c.noContent()
	}
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.WriteHeader(http.StatusCreated)
	_, err = c.w.Write([]byte("Created"))
	return err
}

func signIn(c *call, tx *directory.Tx, s *state, verificationID string) error {
	if verificationID == "" {
		return errMissingVerification
	}
	record, ok := s.record(verificationID)
	if !ok {
		return errRecordNotFound
	}
	if record.Type != verification.TypePassword || !record.Verified {
		return errVerificationFailed
	}
	settings, err := tx.SignInExperience(c.ctx())
	if err != nil {
		return err
	}
	if !offersPassword(settings, record.Identifier.Type) {
		return errMethodNotEnabled
	}
	if s.UserID != "" && s.UserID != record.UserID {
		return errIdentityConflict
	}
	if _, err := activeUser(c, tx, record.UserID); err != nil {
		return err
	}
	s.UserID = record.UserID
	return nil
}

// activeUser reads a user who may sign in.
func activeUser(c *call, tx *directory.Tx, id string) (*directory.User, error) {
	user, err := tx.User(c.ctx(), id)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil, errUserNotExist
	case err != nil:
		return nil, err
	case user.IsSuspended:
		return nil, errSuspended
	}
	return user, nil
}

// register makes the account from a proof and the profile given so far.
func (h *Handler) register(c *call, tx *directory.Tx, i *oidc.Interaction, s *state, verificationID string) error {
	if s.UserID != "" {
		return errIdentityConflict
	}
	if verificationID != "" {
		record, ok := s.record(verificationID)
		if !ok {
			return errRecordNotFound
		}
		if record.Type != verification.TypeNewPasswordIdentity || !record.Verified {
			return errVerificationFailed
		}
		s.Profile.Username, s.Profile.Password = record.Identifier.Value, record.Password
	}
	settings, err := tx.SignInExperience(c.ctx())
	if err != nil {
		return err
	}
	if s.Profile.Username != "" && !slices.Contains(settings.SignUp.Identifiers, directory.IdentifierUsername) && len(settings.SignUp.Identifiers) > 0 {
		return errSignUpNotEnabled
	}
	if lacking := lackingProfile(settings, s.Profile.Username != "", s.Profile.Password != nil, false, false); len(lacking) > 0 {
		return missingProfile(lacking)
	}
	if s.Profile.Username == "" {
		// Settings that ask for nothing do not make accounts nobody could sign in to.
		return missingProfile([]string{directory.IdentifierUsername})
	}
	user, err := tx.CreateUser(c.ctx(), directory.NewUser{
		Username: s.Profile.Username, Password: s.Profile.Password, ApplicationID: i.ClientID,
	})
	if err != nil {
		return err
	}
	s.UserID, s.Profile = user.ID, profile{}
	s.forgetPasswords()
	return nil
}

// forgetPasswords takes password hashes out of the stored proofs once they have served.
func (s *state) forgetPasswords() {
	for i := range s.Records {
		s.Records[i].Password = nil
	}
}

// lackingProfile is what the sign-up settings ask for and an account does not have.
func lackingProfile(settings *directory.SignInExperience, username, password, email, phone bool) []string {
	var lacking []string
	has := map[string]bool{directory.IdentifierUsername: username, directory.IdentifierEmail: email, directory.IdentifierPhone: phone}
	if settings.SignUp.Password && !password {
		lacking = append(lacking, "password")
	}
	identifiers := settings.SignUp.Identifiers
	if len(identifiers) == 2 && slices.Contains(identifiers, directory.IdentifierEmail) && slices.Contains(identifiers, directory.IdentifierPhone) {
		if !email && !phone {
			lacking = append(lacking, "emailOrPhone")
		}
		return lacking
	}
	for _, identifier := range identifiers {
		if !has[identifier] {
			lacking = append(lacking, identifier)
		}
	}
	return lacking
}
