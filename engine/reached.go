package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/admin"
	"gatehouse/engine/metadata"
)

// testTimeout is how long a database may take to answer somebody who waits for it.
const testTimeout = 10 * time.Second

// testSource connects to a database as a source would, and looks what it is.
func (c *Config) testSource(ctx context.Context, info *metadata.ConnectionInfo) (r admin.Reached) {
	began := time.Now()
	conn, err := c.connection(info)
	if err != nil {
		r.Problem, r.Message = "url", err.Error()
		if told, ok := messageOf(err).(string); ok {
			r.Message = told
		}
		switch {
		case info.FromEnv != "" && strings.Contains(r.Message, "not set"):
			r.Problem = "env"
		case info.FromFile != "":
			r.Problem = "file"
		}
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	db, err := pgx.ConnectConfig(ctx, conn.pool.ConnConfig)
	if err == nil {
		defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
		_, r.IsEncrypted = db.PgConn().Conn().(*tls.Conn)
		err = db.QueryRow(ctx, `
select current_setting('server_version'), current_database(), current_user, pg_is_in_recovery(),
  (select count(*) from pg_catalog.pg_class r join pg_catalog.pg_namespace n on n.oid = r.relnamespace
   where r.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'hdb_catalog', 'identity') and n.nspname !~ '^pg_')`).
			Scan(&r.Version, &r.Database, &r.User, &r.IsReplica, &r.Tables)
	}
	if err != nil {
		r.Problem, r.Message = problemOf(err), err.Error()
	}
	r.Took = float64(time.Since(began).Microseconds()) / 1000
	return r
}

// problemOf says in one word why a database is not reached (PG docs: errcodes-appendix).
func problemOf(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch {
		case pgErr.Code == "3D000":
			return "database"
		case strings.HasPrefix(pgErr.Code, "28"):
			return "password"
		case pgErr.Code == "53300":
			return "full"
		}
		return "other"
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case strings.Contains(err.Error(), "tls"), strings.Contains(err.Error(), "x509"), strings.Contains(err.Error(), "SSL"):
		return "encryption"
	}
	return "other"
}
