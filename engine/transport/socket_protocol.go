package transport

import (
	"encoding/json"

	"github.com/coder/websocket"

	"gatehouse/engine/fault"
)

// The sub-protocols as Sec-WebSocket-Protocol names them. A client that names none, or another one, gets the legacy one.
const (
	subProtocolTransport = "graphql-transport-ws"
	subProtocolLegacy    = "graphql-ws"
)

// Close codes of graphql-transport-ws that Hasura uses, also on the legacy sub-protocol where it has none of its own.
const (
	closeBadRequest  websocket.StatusCode = 4400
	closeForbidden   websocket.StatusCode = 4403
	closeInitTimeout websocket.StatusCode = 4408
	// closeTooManyInits is in the protocol for any second connection_init; here as in Hasura a caller may be replaced.
	closeTooManyInits websocket.StatusCode = 4429
)

// protocol is what differs between the sub-protocols on the way out. The names of the messages a client sends do not
// collide, so both are understood on either.
type protocol struct {
	isLegacy bool
	// isStream: an event stream, which carries no messages of the client, and isShared: those of several operations.
	isStream, isShared bool
	// data is the type of a message with a result.
	data string
	// keepAlive is the whole keep-alive message.
	keepAlive []byte
	// initTimeout closes a connection that was not initialised in time.
	initTimeout websocket.StatusCode
}

var (
	legacy      = &protocol{isLegacy: true, data: "data", keepAlive: []byte(`{"type":"ka"}`), initTimeout: websocket.StatusInternalError}
	transportWS = &protocol{data: "next", keepAlive: []byte(`{"type":"ping","payload":{"message":"keepalive"}}`), initTimeout: closeInitTimeout}
)

// head is what stands before each result of an operation, and complete its last message.
func (p *protocol) head(id string) []byte {
	switch {
	case p.isShared:
		return append(append(append(make([]byte, 0, len(id)+40), eventNext...), quoted(id)...), `,"payload":`...)
	case p.isStream:
		return eventHead
	}
	b := append(make([]byte, 0, len(id)+40), `{"type":"`...)
	b = append(append(b, p.data...), `","id":`...)
	return append(append(b, quoted(id)...), `,"payload":`...)
}

func (p *protocol) complete(id string) []byte {
	switch {
	case p.isShared:
		return []byte("event: complete\ndata: {\"id\":" + string(quoted(id)) + "}\n\n")
	case p.isStream:
		return eventComplete
	}
	return envelope("complete", &id, nil)
}

// appendMessage appends a message as it is sent.
func (p *protocol) appendMessage(b []byte, m *socketMessage) []byte {
	b = append(b, m.head...)
	switch {
	case m.body == nil:
		return b
	case p.isShared:
		return append(appendEventData(b, m.body), "}\n\n"...)
	case p.isStream:
		return append(appendEventData(b, m.body), "\n\n"...)
	default:
		return append(append(b, m.body...), '}')
	}
}

// clientMessage is any message of a client.
type clientMessage struct {
	Type    string          `json:"type"`
	ID      *string         `json:"id"`
	Payload json.RawMessage `json:"payload"`
}

// parseMessage reads a client's message, worded as Hasura's refusals are.
func parseMessage(data []byte) (m clientMessage, err error) {
	if invalid := fault.Syntax(data); invalid != nil {
		return m, invalid
	}
	var object map[string]json.RawMessage
	if err := fault.Decode(fault.Root, data, "ClientMessage", "Object", &object); err != nil {
		return m, err
	}
	kind, ok := object["type"]
	if !ok {
		return m, fault.New(fault.ParseFailed, "", `key "type" not found`)
	}
	if err := fault.Decode("$.type", kind, "Text", "String", &m.Type); err != nil {
		return m, err
	}
	if id, ok := object["id"]; ok && !fault.IsNull(id) {
		m.ID = new(string)
		if err := fault.Decode("$.id", id, "Text", "String", m.ID); err != nil {
			return m, err
		}
	}
	m.Payload = object["payload"]
	switch m.Type {
	case "start", "subscribe", "stop", "complete":
		if m.ID == nil {
			return m, fault.New(fault.ParseFailed, "", `key "id" not found`)
		}
		if m.Payload == nil && (m.Type == "start" || m.Type == "subscribe") {
			return m, fault.New(fault.ParseFailed, "", `key "payload" not found`)
		}
	case "connection_init", "connection_terminate", "ping", "pong":
	default:
		return m, fault.New(fault.ParseFailed, "", "unexpected type for ClientMessage: %.64s", m.Type)
	}
	return m, nil
}

// isKeepAlive tells whether a pong answers a keep-alive.
func isKeepAlive(payload json.RawMessage) bool {
	var p struct {
		Message string `json:"message"`
	}
	return json.Unmarshal(payload, &p) == nil && p.Message == "keepalive"
}

// initHeaders are the headers in a connection_init's payload.
func initHeaders(payload json.RawMessage) (map[string]string, error) {
	if len(payload) == 0 || fault.IsNull(payload) {
		return nil, nil
	}
	var params map[string]json.RawMessage
	if err := fault.Decode("$.payload", payload, "ConnectionParams", "Object", &params); err != nil {
		return nil, err
	}
	raw, ok := params["headers"]
	if !ok || fault.IsNull(raw) {
		return nil, nil
	}
	var values map[string]json.RawMessage
	if err := fault.Decode("$.payload.headers", raw, "HashMap", "Object", &values); err != nil {
		return nil, err
	}
	headers := make(map[string]string, len(values))
	for name, value := range values {
		var text string
		if err := fault.Decode(fault.Key("$.payload.headers", name), value, "Text", "String", &text); err != nil {
			return nil, err
		}
		headers[name] = text
	}
	return headers, nil
}

// envelope is a message to the client; id "" and payload nil are left out.
func envelope(kind string, id *string, payload []byte) []byte {
	b := append(make([]byte, 0, len(payload)+64), `{"type":"`...)
	b = append(append(b, kind...), '"')
	if id != nil {
		b = append(append(b, `,"id":`...), quoted(*id)...)
	}
	if payload != nil {
		b = append(append(b, `,"payload":`...), payload...)
	}
	return append(b, '}')
}

// refusal is the payload of an error message: before an operation runs, the legacy sub-protocol carries a response of
// nothing but errors (on /v1alpha1/graphql the error in the form of that path), the other the list of errors. As in Hasura
// `internal` is shown to nobody on a WebSocket.
func (c *socket) refusal(f *fault.Error) []byte {
	switch {
	case !c.protocol.isLegacy:
		return append(append([]byte{'['}, f.GraphQL(false)...), ']')
	case c.path == alphaPath:
		return f.Body(false)
	default:
		return f.GraphQLBody(false)
	}
}

// startRefusal is the payload of the error for an operation that cannot start: on the legacy sub-protocol the error alone.
func (c *socket) startRefusal(f *fault.Error) []byte {
	if c.protocol.isLegacy && c.path != alphaPath {
		return f.GraphQL(false)
	}
	return c.refusal(f)
}

// failure is the result of an operation that failed once it had begun, in the form of the path.
func (c *socket) failure(f *fault.Error) []byte {
	if c.protocol.isLegacy && c.path == alphaPath {
		return append(append([]byte(`{"errors":[`), f.Body(false)...), `]}`...)
	}
	return f.GraphQLBody(false)
}

// maxReason is what a close frame holds (RFC 6455 §5.5): 125 bytes less the code.
const maxReason = 123

// closeReason words a reason in the form Hasura gives its own close codes; what is too long is cut.
func closeReason(text string) string {
	runes := []rune(text)
	for {
		b, _ := json.Marshal(struct { // a string always encodes
			Message string `json:"server_error_msg"`
		}{string(runes)})
		if len(b) <= maxReason {
			return string(b)
		}
		runes = runes[:len(runes)-1]
	}
}
