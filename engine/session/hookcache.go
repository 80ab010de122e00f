package session

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hookAnswers remembers what an auth hook answered for as long as the answer's Cache-Control lets it (RFC 9111 §5.2). The
// key is everything the hook was sent but what tells requests of one caller apart without speaking for anybody, so no
// answer reaches a request that the hook might have answered otherwise.
type hookAnswers struct {
	answers *cache[digest, hookAnswer]
	now     func() time.Time
}

type hookAnswer struct {
	session *Session // only read
	until   time.Time
}

// maxHookAge is the longest an answer is kept, whatever the hook says: a mistyped age must end some day.
const maxHookAge = time.Hour

// newHookAnswers keeps at most twice size answers; nil, which remembers nothing, for none.
func newHookAnswers(size int, now func() time.Time) *hookAnswers {
	if size <= 0 {
		return nil
	}
	return &hookAnswers{newCache[digest, hookAnswer](max(1, size/2)), now}
}

// perRequest are headers that are another at each request of the same caller, and say nothing of who it is.
var perRequest = map[string]bool{
	"X-Request-Id": true, "Traceparent": true, "Tracestate": true, "B3": true,
	"X-B3-Traceid": true, "X-B3-Spanid": true, "X-B3-Parentspanid": true, "X-B3-Sampled": true, "X-B3-Flags": true,
	"Content-Length": true, // the query's length; where the hook is shown the query, that is in the key
}

// keyOf is the digest of headers but those hidden from the hook, and of what else it is shown.
func keyOf(h http.Header, hidden map[string]bool, body []byte) (of digest) {
	names := make([]string, 0, len(h))
	for name := range h {
		if !perRequest[name] && !hidden[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		put(sum, name)
		count(sum, len(h[name]))
		for _, value := range h[name] {
			put(sum, value)
		}
	}
	count(sum, len(names))
	_, _ = sum.Write(body)
	sum.Sum(of[:0])
	return of
}

func put(sum hash.Hash, text string) {
	count(sum, len(text))
	_, _ = sum.Write([]byte(text))
}

func count(sum hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	_, _ = sum.Write(b[:])
}

// get gives a copy of what was answered, which still counts.
func (a *hookAnswers) get(key digest) (*Session, bool) {
	if a == nil {
		return nil, false
	}
	found, ok := a.answers.get(key)
	if !ok {
		return nil, false
	}
	if !a.now().Before(found.until) {
		a.answers.remove(key)
		return nil, false
	}
	s := *found.session
	return &s, true
}

// put remembers an answer as long as it may be. One that sets cookies is not remembered: they are for one client.
func (a *hookAnswers) put(key digest, s *Session, h http.Header) {
	if a == nil || len(h.Values("Set-Cookie")) > 0 {
		return
	}
	age := freshness(h)
	if age <= 0 {
		return
	}
	until := a.now().Add(min(age, maxHookAge))
	if !s.Expires.IsZero() && s.Expires.Before(until) {
		until = s.Expires
	}
	kept := *s
	a.answers.put(key, hookAnswer{&kept, until})
}

// freshness is how long an answer may be used again: max-age less Age, and nothing without a max-age or where the answer
// says that it must not be kept. (s-maxage is for caches that serve many clients; this one has one, the engine.)
func freshness(h http.Header) time.Duration {
	var age time.Duration
	found := false
	for _, line := range h.Values("Cache-Control") {
		for _, directive := range strings.Split(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "no-store", "no-cache":
				return 0
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
				if err != nil || found { // malformed or told twice: stale (RFC 9111 §4.2.1)
					return 0
				}
				age, found = time.Duration(seconds)*time.Second, true
			}
		}
	}
	if old := h.Get("Age"); old != "" {
		seconds, err := strconv.ParseUint(old, 10, 31)
		if err != nil {
			return 0
		}
		age -= time.Duration(seconds) * time.Second
	}
	return age
}
