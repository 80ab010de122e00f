package engine

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/worker"
)

// lookInterval is how often follow looks where the operator wants no poll: a notification can be lost.
const lookInterval = 30 * time.Second

// poke asks follow to look now.
func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default: // a look is already due
	}
}

// follow looks for changes that other processes saved: when told so, and every poll interval in case nobody tells.
func (e *Engine) follow(ctx context.Context) {
	interval := e.config.SchemaSyncPollInterval
	if interval <= 0 {
		interval = lookInterval
	}
	worker.Every(ctx, interval, e.wake, func(ctx context.Context) {
		if err := e.look(ctx); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "cannot follow metadata changes", "error", err)
		}
	})
}

func (e *Engine) look(ctx context.Context) error {
	version, err := e.storage.version(ctx)
	if err != nil {
		return err
	}
	list, err := e.storage.announced(ctx)
	if err != nil || version == e.Snapshot().ResourceVersion && len(list) == 0 {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	if len(list) > 0 {
		if err := e.finishInTurn(ctx); err != nil {
			return err
		}
	}
	return e.refresh(ctx)
}

// finishInTurn is finish, unless another engine is at work: it has seen to it.
func (e *Engine) finishInTurn(ctx context.Context) error {
	done, free, err := e.storage.tryTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	if free {
		_, err = e.finish(ctx)
	}
	return err
}

// heard remembers what another engine says that it changed.
func (e *Engine) heard(payload string) {
	var n notice
	if json.Unmarshal([]byte(payload), &n) == nil && n.Sources != nil {
		e.noticesMu.Lock()
		defer e.noticesMu.Unlock()
		present := e.Snapshot().ResourceVersion
		maps.DeleteFunc(e.notices, func(v int, _ []string) bool { return v <= present }) // this one's own
		if len(e.notices) < maxNotices {
			e.notices[n.Version] = n.Sources
		}
	}
	e.poke()
}

// maxNotices bounds what is remembered while the metadata cannot be read.
const maxNotices = 1_000

// changedSince gives the sources that changed between two versions, and forgets what it was told. isKnown is false when
// that was not told of every version: a Hasura saved one, or nobody listened.
func (e *Engine) changedSince(from, to int) (changed map[string]bool, isKnown bool) {
	e.noticesMu.Lock()
	defer e.noticesMu.Unlock()
	changed, isKnown = map[string]bool{}, from < to
	for v := from + 1; v <= to && isKnown; v++ {
		var sources []string
		sources, isKnown = e.notices[v]
		for _, name := range sources {
			changed[name] = true
		}
	}
	maps.DeleteFunc(e.notices, func(v int, _ []string) bool { return v <= to })
	return changed, isKnown
}

// refresh brings the state up to date with the metadata database. The caller holds writing.
func (e *Engine) refresh(ctx context.Context) error {
	version, err := e.storage.version(ctx)
	if err != nil {
		return err
	}
	if version == e.Snapshot().ResourceVersion {
		return nil
	}
	return e.load(ctx)
}

// load reads the document and the databases, and serves what follows. Databases that are open already are read again
// where another engine changed them, or might have.
func (e *Engine) load(ctx context.Context) error {
	began := time.Now()
	doc, version, err := e.storage.read(ctx)
	unreadable := errors.Is(err, errUnreadable)
	if err != nil && !unreadable {
		return err
	}
	if unreadable { // nothing is served, and nothing is saved over it but a whole new document
		e.log.ErrorContext(ctx, "nothing of the data half is served", "error", err)
		doc = &metadata.Metadata{}
	}
	var old map[string]*sourceState
	reload := func(string) bool { return true }
	if s := e.Snapshot(); s != nil {
		old = s.sources
		if changed, isKnown := e.changedSince(s.ResourceVersion, version); isKnown {
			reload = func(name string) bool { return changed[name] || !old[name].isCurrent(ctx) }
		}
	}
	s := e.build(e.Snapshot(), doc, version, e.resolve(ctx, doc, old, reload))
	if unreadable {
		s.markUnreadable(err)
	}
	e.swap(s)
	e.log.InfoContext(ctx, "metadata loaded", "version", version, "inconsistencies", len(s.inconsistencies), "took", time.Since(began))
	return nil
}

// isCurrent tells whether the catalog is still the database's. The watch will find out as well, but what another engine
// has just saved may rely on a table that it saw first.
func (s *sourceState) isCurrent(ctx context.Context) bool {
	if s == nil || s.err != nil {
		return false
	}
	fingerprint, err := catalog.Fingerprint(ctx, s.open.pool)
	return err == nil && fingerprint == s.catalog.Fingerprint
}

// swap makes s, which nobody else knows yet, the present state and closes what only the previous one used. The caller holds writing, or is New.
func (e *Engine) swap(s *Snapshot) {
	e.serve(s)
	old := e.exchange(s)
	e.config.OTLP.Aim(s.otlp)
	if old == nil {
		return
	}
	s.tellFeeds(old)
	if s.servesOtherThan(old) && e.sockets != nil {
		if e.config.KeepSocketsOnMetadataChange {
			e.sockets.Restart()
		} else {
			e.sockets.CloseAll()
		}
	}
	e.closeUnused(old.uses())
}

// exchange makes s the present snapshot and gives the one before. Replicas are read through s when they have seen the schema
// that it was made from, and all that was written before; and what is written through the one before, too.
func (e *Engine) exchange(s *Snapshot) *Snapshot {
	e.swapping.Lock()
	defer e.swapping.Unlock()
	if old := e.Snapshot(); old != nil {
		used := s.uses()
		for open := range old.uses() {
			if !used[open] {
				open.database.Replicas.Replaced(e.raiseReplicas)
			}
		}
	}
	s.raiseReplicas()
	return e.snapshot.Swap(s)
}

// raiseReplicas lets no replica be read before it has seen all that was written so far.
func (e *Engine) raiseReplicas() {
	e.swapping.Lock()
	defer e.swapping.Unlock()
	e.Snapshot().raiseReplicas()
}

func (s *Snapshot) raiseReplicas() {
	for open := range s.uses() {
		open.database.Replicas.Raise()
	}
}

// uses are the sources that are open for s.
func (s *Snapshot) uses() map[*source]bool {
	out := map[*source]bool{}
	for _, state := range s.sources {
		if state.open != nil {
			out[state.open] = true
		}
	}
	return out
}

// closeUnused closes the sources that the present state does not use. Requests that began before still do, so it does not
// keep the caller waiting.
func (e *Engine) closeUnused(opened map[*source]bool) {
	used := e.Snapshot().uses()
	for s := range opened {
		if !used[s] {
			e.closing.Go(func() { s.retire(e.ended) })
		}
	}
}
