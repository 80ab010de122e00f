package sheet

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
)

// WayBack is what takes changes back, as far as the table itself goes: what triggers did elsewhere stays.
type WayBack struct {
	// Changes take back what was done, in the order they have to be made; nil where that cannot be done safely.
	Changes []Change `json:"undo"`
	// Caught are the rows of other tables that were deleted or changed along with those deleted here, which nothing brings back.
	Caught []Caught `json:"caught,omitempty"`

	isLost bool
}

// Caught are rows that point to deleted ones.
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

// look reads a row in full before it is changed, and what would go with it. It is nil for rows that are not there.
func (w *WayBack) look(ctx context.Context, tx pgx.Tx, t *catalog.Table, c *Change) (*Row, error) {
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
	if c.Op == "delete" {
		err = w.lookAround(ctx, tx, t, &found[0])
	}
	return &found[0], err
}

// referrers are the foreign keys that take the rows they are on along with the row they point to.
const referrers = `
select n.nspname, r.relname, k.confdeltype::text,
  (select array_agg(a.attname::text order by u.i) from unnest(k.conkey) with ordinality u(num, i) join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num),
  (select array_agg(a.attname::text order by u.i) from unnest(k.confkey) with ordinality u(num, i) join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num)
from pg_catalog.pg_constraint k join pg_catalog.pg_class r on r.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where k.contype = 'f' and k.confrelid = $1::oid and k.confdeltype in ('c', 'n', 'd') and k.conparentid = 0
order by 1, 2`

// lookAround counts the rows that deleting a row would delete or change in other tables.
func (w *WayBack) lookAround(ctx context.Context, tx pgx.Tx, t *catalog.Table, was *Row) error {
	rows, err := tx.Query(ctx, referrers, t.OID)
	if err != nil {
		return err
	}
	type referrer struct {
		Caught
		columns, to []string
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (one referrer, err error) {
		var action string
		err = r.Scan(&one.Schema, &one.Name, &action, &one.columns, &one.to)
		one.Action = map[string]string{"c": "cascade", "n": "set null", "d": "set default"}[action]
		return one, err
	})
	if err != nil {
		return err
	}
	for _, one := range all {
		var where pgsql.And
		for i, name := range one.columns {
			at := slices.IndexFunc(t.Columns, func(c *catalog.Column) bool { return c.Name == one.to[i] })
			if at < 0 || was.Values[at] == nil {
				where = nil
				break
			}
			where = append(where, pgsql.Binary{Left: pgsql.Column{Table: row, Name: pgsql.Ident(name)}, Op: "=", Right: value(t.Columns[at], *was.Values[at])})
		}
		if where == nil {
			continue
		}
		sql, args := pgsql.Print(&pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Call{Func: builtin("count"), Star: true}}},
			From:   pgsql.Table{Name: nameOf(catalog.Name{Schema: one.Schema, Name: one.Name}), As: row}, Where: where,
		})
		if err := tx.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&one.Count); err != nil {
			return failed(err)
		}
		if one.Count > 0 {
			w.catch(one.Caught)
		}
	}
	return nil
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
func (w *WayBack) learn(t *catalog.Table, c *Change, was, now *Row) {
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
		if was == nil {
			w.isLost = true
			return
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
		at := slices.IndexFunc(t.Columns, func(c *catalog.Column) bool { return c.Name == name })
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
