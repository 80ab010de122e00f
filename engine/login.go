package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/execute"
	"gatehouse/worker"
)

// withoutLogin describes where a connection leads, whoever logs in. file is where it was read.
func withoutLogin(c *pgx.ConnConfig, file string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s:%d/%s tls=%v", file, c.Host, c.Port, c.Database, c.TLSConfig != nil)
	for _, f := range c.Fallbacks {
		fmt.Fprintf(&b, " %s:%d tls=%v", f.Host, f.Port, f.TLSConfig != nil)
	}
	for _, name := range slices.Sorted(maps.Keys(c.RuntimeParams)) {
		fmt.Fprintf(&b, " %s=%s", name, c.RuntimeParams[name])
	}
	return b.String()
}

// freshLogin reads a file again before every connection that is made, so that rotated credentials count from the next one
// on. When the file has come to lead elsewhere no connection is made any more: the source is opened anew (watchLogins).
func (c *Config) freshLogin(file, where string) func(context.Context, *pgx.ConnConfig) error {
	return func(_ context.Context, conn *pgx.ConnConfig) error {
		now, err := c.readLogin(file)
		if err != nil {
			return err
		}
		if withoutLogin(now, file) != where {
			return errors.New("the file of dynamic_from_file names another database now")
		}
		conn.User, conn.Password = now.User, now.Password
		return nil
	}
}

func (c *Config) readLogin(file string) (*pgx.ConnConfig, error) {
	text, err := c.readSecret(file)
	if err != nil {
		return nil, err
	}
	cfg, err := parseConnection(text)
	if err != nil {
		return nil, errors.New("the connection string of dynamic_from_file cannot be read")
	}
	return cfg.ConnConfig, nil
}

// parseConnection reads a connection string as the pools of sources do.
func parseConnection(text string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, err
	}
	if _, set := cfg.ConnConfig.RuntimeParams["application_name"]; !set {
		cfg.ConnConfig.RuntimeParams["application_name"] = "gatehouse"
	}
	return cfg, nil
}

// loginInterval is how often files with logins are looked at.
const loginInterval = 2 * time.Second

// login is a file that a pool's connections log in with.
type login struct {
	file, where string
	database    execute.Database
	// last is the hash of what the file said when the pool was last emptied.
	last [sha256.Size]byte
}

// renew has the pool's connections replaced when the file has changed: requests under way keep theirs until they are done.
// isMoved: the file leads elsewhere now.
func (l *login) renew(c *Config) (isMoved, isRenewed bool) {
	text, err := c.readSecret(l.file)
	if err != nil {
		return false, false // what is open goes on; new connections fail with the reason
	}
	now := sha256.Sum256([]byte(text))
	if now == l.last {
		return false, false
	}
	conn, err := c.readLogin(l.file)
	if err != nil {
		return false, false
	}
	if withoutLogin(conn, l.file) != l.where {
		return true, false
	}
	l.last = now
	l.database.Multiplexer.Renew()
	l.database.Pool.Reset()
	return false, true
}

// watchLogins follows the files of dynamic_from_file until ctx ends.
func (e *Engine) watchLogins(ctx context.Context) {
	worker.Every(ctx, loginInterval, nil, func(ctx context.Context) {
		isMoved := false
		for name, state := range e.Snapshot().sources {
			if state.open == nil {
				continue
			}
			for _, l := range state.open.logins {
				moved, renewed := l.renew(&e.config)
				isMoved = isMoved || moved
				if renewed {
					e.log.InfoContext(ctx, "login of source read again", "source", name)
				}
			}
		}
		if isMoved {
			e.reopenMoved(ctx)
		}
	})
}

// reopenMoved opens the sources whose connection leads elsewhere than when they were opened.
func (e *Engine) reopenMoved(ctx context.Context) {
	e.writing.Lock()
	defer e.writing.Unlock()
	s := e.Snapshot()
	e.swap(e.build(s, s.Doc, s.ResourceVersion, e.resolve(ctx, s.Doc, s.sources, func(string) bool { return false })))
}
