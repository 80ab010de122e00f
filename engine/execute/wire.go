package execute

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// A batch is what is sent in one write. Its bytes fit the sockets' buffers: were the other side to wait for us to
	// read, we could still write all of it.
	maxBatch      = 32
	maxBatchBytes = 16 << 10
	// maxStatements bounds the statements prepared on one connection.
	maxStatements = 256
	// freshFor is how long a connection counts as working without being asked.
	freshFor = time.Second
	// comeUp bounds how long a connection may take to be had and set up.
	comeUp = 10 * time.Second
)

// wire is one connection of a lane.
type wire struct {
	lane       *lane
	generation int32
	conn       *pgxpool.Conn
	frontend   *pgproto3.Frontend
	batch      []*job
	used       time.Time // when it last did something

	// statements are those prepared, by text; order has the least recently used last.
	statements map[string]*list.Element
	order      *list.List
	named      int
	// parsing are those Postgres has not confirmed yet, in the order sent.
	parsing []*prepared
}

// prepared is a statement on the connection, prepared together with a job.
type prepared struct {
	sql, name string
	by        *job
}

// errPooler: who greeted us is not who answers. What is set on such a connection would be somebody else's, too.
var errPooler = errors.New("there is a pooler before the database")

// serve acquires a connection and runs jobs on it until it is idle, old, broken or the lane closed.
func (l *lane) serve() error {
	ctx, cancel := context.WithTimeout(context.Background(), comeUp)
	defer cancel()
	go func() {
		select {
		case <-l.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	generation := l.generation.Load()
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire a connection to share: %w", err)
	}
	defer conn.Release() // which closes it for good: its settings are not the pool's
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), comeUp)
		defer cancel()
		_ = conn.Conn().Close(ctx)
	}()
	var pid uint32
	if err := conn.QueryRow(ctx, "select pg_catalog.pg_backend_pid()").Scan(&pid); err != nil {
		return fmt.Errorf("set up a connection to share: %w", err)
	}
	if pid != conn.Conn().PgConn().PID() {
		return errPooler
	}
	setup := "set statement_timeout = " + strconv.FormatInt(stallTimeout.Milliseconds(), 10) +
		"; set lock_timeout = " + strconv.FormatInt(lockTimeout.Milliseconds(), 10)
	if _, err := conn.Exec(ctx, setup); err != nil {
		return fmt.Errorf("set up a connection to share: %w", err)
	}
	if l.commits {
		var mode string
		if err := conn.QueryRow(ctx, "show synchronous_commit").Scan(&mode); err != nil {
			return fmt.Errorf("set up a connection to share: %w", err)
		}
		if mode != "off" {
			l.patience.Store(int64(commitPatience))
		}
	}
	cancel()
	w := &wire{
		lane: l, generation: generation, conn: conn, frontend: conn.Conn().PgConn().Frontend(), used: time.Now(),
		statements: map[string]*list.Element{}, order: list.New(),
	}
	return w.run()
}

func (w *wire) run() error {
	l := w.lane
	l.progress.Store(w.used.UnixNano())
	l.ready.Add(1)
	defer func() {
		if l.ready.Add(-1) == 0 {
			l.sendAway()
		}
	}()
	look := time.NewTicker(max(min(l.idleTime, l.lifetime)/2, time.Second))
	defer look.Stop()
	end := w.used.Add(l.lifetime)
	for {
		l.idle.Add(1)
		var first *job
		select {
		case first = <-l.jobs:
		case now := <-look.C:
			if now.Sub(w.used) > l.idleTime || now.After(end) || w.isOld() {
				l.idle.Add(-1)
				return nil
			}
		case <-l.closing:
			l.idle.Add(-1)
			return nil
		}
		l.idle.Add(-1)
		if first == nil {
			continue
		}
		runtime.Gosched() // who is about to ask gets here in time: larger batches, fewer trips and wake-ups
		w.gather(first)
		if len(w.batch) == 0 {
			continue
		}
		if err := w.exchange(); err != nil {
			return err
		}
		if w.used.After(end) || w.isOld() {
			return nil
		}
	}
}

func (w *wire) isOld() bool { return w.generation != w.lane.generation.Load() }

// gather takes what waits, as much as its neighbours will not be kept waiting by.
func (w *wire) gather(first *job) {
	clear(w.batch)
	w.batch = w.batch[:0]
	bytes, most := 0, maxBatch
	if pace := w.lane.pace.Load(); pace > 0 {
		most = max(1, min(maxBatch, int(w.lane.patience.Load()/pace)))
	}
	for j := first; ; {
		if j.take() {
			w.batch = append(w.batch, j)
			bytes += j.size()
		}
		if len(w.batch) >= most || bytes >= maxBatchBytes {
			return
		}
		select {
		case j = <-w.lane.jobs:
		default:
			return
		}
	}
}

// exchange sends the batch and reads the answers. An error means that the connection cannot be used any more; every job
// of the batch has been finished even so.
func (w *wire) exchange() (err error) {
	done := 0
	sent := false
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic on a shared connection: %v", p)
		}
		if err == nil {
			return
		}
		for _, j := range w.batch[done:] {
			// Whether a write that was sent was done is not known, so it must not be done again.
			if j.isWrite && sent {
				j.finish(nil, err, false)
			} else {
				j.finish(nil, nil, true)
			}
		}
	}()
	began := time.Now()
	if w.batch[0].isWrite && began.Sub(w.used) > freshFor {
		if err := w.ping(); err != nil {
			return err
		}
	}
	for _, j := range w.batch {
		w.send(j)
	}
	w.evict()
	sent = true
	if err := w.frontend.Flush(); err != nil {
		return fmt.Errorf("write to a shared connection: %w", err)
	}
	for ; done < len(w.batch); done++ {
		result, failure, err := w.receive(w.batch[done])
		if err != nil {
			return err
		}
		now := time.Now()
		w.note(now, now.Sub(began))
		began = now
		w.settle(w.batch[done], result, failure)
	}
	w.used = began
	return nil
}

// note keeps the lane's moving average.
func (w *wire) note(now time.Time, took time.Duration) {
	l := w.lane
	l.progress.Store(now.UnixNano())
	pace := l.pace.Load()
	l.pace.Store(pace + (int64(took)-pace)/16)
}

// settle hands over what came of a job, or sends it to the pool: Postgres has undone it.
func (w *wire) settle(j *job, result []byte, failure error) {
	var pg *pgconn.PgError
	if failure == nil || !errors.As(failure, &pg) {
		j.finish(result, failure, false)
		return
	}
	switch pg.Code {
	case "57014", "55P03": // query_canceled, lock_not_available: too slow for its neighbours
		w.lane.setAside(j.statement.SQL)
	case "0A000", "26000": // its plan or its name is no longer what it was
		for w.order.Len() > 0 {
			w.drop(w.order.Back())
		}
	default:
		j.finish(nil, failure, false)
		return
	}
	j.finish(nil, nil, true)
}

// ping asks whether the connection still works, before it is trusted with what must not be lost.
func (w *wire) ping() error {
	w.frontend.SendSync(&pgproto3.Sync{})
	if err := w.frontend.Flush(); err != nil {
		return fmt.Errorf("write to a shared connection: %w", err)
	}
	_, _, err := w.receive(nil)
	return err
}

// send puts a job into the buffer: its own messages up to its own sync, so that its failure is nobody else's.
func (w *wire) send(j *job) {
	p := w.prepare(j.statement.SQL, j)
	if j.isWrite {
		u := w.prepare(setUser, j)
		w.execute(u.name, [][]byte{j.user}, nil)
	}
	w.execute(p.name, j.params, j.statement.Formats())
	w.frontend.SendSync(&pgproto3.Sync{})
}

func (w *wire) execute(name string, params [][]byte, formats []int16) {
	w.frontend.SendBind(&pgproto3.Bind{PreparedStatement: name, Parameters: params, ResultFormatCodes: formats})
	w.frontend.SendExecute(&pgproto3.Execute{})
}

// prepare finds a statement's name, having it prepared where it is not. What fails to be prepared fails its job, and
// others of the batch with the same text, who then know no such statement.
func (w *wire) prepare(sql string, j *job) *prepared {
	if e := w.statements[sql]; e != nil {
		w.order.MoveToFront(e)
		return e.Value.(*prepared)
	}
	w.named++
	p := &prepared{sql: sql, name: "s" + strconv.Itoa(w.named), by: j}
	w.statements[sql] = w.order.PushFront(p)
	w.parsing = append(w.parsing, p)
	w.frontend.SendParse(&pgproto3.Parse{Name: p.name, Query: sql})
	return p
}

// evict closes the statements that are too many.
func (w *wire) evict() {
	for w.order.Len() > maxStatements {
		w.drop(w.order.Back())
	}
}

func (w *wire) forget(sql string) {
	if e := w.statements[sql]; e != nil {
		w.drop(e)
	}
}

// drop closes a statement with the next write; closing one that does not exist is no error (PG docs: protocol-flow).
func (w *wire) drop(e *list.Element) {
	p := e.Value.(*prepared)
	delete(w.statements, p.sql)
	w.order.Remove(e)
	w.frontend.SendClose(&pgproto3.Close{ObjectType: 'S', Name: p.name})
}

// receive reads one job's answer up to its sync. failure is the job's, err the connection's.
func (w *wire) receive(j *job) (result []byte, failure, err error) {
	skip, atSync := j != nil && j.isWrite, false // a write's first result is set_config's
	// next gives the next row, and nil where a statement's rows or the answer end.
	next := func() [][]byte {
		for err == nil && !atSync {
			var m pgproto3.BackendMessage
			if m, err = w.frontend.Receive(); err != nil {
				err = fmt.Errorf("read from a shared connection: %w", err)
				break
			}
			switch m := m.(type) {
			case *pgproto3.DataRow:
				if !skip {
					return m.Values
				}
			case *pgproto3.CommandComplete:
				if !skip {
					return nil
				}
				skip = false
			case *pgproto3.ParseComplete:
				w.parsing = w.parsing[1:]
			case *pgproto3.ErrorResponse:
				pg := pgconn.ErrorResponseToPgError(m)
				if failure = pg; pg.SeverityUnlocalized == "FATAL" || pg.SeverityUnlocalized == "PANIC" {
					err = pg
				}
				return nil
			case *pgproto3.ReadyForQuery:
				atSync = true
			}
		}
		return nil
	}
	var unreadable error
	if j != nil {
		result, unreadable = resultJSON(j.statement, next)
	}
	for err == nil && !atSync {
		next()
	}
	// What was to be prepared and is not, because something failed before it.
	for len(w.parsing) > 0 && w.parsing[0].by == j {
		w.forget(w.parsing[0].sql)
		w.parsing = w.parsing[1:]
	}
	if failure == nil {
		failure = unreadable
	}
	return result, failure, err
}
