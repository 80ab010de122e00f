package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
	"gatehouse/secret"
)

// secretSession is the session of who knows an admin secret. It is kept nowhere but in its cookie, so that it needs no
// database: the secret itself signs it, and changing the secret ends it.
type secretSession struct {
	id              [16]byte
	started, issued int64 // Unix seconds
}

const (
	// secretPrefix begins the value of a secret's cookie.
	secretPrefix = "s1."
	// renewAfter is how old a cookie may get before one in use is given anew.
	renewAfter = 5 * time.Minute
	bodySize   = 16 + 8 + 8
)

func newSecretSession(now time.Time) secretSession {
	s := secretSession{started: now.Unix(), issued: now.Unix()}
	copy(s.id[:], secret.Bytes(len(s.id)))
	return s
}

// value is the session as a cookie.
func (s secretSession) value(by *Secret) string {
	body := s.id[:]
	body = binary.BigEndian.AppendUint64(body, uint64(s.started))
	body = binary.BigEndian.AppendUint64(body, uint64(s.issued))
	return secretPrefix + base64.RawURLEncoding.EncodeToString(append(body, by.sign(body)...))
}

// sign is a key made from the secret, so that the secret is used for nothing else, over a session's body.
func (s *Secret) sign(body []byte) []byte {
	key := hmac.New(sha256.New, []byte(s.Secret))
	_, _ = key.Write([]byte("gatehouse: session of the console"))
	mac := hmac.New(sha256.New, key.Sum(nil))
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

func (s secretSession) expires() time.Time {
	return time.Unix(min(s.issued+int64(idleTTL/time.Second), s.started+int64(absoluteTTL/time.Second)), 0)
}

// readSecretCookie reads a live session and finds the secret it is from, by its place.
func (h *Handler) readSecretCookie(value string) (s secretSession, of int, ok bool) {
	text, isSecret := strings.CutPrefix(value, secretPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if !isSecret || err != nil || len(raw) != bodySize+sha256.Size {
		return s, 0, false
	}
	body, mac := raw[:bodySize], raw[bodySize:]
	for i := range h.config.Secrets {
		if hmac.Equal(h.config.Secrets[i].sign(body), mac) {
			of, ok = i, true
		}
	}
	copy(s.id[:], body)
	s.started, s.issued = int64(binary.BigEndian.Uint64(body[16:])), int64(binary.BigEndian.Uint64(body[24:]))
	return s, of, ok && h.now().Before(s.expires()) && !h.ended.has(s)
}

// findSecret finds the admin secret that was given. It compares with every one, so that the time taken tells nothing.
func (h *Handler) findSecret(given string) (found *Secret) {
	for i := range h.config.Secrets {
		if secret.Equal(h.config.Secrets[i].Secret, given) {
			found = &h.config.Secrets[i]
		}
	}
	return found
}

// bySecret puts into the audit log what somebody did who knows an admin secret. Such sessions need no database: without one
// there is none of it, and one that cannot be written is an error in the log.
func (h *Handler) bySecret(r *http.Request, key string, s *Secret) {
	if h.config.Members == nil {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	who := Caller{By: BySecret, SecretName: s.Name}
	err := h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		return event.Write(ctx, tx, event.Entry{
			Key: key, ApplicationID: directory.ConsoleClient, IP: httpd.ClientIP(ctx), UserAgent: r.UserAgent(), Data: map[string]any{"actor": who.Actor()},
		})
	})
	if err != nil {
		httpd.Logger(ctx).ErrorContext(ctx, "a sign-in by admin secret is not in the audit log", "key", key, "secret_name", s.Name, "error", err)
	}
}

// renew gives a session's cookie anew once it has been used for a while.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request) {
	s, of, ok := h.readSecretCookie(cookieValue(r.Header))
	now := h.now()
	if !ok || isHandshake(r) || now.Sub(time.Unix(s.issued, 0)) < renewAfter {
		return
	}
	s.issued = now.Unix()
	h.setCookie(w, r, s.value(&h.config.Secrets[of]), time.Unix(s.started, 0).Add(absoluteTTL).Sub(now))
}

// ended are the sessions by secret that were signed out of here, as long as their cookies would last. It is this
// process's: what ends such sessions everywhere is changing the secret.
type ended struct {
	mu    sync.Mutex
	until map[[16]byte]time.Time
	count atomic.Uint64 // of what was ever ended
}

// maxEnded bounds what is remembered.
const maxEnded = 10_000

func (e *ended) add(s secretSession, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until == nil {
		e.until = map[[16]byte]time.Time{}
	}
	for id, until := range e.until {
		if len(e.until) >= maxEnded || !now.Before(until) {
			delete(e.until, id)
		}
	}
	e.count.Add(1)
	e.until[s.id] = time.Unix(s.started, 0).Add(absoluteTTL)
}

func (e *ended) has(s secretSession) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, is := e.until[s.id]
	return is
}
