package changes

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// A feed's connection (PG docs: protocol-replication). The slot is temporary: it goes with the connection, so that a
// killed process leaves nothing behind that could fill a disk.

const (
	// beat is how often the server is asked for an answer, tardy how late one, or a commit, may be.
	beat  = 500 * time.Millisecond
	tardy = time.Second
	// startTime is how long a server may take to begin to send.
	startTime = 30 * time.Second
	// silence is how long a server may say nothing before it is taken for gone.
	silence = time.Minute
	// checks is how many times the log is looked at while it grows by MaxWAL.
	checks = 8
)

// stream is the reading of one connection.
type stream struct {
	feed *Feed
	slot string
	// mark tells flush's messages from others'.
	mark   string
	conn   net.Conn
	front  *pgproto3.Frontend
	parser parser
	// touched are the tables of the transaction that is being read.
	touched []*table
	// touchesAll: any table may have been changed by it. isOwn: it is one of flush's.
	touchesAll, isOwn bool
	// lags has room for one: a change came later than it need.
	lags chan struct{}

	mu sync.Mutex
	// received is how far the log was read; checked, how far when it was last looked at how much is kept.
	received, checked uint64
	// asked is when an answer was asked for that did not come yet, began when the transaction began to come that did not
	// end yet; zero when there is none.
	asked, began time.Time
	// isBehind: what came last came late.
	isBehind bool
	// heard is when anything came last, told when it was a change that somebody watches.
	heard, told time.Time
}

// errUnwatched ends a stream that nobody needs.
var errUnwatched = errors.New(notWatched)

// follow follows until ctx ends, which is no error, nobody watches, or the connection fails.
func (f *Feed) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &stream{feed: f, slot: slotName(), mark: rand.Text(), lags: make(chan struct{}, 1)}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.conn.Close()
	defer context.AfterFunc(ctx, func() { _ = s.conn.Close() })()
	var parts sync.WaitGroup
	defer parts.Wait()
	f.settling.clear()
	f.begin(s.received)
	parts.Go(func() { cancel(s.tend(ctx)) })
	parts.Go(func() { s.flush(ctx) })
	err := s.read()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(err)
	if errors.Is(err, errUnwatched) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// open connects, makes the slot and starts it.
func (s *stream) open(ctx context.Context) error {
	f := s.feed
	config, err := f.config.Login(ctx)
	if err != nil {
		return fmt.Errorf("log in for replication: %w", err)
	}
	config = config.Copy()
	config.RuntimeParams = map[string]string{
		"replication": "database", "application_name": "gatehouse changes",
		// what the messages' text depends on
		"client_encoding": "UTF8", "timezone": "UTC", "quote_all_identifiers": "off",
		// a slot that is made waits for the transactions that run; were this process killed, nothing else would end it
		"lock_timeout": "30s",
	}
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, c net.Conn) (net.Conn, error) { return newSkim(c), nil }
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect for replication: %w", err)
	}
	if err := s.start(ctx, conn); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return err
	}
	return nil
}

func (s *stream) start(ctx context.Context, conn *pgconn.PgConn) error {
	create := "CREATE_REPLICATION_SLOT " + s.slot + " TEMPORARY LOGICAL test_decoding NOEXPORT_SNAPSHOT"
	err := s.guarded(ctx, func(ctx context.Context) error {
		results, err := conn.Exec(ctx, create).ReadAll()
		if err == nil {
			s.received, err = beginning(results)
			s.checked = s.received
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("make a replication slot: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, errors.New("the server does not answer"))
	defer cancel()
	if err := s.replicate(ctx, conn); err != nil {
		return fmt.Errorf("start replication: %w", cmp.Or(context.Cause(ctx), err))
	}
	return nil
}

// replicate has the server begin to send, and takes the connection.
func (s *stream) replicate(ctx context.Context, conn *pgconn.PgConn) error {
	const options = `("include-xids" 'on', "include-timestamp" 'on', "include-rewrites" 'on')`
	conn.Frontend().Send(&pgproto3.Query{String: "START_REPLICATION SLOT " + s.slot + " LOGICAL 0/0 " + options})
	if err := conn.Frontend().Flush(); err != nil {
		return err
	}
	for {
		m, err := conn.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.CopyBothResponse:
			hijacked, err := conn.Hijack()
			if err != nil {
				return err
			}
			s.conn, s.front = hijacked.Conn, hijacked.Frontend
			return nil
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		}
	}
}

// beginning is where a slot begins, as its making says: the second column of one row (PG docs: protocol-replication).
func beginning(results []*pgconn.Result) (position uint64, err error) {
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) < 2 {
		return 0, errors.New("the server does not say where it begins")
	}
	high, low, _ := strings.Cut(string(results[0].Rows[0][1]), "/")
	h, err1 := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	return h<<32 | l, errors.Join(err1, err2)
}

// read reads what the server sends until the connection ends.
func (s *stream) read() error {
	for {
		m, err := s.front.Receive()
		if err != nil {
			return fmt.Errorf("follow: %w", err)
		}
		s.mu.Lock()
		s.heard = time.Now()
		s.mu.Unlock()
		switch m := m.(type) {
		case *pgproto3.CopyData:
			if err := s.copyData(m.Data); err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return fmt.Errorf("follow: %w", pgconn.ErrorResponseToPgError(m))
		case *pgproto3.CopyDone:
			return errors.New("follow: the server ended the stream")
		}
	}
}

// Messages of the streaming replication protocol: how long their heads are.
const (
	dataHead      = 1 + 8 + 8 + 8 // w, start, end, time
	keepaliveHead = 1 + 8 + 8 + 1 // k, end, time, whether an answer is wanted
)

func (s *stream) copyData(data []byte) error {
	switch {
	case len(data) >= dataHead && data[0] == 'w':
		sent := fromServer(binary.BigEndian.Uint64(data[17:]))
		return s.line(data[dataHead:], len(data) == keep, binary.BigEndian.Uint64(data[1:]), sent)
	case len(data) >= keepaliveHead && data[0] == 'k':
		s.mu.Lock()
		s.isBehind = s.isBehind && binary.BigEndian.Uint64(data[1:]) > s.received // it has caught up when there is nothing new
		s.received = max(s.received, binary.BigEndian.Uint64(data[1:]))
		s.asked = time.Time{}
		s.mu.Unlock()
		if data[17] == 1 {
			return s.confirm(false)
		}
	}
	return nil
}

// line takes a line of the decoder's output, which ends at position in the log.
func (s *stream) line(line []byte, isCut bool, position uint64, sent time.Time) error {
	f := s.feed
	m := s.parser.parse(line, isCut, s.touch)
	switch m.kind {
	case begin:
		f.mu.Lock()
		f.transaction++
		f.mu.Unlock()
		s.mu.Lock()
		s.began = time.Now()
		s.mu.Unlock()
		s.touched, s.touchesAll, s.isOwn = s.touched[:0], false, false
	case logical:
		s.isOwn = string(m.prefix) == s.mark
	case anything:
		s.touchesAll = true
	case unknown:
		return errors.New("follow: the decoder says what is not understood")
	case commit:
		s.mu.Lock()
		s.began, s.received = time.Time{}, max(s.received, position)
		s.isBehind = !m.at.IsZero() && sent.Sub(m.at) > tardy
		s.mu.Unlock()
		if s.isOwn && len(s.touched) == 0 && !s.touchesAll {
			return nil
		}
		if f.settling.add(m.xid) {
			f.done.Go(func() { f.settle(context.Background()) })
		}
		if f.committed(s.touched, s.touchesAll, position) && !m.at.IsZero() {
			s.changed(sent.Sub(m.at))
		}
	}
	return nil
}

// touch notes that the present transaction changes a table.
func (s *stream) touch(key []byte) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tables[string(key)]
	if t == nil {
		t = f.table(string(key))
	}
	if t.transaction != f.transaction {
		t.transaction = f.transaction
		s.touched = append(s.touched, t)
	}
}

// committed tells of a transaction; isWatched: to somebody.
func (f *Feed) committed(touched []*table, all bool, position uint64) (isWatched bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
	f.position = position
	tell := func(w *Watch) {
		isWatched = true
		w.position = position
		if !w.isStale {
			w.isStale = true
			w.notify()
		}
	}
	if all {
		for w := range f.watches {
			tell(w)
		}
		return isWatched
	}
	for _, t := range touched {
		for w := range t.watches {
			tell(w)
		}
	}
	return isWatched
}

// confirm says how far the log was read; now asks for an answer.
func (s *stream) confirm(now bool) error {
	s.mu.Lock()
	at := s.received
	s.mu.Unlock()
	b := append(make([]byte, 0, 34), 'r')
	for range 3 { // written, flushed, applied
		b = binary.BigEndian.AppendUint64(b, at)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(time.Since(epoch).Microseconds()))
	if now {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	out, err := (&pgproto3.CopyData{Data: b}).Encode(nil)
	if err == nil {
		_, err = s.conn.Write(out)
	}
	if err != nil {
		return fmt.Errorf("answer the server: %w", err)
	}
	return nil
}

// tend asks for signs of life and judges whether the stream is well, until ctx ends or it has to end.
func (s *stream) tend(ctx context.Context) error {
	f := s.feed
	if err := s.reachPresent(ctx); err != nil {
		return err
	}
	lastWatched, ticks := time.Now(), time.NewTicker(beat)
	defer ticks.Stop()
	for {
		s.mu.Lock()
		isWaiting := !s.asked.IsZero()
		if !isWaiting {
			s.asked = time.Now()
		}
		s.mu.Unlock()
		if !isWaiting {
			if err := s.confirm(true); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
		if f.isWatched() {
			lastWatched = time.Now()
		} else if time.Since(lastWatched) > linger {
			return errUnwatched
		}
		late, grown, err := s.condition()
		if err != nil {
			return err
		}
		if late != "" {
			f.unwell(late)
		}
		if late != "" || grown {
			if err := s.guard(ctx); err != nil {
				return err
			}
		}
		if late == "" {
			f.well()
		}
	}
}

// condition is why the stream is late, "" when it is not, and whether the log has grown enough to be looked at.
func (s *stream) condition() (late string, grown bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received-s.checked > uint64(s.feed.config.MaxWAL/checks) {
		s.checked, grown = s.received, true
	}
	switch {
	case !s.asked.IsZero() && time.Since(s.asked) > silence && time.Since(s.heard) > silence:
		return "", false, errors.New("follow: nothing was heard of the server for a minute")
	case !s.asked.IsZero() && time.Since(s.asked) > tardy:
		late = "late: the server does not answer"
	case !s.began.IsZero() && time.Since(s.began) > tardy:
		late = "late: a large transaction is being decoded"
	case s.isBehind:
		late = "late: the server decodes more slowly than it is written to"
	}
	return late, grown, nil
}

// reachPresent waits until every transaction has ended that ran when the stream began: one of them may have been
// committed before it, so that it is not told of, and yet not be visible.
func (s *stream) reachPresent(ctx context.Context) error {
	if err := s.guard(ctx); err != nil {
		return err
	}
	first, err := s.feed.snapshot(ctx)
	if err != nil {
		return err
	}
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		now, err := s.feed.snapshot(ctx)
		switch {
		case err != nil:
			return err
		case now.xmin >= first.xmax:
			s.feed.well()
			return nil
		}
		if err := s.guard(ctx); err != nil {
			return err
		}
		if err := s.confirm(false); err != nil {
			return err
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// guard ends the stream when too much of the log is kept for it, or when the pool does not know its slot.
func (s *stream) guard(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var known int
	var kept int64
	err := s.feed.config.Pool.QueryRow(ctx, `
select count(*), coalesce(max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)), 0)::int8
from pg_catalog.pg_replication_slots
where slot_name = $1 and database = pg_catalog.current_database()`, s.slot).Scan(&known, &kept)
	switch {
	case err != nil:
		return fmt.Errorf("look at the replication slot: %w", err)
	case known == 0 && s.conn != nil: // while it is being made it may not be there yet
		return errors.New("the login for replication leads to another database than the source's")
	case kept > s.feed.config.MaxWAL:
		return &overflow{kept}
	}
	return nil
}

// overflow is why a slot was given up.
type overflow struct{ kept int64 }

func (o *overflow) Error() string {
	return fmt.Sprintf("the slot kept %d MiB of the write-ahead log, and was given up", o.kept>>20)
}

// guarded runs what may wait long for the transactions that run, while the slot it makes keeps the log.
func (s *stream) guarded(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watching sync.WaitGroup
	defer watching.Wait()
	ended := make(chan struct{})
	defer close(ended)
	watching.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			if err := s.guard(ctx); err != nil {
				cancel(err)
				return
			}
		}
	})
	err := f(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// epoch is where Postgres' clock begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func fromServer(microseconds uint64) time.Time {
	return epoch.Add(time.Duration(microseconds) * time.Microsecond)
}

// slotName is one that nobody else has.
func slotName() string { return "gatehouse_" + strings.ToLower(rand.Text()) }
