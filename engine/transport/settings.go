package transport

import (
	"net/http"

	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// Settings are what GET /v1alpha1/config shows.
type Settings struct {
	Auth                                              session.Description
	InferFunctionPermissions, RemoteSchemaPermissions bool
	AllowListEnabled, ApolloFederation                bool
	LiveQueries, StreamingQueries                     Polling
	ConsoleAssetsDir                                  string
	ExperimentalFeatures                              []string
	DefaultNamingConvention                           string
}

// Polling is how subscriptions of one kind are polled; the delay is in seconds.
type Polling struct {
	BatchSize    int     `json:"batch_size"`
	RefetchDelay float64 `json:"refetch_delay"`
}

// config serves /v1alpha1/config (Hasura: Server/API/Config), which its console and CLI read.
func (h *Handler) config(w http.ResponseWriter, r *http.Request) {
	if _, ok := h.admin(w, r, session.ScopeOperations); !ok {
		return
	}
	c := h.Settings()
	features := c.ExperimentalFeatures
	if features == nil {
		features = []string{}
	}
	var assets *string
	if c.ConsoleAssetsDir != "" {
		assets = &c.ConsoleAssetsDir
	}
	naming := c.DefaultNamingConvention
	if naming == "" {
		naming = "hasura-default"
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		Version                  string                   `json:"version"`
		InferFunctionPermissions bool                     `json:"is_function_permissions_inferred"`
		RemoteSchemaPermissions  bool                     `json:"is_remote_schema_permissions_enabled"`
		IsAdminSecretSet         bool                     `json:"is_admin_secret_set"`
		IsAuthHookSet            bool                     `json:"is_auth_hook_set"`
		IsJWTSet                 bool                     `json:"is_jwt_set"`
		JWT                      []session.JWTDescription `json:"jwt"`
		AllowListEnabled         bool                     `json:"is_allow_list_enabled"`
		LiveQueries              Polling                  `json:"live_queries"`
		StreamingQueries         Polling                  `json:"streaming_queries"`
		ConsoleAssetsDir         *string                  `json:"console_assets_dir"`
		ExperimentalFeatures     []string                 `json:"experimental_features"`
		IsPrometheusEnabled      bool                     `json:"is_prometheus_metrics_enabled"`
		DefaultNamingConvention  string                   `json:"default_naming_convention"`
		FeatureFlags             []struct{}               `json:"feature_flags"`
		ApolloFederation         bool                     `json:"is_apollo_federation_enabled"`
	}{
		session.HasuraVersion, c.InferFunctionPermissions, c.RemoteSchemaPermissions, c.Auth.IsAdminSecretSet, c.Auth.IsAuthHookSet,
		c.Auth.IsJWTSet, c.Auth.JWT, c.AllowListEnabled, c.LiveQueries, c.StreamingQueries, assets, features, h.HasAPI("metrics"), naming,
		[]struct{}{},
		c.ApolloFederation,
	})
}
