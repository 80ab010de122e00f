package metadata

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

// Lists of named objects and maps, as Hasura exports them: sorted, left out when they are empty.

// mayList is a list that is left out when empty and written sorted by name, as Hasura exports it; the same name twice
// is refused. things names the elements in that error.
func mayList[T, F any](name, things string, c codec[F], at func(*T) *[]*F, key func(*F) string) field[T] {
	return omitWhen(listOf(name, things, c, at, key), func(v *T) bool { return len(*at(v)) == 0 })
}

// listOf is mayList for a key that is always there.
func listOf[T, F any](name, things string, c codec[F], at func(*T) *[]*F, key func(*F) string) field[T] {
	return field[T]{
		name, true,
		func(r *reader, n *node, into *T) {
			if aside := leftoversOf(into); aside != nil && !r.strict && n.kind == arrayNode {
				*at(into) = lenientList(r, n, name, c, aside, key)
				return
			}
			items := readList(r, n, c)
			list := make([]*F, len(items))
			for i := range items {
				list[i] = &items[i]
			}
			if twice := duplicates(list, key); len(twice) > 0 {
				r.fail("multiple declarations exist for the following %s: %s", things, strings.Join(twice, ", "))
			}
			*at(into) = list
		},
		func(w *writer, from *T) bool {
			sorted := append([]*F(nil), *at(from)...)
			if key != nil {
				sort.SliceStable(sorted, func(i, j int) bool { return key(sorted[i]) < key(sorted[j]) })
			}
			w.WriteByte('[')
			for i, v := range sorted {
				if i > 0 {
					w.WriteByte(',')
				}
				c.write(w, *v)
			}
			w.WriteByte(']')
			return true
		},
	}
}

func duplicates[F any](list []*F, key func(*F) string) []string {
	if key == nil {
		return nil
	}
	seen, twice := map[string]int{}, []string(nil)
	for _, v := range list {
		k := key(v)
		if seen[k]++; seen[k] == 2 {
			twice = append(twice, strings.ReplaceAll(k, "\x00", "."))
		}
	}
	return twice
}

func readList[F any](r *reader, n *node, c codec[F]) []F {
	if n.kind != arrayNode {
		r.mismatch("List", "Array", n)
		return nil
	}
	out := make([]F, len(n.items))
	for i, item := range n.items {
		r.index(i, func() { out[i] = c.read(r, item) })
	}
	return out
}

// mayMap is an object used as a map, left out when empty and written with sorted keys.
func mayMap[T, F any](name string, c codec[F], at func(*T) *map[string]F) field[T] {
	return omitWhen(mapOf(name, c, at), func(v *T) bool { return len(*at(v)) == 0 })
}

// mapOf is mayMap for a key that is always written; on input it may be left out.
func mapOf[T, F any](name string, c codec[F], at func(*T) *map[string]F) field[T] {
	return field[T]{
		name, false,
		func(r *reader, n *node, into *T) {
			if n.kind != objectNode {
				r.mismatch("HashMap", "Object", n)
				return
			}
			m := make(map[string]F, len(n.keys))
			for _, k := range n.keys {
				r.key(k, func() { m[k] = c.read(r, n.member(k)) })
			}
			*at(into) = m
		},
		func(w *writer, from *T) bool {
			m := *at(from)
			w.WriteByte('{')
			for i, k := range slices.Sorted(maps.Keys(m)) {
				if i > 0 {
					w.WriteByte(',')
				}
				w.text(k)
				w.WriteByte(':')
				c.write(w, m[k])
			}
			w.WriteByte('}')
			return true
		},
	}
}
