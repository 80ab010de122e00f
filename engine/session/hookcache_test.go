package session_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/engine/session"
)

// echoHook answers with the role that Authorization names and counts how often it is asked.
type echoHook struct {
	*httptest.Server
	asked  atomic.Int64
	header http.Header
	body   string // more members of the answer
	status int
}

func startEcho(t *testing.T, header ...string) *echoHook {
	t.Helper()
	e := &echoHook{header: headers(header...), status: 200}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.asked.Add(1)
		authorization := r.Header.Get("Authorization")
		if r.Method == http.MethodPost {
			var in struct{ Headers map[string]string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			authorization = in.Headers["Authorization"]
		}
		for name, values := range e.header {
			w.Header()[name] = values
		}
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, `{"x-hasura-role":"`+authorization+`"`+e.body+`}`)
	}))
	t.Cleanup(e.Close)
	return e
}

// clocked is a resolver that remembers answers, with a clock to turn.
func clocked(t *testing.T, s session.Settings) (r *session.Resolver, turn func(time.Duration)) {
	t.Helper()
	if s.AuthHookCache == 0 {
		s.AuthHookCache = 100
	}
	at := now
	return resolverAt(t, s, session.Deps{}, func() time.Time { return at }), func(d time.Duration) { at = at.Add(d) }
}

func (e *echoHook) expect(t *testing.T, r *session.Resolver, asked int64, req session.Request) {
	t.Helper()
	before := e.asked.Load()
	s, err := r.Resolve(t.Context(), req)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if want := req.Header.Get("Authorization"); s.Role != want || s.Variables["x-hasura-role"] != want {
		t.Errorf("role %s with %v, want %s", s.Role, s.Variables, want)
	}
	if got := e.asked.Load() - before; got != asked {
		t.Errorf("the hook was asked %d times, want %d", got, asked)
	}
}

func TestHookCache_whatMayNotBeKept(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{
		"nothing said":       nil,
		"no-store":           {"Cache-Control", "no-store, max-age=60"},
		"no-cache":           {"Cache-Control", "max-age=60", "Cache-Control", "No-Cache"},
		"age of nothing":     {"Cache-Control", "max-age=0"},
		"as old as may be":   {"Cache-Control", "max-age=60", "Age", "60"},
		"an age that is odd": {"Cache-Control", "max-age=60", "Age", "-1"},
		"no number":          {"Cache-Control", "max-age=soon"},
		"negative":           {"Cache-Control", "max-age=-60"},
		"told twice":         {"Cache-Control", "max-age=60, max-age=70"},
		"for others":         {"Cache-Control", "s-maxage=60"},
		"a cookie":           {"Cache-Control", "max-age=60", "Set-Cookie", "a=1"},
		"Expires alone":      {"Expires", "Sun, 01 Mar 2036 12:05:00 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEcho(t, header...)
			r, _ := clocked(t, hookSettings(e.URL))
			req := session.Request{Header: headers("Authorization", "user")}
			e.expect(t, r, 1, req)
			e.expect(t, r, 1, req)
		})
	}
	t.Run("the answer's own age is for sockets", func(t *testing.T) {
		e := startEcho(t)
		e.body = `,"Cache-Control":"max-age=60"`
		r, _ := clocked(t, hookSettings(e.URL))
		req := session.Request{Header: headers("Authorization", "user")}
		e.expect(t, r, 1, req)
		e.expect(t, r, 1, req)
	})
	t.Run("a refusal", func(t *testing.T) {
		e := startEcho(t, "Cache-Control", "max-age=60")
		e.status = 401
		r, _ := clocked(t, hookSettings(e.URL))
		for range 2 {
			_, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "user")})
			refused(t, err, 401, "access-denied", "Authentication hook unauthorized this request")
		}
		if n := e.asked.Load(); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
	t.Run("switched off", func(t *testing.T) {
		e := startEcho(t, "Cache-Control", "max-age=60")
		settings := hookSettings(e.URL)
		settings.AuthHookCache = -1
		r, _ := clocked(t, settings)
		e.expect(t, r, 1, session.Request{Header: headers("Authorization", "user")})
		e.expect(t, r, 1, session.Request{Header: headers("Authorization", "user")})
	})
}

func TestHookCache_ends(t *testing.T) {
	t.Parallel()
	req := session.Request{Header: headers("Authorization", "user")}
	t.Run("with its age", func(t *testing.T) {
		e := startEcho(t, "Cache-Control", `private, max-age="60"`, "Age", "10")
		r, turn := clocked(t, hookSettings(e.URL))
		e.expect(t, r, 1, req)
		turn(49 * time.Second)
		e.expect(t, r, 0, req)
		turn(time.Second)
		e.expect(t, r, 1, req)
	})
	t.Run("after an hour at most", func(t *testing.T) {
		e := startEcho(t, "Cache-Control", "max-age=2000000000")
		r, turn := clocked(t, hookSettings(e.URL))
		e.expect(t, r, 1, req)
		turn(time.Hour - time.Second)
		e.expect(t, r, 0, req)
		turn(time.Second)
		e.expect(t, r, 1, req)
	})
	t.Run("with the session", func(t *testing.T) {
		e := startEcho(t, "Cache-Control", "max-age=60")
		e.body = `,"Cache-Control":"max-age=5"`
		r, turn := clocked(t, hookSettings(e.URL))
		e.expect(t, r, 1, req)
		turn(4 * time.Second)
		e.expect(t, r, 0, req)
		turn(time.Second)
		e.expect(t, r, 1, req)
	})
}

// An answer belongs to the request it was given for: whatever else the hook is shown asks it anew.
func TestHookCache_isNobodyElses(t *testing.T) {
	t.Parallel()
	e := startEcho(t, "Cache-Control", "max-age=60")
	r, _ := clocked(t, hookSettings(e.URL))
	e.expect(t, r, 1, session.Request{Header: headers("Authorization", "user")})
	for name, h := range map[string][]string{
		"somebody else":       {"Authorization", "editor"},
		"a role asked for":    {"Authorization", "user", "X-Hasura-Role", "editor"},
		"a cookie":            {"Authorization", "user", "Cookie", "a=1"},
		"the header twice":    {"Authorization", "user", "Authorization", "user"},
		"an address":          {"Authorization", "user", "X-Forwarded-For", "1.2.3.4"},
		"joined names":        {"Authorization", "user", "A", "bc"},
		"joined otherwise":    {"Authorization", "user", "Ab", "c"},
		"a value in two":      {"Authorization", "user", "A", "b", "A", "c"},
		"and in one":          {"Authorization", "user", "A", "b,c"},
		"a name for a header": {"Authorization", "user", "X-Request-Ids", "1"},
	} {
		t.Run(name, func(t *testing.T) { e.expect(t, r, 1, session.Request{Header: headers(h...)}) })
	}
	for name, h := range map[string][]string{
		"the same":                    {"Authorization", "user"},
		"another request id":          {"Authorization", "user", "X-Request-Id", "2", "Traceparent", "00-1-2-01"},
		"what the hook does not hear": {"Authorization", "user", "User-Agent", "x", "Accept", "y", "Content-Length", "7"},
	} {
		t.Run(name, func(t *testing.T) { e.expect(t, r, 0, session.Request{Header: headers(h...)}) })
	}
	// What becomes of a session is not the next one's.
	first, _ := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "user", "User-Agent", "one")})
	second, _ := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "user", "User-Agent", "two")})
	if first == second || first.ClientHeaders.Get("User-Agent") != "one" || second.ClientHeaders.Get("User-Agent") != "two" {
		t.Errorf("%+v and %+v", first.ClientHeaders, second.ClientHeaders)
	}
}

func TestHookCache_post(t *testing.T) {
	t.Parallel()
	e := startEcho(t, "Cache-Control", "max-age=60")
	settings := hookSettings(e.URL)
	settings.AuthHookMode = "POST"
	asking := func(query, agent string) session.Request {
		return session.Request{Header: headers("Authorization", "user", "User-Agent", agent), Body: func() json.RawMessage { return json.RawMessage(query) }}
	}
	r, _ := clocked(t, settings)
	e.expect(t, r, 1, asking(`{"query":"{a}"}`, "x"))
	e.expect(t, r, 0, asking(`{"query":"{a}"}`, "x"))
	e.expect(t, r, 1, asking(`{"query":"{b}"}`, "x")) // the hook may decide by the query
	e.expect(t, r, 1, asking(`{"query":"{a}"}`, "y")) // and it is shown every header
	settings.AuthHookWithoutBody = true
	r, _ = clocked(t, settings)
	e.expect(t, r, 1, asking(`{"query":"{a}"}`, "x"))
	e.expect(t, r, 0, asking(`{"query":"{b}"}`, "x"))
}

func TestHookCache_isBounded(t *testing.T) {
	t.Parallel()
	e := startEcho(t, "Cache-Control", "max-age=60")
	settings := hookSettings(e.URL)
	settings.AuthHookCache = 4
	r, _ := clocked(t, settings)
	for _, who := range []string{"a", "b", "c", "d", "e", "f"} {
		e.expect(t, r, 1, session.Request{Header: headers("Authorization", who)})
	}
	e.expect(t, r, 1, session.Request{Header: headers("Authorization", "a")})
	e.expect(t, r, 0, session.Request{Header: headers("Authorization", "f")})
}
