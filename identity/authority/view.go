package authority

import (
	"context"
	"sync"
	"time"
)

// maxAge is how long anything is remembered at most. Changes are told at once; this is for what changes without telling:
// rows written with triggers off, a table emptied by truncate.
const maxAge = time.Minute

// view remembers what has been read of one kind of thing, within bounds, until it is told to forget. Concurrent readers
// of one key share one read.
//
// Its promise: a get that begins after forget(k) has returned never gives what was read before. A read under way when
// its key is forgotten is therefore detached: those who waited for it get its answer (their request began before the
// change was heard), nobody joins it any more, and its answer is not kept.
type view[K comparable, V any] struct {
	reader *reader[K, V]
	// max bounds each of two generations. When young is full it becomes old, and the old is dropped: what is used
	// moves back to young.
	max int

	mu         sync.RWMutex
	young, old map[K]entry[V]
	flights    map[K]*flight[V]
}

type entry[V any] struct {
	value V
	read  time.Duration // when reading it began
}

func newView[K comparable, V any](max int, now func() time.Duration, reads chan struct{}, query func(context.Context, []K) (map[K]V, error)) *view[K, V] {
	v := &view[K, V]{max: max}
	v.reader = &reader[K, V]{query: query, now: now, reads: reads, landed: v.land, waiting: map[K]*flight[V]{}}
	v.forgetAll()
	return v
}

// get gives what is known of k at a moment, reading it when nothing is remembered or what is may not be used.
func (v *view[K, V]) get(ctx context.Context, k K, at moment) (V, error) {
	if !at.isTrusted {
		return v.reader.join(k).wait(ctx)
	}
	v.mu.RLock()
	e, known := v.young[k]
	v.mu.RUnlock()
	if known && at.now-e.read < maxAge {
		return e.value, nil
	}
	f, e, known := v.join(k, at)
	if known {
		return e.value, nil
	}
	return f.wait(ctx)
}

func (v *view[K, V]) join(k K, at moment) (f *flight[V], e entry[V], known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e, known = v.young[k]; known && at.now-e.read < maxAge {
		return nil, e, true
	}
	if e, known = v.old[k]; known && at.now-e.read < maxAge {
		v.keep(k, e)
		return nil, e, true
	}
	if f = v.flights[k]; f == nil {
		f = v.reader.join(k)
		v.flights[k] = f
	}
	return f, e, false
}

// land keeps what has been read, unless it was forgotten meanwhile.
func (v *view[K, V]) land(flights map[K]*flight[V]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for k, f := range flights {
		if v.flights[k] != f {
			continue
		}
		delete(v.flights, k)
		if f.err == nil {
			v.keep(k, entry[V]{f.value, f.sent})
		}
	}
}

func (v *view[K, V]) keep(k K, e entry[V]) {
	if len(v.young) >= v.max {
		v.young, v.old = make(map[K]entry[V], v.max/4), v.young
	}
	v.young[k] = e
}

// forget forgets k, and tells whether anybody had asked for it.
func (v *view[K, V]) forget(k K) (was bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, isYoung := v.young[k]
	_, isOld := v.old[k]
	_, isRead := v.flights[k]
	delete(v.young, k)
	delete(v.old, k)
	delete(v.flights, k)
	return isYoung || isOld || isRead
}

func (v *view[K, V]) forgetAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.young, v.old, v.flights = map[K]entry[V]{}, map[K]entry[V]{}, map[K]*flight[V]{}
}
