package httpd

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"gatehouse/telemetry"
)

type contextKey int

const (
	requestKey contextKey = iota
	clientKey
)

// request is what the middleware knows of a request, and the context that carries it; its logger is made when first asked for.
type request struct {
	context.Context
	id, ip string
	base   *slog.Logger
	// exchange is what is told once the request is answered; nil where nothing is.
	exchange *telemetry.Exchange
}

// Value implements context.Context.
func (r *request) Value(key any) any {
	if key == any(requestKey) {
		return r
	}
	return r.Context.Value(key)
}

const idHeader = "X-Request-Id"

// RequestID is the id of the request ctx belongs to: the client's x-request-id, or one made for it.
func RequestID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey).(*request); ok {
		return r.id
	}
	return ""
}

// ClientIP is the address the request came from; behind a trusted proxy, the one the proxy names.
func ClientIP(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey).(*request); ok {
		return r.ip
	}
	return ""
}

// Logger is the request's logger, with its id attached.
func Logger(ctx context.Context) *slog.Logger {
	if r, ok := ctx.Value(requestKey).(*request); ok {
		return r.base.With("request_id", r.id)
	}
	return slog.New(slog.DiscardHandler)
}

// OperationOf is where a handler notes what only it knows of the request; nobody reads it where there is no request.
func OperationOf(ctx context.Context) *telemetry.Operation {
	if r, ok := ctx.Value(requestKey).(*request); ok && r.exchange != nil {
		return &r.exchange.Operation
	}
	return new(telemetry.Operation)
}

// Outliving carries the id, the address and the logger of ctx's request, and nothing else: for what goes on when the request
// is over, and must not keep it.
func Outliving(ctx context.Context) context.Context {
	r, ok := ctx.Value(requestKey).(*request)
	if !ok {
		return context.Background()
	}
	return &request{Context: context.Background(), id: r.id, ip: r.ip, base: r.base}
}

// Config of the middleware every request passes.
type Config struct {
	Log *slog.Logger
	// TrustProxy takes the client's address, scheme and host from X-Forwarded-* (Logto: TRUST_PROXY_HEADER).
	TrustProxy bool
	// Trace begins a request's span; nil, or a nil span, traces none.
	Trace func(r *http.Request) *telemetry.Span
	// Answered is told of every request that was answered; optional.
	Answered func(ctx context.Context, x *telemetry.Exchange)
	// Recovered answers a request whose handler panicked; nil means an empty 500.
	Recovered func(w http.ResponseWriter, r *http.Request)
}

// Middleware gives each request an id, a client address and a logger, tells of it when it is answered, and turns a
// panic into a 500 that names the request id.
func Middleware(c Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, client := time.Now(), clientOf(r.Context())
		client.begin(r.ContentLength != 0)
		id := r.Header.Get(idHeader)
		if !isRequestID(id) {
			id = newRequestID()
			r.Header[idHeader] = []string{id}
		}
		w.Header()[idHeader] = []string{id}
		ip := clientIP(r, c.TrustProxy)
		of := &struct { // one allocation
			request
			recorder
			exchange telemetry.Exchange
		}{request: request{Context: r.Context(), id: id, ip: ip, base: c.Log}, recorder: recorder{ResponseWriter: w, client: client}}
		of.request.exchange = &of.exchange
		ctx, rec := context.Context(&of.request), &of.recorder
		if c.Trace != nil {
			of.exchange.Span = c.Trace(r)
			ctx = telemetry.WithSpan(ctx, of.exchange.Span)
		}
		answering := r.WithContext(ctx)
		defer func() {
			if p := recover(); p != nil && p != any(http.ErrAbortHandler) {
				Logger(ctx).ErrorContext(ctx, "handler panicked", "panic", p, "stack", string(debug.Stack()))
				if !rec.wrote {
					if c.Recovered != nil {
						c.Recovered(rec, r)
					} else {
						rec.WriteHeader(http.StatusInternalServerError)
					}
				}
			}
			if c.Answered != nil && rec.code != http.StatusSwitchingProtocols { // of a socket its own lines tell
				rec.describe(&of.exchange, answering, &of.request, began)
				c.Answered(ctx, &of.exchange)
			}
		}()
		next.ServeHTTP(rec, answering)
	})
}

// newRequestID is a random UUID. Request ids are no secrets; the generator need not ask the kernel each time.
func newRequestID() string {
	var u uuid.UUID
	binary.LittleEndian.PutUint64(u[:8], rand.Uint64()) //nolint:gosec // see above
	binary.LittleEndian.PutUint64(u[8:], rand.Uint64()) //nolint:gosec // see above
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80         // version 4, variant 10 (RFC 9562 §5.4)
	return u.String()
}

// isRequestID accepts what is safe to echo into a header and a log line.
func isRequestID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// clientIP is the peer's address, or with a trusted proxy the last address of X-Forwarded-For: the one that proxy saw,
// which a client cannot forge by sending the header itself.
func clientIP(r *http.Request, trustProxy bool) string {
	if trustProxy {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if ip := strings.TrimSpace(hops[len(hops)-1]); net.ParseIP(ip) != nil {
			return ip
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// maxWrite is how much a client has to take within its time.
const maxWrite = 256 << 10

// recorder notes status and size. Unwrap lets http.ResponseController reach the connection (flush, hijack).
type recorder struct {
	http.ResponseWriter
	client *client
	code   int
	bytes  int64
	wrote  bool
}

// describe describes the request once it is answered. The query string may carry codes and tokens: the path alone is told.
func (r *recorder) describe(x *telemetry.Exchange, req *http.Request, of *request, began time.Time) {
	x.ID, x.IP, x.Method, x.Path, x.Route, x.Proto, x.Began = of.id, of.ip, req.Method, req.URL.Path, req.Pattern, req.Proto, began
	x.Status, x.Bytes, x.RequestBytes, x.ContentEncoding = r.status(), r.bytes, max(req.ContentLength, 0), r.Header().Get("Content-Encoding")
}

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}

func (r *recorder) WriteHeader(code int) {
	if code >= 200 || code == http.StatusSwitchingProtocols {
		r.code, r.wrote = code, true
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	written := 0
	for len(b) > maxWrite {
		r.client.writing(maxWrite)
		n, err := r.ResponseWriter.Write(b[:maxWrite])
		written += n
		r.bytes += int64(n)
		if err != nil {
			return written, err
		}
		b = b[maxWrite:]
	}
	r.client.writing(len(b))
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return written + n, err
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
