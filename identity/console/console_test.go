package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
)

// site is a console without a directory, in front of a page that tells whom the cookie stands for.
type site struct {
	t       *testing.T
	handler http.Handler
	now     time.Time
}

var operator = directory.Operations{directory.ConsoleGraphQL, directory.ConsoleOperations}

func newSite(t *testing.T, change ...func(*console.Config)) *site {
	t.Helper()
	s := &site{t: t, now: time.Now()}
	c := console.Config{
		Secrets: []console.Secret{{Secret: "opensesame", Operations: directory.AllOperations}, {Name: "night", Secret: "narrow", Operations: operator}},
		HasData: true, Endpoints: func(string) (e console.Endpoints) { return e }, Now: func() time.Time { return s.now }, Version: "1",
	}
	for _, f := range change {
		f(&c)
	}
	h := console.New(c)
	mux := http.NewServeMux()
	h.Mount(mux)
	mux.HandleFunc("/v1/graphql", func(w http.ResponseWriter, r *http.Request) {
		switch who, err := h.CallerOf(r.Context(), r.Header); {
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case who == nil:
			_, _ = io.WriteString(w, "nobody")
		default:
			fmt.Fprintf(w, "%s %q", who.By, who.SecretName)
		}
	})
	s.handler = httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler), TrustProxy: c.TrustProxy}, h.Guard(mux))
	return s
}

// send sends a request to gate.example:8080 with headers as pairs.
func (s *site) send(method, path, body string, pairs ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	r.Host = "gate.example:8080"
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "Host" {
			r.Host = pairs[i+1]
			continue
		}
		r.Header.Add(pairs[i], pairs[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

const own = "http://gate.example:8080"

// signIn gives the cookie that a secret is worth.
func (s *site) signIn(secret string, pairs ...string) *http.Cookie {
	s.t.Helper()
	resp := s.send(http.MethodPost, "/console/api/session", `{"secret":"`+secret+`"}`, append([]string{"Content-Type", "application/json"}, pairs...)...)
	if resp.StatusCode != http.StatusNoContent || len(resp.Cookies()) != 1 {
		s.t.Fatalf("%d %s %v", resp.StatusCode, text(s.t, resp), resp.Cookies())
	}
	return resp.Cookies()[0]
}

func (s *site) wants(name, want string, pairs ...string) *http.Response {
	s.t.Helper()
	resp := s.send(http.MethodPost, "/v1/graphql", "{}", pairs...)
	if got := text(s.t, resp); !strings.HasPrefix(got, want) {
		s.t.Errorf("%s: %q, want %q", name, got, want)
	}
	return resp
}

func TestCookie_countsForOurOwnPagesOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cookie := s.signIn("opensesame").String()
	cookie, _, _ = strings.Cut(cookie, ";")
	for name, headers := range map[string][]string{
		"nothing is said":                {},
		"another site":                   {"Sec-Fetch-Site", "cross-site"},
		"another host of the site":       {"Sec-Fetch-Site", "same-site"},
		"typed by the user":              {"Sec-Fetch-Site", "none"},
		"another origin":                 {"Origin", "https://evil.example"},
		"another port":                   {"Origin", "http://gate.example:9090"},
		"no port":                        {"Origin", "http://gate.example"},
		"no origin":                      {"Origin", "null"},
		"a longer host":                  {"Origin", "http://gate.example:8080.evil.example"},
		"credentials":                    {"Origin", "http://gate.example:8080@evil.example"},
		"no web page":                    {"Origin", "chrome-extension://gate.example:8080"},
		"two origins":                    {"Origin", own, "Origin", own},
		"another origin, same site said": {"Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"},
		"own origin, another site said":  {"Origin", own, "Sec-Fetch-Site", "cross-site"},
		"another page":                   {"Referer", "https://evil.example/" + own},
		"own page, another origin":       {"Referer", own + "/console", "Origin", "null"},
		"a proxy that is not trusted":    {"X-Forwarded-Host", "evil.example", "Origin", "https://evil.example"},
		"handshake without origin":       {"Upgrade", "websocket", "Sec-Fetch-Site", "same-origin"},
		"handshake of another origin":    {"Upgrade", "websocket", "Origin", "https://evil.example"},
		"handshake by referer":           {"Upgrade", "websocket", "Referer", own + "/console"},
	} {
		s.wants(name, "nobody", append(headers, "Cookie", cookie)...)
	}
	for name, headers := range map[string][]string{
		"metadata of the fetch": {"Sec-Fetch-Site", "same-origin"},
		"origin":                {"Origin", own},
		"referer":               {"Referer", own + "/console/data"},
		"handshake":             {"Upgrade", "websocket", "Origin", own},
	} {
		s.wants(name, `secret ""`, append(headers, "Cookie", "a=b; "+cookie+"; c=d")...)
	}
}

func TestCookie_whatStandsForNobodyIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.signIn("narrow")
	good := c.Name + "=" + c.Value
	s.wants("good", `secret "night"`, "Cookie", good, "Origin", own)
	flipped := []byte(c.Value)
	flipped[len(flipped)/2] ^= 1
	other := newSite(t, func(c *console.Config) { c.Secrets = []console.Secret{{Secret: "changed"}} })
	other.now = s.now
	for name, cookie := range map[string]string{
		"empty": c.Name + "=", "no session": c.Name + "=x", "forged": c.Name + "=" + string(flipped), "sent twice": good + "; " + good,
		"cut": good[:len(good)-2], "of another kind": c.Name + "=m1." + c.Value,
	} {
		s.wants(name, "auth.unauthorized", "Cookie", cookie, "Origin", own)
	}
	other.wants("the secret was changed", "auth.unauthorized", "Cookie", good, "Origin", own)
	if resp := s.send(http.MethodDelete, "/console/api/session", "", "Cookie", good, "Origin", "https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site signs out: %d", resp.StatusCode)
	}
	if resp := s.send(http.MethodDelete, "/console/api/session", "", "Cookie", good, "Origin", own); resp.StatusCode != http.StatusNoContent || resp.Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out: %d %v", resp.StatusCode, resp.Cookies())
	}
	s.wants("signed out", "auth.unauthorized", "Cookie", good, "Origin", own)
}

func TestCookie_endsUnusedAfterEightHoursAndAfterSevenDaysInAnyCase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.signIn("opensesame")
	cookie := c.Name + "=" + c.Value
	began := s.now
	s.now = began.Add(8*time.Hour - 2*time.Second)
	resp := s.wants("before eight hours", "secret", "Cookie", cookie, "Origin", own)
	s.now = began.Add(8 * time.Hour)
	s.wants("after eight hours", "auth.unauthorized", "Cookie", cookie, "Origin", own)
	for range 30 {
		if len(resp.Cookies()) != 1 {
			t.Fatalf("a session in use is not renewed at %s: %v", s.now.Sub(began), resp.Cookies())
		}
		cookie = c.Name + "=" + resp.Cookies()[0].Value
		if s.now = s.now.Add(7 * time.Hour); s.now.Sub(began) > 7*24*time.Hour {
			s.wants("after seven days", "auth.unauthorized", "Cookie", cookie, "Origin", own)
			return
		}
		resp = s.wants("in use", "secret", "Cookie", cookie, "Origin", own)
	}
	t.Error("it never ends")
}

// By https the cookie has the name that nobody else can plant, and no other counts.
func TestCookie_byHTTPS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  func(*console.Config)
		headers []string
	}{
		"a proxy that is trusted": {func(c *console.Config) { c.TrustProxy = true }, []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "gate.example"}},
		"the public URL":          {func(c *console.Config) { c.Bases = []string{"https://gate.example"} }, []string{"Host", "gate.example"}},
		"the browser says so":     {func(*console.Config) {}, []string{"Host", "gate.example"}},
	} {
		s := newSite(t, c.config)
		c.headers = append(c.headers, "Origin", "https://gate.example")
		cookie := s.signIn("opensesame", c.headers...)
		if cookie.Name != "__Host-gatehouse_console" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" || cookie.SameSite != http.SameSiteStrictMode {
			t.Errorf("%s: %v", name, cookie)
		}
		s.wants(name, "secret", append(c.headers, "Cookie", "gatehouse_console=planted; "+cookie.Name+"="+cookie.Value)...)
		s.wants(name+", the plain name", "nobody", append(c.headers, "Cookie", "gatehouse_console="+cookie.Value)...)
	}
	s := newSite(t)
	if c := s.signIn("opensesame"); c.Name != "gatehouse_console" || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("by http: %v", c)
	}
	known := newSite(t, func(c *console.Config) { c.Bases = []string{"https://gate.example"} })
	cookie := known.signIn("opensesame", "Host", "gate.example")
	known.wants("an unencrypted page of the same host", "nobody", "Host", "gate.example", "Origin", "http://gate.example", "Cookie", cookie.Name+"="+cookie.Value)
}

func TestSignInBySecret_refusals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const good = `{"secret":"opensesame"}`
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
	}{
		"a form of another site": {good, []string{"Content-Type", "text/plain", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"another host":           {good, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-site"}, 403},
		"a form":                 {good, []string{"Content-Type", "text/plain", "Origin", own}, 400},
		"no type":                {good, nil, 400},
		"no JSON":                {`secret`, []string{"Content-Type", "application/json"}, 400},
		"no secret":              {`{}`, []string{"Content-Type", "application/json"}, 400},
		"too much":               {`{"secret":"` + strings.Repeat("x", 1<<17) + `"}`, []string{"Content-Type", "application/json"}, 400},
		"wrong":                  {`{"secret":"x"}`, []string{"Content-Type", "application/json"}, 401},
		"empty":                  {`{"secret":""}`, []string{"Content-Type", "application/json"}, 401},
	} {
		resp := s.send(http.MethodPost, "/console/api/session", c.body, c.headers...)
		if resp.StatusCode != c.status || len(resp.Cookies()) > 0 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, text(t, resp))
		}
	}
}

func TestSignInBySecret_attemptsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	try := func(secret string) int {
		return s.send(http.MethodPost, "/console/api/session", `{"secret":"`+secret+`"}`, "Content-Type", "application/json").StatusCode
	}
	for i := range 10 {
		if status := try("wrong"); status != 401 {
			t.Fatalf("attempt %d: %d", i, status)
		}
	}
	if status := try("opensesame"); status != 429 {
		t.Errorf("the eleventh: %d", status)
	}
	s.now = s.now.Add(16 * time.Second)
	if status := try("opensesame"); status != 204 {
		t.Errorf("a while later: %d", status)
	}
	if status := try("wrong"); status != 401 {
		t.Errorf("after a success: %d", status)
	}
}

// Whoever knows a secret that opens little has no more guesses at another for it.
func TestSignInBySecret_aSuccessForgivesNoOtherAttempt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	try := func(secret string) int {
		return s.send(http.MethodPost, "/console/api/session", `{"secret":"`+secret+`"}`, "Content-Type", "application/json").StatusCode
	}
	guesses := 0
	for range 30 {
		try("narrow")
		if try("wrong") == 401 {
			guesses++
		}
	}
	if guesses > 10 {
		t.Errorf("%d guesses at once", guesses)
	}
}

// Who signs in anew leaves no session behind that somebody else might have.
func TestSignInBySecret_endsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.signIn("narrow")
	s.signIn("opensesame", "Cookie", before.Name+"="+before.Value, "Sec-Fetch-Site", "same-origin")
	s.wants("the session before", "auth.unauthorized", "Cookie", before.Name+"="+before.Value, "Sec-Fetch-Site", "same-origin")
}

// A /64 network is one visitor's.
func TestSignInBySecret_anAddressOfIPv6IsItsNetwork(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *console.Config) { c.TrustProxy = true })
	last := 0
	for i := range 11 {
		last = s.send(http.MethodPost, "/console/api/session", `{"secret":"x"}`, "Content-Type", "application/json", "X-Forwarded-For", fmt.Sprintf("2001:db8:1:2::%x", i+1)).StatusCode
	}
	if last != 429 {
		t.Errorf("the eleventh address of a network: %d", last)
	}
	if status := s.send(http.MethodPost, "/console/api/session", `{"secret":"x"}`, "Content-Type", "application/json", "X-Forwarded-For", "2001:db8:1:3::1").StatusCode; status != 401 {
		t.Errorf("another network: %d", status)
	}
}

func TestSession_tellsWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	show := func(s *site, pairs ...string) (map[string]any, *http.Response) {
		resp := s.send(http.MethodGet, "/console/api/session", "", pairs...)
		var out map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatal(resp.StatusCode, resp.Header, err)
		}
		return out, resp
	}
	if got, _ := show(s); got["signedIn"] != false || fmt.Sprint(got["ways"]) != "[secret]" || got["may"] != nil {
		t.Errorf("nobody: %v", got)
	}
	c := s.signIn("narrow")
	if got, _ := show(s, "Cookie", c.Name+"="+c.Value, "Referer", own+"/console"); got["signedIn"] != true || got["by"] != "secret" || fmt.Sprint(got["may"]) != "[graphql operations]" {
		t.Errorf("by secret: %v", got)
	}
	if got, _ := show(s, "Cookie", c.Name+"="+c.Value, "Origin", "https://evil.example"); got["signedIn"] != false {
		t.Errorf("to another site: %v", got)
	}
	if got, resp := show(s, "Cookie", c.Name+"=dead", "Sec-Fetch-Site", "same-origin"); got["signedIn"] != false || len(resp.Cookies()) != 1 || resp.Cookies()[0].MaxAge >= 0 {
		t.Errorf("a dead cookie: %v %v", got, resp.Cookies())
	}
	open := newSite(t, func(c *console.Config) { c.Secrets = nil })
	if got, _ := show(open); got["by"] != "open" || fmt.Sprint(got["may"]) != "[graphql metadata metadata:read sql sources operations]" {
		t.Errorf("open: %v", got)
	}
}

// Who has no cookie of the console pays nothing for it.
func TestGuard_costsNothingWithoutTheCookie(t *testing.T) {
	h := console.New(console.Config{})
	guarded := h.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/graphql", nil)
	r.Header.Set("Cookie", "other=1; another=2")
	if n := testing.AllocsPerRun(100, func() {
		guarded.ServeHTTP(nil, r)
		if credential, _ := h.TakeOut(r.Header); credential != "" {
			t.Error("a credential")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
