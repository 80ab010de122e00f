package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEventStream_onEveryGraphQLPath(t *testing.T) {
	t.Parallel()
	s, socketURL := streaming(t, nil)
	s.library()
	for _, c := range []struct{ path, query, want string }{
		{"/v1/graphql", `subscription { author(order_by: {id: asc}, limit: 1) { name } }`, "event: next\ndata: {\"data\":{\"author\":[{\"name\":\"Ann\"}]}}\n\n"},
		{"/v1alpha1/graphql", `{ author(order_by: {id: asc}, limit: 1) { name } }`, "event: next\ndata: {\"data\":{\"author\":[{\"name\":\"Ann\"}]}}\n\nevent: complete\ndata:\n\n"},
		{"/v1beta1/relay", `subscription { author_connection(order_by: {id: asc}, first: 1) { edges { node { name } } } }`, "event: next\ndata: {\"data\":{\"author_connection\":{\"edges\" : [{\"node\" : {\"name\" : \"Ann\"}}]}}}\n\n"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		body, _ := json.Marshal(map[string]string{"query": c.query})
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http"+strings.TrimPrefix(socketURL, "ws")+c.path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(":\n\n")+len(c.want))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != ":\n\n"+c.want {
			t.Errorf("%s: got %q %v\nwant %q", c.path, got, err, c.want)
		}
		cancel()
		_ = resp.Body.Close()
	}
}
