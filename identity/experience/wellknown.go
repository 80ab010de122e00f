package experience

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"gatehouse/identity/directory"
)

// settings are the sign-in settings in public.
func (h *Handler) settings(c *call) error {
	raw, err := h.Settings(c.ctx())
	if err != nil {
		return err
	}
	writeRaw(c.w, raw)
	return nil
}

// publicSettings is what is configured, and what it amounts to for a page. What concerns no page is left out.
type publicSettings struct {
	directory.SignInExperience
	EmailBlocklistPolicy  json.RawMessage `json:"emailBlocklistPolicy,omitempty"`
	ForgotPasswordMethods []string        `json:"forgotPasswordMethods,omitempty"`

	SocialConnectors          []struct{}     `json:"socialConnectors"`
	SSOConnectors             []struct{}     `json:"ssoConnectors"`
	ForgotPassword            forgotPassword `json:"forgotPassword"`
	IsDevelopmentTenant       bool           `json:"isDevelopmentTenant"`
	CustomProfileFields       []struct{}     `json:"customProfileFields"`
	CustomProfileFieldCatalog []struct{}     `json:"customProfileFieldCatalog"`
}

// forgotPassword tells how a password can be reset by its owner.
type forgotPassword struct {
	Phone bool `json:"phone"`
	Email bool `json:"email"`
}

// Settings are the public sign-in settings as JSON.
func (h *Handler) Settings(ctx context.Context) (json.RawMessage, error) {
	settings, err := h.Directory.SignInExperience(ctx)
	if err != nil {
		return nil, err
	}
	none := []struct{}{}
	raw, err := json.Marshal(publicSettings{
		SignInExperience: *settings, SocialConnectors: none, SSOConnectors: none, CustomProfileFields: none, CustomProfileFieldCatalog: none,
	})
	if err != nil {
		return nil, fmt.Errorf("encode sign-in settings: %w", err)
	}
	return raw, nil
}

func writeRaw(w http.ResponseWriter, raw []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(bytes.TrimSpace(raw))
}

// phrases are the texts of the pages in a language, {} when there are none of our own: the pages bring English.
func (h *Handler) phrases(c *call) error {
	if h.Phrases == nil {
		return c.json(http.StatusOK, struct{}{})
	}
	language := c.r.URL.Query().Get("lng")
	if language == "" {
		settings, err := h.Directory.SignInExperience(c.ctx())
		if err != nil {
			return err
		}
		language = settings.LanguageInfo.FallbackLanguage
	}
	raw, err := h.Phrases(c.ctx(), language)
	if err != nil {
		return err
	}
	writeRaw(c.w, raw)
	return nil
}

// ssoConnectors are those for an email's domain: there are none.
func (h *Handler) ssoConnectors(c *call) error {
	return c.json(http.StatusOK, struct {
		ConnectorIDs []string `json:"connectorIds"`
	}{[]string{}})
}
