package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Retries follow the specification (OTLP/HTTP, Failures; OTLP/HTTP Throttling).
const (
	firstPause = time.Second
	maxPause   = 10 * time.Second
	// maxRetrying is how long a batch is tried; meanwhile what comes waits, as far as there is room.
	maxRetrying = time.Minute
	// maxReply bounds what is read of an answer.
	maxReply = 64 << 10
)

// failure is a request that was not taken.
type failure struct {
	error
	isFinal bool
	// after is when to try again, if that was said.
	after time.Duration
}

// deliver sends a batch, again while that may help.
func (b *outbox[T]) deliver(o *OTLP, batch []T) {
	began, pause := time.Now(), firstPause
	for {
		t, changed := o.target.Load(), o.hasChanged()
		if t == nil || b.url(t) == "" {
			return // nobody wants it any more
		}
		rejected, err := b.post(o, t, batch)
		if err == nil {
			o.config.Metrics.exported(b.of, sent, len(batch)-rejected)
			o.config.Metrics.exported(b.of, sendFailed, rejected)
			b.told(o, nil)
			return
		}
		b.told(o, err)
		var f *failure
		if errors.As(err, &f) && f.after > 0 {
			pause = f.after
		}
		if f != nil && f.isFinal || time.Since(began)+pause > maxRetrying || o.isStopping() {
			o.config.Metrics.exported(b.of, sendFailed, len(batch))
			return
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2+1)) //nolint:gosec // no secret
		select {
		case <-timer.C:
			pause = min(2*pause, maxPause)
		case <-changed:
			pause = firstPause
		case <-o.stopping: // once more
		}
		timer.Stop()
	}
}

func (o *OTLP) isStopping() bool {
	select {
	case <-o.stopping:
		return true
	default:
		return false
	}
}

// outage is whether deliveries of a signal fail.
type outage struct {
	what      string
	isFailing bool
}

// told logs when deliveries begin to fail, and when they work again.
func (u *outage) told(o *OTLP, err error) {
	if isFailing := err != nil; isFailing == u.isFailing {
		return
	}
	u.isFailing = err != nil
	if err != nil {
		o.config.Log.Write(o.ctx, UnstructuredLog, slog.LevelWarn, "OTel exporter: Failed to deliver "+u.what+": "+err.Error())
	} else {
		o.config.Log.Write(o.ctx, UnstructuredLog, slog.LevelInfo, "OTel exporter: "+u.what+" are delivered again")
	}
}

// post sends a batch once. rejected is how many items of it the receiver did not take.
func (b *outbox[T]) post(o *OTLP, t *Target, batch []T) (rejected int, err error) {
	body, err := b.encode(t, batch)
	if err != nil {
		return 0, &failure{error: err, isFinal: true}
	}
	reply, err := o.post(t, b.url(t), body)
	if err != nil {
		return 0, err
	}
	return b.rejected(reply, len(batch)), nil
}

// post sends a message once, and gives the answer.
func (o *OTLP) post(t *Target, to string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(o.ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{error: errors.New("the endpoint is no URL"), isFinal: true}
	}
	req.Header = t.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "OTLP-Exporter-Gatehouse/"+o.config.Version)
	resp, err := o.config.Client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // it quotes the URL, in which there may be a token
			err = u.Err
		}
		return nil, &failure{error: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, refusal(resp)
	}
	reply, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply)) // it was taken, whatever is wrong with the rest
	return reply, nil
}

// refusal is why an answer means failure, and whether to try again.
func refusal(resp *http.Response) error {
	f := &failure{error: fmt.Errorf("%s answered %s", PublicURL(resp.Request.URL.String()), resp.Status), isFinal: true}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		f.isFinal = false
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
			f.after = time.Duration(seconds) * time.Second
		}
	}
	return f
}

// rejected reads how many items were not taken (OTLP: Partial Success). The field has the same number for every signal.
func (b *outbox[T]) rejected(reply []byte, of int) int {
	var r collector.ExportTraceServiceResponse
	if proto.Unmarshal(reply, &r) != nil {
		return 0
	}
	return int(min(max(r.GetPartialSuccess().GetRejectedSpans(), 0), int64(of)))
}
