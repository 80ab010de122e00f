package transport

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// GraphQL over server-sent events in its single connection mode (graphql-sse: PROTOCOL.md): a client reserves a stream by
// PUT, opens it by GET, and starts and stops operations on it by POST and DELETE. The token of a reservation opens nothing by
// itself: each of these requests proves who sends it, and it is of use to the caller who made the reservation only.

// sharedEvents is the stream that all operations of a client share.
var sharedEvents = &protocol{isStream: true, isShared: true, keepAlive: events.keepAlive}

const (
	streamTokenHeader    = "X-Graphql-Event-Stream-Token"
	streamTokenParameter = "token"
	operationParameter   = "operationId"
	maxOperationID       = 256
	// reservationTime is how long a reservation waits for its stream, maxReservations how many wait, and maxReservationsOfOne
	// how many of one address or one caller.
	reservationTime      = 10 * time.Second
	maxReservations      = 10_000
	maxReservationsOfOne = 1_000
)

// reservations are the event streams that clients share among their operations, from PUT to the stream's end.
type reservations struct {
	mu      sync.Mutex
	byToken map[string]*reservation
	// waiting counts those whose stream is not there yet, in all and by address and caller.
	waiting int
	of      map[string]int
}

type reservation struct {
	path            string
	session         *session.Session
	address, caller string
	expiry          *time.Timer
	// isTaken: its stream is there; stream is what operations can begin on.
	isTaken bool
	stream  *socket
}

// reserve makes a reservation and gives its token.
func (all *reservations) reserve(r *reservation) (token string, err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.waiting >= maxReservations || all.of[r.address] >= maxReservationsOfOne || all.of[r.caller] >= maxReservationsOfOne {
		return "", fault.New(fault.Unexpected, "", "too many reservations of event streams wait for their streams").WithStatus(http.StatusServiceUnavailable)
	}
	if all.byToken == nil {
		all.byToken, all.of = map[string]*reservation{}, map[string]int{}
	}
	token = rand.Text()
	all.byToken[token] = r
	all.count(r, 1)
	r.expiry = time.AfterFunc(reservationTime, func() { all.lapse(token) })
	return token, nil
}

// count counts a reservation that waits. The caller holds mu.
func (all *reservations) count(r *reservation, by int) {
	all.waiting += by
	for _, key := range []string{r.address, r.caller} {
		if all.of[key] += by; all.of[key] == 0 {
			delete(all.of, key)
		}
	}
}

// lapse forgets a reservation whose stream did not come.
func (all *reservations) lapse(token string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if r := all.byToken[token]; r != nil && !r.isTaken {
		delete(all.byToken, token)
		all.count(r, -1)
	}
}

// find gives a caller's reservation. That of another caller is none. The caller holds mu.
func (all *reservations) find(token, path string, s *session.Session) (*reservation, error) {
	r := all.byToken[token]
	if r == nil || r.path != path || !r.session.SameAs(s) {
		return nil, noStream()
	}
	return r, nil
}

func noStream() error {
	return fault.New(fault.NotFound, "", "there is no event stream with this token").WithStatus(http.StatusNotFound)
}

// take begins the stream of a reservation, of which there is one only.
func (all *reservations) take(token, path string, s *session.Session) (*reservation, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	r, err := all.find(token, path, s)
	if err != nil {
		return nil, err
	}
	if r.isTaken {
		return nil, fault.New(fault.Conflict, "", "the event stream with this token is open already")
	}
	r.isTaken = true
	r.expiry.Stop()
	all.count(r, -1)
	return r, nil
}

func (all *reservations) open(r *reservation, c *socket) {
	all.mu.Lock()
	defer all.mu.Unlock()
	r.stream = c
}

func (all *reservations) release(token string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byToken, token)
}

// stream is where operations with a token go.
func (all *reservations) stream(token, path string, s *session.Session) (*socket, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	r, err := all.find(token, path, s)
	if err != nil {
		return nil, err
	}
	if r.stream == nil {
		return nil, fault.New(fault.Conflict, "", "the event stream with this token is not open yet")
	}
	return r.stream, nil
}

// streamToken is the token of a reservation that a request names; "" when none. The parameter is for browsers' EventSource,
// which sends no headers; of other requests it may be somebody else's.
func streamToken(r *http.Request) string {
	if values := r.Header[streamTokenHeader]; len(values) > 0 {
		return values[0]
	}
	if r.Method == http.MethodPost || r.URL.RawQuery == "" {
		return ""
	}
	parameters := r.URL.Query()
	if parameters.Has("query") {
		return ""
	}
	return parameters.Get(streamTokenParameter)
}

// streamer is the caller of a request about a stream, who has to be one that may ask at all.
func (h *Handler) streamer(r *http.Request) (*session.Session, error) {
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
	if err == nil {
		err = s.Require(session.ScopeGraphQL)
	}
	return s, err
}

// putStream makes a reservation.
func (h *Handler) putStream(w http.ResponseWriter, r *http.Request) {
	if h.Socket == nil {
		NotFound(w, r)
		return
	}
	s, err := h.streamer(r)
	var token string
	if err == nil {
		token, err = h.Socket.reserved.reserve(&reservation{
			path: r.URL.Path, session: s, address: "address " + httpd.Network(httpd.ClientIP(r.Context())), caller: callerKey(s),
		})
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	for _, header := range s.ResponseHeaders {
		w.Header().Add(header[0], header[1])
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, token)
}

// callerKey tells callers apart.
func callerKey(s *session.Session) string {
	variables, _ := json.Marshal(s.Variables) // texts always encode
	return "caller " + s.SecretName() + "\x00" + s.Role + "\x00" + string(variables)
}

// openStream opens the stream of a reservation.
func (h *Handler) openStream(w http.ResponseWriter, r *http.Request, token string) {
	s, err := h.streamer(r)
	var reserved *reservation
	if err == nil {
		reserved, err = h.Socket.reserved.take(token, r.URL.Path, s)
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	defer h.Socket.reserved.release(token)
	c := h.Socket.newSocket(r)
	c.protocol = sharedEvents
	h.Socket.serveStream(w, r, s, c, func() { h.Socket.reserved.open(reserved, c) })
}

// postOperation starts an operation on a reserved stream, on which its results are told, errors included.
func (h *Handler) postOperation(w http.ResponseWriter, r *http.Request, token string, hasPersisted bool) {
	in, parseErr := h.readGraphQL(w, r, hasPersisted)
	h.note(r, in)
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host, Body: func() json.RawMessage { return forHook(in.requests, in.isBatch) }})
	var c *socket
	if err == nil {
		c, err = h.Socket.reserved.stream(token, r.URL.Path, s)
	}
	if err == nil {
		err = parseErr
	}
	if err == nil && in.isBatch {
		err = fault.New(fault.BadRequest, "", "an operation on an event stream is one, not a batch")
	}
	var id string
	if err == nil {
		id, err = operationID(in.body)
	}
	var req Request
	var accepted func()
	if err == nil {
		req, accepted, err = h.streamed(in.requests[0], in.persisted)
	}
	if err == nil {
		err = c.startShared(id, req, accepted)
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// operationID is what a request on a shared stream is called there.
func operationID(body []byte) (string, error) {
	var request struct {
		Extensions struct {
			OperationID string `json:"operationId"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(body, &request); err != nil || request.Extensions.OperationID == "" || len(request.Extensions.OperationID) > maxOperationID {
		return "", fault.New(fault.BadRequest, "$.extensions", "expected an operationId of at most %d bytes", maxOperationID)
	}
	return request.Extensions.OperationID, nil
}

// startShared starts an operation for a request of its own.
func (c *socket) startShared(id string, req Request, accepted func()) error {
	c.starting.Lock()
	defer c.starting.Unlock()
	c.mu.Lock()
	isClosing, isThere := c.isClosing, c.operations[id] != nil
	c.mu.Unlock()
	switch {
	case isClosing:
		return noStream()
	case isThere:
		return fault.New(fault.Conflict, "$.extensions.operationId", "an operation already exists with this id: %s", id)
	}
	c.start(id, req, accepted)
	return nil
}

// deleteOperation stops an operation on a reserved stream. One that is not there may just have ended.
func (h *Handler) deleteOperation(w http.ResponseWriter, r *http.Request) {
	token := streamToken(r)
	if h.Socket == nil || token == "" {
		NotFound(w, r)
		return
	}
	s, err := h.streamer(r)
	var c *socket
	if err == nil {
		c, err = h.Socket.reserved.stream(token, r.URL.Path, s)
	}
	id := r.URL.Query().Get(operationParameter)
	if err == nil && id == "" {
		err = fault.New(fault.BadRequest, "", "expected the parameter %s", operationParameter)
	}
	if err != nil {
		h.refuse(w, r, s, err, false)
		return
	}
	c.stop(id)
	w.WriteHeader(http.StatusOK)
}
