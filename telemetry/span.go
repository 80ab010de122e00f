package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"time"
)

// Span is a piece of work in a trace. A nil *Span is of what nobody traces: its methods do nothing, and its children are nil.
// Whoever begins a span ends it, and nobody else writes to it.
type Span struct {
	otlp  *OTLP
	trace traceContext
	id    spanID
	// isRecorded is false where the trace was not sampled: what it calls is told so, and nothing is exported.
	isRecorded   bool
	parent       spanID
	name         string
	kind         spanKind
	began, ended time.Time
	attributes   []attribute
	failed       bool
}

type (
	traceID [16]byte
	spanID  [8]byte
)

// traceContext is what the spans of a trace have in common.
type traceContext struct {
	id       traceID
	sampling sampling
	// state is the tracestate header, passed on as it came.
	state       string
	propagators []Propagator
}

// sampling is whether a trace is recorded, as far as that is decided (B3's three states).
type sampling byte

const (
	undecided sampling = iota
	denied
	accepted
)

// spanKind has the numbers of OTLP's SpanKind.
type spanKind int32

const (
	internalSpan spanKind = 1
	serverSpan   spanKind = 2
	clientSpan   spanKind = 3
)

type attribute struct {
	key, text string
	number    int64
	isNumber  bool
}

// maxAttribute bounds a text, and maxName a name, in bytes: a batch must not grow without bound.
const (
	maxAttribute = 16 << 10
	maxName      = 512
)

func newSpanID() (id spanID) {
	for id == (spanID{}) {
		binary.LittleEndian.PutUint64(id[:], rand.Uint64()) //nolint:gosec // ids are no secrets
	}
	return id
}

func newTraceID() (id traceID) {
	for id == (traceID{}) {
		binary.LittleEndian.PutUint64(id[:8], rand.Uint64()) //nolint:gosec // see above
		binary.LittleEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // see above
	}
	return id
}

type spanKey struct{}

// WithSpan makes a span that of a context.
func WithSpan(ctx context.Context, s *Span) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, s)
}

// SpanOf is the span of a context, nil where nothing is traced.
func SpanOf(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// Child begins a span within s. Of a trace that is not recorded the first span stands for all, so that calls pass its id on.
func (s *Span) Child(name string) *Span {
	if !s.IsRecorded() {
		return s
	}
	return s.child(name, internalSpan, time.Now())
}

// ClientChild begins the span of a call to another process.
func (s *Span) ClientChild(name string) *Span {
	if !s.IsRecorded() {
		return s
	}
	return s.child(name, clientSpan, time.Now())
}

// ClientChildAt notes a call to another process that is over.
func (s *Span) ClientChildAt(name string, began, ended time.Time, err error) {
	if s.IsRecorded() {
		s.child(name, clientSpan, began).endAt(ended, err)
	}
}

func (s *Span) child(name string, kind spanKind, began time.Time) *Span {
	return &Span{otlp: s.otlp, trace: s.trace, id: newSpanID(), isRecorded: true, parent: s.id, name: clip(name, maxName), kind: kind, began: began}
}

// Set gives the span an attribute, in place of one of that key.
func (s *Span) Set(key, value string) {
	if s.IsRecorded() && value != "" {
		s.set(attribute{key: key, text: clip(value, maxAttribute)})
	}
}

func (s *Span) set(a attribute) {
	for i := range s.attributes {
		if s.attributes[i].key == a.key {
			s.attributes[i] = a
			return
		}
	}
	s.attributes = append(s.attributes, a)
}

// SetNumber gives the span an attribute.
func (s *Span) SetNumber(key string, value int64) {
	if s.IsRecorded() {
		s.set(attribute{key: key, number: value, isNumber: true})
	}
}

// IsRecorded tells whether attributes are worth working out.
func (s *Span) IsRecorded() bool { return s != nil && s.isRecorded }

// End ends the span; with an error, it failed. What the error says is not told: it may quote values.
func (s *Span) End(err error) {
	if s.IsRecorded() {
		s.endAt(time.Now(), err)
	}
}

func (s *Span) endAt(at time.Time, err error) {
	s.ended, s.failed = at, s.failed || err != nil
	s.otlp.spanEnded(s)
}

// clip cuts a text to at most n bytes, between characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return text[:n]
}

// Outbound begins the span of a request to another process, made for the span of its context, and has the request carry
// the trace on. Its name is Hasura's, without what may be secret in the URL.
func Outbound(req *http.Request) *Span {
	parent := SpanOf(req.Context())
	if parent == nil {
		return nil
	}
	s := parent
	if parent.isRecorded {
		s = parent.ClientChild(req.Method + " " + PublicURL(req.URL.String()))
		s.SetNumber("request_body_bytes", max(req.ContentLength, 0))
	}
	s.inject(req.Header)
	return s
}

// Answered ends the span of an outbound request.
func (s *Span) Answered(resp *http.Response, err error) {
	if resp != nil {
		s.SetNumber("http.response.status_code", int64(resp.StatusCode))
	}
	s.End(err)
}

// Rename gives the span another name.
func (s *Span) Rename(name string) {
	if s.IsRecorded() {
		s.name = clip(name, maxName)
	}
}

// answered ends the span of an HTTP request to us.
func (s *Span) answered(x *Exchange) {
	if !s.IsRecorded() {
		return
	}
	s.Set("request_id", x.ID)
	s.Set("http.request.method", x.Method)
	s.Set("url.path", x.Path)
	s.SetNumber("http.response.status_code", int64(x.Status))
	s.Set("enduser.role", x.Operation.Variables["x-hasura-role"])
	s.failed = x.Operation.Failure != nil || x.Status >= http.StatusInternalServerError
	s.End(nil)
}

// appendIDs appends what a log line says of its span (Hasura: Logging, EngineLog).
func (s *Span) appendIDs(b []byte) []byte {
	if s == nil {
		return b
	}
	b = append(appendHex(append(b, `,"trace_id":"`...), s.trace.id[:]), `","span_id":"`...)
	return append(appendHex(b, s.id[:]), '"')
}

func appendHex(b, id []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range id {
		b = append(b, digits[c>>4], digits[c&15])
	}
	return b
}
