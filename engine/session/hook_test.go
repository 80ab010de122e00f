package session_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/session"
)

// hookServer answers like an auth hook and keeps the last request.
type hookServer struct {
	*httptest.Server
	status int
	body   string
	header http.Header

	got     *http.Request
	gotBody string
}

func startHook(t *testing.T, status int, body string) *hookServer {
	t.Helper()
	h := &hookServer{status: status, body: body, header: http.Header{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.got, h.gotBody = r, string(b)
		for name, values := range h.header {
			w.Header()[name] = values
		}
		w.WriteHeader(h.status)
		_, _ = io.WriteString(w, h.body)
	}))
	t.Cleanup(h.Close)
	return h
}

func hookSettings(url string) session.Settings {
	return session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: url}
}

func TestHook_answers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status        int
		body          string
		wantStatus    int
		code, message string
	}{
		"401":             {401, `{"x-hasura-role":"user"}`, 401, "access-denied", "Authentication hook unauthorized this request"},
		"403":             {403, `{"x-hasura-role":"user"}`, 500, "unexpected", "Invalid response from authorization hook"},
		"500":             {500, ``, 500, "unexpected", "Invalid response from authorization hook"},
		"201":             {201, `{"x-hasura-role":"user"}`, 500, "unexpected", "Invalid response from authorization hook"},
		"no role":         {200, `{"x-hasura-user-id":"1"}`, 400, "invalid-params", `"x-hasura-role" not found in session variables`},
		"empty role":      {200, `{"x-hasura-role":""}`, 400, "invalid-params", `"x-hasura-role" not found in session variables`},
		"no JSON":         {200, `ok`, 500, "unexpected", "Invalid response from authorization hook: Error in $: not a JSON object"},
		"a list":          {200, `[]`, 500, "unexpected", "Invalid response from authorization hook: Error in $: not a JSON object"},
		"a number inside": {200, `{"x-hasura-role":"user","x-hasura-user-id":1}`, 500, "unexpected", "Invalid response from authorization hook: Error in $.x-hasura-user-id: parsing Text failed, expected String, but encountered Number"},
		"too large":       {200, `{"x-hasura-role":"` + strings.Repeat("x", 2<<20) + `"}`, 500, "unexpected", "webhook authentication request failed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHook(t, c.status, c.body)
			r := resolver(t, hookSettings(h.URL), session.Deps{})
			_, err := r.Resolve(t.Context(), session.Request{})
			refused(t, err, c.wantStatus, c.code, c.message)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		h := startHook(t, 200, "")
		h.Close()
		_, err := resolver(t, hookSettings(h.URL), session.Deps{}).Resolve(t.Context(), session.Request{})
		refused(t, err, 500, "unexpected", "webhook authentication request failed")
	})
}

func TestHook_get(t *testing.T) {
	t.Parallel()
	h := startHook(t, 200, `{"X-Hasura-Role":"user","x-hasura-User-Id":"1","other":"x","x-hasura-admin-secret":"s","Cache-Control":"public, max-age=30"}`)
	h.header.Add("Set-Cookie", "a=1")
	h.header.Add("Set-Cookie", "b=2")
	r := resolver(t, hookSettings(h.URL+"/api/authn/hasura?resource=https://hasura.api"), session.Deps{})
	s, err := r.Resolve(t.Context(), session.Request{
		Header: headers("Authorization", "Bearer t", "Expected-Role", "user", "Cookie", "c=1", "X-Hasura-User-Id", "forged",
			"User-Agent", "browser", "Origin", "http://o", "Content-Type", "application/json", "Content-Length", "99", "Accept-Language", "de", "Dnt", "1", "Connection", "close"),
		Body: func() json.RawMessage { return json.RawMessage(`{"query":"{a}"}`) },
	})
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1"})
	if want := now.Add(30 * time.Second); !s.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", s.Expires, want)
	}
	if got := text(t, s.ResponseHeaders); got != `[["Set-Cookie","a=1"],["Set-Cookie","b=2"]]` {
		t.Errorf("response headers %s", got)
	}
	if h.got.Method != http.MethodGet || h.got.URL.String() != "/api/authn/hasura?resource=https://hasura.api" || h.gotBody != "" {
		t.Errorf("sent %s %s %q", h.got.Method, h.got.URL, h.gotBody)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer t", "Expected-Role": "user", "Cookie": "c=1", "X-Hasura-User-Id": "forged",
		"Origin": "", "Content-Type": "", "Accept-Language": "", "Dnt": "", "User-Agent": "hasura-graphql-engine/" + session.HasuraVersion,
	} {
		if got := h.got.Header.Get(name); got != want {
			t.Errorf("%s: sent %q, want %q", name, got, want)
		}
	}
}

func TestHook_post(t *testing.T) {
	t.Parallel()
	h := startHook(t, 200, `{"X-Hasura-Role":"user","Expires":"Sun, 01 Mar 2026 12:05:00 GMT"}`)
	settings := hookSettings(h.URL)
	settings.AuthHookMode = "POST"
	body := func() json.RawMessage { return json.RawMessage(`{"query":"{a}"}`) }
	req := session.Request{Header: headers("Authorization", "Bearer t", "User-Agent", "browser"), Body: body}
	s, err := resolver(t, settings, session.Deps{}).Resolve(t.Context(), req)
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user"})
	if want := now.Add(5 * time.Minute); !s.Expires.Equal(want) {
		t.Errorf("expires %v, want %v", s.Expires, want)
	}
	if want := `{"headers":{"Authorization":"Bearer t","User-Agent":"browser"},"request":{"query":"{a}"}}`; h.gotBody != want {
		t.Errorf("sent %s\nwant %s", h.gotBody, want)
	}
	if h.got.Header.Get("Authorization") != "" || h.got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent headers %v", h.got.Header)
	}
	req.Body = nil
	if _, err = resolver(t, settings, session.Deps{}).Resolve(t.Context(), req); err != nil || !strings.HasSuffix(h.gotBody, `,"request":null}`) {
		t.Errorf("sent %s, %v", h.gotBody, err)
	}
	settings.AuthHookWithoutBody = true
	if _, err = resolver(t, settings, session.Deps{}).Resolve(t.Context(), req); err != nil || strings.Contains(h.gotBody, "request") {
		t.Errorf("sent %s, %v", h.gotBody, err)
	}
}

func TestHook_isNotAskedAboutAnAdminSecret(t *testing.T) {
	t.Parallel()
	h := startHook(t, 200, `{"X-Hasura-Role":"user"}`)
	r := resolver(t, hookSettings(h.URL), session.Deps{})
	_, err := r.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-Admin-Secret", "wrong")})
	refused(t, err, 401, "access-denied", `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`)
	if h.got != nil {
		t.Error("the hook was asked")
	}
}
