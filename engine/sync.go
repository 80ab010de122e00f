package engine

import (
	"context"
	"errors"
	"time"

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
	if err != nil || version == e.Snapshot().ResourceVersion {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	return e.refresh(ctx)
}

// refresh brings the state up to date with the metadata database. The caller holds writing. Which databases another
// process changed is not known for certain, so all are read again.
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

// load reads the document and every database, and serves what follows.
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
	if s := e.Snapshot(); s != nil {
		old = s.sources
	}
	s := e.build(doc, version, e.resolve(ctx, doc, old, func(string) bool { return true }))
	if unreadable {
		s.markUnreadable(err)
	}
	e.swap(s)
	e.log.InfoContext(ctx, "metadata loaded", "version", version, "inconsistencies", len(s.inconsistencies), "took", time.Since(began))
	return nil
}

// swap makes s, which nobody else knows yet, the present state and closes what only the previous one used. The caller holds writing, or is New.
func (e *Engine) swap(s *Snapshot) {
	e.serve(s)
	old := e.snapshot.Swap(s)
	if old == nil {
		return
	}
	if s.servesOtherThan(old) && e.sockets != nil {
		if e.config.KeepSocketsOnMetadataChange {
			e.sockets.Restart()
		} else {
			e.sockets.CloseAll()
		}
	}
	opened := map[*source]bool{}
	for _, state := range old.sources {
		if state.open != nil {
			opened[state.open] = true
		}
	}
	e.closeUnused(opened)
}

// closeUnused closes the sources that the present state does not use. Closing waits for running requests, so it does not
// keep the caller waiting.
func (e *Engine) closeUnused(opened map[*source]bool) {
	used := map[*source]bool{}
	for _, state := range e.Snapshot().sources {
		used[state.open] = true
	}
	for s := range opened {
		if !used[s] {
			e.closing.Go(s.close)
		}
	}
}
