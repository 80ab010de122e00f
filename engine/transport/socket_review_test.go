package transport_test

import (
	"context"
	"sync/atomic"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

// epoch is what a test says of the callers' rights, and counts how often they are asked for.
type epoch struct {
	moves     atomic.Uint64
	isUnknown atomic.Bool
	renewals  atomic.Int64
}

func (e *epoch) watch(h *transport.Sockets) {
	renew := h.Renew
	h.Renew = func(ctx context.Context, req session.Request, was *session.Session) (*session.Session, error) {
		e.renewals.Add(1)
		return renew(ctx, req, was)
	}
	h.Epoch = func() (uint64, bool) { return e.moves.Load(), !e.isUnknown.Load() }
}

const revokedMessage = `[{"message":"Could not verify JWT: the token has been revoked","extensions":{"path":"$","code":"invalid-jwt"}}]`

var errRevoked = fault.New(fault.InvalidJWT, "", "Could not verify JWT: the token has been revoked")

func TestSocket_aMovedEpochAsksAgain(t *testing.T) {
	t.Parallel()
	t.Run("before a push", func(t *testing.T) {
		e := &epoch{}
		s := newSockets(t, e.watch)
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		push := <-s.pushes
		s.revoke(errRevoked)
		e.moves.Add(1)
		push(transport.SocketEvent{Body: []byte(`{"data":"secret"}`)})
		c.want(`{"type":"error","id":"1","payload":`+revokedMessage+`}`, `{"type":"complete","id":"1"}`)
	})
	t.Run("in a review", func(t *testing.T) {
		e := &epoch{}
		s := newSockets(t, e.watch)
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		<-s.pushes
		s.Review()
		s.revoke(errRevoked)
		e.moves.Add(1)
		s.Review()
		c.want(`{"type":"error","id":"1","payload":`+revokedMessage+`}`, `{"type":"complete","id":"1"}`)
	})
	t.Run("while nobody can tell", func(t *testing.T) {
		e := &epoch{}
		s := newSockets(t, e.watch)
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		<-s.pushes
		s.Review()
		s.revoke(errRevoked)
		e.isUnknown.Store(true)
		s.Review()
		c.want(`{"type":"error","id":"1","payload":`+revokedMessage+`}`, `{"type":"complete","id":"1"}`)
	})
	t.Run("when it moves while a subscription begins", func(t *testing.T) {
		e := &epoch{}
		s := newSockets(t, func(h *transport.Sockets) {
			e.watch(h)
			prepare := h.Prepare
			h.Prepare = func(ctx context.Context, caller *session.Session, req transport.Request, isAgain bool) (transport.Prepared, error) {
				e.moves.Add(1) // after the caller was looked at; the review of this epoch does not see the operation yet
				h.Review()
				return prepare(ctx, caller, req, isAgain)
			}
		})
		c := s.ready(newWS)
		before := e.renewals.Load()
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		<-s.pushes
		c.send(`{"type":"ping"}`)
		c.want(`{"type":"pong"}`)
		if n := e.renewals.Load() - before; n != 2 {
			t.Errorf("the caller was looked at %d times, not again once the subscription was there", n)
		}
	})
}

func TestSocket_nothingIsAskedWhileTheEpochStands(t *testing.T) {
	t.Parallel()
	e := &epoch{}
	s := newSockets(t, e.watch)
	c := s.ready(newWS)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
	push := <-s.pushes
	s.Review() // the first one sees everybody
	asked := e.renewals.Load()
	for range 10 {
		s.Review()
		push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
		c.want(`{"type":"next","id":"1","payload":{"data":1}}`)
	}
	if n := e.renewals.Load() - asked; n != 0 {
		t.Errorf("the caller was looked at %d times though nothing could have changed", n)
	}
	e.moves.Add(1)
	for range 3 {
		s.Review()
		push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
		c.want(`{"type":"next","id":"1","payload":{"data":1}}`)
	}
	if n := e.renewals.Load() - asked; n != 1 {
		t.Errorf("the caller was looked at %d times after one change", n)
	}
}

// A later connection_init may be refused while results wait to be sent to the caller before.
func TestSocket_aRefusedSecondInitSendsNothingMore(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) {
		h.Renew = func(_ context.Context, _ session.Request, was *session.Session) (*session.Session, error) {
			return &session.Session{Role: was.Role, Variables: was.Variables}, nil
		}
	})
	for range 20 {
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		push := <-s.pushes
		c.send(`{"type":"connection_init","payload":{"headers":{"x-secret":"wrong"}}}`)
		for len(s.stopped) == 0 {
			push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
		}
		<-s.stopped
		push(transport.SocketEvent{Body: []byte(`{"data":2}`)})
		for {
			got, err := c.read()
			if err != nil {
				break
			}
			if got != `{"type":"next","id":"1","payload":{"data":1}}` {
				t.Fatalf("got %s", got)
			}
		}
	}
}
