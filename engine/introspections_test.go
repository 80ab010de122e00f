package engine_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whoever takes gzip is sent what was compressed before, and it is each role's own.
func TestIntrospection_isCompressedOnceForEachRole(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	const query = `{"query":"{__schema{types{name fields{name description}}}}"}`
	ask := func(role, encodings string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("POST", "/v1/graphql", strings.NewReader(query)), httptest.NewRecorder()
		r.Header.Set("X-Hasura-Role", role)
		if encodings != "" {
			r.Header.Set("Accept-Encoding", encodings)
		}
		s.engine.Handler().ServeHTTP(w, r)
		return w
	}
	var before []byte
	for _, role := range []string{"user", "admin"} {
		plain := ask(role, "")
		if plain.Header().Get("Content-Encoding") != "" || ask(role, "gzip;q=0").Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed for a client that does not take it", role)
		}
		for range 2 {
			w := ask(role, "br, gzip")
			if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Length") == "" {
				t.Fatalf("%s: got headers %v", role, w.Header())
			}
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, plain.Body.Bytes()) {
				t.Errorf("%s: got %d bytes, %v, want %d", role, len(got), err, plain.Body.Len())
			}
		}
		if bytes.Equal(before, plain.Body.Bytes()) || plain.Body.Len() < 1000 {
			t.Errorf("%s is shown %s", role, plain.Body)
		}
		before = plain.Body.Bytes()
	}
}
