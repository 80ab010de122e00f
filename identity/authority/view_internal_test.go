package authority

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// source answers for a database: it counts the statements, those under way at once, and says how often it was asked of a key.
type source struct {
	takes                                atomic.Int64 // a time.Duration
	statements, keys, underWay, together atomic.Int64
}

func slow(takes time.Duration) *source {
	s := &source{}
	s.takes.Store(int64(takes))
	return s
}

func (s *source) query(ctx context.Context, keys []int) (map[int]int64, error) {
	n := s.statements.Add(1)
	s.keys.Add(int64(len(keys)))
	if now := s.underWay.Add(1); now > s.together.Load() {
		s.together.Store(now)
	}
	defer s.underWay.Add(-1)
	select {
	case <-time.After(time.Duration(s.takes.Load())):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	found := map[int]int64{}
	for _, k := range keys {
		found[k] = n
	}
	return found, nil
}

func newTestView(s *source, max int) (*view[int, int64], func() moment) {
	began := time.Now()
	now := func() time.Duration { return time.Since(began) }
	return newView(max, now, make(chan struct{}, maxReads), s.query), func() moment { return moment{now(), true} }
}

// After everything has been forgotten a crowd costs few statements, few at a time, and each key is read once.
func TestView_aCrowdIsFewStatements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow(3 * time.Millisecond)
		v, at := newTestView(s, 200_000)
		const users, each = 5_000, 4
		for _, isTrusted := range []bool{true, false} {
			s.statements.Store(0)
			s.keys.Store(0)
			began := time.Now()
			var crowd sync.WaitGroup
			for k := range users {
				for range each {
					crowd.Go(func() {
						m := at()
						m.isTrusted = isTrusted
						if n, err := v.get(t.Context(), k, m); err != nil || n == 0 {
							t.Errorf("%d: %d, %v", k, n, err)
						}
					})
				}
			}
			crowd.Wait()
			if n := s.keys.Load(); isTrusted && n != users {
				t.Errorf("%d keys were read for %d", n, users)
			}
			if n, most := s.statements.Load(), s.together.Load(); n > 3*users/maxBatch || most > maxReadsOfKind {
				t.Errorf("trusted %v: %d statements, %d at once", isTrusted, n, most)
			}
			t.Logf("trusted %v: %d requests for %d keys: %d statements, at most %d at once, in %s", isTrusted, users*each, users, s.statements.Load(), s.together.Load(), time.Since(began))
		}
	})
}

// Whoever begins after forget never gets what was read before, neither from memory nor from a read under way.
func TestView_nothingOldAfterForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow(time.Second)
		v, at := newTestView(s, 10)
		early := make(chan int64, 1)
		go func() { n, _ := v.get(t.Context(), 1, at()); early <- n }()
		time.Sleep(time.Second / 2) // the bubble's clock: its read is under way
		v.forget(1)
		late, err := v.get(t.Context(), 1, at())
		if err != nil || late <= <-early {
			t.Errorf("who began after forget got read %d, %v", late, err)
		}
		if again, _ := v.get(t.Context(), 1, at()); again != late {
			t.Errorf("remembered is read %d, not the newest %d", again, late)
		}
	})
}

// What changes without telling is seen when a minute is over.
func TestView_nothingIsRememberedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		v, at := newTestView(s, 1) // the second key makes the first an old one
		read := func(k int) (n int64) {
			n, _ = v.get(t.Context(), k, at())
			return n
		}
		first, second := read(1), read(2)
		time.Sleep(maxAge - time.Millisecond)
		if read(2) != second || read(1) != first {
			t.Error("read again before its time")
		}
		time.Sleep(2 * time.Millisecond)
		if read(1) == first || read(2) == second {
			t.Error("what was read a minute ago is still given")
		}
	})
}

// A directory that does not answer is an error in time, for who waits in front and for who waits behind.
func TestView_givesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow(time.Hour)
		v, at := newTestView(s, 10)
		began := time.Now()
		var crowd sync.WaitGroup
		for k := range 5 * maxBatch {
			crowd.Go(func() {
				if _, err := v.get(t.Context(), k, at()); err == nil {
					t.Error("an answer without a directory")
				}
			})
		}
		crowd.Wait()
		if took := time.Since(began); took > patience+time.Second {
			t.Errorf("given up after %s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := v.get(ctx, 1, at()); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who has left: %v", err)
		}
		s.takes.Store(0)
		time.Sleep(2 * patience) // what was sent has failed by then
		if n, err := v.get(t.Context(), 1, at()); err != nil || n == 0 {
			t.Errorf("when the directory answers again: %d, %v", n, err)
		}
	})
}

// The view stays within two generations, and what is used stays in it.
func TestView_isBounded(t *testing.T) {
	t.Parallel()
	s := &source{}
	v, at := newTestView(s, 100)
	hot, _ := v.get(t.Context(), -1, at())
	for k := range 1000 {
		_, _ = v.get(t.Context(), k, at())
		if n, _ := v.get(t.Context(), -1, at()); n != hot {
			t.Fatalf("what is asked for all the time was dropped at %d", k)
		}
		if n := len(v.young) + len(v.old); n > 200 {
			t.Fatalf("%d are remembered", n)
		}
	}
}
