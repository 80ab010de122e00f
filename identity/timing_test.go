package identity_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// An unknown account takes as long as a wrong password: the medians are within a factor of three, where a missing hash would
// make it fifty.
func TestPassword_unknownAccountTakesAsLong(t *testing.T) {
	w := newWing(t)
	b := w.begin("SignIn")
	median := func(body string) time.Duration {
		var took []time.Duration
		for range 5 {
			started := time.Now()
			if a := b.do("POST", passwordPath, body); a.code(t) != "session.invalid_credentials" {
				t.Fatalf("%d %s", a.status, a.body)
			}
			took = append(took, time.Since(started))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	wrong := median(strings.Replace(aliceBody, password, "x", 1))
	unknown := median(strings.Replace(aliceBody, "alice", "nobody", 1))
	if unknown*3 < wrong || wrong*3 < unknown {
		t.Errorf("wrong password %v, unknown account %v", wrong, unknown)
	}
}
