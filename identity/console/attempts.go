package console

import (
	"sync"
	"time"
)

// attempts bounds how often an address, of IPv6 a /64 network, may try admin secrets: some at once, and one more every few seconds.
type attempts struct {
	mu   sync.Mutex
	full map[string]time.Time // when the address has all its attempts again
}

const (
	maxAttempts     = 10
	attemptInterval = 15 * time.Second
	// maxAddresses bounds what is remembered. Past it, what is oldest is forgotten.
	maxAddresses = 10_000
)

// begin tells whether an address may try now, and counts the attempt.
func (a *attempts) begin(address string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	full := a.full[address]
	if full.Before(now) {
		full = now
	}
	full = full.Add(attemptInterval)
	if full.Sub(now) > maxAttempts*attemptInterval {
		return false
	}
	if a.full == nil {
		a.full = map[string]time.Time{}
	}
	for other, at := range a.full {
		if at.Before(now) || len(a.full) >= maxAddresses {
			delete(a.full, other)
		}
	}
	a.full[address] = full
	return true
}

// succeeded gives an address the attempt back, and no other: whoever knows one secret must not have as many guesses at
// another as they like.
func (a *attempts) succeeded(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if full, ok := a.full[address]; ok {
		a.full[address] = full.Add(-attemptInterval)
	}
}
