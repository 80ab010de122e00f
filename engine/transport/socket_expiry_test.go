package transport_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

// clock is a time that stands until it is moved.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	c.move(time.Now())
	return c
}

func (c *clock) move(to time.Time) { c.at.Store(&to) }

func (c *clock) now() time.Time { return *c.at.Load() }

const outOfTime = `{"message":"Could not verify JWT: JWTExpired","extensions":{"path":"$","code":"invalid-jwt"}}`

// runsOut are the ways to a live query of a caller whose session runs out. ended wants what they are told then.
var runsOut = map[string]func(s *sockets, at time.Time) (wantNext func(data string), ended func(s *sockets, hasTimer bool)){
	"graphql-transport-ws": func(s *sockets, at time.Time) (func(string), func(*sockets, bool)) {
		c := s.dial("/v1/graphql", newWS)
		c.send(`{"type":"connection_init","payload":{"headers":{"x-secret":"s","x-expires":"` + at.Format(time.RFC3339Nano) + `"}}}`)
		c.want(ack, ping)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		return func(data string) { c.want(`{"type":"next","id":"1","payload":` + data + `}`) }, func(_ *sockets, hasTimer bool) {
			c.want(`{"type":"error","id":"1","payload":[`+outOfTime+`]}`, `{"type":"complete","id":"1"}`)
			if hasTimer {
				c.wantClose(4403, `{"server_error_msg":"4403: Forbidden: the session has expired"}`)
			}
		}
	},
	"legacy": func(s *sockets, at time.Time) (func(string), func(*sockets, bool)) {
		c := s.dial("/v1/graphql", legacyWS)
		c.send(`{"type":"connection_init","payload":{"headers":{"x-secret":"s","x-expires":"` + at.Format(time.RFC3339Nano) + `"}}}`)
		c.want(ack, ka)
		c.send(`{"type":"start","id":"1","payload":{"query":"live"}}`)
		return func(data string) { c.want(`{"type":"data","id":"1","payload":` + data + `}`) }, func(_ *sockets, hasTimer bool) {
			c.want(`{"type":"error","id":"1","payload":{"errors":[`+outOfTime+`]}}`, `{"type":"complete","id":"1"}`)
			if hasTimer {
				c.wantClose(4403, `{"server_error_msg":"4403: Forbidden: the session has expired"}`)
			}
		}
	},
	"event stream": func(s *sockets, at time.Time) (func(string), func(*sockets, bool)) {
		c := s.open("live", "X-Expires", at.Format(time.RFC3339Nano))
		return func(data string) { c.want(next(data)) }, func(*sockets, bool) {
			c.want(next(`{"errors":[`+outOfTime+`]}`), completed)
			c.wantEnd()
		}
	},
}

// A timer that is late, or a push that is quick, must not let a result through.
func TestExpiry_nothingIsSentAfterIt(t *testing.T) {
	t.Parallel()
	for name, subscribe := range runsOut {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, clock := &epoch{}, newClock()
			s := newSockets(t, func(h *transport.Sockets) {
				e.watch(h)
				h.Now = clock.now
			})
			at := clock.now().Add(time.Hour) // of which no timer hears
			wantNext, ended := subscribe(s, at)
			push := <-s.pushes
			push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
			wantNext(`{"data":1}`)
			clock.move(at.Add(-time.Millisecond))
			push(transport.SocketEvent{Body: []byte(`{"data":2}`)})
			wantNext(`{"data":2}`)
			asked := e.renewals.Load()
			clock.move(at)
			push(transport.SocketEvent{Body: []byte(`{"data":"secret"}`)})
			ended(s, false)
			<-s.stopped
			if e.renewals.Load() == asked {
				t.Error("nobody was asked whether the session has more time")
			}
		})
	}
}

func TestExpiry_endsTheConnection(t *testing.T) {
	t.Parallel()
	for name, subscribe := range runsOut {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			s := newSockets(t, func(h *transport.Sockets) { h.Now = clock.now })
			at := clock.now().Add(time.Second) // time to subscribe in; the rest of it is skipped below
			_, ended := subscribe(s, at)
			<-s.pushes
			clock.move(at)
			ended(s, true)
			<-s.stopped
			for deadline := time.Now().Add(10 * time.Second); s.Count() > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the connection is still there")
				}
			}
		})
	}
}

// Some sessions last longer when they are used.
func TestExpiry_aSessionThatGotMoreTimeGoesOn(t *testing.T) {
	t.Parallel()
	for name, subscribe := range runsOut {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, clock := &epoch{}, newClock()
			s := newSockets(t, func(h *transport.Sockets) {
				h.Now = clock.now
				renew := h.Renew
				h.Renew = func(ctx context.Context, req session.Request, was *session.Session) (*session.Session, error) {
					longer, err := renew(ctx, req, was)
					longer.Expires = longer.Expires.Add(time.Hour)
					return longer, err
				}
				e.watch(h)
			})
			at := clock.now().Add(50 * time.Millisecond)
			wantNext, _ := subscribe(s, at)
			push := <-s.pushes
			for deadline := time.Now().Add(10 * time.Second); e.renewals.Load() < 2; time.Sleep(time.Millisecond) { // once at the start, once by the timer
				if time.Now().After(deadline) {
					t.Fatal("nobody asks whether the session has more time")
				}
			}
			clock.move(at.Add(time.Minute))
			push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
			wantNext(`{"data":1}`)
		})
	}
}

// Who has run out cannot begin either.
func TestExpiry_beforeAnOperation(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newSockets(t, func(h *transport.Sockets) { h.Now = clock.now })
	at := clock.now().Add(time.Hour)
	c := s.dial("/v1/graphql", newWS)
	c.send(`{"type":"connection_init","payload":{"headers":{"x-secret":"s","x-expires":"` + at.Format(time.RFC3339Nano) + `"}}}`)
	c.want(ack, ping)
	clock.move(at)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"q"}}`)
	c.want(`{"type":"error","id":"1","payload":[`+outOfTime+`]}`, `{"type":"complete","id":"1"}`)
	if resp := s.request(http.MethodPost, "/v1/graphql", `{"query":"q"}`, "X-Expires", at.Format(time.RFC3339Nano)); resp.StatusCode == http.StatusOK {
		s.reading(resp, func() {}).want(next(`{"errors":[`+outOfTime+`]}`), completed)
	}
	if len(s.ran) != 0 {
		t.Error("something ran")
	}
}
