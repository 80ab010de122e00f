package oidc

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"gatehouse/httpd"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// discovery is the provider's description (OpenID Connect Discovery §3, RFC 8414), members in the recorded order. It
// names only what works; docs/compat/logto.md lists what Logto's has besides.
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	o := new(token.Object)
	o.Set("authorization_endpoint", p.issuerURL+"/auth")
	o.Set("claims_parameter_supported", false)
	o.Set("claims_supported", []string{
		"sub", "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at", "username", "created_at", "email", "email_verified", "phone_number",
		"phone_number_verified", "address", "custom_data", "identities", "sso_identities", "roles", "organizations",
		"organization_data", "organization_roles", "auth_time", "iss",
	})
	o.Set("code_challenge_methods_supported", []string{"S256"})
	o.Set("end_session_endpoint", p.issuerURL+"/session/end")
	o.Set("grant_types_supported", []string{"authorization_code", "refresh_token", "client_credentials"})
	o.Set("issuer", p.issuerURL)
	o.Set("jwks_uri", p.issuerURL+"/jwks")
	o.Set("authorization_response_iss_parameter_supported", true)
	o.Set("response_modes_supported", responseModes)
	o.Set("response_types_supported", []string{"code"})
	o.Set("scopes_supported", token.Scopes)
	o.Set("subject_types_supported", []string{"public"})
	o.Set("token_endpoint_auth_methods_supported", []string{"client_secret_basic", "client_secret_post", "none"})
	o.Set("token_endpoint", p.issuerURL+"/token")
	o.Set("id_token_signing_alg_values_supported", p.signingAlgorithms())
	o.Set("request_uri_parameter_supported", false)
	o.Set("userinfo_endpoint", p.issuerURL+"/me")
	o.Set("introspection_endpoint", p.issuerURL+"/token/introspection")
	o.Set("revocation_endpoint", p.issuerURL+"/token/revocation")
	o.Set("claim_types_supported", []string{"normal"})
	httpd.WriteJSON(w, http.StatusOK, o)
}

func (p *Provider) signingAlgorithms() []string {
	var out []string
	for _, key := range p.keys.Keys() {
		out = union(out, []string{key.Algorithm})
	}
	return out
}

// jwkMembers are the members of a public key, in the recorded order.
var jwkMembers = []string{"kty", "use", "kid", "alg", "crv", "x", "y", "n", "e"}

// jwks publishes the public keys.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	list := []*token.Object{}
	for _, key := range p.keys.Public().Keys {
		raw, err := key.MarshalJSON()
		if err != nil {
			p.fail(w, r, err)
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			p.fail(w, r, err)
			return
		}
		o := new(token.Object)
		for _, name := range jwkMembers {
			if value, ok := members[name]; ok {
				o.Set(name, value)
			}
		}
		list = append(list, o)
	}
	body := mustJSON(map[string]any{"keys": list})
	h := w.Header()
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(secret.Digest(string(body))[:18])+`"`)
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/jwk-set+json; charset=utf-8")
	_, _ = w.Write(body)
}
