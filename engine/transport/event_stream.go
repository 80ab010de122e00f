package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// events is GraphQL over server-sent events, in the mode of one connection for each operation (graphql-sse: PROTOCOL.md).
var events = &protocol{isStream: true, keepAlive: []byte(":\n\n")}

var (
	eventNext     = []byte("event: next\ndata: {\"id\":") // on a stream that operations share
	eventHead     = []byte("event: next\ndata: ")
	eventComplete = []byte("event: complete\ndata:\n\n")
)

const eventType = "text/event-stream"

// appendEventData appends JSON as the data of an event, which it does not end. A line break in it, which can only stand between tokens, begins
// another line of data (HTML §9.2.5).
func appendEventData(b, data []byte) []byte {
	isOneLine := bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 // nearly always, and found fast
	for {
		i := -1
		if !isOneLine {
			i = bytes.IndexAny(data, "\r\n")
		}
		if i < 0 {
			return append(b, data...)
		}
		b = append(append(b, data[:i]...), "\ndata: "...)
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}

// wantsEvents tells whether a client would rather have an event stream than JSON (RFC 9110 §12.5.1). Some clients name both
// for every request; they get JSON, as ever.
func wantsEvents(h http.Header) bool {
	var forEvents, forJSON float64
	for _, line := range h["Accept"] {
		for part := range strings.SplitSeq(strings.ToLower(line), ",") {
			kind, params, _ := strings.Cut(part, ";")
			var weight *float64
			switch strings.TrimSpace(kind) {
			case eventType:
				weight = &forEvents
			case "application/json", "application/graphql-response+json", "application/graphql+json":
				weight = &forJSON
			default:
				continue
			}
			*weight = max(*weight, quality(params))
		}
	}
	return forEvents > forJSON
}

// quality is the weight among a media type's parameters; 1 without one.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// postEvents runs a request that was posted over an event stream. What is wrong before the operation is looked at has its
// true status; what is wrong with it is told in the stream.
func (h *Handler) postEvents(w http.ResponseWriter, r *http.Request, hasPersisted bool) {
	in, parseErr := h.readGraphQL(w, r, hasPersisted)
	h.note(r, in)
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host, Body: func() json.RawMessage { return forHook(in.requests, in.isBatch) }})
	if err == nil {
		err = parseErr // Hasura tells who is refused nothing about the body
	}
	if err == nil && in.isBatch {
		err = fault.New(fault.BadRequest, "", "an event stream carries one operation, not a batch")
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	h.stream(w, r, s, in.requests[0], in.persisted)
}

// getEvents opens a reserved stream, or runs a request from the parameters of a GET, which is all that browsers' EventSource
// can send.
func (h *Handler) getEvents(w http.ResponseWriter, r *http.Request) {
	if token := streamToken(r); token != "" {
		h.openStream(w, r, token)
		return
	}
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
	if err != nil {
		h.refuse(w, r, nil, err, false)
		return
	}
	parameters := r.URL.Query()
	req, err := parameterRequest(parameters)
	var q *persistedQuery
	if err == nil {
		q, err = parseExtensions("$.extensions", json.RawMessage(parameters.Get("extensions")))
	}
	h.note(r, incoming{requests: []Request{req}})
	if err == nil && req.Query == "" && q == nil {
		err = fault.New(fault.BadRequest, "", "expected the parameter query")
	}
	if err == nil {
		if op, parseErr := operation.Parse(req.Query, req.OperationName); parseErr == nil && op.Kind == operation.Mutation {
			w.Header().Set("Allow", http.MethodPost)
			err = onlyByPost().WithStatus(http.StatusMethodNotAllowed)
		}
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	h.stream(w, r, s, req, q)
}

// onlyByPost refuses a mutation by GET: a link must not change anything (RFC 9110 §9.2.1).
func onlyByPost() *fault.Error {
	return fault.New(fault.BadRequest, "", "only queries and subscriptions can be sent by GET")
}

func (h *Handler) stream(w http.ResponseWriter, r *http.Request, s *session.Session, req Request, q *persistedQuery) {
	req, accepted, err := h.streamed(req, q)
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	c := h.Socket.newSocket(r)
	c.protocol, c.isReadOnly = events, r.Method == http.MethodGet
	h.Socket.serveStream(w, r, s, c, func() { c.start("", req, accepted) })
}

// streamed is a request with its text; accepted is to be called once nothing was wrong with it.
func (h *Handler) streamed(req Request, q *persistedQuery) (_ Request, accepted func(), err error) {
	if q == nil {
		return req, nil, nil
	}
	text, hash, err := h.persistedText(req, q)
	if err == nil && req.Query != "" {
		accepted = func() { h.Persisted.keep(hash, text) }
	}
	req.Query = text
	return req, accepted, err
}

// serveStream opens an event stream for a caller who was let in, begins what it is for, and returns when it has ended.
func (h *Sockets) serveStream(w http.ResponseWriter, r *http.Request, s *session.Session, c *socket, begin func()) {
	e := &eventStream{w: w, control: http.NewResponseController(w), over: make(chan struct{})}
	c.wire = e
	if _, why := h.enter(c); why != "" {
		f := fault.New(fault.Unexpected, "", "%s", why).WithStatus(http.StatusServiceUnavailable)
		httpd.OperationOf(r.Context()).Failure = f
		httpd.WriteBytes(w, f.Status, f.GraphQLBody(false))
		return
	}
	defer h.leave(c)
	for _, header := range s.ResponseHeaders {
		w.Header().Add(header[0], header[1])
	}
	w.Header().Set("Content-Type", eventType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx, and those that took it over, would wait for more
	w.WriteHeader(http.StatusOK)
	c.sent(e.put(c.protocol.keepAlive)) // the client hears that it is connected
	c.sent(e.flush())
	c.admit(s, session.Request{Header: r.Header, Host: r.Host})
	c.keepAlive()
	begin()
	select {
	case <-e.over:
	case <-r.Context().Done(): // the client has gone
	}
	c.ended()
	e.finish()
}

// eventStream is the wire of a response that goes on.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	over    chan struct{} // closed with isOver

	mu sync.Mutex
	// isOver: nothing more is sent. isClosed: it came to a good end. isFinished: the response is no longer ours.
	isOver, isClosed, isFinished bool
}

func (e *eventStream) put(message []byte) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := e.w.Write(message) //nolint:gosec // JSON as text/event-stream, which nobody reads as a page
	return err
}

func (e *eventStream) flush() error { return e.control.Flush() }

func (e *eventStream) close(websocket.StatusCode, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.isClosed = !e.isOver
	e.end()
}

func (e *eventStream) abort() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.isClosed && !e.isFinished {
		_ = e.control.SetWriteDeadline(time.Unix(1, 0)) // a write under way ends, and so does the connection
	}
	e.end()
}

// end lets the handler return. The caller holds mu.
func (e *eventStream) end() {
	if !e.isOver {
		e.isOver = true
		close(e.over)
	}
}

// finish gives the response back.
func (e *eventStream) finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.isFinished = true
	if e.isClosed {
		_ = e.control.SetWriteDeadline(time.Time{}) // the next request on the connection begins without ours
	}
}
