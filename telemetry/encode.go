package telemetry

import (
	"maps"
	"slices"
	"strings"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// serviceName is what Hasura calls itself, which dashboards and queries name; resource attributes change it.
const serviceName = "hasura"

// resource describes this process.
func (o *OTLP) resource(t *Target) *resource.Resource {
	all := map[string]string{"service.name": serviceName, "service.version": o.config.Version, "service.instance.id": o.instance}
	maps.Copy(all, t.Resource)
	r := &resource.Resource{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		r.Attributes = append(r.Attributes, textAttribute(key, all[key]))
	}
	return r
}

func (o *OTLP) scope() *common.InstrumentationScope {
	return &common.InstrumentationScope{Name: "gatehouse", Version: o.config.Version}
}

// encodeSpans makes an ExportTraceServiceRequest.
func (o *OTLP) encodeSpans(t *Target, spans []*Span) ([]byte, error) {
	out := make([]*trace.Span, len(spans))
	for i, s := range spans {
		out[i] = s.message()
	}
	return proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: o.resource(t), ScopeSpans: []*trace.ScopeSpans{{Scope: o.scope(), Spans: out}},
	}}})
}

func (s *Span) message() *trace.Span {
	out := &trace.Span{
		TraceId: s.trace.id[:], SpanId: s.id[:], TraceState: s.trace.state, Name: validUTF8(s.name), Kind: trace.Span_SpanKind(s.kind),
		StartTimeUnixNano: uint64(s.began.UnixNano()), EndTimeUnixNano: uint64(max(s.ended.UnixNano(), s.began.UnixNano())),
		Status: &trace.Status{Code: trace.Status_STATUS_CODE_OK}, Attributes: make([]*common.KeyValue, len(s.attributes)),
	}
	if s.parent != (spanID{}) {
		out.ParentSpanId = s.parent[:]
	}
	if s.failed {
		out.Status.Code = trace.Status_STATUS_CODE_ERROR
	}
	for i, a := range s.attributes {
		if a.isNumber {
			out.Attributes[i] = &common.KeyValue{Key: a.key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: a.number}}}
		} else {
			out.Attributes[i] = textAttribute(a.key, a.text)
		}
	}
	return out
}

// textAttribute makes an attribute.
func textAttribute(key, text string) *common.KeyValue {
	return &common.KeyValue{Key: validUTF8(key), Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: validUTF8(text)}}}
}

// validUTF8 is what protobuf takes.
func validUTF8(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
