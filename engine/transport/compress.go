package transport

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// plainBelow is Hasura's threshold (Server/Compression). Hasura also takes a better level for large bodies; the lowest is
// three times as fast for a tenth more bytes.
const plainBelow = 700

// zippers are kept: one is 800 kB.
var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails on unknown levels only
	return z
}}

// Gzip is a body as Compress would send it.
func Gzip(body []byte) []byte {
	var out bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	z.Reset(&out)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	z.Reset(nil)
	zippers.Put(z)
	return out.Bytes()
}

// takesZipped tells whether a body is to be sent as gzip to the client of r.
func takesZipped(r *http.Request, body []byte) bool {
	takesGzip, takesPlain := accepted(r.Header["Accept-Encoding"])
	return takesGzip && (!takesPlain || len(body) >= plainBelow)
}

// Compress gzips answers where the client accepts it. Bodies are written in one piece here, so the first write tells
// their size.
func Compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header["Accept-Encoding"]
		if len(values) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		takesGzip, takesPlain := accepted(values)
		if !takesGzip || isUpgrade(r) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w, always: !takesPlain, noted: httpd.OperationOf(r.Context())}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// accepted reads Accept-Encoding (RFC 9110 §12.5.3).
func accepted(values []string) (takesGzip, takesPlain bool) {
	takesPlain = true
	var gzipKnown, plainKnown bool
	star, hasStar := false, false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		ok := true
		if q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); found {
			weight, err := strconv.ParseFloat(q, 64)
			ok = err == nil && weight > 0
		}
		switch strings.TrimSpace(name) {
		case "gzip", "x-gzip":
			takesGzip, gzipKnown = ok, true
		case "identity":
			takesPlain, plainKnown = ok, true
		case "*":
			star, hasStar = ok, true
		}
	}
	if hasStar && !gzipKnown {
		takesGzip = star
	}
	if hasStar && !plainKnown && !star {
		takesPlain = false
	}
	return takesGzip, takesPlain
}

// compressor decides at the first write.
type compressor struct {
	http.ResponseWriter
	always  bool
	status  int
	decided bool
	gz      *gzip.Writer
	noted   *telemetry.Operation
}

func (c *compressor) WriteHeader(status int) {
	if status < 200 {
		c.ResponseWriter.WriteHeader(status)
		return
	}
	if c.status == 0 {
		c.status = status
	}
}

func (c *compressor) Write(b []byte) (int, error) {
	if !c.decided {
		c.decide(len(b))
	}
	if c.gz != nil {
		c.noted.PlainBytes += int64(len(b))
		return c.gz.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

func (c *compressor) decide(size int) {
	c.decided = true
	h := c.Header()
	bodiless := c.status == http.StatusNoContent || c.status == http.StatusNotModified
	isStream := h.Get("Content-Type") == eventType // each event is to arrive when it is written
	if !bodiless && !isStream && h.Get("Content-Encoding") == "" && (c.always || size >= plainBelow) {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		h.Del("Content-Length")
		c.gz = zippers.Get().(*gzip.Writer)
		c.gz.Reset(c.ResponseWriter)
	}
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
}

func (c *compressor) close() {
	if !c.decided && c.status != 0 {
		c.decided = true
		c.ResponseWriter.WriteHeader(c.status)
	}
	if c.gz != nil {
		_ = c.gz.Close() // an error: the client is gone
		c.gz.Reset(nil)
		zippers.Put(c.gz)
		c.gz = nil
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }
