package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// lookInterval is how often replicas and primary are looked at. Each costs a statement that reads no table.
	lookInterval = 250 * time.Millisecond
	// lookTimeout is after how long without an answer a server counts as gone.
	lookTimeout = 2 * time.Second
	// firstPause is how soon a replica that failed is looked at again; twice as long each time, up to lastPause.
	firstPause, lastPause = 50 * time.Millisecond, 5 * time.Second
	// moments is how many positions of the primary are kept for the longest lag allowed.
	moments = 64
)

// moment is where the primary's log ended when it was asked, in between began and ended.
type moment struct {
	began, ended time.Time
	position     uint64
}

type answer struct {
	position uint64
	err      error
}

// ask gives a position of the primary's log that everything committed so far lies before.
func (p *Replicas) ask(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	heard := make(chan answer, 1) // so that nobody waits to give it
	select {
	case p.asks <- heard:
	case <-p.stopped:
		return 0, errors.New("the replicas are looked after no more")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case a := <-heard:
		return a.position, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// followPrimary asks the primary where it stands, every interval and for everybody who waits. It sees to it that what it
// gave is flushed some time, since replicas are sent no more than that.
func (p *Replicas) followPrimary(ctx context.Context) {
	look := newLooker(&p.primary)
	defer look.close()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	var last uint64
	for {
		var waiting []chan<- answer
		isTick := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			isTick = true
		case a := <-p.asks:
			waiting = append(waiting, a)
		}
		for more := true; more; {
			select {
			case a := <-p.asks:
				waiting = append(waiting, a)
			default:
				more = false
			}
		}
		at, err := p.lookAtPrimary(ctx, look)
		for _, w := range waiting {
			w <- answer{at.Position, err}
		}
		if isTick && err == nil && at.flushed < last {
			look.commit(ctx)
		}
		last = at.Position
	}
}

func (p *Replicas) lookAtPrimary(ctx context.Context, look *looker) (Place, error) {
	p.mu.Lock()
	p.isAsking, p.isRaising = p.isAsking || p.isRaising, false // a wish from now on is for the next look
	p.mu.Unlock()
	began := time.Now()
	at, err := look.look(ctx)
	if err == nil && at.IsStandby {
		err = errors.New("the primary is a standby itself")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		return Place{}, err
	}
	p.place = &at
	if p.isAsking {
		p.isAsking, p.raised = false, max(p.raised, at.Position)
	}
	p.settleFloor()
	p.remember(moment{began, time.Now(), at.Position})
	return at, nil
}

// remember adds to the history, which is as long as the lag that is allowed. The newest moment is always kept.
func (p *Replicas) remember(m moment) {
	if n := len(p.history); n > 1 && m.ended.Sub(p.history[n-2].ended) < p.maxLag/moments {
		p.history = p.history[:n-1]
	}
	p.history = append(p.history, m)
	first := 0
	for first+1 < len(p.history) && m.ended.Sub(p.history[first+1].ended) > p.maxLag {
		first++
	}
	p.history = append(p.history[:0], p.history[first:]...)
}

// watch looks at a replica until ctx ends.
func (p *Replicas) watch(ctx context.Context, r *replica) {
	look := newLooker(&r.Database)
	defer look.close()
	pause := firstPause
	var last uint64
	for {
		position, why := p.judge(ctx, look, last)
		wait := lookInterval
		if why == "" {
			last, pause = position, firstPause
			r.in(position, p.log, p.source)
			p.forget()
		} else if ctx.Err() == nil {
			r.out(why, p.log, p.source)
			if !look.isOpen() {
				last = 0
				r.abandon()
			}
			wait, pause = pause, min(2*pause, lastPause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		case <-r.hurry:
		case <-r.nudge:
			select { // a failing server is not asked without a pause
			case <-ctx.Done():
				return
			case <-time.After(firstPause):
			}
		}
	}
}

// forget drops the writes that all replicas in use have seen.
func (p *Replicas) forget() {
	least := everywhere
	for _, r := range p.all {
		if at := r.position.Load(); at != 0 {
			least = min(least, at)
		}
	}
	p.writers.forget(least, p.raiseTo)
}

// judge looks at a replica: how far it has come, or why it cannot be used. last is how far it had when it was last looked at.
func (p *Replicas) judge(ctx context.Context, look *looker, last uint64) (position uint64, why string) {
	at, err := look.look(ctx)
	if err != nil {
		return 0, "it cannot be reached: " + err.Error()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.place == nil {
		return 0, "its primary was not looked at yet"
	}
	if why := at.WhyNoReplica(*p.place); why != "" {
		return 0, why
	}
	newest, oldest := p.history[len(p.history)-1], p.history[0]
	if last > newest.position && look.before.Before(newest.began) {
		return 0, "it has come further than its primary"
	}
	isAllowed := at.Position >= oldest.position
	if time.Since(oldest.ended) < p.maxLag { // too short a history to tell
		isAllowed = isAllowed || at.Lag < p.maxLag
	}
	if !isAllowed {
		return 0, fmt.Sprintf("it is more than %s behind", p.maxLag)
	}
	return at.Position, ""
}

// looker asks one server on a connection of its own, so that a busy pool does not look like a server that is gone.
type looker struct {
	database *Database
	conn     *pgx.Conn
	identity identity // as long as the connection lasts
	// before is when the position before was heard.
	before, heard time.Time
}

func newLooker(d *Database) *looker { return &looker{database: d} }

func (l *looker) isOpen() bool { return l.conn != nil }

func (l *looker) close() {
	if l.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = l.conn.Close(ctx)
		l.conn = nil
	}
}

// commitStatement has a transaction id, so that it ends with a commit record, and writes nothing else, so that it does not
// wait for that one to be flushed (PostgreSQL: RecordTransactionCommit).
const commitStatement = `select txid_current()`

// commit writes a commit record to the primary's log, so that the WAL writer flushes all before it: within three times
// wal_writer_delay, which is 0.6 s if nobody changed it (PostgreSQL docs: wal-async-commit). Other records may wait for
// that until there is some commit: those of a transaction that goes on, and the rest of one of which the flushed part ends
// with a page. And where a page is full the next record's place is beyond its successor's header, which a replica only
// reaches with that record.
func (l *looker) commit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if _, err := l.conn.Exec(ctx, commitStatement); err != nil {
		l.close() // the next look tells why
	}
}

// look asks the server where it is. It closes the connection when that fails.
func (l *looker) look(ctx context.Context) (Place, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if l.conn == nil {
		if err := l.open(ctx); err != nil {
			return Place{}, err
		}
	}
	at := Place{identity: l.identity}
	if err := at.look(ctx, l.conn); err != nil {
		l.close()
		return Place{}, err
	}
	l.before, l.heard = l.heard, time.Now()
	return at, nil
}

func (l *looker) open(ctx context.Context) error {
	conn, err := l.database.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	l.conn = conn.Hijack()
	if l.identity, err = identify(ctx, l.conn); err != nil {
		l.close()
		return err
	}
	return nil
}
