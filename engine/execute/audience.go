package execute

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/engine/translate"
)

// Audience is who a series of polls is told to. Its results show what those who listen have written, and never go back in
// time: as long as it can, it asks the same replica; when that one is not in use it asks the primary, and comes back when
// the replica has seen all that the primary may have shown.
type Audience struct {
	// Callers are those who listen now.
	Callers func() []Caller

	number uint32
	mu     sync.Mutex
	// primary is when each source's primary was last asked, needs how far servers must have come for the callers, as
	// found out since Begin, after how far for what is known to have changed.
	primary map[string]time.Time
	needs   map[string]uint64
	after   map[string]uint64
}

var audiences atomic.Uint32

// NewAudience makes an audience; each has another replica as its own, in turn.
func NewAudience(callers func() []Caller) *Audience {
	return &Audience{Callers: callers, number: audiences.Add(1), primary: map[string]time.Time{}, needs: map[string]uint64{}, after: map[string]uint64{}}
}

// After says that what is read may have changed: no server of the source may answer any more that has not come as far as
// position.
func (a *Audience) After(source string, position uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.after[source] = max(a.after[source], position)
}

// Begin says that the polls that follow are one look at everybody who listens now.
func (a *Audience) Begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.needs)
}

// need is how far a source's servers must have come for those who listen.
func (a *Audience) need(source string, p *Replicas) uint64 {
	a.mu.Lock()
	need, known := a.needs[source]
	a.mu.Unlock()
	if known {
		return need
	}
	for _, c := range a.Callers() {
		need = max(need, p.writers.need(c))
	}
	a.mu.Lock()
	a.needs[source] = need
	a.mu.Unlock()
	return need
}

// Caller is the subscriber's.
func (s *Subscriber) Caller() Caller { return s.caller }

// pollBeside polls a source with replicas.
func (src *source) pollBeside(ctx context.Context, p *translate.Poll, args []any, values [][][]byte, to *Audience) error {
	steps := []*translate.Step{{Read: &translate.Statement{SQL: p.SQL}}}
	if r := src.replicas.own(p.Source, to); r != nil && !src.replicas.refuses(steps) {
		during, end := r.during(ctx)
		err := r.poll(during, p, args, values)
		end()
		if err == nil || !src.replicas.failed(ctx, r, err, steps) {
			return err
		}
		for i := range values { // of the rows that came before the error
			clear(values[i][p.First : p.First+p.Values])
		}
	}
	err := src.primary.poll(ctx, p, args, values)
	to.mu.Lock()
	to.primary[p.Source] = time.Now()
	to.mu.Unlock()
	if src.replicas.refuses(steps) {
		src.replicas.Raise()
	}
	return err
}

// own is the audience's replica, if it is in use and has come far enough.
func (p *Replicas) own(source string, to *Audience) *replica {
	r := p.ofAudience(to)
	if !r.has(p.floor.Load()) {
		return nil
	}
	need, shown := p.audienceNeeds(source, to)
	if !r.has(need) {
		return nil
	}
	if !shown.IsZero() {
		to.mu.Lock()
		if to.primary[source].Equal(shown) {
			delete(to.primary, source)
		}
		to.mu.Unlock()
	}
	return r
}

// ofAudience is the replica that an audience keeps to.
func (p *Replicas) ofAudience(to *Audience) *replica { return p.all[int(to.number%uint32(len(p.all)))] }

// audienceNeeds is how far a server must have come for an audience, and when the primary was last asked for it, if the replica
// has not been since.
func (p *Replicas) audienceNeeds(source string, to *Audience) (need uint64, shown time.Time) {
	if p.writers.count.Load() > 0 {
		need = to.need(source, p)
	}
	to.mu.Lock()
	shown = to.primary[source]
	need = max(need, to.after[source])
	to.mu.Unlock()
	if !shown.IsZero() {
		need = max(need, p.positionAfter(shown))
	}
	return max(need, p.floor.Load()), shown // the floor last: what is forgotten raises it
}

// positionAfter is where the primary stood at some time after t; everywhere when it was not asked since.
func (p *Replicas) positionAfter(t time.Time) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.history {
		if m.began.After(t) {
			return m.position
		}
	}
	return everywhere
}
