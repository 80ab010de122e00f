// Package execute runs a request's steps against the sources and writes the response.
//
// It is given open databases and opens none. It stands at the end of the query line; what is run was decided above it.
package execute

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a source's open database.
type Database struct {
	Pool *pgxpool.Pool
	// Isolation is "", "read-committed", "repeatable-read" or "serializable": the mutations' isolation level.
	Isolation string
	// Multiplexer is where cheap statements may go; nil: all go over the pool.
	Multiplexer *Multiplexer
}

// Executor runs steps. Its methods are safe for concurrent use.
type Executor struct{ sources map[string]*source }

type source struct {
	pool      *pgxpool.Pool
	isolation string
	// isPrepared: statements are prepared and sent in pipelines; false behind a pooler that cannot follow.
	isPrepared bool
	shared     *Multiplexer
}

// Over makes an executor over databases that somebody else opened and will close. It lets a state of the engine keep
// its own set of sources: a request runs on the databases its snapshot knew, whatever is added or renamed meanwhile.
func Over(databases map[string]Database) *Executor {
	e := &Executor{sources: make(map[string]*source, len(databases))}
	for name, d := range databases {
		e.sources[name] = &source{
			pool: d.Pool, isolation: d.Isolation, shared: d.Multiplexer,
			isPrepared: d.Pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement,
		}
	}
	return e
}

// Pool is a source's pool.
func (e *Executor) Pool(name string) (*pgxpool.Pool, error) {
	s, err := e.source(name)
	if err != nil {
		return nil, err
	}
	return s.pool, nil
}

func (e *Executor) source(name string) (*source, error) {
	s := e.sources[name]
	if s == nil {
		return nil, fmt.Errorf("source %q is not open", name)
	}
	return s, nil
}
