package experience

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/verification"
)

type eventBody struct {
	InteractionEvent string `json:"interactionEvent"`
}

var events = []string{eventSignIn, eventRegister, eventForgotPassword}

// begin starts the interaction anew: what an earlier attempt left is gone.
func (h *Handler) begin(c *call) error {
	// The cookie is looked at first, so that a page without a session is told that and nothing else.
	if _, err := h.Interactions.Find(c.ctx(), c.r); err != nil {
		return err
	}
	var in eventBody
	if err := c.body(&in); err != nil {
		return err
	}
	if err := oneOf(in.InteractionEvent, events, "interactionEvent"); err != nil {
		return err
	}
	err := h.Interactions.Update(c.ctx(), c.r, func(_ *directory.Tx, i *oidc.Interaction) error {
		i.Result = nil
		return encodeState(i, &state{
			Event: in.InteractionEvent, Context: signInContext{IP: httpd.ClientIP(c.ctx()), UserAgent: short(c.r.UserAgent())},
		})
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// short bounds a text a client chose, at a whole character.
func short(text string) string {
	const limit = 512
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// changeEvent turns signing in into signing up, or back, keeping the proofs.
func (h *Handler) changeEvent(c *call) error {
	var in eventBody
	if err := c.body(&in); err != nil {
		return err
	}
	if err := oneOf(in.InteractionEvent, events, "interactionEvent"); err != nil {
		return err
	}
	err := h.update(c, func(tx *directory.Tx, _ *oidc.Interaction, s *state) error {
		if (s.Event == eventForgotPassword) != (in.InteractionEvent == eventForgotPassword) {
			return errNoForgotPassword
		}
		if err := guardMode(c, tx, in.InteractionEvent); err != nil {
			return err
		}
		s.Event = in.InteractionEvent
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// guardMode refuses signing in or up where the settings do not offer it.
func guardMode(c *call, tx *directory.Tx, event string) error {
	settings, err := tx.SignInExperience(c.ctx())
	if err != nil {
		return err
	}
	switch event {
	case eventSignIn:
		if settings.SignInMode == "Register" {
			return errForbidden
		}
	case eventRegister:
		if settings.SignInMode == "SignIn" {
			return errForbidden
		}
	case eventForgotPassword:
		// No way to prove an email address or a phone number exists, so no password can be reset by its owner.
		return errForbidden
	}
	return nil
}

// shownRecord is a proof without its secrets.
type shownRecord struct {
	ID         string                  `json:"id"`
	Type       string                  `json:"type"`
	Identifier verification.Identifier `json:"identifier"`
	Verified   bool                    `json:"verified,omitempty"`
}

func shown(records []verification.Record) []shownRecord {
	out := []shownRecord{}
	for _, r := range records {
		s := shownRecord{ID: r.ID, Type: r.Type, Identifier: r.Identifier}
		s.Verified = r.Verified && r.Type == verification.TypePassword
		out = append(out, s)
	}
	return out
}

// summary is how a user signed in, for custom-claims scripts: their context.interaction.
func (s *state) summary() (json.RawMessage, error) {
	return json.Marshal(struct {
		InteractionEvent    string        `json:"interactionEvent"`
		UserID              string        `json:"userId"`
		VerificationRecords []shownRecord `json:"verificationRecords"`
		SignInContext       signInContext `json:"signInContext"`
	}{s.Event, s.UserID, shown(s.Records), s.Context})
}

// show is the interaction as the page may see it.
func (h *Handler) show(c *call) error {
	_, s, err := h.read(c)
	if err != nil {
		return err
	}
	var captcha struct {
		Verified bool `json:"verified"`
		Skipped  bool `json:"skipped"`
	}
	return c.json(http.StatusOK, struct {
		InteractionEvent    string        `json:"interactionEvent"`
		UserID              string        `json:"userId,omitempty"`
		Profile             profileView   `json:"profile"`
		VerificationRecords []shownRecord `json:"verificationRecords"`
		MFA                 struct{}      `json:"mfa"`
		SignInContext       signInContext `json:"signInContext"`
		Captcha             any           `json:"captcha"`
	}{InteractionEvent: s.Event, UserID: s.UserID, Profile: profileView{s.Profile.Username}, VerificationRecords: shown(s.Records), SignInContext: s.Context, Captcha: captcha})
}
