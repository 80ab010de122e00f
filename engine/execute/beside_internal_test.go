package execute

import (
	"testing"
	"time"
)

// Where a write's position could not be found out its token says when it was, and is met by what was asked for later.
func TestSeen_tokenOfAnUnknownPosition(t *testing.T) {
	t.Parallel()
	p := &Replicas{token: tokenName("default")}
	written := &Seen{}
	written.learn(&source{replicas: p}, everywhere)
	s := &Seen{token: written.Token()}
	if s.token == "" {
		t.Fatal("no token")
	}
	now := time.Now()
	for _, test := range []struct {
		asked time.Time
		want  uint64
	}{
		{now.Add(-time.Second), everywhere},
		{now.Add(clocksDiffer / 2), everywhere}, // perhaps before it
		{now.Add(clocksDiffer + 3*time.Second), 4711},
	} {
		p.history = []moment{{test.asked, test.asked, 4711}}
		if got := s.after(p); got != test.want {
			t.Errorf("asked at %s after the write: the token %q demands %d, not %d", test.asked.Sub(now), s.token, got, test.want)
		}
	}
	if got := s.after(&Replicas{token: tokenName("other")}); got != 0 {
		t.Errorf("the token %q demands %d of another source", s.token, got)
	}
}
