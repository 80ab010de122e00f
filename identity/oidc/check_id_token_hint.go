package oidc

import (
	"context"
	"encoding/json"

	jose "github.com/go-jose/go-jose/v4"

	"gatehouse/jwt"
)

// algorithms are those our own tokens are signed with; RS256 for key sets that were made with RSA keys.
var algorithms = []jose.SignatureAlgorithm{jose.ES384, jose.ES256, jose.RS256}

// checkIDTokenHint reads whom the client believes to be signed in.
func checkIDTokenHint(_ context.Context, a *authorization) error {
	if !a.params.Has("id_token_hint") {
		return nil
	}
	claims, err := a.provider.readIDTokenHint(a.params.Get("id_token_hint"))
	if err != nil {
		return err
	}
	if claims.Audience != a.client.ID {
		return invalidRequest("could not validate id_token_hint")
	}
	a.hintedSub = claims.Subject
	return nil
}

type hintClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
}

// readIDTokenHint accepts ID tokens of ours, expired ones too (OpenID Connect RP-Initiated Logout §2).
func (p *Provider) readIDTokenHint(text string) (*hintClaims, error) {
	t, err := jwt.Verify(text, p.keys.Public().Keys, algorithms)
	if err != nil || t.Type == accessTokenType {
		return nil, invalidRequest("could not validate id_token_hint")
	}
	claims := new(hintClaims)
	if err := json.Unmarshal(t.Payload, claims); err != nil || claims.Issuer != p.issuerURL {
		return nil, invalidRequest("could not validate id_token_hint")
	}
	return claims, nil
}
