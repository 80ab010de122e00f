package web

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// placeholder is the page of a binary without pages.
var placeholder = func() []byte {
	content, err := fs.ReadFile(built, "dist/placeholder.html")
	if err != nil {
		panic("web: dist/placeholder.html is committed and must be embedded: " + err.Error())
	}
	return content
}()

// injection is where the sign-in page takes its settings: a comment in its index.html.
var injection = []byte("<!--gatehouse-->")

// The policies name every source a page may load from. No page runs inline script: settings are written as a data block
// (<script type="application/json">), which is never executed and so not subject to script-src (HTML standard, "prepare the script element").
const basePolicy = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

const placeholderPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// signInPolicy lets the page load the logos the operator configured, wherever they are, and nothing else from outside.
func signInPolicy(logos []string) string {
	return basePolicy + "; img-src " + strings.Join(append([]string{"'self'", "data:"}, logos...), " ")
}

// consolePolicy: the GraphQL editor inserts style elements and starts its language workers from blobs; both only carry what the bundle brings.
func consolePolicy(identityOrigin string) string {
	return basePolicy + "; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; font-src 'self' data:; img-src 'self' data:; connect-src " +
		strings.TrimSpace("'self' "+identityOrigin)
}

func demoPolicy(identityOrigin string) string {
	return basePolicy + "; img-src 'self' data:; connect-src " + strings.TrimSpace("'self' "+identityOrigin)
}

// staticPage serves an app whose page is the same for everybody.
type staticPage struct {
	app    *app
	policy string
}

func (p *staticPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.app.serveFile(w, r) || missingAsset(w, r, p.app) {
		return
	}
	servePage(w, r, p.app.page, p.policy)
}

// signInPage serves the sign-in app with its settings written into the page.
type signInPage struct {
	app    *app
	config Config
}

func (p *signInPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.app.serveFile(w, r) || missingAsset(w, r, p.app) {
		return
	}
	settings := p.load(r, "sign-in settings", p.config.SignInExperience)
	var known struct {
		UnknownSessionRedirectURL string `json:"unknownSessionRedirectUrl"`
		Branding                  struct{ LogoURL, DarkLogoURL, Favicon, DarkFavicon string }
	}
	if settings != nil {
		_ = json.Unmarshal(settings, &known) // fields of another type than expected are left empty
	}
	if r.URL.Path != "/unknown-session" && p.config.HasInteraction != nil && !p.config.HasInteraction(r) {
		to := "/unknown-session"
		if u, err := url.Parse(known.UnknownSessionRedirectURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			to = u.String()
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	block := struct {
		SignInExperience json.RawMessage `json:"signInExperience,omitempty"`
		Phrases          json.RawMessage `json:"phrases,omitempty"`
	}{settings, p.load(r, "phrases", p.config.Phrases)}
	// json.Marshal escapes <, > and & inside strings, so no value can end the script element.
	text, err := json.Marshal(block)
	if err != nil {
		p.config.Log.ErrorContext(r.Context(), "sign-in settings are not JSON", "error", err)
		text = []byte("{}")
	}
	page := bytes.Replace(p.app.page, injection, slices.Concat([]byte(`<script type="application/json" id="gatehouse">`), text, []byte("</script>")), 1)
	servePage(w, r, page, signInPolicy(origins(known.Branding.LogoURL, known.Branding.DarkLogoURL, known.Branding.Favicon, known.Branding.DarkFavicon)))
}

// load asks for one of the injected documents; the page can do without any of them.
func (p *signInPage) load(r *http.Request, what string, from func(*http.Request) (json.RawMessage, error)) json.RawMessage {
	if from == nil || p.app.page == nil {
		return nil
	}
	document, err := from(r)
	if err != nil {
		p.config.Log.ErrorContext(r.Context(), "load "+what+" for the sign-in page", "error", err)
		return nil
	}
	return document
}

// origins lists the distinct origins of absolute http(s) URLs, for a content security policy. What is not such a URL is left out, and so blocked.
func origins(urls ...string) []string {
	var list []string
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	return list
}

// missingAsset answers 404 for a file name that is not there (an old page asking for last release's bundle), where the page itself would only confuse.
func missingAsset(w http.ResponseWriter, r *http.Request, a *app) bool {
	if a.page == nil || !strings.HasPrefix(r.URL.Path, a.prefix+"assets/") {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	http.NotFound(w, r)
	return true
}

func servePage(w http.ResponseWriter, r *http.Request, page []byte, policy string) {
	serveFramed(w, r, page, policy, "DENY")
}

// serveFramed is servePage with a say on who may show the page in a frame.
func serveFramed(w http.ResponseWriter, r *http.Request, page []byte, policy, frames string) {
	if page == nil {
		page, policy = placeholder, placeholderPolicy
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", frames)
	h.Set("Referrer-Policy", "same-origin")
	write(w, r, http.StatusOK, page)
}
