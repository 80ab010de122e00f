package transport_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

func TestSocket_connectionsAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bound func(*transport.Sockets)
		why   string
	}{
		"in all":         {func(h *transport.Sockets) { h.MaxConnections = 2 }, "1013: the server has as many connections as it may"},
		"of one address": {func(h *transport.Sockets) { h.MaxPerAddress = 2 }, "1013: too many connections from this address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSockets(t, c.bound)
			first := s.ready(newWS)
			stream := s.open("live")
			<-s.pushes
			s.dial("/v1/graphql", newWS).wantClose(websocket.StatusTryAgainLater, `{"server_error_msg":"`+c.why+`"}`)
			s.dial("/v1/graphql", legacyWS).wantClose(websocket.StatusTryAgainLater, `{"server_error_msg":"`+c.why+`"}`)
			if resp := s.request(http.MethodPost, "/v1/graphql", `{"query":"live"}`); resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("an event stream too many: %s", resp.Status)
			}
			first.send(`{"type":"ping"}`) // those that are there go on
			first.want(`{"type":"pong"}`)
			_ = first.ws.CloseNow()
			stream.cancel()
			for deadline := time.Now().Add(10 * time.Second); s.Count() > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d connections are left", s.Count())
				}
			}
			s.ready(newWS)
			s.ready(legacyWS)
		})
	}
}

func TestSocket_operationsOfAConnectionAreBounded(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxOperations = 2 })
	c := s.ready(newWS)
	for _, id := range []string{"1", "2", "3"} {
		c.send(`{"type":"subscribe","id":"` + id + `","payload":{"query":"live"}}`)
	}
	c.want(`{"type":"error","id":"3","payload":[{"message":"there are 2 operations on this connection, no more may begin","extensions":{"path":"$","code":"start-failed"}}]}`, `{"type":"complete","id":"3"}`)
	c.send(`{"type":"complete","id":"1"}`)
	<-s.stopped
	c.send(`{"type":"subscribe","id":"3","payload":{"query":"q"}}`)
	c.want(`{"type":"next","id":"3","payload":{"data":"q"}}`, `{"type":"complete","id":"3"}`)
	if len(s.pushes) != 2 {
		t.Errorf("%d subscriptions have begun", len(s.pushes))
	}
}

// A caller may be replaced, but each connection_init may cost a question to an auth hook.
func TestSocket_aFloodOfInitsEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.dial("/v1/graphql", newWS)
	for range 5 {
		c.send(hello)
		c.want(ack, ping)
	}
	for range 1000 {
		if c.ws.Write(t.Context(), websocket.MessageText, []byte(hello)) != nil {
			break
		}
	}
	for acks := 5; ; acks++ {
		got, err := c.read()
		if err == nil && (got == ack || got == ping) && acks < 100 {
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4429 || closed.Reason != `{"server_error_msg":"4429: Too many initialisation requests"}` {
			t.Errorf("after %d: got %s %v", acks, got, err)
		}
		return
	}
}

func TestSocket_frames(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	t.Run("not UTF-8", func(t *testing.T) {
		c := s.ready(newWS)
		c.send("{\"type\":\"subscribe\",\"id\":\"\xff\",\"payload\":{\"query\":\"q\"}}")
		c.wantClose(websocket.StatusInvalidFramePayloadData, `{"server_error_msg":"1007: a message is not UTF-8"}`)
	})
	t.Run("binary ones are read as text, as in Hasura", func(t *testing.T) {
		c := s.ready(newWS)
		if err := c.ws.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"subscribe","id":"1","payload":{"query":"q"}}`)); err != nil {
			t.Fatal(err)
		}
		c.want(`{"type":"next","id":"1","payload":{"data":"q"}}`, `{"type":"complete","id":"1"}`)
	})
	t.Run("in parts", func(t *testing.T) {
		c := s.ready(newWS)
		w, err := c.ws.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`{"type":"subscribe",`, `"id":"1","payload":`, `{"query":"q"}}`} {
			if _, err := io.WriteString(w, part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		c.want(`{"type":"next","id":"1","payload":{"data":"q"}}`, `{"type":"complete","id":"1"}`)
	})
	t.Run("the protocol's own ping", func(t *testing.T) {
		c := s.ready(newWS)
		pinged := make(chan error, 1)
		go func() { pinged <- c.ws.Ping(t.Context()) }()
		c.send(`{"type":"ping"}`)
		c.want(`{"type":"pong"}`) // reading is what hears the pong
		go func() { _, _ = c.read() }()
		if err := <-pinged; err != nil {
			t.Error(err)
		}
	})
	t.Run("unmasked", func(t *testing.T) {
		conn, r := s.handshake(t, "")
		if _, err := conn.Write([]byte("\x81\x02{}")); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, r); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("the connection goes on: %v", err)
		}
	})
	t.Run("sent with the handshake", func(t *testing.T) {
		_, r := s.handshake(t, masked(hello)+masked(`{"type":"subscribe","id":"1","payload":{"query":"q"}}`))
		for _, want := range []string{ack, ping, `{"type":"next","id":"1","payload":{"data":"q"}}`, `{"type":"complete","id":"1"}`} {
			head := make([]byte, 2)
			if _, err := io.ReadFull(r, head); err != nil {
				t.Fatal(err)
			}
			message := make([]byte, head[1])
			if _, err := io.ReadFull(r, message); err != nil || string(message) != want {
				t.Fatalf("got %s %v, want %s", message, err, want)
			}
		}
	})
}

// handshake makes a connection by hand; more is sent together with the request.
func (s *sockets) handshake(t *testing.T, more string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET /v1/graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n%s", more); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp, err)
	}
	return conn, r
}

// masked is a client's text frame, masked with zeros (RFC 6455 §5.2).
func masked(text string) string {
	b := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(text)))
	return string(b) + text
}

// Everything a client names in its connection_init counts over the handshake, whatever the spelling of the header.
func TestSocket_initHeaders(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	for name, c := range map[string]struct {
		payload, want string
	}{
		"another spelling":        {`{"headers":{"X-SECRET":"s"}}`, ack},
		"the last of two":         {`{"headers":{"x-secret":"wrong","x-secret":"s"}}`, ack},
		"null":                    {`{"headers":{"x-secret":"s"},"x":null}`, ack},
		"other keys beside":       {`{"a":1,"headers":{"x-secret":"s"}}`, ack},
		"not below headers":       {`{"x-secret":"s"}`, "no secret"},
		"headers are null":        {`{"headers":null}`, "no secret"},
		"an empty payload":        {`{}`, "no secret"},
		"the payload itself null": {`null`, "no secret"},
	} {
		conn := s.dial("/v1/graphql", legacyWS)
		conn.send(`{"type":"connection_init","payload":` + c.payload + `}`)
		want := c.want
		if want != ack {
			want = `{"type":"connection_error","payload":"` + want + `"}`
		}
		if got, err := conn.read(); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", name, got, err, want)
		}
	}
}

// What the handshake names may speak for the caller, but for what is about the connection.
func TestSocket_handshakeHeaders(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	s := newSockets(t, func(h *transport.Sockets) {
		resolve := h.Resolve
		h.Resolve = func(ctx context.Context, req session.Request) (*session.Session, error) {
			seen <- req.Header
			return resolve(ctx, req)
		}
	})
	c := s.dial("/v1/graphql", newWS, "X-Secret", "s", "Cookie", "a=b", "Origin", "https://app.example", "X-Other", "handshake")
	c.send(`{"type":"connection_init","payload":{"headers":{"x-other":"message"}}}`)
	c.want(ack)
	h := <-seen
	for name, want := range map[string]string{
		"X-Secret": "s", "Cookie": "a=b", "Origin": "https://app.example", "X-Other": "message",
		"Upgrade": "", "Connection": "", "Sec-Websocket-Key": "", "Sec-Websocket-Version": "", "Sec-Websocket-Protocol": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What replaces a result that waits may be larger than it.
func TestSocket_aResultThatReplacesAnotherIsBounded(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxQueue = 1 << 20 })
	c := s.ready(newWS)
	var push [2]func(transport.SocketEvent)
	for i, id := range []string{"1", "2"} {
		c.send(`{"type":"subscribe","id":"` + id + `","payload":{"query":"live"}}`)
		push[i] = <-s.pushes
	}
	body := func(n int) []byte { return []byte(`{"data":"` + strings.Repeat("x", n) + `"}`) }
	push[0](transport.SocketEvent{Body: body(32 << 20), Replaces: true}) // more than the system takes from who does not read
	if _, _, err := c.ws.Reader(t.Context()); err != nil {               // it is on its way
		t.Fatal(err)
	}
	push[0](transport.SocketEvent{Body: body(1), Replaces: true})
	push[1](transport.SocketEvent{Body: body(1), Replaces: true})
	if len(s.stopped) > 0 {
		t.Fatal("dropped too early")
	}
	push[1](transport.SocketEvent{Body: body(2 << 20), Replaces: true})
	<-s.stopped
	<-s.stopped
}

// Whoever has one IPv6 address has all of its network.
func TestSocket_anIPv6NetworkIsOneAddress(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxPerAddress = 2 })
	from := func(address string) *client {
		return s.dial("/v1/graphql", newWS, "X-Forwarded-For", address)
	}
	const tooMany = `{"server_error_msg":"1013: too many connections from this address"}`
	stay := func(addresses ...string) {
		for _, address := range addresses {
			c := from(address)
			c.send(hello)
			c.want(ack)
		}
	}
	stay("2001:db8::1", "2001:db8::2")
	from("2001:db8::3").wantClose(websocket.StatusTryAgainLater, tooMany)
	stay("2001:db8:0:1::1", "192.0.2.1", "192.0.2.2")
}
