package experience

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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

// hidden are settings that concern no page.
var hidden = []string{"emailBlocklistPolicy", "forgotPasswordMethods"}

// Settings are the public sign-in settings as JSON: what is configured, and what it amounts to for a page.
func (h *Handler) Settings(ctx context.Context) (json.RawMessage, error) {
	settings, err := h.Directory.SignInExperience(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("encode sign-in settings: %w", err)
	}
	return publicSettings(raw)
}

func publicSettings(raw json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("read sign-in settings: %w", err)
	}
	for _, name := range hidden {
		delete(members, name)
	}
	for name, value := range map[string]string{ //nolint:gosec // settings about passwords, none of them
		"socialConnectors": `[]`, "ssoConnectors": `[]`, "forgotPassword": `{"phone":false,"email":false}`,
		"isDevelopmentTenant": `false`, "customProfileFields": `[]`, "customProfileFieldCatalog": `[]`,
	} {
		members[name] = json.RawMessage(value)
	}
	return json.Marshal(members)
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
