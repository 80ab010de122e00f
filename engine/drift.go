package engine

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/postgres"
	"gatehouse/worker"
)

// A source's schema is changed by others as well: psql, a migration job, another tool. Each process looks for itself, in
// three steps of which the next is taken only when the one before says so: where the database's history stands (shared
// memory, no table read), the fingerprint of its catalog (a few milliseconds), the catalog itself. Nothing of this needs
// rights, triggers or statistics in the database, holds a lock or a snapshot past one statement, or depends on the
// connection, so it works behind a transaction pooler and on a standby. While a feed tells of every transaction, the first
// step asks only after one.

const (
	// lookPause bounds what looking costs a database that is written to all the time: a look at the fingerprint is
	// followed by a pause of that many times what it took, so that it keeps half a percent of one core busy.
	lookPause = 200
	// longestPause is the most that a change waits because the database is large or slow, longestRest because it follows
	// another one: as long as serving that one took.
	longestPause, longestRest = 5 * time.Second, time.Second
	// suspicionPause is the least time between two looks that failing requests ask for, and suspicionShare bounds them
	// as lookPause does the others.
	suspicionPause, suspicionShare = 100 * time.Millisecond, 20
	// lookTimeout bounds one look, reading the catalog included.
	lookTimeout = 30 * time.Second
	// firstRetry and lastRetry are how soon a source that cannot be reached is tried again, doubling in between.
	firstRetry, lastRetry = time.Second, 30 * time.Second
)

// watched is what the watch remembers of a source.
type watched struct {
	mu sync.Mutex
	// state is what the last look compared, position where the database stood then.
	state    *sourceState
	position string
	// commits is how many its feed had told before then; isQuiet: nothing was under way then, so that what is not told of
	// since has not happened.
	commits uint64
	isQuiet bool
	// lastLook and nextLook bound how often the fingerprint is taken, which takes cost; retry and nextRetry, how often a
	// connection is tried.
	lastLook, nextLook time.Time
	cost               time.Duration
	retry              time.Duration
	nextRetry          time.Time
	// isAway: the last look failed.
	isAway bool
}

// suspect asks for a look at the sources now, if err tells that a database is not what the snapshot believes.
func (e *Engine) suspect(err error) {
	switch postgres.Code(err) {
	case "42P01", "42703", "42704", "42883", "42804", "42846", "42809", "3F000", "0A000":
		// undefined table, column, object, function; wrong type, cast, object type; undefined schema; a plan that no
		// longer fits
	default:
		return
	}
	e.isSuspected.Store(true)
	select {
	case e.suspicion <- struct{}{}:
	default: // a look is already due
	}
}

// watch looks at the sources until ctx ends: for schemas changed by others, and for sources that can be reached again.
func (e *Engine) watch(ctx context.Context) {
	interval := e.config.SchemaWatchInterval
	if interval <= 0 {
		interval = lastRetry
	}
	var looks sync.WaitGroup
	defer looks.Wait()
	all := map[string]*watched{}
	worker.Every(ctx, interval, e.suspicion, func(ctx context.Context) {
		asked, s := e.isSuspected.Swap(false), e.Snapshot()
		maps.DeleteFunc(all, func(name string, _ *watched) bool { return s.sources[name] == nil })
		for name, state := range s.sources {
			if all[name] == nil {
				all[name] = &watched{}
			}
			w := all[name]
			if !w.mu.TryLock() {
				continue // still at it
			}
			looks.Go(func() {
				defer w.mu.Unlock()
				ctx, cancel := context.WithTimeout(ctx, lookTimeout)
				defer cancel()
				err := e.lookAt(ctx, name, state, w, asked)
				if err != nil && !w.isAway && ctx.Err() == nil { // said once
					e.log.WarnContext(ctx, "cannot look at a source's schema", "source", name, "error", err)
				}
				w.isAway = err != nil
			})
		}
	})
}

// lookAt looks at one source. asked: a failing request asked for it.
func (e *Engine) lookAt(ctx context.Context, name string, state *sourceState, w *watched, asked bool) error {
	if state.err != nil {
		return e.reconnect(ctx, name, state, w)
	}
	w.retry = 0
	if e.config.SchemaWatchInterval <= 0 {
		return nil
	}
	commits, isFollowed := state.open.feed.Commits()
	if isFollowed && w.isQuiet && commits == w.commits && state == w.state {
		return nil
	}
	position, err := catalog.Position(ctx, state.open.pool)
	if err != nil {
		return err
	}
	if position == w.position && state == w.state {
		w.commits, w.isQuiet = commits, isFollowed && catalog.IsQuiet(position)
		return nil
	}
	began := time.Now()
	if began.Before(w.nextLook) && (!asked || began.Sub(w.lastLook) < max(suspicionPause, suspicionShare*w.cost)) {
		return nil
	}
	fingerprint, err := catalog.Fingerprint(ctx, state.open.pool)
	w.looked(began)
	if err != nil {
		return err
	}
	if fingerprint != state.catalog.Fingerprint {
		began = time.Now()
		err := e.reread(ctx, name, state)
		w.nextLook = time.Now().Add(min(time.Since(began), longestRest))
		if err != nil {
			return err
		}
	}
	w.state, w.position = state, position
	w.commits, w.isQuiet = commits, isFollowed && catalog.IsQuiet(position)
	return nil
}

// looked notes what a look took. One that took long may have met a busy moment, so the cost grows slowly.
func (w *watched) looked(began time.Time) {
	took := time.Since(began)
	if w.cost > 0 {
		took = min(took, w.cost+w.cost/8)
	}
	w.cost, w.lastLook = took, began
	w.nextLook = time.Now().Add(min(lookPause*took, longestPause))
}

// reread reads a source's catalog anew and serves it, unless somebody else did meanwhile: the next look compares with
// what is there then.
func (e *Engine) reread(ctx context.Context, name string, was *sourceState) error {
	began := time.Now()
	c, err := catalog.Load(ctx, was.open.pool)
	if err != nil {
		return err
	}
	c = c.Share(was.catalog)
	e.writing.Lock()
	defer e.writing.Unlock()
	s := e.Snapshot()
	if s.sources[name] != was {
		return nil
	}
	// What a connection has prepared may give other types now.
	defer was.open.pool.Reset()
	m := s.Doc.Source(name)
	next := &sourceState{open: was.open, catalog: c, enums: was.enums, natives: was.natives}
	if servesTheSame(m, was.catalog, c) {
		e.keep(s, name, next)
		return nil
	}
	next.enums, next.natives = readEnums(ctx, was.open.pool, m, c), probeNatives(ctx, was.open.pool, m, c)
	if err := ctx.Err(); err != nil {
		return err
	}
	e.adopt(s, name, next)
	e.log.InfoContext(ctx, "a source's schema changed", "source", name, "inconsistencies", len(e.Snapshot().inconsistencies), "took", time.Since(began))
	return nil
}

// adopt serves a source's new state. The caller holds writing.
func (e *Engine) adopt(s *Snapshot, name string, state *sourceState) {
	sources := maps.Clone(s.sources)
	sources[name] = state
	e.swap(e.build(s, s.Doc, s.ResourceVersion, sources))
}

// keep remembers a source's new catalog where nothing that is served differs: caches and subscriptions go on.
func (e *Engine) keep(s *Snapshot, name string, state *sourceState) {
	next := *s
	next.sources = maps.Clone(s.sources)
	next.sources[name] = state
	e.snapshot.Store(&next)
	next.tellFeeds(s)
}

// servesTheSame tells whether two catalogs of a source are the same as far as its metadata goes. Equal tables are
// shared, so that neither memory nor later comparisons are spent on them twice.
func servesTheSame(m *metadata.Source, old, c *catalog.Catalog) bool {
	same := old.ServerVersion == c.ServerVersion && len(old.Tables) == len(c.Tables)
	for name, t := range c.Tables {
		if was := old.Tables[name]; was != nil && reflect.DeepEqual(was, t) {
			c.Tables[name] = was
		} else {
			same = false
		}
	}
	if !reflect.DeepEqual(old.Functions, c.Functions) {
		return false
	}
	if same || len(m.NativeQueries) > 0 {
		return same // a native query may use any table
	}
	for _, t := range m.Tables {
		if old.Tables[catalog.Name(t.Name)] != c.Tables[catalog.Name(t.Name)] {
			return false
		}
	}
	return true
}

// reconnect tries a source that could not be used.
func (e *Engine) reconnect(ctx context.Context, name string, was *sourceState, w *watched) error {
	if time.Now().Before(w.nextRetry) {
		return nil
	}
	w.retry = min(max(2*w.retry, firstRetry), lastRetry)
	defer func() { w.nextRetry = time.Now().Add(w.retry) }()
	m := e.Snapshot().Doc.Source(name)
	if m == nil {
		return nil
	}
	state := e.resolveSource(ctx, m, func(string) *sourceState { return was }, true)
	e.writing.Lock()
	defer e.writing.Unlock()
	s := e.Snapshot()
	if state.err == nil && s.sources[name] == was && s.Doc.Source(name) == m {
		e.adopt(s, name, state)
		e.log.InfoContext(ctx, "a source can be used again", "source", name, "inconsistencies", len(e.Snapshot().inconsistencies))
	} else if state.open != nil {
		e.closeUnused(map[*source]bool{state.open: true})
	}
	return nil
}

// isStalePlan tells of a statement that a connection had prepared before its result changed. Postgres finds it before
// the statement begins, and the connection prepares it anew the next time.
func isStalePlan(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}
