package identity_test

import (
	"strings"
	"testing"
	"time"
)

// An unknown account takes as long as a wrong password. The fastest of several tries, taken in turns, are within a factor
// of three, where a missing hash would make it twenty or more.
func TestPassword_unknownAccountTakesAsLong(t *testing.T) {
	w := newWing(t)
	b := w.begin("SignIn")
	fastest := map[string]time.Duration{}
	for range 6 {
		for _, name := range []string{"alice", "nobody"} {
			body := strings.Replace(strings.Replace(aliceBody, password, "x", 1), "alice", name, 1)
			started := time.Now()
			if a := b.do("POST", passwordPath, body); a.code(t) != "session.invalid_credentials" {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if took := time.Since(started); fastest[name] == 0 || took < fastest[name] {
				fastest[name] = took
			}
		}
	}
	if wrong, unknown := fastest["alice"], fastest["nobody"]; unknown*3 < wrong || wrong*3 < unknown {
		t.Errorf("wrong password %v, unknown account %v", wrong, unknown)
	}
}
