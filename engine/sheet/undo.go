package sheet

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
)

// WayBack is what takes changes back, as far as the table itself goes: what triggers did elsewhere stays.
type WayBack struct {
	// Changes take back what was done, in the order they have to be made; nil where that cannot be done safely.
	Changes []Change `json:"undo"`
	// Caught are the rows of other tables that were deleted or changed along with those deleted or changed here, which nothing brings
	// back.
	Caught []Caught `json:"caught,omitempty"`

	isLost bool
}

// Caught are rows that pointed to others as those were.
type Caught struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Action is what their foreign key does with them: cascade, set null or set default.
	Action string `json:"action"`
	Count  int64  `json:"count"`
}

// End gives the changes their order.
func (w *WayBack) End() {
	slices.Reverse(w.Changes)
	if w.isLost || len(w.Caught) > 0 {
		w.Changes = nil
	}
}

// before is a row in full before it is changed, and what points to it.
type before struct {
	Row
	referring []referrer
}

// look reads a row before it is changed. It is nil for rows that are not there.
func (w *WayBack) look(ctx context.Context, tx pgx.Tx, t *catalog.Table, c *Change) (*before, error) {
	if w == nil || c.Op != "update" && c.Op != "delete" {
		return nil, nil
	}
	same, err := c.same(t)
	if err != nil {
		return nil, err
	}
	s := &pgsql.Select{Output: append(outputs(t.Columns, true), pgsql.Output{Expr: version}), From: pgsql.Table{Name: nameOf(t.Name), As: row}, Where: same}
	if hasPlace(t) {
		s.Output = append(s.Output, pgsql.Output{Expr: place})
	}
	found, err := collect(ctx, tx, s, t, len(t.Columns), true)
	if err != nil || len(found) != 1 {
		return nil, err
	}
	was := &before{Row: found[0]}
	was.referring, err = lookAround(ctx, tx, t, c.Op, &was.Row)
	return was, err
}

// referrers are the foreign keys that take the rows they are on along with the row they point to. An update's cascade is none
// of them: changing the row back takes those rows back, too.
//
// Rows may be written through the table that a key points to, or through those it inherits from or is a partition of. A key to
// a partitioned table is one of each partition, too (conparentid); of those, the uppermost counts.
const referrers = `
with recursive written (oid) as (
  select $1::oid union select i.inhrelid from written w join pg_catalog.pg_inherits i on i.inhparent = w.oid)
select n.nspname, r.relname, case $2 when 'delete' then k.confdeltype else k.confupdtype end::text,
  (select array_agg(a.attname::text order by u.i) from unnest(k.conkey) with ordinality u(num, i) join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
  (select array_agg(a.attname::text order by u.i) from unnest(k.confkey) with ordinality u(num, i) join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num)
from pg_catalog.pg_constraint k join pg_catalog.pg_class r on r.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where k.contype = 'f' and k.confrelid = any (array(select oid from written))
  and case $2 when 'delete' then k.confdeltype in ('c', 'n', 'd') else k.confupdtype in ('n', 'd') end
  and not exists (select from pg_catalog.pg_constraint p where p.oid = k.conparentid and p.confrelid in (select oid from written))
order by 1, 2`

// referrer is a foreign key, and how many rows point to a row by it.
type referrer struct {
	Caught
	columns, to []string
	// isHidden: the login may not see all of these rows, though the foreign key acts on them.
	isHidden bool
}

// lookAround counts the rows of other tables that deleting a row, or changing what they point to, would delete or change.
func lookAround(ctx context.Context, tx pgx.Tx, t *catalog.Table, op string, was *Row) ([]referrer, error) {
	rows, err := tx.Query(ctx, referrers, t.OID, op)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (one referrer, err error) {
		var action string
		err = r.Scan(&one.Schema, &one.Name, &action, &one.columns, &one.to)
		one.Action = map[string]string{"c": "cascade", "n": "set null", "d": "set default"}[action]
		return one, err
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := all[i].count(ctx, tx, t, was); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *referrer) count(ctx context.Context, tx pgx.Tx, t *catalog.Table, was *Row) error {
	var where pgsql.And
	for i, name := range r.columns {
		at := position(t, r.to[i])
		if at < 0 || was.Values[at] == nil {
			return nil
		}
		where = append(where, pgsql.Binary{Left: pgsql.Column{Table: row, Name: pgsql.Ident(name)}, Op: "=", Right: value(t.Columns[at], *was.Values[at])})
	}
	sql, args := pgsql.Print(&pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Call{Func: builtin("count"), Star: true}}},
		From:   pgsql.Table{Name: nameOf(catalog.Name{Schema: r.Schema, Name: r.Name}), As: row}, Where: where,
	})
	inner, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = inner.Rollback(ctx) }() // also of the setting
	// A policy that would hide rows is an error then.
	if _, err := inner.Exec(ctx, `set local row_security = off`); err != nil {
		return err
	}
	err = inner.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&r.Count)
	var pgErr *pgconn.PgError
	if r.isHidden = errors.As(err, &pgErr) && pgErr.Code == "42501"; r.isHidden { // insufficient_privilege
		return nil
	}
	return failed(err)
}

// isMoved tells whether what the rows point to is another thing now.
func (r *referrer) isMoved(t *catalog.Table, was, now *Row) bool {
	return slices.ContainsFunc(r.to, func(name string) bool {
		at := position(t, name)
		if at < 0 || slices.Contains(now.Cut, at) {
			return true
		}
		a, b := was.Values[at], now.Values[at]
		return (a == nil) != (b == nil) || a != nil && *a != *b
	})
}

func position(t *catalog.Table, column string) int {
	return slices.IndexFunc(t.Columns, func(c *catalog.Column) bool { return c.Name == column })
}

func (w *WayBack) catch(c Caught) {
	for i := range w.Caught {
		if k := &w.Caught[i]; k.Schema == c.Schema && k.Name == c.Name && k.Action == c.Action {
			k.Count += c.Count
			return
		}
	}
	w.Caught = append(w.Caught, c)
}

// learn notes what takes a change back, which made now of a row that was.
func (w *WayBack) learn(t *catalog.Table, c *Change, was *before, now *Row) {
	if w == nil {
		return
	}
	back := Change{Op: "delete"}
	if c.Op != "delete" {
		if now == nil || !back.name(t, now) {
			w.isLost = true
			return
		}
	}
	if c.Op != "insert" {
		// A deleted row may have been a child's, which inserting it here would not bring back.
		if was == nil || c.Op == "delete" && repeatsKeys(t) {
			w.isLost = true
		}
		if was == nil {
			return
		}
		for _, r := range was.referring {
			if c.Op == "update" && !r.isMoved(t, &was.Row, now) {
				continue
			}
			if w.isLost = w.isLost || r.isHidden; r.Count > 0 {
				w.catch(r.Caught)
			}
		}
		back.Op, back.Set = "update", map[string]Value{}
		if c.Op == "delete" {
			back.Op, back.Overrides = "insert", true
		}
		for i, column := range t.Columns {
			if _, isSet := c.Set[column.Name]; !column.Generated && (isSet || c.Op == "delete") {
				back.Set[column.Name] = Value{Text: was.Values[i]}
			}
		}
	}
	w.Changes = append(w.Changes, back)
}

// name makes a change one of the row as it is.
func (c *Change) name(t *catalog.Table, now *Row) bool {
	c.Version, c.Place = now.Version, now.Place
	for _, name := range identity(t) {
		at := position(t, name)
		if now.Values[at] == nil || slices.Contains(now.Cut, at) {
			return false
		}
		if c.Key == nil {
			c.Key = map[string]string{}
		}
		c.Key[name] = *now.Values[at]
	}
	return c.Key != nil || c.Place != ""
}
