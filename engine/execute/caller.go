package execute

import (
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"

	"gatehouse/engine/session"
)

// Caller stands for who asks, where that decides which writes a read must see: the one with a user id, whatever the role,
// and the one with a role and session variables. Two callers taken for one only make reads fresher than they need to be.
type Caller struct{ user, session uint64 }

// callerSeed makes hashes that nobody outside can find collisions for.
var callerSeed = maphash.MakeSeed()

const userID = "x-hasura-user-id"

// CallerOf is a session's caller.
func CallerOf(s *session.Session) Caller {
	var c Caller
	if id, ok := s.Variables[userID]; ok {
		c.user = maphash.String(callerSeed, id) | 1 // 0 is nobody
	}
	for name, value := range s.Variables { // in any order
		var h maphash.Hash
		h.SetSeed(callerSeed)
		_, _ = h.WriteString(name) // never fails
		_ = h.WriteByte(0)
		_, _ = h.WriteString(value)
		c.session += h.Sum64()
	}
	var h maphash.Hash
	h.SetSeed(callerSeed)
	_, _ = h.WriteString(s.Role)
	c.session += h.Sum64()
	return c
}

// maxWriters bounds the callers whose writes are remembered.
const maxWriters = 100_000

// writers remembers for callers how far a server must have come for their reads: where their last write ended, while some
// replica is not there yet.
type writers struct {
	count atomic.Int64 // of until
	mu    sync.Mutex
	until map[uint64]uint64
}

// note remembers a caller's write. When there are too many, raise is told how far servers must have come for all that are
// forgotten, before they are.
func (w *writers) note(c Caller, position uint64, raise func(floor uint64)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.until == nil {
		w.until = map[uint64]uint64{}
	}
	if len(w.until) >= maxWriters {
		var floor uint64
		for _, p := range w.until {
			floor = max(floor, p)
		}
		raise(floor)
		clear(w.until)
	}
	if c.user != 0 {
		w.until[c.user] = max(w.until[c.user], position)
	}
	w.until[c.session] = max(w.until[c.session], position)
	w.count.Store(int64(len(w.until)))
}

// need is how far a server must have come for the caller's reads.
func (w *writers) need(c Caller) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(w.until[c.user], w.until[c.session])
}

// forget drops the writes that every replica in use has seen. A replica that comes into use later must have come as far as
// the furthest of them, which raise is told before they are forgotten.
func (w *writers) forget(everywhere uint64, raise func(floor uint64)) {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var floor uint64
	for _, p := range w.until {
		if p <= everywhere {
			floor = max(floor, p)
		}
	}
	if floor == 0 {
		return
	}
	raise(floor)
	maps.DeleteFunc(w.until, func(_, p uint64) bool { return p <= everywhere })
	w.count.Store(int64(len(w.until)))
}
