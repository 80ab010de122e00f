// Package execute runs a request's steps against the sources and writes the response.
//
// It owns the connections to user databases: every other package asks it for a pool. It stands at the end of the query
// line; what is run was decided above it.
package execute

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Source is how to reach one source's database.
type Source struct {
	Name string
	URL  string
	// MaxConns 0 means pgx's default. Times are zero for pgx's defaults.
	MaxConns             int32
	IdleTime, Lifetime   time.Duration
	AcquireTimeout       time.Duration
	NoPreparedStatements bool
	// Isolation is "", "read-committed", "repeatable-read" or "serializable": the mutations' isolation level.
	Isolation string
}

// Executor runs steps. Its methods are safe for concurrent use.
type Executor struct {
	log *slog.Logger

	mu      sync.RWMutex
	sources map[string]*source
	closing sync.WaitGroup
}

type source struct {
	Source
	pool *pgxpool.Pool
	// isPrepared: statements are prepared and sent in pipelines; false behind a pooler that cannot follow.
	isPrepared bool
}

func newSource(s Source, pool *pgxpool.Pool) *source {
	return &source{Source: s, pool: pool, isPrepared: pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement}
}

// New makes an executor without sources.
func New(log *slog.Logger) *Executor {
	return &Executor{log: log, sources: map[string]*source{}}
}

// Open makes a source reachable, or replaces the way to it; the pool it had closes when its last request is done.
// An error leaves things as they were.
func (e *Executor) Open(ctx context.Context, s Source) error {
	e.mu.RLock()
	have := e.sources[s.Name]
	e.mu.RUnlock()
	if have != nil && have.Source == s {
		return nil
	}
	config, err := pgxpool.ParseConfig(s.URL)
	if err != nil {
		return fmt.Errorf("source %q: parse connection string: %w", s.Name, err)
	}
	if s.MaxConns > 0 {
		config.MaxConns = s.MaxConns
	}
	if s.IdleTime > 0 {
		config.MaxConnIdleTime = s.IdleTime
	}
	if s.Lifetime > 0 {
		config.MaxConnLifetime = s.Lifetime
	}
	if s.NoPreparedStatements {
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	if _, ok := config.ConnConfig.RuntimeParams["application_name"]; !ok {
		config.ConnConfig.RuntimeParams["application_name"] = "gatehouse"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("source %q: open pool: %w", s.Name, err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return fmt.Errorf("source %q: connect: %w", s.Name, err)
	}
	e.mu.Lock()
	old := e.sources[s.Name]
	e.sources[s.Name] = newSource(s, pool)
	e.mu.Unlock()
	e.retire(old)
	return nil
}

// Drop forgets a source; its pool closes when its last request is done.
func (e *Executor) Drop(name string) {
	e.mu.Lock()
	old := e.sources[name]
	delete(e.sources, name)
	e.mu.Unlock()
	e.retire(old)
}

func (e *Executor) retire(s *source) {
	if s == nil {
		return
	}
	e.closing.Add(1)
	go func() { // Close waits for the connections in use
		defer e.closing.Done()
		s.pool.Close()
	}()
}

// Close drops all sources and waits for their requests.
func (e *Executor) Close() {
	e.mu.Lock()
	all := e.sources
	e.sources = map[string]*source{}
	e.mu.Unlock()
	for _, s := range all {
		e.retire(s)
	}
	e.closing.Wait()
}

// Names are the sources that are open.
func (e *Executor) Names() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	names := make([]string, 0, len(e.sources))
	for n := range e.sources {
		names = append(names, n)
	}
	return names
}

// Pool is a source's pool, for run_sql and the like.
func (e *Executor) Pool(name string) (*pgxpool.Pool, error) {
	s, err := e.source(name)
	if err != nil {
		return nil, err
	}
	return s.pool, nil
}

func (e *Executor) source(name string) (*source, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := e.sources[name]
	if s == nil {
		return nil, fmt.Errorf("source %q is not open", name)
	}
	return s, nil
}
