package telemetry

import (
	"time"

	dto "github.com/prometheus/client_model/go"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// sendMetrics sends all metrics now and then, those of /v1/metrics under the same names. What cannot be sent is told by the
// next ones, which are totals: nothing waits, and nothing is tried again.
func (o *OTLP) sendMetrics() {
	tick := time.NewTicker(o.config.MetricsInterval)
	defer tick.Stop()
	deliveries := outage{what: "metrics"}
	for isEnd := false; !isEnd; {
		select {
		case <-tick.C:
		case <-o.stopping:
			isEnd = true
		}
		t := o.target.Load()
		if t == nil || t.Metrics == "" || o.config.Metrics == nil {
			continue
		}
		body, err := o.encodeMetrics(t)
		if err == nil {
			_, err = o.post(t, t.Metrics, body)
		}
		deliveries.told(o, err)
	}
}

// encodeMetrics makes an ExportMetricsServiceRequest (OpenTelemetry: Prometheus and OpenMetrics compatibility).
func (o *OTLP) encodeMetrics(t *Target) ([]byte, error) {
	families, err := o.config.Metrics.registry.Gather()
	if len(families) == 0 && err != nil {
		return nil, err
	}
	began, now := uint64(o.began.UnixNano()), uint64(time.Now().UnixNano())
	var out []*metrics.Metric
	for _, f := range families {
		if m := metric(f, began, now); m != nil {
			out = append(out, m)
		}
	}
	return proto.Marshal(&collector.ExportMetricsServiceRequest{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource: o.resource(t), ScopeMetrics: []*metrics.ScopeMetrics{{Scope: o.scope(), Metrics: out}},
	}}})
}

// metric is a family of metrics; nil of a kind that there is not.
func metric(f *dto.MetricFamily, began, now uint64) *metrics.Metric {
	out := &metrics.Metric{Name: f.GetName(), Description: f.GetHelp()}
	var points []*metrics.NumberDataPoint
	var histograms []*metrics.HistogramDataPoint
	for _, m := range f.GetMetric() {
		var labels []*common.KeyValue
		for _, l := range m.GetLabel() {
			labels = append(labels, textAttribute(l.GetName(), l.GetValue()))
		}
		value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() // one of them
		points = append(points, &metrics.NumberDataPoint{
			Attributes: labels, StartTimeUnixNano: began, TimeUnixNano: now, Value: &metrics.NumberDataPoint_AsDouble{AsDouble: value},
		})
		if m.GetHistogram() != nil {
			histograms = append(histograms, histogram(m.GetHistogram(), labels, began, now))
		}
	}
	const cumulative = metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		out.Data = &metrics.Metric_Sum{Sum: &metrics.Sum{DataPoints: points, AggregationTemporality: cumulative, IsMonotonic: true}}
	case dto.MetricType_GAUGE, dto.MetricType_UNTYPED:
		for _, p := range points {
			p.StartTimeUnixNano = 0
		}
		out.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: points}}
	case dto.MetricType_HISTOGRAM:
		out.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{DataPoints: histograms, AggregationTemporality: cumulative}}
	default: // the runtime's summary of its pauses
		return nil
	}
	return out
}

// histogram is one as OTLP has it: a count for each bucket, where Prometheus adds up, and one for what is beyond the last.
func histogram(h *dto.Histogram, labels []*common.KeyValue, began, now uint64) *metrics.HistogramDataPoint {
	sum, before := h.GetSampleSum(), uint64(0)
	out := &metrics.HistogramDataPoint{Attributes: labels, StartTimeUnixNano: began, TimeUnixNano: now, Count: h.GetSampleCount(), Sum: &sum}
	for _, b := range h.GetBucket() {
		out.ExplicitBounds = append(out.ExplicitBounds, b.GetUpperBound())
		out.BucketCounts = append(out.BucketCounts, b.GetCumulativeCount()-before)
		before = b.GetCumulativeCount()
	}
	out.BucketCounts = append(out.BucketCounts, h.GetSampleCount()-before)
	return out
}
