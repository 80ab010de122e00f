// Package engine assembles the data half: Hasura's metadata and catalogs, the GraphQL schema that follows from them, and
// the HTTP surface that serves it.
//
// A Snapshot is everything a request needs, swapped as a whole when metadata or a database changes. The line a query
// runs along is in query.go.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/engine/admin"
	"gatehouse/engine/limit"
	"gatehouse/engine/rest"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/engine/transport"
	"gatehouse/engine/validation"
	"gatehouse/postgres"
	"gatehouse/telemetry"
	"gatehouse/worker"
)

// Engine is the running data half.
type Engine struct {
	config   Config
	log      *slog.Logger
	storage  *storage
	resolver *session.Resolver
	handler  http.Handler
	// patterns are the handler's routes.
	patterns []string
	// validator asks webhooks about the inputs of mutations.
	validator *validation.Validator

	sockets *transport.Sockets
	// reviewCallers asks for a look at the callers of running subscriptions.
	reviewCallers chan struct{}
	subscriptions *subscription.Hub

	sourceHealth sourceHealth

	// counts are the operations of the last minute, for limits of their rate.
	counts *limit.Counts

	snapshot atomic.Pointer[Snapshot]
	// swapping is held while the snapshot is changed for another, and what is known of writes is handed over.
	swapping sync.Mutex
	// wake asks for a look at the metadata database, suspicion for one at the sources.
	wake, suspicion chan struct{}
	isSuspected     atomic.Bool

	// notices are what other engines said they changed, by resource version.
	noticesMu sync.Mutex
	notices   map[int][]string

	// node is the name of this process's connections to the metadata database.
	node string
	// writing is held by whoever changes the state; stale are the sources to be read again by the next change.
	writing sync.Mutex
	stale   map[string]bool
	// closing are pools that wait for their last request, which is when ended is closed.
	closing sync.WaitGroup
	ended   chan struct{}
}

// New opens the metadata database, creates Hasura's catalog in it if there is none, connects to the sources and builds
// the first state. A source that cannot be reached is inconsistent; the engine starts without it.
func New(ctx context.Context, c Config) (*Engine, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	node := nodeName()
	pool, err := postgres.Open(ctx, postgres.Config{URL: c.MetadataURL, MaxConns: ownConnections, AppName: node, IsOwn: true})
	if err != nil {
		return nil, fmt.Errorf("open metadata database: %w", err)
	}
	watched, isWatched := pollWatcher(&c)
	e := &Engine{
		config: c, log: c.Log, storage: &storage{pool: pool}, node: node, validator: validation.New(c.LookupEnv), wake: make(chan struct{}, 1), ended: make(chan struct{}), suspicion: make(chan struct{}, 1), notices: map[int][]string{}, stale: map[string]bool{},
		counts:        limit.NewCounts(time.Now, c.RateLimitProcesses),
		reviewCallers: make(chan struct{}, 1), subscriptions: subscription.New(subscription.Config{
			Live: c.LiveQueries, Stream: c.Streams, Log: c.Log, Watched: watched, IsWatched: isWatched,
			SkipFirstEmpty: c.Options.Experimental["remove_empty_subscription_responses"],
		}),
	}
	if err := e.start(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context) error {
	if err := e.storage.prepare(ctx, e.config.firstMetadata()); err != nil {
		return err
	}
	e.resolver = session.New(e.config.Session, e.config.Deps)
	if err := e.resolver.Start(ctx); err != nil {
		return err
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	if err := e.finishInTurn(ctx); err != nil {
		e.log.WarnContext(ctx, "an interrupted run_sql is left unfinished", "error", err)
	}
	if err := e.refresh(ctx); err != nil {
		return err
	}
	return e.assemble()
}

// Snapshot is the present state.
func (e *Engine) Snapshot() *Snapshot { return e.snapshot.Load() }

// Handler serves the data API.
func (e *Engine) Handler() http.Handler { return e.handler }

// Callers says who is calling, for pages of ours outside the data API.
func (e *Engine) Callers() *session.Resolver { return e.resolver }

// Close ends the open sockets and releases the databases. Other requests must have ended.
func (e *Engine) Close() {
	if e.sockets != nil {
		e.sockets.Close()
	}
	e.subscriptions.Close()
	close(e.ended)
	if s := e.snapshot.Load(); s != nil {
		for _, state := range s.sources {
			if state.open != nil {
				state.open.close()
			}
		}
	}
	e.closing.Wait()
	e.storage.pool.Close()
}

// assemble puts the HTTP surface together.
func (e *Engine) assemble() error {
	c := &e.config
	domains := c.CORSDomains
	if domains == "" {
		domains = "*"
	}
	cors, err := transport.ParseCORS(domains, c.DisableCORS)
	if err != nil {
		return err
	}
	maxBody := c.MaxBody
	if maxBody == 0 {
		maxBody = transport.DefaultMaxBody
	}
	errors := transport.Errors{DevMode: c.DevMode, HideFromAdmin: c.HideInternalErrorsFromAdmin}
	api := &transport.Handler{
		Resolve: e.whoCalls, Query: e.answer(false), Relay: e.answer(true), MayBatch: e.mayBatch, ClearResponses: e.clearResponses, Health: e.health, Settings: e.settings,
		Subscriptions: e.liveSubscriptions,
		REST:          func() *rest.Endpoints { return e.Snapshot().Endpoints },
		Errors:        errors, APIs: c.EnabledAPIs, MaxBody: maxBody, Version: c.Version, PreserveUnauthorized: c.PreserveUnauthorized,
		Refused: c.Metrics.Refused, LogsQueries: c.Lines.Has(telemetry.QueryLog, slog.LevelInfo),
	}
	if c.PersistedQueriesTTL > 0 {
		api.Persisted = transport.NewPersisted(c.PersistedQueriesTTL)
	}
	e.sockets = e.newSockets(cors, errors, maxBody)
	c.Metrics.Watch(e.collect)
	api.Socket = e.sockets
	mux := &routes{ServeMux: http.NewServeMux()}
	api.Mount(mux)
	mux.HandleFunc("GET /healthz/sources", e.serveSourceHealth(errors))
	administration := &admin.Handler{
		Engine: e, Resolve: e.whoCalls, WriteError: errors.Write, Rows: rows{e}, Explainer: e, SQLReach: e.sqlReach, TestSource: e.config.testSource,
		Changed: e.config.Changed, MaxBody: maxBody,
	}
	if api.HasAPI("metadata") {
		administration.Mount(mux)
	}
	if api.HasAPI("pgdump") {
		administration.MountDump(mux)
	}
	e.patterns = mux.patterns
	e.handler = cors.Wrap(transport.Compress(mux))
	return nil
}

func (e *Engine) health(ctx context.Context) transport.Health {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := e.storage.version(ctx)
	return transport.Health{HasInconsistencies: len(e.Snapshot().inconsistencies) > 0, Err: err}
}

func (e *Engine) settings() transport.Settings {
	c := &e.config
	return transport.Settings{
		Auth: c.Session.Describe(), InferFunctionPermissions: c.Options.InferFunctionPermissions,
		RemoteSchemaPermissions: c.EnableRemoteSchemaPermissions, AllowListEnabled: c.EnableAllowList,
		ApolloFederation: c.EnableApolloFederation, LiveQueries: shown(c.LiveQueries),
		StreamingQueries: shown(c.Streams), ConsoleAssetsDir: c.ConsoleAssetsDir,
		ExperimentalFeatures: c.ExperimentalFeatures, DefaultNamingConvention: c.Options.NamingConvention,
	}
}

// View implements admin.Engine.
func (e *Engine) View(ctx context.Context) (admin.View, error) {
	version, err := e.storage.version(ctx)
	if err != nil {
		return nil, away(err)
	}
	if version != e.Snapshot().ResourceVersion {
		e.writing.Lock()
		defer e.writing.Unlock()
		if err := e.refresh(ctx); err != nil {
			return nil, away(err)
		}
	}
	s := e.Snapshot()
	return s, s.unreadable
}

// State implements admin.Engine.
func (e *Engine) State(ctx context.Context) (id string, cli, console json.RawMessage, err error) {
	id, cli, console, err = e.storage.state(ctx)
	return id, cli, console, away(err)
}

// SetState implements admin.Engine.
func (e *Engine) SetState(ctx context.Context, kind string, state json.RawMessage) error {
	return away(e.storage.setState(ctx, kind, state))
}

// Run does the background work until ctx ends: following changes by other processes and of the sources' schemas, and
// refreshing key sets.
func (e *Engine) Run(ctx context.Context) error {
	var group worker.Group
	group.Go(func() { e.resolver.Run(ctx) })
	group.Go(func() { e.follow(ctx) })
	group.Go(func() { e.watch(ctx) })
	group.Go(func() { e.watchLogins(ctx) })
	group.Go(func() { e.watchHealth(ctx) })
	group.Go(func() { e.sockets.Run(ctx, e.reviewCallers) })
	group.Go(func() {
		postgres.Listen(ctx, e.config.MetadataURL, e.log, []string{channel, clearChannel}, func(on, payload string) {
			if on == clearChannel {
				e.clearHere(payload)
			} else {
				e.heard(payload)
			}
		}, func() {
			e.clearHere("") // whatever was cleared while nobody listened
			e.poke()
		}, func() {})
	})
	<-ctx.Done()
	e.sockets.Close() // the listener knows nothing of them
	group.Wait()
	return nil
}
