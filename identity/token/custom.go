package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gatehouse/identity/directory"
)

// Script is a custom-claims script as configured.
type Script struct {
	Script      string          `json:"script"`
	Environment json.RawMessage `json:"environmentVariables,omitempty"`
	// BlockIssuanceOnError refuses the token when the script fails, instead of issuing it without custom claims.
	BlockIssuanceOnError bool `json:"blockIssuanceOnError,omitempty"`
}

// ErrScriptBlocks is returned when a script failed and is configured to block issuance then.
var ErrScriptBlocks = errors.New("custom_claims_script_error")

// Denied is returned when a script called api.denyAccess.
type Denied struct{ Message string }

func (d *Denied) Error() string { return d.Message }

// UserToken is an access token of a user, with what a script learns about it.
type UserToken struct {
	JTI         string
	User        *directory.User
	Application *directory.Application
	GrantID     string
	// GrantTypes are the grant types that led here, space-separated, as "authorization_code refresh_token".
	GrantTypes string
	SessionID  string
	// ExpiresWithSession is true for tokens of a grant without offline access.
	ExpiresWithSession bool
	// Audience is empty for opaque tokens.
	Audience, Scope string
	// Interaction reads how the user signed in; nil when that is no longer known. It is called only for a script.
	Interaction func() ([]byte, error)
}

// ForUser runs the access-token script. Nil claims without an error mean that there is no script, or that it failed and
// need not block; a *Denied or ErrScriptBlocks refuses the token.
func (i *Issuer) ForUser(ctx context.Context, t UserToken) (*Object, error) {
	script, in, err := i.userScript(ctx, t)
	if err != nil || script == nil {
		return nil, err
	}
	return i.run(ctx, script, in, ScriptFailure{TokenType: "AccessToken", ApplicationID: t.Application.ID, UserID: t.User.ID})
}

// userScript is the access-token script, nil for none, and what it is given for a token.
func (i *Issuer) userScript(ctx context.Context, t UserToken) (script *Script, in Input, err error) {
	if script, err = i.script(ctx, directory.ConfigJWTAccessToken); err != nil || script == nil {
		return nil, in, err
	}
	user, err := i.scriptUser(ctx, t.User)
	if err != nil {
		return nil, in, err
	}
	token := new(Object)
	token.Set("jti", t.JTI)
	token.Set("kind", "AccessToken")
	token.Set("clientId", t.Application.ID)
	token.Set("gty", t.GrantTypes)
	token.Set("grantId", t.GrantID)
	if t.SessionID != "" {
		token.Set("sessionUid", t.SessionID)
	}
	token.Set("accountId", t.User.ID)
	if t.ExpiresWithSession {
		token.Set("expiresWithSession", true)
	}
	setAudience(token, t.Audience, t.Scope)
	scriptContext := new(Object)
	scriptContext.Set("user", user)
	interaction, err := t.Interaction()
	if err != nil {
		return nil, in, err
	}
	if interaction != nil {
		scriptContext.Set("interaction", json.RawMessage(interaction))
	}
	scriptContext.Set("application", t.Application)
	return script, Input{Token: token, Context: scriptContext, Environment: script.Environment}, nil
}

// Foretold is what an access token would say if it was issued now.
type Foretold struct {
	// Payload are the token's claims.
	Payload []byte
	// Failure is what a script failed of, so that its claims are not among them; nil otherwise.
	Failure *ScriptError
}

// Foretell says what SignAccess would sign for a user with the claims of ForUser. No token is made, so that a script that
// fails is told to the caller alone; an error as of ForUser where the token would be refused.
func (i *Issuer) Foretell(ctx context.Context, a Access, t UserToken) (f Foretold, err error) {
	script, in, err := i.userScript(ctx, t)
	if err != nil {
		return f, err
	}
	if script != nil {
		a.Custom, err = i.Sandbox.Run(ctx, script.Script, in)
		if err != nil && !errors.As(err, &f.Failure) {
			return f, err
		}
		if err := refusal(script, err); err != nil {
			return f, err
		}
	}
	f.Payload, err = encode(i.claims(a))
	return f, err
}

// ScriptContext is what a script would be given as its context for a user, or an application, as they are now and without
// a sign-in. Either may be nil.
func (i *Issuer) ScriptContext(ctx context.Context, user *directory.User, app *directory.Application) (*Object, error) {
	o := new(Object)
	if user != nil {
		shown, err := i.scriptUser(ctx, user)
		if err != nil {
			return nil, err
		}
		o.Set("user", shown)
	}
	if app != nil {
		o.Set("application", app)
	}
	return o, nil
}

// ForApplication runs the client-credentials script, in the manner of ForUser.
func (i *Issuer) ForApplication(ctx context.Context, jti string, app *directory.Application, audience, scope string) (*Object, error) {
	script, err := i.script(ctx, directory.ConfigJWTClientCredentials)
	if err != nil || script == nil {
		return nil, err
	}
	token := new(Object)
	token.Set("jti", jti)
	token.Set("kind", "ClientCredentials")
	token.Set("clientId", app.ID)
	setAudience(token, audience, scope)
	scriptContext := new(Object)
	scriptContext.Set("application", app)
	return i.run(ctx, script, Input{Token: token, Context: scriptContext, Environment: script.Environment},
		ScriptFailure{TokenType: "ClientCredentials", ApplicationID: app.ID})
}

func setAudience(token *Object, audience, scope string) {
	if audience != "" {
		token.Set("aud", audience)
	}
	if scope != "" {
		token.Set("scope", scope)
	}
}

func (i *Issuer) run(ctx context.Context, script *Script, in Input, f ScriptFailure) (*Object, error) {
	claims, err := i.Sandbox.Run(ctx, script.Script, in)
	if err == nil {
		return claims, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f.Err = err
	if i.ScriptFailed != nil {
		i.ScriptFailed(ctx, f)
	}
	return nil, refusal(script, err)
}

// refusal is what the failure of a script does to its token: an error refuses it.
func refusal(script *Script, err error) error {
	var failure *ScriptError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure) && failure.Kind == ScriptDenied:
		return &Denied{failure.Message}
	case script.BlockIssuanceOnError:
		return ErrScriptBlocks
	}
	return nil
}

func (i *Issuer) script(ctx context.Context, key string) (*Script, error) {
	raw, err := i.Directory.Config(ctx, key)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	script := new(Script)
	if err := json.Unmarshal(raw, script); err != nil {
		return nil, fmt.Errorf("read setting %s: %w", key, err)
	}
	return script, nil
}

type scriptResource struct {
	TenantID       string `json:"tenantId"`
	ID             string `json:"id"`
	Name           string `json:"name"`
	Indicator      string `json:"indicator"`
	IsDefault      bool   `json:"isDefault"`
	AccessTokenTTL int    `json:"accessTokenTtl"`
}

type scriptScope struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description *string        `json:"description"`
	ResourceID  string         `json:"resourceId"`
	Resource    scriptResource `json:"resource"`
}

type scriptRole struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Scopes      []scriptScope `json:"scopes"`
}

type scriptUser struct {
	directory.UserJSON
	SSOIdentities          []any        `json:"ssoIdentities"`
	MFAVerificationFactors []any        `json:"mfaVerificationFactors"`
	Roles                  []scriptRole `json:"roles"`
	Organizations          []any        `json:"organizations"`
	OrganizationRoles      []any        `json:"organizationRoles"`
}

// scriptUser is context.user: the user with roles, their scopes and the resources these belong to.
func (i *Issuer) scriptUser(ctx context.Context, user *directory.User) (*scriptUser, error) {
	out := &scriptUser{
		UserJSON: user.JSON(), SSOIdentities: []any{}, MFAVerificationFactors: []any{}, Roles: []scriptRole{},
		Organizations: []any{}, OrganizationRoles: []any{},
	}
	roles, err := i.Directory.UserRoles(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(roles))
	for n, role := range roles {
		ids[n] = role.ID
	}
	scopes, err := i.Directory.ScopesOfRoles(ctx, ids)
	if err != nil {
		return nil, err
	}
	list, err := i.Directory.Resources(ctx, directory.Page{})
	if err != nil {
		return nil, err
	}
	resources := map[string]scriptResource{}
	for _, r := range list {
		resources[r.ID] = scriptResource{directory.Tenant, r.ID, r.Name, r.Indicator, r.IsDefault, r.AccessTokenTTL}
	}
	for _, role := range roles {
		held := scriptRole{ID: role.ID, Name: role.Name, Description: role.Description, Scopes: []scriptScope{}}
		for _, s := range scopes[role.ID] {
			held.Scopes = append(held.Scopes, scriptScope{s.ID, s.Name, s.Description, s.ResourceID, resources[s.ResourceID]})
		}
		out.Roles = append(out.Roles, held)
	}
	return out, nil
}
