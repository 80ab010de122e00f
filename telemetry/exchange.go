package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"time"
)

// Exchange is a request and its answer.
type Exchange struct {
	ID, IP              string
	Method, Path, Proto string
	// Route is the pattern that answered, as http.ServeMux has it.
	Route  string
	Began  time.Time
	Status int
	// Bytes is the size of the body as it was sent.
	Bytes           int64
	RequestBytes    int64
	ContentEncoding string
	Operation       Operation
	// Span is the request's, nil where it is not traced.
	Span *Span
}

// Operation is what only a handler knows of a request; it notes it down while it answers.
type Operation struct {
	// Mode is "single", "batched", or "" where no GraphQL was asked for.
	Mode string
	// Variables are the caller's session variables; nil before it is known who is calling.
	Variables Variables
	// Failure is what the request was refused with.
	Failure interface {
		Body(showInternal bool) []byte
	}
	// Arrived is when the whole request was there.
	Arrived time.Time
	// PlainBytes is the size of the body before it was compressed, 0 when it was not.
	PlainBytes int64
	// Query is what was asked, for those who enabled the query log; nil otherwise.
	Query func() json.RawMessage
	// Hash tells operations apart that differ in more than their values.
	Hash string
	// Batch has the results of a batch's requests.
	Batch []BatchResult
}

// BatchResult is one request of a batch.
type BatchResult struct {
	Failure interface {
		Body(showInternal bool) []byte
	}
	Bytes int
	Took  time.Duration
}

// End ends the request's span.
func (x *Exchange) End() { x.Span.answered(x) }

// Exchange writes the http-log line of a request (Hasura: Server/Logging, HttpLogContext). Bodies and query strings are
// never in it; the operation's text is when the query log is enabled, as in Hasura.
func (l *Log) Exchange(ctx context.Context, x *Exchange) {
	level, took := slog.LevelInfo, time.Since(x.Began)
	if x.Operation.Failure != nil {
		level = slog.LevelError
	}
	if !l.Has(HTTPLog, level) {
		return
	}
	withQuery := l.types[QueryLog] && (x.Operation.Failure != nil || !l.queryOnlyOnError)
	if l.text != nil {
		l.text.LogAttrs(ctx, level, "request", slog.String("request_id", x.ID), slog.String("method", x.Method), slog.String("path", x.Path),
			slog.Int("status", x.Status), slog.Int64("bytes", x.Bytes), slog.Duration("took", took), slog.String("ip", x.IP))
		if l.otlp.Load().exportsLogs() {
			l.export(x.Span, HTTPLog, level, x.Began.Add(took), x.detail(nil, took, withQuery))
		}
		return
	}
	b := l.lines.begin(HTTPLog, level, x.Began.Add(took))
	from := b.Len()
	b.Write(x.detail(b.AvailableBuffer(), took, withQuery))
	l.export(x.Span, HTTPLog, level, x.Began.Add(took), b.Bytes()[from:])
	l.lines.end(b, x.Span)
}

func (x *Exchange) detail(b []byte, took time.Duration, withQuery bool) []byte {
	o := &x.Operation
	b = append(b, `{"request_id":`...)
	b = appendText(b, x.ID)
	b = append(b, `,"operation":{`...)
	if !o.Arrived.IsZero() {
		reading := o.Arrived.Sub(x.Began)
		b = append(b, `"request_read_time":`...)
		b = appendSeconds(b, reading)
		b = append(b, `,"query_execution_time":`...)
		b = append(appendSeconds(b, took-reading), ',')
	}
	if o.Variables != nil {
		b = append(o.Variables.append(append(b, `"user_vars":`...)), ',')
	}
	if o.Failure != nil {
		b = append(append(append(b, `"error":`...), o.Failure.Body(false)...), ',')
	}
	b = append(appendText(append(b, `"request_id":`...), x.ID), ',')
	if o.Hash != "" {
		b = append(appendText(append(b, `"parameterized_query_hash":`...), o.Hash), ',')
	}
	b = append(b, `"response_size":`...)
	b = strconv.AppendInt(b, x.Bytes, 10)
	plain := o.PlainBytes
	if plain == 0 {
		plain = x.Bytes
	}
	b = append(b, `,"uncompressed_response_size":`...)
	b = strconv.AppendInt(b, plain, 10)
	b = appendText(append(b, `,"request_mode":`...), o.mode())
	if withQuery && o.Query != nil {
		b = append(append(b, `,"query":`...), o.Query()...)
	}
	b = append(b, `},"http_info":{"status":`...)
	b = strconv.AppendInt(b, int64(x.Status), 10)
	b = appendText(append(b, `,"method":`...), x.Method)
	b = appendText(append(b, `,"ip":`...), x.IP)
	b = appendText(append(b, `,"url":`...), x.Path)
	b = appendText(append(b, `,"http_version":`...), x.Proto)
	b = append(b, `,"content_encoding":`...)
	if x.ContentEncoding == "" {
		b = append(b, "null"...)
	} else {
		b = appendText(b, x.ContentEncoding)
	}
	b = append(b, '}')
	if len(o.Batch) > 0 {
		b = o.appendBatch(append(b, `,"batched_operations":[`...))
	}
	return append(b, '}')
}

func (o *Operation) mode() string {
	switch {
	case o.Failure != nil:
		return "error"
	case o.Mode == "":
		return "non-graphql"
	}
	return o.Mode
}

func (o *Operation) appendBatch(b []byte) []byte {
	for i, r := range o.Batch {
		if i > 0 {
			b = append(b, ',')
		}
		if r.Failure != nil {
			b = append(append(append(b, `{"error":`...), r.Failure.Body(false)...), '}')
			continue
		}
		b = append(b, `{"response_size":`...)
		b = strconv.AppendInt(b, int64(r.Bytes), 10)
		b = append(b, `,"query_execution_time":`...)
		b = append(appendSeconds(b, r.Took), '}')
	}
	return append(b, ']')
}

func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'f', 9, 64)
}
