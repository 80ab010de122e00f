package sheet

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
)

// Change is one row to be written.
type Change struct {
	// Op is insert, update or delete.
	Op string `json:"op"`
	// Set are the values by column: a text, null, or {"default": true}.
	Set map[string]Value `json:"set,omitempty"`
	// Key tells the row from others; Version is its content when it was read, Place where it was then.
	Key     map[string]string `json:"key,omitempty"`
	Version string            `json:"version,omitempty"`
	Place   string            `json:"place,omitempty"`
	// Overrides inserts a row as it was, with its values of columns that are generated always as identity.
	Overrides bool `json:"overrides,omitempty"`
}

// Value is what a column is set to.
type Value struct {
	// Text is nil for null.
	Text      *string
	IsDefault bool
}

// UnmarshalJSON reads "text", null or {"default": true}.
func (v *Value) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var o struct {
			Default bool `json:"default"`
		}
		err := json.Unmarshal(data, &o)
		v.IsDefault = o.Default
		return err
	}
	return json.Unmarshal(data, &v.Text)
}

// MarshalJSON writes it as it is read.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.IsDefault {
		return []byte(`{"default":true}`), nil
	}
	return json.Marshal(v.Text)
}

// Conflict is what is told of a row that is not as it was read.
type Conflict struct {
	// Change is the position of the change in the request.
	Change int `json:"change"`
	// Now is the row as it is, nil when it is gone.
	Now *Row `json:"now"`
}

// Write makes changes in their order, all of them in tx, and gives the rows that come of them, nil for those deleted. Its
// error is of the first that cannot be made; a row that somebody else changed meanwhile is a conflict. way, unless nil, learns
// the way back.
func Write(ctx context.Context, tx pgx.Tx, t *catalog.Table, changes []Change, way *WayBack) ([]*Row, error) {
	out := make([]*Row, len(changes))
	for i := range changes {
		path := fault.Index("$.changes", i)
		was, err := way.look(ctx, tx, t, &changes[i])
		if err != nil {
			return nil, fault.Under(path, err)
		}
		written, err := changes[i].run(ctx, tx, t)
		if err != nil {
			return nil, fault.Under(path, err)
		}
		if changes[i].Op != "insert" && len(written) == 0 {
			return nil, fault.Under(path, changes[i].conflict(ctx, tx, t, i))
		}
		if len(written) > 1 {
			return nil, fault.Under(path, misplaced(fault.Root, "%d rows of %q and the tables that inherit from it are this one", len(written), t.Name.Name))
		}
		if changes[i].Op != "delete" && len(written) == 1 {
			out[i] = &written[0]
		}
		way.learn(t, &changes[i], was, out[i])
	}
	return out, nil
}

func (c *Change) run(ctx context.Context, tx pgx.Tx, t *catalog.Table) ([]Row, error) {
	returning := append(outputs(t.Columns, false), pgsql.Output{Expr: version})
	if hasPlace(t) {
		returning = append(returning, pgsql.Output{Expr: place})
	}
	var s pgsql.Statement
	switch c.Op {
	case "insert":
		columns, values, err := c.values(t)
		if err != nil {
			return nil, err
		}
		insert := &pgsql.Insert{Into: nameOf(t.Name), As: row, Columns: columns, Overriding: c.Overrides, Returning: returning}
		if len(columns) > 0 {
			insert.Rows = [][]pgsql.Expr{values}
		}
		s = insert
	case "update":
		columns, values, err := c.values(t)
		if err != nil {
			return nil, err
		}
		where, err := c.where(t)
		if err != nil {
			return nil, err
		}
		if len(columns) == 0 {
			return nil, misplaced(fault.Key(fault.Root, "set"), "nothing is set")
		}
		update := &pgsql.Update{Table: nameOf(t.Name), As: row, Where: where, Returning: returning}
		for i, name := range columns {
			update.Set = append(update.Set, pgsql.Assignment{Column: name, Value: values[i]})
		}
		s = update
	case "delete":
		where, err := c.where(t)
		if err != nil {
			return nil, err
		}
		s = &pgsql.Delete{From: nameOf(t.Name), As: row, Where: where, Returning: returning}
	default:
		return nil, misplaced(fault.Key(fault.Root, "op"), "expected insert, update or delete")
	}
	return collect(ctx, tx, s, t, len(t.Columns), false)
}

// values are what is set, in the table's order of columns.
func (c *Change) values(t *catalog.Table) ([]pgsql.Ident, []pgsql.Expr, error) {
	for name := range c.Set {
		if _, err := columnOf(t, name, fault.Key(fault.Key(fault.Root, "set"), name)); err != nil {
			return nil, nil, err
		}
	}
	var columns []pgsql.Ident
	var values []pgsql.Expr
	for _, column := range t.Columns {
		v, isSet := c.Set[column.Name]
		if !isSet {
			continue
		}
		columns, values = append(columns, pgsql.Ident(column.Name)), append(values, v.expr(column))
	}
	return columns, values, nil
}

func (v Value) expr(c *catalog.Column) pgsql.Expr {
	switch {
	case v.IsDefault:
		return pgsql.Default{}
	case v.Text != nil:
		return value(c, *v.Text)
	default:
		return pgsql.Null{}
	}
}

// where finds the row by what tells it from others, if it is as it was read.
func (c *Change) where(t *catalog.Table) (pgsql.Expr, error) {
	if c.Version == "" {
		return nil, misplaced(fault.Key(fault.Root, "version"), "a row is changed as it was read: its version is needed")
	}
	same, err := c.same(t)
	if err != nil {
		return nil, err
	}
	return append(same, pgsql.Binary{Left: version, Op: "=", Right: pgsql.Param{Arg: c.Version, Type: text}}), nil
}

func (c *Change) same(t *catalog.Table) (pgsql.And, error) {
	key := identity(t)
	if key == nil {
		if !hasPlace(t) || c.Place == "" {
			return nil, misplaced(fault.Root, "nothing tells the rows of %q apart: it has no primary key", t.Name.Name)
		}
		return pgsql.And{pgsql.Binary{
			Left: pgsql.Column{Table: row, Name: "ctid"}, Op: "=",
			Right: pgsql.Param{Arg: c.Place, Type: pgsql.Type{Name: builtin("tid")}},
		}}, nil
	}
	var all pgsql.And
	for name := range c.Key {
		if !slices.Contains(key, name) {
			return nil, misplaced(fault.Key(fault.Key(fault.Root, "key"), name), "%q is not part of the key", name)
		}
	}
	for _, name := range key {
		v, ok := c.Key[name]
		if !ok {
			return nil, misplaced(fault.Key(fault.Root, "key"), "the key's column %q is missing", name)
		}
		column := t.Column(name)
		all = append(all, pgsql.Binary{Left: of(column), Op: "=", Right: value(column, v)})
	}
	return all, nil
}

// conflict tells what has become of a row that is not as it was read.
func (c *Change) conflict(ctx context.Context, tx pgx.Tx, t *catalog.Table, i int) error {
	same, err := c.same(t)
	if err != nil {
		return err
	}
	s := &pgsql.Select{Output: append(outputs(t.Columns, false), pgsql.Output{Expr: version}), From: pgsql.Table{Name: nameOf(t.Name), As: row}, Where: same}
	if hasPlace(t) {
		s.Output = append(s.Output, pgsql.Output{Expr: place})
	}
	found, err := collect(ctx, tx, s, t, len(t.Columns), false)
	if err != nil {
		return err
	}
	told := Conflict{Change: i}
	if len(found) == 0 {
		return fault.New(fault.Conflict, fault.Root, "the row is not there any more").WithInternal(told)
	}
	told.Now = &found[0]
	if found[0].Version == c.Version {
		// A trigger or a policy of the table's, not somebody else.
		return fault.New(fault.PostgresError, fault.Root, "the database left the row as it is: a trigger or a policy keeps it from being changed")
	}
	return fault.New(fault.Conflict, fault.Root, "the row was changed by somebody else meanwhile").WithInternal(told)
}
