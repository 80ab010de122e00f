package engine

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// reachSQL says what SQL in a source could reach beyond the user's data: with rights on it, or by the way of rights that
// give themselves all others (PG docs: predefined-roles, sql-createrole).
const reachSQL = `
select case
    when r.rolsuper then 'is a superuser'
    when r.rolcreaterole then 'may give itself the rights of others'
    when exists (select from pg_catalog.pg_roles g
                  where g.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_read_all_data', 'pg_write_all_data')
                    and pg_catalog.pg_has_role(r.oid, g.oid, 'member')) then 'may read what it has no rights on'
    when exists (select from pg_catalog.pg_namespace n
                  where n.nspname = 'identity'
                    and (pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage') or pg_catalog.pg_has_role(r.oid, n.nspowner, 'member'))) then 'reaches the users of schema identity'
    when exists (select from pg_catalog.pg_namespace n
                  where n.nspname = 'hdb_catalog'
                    and (pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage') or pg_catalog.pg_has_role(r.oid, n.nspowner, 'member'))) then 'reaches the metadata in schema hdb_catalog'
    else '' end
  from pg_catalog.pg_roles r where r.rolname = current_user`

// sqlReach says what of Gatehouse's own a source's login could reach, in words that follow "this login"; "" for nothing. It
// asks the database each time: what is granted there tells nobody.
func (e *Engine) sqlReach(ctx context.Context, pool *pgxpool.Pool) (reach string, err error) {
	for _, url := range append([]string{e.config.MetadataURL}, e.config.OwnURLs...) {
		own, err := pgconn.ParseConfig(url)
		if err != nil {
			return "", fmt.Errorf("read a connection of Gatehouse's own: %w", err)
		}
		if c := pool.Config().ConnConfig; c.User == own.User && c.Port == own.Port && isSameHost(c.Host, own.Host) {
			return "is the one that Gatehouse keeps its own data with", nil // in whichever database of that server
		}
	}
	if err := pool.QueryRow(ctx, reachSQL).Scan(&reach); err != nil {
		return "", fmt.Errorf("ask what a source's login may do: %w", err)
	}
	return reach, nil
}

func isSameHost(a, b string) bool {
	return strings.EqualFold(a, b) || isHere(a) && isHere(b)
}

func isHere(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// SQLReach says, for each source whose login could reach something of Gatehouse's own by SQL, what that is.
func (e *Engine) SQLReach(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for name, state := range e.Snapshot().sources {
		if state.open == nil {
			continue
		}
		reach, err := e.sqlReach(ctx, state.open.pool)
		if err != nil {
			return nil, err
		}
		if reach != "" {
			out[name] = reach
		}
	}
	return out, nil
}
