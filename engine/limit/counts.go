package limit

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"time"

	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// Counts are the operations of the last minute, by role and by what tells its callers apart. They outlive the document:
// changing a limit does not forgive what was used of it.
//
// The window slides: within any minute no more are admitted than the limit says. What is refused does not count. Memory is
// bounded by the number of callers counted apart. Whoever is being counted stays so for the minute, however many others
// come: past the bound, newcomers are counted together with others, which can only make it stricter for them.
type Counts struct {
	now func() time.Time
	// processes share the work: each admits its part of a limit.
	processes int
	seeds     [2]maphash.Seed
	shards    [shards]shard
}

const (
	window = time.Minute
	// steps is into how many parts the window is divided where many operations fall into it: those of one part leave the
	// window together, with the last of them.
	steps  = 60
	shards = 32
	// maxCallers bounds the callers counted apart in one shard, maxTogether the groups of those that are not.
	maxCallers  = 4_096
	maxTogether = 256
)

// key stands for a role and a caller. Nobody outside can find two with the same.
type key [2]uint64

type shard struct {
	mu      sync.Mutex
	callers map[key]*count
	// full are the counts that several callers share.
	full [maxTogether]*count
	// swept is when callers were last looked through for those that are idle.
	swept int64
}

// count is what one caller used of the last minute, in nanoseconds of the clock, oldest first.
type count struct{ used []use }

type use struct {
	first, last int64
	n           int
}

// NewCounts counts by a clock. Of processes that share the callers evenly, each admits its part.
func NewCounts(now func() time.Time, processes int) *Counts {
	c := &Counts{now: now, processes: max(processes, 1), seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range c.shards {
		c.shards[i].callers = map[key]*count{}
	}
	return c
}

// admit counts an operation, unless that were too many.
func (c *Counts) admit(r *rate, s *session.Session, ip string) bool {
	limit := r.PerMinute
	if limit > 0 {
		limit = max(limit/c.processes, 1)
	}
	if limit == 0 {
		return false
	}
	k := c.key(r, s, ip)
	now := c.now().UnixNano()
	sh := &c.shards[k[0]%shards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.count(k, now).admit(now, limit)
}

// count finds what a caller used.
func (sh *shard) count(k key, now int64) *count {
	if known := sh.callers[k]; known != nil {
		return known
	}
	pause := window
	if len(sh.callers) >= maxCallers {
		pause = window / steps
	}
	if now-sh.swept >= int64(pause) {
		sh.sweep(now)
	}
	if len(sh.callers) < maxCallers {
		known := &count{}
		sh.callers[k] = known
		return known
	}
	together := &sh.full[k[1]%maxTogether]
	if *together == nil {
		*together = &count{}
	}
	return *together
}

// sweep forgets who has used nothing for a minute.
func (sh *shard) sweep(now int64) {
	sh.swept = now
	for k, known := range sh.callers {
		if known.expire(now); len(known.used) == 0 {
			delete(sh.callers, k)
		}
	}
}

// expire lets go of what is older than the window.
func (c *count) expire(now int64) {
	old := 0
	for old < len(c.used) && now-c.used[old].last >= int64(window) {
		old++
	}
	c.used = c.used[:copy(c.used, c.used[old:])]
}

func (c *count) admit(now int64, limit int) bool {
	c.expire(now)
	sum := 0
	for _, u := range c.used {
		sum += u.n
	}
	if sum >= limit {
		return false
	}
	// A clock that went back adds to the latest part.
	if last := len(c.used) - 1; last >= 0 && now-c.used[last].first < int64(window/steps) && limit > steps || last >= 0 && now < c.used[last].last {
		c.used[last].n++
		c.used[last].last = max(c.used[last].last, now)
		return true
	}
	c.used = append(c.used, use{now, now, 1})
	return true
}

// key stands for who is counted. Every part is written with its length, so that no two callers are written alike.
func (c *Counts) key(r *rate, s *session.Session, ip string) key {
	b := make([]byte, 0, 128)
	part := func(text string) {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	part(r.role)
	if r.ByIP {
		part("ip")
		part(httpd.Network(ip))
	}
	for _, name := range r.ByVariables {
		part(name)
		if value, ok := s.Variables[name]; ok {
			b = append(b, 1)
			part(value)
		} else {
			b = append(b, 0)
		}
	}
	return key{maphash.Bytes(c.seeds[0], b), maphash.Bytes(c.seeds[1], b)}
}
