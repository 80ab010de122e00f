package execute

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/postgres"
)

// Place is what a server says of itself as one of a source's: the primary, or a replica.
type Place struct {
	identity
	IsStandby bool
	// Position is where a primary's log goes on, or how far a standby has replayed it; 0 when it does not tell.
	Position uint64
	// Lag is how old the last transaction is that a standby has replayed: it may have come as far as there is anything.
	Lag time.Duration
	// flushed is how much of a primary's log is.
	flushed uint64
}

// identity tells one cluster's database from another's.
type identity struct {
	// System is the cluster's; "" where the login may not read it.
	System   string
	database uint32
}

// Locate asks a server where it is.
func Locate(ctx context.Context, conn *pgx.Conn) (at Place, err error) {
	if at.identity, err = identify(ctx, conn); err != nil {
		return at, err
	}
	return at, at.look(ctx, conn)
}

// WhyNoReplica says why a server cannot be used as a replica of the primary; "" when it can. That it may have come not far
// enough is another matter.
func (p Place) WhyNoReplica(primary Place) string {
	switch {
	case !p.IsStandby:
		return "it is no standby"
	case p.Position == 0:
		return "it does not tell how far it has replayed its primary's log"
	case p.System != "" && primary.System != "" && p.System != primary.System:
		return "it is a standby of another server than the source's"
	case p.database != primary.database:
		return "it is another database than the source's"
	}
	return ""
}

func identify(ctx context.Context, conn *pgx.Conn) (id identity, err error) {
	err = conn.QueryRow(ctx, `select oid from pg_catalog.pg_database where datname = current_database()`).Scan(&id.database)
	if err != nil {
		return id, err
	}
	err = conn.QueryRow(ctx, `select system_identifier::text from pg_catalog.pg_control_system()`).Scan(&id.System)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && postgres.Code(err) == "42501" {
		err = nil
	}
	return id, err
}

// lookStatement asks a standby how far it has come, and a primary where its next record will be, which is beyond any commit
// that anybody may have seen; commits that do not wait for it (synchronous_commit) are seen before they are flushed.
const lookStatement = `
select pg_is_in_recovery(),
       (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end - '0/0')::int8,
       (case when pg_is_in_recovery() then '0/0' else pg_current_wal_flush_lsn() end - '0/0')::int8,
       extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8`

func (p *Place) look(ctx context.Context, conn *pgx.Conn) error {
	var position *int64
	var flushed int64
	var lag *float64
	if err := conn.QueryRow(ctx, lookStatement).Scan(&p.IsStandby, &position, &flushed, &lag); err != nil {
		return err
	}
	p.flushed = uint64(flushed)
	if position != nil {
		p.Position = uint64(*position)
	}
	if lag != nil {
		p.Lag = time.Duration(*lag * float64(time.Second))
	}
	return nil
}
