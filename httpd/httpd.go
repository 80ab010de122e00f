// Package httpd is the HTTP ground floor: listening and graceful shutdown, middleware every request passes, and JSON in
// and out. It knows no routes.
package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits of what a client may take its time or its bytes for.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// maxPrealloc is how much a client's word for its body's length is worth.
	maxPrealloc = 64 << 10
)

// Serve serves handler on every listener until ctx ends, then stops taking connections and lets running requests finish
// for up to grace. It closes the listeners.
func Serve(ctx context.Context, log *slog.Logger, grace time.Duration, limits Limits, handlers map[net.Listener]http.Handler) error {
	limits = limits.orDefault()
	failed := make(chan error, len(handlers))
	servers := make([]*http.Server, 0, len(handlers))
	for l, h := range handlers {
		s := &http.Server{
			Handler:           h,
			ReadHeaderTimeout: min(readHeaderTimeout, limits.Timeout),
			ReadTimeout:       limits.Timeout, // until the body is read: see client
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    limits.HeaderBytes,
			ConnContext:       limits.withClient,
			ConnState:         limits.count,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
			BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		}
		servers = append(servers, s)
		go func() { failed <- s.Serve(l) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var ending sync.WaitGroup // side by side: none takes connections while another waits for its requests
	for _, s := range servers {
		ending.Go(func() {
			if e := s.Shutdown(closing); e != nil {
				log.WarnContext(closing, "requests cut off at shutdown", "error", e)
				_ = s.Close()
			}
		})
	}
	ending.Wait()
	return err
}

// WriteJSON writes v as a JSON body, without escaping HTML and without a trailing newline.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Every value written is one of our own structs; a failure is a broken invariant of the program.
		panic(fmt.Sprintf("httpd: value cannot be encoded: %v", err))
	}
	WriteBytes(w, status, bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}

// WriteBytes writes a JSON body that is already encoded.
func WriteBytes(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))} // Hasura always says it; and no chunking
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// jsonType is shared by all answers: a header's values are replaced or appended to, never changed.
var jsonType = []string{"application/json; charset=utf-8"}

// ReadBody reads a request body of at most max bytes. A larger one gives an error that IsTooLarge recognises.
func ReadBody(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	defer func() { OperationOf(r.Context()).Arrived = time.Now() }()
	from, c := http.MaxBytesReader(w, r.Body, max), clientOf(r.Context())
	if n := r.ContentLength; n >= 0 && n <= min(max, maxPrealloc) {
		body := make([]byte, n)
		if _, err := io.ReadFull(from, body); err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
		c.arrived()
		return body, nil
	}
	body, err := io.ReadAll(patient{from, c})
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	c.arrived()
	return body, nil
}

// patient waits for each part of a body anew.
type patient struct {
	io.Reader
	from *client
}

func (p patient) Read(b []byte) (int, error) {
	p.from.expect()
	return p.Reader.Read(b)
}

// IsTooLarge tells whether err says that a request body was over its limit.
func IsTooLarge(err error) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(err, &tooLarge)
}
