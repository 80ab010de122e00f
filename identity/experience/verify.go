package experience

import (
	"net/http"
	"slices"

	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/verification"
)

type credentials struct {
	Identifier verification.Identifier `json:"identifier"`
	Password   string                  `json:"password"`
}

func (c *call) credentials(kinds ...string) (*credentials, error) {
	in := new(credentials)
	if err := c.body(in); err != nil {
		return nil, err
	}
	for _, err := range []error{
		oneOf(in.Identifier.Type, kinds, "identifier", "type"), require(in.Identifier.Value, "identifier", "value"), require(in.Password, "password"),
	} {
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

// verifyPassword proves a password. The proof is stored only afterwards, so hashing holds no row and no connection.
func (h *Handler) verifyPassword(c *call) error {
	if _, _, err := h.read(c); err != nil {
		return err
	}
	in, err := c.credentials(directory.IdentifierUsername, directory.IdentifierEmail, directory.IdentifierPhone)
	if err != nil {
		return err
	}
	record, err := h.Verifier.Password(c.ctx(), in.Identifier, in.Password)
	if err != nil {
		h.record(c, "Interaction.SignIn.Verification.Password.Submit", "", err)
		return err
	}
	h.record(c, "Interaction.SignIn.Verification.Password.Submit", record.UserID, nil)
	return h.keep(c, record)
}

// verifyNewPasswordIdentity proves that a username and password can make an account.
func (h *Handler) verifyNewPasswordIdentity(c *call) error {
	_, s, err := h.read(c)
	if err != nil {
		return err
	}
	if s.Event == eventForgotPassword {
		return errNoForgotPassword
	}
	in, err := c.credentials(directory.IdentifierUsername)
	if err != nil {
		return err
	}
	record, err := h.Verifier.NewPasswordIdentity(c.ctx(), in.Identifier, in.Password)
	if err != nil {
		return err
	}
	return h.keep(c, record)
}

func (h *Handler) keep(c *call, record *verification.Record) error {
	err := h.update(c, func(_ *directory.Tx, _ *oidc.Interaction, s *state) error {
		s.put(*record)
		return nil
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		VerificationID string `json:"verificationId"`
	}{record.ID})
}

func (h *Handler) record(c *call, key, userID string, err error) {
	if h.Record != nil {
		h.Record(c.ctx(), oidc.Event{Key: key, UserID: userID, Err: err})
	}
}

// offersPassword tells whether the settings let people sign in with this kind of identifier and a password.
func offersPassword(settings *directory.SignInExperience, kind string) bool {
	return slices.ContainsFunc(settings.SignIn.Methods, func(m directory.SignInMethod) bool { return m.Identifier == kind && m.Password })
}
