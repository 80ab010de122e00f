package transport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/httpd"
)

func TestCORS_origins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		domains  string
		disabled bool
		origin   string
		allowed  bool
	}{
		{"*", true, "https://a.com", false},
		{"https://a.com", false, "https://b.com", false},
		{"https://a.com", false, "http://a.com", false},
		{"https://a.com", false, "https://a.com:8443", false},
		{"https://a.com", false, "https://x.a.com", false},
		{"https://a.com", false, "null", false},
		{"https://*.a.com", false, "https://a.com", false},
		{"https://*.a.com", false, "https://x.y.a.com", false},
		{"https://*.a.com", false, "http://x.a.com", false},
		{"https://*.a.com", false, "https://x.a.com.evil.com", false},
		{"https://*.a.com", false, "https://xa.com", false},
		{"https://*.a.com", false, "https://.a.com", false},
		{"https://*.a.com:8443", false, "https://x.a.com", false},
		{"https://*.a.com:8443", false, "https://x.a.com:8443", true},
		{"https://*.a.com", false, "https://x.a.com", true},
		{"http://localhost:3000, https://a.com", false, "https://a.com", true},
		{"http://localhost:3000, https://a.com", false, "http://localhost:3000", true},
		{"https://A.com", false, "https://a.com", true},
		{"*", false, "https://anything", true},
		{"", false, "https://anything", true},
	} {
		cors, err := transport.ParseCORS(c.domains, c.disabled)
		if err != nil {
			t.Fatal(err)
		}
		if got := cors.Allows(c.origin); got != c.allowed {
			t.Errorf("%q (disabled %v) allows %s: %v", c.domains, c.disabled, c.origin, got)
		}
	}
	for _, bad := range []string{",", "a.com", "https://", "https://a.com/", "https://*", "https://a.*.com", "https://*.*.com", "https://a.com,", "ftp://a.com"} {
		if _, err := transport.ParseCORS(bad, false); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestCORS_headers(t *testing.T) {
	t.Parallel()
	cors, err := transport.ParseCORS("https://a.com", false)
	if err != nil {
		t.Fatal(err)
	}
	h := cors.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }))
	ask := func(method, origin string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(method, "/v1/graphql", nil), httptest.NewRecorder()
		r.Header.Set("Access-Control-Request-Headers", "x-one, x-two")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		h.ServeHTTP(w, r)
		return w
	}
	for _, origin := range []string{"", "https://b.com"} {
		for _, method := range []string{"OPTIONS", "POST"} {
			w := ask(method, origin)
			if w.Code != 418 {
				t.Errorf("%s from %q was answered %d by the middleware", method, origin, w.Code)
			}
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s from %q got %s", method, origin, name)
				}
			}
		}
	}
	w := ask("OPTIONS", "https://a.com")
	if w.Code != 204 {
		t.Errorf("preflight got %d", w.Code)
	}
	for name, want := range map[string]string{
		"Allow-Origin": "https://a.com", "Allow-Credentials": "true", "Allow-Methods": "GET,POST,PUT,PATCH,DELETE,OPTIONS",
		"Allow-Headers": "x-one, x-two", "Max-Age": "1728000", "Expose-Headers": "X-Hasura-Query-Cache-Key,X-Hasura-Query-Family-Cache-Key,Warning",
	} {
		if got := w.Header().Get("Access-Control-" + name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	w = ask("POST", "https://a.com")
	if w.Code != 418 || w.Header().Get("Access-Control-Allow-Origin") != "https://a.com" || w.Header().Get("Access-Control-Max-Age") != "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	small, large := strings.Repeat("s", 699), strings.Repeat("l", 30_000)
	for _, c := range []struct {
		accept, body string
		zipped       bool
	}{
		{"", large, false},
		{"br", large, false},
		{"gzip;q=0", large, false},
		{"identity", large, false},
		{"gzip", small, false},
		{"*", small, false},
		{"gzip, deflate", large, true},
		{"br, *;q=0.1", large, true},
		{"gzip, identity;q=0", small, true},
		{"gzip, *;q=0", small, true},
	} {
		h := transport.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			httpd.WriteBytes(w, 201, []byte(c.body))
		}))
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if c.accept != "" {
			r.Header.Set("Accept-Encoding", c.accept)
		}
		h.ServeHTTP(w, r)
		got := w.Body.Bytes()
		if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != c.zipped {
			t.Errorf("%q, %d bytes: zipped %v", c.accept, len(c.body), zipped)
		} else if zipped {
			z, err := gzip.NewReader(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			if got, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if length := w.Header().Get("Content-Length"); (length == "") != c.zipped {
			t.Errorf("%q, %d bytes: Content-Length %q", c.accept, len(c.body), length)
		}
		if w.Code != 201 || string(got) != c.body {
			t.Errorf("%q: status %d, %d bytes", c.accept, w.Code, len(got))
		}
	}
}

func TestCompress_passesAnAnswerWithoutBody(t *testing.T) {
	t.Parallel()
	h := transport.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.Header.Set("Accept-Encoding", "gzip")
	h.ServeHTTP(w, r)
	if w.Code != 204 || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// A page is let read a header of ours where an answer has it, and may always send it.
func TestCORS_exposesOurHeaders(t *testing.T) {
	t.Parallel()
	cors, err := transport.ParseCORS("https://a.com", false)
	if err != nil {
		t.Fatal(err)
	}
	const ours = "X-Gatehouse-Read-After"
	a := newAPI(t, func(h *transport.Handler) {
		h.Query = func(context.Context, *session.Session, transport.Request) (transport.Answer, error) {
			return transport.Answer{Body: []byte(`{}`), Header: [][2]string{{ours, "x"}, {"X-Hasura-Query-Cache-Key", "y"}}}, nil
		}
	})
	h := cors.Wrap(a.mux)
	for origin, want := range map[string][]string{
		"": nil, "https://b.com": nil,
		"https://a.com": {"X-Hasura-Query-Cache-Key,X-Hasura-Query-Family-Cache-Key,Warning", ours},
	} {
		r, w := httptest.NewRequest(http.MethodPost, "/v1/graphql", strings.NewReader(`{"query":"{ t }"}`)), httptest.NewRecorder()
		r.Header.Set("Origin", origin)
		h.ServeHTTP(w, r)
		if got := w.Header().Values("Access-Control-Expose-Headers"); w.Header().Get(ours) != "x" || !slices.Equal(got, want) {
			t.Errorf("a page of %q may read %q, not %q", origin, got, want)
		}
	}
	r, w := httptest.NewRequest(http.MethodOptions, "/v1/graphql", nil), httptest.NewRecorder()
	r.Header.Set("Origin", "https://a.com")
	r.Header.Set("Access-Control-Request-Headers", strings.ToLower(ours))
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Access-Control-Allow-Headers"); !strings.EqualFold(got, ours) {
		t.Errorf("a page may send %q", got)
	}
}
