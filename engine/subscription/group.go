package subscription

import (
	"context"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/changes"
	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/translate"
)

// group is the subscribers of one Live.
type group struct {
	live *translate.Live
	role string
	// operation and hash are Query's.
	operation, hash string
	executor        *execute.Executor
	polling         Polling
	// id, watched and isWatched are for who watches; the last two are Config's.
	id        string
	watched   func(Poll)
	isWatched func() bool
	since     time.Time
	// skipFirstEmpty: see Config.
	skipFirstEmpty bool
	looks          *atomic.Int64   // the hub's
	ctx            context.Context // ends with the group's last subscriber
	cancel         context.CancelFunc
	// wake has room for one: a look is due.
	wake chan struct{}
	// following is empty when what the group reads is not followed, for the reason why.
	following []*changes.Watch
	why       string
	// isUnfinished: the last look failed, or gave rows of a stream, after which there may be more.
	isUnfinished atomic.Bool
	// hasFailed and statements are the present look's.
	hasFailed  atomic.Bool
	statements atomic.Int64

	mu sync.Mutex
	// cost is that of the looks that ended.
	cost Cost
	// isDirty: everybody is to be asked for at the next look, not the newcomers only.
	isDirty bool
	cohorts map[string]*cohort
	// newcomers are the cohorts with somebody who has been told nothing, and maybe some that had.
	newcomers map[*cohort]struct{}
	size      int
	// timed counts the subscribers whose results change with the time.
	timed   int
	nextKey int
	// audience is the group's as a whole.
	audience *execute.Audience
}

// cohort is the subscribers whom every poll gives the same. In a stream, each is on its own: its cursor moves.
type cohort struct {
	subscriber *execute.Subscriber
	// isAlone: asked for by itself, since it made a common statement fail.
	isAlone bool
	// old have been told what has the hash last; fresh nothing yet. Guarded by the group.
	old, fresh map[*sink]struct{}
	last       uint64
	// changed is after how many looks of the group the result was another than before.
	changed int64
}

type sink struct {
	push   func(Event)
	caller execute.Caller
}

// parallel is how many batches of a group run at a time.
const parallel = 4

func (h *Hub) newGroup(q Query) *group {
	g := &group{
		live: q.Live, role: q.Role, operation: q.Operation, hash: q.Hash, executor: q.Executor, polling: h.config.Live, skipFirstEmpty: h.config.SkipFirstEmpty, looks: &h.looks,
		wake: make(chan struct{}, 1), cohorts: map[string]*cohort{}, newcomers: map[*cohort]struct{}{}, watched: h.config.Watched, isWatched: h.config.IsWatched, since: time.Now(),
	}
	if g.watched != nil {
		g.id = newGroupID()
	}
	if q.Live.Stream != nil {
		g.polling = h.config.Stream
	}
	g.ctx, g.cancel = context.WithCancel(h.ctx)
	g.audience = execute.NewAudience(g.callers)
	g.follow(q.Feed)
	return g
}

// callers are the group's.
func (g *group) callers() []execute.Caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := make(map[execute.Caller]struct{}, g.size)
	out := make([]execute.Caller, 0, g.size)
	for _, c := range g.cohorts {
		for _, sinks := range []map[*sink]struct{}{c.old, c.fresh} {
			for s := range sinks {
				if _, ok := seen[s.caller]; !ok {
					seen[s.caller] = struct{}{}
					out = append(out, s.caller)
				}
			}
		}
	}
	return out
}

// join adds a subscriber; leave takes it away and tells how many are left.
func (g *group) join(s *execute.Subscriber, push func(Event)) (leave func() int) {
	key := s.Key()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live.Stream != nil {
		g.nextKey++
		key = strconv.Itoa(g.nextKey)
	}
	c := g.cohorts[key]
	if c == nil {
		c = &cohort{subscriber: s, old: map[*sink]struct{}{}, fresh: map[*sink]struct{}{}}
		g.cohorts[key] = c
	}
	me := &sink{push, s.Caller()}
	c.fresh[me] = struct{}{}
	g.newcomers[c] = struct{}{}
	g.size++
	if s.SaysNow() {
		g.timed++
	}
	g.nudge()
	return func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(c.old, me)
		delete(c.fresh, me)
		if len(c.old)+len(c.fresh) == 0 {
			delete(g.cohorts, key)
			delete(g.newcomers, c)
		}
		g.size--
		if s.SaysNow() {
			g.timed--
		}
		return g.size
	}
}

// touch makes the group ask for everybody now.
func (g *group) touch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isDirty = true
	g.nudge()
}

func (g *group) nudge() {
	select {
	case g.wake <- struct{}{}:
	default: // a look is due already
	}
}

// run looks at newcomers at once. It looks at everybody after each interval, counted from the end of the last such look, as
// Hasura does, so that a slow database is not pressed harder; where what is read is followed, only if it has changed, and
// at once after a quiet interval.
func (g *group) run() {
	defer g.unfollow()
	timer := time.NewTimer(g.polling.Interval)
	defer timer.Stop()
	last, isStale := time.Now(), false
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-timer.C:
		case <-g.wake:
		}
		isFollowed, hasChanged := g.state()
		isStale = isStale || hasChanged
		isDue := (isStale || !isFollowed) && time.Since(last) >= g.polling.Interval
		seen, began := g.watch(), time.Now()
		due := g.due(&isDue)
		seen.asked(due)
		if isDue {
			if isStale && isFollowed {
				g.executor.CatchUp(g.ctx, g.live, g.audience)
			}
			isStale = isFollowed && !g.settle()
		}
		g.look(due, seen)
		g.looked(began, len(due), isDue)
		g.done(seen)
		if isDue {
			last = time.Now()
			g.looks.Add(1)
		}
		if isStale = g.isUnfinished.Swap(false) || isStale; isStale || !isFollowed {
			timer.Reset(g.polling.Interval - time.Since(last))
		} else {
			timer.Stop()
		}
	}
}

// recently is for how many looks a cohort whose result has changed is asked for before those whose results stood still.
const recently = 8

// due are the cohorts to ask for: all, or those with newcomers. What has changed lately changes again more likely than the
// rest, so that it comes first: whom it concerns need not wait for thousands whom it does not.
func (g *group) due(all *bool) []*cohort {
	g.mu.Lock()
	defer g.mu.Unlock()
	*all = *all || g.isDirty
	g.isDirty = false
	if !*all {
		return slices.Collect(maps.Keys(g.newcomers))
	}
	out := make([]*cohort, len(g.cohorts))
	front, back := 0, len(out)
	for _, c := range g.cohorts {
		if g.cost.Looks-c.changed <= recently {
			out[front] = c
			front++
		} else {
			back--
			out[back] = c
		}
	}
	return out
}

// look asks for cohorts, in batches of those that one statement can serve.
func (g *group) look(cohorts []*cohort, seen *poll) {
	g.audience.Begin()
	var batches [][]*cohort
	var following, opening []*cohort
	for _, c := range cohorts {
		switch {
		case c.isAlone:
			batches = append(batches, []*cohort{c})
		case c.subscriber.IsOpening():
			opening = append(opening, c)
		default:
			following = append(following, c)
		}
	}
	for _, part := range [][]*cohort{following, opening} {
		for len(part) > 0 {
			n := min(len(part), g.polling.Batch)
			batches = append(batches, part[:n])
			part = part[n:]
		}
	}
	if len(batches) == 1 {
		g.poll(batches[0], seen)
		return
	}
	var running sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, b := range batches {
		slots <- struct{}{}
		running.Go(func() {
			g.poll(b, seen)
			<-slots
		})
	}
	running.Wait()
}

// poll asks for one batch and tells its subscribers.
func (g *group) poll(batch []*cohort, seen *poll) {
	g.conclude(batch, g.ask(batch), seen)
}

// asked is what came of asking for a batch.
type asked struct {
	outcomes        []execute.Outcome
	err             error
	began, answered time.Time
}

func (g *group) ask(batch []*cohort) (a asked) {
	subscribers := make([]*execute.Subscriber, len(batch))
	for i, c := range batch {
		subscribers[i] = c.subscriber
	}
	g.statements.Add(int64(len(g.live.Polls)))
	a.began = time.Now()
	a.outcomes, a.err = g.executor.Poll(g.ctx, g.live, subscribers, g.audience)
	a.answered = time.Now()
	return a
}

// conclude tells a batch what came of asking for it. A value of one cohort that Postgres cannot take must not cost the
// others their results: the batch is then split until the culprit is found, which is asked for apart from then on. So it
// is with one that takes too long, unless both halves do: then it is the database that is slow, and to ask more often
// would make it slower.
func (g *group) conclude(batch []*cohort, a asked, seen *poll) {
	err, half, bytes := a.err, len(batch)/2, 0
	switch {
	case g.ctx.Err() != nil:
		return
	case err != nil && len(batch) > 1 && isAboutData(err):
		g.poll(batch[:half], seen)
		g.poll(batch[half:], seen)
		return
	case err != nil && len(batch) > 1 && isTooSlow(err):
		first, second := g.ask(batch[:half]), g.ask(batch[half:])
		if !isTooSlow(first.err) || !isTooSlow(second.err) {
			g.conclude(batch[:half], first, seen)
			g.conclude(batch[half:], second, seen)
			return
		}
		g.fail(batch, err)
	case err != nil:
		if len(batch) == 1 && (isAboutData(err) || isTooSlow(err)) {
			batch[0].isAlone = true
		}
		g.fail(batch, err)
	default:
		for i, c := range batch {
			c.isAlone = false
			bytes += len(a.outcomes[i].Body)
			g.told(c, a.outcomes[i])
		}
	}
	if g.ctx.Err() == nil {
		seen.batch(a.began, a.answered, bytes, err)
	}
}

func (g *group) fail(batch []*cohort, err error) {
	g.isUnfinished.Store(true)
	g.hasFailed.Store(true)
	for _, c := range batch {
		g.tell(c, Event{Err: err, Replaces: true}, hashOf("error", []byte(err.Error())), false)
	}
}

func (g *group) told(c *cohort, o execute.Outcome) {
	if g.live.Stream == nil {
		g.tell(c, Event{Body: o.Body, Replaces: true}, hashOf("", o.Body), false)
		return
	}
	if o.Cursor == nil {
		if g.skipFirstEmpty {
			return
		}
		g.tell(c, Event{Body: o.Body}, c.last, true)
		return
	}
	c.subscriber.Advance(o.Cursor)
	g.isUnfinished.Store(true)
	g.tell(c, Event{Body: o.Body}, c.last+1, false)
}

// tell pushes an event to newcomers, and to the others if hash is not that of what they were told last.
func (g *group) tell(c *cohort, e Event, hash uint64, onlyFresh bool) {
	g.mu.Lock()
	sinks := make([]*sink, 0, len(c.fresh))
	if !onlyFresh && hash != c.last {
		c.changed = g.cost.Looks
		for s := range c.old {
			sinks = append(sinks, s)
		}
	}
	delete(g.newcomers, c)
	for s := range c.fresh {
		sinks = append(sinks, s)
		c.old[s] = struct{}{}
		delete(c.fresh, s)
	}
	c.last = hash
	g.mu.Unlock()
	for _, s := range sinks {
		s.push(e)
	}
}

// seed makes the hash one that nobody outside can find collisions for.
var seed = maphash.MakeSeed()

func hashOf(kind string, body []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(kind) // never fails
	_, _ = h.Write(body)
	return h.Sum64()
}

// isTooSlow tells an exceeded time limit.
func isTooSlow(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == fault.TimeLimitExceeded
}

// isAboutData tells an error that values or rows cause from one of the database's own condition (connection, resources,
// shutdown, conflict with others), which splitting a batch would only make worse.
func isAboutData(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(pg.Code) < 2 {
		return false
	}
	switch pg.Code[:2] {
	case "08", "40", "53", "55", "57", "58", "XX":
		return false
	}
	return true
}
