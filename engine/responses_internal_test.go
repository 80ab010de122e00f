package engine

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func askedFor(r *responses, run func(context.Context) ([]byte, error)) func(ctx context.Context, refresh bool) (string, error) {
	return func(ctx context.Context, refresh bool) (string, error) {
		a, err := r.answer(ctx, question{ttl: time.Minute, refresh: refresh, run: run})
		return string(a.Body), err
	}
}

var roomy = ResponseCache{Size: 1 << 20, MaxEntry: 1 << 20, MaxTTL: time.Hour}

// A herd is one execution, which goes on although the one who began it leaves, and ends when nobody waits.
func TestResponses_executionBelongsToAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, release := newResponses(roomy), make(chan struct{})
		executions := 0
		ask := askedFor(r, func(ctx context.Context) ([]byte, error) {
			executions++
			select {
			case <-release:
				return []byte("x"), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		leader, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := ask(leader, false); !errors.Is(err, context.Canceled) {
				t.Errorf("the leader got %v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			group.Go(func() {
				if got, err := ask(t.Context(), false); got != "x" || err != nil {
					t.Errorf("a follower got %q, %v", got, err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		close(release)
		group.Wait()
		if executions != 1 {
			t.Errorf("%d executions", executions)
		}
		r.clear("", "")
		release = make(chan struct{})
		alone, leave := context.WithCancel(t.Context())
		group.Go(func() { _, _ = ask(alone, false) })
		synctest.Wait()
		leave()
		group.Wait()
		synctest.Wait() // or the execution would still be waiting, and the test fail
	})
}

// What was begun before a clearing, or before a refresh that was faster, is not kept.
func TestResponses_olderResultsAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, old := newResponses(roomy), make(chan string)
		slow := askedFor(r, func(context.Context) ([]byte, error) { return []byte(<-old), nil })
		fast := askedFor(r, func(context.Context) ([]byte, error) { return []byte("new"), nil })
		var group sync.WaitGroup
		for _, overtake := range []func(){
			func() { r.clear("", "") },
			func() {
				if got, _ := fast(t.Context(), true); got != "new" {
					t.Errorf("a refresh joined an older execution: %s", got)
				}
			},
		} {
			r.clear("", "")
			group.Go(func() { _, _ = slow(t.Context(), false) })
			synctest.Wait()
			overtake()
			old <- "old"
			group.Wait()
			if got, _ := fast(t.Context(), false); got != "new" {
				t.Errorf("kept %s", got)
			}
		}
	})
}

// Neither errors nor panics are kept; a panic harms only who waits for it.
func TestResponses_errorsAreNotKept(t *testing.T) {
	t.Parallel()
	r, n := newResponses(roomy), 0
	ask := askedFor(r, func(context.Context) ([]byte, error) {
		switch n++; n {
		case 1:
			return nil, errors.New("broken")
		case 2:
			panic("worse")
		}
		return []byte("fine"), nil
	})
	for _, want := range []string{"broken", "worse"} {
		if _, err := ask(t.Context(), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if got, err := ask(t.Context(), false); got != "fine" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// A response lives as long as both who stored it and who asks for it allow.
func TestResponses_timeToLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, n := newResponses(roomy), byte('0')
		ask := func(ttl time.Duration) (string, string) {
			a, err := r.answer(t.Context(), question{ttl: ttl, run: func(context.Context) ([]byte, error) {
				n++
				return []byte{n}, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			return string(a.Body), a.Header[2][1]
		}
		for _, step := range []struct {
			after, ttl time.Duration
			body, age  string
		}{
			{0, 10 * time.Second, "1", "max-age=10"},
			{4 * time.Second, 10 * time.Second, "1", "max-age=6"},
			{0, 5 * time.Second, "1", "max-age=1"},
			{0, time.Hour, "1", "max-age=6"},
			{2 * time.Second, 5 * time.Second, "2", "max-age=5"},
			{5 * time.Second, time.Hour, "3", "max-age=3600"},
		} {
			time.Sleep(step.after)
			if body, age := ask(step.ttl); body != step.body || age != step.age {
				t.Errorf("after %v with %v: %s, %s", step.after, step.ttl, body, age)
			}
		}
	})
}

// The memory taken stays within the bound.
func TestResponses_areBounded(t *testing.T) {
	t.Parallel()
	r := newResponses(ResponseCache{Size: 100_000, MaxEntry: 50_000, MaxTTL: time.Hour})
	for i := range 1000 {
		_, err := r.answer(t.Context(), question{key: digest{byte(i), byte(i >> 8)}, ttl: time.Hour, run: func(context.Context) ([]byte, error) { return make([]byte, 10_000), nil }})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.kept.CleanUp()
	if w := r.kept.WeightedSize(); w == 0 || w > 100_000 {
		t.Errorf("the responses weigh %d", w)
	}
}
