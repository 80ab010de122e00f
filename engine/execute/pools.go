// Package execute runs a request's steps against the sources and writes the response.
//
// It is given open databases and opens none. It stands at the end of the query line; what is run was decided above it.
package execute

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Executor runs steps. Its methods are safe for concurrent use.
type Executor struct {
	sources map[string]*source
	// hasReplicas: some source does.
	hasReplicas bool
}

// source is where a source's statements run.
type source struct {
	primary   *server
	replicas  *Replicas // nil: none
	isolation string
}

// Over makes an executor over databases that somebody else opened and will close. It lets a state of the engine keep
// its own set of sources: a request runs on the databases its snapshot knew, whatever is added or renamed meanwhile.
func Over(databases map[string]Database) *Executor {
	e := &Executor{sources: make(map[string]*source, len(databases))}
	for name, d := range databases {
		e.sources[name] = &source{primary: newServer(d), replicas: d.Replicas, isolation: d.Isolation}
		e.hasReplicas = e.hasReplicas || d.Replicas != nil
	}
	return e
}

// Pool is a source's pool.
func (e *Executor) Pool(name string) (*pgxpool.Pool, error) {
	s, err := e.source(name)
	if err != nil {
		return nil, err
	}
	return s.primary.Pool, nil
}

func (e *Executor) source(name string) (*source, error) {
	s := e.sources[name]
	if s == nil {
		return nil, fmt.Errorf("source %q is not open", name)
	}
	return s, nil
}
