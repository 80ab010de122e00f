package session

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Settings are the operator's words on who may call the data API, as flags or the environment give them.
type Settings struct {
	// AdminSecrets are HASURA_GRAPHQL_ADMIN_SECRET and HASURA_GRAPHQL_ADMIN_SECRETS; none means open mode.
	AdminSecrets []AdminSecret
	// AuthHook is the hook's URL ("" for none), AuthHookMode "GET" (or "") or "POST".
	AuthHook, AuthHookMode string
	// AuthHookWithoutBody leaves the GraphQL request out of a POST hook's payload.
	AuthHookWithoutBody bool
	// AuthHookCache is how many of the hook's answers are remembered, each as long as its Cache-Control lets it; 0 none.
	AuthHookCache int
	// JWTSecrets are HASURA_GRAPHQL_JWT_SECRET and HASURA_GRAPHQL_JWT_SECRETS: each a JSON object or a list of them.
	JWTSecrets []string
	// UnauthorizedRole is the role of requests without any credential; "" refuses them.
	UnauthorizedRole string
	// DefaultRole is the role a token of built-in identity runs under when it holds several and names none; "" is "user".
	DefaultRole string
	// SeveralRoles lets a request act in several roles at once.
	SeveralRoles bool
	// AllowAdminRole lets a directory role named admin be Hasura's admin.
	AllowAdminRole bool
}

// Config is Settings, checked.
type Config struct {
	Settings
	jwts []*jwtSecret
}

// ParseConfig checks settings and their combination (Hasura: Server/Auth, setupAuthMode). Its errors are for the
// operator and end the start.
func ParseConfig(s Settings) (*Config, error) {
	if slices.ContainsFunc(s.AdminSecrets, func(one AdminSecret) bool { return one.Secret == "" }) {
		return nil, errors.New("Fatal Error: --admin-secret (HASURA_GRAPHQL_ADMIN_SECRET) is set to an empty text")
	}
	c := &Config{Settings: s}
	for _, setting := range s.JWTSecrets {
		secrets, err := parseJWTSecrets(setting)
		if err != nil {
			return nil, fmt.Errorf("Fatal Error: --jwt-secret (HASURA_GRAPHQL_JWT_SECRET): %w", err)
		}
		c.jwts = append(c.jwts, secrets...)
	}
	if c.DefaultRole == "" {
		c.DefaultRole = "user"
	}
	if err := c.checkCombination(); err != nil {
		return nil, err
	}
	if err := c.checkHook(); err != nil {
		return nil, err
	}
	return c, nil
}

const needsAdminSecret = " requires --admin-secret (HASURA_GRAPHQL_ADMIN_SECRET) or --access-key (HASURA_GRAPHQL_ACCESS_KEY) to be set"

func (c *Config) checkCombination() error {
	hasSecret, hasHook, hasJWT := len(c.AdminSecrets) > 0, c.AuthHook != "", len(c.jwts) > 0
	switch {
	case hasHook && hasJWT:
		return errors.New("Fatal Error: Both webhook and JWT mode cannot be enabled at the same time")
	case c.UnauthorizedRole != "" && (!hasSecret || hasHook):
		return errors.New("Fatal Error: --unauthorized-role (HASURA_GRAPHQL_UNAUTHORIZED_ROLE)" + needsAdminSecret +
			" and is not allowed when --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is set")
	case hasHook && !hasSecret:
		return errors.New("Fatal Error: --auth-hook (HASURA_GRAPHQL_AUTH_HOOK)" + needsAdminSecret)
	case hasJWT && !hasSecret:
		return errors.New("Fatal Error: --jwt-secret (HASURA_GRAPHQL_JWT_SECRET)" + needsAdminSecret)
	}
	return nil
}

func (c *Config) checkHook() error {
	if c.AuthHook == "" {
		return nil
	}
	u, err := url.Parse(c.AuthHook)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("Fatal Error: --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is not an http or https URL")
	}
	switch strings.ToUpper(c.AuthHookMode) {
	case "", "GET", "POST":
		return nil
	default:
		return fmt.Errorf("Fatal Error: --auth-hook-mode (HASURA_GRAPHQL_AUTH_HOOK_MODE): expected GET or POST, not %q", c.AuthHookMode)
	}
}

// IsOpen is Hasura's mode without an admin secret: everybody is an administrator.
func (c *Config) IsOpen() bool { return len(c.AdminSecrets) == 0 }

// Description is what GET /v1alpha1/config tells of the configuration.
type Description struct {
	IsAdminSecretSet, IsAuthHookSet, IsJWTSet bool
	JWT                                       []JWTDescription
}

// JWTDescription is where one JWT secret's claims are.
type JWTDescription struct {
	ClaimsNamespace string `json:"claims_namespace"`
	ClaimsFormat    string `json:"claims_format"`
	ClaimsMap       any    `json:"claims_map"`
}

// Describe tells which ways of authentication are configured, without their secrets.
func (c *Config) Describe() Description {
	d := Description{IsAdminSecretSet: !c.IsOpen(), IsAuthHookSet: c.AuthHook != "", IsJWTSet: len(c.jwts) > 0, JWT: []JWTDescription{}}
	for _, s := range c.jwts {
		j := JWTDescription{ClaimsNamespace: s.claims.namespace, ClaimsFormat: "json"}
		if s.claims.namespacePath != nil {
			j.ClaimsNamespace = s.claims.namespacePath.String()
		}
		if s.claims.isStringified {
			j.ClaimsFormat = "stringified_json"
		}
		if s.rawClaimsMap != nil {
			j.ClaimsMap = s.rawClaimsMap
		}
		d.JWT = append(d.JWT, j)
	}
	return d
}
