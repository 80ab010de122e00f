package transport_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzGraphQLBody: whatever is sent, the answer is JSON with status 200.
func FuzzGraphQLBody(f *testing.F) {
	for _, seed := range []string{``, `{}`, `[]`, `[[]]`, `{"query":"{t}"}`, `{"query":"a","variables":{"a":{"b":[1,2]}}}`, `[{"query":"x"},null]`, "{\"query\":\"\\ud800\"}", byHash("ab"), withText("{t}", hashOf("{t}")), `{"extensions":{"persistedQuery":{"version":1}}}`, ` 	[`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := newAPI(t, withPersisted(time.Hour))
		r, w := httptest.NewRequest("POST", "/v1/graphql", strings.NewReader(body)), httptest.NewRecorder()
		a.mux.ServeHTTP(w, r)
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}
