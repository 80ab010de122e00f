package changes

import (
	"context"
	_ "embed"
	"fmt"

	"gatehouse/engine/catalog"
)

// trace is what a query reads in the end.
type trace struct {
	// tables are the keys of those whose changes are decoded.
	tables []string
	// why it may change without that; "" when it cannot.
	why string
}

//go:embed trace.sql
var traceSQL string

// trace finds the tables that a query reads, through views, functions, partitions, children and policies.
func (f *Feed) trace(ctx context.Context, reads Reads, schema int) (trace, error) {
	key := reads.key()
	f.mu.Lock()
	t, ok := f.traces[key]
	ok = ok && f.schema == schema
	f.mu.Unlock()
	if ok {
		return t, nil
	}
	var relations, functions [2][]string
	split := func(into *[2][]string, names []catalog.Name) {
		into[0], into[1] = []string{}, []string{}
		for _, n := range names {
			into[0], into[1] = append(into[0], n.Schema), append(into[1], n.Name)
		}
	}
	split(&relations, reads.Relations)
	split(&functions, reads.Functions)
	rows, err := f.config.Pool.Query(ctx, traceSQL, relations[0], relations[1], functions[0], functions[1])
	if err != nil {
		return trace{}, fmt.Errorf("trace what a query reads: %w", err)
	}
	defer rows.Close()
	t = trace{}
	for rows.Next() {
		var schema, name, why string
		if err := rows.Scan(&schema, &name, &why); err != nil {
			return trace{}, fmt.Errorf("trace what a query reads: %w", err)
		}
		if why != "" {
			t.why = why
		} else {
			t.tables = append(t.tables, tableKey(schema, name))
		}
	}
	if err := rows.Err(); err != nil {
		return trace{}, fmt.Errorf("trace what a query reads: %w", err)
	}
	f.mu.Lock()
	if f.schema == schema {
		if len(f.traces) >= maxTables {
			clear(f.traces) // watches hold their own
		}
		f.traces[key] = t
	}
	f.mu.Unlock()
	return t, nil
}
