package sheet

import (
	"context"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/internal/testpg"
)

// However long the values are that rows are ordered by, and whatever columns are asked for, a page stays small.
func TestRead_longOrderIsNotRead(t *testing.T) {
	t.Parallel()
	pool := testpg.Pool(t, testpg.Database(t))
	if _, err := pool.Exec(t.Context(), `
create table page (id int primary key, body text, doc jsonb);
insert into page select i, repeat('ü', 100000) || i, jsonb_build_array(repeat('x', 100000), i) from generate_series(1, 5) i;
insert into page values (6, 'a', '1')`); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	table := c.Tables[catalog.Name{Schema: "public", Name: "page"}]
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	r := &Read{Columns: []string{"id"}, OrderBy: []Order{{Column: "body"}, {Column: "doc"}}}
	rows, err := r.Run(t.Context(), tx, table)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range rows.Rows {
		for _, v := range one.order {
			if n := len([]rune(*v)); n > maxText+1 {
				t.Errorf("%d characters of what row %s is ordered by were read", n, *one.Values[0])
			}
		}
	}
	// A place that is too long to be told is not told cut: it would be another.
	if len(rows.Rows) != 6 || rows.First == nil || *rows.First[0] != "a" || *rows.First[2] != "6" || rows.Last != nil {
		t.Errorf("%d rows, first %v, last %v", len(rows.Rows), rows.First, rows.Last)
	}
}
