package transport

import (
	"sync"
	"time"

	"github.com/coder/websocket"

	"gatehouse/httpd"
)

// socketMessage is something to send: a message, or with a code the end of the connection.
type socketMessage struct {
	// head is the whole message where body is nil, else what stands before body, which subscribers may share.
	head, body []byte
	// operation is set for a subscription's result: it is sent only if the caller still may have it.
	operation *socketOperation
	// isApart: not in one write with what follows.
	isApart bool
	code    websocket.StatusCode
	reason  string
	// since is when it was queued, where that is measured.
	since time.Time
}

func (m *socketMessage) size() int { return len(m.head) + len(m.body) }

// send queues a message.
func (c *socket) send(message []byte) { c.enqueue(&socketMessage{head: message}) }

func (c *socket) enqueue(messages ...*socketMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range messages {
		c.put(m)
	}
}

// put queues a message unless the connection is closing; one that does not fit ends it. The caller holds mu.
func (c *socket) put(m *socketMessage) bool {
	if c.isClosing {
		return false
	}
	if len(c.queue) > 0 && c.queued+m.size() > c.maxQueue() {
		c.work.Go(c.slow) // it needs locks that the caller may hold
		return false
	}
	if c.h.Metrics.Counts() {
		m.since = time.Now()
	}
	c.queue = append(c.queue, m)
	c.queued += m.size()
	c.wakeWriter()
	return true
}

func (c *socket) maxQueue() int {
	if c.h.MaxQueue > 0 {
		return c.h.MaxQueue
	}
	return defaultMaxQueue
}

// slow drops a client that does not take what it asked for.
func (c *socket) slow() {
	c.h.Log.Warn("client dropped: it reads too slowly", "ip", httpd.ClientIP(c.ctx), "path", c.path)
	c.drop(websocket.StatusPolicyViolation, closeReason("the client reads too slowly"))
}

// wakeWriter starts writing. The caller holds mu.
func (c *socket) wakeWriter() {
	if !c.isWriting {
		c.isWriting = true
		c.work.Go(c.write)
	}
}

// messageBuffers are where messages are put together.
var messageBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxMessageBuffer is how large a buffer may be to be used again.
const maxMessageBuffer = 256 << 10

// write sends what is queued and ends when there is nothing. isWriting is set.
func (c *socket) write() {
	buffer := messageBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= maxMessageBuffer {
			messageBuffers.Put(buffer)
		}
	}()
	for {
		m, isWanted := c.next()
		switch {
		case m == nil:
			wrote := c.h.Metrics.Writing()
			c.sent(c.wire.flush())
			wrote()
			if c.rest() {
				return
			}
		case m.code != 0:
			c.sent(c.wire.flush())
			c.wire.close(m.code, m.reason)
			c.cancel()
		case isWanted:
			*buffer = c.protocol.appendMessage((*buffer)[:0], m)
			c.h.Metrics.Sending(m.since, len(*buffer))
			c.sent(c.wire.put(*buffer))
			if m.isApart {
				c.sent(c.wire.flush())
			}
		}
	}
}

// sent ends the connection when something could not be sent.
func (c *socket) sent(err error) {
	if err != nil {
		c.wire.abort() // ends the reader
	}
}

// next takes the next message from the queue, nil when there is none, and tells whether it is still to be sent.
func (c *socket) next() (m *socketMessage, isWanted bool) {
	epoch, isKnown := c.h.epoch()
	c.mu.Lock()
	if len(c.queue) == 0 {
		c.mu.Unlock()
		return nil, false
	}
	m = c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	c.queued -= m.size()
	op, isSettled := m.operation, true
	isWanted = true
	if op != nil {
		isWanted, isSettled = !op.isDone, c.isSettled(op, epoch, isKnown)
		if op.pending == m {
			op.pending = nil
		}
	}
	c.mu.Unlock()
	return m, isWanted && (isSettled || c.stillMay(op))
}

// rest tells whether there is nothing to write; the writer then ends.
func (c *socket) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 {
		return false
	}
	c.isWriting, c.queue = false, nil
	return true
}

// end closes the connection after what is queued has been sent; drop forgets the queue.
func (c *socket) end(code websocket.StatusCode, reason string) {
	c.close(&socketMessage{code: code, reason: reason})()
}

func (c *socket) drop(code websocket.StatusCode, reason string) {
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
	stopTimer(&c.untilInit)
	stopTimer(&c.untilKeepAlive)
	stopTimer(&c.untilExpiry)
	if last != nil {
		c.queue = append(c.queue, last)
		c.wakeWriter()
		c.untilCut = time.AfterFunc(closeGrace, c.wire.abort)
	}
	operations := c.operations
	c.operations = map[string]*socketOperation{}
	return func() {
		for _, op := range operations {
			op.end()
		}
	}
}
