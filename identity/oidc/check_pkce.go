package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// checkPKCE requires a challenge of every client but the traditional one, which proves itself by its secret, and allows
// S256 only: "plain" would show the verifier to whoever sees the request.
func checkPKCE(_ context.Context, a *authorization) error {
	challenge, method := a.params.Get("code_challenge"), a.params.Get("code_challenge_method")
	switch {
	case method != "" && method != "S256":
		return invalidRequest("not supported value of code_challenge_method")
	case method != "" && challenge == "":
		return invalidRequest("code_challenge must be provided with code_challenge_method")
	case challenge != "" && method == "":
		return invalidRequest("plain code_challenge_method fallback disabled, code_challenge_method must be provided")
	case challenge == "" && a.client.Type != directory.AppTraditional:
		return invalidRequest("Authorization Server policy requires PKCE to be used for this request")
	case challenge != "":
		return checkPKCEFormat("code_challenge", challenge)
	}
	return nil
}

// checkPKCEFormat checks the length and alphabet of a challenge or verifier (RFC 7636 §4.1, §4.2).
func checkPKCEFormat(name, value string) error {
	switch {
	case len(value) < 43:
		return invalidRequest("%s must be a string with a minimum length of 43 characters", name)
	case len(value) > 128:
		return invalidRequest("%s must be a string with a maximum length of 128 characters", name)
	}
	for _, c := range []byte(value) {
		unreserved := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
		if !unreserved {
			return invalidRequest("%s contains invalid characters", name)
		}
	}
	return nil
}

// verifiesChallenge compares a verifier with the S256 challenge (RFC 7636 §4.6).
func verifiesChallenge(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return secret.Equal(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}
