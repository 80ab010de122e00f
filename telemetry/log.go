// Package telemetry is how the process is watched: log lines of Hasura's types, Prometheus metrics, and traces.
//
// It knows what a request, a database and a subscription are only as far as Hasura's lines and names tell of them; the
// wings hand it values. What is switched off costs a comparison.
package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// LogType is one of Hasura's kinds of log line, which HASURA_GRAPHQL_ENABLED_LOG_TYPES switches on.
type LogType string

// The log types that something is written of (Hasura: Logging, EngineLogType).
const (
	StartupLog      LogType = "startup"
	HTTPLog         LogType = "http-log"
	WebSocketLog    LogType = "websocket-log"
	WebhookLog      LogType = "webhook-log"
	QueryLog        LogType = "query-log"
	ExecutionLog    LogType = "execution-log"
	PollerLog       LogType = "livequery-poller-log"
	JWKRefreshLog   LogType = "jwk-refresh-log"
	HealthCheckLog  LogType = "health-check-log"
	UnstructuredLog LogType = "unstructured"
	ownLog          LogType = "gatehouse" // whatever Hasura has no type for
	timestampLayout         = "2006-01-02T15:04:05.000-0700"
)

// alwaysOn are types that Hasura writes whatever is enabled.
var alwaysOn = []LogType{HealthCheckLog, UnstructuredLog, ownLog}

// LogConfig says which lines are written, and how.
type LogConfig struct {
	Out   io.Writer
	Level slog.Level
	// Types are the enabled ones.
	Types []string
	// QueryOnlyOnError keeps what was asked out of the lines of requests that succeed (HTTP_LOG_QUERY_ONLY_ON_ERROR).
	QueryOnlyOnError bool
	// Text is for people: slog's text form, with a short line for each request.
	Text bool
}

// Log writes lines of Hasura's types. A nil *Log writes nothing. Its methods are safe for concurrent use.
type Log struct {
	types map[LogType]bool
	level slog.Level
	// queryOnlyOnError is LogConfig's.
	queryOnlyOnError bool
	lines            *lines
	own              *slog.Logger
	text             *slog.Logger // nil: JSON
	now              func() time.Time
	// otlp exports lines, once there is an exporter.
	otlp atomic.Pointer[OTLP]
}

// NewLog makes a log.
func NewLog(c LogConfig) *Log {
	l := &Log{types: map[LogType]bool{}, level: c.Level, queryOnlyOnError: c.QueryOnlyOnError, lines: &lines{out: c.Out}, now: time.Now}
	for _, t := range alwaysOn {
		l.types[t] = true
	}
	for _, t := range c.Types {
		l.types[LogType(t)] = true
	}
	if c.Text {
		text := slog.NewTextHandler(c.Out, &slog.HandlerOptions{Level: c.Level})
		l.text, l.own = slog.New(text), slog.New(slog.NewMultiHandler(text, newOwnLines(l)))
	} else {
		l.own = slog.New(newOwnLines(l))
	}
	return l
}

// Own is the logger of everything that Hasura has no type for; it writes to the same place.
func (l *Log) Own() *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.own
}

// ForPeople tells whether the lines are for people, who need no other's form.
func (l *Log) ForPeople() bool { return l != nil && l.text != nil }

// Has tells whether lines of a type at a level are written: who makes one at some cost asks first.
func (l *Log) Has(t LogType, level slog.Level) bool {
	return l != nil && level >= l.level && l.types[t]
}

// Write writes a line whose detail is any JSON value.
func (l *Log) Write(ctx context.Context, t LogType, level slog.Level, detail any) {
	if !l.Has(t, level) {
		return
	}
	body, err := json.Marshal(detail)
	if err != nil {
		body, _ = json.Marshal("a detail that does not encode: " + err.Error())
	}
	if l.text != nil {
		l.text.LogAttrs(ctx, level, string(t), slog.String("detail", string(body)))
	}
	l.line(SpanOf(ctx), t, level, l.now(), body)
}

// line writes {"type","timestamp","level","detail"}, and of what trace it is part, unless the lines are for people; and
// exports it.
func (l *Log) line(of *Span, t LogType, level slog.Level, at time.Time, detail []byte) {
	if l.text == nil {
		b := l.lines.begin(t, level, at)
		b.Write(detail)
		l.lines.end(b, of)
	}
	l.export(of, t, level, at, detail)
}

func (l *Log) export(of *Span, t LogType, level slog.Level, at time.Time, detail []byte) {
	if o := l.otlp.Load(); o.exportsLogs() {
		o.logged(newRecord(of, t, level, at, detail))
	}
}

// lines writes whole lines, one at a time.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

var lineBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKeptLine bounds the buffers that are kept.
const maxKeptLine = 64 << 10

func (w *lines) begin(t LogType, level slog.Level, at time.Time) *bytes.Buffer {
	b := lineBuffers.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString(`{"type":"`)
	b.WriteString(string(t))
	b.WriteString(`","timestamp":"`)
	b.Write(at.UTC().AppendFormat(b.AvailableBuffer(), timestampLayout))
	b.WriteString(`","level":"`)
	b.WriteString(levelName(level))
	b.WriteString(`","detail":`)
	return b
}

func (w *lines) end(b *bytes.Buffer, of *Span) {
	b.Write(of.appendIDs(b.AvailableBuffer()))
	b.WriteString("}\n")
	w.mu.Lock()
	_, _ = w.out.Write(b.Bytes()) // where would one say that the log cannot be written
	w.mu.Unlock()
	if b.Cap() <= maxKeptLine {
		lineBuffers.Put(b)
	}
}

func levelName(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "error"
	case level >= slog.LevelWarn:
		return "warn"
	case level >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// ownLines writes what is logged with slog in the form of Hasura's lines, so that one reader understands all: the
// message and what belongs to it are the detail.
type ownLines struct {
	log   *Log
	inner slog.Handler
	// under is where inner puts its line; inner's own lock is held meanwhile.
	under *detail
}

// detail takes slog's JSON object and writes it as a line's detail.
type detail struct {
	log   *Log
	mu    sync.Mutex
	level slog.Level
	at    time.Time
	of    *Span
}

func newOwnLines(l *Log) *ownLines {
	d := &detail{log: l}
	return &ownLines{log: l, under: d, inner: slog.NewJSONHandler(d, &slog.HandlerOptions{
		Level: l.level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey, slog.LevelKey:
				return slog.Attr{}
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	})}
}

func (h *ownLines) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.log.level && (h.log.text == nil || h.log.otlp.Load().exportsLogs())
}

func (h *ownLines) Handle(ctx context.Context, r slog.Record) error {
	h.under.mu.Lock()
	defer h.under.mu.Unlock()
	h.under.level, h.under.at, h.under.of = r.Level, r.Time, SpanOf(ctx)
	return h.inner.Handle(ctx, r)
}

func (h *ownLines) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &ownLines{log: h.log, under: h.under, inner: h.inner.WithAttrs(attrs)}
}

func (h *ownLines) WithGroup(name string) slog.Handler {
	return &ownLines{log: h.log, under: h.under, inner: h.inner.WithGroup(name)}
}

// Write implements io.Writer for slog's handler, which calls it once a line.
func (d *detail) Write(line []byte) (int, error) {
	d.log.line(d.of, ownLog, d.level, d.at, bytes.TrimSuffix(line, []byte("\n")))
	return len(line), nil
}

// PublicURL is a URL without what may be secret in it: user, password, query and fragment.
func PublicURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Opaque != "" { // such as a connection string of keywords, password included
		return "(not a URL)"
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", "", false
	return u.String()
}

// Variables are session variables as a log line shows them: sorted, and none of those that are credentials.
type Variables map[string]string

// secretVariables are never in a session; a wrong configuration is no reason to log them.
var secretVariables = []string{"x-hasura-admin-secret", "x-hasura-access-key"}

// MarshalJSON implements json.Marshaler.
func (v Variables) MarshalJSON() ([]byte, error) { return v.append(nil), nil }

func (v Variables) append(b []byte) []byte {
	var few [8]string // more than most callers have
	names := few[:0]
	for name := range v {
		if !slices.Contains(secretVariables, strings.ToLower(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		b = appendText(b, v[name])
	}
	return append(b, '}')
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			raw, _ := json.Marshal(s) // a string always encodes
			return append(b, raw...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
