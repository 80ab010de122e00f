package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"gatehouse/telemetry"
)

// sink is a collector that answers as it is told.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) bool // false: go on
	names  []string
	calls  int
	sizes  []int
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls++
		if s.answer != nil && s.answer(w, r) {
			return
		}
		var in collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		spans := in.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()
		s.sizes = append(s.sizes, len(spans))
		for _, span := range spans {
			s.names = append(s.names, span.GetName())
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) received() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.names, " ")
}

func (s *sink) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

type exporter struct {
	*telemetry.OTLP
	*testing.T
	metrics *telemetry.Metrics
	mu      sync.Mutex
	log     bytes.Buffer
}

func (e *exporter) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.Write(b)
}

func (e *exporter) logged() string { e.mu.Lock(); defer e.mu.Unlock(); return e.log.String() }

func newExporter(t *testing.T, interval time.Duration) *exporter {
	t.Helper()
	e := &exporter{T: t, metrics: telemetry.NewMetrics(false, true)}
	e.OTLP = telemetry.NewOTLP(telemetry.OTLPConfig{
		Client: &http.Client{Timeout: 5 * time.Second}, Metrics: e.metrics, Version: "v", SampleRatio: 1, Interval: interval,
		Log: telemetry.NewLog(telemetry.LogConfig{Out: e, Level: slog.LevelInfo}),
	})
	t.Cleanup(e.Close)
	return e
}

func (e *exporter) span(names ...string) {
	for _, name := range names {
		e.Begin(name).End(nil)
	}
}

// counts are the lines of the metrics with a value other than zero.
func (e *exporter) counts() string {
	w := httptest.NewRecorder()
	e.metrics.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	var out []string
	for line := range strings.Lines(w.Body.String()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "hasura_otel") && !strings.HasSuffix(line, " 0") {
			out = append(out, strings.TrimPrefix(line, "hasura_otel_"))
		}
	}
	return strings.Join(out, ", ")
}

func (e *exporter) until(what string, is func() bool) {
	e.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			e.Fatalf("no end of waiting for %s; counts: %s; log: %s", what, e.counts(), e.logged())
		}
	}
}

const soon = 10 * time.Millisecond

func TestOTLP_offMakesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	e := newExporter(t, soon)
	if span := e.Begin("nothing"); span != nil || e.Traces() {
		t.Error("there is a span without a target")
	}
	var none *telemetry.OTLP
	none.Aim(telemetry.Target{Traces: "http://localhost"})
	if none.Begin("nothing") != nil || none.Traces() {
		t.Error("there is a span without an exporter")
	}
	none.Close()
	// Of a span that is not, nothing is had.
	var span *telemetry.Span
	ctx := telemetry.WithSpan(t.Context(), span.Child("a").ClientChild("b"))
	span.Set("a", "b")
	span.End(nil)
	if telemetry.SpanOf(ctx) != nil {
		t.Error("a context has a span that is not")
	}
	if n := testing.AllocsPerRun(100, func() {
		c := span.Child("a")
		c.Set("key", "value")
		c.End(nil)
		_ = telemetry.WithSpan(ctx, c)
	}); n != 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

func TestOTLP_batchesAreFullOrOldEnough(t *testing.T) {
	t.Parallel()
	s, e := newSink(t), newExporter(t, time.Hour)
	e.Aim(telemetry.Target{Traces: s.URL, BatchSize: 3})
	e.span("a", "b", "c")
	e.until("a full batch", func() bool { return s.received() == "a b c" })
	e.span("d")
	e.Close()
	if s.received() != "a b c d" || e.counts() != "sent_spans 4" {
		t.Errorf("closing sent %q; counts: %s", s.received(), e.counts())
	}
	e.span("e")
	e.Close()
	if s.received() != "a b c d" {
		t.Errorf("sent after the end: %q", s.received())
	}
}

func TestOTLP_whatDoesNotFitIsCountedAndNobodyWaits(t *testing.T) {
	t.Parallel()
	s, e := newSink(t), newExporter(t, soon)
	stuck := make(chan struct{})
	s.answer = func(http.ResponseWriter, *http.Request) bool { <-stuck; return false }
	e.Aim(telemetry.Target{Traces: s.URL, BatchSize: 2})
	e.span("first")
	e.until("the first request", func() bool { return s.Server != nil && len(e.counts()) == 0 && waiting(s) })
	began := time.Now()
	for range 1000 {
		e.span("more")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("1000 spans took %v", took)
	}
	if got := e.counts(); got != `dropped_spans{reason="buffer_full"} 992` {
		t.Errorf("counts: %s", got)
	}
	close(stuck)
	e.until("the rest", func() bool {
		return e.counts() == `dropped_spans{reason="buffer_full"} 992, sent_spans 9`
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.sizes {
		if n > 2 {
			t.Errorf("a request of %d spans", n)
		}
	}
}

// waiting tells whether the sink's lock is held, by a request that is stuck.
func waiting(s *sink) bool {
	if s.mu.TryLock() {
		s.mu.Unlock()
		return false
	}
	return true
}

func TestOTLP_triesAgainWhatMayWorkLater(t *testing.T) {
	t.Parallel()
	s, e := newSink(t), newExporter(t, soon)
	s.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		if s.calls <= 2 {
			w.WriteHeader([]int{http.StatusServiceUnavailable, http.StatusTooManyRequests}[s.calls-1])
		}
		return s.calls <= 2
	}
	e.Aim(telemetry.Target{Traces: s.URL + "/v1/traces?token=hunter2"})
	e.span("a")
	e.until("the third try", func() bool { return s.received() == "a" && e.counts() == "sent_spans 1" })
	e.until("two lines", func() bool { return strings.Count(e.logged(), "\n") == 2 })
	if log := e.logged(); !strings.Contains(log, `"type":"unstructured"`) || !strings.Contains(log, `"level":"warn","detail":"OTel exporter: Failed to deliver traces: `) ||
		!strings.Contains(log, "503") || !strings.Contains(log, "traces are delivered again") || strings.Contains(log, "hunter2") {
		t.Errorf("log:\n%s", log)
	}
}

func TestOTLP_givesUpWhatIsRefused(t *testing.T) {
	t.Parallel()
	elsewhere := newSink(t)
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"bad request": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadRequest); return true },
		"redirect": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect) // it would take the headers along
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, e := newSink(t), newExporter(t, soon)
			s.answer = answer
			e.Aim(telemetry.Target{Traces: s.URL, Header: http.Header{"X-Key": {"hunter2"}}})
			e.span("a", "b")
			e.until("the failure", func() bool { return strings.HasPrefix(e.counts(), `dropped_spans{reason="send_failed"} `) })
			if elsewhere.asked() > 0 || strings.Contains(e.logged(), "hunter2") {
				t.Errorf("followed a redirect, or told a secret: %s", e.logged())
			}
		})
	}
}

func TestOTLP_countsWhatAReceiverDoesNotTake(t *testing.T) {
	t.Parallel()
	s, e := newSink(t), newExporter(t, time.Hour)
	s.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		reply, _ := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 2}})
		_, _ = w.Write(reply)
		return true
	}
	e.Aim(telemetry.Target{Traces: s.URL, BatchSize: 3})
	e.span("a", "b", "c")
	e.until("the counts", func() bool { return e.counts() == `dropped_spans{reason="send_failed"} 2, sent_spans 1` })
}

func TestOTLP_anotherTargetIsUsedAtOnce(t *testing.T) {
	t.Parallel()
	first, second, e := newSink(t), newSink(t), newExporter(t, soon)
	first.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	e.Aim(telemetry.Target{Traces: first.URL})
	e.span("a")
	e.until("a failure", func() bool { return first.asked() > 0 })
	e.Aim(telemetry.Target{Traces: second.URL}) // what waits goes there
	e.span("b")
	e.until("both", func() bool { return second.received() == "a b" })
	begun := e.Begin("begun before")
	e.Aim(telemetry.Target{})
	begun.End(nil)
	if e.Traces() || e.Begin("c") != nil {
		t.Error("there are spans after the end")
	}
	e.Aim(telemetry.Target{Traces: second.URL})
	e.span("d")
	e.until("the last", func() bool { return second.received() == "a b d" })
}

func TestOTLP_closingIsBounded(t *testing.T) {
	t.Parallel()
	s, e := newSink(t), newExporter(t, soon)
	stuck, began := make(chan struct{}), time.Now()
	t.Cleanup(func() { close(stuck) })
	s.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
		return true
	}
	e.Aim(telemetry.Target{Traces: s.URL})
	e.span("a")
	e.Close()
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestOTLP_samplingIsTheCallersOrOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ratio      float64
		sampled    string
		isRecorded bool
		out        string
	}{
		"undecided, all":  {1, "", true, "1"},
		"undecided, none": {0, "", false, ""},
		"accepted, none":  {0, "1", true, "1"},
		"denied, all":     {1, "0", false, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := telemetry.NewOTLP(telemetry.OTLPConfig{Client: http.DefaultClient, SampleRatio: c.ratio})
			t.Cleanup(o.Close)
			o.Aim(telemetry.Target{Traces: "http://localhost:1", Propagators: []telemetry.Propagator{telemetry.B3}})
			in := httptest.NewRequest(http.MethodGet, "/", nil)
			in.Header.Set("X-B3-TraceId", "4bf92f3577b34da6a3ce929d0e0e4736")
			in.Header.Set("X-B3-SpanId", "00f067aa0ba902b7")
			if c.sampled != "" {
				in.Header.Set("X-B3-Sampled", c.sampled)
			}
			span := o.Serve(in, "/")
			if span.IsRecorded() != c.isRecorded {
				t.Errorf("recorded: %v", span.IsRecorded())
			}
			// Whatever is decided, what is called is part of the same trace, and hears of it.
			out, _ := http.NewRequestWithContext(telemetry.WithSpan(context.Background(), span), http.MethodGet, "http://hook", nil)
			child := telemetry.Outbound(out)
			if out.Header.Get("X-B3-TraceId") != "4bf92f3577b34da6a3ce929d0e0e4736" || out.Header.Get("X-B3-Sampled") != c.out || child == nil {
				t.Errorf("sent %v", out.Header)
			}
		})
	}
}
