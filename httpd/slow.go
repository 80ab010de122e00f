package httpd

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Limits are how long and how large a client may be. Zero fields mean the defaults.
type Limits struct {
	// Timeout is how long a client may keep the server waiting: for the next part of a body, or to take the next part of an
	// answer (Hasura: SERVER_TIMEOUT).
	Timeout time.Duration
	// HeaderBytes bounds a request's header (Hasura: MAX_TOTAL_HEADER_LENGTH).
	HeaderBytes int
	// Open counts the connections, those of sockets excluded; nil does not.
	Open *atomic.Int64
}

func (l Limits) orDefault() Limits {
	if l.Timeout <= 0 {
		l.Timeout = 30 * time.Second
	}
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = 1 << 20
	}
	return l
}

// client is the connection a request came on. net/http's own timeouts are for whole requests and answers, and would cut
// off who sends or takes much at a fair pace, and whoever waits for a long statement; these are for standing still. It
// is used by one request at a time.
type client struct {
	net.Conn
	timeout time.Duration
	// isHurried: an answer has set a deadline for writing.
	isHurried bool
	unwatched int // bytes written since then
}

// watchEvery is after how many bytes the deadline moves on.
const watchEvery = 16 << 10

// count follows a connection's state.
func (l Limits) count(_ net.Conn, state http.ConnState) {
	switch {
	case l.Open == nil:
	case state == http.StateNew:
		l.Open.Add(1)
	case state == http.StateClosed, state == http.StateHijacked:
		l.Open.Add(-1)
	}
}

func (l Limits) withClient(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, clientKey, &client{Conn: c, timeout: l.Timeout})
}

// clientOf is nil where a handler is called without a listener.
func clientOf(ctx context.Context) *client {
	c, _ := ctx.Value(clientKey).(*client)
	return c
}

// begin forgets what the request before has left.
func (c *client) begin(hasBody bool) {
	if c == nil {
		return
	}
	if c.isHurried {
		c.isHurried, c.unwatched = false, 0
		_ = c.SetWriteDeadline(time.Time{})
	}
	if !hasBody {
		c.arrived()
	}
}

// expect gives the client its time to send the next part.
func (c *client) expect() {
	if c != nil {
		_ = c.SetReadDeadline(time.Now().Add(c.timeout))
	}
}

// arrived takes away net/http's deadline for the request, which would otherwise end the answer's context.
func (c *client) arrived() {
	if c != nil {
		_ = c.SetReadDeadline(time.Time{})
	}
}

// writing gives the client its time to take the next part, n bytes. Small answers fit into buffers, and need none.
func (c *client) writing(n int) {
	if c == nil {
		return
	}
	if c.unwatched += n; c.unwatched >= watchEvery {
		c.isHurried, c.unwatched = true, 0
		_ = c.SetWriteDeadline(time.Now().Add(c.timeout))
	}
}
