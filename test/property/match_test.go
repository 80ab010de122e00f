package property_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// mismatch compares an answer, decoded with UseNumber, with what it must be: "" or where and how they differ.
func mismatch(path string, want expected, got any) string {
	switch want := want.(type) {
	case anything:
		return ""
	case scalar:
		if sameScalar(want.value, got) {
			return ""
		}
		return fmt.Sprintf("%s: got %s, want %s", path, show(got), show(want.value))
	case object:
		m, ok := got.(map[string]any)
		if !ok || len(m) != len(want) {
			return fmt.Sprintf("%s: got %s, want an object with %d keys: %s", path, show(got), len(want), describe(want))
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			v, has := m[k]
			if !has {
				return fmt.Sprintf("%s: %q is missing", path, k)
			}
			if d := mismatch(path+"."+k, want[k], v); d != "" {
				return d
			}
		}
		return ""
	case list:
		items, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s: got %s, want a list", path, show(got))
		}
		return want.mismatch(path, items)
	}
	panic(fmt.Sprintf("unknown expectation %T", want))
}

func (l list) mismatch(path string, items []any) string {
	total := 0
	for _, p := range l.pools {
		total += p.n
	}
	n := max(0, total-l.offset)
	if l.take >= 0 {
		n = min(n, l.take)
	}
	if len(items) != n {
		return fmt.Sprintf("%s: got %d rows: %s\n  want %d of %s", path, len(items), show(items), n, describe(l))
	}
	at := 0 // of the pool's first row in the whole list
	for _, p := range l.pools {
		from, to := max(at, l.offset), min(at+p.n, l.offset+n)
		at += p.n
		if from >= to {
			continue
		}
		if !assign(p.items, items[from-l.offset:to-l.offset], make([]bool, len(p.items))) {
			return fmt.Sprintf("%s: got rows %d..%d %s\n  want among %s", path, from-l.offset, to-l.offset, show(items[from-l.offset:to-l.offset]), describe(p.items))
		}
	}
	return ""
}

// assign finds for every item a pool member of its own.
func assign(pool []expected, items []any, used []bool) bool {
	if len(items) == 0 {
		return true
	}
	for i, want := range pool {
		if used[i] || mismatch("", want, items[0]) != "" {
			continue
		}
		used[i] = true
		if assign(pool, items[1:], used) {
			return true
		}
		used[i] = false
	}
	return false
}

func sameScalar(want, got any) bool {
	number, isNumber := got.(json.Number)
	switch want := want.(type) {
	case int64:
		return isNumber && number.String() == fmt.Sprint(want)
	case float64:
		f, err := number.Float64()
		return isNumber && err == nil && math.Abs(f-want) < 1e-9
	}
	return want == got
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// describe shows an expectation as JSON; rows whose order is open stand in one pool.
func describe(e any) string {
	var plain func(e any) any
	plain = func(e any) any {
		switch e := e.(type) {
		case scalar:
			return e.value
		case anything:
			return "anything"
		case object:
			m := map[string]any{}
			for k, v := range e {
				m[k] = plain(v)
			}
			return m
		case []expected:
			var out []any
			for _, one := range e {
				out = append(out, plain(one))
			}
			return out
		case list:
			var out []any
			for _, p := range e.pools {
				out = append(out, plain(p.items))
			}
			return map[string]any{"rows": out, "offset": e.offset, "take": e.take}
		}
		return e
	}
	return show(plain(e))
}
