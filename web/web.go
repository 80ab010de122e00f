// Package web owns the pages Gatehouse serves: sign-in and registration, the console and the demo. It embeds what the TypeScript workspace beside it
// builds and serves it with the headers such pages need; it knows no users, tokens or data. Everything a page needs to know comes through Config or is
// fetched by the page itself from the public APIs.
//
// A binary built without Node holds no pages: every page path then answers 200 with a small page that says what to run.
package web

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
)

// Config says which pages to serve and what to put into them.
type Config struct {
	SignIn, Console, Demo bool // which pages to serve; a page that is off answers 404

	// SignInExperience returns the body of GET /api/.well-known/sign-in-exp for this request (its app_id decides about branding). It is written into
	// the sign-in page, so that the page paints at once in the right colours. Nil, or an error: the page fetches it.
	SignInExperience func(r *http.Request) (json.RawMessage, error)

	// Phrases returns {"language": tag, "phrases": {…}} for this request, merged by the page over its built-in English. Nil: English.
	Phrases func(r *http.Request) (json.RawMessage, error)

	// HasInteraction says whether the request belongs to a live authorization request. When it says no, the sign-in pages redirect to the
	// unknown-session page or to the configured unknownSessionRedirectUrl. Nil: the page learns it at its first call.
	HasInteraction func(r *http.Request) bool

	// IdentityOrigin ("http://localhost:3001") is the origin of the identity half where it differs from the page's own; the demo and the console may
	// call it.
	IdentityOrigin string

	Log *slog.Logger // nil: slog.Default
}

// signInPaths are the addresses of the one sign-in app, in Logto's words; an authorization request may ask for any of them (first_screen,
// direct_sign_in). Assets of the app are under /sign-in/.
var signInPaths = []string{
	"/sign-in", "/sign-in/", "/register", "/register/", "/identifier-sign-in", "/identifier-register", "/direct/",
	"/single-sign-on", "/forgot-password", "/consent", "/unknown-session",
}

// Patterns lists the ServeMux patterns Handler answers, so that the composition root can mount it between the APIs. They name no method: a more
// specific pattern ("POST /demo/api/roles", "GET /consent") mounted beside them wins.
func (c Config) Patterns() []string {
	var patterns []string
	if c.SignIn {
		patterns = append(patterns, signInPaths...)
	}
	if c.Console {
		patterns = append(patterns, "/console", "/console/")
	}
	if c.Demo {
		patterns = append(patterns, "/demo", "/demo/")
	}
	return patterns
}

// Built reports whether this binary holds its pages.
func Built() bool {
	_, err := fs.Stat(built, "dist/signin/index.html.gz")
	return err == nil
}

// Handler serves the pages c asks for.
func Handler(c Config) http.Handler { return handler(c, built) }

func handler(c Config, files fs.FS) http.Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	mux := http.NewServeMux()
	if c.SignIn {
		page := &signInPage{app: newApp(files, "signin", "/sign-in/"), config: c}
		for _, path := range signInPaths {
			mux.Handle(path, page)
		}
	}
	if c.Console {
		page := &staticPage{app: newApp(files, "console", "/console/"), policy: consolePolicy(c.IdentityOrigin)}
		mux.Handle("/console", page)
		mux.Handle("/console/", page)
	}
	if c.Console && c.SignIn {
		mux.Handle(previewPath, &previewPage{app: newApp(files, "signin", "/sign-in/")})
	}
	if c.Demo {
		page := &staticPage{app: newApp(files, "demo", "/demo/"), policy: demoPolicy(c.IdentityOrigin)}
		mux.Handle("/demo", page)
		mux.Handle("/demo/", page)
	}
	return readOnly(mux)
}

// readOnly refuses what pages have no use for.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}
