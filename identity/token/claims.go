package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gatehouse/identity/directory"
)

// OIDC scopes, in the order discovery lists them.
var Scopes = []string{
	"openid", "offline_access", "profile", "email", "phone", "address", "custom_data", "identities", "roles",
	"urn:logto:scope:organizations", "urn:logto:scope:organization_roles",
}

// IsOIDCScope tells whether a scope belongs to the provider itself, not to an API resource.
func IsOIDCScope(scope string) bool { return slices.Contains(Scopes, scope) }

// Use is where claims are going.
type Use int

// Userinfo shows every claim of the granted scopes; an ID token shows the extended ones only when the setting idToken
// enables them.
const (
	Userinfo Use = iota
	IDToken
)

// extended are the claims an ID token carries only when enabled.
var extended = []string{
	"custom_data", "identities", "sso_identities", "roles", "organizations", "organization_data", "organization_roles",
}

// profileClaims are the claims of scope profile, in order, with the key of the user's profile they come from. Those
// without a key come from the user itself.
var profileClaims = []struct{ claim, key string }{
	{"name", ""},
	{"family_name", "familyName"},
	{"given_name", "givenName"},
	{"middle_name", "middleName"},
	{"nickname", "nickname"},
	{"preferred_username", "preferredUsername"},
	{"profile", "profile"},
	{"picture", ""},
	{"website", "website"},
	{"gender", "gender"},
	{"birthdate", "birthdate"},
	{"zoneinfo", "zoneinfo"},
	{"locale", "locale"},
	{"updated_at", ""},
	{"username", ""},
	{"created_at", ""},
}

// Claims assembles what the scopes say about a user, sub first, then scope by scope in the order they were asked for.
// Times are epoch milliseconds; what a user does not have is null where it is the user's own and absent where it is of
// the profile. Observed: recordings 07, 13, 14.
func (i *Issuer) Claims(ctx context.Context, user *directory.User, scopes []string, use Use) (*Object, error) {
	shown := func(claim string) bool { return true }
	if use == IDToken {
		enabled, err := i.enabledExtendedClaims(ctx)
		if err != nil {
			return nil, err
		}
		shown = func(claim string) bool { return !slices.Contains(extended, claim) || slices.Contains(enabled, claim) }
	}
	o := new(Object)
	o.Set("sub", user.ID)
	set := func(claim string, value any) {
		if shown(claim) {
			o.Set(claim, value)
		}
	}
	for _, scope := range scopes {
		switch scope {
		case "profile":
			if err := setProfile(set, user); err != nil {
				return nil, err
			}
		case "email":
			set("email", user.PrimaryEmail)
			set("email_verified", user.PrimaryEmail != nil)
		case "phone":
			set("phone_number", user.PrimaryPhone)
			set("phone_number_verified", user.PrimaryPhone != nil)
		case "address":
			var profile struct{ Address json.RawMessage }
			if err := json.Unmarshal(user.Profile, &profile); err != nil {
				return nil, fmt.Errorf("read profile of user %s: %w", user.ID, err)
			}
			if profile.Address != nil {
				set("address", profile.Address)
			}
		case "custom_data":
			set("custom_data", user.CustomData)
		case "identities":
			set("identities", user.Identities)
			set("sso_identities", []any{})
		case "roles":
			if !shown("roles") {
				continue
			}
			roles, err := i.Directory.UserRoles(ctx, user.ID)
			if err != nil {
				return nil, err
			}
			set("roles", roleNames(roles))
		case "urn:logto:scope:organizations":
			set("organizations", []any{})
			set("organization_data", []any{})
		case "urn:logto:scope:organization_roles":
			set("organization_roles", []any{})
		}
	}
	return o, nil
}

func setProfile(set func(string, any), user *directory.User) error {
	var profile map[string]json.RawMessage
	if err := json.Unmarshal(user.Profile, &profile); err != nil {
		return fmt.Errorf("read profile of user %s: %w", user.ID, err)
	}
	for _, p := range profileClaims {
		switch value, held := profile[p.key]; {
		case p.key != "" && held:
			set(p.claim, value)
		case p.claim == "name":
			set("name", user.Name)
		case p.claim == "picture":
			set("picture", user.Avatar)
		case p.claim == "username", p.claim == "preferred_username":
			set(p.claim, user.Username)
		case p.claim == "updated_at":
			set("updated_at", user.UpdatedAt.UnixMilli())
		case p.claim == "created_at":
			set("created_at", user.CreatedAt.UnixMilli())
		}
	}
	return nil
}

func roleNames(roles []directory.Role) []string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = role.Name
	}
	return names
}

// enabledExtendedClaims reads the setting idToken; without it roles and organizations are shown.
func (i *Issuer) enabledExtendedClaims(ctx context.Context) ([]string, error) {
	raw, err := i.Directory.Config(ctx, directory.ConfigIDToken)
	if errors.Is(err, directory.ErrNotFound) {
		return []string{"roles", "organizations", "organization_roles"}, nil
	}
	if err != nil {
		return nil, err
	}
	var setting struct {
		EnabledExtendedClaims []string `json:"enabledExtendedClaims"`
	}
	if err := json.Unmarshal(raw, &setting); err != nil {
		return nil, fmt.Errorf("read setting idToken: %w", err)
	}
	return setting.EnabledExtendedClaims, nil
}
