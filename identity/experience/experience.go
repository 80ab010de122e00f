// Package experience is the sign-in API the sign-in pages talk to: it loads the interaction of the browser, collects
// proofs from identity/verification, decides who is signing in or up, and hands the outcome to the provider by
// Interactions.Finish alone. Paths, bodies and texts are Logto's Experience API. See DESIGN.md.
//
// All state is the interaction's row, so a page can go on with another process, or after a crash.
package experience

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/oidc"
	"gatehouse/identity/verification"
)

// Events of an interaction.
const (
	eventSignIn         = "SignIn"
	eventRegister       = "Register"
	eventForgotPassword = "ForgotPassword"
)

// Handler serves /api/experience and the public sign-in settings.
type Handler struct {
	Directory    *directory.Directory
	Interactions *oidc.Interactions
	Verifier     *verification.Verifier
	// Endpoint is our own origin; requests that change something from pages of another are refused.
	Endpoint string
	// Phrases are the texts of the sign-in pages by language tag; nil has none to give.
	Phrases func(ctx context.Context, language string) (json.RawMessage, error)
	// Record writes the audit log; nil records nothing.
	Record func(ctx context.Context, e oidc.Event)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Mount adds the API's routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	for pattern, fn := range map[string]func(*call) error{
		"PUT /api/experience":                                     h.begin,
		"PUT /api/experience/interaction-event":                   h.changeEvent,
		"GET /api/experience/interaction":                         h.show,
		"POST /api/experience/verification/password":              h.verifyPassword,
		"POST /api/experience/verification/new-password-identity": h.verifyNewPasswordIdentity,
		"POST /api/experience/identification":                     h.identify,
		"POST /api/experience/profile":                            h.addProfile,
		"POST /api/experience/submit":                             h.submit,
		"GET /api/experience/sso-connectors":                      h.ssoConnectors,
		"/api/experience/":                                        func(*call) error { return errNoRoute },
	} {
		mux.HandleFunc(pattern, h.handle(fn))
	}
	mux.HandleFunc("GET /api/.well-known/sign-in-exp", h.handle(h.settings))
	mux.HandleFunc("GET /api/.well-known/experience", h.handle(h.settings))
	mux.HandleFunc("GET /api/.well-known/phrases", h.handle(h.phrases))
}

// call is one request.
type call struct {
	w http.ResponseWriter
	r *http.Request
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (c *call) json(status int, v any) error {
	httpd.WriteJSON(c.w, status, v)
	return nil
}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Handler) handle(fn func(*call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !h.isOwnPage(r) {
			fail(w, r, errForbidden)
			return
		}
		err := fn(&call{w, r})
		if err == nil {
			return
		}
		var protocol *oidc.Error
		if errors.As(err, &protocol) {
			h.Interactions.Fail(w, r, protocol)
			return
		}
		fail(w, r, err)
	}
}

// isOwnPage is the defence against forged requests: cookies are SameSite=Lax already, and what a browser says about the
// page behind a request that changes something must be our own origin. Clients that are no browsers say nothing.
func (h *Handler) isOwnPage(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == h.Endpoint {
		return true
	}
	// The same process may serve its pages under another of its ports.
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

func (h *Handler) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// state is what an interaction knows so far, as it is stored.
type state struct {
	Event   string                `json:"event,omitempty"`
	UserID  string                `json:"userId,omitempty"`
	Records []verification.Record `json:"records,omitempty"`
	Profile profile               `json:"profile"`
	Context signInContext         `json:"context"`
}

type signInContext struct {
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
}

// record finds a verification record.
func (s *state) record(id string) (*verification.Record, bool) {
	for i := range s.Records {
		if s.Records[i].ID == id {
			return &s.Records[i], true
		}
	}
	return nil, false
}

// put keeps a record in place of an earlier one of its type.
func (s *state) put(r verification.Record) {
	for i := range s.Records {
		if s.Records[i].Type == r.Type {
			s.Records[i] = r
			return
		}
	}
	s.Records = append(s.Records, r)
}

// read loads the state of the browser's interaction, which must have begun.
func (h *Handler) read(c *call) (*oidc.Interaction, *state, error) {
	i, err := h.Interactions.Find(c.ctx(), c.r)
	if err != nil {
		return nil, nil, err
	}
	s, err := decodeState(i)
	return i, s, err
}

func decodeState(i *oidc.Interaction) (*state, error) {
	s := new(state)
	if err := json.Unmarshal(i.State, s); err != nil {
		return nil, fmt.Errorf("read state of interaction: %w", err)
	}
	if s.Event == "" {
		return nil, errNotBegun
	}
	return s, nil
}

// update changes the state of the browser's interaction in one transaction.
func (h *Handler) update(c *call, fn func(tx *directory.Tx, i *oidc.Interaction, s *state) error) error {
	return h.Interactions.Update(c.ctx(), c.r, func(tx *directory.Tx, i *oidc.Interaction) error {
		s, err := decodeState(i)
		if err != nil {
			return err
		}
		if err := fn(tx, i, s); err != nil {
			return err
		}
		return encodeState(i, s)
	})
}

func encodeState(i *oidc.Interaction, s *state) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode state of interaction: %w", err)
	}
	i.State = raw
	return nil
}
