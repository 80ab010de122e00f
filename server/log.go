package server

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"gatehouse/telemetry"
)

// newLogger writes JSON lines, or text where a person watches.
func newLogger(s *OperationSettings, out io.Writer) *telemetry.Log {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}[s.LogLevel]
	return telemetry.NewLog(telemetry.LogConfig{
		Out: out, Level: level, Types: list(s.LogTypes), QueryOnlyOnError: s.LogQuery, Text: s.LogFormat == "text" || s.LogFormat == "auto" && isTerminal(out),
	})
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// startupLine is the detail of a startup line (Hasura: Server/Logging, StartupLog).
type startupLine struct {
	Kind string `json:"kind"`
	Info any    `json:"info"`
}

// logStart writes the configuration, and none of its secrets.
func (s *Settings) logStart(ctx context.Context, lines *telemetry.Log) {
	type cors struct {
		AllowedOrigins string `json:"allowed_origins"`
		Disabled       bool   `json:"disabled"`
	}
	type polling struct {
		BatchSize    int     `json:"batch_size"`
		RefetchDelay float64 `json:"refetch_delay"`
	}
	if lines.ForPeople() {
		return
	}
	port, _, _ := s.Listening.ports() // a wrong one is told when it is opened
	lines.Write(ctx, telemetry.StartupLog, slog.LevelInfo, startupLine{"server_configuration", struct {
		Version        string   `json:"version"`
		Port           int      `json:"port"`
		AdminSecretSet bool     `json:"admin_secret_set"`
		AuthHookSet    bool     `json:"auth_hook_set"`
		JWTSecretSet   bool     `json:"jwt_secret_set"`
		UnauthRole     string   `json:"unauth_role,omitempty"`
		CORS           cors     `json:"cors_config"`
		Console        bool     `json:"enable_console"`
		APIs           []string `json:"enabled_apis"`
		LogTypes       []string `json:"enabled_log_types"`
		LogLevel       string   `json:"log_level"`
		LiveQueries    polling  `json:"live_query_options"`
		Streams        polling  `json:"streaming_query_options"`
		AllowList      bool     `json:"enable_allowlist"`
		DevMode        bool     `json:"dev_mode"`
		Prepared       bool     `json:"use_prepared_statements"`
		TxIsolation    string   `json:"transaction_isolation"`
		Experimental   []string `json:"experimental_features"`
	}{
		Version, port, s.Secrets.AdminSecret != "" || !s.Secrets.Insecure, s.Secrets.AuthHook != "", s.Secrets.JWTSecret+s.Secrets.JWTSecrets != "", s.Secrets.UnauthorizedRole,
		cors{s.Listening.CORSDomain, s.Listening.DisableCORS},
		s.Operations.Console, list(s.Engine.EnabledAPIs), list(s.Operations.LogTypes), s.Operations.LogLevel,
		polling{s.Engine.LiveQueryBatch, float64(s.Engine.LiveQueryInterval) / 1000},
		polling{s.Engine.StreamBatch, float64(s.Engine.StreamInterval) / 1000},
		s.Engine.AllowList, s.Engine.DevMode, s.Pools.Prepared, s.Engine.TxIsolation, list(s.Engine.ExperimentalFeatures),
	}})
}

// logReady writes that requests are served.
func (sv *Server) logReady(ctx context.Context, took time.Duration) {
	if sv.lines.ForPeople() {
		sv.log.InfoContext(ctx, "ready", "port", sv.port, "version", Version, "took", took)
		return
	}
	type info struct {
		Message string  `json:"message"`
		Took    float64 `json:"time_taken"`
		Port    int     `json:"port"`
		Version string  `json:"version"`
	}
	sv.lines.Write(ctx, telemetry.StartupLog, slog.LevelInfo, startupLine{"server", info{"Starting API server", took.Seconds(), sv.port, Version}})
}
