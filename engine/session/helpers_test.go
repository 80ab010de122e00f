package session_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/jwt"
)

// now is the tests' clock.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

type claims map[string]any

func (c claims) with(name string, value any) claims {
	out := claims{}
	for k, v := range c {
		out[k] = v
	}
	if value == nil {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

func sign(t testing.TB, key jose.JSONWebKey, typ string, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Sign(key, typ, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// headers makes a header from name, value, name, value …
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func resolver(t testing.TB, s session.Settings, d session.Deps) *session.Resolver {
	t.Helper()
	return resolverAt(t, s, d, clock)
}

func resolverAt(t testing.TB, s session.Settings, d session.Deps, at func() time.Time) *session.Resolver {
	t.Helper()
	c, err := session.ParseConfig(s)
	if err != nil {
		t.Fatal(err)
	}
	d.Log, d.Now = slog.New(slog.DiscardHandler), at
	return session.New(c, d)
}

// refused checks that err is exactly that refusal.
func refused(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("got error %v, want %s: %s", err, code, message)
	}
	if f.Status != status || f.Code != code || f.Message != message || f.Path != "$" {
		t.Errorf("got %d %s at %s: %s\nwant %d %s at $: %s", f.Status, f.Code, f.Path, f.Message, status, code, message)
	}
}

func is(t *testing.T, s *session.Session, err error, role string, variables map[string]string) {
	t.Helper()
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if s.Role != role {
		t.Errorf("role %s, want %s", s.Role, role)
	}
	got, want := text(t, s.Variables), text(t, variables)
	if got != want {
		t.Errorf("variables\n got %s\nwant %s", got, want)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
