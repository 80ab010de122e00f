package execute

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/limit"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// Subscriber is one subscriber's part in a live subscription's polls.
type Subscriber struct {
	// values are, for each poll, what the subscriber brings; nil is null.
	values [][]*string
	// cursor is where in each poll's values a stream's cursor stands; -1: nowhere.
	cursor int
	// hasCursor is false before the first row of a stream that begins there.
	hasCursor bool
	opening   []*string
	// caller is whose writes its results must show.
	caller Caller
	// saysNow: one of its values means the time at which it is read.
	saysNow bool
	// limit is how long a poll may take; 0 is not limited.
	limit time.Duration
	// trials are the client's patterns that were not tried yet (translate.Arg.Pattern).
	trials []trial
}

type trial struct {
	source, sql string
	pattern     *string
}

// Subscriber works out what a subscriber brings. An error is the subscriber's own.
func (r Request) Subscriber(live *translate.Live) (*Subscriber, error) {
	s := &Subscriber{cursor: -1, limit: r.TimeLimit}
	if r.Session != nil {
		s.caller = CallerOf(r.Session)
	}
	in := &subscribing{run: &run{r: r}}
	if st := live.Stream; st != nil {
		if st.Initial != nil {
			text, err := st.Initial.Text(in)
			if err != nil {
				return nil, err
			}
			in.cursor, s.hasCursor = text, text != nil
		}
		if st.Opening != nil {
			var err error
			if s.opening, err = texts(st.Opening.Each, in); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range live.Polls {
		own, err := texts(p.Each, in)
		if err != nil {
			return nil, err
		}
		for i, a := range p.Each {
			if _, ok := a.Value.(schema.Produced); ok {
				s.cursor = i
			}
			if a.NeedsTry() {
				s.trials = append(s.trials, trial{p.Source, a.Try(), own[i]})
			}
		}
		for _, a := range p.MaySayNow {
			text, err := a.Text(in)
			if err != nil {
				return nil, err
			}
			s.saysNow = s.saysNow || text != nil && saysNow(*text)
		}
		for _, param := range p.Params { // the same for everybody, but a wrong one is found here
			if param.Shared == nil {
				continue
			}
			text, err := param.Shared.Text(in)
			if err != nil {
				return nil, err
			}
			if param.Shared.NeedsTry() {
				s.trials = append(s.trials, trial{p.Source, param.Shared.Try(), text})
			}
		}
		s.values = append(s.values, own)
	}
	return s, nil
}

// subscribing gives a subscriber's values; Produced is the cursor.
type subscribing struct {
	*run
	cursor *string
}

func (s *subscribing) Produced(schema.Produced) *string { return s.cursor }

func texts(args []translate.Arg, in translate.Values) ([]*string, error) {
	out := make([]*string, len(args))
	for i, a := range args {
		var err error
		if out[i], err = a.Text(in); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Key is equal for two subscribers of one subscription whom every poll gives the same.
func (s *Subscriber) Key() string {
	var key []byte
	add := func(values []*string) {
		for _, v := range values {
			if v == nil {
				key = append(key, '-')
				continue
			}
			key = strconv.AppendInt(key, int64(len(*v)), 10)
			key = append(append(key, ':'), *v...)
		}
	}
	for _, values := range s.values {
		add(values)
	}
	if s.cursor >= 0 && !s.hasCursor {
		key = append(key, '<')
	}
	add(s.opening)
	return string(key)
}

// Advance moves a stream's cursor.
func (s *Subscriber) Advance(cursor []byte) {
	text := string(cursor)
	s.hasCursor = true
	s.values[0][s.cursor] = &text
}

// IsOpening tells whether a stream's subscriber has seen no row yet; such subscribers are asked for apart.
func (s *Subscriber) IsOpening() bool { return s.cursor >= 0 && !s.hasCursor }

// SaysNow tells whether what the polls give the subscriber depends on when they are asked.
func (s *Subscriber) SaysNow() bool { return s.saysNow }

// saysNow tells whether a text, or something in it, may be a special date or time that depends on the present one
// (PG docs: datatype-datetime).
func saysNow(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"now", "today", "tomorrow", "yesterday"}, func(word string) bool { return strings.Contains(text, word) })
}

// Outcome is what a poll gave one subscriber.
type Outcome struct {
	// Body is the response, {"data":{…}}.
	Body []byte
	// Cursor is a stream's new cursor; nil when there were no rows.
	Cursor []byte
}

// Poll asks for all subscribers at once, one statement for each source; those of a stream must agree on IsOpening. The
// outcomes are in the order of the subscribers. Where there are replicas they may answer an audience; without one the
// primary does. The time limit is the role's, and so the same for everybody.
func (e *Executor) Poll(ctx context.Context, live *translate.Live, subscribers []*Subscriber, to *Audience) ([]Outcome, error) {
	d := subscribers[0].limit
	if d == 0 {
		return e.pollAll(ctx, live, subscribers, to)
	}
	ctx, end := limit.Within(ctx, d)
	defer end()
	out, err := e.pollAll(ctx, live, subscribers, to)
	return out, limit.Explain(ctx, err)
}

func (e *Executor) pollAll(ctx context.Context, live *translate.Live, subscribers []*Subscriber, to *Audience) ([]Outcome, error) {
	tried := map[pattern]struct{}{}
	for _, s := range subscribers {
		if err := e.try(ctx, s, tried); err != nil {
			return nil, err
		}
	}
	slots := 0
	for _, p := range live.Polls {
		slots += p.Values
	}
	values := make([][][]byte, len(subscribers))
	flat := make([][]byte, slots*len(subscribers))
	for i := range values {
		values[i] = flat[i*slots : (i+1)*slots]
	}
	for i := range live.Polls {
		poll, own := &live.Polls[i], func(s *Subscriber) []*string { return s.values[i] }
		if live.Stream != nil && subscribers[0].IsOpening() {
			poll, own = live.Stream.Opening, func(s *Subscriber) []*string { return s.opening }
		}
		if err := e.poll(ctx, poll, subscribers, own, values, to); err != nil {
			return nil, err
		}
	}
	out := make([]Outcome, len(subscribers))
	for i, v := range values {
		size := 64
		for _, b := range v {
			size += len(b)
		}
		body := append(make([]byte, 0, size), `{"data":`...)
		out[i].Body = append(liveObject(body, live.Steps, v), '}')
		if live.Stream != nil {
			out[i].Cursor = v[1]
		}
	}
	return out, nil
}

// pattern is what a trial tries.
type pattern struct {
	source, sql, text string
	isNull            bool
}

// try tries a subscriber's patterns, once, and those that others have just tried not again: what is wrong with one must not
// be told by the rows it meets.
func (e *Executor) try(ctx context.Context, s *Subscriber, tried map[pattern]struct{}) error {
	for _, t := range s.trials {
		p := pattern{source: t.source, sql: t.sql, isNull: t.pattern == nil}
		if t.pattern != nil {
			p.text = *t.pattern
		}
		if _, ok := tried[p]; ok {
			continue
		}
		src, err := e.source(t.source)
		if err != nil {
			return err
		}
		conn, err := src.primary.Acquire(ctx)
		if err != nil {
			return mapError(err, "$", nil)
		}
		err = tryPattern(ctx, conn, t.sql, t.pattern)
		conn.Release()
		if err != nil {
			return mapError(err, "$", &translate.Statement{SQL: t.sql})
		}
		tried[p] = struct{}{}
	}
	s.trials = nil
	return nil
}

func (e *Executor) poll(ctx context.Context, p *translate.Poll, subscribers []*Subscriber, own func(*Subscriber) []*string, values [][][]byte, to *Audience) error {
	src, err := e.source(p.Source)
	if err != nil {
		return err
	}
	args, err := pollArguments(p, subscribers, own)
	if err != nil {
		return err
	}
	if src.replicas != nil && to != nil && !p.IsVolatile {
		return src.pollBeside(ctx, p, args, values, to)
	}
	err = src.primary.poll(ctx, p, args, values)
	if p.IsVolatile && src.replicas != nil {
		src.replicas.Raise()
	}
	return err
}

func (s *server) poll(ctx context.Context, p *translate.Poll, args []any, values [][][]byte) error {
	statement := &translate.Statement{SQL: p.SQL}
	conn, err := s.Acquire(ctx)
	if err != nil {
		return mapError(err, "$", nil)
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, p.SQL, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return mapError(err, "$", statement)
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		n, err := strconv.Atoi(string(raw[0]))
		if err != nil || n < 0 || n >= len(values) {
			return fmt.Errorf("a poll of source %q gave a row for nobody: %q", p.Source, raw[0])
		}
		for i, v := range raw[1:] {
			if v != nil {
				values[n][p.First+i] = append([]byte{}, v...)
			}
		}
	}
	return mapError(rows.Err(), "$", statement)
}

// pollArguments are the values of a poll's parameters.
func pollArguments(p *translate.Poll, subscribers []*Subscriber, own func(*Subscriber) []*string) ([]any, error) {
	args := make([]any, 0, len(p.Params))
	for _, param := range p.Params {
		switch {
		case param.Shared != nil:
			text, err := param.Shared.Text(&run{})
			if err != nil {
				return nil, err
			}
			if text == nil {
				args = append(args, nil)
			} else {
				args = append(args, *text)
			}
		case param.Numbers:
			numbers := make([]int32, len(subscribers))
			for i := range numbers {
				numbers[i] = int32(i)
			}
			args = append(args, numbers)
		default:
			column := make([]*string, len(subscribers))
			for i, s := range subscribers {
				column[i] = own(s)[*param.Column]
			}
			args = append(args, column)
		}
	}
	return args, nil
}

func liveObject(body []byte, steps []translate.Step, values [][]byte) []byte {
	body = append(body, '{')
	for i := range steps {
		s := &steps[i]
		if i > 0 {
			body = append(body, ',')
		}
		body = append(append(append(body, '"'), s.Alias...), '"', ':')
		switch {
		case s.IsGroup:
			body = liveObject(body, s.Group, values)
		case s.Constant != nil:
			body = append(body, s.Constant...)
		case values[s.Slot] == nil:
			body = append(body, "null"...)
		default:
			body = append(body, values[s.Slot]...)
		}
	}
	return append(body, '}')
}
