package engine

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/changes"
)

// newFeed makes a source's feed, which connects while somebody subscribes; nil where the operator wants none. Without the
// watch on schemas nobody would tell it of a view that reads other tables.
func (c *Config) newFeed(source string, primary *connection, pool *pgxpool.Pool) *changes.Feed {
	if !c.FollowChanges || c.SchemaWatchInterval <= 0 {
		return nil
	}
	return changes.New(changes.Config{
		Source: source, Pool: pool, MaxWAL: c.FollowMaxWAL, Log: c.Log,
		Login: func(ctx context.Context) (*pgconn.Config, error) { return c.replicationLogin(ctx, primary) },
	})
}

// replicationLogin is how to log in for replication where the pool connects to: as the operator says for the default
// source's database, else as the pool does.
func (c *Config) replicationLogin(ctx context.Context, primary *connection) (*pgconn.Config, error) {
	config := primary.pool.ConnConfig.Copy()
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler { // replication is no statement to cancel
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()}
	}
	if c.FollowURL != "" && primary.isDefault {
		return pgconn.ParseConfig(c.FollowURL)
	}
	if login := primary.pool.BeforeConnect; login != nil {
		if err := login(ctx, config); err != nil {
			return nil, err
		}
	}
	return &config.Config, nil
}

// feed tells what changes in a source; nil: nobody does.
func (s *Snapshot) feed(source string) *changes.Feed {
	if state := s.sources[source]; state != nil && state.open != nil {
		return state.open.feed
	}
	return nil
}

// tellFeeds says which sources have another schema than before.
func (s *Snapshot) tellFeeds(old *Snapshot) {
	for name, state := range s.sources {
		if was := old.sources[name]; was != nil && state.open != nil && state.open == was.open && state.catalog != was.catalog {
			state.open.feed.SchemaChanged()
		}
	}
}
