package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
	"gatehouse/telemetry"
)

// The names of a source's servers in metrics.
const (
	primaryRole = "primary"
	replicaRole = "replica"
)

// watchPools has the connections of a source measured.
func (c *Config) watchPools(s *metadata.Source, conns *connections) {
	if c.Metrics == nil {
		return
	}
	conns.primary.watched = c.Metrics.Pool(s.Name, connectionLabel(&s.Configuration.ConnectionInfo), primaryRole)
	for _, r := range conns.replicas {
		r.watched = c.Metrics.Pool(s.Name, r.name(), replicaRole)
	}
}

// connectionLabel says how a server is reached, without who logs in and how.
func connectionLabel(info *metadata.ConnectionInfo) string {
	switch {
	case info.FromEnv != "":
		return info.FromEnv
	case info.FromFile != "":
		return info.FromFile
	case info.Parameters != nil:
		return "postgresql://" + info.Parameters.Host + "/" + info.Parameters.Database
	}
	return telemetry.PublicURL(info.URL)
}

// timeConnecting measures how long connections take to make.
func (conn *connection) timeConnecting() {
	if conn.watched == nil {
		return
	}
	before := conn.pool.BeforeConnect
	conn.pool.BeforeConnect = func(ctx context.Context, config *pgx.ConnConfig) error { // config is this connection's
		if before != nil {
			if err := before(ctx, config); err != nil {
				return err
			}
		}
		began, after := time.Now(), config.AfterConnect
		config.AfterConnect = func(ctx context.Context, pg *pgconn.PgConn) error {
			conn.watched.Connected(time.Since(began))
			if after != nil {
				return after(ctx, pg)
			}
			return nil
		}
		return nil
	}
}

// healthCodes are the states of /healthz/sources as hasura_source_health has them.
var healthCodes = map[string]float64{"OK": 0, "TIMEOUT": 1, "FAILED": 2, "ERROR": 3}

// collect tells what is known only when somebody looks.
func (e *Engine) collect(out *telemetry.Scrape) {
	s := e.Snapshot()
	out.Gauge("hasura_metadata_resource_version", "Current metadata resource version.", float64(s.ResourceVersion))
	out.Gauge("gatehouse_metadata_inconsistencies", "Metadata objects that cannot be served.", float64(len(s.inconsistencies)))
	out.Gauge("hasura_websocket_connections", "Current number of active WebSocket connections.", float64(e.sockets.Count()))
	for name, state := range s.sources {
		if state.open == nil || s.Doc.Source(name) == nil {
			continue
		}
		label := connectionLabel(&s.Doc.Source(name).Configuration.ConnectionInfo)
		collectPool(out, &state.open.database, name, label, primaryRole)
		for i := range state.open.replicas {
			db := &state.open.replicas[i]
			collectPool(out, db, name, db.Pool.Config().ConnConfig.Host, replicaRole)
		}
	}
	e.sourceHealth.mu.Lock()
	for name, c := range e.sourceHealth.known {
		if c.report != nil {
			out.Gauge("hasura_source_health", "Health of a source: 0 OK, 1 TIMEOUT, 2 FAILED, 3 ERROR.", healthCodes[c.report.Status], "source_name", name)
		}
	}
	e.sourceHealth.mu.Unlock()
	e.collectSubscriptions(out)
	hits, misses := e.resolver.Remembered()
	for status, n := range map[string]uint64{"hit": hits, "miss": misses} {
		out.Counter("gatehouse_verified_token_cache_total", "Tokens that had been verified before, or not.", float64(n), "status", status)
	}
}

func collectPool(out *telemetry.Scrape, db *execute.Database, source, connInfo, role string) {
	labels := []string{"source_name", source, "conn_info", connInfo, "role", role}
	stat := db.Pool.Stat()
	out.Gauge("hasura_postgres_connections", "Current number of active PostgreSQL connections.", float64(stat.AcquiredConns()), labels...)
	out.Gauge("hasura_postgres_max_connections", "Maximum number of PostgreSQL connections.", float64(stat.MaxConns()), labels...)
	out.Gauge("gatehouse_postgres_open_connections", "Current number of PostgreSQL connections, idle ones included.", float64(stat.TotalConns()), labels...)
}

func (e *Engine) collectSubscriptions(out *telemetry.Scrape) {
	type labels struct{ kind, operation, hash string }
	subscribers := map[labels]int{}
	groups, failing, following := map[string]int{"live-query": 0, "streaming": 0}, map[string]int{"live-query": 0, "streaming": 0}, 0
	for _, g := range e.subscriptions.Describe() {
		kind := subscriptionKind(g.Live.Stream != nil)
		groups[kind]++
		if g.Cost.IsFailing {
			failing[kind]++
		}
		if g.Polls == "" {
			following++
		}
		name, hash := e.config.Metrics.OperationLabels(g.Operation, g.Hash)
		for _, c := range g.Cohorts {
			subscribers[labels{kind, name, hash}] += c.Told + c.Fresh
		}
	}
	for kind := range groups {
		out.Gauge("hasura_active_subscription_pollers", "Current number of active subscription pollers.", float64(groups[kind]), "subscription_kind", kind)
		out.Gauge("hasura_active_subscription_pollers_in_error_state", "Current number of active subscription pollers in the error state.", float64(failing[kind]), "subscription_kind", kind)
	}
	out.Gauge("gatehouse_followed_subscription_pollers", "Subscription pollers that ask only when what they read has changed.", float64(following))
	for l, n := range subscribers {
		out.Gauge("hasura_active_subscriptions", "Current number of active subscriptions.", float64(n),
			"subscription_kind", l.kind, "operation_name", l.operation, "parameterized_query_hash", l.hash)
	}
}
