package telemetry

import (
	"encoding/hex"
	"net/http"
	"strings"
)

// Propagator is a form in which a trace's context goes from process to process in headers. The names are the metadata's.
type Propagator string

// The propagators.
const (
	B3           Propagator = "b3"           // github.com/openzipkin/b3-propagation
	TraceContext Propagator = "tracecontext" // W3C Trace Context
)

// The headers. Those of net/http's maps are canonical.
const (
	b3Single      = "B3"
	b3TraceID     = "X-B3-Traceid"
	b3SpanID      = "X-B3-Spanid"
	b3ParentID    = "X-B3-Parentspanid"
	b3Sampled     = "X-B3-Sampled"
	b3Flags       = "X-B3-Flags"
	traceParent   = "Traceparent"
	traceState    = "Tracestate"
	maxTraceState = 512 // W3C Trace Context §3.3.1.5: at least that much is passed on
)

// caller is what a request says of the trace it is part of. Without an id it may still say whether to record.
type caller struct {
	trace    traceID
	parent   spanID
	sampling sampling
	state    string
}

// extract reads a request's headers with the first propagator that finds something.
func extract(propagators []Propagator, h http.Header) (c caller) {
	for _, p := range propagators {
		switch p {
		case TraceContext:
			c = fromTraceContext(h)
		case B3:
			c = fromB3(h)
		}
		if c != (caller{}) {
			return c
		}
	}
	return caller{}
}

// fromTraceContext reads traceparent and tracestate. As in Hasura a caller that does not record decides nothing for us
// (Hasura: Tracing/Propagator/W3CTraceContext).
func fromTraceContext(h http.Header) (c caller) {
	text := h.Get(traceParent)
	if len(h[traceParent]) != 1 || len(text) < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return caller{}
	}
	var version, flags [1]byte
	switch {
	case !readHex(version[:], text[:2]), version[0] == 0xff, version[0] == 0 && len(text) != 55, len(text) > 55 && text[55] != '-':
		return caller{}
	case !readHex(c.trace[:], text[3:35]), c.trace == traceID{}, !readHex(c.parent[:], text[36:52]), c.parent == spanID{}, !readHex(flags[:], text[53:55]):
		return caller{}
	}
	if flags[0]&1 != 0 {
		c.sampling = accepted
	}
	if state := strings.Join(h[traceState], ","); len(state) <= maxTraceState && isHeaderText(state) {
		c.state = state
	}
	return c
}

// fromB3 reads the single header, else the several.
func fromB3(h http.Header) (c caller) {
	if single := h.Get(b3Single); single != "" {
		return fromSingleB3(single)
	}
	c.sampling = b3Sampling(h.Get(b3Sampled))
	if h.Get(b3Flags) == "1" { // debug
		c.sampling = accepted
	}
	if id := h.Get(b3TraceID); id != "" && !c.readB3(id, h.Get(b3SpanID)) {
		return caller{}
	}
	return c
}

// fromSingleB3 reads {trace}-{span}-{sampling}-{parent}, of which the last two may be left out, or the sampling alone.
func fromSingleB3(text string) (c caller) {
	parts := strings.Split(text, "-")
	if len(parts) == 1 {
		return caller{sampling: b3Sampling(text)}
	}
	if len(parts) > 4 || !c.readB3(parts[0], parts[1]) {
		return caller{}
	}
	if len(parts) > 2 {
		c.sampling = b3Sampling(parts[2])
	}
	return c
}

func b3Sampling(text string) sampling {
	switch text {
	case "1", "true", "d":
		return accepted
	case "0", "false":
		return denied
	}
	return undecided
}

// readB3 reads ids; a trace's may have half the length. A span's may be missing, as in Hasura.
func (c *caller) readB3(trace, span string) bool {
	if len(trace) == 16 {
		trace = strings.Repeat("0", 16) + trace
	}
	if !readHex(c.trace[:], strings.ToLower(trace)) || c.trace == (traceID{}) {
		return false
	}
	if !readHex(c.parent[:], strings.ToLower(span)) {
		c.parent = spanID{}
	}
	return true
}

// readHex reads lower-case digits that fill out.
func readHex(out []byte, text string) bool {
	if len(text) != 2*len(out) || strings.ToLower(text) != text {
		return false
	}
	_, err := hex.Decode(out, []byte(text))
	return err == nil
}

func isHeaderText(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// inject has headers carry the span on, in every form that is asked for, and no other's.
func (s *Span) inject(h http.Header) {
	for _, key := range []string{b3Single, b3TraceID, b3SpanID, b3ParentID, b3Sampled, b3Flags, traceParent, traceState} {
		delete(h, key)
	}
	trace, id := string(appendHex(nil, s.trace.id[:])), string(appendHex(nil, s.id[:]))
	for _, p := range s.trace.propagators {
		switch p {
		case TraceContext:
			flags := "-00"
			if s.trace.sampling == accepted {
				flags = "-01"
			}
			h[traceParent] = []string{"00-" + trace + "-" + id + flags}
			if s.trace.state != "" {
				h[traceState] = []string{s.trace.state}
			}
		case B3:
			h[b3TraceID], h[b3SpanID] = []string{trace}, []string{id}
			if s.parent != (spanID{}) {
				h[b3ParentID] = []string{string(appendHex(nil, s.parent[:]))}
			}
			switch s.trace.sampling {
			case accepted:
				h[b3Sampled] = []string{"1"}
			case denied:
				h[b3Sampled] = []string{"0"}
			}
		}
	}
}
