package engine

import (
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
)

// BenchmarkFollowedWrites measures what many writes cost: how often groups look while what they read is written to 5,000
// times a second, and what a million rows mean that nobody watches.
func BenchmarkFollowedWrites(b *testing.B) {
	for _, isFollowed := range []bool{true, false} {
		b.Run(map[bool]string{true: "followed", false: "polled"}[isFollowed], func(b *testing.B) { benchmarkFollowedWrites(b, isFollowed) })
	}
}

func benchmarkFollowedWrites(b *testing.B, isFollowed bool) {
	f := newFollowBench(b, isFollowed)
	f.run(`create table live (id int primary key, v bigint not null)`)
	f.run(`insert into live select n, 0 from generate_series(1, 1000) n`)
	f.run(`create table still (id int primary key, v bigint not null)`)
	f.run(`create table other (id int, v text)`)
	f.track("live")
	f.track("still")
	admin := &session.Session{Role: "admin", Variables: map[string]string{"x-hasura-role": "admin"}}
	for _, query := range []string{
		`{ live(order_by: {id: asc}, limit: 1) { v } }`, `{ live_by_pk(id: 7) { v } }`, `{ live_aggregate { aggregate { sum { v } } } }`,
		`{ live(where: {v: {_gt: 5}}, limit: 10) { id } }`, `{ still { v } }`,
	} {
		q, err := f.engine.Snapshot().Line.Subscription(admin, operation.Request{Query: "subscription " + query})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(f.engine.subscriptions.Subscribe(q, func(subscription.Event) {}))
	}
	if isFollowed {
		f.awaitFollowed()
	}
	time.Sleep(3 * time.Second) // the look after having begun to follow

	const duration, rate, writers = 10 * time.Second, 5000, 4
	late := f.awaitLate()
	looks, still, cpu, began, written := f.looks(`"live"`), f.looks(`"still"`), cpuTime(), time.Now(), 0
	var mu sync.Mutex
	var writing sync.WaitGroup
	for range writers { // each batch is so many transactions
		writing.Go(func() {
			const batch = rate / writers / 10
			for tick := time.NewTicker(100 * time.Millisecond); time.Since(began) < duration; <-tick.C {
				f.run(`do $$ begin for i in 1..125 loop update live set v = v + 1 where id = 1 + (random() * 999)::int; commit; end loop; end $$`)
				mu.Lock()
				written += batch
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	took := time.Since(began)
	b.ReportMetric(float64(written)/took.Seconds(), "writes/s")
	b.ReportMetric(float64(f.looks(`"live"`)-looks)/took.Seconds(), "looks/s")
	b.ReportMetric((cpuTime()-cpu).Seconds()/took.Seconds()*100, "%-of-a-core")
	b.ReportMetric(late().Seconds(), "late-s")
	b.ReportMetric(float64(f.looks(`"still"`)-still)/took.Seconds(), "looks/s-at-what-stood-still")

	time.Sleep(2 * time.Second)
	late, cpu, began = f.awaitLate(), cpuTime(), time.Now()
	f.run(`insert into other select n, repeat('x', 80) from generate_series(1, 1000000) n`)
	b.ReportMetric(time.Since(began).Seconds(), "s-for-1M-rows")
	if isFollowed {
		time.Sleep(time.Second)
		f.awaitFollowed()
		b.ReportMetric(time.Since(began).Seconds(), "s-until-followed")
	}
	b.ReportMetric(late().Seconds(), "late-for-1M-s")
	b.ReportMetric((cpuTime() - cpu).Seconds(), "cpu-s-for-1M")
}

// looks is how often the groups that read a table have looked.
func (f *followBench) looks(table string) (n int64) {
	for _, g := range f.engine.subscriptions.Describe() {
		if strings.Contains(g.Live.Polls[0].SQL, table) {
			n += g.Cost.Looks
		}
	}
	return n
}

// awaitLate watches how long the feed is not well, until the result is asked for.
func (f *followBench) awaitLate() func() time.Duration {
	var late time.Duration
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		why := ""
		for last := time.Now(); ; {
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Millisecond):
			}
			now, state := time.Now(), f.engine.Snapshot().feed("default").State()
			if !state.IsFollowed {
				late += now.Sub(last)
				if state.Why != why && state.Why != "off" {
					why = state.Why
					f.Log(why)
				}
			}
			last = now
		}
	}()
	return func() time.Duration {
		close(ended)
		<-done
		return late
	}
}
