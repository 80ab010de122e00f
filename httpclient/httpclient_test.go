package httpclient_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/httpclient"
)

func TestNew_refusesForbiddenAddresses(t *testing.T) {
	t.Parallel()
	local := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(local.Close)
	cases := []struct {
		name  string
		reach httpclient.Reach
		url   string
	}{
		{"loopback, public reach", httpclient.Public, local.URL},
		{"loopback by name", httpclient.Public, strings.Replace(local.URL, "127.0.0.1", "localhost", 1)},
		{"IPv4-mapped loopback", httpclient.Public, "http://[::ffff:127.0.0.1]:80/"},
		{"private", httpclient.Public, "http://10.0.0.1/"},
		{"carrier-grade NAT", httpclient.Public, "http://100.64.0.1/"},
		{"unspecified", httpclient.Public, "http://0.0.0.0/"},
		{"unique local", httpclient.Public, "http://[fd00::1]/"},
		{"NAT64 of a private address", httpclient.Public, "http://[64:ff9b::a00:1]/"},
		{"cloud metadata, operator reach", httpclient.Operator, "http://169.254.169.254/latest/meta-data/"},
		{"cloud metadata over IPv6, operator reach", httpclient.Operator, "http://[fd00:ec2::254]/"},
		{"cloud metadata, public reach", httpclient.Public, "http://169.254.169.254/"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := httpclient.Get(t.Context(), httpclient.New(c.reach, 2*time.Second), c.url, 10)
			if !errors.Is(err, httpclient.ErrForbiddenAddress) {
				t.Errorf("got %v, want ErrForbiddenAddress", err)
			}
		})
	}
}

func TestNew_redirectsPassTheGuard(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/", http.StatusFound))
	t.Cleanup(s.Close)
	_, err := httpclient.Get(t.Context(), httpclient.New(httpclient.Operator, 2*time.Second), s.URL, 10)
	if !errors.Is(err, httpclient.ErrForbiddenAddress) {
		t.Errorf("got %v, want ErrForbiddenAddress", err)
	}
}

func TestGet_boundsTheBody(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 11)) }))
	t.Cleanup(s.Close)
	client := httpclient.New(httpclient.Operator, time.Second)
	if _, err := httpclient.Get(t.Context(), client, s.URL, 10); !errors.Is(err, httpclient.ErrTooLarge) {
		t.Errorf("11 bytes with a limit of 10: got %v, want ErrTooLarge", err)
	}
	if a, err := httpclient.Get(t.Context(), client, s.URL, 11); err != nil || len(a.Body) != 11 {
		t.Errorf("11 bytes with a limit of 11: got %+v, %v", a, err)
	}
}

func TestNew_endsASlowBody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	if _, err := httpclient.Get(t.Context(), httpclient.New(httpclient.Operator, 100*time.Millisecond), s.URL, 10); err == nil {
		t.Error("a body that never ends was waited for")
	}
}
