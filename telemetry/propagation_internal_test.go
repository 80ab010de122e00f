package telemetry

import (
	"net/http"
	"strings"
	"testing"
)

const (
	aTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	aSpan  = "00f067aa0ba902b7"
)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestExtract(t *testing.T) {
	t.Parallel()
	w3c, b3 := []Propagator{TraceContext}, []Propagator{B3}
	for name, c := range map[string]struct {
		by      []Propagator
		headers http.Header
		trace   string // "" begins a trace of our own
		parent  string
		sampling
		state string
	}{
		"traceparent, recorded":          {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01"), trace: aTrace, parent: aSpan, sampling: accepted},
		"traceparent, not recorded":      {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-00"), trace: aTrace, parent: aSpan},
		"tracestate":                     {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01", "tracestate", "a=1", "tracestate", "b=2"), trace: aTrace, parent: aSpan, sampling: accepted, state: "a=1,b=2"},
		"a long tracestate is left out":  {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01", "tracestate", "a="+strings.Repeat("x", 600)), trace: aTrace, parent: aSpan, sampling: accepted},
		"a later version":                {by: w3c, headers: headers("traceparent", "01-"+aTrace+"-"+aSpan+"-01-more"), trace: aTrace, parent: aSpan, sampling: accepted},
		"version ff":                     {by: w3c, headers: headers("traceparent", "ff-"+aTrace+"-"+aSpan+"-01")},
		"version 00 with more":           {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01-more")},
		"capitals":                       {by: w3c, headers: headers("traceparent", "00-"+strings.ToUpper(aTrace)+"-"+aSpan+"-01")},
		"an id of zeros":                 {by: w3c, headers: headers("traceparent", "00-"+strings.Repeat("0", 32)+"-"+aSpan+"-01", "tracestate", "a=1")},
		"a parent of zeros":              {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-0000000000000000-01")},
		"twice":                          {by: w3c, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01", "traceparent", "00-"+aTrace+"-"+aSpan+"-01")},
		"no hexadecimal":                 {by: w3c, headers: headers("traceparent", "00-"+strings.Repeat("z", 32)+"-"+aSpan+"-01")},
		"no propagator for it":           {by: b3, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01")},
		"several B3 headers":             {by: b3, headers: headers("X-B3-TraceId", aTrace, "X-B3-SpanId", aSpan, "X-B3-ParentSpanId", aSpan, "X-B3-Sampled", "1"), trace: aTrace, parent: aSpan, sampling: accepted},
		"B3 undecided":                   {by: b3, headers: headers("X-B3-TraceId", aTrace, "X-B3-SpanId", aSpan), trace: aTrace, parent: aSpan},
		"B3 denied":                      {by: b3, headers: headers("X-B3-TraceId", aTrace, "X-B3-SpanId", aSpan, "X-B3-Sampled", "0"), trace: aTrace, parent: aSpan, sampling: denied},
		"B3 debug":                       {by: b3, headers: headers("X-B3-TraceId", aTrace, "X-B3-SpanId", aSpan, "X-B3-Flags", "1"), trace: aTrace, parent: aSpan, sampling: accepted},
		"B3 denied without ids":          {by: b3, headers: headers("X-B3-Sampled", "0"), sampling: denied},
		"a trace id of half the length":  {by: b3, headers: headers("X-B3-TraceId", aTrace[16:], "X-B3-SpanId", aSpan), trace: strings.Repeat("0", 16) + aTrace[16:], parent: aSpan},
		"a trace id of another length":   {by: b3, headers: headers("X-B3-TraceId", aTrace[4:], "X-B3-SpanId", aSpan, "X-B3-Sampled", "1")},
		"B3 without a span":              {by: b3, headers: headers("X-B3-TraceId", aTrace), trace: aTrace},
		"the single header":              {by: b3, headers: headers("b3", aTrace+"-"+aSpan+"-1-"+aSpan), trace: aTrace, parent: aSpan, sampling: accepted},
		"the single header, undecided":   {by: b3, headers: headers("b3", aTrace+"-"+aSpan), trace: aTrace, parent: aSpan},
		"the single header, debug":       {by: b3, headers: headers("b3", aTrace+"-"+aSpan+"-d"), trace: aTrace, parent: aSpan, sampling: accepted},
		"the single header, denied":      {by: b3, headers: headers("b3", "0"), sampling: denied},
		"the single header wins":         {by: b3, headers: headers("b3", aTrace+"-"+aSpan+"-0", "X-B3-TraceId", strings.Repeat("1", 32), "X-B3-SpanId", aSpan), trace: aTrace, parent: aSpan, sampling: denied},
		"the single header, malformed":   {by: b3, headers: headers("b3", aTrace+"-"+aSpan+"-1-"+aSpan+"-more")},
		"the first propagator wins":      {by: []Propagator{TraceContext, B3}, headers: headers("traceparent", "00-"+aTrace+"-"+aSpan+"-01", "b3", strings.Repeat("1", 32)+"-"+aSpan+"-0"), trace: aTrace, parent: aSpan, sampling: accepted},
		"the second finds what is there": {by: []Propagator{TraceContext, B3}, headers: headers("traceparent", "nonsense", "b3", aTrace+"-"+aSpan+"-1"), trace: aTrace, parent: aSpan, sampling: accepted},
		"nothing":                        {by: []Propagator{TraceContext, B3}, headers: headers("X-Other", "1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := extract(c.by, c.headers)
			hex := func(id []byte) string {
				if text := string(appendHex(nil, id)); strings.Trim(text, "0") != "" {
					return text
				}
				return ""
			}
			if hex(got.trace[:]) != c.trace || hex(got.parent[:]) != c.parent || got.sampling != c.sampling || got.state != c.state {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestInject_everyFormThatIsAskedForAndNoOthers(t *testing.T) {
	t.Parallel()
	var c caller
	if !c.readB3(aTrace, aSpan) {
		t.Fatal("the ids are wrong")
	}
	for name, test := range map[string]struct {
		sampling sampling
		by       []Propagator
		want     map[string]string
	}{
		"both":           {accepted, []Propagator{TraceContext, B3}, map[string]string{"Traceparent": "00-" + aTrace + "-" + aSpan + "-01", "Tracestate": "a=1", "X-B3-Traceid": aTrace, "X-B3-Spanid": aSpan, "X-B3-Sampled": "1"}},
		"B3, undecided":  {undecided, []Propagator{B3}, map[string]string{"X-B3-Traceid": aTrace, "X-B3-Spanid": aSpan}},
		"B3, denied":     {denied, []Propagator{B3}, map[string]string{"X-B3-Traceid": aTrace, "X-B3-Spanid": aSpan, "X-B3-Sampled": "0"}},
		"denied for W3C": {denied, []Propagator{TraceContext}, map[string]string{"Traceparent": "00-" + aTrace + "-" + aSpan + "-00", "Tracestate": "a=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// What the client sent, and a hook would be sent on, is replaced.
			h := headers("traceparent", "of the client", "tracestate", "of the client", "b3", "of the client", "X-B3-TraceId", "of the client", "X-B3-Flags", "1")
			s := &Span{id: c.parent, trace: traceContext{id: c.trace, sampling: test.sampling, state: "a=1", propagators: test.by}}
			s.inject(h)
			for key, want := range test.want {
				if h.Get(key) != want {
					t.Errorf("%s is %q, want %q", key, h.Get(key), want)
				}
			}
			if len(h) != len(test.want) {
				t.Errorf("got %v", h)
			}
		})
	}
}
