package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// wire is what the messages of a socket travel on. Only one goroutine at a time puts and flushes.
type wire interface {
	// put adds a message to what the next flush sends.
	put(message []byte) error
	flush() error
	// close ends the connection in good order, abort as it is. Both may be called at any time, also again.
	close(code websocket.StatusCode, reason string)
	abort()
}

const (
	// readBuffer and writeBuffer are a WebSocket's, in bytes. net/http's, of 4 KiB each, would be half of what an idle
	// connection costs. What is longer passes by them.
	readBuffer  = 512
	writeBuffer = 256
	// maxHeld is how many bytes wait for a flush.
	maxHeld = 64 << 10
)

// webSocket is the wire of both sub-protocols.
type webSocket struct {
	*websocket.Conn
	conn *heldConn
}

// accept answers a handshake. Nothing of the request and of net/http's buffers is kept.
func accept(w http.ResponseWriter, r *http.Request, options *websocket.AcceptOptions) (*webSocket, error) {
	h := &hijacked{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, options)
	if err != nil {
		return nil, err // answered
	}
	return &webSocket{ws, h.conn}, nil
}

func (w *webSocket) put(message []byte) error {
	w.conn.hold()
	return w.Write(context.Background(), websocket.MessageText, message) // goes no further than conn, which has a deadline
}

func (w *webSocket) flush() error { return w.conn.flush() }

func (w *webSocket) close(code websocket.StatusCode, reason string) {
	_ = w.Close(code, reason) // the peer may be gone
}

func (w *webSocket) abort() { _ = w.CloseNow() }

// hijacked takes the connection out of net/http's hands with small buffers.
type hijacked struct {
	http.ResponseWriter
	conn *heldConn
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := buffers.Reader.Peek(buffers.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	h.conn = &heldConn{Conn: conn, early: append([]byte(nil), early...)}
	return h.conn, bufio.NewReadWriter(bufio.NewReaderSize(h.conn, readBuffer), bufio.NewWriterSize(h.conn, writeBuffer)), nil
}

// heldConn holds what is written back until it is flushed, so that several messages are one write, and gives every
// write its time.
type heldConn struct {
	net.Conn
	// early is what the client sent before the handshake was answered. Only the reader uses it.
	early []byte

	mu     sync.Mutex
	isHeld bool
	held   *[]byte // nil while there is nothing
}

// heldBuffers are used between two flushes.
var heldBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (c *heldConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	c.early = nil
	return c.Conn.Read(p)
}

func (c *heldConn) hold() {
	c.mu.Lock()
	c.isHeld = true
	c.mu.Unlock()
}

// Write implements net.Conn. Of what is held an error comes with the flush.
func (c *heldConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isHeld {
		return c.send(p)
	}
	if c.held != nil && len(*c.held)+len(p) > maxHeld {
		if err := c.sendHeld(); err != nil {
			return 0, err
		}
	}
	if len(p) > maxHeld {
		return c.send(p)
	}
	if c.held == nil {
		c.held = heldBuffers.Get().(*[]byte)
	}
	*c.held = append(*c.held, p...)
	return len(p), nil
}

func (c *heldConn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isHeld = false
	return c.sendHeld()
}

// sendHeld and send write; the caller holds mu.
func (c *heldConn) sendHeld() error {
	if c.held == nil {
		return nil
	}
	_, err := c.send(*c.held)
	*c.held = (*c.held)[:0]
	heldBuffers.Put(c.held)
	c.held = nil
	return err
}

func (c *heldConn) send(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
