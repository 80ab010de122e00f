package token

import "time"

// RefreshPolicy is what the rotation of a refresh token depends on.
type RefreshPolicy struct {
	// IsPublic is true for clients without a secret, which keep tokens where they can be stolen.
	IsPublic bool
	// IsSPA fixes the end of the chain: a rotated token keeps what is left of the first one's time.
	IsSPA bool
	// Rotate is the client's own setting rotateRefreshToken.
	Rotate bool
}

// Limits of rotation. Observed: Logto's oidc provider settings, reference section 2.4.
const (
	// longestChain stops rotation: a token this old is used until it expires.
	longestChain = 365 * 24 * time.Hour
	// rotateAfter is the part of its life after which a confidential client's token is rotated.
	rotateAfter = 0.7
	// ReuseGrace forgives the use of a token that was rotated a moment ago: the client may have lost the answer.
	ReuseGrace = 3 * time.Second
)

// MustRotate tells whether using a refresh token replaces it by a new one. started is when the chain began; created and
// expires are the token's own.
func (p RefreshPolicy) MustRotate(now, started, created, expires time.Time) bool {
	switch {
	case !p.Rotate, now.Sub(started) >= longestChain:
		return false
	case p.IsPublic:
		return true
	}
	return now.Sub(created).Seconds() >= rotateAfter*expires.Sub(created).Seconds()
}

// NextExpiry is when the successor of a token ends, given the client's lifetime for refresh tokens.
func (p RefreshPolicy) NextExpiry(now, expires time.Time, ttl time.Duration) time.Time {
	if p.IsSPA {
		return expires
	}
	return now.Add(ttl)
}
