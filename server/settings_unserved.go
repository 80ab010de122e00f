package server

import (
	"os"
	"reflect"
	"slices"
	"strings"
)

// UnservedSettings are Hasura's settings of what Gatehouse does not serve yet, or does differently: an existing command
// line or environment starts it, and a warning at start names those that were given. The help text says what there is
// instead.
type UnservedSettings struct {
	EventsPool         string `name:"events-http-pool-size" env:"HASURA_GRAPHQL_EVENTS_HTTP_POOL_SIZE" hidden:"" help:"Event triggers are kept, not run."`
	EventsInterval     string `name:"events-fetch-interval" env:"HASURA_GRAPHQL_EVENTS_FETCH_INTERVAL" hidden:"" help:"Event triggers are kept, not run."`
	EventsBatch        string `name:"events-fetch-batch-size" env:"HASURA_GRAPHQL_EVENTS_FETCH_BATCH_SIZE" hidden:"" help:"Event triggers are kept, not run."`
	TriggersErrorLevel bool   `name:"enable-triggers-error-log-level" env:"HASURA_GRAPHQL_ENABLE_TRIGGERS_ERROR_LOG_LEVEL" hidden:"" help:"Event triggers are kept, not run."`
	ActionsInterval    string `name:"async-actions-fetch-interval" env:"HASURA_GRAPHQL_ASYNC_ACTIONS_FETCH_INTERVAL" hidden:"" help:"Actions are kept, not run."`
	ActionsBatch       string `name:"async-actions-fetch-batch-size" env:"HASURA_GRAPHQL_ASYNC_ACTIONS_FETCH_BATCH_SIZE" hidden:"" help:"Actions are kept, not run."`
	HeaderPrecedence   bool   `name:"configured-header-precedence" env:"HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE" hidden:"" help:"Actions are kept, not run."`
	RemotePermissions  bool   `name:"enable-remote-schema-permissions" env:"HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS" hidden:"" help:"Remote schemas are kept, not served; shown in /v1alpha1/config."`
	RemoteSkipNulls    bool   `name:"remote-schema-skip-nulls" env:"HASURA_GRAPHQL_REMOTE_SCHEMA_SKIP_NULLS" hidden:"" help:"Remote schemas are kept, not served."`
	RemotePrioritise   bool   `name:"remote-schema-prioritize-data" env:"HASURA_GRAPHQL_REMOTE_SCHEMA_PRIORITIZE_DATA" hidden:"" help:"Remote schemas are kept, not served."`
	NoNativeValidation bool   `name:"disable-native-query-validation" env:"HASURA_GRAPHQL_DISABLE_NATIVE_QUERY_VALIDATION" hidden:"" help:"The database judges native queries always."`
	MetadataLogging    bool   `name:"enable-metadata-query-logging" env:"HASURA_GRAPHQL_ENABLE_METADATA_QUERY_LOGGING" hidden:"" help:"Bodies of requests are never logged."`
	LogCompression     bool   `name:"enable-log-compression" env:"HASURA_GRAPHQL_ENABLE_LOG_COMPRESSION" hidden:"" help:"Logs are plain."`
	License            string `name:"ee-license-key" env:"HASURA_GRAPHQL_EE_LICENSE_KEY" hidden:"" help:"Nothing needs a license."`
	RedisURL           string `name:"redis-url" env:"HASURA_GRAPHQL_REDIS_URL,HASURA_GRAPHQL_REDIS_CLUSTER_URL,HASURA_GRAPHQL_RATE_LIMIT_REDIS_URL,HASURA_GRAPHQL_RATE_LIMIT_REDIS_CLUSTER_URL" hidden:"" help:"Responses are cached, and rates counted, in memory: see --query-cache-size and --rate-limit-processes."`
	CacheSize          string `name:"max-cache-size" env:"HASURA_GRAPHQL_MAX_CACHE_SIZE" hidden:"" help:"See --query-cache-size."`
	TraceSampling      string `name:"trace-sampling" env:"HASURA_GRAPHQL_TRACE_SAMPLING" hidden:"" help:"See --trace-sample-ratio."`
	SSOProviders       string `name:"sso-providers" env:"HASURA_GRAPHQL_SSO_PROVIDERS" hidden:"" help:"The console signs in with the identity half."`
	CertificatePath    string `name:"pg-ssl-certificate-path" env:"HASURA_GRAPHQL_PG_SSL_CERTIFICATE_PATH" hidden:"" help:"Connection URLs name certificate files: sslrootcert, sslcert, sslkey."`
}

// given names the settings that were given, by flag or environment: false and empty ones change nothing anywhere.
func (u *UnservedSettings) given() []string {
	var names []string
	v := reflect.ValueOf(u).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		tag := v.Type().Field(i).Tag
		name := "--" + tag.Get("name")
		for env := range strings.SplitSeq(tag.Get("env"), ",") {
			if os.Getenv(env) != "" {
				name = env
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
