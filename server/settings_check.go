package server

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gatehouse/engine/transport"
)

// What comma lists may name (Hasura: Server/Init/Config, Server/Types, Logging).
var (
	apis         = []string{"metadata", "graphql", "pgdump", "developer", "config", "metrics"}
	experimental = []string{
		"inherited_roles", "optimize_permission_filters", "naming_convention", "streaming_subscriptions", "apollo_federation",
		"hide_update_many_fields", "bigquery_string_numeric_input", "hide_aggregation_predicates", "hide_stream_fields",
		"group_by_aggregations", "disable_postgres_arrays", "no_null_unbound_variable_default", "remove_empty_subscription_responses",
	}
	logTypes = []string{
		"startup", "http-log", "webhook-log", "websocket-log", "query-log", "execution-log", "livequery-poller-log", "action-handler-log",
		"data-connector-log", "jwk-refresh-log", "validate-insert-input-log",
	}
)

// Validate checks what a type cannot say, before anything starts. The command line calls it.
func (s *Settings) Validate() error {
	for _, l := range []struct {
		text, name string
		known      []string
	}{
		{s.Engine.EnabledAPIs, "enabled-apis", apis},
		{s.Engine.ExperimentalFeatures, "experimental-features", experimental},
		{s.Operations.LogTypes, "enabled-log-types", logTypes},
	} {
		for _, item := range list(l.text) {
			if !slices.Contains(l.known, item) {
				return fmt.Errorf("--%s: %q is none of %s", l.name, item, strings.Join(l.known, ", "))
			}
		}
	}
	if _, err := transport.ParseCORS(s.Listening.CORSDomain, s.Listening.DisableCORS); err != nil {
		return fmt.Errorf("--cors-domain: %w; scheme and port belong to it, as in https://*.example.com:8443", err)
	}
	if part := s.Operations.TraceRatio; part > 1 {
		return fmt.Errorf("--trace-sample-ratio: expected a number from 0 to 1 but got %v", part)
	}
	for _, group := range []any{s.Listening, s.Database, s.Engine, s.Pools, s.Identity, s.Operations} {
		if err := notNegative(reflect.ValueOf(group)); err != nil {
			return err
		}
	}
	return nil
}

// notNegative: no number among the settings means anything below zero.
func notNegative(group reflect.Value) error {
	for i := range group.NumField() {
		if f := group.Field(i); f.CanInt() && f.Int() < 0 || f.CanFloat() && f.Float() < 0 {
			return fmt.Errorf("--%s: expected a number that is not negative but got %v", group.Type().Field(i).Tag.Get("name"), f.Interface())
		}
	}
	return nil
}
