package transport

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// socketOperation is one operation of a client, from its start to its complete.
type socketOperation struct {
	id      string
	request Request
	// head is what stands before each of its results.
	head []byte
	// accepted is called once nothing was wrong with the request; nil: nobody wants to know.
	accepted func()

	// isDone, pending, session and settled are guarded by the socket's mu. pending is the result that waits to be sent and a
	// newer one may replace; session is whom the operation runs for, and settled when that was last found true.
	isDone  bool
	pending *socketMessage
	session *session.Session
	settled settled

	// starting guards what follows. stop stops a subscription or gives up a query; nil while there is nothing to stop.
	starting sync.Mutex
	stop     func()
	isLive   bool // a subscription that has begun
	isEnded  bool
}

func (op *socketOperation) accept() {
	if op.accepted != nil {
		op.accepted()
	}
}

// end stops a subscription and gives up a query.
func (op *socketOperation) end() {
	op.starting.Lock()
	defer op.starting.Unlock()
	op.isEnded = true
	op.halt()
}

// halt is end for what may begin again. The caller holds starting.
func (op *socketOperation) halt() {
	if op.stop != nil {
		op.stop()
	}
	op.stop, op.isLive = nil, false
}

// start runs an operation. Its checks come in Hasura's order.
func (c *socket) start(id string, req Request, accepted func()) {
	c.mu.Lock()
	s, why := c.session, ""
	switch {
	case s == nil && c.initError != "":
		why = "cannot start as connection_init failed with: " + c.initError
	case s == nil:
		why = "start received before the connection is initialised"
	case c.operations[id] != nil:
		why = "an operation already exists with this id: " + id
	}
	if why != "" || c.isClosing {
		c.mu.Unlock()
		c.startFailed(id, why)
		return
	}
	op := &socketOperation{id: id, request: req, head: c.protocol.head(id), accepted: accepted, session: s}
	isOneTooMany := c.h.MaxOperations > 0 && len(c.operations) >= c.h.MaxOperations
	c.operations[id] = op
	c.mu.Unlock()
	if isOneTooMany {
		c.fail(op, fault.New(fault.StartFailed, "", "there are %d operations on this connection, no more may begin", c.h.MaxOperations))
		return
	}
	prepared, err := c.launch(op, false)
	if err == nil {
		c.logOperation(op, "started", nil)
	}
	if err != nil || prepared.Subscribe != nil {
		return
	}
	c.answer(op, prepared)
}

// startFailed refuses to start: the legacy sub-protocol goes on, the other ends.
func (c *socket) startFailed(id, why string) {
	f := fault.New(fault.StartFailed, "", "%s", why)
	c.logOperation(&socketOperation{id: id}, "proto_err", f)
	c.send(envelope("error", &id, c.startRefusal(f)))
	if c.protocol.isLegacy {
		c.send(envelope("complete", &id, nil))
		return
	}
	c.end(websocket.StatusNormalClosure, closeReason("4400: "+why))
}

// launch checks an operation and, when it is a subscription, begins it, perhaps again. An error has been told to the
// client.
func (c *socket) launch(op *socketOperation, isAgain bool) (Prepared, error) {
	epoch, isKnown := c.h.epoch()
	restarts := c.h.restarts.Load()
	c.mu.Lock()
	was, req := c.session, c.request
	c.mu.Unlock()
	if was == nil { // a later connection_init was refused: the connection is being closed
		op.end()
		return Prepared{}, context.Canceled
	}
	s, err := c.renew(req, was)
	if err != nil {
		c.fail(op, err)
		return Prepared{}, err
	}
	if sameCaller(was, s) == nil {
		s = was // one is enough
	}
	c.mu.Lock()
	op.session = s
	c.mu.Unlock()
	c.settle(op, was, settled{epoch, isKnown})
	prepared, err := c.prepare(c.ctx, s, op.request, isAgain)
	if err == nil && prepared.IsMutation && c.isReadOnly {
		err = onlyByPost()
	}
	if err != nil {
		c.fail(op, err)
		return Prepared{}, err
	}
	if prepared.Subscribe == nil {
		return prepared, nil
	}
	c.subscribe(op, prepared)
	if !isAgain {
		op.accept()
	}
	if c.h.restarts.Load() != restarts { // Restart may have passed by before the operation was there
		op.starting.Lock()
		op.halt()
		op.starting.Unlock()
		return c.launch(op, true)
	}
	if now, isKnown := c.h.epoch(); !isKnown || now != epoch {
		c.stillMay(op) // a review may have passed by before the operation was there
	}
	return prepared, nil
}

func (c *socket) subscribe(op *socketOperation, p Prepared) {
	op.starting.Lock()
	defer op.starting.Unlock()
	if !op.isEnded {
		op.halt() // a restart may have begun it as well
		op.stop, op.isLive = p.Subscribe(func(e SocketEvent) { c.push(op, e) }), true
	}
}

// answer runs a query or mutation beside whatever else the client does; mutations wait for those sent before.
func (c *socket) answer(op *socketOperation, p Prepared) {
	var before, after chan struct{}
	if p.IsMutation {
		after = make(chan struct{})
		before, c.lastMutation = c.lastMutation, after
	}
	if c.running == nil {
		c.running = make(chan struct{}, maxRunning)
	}
	running, hasWaited := c.running, before != nil
	select {
	case running <- struct{}{}:
	default:
		hasWaited = true
		select {
		case running <- struct{}{}:
		case <-c.ctx.Done():
			return
		}
	}
	ctx := c.ctx // a stop comes too late for a mutation
	if !p.IsMutation {
		ctx = c.stoppable(op)
	}
	c.work.Go(func() {
		defer func() { <-running }()
		if after != nil {
			defer close(after)
		}
		if before != nil {
			select {
			case <-before:
			case <-c.ctx.Done():
				return
			}
		}
		if hasWaited && !c.stillMay(op) { // what ended meanwhile was told
			return
		}
		body, err := p.Answer(ctx)
		if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) {
			c.answered(op, body, err)
		}
		op.end()
	})
}

// stoppable is a context that ends with the operation.
func (c *socket) stoppable(op *socketOperation) context.Context {
	ctx, cancel := context.WithCancel(c.ctx)
	op.starting.Lock()
	defer op.starting.Unlock()
	op.stop = cancel
	if op.isEnded {
		cancel()
	}
	return ctx
}

func (c *socket) answered(op *socketOperation, body []byte, err error) {
	if err != nil {
		c.failed(op, err, !errors.As(err, new(NotRun)))
		return
	}
	op.accept()
	c.finish(op, &socketMessage{head: op.head, body: body}, "completed", nil)
}

// finish sends an operation's last message, unless it had ended before. What became of it is logged first: a client that has
// all it wants closes the connection at once.
func (c *socket) finish(op *socketOperation, last *socketMessage, what string, f *fault.Error) {
	if !c.forget(op) {
		return
	}
	c.logOperation(op, what, f)
	c.enqueue(last, &socketMessage{head: c.protocol.complete(op.id)})
	if c.protocol.isStream && !c.protocol.isShared { // it was there for this operation
		c.end(websocket.StatusNormalClosure, "")
	}
}

// failed tells the client what became of an operation.
func (c *socket) failed(op *socketOperation, err error, hasBegun bool) {
	f := c.known(err)
	c.finish(op, c.problem(op, f, hasBegun), "query_err", f)
}

// problem is the message that tells an operation's error. On the legacy sub-protocol that of an operation which had begun
// is a result like any other; on an event stream every one is.
func (c *socket) problem(op *socketOperation, f *fault.Error, hasBegun bool) *socketMessage {
	switch {
	case c.protocol.isStream:
		return &socketMessage{head: op.head, body: f.GraphQLBody(c.showsInternal(op))}
	case c.protocol.isLegacy && hasBegun:
		return &socketMessage{head: op.head, body: c.failure(f)}
	}
	// An error is the last word of graphql-transport-ws, after which Hasura says `complete` all the same. graphql-ws on Node,
	// when it hears both in one turn, gives the operation's hold on the connection back twice, and closes it under others.
	return &socketMessage{head: envelope("error", &op.id, c.refusal(f)), isApart: true}
}

// push queues a subscription's result.
func (c *socket) push(op *socketOperation, e SocketEvent) {
	m := &socketMessage{head: op.head, body: e.Body, operation: op}
	if e.Err != nil {
		m.body = c.known(e.Err).GraphQLBody(c.showsInternal(op))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case op.isDone:
	case e.Replaces && op.pending != nil:
		c.queued += m.size() - op.pending.size()
		op.pending.body = m.body
		if len(c.queue) > 1 && c.queued > c.maxQueue() && !c.isClosing {
			c.work.Go(c.slow)
		}
	case c.put(m) && e.Replaces:
		op.pending = m
	}
}

// restart begins all subscriptions anew.
func (c *socket) restart() {
	operations := c.subscriptions()
	for _, op := range operations {
		op.starting.Lock()
		op.halt()
		op.starting.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing {
		c.work.Go(func() {
			for _, op := range operations {
				_, _ = c.launch(op, true) // an error has been told, or the operation has ended
			}
		})
	}
}

// subscriptions are the operations that go on until they are ended.
func (c *socket) subscriptions() []*socketOperation {
	c.mu.Lock()
	all := make([]*socketOperation, 0, len(c.operations))
	for _, op := range c.operations {
		all = append(all, op)
	}
	c.mu.Unlock()
	live := all[:0]
	for _, op := range all {
		op.starting.Lock()
		if op.isLive {
			live = append(live, op)
		}
		op.starting.Unlock()
	}
	return live
}

// stop ends an operation because the client says so. An unknown one is not an error: it may just have ended.
func (c *socket) stop(id string) {
	c.mu.Lock()
	op := c.operations[id]
	c.mu.Unlock()
	if op != nil && c.forget(op) {
		c.logOperation(op, "stopped", nil)
		op.end()
	}
}

// fail tells the client why an operation does not begin or go on, and ends it.
func (c *socket) fail(op *socketOperation, err error) {
	c.failed(op, err, false)
	op.end()
}

// forget takes an operation off the list; false when it was off already.
func (c *socket) forget(op *socketOperation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.isDone {
		return false
	}
	op.isDone = true
	if c.operations[op.id] == op {
		delete(c.operations, op.id)
	}
	return true
}

// showsInternal tells whether the caller of an operation sees `internal`. On a WebSocket nobody does, as in Hasura.
func (c *socket) showsInternal(op *socketOperation) bool {
	if !c.protocol.isStream {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.h.Errors.ShowsInternal(op.session)
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // a string always encodes
	return b
}
