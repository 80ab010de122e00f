package session

import (
	"context"
	"time"
)

// Authority knows, now, who may do what: the live view of the directory. The identity half satisfies it.
type Authority interface {
	// Standing says who the subject of an access token is now. It answers from memory once warm. An error means it
	// cannot vouch for its view; the request is then refused.
	Standing(ctx context.Context, t AccessToken) (Standing, error)
}

// AccessToken is what a verified access token of our own says about itself.
type AccessToken struct {
	// Subject is a user, or the application itself for a machine token, where Subject == ClientID.
	Subject, ClientID string
	// Audience is the resource indicators the token is for.
	Audience []string
	// JTI holds the handle of the token's grant.
	JTI   string
	Scope string
	// HasActor is true for a token with an `act` claim: someone acts for the subject (RFC 8693 §4.1).
	HasActor          bool
	IssuedAt, Expires time.Time
}

// IsMachine tells whether the token stands for an application rather than a user.
func (t AccessToken) IsMachine() bool { return t.Subject == t.ClientID }

// Standing is what an access token is worth now. Its zero value is worth nothing.
type Standing struct {
	// IsDataAPI: one of the token's audiences is an API resource marked as the data API.
	IsDataAPI bool
	// IsActive: the subject exists and is not suspended, and the token's application exists.
	IsActive bool
	// IsGrantAlive: neither the token nor the grant behind it has been ended. Machine tokens have no grant: true while the
	// application exists.
	IsGrantAlive bool
	// IsThirdParty: the token was issued to a third-party application.
	IsThirdParty bool
	// IsTokenExchange: the token came from a token exchange.
	IsTokenExchange bool
	// Roles are the names of the roles held now: the user's, or the application's machine roles.
	Roles []string
	// Until is when this ends by itself; zero when it does not.
	Until time.Time
}
