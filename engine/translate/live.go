package translate

import (
	"slices"
	"strconv"

	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// Live is a subscription's statements, in a form that serves many subscribers at once: a poll joins a list of
// subscribers, whose own values are its columns, laterally with the statement a query would have run. It holds nothing
// of a subscriber, so everybody with the same operation, role and shape of variables shares it.
type Live struct {
	// Steps are the root fields, in order; what a reading one gives is value Slot of the polls' values.
	Steps []Step
	Polls []Poll
	// Stream is set when the subscription streams.
	Stream *LiveStream
}

// Poll is the statement for one source. Each row of its result is a subscriber's number and then the values of the
// steps that read this source.
type Poll struct {
	Source string
	SQL    string
	// Params are the statement's parameters, in order.
	Params []PollParam
	// Each are the values that every subscriber brings.
	Each []Arg
	// First is the slot of the first value, Values how many there are.
	First, Values int
	// IsVolatile: it calls a function that may write.
	IsVolatile bool
	Reads      Reads
	// MaySayNow are the values that may mean the time at which they are read, so that the result changes with it.
	MaySayNow []Arg
}

// PollParam is one parameter of a poll. Exactly one of the fields says what it is.
type PollParam struct {
	// Shared is the same value for all subscribers.
	Shared *Arg
	// Numbers is the array of the subscribers' numbers; Column the array of their values Each[*Column].
	Numbers bool
	Column  *int
}

// LiveStream is what is particular to a streaming subscription: the polls give the cursor's new value, or null when
// there were no rows, in slot 1, and its present value is schema.Produced among Each.
type LiveStream struct {
	// Initial is where a subscriber's cursor begins; nil: before the first row, where Opening is the poll.
	Initial *Arg
	Opening *Poll
}

// Lives translates a subscription's plan.
func Lives(p *plan.Plan, o Options) (*Live, error) {
	b := &liveBuilder{o: o, live: &Live{}, sources: map[string]*pollBuilder{}}
	if len(p.Roots) == 1 {
		if n, ok := p.Roots[0].Node.(*plan.Stream); ok {
			return b.stream(p.Roots[0], n), nil
		}
	}
	var err error
	if b.live.Steps, err = b.steps(p.Roots); err != nil {
		return nil, err
	}
	first := 0
	for _, source := range b.order {
		poll := b.sources[source].build(first)
		b.live.Polls = append(b.live.Polls, poll)
		first += poll.Values
	}
	b.place(b.live.Steps)
	return b.live, nil
}

func newPoller(o Options) *translator {
	t := newReader(o)
	t.isPoll = true
	return t
}

// ofRow is true, and belongs to a row. A condition that depends on a subscriber's values but on no row beside it is what
// Postgres works out once for a whole query level, and again for the next subscriber; but not again where it removes the
// level's topmost node, because a table has one partition to read (observed: Postgres 15.18; setrefs.c:
// clean_up_removed_plan_level leaves the parameters of what it moves behind). Then one subscriber's answer would be
// everybody's.
func ofRow(row pgsql.Ident) pgsql.Expr {
	return pgsql.Binary{Left: call("num_nulls", pgsql.Row{Table: row}), Op: ">=", Right: pgsql.Int(0)}
}

type liveBuilder struct {
	o       Options
	live    *Live
	order   []string
	sources map[string]*pollBuilder
}

func (b *liveBuilder) steps(roots []plan.Root) ([]Step, error) {
	out := make([]Step, 0, len(roots))
	for _, r := range roots {
		s := Step{Alias: r.Alias, Path: r.Path}
		var err error
		t := newPoller(b.o)
		switch n := r.Node.(type) {
		case plan.Constant:
			s.Constant = []byte(n)
		case plan.Group:
			s.IsGroup = true
			s.Group, err = b.steps(n)
		case *plan.Select:
			b.read(&s, r.Source, t.rootSelect(n))
		case *plan.Aggregate:
			b.read(&s, r.Source, t.aggregate(n, ""))
		case *plan.Connection:
			b.read(&s, r.Source, t.connection(n, ""))
		case *plan.Groups:
			b.read(&s, r.Source, t.groups(n, ""))
		case *plan.Scalar:
			b.read(&s, r.Source, t.scalar(n))
		case *plan.Stream:
			err = fault.New(fault.NotSupported, r.Path, "a streaming subscription selects one top level field")
		default:
			err = fault.New(fault.NotSupported, r.Path, "this field cannot be subscribed to")
		}
		if s.Source != "" && callsVolatile(r.Node) {
			b.sources[s.Source].isVolatile = true
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// read makes s the next value of its source's poll.
func (b *liveBuilder) read(s *Step, source *schema.Source, query *pgsql.Select) {
	p := b.sources[source.Name]
	if p == nil {
		p = &pollBuilder{source: source.Name}
		b.sources[source.Name] = p
		b.order = append(b.order, source.Name)
	}
	s.Source, s.Slot = source.Name, len(p.queries)
	p.queries = append(p.queries, query)
}

// place turns slots counted within a source into slots of all values.
func (b *liveBuilder) place(steps []Step) {
	for i := range steps {
		s := &steps[i]
		b.place(s.Group)
		for _, p := range b.live.Polls {
			if s.Source != "" && p.Source == s.Source {
				s.Slot += p.First
			}
		}
	}
}

func (b *liveBuilder) stream(r plan.Root, n *plan.Stream) *Live {
	b.live.Steps = []Step{{Alias: r.Alias, Path: r.Path, Source: r.Source.Name}}
	following := &pollBuilder{source: r.Source.Name}
	following.stream(b.o, n, true)
	b.live.Polls = []Poll{following.build(0)}
	b.live.Stream = &LiveStream{}
	if n.Initial != nil {
		b.live.Stream.Initial = &Arg{Value: n.Initial, Encoding: encodingOf(n.Cursor.Column.Type), Path: n.Path}
	} else {
		opening := &pollBuilder{source: r.Source.Name}
		opening.stream(b.o, n, false)
		poll := opening.build(0)
		b.live.Stream.Opening = &poll
	}
	return b.live
}

// pollBuilder joins statements with the list of subscribers.
type pollBuilder struct {
	source     string
	queries    []*pgsql.Select
	isVolatile bool
}

// stream adds the two values of a streaming subscription: the rows after the cursor, and the cursor after the rows.
func (p *pollBuilder) stream(o Options, n *plan.Stream, hasCursor bool) {
	t := newPoller(o)
	row, rows := t.alias("t"), t.alias("x")
	q := t.rows(&n.Rows, row, "", false)
	cursor := t.operand(n.Cursor, about(row))
	column := n.Cursor.Column
	if hasCursor {
		op := pgsql.Operator(">")
		if n.Desc {
			op = "<"
		}
		present := t.value(schema.Produced{Column: column.Name}, column.Type, false, n.Path)
		q.Where = conjunction(q.Where, pgsql.Binary{Left: cursor, Op: op, Right: present})
	}
	last := false
	q.OrderBy = []pgsql.Order{{Expr: cursor, Desc: n.Desc, NullsFirst: &last}}
	q.Limit, q.WithTies = t.value(n.Batch, schema.BigintType, false, ""), true
	if n.Cap != nil {
		q.Limit = call("least", q.Limit, pgsql.Int(*n.Cap))
	}
	const cursorColumn pgsql.Ident = "c"
	q.Output = []pgsql.Output{{Expr: object(t.fieldValues(n.Fields, row)), As: builtColumn}, {Expr: cursor, As: cursorColumn}}
	from := pgsql.Derived{Query: q, As: rows}
	count := call("count")
	count.Star = true
	p.queries = append(p.queries, &pgsql.Select{From: from, Output: []pgsql.Output{
		{Expr: list(pgsql.Column{Table: rows, Name: builtColumn})},
		{Expr: pgsql.Cast{Expr: pgsql.Element{Array: call("array_agg", pgsql.Column{Table: rows, Name: cursorColumn}), Index: pgsql.Cast{Expr: count, Type: builtin("int4")}}, Type: textType}},
	}})
}

// Relations and columns of a poll; the statements' own aliases are letters with numbers.
const (
	subscribers pgsql.Ident = "subscriber"
	numberName  pgsql.Ident = "number"
)

func (p *pollBuilder) build(first int) Poll {
	poll := Poll{Source: p.source, First: first, IsVolatile: p.isVolatile}
	columns := map[Arg]int{}
	// A value that is the same for everybody stays a parameter; the others become columns, as text, which the cast that
	// every parameter carries turns into what it is.
	own := func(param pgsql.Param) pgsql.Expr {
		arg := param.Arg.(Arg)
		if maySayNow(param.Type) && !slices.Contains(poll.MaySayNow, arg) {
			poll.MaySayNow = append(poll.MaySayNow, arg)
		}
		if _, isLiteral := arg.Value.(*schema.Literal); isLiteral {
			return nil
		}
		n, ok := columns[arg]
		if !ok {
			n = len(poll.Each)
			columns[arg] = n
			poll.Each = append(poll.Each, arg)
		}
		return pgsql.Cast{Expr: pgsql.Column{Table: subscribers, Name: columnName(n)}, Type: param.Type}
	}
	for _, q := range p.queries { // to know the columns before they are listed
		pgsql.PrintReplacing(q, own)
	}
	whole := &pgsql.Select{Output: []pgsql.Output{{Expr: pgsql.Column{Table: subscribers, Name: numberName}}}}
	unnest := pgsql.FuncTable{As: subscribers, Columns: []pgsql.Ident{numberName}}
	unnest.Call = call("unnest", pgsql.Param{Arg: PollParam{Numbers: true}, Type: arrayOf("int4")})
	for i := range poll.Each {
		unnest.Call.Args = append(unnest.Call.Args, pgsql.Param{Arg: PollParam{Column: &i}, Type: arrayOf("text")})
		unnest.Columns = append(unnest.Columns, columnName(i))
	}
	whole.From = unnest
	for i, q := range p.queries {
		as := pgsql.Ident("result" + strconv.Itoa(i))
		query := *q
		query.Output = make([]pgsql.Output, len(q.Output))
		for j, out := range q.Output {
			value := pgsql.Ident("value" + strconv.Itoa(j))
			query.Output[j] = pgsql.Output{Expr: out.Expr, As: value}
			whole.Output = append(whole.Output, pgsql.Output{Expr: pgsql.Column{Table: as, Name: value}})
			poll.Values++
		}
		whole.Joins = append(whole.Joins, pgsql.Join{Relation: pgsql.Derived{Query: &query, As: as}})
	}
	var args []any
	poll.SQL, args = pgsql.PrintReplacing(whole, func(param pgsql.Param) pgsql.Expr {
		if _, ok := param.Arg.(PollParam); ok {
			return nil
		}
		return own(param)
	})
	poll.Reads = readsOf(whole)
	for _, a := range args {
		if shared, ok := a.(Arg); ok {
			a = PollParam{Shared: &shared}
		}
		poll.Params = append(poll.Params, a.(PollParam))
	}
	return poll
}

func columnName(n int) pgsql.Ident { return pgsql.Ident("own" + strconv.Itoa(n)) }

func arrayOf(element string) pgsql.Type {
	t := builtin(element)
	t.Array = true
	return t
}
