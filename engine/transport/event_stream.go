package transport

import "bytes"

// events is GraphQL over server-sent events, in the mode of one connection for each operation (graphql-sse: PROTOCOL.md).
var events = &protocol{isStream: true, keepAlive: []byte(":\n\n")}

var (
	eventHead     = []byte("event: next\ndata: ")
	eventComplete = []byte("event: complete\ndata:\n\n")
)

// appendEventData appends JSON as the data of an event. A line break in it, which can only stand between tokens, begins
// another line of data (HTML §9.2.5).
func appendEventData(b, data []byte) []byte {
	isOneLine := bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 // nearly always, and found fast
	for {
		i := -1
		if !isOneLine {
			i = bytes.IndexAny(data, "\r\n")
		}
		if i < 0 {
			return append(append(b, data...), "\n\n"...)
		}
		b = append(append(b, data[:i]...), "\ndata: "...)
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}
