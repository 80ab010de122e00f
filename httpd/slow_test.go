package httpd_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"gatehouse/httpd"
)

const patience = time.Second

// serving serves a handler to clients who may stand still for patience, and gives its address.
func serving(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	log := slog.New(slog.DiscardHandler)
	go func() {
		served <- httpd.Serve(ctx, log, time.Second, httpd.Limits{Timeout: patience, HeaderBytes: 4096},
			map[net.Listener]http.Handler{l: httpd.Middleware(httpd.Config{Log: log}, h)})
	}()
	t.Cleanup(func() { cancel(); <-served })
	return l.Addr().String()
}

func dial(t *testing.T, address, send string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	return c
}

// body answers with the body, or why there is none.
func body(w http.ResponseWriter, r *http.Request) {
	b, err := httpd.ReadBody(w, r, 1<<30)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%d bytes", len(b))
}

func TestServe_aClientThatStandsStillIsCutOff(t *testing.T) {
	t.Parallel()
	address := serving(t, body)
	for name, send := range map[string]string{
		"nothing":        "",
		"half a header":  "POST / HTTP/1.1\r\nHost: x\r\n",
		"no small body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12",
		"no large body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n12",
		"no end of many": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n12\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := io.ReadAll(dial(t, address, send)); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("still connected")
			}
		})
	}
}

// steps is how often something is done at a steady pace that takes longer than the patience, as a whole.
func steps(t *testing.T, do func()) {
	t.Helper()
	pace := time.NewTicker(patience / 4)
	defer pace.Stop()
	for range 6 {
		do()
		<-pace.C
	}
}

func TestServe_whoSendsSlowlyButSteadilyIsHeard(t *testing.T) {
	t.Parallel()
	const size = 200 << 10
	c := dial(t, serving(t, body), fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 6*size))
	steps(t, func() {
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Error(err)
		}
	})
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != fmt.Sprintf("%d bytes", 6*size) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A statement may run longer than a client may stand still, and the connection is good for another request after it.
func TestServe_aLongAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	address := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := httpd.ReadBody(w, r, 100); err != nil {
			t.Error(err)
		}
		long := time.NewTimer(patience * 3 / 2)
		defer long.Stop()
		select {
		case <-r.Context().Done():
			t.Error("the request was given up")
		case <-long.C:
		}
	})
	c := dial(t, address, "")
	from := bufio.NewReader(c)
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n12"} {
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

func TestServe_whoTakesNothingIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	dial(t, serving(t, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 256<<20))
		ended <- err
	}), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it was all written")
		}
	case <-time.After(20 * time.Second):
		t.Error("still writing")
	}
}

func TestServe_whoTakesSlowlyButSteadilyGetsAll(t *testing.T) {
	t.Parallel()
	const size = 24 << 20
	c := dial(t, serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 6*size)) }), "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
	from := bufio.NewReader(c)
	for range 2 { // the second one on the same connection
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		steps(t, func() {
			if _, err := io.CopyN(io.Discard, resp.Body, size); err != nil {
				t.Error(err)
			}
		})
		resp.Body.Close()
	}
}

func TestServe_aHeaderThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	c := dial(t, serving(t, body), "GET / HTTP/1.1\r\nHost: x\r\nX: "+string(bytes.Repeat([]byte("x"), 9000))+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", resp.Status)
	}
}
