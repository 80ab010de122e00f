package engine

import (
	"context"
	"crypto/sha256"
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

	"gatehouse/engine/admin"
	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
	"gatehouse/telemetry"
)

// connection is how a server is reached, worked out from its settings.
type connection struct {
	pool    *pgxpool.Config
	timeout time.Duration
	retries int
	// isDefault: it is that of the default source's database.
	isDefault bool
	// watched is told of its connections; nil is not.
	watched *telemetry.Pool
	// login is the file to log in with, if that is how; opened pools are watched with it.
	login *login
	// key tells whether the settings changed. Of a login that is read from a file it says nothing: that one may change
	// while the pool stays.
	key string
}

// connectError is why a server cannot be reached: the reason as Hasura words it, and what the driver said, which names
// no password.
type connectError struct{ message string }

func (e *connectError) Error() string { return "connection error" }

// messageOf is the message of an inconsistency: more than the reason, where there is more.
func messageOf(err error) any {
	var c *connectError
	if errors.As(err, &c) {
		return c.message
	}
	return nil
}

func isUnsupported(err error) bool {
	var u unsupportedError
	return errors.As(err, &u)
}

// connectionURL resolves where a source is.
func (c *Config) connectionURL(info *metadata.ConnectionInfo) (string, error) {
	switch {
	case info.FromEnv != "":
		return c.environment(info.FromEnv)
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

// environment is the value of a variable that metadata names.
func (c *Config) environment(name string) (string, error) {
	if name == c.sourceEnv() && c.DefaultSourceURL != "" {
		return c.DefaultSourceURL, nil
	}
	if c.LookupEnv != nil {
		if v, ok := c.LookupEnv(name); ok && v != "" {
			return v, nil
		}
	}
	return "", fmt.Errorf("environment variable '%s' not set", name)
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

// The bounds of a pool where the metadata says nothing, Hasura's.
const (
	defaultMaxConnections = 50
	defaultIdleTimeout    = 180 * time.Second
	defaultLifetime       = 600 * time.Second
	defaultRetries        = 1
	// maxPool is more than any Postgres serves.
	maxPool = 10_000
	// cancelTimeout is how long Postgres may take to end a statement that nobody waits for any more, having been asked to;
	// then the connection is given up.
	cancelTimeout = 5 * time.Second
	// forever is a lifetime that is never reached.
	forever = 100 * 365 * 24 * time.Hour
)

// connection works out how a server is reached.
func (c *Config) connection(info *metadata.ConnectionInfo) (*connection, error) {
	text, err := c.connectionURL(info)
	if err != nil {
		return nil, err
	}
	cfg, err := parseConnection(text)
	if err != nil {
		return nil, &connectError{"the connection string cannot be read"}
	}
	conn := &connection{pool: cfg}
	isDefault := text == c.DefaultSourceURL
	conn.isDefault = isDefault
	c.size(conn, info.PoolSettings, isDefault)
	withoutPrepared := isDefault && c.WithoutPreparedStatements
	if info.UsePreparedStatements != nil {
		withoutPrepared = !*info.UsePreparedStatements
	}
	if withoutPrepared {
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	where := text
	if info.FromFile != "" { // as the file has it: encryption is told apart by itself
		where = withoutLogin(cfg.ConnConfig, info.FromFile)
	}
	cfg.ConnConfig.OnNotice = admin.Notice
	encryption, err := c.encrypt(cfg.ConnConfig, info.SSLConfiguration)
	if err != nil {
		return nil, err
	}
	if info.FromFile != "" {
		conn.login = &login{file: info.FromFile, where: where, last: sha256.Sum256([]byte(text))}
		cfg.BeforeConnect = c.freshLogin(info.FromFile, where)
	}
	conn.key = fmt.Sprintf("%q %d %s %s %s %s %d %s", where, cfg.MaxConns, cfg.MaxConnIdleTime, cfg.MaxConnLifetime,
		cfg.ConnConfig.DefaultQueryExecMode, conn.timeout, conn.retries, encryption)
	return conn, nil
}

// size sets the bounds of a pool: the metadata's, else the operator's for the default source, else Hasura's.
func (c *Config) size(conn *connection, p *metadata.PoolSettings, isDefault bool) {
	if p == nil {
		p = &metadata.PoolSettings{}
	}
	cfg := conn.pool
	cfg.MaxConns, cfg.MaxConnIdleTime, cfg.MaxConnLifetime, conn.retries = defaultMaxConnections, defaultIdleTimeout, defaultLifetime, defaultRetries
	if isDefault {
		if c.MaxConnections > 0 {
			cfg.MaxConns = int32(min(c.MaxConnections, maxPool))
		}
		if c.IdleTimeout > 0 {
			cfg.MaxConnIdleTime = c.IdleTimeout
		}
		switch {
		case c.ConnLifetime > 0:
			cfg.MaxConnLifetime = c.ConnLifetime
		case c.ConnLifetime < 0:
			cfg.MaxConnLifetime = forever
		}
		conn.timeout = c.PoolTimeout
	}
	if p.MaxConnections != nil && *p.MaxConnections > 0 {
		cfg.MaxConns = int32(min(*p.MaxConnections, maxPool))
	}
	if p.TotalMaxConnections != nil && *p.TotalMaxConnections > 0 { // how many processes there are is not known
		cfg.MaxConns = min(cfg.MaxConns, int32(min(*p.TotalMaxConnections, maxPool)))
	}
	if p.IdleTimeout != nil && *p.IdleTimeout > 0 {
		cfg.MaxConnIdleTime = time.Duration(*p.IdleTimeout) * time.Second
	}
	if p.Retries != nil && *p.Retries >= 0 {
		conn.retries = min(*p.Retries, 100)
	}
	if p.PoolTimeout != nil && *p.PoolTimeout > 0 {
		conn.timeout = seconds(*p.PoolTimeout)
	}
	switch l := p.ConnectionLifetime; {
	case l != nil && *l == 0: // Hasura: never destroy an active connection
		cfg.MaxConnLifetime = forever
	case l != nil && *l > 0:
		cfg.MaxConnLifetime = seconds(*l)
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, forever.Seconds()) * float64(time.Second))
}

// open makes the pool and proves that the server answers.
func (conn *connection) open(ctx context.Context) (execute.Database, error) {
	db, err := conn.pooled(ctx)
	if err != nil {
		return db, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.Ping(ctx); err != nil {
		db.Multiplexer.Close()
		db.Pool.Close()
		return db, &connectError{err.Error()}
	}
	return db, nil
}

// pooled makes the pool, which connects when it is first used.
func (conn *connection) pooled(ctx context.Context) (execute.Database, error) {
	conn.timeConnecting()
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), conn.pool)
	if err != nil {
		return execute.Database{}, &connectError{err.Error()}
	}
	return execute.Database{
		Pool: pool, Multiplexer: execute.NewMultiplexer(pool),
		Acquiring: execute.Acquiring{Timeout: conn.timeout, Retries: conn.retries, Watched: conn.watched},
	}, nil
}

// logins are the files to watch for an opened pool.
func (conn *connection) logins(db execute.Database) []*login {
	if conn.login == nil {
		return nil
	}
	l := *conn.login
	l.database = db
	return []*login{&l}
}
