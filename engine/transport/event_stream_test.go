package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/transport"
)

// stream is an event stream as a client has it.
type stream struct {
	*testing.T
	resp   *http.Response
	lines  *bufio.Reader
	cancel context.CancelFunc
}

func (s *sockets) request(method, path, body string, headers ...string) *http.Response {
	s.Helper()
	return s.requestWithin(s.Context(), method, path, body, headers...)
}

func (s *sockets) requestWithin(ctx context.Context, method, path, body string, headers ...string) *http.Response {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http"+strings.TrimPrefix(s.url, "ws")+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("X-Secret", "s")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// open posts a query and wants an event stream for it.
func (s *sockets) open(query string, headers ...string) *stream {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	s.Cleanup(cancel)
	resp := s.requestWithin(ctx, http.MethodPost, "/v1/graphql", `{"query":"`+query+`"}`, headers...)
	return s.reading(resp, cancel)
}

func (s *sockets) reading(resp *http.Response, cancel context.CancelFunc) *stream {
	s.Helper()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(resp.Body)
		s.Fatalf("%s %s: %s", resp.Status, resp.Header.Get("Content-Type"), body)
	}
	return &stream{s.T, resp, bufio.NewReader(resp.Body), cancel}
}

// next is the next event or comment.
func (c *stream) next() (string, error) {
	var event strings.Builder
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			return event.String(), err
		}
		if line == "\n" {
			return event.String(), nil
		}
		event.WriteString(line)
	}
}

// want wants these events next; comments do not count.
func (c *stream) want(events ...string) {
	c.Helper()
	for _, want := range events {
		got, err := c.next()
		for err == nil && strings.HasPrefix(got, ":") {
			got, err = c.next()
		}
		if err != nil || got != want {
			c.Fatalf("\n got %q %v\nwant %q", got, err, want)
		}
	}
}

// wantEnd wants the response to end in good order.
func (c *stream) wantEnd() {
	c.Helper()
	for {
		got, err := c.next()
		if errors.Is(err, io.EOF) && got == "" {
			return
		}
		if err != nil || !strings.HasPrefix(got, ":") {
			c.Fatalf("got %q %v, want the end", got, err)
		}
	}
}

const completed = "event: complete\ndata:\n"

func next(data string) string { return "event: next\ndata: " + data + "\n" }

func TestEventStream_refusals(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	query := func(text string) string { return "/v1/graphql?query=" + url.QueryEscape(text) }
	for _, c := range []struct {
		name, method, path, body, secret string
		status                           int
		want                             string
	}{
		{"a stranger", "POST", "/v1/graphql", `{"query":"q"}`, "wrong", 401, `{"errors":[{"message":"no secret","extensions":{"path":"$","code":"access-denied"}}]}`},
		{"a stranger by GET", "GET", query("q"), "", "wrong", 401, `{"errors":[{"message":"no secret","extensions":{"path":"$","code":"access-denied"}}]}`},
		{"a stranger's mutation by GET", "GET", query("mutation { a }"), "", "wrong", 401, `{"errors":[{"message":"no secret","extensions":{"path":"$","code":"access-denied"}}]}`},
		{"a mutation by GET", "GET", query("mutation { a }"), "", "s", 405, `{"errors":[{"message":"only queries and subscriptions can be sent by GET","extensions":{"path":"$","code":"bad-request"}}]}`},
		{"a GET without a query", "GET", "/v1/graphql", "", "s", 400, `{"errors":[{"message":"expected the parameter query","extensions":{"path":"$","code":"bad-request"}}]}`},
		{"variables that are none", "GET", query("q") + "&variables=1", "", "s", 400, `{"errors":[{"message":"parsing HashMap failed, expected Object, but encountered Number","extensions":{"path":"$.variables","code":"parse-failed"}}]}`},
		{"a body without a query", "POST", "/v1/graphql", `{}`, "s", 400, `{"errors":[{"message":"key \"query\" not found","extensions":{"path":"$","code":"parse-failed"}}]}`},
		{"a batch", "POST", "/v1/graphql", `[{"query":"q"}]`, "s", 400, `{"errors":[{"message":"an event stream carries one operation, not a batch","extensions":{"path":"$","code":"bad-request"}}]}`},
		{"a text by its hash, not switched on", "POST", "/v1/graphql", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`, "s", 400, `{"errors":[{"message":"PersistedQueryNotSupported","extensions":{"path":"$","code":"not-supported"}}]}`},
		{"relay, not served", "GET", "/v1beta1/relay?query=q", "", "s", 404, `{"path":"$","error":"resource does not exist","code":"not-found"}`},
	} {
		resp := s.request(c.method, c.path, c.body, "X-Secret", c.secret)
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != c.status || string(body) != c.want || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s %v", c.name, resp.StatusCode, body, err)
		}
	}
	if len(s.ran) != 0 || s.Count() != 0 {
		t.Errorf("something ran, or %d streams are open", s.Count())
	}
}

func TestEventStream_operations(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.open("q")
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "", "Content-Length": ""} {
		if got := c.resp.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	c.want(next(`{"data":"q"}`), completed)
	c.wantEnd()
	c = s.open("mutation m")
	c.want(next(`{"data":"mutation m"}`), completed)
	c.wantEnd()
	c = s.open("refused")
	c.want(next(`{"errors":[{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}]}`), completed)
	c.wantEnd()
	c = s.open("broken")
	c.want(next(`{"errors":[{"message":"no data","extensions":{"path":"$","code":"data-exception"}}]}`), completed)
	c.wantEnd()
	for _, path := range []string{"/v1/graphql", "/v1alpha1/graphql"} {
		c = s.reading(s.request(http.MethodGet, path+"?query=q&variables="+url.QueryEscape(`{"a":1}`)+"&operationName=x", ""), nil)
		c.want(next(`{"data":"q"}`), completed)
		c.wantEnd()
	}
}

func TestEventStream_subscription(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.open("live")
	push := <-s.pushes
	push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	c.want(next(`{"data":1}`))
	push(transport.SocketEvent{Err: fault.New(fault.DataException, "", "division by zero")})
	c.want(next(`{"errors":[{"message":"division by zero","extensions":{"path":"$","code":"data-exception"}}]}`))
	push(transport.SocketEvent{Body: []byte("{\"data\":\n[1,\r\n2,\r3]}")}) // as Postgres keeps json
	c.want("event: next\ndata: {\"data\":\ndata: [1,\ndata: 2,\ndata: 3]}\n")
	c.cancel()
	<-s.stopped
	for deadline := time.Now().Add(10 * time.Second); s.Count() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the stream is still there though its client has gone")
		}
	}
}

// Clients that take both get JSON: some name both for every request.
func TestEventStream_onlyForWhoPrefersIt(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	for accept, want := range map[string]bool{
		"":                                   false,
		"*/*":                                false,
		"application/json":                   false,
		"text/event-stream":                  true,
		"text/event-stream, multipart/mixed": true,
		"text/event-stream, */*":             true,
		"TEXT/Event-Stream; charset=utf-8":   true,
		"application/graphql-response+json, application/json, text/event-stream, multipart/mixed":          false,
		"text/event-stream, application/json;q=0.5":                                                        true,
		"text/event-stream;q=0.5, application/json;q=0.8":                                                  false,
		"text/event-stream;q=0":                                                                            false,
		"text/event-stream;q=x":                                                                            false,
		"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8, text/html;q=1": false,
	} {
		resp := s.request(http.MethodGet, "/v1alpha1/graphql?query=q", "", "Accept", accept)
		if got := resp.Header.Get("Content-Type") == "text/event-stream"; got != want {
			t.Errorf("%q: %v %s", accept, got, resp.Status)
		}
	}
}

func TestEventStream_aRevokedRightEndsIt(t *testing.T) {
	t.Parallel()
	gone := next(`{"errors":` + revokedMessage + `}`)
	t.Run("before a push", func(t *testing.T) {
		e := &epoch{}
		s := newSockets(t, e.watch)
		c := s.open("live")
		push := <-s.pushes
		s.revoke(errRevoked)
		e.moves.Add(1)
		push(transport.SocketEvent{Body: []byte(`{"data":"secret"}`)})
		c.want(gone, completed)
		c.wantEnd()
		<-s.stopped
	})
	t.Run("while nothing changes", func(t *testing.T) {
		s := newSockets(t, nil)
		c := s.open("live")
		<-s.pushes
		s.revoke(errRevoked)
		s.Review()
		c.want(gone, completed)
		c.wantEnd()
		<-s.stopped
	})
}

// Without `complete` a client knows that the operation has not ended, and asks again.
func TestEventStream_endsWithoutCompleting(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.open("live")
	<-s.pushes
	s.Restart()
	<-s.stopped
	push := <-s.pushes // begun again
	push(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	c.want(next(`{"data":1}`))
	s.CloseAll()
	c.wantEnd()
	<-s.stopped
	c = s.open("live")
	<-s.pushes
	s.Sockets.Close()
	c.wantEnd()
	if resp := s.request(http.MethodPost, "/v1/graphql", `{"query":"live"}`); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after the end: %s", resp.Status)
	}
}

// At a shutdown streams end at once, but for those on which something is under way that would not be done again.
func TestEventStream_endsWithTheServer(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	live := s.open("live")
	<-s.pushes
	busy := s.open("mutation slow")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.EndStreams(t.Context())
	}()
	live.wantEnd()
	<-s.stopped
	if resp := s.request(http.MethodPost, "/v1/graphql", `{"query":"live"}`); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a further one: %s", resp.Status)
	}
	select {
	case <-ended:
		t.Error("the mutation was not waited for")
	default:
	}
	socket := s.ready(newWS) // no request that anything waits for
	close(s.release)
	busy.want(next(`{"data":"mutation slow"}`), completed)
	busy.wantEnd()
	<-ended
	socket.send(`{"type":"ping"}`)
	socket.want(`{"type":"pong"}`)
}

func TestEventStream_keepAlive(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.KeepAlive = 5 * time.Millisecond })
	c := s.open("live")
	for range 3 {
		if got, err := c.next(); err != nil || got != ":\n" {
			t.Fatalf("got %q %v", got, err)
		}
	}
}

// An event that waited in a compressor or a buffer would be late.
func TestEventStream_isNotCompressed(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	c := s.open("live", "Accept-Encoding", "gzip")
	push := <-s.pushes
	big := `{"data":"` + strings.Repeat("x", 10_000) + `"}`
	for range 3 {
		push(transport.SocketEvent{Body: []byte(big)})
		c.want(next(big))
	}
	if c.resp.Header.Get("Content-Encoding") != "" {
		t.Error("compressed")
	}
}

// The next request on the connection has the time it always had.
func TestEventStream_leavesTheConnectionAsItWas(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for range 3 {
		if _, err := io.WriteString(conn, "GET /v1/graphql?query=q HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nX-Secret: s\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if want := ":\n\n" + next(`{"data":"q"}`) + "\n" + completed + "\n"; err != nil || string(body) != want {
			t.Fatalf("got %q %v", body, err)
		}
	}
}

func TestEventStream_slowClientKeepsTheNewestAndIsDropped(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.MaxQueue = 1 << 20 })
	c := s.open("live")
	push := <-s.pushes
	body := func(n byte) []byte {
		return append(append([]byte(`{"data":"`), strings.Repeat(string('a'+n), 4<<20)...), `"}`...)
	}
	for i := range byte(20) { // a live query's results replace each other
		push(transport.SocketEvent{Body: body(i), Replaces: true})
	}
	seen := 0
	for {
		event, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if strings.HasPrefix(event, "event: next\ndata: {\"data\":\"tttt") {
			break
		}
	}
	if seen > 6 {
		t.Errorf("%d results were kept for a client that did not read", seen)
	}
	for i := range byte(20) { // those of a stream do not
		push(transport.SocketEvent{Body: body(i)})
	}
	<-s.stopped
	for deadline := time.Now().Add(10 * time.Second); s.Count() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the stream of a client that does not read is still there")
		}
	}
}

// What is refused is not worth the room; what runs can be asked for by its hash while it still does.
func TestEventStream_keepsTheTextsThatRun(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	s.handler.Persisted = transport.NewPersisted(time.Hour)
	post := func(body string) *stream {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		t.Cleanup(cancel)
		return s.reading(s.requestWithin(ctx, http.MethodPost, "/v1/graphql", body), cancel)
	}
	for _, text := range []string{"refused", "broken"} {
		if got, err := io.ReadAll(post(withText(text, hashOf(text))).lines); err != nil || !strings.Contains(string(got), `"errors"`) {
			t.Errorf("%s: %s %v", text, got, err)
		}
		resp := s.request(http.MethodPost, "/v1/graphql", byHash(hashOf(text)))
		if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "PersistedQueryNotFound") {
			t.Errorf("%s is kept: %s", text, body)
		}
	}
	post(withText("q", hashOf("q"))).want(next(`{"data":"q"}`), completed)
	post(byHash(hashOf("q"))).want(next(`{"data":"q"}`), completed)
	first := post(withText("live", hashOf("live")))
	(<-s.pushes)(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	first.want(next(`{"data":1}`))
	second := post(byHash(hashOf("live")))
	(<-s.pushes)(transport.SocketEvent{Body: []byte(`{"data":2}`)})
	second.want(next(`{"data":2}`))
}

func TestRefusals_areCounted(t *testing.T) {
	t.Parallel()
	query := func(text string) string { return "/v1/graphql?query=" + url.QueryEscape(text) }
	for _, c := range []struct{ name, method, path, body, secret, accept string }{
		{"a stranger", "POST", "/v1/graphql", `{"query":"q"}`, "wrong", "*/*"},
		{"a stranger's stream", "POST", "/v1/graphql", `{"query":"q"}`, "wrong", "text/event-stream"},
		{"a stranger's stream by GET", "GET", query("q"), "", "wrong", "text/event-stream"},
		{"a stranger by GET", "GET", query("q"), "", "wrong", "*/*"},
		{"no JSON", "POST", "/v1/graphql", `{`, "s", "text/event-stream"},
		{"a batch as a stream", "POST", "/v1/graphql", `[{"query":"q"}]`, "s", "text/event-stream"},
		{"a mutation by GET", "GET", query("mutation { a }"), "", "s", "text/event-stream"},
		{"no persisted query", "GET", query("{ a }"), "", "s", "*/*"},
		{"an unknown hash", "POST", "/v1/graphql", byHash(hashOf("{ a }")), "s", "*/*"},
		{"an unknown hash as a stream", "POST", "/v1/graphql", byHash(hashOf("{ a }")), "s", "text/event-stream"},
		{"an unknown hash by GET", "GET", "/v1/graphql?extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hashOf("{ a }")+`"}}`), "", "s", "*/*"},
		{"a persisted mutation by GET", "GET", query("mutation { a }") + "&extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hashOf("mutation { a }")+`"}}`), "", "s", "*/*"},
	} {
		refused := 0
		s := newSockets(t, nil)
		s.handler.Persisted, s.handler.Refused = transport.NewPersisted(time.Hour), func() { refused++ }
		resp := s.request(c.method, c.path, c.body, "X-Secret", c.secret, "Accept", c.accept)
		if body, _ := io.ReadAll(resp.Body); refused != 1 || !strings.Contains(string(body), `"errors"`) {
			t.Errorf("%s: counted %d times: %s", c.name, refused, body)
		}
	}
}
