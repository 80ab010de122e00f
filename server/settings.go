package server

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Settings are all settings: flag > environment > default. The struct tags are the one list of names, defaults and
// meanings; --help and docs/settings.md come from them. Hasura's and Logto's own names are kept, Gatehouse's own
// variables begin with GATEHOUSE_.
type Settings struct {
	Listening  ListeningSettings `embed:"" group:"Listening"`
	Database   DatabaseSettings  `embed:"" group:"Databases"`
	Secrets    SecretSettings    `embed:"" group:"Secrets and callers"`
	Engine     EngineSettings    `embed:"" group:"Data engine"`
	Pools      PoolSettings      `embed:"" group:"Source connections"`
	Identity   IdentitySettings  `embed:"" group:"Identity"`
	Operations OperationSettings `embed:"" group:"Operation"`
	Project    ProjectSettings   `embed:"" group:"Project applied at start"`
	Accepted   AcceptedSettings  `embed:"" group:"Accepted without effect"`
	Unserved   UnservedSettings  `embed:"" group:"Accepted, of what is not served"`
}

// ListeningSettings say where Gatehouse is reached.
type ListeningSettings struct {
	Port         *int   `name:"port" aliases:"server-port" env:"HASURA_GRAPHQL_SERVER_PORT" placeholder:"8080" help:"Port of everything: data API, identity, console. Default 8080, or PORT when only that is set."`
	Host         string `name:"server-host" env:"HASURA_GRAPHQL_SERVER_HOST" placeholder:"*" help:"Address to listen on. Default all addresses; loopback with the embedded Postgres."`
	IdentityPort *int   `name:"identity-port" env:"GATEHOUSE_IDENTITY_PORT" placeholder:"N" help:"Serve the identity half on this port as well, as Logto does. Default PORT when it differs from the port above."`
	LogtoPort    *int   `name:"logto-port" env:"PORT" hidden:"" help:"Logto's port variable: see --port and --identity-port."`
	Endpoint     string `name:"endpoint" env:"ENDPOINT" placeholder:"URL" help:"Public URL of the identity half; the issuer is ENDPOINT/oidc. Default http://localhost:PORT."`
	ConsoleURL   string `name:"admin-endpoint" env:"ADMIN_ENDPOINT" placeholder:"URL" help:"Public URL of the console, where it is not ENDPOINT. Members who call it by another name that is not known are sent there to sign in."`
	Only         string `name:"only" env:"GATEHOUSE_ONLY" enum:",data,identity" default:"" placeholder:"data|identity" help:"Run one half, on --port."`
	TrustProxy   bool   `name:"trust-proxy-header" env:"TRUST_PROXY_HEADER" help:"Take client address, scheme and host from X-Forwarded-* (only behind a proxy that sets them)."`
	CORSDomain   string `name:"cors-domain" env:"HASURA_GRAPHQL_CORS_DOMAIN" default:"*" help:"Origins that browsers may call the data API from: comma list, https://*.example.com allowed."`
	DisableCORS  bool   `name:"disable-cors" env:"HASURA_GRAPHQL_DISABLE_CORS" help:"Send no CORS headers on the data API."`
	WSReadCookie bool   `name:"ws-read-cookie" env:"HASURA_GRAPHQL_WS_READ_COOKIE" help:"Read cookies on a WebSocket handshake even with CORS disabled."`
	Timeout      int    `name:"server-timeout" env:"HASURA_GRAPHQL_SERVER_TIMEOUT" default:"30" placeholder:"SECONDS" help:"How long a client may stand still while it sends a request or takes an answer."`
	MaxHeaders   int    `name:"max-total-header-length" env:"HASURA_GRAPHQL_MAX_TOTAL_HEADER_LENGTH" default:"1048576" placeholder:"BYTES" help:"The longest header of a request."`
	MaxBody      int    `name:"max-body-size" env:"GATEHOUSE_MAX_BODY_SIZE" default:"100" placeholder:"MB" help:"The longest body of a request to the data API, and the longest message on a WebSocket."`
	Grace        int    `name:"graceful-shutdown-timeout" env:"HASURA_GRAPHQL_GRACEFUL_SHUTDOWN_TIMEOUT" default:"60" placeholder:"SECONDS" help:"How long running requests may take to finish at shutdown."`
}

// DatabaseSettings say where everything is kept.
type DatabaseSettings struct {
	DatabaseURL        string `name:"gatehouse-database-url" env:"GATEHOUSE_DATABASE_URL" placeholder:"URL" help:"One Postgres for all: metadata, identity and the source 'default'."`
	HasuraDatabaseURL  string `name:"database-url" env:"HASURA_GRAPHQL_DATABASE_URL" placeholder:"URL" help:"Postgres of the source 'default', and of the metadata unless that has its own."`
	MetadataURL        string `name:"metadata-database-url" env:"HASURA_GRAPHQL_METADATA_DATABASE_URL" placeholder:"URL" help:"Postgres of the metadata (schema hdb_catalog)."`
	LogtoURL           string `name:"identity-database-url" env:"DB_URL" placeholder:"URL" help:"Postgres of the identity half (schema identity). Default the metadata database."`
	DataDir            string `name:"data-dir" env:"GATEHOUSE_DATA_DIR" default:"./gatehouse-data" placeholder:"DIR" help:"Where the embedded Postgres keeps its data, when no database URL is set."`
	PostgresBin        string `name:"postgres-bin" env:"GATEHOUSE_POSTGRES_BIN" placeholder:"DIR" help:"Directory of initdb and postgres for the embedded Postgres. Default: looked for."`
	SecretFiles        string `name:"dynamic-secrets-allowed-path-prefix" env:"HASURA_GRAPHQL_DYNAMIC_SECRETS_ALLOWED_PATH_PREFIX" placeholder:"DIR" help:"Directory of the files that {dynamic_from_file} in metadata may name; none without it."`
	EmbeddedPort       int    `name:"postgres-port" env:"GATEHOUSE_POSTGRES_PORT" placeholder:"N" help:"Open the embedded Postgres on this loopback port too (password in the data directory)."`
	Retries            int    `name:"retries" env:"HASURA_GRAPHQL_NO_OF_RETRIES" default:"1" help:"How often to try again to reach the databases at start, a second apart."`
	IdentityStartEmpty bool   `name:"identity-start-empty" env:"GATEHOUSE_IDENTITY_START_EMPTY" help:"Start with an empty directory although DB_URL holds a Logto database."`
}

// SecretSettings say how callers prove who they are.
type SecretSettings struct {
	AdminSecret             string `name:"admin-secret" aliases:"access-key" env:"HASURA_GRAPHQL_ADMIN_SECRET,HASURA_GRAPHQL_ACCESS_KEY" placeholder:"SECRET" help:"Opens the data half and the Management API to whoever sends it. Generated with the embedded Postgres."`
	AdminSecrets            string `name:"admin-secrets" env:"HASURA_GRAPHQL_ADMIN_SECRETS" placeholder:"JSON" help:"JSON array of further admin secrets: texts, or {\"secret\", \"name\", \"scopes\", \"roles\"}; see docs/callers.md."`
	Insecure                bool   `name:"insecure-no-admin-secret" env:"GATEHOUSE_INSECURE_NO_ADMIN_SECRET" help:"Run the data half without an admin secret: everybody is administrator."`
	ManagementByAdminSecret bool   `name:"management-by-admin-secret" env:"GATEHOUSE_MANAGEMENT_BY_ADMIN_SECRET" default:"true" negatable:"" help:"Let the admin secret open the Management API."`
	AuthHook                string `name:"auth-hook" env:"HASURA_GRAPHQL_AUTH_HOOK" placeholder:"URL" help:"Ask this URL who the caller is."`
	AuthHookMode            string `name:"auth-hook-mode" env:"HASURA_GRAPHQL_AUTH_HOOK_MODE" default:"GET" enum:"GET,POST" help:"GET or POST."`
	AuthHookBody            bool   `name:"auth-hook-send-request-body" env:"HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY" default:"true" negatable:"" help:"Send the request to a POST auth hook."`
	AuthHookCache           int    `name:"auth-hook-cache" env:"GATEHOUSE_AUTH_HOOK_CACHE" default:"10000" help:"How many answers of the auth hook are remembered, each as long as the Cache-Control header it came with says (max-age, at most an hour); 0 none."`
	JWTSecret               string `name:"jwt-secret" env:"HASURA_GRAPHQL_JWT_SECRET" placeholder:"JSON" help:"How to verify tokens: {\"jwk_url\": …} or {\"type\": …, \"key\": …}, with claims options."`
	JWTSecrets              string `name:"jwt-secrets" env:"HASURA_GRAPHQL_JWT_SECRETS" placeholder:"JSON" help:"JSON array of such objects, chosen by issuer."`
	UnauthorizedRole        string `name:"unauthorized-role" env:"HASURA_GRAPHQL_UNAUTHORIZED_ROLE" placeholder:"ROLE" help:"Role of requests that bring no credential."`
	DefaultRole             string `name:"default-role" env:"GATEHOUSE_DEFAULT_ROLE" default:"user" help:"Role of a signed-in user who asks for none and holds several, if held."`
	SeveralRoles            bool   `name:"several-roles" env:"GATEHOUSE_SEVERAL_ROLES" help:"Let a request act in several roles at once: X-Hasura-Role as a JSON array, or * for all held."`
	AllowAdminRole          bool   `name:"allow-admin-role" env:"GATEHOUSE_ALLOW_ADMIN_ROLE" help:"Let a directory role named admin act as the data API's admin role."`
}

// EngineSettings shape the data API.
type EngineSettings struct {
	EnabledAPIs              string `name:"enabled-apis" env:"HASURA_GRAPHQL_ENABLED_APIS" default:"metadata,graphql,pgdump,config" help:"Which APIs to serve: metadata, graphql, pgdump, config, developer, metrics."`
	StringifyNumericTypes    bool   `name:"stringify-numeric-types" env:"HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES" help:"Give bigint, numeric and double precision values as strings."`
	BooleanNullCollapse      bool   `name:"v1-boolean-null-collapse" env:"HASURA_GRAPHQL_V1_BOOLEAN_NULL_COLLAPSE" help:"Treat {_eq: null} and where: null as true, as version 1 did."`
	InferFunctionPermissions bool   `name:"infer-function-permissions" env:"HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS" default:"true" negatable:"" help:"Let a role call a query function when it may read the table it returns."`
	ExperimentalFeatures     string `name:"experimental-features" env:"HASURA_GRAPHQL_EXPERIMENTAL_FEATURES" help:"Comma list: naming_convention, hide_update_many_fields, hide_aggregation_predicates, …"`
	NamingConvention         string `name:"default-naming-convention" env:"HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION" default:"hasura-default" enum:"hasura-default,graphql-default" help:"Naming convention of sources that name none."`
	ApolloFederation         bool   `name:"enable-apollo-federation" env:"HASURA_GRAPHQL_ENABLE_APOLLO_FEDERATION" help:"Offer _service and _entities."`
	AllowList                bool   `name:"enable-allowlist" env:"HASURA_GRAPHQL_ENABLE_ALLOWLIST" help:"Refuse operations that are not on the allow list, except to administrators."`
	DevMode                  bool   `name:"dev-mode" env:"HASURA_GRAPHQL_DEV_MODE" help:"Put internal details into errors for every role."`
	AdminInternalErrors      bool   `name:"admin-internal-errors" env:"HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS" default:"true" negatable:"" help:"Put internal details into errors for administrators."`
	Preserve401              bool   `name:"preserve-401-errors" env:"HASURA_GRAPHQL_PRESERVE_401_ERRORS" help:"Answer 401, not 200, to unauthorised GraphQL requests."`
	SchemaSyncInterval       int    `name:"schema-sync-poll-interval" env:"HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL" default:"1000" placeholder:"MS" help:"How often to look for metadata changed by other processes; 0 never."`
	SchemaWatchInterval      int    `name:"schema-watch-interval" env:"GATEHOUSE_SCHEMA_WATCH_INTERVAL" default:"1000" placeholder:"MS" help:"How often to look whether somebody else changed a source's schema (psql, a migration job); 0 never: such changes are seen at the next reload_metadata."`
	TxIsolation              string `name:"tx-iso" short:"i" env:"HASURA_GRAPHQL_TX_ISOLATION" default:"read-committed" enum:"read-committed,repeatable-read,serializable" help:"Isolation level of mutations, for sources that name none."`
	LiveQueryInterval        int    `name:"live-queries-multiplexed-refetch-interval" env:"HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL" default:"1000" placeholder:"MS" help:"How often live queries are asked again."`
	LiveQueryBatch           int    `name:"live-queries-multiplexed-batch-size" env:"HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_BATCH_SIZE" default:"100" help:"How many subscribers of a live query one statement serves."`
	StreamInterval           int    `name:"streaming-queries-multiplexed-refetch-interval" env:"HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL" default:"1000" placeholder:"MS" help:"How often streaming subscriptions are asked again."`
	StreamBatch              int    `name:"streaming-queries-multiplexed-batch-size" env:"HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_BATCH_SIZE" default:"100" help:"How many subscribers of a stream one statement serves."`
	FollowChanges            bool   `name:"follow-changes" env:"GATEHOUSE_FOLLOW_CHANGES" default:"true" negatable:"" help:"Ask for subscriptions when what they read has changed (logical decoding), where the source allows it; else they poll."`
	FollowURL                string `name:"follow-database-url" env:"GATEHOUSE_FOLLOW_DATABASE_URL" placeholder:"URL" help:"Login for that on the database of the source 'default', with the attribute REPLICATION; without it the source's own."`
	FollowMaxWAL             int    `name:"follow-max-wal" env:"GATEHOUSE_FOLLOW_MAX_WAL" default:"256" placeholder:"MB" help:"How much of a source's write-ahead log may be kept back for that before it is given up and subscriptions poll."`
	SocketKeepAlive          int    `name:"websocket-keepalive" env:"HASURA_GRAPHQL_WEBSOCKET_KEEPALIVE" default:"5" placeholder:"SECONDS" help:"How often an open WebSocket is sent a keep-alive; 0 never."`
	SocketInitTimeout        int    `name:"websocket-connection-init-timeout" env:"HASURA_GRAPHQL_WEBSOCKET_CONNECTION_INIT_TIMEOUT" default:"3" placeholder:"SECONDS" help:"How long a WebSocket client may take to say who it is."`
	SocketCompression        bool   `name:"websocket-compression" aliases:"connection-compression" env:"HASURA_GRAPHQL_CONNECTION_COMPRESSION" help:"Offer compression (permessage-deflate) on WebSockets."`
	SocketConnections        int    `name:"websocket-max-connections" env:"GATEHOUSE_WEBSOCKET_MAX_CONNECTIONS" default:"0" placeholder:"N" help:"How many WebSockets and event streams may be open at a time; clients are told to try again later. 0 means any number."`
	SocketConnectionsPerIP   int    `name:"websocket-max-connections-per-ip" env:"GATEHOUSE_WEBSOCKET_MAX_CONNECTIONS_PER_IP" default:"0" placeholder:"N" help:"How many of them one client address may have (see --trust-proxy-header); 0 means any number."`
	SocketOperations         int    `name:"websocket-max-operations" env:"GATEHOUSE_WEBSOCKET_MAX_OPERATIONS" default:"10000" placeholder:"N" help:"How many operations one WebSocket may have under way; 0 means any number."`
	CloseSockets             bool   `name:"close-websockets-on-metadata-change" env:"HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE" default:"true" negatable:"disable-close-websockets-on-metadata-change" help:"Close WebSockets when the metadata changes; otherwise their subscriptions start again."`
	QueryCacheSize           int    `name:"query-cache-size" env:"GATEHOUSE_QUERY_CACHE_SIZE" default:"32" placeholder:"MB" help:"Memory for the responses of queries with @cached; 0 keeps none."`
	QueryCacheMaxEntry       int    `name:"query-cache-max-entry-size" env:"HASURA_GRAPHQL_CACHE_MAX_ENTRY_SIZE" default:"1000" placeholder:"MB" help:"The largest response that @cached keeps, within the size above."`
	QueryCacheMaxTTL         int    `name:"query-cache-max-ttl" env:"HASURA_GRAPHQL_CACHE_MAX_ENTRY_TTL" default:"3600" placeholder:"SECONDS" help:"The longest that @cached keeps a response, whatever the query asks."`
	PersistedQueries         bool   `name:"enable-persisted-queries" env:"HASURA_GRAPHQL_ENABLE_PERSISTED_QUERIES" help:"Take automatic persisted queries: the SHA-256 of a text instead of it."`
	PersistedQueriesTTL      int    `name:"persisted-queries-ttl" env:"HASURA_GRAPHQL_PERSISTED_QUERIES_TTL" default:"5" placeholder:"SECONDS" help:"How long the text of a persisted query is kept after its last use."`
	RateLimitProcesses       int    `name:"rate-limit-processes" env:"GATEHOUSE_RATE_LIMIT_PROCESSES" default:"1" placeholder:"N" help:"How many processes share the callers: each admits its part of what api_limits lets through in a minute."`
	MaintenanceMode          bool   `name:"enable-maintenance-mode" env:"HASURA_GRAPHQL_ENABLE_MAINTENANCE_MODE" help:"Refuse metadata changes."`
}

// PoolSettings are the defaults of a source's connection pool.
type PoolSettings struct {
	Connections        int     `name:"connections" short:"c" env:"HASURA_GRAPHQL_PG_CONNECTIONS" default:"50" help:"Connections to a source, at most."`
	Timeout            int     `name:"timeout" env:"HASURA_GRAPHQL_PG_TIMEOUT" default:"180" placeholder:"SECONDS" help:"Close a connection that has been idle this long."`
	Lifetime           int     `name:"conn-lifetime" env:"HASURA_GRAPHQL_PG_CONN_LIFETIME" default:"600" placeholder:"SECONDS" help:"Close a connection at this age; 0 never."`
	PoolTimeout        float64 `name:"pool-timeout" env:"HASURA_GRAPHQL_PG_POOL_TIMEOUT" placeholder:"SECONDS" help:"How long a request may wait for a free connection; 0 as long as its client waits for it."`
	Prepared           bool    `name:"use-prepared-statements" env:"HASURA_GRAPHQL_USE_PREPARED_STATEMENTS" default:"true" negatable:"" help:"Use prepared statements."`
	ReplicaURLs        string  `name:"read-replica-urls" env:"HASURA_GRAPHQL_READ_REPLICA_URLS" placeholder:"URLS" help:"Comma list of read replicas of the source 'default', unless metadata names some."`
	ReplicaConnections int     `name:"connections-per-read-replica" env:"HASURA_GRAPHQL_CONNECTIONS_PER_READ_REPLICA" default:"50" help:"Connections to each of them, at most."`
	ReplicaLag         float64 `name:"read-replica-max-lag" env:"GATEHOUSE_READ_REPLICA_MAX_LAG" default:"30" placeholder:"SECONDS" help:"Read nothing from a replica that is further behind its primary."`
}

// IdentitySettings shape the identity half.
type IdentitySettings struct {
	DefaultRoleNames string `name:"user-default-role-names" env:"USER_DEFAULT_ROLE_NAMES" placeholder:"ROLES" help:"Comma list of roles that every new user gets; created at start when missing."`
	PoolSize         int    `name:"database-pool-size" env:"DATABASE_POOL_SIZE" default:"20" help:"Connections to the identity database, at most; the view of who may do what now has five of its own."`
	AuditDays        int    `name:"audit-retention-days" env:"GATEHOUSE_AUDIT_RETENTION_DAYS" placeholder:"N" help:"Delete entries of the audit log after this many days; 0 keeps them."`
	PwnedCheck       bool   `name:"breached-password-check" env:"GATEHOUSE_BREACHED_PASSWORD_CHECK" help:"Also ask the public breach database about new passwords (only a part of their hash leaves); bounded, and passed over when unreachable."`
}

// OperationSettings are about running the process.
type OperationSettings struct {
	Console       bool    `name:"enable-console" env:"HASURA_GRAPHQL_ENABLE_CONSOLE" default:"true" negatable:"" help:"Serve the console at /console."`
	Demo          bool    `name:"demo" env:"GATEHOUSE_DEMO" help:"Load the demo schema, roles and application, and serve /demo."`
	LogLevel      string  `name:"log-level" env:"HASURA_GRAPHQL_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
	LogTypes      string  `name:"enabled-log-types" env:"HASURA_GRAPHQL_ENABLED_LOG_TYPES" default:"startup,http-log,webhook-log,websocket-log,jwk-refresh-log" help:"Hasura's log types to write: startup, http-log, webhook-log, websocket-log, jwk-refresh-log, query-log, execution-log, livequery-poller-log, …"`
	LogQuery      bool    `name:"http-log-query-only-on-error" env:"HASURA_GRAPHQL_HTTP_LOG_QUERY_ONLY_ON_ERROR" help:"With query-log, put what was asked into http-log only when it failed."`
	MetricsSecret string  `name:"metrics-secret" env:"HASURA_GRAPHQL_METRICS_SECRET" placeholder:"SECRET" help:"Serves /v1/metrics to whoever sends this as bearer token. Without it, administrators may read them once metrics is among the enabled APIs."`
	MetricsLabels bool    `name:"metrics-enable-high-cardinality-labels" env:"HASURA_GRAPHQL_METRICS_ENABLE_HIGH_CARDINALITY_LABELS" default:"true" negatable:"" help:"Tell operations apart in metrics, by name and hash: 2,000 at most."`
	TraceRatio    float64 `name:"trace-sample-ratio" env:"GATEHOUSE_TRACE_SAMPLE_RATIO" default:"1" placeholder:"PART" help:"The part of the traces to export, 0 to 1, of requests whose callers decide nothing. Where to is metadata's opentelemetry object."`
	TracesQueries bool    `name:"trace-sql-query" env:"HASURA_GRAPHQL_ENABLE_QUERY_TRACING" help:"Put the text of operations and of their SQL into traces; never values of variables."`
	LogFormat     string  `name:"log-format" env:"GATEHOUSE_LOG_FORMAT" default:"auto" enum:"auto,json,text" help:"json, text, or auto: text on a terminal."`
}

// AcceptedSettings are understood, so that an existing command line or environment starts Gatehouse, and change nothing;
// the help text gives the reason.
type AcceptedSettings struct {
	ExtensionsSchema  string `name:"metadata-database-extensions-schema" env:"HASURA_GRAPHQL_METADATA_DATABASE_EXTENSIONS_SCHEMA" hidden:"" help:"No extension is installed in the metadata database."`
	NullInNonNullable string `name:"null-in-nonnullable-variables" env:"HASURA_GRAPHQL_BACKWARDS_COMPAT_NULL_IN_NONNULLABLE_VARIABLES" hidden:"" help:"Null for a non-nullable variable is an error."`
	MetadataDefaults  string `name:"metadata-defaults" env:"HASURA_GRAPHQL_METADATA_DEFAULTS" hidden:"" help:"The stored metadata is all there is."`
	Telemetry         string `name:"enable-telemetry" env:"HASURA_GRAPHQL_ENABLE_TELEMETRY" hidden:"" help:"Gatehouse never sends telemetry."`
	Stripes           int    `name:"stripes" short:"s" env:"HASURA_GRAPHQL_PG_STRIPES" hidden:"" help:"One pool per source; its size is --connections."`
	ConsoleAssets     string `name:"console-assets-dir" env:"HASURA_GRAPHQL_CONSOLE_ASSETS_DIR" hidden:"" help:"The console is inside the binary."`
	AdminPort         string `name:"admin-port" env:"ADMIN_PORT" hidden:"" help:"There is one console, on the port above."`
	ConsoleSentry     string `name:"console-sentry-dsn" env:"HASURA_CONSOLE_SENTRY_DSN" hidden:"" help:"The console reports to nobody."`
	MigrationsPort    string `name:"migrations-server-port" env:"HASURA_GRAPHQL_MIGRATIONS_SERVER_PORT" hidden:"" help:"Migrations are applied in this process, which needs no second port."`
	MigrationsTimeout string `name:"migrations-server-timeout" env:"HASURA_GRAPHQL_MIGRATIONS_SERVER_TIMEOUT" hidden:"" help:"Migrations are applied in this process, which waits for no other."`
	MigrationsURL     string `name:"migrations-database-url" env:"HASURA_GRAPHQL_MIGRATIONS_DATABASE_URL" hidden:"" help:"Migrations run on their source's own connection."`
	MigrationsURLName string `name:"migrations-database-env-var" env:"HASURA_GRAPHQL_MIGRATIONS_DATABASE_ENV_VAR" hidden:"" help:"Migrations run on their source's own connection."`
	CLIEnvironment    string `name:"cli-environment" env:"HASURA_GRAPHQL_CLI_ENVIRONMENT" hidden:"" help:"No other program applies the project."`
}

// Version is set by the linker.
var Version = "devel"

// unheeded names the settings of a that were given although they change nothing, where the operator may count on them.
func (a *AcceptedSettings) unheeded() []string {
	var names []string
	for _, s := range []struct{ value, name string }{
		{a.NullInNonNullable, "null-in-nonnullable-variables"}, {a.MetadataDefaults, "metadata-defaults"},
	} {
		if s.value != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// UnknownVariables are the names in environ that begin as ours or Hasura's do but that no setting has: most likely a
// misspelling, or something Gatehouse does not do yet.
func UnknownVariables(environ []string, known []string) []string {
	var unknown []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if (strings.HasPrefix(name, "HASURA_GRAPHQL_") || strings.HasPrefix(name, "GATEHOUSE_")) && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// halves tells which halves run.
func (s *Settings) halves() (data, identity bool) {
	return s.Listening.Only != "identity", s.Listening.Only != "data"
}

// ports resolves --port, --identity-port and Logto's PORT. identity is 0 when that half has no port of its own.
func (l *ListeningSettings) ports() (port, identity int, err error) {
	port = 8080
	switch {
	case l.Port != nil:
		port = *l.Port
	case l.LogtoPort != nil:
		port = *l.LogtoPort
	}
	switch {
	case l.IdentityPort != nil:
		identity = *l.IdentityPort
	case l.LogtoPort != nil && *l.LogtoPort != port:
		identity = *l.LogtoPort
	}
	if identity == port || l.Only != "" {
		identity = 0
	}
	for _, p := range []int{port, identity} {
		if p < 0 || p > 65535 {
			return 0, 0, fmt.Errorf("%d is not a port number", p)
		}
	}
	return port, identity, nil
}

// isEmbedded tells whether no database is named, so that the embedded Postgres is used.
func (d *DatabaseSettings) isEmbedded(identity bool) bool {
	// The identity half alone falls back to the engine's databases, so Hasura's variables count for either half.
	return d.DatabaseURL == "" && d.HasuraDatabaseURL == "" && d.MetadataURL == "" && (!identity || d.LogtoURL == "")
}

// lookupEnv is the environment as metadata's {from_env} sees it.
func lookupEnv(overrides map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := overrides[name]; ok {
			return v, true
		}
		return os.LookupEnv(name)
	}
}
