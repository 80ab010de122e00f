package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
)

// source is an open database of the metadata. One whose connection settings do not change outlives snapshots.
type source struct {
	pool *pgxpool.Pool
	// shared are the pool's connections for many requests at once; nil where there are none.
	shared *execute.Multiplexer
	// key is everything the pool was made from.
	key string
}

// defaultSourceEnv is how the source "default" is named where the operator gave no other name.
const defaultSourceEnv = "HASURA_GRAPHQL_DATABASE_URL"

func (c *Config) sourceEnv() string {
	if c.DefaultSourceEnv != "" {
		return c.DefaultSourceEnv
	}
	return defaultSourceEnv
}

// firstMetadata is the document of a new catalog: the source "default", if the operator gave one, as Hasura writes it.
func (c *Config) firstMetadata() *metadata.Metadata {
	var m metadata.Metadata
	if c.DefaultSourceURL == "" {
		return &m
	}
	number := func(n int) *int { return &n }
	yes := true
	m.Sources = []*metadata.Source{{
		Name: metadata.DefaultSource, Kind: "postgres",
		Configuration: metadata.SourceConfiguration{ConnectionInfo: metadata.ConnectionInfo{
			FromEnv:               c.sourceEnv(),
			UsePreparedStatements: &yes,
			PoolSettings: &metadata.PoolSettings{
				ConnectionLifetime: number(600), IdleTimeout: number(180), MaxConnections: number(50), Retries: number(1),
			},
		}},
	}}
	return &m
}

// connectionURL resolves where a source is.
func (c *Config) connectionURL(info *metadata.ConnectionInfo) (string, error) {
	switch {
	case info.FromEnv != "":
		if info.FromEnv == c.sourceEnv() && c.DefaultSourceURL != "" {
			return c.DefaultSourceURL, nil
		}
		if c.LookupEnv != nil {
			if v, ok := c.LookupEnv(info.FromEnv); ok && v != "" {
				return v, nil
			}
		}
		return "", fmt.Errorf("environment variable '%s' not set", info.FromEnv)
	case info.FromFile != "":
		return c.readSecret(info.FromFile)
	case info.Parameters != nil:
		p := info.Parameters
		u := url.URL{Scheme: "postgresql", Host: p.Host + ":" + strconv.Itoa(p.Port), Path: "/" + p.Database, User: url.User(p.Username)}
		if p.Password != "" {
			u.User = url.UserPassword(p.Username, p.Password)
		}
		return u.String(), nil
	default:
		return info.URL, nil
	}
}

// readSecret reads a connection string from a file below the allowed directory.
func (c *Config) readSecret(path string) (string, error) {
	if c.FilePrefix == "" || !filepath.IsAbs(path) {
		return "", errors.New("dynamic_from_file is not allowed: no directory is set for it")
	}
	clean, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the file of dynamic_from_file: %s", path)
	}
	if rel, err := filepath.Rel(c.FilePrefix, clean); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return "", fmt.Errorf("the file of dynamic_from_file is outside the allowed directory: %s", path)
	}
	data, err := os.ReadFile(clean)
	if err != nil {
		return "", fmt.Errorf("cannot read the file of dynamic_from_file: %s", path)
	}
	return strings.TrimSpace(string(data)), nil
}

// openSource connects to a source's database. Its error is shown to administrators and names no password.
func (c *Config) openSource(ctx context.Context, s *metadata.Source) (*source, error) {
	key, cfg, err := c.poolConfig(s)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, fmt.Errorf("connection error: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connection error: %w", err)
	}
	return &source{pool: pool, shared: execute.NewMultiplexer(pool), key: key}, nil
}

// close waits for the requests that run.
func (s *source) close() {
	s.shared.Close()
	s.pool.Close()
}

// poolConfig is a source's connection settings and a key that tells whether they changed.
func (c *Config) poolConfig(s *metadata.Source) (key string, cfg *pgxpool.Config, err error) {
	info := &s.Configuration.ConnectionInfo
	conn, err := c.connectionURL(info)
	if err != nil {
		return "", nil, err
	}
	cfg, err = pgxpool.ParseConfig(conn)
	if err != nil {
		return "", nil, errors.New("connection error: the connection string cannot be read")
	}
	cfg.MaxConns, cfg.MaxConnIdleTime, cfg.MaxConnLifetime = 50, 180*time.Second, 600*time.Second
	if conn == c.DefaultSourceURL {
		if c.MaxConnections > 0 {
			cfg.MaxConns = int32(min(c.MaxConnections, 10_000))
		}
		if c.IdleTimeout > 0 {
			cfg.MaxConnIdleTime = c.IdleTimeout
		}
		if c.ConnLifetime > 0 {
			cfg.MaxConnLifetime = c.ConnLifetime
		}
	}
	if p := info.PoolSettings; p != nil {
		if p.MaxConnections != nil && *p.MaxConnections > 0 {
			cfg.MaxConns = int32(min(*p.MaxConnections, 10_000))
		}
		if p.IdleTimeout != nil && *p.IdleTimeout > 0 {
			cfg.MaxConnIdleTime = time.Duration(*p.IdleTimeout) * time.Second
		}
		if p.ConnectionLifetime != nil && *p.ConnectionLifetime > 0 {
			cfg.MaxConnLifetime = time.Duration(*p.ConnectionLifetime) * time.Second
		}
	}
	withoutPrepared := conn == c.DefaultSourceURL && c.WithoutPreparedStatements
	if info.UsePreparedStatements != nil {
		withoutPrepared = !*info.UsePreparedStatements
	}
	if withoutPrepared {
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if _, set := cfg.ConnConfig.RuntimeParams["application_name"]; !set {
		cfg.ConnConfig.RuntimeParams["application_name"] = "gatehouse"
	}
	key = fmt.Sprintf("%s %d %s %s %s", conn, cfg.MaxConns, cfg.MaxConnIdleTime, cfg.MaxConnLifetime, cfg.ConnConfig.DefaultQueryExecMode)
	return key, cfg, nil
}
