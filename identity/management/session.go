package management

import (
	"context"
	"encoding/json"
	"net/http"

	"gatehouse/identity/directory"
)

// Sessions is what the provider offers on users' sessions and grants. Values are in Logto's shapes;
// directory.ErrNotFound says that the user has no such session or grant.
type Sessions struct {
	List     func(ctx context.Context, userID string) ([]json.RawMessage, error)
	Get      func(ctx context.Context, userID, sessionID string) (json.RawMessage, error)
	End      func(ctx context.Context, tx *directory.Tx, userID, sessionID, revokeGrantsTarget string) error
	Grants   func(ctx context.Context, userID, appType string) ([]json.RawMessage, error)
	EndGrant func(ctx context.Context, tx *directory.Tx, userID, grantID string) error
}

func (h *Handler) sessionRoutes() map[string]map[string]endpoint {
	if h.Sessions == nil {
		return nil
	}
	return map[string]map[string]endpoint{
		"/api/users/{userId}/sessions":             {http.MethodGet: listSessions},
		"/api/users/{userId}/sessions/{sessionId}": {http.MethodGet: getSession, http.MethodDelete: endSession},
		"/api/users/{userId}/grants":               {http.MethodGet: listGrants},
		"/api/users/{userId}/grants/{grantId}":     {http.MethodDelete: endGrant},
	}
}

func listSessions(c *call) error {
	if _, err := c.user(); err != nil {
		return err
	}
	sessions, err := c.h.Sessions.List(c.ctx(), c.path("userId"))
	if err != nil {
		return err
	}
	return c.ok(struct {
		Sessions []json.RawMessage `json:"sessions"`
	}{notNil(sessions)})
}

func notNil(list []json.RawMessage) []json.RawMessage {
	if list == nil {
		return []json.RawMessage{}
	}
	return list
}

func getSession(c *call) error {
	session, err := c.h.Sessions.Get(c.ctx(), c.path("userId"), c.path("sessionId"))
	if err != nil {
		return err
	}
	return c.ok(session)
}

func endSession(c *call) error {
	var in struct{ RevokeGrantsTarget string }
	if err := c.query(object(field{"revokeGrantsTarget", optional(enum("all", "firstParty"))}), &in); err != nil {
		return err
	}
	id, sessionID := c.path("userId"), c.path("sessionId")
	err := c.change("User.Session.Ended", directory.KindUser, &id, func(tx *directory.Tx) error {
		return c.h.Sessions.End(c.ctx(), tx, id, sessionID, in.RevokeGrantsTarget)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func listGrants(c *call) error {
	var in struct{ AppType string }
	if err := c.query(object(field{"appType", optional(enum("firstParty", "thirdParty"))}), &in); err != nil {
		return err
	}
	if _, err := c.user(); err != nil {
		return err
	}
	grants, err := c.h.Sessions.Grants(c.ctx(), c.path("userId"), in.AppType)
	if err != nil {
		return err
	}
	return c.ok(struct {
		Grants []json.RawMessage `json:"grants"`
	}{notNil(grants)})
}

func endGrant(c *call) error {
	id, grantID := c.path("userId"), c.path("grantId")
	err := c.change("User.Grant.Revoked", directory.KindUser, &id, func(tx *directory.Tx) error {
		return c.h.Sessions.EndGrant(c.ctx(), tx, id, grantID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
