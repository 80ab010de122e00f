package engine

import (
	"fmt"
	"testing"

	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// What a remote relationship costs beside one within a database: 100 rows with ten each, and 1,000 rows with one each.
func BenchmarkRemoteRelationship(b *testing.B) {
	left := "insert into a select i, i, 'text ' || i, i, null from generate_series(1, 1000) i"
	right := "insert into b select i, (i - 1) / 10 + 1, 'text', i % 7, null from generate_series(1, 10000) i"
	index := "create index on b (ref)"
	lines := map[string]*Line{
		"local":  joinLine(b, map[string][]string{"one": {leftTable, left, rightTable, right, index, "analyze"}}, "one"),
		"remote": joinLine(b, map[string][]string{"one": {leftTable, left, "analyze"}, "two": {rightTable, right, index, "analyze"}}, "two"),
	}
	s := &session.Session{Role: "admin", Variables: map[string]string{}}
	for name, query := range map[string]string{
		"lists":   "{ a(limit: 100, order_by: {id: asc}) { id txt bs(order_by: {id: asc}) { id txt n } } }",
		"objects": "{ a(order_by: {id: asc}) { id txt one { id txt n } } }",
		"none":    "{ a(where: {id: {_eq: 0}}) { id txt bs { id } } }",
		"counts":  "{ a(limit: 100, order_by: {id: asc}) { id bs_aggregate { aggregate { count } } } }",
	} {
		for _, where := range []string{"local", "remote"} {
			b.Run(fmt.Sprintf("%s/%s", name, where), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := lines[where].Query(b.Context(), s, operation.Request{Query: query}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
