package telemetry

import (
	"context"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// The exporter is our own, on the generated messages of OTLP (go.opentelemetry.io/proto/slim/otlp) and nothing else. The
// OpenTelemetry SDK would bring grpc and its gateway, its own metrics and logs beside those that are here already in
// Hasura's names and forms, and no counts of what it dropped; and it is made once per process, where this one's target is
// metadata, which changes while spans are under way. What is off here costs the load of a pointer.

// OTLPConfig is what an exporter is told once.
type OTLPConfig struct {
	// Client makes the calls; its own timeout bounds each. Redirects are not followed: they would take the headers along.
	Client  *http.Client
	Log     *Log
	Metrics *Metrics
	// Version is the program's.
	Version string
	// SampleRatio is the part of the traces to record of those whose caller decides nothing: 0 to 1.
	SampleRatio float64
	// Interval is how often spans and lines are sent, unless there are enough for a batch before; 0 is 1 s. MetricsInterval is
	// how often metrics are; 0 is 15 s.
	Interval, MetricsInterval time.Duration
}

// Target is where an exporter sends, and what; the zero value is nowhere.
type Target struct {
	// Traces, Metrics and Logs are URLs, used as they are; "" exports none.
	Traces, Metrics, Logs string
	// Header is sent along: keys, tokens.
	Header http.Header
	// Resource describes the process.
	Resource map[string]string
	// Propagators are tried in this order on what comes in, and all used on what goes out.
	Propagators []Propagator
	// BatchSize is how many spans or lines one request has at most; four times as many wait.
	BatchSize int
}

// OTLP exports what is watched to a collector (OpenTelemetry protocol, over HTTP, binary). A nil *OTLP exports nothing. Its
// methods are safe for concurrent use.
type OTLP struct {
	config   OTLPConfig
	instance string // service.instance.id
	// target is nil while nothing is exported.
	target atomic.Pointer[Target]
	spans  outbox[*Span]
	logs   outbox[record]
	began  time.Time

	mu sync.Mutex
	// changed is closed when there is another target.
	changed   chan struct{}
	isRunning bool
	// stopping is closed when only what waits is to be sent, and ctx ends some time later.
	stopping chan struct{}
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

const (
	exportInterval   = time.Second // OpenTelemetry has 5 s; whoever tries it out waits for the first trace
	metricsInterval  = 15 * time.Second
	defaultBatchSize = 512
	// flushTime bounds what is sent when the process ends.
	flushTime = 5 * time.Second
)

// NewOTLP makes an exporter; nothing happens until it is told a target.
func NewOTLP(c OTLPConfig) *OTLP {
	if c.Interval <= 0 {
		c.Interval = exportInterval
	}
	if c.MetricsInterval <= 0 {
		c.MetricsInterval = metricsInterval
	}
	client := *c.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Client = &client
	o := &OTLP{config: c, instance: uuid.NewString(), began: time.Now(), changed: make(chan struct{}), stopping: make(chan struct{})}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.spans = outbox[*Span]{outage: outage{what: "traces"}, of: "spans", wake: make(chan struct{}, 1), encode: o.encodeSpans, url: func(t *Target) string { return t.Traces }}
	o.logs = outbox[record]{outage: outage{what: "logs"}, of: "logs", wake: make(chan struct{}, 1), encode: o.encodeLogs, url: func(t *Target) string { return t.Logs }}
	if c.Log != nil {
		c.Log.otlp.Store(o)
	}
	return o
}

// Aim sets the target from now on. What waits goes there too; where there is none any more, it is forgotten.
func (o *OTLP) Aim(t Target) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.BatchSize <= 0 {
		t.BatchSize = defaultBatchSize
	}
	now := o.target.Load()
	switch {
	case t.Traces == "" && t.Metrics == "" && t.Logs == "":
		o.target.Store(nil)
	case now != nil && reflect.DeepEqual(*now, t):
		return
	default:
		o.spans.bound(4 * t.BatchSize)
		o.logs.bound(4 * t.BatchSize)
		o.target.Store(&t)
		o.start()
	}
	o.config.Metrics.exporting(t.Metrics != "")
	close(o.changed)
	o.changed = make(chan struct{})
}

// start begins to send. The caller holds mu.
func (o *OTLP) start() {
	if o.isRunning {
		return
	}
	o.isRunning = true
	o.running.Go(func() { o.spans.run(o) })
	o.running.Go(func() { o.logs.run(o) })
	o.running.Go(o.sendMetrics)
}

// Close sends what waits, within some seconds, and ends.
func (o *OTLP) Close() {
	if o == nil {
		return
	}
	o.mu.Lock()
	if !o.isStopping() {
		close(o.stopping)
	}
	o.mu.Unlock()
	late := time.AfterFunc(flushTime, o.cancel)
	defer late.Stop()
	o.running.Wait()
	o.cancel()
	o.target.Store(nil)
}

func (o *OTLP) batchSize() int {
	if t := o.target.Load(); t != nil {
		return t.BatchSize
	}
	return defaultBatchSize
}

// hasChanged is closed when there is another target.
func (o *OTLP) hasChanged() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

// Traces tells whether spans are exported.
func (o *OTLP) Traces() bool { return o.tracing() != nil }

func (o *OTLP) tracing() *Target {
	if o == nil {
		return nil
	}
	if t := o.target.Load(); t != nil && t.Traces != "" {
		return t
	}
	return nil
}

// Serve begins the span of a request to us, which may be part of its caller's trace; nil while no spans are exported.
func (o *OTLP) Serve(r *http.Request, name string) *Span {
	t := o.tracing()
	if t == nil {
		return nil
	}
	return o.begin(t, extract(t.Propagators, r.Header), name, serverSpan)
}

// Begin begins a trace of something nobody asked for; nil while no spans are exported.
func (o *OTLP) Begin(name string) *Span {
	t := o.tracing()
	if t == nil {
		return nil
	}
	return o.begin(t, caller{}, name, internalSpan)
}

// BeginAt begins a trace of something that began then.
func (o *OTLP) BeginAt(name string, began time.Time) *Span {
	s := o.Begin(name)
	if s != nil {
		s.began = began
	}
	return s
}

func (o *OTLP) begin(t *Target, c caller, name string, kind spanKind) *Span {
	if c.trace == (traceID{}) {
		c.trace = newTraceID()
	}
	if c.sampling == undecided && o.config.SampleRatio > 0 && rand.Float64() < o.config.SampleRatio { //nolint:gosec // no secret
		c.sampling = accepted
	}
	return &Span{
		otlp: o, trace: traceContext{id: c.trace, sampling: c.sampling, state: c.state, propagators: t.Propagators},
		id: newSpanID(), parent: c.parent, isRecorded: c.sampling == accepted, name: clip(name, maxName), kind: kind, began: time.Now(),
	}
}

// spanEnded takes a span that is over. It never waits.
func (o *OTLP) spanEnded(s *Span) {
	if o.tracing() != nil && !o.spans.add(s) {
		o.config.Metrics.exported(o.spans.of, bufferFull, 1)
	}
}

// outbox holds what waits to be sent, of one kind.
type outbox[T any] struct {
	outage
	// of is what metrics call it.
	of     string
	url    func(*Target) string
	encode func(*Target, []T) ([]byte, error)
	// wake has room for one: a batch is full.
	wake chan struct{}

	mu    sync.Mutex
	items []T
	limit int
}

func (b *outbox[T]) bound(limit int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit = limit
}

// add tells whether there was room.
func (b *outbox[T]) add(item T) bool {
	b.mu.Lock()
	n := len(b.items)
	if n >= b.limit {
		b.mu.Unlock()
		return false
	}
	b.items = append(b.items, item)
	b.mu.Unlock()
	if 4*(n+1) >= b.limit {
		select {
		case b.wake <- struct{}{}:
		default: // it is awake already
		}
	}
	return true
}

// take gives at most n items, which are no longer held.
func (b *outbox[T]) take(n int) []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(b.items))
	batch := slices.Clone(b.items[:n])
	b.items = slices.Delete(b.items, 0, n)
	return batch
}

// run sends batches when they are full or old enough, until the exporter ends.
func (b *outbox[T]) run(o *OTLP) {
	tick := time.NewTicker(o.config.Interval)
	defer tick.Stop()
	for {
		isEnd := false
		select {
		case <-tick.C:
		case <-b.wake:
		case <-o.stopping:
			isEnd = true
		}
		for batch := b.take(o.batchSize()); len(batch) > 0; batch = b.take(o.batchSize()) {
			b.deliver(o, batch)
		}
		if isEnd {
			return
		}
	}
}
