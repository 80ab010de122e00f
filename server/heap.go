package server

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// headroom is how much garbage may gather before it is collected, in bytes, where the heap is smaller than that. Go
	// waits for as much again as is in use, which for a small schema is a few megabytes and so many times a second; a
	// tenth of a request's time went there.
	headroom = 16 << 20
	// heapInterval is how often the heap is looked at.
	heapInterval = 5 * time.Second
)

// keepHeadroom sets the collector's percentage from what is in use, until ctx ends. Who sets GOGC or GOMEMLIMIT knows
// better.
func keepHeadroom(ctx context.Context) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, isSet := os.LookupEnv(name); isSet {
			return
		}
	}
	tick := time.NewTicker(heapInterval)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for percent := 100; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(live)
		if p := percentFor(live[0].Value.Uint64()); p*10 > percent*11 || p*10 < percent*9 {
			percent = p
			debug.SetGCPercent(percent)
		}
	}
}

// percentFor is GOGC for so many bytes in use.
func percentFor(live uint64) int {
	return int(min(400, max(100, headroom*100/max(live, 1))))
}
