package transport

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// socketOperation is one operation of a client, from its start to its complete.
type socketOperation struct {
	id      string
	request Request
	cancel  context.CancelFunc
	ctx     context.Context // ends with the operation

	// isDone, pending and session are guarded by the socket's mu. pending is the result that waits to be sent and a
	// newer one may replace; session is whom the operation runs for.
	isDone  bool
	pending *socketMessage
	session *session.Session

	// starting guards stop, nil unless the operation is a subscription.
	starting sync.Mutex
	stop     func()
}

// end stops a subscription and gives up a query.
func (op *socketOperation) end() {
	op.cancel()
	op.starting.Lock()
	defer op.starting.Unlock()
	if op.stop != nil {
		op.stop()
		op.stop = nil
	}
}

// start runs an operation. Its checks come in Hasura's order.
func (c *socket) start(id string, req Request) {
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
	op := &socketOperation{id: id, request: req}
	op.ctx, op.cancel = context.WithCancel(c.ctx)
	c.operations[id] = op
	c.mu.Unlock()
	prepared, err := c.launch(op)
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
	payload := c.refusal(f, false)
	c.send(envelope("error", &id, payload))
	if c.protocol.isLegacy {
		c.send(envelope("complete", &id, nil))
		return
	}
	c.end(websocket.StatusNormalClosure, closeReason("4400: "+why))
}

// launch checks an operation and, when it is a subscription, begins it. An error has been told to the client.
func (c *socket) launch(op *socketOperation) (Prepared, error) {
	c.mu.Lock()
	was, req := c.session, c.request
	c.mu.Unlock()
	s, err := c.h.Renew(c.ctx, req, was)
	if err != nil {
		c.fail(op, err)
		return Prepared{}, err
	}
	c.mu.Lock()
	op.session = s
	c.mu.Unlock()
	prepared, err := c.prepare(s, op.request)
	if err != nil {
		c.fail(op, err)
		return Prepared{}, err
	}
	if prepared.Subscribe == nil {
		return prepared, nil
	}
	op.starting.Lock()
	defer op.starting.Unlock()
	if op.ctx.Err() == nil {
		op.stop = prepared.Subscribe(func(e SocketEvent) { c.push(op, e) })
	}
	return prepared, nil
}

// answer runs a query or mutation beside whatever else the client does; mutations wait for those sent before.
func (c *socket) answer(op *socketOperation, p Prepared) {
	var before, after chan struct{}
	if p.IsMutation {
		after = make(chan struct{})
		before, c.lastMutation = c.lastMutation, after // only the reader comes here
	}
	select {
	case c.running <- struct{}{}:
	case <-c.ctx.Done():
		return
	}
	c.work.Go(func() {
		defer func() { <-c.running }()
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
		ctx := op.ctx
		if p.IsMutation {
			ctx = c.ctx // a stop comes too late for a mutation
		}
		body, err := p.Answer(ctx)
		c.answered(op, body, err)
	})
}

func (c *socket) answered(op *socketOperation, body []byte, err error) {
	if err != nil && op.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return
	}
	kind := c.protocol.data
	if err == nil {
		c.logOperation(op, "completed", nil)
	} else {
		f, showInternal := c.h.Errors.known(c.r, err), c.showsInternal(op)
		c.logOperation(op, "query_err", f)
		if c.protocol.isLegacy {
			body = f.GraphQLBody(showInternal)
		} else {
			kind, body = "error", c.refusal(f, showInternal)
		}
	}
	if c.forget(op) {
		c.send(envelope(kind, &op.id, body))
		c.send(envelope("complete", &op.id, nil))
	}
}

// push queues a subscription's result.
func (c *socket) push(op *socketOperation, e SocketEvent) {
	body := e.Body
	if e.Err != nil {
		body = c.h.Errors.known(c.r, e.Err).GraphQLBody(c.showsInternal(op))
	}
	m := &socketMessage{data: envelope(c.protocol.data, &op.id, body), operation: op}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case op.isDone:
	case e.Replaces && op.pending != nil:
		c.queued += len(m.data) - len(op.pending.data)
		op.pending.data = m.data
	case c.put(m) && e.Replaces:
		op.pending = m
	}
}

// stillMay tells whether the caller may have a subscription's result now. If not, the operation has ended.
func (c *socket) stillMay(op *socketOperation) bool {
	c.mu.Lock()
	was, req, started := c.session, c.request, op.session
	c.mu.Unlock()
	s, err := c.h.Renew(c.ctx, req, was)
	if err == nil {
		err = sameCaller(started, s)
	}
	if err != nil {
		c.fail(op, err)
	}
	return err == nil
}

// sameCaller tells whether a session is worth what it was when an operation began under it.
func sameCaller(was, now *session.Session) error {
	if was.Role == now.Role && was.BackendOnly == now.BackendOnly && maps.Equal(was.Variables, now.Variables) {
		return nil
	}
	return fault.New(fault.AccessDenied, "", "Your requested role is not in allowed roles")
}

// review looks at the callers of the subscriptions again.
func (c *socket) review() {
	for _, op := range c.subscriptions() {
		c.stillMay(op)
	}
}

// restart begins all subscriptions anew.
func (c *socket) restart() {
	operations := c.subscriptions()
	for _, op := range operations {
		op.starting.Lock()
		if op.stop != nil {
			op.stop()
			op.stop = nil
		}
		op.starting.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isClosing {
		c.work.Go(func() {
			for _, op := range operations {
				if op.ctx.Err() == nil {
					_, _ = c.launch(op) // an error has been told
				}
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
		if op.stop != nil {
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
	f := c.h.Errors.known(c.r, err)
	payload := c.refusal(f, c.showsInternal(op))
	if c.forget(op) {
		c.logOperation(op, "query_err", f)
		c.send(envelope("error", &op.id, payload))
		c.send(envelope("complete", &op.id, nil))
	}
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

func (c *socket) showsInternal(op *socketOperation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.h.Errors.ShowsInternal(op.session)
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // a string always encodes
	return b
}
