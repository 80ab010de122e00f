package schema

import "hash/maphash"

// index is a map of which a copy is cheap: fork copies none of the entries, and changing the copy copies the part that
// changes. The zero value is empty and must be forked before it is changed.
type index[K comparable, V any] struct {
	buckets *[indexBuckets][]indexEntry[K, V]
	// isOwn are the parts that no other copy has.
	isOwn *[indexBuckets]bool
}

type indexEntry[K comparable, V any] struct {
	key   K
	value V
}

const indexBuckets = 1024

var indexSeed = maphash.MakeSeed()

func bucketOf[K comparable](key K) int { return int(maphash.Comparable(indexSeed, key) % indexBuckets) }

func (x *index[K, V]) get(key K) (value V, ok bool) {
	if x.buckets != nil {
		for _, e := range x.buckets[bucketOf(key)] {
			if e.key == key {
				return e.value, true
			}
		}
	}
	return value, false
}

// fork makes x a copy that may be changed.
func (x *index[K, V]) fork() {
	buckets := new([indexBuckets][]indexEntry[K, V])
	if x.buckets != nil {
		*buckets = *x.buckets
	}
	x.buckets, x.isOwn = buckets, new([indexBuckets]bool)
}

func (x *index[K, V]) own(i int) *[]indexEntry[K, V] {
	if !x.isOwn[i] {
		x.buckets[i] = append([]indexEntry[K, V](nil), x.buckets[i]...)
		x.isOwn[i] = true
	}
	return &x.buckets[i]
}

func (x *index[K, V]) set(key K, value V) {
	entries := x.own(bucketOf(key))
	for i := range *entries {
		if (*entries)[i].key == key {
			(*entries)[i].value = value
			return
		}
	}
	*entries = append(*entries, indexEntry[K, V]{key, value})
}

func (x *index[K, V]) remove(key K) {
	entries := x.own(bucketOf(key))
	for i := range *entries {
		if (*entries)[i].key == key {
			(*entries)[i] = (*entries)[len(*entries)-1]
			*entries = (*entries)[:len(*entries)-1]
			return
		}
	}
}
