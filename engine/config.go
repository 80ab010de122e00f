package engine

import (
	"context"
	"log/slog"
	"time"

	"gatehouse/engine/admin"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/telemetry"
)

// Config is everything the data half is told. server reads it from flags and the environment.
type Config struct {
	// MetadataURL is the database that holds hdb_catalog.
	MetadataURL string
	// OwnURLs are further databases with Gatehouse's own data, which SQL of those who may not see it must not reach.
	OwnURLs []string
	// Changed is told of what operators have changed by commands, and callers in the console by mutations, when it is
	// committed and before they are answered; optional.
	Changed func(ctx context.Context, c admin.Change)
	// DefaultSourceURL is the database of the source "default", made on the first start; "" makes none. The document
	// names it by the variable DefaultSourceEnv ("" is HASURA_GRAPHQL_DATABASE_URL), so that it can move.
	DefaultSourceURL, DefaultSourceEnv string
	// LookupEnv resolves {from_env} in metadata; nil resolves nothing but DefaultSourceEnv.
	LookupEnv func(name string) (string, bool)
	// FilePrefix is where {dynamic_from_file} may point (DYNAMIC_SECRETS_ALLOWED_PATH_PREFIX); "" allows no file.
	FilePrefix string

	// Session says who may call.
	Session *session.Config
	Deps    session.Deps

	// Options change what is served.
	Options schema.Options
	// Pool sizes the default source's pool; zero fields mean Hasura's defaults (50, 180 s, 600 s), a negative lifetime
	// that connections are never too old.
	MaxConnections            int
	IdleTimeout, ConnLifetime time.Duration
	// PoolTimeout bounds how long a request waits for a connection of the default source; 0 does not.
	PoolTimeout time.Duration
	// ReplicaURLs are the read replicas of the default source, unless the metadata names some, ReplicaConnections the size
	// of each one's pool, 0 for Hasura's default.
	ReplicaURLs        []string
	ReplicaConnections int
	// MaxReplicaLag is how far any source's replica may be behind; 0 is 30 s.
	MaxReplicaLag time.Duration
	// WithoutPreparedStatements holds for the default source unless metadata says otherwise: for transaction poolers.
	WithoutPreparedStatements bool
	// MaintenanceMode refuses to change the metadata.
	MaintenanceMode                                       bool
	IsolationLevel                                        string        // "", "read-committed", "repeatable-read", "serializable"
	SchemaSyncPollInterval                                time.Duration // 0 leaves only notifications
	SchemaWatchInterval                                   time.Duration // how often sources are looked at for changes by others; 0 never
	EnabledAPIs                                           []string      // nil means Hasura's default
	CORSDomains                                           string        // "" means "*"
	DisableCORS                                           bool
	EnableAllowList                                       bool
	EnableRemoteSchemaPermissions, EnableApolloFederation bool
	DevMode, HideInternalErrorsFromAdmin                  bool
	PreserveUnauthorized                                  bool
	ConsoleAssetsDir                                      string
	ExperimentalFeatures                                  []string
	// LiveQueries and Streams say how subscriptions poll; zero fields mean 1 s and batches of 100.
	LiveQueries, Streams subscription.Polling
	// FollowChanges has subscriptions ask when what they read has changed, where the source's login may replicate; needs
	// SchemaWatchInterval. FollowURL is another login to do it with on the default source's database, FollowMaxWAL how many
	// bytes of its log may be kept back for it; 0 is 256 MiB.
	FollowChanges bool
	FollowURL     string
	FollowMaxWAL  int64
	// SocketKeepAlive and SocketInitTimeout are 0 for none.
	SocketKeepAlive, SocketInitTimeout time.Duration
	SocketCompression                  bool
	// SocketConnections bounds the WebSockets and event streams that are open at a time, SocketConnectionsPerIP those of one
	// client, and SocketOperations what one connection has under way; 0 means any number.
	SocketConnections, SocketConnectionsPerIP, SocketOperations int
	// SocketReadCookie reads cookies on a handshake even with CORS disabled.
	SocketReadCookie bool
	// KeepSocketsOnMetadataChange restarts subscriptions where Hasura's default closes the connection.
	KeepSocketsOnMetadataChange bool
	// Responses bounds the cache of responses to queries with @cached; the zero value keeps none.
	Responses ResponseCache
	// PersistedQueriesTTL is how long the text of an automatic persisted query is kept after its last use; 0 refuses them.
	PersistedQueriesTTL time.Duration
	// MaxBody bounds request bodies, in bytes; 0 means transport's default.
	MaxBody int64
	// RateLimitProcesses is how many processes share the callers: each admits its part of a limit; 0 is one.
	RateLimitProcesses int
	Version            string
	Log                *slog.Logger
	// Lines takes what Hasura has log types for; nil drops it.
	Lines *telemetry.Log
	// Metrics counts; nil counts nothing.
	Metrics *telemetry.Metrics
	// OTLP exports what metadata's opentelemetry object says; nil exports nothing.
	OTLP *telemetry.OTLP
	// TracesQueries puts operations and their SQL into spans (Hasura: ENABLE_QUERY_TRACING); never values of variables.
	TracesQueries bool
}

// schemaOptions are the options of the model.
func (c *Config) schemaOptions() schema.Options {
	o := c.Options
	o.ApolloFederation = c.EnableApolloFederation || o.Experimental["apollo_federation"]
	return o
}
