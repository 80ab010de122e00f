package session

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// jwtSecret is one configured JWT secret, checked.
type jwtSecret struct {
	// exactly one of key and jwkURL is set
	key      *jose.JSONWebKey
	jwkURL   string
	claims   claimsRule
	audience []string // nil: not checked
	issuer   string   // "": not checked
	skew     time.Duration
	location tokenLocation
	// rawClaimsMap is claims_map as written, for /v1alpha1/config.
	rawClaimsMap json.RawMessage
}

// tokenLocation is where requests carry the token. It is comparable.
type tokenLocation struct {
	kind string // "Authorization", "Cookie" or "CustomHeader"
	name string // the cookie's name, or the header's in canonical form
}

// parseJWTSecrets reads one setting: a secret, or a list of them.
func parseJWTSecrets(setting string) ([]*jwtSecret, error) {
	data := []byte(strings.TrimSpace(setting))
	var parts []json.RawMessage
	if len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, &parts); err != nil {
			return nil, fmt.Errorf("not valid JSON: %w", err)
		}
	} else {
		parts = []json.RawMessage{data}
	}
	secrets := make([]*jwtSecret, 0, len(parts))
	for _, part := range parts {
		s, err := parseJWTSecret(part)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, s)
	}
	return secrets, nil
}

// parseJWTSecret reads one secret's JSON (Hasura: Server/Auth/JWT, the same keys). A key it does not know is refused:
// a misspelt `audience` would otherwise accept everybody's tokens.
func parseJWTSecret(data []byte) (*jwtSecret, error) {
	var c struct {
		Type                *string         `json:"type"`
		Key                 *string         `json:"key"`
		JWKURL              *string         `json:"jwk_url"`
		ClaimsNamespace     *string         `json:"claims_namespace"`
		ClaimsNamespacePath *string         `json:"claims_namespace_path"`
		ClaimsFormat        *string         `json:"claims_format"`
		ClaimsMap           json.RawMessage `json:"claims_map"`
		Audience            json.RawMessage `json:"audience"`
		Issuer              *string         `json:"issuer"`
		AllowedSkew         *float64        `json:"allowed_skew"`
		Header              json.RawMessage `json:"header"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return nil, fmt.Errorf("not a valid JWT secret: %w", err)
	}
	if dec.More() {
		return nil, errors.New("not a valid JWT secret: more than one JSON value")
	}
	s := &jwtSecret{location: tokenLocation{kind: authorization}}
	var err error
	switch {
	case c.Key == nil && c.JWKURL == nil:
		return nil, errors.New("key and jwk_url both cannot be empty")
	case c.Key != nil && c.JWKURL != nil:
		return nil, errors.New("key, jwk_url both cannot be present")
	case c.Key != nil && c.Type == nil:
		return nil, errors.New(`key "type" not found`)
	case c.Key != nil:
		s.key, err = parseKey(*c.Type, *c.Key)
	default:
		s.jwkURL, err = parseJWKURL(*c.JWKURL)
	}
	if err != nil {
		return nil, err
	}
	if s.claims, err = parseClaimsRule(c.ClaimsNamespace, c.ClaimsNamespacePath, c.ClaimsFormat, c.ClaimsMap); err != nil {
		return nil, err
	}
	if s.claims.byClaim != nil {
		s.rawClaimsMap = c.ClaimsMap
	}
	if s.audience, err = parseAudience(c.Audience); err != nil {
		return nil, err
	}
	if c.Issuer != nil {
		s.issuer = *c.Issuer
	}
	if c.AllowedSkew != nil {
		if *c.AllowedSkew < 0 {
			return nil, errors.New("allowed_skew cannot be negative")
		}
		s.skew = time.Duration(*c.AllowedSkew * float64(time.Second))
	}
	if !isNull(c.Header) {
		s.location, err = parseLocation(c.Header)
	}
	return s, err
}

func isNull(data json.RawMessage) bool { return len(data) == 0 || string(data) == "null" }

func parseJWKURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("jwk_url %q is not an http or https URL", text)
	}
	return text, nil
}

func parseAudience(data json.RawMessage) ([]string, error) {
	if isNull(data) {
		return nil, nil
	}
	var one string
	if json.Unmarshal(data, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return nil, errors.New("audience must be a string or a list of strings")
	}
	if len(many) == 0 {
		return nil, errors.New("audience is an empty list: no token could match it")
	}
	return many, nil
}

func parseLocation(data json.RawMessage) (tokenLocation, error) {
	var h struct{ Type, Name string }
	if err := json.Unmarshal(data, &h); err != nil {
		return tokenLocation{}, fmt.Errorf("header: %w", err)
	}
	switch h.Type {
	case authorization:
		return tokenLocation{kind: authorization}, nil
	case "Cookie":
		if h.Name == "" {
			return tokenLocation{}, errors.New(`header: type "Cookie" needs a name`)
		}
		return tokenLocation{kind: h.Type, name: h.Name}, nil
	case "CustomHeader":
		if h.Name == "" {
			return tokenLocation{}, errors.New(`header: type "CustomHeader" needs a name`)
		}
		return tokenLocation{kind: h.Type, name: textproto.CanonicalMIMEHeaderKey(h.Name)}, nil
	default:
		return tokenLocation{}, errors.New("header: 'type' is required and should be 'Authorization', 'Cookie' or 'CustomHeader'")
	}
}

// tokens are the tokens a request carries at a place, as they stand there: an Authorization value still with its scheme.
func (l tokenLocation) tokens(h http.Header) []string {
	switch l.kind {
	case authorization:
		return h.Values(authorization)
	case "Cookie":
		var found []string
		for _, c := range (&http.Request{Header: h}).CookiesNamed(l.name) {
			found = append(found, c.Value)
		}
		return found
	default:
		return h.Values(l.name)
	}
}

func parseClaimsRule(namespace, path, format *string, byClaim json.RawMessage) (claimsRule, error) {
	rule := claimsRule{namespace: defaultNamespace}
	switch {
	case namespace != nil && path != nil:
		return rule, errors.New("claims_namespace and claims_namespace_path both cannot be set")
	case namespace != nil:
		rule.namespace = *namespace
	case path != nil:
		p, err := parseJSONPath(*path)
		if err != nil {
			return rule, fmt.Errorf("invalid JSON path claims_namespace_path error: %w", err)
		}
		rule.namespacePath = append(jsonPath{}, p...) // "$" is an empty path, which must not be nil
	}
	if format != nil {
		switch *format {
		case "json":
		case "stringified_json":
			rule.isStringified = true
		default:
			return rule, fmt.Errorf(`claims_format %q should be "json" or "stringified_json"`, *format)
		}
	}
	if !isNull(byClaim) {
		m, err := parseClaimsMap(byClaim)
		if err != nil {
			return rule, fmt.Errorf("claims_map: %w", err)
		}
		rule.byClaim = m
	}
	return rule, nil
}

func parseClaimsMap(data json.RawMessage) (*claimsMap, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	m := &claimsMap{others: make(map[string]claimSource[string])}
	var hasAllowed, hasDefault bool
	for name, value := range raw {
		var err error
		switch lower := strings.ToLower(name); {
		case lower == allowedRoles:
			hasAllowed = true
			m.allowed, err = parseClaimSource[[]string](value)
		case lower == defaultRole:
			hasDefault = true
			m.def, err = parseClaimSource[string](value)
		case isVariable(name):
			m.others[lower], err = parseClaimSource[string](value)
		default:
			err = errors.New("only x-hasura-* claims can be mapped")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case !hasAllowed:
		return nil, errors.New(allowedRoles + " is expected but not found")
	case !hasDefault:
		return nil, errors.New(defaultRole + " is expected but not found")
	}
	return m, nil
}

func parseClaimSource[T any](data json.RawMessage) (claimSource[T], error) {
	var s claimSource[T]
	if data[0] != '{' {
		return s, json.Unmarshal(data, &s.literal)
	}
	var c struct {
		Path    *string `json:"path"`
		Default *T      `json:"default"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return s, err
	}
	if c.Path == nil {
		return s, errors.New(`key "path" not found`)
	}
	p, err := parseJSONPath(*c.Path)
	if err != nil {
		return s, err
	}
	s.path, s.def = append(jsonPath{}, p...), c.Default
	return s, nil
}

// parseKey makes the verification key of a secret given as type and key.
func parseKey(typ, raw string) (*jose.JSONWebKey, error) {
	var key any
	var err error
	switch typ {
	case "HS256", "HS384", "HS512":
		key, err = hmacKey(typ, raw)
	case "RS256", "RS384", "RS512":
		key, err = publicKey[*rsa.PublicKey](raw, "an RSA")
	case "ES256", "ES384", "ES512":
		key, err = publicKey[*ecdsa.PublicKey](raw, "an EC")
	case "Ed25519":
		key, err = publicKey[ed25519.PublicKey](raw, "an Ed25519")
	default:
		err = fmt.Errorf("Key type: %s is not supported", typ)
	}
	if err != nil {
		return nil, fmt.Errorf("Invalid JWK: %w", err)
	}
	return &jose.JSONWebKey{Key: key}, nil
}

// hmacKey refuses keys shorter than the hash (RFC 7518 §3.2).
func hmacKey(typ, raw string) ([]byte, error) {
	size := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[typ]
	if len(raw) < size {
		return nil, fmt.Errorf("Key size too small; should be at least %d characters", size)
	}
	return []byte(raw), nil
}

// publicKey reads a PEM public key or certificate.
func publicKey[K any](raw, kind string) (any, error) {
	block, _ := pem.Decode([]byte(strings.TrimSpace(raw)))
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		err = fmt.Errorf("a PEM block %q is neither a public key nor a certificate", block.Type)
	}
	if err != nil {
		return nil, err
	}
	if _, ok := key.(K); !ok {
		return nil, fmt.Errorf("the key is not %s public key", kind)
	}
	return key, nil
}
