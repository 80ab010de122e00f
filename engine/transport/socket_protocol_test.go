package transport_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/transport"
)

// exchange is what is said on one connection: "> " by the client, "< " by the server, "x " with the code and the reason of
// the server's close.
type exchange struct {
	name   string
	set    func(*transport.Sockets)
	path   string // "" is /v1/graphql
	header []string
	script []string
}

const (
	noX      = `{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}`
	noData   = `{"message":"no data","extensions":{"path":"$","code":"data-exception"}}`
	early    = `{"message":"start received before the connection is initialised","extensions":{"path":"$","code":"start-failed"}}`
	twice    = `{"message":"an operation already exists with this id: 1","extensions":{"path":"$","code":"start-failed"}}`
	complete = `< {"type":"complete","id":"1"}`
)

func server(message string) string { return `{"server_error_msg":` + strconv.Quote(message) + `}` }

// common are exchanges after which both sub-protocols go on alike; HELLO is the handshake, START and STOP the names of the
// client's messages, DATA that of a result.
var common = []exchange{
	{name: "a query", script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"q","operationName":null,"variables":null,"extensions":{}}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete}},
	{name: "a mutation", script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"mutation m"}}`, `< {"type":"DATA","id":"1","payload":{"data":"mutation m"}}`, complete}},
	{name: "an id that needs escapes", script: []string{"HELLO", `> {"type":"START","id":"a\"\u0000b","payload":{"query":"q"}}`, `< {"type":"DATA","id":"a\"\u0000b","payload":{"data":"q"}}`, `< {"type":"complete","id":"a\"\u0000b"}`}},
	{name: "the empty id", script: []string{"HELLO", `> {"type":"START","id":"","payload":{"query":"q"}}`, `< {"type":"DATA","id":"","payload":{"data":"q"}}`, `< {"type":"complete","id":""}`}},
	{name: "an id again once it has completed", script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete, `> {"type":"START","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete}},
	{name: "the end of what is not there", script: []string{"HELLO", `> {"type":"STOP","id":"unknown"}`, `> {"type":"ping"}`, `< {"type":"pong"}`}},
	{name: "the end of a query", script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"slow"}}`, `> {"type":"STOP","id":"1"}`, `> {"type":"START","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete}},
	{name: "the names of the other sub-protocol", script: []string{
		"HELLO", `> {"type":"start","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete,
		`> {"type":"subscribe","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete, `> {"type":"stop","id":"1"}`, `> {"type":"complete","id":"1"}`, `> {"type":"ping"}`, `< {"type":"pong"}`,
	}},
	{name: "connection_terminate", script: []string{"HELLO", `> {"type":"connection_terminate"}`, `x 1000 GQL_CONNECTION_TERMINATE received`}},
	{name: "connection_terminate before connection_init", script: []string{`> {"type":"connection_terminate"}`, `x 1000 GQL_CONNECTION_TERMINATE received`}},
	{name: "a ping before connection_init", script: []string{`> {"type":"ping"}`, `< {"type":"pong"}`}},
	{name: "a ping with a payload", script: []string{"HELLO", `> {"type":"ping","payload":{"a":1}}`, `< {"type":"pong","payload":{"a":1}}`}},
	{name: "the answer to a keep-alive", script: []string{"HELLO", `> {"type":"pong","payload":{"message":"keepalive"}}`, `> {"type":"pong","payload":{"message":"keepalive"}}`, `> {"type":"ping"}`, `< {"type":"pong"}`}},
	// Hasura answers every other pong with a ping, and so never stops.
	{name: "a pong that nobody asked for", script: []string{"HELLO", `> {"type":"pong"}`, `< {"type":"ping"}`, `> {"type":"pong"}`, `> {"type":"pong","payload":{"a":1}}`, `< {"type":"ping","payload":{"a":1}}`, `> {"type":"pong"}`, `> {"type":"ping"}`, `< {"type":"pong"}`}},
	{name: "headers of the handshake", header: []string{"X-Secret", "s"}, script: []string{`> {"type":"connection_init"}`, "WELCOME"}},
	{name: "a payload without headers", header: []string{"X-Secret", "s"}, script: []string{`> {"type":"connection_init","payload":{}}`, "WELCOME"}},
	{name: "headers that are null", header: []string{"X-Secret", "s"}, script: []string{`> {"type":"connection_init","payload":{"headers":null}}`, "WELCOME"}},
	{name: "a payload that is null", header: []string{"X-Secret", "s"}, script: []string{`> {"type":"connection_init","payload":null}`, "WELCOME"}},
	{name: "connection_init beats the handshake", header: []string{"X-Secret", "wrong"}, script: []string{"HELLO"}},
	{name: "a second connection_init", script: []string{"HELLO", "HELLO"}},
	{name: "relay", path: "/v1beta1/relay", set: func(h *transport.Sockets) { h.PrepareRelay = h.Prepare }, script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete}},
	{name: "v1alpha1", path: "/v1alpha1/graphql", script: []string{"HELLO", `> {"type":"START","id":"1","payload":{"query":"q"}}`, `< {"type":"DATA","id":"1","payload":{"data":"q"}}`, complete}},
}

var legacyOnly = []exchange{
	{name: "refused before it ran", script: []string{"HELLO", `> {"type":"start","id":"1","payload":{"query":"refused"}}`, `< {"type":"error","id":"1","payload":{"errors":[` + noX + `]}}`, complete}},
	{name: "failed while it ran", script: []string{"HELLO", `> {"type":"start","id":"1","payload":{"query":"broken"}}`, `< {"type":"data","id":"1","payload":{"errors":[` + noData + `]}}`, complete}},
	{name: "v1alpha1, refused before it ran", path: "/v1alpha1/graphql", script: []string{"HELLO", `> {"type":"start","id":"1","payload":{"query":"refused"}}`, `< {"type":"error","id":"1","payload":{"path":"$.selectionSet.x","error":"no x","code":"validation-failed"}}`, complete}},
	{name: "v1alpha1, failed while it ran", path: "/v1alpha1/graphql", script: []string{"HELLO", `> {"type":"start","id":"1","payload":{"query":"broken"}}`, `< {"type":"data","id":"1","payload":{"errors":[{"path":"$","error":"no data","code":"data-exception"}]}}`, complete}},
	{name: "a start before connection_init", script: []string{`> {"type":"start","id":"1","payload":{"query":"q"}}`, `< {"type":"error","id":"1","payload":` + early + `}`, complete, "HELLO"}},
	{name: "v1alpha1, a start before connection_init", path: "/v1alpha1/graphql", script: []string{
		`> {"type":"start","id":"1","payload":{"query":"q"}}`, `< {"type":"error","id":"1","payload":{"path":"$","error":"start received before the connection is initialised","code":"start-failed"}}`, complete,
	}},
	{name: "an id that is taken", script: []string{"HELLO", `> {"type":"start","id":"1","payload":{"query":"live"}}`, `> {"type":"start","id":"1","payload":{"query":"q"}}`, `< {"type":"error","id":"1","payload":` + twice + `}`, complete, `> {"type":"ping"}`, `< {"type":"pong"}`}},
	{name: "a caller who is not let in", script: []string{`> {"type":"connection_init"}`, `< {"type":"connection_error","payload":"no secret"}`, "x 4400 " + server("4400: Connection initialization failed: no secret")}},
	{name: "a second connection_init counts by its own headers only", header: []string{"X-Secret", "s"}, script: []string{
		`> {"type":"connection_init"}`, "WELCOME", `> {"type":"connection_init"}`, `< {"type":"connection_error","payload":"no secret"}`, "x 4400 " + server("4400: Connection initialization failed: no secret"),
	}},
	{name: "what cannot be understood", script: []string{
		"HELLO",
		`> nonsense`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: Failed reading: not a valid json value: invalid character 'o' in literal null (expecting 'u')"}`,
		`> `, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: not enough input"}`,
		`> []`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: parsing ClientMessage failed, expected Object, but encountered Array"}`,
		`> {}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: key \"type\" not found"}`,
		`> {"type":1}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.type: parsing Text failed, expected String, but encountered Number"}`,
		`> {"type":"fetch","id":"1"}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: unexpected type for ClientMessage: fetch"}`,
		`> {"type":"start","payload":{"query":"q"}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: key \"id\" not found"}`,
		`> {"type":"start","id":1,"payload":{"query":"q"}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.id: parsing Text failed, expected String, but encountered Number"}`,
		`> {"type":"start","id":"1"}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: key \"payload\" not found"}`,
		`> {"type":"start","id":"1","payload":[]}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.payload: parsing Object failed, expected Object, but encountered Array"}`,
		`> {"type":"start","id":"1","payload":{}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.payload: key \"query\" not found"}`,
		`> {"type":"start","id":"1","payload":{"query":1}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.payload.query: parsing Text failed, expected String, but encountered Number"}`,
		`> {"type":"start","id":"1","payload":{"query":"q","variables":[]}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.payload.variables: parsing HashMap failed, expected Object, but encountered Array"}`,
		`> {"type":"stop"}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: key \"id\" not found"}`,
		`> {"type":"connection_init","payload":{"headers":{"x-secret":1}}}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $.payload.headers.x-secret: parsing Text failed, expected String, but encountered Number"}`,
		`> {"type":"` + strings.Repeat("x", 100) + `"}`, `< {"type":"connection_error","payload":"parsing ClientMessage failed: Error in $: unexpected type for ClientMessage: ` + strings.Repeat("x", 64) + `"}`,
		`> {"type":"start","id":"1","payload":{"query":"q"}}`, `< {"type":"data","id":"1","payload":{"data":"q"}}`, complete,
	}},
	{name: "no connection_init", set: func(h *transport.Sockets) { h.InitTimeout = time.Millisecond }, script: []string{"x 1011 " + server("1011: Connection initialisation timed out")}},
	{name: "keep-alives", set: func(h *transport.Sockets) { h.KeepAlive = 5 * time.Millisecond }, script: []string{"HELLO", `< {"type":"ka"}`, `< {"type":"ka"}`}},
	{name: "the metadata changes", script: []string{"HELLO", "metadata", "x 1012 Closing all websocket connections as the metadata has changed"}},
	{name: "the server ends", script: []string{"HELLO", "end", "x 1012 shutting server down"}},
}

var transportOnly = []exchange{
	{name: "refused before it ran", script: []string{"HELLO", `> {"type":"subscribe","id":"1","payload":{"query":"refused"}}`, `< {"type":"error","id":"1","payload":[` + noX + `]}`, complete}},
	{name: "failed while it ran", script: []string{"HELLO", `> {"type":"subscribe","id":"1","payload":{"query":"broken"}}`, `< {"type":"error","id":"1","payload":[` + noData + `]}`, complete}},
	{name: "v1alpha1: the list of errors all the same", path: "/v1alpha1/graphql", script: []string{"HELLO", `> {"type":"subscribe","id":"1","payload":{"query":"refused"}}`, `< {"type":"error","id":"1","payload":[` + noX + `]}`, complete}},
	{name: "a start before connection_init", script: []string{`> {"type":"subscribe","id":"1","payload":{"query":"q"}}`, `< {"type":"error","id":"1","payload":[` + early + `]}`, "x 1000 " + server("4400: start received before the connection is initialised")}},
	{name: "an id that is taken", script: []string{"HELLO", `> {"type":"subscribe","id":"1","payload":{"query":"live"}}`, `> {"type":"subscribe","id":"1","payload":{"query":"q"}}`, `< {"type":"error","id":"1","payload":[` + twice + `]}`, "x 1000 " + server("4400: an operation already exists with this id: 1")}},
	{name: "a caller who is not let in", script: []string{`> {"type":"connection_init"}`, "x 4403 " + server("4403: Forbidden: no secret")}},
	{name: "a second connection_init counts by its own headers only", header: []string{"X-Secret", "s"}, script: []string{`> {"type":"connection_init"}`, "WELCOME", `> {"type":"connection_init"}`, "x 4403 " + server("4403: Forbidden: no secret")}},
	{name: "no JSON", script: []string{"HELLO", `> {`, "x 4400 " + server("4400: Parsing client message failed: parsing ClientMessage failed: Error in $: not enough input")}},
	{name: "no object", script: []string{"HELLO", `> 1`, "x 4400 " + reason("4400: Parsing client message failed: parsing ClientMessage failed: Error in $: parsing ClientMessage failed, expected Object")}},
	{name: "an unknown type", script: []string{"HELLO", `> {"type":"x"}`, "x 4400 " + reason("4400: Parsing client message failed: parsing ClientMessage failed: Error in $: unexpected type for ClientMessage: x")}},
	{name: "no id", script: []string{"HELLO", `> {"type":"subscribe","payload":{"query":"q"}}`, "x 4400 " + reason(`4400: Parsing client message failed: parsing ClientMessage failed: Error in $: key \"id\" not found`)}},
	{name: "no query", script: []string{"HELLO", `> {"type":"subscribe","id":"1","payload":{}}`, "x 4400 " + reason(`4400: Parsing client message failed: parsing ClientMessage failed: Error in $.payload: key \"query\" not found`)}},
	{name: "headers that are no text", script: []string{`> {"type":"connection_init","payload":{"headers":{"a":1}}}`, "x 4400 " + reason("4400: Parsing client message failed: parsing ClientMessage failed: Error in $.payload.headers.a: parsing Text failed")}},
	{name: "no connection_init", set: func(h *transport.Sockets) { h.InitTimeout = time.Millisecond }, script: []string{"x 4408 " + server("4408: Connection initialisation timed out")}},
	{name: "keep-alives", set: func(h *transport.Sockets) { h.KeepAlive = 5 * time.Millisecond }, script: []string{"HELLO", `< {"type":"ping","payload":{"message":"keepalive"}}`, `< {"type":"ping","payload":{"message":"keepalive"}}`}},
	{name: "the metadata changes", script: []string{"HELLO", "metadata", "x 1012 Closing all websocket connections as the metadata has changed"}},
	{name: "the server ends", script: []string{"HELLO", "end", "x 1012 shutting server down"}},
}

// reason is a close frame's as far as it has room.
func reason(message string) string {
	const room = 123 - len(`{"server_error_msg":""}`)
	if len(message) > room {
		message = message[:room]
	}
	return `{"server_error_msg":"` + message + `"}`
}

// Every frame as Hasura sends it (Hasura: GraphQL/Transport/WebSocket, WebSocket/Protocol, WebSocket/Server, WSServerApp).
func TestSocket_protocols(t *testing.T) {
	t.Parallel()
	for _, c := range common {
		t.Run("legacy/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, legacyWS) })
		t.Run("none named/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, "") })
		t.Run("transport/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, newWS) })
	}
	for _, c := range legacyOnly {
		t.Run("legacy/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, legacyWS) })
		t.Run("none named/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, "") })
	}
	for _, c := range transportOnly {
		t.Run("transport/"+c.name, func(t *testing.T) { t.Parallel(); c.run(t, newWS) })
	}
}

func (e exchange) run(t *testing.T, protocol string) {
	words, welcome := strings.NewReplacer("START", "start", "STOP", "stop", "DATA", "data"), ka
	if protocol == newWS {
		words, welcome = strings.NewReplacer("START", "subscribe", "STOP", "complete", "DATA", "next"), ping
	}
	s := newSockets(t, e.set)
	path := e.path
	if path == "" {
		path = "/v1/graphql"
	}
	c := s.dial(path, protocol, e.header...)
	for _, line := range e.script {
		line = words.Replace(line)
		switch {
		case line == "HELLO":
			c.send(hello)
			c.want(ack, welcome)
		case line == "WELCOME":
			c.want(ack, welcome)
		case line == "metadata":
			s.CloseAll()
		case line == "end":
			go s.Sockets.Close()
		case strings.HasPrefix(line, "> "):
			c.send(line[2:])
		case strings.HasPrefix(line, "< "):
			c.want(line[2:])
		default:
			code, reason, _ := strings.Cut(strings.TrimPrefix(line, "x "), " ")
			n, err := strconv.Atoi(code)
			if err != nil {
				t.Fatal(err)
			}
			c.wantClose(websocket.StatusCode(n), reason)
			return
		}
	}
}
