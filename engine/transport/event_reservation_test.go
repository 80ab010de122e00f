package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

const tokenHeader = "X-GraphQL-Event-Stream-Token"

// say sends a request of the single connection mode and gives its status and body.
func (s *sockets) say(method, path, body string, headers ...string) string {
	s.Helper()
	resp := s.request(method, path, body, append([]string{"Accept", "*/*"}, headers...)...)
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(answer))
}

func (s *sockets) wantSaid(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}

func (s *sockets) reserve(path string) (token string) {
	s.Helper()
	token, ok := strings.CutPrefix(s.say(http.MethodPut, path, ""), "201 ")
	if !ok || len(token) < 20 {
		s.Fatalf("reserved %q", token)
	}
	return token
}

// opened is the stream of a reservation, once operations can begin on it.
func (s *sockets) opened(token string) *stream {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	s.Cleanup(cancel)
	c := s.reading(s.requestWithin(ctx, http.MethodGet, "/v1/graphql", "", tokenHeader, token), cancel)
	if first, err := c.next(); first != ":\n" || err != nil {
		s.Fatalf("began with %q %v", first, err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.say(http.MethodDelete, "/v1/graphql?operationId=0", "", tokenHeader, token) != "200 "; {
		if time.Now().After(deadline) {
			s.Fatal("no operation can begin")
		}
	}
	return c
}

func operationOf(query, id string) string {
	return `{"query":"` + query + `","extensions":{"operationId":"` + id + `"}}`
}

func shared(id, payload string) string { return next(`{"id":"` + id + `","payload":` + payload + `}`) }

func sharedEnd(id string) string { return "event: complete\ndata: {\"id\":\"" + id + "\"}\n" }

const noStream = `404 {"errors":[{"message":"there is no event stream with this token","extensions":{"path":"$","code":"not-found"}}]}`

func TestReservation_refusals(t *testing.T) {
	t.Parallel()
	s := newSockets(t, func(h *transport.Sockets) { h.PrepareRelay = h.Prepare })
	const stranger = `401 {"errors":[{"message":"no secret","extensions":{"path":"$","code":"access-denied"}}]}`
	token := s.reserve("/v1/graphql")
	of := []string{tokenHeader, token}
	wrong := append([]string{"X-Secret", "wrong"}, of...)
	other := append([]string{"Cookie", "another"}, of...) // another session variable
	post := operationOf("q", "1")
	s.wantSaid("a stranger's reservation", s.say("PUT", "/v1/graphql", "", "X-Secret", "wrong"), stranger)
	s.wantSaid("a stranger's operation", s.say("POST", "/v1/graphql", post, wrong...), stranger)
	s.wantSaid("a stranger's stop", s.say("DELETE", "/v1/graphql?operationId=1", "", wrong...), stranger)
	s.wantSaid("an operation before the stream", s.say("POST", "/v1/graphql", post, of...), `409 {"errors":[{"message":"the event stream with this token is not open yet","extensions":{"path":"$","code":"conflict"}}]}`)
	get := func(path string, headers ...string) string {
		return s.say("GET", path, "", append(headers, "Accept", "text/event-stream")...)
	}
	s.wantSaid("a stranger's stream", get("/v1/graphql", wrong...), stranger)
	s.wantSaid("another caller's stream", get("/v1/graphql", other...), noStream)
	s.wantSaid("the stream on another path", get("/v1beta1/relay", of...), noStream)
	s.wantSaid("the stream of no token", get("/v1/graphql", tokenHeader, "x"), noStream)
	s.wantSaid("the stream of no token in a parameter", get("/v1/graphql?token=x"), noStream)

	c := s.opened(token)
	s.wantSaid("a second stream", get("/v1/graphql", of...), `409 {"errors":[{"message":"the event stream with this token is open already","extensions":{"path":"$","code":"conflict"}}]}`)
	s.wantSaid("another caller's operation", s.say("POST", "/v1/graphql", post, other...), noStream)
	s.wantSaid("another caller's stop", s.say("DELETE", "/v1/graphql?operationId=1", "", other...), noStream)
	s.wantSaid("an operation on another path", s.say("POST", "/v1beta1/relay", post, of...), noStream)
	const noID = `400 {"errors":[{"message":"expected an operationId of at most 256 bytes","extensions":{"path":"$.extensions","code":"bad-request"}}]}`
	s.wantSaid("no id", s.say("POST", "/v1/graphql", `{"query":"q"}`, of...), noID)
	s.wantSaid("an empty id", s.say("POST", "/v1/graphql", operationOf("q", ""), of...), noID)
	s.wantSaid("a long id", s.say("POST", "/v1/graphql", operationOf("q", strings.Repeat("x", 257)), of...), noID)
	s.wantSaid("no query", s.say("POST", "/v1/graphql", `{"extensions":{"operationId":"1"}}`, of...), `400 {"errors":[{"message":"key \"query\" not found","extensions":{"path":"$","code":"parse-failed"}}]}`)
	s.wantSaid("a batch", s.say("POST", "/v1/graphql", "["+post+"]", of...), `400 {"errors":[{"message":"an operation on an event stream is one, not a batch","extensions":{"path":"$","code":"bad-request"}}]}`)
	s.wantSaid("a stop of nothing", s.say("DELETE", "/v1/graphql", "", of...), `400 {"errors":[{"message":"expected the parameter operationId","extensions":{"path":"$","code":"bad-request"}}]}`)
	s.wantSaid("a stop without a token", s.say("DELETE", "/v1/graphql?operationId=1", ""), `404 {"path":"$","error":"resource does not exist","code":"not-found"}`)
	s.wantSaid("an operation", s.say("POST", "/v1/graphql", operationOf("live", "1"), of...), "202 ")
	s.wantSaid("an id that is taken", s.say("POST", "/v1/graphql", post, of...), `409 {"errors":[{"message":"an operation already exists with this id: 1","extensions":{"path":"$.extensions.operationId","code":"conflict"}}]}`)
	if len(s.ran) != 0 || len(s.pushes) != 1 {
		t.Error("something else ran")
	}
	c.cancel()
	<-s.stopped
	for deadline := time.Now().Add(10 * time.Second); s.Count() > 0 || s.say("POST", "/v1/graphql", post, of...) != noStream; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the stream is still there")
		}
	}
	s.wantSaid("the stream again", get("/v1/graphql", of...), noStream)
}

func TestReservation_operationsShareAStream(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	token := s.reserve("/v1/graphql")
	of := []string{tokenHeader, token}
	c := s.opened(token)
	start := func(query, id string) {
		t.Helper()
		s.wantSaid(query, s.say("POST", "/v1/graphql", operationOf(query, id), of...), "202 ")
	}
	start("q", "a\\\"b")
	c.want(shared(`a\"b`, `{"data":"q"}`), sharedEnd(`a\"b`))
	start("mutation m", "m")
	c.want(shared("m", `{"data":"mutation m"}`), sharedEnd("m"))
	start("refused", "r")
	c.want(shared("r", `{"errors":[`+noX+`]}`), sharedEnd("r"))
	start("broken", "b")
	c.want(shared("b", `{"errors":[`+noData+`]}`), sharedEnd("b"))
	start("live", "1")
	one := <-s.pushes
	start("live", "2")
	two := <-s.pushes
	one(transport.SocketEvent{Body: []byte(`{"data":1}`)})
	c.want(shared("1", `{"data":1}`))
	two(transport.SocketEvent{Body: []byte("{\"data\":\n2}")})
	c.want("event: next\ndata: {\"id\":\"2\",\"payload\":{\"data\":\ndata: 2}}\n")
	s.wantSaid("the end of one", s.say("DELETE", "/v1/graphql?operationId=1", "", of...), "200 ")
	<-s.stopped
	one(transport.SocketEvent{Body: []byte(`{"data":"late"}`)})
	two(transport.SocketEvent{Body: []byte(`{"data":3}`)})
	c.want(shared("2", `{"data":3}`))

	s.revoke(errRevoked)
	s.Review()
	c.want(shared("2", `{"errors":`+revokedMessage+`}`), sharedEnd("2"))
	<-s.stopped
	s.wantSaid("an operation of who has lost the right", s.say("POST", "/v1/graphql", operationOf("q", "3"), of...), `400 {"errors":`+revokedMessage+`}`)
	s.revoke(nil)
	start("live", "3")
	<-s.pushes
	s.CloseAll()
	c.wantEnd()
	<-s.stopped
}

// What a reservation's stream may is what its caller may when an operation begins, not when the stream did.
func TestReservation_operationsAreForTheCallerOfTheMoment(t *testing.T) {
	t.Parallel()
	s := newSockets(t, nil)
	token := s.reserve("/v1/graphql")
	c := s.opened(token)
	s.mu.Lock()
	s.role = "other"
	s.mu.Unlock()
	s.wantSaid("another role's operation", s.say("POST", "/v1/graphql", operationOf("q", "1"), tokenHeader, token), noStream)
	s.mu.Lock()
	s.role = ""
	s.mu.Unlock()
	s.Renew = func(context.Context, session.Request, *session.Session) (*session.Session, error) {
		return nil, fault.New(fault.AccessDenied, "", "gone")
	}
	s.wantSaid("it is asked for", s.say("POST", "/v1/graphql", operationOf("q", "1"), tokenHeader, token), "202 ")
	c.want(shared("1", `{"errors":[{"message":"gone","extensions":{"path":"$","code":"access-denied"}}]}`), sharedEnd("1"))
	if len(s.ran) != 0 {
		t.Error("something ran")
	}
}
