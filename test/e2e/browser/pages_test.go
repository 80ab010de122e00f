// Package browser drives Chromium through the pages Gatehouse serves. pages.test.mjs checks the sign-in pages by themselves, against the small stand-in
// of the sign-in API below, so that every error state can be had on demand; articles.mjs and demo.mjs drive applications through a whole Gatehouse.
package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/web"
)

// needBrowser skips a test where something it stands on is missing; make test installs and builds all of it.
func needBrowser(t *testing.T) {
	t.Helper()
	if !web.Built() {
		t.Skip("this build has no pages: run make build first")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("run npm ci in test/e2e/browser first")
	}
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("CHROMIUM") == "" {
		t.Skip("no chromium on the PATH: install it, or name another in CHROMIUM")
	}
}

func TestPages(t *testing.T) {
	needBrowser(t)
	server := httptest.NewServer(newStandIn())
	t.Cleanup(server.Close)
	script := []string{"--test", "pages.test.mjs"}
	if name := os.Getenv("BROWSER_SCRIPT"); name != "" {
		script = []string{name} // another script against the same stand-in, such as shots.mjs
	}
	node := exec.Command("node", script...)
	node.Env = append(os.Environ(), "BASE_URL="+server.URL)
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(script, " "), err, out)
	}
	t.Logf("%s", out)
}

// standIn answers as the sign-in API does (recordings 07 and 14), as the application named by app_id needs it: each application is a situation.
type standIn struct {
	mux   *http.ServeMux
	mu    sync.Mutex
	calls map[string][]string // by app_id
}

// situations are the sign-in settings of each application.
var situations = map[string]string{
	"plain":   `{"signInMode":"SignInAndRegister","signIn":{"methods":[{"identifier":"username","password":true}]}}`,
	"strict":  `{"passwordPolicy":{"length":{"min":12,"max":64},"characterTypes":{"min":3}},"usernamePolicy":{"minLength":3,"maxLength":12}}`,
	"closed":  `{"signInMode":"SignIn"}`,
	"open":    `{"signInMode":"Register"}`,
	"terms":   `{"termsOfUseUrl":"https://app.example/terms","privacyPolicyUrl":"https://app.example/privacy","agreeToTermsPolicy":"ManualRegistrationOnly"}`,
	"manual":  `{"termsOfUseUrl":"https://app.example/terms","agreeToTermsPolicy":"Manual"}`,
	"notice":  `{"termsOfUseUrl":"https://app.example/terms","privacyPolicyUrl":"https://app.example/privacy","agreeToTermsPolicy":"Automatic"}`,
	"hostile": `{"termsOfUseUrl":"javascript:alert(1)","customCss":"</style><script>alert(1)</script> .card { border-radius: 0 }"}`,
	"branded": `{"displayName":"Orchard","color":{"primaryColor":"#f2c14e","isDarkModeEnabled":true,"darkPrimaryColor":"#5d34f2"},"hideLogtoBranding":true,"supportEmail":"help@orchard.example","customCss":".card { border-radius: 4px }"}`,
	"light":   `{"color":{"primaryColor":"#1c6b4e","isDarkModeEnabled":false,"darkPrimaryColor":"#63c89e"}}`,
	"many":    `{"signIn":{"methods":[{"identifier":"username","password":true},{"identifier":"email","password":true}]}}`,
}

func newStandIn() http.Handler {
	s := &standIn{mux: http.NewServeMux(), calls: map[string][]string{}}
	settings := func(app string) json.RawMessage {
		if text, ok := situations[app]; ok {
			return json.RawMessage(text)
		}
		return json.RawMessage(situations["plain"])
	}
	pages := web.Config{
		SignIn: true, Demo: true,
		SignInExperience: func(r *http.Request) (json.RawMessage, error) {
			if r.URL.Query().Get("app_id") == "fetched" {
				return nil, http.ErrAbortHandler // the page must fetch them itself
			}
			return settings(r.URL.Query().Get("app_id")), nil
		},
	}
	handler := web.Handler(pages)
	for _, pattern := range pages.Patterns() {
		s.mux.Handle(pattern, handler)
	}
	s.mux.HandleFunc("GET /api/.well-known/sign-in-exp", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(settings("closed"))
	})
	s.mux.HandleFunc("/api/experience", s.experience)
	s.mux.HandleFunc("/api/experience/", s.experience)
	s.mux.HandleFunc("GET /oidc/auth/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/app/callback?code=abc", http.StatusSeeOther)
	})
	s.mux.HandleFunc("GET /app/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><title>The application</title><h1>The application</h1>`))
	})
	s.mux.HandleFunc("GET /stand-in/calls", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(append([]string{}, s.calls[r.URL.Query().Get("app_id")]...))
	})
	return s.mux
}

func (s *standIn) experience(w http.ResponseWriter, r *http.Request) {
	app := r.Header.Get("logto-app-id")
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/experience")
	s.mu.Lock()
	s.calls[app] = append(s.calls[app], call)
	s.mu.Unlock()
	answer := func(status int, body string) {
		if body != "" {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	var body struct {
		Identifier struct{ Type, Value string }
		Password   string
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	switch {
	case app == "ended":
		answer(400, `{"code":"session.not_found","message":"Session not found. Please go back and sign in again.","error":"invalid_request","error_description":"interaction session not found"}`)
	case app == "broken":
		answer(502, `<html>Bad gateway</html>`)
	case app == "slow" && call == "POST /verification/password":
		time.Sleep(700 * time.Millisecond) // long enough for a second press to arrive meanwhile
		answer(200, `{"verificationId":"01vibrl17sfkt3e669900"}`)
	case call == "PUT ":
		answer(204, "")
	case call == "POST /verification/password" && app == "locked":
		answer(400, `{"code":"session.verification_blocked_too_many_attempts","message":"Too many attempts in a short time. Please try again later.","data":{"relativeTime":"in 1 hour"}}`)
	case call == "POST /verification/password" && (body.Identifier.Value != "alice" || body.Password != "Passw0rd_alice"):
		answer(422, `{"code":"session.invalid_credentials","message":"Incorrect account or password. Please check your input."}`)
	case call == "POST /verification/new-password-identity" && body.Password == "12345678":
		answer(422, `{"code":"password.rejected","data":[{"code":"password_rejected.restricted.sequence"}],"message":"Password rejected. Please check if your password meets the requirements."}`)
	case call == "POST /verification/new-password-identity" && body.Identifier.Value == "alice":
		answer(422, `{"code":"user.username_already_in_use","message":"This username is already in use."}`)
	case strings.HasPrefix(call, "POST /verification/"):
		answer(200, `{"verificationId":"01vibrl17sfkt3e669900"}`)
	case call == "POST /identification" && app == "suspended":
		answer(401, `{"code":"user.suspended","message":"This account is suspended."}`)
	case call == "POST /identification":
		answer(204, "")
	case call == "POST /submit":
		answer(200, `{"redirectTo":"http://`+r.Host+`/oidc/auth/HId_urcKp6zhcPs11RuuFimAg"}`)
	default:
		answer(404, `{"code":"entity.not_found","message":"`+call+`"}`)
	}
}
