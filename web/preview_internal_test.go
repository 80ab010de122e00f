package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// The preview is the one page that may be framed, by the console alone; it can ask nobody anything and holds no settings.
func TestPreview_isFramedByTheConsoleAloneAndAsksNobody(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"dist/signin/index.html.gz":  {Data: []byte(gz("<html><!--gatehouse--></html>"))},
		"dist/console/index.html.gz": {Data: []byte(gz("<html>console</html>"))},
	}
	get := func(c Config, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler(c, files).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	w := get(Config{SignIn: true, Console: true}, "/console/preview")
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'self'", "form-action 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %q", policy, part)
		}
	}
	if strings.Contains(policy, "connect-src") || w.Header().Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("%v", w.Header())
	}
	if body := w.Body.String(); body != `<html><script type="application/json" id="gatehouse">{"preview":true}</script></html>` {
		t.Errorf("%s", body)
	}
	if w := get(Config{SignIn: true, Console: true}, "/console/other"); w.Header().Get("X-Frame-Options") != "DENY" || w.Body.String() != "<html>console</html>" {
		t.Errorf("another page of the console: %v %s", w.Header(), w.Body)
	}
	if w := get(Config{Console: true}, "/console/preview"); w.Body.String() != "<html>console</html>" {
		t.Errorf("without the sign-in pages: %s", w.Body)
	}
}
