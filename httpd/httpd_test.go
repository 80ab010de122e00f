package httpd_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/httpd"
)

func TestMiddleware_givesEachRequestAnID(t *testing.T) {
	t.Parallel()
	var seen string
	h := httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler)}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = httpd.RequestID(r.Context())
	}))
	for _, c := range []struct{ sent, want string }{{"abc-1", "abc-1"}, {"", ""}, {"a b", ""}, {strings.Repeat("x", 200), ""}, {"x\"y", ""}} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Request-Id", c.sent)
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id"); got != seen || got == "" || c.want != "" && got != c.want || c.want == "" && got == c.sent {
			t.Errorf("sent %q: answered %q, handler saw %q", c.sent, got, seen)
		}
	}
}

func TestMiddleware_aPanicIsA500WithoutDetails(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	h := httpd.Middleware(httpd.Config{Log: slog.New(slog.NewJSONHandler(&logged, nil))}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("secret detail")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
	if !strings.Contains(logged.String(), "secret detail") {
		t.Error("the panic was not logged")
	}
}

func TestMiddleware_doesNotLogTheQueryString(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	h := httpd.Middleware(httpd.Config{Log: slog.New(slog.NewJSONHandler(&logged, nil))}, http.NotFoundHandler())
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/cb?code=hunter2", nil))
	if strings.Contains(logged.String(), "hunter2") {
		t.Errorf("logged: %s", &logged)
	}
}

func TestClientIP_onlyTheTrustedHopCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trust bool
		want  string
	}{{false, "192.0.2.1"}, {true, "198.51.100.7"}} {
		var got string
		h := httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler), TrustProxy: c.trust}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = httpd.ClientIP(r.Context())
		}))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.7")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("trust %v: got %s, want %s", c.trust, got, c.want)
		}
	}
}

func TestServe_finishesRunningRequests(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, release := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- httpd.Serve(ctx, slog.New(slog.DiscardHandler), 10*time.Second, httpd.Limits{}, map[net.Listener]http.Handler{l: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			_, _ = io.WriteString(w, "done")
		})})
	}()
	answered := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answered <- string(b)
	}()
	<-entered
	cancel()
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("a request running at shutdown got %q", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestReadBody_boundsTheBody(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("12345"))
	if _, err := httpd.ReadBody(httptest.NewRecorder(), r, 4); !httpd.IsTooLarge(err) || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}
