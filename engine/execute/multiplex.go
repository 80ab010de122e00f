package execute

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/translate"
)

// Multiplexer runs the cheap statements of many requests over a few connections of a source: what waits when a
// connection is free is sent in one write, each request with a sync, and so a transaction, of its own, and the answers are
// read back in order (PG docs: protocol-flow, pipelining). It saves most of what a trip to Postgres costs both sides.
//
// Statements on one connection run one after the other. What keeps a slow one from harming its neighbours: only
// statements of a cheap class are taken (translate.Class); reads and writes have connections of their own, because a
// write waits for the disk when it commits; Postgres ends a statement that runs or waits too long, and it is run again
// over the pool, its text being kept away for a while; a connection takes no more before it is done with what it has;
// and where the wait would be long the pool is used. A read whose connection stands still is also run over the pool.
type Multiplexer struct{ lookups, inserts lane }

const (
	// stallTimeout ends a statement that runs longer (statement_timeout), lockTimeout one that waits longer for a lock:
	// thousands of times what such statements take, and short for a neighbour to wait.
	stallTimeout = 100 * time.Millisecond
	lockTimeout  = 20 * time.Millisecond
	// patience is how long a statement may be expected to wait for its turn; longer, and the pool is better. Where
	// commits wait for the disk, connections of their own would wait together.
	patience       = 20 * time.Millisecond
	commitPatience = 2 * time.Millisecond
	// standstill is after how long without any progress a connection counts as stuck.
	standstill = 25 * time.Millisecond
	// asideTime is how long a text that was too slow is kept away; twice as long each time it is so again, up to
	// maxAsideTime. Once may be the machine's fault.
	asideTime    = 250 * time.Millisecond
	maxAsideTime = 4 * time.Second
	// maxAside bounds the texts remembered.
	maxAside = 256
	// outcomeTimeout bounds how long the outcome of a write is waited for that nobody wants any more.
	outcomeTimeout = 5 * time.Second
	// maxQueued bounds the statements that wait; more go over the pool.
	maxQueued = 512
	// connectBackoff is how long to wait after a connection could not be had.
	connectBackoff = 5 * time.Second
)

// NewMultiplexer multiplexes over connections of pool, which it acquires when they are first needed and gives back when
// they are idle or old, so that they count among the pool's. nil, which multiplexes nothing, for a pool that is too small
// to spare some, or behind a pooler that gives statements of one connection to several.
func NewMultiplexer(pool *pgxpool.Pool) *Multiplexer {
	config := pool.Config()
	size := min(int(config.MaxConns)/8, 3)
	if size == 0 || config.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement {
		return nil
	}
	m := &Multiplexer{}
	for _, l := range []*lane{&m.lookups, &m.inserts} {
		l.pool, l.size, l.jobs, l.closing = pool, size, make(chan *job, maxQueued), make(chan struct{})
		l.idleTime, l.lifetime = config.MaxConnIdleTime, config.MaxConnLifetime
		l.patience.Store(int64(patience))
	}
	m.inserts.commits = true
	return m
}

// Close gives the connections back. What is on its way is finished, what waits and what comes goes over the pool.
func (m *Multiplexer) Close() {
	if m == nil {
		return
	}
	m.lookups.close()
	m.inserts.close()
}

// Renew has the connections replaced, each when it is done with what it has.
func (m *Multiplexer) Renew() {
	if m != nil {
		m.lookups.generation.Add(1)
		m.inserts.generation.Add(1)
	}
}

// lookup runs a statement of class KeyLookup. done is false when the pool must run it.
func (m *Multiplexer) lookup(ctx context.Context, s *translate.Statement, in translate.Values) (result []byte, done bool, err error) {
	if m == nil || s.Class != translate.KeyLookup || !m.lookups.admits(s.SQL) {
		return nil, false, nil
	}
	j := newJob(s)
	return m.lookups.share(ctx, j, in)
}

// insert runs a statement of class SingleInsert for the session given as JSON, in a transaction of its own. done is
// false when the pool must run it, which never is when it may have been run.
func (m *Multiplexer) insert(ctx context.Context, s *translate.Statement, in translate.Values) (result []byte, done bool, err error) {
	if m == nil || s.Class != translate.SingleInsert || !m.inserts.admits(s.SQL) {
		return nil, false, nil
	}
	j := newJob(s)
	j.isWrite = true
	j.user = append(j.user[:0], in.SessionJSON()...)
	return m.inserts.share(ctx, j, in)
}

// lane is a few connections with one queue before them: who is free takes what waits.
type lane struct {
	pool               *pgxpool.Pool
	size               int
	commits            bool // its statements write
	idleTime, lifetime time.Duration
	jobs               chan *job
	closing            chan struct{}

	// ready connections take jobs; idle ones wait for them.
	ready, idle atomic.Int32
	// pace is the moving average of a statement's time, in nanoseconds; progress when the last one ended.
	pace, progress atomic.Int64
	asides         atomic.Int32
	patience       atomic.Int64
	// generation tells connections that are to be replaced from those made since.
	generation atomic.Int32

	mu       sync.Mutex
	started  atomic.Int32 // written under mu
	nextTry  time.Time
	isClosed bool
	isOff    bool // for good: connections cannot be shared here
	aside    map[string]aside
	running  sync.WaitGroup
}

// admits tells whether a statement is better off here than with a connection to itself.
func (l *lane) admits(sql string) bool {
	if l.asides.Load() > 0 && l.isAside(sql) {
		return false
	}
	if int(l.started.Load()) < l.size {
		l.start()
	}
	ready := l.ready.Load()
	if ready == 0 || l.idle.Load() > 0 {
		return ready > 0
	}
	wait := int64(len(l.jobs)+1) * l.pace.Load() / int64(ready)
	return wait < l.patience.Load() && time.Now().UnixNano()-l.progress.Load() < int64(patience+stallTimeout)
}

// share binds a job's values and runs it, unless it is too large: while we write, what comes back is not read, so that the
// two sides would wait for each other for ever.
func (l *lane) share(ctx context.Context, j *job, in translate.Values) (result []byte, done bool, err error) {
	if err := j.bind(in); err != nil {
		return nil, true, err
	}
	if j.size() > maxBatchBytes {
		j.free()
		return nil, false, nil
	}
	return l.do(ctx, j)
}

// do queues a job and waits for its result.
func (l *lane) do(ctx context.Context, j *job) (result []byte, done bool, err error) {
	select {
	case l.jobs <- j:
	default:
		return nil, false, nil
	}
	if l.ready.Load() == 0 { // the last connection may have looked at the queue just before
		l.sendAway()
	}
	for {
		if !j.isWrite {
			j.timer.Reset(standstill)
		}
		select {
		case <-j.done:
			j.timer.Stop()
			result, err, elsewhere := j.result, j.err, j.elsewhere
			j.free()
			return result, !elsewhere, err
		case <-ctx.Done():
			return l.giveUp(ctx, j)
		case <-j.timer.C:
			if time.Now().UnixNano()-l.progress.Load() > int64(standstill) && j.abandon() {
				return nil, false, nil // only a read: twice does no harm
			}
		}
	}
}

// giveUp ends the wait for a job when ctx has ended. What is not sent yet never will be. The result of a read that is sent
// is dropped: Postgres ends it soon, and a cancel request could hit a neighbour. A write that is sent may be done, so what
// became of it is waited for and told.
func (l *lane) giveUp(ctx context.Context, j *job) (result []byte, done bool, err error) {
	j.timer.Stop()
	if j.state.CompareAndSwap(waiting, abandoned) || !j.isWrite && j.abandon() {
		return nil, true, ctx.Err()
	}
	late := time.NewTimer(outcomeTimeout)
	defer late.Stop()
	select {
	case <-j.done:
		result, err, elsewhere := j.result, j.err, j.elsewhere
		j.free()
		return result, !elsewhere, err
	case <-late.C:
		j.abandon()
		return nil, true, ctx.Err()
	}
}

// start brings up a missing connection, in the background.
func (l *lane) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed || l.isOff || int(l.started.Load()) >= l.size || time.Now().Before(l.nextTry) {
		return
	}
	l.started.Add(1)
	l.running.Add(1)
	go func() {
		defer l.running.Done()
		err := l.serve()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.started.Add(-1)
		if errors.Is(err, errPooler) {
			l.isOff = true
		}
		if err != nil {
			l.nextTry = time.Now().Add(connectBackoff)
		}
	}()
}

func (l *lane) close() {
	l.mu.Lock()
	if !l.isClosed {
		l.isClosed = true
		close(l.closing)
	}
	l.mu.Unlock()
	l.running.Wait()
}

// sendAway lets the pool run what waits. With no connection left nobody else would take it.
func (l *lane) sendAway() {
	for {
		select {
		case j := <-l.jobs:
			if j.take() {
				j.finish(nil, nil, true)
			}
		default:
			return
		}
	}
}

// aside is a text that is kept away, and remembered for a while after that.
type aside struct {
	until   time.Time
	penalty time.Duration
}

func (l *lane) isAside(sql string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, found := l.aside[sql]
	now := time.Now()
	if found && now.After(a.until.Add(maxAsideTime)) {
		delete(l.aside, sql)
		l.asides.Store(int32(len(l.aside)))
	}
	return found && now.Before(a.until)
}

// setAside keeps a text away for a while.
func (l *lane) setAside(sql string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, found := l.aside[sql]
	now := time.Now()
	switch {
	case !found:
		a.penalty = asideTime
	case now.Before(a.until): // sent before it was set aside
		return
	default:
		a.penalty = min(2*a.penalty, maxAsideTime)
	}
	a.until = now.Add(a.penalty)
	if l.aside == nil || len(l.aside) >= maxAside {
		l.aside = map[string]aside{}
	}
	l.aside[sql] = a
	l.asides.Store(int32(len(l.aside)))
}

// job is one request's statement on its way.
type job struct {
	statement *translate.Statement
	params    [][]byte
	values    []byte // what params point into
	// isWrite: user is set in the same transaction, and the statement must not be run twice.
	isWrite bool
	user    []byte

	state atomic.Int32
	// What came of it, once done has something: elsewhere means that the pool shall run it, nothing having happened.
	result    []byte
	err       error
	elsewhere bool
	done      chan struct{} // of one, so that nobody waits to give it
	timer     *time.Timer
}

// A job is waiting, then taken by a connection and finished; whoever waited for it may abandon it at any time before.
const (
	waiting int32 = iota
	taken
	finished
	abandoned
)

var jobs = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &job{done: make(chan struct{}, 1), timer: t, values: make([]byte, 0, 256)}
}}

func newJob(s *translate.Statement) *job {
	j := jobs.Get().(*job)
	j.statement = s
	return j
}

// free gives back a job that nobody else holds.
func (j *job) free() {
	j.statement, j.result, j.err, j.elsewhere, j.isWrite = nil, nil, nil, false, false
	j.params, j.values, j.user = j.params[:0], j.values[:0], j.user[:0]
	j.state.Store(waiting)
	jobs.Put(j)
}

// bind works out the parameters, as text.
func (j *job) bind(in translate.Values) error {
	for _, a := range j.statement.Args {
		text, err := a.Text(in)
		if err != nil {
			return err
		}
		if text == nil {
			j.params = append(j.params, nil)
			continue
		}
		from := len(j.values)
		j.values = append(j.values, *text...)
		j.params = append(j.params, j.values[from:len(j.values):len(j.values)])
	}
	return nil
}

// size is about how many bytes the job sends, its text among them in case it is to be prepared.
func (j *job) size() int { return len(j.statement.SQL) + len(j.values) + len(j.user) + 64 }

func (j *job) take() bool { return j.state.CompareAndSwap(waiting, taken) }

func (j *job) abandon() bool {
	return j.state.CompareAndSwap(waiting, abandoned) || j.state.CompareAndSwap(taken, abandoned)
}

// finish hands over the result, if anybody is still waiting for it.
func (j *job) finish(result []byte, err error, elsewhere bool) {
	if j.state.CompareAndSwap(taken, finished) {
		j.result, j.err, j.elsewhere = result, err, elsewhere
		j.done <- struct{}{}
	}
}
