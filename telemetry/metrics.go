package telemetry

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what /v1/metrics shows, under Hasura's names where Hasura has them (docs: observability, available
// metrics). Those that requests move are bound to their labels beforehand; the others are asked for when somebody looks.
// A nil *Metrics counts nothing, nor does one that nobody looks at: neither served, nor exported.
type Metrics struct {
	isServed   bool
	isExported atomic.Bool
	registry   *prometheus.Registry
	handler    http.Handler

	// RequestBytes and ResponseBytes are of HTTP bodies.
	RequestBytes, ResponseBytes prometheus.Counter
	// SocketReceivedBytes, SocketSentBytes, SocketQueueTime and SocketWriteTime are of WebSocket messages.
	SocketReceivedBytes, SocketSentBytes prometheus.Counter
	SocketQueueTime, SocketWriteTime     prometheus.Observer
	// CacheHits and CacheMisses are of the cache of responses.
	CacheHits, CacheMisses prometheus.Counter

	requests             *prometheus.CounterVec
	execution            [2]prometheus.Observer // of queries and of mutations
	unknown              Requests
	total, database      *prometheus.HistogramVec
	poolWait, connecting *prometheus.HistogramVec
	connectionErrors     *prometheus.CounterVec
	happened             *prometheus.CounterVec
	// exports are about the exporter, by what it exports and what became of it.
	exports map[export]prometheus.Counter

	labels operationLabels

	mu      sync.Mutex
	watched []func(*Scrape)
}

// Hasura's buckets.
var (
	executionBuckets = []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10}
	fineBuckets      = []float64{0.000001, 0.0001, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100}
)

// OperationKind is the kind of a GraphQL operation.
type OperationKind string

// The kinds; Unknown is of requests refused before their kind was known.
const (
	Query        OperationKind = "query"
	Mutation     OperationKind = "mutation"
	Subscription OperationKind = "subscription"
	Unknown      OperationKind = "unknown"
)

// NewMetrics makes the metrics. withOperations puts the operation's name and hash on what is counted by operation
// (METRICS_ENABLE_HIGH_CARDINALITY_LABELS); isServed, that somebody may look at any time.
func NewMetrics(withOperations, isServed bool) *Metrics {
	m := &Metrics{isServed: isServed, registry: prometheus.NewRegistry(), labels: operationLabels{on: withOperations, known: map[[2]string]bool{}}}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), (*watchers)(m))
	operation := []string{"operation_name", "parameterized_query_hash"}
	m.requests = m.counters("hasura_graphql_requests_total", "Number of GraphQL requests received.", append([]string{"operation_type", "response_status"}, operation...)...)
	execution := m.histograms("hasura_graphql_execution_time_seconds", "Execution time of successful GraphQL requests (excluding subscriptions).", executionBuckets, "operation_type")
	m.execution = [2]prometheus.Observer{execution.WithLabelValues(string(Query)), execution.WithLabelValues(string(Mutation))}
	m.unknown = m.bind(Unknown, "", "")
	subscriber := append([]string{"subscription_kind"}, operation...)
	m.total = m.histograms("hasura_subscription_total_time_seconds", "Time of one look of a subscription poller.", fineBuckets, subscriber...)
	m.database = m.histograms("hasura_subscription_db_execution_time_seconds", "Time of a subscription's statement in the database, for one batch.", fineBuckets, subscriber...)
	source := []string{"source_name", "conn_info", "role"}
	m.poolWait = m.histograms("hasura_postgres_pool_wait_time", "Time (in seconds) to acquire a connection from the pool.", fineBuckets, source...)
	m.connecting = m.histograms("hasura_postgres_connection_init_time", "Time (in seconds) to establish and initialise a PostgreSQL connection.", fineBuckets, source...)
	m.connectionErrors = m.counters("hasura_postgres_connection_error_total", "Number of PostgreSQL connections that could not be made.", source...)

	m.RequestBytes = m.counter("hasura_http_request_bytes_total", "Total size of HTTP request bodies received.")
	m.ResponseBytes = m.counter("hasura_http_response_bytes_total", "Total size of HTTP response bodies sent.")
	m.SocketReceivedBytes = m.counter("hasura_websocket_messages_received_bytes_total", "Total size of WebSocket messages received.")
	m.SocketSentBytes = m.counter("hasura_websocket_messages_sent_bytes_total", "Total size of WebSocket messages sent.")
	m.SocketQueueTime = m.histograms("hasura_websocket_message_queue_time", "Time (in seconds) for which a WebSocket message remains queued.", fineBuckets).WithLabelValues()
	m.SocketWriteTime = m.histograms("hasura_websocket_message_write_time", "Time (in seconds) to write a WebSocket message into the TCP send buffer.", fineBuckets).WithLabelValues()
	cache := m.counters("hasura_cache_request_count", "Requests to the cache of responses.", "status")
	m.CacheHits, m.CacheMisses = cache.WithLabelValues("hit"), cache.WithLabelValues("miss")
	m.exports = map[export]prometheus.Counter{}
	for of, is := range map[string]string{"spans": "trace spans", "logs": "log lines"} {
		m.exports[export{of, sent}] = m.counter("hasura_otel_sent_"+of, "Total number of successfully exported "+is+".")
		dropped := m.counters("hasura_otel_dropped_"+of, "Total number of "+is+" dropped.", "reason")
		for _, reason := range []outcome{bufferFull, sendFailed} {
			m.exports[export{of, reason}] = dropped.WithLabelValues(string(reason))
		}
	}
	m.happened = m.counters("gatehouse_identity_events_total", "What the identity half writes into its audit log of sign-ins and tokens, by its key.", "event", "result")
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// Counts tells whether somebody looks, or may: who measures at some cost asks first.
func (m *Metrics) Counts() bool { return m != nil && (m.isServed || m.isExported.Load()) }

func (m *Metrics) exporting(is bool) {
	if m != nil {
		m.isExported.Store(is)
	}
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	return m.counters(name, help).WithLabelValues()
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// ServeHTTP writes all metrics in the text form of Prometheus.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Requests counts the requests for one operation.
type Requests struct {
	success, failed prometheus.Counter
	took            prometheus.Observer
}

// Operation gives the counters of an operation, to be kept with what is remembered of it.
func (m *Metrics) Operation(kind OperationKind, name, hash string) *Requests {
	if m == nil {
		return nil
	}
	name, hash = m.labels.of(name, hash)
	r := m.bind(kind, name, hash)
	return &r
}

func (m *Metrics) bind(kind OperationKind, name, hash string) Requests {
	r := Requests{
		success: m.requests.WithLabelValues(string(kind), "success", name, hash),
		failed:  m.requests.WithLabelValues(string(kind), "failed", name, hash),
	}
	switch kind {
	case Query:
		r.took = m.execution[0]
	case Mutation:
		r.took = m.execution[1]
	}
	return r
}

// Answered counts a request that took so long, or failed.
func (r *Requests) Answered(took time.Duration, failed bool) {
	switch {
	case r == nil:
	case failed:
		r.failed.Inc()
	default:
		r.success.Inc()
		if r.took != nil {
			r.took.Observe(took.Seconds())
		}
	}
}

// Refused counts a request refused before it was known for what.
func (m *Metrics) Refused() {
	if m.Counts() {
		m.unknown.failed.Inc()
	}
}

// Polled notes a look of a subscription: how long it took, and each of its statements.
func (m *Metrics) Polled(kind, name, hash string, total time.Duration, batches []time.Duration) {
	if !m.Counts() {
		return
	}
	name, hash = m.labels.of(name, hash)
	m.total.WithLabelValues(kind, name, hash).Observe(total.Seconds())
	database := m.database.WithLabelValues(kind, name, hash)
	for _, b := range batches {
		database.Observe(b.Seconds())
	}
}

// Pool is one server of a source, for the metrics of its connections.
type Pool struct {
	of               *Metrics
	wait, connecting prometheus.Observer
	errors           prometheus.Counter
}

// Pool gives the metrics of a server: role is "primary" or "replica", connInfo says where it is without a password.
func (m *Metrics) Pool(source, connInfo, role string) *Pool {
	if m == nil {
		return nil
	}
	return &Pool{
		of:   m,
		wait: m.poolWait.WithLabelValues(source, connInfo, role), connecting: m.connecting.WithLabelValues(source, connInfo, role),
		errors: m.connectionErrors.WithLabelValues(source, connInfo, role),
	}
}

// Counts is that of Metrics.
func (p *Pool) Counts() bool { return p != nil && p.of.Counts() }

// Waited notes how long a connection was waited for.
func (p *Pool) Waited(d time.Duration) {
	if p != nil {
		p.wait.Observe(d.Seconds())
	}
}

// Connected notes how long a connection took to make.
func (p *Pool) Connected(d time.Duration) {
	if p != nil {
		p.connecting.Observe(d.Seconds())
	}
}

// Failed notes that a connection could not be made.
func (p *Pool) Failed() {
	if p != nil {
		p.errors.Inc()
	}
}

// export is what became of something to export.
type export struct {
	of string
	outcome
}

type outcome string

const (
	sent       outcome = "sent"
	bufferFull outcome = "buffer_full"
	sendFailed outcome = "send_failed"
)

// exported counts what became of spans or lines.
func (m *Metrics) exported(of string, what outcome, n int) {
	if m == nil || n == 0 {
		return
	}
	if c := m.exports[export{of, what}]; c != nil {
		c.Add(float64(n))
	}
}

// Happened counts an entry of the audit log: its key, and "Success" or "Error".
func (m *Metrics) Happened(event, result string) {
	if m.Counts() {
		m.happened.WithLabelValues(event, result).Inc()
	}
}

// Received counts a WebSocket message.
func (m *Metrics) Received(bytes int) {
	if m.Counts() {
		m.SocketReceivedBytes.Add(float64(bytes))
	}
}

// Sending notes that a message of a WebSocket, queued since then, is sent now.
func (m *Metrics) Sending(since time.Time, bytes int) {
	if m.Counts() {
		if !since.IsZero() { // it was queued while nobody looked
			m.SocketQueueTime.Observe(time.Since(since).Seconds())
		}
		m.SocketSentBytes.Add(float64(bytes))
	}
}

// Writing notes that messages go to a WebSocket's connection; wrote is to be called when they have.
func (m *Metrics) Writing() (wrote func()) {
	if !m.Counts() {
		return noted
	}
	began := time.Now()
	return func() { m.SocketWriteTime.Observe(time.Since(began).Seconds()) }
}

func noted() {}

// Exchanged counts an HTTP request and its answer.
func (m *Metrics) Exchanged(x *Exchange) {
	// As Hasura: not of requests that ask whether the server is there, nor for what there is not.
	if !m.Counts() || x.Status == http.StatusNotFound || x.Path == "/healthz" || x.Path == "/v1/version" {
		return
	}
	m.RequestBytes.Add(float64(x.RequestBytes))
	m.ResponseBytes.Add(float64(x.Bytes))
}

// Watch has fn asked whenever somebody looks. It must not block for long.
func (m *Metrics) Watch(fn func(*Scrape)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watched = append(m.watched, fn)
}

// Scrape takes values that are only known when somebody looks.
type Scrape struct{ out chan<- prometheus.Metric }

// Gauge gives a value that goes up and down; labels are names and values in turn.
func (s *Scrape) Gauge(name, help string, value float64, labels ...string) {
	s.value(prometheus.GaugeValue, name, help, value, labels)
}

// Counter gives a value that only grows.
func (s *Scrape) Counter(name, help string, value float64, labels ...string) {
	s.value(prometheus.CounterValue, name, help, value, labels)
}

func (s *Scrape) value(kind prometheus.ValueType, name, help string, value float64, labels []string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	metric, err := prometheus.NewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, value, values...)
	if err != nil {
		metric = prometheus.NewInvalidMetric(prometheus.NewDesc(name, help, nil, nil), err)
	}
	s.out <- metric
}

// watchers collects from those who are asked when somebody looks.
type watchers Metrics

// Describe describes nothing: what there is is known when it is collected.
func (w *watchers) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (w *watchers) Collect(out chan<- prometheus.Metric) {
	w.mu.Lock()
	watched := w.watched
	w.mu.Unlock()
	for _, fn := range watched {
		fn(&Scrape{out})
	}
}

// OperationLabels are the labels that an operation's series have.
func (m *Metrics) OperationLabels(name, hash string) (string, string) { return m.labels.of(name, hash) }

// operationLabels bounds how many operations have series of their own: clients choose their names and texts.
type operationLabels struct {
	on    bool
	mu    sync.Mutex
	known map[[2]string]bool
}

// maxOperations is how many have; what comes later is counted without a name.
const maxOperations = 2_000

func (l *operationLabels) of(name, hash string) (string, string) {
	if !l.on {
		return "", ""
	}
	key := [2]string{name, hash}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.known[key]:
	case len(l.known) >= maxOperations:
		return "", ""
	default:
		l.known[key] = true
	}
	return name, hash
}
