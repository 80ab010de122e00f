package changes

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A commit may be decoded before others see it: the log is written first, then the transaction waits for synchronous
// standbys, and only then it leaves the list of those that run. Whoever looks must not look in between, or it would see
// the state before and hear nothing more.

// settling are the transactions that were decoded and are not known to be visible yet.
type settling struct {
	mu sync.Mutex
	// pending are their numbers in the order of their commits, of which the first is number first.
	pending []uint32
	first   uint64
	// asking is held by whoever asks for a snapshot.
	asking sync.Mutex
}

// maxPending is how many transactions are remembered before a snapshot is asked for only to forget them.
const maxPending = 16 << 10

// settleTime bounds how long a look waits for a transaction to become visible: one that waits for a standby that is
// gone may never.
const settleTime = time.Second

func (s *settling) add(xid uint32) (isFull bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, xid)
	return len(s.pending) == maxPending
}

// clear forgets all: they are told of again in another way.
func (s *settling) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first += uint64(len(s.pending))
	s.pending = nil
}

// end is the number of the next transaction.
func (s *settling) end() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first + uint64(len(s.pending))
}

// isPast tells whether all transactions before number end are visible.
func (s *settling) isPast(end uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first >= end || len(s.pending) == 0
}

// seen forgets the transactions before number end that a snapshot shows, up to the first that it does not.
func (s *settling) seen(by snapshot, end uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.pending) && s.first+uint64(n) < end && by.shows(s.pending[n]) {
		n++
	}
	s.pending = append(s.pending[:0], s.pending[n:]...)
	s.first += uint64(n)
}

// Settle waits until what was told is visible to queries; false when it still is not after a second, and then whoever
// looks now has to look again later.
func (w *Watch) Settle(ctx context.Context) bool {
	if w.feed == nil {
		return true
	}
	return w.feed.settle(ctx)
}

func (f *Feed) settle(ctx context.Context) bool {
	s := &f.settling
	end := s.end()
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for wait := time.Millisecond; !s.isPast(end); wait = min(2*wait, 50*time.Millisecond) {
		if s.asking.TryLock() {
			upTo := s.end()
			snapshot, err := f.snapshot(ctx)
			if err == nil {
				s.seen(snapshot, upTo)
			}
			s.asking.Unlock()
			if err != nil {
				return false
			}
			if s.isPast(end) {
				return true
			}
		}
		if !pause(ctx, wait) {
			return s.isPast(end)
		}
	}
	return true
}

// snapshot is what a query sees: all transactions before xmax but the running ones.
type snapshot struct {
	xmin, xmax uint64
	running    map[uint32]struct{}
}

// shows tells whether a transaction that was committed is visible. Numbers in the log lack their upper half; those that
// are compared here are not far apart.
func (s *snapshot) shows(xid uint32) bool {
	_, isRunning := s.running[xid]
	return !isRunning && int32(xid-uint32(s.xmax)) < 0
}

func (f *Feed) snapshot(ctx context.Context) (snapshot, error) {
	var text string
	err := f.config.Pool.QueryRow(ctx, `select pg_catalog.txid_current_snapshot()::text`, pgx.QueryResultFormats{pgx.TextFormatCode}).Scan(&text)
	if err != nil {
		return snapshot{}, fmt.Errorf("ask for a snapshot: %w", err)
	}
	return parseSnapshot(text)
}

// parseSnapshot reads xmin:xmax:running,… (PG docs: functions-info, pg_snapshot components).
func parseSnapshot(text string) (snapshot, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return snapshot{}, fmt.Errorf("not a snapshot: %q", text)
	}
	s := snapshot{running: map[uint32]struct{}{}}
	var err1, err2 error
	s.xmin, err1 = strconv.ParseUint(parts[0], 10, 64)
	s.xmax, err2 = strconv.ParseUint(parts[1], 10, 64)
	if err1 != nil || err2 != nil {
		return snapshot{}, fmt.Errorf("not a snapshot: %q", text)
	}
	for xid := range strings.SplitSeq(parts[2], ",") {
		if xid == "" {
			continue
		}
		n, err := strconv.ParseUint(xid, 10, 64)
		if err != nil {
			return snapshot{}, fmt.Errorf("not a snapshot: %q", text)
		}
		s.running[uint32(n)] = struct{}{}
	}
	return s, nil
}
