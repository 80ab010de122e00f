package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/changes"
	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
)

// source is an open database of the metadata. One whose connection settings do not change outlives snapshots.
type source struct {
	pool *pgxpool.Pool
	// database is what requests run on.
	database execute.Database
	// replicas are the databases of database.Replicas.
	replicas []execute.Database
	// logins are the files that its connections log in with.
	logins []*login
	// feed tells what changes in it; nil: nobody does.
	feed *changes.Feed
	// key is everything it was opened from.
	key string
	// broken are the replicas that are never read.
	broken []brokenReplica
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
	number, lifetime, yes := func(n int) *int { return &n }, 600.0, true
	m.Sources = []*metadata.Source{{
		Name: metadata.DefaultSource, Kind: "postgres",
		Configuration: metadata.SourceConfiguration{ConnectionInfo: metadata.ConnectionInfo{
			FromEnv:               c.sourceEnv(),
			UsePreparedStatements: &yes,
			PoolSettings: &metadata.PoolSettings{
				ConnectionLifetime: &lifetime, IdleTimeout: number(180), MaxConnections: number(50), Retries: number(1),
			},
		}},
	}}
	return &m
}

// unsupportedError is why a source is not served although nothing is wrong with it. It is no reason to refuse a change.
type unsupportedError string

func (e unsupportedError) Error() string { return string(e) }

// errTemplate: which connection a request takes may decide which tenant's data it sees, so that none is a wrong guess.
const errTemplate unsupportedError = "sources with a connection template are not supported by Gatehouse yet"

// open connects to the database of the source of that name. Its error is shown to administrators and names no password.
func (c *Config) open(ctx context.Context, name string, conns *connections) (*source, error) {
	db, err := conns.primary.open(ctx)
	if err != nil {
		return nil, err
	}
	out := &source{pool: db.Pool, database: db, logins: conns.primary.logins(db), key: conns.key, broken: conns.broken}
	replicas := execute.ReplicasConfig{Source: name, Primary: db, MaxLag: c.maxReplicaLag(), Log: c.Log}
	for _, r := range conns.replicas {
		replica, err := r.pooled(ctx)
		if err != nil {
			out.close()
			return nil, err
		}
		out.replicas = append(out.replicas, replica)
		out.logins = append(out.logins, r.logins(replica)...)
		replicas.Replicas = append(replicas.Replicas, execute.Replica{Name: r.name(), Database: replica})
	}
	if len(out.replicas) > 0 {
		out.database.Replicas = execute.NewReplicas(replicas)
	}
	out.feed = c.newFeed(name, conns.primary, db.Pool)
	return out, nil
}

// retireTime is how long a source that is not part of the present state stays open for requests that began before.
const retireTime = time.Minute

// retire closes the source when the requests that know it have ended, or ended is closed. Connections that are idle go at
// once, so that what takes its place finds room.
func (s *source) retire(ended <-chan struct{}) {
	s.database.Replicas.Close()
	for _, db := range append([]execute.Database{s.database}, s.replicas...) {
		db.Multiplexer.Close()
		db.Pool.Reset()
	}
	select {
	case <-ended:
	case <-time.After(retireTime):
	}
	s.close()
}

// close waits for the requests that run.
func (s *source) close() {
	s.feed.Close()
	s.database.Replicas.Close()
	for _, db := range append([]execute.Database{s.database}, s.replicas...) {
		db.Multiplexer.Close()
		db.Pool.Close()
	}
}
