package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// socket is one connection. Its handler's goroutine reads; a goroutine that lives while there is something to send
// writes, so that an idle connection costs one goroutine.
type socket struct {
	h        *Sockets
	id       string // in the log
	ws       *websocket.Conn
	r        *http.Request // the handshake
	headers  http.Header   // of the handshake, what may speak for the caller
	protocol *protocol
	// isTrueStatus: /v1alpha1/graphql, whose errors have the older form.
	isTrueStatus bool
	prepare      func(s *session.Session, req Request) (Prepared, error)
	ctx          context.Context // ends with the connection
	cancel       context.CancelFunc
	work         sync.WaitGroup
	// running has a place for each query and mutation under way; a client that asks for more waits.
	running chan struct{}

	mu sync.Mutex
	// session is nil before connection_init succeeded; initError says why it failed.
	session    *session.Session
	request    session.Request
	wasInit    bool
	initError  string
	operations map[string]*socketOperation
	queue      []*socketMessage
	queued     int // bytes in queue
	isWriting  bool
	isClosing  bool
	timers     []*time.Timer
	// lastMutation ends when the latest mutation has: mutations of one client run in the order sent.
	lastMutation chan struct{}
}

// maxRunning bounds the queries and mutations of one client that run at a time.
const maxRunning = 32

// socketMessage is something to send: a message, or with a code the close frame.
type socketMessage struct {
	data []byte
	// operation is set for a subscription's result: it is sent only if the caller still may have it.
	operation *socketOperation
	code      websocket.StatusCode
	reason    string
}

func (c *socket) serve() {
	c.after(c.h.InitTimeout, func() {
		if !c.isInitialised() {
			c.end(c.protocol.initTimeout, closeReason(fmt.Sprintf("%d: Connection initialisation timed out", c.protocol.initTimeout)))
		}
	})
	c.ws.SetReadLimit(min(maxInit, c.maxMessage()))
	for {
		_, data, err := c.ws.Read(context.Background()) // ended by closing
		if err != nil {
			c.ended(err)
			return
		}
		c.handle(data)
	}
}

func (c *socket) maxMessage() int64 {
	if c.h.MaxMessage > 0 {
		return c.h.MaxMessage
	}
	return DefaultMaxBody
}

// ended cleans up after the connection.
func (c *socket) ended(err error) {
	stop := c.close(nil)
	stop()
	c.cancel()
	_ = c.ws.CloseNow()
	c.work.Wait()
	c.log(slog.LevelInfo, socketEventLine{Type: "closed"})
	if code := websocket.CloseStatus(err); code == -1 && !errors.Is(err, context.Canceled) {
		c.h.Log.Debug("websocket ended without a close frame", "error", err)
	}
}

// after calls fn once d has passed, unless the connection ended before. 0 means never.
func (c *socket) after(d time.Duration, fn func()) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing {
		c.timers = append(c.timers, time.AfterFunc(d, fn))
	}
}

func (c *socket) isInitialised() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session != nil
}

func (c *socket) handle(data []byte) {
	m, err := parseMessage(data)
	if err != nil {
		c.malformed(err)
		return
	}
	switch m.Type {
	case "connection_init":
		c.init(m)
	case "start", "subscribe":
		req, err := parseRequest("$.payload", m.Payload)
		if err != nil {
			c.malformed(err)
			return
		}
		c.start(*m.ID, req)
	case "stop", "complete":
		c.stop(*m.ID)
	case "connection_terminate":
		c.end(websocket.StatusNormalClosure, "GQL_CONNECTION_TERMINATE received")
	case "ping":
		c.send(envelope("pong", nil, m.Payload))
	}
}

// malformed answers what cannot be understood: the legacy sub-protocol goes on, the other ends.
func (c *socket) malformed(err error) {
	text := "parsing ClientMessage failed: " + fault.Internal(err).Message
	if c.protocol.isLegacy {
		c.send(envelope("connection_error", nil, quoted(text)))
		return
	}
	c.end(closeBadRequest, closeReason("4400: "+text))
}

// init resolves the caller. A second connection_init counts anew, with its own headers only.
func (c *socket) init(m clientMessage) {
	own, err := initHeaders(m.Payload)
	if err != nil {
		c.malformed(err)
		return
	}
	c.mu.Lock()
	first := !c.wasInit
	c.wasInit = true
	c.mu.Unlock()
	headers := make(http.Header, len(own)+len(c.headers))
	if first {
		for name, values := range c.headers {
			headers[name] = values
		}
	}
	for name, value := range own { // a header of the message beats the handshake's
		headers[http.CanonicalHeaderKey(name)] = []string{value}
	}
	req := session.Request{Header: headers, Host: c.r.Host}
	s, err := c.h.Resolve(c.ctx, req)
	if err != nil {
		c.refuse(c.h.Errors.known(c.r, err).Message)
		return
	}
	c.mu.Lock()
	c.session, c.request, c.initError = s, req, ""
	c.mu.Unlock()
	c.ws.SetReadLimit(c.maxMessage())
	c.send(envelope("connection_ack", nil, nil))
	if c.protocol.isLegacy {
		c.send([]byte(c.protocol.keepAlive))
	}
	if first {
		c.keepAlive()
	}
	if !s.Expires.IsZero() {
		c.after(max(time.Until(s.Expires), time.Nanosecond), func() { c.expire(s) })
	}
}

// refuse ends a connection whose caller is not let in.
func (c *socket) refuse(message string) {
	c.mu.Lock()
	c.session, c.initError = nil, message
	c.mu.Unlock()
	c.log(slog.LevelError, socketEventLine{"conn_err", message})
	if c.protocol.isLegacy {
		c.send(envelope("connection_error", nil, quoted(message)))
		c.end(closeBadRequest, closeReason("4400: Connection initialization failed: "+message))
		return
	}
	c.end(closeForbidden, closeReason("4403: Forbidden: "+message))
}

func (c *socket) keepAlive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.h.KeepAlive <= 0 || c.isClosing {
		return
	}
	var t *time.Timer
	t = time.AfterFunc(c.h.KeepAlive, func() {
		c.send([]byte(c.protocol.keepAlive))
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.isClosing {
			t.Reset(c.h.KeepAlive)
		}
	})
	c.timers = append(c.timers, t)
}

// expire ends the connection when what its caller proved itself with has run out, unless it was replaced since.
func (c *socket) expire(s *session.Session) {
	c.mu.Lock()
	isCurrent := c.session == s
	c.mu.Unlock()
	if !isCurrent {
		return
	}
	f := fault.New(fault.InvalidJWT, "", "Could not verify JWT: JWTExpired")
	for _, op := range c.subscriptions() {
		c.fail(op, f)
	}
	c.end(closeForbidden, closeReason("4403: Forbidden: the session has expired"))
}

// send queues a message.
func (c *socket) send(data []byte) { c.enqueue(&socketMessage{data: data}) }

func (c *socket) enqueue(m *socketMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(m)
}

// put adds to the queue and tells whether it could; a client too slow for what it asks is dropped. The caller holds mu.
func (c *socket) put(m *socketMessage) bool {
	if c.isClosing {
		return false
	}
	limit := c.h.MaxQueue
	if limit == 0 {
		limit = defaultMaxQueue
	}
	if len(c.queue) > 0 && c.queued+len(m.data) > limit {
		c.work.Go(c.slow) // it needs locks that the caller may hold
		return false
	}
	c.queue = append(c.queue, m)
	c.queued += len(m.data)
	c.wakeWriter()
	return true
}

// slow drops a client that does not take what it asked for.
func (c *socket) slow() {
	c.h.Log.Warn("websocket client dropped: it reads too slowly", "ip", c.r.RemoteAddr)
	c.abort(websocket.StatusPolicyViolation, closeReason("the client reads too slowly"))
}

// wakeWriter starts writing. The caller holds mu.
func (c *socket) wakeWriter() {
	if !c.isWriting {
		c.isWriting = true
		c.work.Go(c.write)
	}
}

// write sends what is queued and ends when there is nothing.
func (c *socket) write() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.isWriting, c.queue = false, nil
			c.mu.Unlock()
			return
		}
		m := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.queued -= len(m.data)
		isWanted := true
		if op := m.operation; op != nil {
			isWanted = !op.isDone
			if op.pending == m {
				op.pending = nil
			}
		}
		c.mu.Unlock()
		switch {
		case m.code != 0:
			_ = c.ws.Close(m.code, m.reason) // the peer may be gone
			c.cancel()
		case !isWanted, m.operation != nil && !c.stillMay(m.operation):
		default:
			ctx, cancel := context.WithTimeout(c.ctx, writeTimeout)
			err := c.ws.Write(ctx, websocket.MessageText, m.data)
			cancel()
			if err != nil {
				_ = c.ws.CloseNow() // ends serve
			}
		}
	}
}

// end closes the connection after what is queued has been sent; abort drops the queue.
func (c *socket) end(code websocket.StatusCode, reason string) {
	c.close(&socketMessage{code: code, reason: reason})()
}

func (c *socket) abort(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	if !c.isClosing {
		c.queue, c.queued = nil, 0
	}
	c.mu.Unlock()
	c.end(code, reason)
}

// close takes no more messages and queues the last one. The function it gives ends the operations.
func (c *socket) close(last *socketMessage) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosing {
		return func() {}
	}
	c.isClosing = true
	for _, t := range c.timers {
		t.Stop()
	}
	if last != nil {
		c.queue = append(c.queue, last)
		c.wakeWriter()
		time.AfterFunc(closeGrace, func() { _ = c.ws.CloseNow() })
	}
	operations := c.operations
	c.operations = map[string]*socketOperation{}
	return func() {
		for _, op := range operations {
			op.end()
		}
	}
}
