package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// dist is a packed build as scripts/pack.mjs leaves it. The .br content is not brotli: the server passes it through unread.
func dist() fs.FS {
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	files := fstest.MapFS{
		"dist/signin/assets/index-abc.js.br": file("BROTLI"),
		"dist/signin/assets/index-abc.js.gz": file(gz("console.log('sign in')")),
		"dist/signin/assets/photo.png":       file("PNG"),
	}
	for name, page := range map[string]string{
		"signin":  `<!doctype html><head><!--gatehouse--></head>`,
		"console": `<!doctype html><title>Console</title>`,
		"demo":    `<!doctype html><title>Demo</title>`,
	} {
		files["dist/"+name+"/index.html.gz"] = file(gz(page))
		files["dist/"+name+"/index.html.br"] = file("BROTLI")
	}
	return files
}

func gz(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var allPages = Config{SignIn: true, Console: true, Demo: true}

func TestHandler_everyPagePathWithoutABuildSaysWhatToRun(t *testing.T) {
	h := handler(allPages, fstest.MapFS{})
	for _, path := range []string{"/sign-in", "/sign-in/password", "/register", "/consent", "/unknown-session", "/console", "/console/setup", "/demo", "/demo/callback"} {
		w := get(t, h, path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<code>make build</code>") || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: status %d, type %q, body %.80q; want 200 and a page naming make build", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestHandler_pageThatIsOffIsNotFound(t *testing.T) {
	h := handler(Config{Console: true}, dist())
	for path, want := range map[string]int{"/console": 200, "/sign-in": 404, "/demo": 404, "/demo/x": 404} {
		if w := get(t, h, path); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
}

func TestHandler_refusesWhatIsNotARead(t *testing.T) {
	h := handler(allPages, dist())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("x")))
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /sign-in: status %d, Allow %q; want 405 and GET, HEAD", w.Code, w.Header().Get("Allow"))
	}
}

func TestHandler_assetComesInTheEncodingTheClientAccepts(t *testing.T) {
	h := handler(allPages, dist())
	for _, c := range []struct{ accept, encoding, body string }{
		{"gzip, deflate, br, zstd", "br", "BROTLI"},
		{"gzip", "gzip", gz("console.log('sign in')")},
		{"br;q=0, gzip;q=0.5", "gzip", gz("console.log('sign in')")},
		{"", "", "console.log('sign in')"},
		{"identity, brotli", "", "console.log('sign in')"},
	} {
		w := get(t, h, "/sign-in/assets/index-abc.js", "Accept-Encoding", c.accept)
		got := w.Header()
		if w.Code != 200 || got.Get("Content-Encoding") != c.encoding || w.Body.String() != c.body {
			t.Errorf("accept %q: status %d, encoding %q, body %q; want 200, %q, %q", c.accept, w.Code, got.Get("Content-Encoding"), w.Body, c.encoding, c.body)
		}
		if got.Get("Cache-Control") != "public, max-age=31536000, immutable" || got.Get("Vary") != "Accept-Encoding" || got.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("accept %q: headers %v", c.accept, got)
		}
	}
}

func TestHandler_missingAssetIs404AndUnknownPathBelowAnAppIsItsPage(t *testing.T) {
	h := handler(allPages, dist())
	if w := get(t, h, "/console/assets/gone.js"); w.Code != 404 {
		t.Errorf("missing asset: status %d, want 404", w.Code)
	}
	if w := get(t, h, "/console/some/where"); w.Code != 200 || !strings.Contains(w.Body.String(), "<title>Console</title>") {
		t.Errorf("path of the app: status %d, body %.60q; want its page", w.Code, w.Body)
	}
}

func TestHandler_pagesAreNotStoredAndRunNoInlineScript(t *testing.T) {
	h := handler(allPages, dist())
	for _, path := range []string{"/sign-in", "/console", "/demo"} {
		got := get(t, h, path).Header()
		policy := got.Get("Content-Security-Policy")
		if got.Get("Cache-Control") != "no-store" || !strings.Contains(policy, "default-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: headers %v", path, got)
		}
		if strings.Contains(policy, "script-src") {
			t.Errorf("%s: policy %q loosens script-src", path, policy)
		}
	}
}

func TestSignIn_settingsAreWrittenIntoThePageAndCannotEndTheirElement(t *testing.T) {
	c := allPages
	c.SignInExperience = func(r *http.Request) (json.RawMessage, error) {
		return json.RawMessage(`{"customContent":"</script><script>alert(1)</script>","app":"` + r.URL.Query().Get("app_id") + `"}`), nil
	}
	body := get(t, handler(c, dist()), "/sign-in?app_id=abc").Body.String()
	found := regexp.MustCompile(`(?s)<script type="application/json" id="gatehouse">(.*?)</script>`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no settings in %q", body)
	}
	var block struct {
		SignInExperience map[string]string `json:"signInExperience"`
	}
	if err := json.Unmarshal([]byte(found[1]), &block); err != nil {
		t.Fatalf("settings %q: %v", found[1], err)
	}
	if block.SignInExperience["app"] != "abc" || block.SignInExperience["customContent"] != "</script><script>alert(1)</script>" {
		t.Errorf("settings = %v", block.SignInExperience)
	}
	if strings.Count(body, "<script") != 1 {
		t.Errorf("a value escaped its element: %q", body)
	}
}

func TestSignIn_pageIsServedWhenItsSettingsCannotBeLoaded(t *testing.T) {
	c := allPages
	c.SignInExperience = func(*http.Request) (json.RawMessage, error) { return nil, errors.New("database gone") }
	if w := get(t, handler(c, dist()), "/sign-in"); w.Code != 200 || !strings.Contains(w.Body.String(), `id="gatehouse">{}</script>`) {
		t.Errorf("status %d, body %q; want the page with an empty block", w.Code, w.Body)
	}
}

func TestSignIn_policyNamesTheLogosOriginAndNothingElse(t *testing.T) {
	c := allPages
	c.SignInExperience = func(*http.Request) (json.RawMessage, error) {
		return json.RawMessage(`{"branding":{"logoUrl":"https://cdn.example/logo.svg","darkLogoUrl":"https://cdn.example/dark.svg","favicon":"javascript:alert(1)"}}`), nil
	}
	policy := get(t, handler(c, dist()), "/sign-in").Header().Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "; img-src 'self' data: https://cdn.example") {
		t.Errorf("policy %q; want img-src to end with the one logo origin", policy)
	}
}

func TestSignIn_withoutInteractionLeadsToTheUnknownSessionPage(t *testing.T) {
	settings := `{}`
	c := allPages
	c.HasInteraction = func(r *http.Request) bool { return r.Header.Get("Cookie") != "" }
	c.SignInExperience = func(*http.Request) (json.RawMessage, error) { return json.RawMessage(settings), nil }
	h := handler(c, dist())
	if w := get(t, h, "/sign-in"); w.Code != 302 || w.Header().Get("Location") != "/unknown-session" {
		t.Errorf("no interaction: status %d, location %q", w.Code, w.Header().Get("Location"))
	}
	if w := get(t, h, "/unknown-session"); w.Code != 200 {
		t.Errorf("the unknown-session page itself: status %d, want 200", w.Code)
	}
	if w := get(t, h, "/register", "Cookie", "_interaction=x"); w.Code != 200 {
		t.Errorf("live interaction: status %d, want 200", w.Code)
	}
	settings = `{"unknownSessionRedirectUrl":"https://app.example/start"}`
	if w := get(t, h, "/sign-in"); w.Header().Get("Location") != "https://app.example/start" {
		t.Errorf("configured: location %q", w.Header().Get("Location"))
	}
	settings = `{"unknownSessionRedirectUrl":"javascript:alert(1)"}`
	if w := get(t, h, "/sign-in"); w.Header().Get("Location") != "/unknown-session" {
		t.Errorf("not a web address: location %q", w.Header().Get("Location"))
	}
}

func TestPatterns_standBesideMoreSpecificOnes(t *testing.T) {
	mux := http.NewServeMux()
	h := handler(allPages, dist())
	for _, pattern := range allPages.Patterns() {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("POST /demo/api/roles", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("GET /demo/config.json", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("GET /consent", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("POST /console/api/setup", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	for path, want := range map[string]int{"/demo/config.json": 204, "/consent": 204, "/demo": 200, "/console/setup": 200} {
		if w := get(t, mux, path); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
}

// What every user of every application waits for stays small. scripts/pack.mjs refuses to build more; this says so for what is embedded.
func TestSignIn_staysWithinItsBudget(t *testing.T) {
	if !Built() {
		t.Skip("this build has no pages: run make build first")
	}
	const budget = 60_000 // bytes of script and style, gzipped
	weight := 0
	for name, file := range newApp(built, "signin", "/sign-in/").files {
		if strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".css") {
			weight += len(file.gz)
		}
	}
	if weight == 0 || weight > budget {
		t.Errorf("sign-in weighs %d bytes gzipped, want more than nothing and at most %d", weight, budget)
	}
}
