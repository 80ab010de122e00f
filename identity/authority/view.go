package authority

import (
	"context"
	"sync"
	"time"
)

// loadTimeout bounds one read of the directory, whoever waits for it.
const loadTimeout = 5 * time.Second

// view remembers what has been read of one kind of thing, within bounds, until it is told to forget. Concurrent readers
// of one key share one read.
//
// Its promise: a get that begins after forget(k) has returned never gives what was read before. A read under way when
// its key is forgotten is therefore detached: those who waited for it get its answer (their request began before the
// change was heard), nobody joins it any more, and its answer is not kept.
type view[K comparable, V any] struct {
	load func(context.Context, K) (V, error)
	// max bounds each of two generations. When young is full it becomes old, and the old is dropped: what is used
	// moves back to young.
	max int

	mu         sync.RWMutex
	young, old map[K]V
	flights    map[K]*flight[V]
}

type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func newView[K comparable, V any](max int, load func(context.Context, K) (V, error)) *view[K, V] {
	v := &view[K, V]{load: load, max: max}
	v.forgetAll()
	return v
}

// get gives what is known of k, reading it when it is not remembered.
func (v *view[K, V]) get(ctx context.Context, k K) (V, error) {
	v.mu.RLock()
	value, known := v.young[k]
	v.mu.RUnlock()
	if known {
		return value, nil
	}
	f, value, known := v.join(ctx, k)
	if known {
		return value, nil
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (v *view[K, V]) join(ctx context.Context, k K) (f *flight[V], value V, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if value, known = v.young[k]; known {
		return nil, value, true
	}
	if value, known = v.old[k]; known {
		v.keep(k, value)
		return nil, value, true
	}
	if f = v.flights[k]; f == nil {
		f = &flight[V]{done: make(chan struct{})}
		v.flights[k] = f
		// The read outlives the caller who started it, because others may have joined; it has its own deadline.
		go v.fly(context.WithoutCancel(ctx), k, f)
	}
	return f, value, false
}

func (v *view[K, V]) fly(ctx context.Context, k K, f *flight[V]) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	f.value, f.err = v.load(ctx, k)
	v.mu.Lock()
	if v.flights[k] == f { // else forgotten meanwhile
		delete(v.flights, k)
		if f.err == nil {
			v.keep(k, f.value)
		}
	}
	v.mu.Unlock()
	close(f.done)
}

func (v *view[K, V]) keep(k K, value V) {
	if len(v.young) >= v.max {
		v.young, v.old = make(map[K]V, v.max/4), v.young
	}
	v.young[k] = value
}

func (v *view[K, V]) forget(k K) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.young, k)
	delete(v.old, k)
	delete(v.flights, k)
}

func (v *view[K, V]) forgetAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.young, v.old, v.flights = map[K]V{}, map[K]V{}, map[K]*flight[V]{}
}
