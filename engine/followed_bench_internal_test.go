package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
	"gatehouse/postgres/embedded"
)

// BenchmarkFollowed measures subscriptions at the hub, without sockets, on a source that nobody else uses: what idle ones
// ask, how soon a change is told, and what many writes cost. A subscriber's row is its own.
func BenchmarkFollowed(b *testing.B) {
	for _, isFollowed := range []bool{true, false} {
		b.Run(map[bool]string{true: "followed", false: "polled"}[isFollowed], func(b *testing.B) { benchmarkFollowed(b, isFollowed) })
	}
}

func benchmarkFollowed(b *testing.B, isFollowed bool) {
	const subscribers = 10_000
	f := newFollowBench(b, isFollowed)
	e, cluster, run := f.engine, f.cluster, f.run
	run(`create table live (id int primary key, v bigint not null)`)
	run(`insert into live select n, 0 from generate_series(1, $1) n`, subscribers)
	f.track("live")

	var mu sync.Mutex
	told := make(chan struct{}, 1)
	count := 0
	times := make([]time.Time, 0, subscribers)
	push := func(subscription.Event) {
		mu.Lock()
		count++
		times = append(times, time.Now())
		mu.Unlock()
		select {
		case told <- struct{}{}:
		default:
		}
	}
	await := func(n int) {
		for deadline := time.After(time.Minute); ; {
			mu.Lock()
			done := count >= n
			mu.Unlock()
			if done {
				return
			}
			select {
			case <-told:
			case <-deadline:
				b.Fatal("not everybody was told")
			}
		}
	}
	reset := func() {
		mu.Lock()
		count, times = 0, times[:0]
		mu.Unlock()
	}
	admin := &session.Session{Role: "admin", Variables: map[string]string{"x-hasura-role": "admin"}}
	for i := range subscribers {
		req := operation.Request{Query: `subscription ($id: Int!) { live_by_pk(id: $id) { id v } }`, Variables: map[string]json.RawMessage{"id": json.RawMessage(strconv.Itoa(i + 1))}}
		q, err := e.Snapshot().Line.Subscription(admin, req)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(e.subscriptions.Subscribe(q, push))
	}
	await(subscribers)
	if isFollowed {
		f.awaitFollowed()
	}
	time.Sleep(3 * time.Second) // the look after having begun to follow; what sessions did is counted a second later
	const idle = 5 * time.Second
	run(`alter system set log_statement = 'all'`)
	run(`select pg_reload_conf()`)
	time.Sleep(time.Second)
	before := logged(b, cluster)
	time.Sleep(idle)
	b.ReportMetric(float64(logged(b, cluster)-before)/idle.Seconds(), "idle-queries/s")
	run(`alter system reset log_statement`)
	run(`select pg_reload_conf()`)

	var latencies []time.Duration
	for range 5 { // after a quiet interval, and no more often than that
		time.Sleep(1500 * time.Millisecond)
		reset()
		run(`update live set v = v + 1 where id <= 1000`)
		committed := time.Now()
		await(1000)
		mu.Lock()
		for _, at := range times[:1000] {
			latencies = append(latencies, at.Sub(committed))
		}
		mu.Unlock()
	}
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "ms-p99")

	reset()
	cpu, statements := cpuTime(), e.subscriptions.Looks()
	for range 5 { // everybody, once a second
		run(`update live set v = v + 1`)
		time.Sleep(time.Second)
	}
	mu.Lock()
	deliveries := count
	mu.Unlock()
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(max(deliveries, 1)), "µs-cpu/delivery")
	b.ReportMetric(float64(deliveries), "deliveries")
	b.ReportMetric(float64(e.subscriptions.Looks()-statements), "looks-in-5s")

	statements = e.subscriptions.Looks()
	began, writes := time.Now(), 0
	for ; time.Since(began) < 5*time.Second; writes += 500 {
		run(`do $$ begin for i in 1..500 loop update live set v = v + 1 where id = i; commit; end loop; end $$`)
	}
	b.ReportMetric(float64(writes)/time.Since(began).Seconds(), "writes/s")
	b.ReportMetric(float64(e.subscriptions.Looks()-statements), "looks-under-writes")
}

// followBench is an engine over a source that nobody else uses.
type followBench struct {
	*testing.B
	engine  *Engine
	cluster *embedded.Server
	pool    *pgxpool.Pool
}

func newFollowBench(b *testing.B, isFollowed bool) *followBench {
	cluster := testpg.Cluster(b, 0, map[string]string{"synchronous_commit": "on"})
	callers, err := session.ParseConfig(session.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(b.Context(), Config{
		MetadataURL: testpg.Database(b), DefaultSourceURL: cluster.OwnerURL(), Session: callers, Options: schema.Options{},
		FollowChanges: isFollowed, SchemaWatchInterval: time.Second,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = e.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		ended.Wait()
		e.Close()
	})
	return &followBench{b, e, cluster, testpg.Pool(b, cluster.OwnerURL())}
}

func (f *followBench) run(sql string, args ...any) {
	if _, err := f.pool.Exec(f.Context(), sql, args...); err != nil {
		f.Fatal(err)
	}
}

func (f *followBench) track(table string) {
	if code, body := (&comparison{engine: f.engine}).post("/v1/metadata", "pg_track_table", `{"table":"`+table+`"}`); code != 200 {
		f.Fatal(body)
	}
}

// awaitFollowed waits until all groups are.
func (f *followBench) awaitFollowed() {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		why := ""
		for _, g := range f.engine.subscriptions.Describe() {
			why = cmp.Or(why, g.Polls)
		}
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			f.Fatal(why)
		}
	}
}

// logged is how many statements the log of a cluster names.
func logged(b *testing.B, cluster *embedded.Server) int {
	log, err := os.ReadFile(filepath.Join(cluster.DataDir(), "postgres.log"))
	if err != nil {
		b.Fatal(err)
	}
	return bytes.Count(log, []byte(" LOG:  execute ")) + bytes.Count(log, []byte(" LOG:  statement: "))
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
