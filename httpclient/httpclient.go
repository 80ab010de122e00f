// Package httpclient makes outbound calls that are bounded in time and size and kept away from addresses that the one
// who named the URL may not reach.
package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"gatehouse/telemetry"
)

// Reach says which addresses a client may connect to.
type Reach int

const (
	// Operator is for URLs from the environment and the metadata: private addresses are allowed, link-local ones (cloud
	// metadata services) are not.
	Operator Reach = iota
	// Public is for URLs from scripts, client metadata and end users: only public addresses.
	Public
)

// ErrForbiddenAddress is returned (wrapped) when a name resolves to an address out of reach.
var ErrForbiddenAddress = errors.New("address not allowed")

// New returns a client whose whole exchange, body included, ends within timeout. The guard looks at the address that
// is really connected to, after name resolution, so a name that changes its mind between check and use gains nothing;
// redirects pass the same guard.
func New(reach Reach, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{
		Timeout: min(timeout, 10*time.Second), KeepAlive: 30 * time.Second,
		Control: func(network, address string, _ syscall.RawConn) error { return guard(reach, network, address) },
	}
	transport := &http.Transport{
		DialContext:           dialer.DialContext,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   100,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: timeout,
		ForceAttemptHTTP2:     true,
	}
	var through http.RoundTripper = transport
	if reach == Operator {
		transport.Proxy = http.ProxyFromEnvironment // the operator's own network may need it
		through = traced{transport}
	}
	return &http.Client{Transport: through, Timeout: timeout, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 {
			return errors.New("more than 5 redirects")
		}
		if s := req.URL.Scheme; s != "http" && s != "https" {
			return fmt.Errorf("redirect to scheme %q", s)
		}
		return nil
	}}
}

// traced makes a span of each exchange, and has it carry the trace on. What is called for others, at addresses that they
// choose, is not told of our traces.
type traced struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	if telemetry.SpanOf(req.Context()) == nil {
		return t.Transport.RoundTrip(req)
	}
	req = req.Clone(req.Context()) // a RoundTripper may not change its request
	span := telemetry.Outbound(req)
	resp, err := t.Transport.RoundTrip(req)
	span.Answered(resp, err)
	return resp, err
}

func guard(reach Reach, network, address string) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrForbiddenAddress, network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrForbiddenAddress, address)
	}
	ip := ap.Addr().Unmap()
	forbidden := ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsMulticast() || ip == awsMetadata6
	if reach == Public {
		forbidden = forbidden || !isPublic(ip)
	}
	if forbidden {
		return fmt.Errorf("%w: %s", ErrForbiddenAddress, ip)
	}
	return nil
}

// awsMetadata6 is the IPv6 metadata service of AWS, which is a unique local, not a link-local address.
var awsMetadata6 = netip.MustParseAddr("fd00:ec2::254")

// notPublic are the blocks of the IANA special-purpose registries that netip has no word for.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

func isPublic(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// ErrTooLarge is returned by ReadAll for a body over its limit.
var ErrTooLarge = errors.New("response body too large")

// ReadAll reads and closes a response body of at most max bytes.
func ReadAll(resp *http.Response, max int64) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, max+1))
	if err != nil {
		return nil, fmt.Errorf("read response body: %w", err)
	}
	if int64(len(body)) > max {
		return nil, fmt.Errorf("%w: over %d bytes", ErrTooLarge, max)
	}
	return body, nil
}

// WithoutURL is the error of a call without the URL, which may hold a secret.
func WithoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// Answer is a response that has been read.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get fetches a URL whose body has at most max bytes, whatever the status.
func Get(ctx context.Context, client *http.Client, url string, max int64) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := ReadAll(resp, max)
	if err != nil {
		return nil, err
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}
