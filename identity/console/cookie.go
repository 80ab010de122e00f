package console

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The session's cookie. By https it has a name that browsers take from our own host alone (RFC 6265bis §4.1.3.2), so that
// neither a page of a neighbouring host nor anybody on an unencrypted way can plant one.
const (
	plainCookie  = "gatehouse_console"
	secureCookie = "__Host-gatehouse_console"
)

// How long a session lasts: unused, and at all.
const (
	idleTTL     = 8 * time.Hour
	absoluteTTL = 7 * 24 * time.Hour
)

func isSessionCookie(name string) bool { return name == plainCookie || name == secureCookie }

// hasCookie tells whether there is a console cookie, without making anything.
func hasCookie(h http.Header) bool {
	return slices.ContainsFunc(h["Cookie"], func(line string) bool { return strings.Contains(line, plainCookie) })
}

// cookieValue is the session's cookie, "" without one. One that was sent twice counts for nothing: somebody planted the
// other.
func cookieValue(h http.Header) string {
	found, n := "", 0
	for _, line := range h["Cookie"] {
		if !strings.Contains(line, plainCookie) {
			continue
		}
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); isSessionCookie(name) {
				found, n = value, n+1
			}
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		if found != "" {
			return found
		}
	}
	return "?" // there, and worth nothing
}

// Cookies are the lines of a Cookie header reduced to the console's.
func Cookies(lines []string) []string {
	return withoutCookies(http.Header{"Cookie": lines}, func(name string) bool { return !isSessionCookie(name) })["Cookie"]
}

// withoutCookies is a header without the cookies that drop says, by name; the others are left as they were sent.
func withoutCookies(h http.Header, drop func(name string) bool) http.Header {
	out := h.Clone()
	delete(out, "Cookie")
	for _, line := range h["Cookie"] {
		var kept []string
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if !drop(name) {
				kept = append(kept, strings.TrimSpace(pair))
			}
		}
		if len(kept) > 0 {
			out["Cookie"] = append(out["Cookie"], strings.Join(kept, "; "))
		}
	}
	return out
}

func (h *Handler) setCookie(w http.ResponseWriter, r *http.Request, value string, ttl time.Duration) {
	c := &http.Cookie{Name: plainCookie, Value: value, Path: "/", MaxAge: int(ttl / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if h.isSecure(r) {
		c.Name, c.Secure = secureCookie, true
	}
	http.SetCookie(w, c)
}

// clearCookie takes the session's cookie away, under both names.
func (h *Handler) clearCookie(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{plainCookie, secureCookie} {
		if name == secureCookie && !h.isSecure(r) {
			continue // a browser would not take it
		}
		//nolint:gosec // by http there is no Secure, and the value is nothing
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: name == secureCookie, SameSite: http.SameSiteStrictMode})
	}
}
