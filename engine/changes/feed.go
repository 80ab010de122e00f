// Package changes follows what is written to a database, by logical decoding, and tells watchers when a table they read
// may have changed. It never says how: nothing of the rows is kept or looked at.
//
// It stands beside catalog and knows Postgres, nothing of subscriptions. Whoever watches must be able to do without: a
// feed that cannot follow, or is late, says so, and its watchers look for themselves until it is well again. Why it is
// made of temporary slots and test_decoding is in docs/decisions/0006-followed-changes.md.
package changes

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config of a Feed.
type Config struct {
	// Source is the database's name in the log.
	Source string
	// Login says how to connect for replication; it is asked before every connection.
	Login func(ctx context.Context) (*pgconn.Config, error)
	// Pool is the database's own, for what is asked by queries: it must be what the watchers read.
	Pool *pgxpool.Pool
	// MaxWAL is how many bytes of the write-ahead log may be kept back for the feed before it gives up; 0 is 256 MiB.
	MaxWAL int64
	Log    *slog.Logger
}

const defaultMaxWAL = 256 << 20

// Feed follows one database while somebody watches. Its methods are safe for concurrent use; those of a nil Feed follow
// nothing.
type Feed struct {
	config Config
	stop   context.CancelFunc
	done   sync.WaitGroup
	// wake says that the watches are others, untraced that there are some to trace; each has room for one.
	wake, untraced chan struct{}

	settling settling

	mu      sync.Mutex
	watches map[*Watch]struct{}
	tables  map[string]*table
	// isWell: every change is told, soon. why it is not; since is when that changed.
	isWell bool
	why    string
	since  time.Time
	// schema counts how often the schema may have changed; traces are of the present one.
	schema int
	traces map[string]trace
	// position is the end of the last commit that was told, commits how many were, and how often telling began. transaction numbers those that were
	// begun to be read here.
	position, commits, transaction uint64
}

// table is a table that was watched or changed.
type table struct {
	watches map[*Watch]struct{}
	// transaction is the last one that changed it (Feed.transaction).
	transaction uint64
}

// maxTables is how many tables are remembered before those that nobody watches are forgotten.
const maxTables = 10_000

// New makes a feed; Close ends it.
func New(c Config) *Feed {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxWAL <= 0 {
		c.MaxWAL = defaultMaxWAL
	}
	f := &Feed{
		config: c, wake: make(chan struct{}, 1), untraced: make(chan struct{}, 1), watches: map[*Watch]struct{}{}, tables: map[string]*table{},
		traces: map[string]trace{}, why: notWatched, since: time.Now(),
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.done.Go(func() { f.run(ctx) })
	f.done.Go(func() { f.traceWatches(ctx) })
	return f
}

// notWatched is why a feed that nobody needs does not follow, closed why one that ended does not.
const (
	notWatched = "nobody watches"
	closed     = "closed"
)

// Close ends the feed. Watches are not followed from then on.
func (f *Feed) Close() {
	if f == nil {
		return
	}
	f.stop()
	f.done.Wait()
}

// State is what an administrator is told of a feed.
type State struct {
	IsFollowed bool
	// Why it is not; "" when it is.
	Why   string
	Since time.Time
}

// State is the feed's present one.
func (f *Feed) State() State {
	if f == nil {
		return State{Why: "off"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return State{IsFollowed: f.isWell, Why: f.why, Since: f.since}
}

// Commits is a number that moves with every transaction that has written to the database, as far as they were decoded, and
// when some may not have been: two equal ones mean that there was none in between. ok is false while the
// feed does not follow.
func (f *Feed) Commits() (n uint64, ok bool) {
	if f == nil {
		return 0, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits, f.isWell
}

// begin says where in the log a stream begins: what it does not tell of ended before that.
func (f *Feed) begin(position uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.position = position
	f.commits++ // what was committed while nobody followed was not told
	for w := range f.watches {
		w.position = position
	}
}

// well says that every commit from now on is told. Whoever watches has to look once.
func (f *Feed) well() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isWell {
		return
	}
	f.isWell, f.why, f.since = true, "", time.Now()
	f.config.Log.Info("changes are followed", "source", f.config.Source)
	for w := range f.watches {
		w.isStale = true
		w.notify()
	}
}

// unwell says why changes are not told, or late; was tells whether they were before.
func (f *Feed) unwell(why string) (was bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was = f.isWell
	if !was && f.why == why {
		return was
	}
	f.isWell, f.why, f.since = false, why, time.Now()
	if why != notWatched && why != closed {
		f.config.Log.Info("changes are not followed: subscriptions poll", "source", f.config.Source, "reason", why)
	}
	if was {
		for w := range f.watches {
			w.notify()
		}
	}
	return was
}

// isWatched tells whether somebody watches.
func (f *Feed) isWatched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watches) > 0
}

// How long a feed goes on that nobody watches, and how soon it tries again after it failed.
const (
	linger     = 30 * time.Second
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// run follows while somebody watches, until ctx ends.
func (f *Feed) run(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		if !f.isWatched() {
			f.unwell(notWatched)
			select {
			case <-ctx.Done():
			case <-f.wake:
			}
			continue
		}
		err := f.follow(ctx)
		if err == nil {
			continue
		}
		if f.unwell(err.Error()) {
			retry = firstRetry
		}
		pause(ctx, retry)
		retry = min(2*retry, lastRetry)
	}
	f.unwell(closed)
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is due already
	}
}
