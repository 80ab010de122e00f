package session

// Remembered counts the tokens that came: those whose signature had been verified before, and those that were verified.
func (r *Resolver) Remembered() (hits, misses uint64) {
	hits = r.resolved.hits.Load()
	for _, v := range r.jwts {
		hits, misses = hits+v.signed.hits.Load(), misses+v.signed.misses.Load()
	}
	if r.identity != nil {
		hits, misses = hits+r.identity.verified.hits.Load(), misses+r.identity.verified.misses.Load()
	}
	return hits, misses
}
