package token_test

import (
	"testing"
	"time"

	"gatehouse/identity/token"
)

func TestMustRotate(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		policy token.RefreshPolicy
		age    time.Duration // of the token
		chain  time.Duration // of its chain
		want   bool
	}{
		"public rotates at once":           {token.RefreshPolicy{IsPublic: true, Rotate: true}, 0, 0, true},
		"setting off":                      {token.RefreshPolicy{IsPublic: true}, 13 * day, 13 * day, false},
		"confidential, young":              {token.RefreshPolicy{Rotate: true}, 9 * day, 9 * day, false},
		"confidential, 70 percent elapsed": {token.RefreshPolicy{Rotate: true}, 10 * day, 10 * day, true},
		"a chain of a year is not renewed": {token.RefreshPolicy{IsPublic: true, Rotate: true}, day, 365 * day, false},
		"a chain of almost a year":         {token.RefreshPolicy{IsPublic: true, Rotate: true}, day, 364 * day, true},
	} {
		now := start.Add(c.chain)
		created := now.Add(-c.age)
		if got := c.policy.MustRotate(now, start, created, created.Add(14*day)); got != c.want {
			t.Errorf("%s: rotates %v, want %v", name, got, c.want)
		}
	}
}

func TestNextExpiry_onlyTheSPAsChainKeepsItsEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end := now.Add(time.Hour)
	if got := (token.RefreshPolicy{IsSPA: true}).NextExpiry(now, end, 24*time.Hour); !got.Equal(end) {
		t.Errorf("SPA: %v, want %v", got, end)
	}
	if got := (token.RefreshPolicy{}).NextExpiry(now, end, 24*time.Hour); !got.Equal(now.Add(24 * time.Hour)) {
		t.Errorf("others: %v", got)
	}
}
