package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"gatehouse/secret"
)

// Cookie names, as browsers in the field hold them.
const (
	interactionCookie = "_interaction"
	resumeCookie      = "_interaction_resume"
	sessionCookie     = "_session"
	hintCookie        = "_logto"
	logoutCookie      = "_logout"
)

// cookies reads and writes signed cookies: beside each stands NAME.sig, an HMAC over NAME=VALUE by the newest cookie key.
//
// net/http's own type is not used, because the value of _interaction is JSON with bare quotes, which it drops.
type cookies struct {
	// keys are the cookie keys, newest first; older ones still verify.
	keys   atomic.Pointer[[]string]
	secure bool
}

func sign(key, name, value string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(name + "=" + value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// get returns the value of a cookie whose signature holds, else "".
func (c *cookies) get(r *http.Request, name string) string {
	value, signature := rawCookie(r, name), rawCookie(r, name+".sig")
	if value == "" || signature == "" {
		return ""
	}
	for _, key := range *c.keys.Load() {
		if secret.Equal(sign(key, name, value), signature) {
			return value
		}
	}
	return ""
}

// cookie is one to set. A zero Expires makes it last as long as the browser.
type cookie struct {
	name, value, path string
	expires           time.Time
	// readable lets scripts of the page read it.
	readable bool
}

func (c *cookies) set(w http.ResponseWriter, k cookie) {
	c.write(w, k)
	k.value, k.name = sign((*c.keys.Load())[0], k.name, k.value), k.name+".sig"
	c.write(w, k)
}

// clear removes a cookie and its signature.
func (c *cookies) clear(w http.ResponseWriter, name, path string) {
	for _, n := range []string{name, name + ".sig"} {
		c.write(w, cookie{name: n, path: path, expires: time.Unix(0, 0)})
	}
}

func (c *cookies) write(w http.ResponseWriter, k cookie) {
	var b strings.Builder
	b.WriteString(k.name + "=" + k.value + "; path=" + k.path)
	if !k.expires.IsZero() {
		b.WriteString("; expires=" + k.expires.UTC().Format(http.TimeFormat))
	}
	b.WriteString("; samesite=lax")
	if c.secure {
		b.WriteString("; secure")
	}
	if !k.readable {
		b.WriteString("; httponly")
	}
	w.Header().Add("Set-Cookie", b.String())
}

// rawCookie returns the bytes of a cookie as sent.
func rawCookie(r *http.Request, name string) string {
	for _, line := range r.Header["Cookie"] {
		for _, part := range strings.Split(line, ";") {
			key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
			if ok && key == name {
				return value
			}
		}
	}
	return ""
}

// encodeCookie makes any bytes fit for a cookie value.
func encodeCookie(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decodeCookie(value string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.DecodeString(value)
	return b, err == nil && len(b) > 0
}

// digestText is the digest of a secret that travels in a readable place.
func digestText(text string) string { return base64.RawURLEncoding.EncodeToString(secret.Digest(text)) }
