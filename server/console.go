package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/identity/authority"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/worker"
)

// scopeOf says which of the data half's scopes an operation of the console is. The other operations are the identity
// half's.
var scopeOf = map[directory.Operation]session.Scope{
	directory.ConsoleGraphQL:      session.ScopeGraphQL,
	directory.ConsoleMetadata:     session.ScopeMetadata,
	directory.ConsoleMetadataRead: session.ScopeMetadataRead,
	directory.ConsoleSQL:          session.ScopeSQL,
	directory.ConsoleSources:      session.ScopeSources,
	directory.ConsoleOperations:   session.ScopeOperations,
}

// scopesOf are the scopes of operations on the data half; none is an empty list, which opens nothing.
func scopesOf(operations directory.Operations) []session.Scope {
	scopes := []session.Scope{}
	for _, op := range operations {
		if scope, ok := scopeOf[op]; ok {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// operationsOf are what an admin secret opens in the console.
func operationsOf(s *session.AdminSecret, opensManagement bool) directory.Operations {
	if s.Roles != nil && !slices.Contains(s.Roles, session.Admin) && s.Opens(session.ScopeGraphQL) {
		return directory.Operations{directory.ConsoleGraphQL} // everything else is the role admin's
	}
	out := directory.Operations{}
	for _, op := range directory.AllOperations {
		scope, isData := scopeOf[op]
		if !isData {
			scope = session.ScopeManagement
		}
		if s.Opens(scope) && (isData || opensManagement) {
			out = append(out, op)
		}
	}
	return out
}

// buildConsole makes the console's sessions.
func (sv *Server) buildConsole() error {
	if !sv.settings.Operations.Console {
		return nil
	}
	secrets, err := sv.adminSecrets()
	if err != nil {
		return err
	}
	data, identityRuns := sv.settings.halves()
	c := console.Config{
		Bases: sv.consoleBases(), TrustProxy: sv.settings.Listening.TrustProxy, HasData: data, HasIdentity: identityRuns,
		HasDemo: sv.settings.Operations.Demo && data && identityRuns, Version: Version, Endpoints: sv.consoleEndpoints, Changed: sv.callersChanged,
	}
	for i := range secrets {
		s := &secrets[i]
		c.Secrets = append(c.Secrets, console.Secret{Name: s.Name, Secret: s.Secret, Operations: operationsOf(s, identityRuns && sv.settings.Secrets.ManagementByAdminSecret)})
	}
	if data {
		c.Withheld = sv.withheld
	}
	if sv.identity != nil {
		c.Members = &console.Members{Directory: sv.identity.Directory(), Provider: sv.identity.Provider(), Authority: sv.authority, Issuer: sv.identity.Issuer()}
	}
	sv.console = console.New(c)
	return nil
}

// withheld are the operations that the data half refuses to members who may not see secrets: SQL, where it would reach too
// far in every source.
func (sv *Server) withheld(ctx context.Context) (directory.Operations, error) {
	reach, err := sv.engine.SQLReach(ctx)
	if err != nil || len(reach) == 0 || len(reach) < len(sv.engine.Snapshot().Doc.Sources) {
		return nil, err
	}
	return directory.Operations{directory.ConsoleSQL}, nil
}

// consoleBases are where the console is for all that the settings say: at ADMIN_ENDPOINT, else at the public URL unless
// that is a port of the identity half alone, and on this machine.
func (sv *Server) consoleBases() (bases []string) {
	_, identityPort, _ := sv.settings.Listening.ports()
	switch own := strings.TrimRight(sv.settings.Listening.ConsoleURL, "/"); {
	case own != "":
		bases = append(bases, own)
	case identityPort == 0:
		bases = append(bases, sv.endpoint())
	}
	for _, own := range []string{sv.base(), fmt.Sprintf("http://127.0.0.1:%d", sv.port)} {
		if !slices.Contains(bases, own) {
			bases = append(bases, own)
		}
	}
	return bases
}

// consoleEndpoints are what applications are pointed to.
func (sv *Server) consoleEndpoints(base string) (e console.Endpoints) {
	at := func(url string) *string { return &url }
	if data, _ := sv.settings.halves(); data {
		e.GraphQL, e.REST, e.Metadata = at(base+"/v1/graphql"), at(base+"/api/rest"), at(base+"/v1/metadata")
	}
	if sv.identity != nil {
		issuer := sv.identity.Issuer()
		e.Issuer, e.Discovery, e.JWKS = at(issuer), at(issuer+"/.well-known/openid-configuration"), at(issuer+"/jwks")
	}
	return e
}

// sweepConsole deletes sessions of the console that have run out until ctx ends.
func (sv *Server) sweepConsole(ctx context.Context) {
	worker.Every(ctx, 10*time.Minute, nil, func(ctx context.Context) {
		if err := sv.console.Sweep(ctx); err != nil && ctx.Err() == nil {
			sv.log.WarnContext(ctx, "expired console sessions could not be deleted", "error", err)
		}
	})
}

// callersChanged has open sockets looked at again at once.
func (sv *Server) callersChanged() {
	if sv.engine != nil {
		sv.engine.ReviewCallers()
	}
}

// consoleCallers tells the data half whom the console's sessions stand for.
type consoleCallers struct {
	console *console.Handler
	// secrets are the console's, in the same places.
	secrets []session.AdminSecret
}

func (c consoleCallers) TakeOut(h http.Header) (string, http.Header) { return c.console.TakeOut(h) }

func (c consoleCallers) Cookies(lines []string) []string { return console.Cookies(lines) }

func (c consoleCallers) Epoch() (uint64, bool) { return c.console.Epoch() }

func (c consoleCallers) Caller(ctx context.Context, credential string, isAgain bool) (session.ConsoleCaller, error) {
	who, err := c.console.Caller(ctx, credential, isAgain)
	return c.judged(who, err, "the console's session has ended")
}

func (c consoleCallers) TokenCaller(ctx context.Context, t session.AccessToken, isAgain bool) (session.ConsoleCaller, error) {
	who, err := c.console.TokenCaller(ctx, authority.Token(t), isAgain)
	return c.judged(who, err, "the token is no console member's, or has been revoked")
}

// judged is what the data half makes of whom a cookie or a token stands for; ended says why for nobody.
func (c consoleCallers) judged(who *console.Caller, err error, ended string) (session.ConsoleCaller, error) {
	switch {
	case errors.Is(err, console.ErrEnded):
		return session.ConsoleCaller{}, fault.New(fault.AccessDenied, "", "%s", ended).WithStatus(http.StatusUnauthorized)
	case err != nil:
		return session.ConsoleCaller{}, fault.New(fault.Unexpected, "", "the directory cannot be asked right now").
			WithStatus(http.StatusServiceUnavailable).WithCause(err)
	case who.By == console.BySecret:
		return session.ConsoleCaller{Secret: &c.secrets[who.Secret], Expires: who.Expires}, nil
	}
	return session.ConsoleCaller{Member: &session.Member{UserID: who.UserID, Scopes: scopesOf(who.Operations)}, Expires: who.Expires}, nil
}
