package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/telemetry"
)

// ResponseCache bounds the cache of responses to queries with @cached.
type ResponseCache struct {
	// Size is in bytes, over all responses; 0 keeps none.
	Size int64
	// MaxEntry is the largest response kept, in bytes.
	MaxEntry int64
	// MaxTTL is the longest a response is kept, whatever the query asks.
	MaxTTL time.Duration
}

// responses remembers the responses of queries that ask for it (Hasura: caching). One belongs to one line, so no change
// of the metadata, of a role's permissions or of a database outlives it.
//
// A response is found again only under everything it may depend on: the endpoint, the operation, the role with what opens
// backend-only permissions, all variables, and of the session what the SQL uses. Who asks for the same thing at the same
// time is answered by one execution.
type responses struct {
	limits ResponseCache
	now    func() time.Time
	kept   *otter.Cache[digest, *response]
	// metrics counts what was found; nil does not.
	metrics *telemetry.Metrics

	mu sync.Mutex
	// running are the executions others may join.
	running map[digest]*execution
	// begun counts executions; what began before or at cleared is not kept.
	begun, cleared uint64
}

type digest [sha256.Size]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// response is a kept response; the body is only read.
type response struct {
	body   []byte
	family digest
	// asked is when its execution began, number which one it was.
	asked   time.Time
	number  uint64
	expires time.Time
}

// execution is a query under way.
type execution struct {
	number uint64
	cancel context.CancelFunc
	done   chan struct{} // closed when body and err are set
	body   []byte
	err    error
	// waiting, guarded by responses.mu, is how many want the result. The last one to leave ends the execution.
	waiting int
}

// responseOverhead is what an entry weighs beside its body.
const responseOverhead = 256

func newResponses(limits ResponseCache) *responses {
	r := &responses{limits: limits, now: time.Now, running: map[digest]*execution{}}
	if limits.Size > 0 {
		r.kept = otter.Must(&otter.Options[digest, *response]{
			MaximumWeight: uint64(limits.Size),
			Weigher:       func(_ digest, v *response) uint32 { return uint32(min(int64(len(v.body))+responseOverhead, 1<<32-1)) },
		})
	}
	return r
}

// question is a query to be answered from the cache if may be.
type question struct {
	family, key digest
	ttl         time.Duration
	refresh     bool
	run         func(context.Context) ([]byte, error)
}

// Headers of a cached response, as the paid product sends them; what Cache-Control says are the seconds left.
const (
	cacheKeyHeader    = "X-Hasura-Query-Cache-Key"
	cacheFamilyHeader = "X-Hasura-Query-Family-Cache-Key"
	cacheControl      = "Cache-Control"
	warning           = "Warning"
)

// notKept is the answer of a query that is not remembered, and why.
func notKept(body []byte, err error, why string) (operation.Answer, error) {
	return operation.Answer{Body: body, Header: [][2]string{{warning, "199 - " + why}}}, err
}

func (r *responses) answer(ctx context.Context, q question) (operation.Answer, error) {
	q.ttl = min(q.ttl, r.limits.MaxTTL)
	if q.ttl <= 0 {
		body, err := q.run(ctx)
		return notKept(body, err, "a response with no time to live is not cached")
	}
	if !q.refresh {
		if kept, left := r.find(q); kept != nil {
			r.counted(true)
			return q.answer(kept.body, left), nil
		}
	}
	r.counted(false)
	body, err := r.execute(ctx, q)
	if err != nil {
		return operation.Answer{}, err
	}
	if int64(len(body)) > r.limits.MaxEntry || int64(len(body))+responseOverhead > r.limits.Size {
		return notKept(body, nil, "the response is too large to be cached")
	}
	return q.answer(body, q.ttl), nil
}

func (r *responses) counted(isHit bool) {
	switch {
	case r.metrics == nil:
	case isHit:
		r.metrics.CacheHits.Inc()
	default:
		r.metrics.CacheMisses.Inc()
	}
}

func (q *question) answer(body []byte, left time.Duration) operation.Answer {
	return operation.Answer{Body: body, Header: [][2]string{
		{cacheKeyHeader, q.key.String()},
		{cacheFamilyHeader, q.family.String()},
		{cacheControl, "max-age=" + strconv.FormatInt(int64(left/time.Second), 10)},
	}}
}

// find gives a kept response that is as fresh as the question wants, and how long it stays so.
func (r *responses) find(q question) (*response, time.Duration) {
	kept, ok := r.kept.GetIfPresent(q.key)
	if !ok {
		return nil, 0
	}
	now := r.now()
	left := min(kept.expires.Sub(now), q.ttl-now.Sub(kept.asked))
	if left <= 0 {
		return nil, 0
	}
	return kept, left
}

// execute runs a question, or waits for whoever runs it already: it does not end while anybody waits, so that a client
// who leaves harms nobody. What is to be had anew is run anew.
func (r *responses) execute(ctx context.Context, q question) ([]byte, error) {
	r.mu.Lock()
	x := r.running[q.key]
	if x == nil || q.refresh {
		work, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r.begun++
		x = &execution{number: r.begun, cancel: cancel, done: make(chan struct{})}
		r.running[q.key] = x
		go r.run(work, q, x, r.now())
	}
	x.waiting++
	r.mu.Unlock()
	select {
	case <-x.done:
		return x.body, x.err
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		if x.waiting--; x.waiting == 0 {
			x.cancel()
			r.forget(q.key, x)
		}
		return nil, ctx.Err()
	}
}

// forget lets nobody join x any more. The caller holds mu.
func (r *responses) forget(key digest, x *execution) {
	if r.running[key] == x {
		delete(r.running, key)
	}
}

func (r *responses) run(ctx context.Context, q question, x *execution, asked time.Time) {
	defer x.cancel()
	defer close(x.done)
	defer func() {
		if p := recover(); p != nil { // there is no request here whose panic the server would catch
			x.body, x.err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.forget(q.key, x)
		if x.err != nil || x.number <= r.cleared || int64(len(x.body)) > r.limits.MaxEntry {
			return
		}
		if kept, ok := r.kept.GetIfPresent(q.key); ok && kept.number > x.number {
			return // a refresh was faster
		}
		r.kept.Set(q.key, &response{body: x.body, family: q.family, asked: asked, number: x.number, expires: asked.Add(q.ttl)})
	}()
	x.body, x.err = q.run(ctx)
}

// clear drops the responses with the key, those of the family, or with neither all. What is being executed is not kept,
// nor given to who asks from now on.
func (r *responses) clear(key, family string) {
	r.mu.Lock()
	r.cleared = r.begun
	clear(r.running)
	r.mu.Unlock()
	if r.kept == nil {
		return
	}
	for k, v := range r.kept.All() {
		if (key == "" || k.String() == key) && (family == "" || v.family.String() == family) {
			r.kept.Invalidate(k)
		}
	}
}

// cached answers a query with @cached.
func (l *Line) cached(ctx context.Context, s *session.Session, b *operation.Bound, role roleKey, p *program, run func(context.Context) ([]byte, error)) (operation.Answer, error) {
	switch {
	case l.responses == nil || l.responses.kept == nil:
		body, err := run(ctx)
		return notKept(body, err, "responses are not cached here")
	case !p.isCacheable:
		body, err := run(ctx)
		return notKept(body, err, "this query cannot be cached")
	}
	ttl, refresh := b.Cached()
	q := question{ttl: time.Duration(min(ttl, 1<<31)) * time.Second, refresh: refresh, run: run}
	h := keyed{sha256.New()}
	text := b.Digest()
	h.add(text[:])
	h.text(b.Operation.Name)
	h.text(s.Role)
	h.text(role.role)
	h.add([]byte{bit(role.backendOnly), bit(role.relay)})
	q.family = h.sum()
	b.Given(func(name string, raw []byte) { h.value(name, string(raw), raw != nil) })
	if p.depends.All {
		for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
			h.value(name, s.Variables[name], true)
		}
	}
	for _, name := range p.depends.Variables {
		value, has := s.Variables[name]
		h.value(name, value, has)
	}
	q.key = h.sum()
	return l.responses.answer(ctx, q)
}

// keyed hashes parts so that no two lists of parts are one text.
type keyed struct{ hash.Hash }

func (h keyed) add(part []byte) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
	h.Write(part)
}

func (h keyed) text(s string) { h.add([]byte(s)) }

func (h keyed) value(name, value string, has bool) {
	h.text(name)
	h.add([]byte{bit(has)})
	h.text(value)
}

func (h keyed) sum() digest { return digest(h.Sum(nil)) }

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}
