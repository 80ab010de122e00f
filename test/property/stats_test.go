package property_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// tally counts what cases were made of, for the log: a property over empty answers says little.
type tally map[string]int

func (c tally) request(r *request, want outcome) {
	for i, op := range r.operations {
		kind := op.kind
		c[kind]++
		if op.conflict != nil {
			kind += " on conflict"
			c[kind]++
		}
		if want.refused != nil {
			c[kind+": "+want.refused.codes[0]]++
			continue
		}
		if rowsIn(want.fields[alias(i)]) {
			c[kind+": rows"]++
		}
	}
}

// rowsIn: something of a row is in the answer.
func rowsIn(e expected) bool {
	switch e := e.(type) {
	case list:
		return len(e.pools) > 0 && len(e.pools[0].items) > 0
	case object:
		if n, ok := e["affected_rows"]; ok {
			return n != scalar{int64(0)}
		}
		if body, ok := e["aggregate"].(object); ok {
			for _, v := range body {
				if s, ok := v.(scalar); !ok || s.value != int64(0) {
					return true
				}
			}
			return false
		}
		return true
	}
	return false
}

func (c tally) log(since time.Time) string {
	var b strings.Builder
	total := 0
	for _, k := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "\n%6d %s", c[k], k)
		if !strings.ContainsAny(k, ": ") {
			total += c[k]
		}
	}
	return fmt.Sprintf("%d operations, %.0f a second%s", total, float64(total)/time.Since(since).Seconds(), b.String())
}
