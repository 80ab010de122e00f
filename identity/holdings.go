package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gatehouse/identity/directory"
	"gatehouse/identity/management"
	"gatehouse/identity/oidc"
)

// holdings shows users' sessions and grants to the Management API, in Logto's shapes: the payloads are those its
// provider library keeps, with what of them means something here.
type holdings struct{ identity *Identity }

func (i *Identity) sessions() *management.Sessions {
	h := holdings{i}
	return &management.Sessions{
		List: h.list, Get: h.get, Grants: h.grants, EndGrant: oidc.EndUserGrant, End: oidc.EndUserSession,
	}
}

type sessionView struct {
	Payload struct {
		Exp            int64                    `json:"exp"`
		Iat            int64                    `json:"iat"`
		JTI            string                   `json:"jti"`
		UID            string                   `json:"uid"`
		Kind           string                   `json:"kind"`
		LoginTS        int64                    `json:"loginTs"`
		AccountID      string                   `json:"accountId"`
		Authorizations map[string]authorization `json:"authorizations,omitempty"`
	} `json:"payload"`
	LastSubmission json.RawMessage `json:"lastSubmission"`
	ClientID       *string         `json:"clientId"`
	AccountID      string          `json:"accountId"`
	ExpiresAt      int64           `json:"expiresAt"` // milliseconds
}

type authorization struct {
	GrantID        string `json:"grantId"`
	PersistsLogout bool   `json:"persistsLogout"`
}

func (h holdings) list(ctx context.Context, userID string) ([]json.RawMessage, error) {
	sessions, err := h.identity.provider.Sessions(ctx, userID)
	if err != nil {
		return nil, err
	}
	grants, err := h.identity.provider.Grants(ctx, userID)
	if err != nil {
		return nil, err
	}
	return encodeEach(sessions, func(s oidc.Session) any { return viewSession(s, grants) })
}

func (h holdings) get(ctx context.Context, userID, sessionID string) (json.RawMessage, error) {
	sessions, err := h.identity.provider.Sessions(ctx, userID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(sessions, func(s oidc.Session) bool { return s.ID == sessionID })
	if at < 0 {
		return nil, directory.ErrNotFound
	}
	grants, err := h.identity.provider.Grants(ctx, userID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(viewSession(sessions[at], grants))
}

func viewSession(s oidc.Session, grants []oidc.Grant) sessionView {
	v := sessionView{LastSubmission: s.Interaction, AccountID: s.UserID, ExpiresAt: s.ExpiresAt.UnixMilli()}
	v.Payload.Exp, v.Payload.Iat = s.ExpiresAt.Unix(), s.CreatedAt.Unix()
	// The id, not the cookie's value, which is known to the browser alone.
	v.Payload.JTI, v.Payload.UID, v.Payload.Kind = s.ID, s.ID, "Session"
	v.Payload.LoginTS, v.Payload.AccountID = s.AuthenticatedAt.Unix(), s.UserID
	for _, g := range grants {
		if g.SessionID == nil || *g.SessionID != s.ID {
			continue
		}
		if v.Payload.Authorizations == nil {
			v.Payload.Authorizations = map[string]authorization{}
		}
		if _, newer := v.Payload.Authorizations[g.ClientID]; !newer {
			v.Payload.Authorizations[g.ClientID] = authorization{g.ID, g.IsOffline}
		}
		if v.ClientID == nil {
			v.ClientID = &g.ClientID
		}
	}
	return v
}

type grantView struct {
	ID      string `json:"id"`
	Payload struct {
		Exp       int64  `json:"exp"`
		Iat       int64  `json:"iat"`
		JTI       string `json:"jti"`
		Kind      string `json:"kind"`
		ClientID  string `json:"clientId"`
		AccountID string `json:"accountId"`
	} `json:"payload"`
	ExpiresAt   int64 `json:"expiresAt"` // milliseconds
	Application struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"application"`
}

func (h holdings) grants(ctx context.Context, userID, appType string) ([]json.RawMessage, error) {
	grants, err := h.identity.provider.Grants(ctx, userID)
	if err != nil {
		return nil, err
	}
	var views []grantView
	for _, g := range grants {
		client, err := h.identity.provider.Client(ctx, g.ClientID)
		if err != nil {
			return nil, fmt.Errorf("read client of grant: %w", err)
		}
		if appType == "thirdParty" && !client.IsThirdParty || appType == "firstParty" && client.IsThirdParty {
			continue
		}
		v := grantView{ID: g.ID, ExpiresAt: g.ExpiresAt.UnixMilli()}
		v.Payload.Exp, v.Payload.Iat, v.Payload.JTI = g.ExpiresAt.Unix(), g.CreatedAt.Unix(), g.ID
		v.Payload.Kind, v.Payload.ClientID, v.Payload.AccountID = "Grant", g.ClientID, g.UserID
		v.Application.ID, v.Application.Name = client.ID, client.Name
		views = append(views, v)
	}
	return encodeEach(views, func(v grantView) any { return v })
}

func encodeEach[T any](list []T, view func(T) any) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, item := range list {
		raw, err := json.Marshal(view(item))
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}
