package engine

import (
	"context"
	"maps"

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
	// isChanged: there is something to save.
	isChanged bool
	// overwrites: it replaces the whole document, whatever is stored.
	overwrites bool
	// opened are the sources opened on the way, to be closed if nobody keeps them.
	opened map[*source]bool
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
		if d.sources[name] == nil || state.catalog != d.sources[name].catalog {
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
	d.Snapshot = d.engine.build(doc, d.base.ResourceVersion, states)
	d.isChanged = true
}

// Overwrite implements admin.Draft.
func (d *draft) Overwrite() { d.overwrites = true }

// IsFresh implements admin.Draft.
func (d *draft) IsFresh(source string) bool { return d.fresh[source] }

// MakeStale implements admin.Draft.
func (d *draft) MakeStale(source string) { d.stale[source] = true }

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

// Update implements admin.Engine: it runs change on a draft of the present state and, when change succeeds, saves and
// serves the result. Changes run one at a time; another process that saves first makes this one fail with a conflict.
func (e *Engine) Update(ctx context.Context, expect *int, change func(admin.Draft) error) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	if err := e.refresh(ctx); err != nil {
		return err
	}
	base := e.Snapshot()
	if expect != nil && *expect != base.ResourceVersion {
		return errVersion(*expect)
	}
	d := &draft{Snapshot: base, engine: e, base: base, fresh: map[string]bool{}, stale: e.stale, opened: map[*source]bool{}}
	err := change(d)
	if base.unreadable != nil && !d.overwrites {
		err = base.unreadable
	}
	if err == nil && d.isChanged {
		err = e.commit(ctx, d)
	}
	if err != nil { // what the draft read is not kept
		for name := range d.fresh {
			e.stale[name] = true
		}
	}
	e.closeUnused(d.opened)
	return err
}

// commit saves a draft's document and makes the draft the present state.
func (e *Engine) commit(ctx context.Context, d *draft) error {
	var reloaded []string
	for name := range d.fresh {
		reloaded = append(reloaded, name)
	}
	version, err := e.storage.save(ctx, d.Doc, d.base.ResourceVersion, reloaded)
	if err != nil {
		return err
	}
	next := *d.Snapshot
	next.ResourceVersion = version
	e.swap(&next)
	return nil
}
