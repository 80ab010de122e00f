package transport

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// Prepared is a request that may run: a query or mutation with Answer, or a subscription with Subscribe.
type Prepared struct {
	IsMutation bool
	// Answer gives the whole response body.
	Answer func(ctx context.Context) ([]byte, error)
	// Subscribe pushes results until stop is called. push does not block.
	Subscribe func(push func(SocketEvent)) (stop func())
}

// NotRun is an error of Prepared.Answer that came before anything was run: the legacy sub-protocol tells it otherwise.
type NotRun struct{ Err error }

// Error implements error.
func (e NotRun) Error() string { return e.Err.Error() }

// Unwrap gives what was wrong.
func (e NotRun) Unwrap() error { return e.Err }

// SocketEvent is what a subscription pushes: a response body, or an error after which it goes on. Subscribers may share
// the body; it is only read.
type SocketEvent struct {
	Body []byte
	Err  error
	// Replaces: an earlier event of the same subscription that was not sent yet need not be sent any more.
	Replaces bool
}

type preparer func(ctx context.Context, s *session.Session, req Request, isAgain bool) (Prepared, error)

// Sockets serves what stays open: GraphQL over WebSocket in both sub-protocols Hasura speaks, graphql-transport-ws and the
// legacy graphql-ws of subscriptions-transport-ws (Hasura: Transport/WebSocket, WSServerApp), and over event streams.
type Sockets struct {
	// Resolve says who a connection_init comes from; Renew what that is worth now. Renew is asked before every operation, and
	// again before every push of a subscription and every second unless Epoch says that nothing can have changed.
	Resolve func(ctx context.Context, req session.Request) (*session.Session, error)
	Renew   func(ctx context.Context, req session.Request, was *session.Session) (*session.Session, error)
	// Epoch moves whenever what Renew says may have changed, but for a session's Expires; isKnown is false while that cannot
	// be told. nil: it never can.
	Epoch func() (epoch uint64, isKnown bool)
	// Prepare checks a request; PrepareRelay is the same on the Relay schema, optional. isAgain: it ran before, and begins
	// anew because what is served has changed.
	Prepare, PrepareRelay preparer

	Errors Errors
	// CORS says which origins may connect; nil is HASURA_GRAPHQL_DISABLE_CORS: every origin may, but the cookies of its pages
	// are ignored unless ReadCookie.
	CORS       *CORS
	ReadCookie bool
	// OwnCookies are the lines of a Cookie header reduced to the cookies that count all the same: whoever set them has taken
	// those of foreign pages away already. nil: there are none.
	OwnCookies func(lines []string) []string
	// KeepAlive is the interval of keep-alives and InitTimeout the time connection_init may take; 0 means none.
	KeepAlive, InitTimeout time.Duration
	// Compression offers permessage-deflate.
	Compression bool
	// MaxMessage bounds a client's message, in bytes; 0 means DefaultMaxBody. Before connection_init succeeded it is
	// maxInit at most.
	MaxMessage int64
	// MaxConnections bounds how many connections there are, MaxPerAddress those of one client address (httpd.Network), and
	// MaxOperations what one connection has under way; 0 means any number.
	MaxConnections, MaxPerAddress, MaxOperations int
	// MaxQueue bounds what waits to be sent to one client, in bytes; 0 means defaultMaxQueue.
	MaxQueue int
	// Now is the clock by which sessions run out; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Lines takes what happens to connections and operations; nil drops it.
	Lines *telemetry.Log
	// Metrics counts messages; nil does not.
	Metrics *telemetry.Metrics

	reserved reservations

	mu   sync.Mutex
	open map[*socket]struct{}
	// addresses counts the connections of each, where that is bounded.
	addresses map[string]int
	isClosed  bool
	// endsStreams: no event stream is let in any more.
	endsStreams bool
	serving     sync.WaitGroup

	// reviewed is the epoch of the last review that found all callers well; only Review uses it.
	reviewing sync.Mutex
	// restarts counts the calls of Restart.
	restarts atomic.Uint64
	reviewed uint64
	wasWell  bool
}

const (
	defaultMaxQueue = 16 << 20
	maxInit         = 1 << 20
	// writeTimeout is how long one message may take to reach a client; closeGrace how long a close handshake may take.
	writeTimeout = 30 * time.Second
	closeGrace   = 5 * time.Second
	// reviewInterval is how often the callers of running subscriptions are looked at again.
	reviewInterval = time.Second
)

// prepareAt is Prepare or PrepareRelay, and the path as a constant, which does not keep the request's; nil elsewhere.
func (h *Sockets) prepareAt(path string) (at string, prepare preparer) {
	switch path {
	case graphQLPath:
		return graphQLPath, h.Prepare
	case alphaPath:
		return alphaPath, h.Prepare
	case relayPath:
		return relayPath, h.PrepareRelay
	}
	return "", nil
}

// ServeHTTP answers a handshake; the connection then goes on by itself.
func (h *Sockets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := h.newSocket(r)
	if c.prepare == nil {
		noSocketHere(w)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && h.CORS != nil && !h.CORS.Allows(origin) {
		f := fault.New(fault.AccessDenied, "", "received origin header does not match configured CORS domains")
		h.logRejected(r.Context(), f)
		refuseHandshake(w, f)
		return
	}
	if h.isShutDown() {
		w.Header().Set("Retry-After", "0")
		http.Error(w, "Server is shutting down", http.StatusServiceUnavailable)
		return
	}
	c.id, c.protocol, c.headers = h.newSocketID(), legacy, h.usable(r.Header)
	options := &websocket.AcceptOptions{InsecureSkipVerify: true, // the origin was checked above, by Hasura's rules
		Subprotocols: []string{subProtocolTransport, subProtocolLegacy}}
	if h.Compression {
		options.CompressionMode = websocket.CompressionNoContextTakeover
	}
	ws, err := accept(w, r, options)
	if err != nil {
		return // answered
	}
	c.wire, c.setLimit = ws, ws.SetReadLimit
	if ws.Subprotocol() == subProtocolTransport {
		c.protocol = transportWS
	}
	if code, why := h.enter(c); why != "" {
		ws.close(code, why)
		return
	}
	c.log(slog.LevelInfo, socketEventLine{Type: "accepted"})
	go func() { // this request's goroutine would keep all that net/http has of it
		defer h.leave(c)
		c.serve(ws)
	}()
}

// newSocket is a connection that r opens, without its wire.
func (h *Sockets) newSocket(r *http.Request) *socket {
	c := &socket{h: h, host: r.Host, operations: map[string]*socketOperation{}}
	c.path, c.prepare = h.prepareAt(r.URL.Path)
	c.ctx, c.cancel = context.WithCancel(httpd.Outliving(r.Context()))
	return c
}

// usable are the handshake's headers that may speak for the caller.
func (h *Sockets) usable(all http.Header) http.Header {
	out := make(http.Header, len(all))
	for name, values := range all {
		switch {
		case name == "Upgrade" || name == "Connection" || strings.HasPrefix(name, "Sec-Websocket-"):
		case name == "Cookie" && h.CORS == nil && !h.ReadCookie && all.Get("Origin") != "": // a page's
			if h.OwnCookies == nil {
				continue
			}
			if own := h.OwnCookies(values); len(own) > 0 {
				out[name] = own
			}
		default:
			out[name] = values
		}
	}
	return out
}

// enter counts a connection in; or says why it cannot stay, as a close frame does. Clients try again later then.
func (h *Sockets) enter(c *socket) (code websocket.StatusCode, why string) {
	address := httpd.Network(httpd.ClientIP(c.ctx))
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.isClosed, h.endsStreams && c.protocol.isStream:
		return websocket.StatusServiceRestart, shutDownReason
	case h.MaxConnections > 0 && len(h.open) >= h.MaxConnections:
		return websocket.StatusTryAgainLater, closeReason("1013: the server has as many connections as it may")
	case h.MaxPerAddress > 0 && h.addresses[address] >= h.MaxPerAddress:
		return websocket.StatusTryAgainLater, closeReason("1013: too many connections from this address")
	}
	if h.open == nil {
		h.open, h.addresses = map[*socket]struct{}{}, map[string]int{}
	}
	h.open[c] = struct{}{}
	if h.MaxPerAddress > 0 {
		h.addresses[address]++
	}
	h.serving.Add(1)
	return 0, ""
}

func (h *Sockets) isShutDown() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.isClosed
}

func (h *Sockets) leave(c *socket) {
	address := httpd.Network(httpd.ClientIP(c.ctx))
	h.mu.Lock()
	delete(h.open, c)
	if h.MaxPerAddress > 0 {
		if h.addresses[address]--; h.addresses[address] == 0 {
			delete(h.addresses, address)
		}
	}
	h.mu.Unlock()
	h.serving.Done()
}

func (h *Sockets) all() []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*socket, 0, len(h.open))
	for c := range h.open {
		out = append(out, c)
	}
	return out
}

// Count is how many connections there are.
func (h *Sockets) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open)
}

const shutDownReason = "shutting server down"

// Close ends every connection with 1012, on which clients connect again, and waits until they have ended.
func (h *Sockets) Close() {
	h.mu.Lock()
	h.isClosed = true
	h.mu.Unlock()
	for _, c := range h.all() {
		c.end(websocket.StatusServiceRestart, shutDownReason)
	}
	h.serving.Wait()
}

// drainInterval is how often EndStreams looks whether what streams have under way is done.
const drainInterval = 50 * time.Millisecond

// EndStreams ends the event streams, which are requests that a shutdown would wait for, and lets no further one in: at once
// where all that is under way are subscriptions, else when the rest is done. There is no event for it: clients connect
// again when a stream ends. It returns when there are none, or when ctx ends.
func (h *Sockets) EndStreams(ctx context.Context) {
	h.mu.Lock()
	h.endsStreams = true
	h.mu.Unlock()
	ticker := time.NewTicker(drainInterval)
	defer ticker.Stop()
	for {
		left := 0
		for _, c := range h.all() {
			if c.protocol.isStream {
				left++
				c.endUnlessBusy()
			}
		}
		if left == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// endUnlessBusy ends a connection on which nothing but subscriptions is under way.
func (c *socket) endUnlessBusy() {
	if !c.starting.TryLock() { // something begins, or it is ending
		return
	}
	defer c.starting.Unlock()
	live := len(c.subscriptions())
	c.mu.Lock()
	isBusy := len(c.operations) > live
	c.mu.Unlock()
	if !isBusy {
		c.end(websocket.StatusServiceRestart, shutDownReason)
	}
}

// CloseAll ends every connection because what it was told about the API holds no more.
func (h *Sockets) CloseAll() {
	for _, c := range h.all() {
		c.drop(websocket.StatusServiceRestart, "Closing all websocket connections as the metadata has changed")
	}
}

// Restart makes every subscription begin again, on what is served now. It returns once the old ones are stopped.
func (h *Sockets) Restart() {
	h.restarts.Add(1)
	for _, c := range h.all() {
		c.restart()
	}
}

func refuseHandshake(w http.ResponseWriter, f *fault.Error) {
	httpd.WriteBytes(w, f.Status, f.GraphQL(false))
}

// noSocketHere is the answer to a handshake on any other path.
func noSocketHere(w http.ResponseWriter) {
	refuseHandshake(w, fault.New(fault.NotFound, "", "only '%s', '%s' and '%s' are supported on websockets", graphQLPath, alphaPath, relayPath).
		WithStatus(http.StatusNotFound))
}
