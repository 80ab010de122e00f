package engine

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/admin"
	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// draft is a snapshot in the making (admin.Draft).
type draft struct {
	*Snapshot
	engine *Engine
	base   *Snapshot
	// fresh are the sources read in this draft, stale those to be read before they are relied on.
	fresh, stale map[string]bool
	// learned are the sources of which something was read in this draft.
	learned map[string]bool
	// isChanged: there is something to save.
	isChanged bool
	// overwrites: it replaces the whole document, whatever is stored.
	overwrites bool
	// opened are the sources opened on the way, to be closed if nobody keeps them.
	opened map[*source]bool
	// acted: something was done that cannot be done again. announced are the adaptations to run_sqls that were to be
	// committed, followed is base's document with them and nothing else.
	acted     bool
	announced []adaptation
	followed  *metadata.Metadata
}

// Rebuild implements admin.Draft.
func (d *draft) Rebuild(ctx context.Context, doc *metadata.Metadata, reload ...string) error {
	if err := d.mayBecome(doc); err != nil {
		return err
	}
	again := func(name string) bool {
		for _, r := range reload {
			if r == name {
				return true
			}
		}
		return d.stale[name]
	}
	states := d.engine.resolve(ctx, doc, d.sources, again)
	d.keep(states)
	if err := ctx.Err(); err != nil {
		return err
	}
	for name, state := range states {
		if was := d.sources[name]; was == nil || state != was && again(name) || state.catalog != was.catalog {
			d.fresh[name] = true
			delete(d.stale, name)
		}
	}
	d.become(doc, states)
	return nil
}

// RebuildIn implements admin.Draft.
func (d *draft) RebuildIn(ctx context.Context, doc *metadata.Metadata, name string, c *catalog.Catalog, tx pgx.Tx) error {
	if err := d.mayBecome(doc); err != nil {
		return err
	}
	states := maps.Clone(d.sources)
	if was := states[name]; was != nil && doc.Source(name) != nil {
		states[name] = &sourceState{open: was.open, catalog: c, enums: readEnums(ctx, tx, doc.Source(name), c), natives: probeNatives(ctx, tx, doc.Source(name), c)}
	}
	d.fresh[name] = true
	delete(d.stale, name)
	d.become(doc, states)
	return ctx.Err()
}

// mayBecome refuses another document in maintenance mode; reading the same one again is no change.
func (d *draft) mayBecome(doc *metadata.Metadata) error {
	if d.engine.config.MaintenanceMode && doc != d.Doc {
		return fault.New(fault.Unexpected, "$", "metadata cannot be modified in maintenance mode")
	}
	return nil
}

// keep remembers which sources the draft holds open.
func (d *draft) keep(states map[string]*sourceState) {
	for _, state := range states {
		if state.open != nil {
			d.opened[state.open] = true
		}
	}
}

func (d *draft) become(doc *metadata.Metadata, states map[string]*sourceState) {
	d.Snapshot = d.engine.build(d.Snapshot, doc, d.base.ResourceVersion, states)
	d.isChanged = true
}

// Overwrite implements admin.Draft.
func (d *draft) Overwrite() { d.overwrites = true }

// IsFresh implements admin.Draft.
func (d *draft) IsFresh(source string) bool { return d.fresh[source] }

// MakeStale implements admin.Draft.
func (d *draft) MakeStale(source string) { d.stale[source] = true }

// MayHaveChanged implements admin.Draft. What nobody has asked for is found by the watch, if there is one.
func (d *draft) MayHaveChanged(source string) {
	if d.engine.config.SchemaWatchInterval <= 0 {
		d.stale[source] = true
	}
}

// Learn implements admin.Draft.
func (d *draft) Learn(ctx context.Context, source string, tables, functions []catalog.Name) error {
	was := d.sources[source]
	if was == nil || was.open == nil || was.err != nil || d.stale[source] {
		return nil // it will be read whole, or cannot be read
	}
	c, err := catalog.LoadSome(ctx, was.open.pool, was.catalog, tables, functions)
	if err != nil || c == was.catalog {
		return err
	}
	now := *was
	now.catalog = c
	s := *d.Snapshot
	s.sources = maps.Clone(s.sources)
	s.sources[source] = &now
	d.Snapshot = &s
	d.learned[source] = true
	return nil
}

// Mark implements admin.Draft. What was read from the databases meanwhile stays read.
func (d *draft) Mark() func() {
	snapshot, changed := d.Snapshot, d.isChanged
	return func() {
		states := maps.Clone(snapshot.sources)
		for name := range states {
			if now := d.sources[name]; d.fresh[name] && now != nil && now.open == states[name].open {
				d.stale[name] = true
			}
		}
		d.Snapshot, d.isChanged = snapshot, changed
	}
}

var _ admin.Draft = (*draft)(nil)

// maxAttempts bounds how often a change starts anew because somebody else saved first.
const maxAttempts = 10

// saveTimeout bounds how long saving a change takes.
const saveTimeout = time.Minute

// Update implements admin.Engine: it runs change on a draft of the present state and, when change succeeds, saves and
// serves the result. Changes run one at a time, those of other engines included. Whoever saves first all the same, as a
// Hasura may, makes this one start anew on what was saved; a client that named the version it changes gets a conflict.
func (e *Engine) Update(ctx context.Context, expect *int, change func(admin.Draft) error) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	done, err := e.storage.turn(ctx)
	if err != nil {
		return away(err)
	}
	defer done()
	if _, err := e.finish(ctx); err != nil {
		return away(err)
	}
	for range maxAttempts {
		var again bool
		if again, err = e.attempt(ctx, expect, change); !again {
			break
		}
	}
	return err
}

// attempt runs change once. again: nothing was done, because somebody else saved first.
func (e *Engine) attempt(ctx context.Context, expect *int, change func(admin.Draft) error) (again bool, err error) {
	if err := e.refresh(ctx); err != nil {
		return false, away(err)
	}
	base := e.Snapshot()
	if expect != nil && *expect != base.ResourceVersion {
		return false, errVersion(*expect)
	}
	d := &draft{Snapshot: base, engine: e, base: base, fresh: map[string]bool{}, learned: map[string]bool{}, stale: e.stale, opened: map[*source]bool{}}
	err = change(d)
	if base.unreadable != nil && !d.overwrites {
		err = base.unreadable
	}
	// What was done in the sources must not be lost because the client went away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	overtaken := false
	if err == nil && d.isChanged {
		err = away(e.commit(ctx, d))
		overtaken = isConflict(err)
	}
	if err != nil { // what the draft read is not kept
		for name := range d.fresh {
			e.stale[name] = true
		}
		if failed := e.settle(ctx, d); failed != nil {
			e.log.ErrorContext(ctx, "what run_sql changed is not in the metadata yet", "error", failed)
		} else if overtaken && expect == nil && d.onlyFollowed() {
			err = nil
		}
	}
	e.closeUnused(d.opened)
	return isConflict(err) && expect == nil && !d.acted, err
}

// onlyFollowed tells whether the draft holds nothing but what its run_sqls mean for the metadata.
func (d *draft) onlyFollowed() bool {
	return len(d.announced) > 0 && string(d.Doc.Encode()) == string(d.followed.Encode())
}

// commit saves a draft's document and makes the draft the present state.
func (e *Engine) commit(ctx context.Context, d *draft) error {
	var reloaded []string
	for name := range d.sources {
		if d.fresh[name] || d.learned[name] {
			reloaded = append(reloaded, name)
		}
	}
	version, err := e.storage.save(ctx, d.Doc, d.base.ResourceVersion, reloaded, d.base.ResourceVersion)
	if err != nil {
		return err
	}
	next := *d.Snapshot
	next.ResourceVersion = version
	e.swap(&next)
	return nil
}
