package jwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/httpclient"
	"gatehouse/telemetry"
)

// maxKeySet bounds the body of a key set.
const maxKeySet = 1 << 20

// Intervals of refreshing a remote key set. Hasura polls at most once a minute; so do we.
const (
	minRefresh = time.Minute
	retryAfter = time.Minute
	// missPause bounds what tokens with unknown key ids can make us fetch.
	missPause = 10 * time.Second
)

// Remote is a key set published at a URL: fetched at start, refreshed by its own cache headers, and fetched again when
// a token names a key it does not have.
type Remote struct {
	url    string
	client *http.Client
	lines  *telemetry.Log
	set    Set
	now    func() time.Time

	mu       sync.Mutex // one fetch at a time; guards the two below
	fetched  time.Time
	nextPoll time.Time
}

// NewRemote prepares a remote key set; nothing is fetched before Fetch or Run. lines is told when it cannot be refreshed;
// nil is not.
func NewRemote(from string, client *http.Client, lines *telemetry.Log) *Remote {
	r := &Remote{url: from, client: client, lines: lines, now: time.Now}
	r.set.Replace()
	return r
}

// Keys are the keys fetched last.
func (r *Remote) Keys() []jose.JSONWebKey { return r.set.Keys() }

// Changes counts how often the keys have been replaced.
func (r *Remote) Changes() uint64 { return r.set.Changes() }

// Fetch fetches the key set now.
func (r *Remote) Fetch(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fetch(ctx)
}

func (r *Remote) fetch(ctx context.Context) error {
	now := r.now()
	r.fetched, r.nextPoll = now, now.Add(retryAfter)
	answer, err := httpclient.Get(ctx, r.client, r.url, maxKeySet)
	if err != nil {
		return fmt.Errorf("fetch JWK set: %w", httpclient.WithoutURL(err))
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("fetch JWK set: %s answered with status %d", telemetry.PublicURL(r.url), answer.Status)
	}
	keys, err := ParseKeySet(answer.Body)
	if err != nil {
		return fmt.Errorf("fetch JWK set from %s: %w", telemetry.PublicURL(r.url), err)
	}
	r.set.Replace(keys...)
	r.nextPoll = now.Add(max(minRefresh, lifetime(answer.Header, now)))
	return nil
}

// Missed is called when a token names a key that is not in the set: it fetches again, unless that happened within the
// last seconds, and tells whether the set may be new.
func (r *Remote) Missed(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Sub(r.fetched) < missPause {
		return false
	}
	if err := r.fetch(ctx); err != nil {
		r.failed(ctx, err)
		return false
	}
	return true
}

// Run refreshes the set when it is due, until ctx ends. Old keys stay in use while the publisher cannot be reached.
func (r *Remote) Run(ctx context.Context) {
	for {
		r.mu.Lock()
		wait := r.nextPoll.Sub(r.now())
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(wait, time.Second)):
		}
		r.mu.Lock()
		var err error
		if !r.now().Before(r.nextPoll) {
			err = r.fetch(ctx)
		}
		r.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			r.failed(ctx, err)
		}
	}
}

// failed writes that the set could not be refreshed (Hasura: Auth/JWT/Logging, JwkRefreshLog).
func (r *Remote) failed(ctx context.Context, err error) {
	type cause struct {
		URL     string `json:"url"`
		Message string `json:"message"`
	}
	r.lines.Write(ctx, telemetry.JWKRefreshLog, slog.LevelError, struct {
		Message string `json:"message"`
		Error   cause  `json:"error"`
	}{"JWK set refresh failed", cause{telemetry.PublicURL(r.url), err.Error()}})
}

// lifetime is how long a key set may be kept: Cache-Control first, then Expires (RFC 9111 §5.2, §5.3); zero when
// neither says, or when it must not be stored.
func lifetime(h http.Header, now time.Time) time.Duration {
	for _, directive := range strings.Split(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age", "s-maxage":
			if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && seconds >= 0 {
				return min(time.Duration(seconds)*time.Second, 24*time.Hour)
			}
		}
	}
	if t, err := http.ParseTime(h.Get("Expires")); err == nil {
		return min(t.Sub(now), 24*time.Hour)
	}
	return 0
}

// ParseKeySet reads a JWK set (RFC 7517 §5). Keys of unknown kinds and keys that are not for signatures are left out;
// a set in which nothing usable remains is an error.
func ParseKeySet(text []byte) ([]jose.JSONWebKey, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("not a JWK set: %w", err)
	}
	var keys []jose.JSONWebKey
	for _, r := range raw.Keys {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(r); err != nil || k.Use != "" && k.Use != "sig" {
			continue
		}
		if _, symmetric := k.Key.([]byte); symmetric {
			continue // a published secret is none
		}
		if !k.IsPublic() {
			k = k.Public()
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("the JWK set holds no usable signature key")
	}
	return keys, nil
}
