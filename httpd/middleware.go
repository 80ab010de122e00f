package httpd

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
)

type contextKey int

const (
	requestIDKey contextKey = iota
	clientIPKey
	loggerKey
)

// RequestID is the id of the request ctx belongs to: the client's x-request-id, or one made for it.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// ClientIP is the address the request came from; behind a trusted proxy, the one the proxy names.
func ClientIP(ctx context.Context) string {
	ip, _ := ctx.Value(clientIPKey).(string)
	return ip
}

// Logger is the request's logger, with its id attached.
func Logger(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(loggerKey).(*slog.Logger); ok {
		return log
	}
	return slog.New(slog.DiscardHandler)
}

// WithLogger attaches a logger, for contexts that belong to no request.
func WithLogger(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey, log)
}

// Config of the middleware every request passes.
type Config struct {
	Log *slog.Logger
	// TrustProxy takes the client's address, scheme and host from X-Forwarded-* (Logto: TRUST_PROXY_HEADER).
	TrustProxy bool
	// Recovered answers a request whose handler panicked; nil means an empty 500.
	Recovered func(w http.ResponseWriter, r *http.Request)
}

// Middleware gives each request an id, a client address and a logger, writes one line about it, and turns a panic into
// a 500 that names the request id.
func Middleware(c Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get("X-Request-Id")
		if !isRequestID(id) {
			id = uuid.NewString()
			r.Header.Set("X-Request-Id", id)
		}
		w.Header().Set("X-Request-Id", id)
		ip := clientIP(r, c.TrustProxy)
		log := c.Log.With("request_id", id)
		ctx := context.WithValue(r.Context(), requestIDKey, id)
		ctx = context.WithValue(ctx, clientIPKey, ip)
		ctx = context.WithValue(ctx, loggerKey, log)
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil && p != any(http.ErrAbortHandler) {
				log.ErrorContext(ctx, "handler panicked", "panic", p, "stack", string(debug.Stack()))
				if !rec.wrote {
					if c.Recovered != nil {
						c.Recovered(rec, r)
					} else {
						rec.WriteHeader(http.StatusInternalServerError)
					}
				}
			}
			// The query string may carry codes and tokens: the path alone is logged.
			log.InfoContext(ctx, "request", "method", r.Method, "path", r.URL.Path, "status", rec.status(), "bytes", rec.bytes,
				"took", time.Since(began), "ip", ip)
		}()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
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

// recorder notes status and size. Unwrap lets http.ResponseController reach the connection (flush, hijack).
type recorder struct {
	http.ResponseWriter
	code  int
	bytes int64
	wrote bool
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
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
