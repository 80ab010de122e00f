package authority

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// patience bounds how long anybody waits for the directory, and one statement of it.
	patience = 5 * time.Second
	// maxBatch is how many keys one statement asks for: a few milliseconds of Postgres.
	maxBatch = 500
	// maxReadsOfKind is how many of maxReads one kind may take, so that no kind waits for another's crowd.
	maxReadsOfKind = 2
)

var errBusy = errors.New("the directory did not answer in time")

// reader reads one kind of thing from Postgres for everybody who asks: a few statements at a time, each for all who wait
// by then. When everything has been forgotten, or nothing may be remembered, a hundred thousand callers cost hundreds
// of statements; when nobody else asks, the one who does waits for nobody.
type reader[K comparable, V any] struct {
	// query gives what it finds; for a key it does not, the zero value is the answer.
	query  func(context.Context, []K) (map[K]V, error)
	now    func() time.Duration
	reads  chan struct{} // a place in it is a statement under way
	landed func(map[K]*flight[V])

	mu      sync.Mutex
	waiting map[K]*flight[V] // not yet sent
	queue   []K              // the keys of waiting, the first asked for first
	running int
}

// flight is a read that others may join until it is sent.
type flight[V any] struct {
	asked, sent time.Duration
	done        chan struct{}
	value       V
	err         error
}

func (f *flight[V]) wait(ctx context.Context) (none V, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// join gives a read of k that has not begun.
func (r *reader[K, V]) join(k K) *flight[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.waiting[k]; f != nil {
		return f
	}
	f := &flight[V]{asked: r.now(), done: make(chan struct{})}
	r.waiting[k] = f
	r.queue = append(r.queue, k)
	if r.running < maxReadsOfKind {
		r.running++
		go r.run()
	}
	return f
}

// run reads until nobody waits.
func (r *reader[K, V]) run() {
	for {
		r.reads <- struct{}{}
		keys, flights := r.take()
		if len(keys) > 0 {
			r.read(keys, flights)
		}
		<-r.reads
		if len(flights) == 0 {
			return
		}
		r.landed(flights)
		for _, f := range flights {
			close(f.done)
		}
	}
}

// take takes the next batch. Who has waited too long is among the flights, but not among the keys.
func (r *reader[K, V]) take() (keys []K, flights map[K]*flight[V]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, n := r.now(), min(len(r.queue), maxBatch)
	if n == 0 {
		r.running--
		r.queue = nil // not to hold the greatest crowd's memory
		return nil, nil
	}
	flights = make(map[K]*flight[V], n)
	for _, k := range r.queue[:n] {
		f := r.waiting[k]
		delete(r.waiting, k)
		flights[k] = f
		if f.sent = now; now-f.asked < patience {
			keys = append(keys, k)
		} else {
			f.err = errBusy
		}
	}
	r.queue = r.queue[n:]
	return keys, flights
}

func (r *reader[K, V]) read(keys []K, flights map[K]*flight[V]) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errBusy)
	defer cancel()
	found, err := r.query(ctx, keys)
	for _, k := range keys {
		flights[k].value, flights[k].err = found[k], err
	}
}
