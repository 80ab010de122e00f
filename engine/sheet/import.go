package sheet

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
)

// Import is a request to insert many rows: all of them, or none.
type Import struct {
	// Columns are those that the rows have values for, in their order.
	Columns []string `json:"columns"`
	// OnConflict says what becomes of a row whose key is there already: "" refuses it, skip leaves the one that is there, update
	// gives it the new values.
	OnConflict string `json:"on_conflict"`
	// IsTrial asks what would come of it, and keeps nothing.
	IsTrial bool `json:"check"`
}

// Imported is what has come of an Import. With any refused nothing may be kept.
type Imported struct {
	// Rows counts those that were read, Written those that were inserted or updated.
	Rows    int64     `json:"rows"`
	Written int64     `json:"written"`
	Refused []Refusal `json:"refused"`
	// IsStopped: more than enough was refused, and what follows was not looked at.
	IsStopped bool `json:"stopped"`
}

// Refusal tells of a row that the database does not take, counted from 1.
type Refusal struct {
	Row    int64  `json:"row"`
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`
}

// maxRefused bounds how many rows are told to be refused, batchRows and batchValues what is inserted at once.
const maxRefused, batchRows, batchValues = 50, 500, 4000

// Run inserts what next gives until it gives nil, and tells done after each batch. Its errors are those that are no row's fault.
func (im *Import) Run(ctx context.Context, tx pgx.Tx, t *catalog.Table, next func() ([]Value, error), done func(rows int64)) (*Imported, error) {
	insert, columns, err := im.statement(t)
	if err != nil {
		return nil, err
	}
	out := &Imported{Refused: []Refusal{}}
	size := max(1, min(batchRows, batchValues/len(columns)))
	batch := make([][]Value, 0, size)
	for isOver := false; !isOver && !out.IsStopped; {
		batch = batch[:0]
		for len(batch) < size {
			values, err := next()
			if err != nil {
				return nil, err
			}
			if isOver = values == nil; isOver {
				break
			}
			if len(values) != len(columns) {
				return nil, misplaced("$.rows", "row %d has %d values, not %d", out.Rows+int64(len(batch))+1, len(values), len(columns))
			}
			batch = append(batch, values)
		}
		if err := im.insert(ctx, tx, insert, columns, batch, out); err != nil {
			return nil, err
		}
		done(out.Rows)
	}
	if len(out.Refused) > 0 {
		return out, nil
	}
	_, err = tx.Exec(ctx, `set constraints all immediate`) // what is checked at the end is checked now
	return out, failed(err)
}

func (im *Import) statement(t *catalog.Table) (*pgsql.Insert, []*catalog.Column, error) {
	s := &pgsql.Insert{Into: nameOf(t.Name)}
	if len(im.Columns) == 0 {
		return nil, nil, misplaced("$.columns", "no columns are named")
	}
	var columns []*catalog.Column
	for i, name := range im.Columns {
		c, err := columnOf(t, name, fault.Index("$.columns", i))
		if err != nil {
			return nil, nil, err
		}
		if slices.Contains(columns, c) {
			return nil, nil, misplaced(fault.Index("$.columns", i), "%q is named twice", name)
		}
		columns, s.Columns = append(columns, c), append(s.Columns, pgsql.Ident(name))
	}
	switch im.OnConflict {
	case "":
	case "skip":
		s.OnConflict = &pgsql.OnConflict{}
	case "update":
		if t.PrimaryKey == nil {
			return nil, nil, misplaced("$.on_conflict", "%q has no primary key to find rows by", t.Name.Name)
		}
		s.OnConflict = &pgsql.OnConflict{Constraint: pgsql.Ident(t.PrimaryKey.Name)}
		for _, name := range t.PrimaryKey.Columns {
			if !slices.Contains(im.Columns, name) {
				return nil, nil, misplaced("$.columns", "the key's column %q is missing", name)
			}
		}
		for _, c := range columns {
			if !slices.Contains(t.PrimaryKey.Columns, c.Name) {
				s.OnConflict.Set = append(s.OnConflict.Set, pgsql.Assignment{
					Column: pgsql.Ident(c.Name), Value: pgsql.Column{Table: "excluded", Name: pgsql.Ident(c.Name)},
				})
			}
		}
	default:
		return nil, nil, misplaced("$.on_conflict", "expected skip or update")
	}
	return s, columns, nil
}

// insert inserts a batch; when that is refused, row by row, to find which are.
func (im *Import) insert(ctx context.Context, tx pgx.Tx, s *pgsql.Insert, columns []*catalog.Column, batch [][]Value, out *Imported) error {
	n, refused, err := try(ctx, tx, s, columns, batch)
	if err != nil {
		return err
	}
	if refused == nil {
		out.Rows, out.Written = out.Rows+int64(len(batch)), out.Written+n
		return nil
	}
	for i := range batch {
		n, refused, err := try(ctx, tx, s, columns, batch[i:i+1])
		if err != nil {
			return err
		}
		out.Rows, out.Written = out.Rows+1, out.Written+n
		if refused == nil {
			continue
		}
		column, err := blame(ctx, tx, columns, batch[i], refused)
		if err != nil {
			return err
		}
		out.Refused = append(out.Refused, Refusal{Row: out.Rows, Column: column, Reason: fault.Internal(failed(refused)).Message})
		if out.IsStopped = len(out.Refused) == maxRefused; out.IsStopped {
			return nil
		}
	}
	return nil
}

// try inserts rows behind a savepoint. Not nil, refused is why Postgres does not take them.
func try(ctx context.Context, tx pgx.Tx, s *pgsql.Insert, columns []*catalog.Column, batch [][]Value) (n int64, refused *pgconn.PgError, err error) {
	if len(batch) == 0 {
		return 0, nil, nil
	}
	s.Rows = s.Rows[:0]
	for _, values := range batch {
		line := make([]pgsql.Expr, len(columns))
		for i, v := range values {
			line[i] = v.expr(columns[i])
		}
		s.Rows = append(s.Rows, line)
	}
	refused, err = within(ctx, tx, s, &n)
	return n, refused, err
}

// within runs a statement behind a savepoint.
func within(ctx context.Context, tx pgx.Tx, s pgsql.Statement, n *int64) (*pgconn.PgError, error) {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	sql, args := pgsql.Print(s)
	tag, err := inner.Exec(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err == nil {
		*n = tag.RowsAffected()
		return nil, inner.Commit(ctx)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && isOfRow(refused.Code) {
		return refused, inner.Rollback(ctx)
	}
	return nil, failed(err)
}

// isOfRow tells of an error that another row may not have: data, constraints, what triggers and views refuse.
func isOfRow(code string) bool {
	return len(code) == 5 && slices.Contains([]string{"21", "22", "23", "42", "44", "P0", "54"}, code[:2]) && code != "42501"
}

// blame finds the column whose value a row is refused for, "" where it is more than one's.
func blame(ctx context.Context, tx pgx.Tx, columns []*catalog.Column, values []Value, refused *pgconn.PgError) (string, error) {
	if refused.ColumnName != "" || refused.Code[:2] != "22" {
		return refused.ColumnName, nil
	}
	for i, v := range values {
		if v.Text == nil {
			continue
		}
		var n int64
		wrong, err := within(ctx, tx, &pgsql.Select{Output: []pgsql.Output{{Expr: v.expr(columns[i])}}}, &n)
		if err != nil || wrong != nil {
			return columns[i].Name, err
		}
	}
	return "", nil
}
