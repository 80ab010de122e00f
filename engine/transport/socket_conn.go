package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// socket is one connection: a WebSocket, or an event stream. One goroutine reads; another lives while there is something
// to send and writes, so that an idle connection costs one goroutine.
type socket struct {
	h        *Sockets
	id       string // in the log; "" for what is not in it
	wire     wire
	setLimit func(bytes int64) // of a client's message; nil where it sends none
	protocol *protocol
	path     string
	host     string
	headers  http.Header // of the handshake, what may speak for the caller; nil once it has
	prepare  preparer
	ctx      context.Context // ends with the connection
	cancel   context.CancelFunc
	work     sync.WaitGroup
	// starting is held while an operation begins that came in a request of its own.
	starting sync.Mutex
	// running has a place for each query and mutation under way; a client that asks for more waits. nil before the first
	// one, and used by the reader only, as is lastMutation. That ends when the latest mutation has: mutations of one client
	// run in the order sent.
	running      chan struct{}
	lastMutation chan struct{}
	// inits counts the connection_init messages since opened; the reader's, too.
	inits  int
	opened time.Time
	// isPinging: the client's next pong answers a ping of ours; the reader's.
	isPinging bool
	// isReadOnly: what came by GET must not change anything.
	isReadOnly bool

	mu sync.Mutex
	// session is nil before connection_init succeeded; initError says why it failed.
	session    *session.Session
	request    session.Request
	initError  string
	operations map[string]*socketOperation
	queue      []*socketMessage
	queued     int // bytes in queue
	isWriting  bool
	isClosing  bool
	// Those that do not run are nil.
	untilInit, untilKeepAlive, untilExpiry, untilCut *time.Timer
}

// maxInits is how many connection_init messages a client may send at once; one more each second.
const maxInits = 10

// maxRunning bounds the queries and mutations of one client that run at a time.
const maxRunning = 32

// serve reads a WebSocket until it ends.
func (c *socket) serve(ws *webSocket) {
	c.opened = time.Now()
	c.after(&c.untilInit, c.h.InitTimeout, func() {
		if !c.isInitialised() {
			c.end(c.protocol.initTimeout, closeReason(fmt.Sprintf("%d: Connection initialisation timed out", c.protocol.initTimeout)))
		}
	})
	c.setLimit(min(maxInit, c.maxMessage()))
	for {
		_, data, err := ws.Read(context.Background()) // ended by closing
		if err != nil {
			c.ended()
			c.log(slog.LevelInfo, socketEventLine{Type: "closed"})
			if code := websocket.CloseStatus(err); code == -1 && !errors.Is(err, context.Canceled) {
				c.h.Log.Debug("websocket ended without a close frame", "error", err)
			}
			return
		}
		c.h.Metrics.Received(len(data))
		if !utf8.Valid(data) { // RFC 6455 §8.1; Go's JSON would take it
			c.end(websocket.StatusInvalidFramePayloadData, closeReason("1007: a message is not UTF-8"))
			continue
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
func (c *socket) ended() {
	stop := c.close(nil)
	stop()
	c.cancel()
	c.wire.abort()
	c.starting.Lock() // who comes now is too late
	c.work.Wait()
	c.starting.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	stopTimer(&c.untilCut)
}

// after calls fn once d has passed, in place of what the timer was to call, unless the connection ends before. 0 means
// never.
func (c *socket) after(timer **time.Timer, d time.Duration, fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stopTimer(timer)
	if d > 0 && !c.isClosing {
		*timer = time.AfterFunc(d, fn)
	}
}

func stopTimer(timer **time.Timer) {
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
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
		c.start(*m.ID, req, nil)
	case "stop", "complete":
		c.stop(*m.ID)
	case "connection_terminate":
		c.end(websocket.StatusNormalClosure, "GQL_CONNECTION_TERMINATE received")
	case "ping":
		c.send(envelope("pong", nil, m.Payload))
	case "pong":
		c.ponged(m.Payload)
	}
}

// malformed answers what cannot be understood: the legacy sub-protocol goes on, the other ends.
func (c *socket) malformed(err error) {
	f := fault.Internal(err)
	text := "parsing ClientMessage failed: "
	if f.Code != fault.InvalidJSON { // which says where itself
		text += "Error in " + f.Path + ": "
	}
	text += f.Message
	c.log(slog.LevelError, socketEventLine{"conn_err", text})
	if c.protocol.isLegacy {
		c.send(envelope("connection_error", nil, quoted(text)))
		return
	}
	c.end(closeBadRequest, closeReason("4400: Parsing client message failed: "+text))
}

// init resolves the caller. A second connection_init counts anew, with its own headers only.
func (c *socket) init(m clientMessage) {
	own, err := initHeaders(m.Payload)
	if err != nil {
		c.malformed(err)
		return
	}
	c.inits++
	first := c.inits == 1
	if c.inits > maxInits+int(time.Since(c.opened)/time.Second) { // each may ask an auth hook
		c.end(closeTooManyInits, closeReason("4429: Too many initialisation requests"))
		return
	}
	headers := make(http.Header, len(own)+len(c.headers))
	for name, values := range c.headers {
		headers[name] = values
	}
	c.headers = nil
	for name, value := range own { // a header of the message beats the handshake's
		headers[http.CanonicalHeaderKey(name)] = []string{value}
	}
	req := session.Request{Header: headers, Host: c.host}
	s, err := c.h.Resolve(c.ctx, req)
	if err != nil {
		c.refuse(c.known(err).Message)
		return
	}
	c.setLimit(c.maxMessage())
	c.admit(s, req)
	c.send(envelope("connection_ack", nil, nil))
	c.send(c.protocol.keepAlive)
	if first {
		c.keepAlive()
	}
}

// admit lets a caller in, in place of the one before.
func (c *socket) admit(s *session.Session, req session.Request) {
	c.mu.Lock()
	c.session, c.request, c.initError = s, req, ""
	for _, op := range c.operations {
		op.settled = settled{}
	}
	stopTimer(&c.untilInit)
	c.mu.Unlock()
	c.awaitExpiry(s)
}

func (c *socket) awaitExpiry(s *session.Session) {
	var left time.Duration
	if !s.Expires.IsZero() {
		left = max(s.Expires.Sub(c.h.now()), time.Nanosecond)
	}
	c.after(&c.untilExpiry, left, func() { c.expire(s) })
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

// ponged answers a pong that nobody asked for with a ping, as Hasura does; but not the client's answer to that one, which
// would go on for ever.
func (c *socket) ponged(payload json.RawMessage) {
	c.isPinging = !c.isPinging && !isKeepAlive(payload)
	if c.isPinging {
		c.send(envelope("ping", nil, payload))
	}
}

func (c *socket) keepAlive() {
	c.after(&c.untilKeepAlive, c.h.KeepAlive, func() {
		c.mu.Lock()
		if c.isClosing {
			c.mu.Unlock()
			return
		}
		c.untilKeepAlive.Reset(c.h.KeepAlive)
		isMine := len(c.queue) == 0 && !c.isWriting
		if isMine { // this goroutine can write as well as another
			c.queue = append(c.queue, &socketMessage{head: c.protocol.keepAlive, since: time.Now()})
			c.queued += len(c.protocol.keepAlive)
			c.isWriting = true
			c.work.Add(1)
		}
		c.mu.Unlock()
		if isMine { // else the client hears from us anyway
			defer c.work.Done()
			c.write()
		}
	})
}

// expire ends the connection when what its caller proved itself with has run out, unless the caller was replaced since, or
// has got more time.
func (c *socket) expire(s *session.Session) {
	c.mu.Lock()
	isCurrent, req := c.session == s, c.request
	c.mu.Unlock()
	if !isCurrent {
		return
	}
	now, err := c.renew(req, s)
	if err == nil && s.SameAs(now) {
		c.prolong(s, now)
		return
	}
	if err == nil {
		err = expired()
	}
	for _, op := range c.subscriptions() {
		c.fail(op, err)
	}
	c.end(closeForbidden, closeReason("4403: Forbidden: the session has expired"))
}

// prolong lets a caller go on as now.
func (c *socket) prolong(was, now *session.Session) {
	c.mu.Lock()
	isCurrent := c.session == was
	if isCurrent {
		c.session = now
	}
	c.mu.Unlock()
	if isCurrent {
		c.awaitExpiry(now)
	}
}

// known is err as the client may see it.
func (c *socket) known(err error) *fault.Error { return c.h.Errors.knownAt(c.ctx, c.path, err) }
