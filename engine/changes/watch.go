package changes

import (
	"context"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
)

// Reads is what a query reads, as its text names it.
type Reads struct {
	// Relations are tables and views, Functions those called that are not Postgres' own, by name.
	Relations, Functions []catalog.Name
}

// key is equal for equal reads.
func (r Reads) key() string {
	var b strings.Builder
	for _, names := range [][]catalog.Name{r.Relations, r.Functions} {
		for _, n := range names {
			b.WriteString(tableKey(n.Schema, n.Name))
			b.WriteByte(0)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// Watch is somebody's interest in what a query reads.
type Watch struct {
	feed   *Feed
	reads  Reads
	notify func()

	// The following is guarded by the feed.

	// schema is the schema that it was traced in; why, what cannot be told of its reads there.
	schema int
	why    string
	tables []*table
	// isStale: what it reads may have changed, at position the last time.
	isStale  bool
	position uint64
}

// Watch begins to watch. notify is called when Look has something new to say; it must not block, nor call the feed.
func (f *Feed) Watch(reads Reads, notify func()) *Watch {
	w := &Watch{feed: f, reads: reads, notify: notify, schema: -1}
	if f == nil {
		return w
	}
	f.mu.Lock()
	f.watches[w] = struct{}{}
	f.mu.Unlock()
	nudge(f.wake)
	nudge(f.untraced)
	return w
}

// Stop ends the watch.
func (w *Watch) Stop() {
	f := w.feed
	if f == nil {
		return
	}
	f.mu.Lock()
	w.leave()
	delete(f.watches, w)
	f.mu.Unlock()
	nudge(f.wake)
}

// leave takes the watch from its tables. The caller holds the feed.
func (w *Watch) leave() {
	for _, t := range w.tables {
		delete(t.watches, w)
	}
	w.tables = nil
}

// Look is how a watcher stands.
type Look struct {
	// IsFollowed: it hears of every change. Else it must look for itself, Why says.
	IsFollowed bool
	Why        string
	// IsStale: what it reads may have changed since the last Look, in transactions that all ended at or before Position
	// in the write-ahead log. They may not be visible yet: see Settle.
	IsStale  bool
	Position uint64
}

// Look tells how the watcher stands, and takes it as having looked.
func (w *Watch) Look() Look {
	f := w.feed
	if f == nil {
		return Look{Why: "off"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	l := w.state()
	if l.IsFollowed {
		w.isStale = false
	}
	return l
}

// state is how the watch stands. The caller holds the feed.
func (w *Watch) state() Look {
	f := w.feed
	l := Look{IsStale: w.isStale, Position: w.position}
	switch {
	case w.schema != f.schema:
		l.Why = "not traced yet"
	case w.why != "":
		l.Why = w.why
	case !f.isWell:
		l.Why = f.why
	default:
		l.IsFollowed = true
	}
	return l
}

// Why says why the watcher has to look for itself; "" when it is told.
func (w *Watch) Why() string {
	if w.feed == nil {
		return "off"
	}
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	return w.state().Why
}

// SchemaChanged says that the database's schema may be another: what the watches read is traced anew.
func (f *Feed) SchemaChanged() {
	if f == nil {
		return
	}
	f.mu.Lock()
	f.schema++
	clear(f.traces)
	for w := range f.watches {
		w.notify()
	}
	f.mu.Unlock()
	nudge(f.untraced)
}

// traceWatches finds out what new watches read, until ctx ends.
func (f *Feed) traceWatches(ctx context.Context) {
	retry := firstRetry
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.untraced:
		}
		watches, schema := f.untracedWatches()
		for _, w := range watches {
			t, err := f.trace(ctx, w.reads, schema)
			if err != nil { // tried again; until then the watch is polled
				if !pause(ctx, retry) {
					return
				}
				retry = min(2*retry, lastRetry)
				nudge(f.untraced)
				break
			}
			retry = firstRetry
			f.traced(w, t, schema)
		}
	}
}

func (f *Feed) untracedWatches() (out []*Watch, schema int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watches {
		if w.schema != f.schema {
			out = append(out, w)
		}
	}
	return out, f.schema
}

// traced gives a watch its tables. From then on it hears of them, so that it has to look once.
func (f *Feed) traced(w *Watch, t trace, schema int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.watches[w]; !ok || f.schema != schema {
		return
	}
	w.leave()
	w.schema, w.why, w.isStale, w.position = schema, t.why, true, f.position
	for _, key := range t.tables {
		table := f.table(key)
		if !slices.Contains(w.tables, table) {
			table.watches[w] = struct{}{}
			w.tables = append(w.tables, table)
		}
	}
	w.notify()
}

// table is the table of a key. The caller holds the feed.
func (f *Feed) table(key string) *table {
	t := f.tables[key]
	if t == nil {
		if len(f.tables) >= maxTables {
			for k, t := range f.tables {
				if len(t.watches) == 0 && t.transaction != f.transaction {
					delete(f.tables, k)
				}
			}
		}
		t = &table{watches: map[*Watch]struct{}{}}
		f.tables[key] = t
	}
	return t
}
