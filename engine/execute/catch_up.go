package execute

import (
	"context"
	"time"

	"gatehouse/engine/translate"
)

// A change that has just been told of is on its way to the replicas too. Without a moment's patience whoever asks because of
// it would always come before it has arrived, and ask the primary.

const (
	// catchUpTime is how long a look waits for its replica, slowTime how long none waits for a replica that was waited for in vain.
	catchUpTime = 30 * time.Millisecond
	slowTime    = time.Second
)

// CatchUp waits a moment for the replicas that a subscription's polls would ask, until they have come as far as they must for
// its audience. The primary is asked in place of one that does not.
func (e *Executor) CatchUp(ctx context.Context, live *translate.Live, to *Audience) {
	for _, p := range live.Polls {
		if src, err := e.source(p.Source); err == nil && src.replicas != nil && !p.IsVolatile {
			src.replicas.catchUp(ctx, p.Source, to)
		}
	}
}

func (p *Replicas) catchUp(ctx context.Context, source string, to *Audience) {
	r := p.ofAudience(to)
	if time.Now().UnixNano() < r.slowUntil.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	for wait := time.Millisecond; ; wait *= 2 {
		need, _ := p.audienceNeeds(source, to)
		if need == everywhere || r.position.Load() == 0 || r.has(need) {
			return
		}
		select {
		case r.hurry <- struct{}{}:
		default: // it is being looked at
		}
		select {
		case <-ctx.Done():
			r.slowUntil.Store(time.Now().Add(slowTime).UnixNano())
			return
		case <-time.After(wait):
		}
	}
}
