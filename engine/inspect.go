package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
)

// Finding is what an inspection of the sources found: Fix says what to do about it, and is "" where all is well.
type Finding struct{ What, Fix string }

// ownConnections is how many connections the metadata database is given, which may be on a source's server.
const ownConnections = 8

// Inspect looks at the sources of the stored metadata without changing anything: whether they and their replicas can be
// reached, whether the replicas are what they should be, and whether the servers take all the connections that the pools may
// make. It names no password.
func Inspect(ctx context.Context, c Config) ([]Finding, error) {
	conn, err := pgx.Connect(ctx, c.MetadataURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	doc, err := storedDocument(ctx, conn)
	if errors.Is(err, errNoCatalog) {
		doc, err = c.firstMetadata(), nil
	}
	if err != nil {
		return nil, err
	}
	i := &inspection{c: &c, servers: map[string]*load{}}
	if facts, err := factsOf(ctx, conn); err == nil {
		i.add(facts, ownConnections, "the metadata")
	}
	for _, s := range doc.Sources {
		if s.Foreign == nil {
			i.source(ctx, s)
		}
	}
	i.sums()
	return i.findings, nil
}

type inspection struct {
	c        *Config
	findings []Finding
	servers  map[string]*load
	order    []string
}

// load is what a server may be asked for.
type load struct {
	limit, wanted int
	by            []string
}

// serverFacts are a server's own account of itself.
type serverFacts struct {
	execute.Place
	address         string
	limit, reserved int
}

func factsOf(ctx context.Context, conn *pgx.Conn) (f serverFacts, err error) {
	if f.Place, err = execute.Locate(ctx, conn); err != nil {
		return f, err
	}
	err = conn.QueryRow(ctx, `
select coalesce(inet_server_addr()::text, '') || '/' || current_setting('port'),
       current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int`).
		Scan(&f.address, &f.limit, &f.reserved)
	return f, err
}

func (i *inspection) ok(format string, args ...any) {
	i.findings = append(i.findings, Finding{What: fmt.Sprintf(format, args...)})
}

func (i *inspection) bad(fix, format string, args ...any) {
	i.findings = append(i.findings, Finding{What: fmt.Sprintf(format, args...), Fix: fix})
}

func (i *inspection) source(ctx context.Context, s *metadata.Source) {
	conns, err := i.c.connections(s)
	if err != nil {
		i.bad("correct the source's configuration, or what it names", "source %q cannot be served: %s", s.Name, plain(err))
		return
	}
	if s.Configuration.ConnectionTemplate != nil {
		i.bad("take the template away, or wait for it", "source %q is not served: %s", s.Name, errTemplate)
	}
	primary, err := i.look(ctx, conns.primary)
	if err != nil {
		i.bad("check host, port, user, password and database name; is Postgres running?", "source %q cannot be reached: %s", s.Name, plain(err))
		return
	}
	looks := 0
	if len(conns.replicas) > 0 {
		looks = 1
	}
	i.add(primary, int(conns.primary.pool.MaxConns)+looks, fmt.Sprintf("source %q", s.Name))
	if primary.IsStandby && len(i.c.replicasOf(s)) > 0 {
		i.bad("name the primary as the source's database", "the database of source %q is a standby itself, so that its replicas are not used", s.Name)
		return
	}
	i.ok("source %q: up to %d connections", s.Name, conns.primary.pool.MaxConns)
	i.following(ctx, s.Name, conns.primary)
	for _, r := range conns.broken {
		i.bad("correct it: it is never read from", "read replica %d of source %q: %s", r.number, s.Name, plain(r.why))
	}
	for _, r := range conns.replicas {
		i.replica(ctx, s.Name, r, primary)
	}
}

func (i *inspection) replica(ctx context.Context, source string, r replica, primary serverFacts) {
	name := fmt.Sprintf("read replica %d of source %q", r.number, source)
	const unused = "nothing is read from it until that is mended"
	f, err := i.look(ctx, r.connection)
	if err != nil {
		i.bad(unused, "%s cannot be reached: %s", name, plain(err))
		return
	}
	switch why := f.WhyNoReplica(primary.Place); {
	case why != "":
		i.bad(unused, "%s: %s", name, why)
	case f.Position < primary.Position && f.Lag > i.c.maxReplicaLag():
		i.bad(unused+", or raise GATEHOUSE_READ_REPLICA_MAX_LAG", "%s is %s behind", name, f.Lag.Round(time.Second))
	default:
		i.ok("%s: up to %d connections", name, r.pool.MaxConns)
	}
	i.add(f, int(r.pool.MaxConns)+1, name)
}

// look asks a server about itself, on a connection made as the pool would.
func (i *inspection) look(ctx context.Context, c *connection) (serverFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c.pool.ConnConfig.Copy())
	if err != nil {
		return serverFacts{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return factsOf(ctx, conn)
}

// add counts connections to a server, which is told by its cluster and where it listens.
func (i *inspection) add(f serverFacts, connections int, by string) {
	key := fmt.Sprintf("%s %s %v", f.System, f.address, f.IsStandby)
	l := i.servers[key]
	if l == nil {
		l = &load{limit: f.limit - f.reserved}
		i.servers[key] = l
		i.order = append(i.order, key)
	}
	l.wanted += connections
	l.by = append(l.by, by)
}

// sums compares what the pools may ask of each server with what it gives.
func (i *inspection) sums() {
	for _, key := range i.order {
		if l := i.servers[key]; l.wanted > l.limit {
			slices.Sort(l.by)
			i.bad("lower pool_settings.max_connections (or HASURA_GRAPHQL_PG_CONNECTIONS), or raise the server's max_connections; every further process may ask for as many again",
				"one process may ask for %d connections, and the server gives %d: %v", l.wanted, l.limit, l.by)
		}
	}
}

// plain is an error's text with what the driver said.
func plain(err error) string {
	if m := messageOf(err); m != nil {
		return fmt.Sprintf("%s: %s", err, m)
	}
	return err.Error()
}
