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
	i, s, err := h.read(c)
	if err != nil {
		return err
	}
	in, err := c.credentials(directory.IdentifierUsername, directory.IdentifierEmail, directory.IdentifierPhone)
	if err != nil {
		return err
	}
	record, err := h.Verifier.Password(c.ctx(), in.Identifier, in.Password)
	e := oidc.Event{Key: "Interaction." + s.Event + ".Verification.Password.Submit", ApplicationID: i.ClientID, Err: err}
	if err != nil {
		h.record(c, e)
		return err
	}
	e.UserID = record.UserID
	h.record(c, e)
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

// record writes the audit log; an error is named by its code.
func (h *Handler) record(c *call, e oidc.Event) {
	if h.Record == nil {
		return
	}
	if p, known := asProblem(e.Err); known {
		e.Err = &oidc.Error{Code: p.code, Description: p.message}
	}
	h.Record(c.ctx(), e)
}

// offersPassword tells whether the settings let people sign in with this kind of identifier and a password.
func offersPassword(settings *directory.SignInExperience, kind string) bool {
	return slices.ContainsFunc(settings.SignIn.Methods, func(m directory.SignInMethod) bool { return m.Identifier == kind && m.Password })
}
