package authority

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/postgres"
	"gatehouse/secret"
)

// Channel is where changes are announced, as "<kind>:<key>".
const Channel = "gatehouse_identity"

const (
	// heartbeat is how often the feed is proved by a notice to ourselves.
	heartbeat = 400 * time.Millisecond
	// maxLag is how old the last proof may be. It bounds how long a change can go unheard and what it took away still pass.
	maxLag = time.Second
	// maxSilence is how long the listening connection may prove nothing before it is given up for a new one: one that is
	// cut without a word stays open for minutes.
	maxSilence = 5 * time.Second
)

// feed is what is known about the notices. Notices of one database arrive in the order of commits (PG docs: sql-notify),
// so one of our own proves that everything committed before it was sent has been heard. What is remembered may be used
// while that proof is younger than maxLag, whatever the reason is when it is not: a connection lost or stuck, a slow
// server, a process that did not get to run.
type feed struct {
	id      string // of this process, in its notices to itself
	started time.Time
	proved  atomic.Int64 // when the last proof was sent; never when there is no connection
	floor   atomic.Int64 // proofs sent before it do not count
	isLate  atomic.Bool  // for the log

	sending chan struct{} // holds the one who sends a notice
	sent    time.Duration // when the last that went out was sent; whoever is in sending may look

	mu    sync.Mutex
	heard chan struct{} // closed and replaced at each proof
}

const never = math.MinInt64 / 2

// moment is when a request is looked at, and whether what is remembered may be used for it.
type moment struct {
	now       time.Duration
	isTrusted bool
}

func newFeed() feed {
	return feed{id: secret.ID(), started: time.Now(), sent: never, sending: make(chan struct{}, 1), heard: make(chan struct{})}
}

// now is the time since the start, which no clock adjustment moves.
func (f *feed) now() time.Duration { return time.Since(f.started) }

func (f *feed) look() moment {
	now, proved := f.now(), f.proved.Load()
	return moment{now, proved >= f.floor.Load() && now-time.Duration(proved) < maxLag}
}

// Lag is the age of the last proof, at most an hour, and whether what is remembered may be used: for who watches.
func (f *feed) Lag() (time.Duration, bool) {
	return min(f.now()-time.Duration(f.proved.Load()), time.Hour), f.look().isTrusted
}

// prove notes a proof sent at that time.
func (f *feed) prove(sent time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proved.Store(max(f.proved.Load(), int64(sent)))
	close(f.heard)
	f.heard = make(chan struct{})
}

// distrust has what is remembered not used before a proof sent since then.
func (f *feed) distrust(since time.Duration) {
	for {
		floor := f.floor.Load()
		if floor >= int64(since) || f.floor.CompareAndSwap(floor, int64(since)) {
			return
		}
	}
}

// Run listens until ctx ends.
func (a *Authority) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for ctx.Err() == nil {
		listening, stop := context.WithCancel(ctx)
		wg.Go(func() { a.beat(listening, stop) })
		postgres.Listen(listening, a.url, a.log, []string{Channel}, a.hear, a.connected, a.lost)
		stop()
		a.lost()
	}
}

// connected: nothing was heard before, so nothing of it is remembered; whatever is read from now on is told of when it
// changes, which is as good as a proof.
func (a *Authority) connected() {
	now := a.now()
	a.forgetAll()
	a.prove(now)
}

func (a *Authority) lost() { a.proved.Store(never) }

func (a *Authority) forgetAll() {
	a.users.forgetAll()
	a.applications.forgetAll()
	a.grants.forgetAll()
	a.resources.forgetAll()
	a.tokens.forgetAll()
	a.consoleSessions.forgetAll()
	a.members.forgetAll()
	a.epoch.Add(1)
	a.consoleEpoch.Add(1)
}

// hear forgets what a notice names.
func (a *Authority) hear(_, notice string) {
	kind, key, _ := strings.Cut(notice, ":")
	switch kind {
	case "user":
		a.users.forget(key)
		a.consoleChanged(a.members.forget(key))
	case "console-session":
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(digest{}) {
			a.consoleChanged(a.consoleSessions.forget(digest(raw)))
		}
	case "application":
		a.applications.forget(key)
	case "grant":
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(handle{}) {
			a.grants.forget(handle(raw))
		}
	case "token":
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(digest{}) {
			a.tokens.forget(digest(raw))
		}
	case "role": // renamed or deleted: whoever held it
		a.users.forgetAll()
		a.applications.forgetAll()
	case "resource":
		a.resources.forgetAll()
	case "barrier":
		id, text, _ := strings.Cut(key, ":")
		if sent, err := strconv.ParseInt(text, 10, 64); err == nil && id == a.id {
			a.prove(time.Duration(sent))
		}
		return
	default:
		return // settings, which no standing depends on
	}
	a.epoch.Add(1)
	a.changed()
}

// beat sends notices to ourselves until ctx ends. It gives the connection that listens up when they are not heard although
// they are sent.
func (a *Authority) beat(ctx context.Context, giveUp func()) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	unheard := time.Duration(never) // since when what is sent is not heard
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sent := a.now()
		err := a.notify(ctx, sent)
		if ctx.Err() != nil {
			return
		}
		proved := time.Duration(a.proved.Load())
		switch {
		case err != nil || proved == never || proved >= unheard:
			unheard = sent
		case sent-unheard > maxSilence:
			a.log.WarnContext(ctx, "directory changes are not heard, listening again")
			giveUp()
			return
		}
		a.logLag(ctx, err)
	}
}

// notify sends a notice to ourselves, unless another has been sent since then: one goes out at a time, and whoever waits
// for its turn is served by the next.
func (a *Authority) notify(ctx context.Context, since time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxLag, errUnheard)
	defer cancel()
	select {
	case a.sending <- struct{}{}:
		defer func() { <-a.sending }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if a.sent >= since {
		return nil
	}
	now := a.now()
	_, err := a.pool.Exec(ctx, "select pg_notify($1, $2)", Channel, "barrier:"+a.id+":"+strconv.FormatInt(int64(now), 10))
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	a.sent = now
	return nil
}

func (a *Authority) logLag(ctx context.Context, err error) {
	isLate := !a.look().isTrusted
	if a.isLate.Swap(isLate) == isLate {
		return
	}
	if isLate {
		a.log.WarnContext(ctx, "directory changes are not heard in time, asking Postgres for every request", "error", err)
	} else {
		a.log.InfoContext(ctx, "directory changes are heard in time again")
	}
}

var errUnheard = errors.New("not heard in time")

// Settle returns when this process has heard everything that was committed before the call, so that a change can be
// answered for. When that cannot be had in time, what is remembered is not used until it can, which is as good.
func (a *Authority) Settle(ctx context.Context) {
	since := a.now()
	if !a.look().isTrusted || a.await(ctx, since) != nil {
		a.distrust(since)
	}
}

// await waits for a proof sent since then.
func (a *Authority) await(ctx context.Context, since time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), maxLag, errUnheard)
	defer cancel()
	if err := a.notify(ctx, since); err != nil {
		return err
	}
	for {
		a.mu.Lock()
		heard := a.heard
		isProved := a.proved.Load() >= int64(since)
		a.mu.Unlock()
		if isProved {
			return nil
		}
		select {
		case <-heard:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
