package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// Script is a custom-claims script with its settings, as it is stored.
type Script struct {
	Script               string            `json:"script"`
	EnvironmentVariables map[string]string `json:"environmentVariables,omitempty"`
	TokenSample          json.RawMessage   `json:"tokenSample,omitempty"`
	ContextSample        json.RawMessage   `json:"contextSample,omitempty"`
	BlockIssuanceOnError *bool             `json:"blockIssuanceOnError,omitempty"`
}

// ScriptTest is one try of a script that is not stored.
type ScriptTest struct {
	TokenType            string            `json:"tokenType"` // access-token or client-credentials
	Script               string            `json:"script"`
	EnvironmentVariables map[string]string `json:"environmentVariables"`
	Token                json.RawMessage   `json:"token"`
	Context              json.RawMessage   `json:"context"`
}

// ScriptError is a script's failure, with the data its tester shows. TestScript returns one.
type ScriptError struct {
	Message string
	Denied  bool // api.denyAccess was called
	// Line and Column of the script, from 1; 0 where it is not known.
	Line, Column int
}

func (e *ScriptError) Error() string { return e.Message }

const maxScript = 256 << 10

var scriptFields = []field{
	{"script", text(maxLength(maxScript))},
	{"environmentVariables", optional(record(text()))},
	{"tokenSample", optional(jsonObject())},
	{"contextSample", optional(jsonObject())},
	{"blockIssuanceOnError", optional(boolean())},
}

// tokenTypes by their word in the path, with the key they are stored under.
var tokenTypes = map[string]string{
	"access-token":       directory.ConfigJWTAccessToken,
	"client-credentials": directory.ConfigJWTClientCredentials,
}

var tokenTypeSchema = enum("access-token", "client-credentials")

func (h *Handler) configRoutes() map[string]map[string]endpoint {
	routes := map[string]map[string]endpoint{
		"/api/configs/jwt-customizer": {http.MethodGet: listScripts},
		"/api/configs/jwt-customizer/{tokenTypePath}": {
			http.MethodGet: getScript, http.MethodPut: putScript, http.MethodPatch: patchScript, http.MethodDelete: deleteScript,
		},
		"/api/configs/id-token":     {http.MethodGet: getIDTokenConfig, http.MethodPut: putIDTokenConfig},
		"/api/configs/oidc/session": {http.MethodGet: getSessionConfig, http.MethodPatch: patchSessionConfig},
	}
	if h.TestScript != nil {
		routes["/api/configs/jwt-customizer/test"] = map[string]endpoint{http.MethodPost: testScript}
	}
	if h.ScriptContext != nil {
		routes["/api/configs/jwt-customizer/context"] = map[string]endpoint{http.MethodGet: scriptContext}
	}
	return routes
}

// scriptContext shows what a script would be given for a user or an application: a path of Gatehouse's own, for trying
// scripts against who is really there.
func scriptContext(c *call) error {
	var in struct{ UserID, ApplicationID string }
	if err := c.query(object(partial(field{"userId", text()}, field{"applicationId", text()})...), &in); err != nil {
		return err
	}
	if in.UserID != "" {
		if err := c.require(directory.ConsoleUsersRead); err != nil {
			return err
		}
	}
	context, err := c.h.ScriptContext(c.ctx(), in.UserID, in.ApplicationID)
	if err != nil {
		return err
	}
	return c.ok(context)
}

// scriptKey is the key of the script of the path, or Logto's 400.
func (c *call) scriptKey() (string, error) {
	var in struct{ TokenTypePath string }
	given := map[string]any{"tokenTypePath": c.path("tokenTypePath")}
	if err := decode("params", object(field{"tokenTypePath", tokenTypeSchema}), given, &in); err != nil {
		return "", err
	}
	return tokenTypes[in.TokenTypePath], nil
}

func listScripts(c *call) error {
	type view struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	views := []view{}
	for _, key := range []string{directory.ConfigJWTAccessToken, directory.ConfigJWTClientCredentials} {
		value, err := c.h.Directory.Config(c.ctx(), key)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if value, err = c.shownScript(value); err != nil {
			return err
		}
		views = append(views, view{key, value})
	}
	return c.ok(views)
}

func getScript(c *call) error {
	key, err := c.scriptKey()
	if err != nil {
		return err
	}
	value, err := c.h.Directory.Config(c.ctx(), key)
	if err != nil {
		return orNotExists(err, "logto_config", key)
	}
	if value, err = c.shownScript(value); err != nil {
		return err
	}
	return c.ok(value)
}

// shownScript is a stored script as the caller may see it: the values of its environment are secrets.
func (c *call) shownScript(value json.RawMessage) (json.RawMessage, error) {
	if c.may(directory.ConsoleSecrets) {
		return value, nil
	}
	var s Script
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	for name := range s.EnvironmentVariables {
		s.EnvironmentVariables[name] = event.Mask
	}
	return encode(s)
}

// mayChangeScript refuses who may not see secrets where a script has some: a script can tell what it is given. given is
// what is to be stored, nil for nothing.
func (c *call) mayChangeScript(r directory.Reader, key string, given json.RawMessage) error {
	if c.may(directory.ConsoleSecrets) {
		return nil
	}
	stored, err := r.Config(c.ctx(), key)
	if err != nil && !isNotFound(err) {
		return err
	}
	for _, value := range []json.RawMessage{stored, given} {
		var s Script
		if value != nil && json.Unmarshal(value, &s) != nil || len(s.EnvironmentVariables) > 0 {
			return &problem{
				status: http.StatusForbidden, code: "auth.forbidden",
				message: "Forbidden. A script with environment variables may be changed by those alone who may see their values.",
			}
		}
	}
	return nil
}

// putScript stores a script; PATCH is the same but for a script that must be there, and as strict (recording 09).
func putScript(c *call) error {
	key, err := c.scriptKey()
	if err != nil {
		return err
	}
	value, err := c.script()
	if err != nil {
		return err
	}
	isNew, err := c.storeConfig(key, value, func(tx *directory.Tx) error { return c.mayChangeScript(tx.Reader, key, value) })
	if err != nil {
		return err
	}
	if isNew {
		return c.answer(http.StatusCreated, value)
	}
	return c.ok(value)
}

func patchScript(c *call) error {
	key, err := c.scriptKey()
	if err != nil {
		return err
	}
	value, err := c.script()
	if err != nil {
		return err
	}
	_, err = c.storeConfig(key, value, func(tx *directory.Tx) error {
		if _, err := tx.Config(c.ctx(), key); err != nil {
			return orNotExists(err, "logto_config", key)
		}
		return c.mayChangeScript(tx.Reader, key, value)
	})
	if err != nil {
		return err
	}
	return c.ok(value)
}

func (c *call) script() (json.RawMessage, error) {
	var in Script
	if err := c.body(strictObject(scriptFields...), &in); err != nil {
		return nil, err
	}
	return encode(in)
}

// storeConfig stores a setting, after before (if any) agreed in the same transaction.
func (c *call) storeConfig(key string, value json.RawMessage, before func(*directory.Tx) error) (isNew bool, err error) {
	err = c.change("Config.Updated", directory.KindConfig, &key, func(tx *directory.Tx) (err error) {
		if before != nil {
			if err := before(tx); err != nil {
				return err
			}
		}
		isNew, err = tx.SetConfig(c.ctx(), key, value)
		return err
	})
	return isNew, err
}

func deleteScript(c *call) error {
	key, err := c.scriptKey()
	if err != nil {
		return err
	}
	err = c.change("Config.Deleted", directory.KindConfig, &key, func(tx *directory.Tx) error {
		if err := c.mayChangeScript(tx.Reader, key, nil); err != nil {
			return err
		}
		return tx.DeleteConfig(c.ctx(), key)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func testScript(c *call) error {
	var in ScriptTest
	err := c.body(object(
		field{"tokenType", tokenTypeSchema},
		field{"script", text(maxLength(maxScript))},
		field{"environmentVariables", optional(record(text()))},
		field{"token", jsonObject()},
		field{"context", optional(jsonObject())},
	), &in)
	if err != nil {
		return err
	}
	claims, err := c.h.TestScript(c.ctx(), in)
	var failed *ScriptError
	if errors.As(err, &failed) {
		if failed.Line > 0 { // Gatehouse's own, beside a body that is Logto's
			c.w.Header().Set("Gatehouse-Script-Position", fmt.Sprintf("%d:%d", failed.Line, failed.Column))
		}
		return scriptProblem(failed)
	}
	if err != nil {
		return err
	}
	return c.ok(claims)
}

func scriptProblem(e *ScriptError) *problem {
	p := unprocessable("jwt_customizer.general", "An error occurred while customizing the token claims. Please try again later.")
	data := map[string]any{"message": e.Message}
	if e.Denied {
		p.status = http.StatusForbidden
		data["error"] = map[string]string{"code": "AccessDenied", "message": e.Message}
	}
	p.data = data
	return p
}

func getIDTokenConfig(c *call) error {
	value, err := c.h.Directory.Config(c.ctx(), directory.ConfigIDToken)
	if err != nil {
		return orNotExists(err, "logto_config", directory.ConfigIDToken)
	}
	return c.ok(value)
}

var idTokenSchema = object(field{"enabledExtendedClaims", optional(list(enum("custom_data", "identities", "sso_identities",
	"roles", "organizations", "organization_data", "organization_roles")))})

func putIDTokenConfig(c *call) error {
	var value json.RawMessage
	if err := c.body(idTokenSchema, &value); err != nil {
		return err
	}
	if _, err := c.storeConfig(directory.ConfigIDToken, value, nil); err != nil {
		return err
	}
	return c.ok(value)
}

// The life of a browser session: 14 days unless set, a year at most.
const (
	defaultSessionTTL = 14 * 24 * 3600 // seconds
	maxSessionTTL     = 365 * 24 * 3600
)

type sessionConfig struct {
	TTL int `json:"ttl"` // seconds
}

func readSessionConfig(ctx context.Context, r directory.Reader) (sessionConfig, error) {
	config := sessionConfig{defaultSessionTTL}
	raw, err := r.Config(ctx, directory.ConfigSession)
	if isNotFound(err) {
		return config, nil
	}
	if err != nil {
		return config, err
	}
	return config, json.Unmarshal(raw, &config)
}

func getSessionConfig(c *call) error {
	config, err := readSessionConfig(c.ctx(), c.h.Directory.Reader)
	if err != nil {
		return err
	}
	return c.ok(config)
}

func patchSessionConfig(c *call) error {
	var in struct{ TTL *int }
	if err := c.body(object(field{"ttl", optional(integer(1, maxSessionTTL))}), &in); err != nil {
		return err
	}
	config, err := readSessionConfig(c.ctx(), c.h.Directory.Reader)
	if err != nil {
		return err
	}
	if in.TTL != nil {
		config.TTL = *in.TTL
		value, err := encode(config)
		if err != nil {
			return err
		}
		if _, err := c.storeConfig(directory.ConfigSession, value, nil); err != nil {
			return err
		}
	}
	return c.ok(config)
}
