package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// record is a line of the log that waits to be exported.
type record struct {
	at     time.Time
	kind   LogType
	level  slog.Level
	detail []byte // JSON; not if it was cut
	isCut  bool
	trace  traceID
	span   spanID
}

func newRecord(of *Span, t LogType, level slog.Level, at time.Time, detail []byte) record {
	r := record{at: at, kind: t, level: level, isCut: len(detail) > maxAttribute, detail: bytes.Clone(detail[:min(len(detail), maxAttribute)])}
	if of != nil {
		r.trace, r.span = of.trace.id, of.id
	}
	return r
}

// exportsLogs tells whether lines are exported.
func (o *OTLP) exportsLogs() bool {
	if o == nil {
		return false
	}
	t := o.target.Load()
	return t != nil && t.Logs != ""
}

// logged takes a line. It never waits.
func (o *OTLP) logged(r record) {
	if !o.logs.add(r) {
		o.config.Metrics.exported(o.logs.of, bufferFull, 1)
	}
}

// encodeLogs makes an ExportLogsServiceRequest. Of a line the detail is the body, as in Hasura (docs: observability,
// opentelemetry, best practices: attributes["type"], body["query"]).
func (o *OTLP) encodeLogs(t *Target, records []record) ([]byte, error) {
	out := make([]*logs.LogRecord, len(records))
	for i := range records {
		out[i] = records[i].message()
	}
	return proto.Marshal(&collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource: o.resource(t), ScopeLogs: []*logs.ScopeLogs{{Scope: o.scope(), LogRecords: out}},
	}}})
}

func (r *record) message() *logs.LogRecord {
	at := uint64(r.at.UnixNano())
	out := &logs.LogRecord{
		TimeUnixNano: at, ObservedTimeUnixNano: at, SeverityText: levelName(r.level), SeverityNumber: severity(r.level),
		Attributes: []*common.KeyValue{textAttribute("type", string(r.kind)), textAttribute("level", levelName(r.level))},
	}
	if r.trace != (traceID{}) {
		out.TraceId, out.SpanId = r.trace[:], r.span[:]
	}
	var detail any
	in := json.NewDecoder(bytes.NewReader(r.detail))
	in.UseNumber()
	if r.isCut || in.Decode(&detail) != nil {
		detail = string(r.detail)
	}
	out.Body = anyValue(detail)
	return out
}

func severity(level slog.Level) logs.SeverityNumber {
	switch {
	case level >= slog.LevelError:
		return logs.SeverityNumber_SEVERITY_NUMBER_ERROR
	case level >= slog.LevelWarn:
		return logs.SeverityNumber_SEVERITY_NUMBER_WARN
	case level >= slog.LevelInfo:
		return logs.SeverityNumber_SEVERITY_NUMBER_INFO
	}
	return logs.SeverityNumber_SEVERITY_NUMBER_DEBUG
}

// anyValue is a JSON value as OTLP has it.
func anyValue(v any) *common.AnyValue {
	switch v := v.(type) {
	case map[string]any:
		list := &common.KeyValueList{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			list.Values = append(list.Values, &common.KeyValue{Key: validUTF8(key), Value: anyValue(v[key])})
		}
		return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: list}}
	case []any:
		list := &common.ArrayValue{}
		for _, item := range v {
			list.Values = append(list.Values, anyValue(item))
		}
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}
		}
		f, _ := v.Float64()
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: f}}
	case bool:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v}}
	case string:
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: validUTF8(v)}}
	}
	return &common.AnyValue{} // null
}
