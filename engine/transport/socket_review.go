package transport

import (
	"context"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// Run reviews the callers of running subscriptions, every second and when wake receives, until ctx ends.
func (h *Sockets) Run(ctx context.Context, wake <-chan struct{}) {
	ticker := time.NewTicker(reviewInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
		h.Review()
	}
}

// Review ends the subscriptions whose caller may not have them any more. It costs nothing while the epoch stands still: a
// subscription that begins meanwhile looks for itself (launch), and sessions that run out have timers.
func (h *Sockets) Review() {
	h.reviewing.Lock()
	defer h.reviewing.Unlock()
	epoch, isKnown := h.epoch()
	if isKnown && h.wasWell && h.reviewed == epoch {
		return
	}
	for _, c := range h.all() {
		for _, op := range c.subscriptions() {
			c.stillMay(op)
		}
	}
	h.reviewed, h.wasWell = epoch, isKnown
}

func (h *Sockets) epoch() (epoch uint64, isKnown bool) {
	if h.Epoch == nil {
		return 0, false
	}
	return h.Epoch()
}

// settled is when an operation's caller was last found to be who it began for.
type settled struct {
	epoch uint64
	is    bool
}

// isSettled tells whether asking again could not tell anything new. The caller holds mu.
func (c *socket) isSettled(op *socketOperation, epoch uint64, isKnown bool) bool {
	return isKnown && op.settled.is && op.settled.epoch == epoch && c.session != nil && !c.h.hasExpired(c.session)
}

func (h *Sockets) hasExpired(s *session.Session) bool {
	return !s.Expires.IsZero() && !h.now().Before(s.Expires)
}

func (h *Sockets) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// renew is Renew, but a session that has run out is worth nothing: what it is worth for a while longer (the skew that a JWT
// secret allows) is for those who begin.
func (c *socket) renew(req session.Request, was *session.Session) (*session.Session, error) {
	s, err := c.h.Renew(c.ctx, req, was)
	if err == nil && c.h.hasExpired(s) {
		err = expired()
	}
	return s, err
}

func expired() error { return fault.New(fault.InvalidJWT, "", "Could not verify JWT: JWTExpired") }

// stillMay tells whether the caller may have a subscription's result now. If not, the operation has ended.
func (c *socket) stillMay(op *socketOperation) bool {
	epoch, isKnown := c.h.epoch()
	c.mu.Lock()
	was, req, started, isSettled := c.session, c.request, op.session, c.isSettled(op, epoch, isKnown)
	c.mu.Unlock()
	if isSettled {
		return true
	}
	if was == nil { // a later connection_init was refused: the connection is being closed
		return false
	}
	s, err := c.renew(req, was)
	if err == nil {
		err = sameCaller(started, s)
	}
	if err != nil {
		c.fail(op, err)
		return false
	}
	c.settle(op, was, settled{epoch, isKnown})
	return true
}

// settle notes what was found out about the caller who was.
func (c *socket) settle(op *socketOperation, was *session.Session, s settled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == was { // else somebody has said anew who calls
		op.settled = s
	}
}

// sameCaller tells whether a session is worth what it was when an operation began under it.
func sameCaller(was, now *session.Session) error {
	if was == now || was.SameAs(now) {
		return nil
	}
	return fault.New(fault.AccessDenied, "", "Your requested role is not in allowed roles")
}
