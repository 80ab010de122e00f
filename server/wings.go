package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/identity"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
)

// identityConfig is what the identity half is told.
func (sv *Server) identityConfig() (c identity.Config, err error) {
	s := sv.settings
	c = identity.Config{
		Endpoint: sv.endpoint(), Pool: sv.identityPool, Log: sv.log, Happened: sv.metrics.Happened, DefaultRoleNames: list(s.Identity.DefaultRoleNames),
		BreachedPasswordCheck: s.Identity.PwnedCheck, AuditRetention: time.Duration(s.Identity.AuditDays) * 24 * time.Hour,
	}
	if s.Secrets.ManagementByAdminSecret {
		c.AdminSecret, err = sv.managementSecret()
	}
	if s.Operations.Console {
		c.ConsoleBases = sv.consoleBases()
		c.Console = func(ctx context.Context, h http.Header) (*console.Caller, error) { return sv.console.CallerOf(ctx, h) } // made after identity
		c.MemberSeen = func(ctx context.Context, userID string) { sv.console.Seen(ctx, userID) }
	}
	return c, err
}

// engineConfig is what the data half is told.
func (sv *Server) engineConfig() (engine.Config, error) {
	s := sv.settings
	callers, err := sv.callers()
	if err != nil {
		return engine.Config{}, err
	}
	experimental := list(s.Engine.ExperimentalFeatures)
	features := map[string]bool{}
	for _, f := range experimental {
		features[f] = true
	}
	c := engine.Config{
		MetadataURL: sv.databases.metadata, OwnURLs: sv.ownURLs(), Changed: sv.recordChange,
		DefaultSourceURL: sv.databases.defaultSource, DefaultSourceEnv: sv.databases.sourceVariable,
		LookupEnv: lookupEnv(map[string]string{sv.databases.sourceVariable: sv.databases.defaultSource}),
		Session:   callers, Deps: session.Deps{Log: sv.log, Lines: sv.lines},
		Options: schema.Options{
			StringifyNumericTypes: s.Engine.StringifyNumericTypes, InferFunctionPermissions: s.Engine.InferFunctionPermissions,
			DangerousBooleanCollapse: s.Engine.BooleanNullCollapse, NamingConvention: s.Engine.NamingConvention, Experimental: features,
		},
		IsolationLevel:         s.Engine.TxIsolation,
		MaintenanceMode:        s.Engine.MaintenanceMode,
		SchemaSyncPollInterval: time.Duration(s.Engine.SchemaSyncInterval) * time.Millisecond,
		EnabledAPIs:            list(s.Engine.EnabledAPIs), CORSDomains: s.Listening.CORSDomain, DisableCORS: s.Listening.DisableCORS,
		EnableAllowList: s.Engine.AllowList, EnableApolloFederation: s.Engine.ApolloFederation, EnableRemoteSchemaPermissions: s.Unserved.RemotePermissions,
		DevMode: s.Engine.DevMode, HideInternalErrorsFromAdmin: !s.Engine.AdminInternalErrors, PreserveUnauthorized: s.Engine.Preserve401,
		ExperimentalFeatures: experimental, Version: Version, Log: sv.log, Lines: sv.lines, Metrics: sv.metrics, OTLP: sv.otlp, TracesQueries: s.Operations.TracesQueries,
		LiveQueries:     subscription.Polling{Interval: time.Duration(s.Engine.LiveQueryInterval) * time.Millisecond, Batch: s.Engine.LiveQueryBatch},
		Streams:         subscription.Polling{Interval: time.Duration(s.Engine.StreamInterval) * time.Millisecond, Batch: s.Engine.StreamBatch},
		SocketKeepAlive: time.Duration(s.Engine.SocketKeepAlive) * time.Second, SocketInitTimeout: time.Duration(s.Engine.SocketInitTimeout) * time.Second,
		SocketConnections: s.Engine.SocketConnections, SocketConnectionsPerIP: s.Engine.SocketConnectionsPerIP, SocketOperations: s.Engine.SocketOperations,
		SocketCompression: s.Engine.SocketCompression, SocketReadCookie: s.Listening.WSReadCookie,
		KeepSocketsOnMetadataChange: !s.Engine.CloseSockets,
		MaxBody:                     int64(max(1, s.Listening.MaxBody)) << 20, RateLimitProcesses: s.Engine.RateLimitProcesses,
		Responses: engine.ResponseCache{
			Size: int64(s.Engine.QueryCacheSize) << 20, MaxEntry: int64(s.Engine.QueryCacheMaxEntry) << 20,
			MaxTTL: time.Duration(s.Engine.QueryCacheMaxTTL) * time.Second,
		},
	}
	if s.Engine.PersistedQueries {
		c.PersistedQueriesTTL = time.Duration(max(1, s.Engine.PersistedQueriesTTL)) * time.Second
	}
	if sv.console != nil {
		c.Deps.Console = consoleCallers{sv.console, callers.AdminSecrets}
	}
	s.applyPools(&c)
	s.applyFollowing(&c, sv.databases.follow)
	if sv.identity != nil {
		// A jwk_url may name this process by a port of this machine while the issuer is a public name.
		bases := []string{sv.base()}
		if _, port, err := sv.settings.Listening.ports(); err == nil && port != 0 {
			bases = append(bases, fmt.Sprintf("http://localhost:%d", port))
		}
		c.Deps.Identity = &session.Identity{
			Issuer: sv.identity.Issuer(), Keys: sv.identity.Keys(), Authority: standing{sv.authority}, Epoch: sv.authority.Epoch, Bases: bases,
			ConsoleClient: directory.ConsoleClient, ConsoleAudience: directory.ManagementAPI,
		}
	}
	return c, nil
}

// ownURLs are the databases with Gatehouse's own data beside the metadata's.
func (sv *Server) ownURLs() []string {
	if sv.databases.identity == "" {
		return nil
	}
	return []string{sv.databases.identity}
}

// applyPools says how databases are connected to.
func (s *Settings) applyPools(c *engine.Config) {
	p := &s.Pools
	c.MaxConnections, c.IdleTimeout, c.ConnLifetime = p.Connections, time.Duration(p.Timeout)*time.Second, lifetime(p.Lifetime)
	c.PoolTimeout, c.WithoutPreparedStatements = time.Duration(p.PoolTimeout*float64(time.Second)), !p.Prepared
	c.ReplicaURLs, c.ReplicaConnections = list(p.ReplicaURLs), p.ReplicaConnections
	c.MaxReplicaLag, c.FilePrefix = time.Duration(p.ReplicaLag*float64(time.Second)), s.Database.SecretFiles
}

// applyFollowing says what is followed of sources: schemas that others change, and for subscriptions what is written.
func (s *Settings) applyFollowing(c *engine.Config, url string) {
	c.SchemaWatchInterval = time.Duration(s.Engine.SchemaWatchInterval) * time.Millisecond
	c.FollowChanges, c.FollowURL, c.FollowMaxWAL = s.Engine.FollowChanges, url, int64(s.Engine.FollowMaxWAL)<<20
}

// lifetime is a connection's as the engine takes it: there 0 is the default, and never is negative.
func lifetime(seconds int) time.Duration {
	if seconds <= 0 {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

// callers checks the settings on who may call.
func (sv *Server) callers() (*session.Config, error) {
	s := &sv.settings.Secrets
	settings := session.Settings{
		AuthHook: s.AuthHook, AuthHookMode: s.AuthHookMode, AuthHookWithoutBody: !s.AuthHookBody, AuthHookCache: s.AuthHookCache,
		UnauthorizedRole: s.UnauthorizedRole, DefaultRole: s.DefaultRole, AllowAdminRole: s.AllowAdminRole, SeveralRoles: s.SeveralRoles,
	}
	var err error
	if settings.AdminSecrets, err = sv.adminSecrets(); err != nil {
		return nil, err
	}
	for _, text := range []string{s.JWTSecret, s.JWTSecrets} {
		if text != "" {
			settings.JWTSecrets = append(settings.JWTSecrets, text)
		}
	}
	return session.ParseConfig(settings)
}

// adminSecrets are all of them, the one that opens everything first.
func (sv *Server) adminSecrets() (all []session.AdminSecret, err error) {
	if sv.adminSecret != "" {
		all = append(all, session.AdminSecret{Secret: sv.adminSecret})
	}
	setting := sv.settings.Secrets.AdminSecrets
	if setting == "" {
		return all, nil
	}
	more, err := session.ParseAdminSecrets(setting)
	switch {
	case err != nil:
		return nil, fmt.Errorf("HASURA_GRAPHQL_ADMIN_SECRETS: %w", err)
	case sv.adminSecret == "" && len(more) > 0:
		return nil, errors.New("HASURA_GRAPHQL_ADMIN_SECRETS needs HASURA_GRAPHQL_ADMIN_SECRET to be set")
	}
	return append(all, more...), nil
}

// list splits a comma list.
func list(text string) []string {
	var out []string
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(out, item) {
			out = append(out, item)
		}
	}
	return out
}
