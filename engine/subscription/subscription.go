// Package subscription keeps live queries and streams running: it asks the databases when what they read has changed, or
// again and again where nobody tells, and tells each subscriber what changed.
//
// Subscribers with the same operation, role and shape of variables form a group, whatever their variables and session
// variables are; one statement asks for a whole batch of them (translate.Live). It knows nothing of sockets and decides
// no permission: who may go on is the business of whoever subscribed.
package subscription

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/engine/changes"
	"gatehouse/engine/execute"
	"gatehouse/engine/translate"
	"gatehouse/telemetry"
)

// Polling says how often and for how many subscribers at a time a group asks.
type Polling struct {
	Interval time.Duration
	Batch    int
}

// The defaults, Hasura's.
var defaults = Polling{Interval: time.Second, Batch: 100}

// OrDefault fills in the defaults.
func (p Polling) OrDefault() Polling {
	if p.Interval <= 0 {
		p.Interval = defaults.Interval
	}
	if p.Batch <= 0 {
		p.Batch = defaults.Batch
	}
	return p
}

// Config of a Hub.
type Config struct {
	// Live is for live queries, Stream for streaming subscriptions; zero fields mean 1 s and 100.
	Live, Stream Polling
	// SkipFirstEmpty keeps a stream's first batch back while it is empty (remove_empty_subscription_responses).
	SkipFirstEmpty bool
	Log            *slog.Logger
	// Watched is told of every look at a database, while IsWatched (nil: always); nil costs nothing. It must not block.
	Watched   func(Poll)
	IsWatched func() bool
}

// Query is a subscription to start: the statements, where they run, and what the subscriber brings. Queries with the
// same Live are one group.
type Query struct {
	Live       *translate.Live
	Executor   *execute.Executor
	Subscriber *execute.Subscriber
	// Role is whose Live it is, Operation its name and Hash tells it from others of that name, for Describe and who watches.
	Role, Operation, Hash string
	// Requests counts such subscriptions; nil does not.
	Requests *telemetry.Requests
	// Feed tells what changes in a source, so that nothing is asked while nothing does; nil: every group polls.
	Feed func(source string) *changes.Feed
}

// Event is what a subscriber is told: a response body, {"data":{…}}, or why there is none. After an error the
// subscription goes on; the next event may be a result again.
type Event struct {
	Body []byte
	Err  error
	// Replaces: an event of this subscription not delivered yet is out of date now. Not so for streams.
	Replaces bool
}

// Hub runs all groups. Its methods are safe for concurrent use.
type Hub struct {
	config Config
	ctx    context.Context // the hub's own life, ended by Close
	cancel context.CancelFunc
	loops  sync.WaitGroup

	// looks counts how often everybody of a group was asked for.
	looks atomic.Int64

	mu     sync.Mutex
	groups map[*translate.Live]*group
}

// New makes a Hub; Close ends it.
func New(c Config) *Hub {
	c.Live, c.Stream = c.Live.OrDefault(), c.Stream.OrDefault()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	h := &Hub{config: c, groups: map[*translate.Live]*group{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Close ends every subscription and waits for running statements to end.
func (h *Hub) Close() {
	h.cancel()
	h.loops.Wait()
}

// Subscribe starts a subscription. push is called with the first result as soon as there is one, and then with every
// change, from one goroutine; it must not block. stop ends the subscription; a push under way may still finish after it.
func (h *Hub) Subscribe(q Query, push func(Event)) (stop func()) {
	if len(q.Live.Polls) == 0 { // nothing that could change
		outcomes, err := q.Executor.Poll(h.ctx, q.Live, []*execute.Subscriber{q.Subscriber}, nil)
		if err != nil {
			push(Event{Err: err})
		} else {
			push(Event{Body: outcomes[0].Body})
		}
		return func() {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[q.Live]
	if g == nil {
		g = h.newGroup(q)
		h.groups[q.Live] = g
		h.loops.Go(g.run)
	}
	leave := g.join(q.Subscriber, push)
	var once sync.Once
	return func() {
		once.Do(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if leave() == 0 {
				delete(h.groups, q.Live)
				g.cancel()
			}
		})
	}
}

// Groups is how many groups are polled.
func (h *Hub) Groups() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.groups)
}

// Looks is how often everybody of a group was asked for, newcomers apart.
func (h *Hub) Looks() int64 { return h.looks.Load() }

// Wake asks every group to look now, before its interval is over.
func (h *Hub) Wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range h.groups {
		g.touch()
	}
}
