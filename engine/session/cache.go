package session

import (
	"sync"
	"sync/atomic"
)

// cache is a bounded map of two generations: when the young one is full it becomes the old one, and what was not used
// since is forgotten. Cheaper than an exact LRU under a lock, and what is hot stays.
type cache[K comparable, V any] struct {
	size       int
	mu         sync.RWMutex
	young, old map[K]V
	// hits and misses count what was looked for.
	hits, misses atomic.Uint64
}

// newCache holds at most twice size entries.
func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{size: size, young: make(map[K]V)}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.RLock()
	v, isYoung := c.young[key]
	isOld := false
	if !isYoung {
		v, isOld = c.old[key]
	}
	c.mu.RUnlock()
	if isOld {
		c.put(key, v)
	}
	if isYoung || isOld {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
	return v, isYoung || isOld
}

func (c *cache[K, V]) put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[K]V)
	}
	c.young[key] = v
}

func (c *cache[K, V]) remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, key)
	delete(c.old, key)
}
