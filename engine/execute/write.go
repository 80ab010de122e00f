package execute

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// mutation runs the root fields one after the other, each source's in one transaction. Any error undoes everything.
func (r *run) mutation(ctx context.Context, steps []translate.Step) error {
	var order []*writing
	open := map[string]*writing{}
	defer func() {
		for _, w := range order {
			w.end()
		}
	}()
	var todo []*translate.Step
	var err error
	leaves(steps, func(s *translate.Step) {
		if !r.local(s) {
			todo = append(todo, s)
		}
		if err == nil {
			err = r.mayJoin(s.Joins)
		}
	})
	if err != nil {
		return err
	}
	if done, err := r.together(ctx, todo); done {
		return err
	}
	for _, s := range todo {
		w := open[s.Source]
		if w == nil {
			var err error
			if w, err = r.begin(ctx, s.Source); err != nil {
				return err
			}
			open[s.Source] = w
			order = append(order, w)
		}
		spans := r.traced(operation.Mutation, []*translate.Step{s})
		err := r.write(ctx, w.tx, s)
		spans.end(err)
		if err != nil {
			return err
		}
	}
	for _, w := range order {
		err := w.tx.Commit(ctx)
		r.wrote(ctx, w.src, err)
		if err != nil {
			return mapError(err, "$", nil)
		}
		ctx = context.WithoutCancel(ctx) // the first commit decides for all
	}
	return nil
}

const setUser = "select set_config('hasura.user', $1, true)"

var isolation = map[string]pgx.TxIsoLevel{"read-committed": pgx.ReadCommitted, "repeatable-read": pgx.RepeatableRead, "serializable": pgx.Serializable}

// writing is a source's transaction; end gives back what it holds, undoing what was not committed.
type writing struct {
	src *source
	tx  pgx.Tx
	end func()
}

// begin starts a source's transaction and tells it who is writing, for triggers.
func (r *run) begin(ctx context.Context, name string) (*writing, error) {
	src, err := r.e.source(name)
	if err != nil {
		return nil, err
	}
	tx, end, err := src.primary.begin(ctx, pgx.TxOptions{IsoLevel: isolation[src.isolation], AccessMode: pgx.ReadWrite})
	if err != nil {
		return nil, mapError(err, "$", nil)
	}
	if _, err := tx.Exec(ctx, setUser, r.SessionJSON()); err != nil {
		end()
		return nil, mapError(err, "$", nil)
	}
	return &writing{src, tx, end}, nil
}

func (r *run) write(ctx context.Context, tx pgx.Tx, s *translate.Step) error {
	if s.Read != nil { // a function that writes
		args, err := arguments(s.Read, r)
		if err != nil {
			return err
		}
		out, err := one(ctx, tx, s.Read, args)
		if err != nil {
			return mapError(err, "$", s.Read)
		}
		r.keep(s, out)
		return nil
	}
	w := s.Write
	if w.Choices != nil {
		return r.choose(ctx, tx, s)
	}
	if w.Insert != nil {
		result, err := r.insert(ctx, tx, w.Insert)
		if err == nil {
			r.put(s, result)
		}
		return err
	}
	var results [][]byte
	for _, program := range w.Programs {
		result, err := r.insert(ctx, tx, program)
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	for i, st := range w.Statements {
		result, err := r.writeOne(ctx, tx, st, r, w.Path)
		if err == nil && w.Answers != nil {
			result, err = r.writeOne(ctx, tx, w.Answers[i], &writtenRows{r, result}, w.Path)
		}
		if err != nil {
			return err
		}
		if result == nil {
			result = []byte("null")
		}
		results = append(results, result)
	}
	if !w.IsList {
		r.put(s, results[0])
		return nil
	}
	r.put(s, jsonList(results))
	return nil
}

func jsonList(items [][]byte) []byte {
	list := []byte{'['}
	for i, item := range items {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, item...)
	}
	return append(list, ']')
}

// writtenRows gives an answer's statement the rows that were written.
type writtenRows struct {
	*run
	rows []byte
}

func (w *writtenRows) Produced(schema.Produced) *string {
	if w.rows == nil {
		return nil
	}
	text := string(w.rows)
	return &text
}

// writeOne runs a write, or what reads its answer, and gives the first column.
func (r *run) writeOne(ctx context.Context, tx pgx.Tx, s *translate.Statement, in translate.Values, path string) ([]byte, error) {
	args, err := arguments(s, in)
	if err != nil {
		return nil, err
	}
	row, err := values(ctx, tx, s, args)
	if err != nil {
		return nil, mapError(err, path, s)
	}
	if len(row) == 0 {
		return nil, nil
	}
	return row[0], nil
}

// producer gives later statements what earlier steps of an insert wrote.
type producer struct {
	*run
	rows []map[string]*string
	// counts are how many rows each step had.
	counts []int
}

func (p *producer) Produced(v schema.Produced) *string { return p.rows[v.Step][v.Column] }

// isLeftOut tells whether a step is not to run, because another one found no row.
func (p *producer) isLeftOut(step *translate.InsertStep) (bool, error) {
	g := step.Guard
	if g == nil || g.After < 0 {
		return false, nil
	}
	if g.Single != "" && p.counts[g.After] > 1 {
		return false, fault.New(fault.ValidationFailed, step.Path, "%s", g.Single)
	}
	return p.counts[g.After] == 0, nil
}

// insert runs an insert program.
func (r *run) insert(ctx context.Context, tx pgx.Tx, program *translate.InsertProgram) ([]byte, error) {
	p := &producer{run: r, rows: make([]map[string]*string, len(program.Steps)), counts: make([]int, len(program.Steps))}
	affected := 0
	for i, step := range program.Steps {
		if out, err := p.isLeftOut(&step); out || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, need := range step.Needs {
			if p.rows[need.Step] == nil {
				return nil, fault.New(fault.NotSupported, step.Path, "%s", need.Message)
			}
		}
		args, err := arguments(step.Statement, p)
		if err != nil {
			return nil, err
		}
		row, err := values(ctx, tx, step.Statement, args)
		if err != nil {
			return nil, mapError(err, step.Path, step.Statement)
		}
		if len(row) < 2 {
			return nil, fault.New(fault.Unexpected, step.Path, "a write gave no result")
		}
		n, err := strconv.Atoi(string(row[0]))
		if err != nil {
			return nil, fault.New(fault.Unexpected, step.Path, "a write gave no count").WithCause(err)
		}
		p.counts[i] = n
		if g := step.Guard; g != nil && g.Found != "" && n == 0 {
			return nil, fault.New(fault.NotFound, step.Path, "%s", g.Found)
		}
		if step.Guard == nil || !step.Guard.IsFind {
			affected += n
		}
		if row[1] != nil {
			if err := json.Unmarshal(row[1], &p.rows[i]); err != nil {
				return nil, fault.New(fault.Unexpected, step.Path, "a written row cannot be read").WithCause(err)
			}
		}
	}
	return p.answer(ctx, tx, program, affected)
}

// answer writes a nested insert's JSON.
func (p *producer) answer(ctx context.Context, tx pgx.Tx, program *translate.InsertProgram, affected int) ([]byte, error) {
	if program.One != nil {
		rows, err := p.readBack(ctx, tx, []*translate.Statement{program.One})
		if err != nil || len(rows) == 0 {
			return []byte("null"), err
		}
		return rows[0], nil
	}
	out := []byte{'{'}
	for i, f := range program.Fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), f.Alias...), '"', ':')
		switch {
		case f.Text != nil:
			out = strconv.AppendQuote(out, string(*f.Text))
		case f.Affected:
			out = strconv.AppendInt(out, int64(affected), 10)
		case f.List != nil:
			rows, err := p.readBack(ctx, tx, []*translate.Statement{f.List})
			if err != nil {
				return nil, err
			}
			out = append(out, rows[0]...)
		default:
			rows, err := p.readBack(ctx, tx, f.Rows)
			if err != nil {
				return nil, err
			}
			out = append(out, jsonList(rows)...)
		}
	}
	return append(out, '}'), nil
}

// readBack reads the root rows after everything is written; a row that was not written after all is left out.
func (p *producer) readBack(ctx context.Context, tx pgx.Tx, statements []*translate.Statement) ([][]byte, error) {
	var rows [][]byte
	for _, s := range statements {
		args, err := arguments(s, p)
		if err != nil {
			return nil, err
		}
		row, err := values(ctx, tx, s, args)
		if err != nil {
			return nil, mapError(err, "$", s)
		}
		if len(row) == 1 && row[0] != nil {
			rows = append(rows, row[0])
		}
	}
	return rows, nil
}
