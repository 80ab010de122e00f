package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// Foretold is what an access token for the data API would say of a user if it was issued now.
type Foretold struct {
	User *directory.User
	// Roles are the names of the roles the user holds.
	Roles []string
	// Application is the one the token would be issued to.
	Application *directory.Application
	token.Foretold
}

// ErrNoDataAPI says that no API resource is marked as the data API: there are no tokens for it.
var ErrNoDataAPI = errors.New("no API resource is marked as the data API")

// Foretell says what a fresh access token of a user for the data API would say. *directory.ErrNotFound for a user who does
// not exist; a *token.Denied or token.ErrScriptBlocks where there would be no token, with what is known then.
func (i *Identity) Foretell(ctx context.Context, userID string) (f Foretold, err error) {
	if f.User, err = i.directory.User(ctx, userID); err != nil {
		return f, err
	}
	roles, err := i.directory.UserRoles(ctx, userID)
	if err != nil {
		return f, err
	}
	for _, role := range roles {
		f.Roles = append(f.Roles, role.Name)
	}
	last, err := i.lastSignIn(ctx, userID)
	if err != nil {
		return f, err
	}
	client, err := i.provider.Client(ctx, last.clientID)
	if err != nil {
		return f, err
	}
	f.Application = client.Application
	resource, err := i.dataResource(ctx)
	if err != nil {
		return f, err
	}
	scopes, err := i.directory.UserScopes(ctx, userID, resource.Indicator)
	if err != nil {
		return f, err
	}
	names := make([]string, len(scopes))
	for n, s := range scopes {
		names[n] = s.Name
	}
	access := token.Access{
		JTI: token.NewJTI(secret.Bytes(token.HandleSize)), Subject: userID, ClientID: client.ID, Audience: resource.Indicator, Scope: strings.Join(names, " "),
		TTL: time.Duration(resource.AccessTokenTTL) * time.Second,
	}
	f.Foretold, err = i.issuer.Foretell(ctx, access, token.UserToken{
		JTI: access.JTI, User: f.User, Application: f.Application, GrantID: secret.ID(), GrantTypes: "authorization_code", SessionID: last.sessionID,
		ExpiresWithSession: true, Audience: access.Audience, Scope: access.Scope, Interaction: func() ([]byte, error) { return last.interaction, nil },
	})
	return f, err
}

// dataResource is the oldest API resource that is marked as the data API.
func (i *Identity) dataResource(ctx context.Context) (*directory.Resource, error) {
	all, err := i.directory.Resources(ctx, directory.Page{})
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(all, func(r directory.Resource) bool { return r.IsDataAPI })
	if n < 0 {
		return nil, ErrNoDataAPI
	}
	return &all[n], nil
}

// signIn is where, and how, a user signed in.
type signIn struct {
	clientID, sessionID string
	interaction         []byte
}

// lastSignIn is a user's last sign-in to an application whose tokens open the data API. Of one who has not signed in yet the
// application is the oldest in question, or where there is none the console's.
func (i *Identity) lastSignIn(ctx context.Context, userID string) (s signIn, err error) {
	err = i.config.Pool.QueryRow(ctx, `
select client_id, session_id, interaction
  from (select g.client_id, coalesce(s.id, '') as session_id, s.interaction, 1 as rank, g.created_at
          from identity.grants g
          left join identity.applications a on a.id = g.client_id
          left join identity.sessions s on s.id = g.session_id
         where g.user_id = $1 and g.client_id <> $2 and a.is_third_party is not true
        union all
        select a.id, '', null, 0, timestamptz 'epoch' - (a.created_at - timestamptz 'epoch')
          from identity.applications a
         where not a.is_third_party and a.type = any($3)) x
 order by rank desc, created_at desc, client_id
 limit 1`, userID, directory.ConsoleClient, []string{directory.AppNative, directory.AppSPA, directory.AppTraditional}).Scan(&s.clientID, &s.sessionID, &s.interaction)
	if errors.Is(err, pgx.ErrNoRows) {
		return signIn{clientID: directory.ConsoleClient}, nil
	}
	if err != nil {
		return s, fmt.Errorf("read where a user signed in last: %w", err)
	}
	return s, nil
}
