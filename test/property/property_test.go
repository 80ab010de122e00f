package property_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// requests is how many requests a world gets.
const requests = 60

// Whatever a role asks, it gets the rows and cells its permissions give, and what it writes is what they let it write. Two
// databases share the cases.
func TestEveryAnswerIsWhatThePermissionsSay(t *testing.T) {
	t.Parallel()
	var compared atomic.Int64
	for i := range 2 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			compareWorlds(t, &compared)
		})
	}
	t.Cleanup(func() {
		t.Logf("%d cases compared", compared.Load())
		if n := int(compared.Load()); n < cases && !t.Failed() {
			t.Errorf("only %d cases were compared, want %d", n, cases)
		}
	})
}

// compareWorlds compares half of the cases.
func compareWorlds(t *testing.T, compared *atomic.Int64) {
	s := start(t)
	counts, since := tally{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(requests) }).Draw(t, "world")
		l := time.Now()
		s.load(t, w)
		counts["load: ms"] += int(time.Since(l).Milliseconds())
		now := w.rows
		for i, r := range w.requests {
			var problem string
			counts.request(r, w.run(r, now))
			compared.Add(1)
			if problem, now = s.verify(t, w, r, now); problem != "" {
				t.Fatalf("request %d: %v\n%s\nin %sover %s", i, r, problem, w, w.fill(now))
			}
		}
	})
	t.Log(counts.log(since))
}

// verify sends one request and compares answer and tables with what they must be; it gives the state afterwards.
func (s *server) verify(t failer, w *world, r *request, now state) (problem string, next state) {
	want := w.run(r, now)
	body := s.ask(r)
	got := decode(t, body)
	if want.either {
		return "", s.content(t, w)
	}
	switch {
	case want.refused != nil && len(got.Errors) == 0:
		problem = fmt.Sprintf("answers %s, must be refused: %s", body, want.refused.why)
	case want.refused != nil:
		code := got.Errors[0].Extensions["code"]
		if !slices.Contains(want.refused.codes, fmt.Sprint(code)) {
			problem = fmt.Sprintf("answers %s, must be refused with %v: %s", body, want.refused.codes, want.refused.why)
		}
	case len(got.Errors) > 0:
		problem = fmt.Sprintf("answers %s, must give %s", body, describe(want.fields))
	default:
		if d := mismatch("data", want.fields, any(got.Data)); d != "" {
			problem = d
		}
	}
	if strings.Contains(string(body), `"internal"`) {
		problem = fmt.Sprintf("shows internals: %s", body)
	}
	if problem == "" && r.isWrite() {
		if d := w.difference(s.content(t, w), want.state); d != "" {
			problem = fmt.Sprintf("answers %s\n%s", body, d)
		}
	}
	if problem != "" {
		return problem, now
	}
	return "", want.state
}
