// Package worker runs background loops: an owner starts them, and waits for their end.
package worker

import (
	"context"
	"sync"
	"time"
)

// Every calls fn at once and then every interval, or sooner when wake receives, until ctx ends. It blocks. wake may be
// nil. fn is never called twice at the same time; wake-ups during a call are one call afterwards (give wake a capacity
// of 1 and send without blocking).
func Every(ctx context.Context, interval time.Duration, wake <-chan struct{}, fn func(context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		fn(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-wake:
		}
	}
}

// Group is a set of loops with one owner.
type Group struct{ wg sync.WaitGroup }

// Go starts a loop that ends with its context.
func (g *Group) Go(loop func()) { g.wg.Go(loop) }

// Wait returns when every loop has ended.
func (g *Group) Wait() { g.wg.Wait() }
