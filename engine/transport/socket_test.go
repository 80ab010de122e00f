package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/httpd"
)

// sockets is a server whose operations are told by their text: "live" pushes what the test pushes, "slow" answers when
// released, "refused" and "broken" fail, everything else echoes.
type sockets struct {
	*testing.T
	*transport.Sockets
	handler *transport.Handler
	url     string

	mu      sync.Mutex
	revoked error
	role    string
	pushes  chan func(transport.SocketEvent)
	stopped chan struct{}
	release chan struct{}
	ran     chan string
}

func newSockets(t *testing.T, change func(*transport.Sockets)) *sockets {
	t.Helper()
	s := &sockets{T: t, pushes: make(chan func(transport.SocketEvent), 100), stopped: make(chan struct{}, 100), release: make(chan struct{}), ran: make(chan string, 100)}
	s.Sockets = &transport.Sockets{Resolve: s.resolve, Renew: func(ctx context.Context, req session.Request, _ *session.Session) (*session.Session, error) {
		return s.resolve(ctx, req)
	}, Prepare: s.prepare, CORS: mustCORS(t, "https://app.example"), Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(s.Sockets)
	}
	h := &transport.Handler{Socket: s.Sockets, Resolve: s.resolve}
	s.handler = h
	if s.PrepareRelay != nil {
		h.Relay = func(context.Context, *session.Session, transport.Request) (transport.Answer, error) {
			return transport.Answer{}, errors.ErrUnsupported
		}
	}
	mux := http.NewServeMux()
	h.Mount(mux)
	server := httptest.NewServer(httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler), TrustProxy: true}, transport.Compress(mux)))
	t.Cleanup(func() {
		s.Sockets.Close()
		server.Close()
	})
	s.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return s
}

func mustCORS(t *testing.T, domains string) *transport.CORS {
	t.Helper()
	c, err := transport.ParseCORS(domains, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *sockets) resolve(_ context.Context, req session.Request) (*session.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revoked != nil {
		return nil, s.revoked
	}
	if req.Header.Get("X-Secret") != "s" {
		return nil, fault.New(fault.AccessDenied, "", "no secret").WithStatus(401)
	}
	role := "user"
	if s.role != "" {
		role = s.role
	}
	out := &session.Session{Role: role, Variables: map[string]string{"x-hasura-role": role, "cookie": req.Header.Get("Cookie")}}
	if text := req.Header.Get("X-Expires"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		out.Expires = at
		return out, err
	}
	return out, nil
}

func (s *sockets) revoke(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = err
}

func (s *sockets) prepare(_ context.Context, _ *session.Session, req operation.Request, _ bool) (transport.Prepared, error) {
	switch req.Query {
	case "live":
		return transport.Prepared{Subscribe: func(push func(transport.SocketEvent)) func() {
			s.pushes <- push
			return func() { s.stopped <- struct{}{} }
		}}, nil
	case "refused":
		return transport.Prepared{}, fault.New(fault.ValidationFailed, "$.selectionSet.x", "no x")
	}
	return transport.Prepared{IsMutation: strings.HasPrefix(req.Query, "mutation"), Answer: func(ctx context.Context) ([]byte, error) {
		switch {
		case req.Query == "broken":
			return nil, fault.New(fault.DataException, "", "no data")
		case strings.HasSuffix(req.Query, "slow"):
			select {
			case <-s.release:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		s.ran <- req.Query
		text, err := json.Marshal(req.Query)
		return append(append([]byte(`{"data":`), text...), '}'), err
	}}, nil
}

// client is one connection.
type client struct {
	*testing.T
	ws *websocket.Conn
}

func (s *sockets) dial(path, protocol string, headers ...string) *client {
	s.Helper()
	o := &websocket.DialOptions{HTTPHeader: http.Header{}}
	if protocol != "" {
		o.Subprotocols = []string{protocol}
	}
	for i := 0; i < len(headers); i += 2 {
		o.HTTPHeader.Set(headers[i], headers[i+1])
	}
	ws, resp, err := websocket.Dial(s.Context(), s.url+path, o)
	if err != nil {
		s.Fatalf("dial: %v", err)
	}
	if resp.Header.Get("Sec-WebSocket-Protocol") != protocol {
		s.Errorf("sub-protocol %q", resp.Header.Get("Sec-WebSocket-Protocol"))
	}
	ws.SetReadLimit(64 << 20)
	s.Cleanup(func() { _ = ws.CloseNow() })
	return &client{s.T, ws}
}

const (
	legacyWS = "graphql-ws"
	newWS    = "graphql-transport-ws"
	hello    = `{"type":"connection_init","payload":{"headers":{"x-secret":"s"}}}`
	ack      = `{"type":"connection_ack"}`
	ka       = `{"type":"ka"}`
	ping     = `{"type":"ping","payload":{"message":"keepalive"}}`
)

// ready dials and initialises.
func (s *sockets) ready(protocol string) *client {
	s.Helper()
	c := s.dial("/v1/graphql", protocol)
	c.send(hello)
	c.want(ack, map[string]string{legacyWS: ka, newWS: ping}[protocol])
	return c
}

func (c *client) send(message string) {
	c.Helper()
	if err := c.ws.Write(c.Context(), websocket.MessageText, []byte(message)); err != nil {
		c.Fatalf("send: %v", err)
	}
}

func (c *client) read() (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	return string(data), err
}

func (c *client) want(messages ...string) {
	c.Helper()
	for _, want := range messages {
		got, err := c.read()
		if err != nil {
			c.Fatalf("want %s, got %v", want, err)
		}
		if got != want {
			c.Fatalf("\n got %s\nwant %s", got, want)
		}
	}
}

func (c *client) wantClose(code websocket.StatusCode, reason string) {
	c.Helper()
	got, err := c.read()
	var closed websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
		c.Errorf("got %q, %v\nwant close %d %s", got, err, code, reason)
	}
}

func TestSocket_handshakeRefusals(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	base := "http" + strings.TrimPrefix(s.url, "ws")
	for _, c := range []struct {
		name, path, origin string
		status             int
		want               string
	}{
		{"foreign origin", "/v1/graphql", "https://evil.example", 400, `{"message":"received origin header does not match configured CORS domains","extensions":{"path":"$","code":"access-denied"}}`},
		{"unknown path", "/v1/other", "", 404, `{"message":"only '/v1/graphql', '/v1alpha1/graphql' and '/v1beta1/relay' are supported on websockets","extensions":{"path":"$","code":"not-found"}}`},
		{"relay, not served", "/v1beta1/relay", "", 404, `{"message":"only '/v1/graphql', '/v1alpha1/graphql' and '/v1beta1/relay' are supported on websockets","extensions":{"path":"$","code":"not-found"}}`},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range [][2]string{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, {"Origin", c.origin}} {
			if h[1] != "" {
				r.Header.Set(h[0], h[1])
			}
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body := new(strings.Builder)
		_ = resp.Write(body)
		_ = resp.Body.Close()
		if resp.StatusCode != c.status || !strings.HasSuffix(body.String(), c.want) {
			t.Errorf("%s: %s", c.name, body)
		}
	}
	s.dial("/v1/graphql", newWS, "Origin", "https://app.example")
}

func TestSocket_queriesRunBesideEachOtherMutationsInOrder(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.ready(newWS)
	c.send(`{"type":"subscribe","id":"m1","payload":{"query":"mutation slow"}}`)
	c.send(`{"type":"subscribe","id":"m2","payload":{"query":"mutation"}}`)
	c.send(`{"type":"subscribe","id":"q","payload":{"query":"q"}}`)
	c.want(`{"type":"next","id":"q","payload":{"data":"q"}}`, `{"type":"complete","id":"q"}`)
	c.send(`{"type":"complete","id":"m1"}`) // too late for a mutation, but nobody wants to hear of it
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`)
	close(s.release)
	c.want(`{"type":"next","id":"m2","payload":{"data":"mutation"}}`, `{"type":"complete","id":"m2"}`)
	if one, two, three := <-s.ran, <-s.ran, <-s.ran; one != "q" || two != "mutation slow" || three != "mutation" {
		t.Errorf("ran %s, %s, %s", one, two, three)
	}
}

func TestSocket_subscription(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.ready(newWS)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
	push := <-s.pushes
	push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	c.want(`{"type":"next","id":"1","payload":{"data":1}}`)
	push(transport.SocketEvent{Err: fault.New(fault.DataException, "", "division by zero")})
	c.want(`{"type":"next","id":"1","payload":{"errors":[{"message":"division by zero","extensions":{"path":"$","code":"data-exception"}}]}}`)
	push(transport.SocketEvent{Body: []byte(`{"data":2}`)})
	c.want(`{"type":"next","id":"1","payload":{"data":2}}`)
	c.send(`{"type":"complete","id":"1"}`)
	<-s.stopped
	push(transport.SocketEvent{Body: []byte(`{"data":3}`)}) // one that was under way
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`)
}

func TestSocket_aRevokedRightEndsTheOperation(t *testing.T) {
	t.Parallel()
	const gone = `[{"message":"Could not verify JWT: the token has been revoked","extensions":{"path":"$","code":"invalid-jwt"}}]`
	revoked := fault.New(fault.InvalidJWT, "", "Could not verify JWT: the token has been revoked")
	t.Run("before a push", func(t *testing.T) {
		s := newSockets(t, nil)
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		push := <-s.pushes
		s.revoke(revoked)
		push(transport.SocketEvent{Body: []byte(`{"data":"secret"}`)})
		c.want(`{"type":"error","id":"1","payload":`+gone+`}`, `{"type":"complete","id":"1"}`)
		<-s.stopped
		c.send(`{"type":"subscribe","id":"2","payload":{"query":"q"}}`)
		c.want(`{"type":"error","id":"2","payload":`+gone+`}`, `{"type":"complete","id":"2"}`)
	})
	t.Run("while nothing changes", func(t *testing.T) {
		s := newSockets(t, nil)
		c := s.ready(legacyWS)
		c.send(`{"type":"start","id":"1","payload":{"query":"live"}}`)
		<-s.pushes
		s.Review()
		s.revoke(revoked)
		s.Review()
		c.want(`{"type":"error","id":"1","payload":{"errors":`+gone+`}}`, `{"type":"complete","id":"1"}`)
		<-s.stopped
	})
	t.Run("another role is another caller", func(t *testing.T) {
		s := newSockets(t, nil)
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		<-s.pushes
		s.mu.Lock()
		s.role = "other"
		s.mu.Unlock()
		s.Review()
		c.want(`{"type":"error","id":"1","payload":[{"message":"Your requested role is not in allowed roles","extensions":{"path":"$","code":"access-denied"}}]}`, `{"type":"complete","id":"1"}`)
	})
}

func TestSocket_metadataChange(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.ready(newWS)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
	<-s.pushes
	s.Restart()
	<-s.stopped
	push := <-s.pushes // begun again
	push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	c.want(`{"type":"next","id":"1","payload":{"data":1}}`)
	s.CloseAll()
	c.wantClose(1012, "Closing all websocket connections as the metadata has changed")
	<-s.stopped
}

func TestSocket_shutDown(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.ready(newWS)
	done := make(chan struct{})
	go func() { s.Sockets.Close(); close(done) }()
	c.wantClose(1012, "shutting server down")
	<-done
	if n := s.Count(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	_, resp, err := websocket.Dial(t.Context(), s.url+"/v1/graphql", nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "0" {
		t.Errorf("a handshake afterwards: %v %v", resp, err)
	}
}

func TestSocket_slowClientKeepsTheNewestAndIsBounded(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxQueue = 1 << 20 })
	big := func(n byte) []byte {
		return append(append([]byte(`{"data":"`), strings.Repeat(string('a'+n), 8<<20)...), `"}`...)
	}
	c := s.ready(newWS)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
	push := <-s.pushes
	for i := range byte(20) { // a live query's results replace each other
		push(transport.SocketEvent{Body: big(i), Replaces: true})
	}
	seen := 0
	for {
		message, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if strings.HasPrefix(message, `{"type":"next","id":"1","payload":{"data":"tttt`) {
			break
		}
	}
	if seen > 5 {
		t.Errorf("%d results were kept for a client that did not read", seen)
	}
	for i := range byte(20) { // those of a stream do not
		push(transport.SocketEvent{Body: big(i)})
	}
	<-s.stopped
	for {
		if _, err := c.read(); err != nil {
			if code := websocket.CloseStatus(err); code != websocket.StatusPolicyViolation && code != -1 {
				t.Errorf("closed with %v", err)
			}
			return
		}
	}
}

func TestSocket_messageSize(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxMessage = 2 << 20 })
	c := s.dial("/v1/graphql", newWS)
	_ = c.ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"connection_init","payload":{"pad":"`+strings.Repeat("x", 1<<20)+`"}}`)) // cut off
	c.wantRefused("a stranger's large message")
	c = s.ready(newWS)
	c.send(`{"type":"subscribe","id":"1","payload":{"query":"q","pad":"` + strings.Repeat("x", 1<<20) + `"}}`)
	c.want(`{"type":"next","id":"1","payload":{"data":"q"}}`, `{"type":"complete","id":"1"}`)
	_ = c.ws.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("x", 3<<20))) // cut off
	c.wantRefused("a large message")
}

// wantRefused wants the connection closed over a message's size. The close frame may be lost: the server does not read the
// rest of the message, and TCP then resets.
func (c *client) wantRefused(what string) {
	c.Helper()
	got, err := c.read()
	if code := websocket.CloseStatus(err); err == nil || code != websocket.StatusMessageTooBig && code != -1 {
		c.Errorf("%s: %s %v", what, got, err)
	}
}

// Of a page's cookies those are left that somebody has judged already.
func TestSocket_ownCookiesWithoutCORS(t *testing.T) {
	t.Parallel()
	given := make(chan string, 1)
	s := newSockets(t, func(h *transport.Sockets) {
		h.CORS, h.OwnCookies = nil, func(lines []string) []string {
			if strings.Contains(strings.Join(lines, ";"), "own=1") {
				return []string{"own=1"}
			}
			return nil
		}
		h.Resolve = func(_ context.Context, req session.Request) (*session.Session, error) {
			given <- strings.Join(req.Header["Cookie"], "|")
			return &session.Session{Role: "user"}, nil
		}
	})
	for sent, want := range map[string]string{"own=1; other=2": "own=1", "other=2": ""} {
		c := s.dial("/v1/graphql", newWS, "Origin", "https://any.example", "Cookie", sent)
		c.send(`{"type":"connection_init"}`)
		if got := <-given; got != want {
			t.Errorf("%s: %q", sent, got)
		}
	}
}

func TestSocket_cookiesWithoutCORS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		disabled, readCookie bool
		origin               string
		wantAccepted         bool
	}{
		{"with CORS", false, false, "https://app.example", true},
		{"a page's", true, false, "https://evil.example", false},
		{"a page's, read", true, true, "https://any.example", true},
		{"a program's", true, false, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSockets(t, func(h *transport.Sockets) {
				h.ReadCookie = c.readCookie
				if c.disabled {
					h.CORS = nil
				}
				h.Resolve = func(_ context.Context, req session.Request) (*session.Session, error) {
					if req.Header.Get("Cookie") == "" {
						return nil, fault.New(fault.AccessDenied, "", "no cookie")
					}
					return &session.Session{Role: "user"}, nil
				}
			})
			headers := []string{"Cookie", "a=b"}
			if c.origin != "" {
				headers = append(headers, "Origin", c.origin)
			}
			conn := s.dial("/v1/graphql", newWS, headers...)
			conn.send(`{"type":"connection_init"}`)
			if c.wantAccepted {
				conn.want(ack)
			} else {
				conn.wantClose(4403, `{"server_error_msg":"4403: Forbidden: no cookie"}`)
			}
		})
	}
}

// Not parallel: it counts goroutines.
func TestSocket_leavesNothingBehind(t *testing.T) {
	s := newSockets(t, func(h *transport.Sockets) { h.KeepAlive, h.InitTimeout = time.Hour, time.Hour })
	before := runtime.NumGoroutine()
	for range 20 {
		c := s.ready(newWS)
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"live"}}`)
		c.send(`{"type":"subscribe","id":"2","payload":{"query":"slow"}}`)
		<-s.pushes
		_ = c.ws.CloseNow()
		<-s.stopped
	}
	deadline := time.Now().Add(10 * time.Second)
	for s.Count() > 0 || runtime.NumGoroutine() > before+2 {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d connections and %d goroutines (%d before) are left\n%s", s.Count(), runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}
