package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/limit"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// clock is one that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_700_000_000, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// limits are those of a document with the given keys.
func limits(t testing.TB, keys string) *limit.Limits {
	t.Helper()
	m, err := metadata.Decode([]byte(`{"version":3,"sources":[],`+keys+`}`), "$", true)
	if err != nil {
		t.Fatal(err)
	}
	return limit.Compile(m)
}

func rateLimit(t testing.TB, config string) *limit.Limits {
	t.Helper()
	return limits(t, `"api_limits":{"rate_limit":{"global":`+config+`}}`)
}

func caller(role string, variables ...string) *session.Session {
	s := &session.Session{Role: role, Variables: map[string]string{"x-hasura-role": role}}
	for i := 0; i < len(variables); i += 2 {
		s.Variables[variables[i]] = variables[i+1]
	}
	return s
}

func admits(t testing.TB, l *limit.Limits, c *limit.Counts, s *session.Session, ip string) bool {
	t.Helper()
	err := l.Of(s).Admit(c, s, ip)
	var f *fault.Error
	if err != nil && (!errors.As(err, &f) || f.Code != fault.RateLimitExceeded || f.Status != http.StatusTooManyRequests) {
		t.Fatal(err)
	}
	return err == nil
}

// Within any minute no more are admitted than the limit says, whenever they come; and who keeps to the limit is admitted.
func TestRate_slidingWindow(t *testing.T) {
	for _, max := range []int{1, 3, 60, 61, 200, 1000} {
		t.Run(fmt.Sprint(max), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(max), 1))
			now := &clock{}
			l, c, s := rateLimit(t, fmt.Sprintf(`{"max_reqs_per_min":%d}`, max)), limit.NewCounts(now.now, 1), caller("user")
			var admitted []int64
			for range 20_000 {
				switch r.IntN(50) {
				case 0:
					now.advance(time.Duration(r.Int64N(int64(70 * time.Second))))
				default:
					now.advance(time.Duration(r.Int64N(int64(2 * time.Minute / time.Duration(max)))))
				}
				at := now.at.Load()
				first := slices.IndexFunc(admitted, func(was int64) bool { return at-was < int64(time.Minute) })
				if first < 0 {
					first = len(admitted)
				}
				admitted = admitted[first:]
				yes := admits(t, l, c, s, "")
				if yes {
					admitted = append(admitted, at)
				}
				if len(admitted) > max {
					t.Fatalf("%d within a minute", len(admitted))
				}
				if !yes && len(admitted) < max && max <= 60 { // past 60, what came within a second leaves together
					t.Fatalf("refused after %d within a minute", len(admitted))
				}
			}
		})
	}
	now := &clock{}
	l, c, s := rateLimit(t, `{"max_reqs_per_min":100}`), limit.NewCounts(now.now, 1), caller("user")
	for range 100 {
		if !admits(t, l, c, s, "") {
			t.Fatal("refused within the limit")
		}
	}
	now.advance(time.Minute - 1)
	if admits(t, l, c, s, "") {
		t.Error("admitted too early")
	}
	if now.advance(1); !admits(t, l, c, s, "") {
		t.Error("refused after a minute")
	}
}

func TestRate_whoIsCountedTogether(t *testing.T) {
	const id, team = "x-hasura-user-id", "x-hasura-team"
	type who struct {
		s  *session.Session
		ip string
	}
	for _, c := range []struct {
		config string
		a, b   who
		same   bool
	}{
		{`{"max_reqs_per_min":1}`, who{caller("user", id, "1"), "1.1.1.1"}, who{caller("user", id, "2"), "2.2.2.2"}, true},
		{`{"max_reqs_per_min":1}`, who{caller("user"), "1.1.1.1"}, who{caller("editor"), "1.1.1.1"}, false},
		{`{"max_reqs_per_min":1,"unique_params":"IP"}`, who{caller("user", id, "1"), "1.1.1.1"}, who{caller("user", id, "2"), "1.1.1.1"}, true},
		{`{"max_reqs_per_min":1,"unique_params":"IP"}`, who{caller("user"), "1.1.1.1"}, who{caller("user"), "1.1.1.2"}, false},
		{`{"max_reqs_per_min":1,"unique_params":"IP"}`, who{caller("user"), "1.1.1.1"}, who{caller("user"), "::ffff:1.1.1.1"}, true},
		{`{"max_reqs_per_min":1,"unique_params":"IP"}`, who{caller("user"), "2001:db8::1"}, who{caller("user"), "2001:db8::ffff:1"}, true},
		{`{"max_reqs_per_min":1,"unique_params":"IP"}`, who{caller("user"), "2001:db8::1"}, who{caller("user"), "2001:db8:0:1::1"}, false},
		{`{"max_reqs_per_min":1,"unique_params":["X-Hasura-User-Id"]}`, who{caller("user", id, "1"), "1.1.1.1"}, who{caller("user", id, "1"), "2.2.2.2"}, true},
		{`{"max_reqs_per_min":1,"unique_params":["x-hasura-user-id"]}`, who{caller("user", id, "1"), ""}, who{caller("user", id, "2"), ""}, false},
		{`{"max_reqs_per_min":1,"unique_params":["x-hasura-user-id"]}`, who{caller("user", id, ""), ""}, who{caller("user"), ""}, false},
		{`{"max_reqs_per_min":1,"unique_params":["x-hasura-team","x-hasura-user-id"]}`, who{caller("user", id, "1", team, "2"), ""}, who{caller("user", id, "2", team, "1"), ""}, false},
		{`{"max_reqs_per_min":1,"unique_params":["x-hasura-team","x-hasura-user-id"]}`, who{caller("user", id, "12", team, "3"), ""}, who{caller("user", id, "1", team, "23"), ""}, false},
		{`{"max_reqs_per_min":1,"unique_params":[]}`, who{caller("user", id, "1"), ""}, who{caller("user", id, "2"), ""}, true},
	} {
		l, counts := rateLimit(t, c.config), limit.NewCounts((&clock{}).now, 1)
		first, second := admits(t, l, counts, c.a.s, c.a.ip), admits(t, l, counts, c.b.s, c.b.ip)
		if !first || second == c.same {
			t.Errorf("%s: %v %s, then %v %s: %v, %v", c.config, c.a.s.Variables, c.a.ip, c.b.s.Variables, c.b.ip, first, second)
		}
	}
}

// Of many at the same time exactly as many are admitted as the limit says.
func TestRate_concurrently(t *testing.T) {
	now := &clock{}
	l, c := rateLimit(t, `{"max_reqs_per_min":500,"unique_params":["x-hasura-user-id"]}`), limit.NewCounts(now.now, 1)
	var admitted [4]atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 400 {
				user := i % len(admitted)
				if admits(t, l, c, caller("user", "x-hasura-user-id", fmt.Sprint(user)), "") {
					admitted[user].Add(1)
				}
				now.advance(time.Microsecond)
			}
		})
	}
	all.Wait()
	for user := range admitted {
		if n := admitted[user].Load(); n != 500 {
			t.Errorf("user %d: %d admitted", user, n)
		}
	}
}

// However many callers come, nobody who is counted is forgotten within the minute, and memory has a bound.
func TestRate_othersResetNobody(t *testing.T) {
	now := &clock{}
	l, c, s := rateLimit(t, `{"max_reqs_per_min":2,"unique_params":"IP"}`), limit.NewCounts(now.now, 1), caller("user")
	for range 2 {
		if !admits(t, l, c, s, "192.0.2.1") {
			t.Fatal("refused within the limit")
		}
	}
	late := 0
	for i := range 300_000 {
		now.advance(50 * time.Microsecond)
		if admits(t, l, c, s, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)) && i >= 200_000 {
			late++
		}
	}
	if admits(t, l, c, s, "192.0.2.1") {
		t.Error("others made room for one who was over the limit")
	}
	if late > 20_000 {
		t.Errorf("%d newcomers past the bound were counted apart", late)
	}
	if now.advance(time.Minute); !admits(t, l, c, s, "192.0.2.1") || !admits(t, l, c, s, "10.9.9.9") {
		t.Error("refused after a minute")
	}
}

func TestRate_severalProcesses(t *testing.T) {
	for _, c := range []struct{ max, processes, want int }{{10, 3, 3}, {2, 3, 1}, {0, 3, 0}, {10, 0, 10}} {
		l, counts, admitted := rateLimit(t, fmt.Sprintf(`{"max_reqs_per_min":%d}`, c.max)), limit.NewCounts((&clock{}).now, c.processes), 0
		for range 20 {
			if admits(t, l, counts, caller("user"), "") {
				admitted++
			}
		}
		if admitted != c.want {
			t.Errorf("%d in a minute, %d processes: %d", c.max, c.processes, admitted)
		}
	}
}

// Several roles at once are under the limits of each.
func TestLimits_severalRoles(t *testing.T) {
	l := limits(t, `"api_limits":{"depth_limit":{"global":9,"per_role":{"a":1}},"batch_limit":{"global":9,"per_role":{"b":2}},"time_limit":{"global":5,"per_role":{"a":7}},
		"rate_limit":{"global":{"max_reqs_per_min":9},"per_role":{"a":{"max_reqs_per_min":2}}}},"graphql_schema_introspection":{"disabled_for_roles":["b"]}`)
	both := caller(`["a","b"]`)
	both.Roles = []string{"a", "b"}
	r := l.Of(both)
	deep, schema := parse(t, `{ a { b { c } } }`), parse(t, `{ __schema { a } }`)
	if r.Check(deep) == nil || r.Check(schema) == nil || r.Batch(3) == nil || r.Batch(2) != nil || r.Time() != 5*time.Second {
		t.Errorf("%v, %v, %v, %s", r.Check(deep), r.Check(schema), r.Batch(3), r.Time())
	}
	counts := limit.NewCounts((&clock{}).now, 1)
	if !admits(t, l, counts, caller("a"), "") || !admits(t, l, counts, both, "") || admits(t, l, counts, both, "") || !admits(t, l, counts, caller("b"), "") {
		t.Error("what two roles do together does not count for each")
	}
}

func TestLimits_none(t *testing.T) {
	for _, keys := range []string{`"actions":[]`, `"api_limits":{"disabled":true,"depth_limit":{"global":1}}`, `"graphql_schema_introspection":{"disabled_for_roles":[]}`} {
		if l := limits(t, keys); l != nil {
			t.Errorf("%s limits somebody", keys)
		}
	}
	var none *limit.Limits
	r := none.Of(caller("user"))
	if err := errors.Join(r.Check(parse(t, "{a{a{a}}}")), r.Batch(99), r.Admit(nil, nil, "")); err != nil || r.Time() != 0 {
		t.Error(err)
	}
	admin := limits(t, `"api_limits":{"depth_limit":{"global":0,"per_role":{"admin":0}},"rate_limit":{"global":{"max_reqs_per_min":0}}}`).Of(caller("admin"))
	if err := errors.Join(admin.Check(parse(t, "{a{a{a}}}")), admin.Admit(limit.NewCounts(time.Now, 1), caller("admin"), "")); err != nil {
		t.Error(err)
	}
}

// What a database says of its own accord is not covered by a time limit that passes meanwhile.
func TestExplain(t *testing.T) {
	ended, cancel := limit.Within(t.Context(), time.Nanosecond)
	defer cancel()
	<-ended.Done()
	left, leave := context.WithCancel(t.Context())
	leave()
	violated := fault.New(fault.ConstraintViolation, "", "Uniqueness violation.")
	for _, c := range []struct {
		what string
		ctx  context.Context
		err  error
		code string
	}{
		{"no error", ended, nil, ""},
		{"cancelled by us", ended, fault.New(fault.Unexpected, "", "database query error"), fault.TimeLimitExceeded},
		{"given up", ended, context.DeadlineExceeded, fault.TimeLimitExceeded},
		{"an error of its own", ended, violated, fault.ConstraintViolation},
		{"a client that left", left, fault.New(fault.Timeout, "", "the request was cancelled or took too long"), fault.Timeout},
		{"in time", t.Context(), fault.New(fault.Unexpected, "", "database query error"), fault.Unexpected},
	} {
		err := limit.Explain(c.ctx, c.err)
		var f *fault.Error
		if code := ""; err != nil {
			if errors.As(err, &f) {
				code = f.Code
			}
			if code != c.code {
				t.Errorf("%s: %v", c.what, err)
			}
		} else if c.code != "" {
			t.Errorf("%s: no error", c.what)
		}
	}
	for d, want := range map[time.Duration]string{time.Millisecond: "0.001s", 25 * time.Millisecond: "0.025s", 1: "0.000000001s"} {
		ctx, cancel := limit.Within(t.Context(), d)
		<-ctx.Done()
		if err := limit.Explain(ctx, ctx.Err()); !strings.Contains(err.Error(), "time limit of "+want+" exceeded") {
			t.Errorf("%s: %v", d, err)
		}
		cancel()
	}
}

func parse(t testing.TB, text string) *operation.Operation {
	t.Helper()
	op, err := operation.Parse(text, "")
	if err != nil {
		t.Fatal(err)
	}
	return op
}
