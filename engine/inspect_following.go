package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// following looks whether the subscriptions of a source can follow changes; where not they poll, which is well but dearer.
func (i *inspection) following(ctx context.Context, source string, primary *connection) {
	if !i.c.FollowChanges || i.c.SchemaWatchInterval <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f, err := i.c.followingFacts(ctx, primary)
	const poll = "the subscriptions of source %q poll: "
	switch {
	case err != nil:
		i.bad("correct GATEHOUSE_FOLLOW_DATABASE_URL", poll+"the login for replication cannot connect: %s", source, plain(err))
	case f.level != "logical":
		i.bad("set wal_level = logical on the server and restart it, or --no-follow-changes", poll+"wal_level is %s", source, f.level)
	case !f.mayReplicate:
		i.bad("alter role "+pgx.Identifier{f.login}.Sanitize()+" replication, or name a login that may with GATEHOUSE_FOLLOW_DATABASE_URL",
			poll+"login %s has not the attribute REPLICATION", source, f.login)
	case f.free <= 0:
		i.bad("raise max_replication_slots and max_wal_senders: each process takes one of both per source", poll+"no replication slot is free", source)
	case f.isAsynchronous:
		i.ok("source %q: subscriptions follow changes; synchronous_commit is off there, so the first change after a pause is told up to %s later", source, 3*f.writerDelay)
	default:
		i.ok("source %q: subscriptions follow changes", source)
	}
}

// followingFacts are what following a source depends on.
type followingFacts struct {
	level, login string
	mayReplicate bool
	free         int
	// isAsynchronous: commits do not wait for the log, which is written within three times writerDelay.
	isAsynchronous bool
	writerDelay    time.Duration
}

func (c *Config) followingFacts(ctx context.Context, primary *connection) (f followingFacts, err error) {
	config, err := c.replicationLogin(ctx, primary)
	if err != nil {
		return f, err
	}
	of := primary.pool.ConnConfig.Copy()
	of.Config = *config
	conn, err := pgx.ConnectConfig(ctx, of)
	if err != nil {
		return f, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `
select current_setting('wal_level'), current_user,
       (select rolreplication or rolsuper from pg_roles where rolname = current_user),
       least(current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots),
             current_setting('max_wal_senders')::int - (select count(*) from pg_stat_get_wal_senders()))::int,
       current_setting('synchronous_commit') = 'off', (extract(epoch from current_setting('wal_writer_delay')::interval) * 1e9)::int8`).
		Scan(&f.level, &f.login, &f.mayReplicate, &f.free, &f.isAsynchronous, &f.writerDelay)
	return f, err
}
