package property_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// writer collects the variables of a request while its text is written.
type writer struct {
	useVariables bool
	types        []string
	values       document
}

// argument is one argument of a field, inline or by a variable of its type.
func (w *writer) argument(name, typ string, v any) string {
	if !w.useVariables {
		return name + ": " + graphQL(v)
	}
	as := fmt.Sprintf("v%d", len(w.values))
	w.types = append(w.types, "$"+as+": "+typ)
	w.values = append(w.values, member{as, v})
	return name + ": $" + as
}

// body is the request as POST /v1/graphql takes it.
func (r *request) body() string {
	w := &writer{useVariables: r.useVariables}
	var fields []string
	for i, op := range r.operations {
		fields = append(fields, alias(i)+": "+w.operation(op))
	}
	text := "query"
	if r.isWrite() {
		text = "mutation"
	}
	if len(w.types) > 0 {
		text += " (" + strings.Join(w.types, ", ") + ")"
	}
	d := document{{"query", text + " { " + strings.Join(fields, " ") + " }"}}
	if w.values != nil {
		d = append(d, member{"variables", w.values})
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func arglist(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

func (w *writer) operation(op *operation) string {
	t := op.table.name
	response := func(args []string) string {
		inner := "affected_rows"
		if op.returning != nil {
			inner += " returning " + w.fields(op.returning)
		}
		return arglist(args) + " { " + inner + " }"
	}
	var args []string
	add := func(name, typ string, v any) { args = append(args, w.argument(name, typ, v)) }
	key := func() {
		for _, c := range op.table.columns {
			if v, ok := op.key[c.name]; ok {
				add(c.name, "Int!", v)
			}
		}
	}
	changes := func(c change) {
		if c.set != nil {
			add("_set", t+"_set_input", input(op.table, c.set))
		}
		if c.inc != nil {
			add("_inc", t+"_inc_input", input(op.table, c.inc))
		}
	}
	onConflict := func() {
		if c := op.conflict; c != nil {
			add("on_conflict", t+"_on_conflict", c.document())
		}
	}
	switch op.kind {
	case "select":
		return t + w.selection(op.rows)
	case "aggregate":
		return t + "_aggregate" + w.aggregate(op.aggregate)
	case "function":
		name, as := "find_"+t, ""
		if op.isMine {
			name = "mine_" + t
		} else {
			args = append(args, w.argument("args", name+"_args!", document{{"low", op.low}}))
		}
		if op.aggregate != nil {
			as = "_aggregate"
			return name + as + w.aggregateWith(args, op.aggregate)
		}
		return name + w.selectionWith(args, op.rows)
	case "call":
		return "bump_" + t + w.selectionWith([]string{w.argument("args", "bump_"+t+"_args!", document{{"low", op.low}})}, op.rows)
	case "by_pk":
		key()
		return t + "_by_pk" + arglist(args) + w.fields(op.returning)
	case "insert":
		objects := []any{}
		for _, r := range op.objects {
			objects = append(objects, r.document(op.table))
		}
		add("objects", "["+t+"_insert_input!]!", objects)
		onConflict()
		return "insert_" + t + response(args)
	case "insert_one":
		add("object", t+"_insert_input!", op.objects[0].document(op.table))
		onConflict()
		return "insert_" + t + "_one" + arglist(args) + w.fields(op.returning)
	case "update":
		changes(op.updates[0])
		add("where", t+"_bool_exp!", condition(op.updates[0].where))
		return "update_" + t + response(args)
	case "update_by_pk":
		changes(op.updates[0])
		add("pk_columns", t+"_pk_columns_input!", input(op.table, op.key))
		return "update_" + t + "_by_pk" + arglist(args) + w.fields(op.returning)
	case "update_many":
		all := []any{}
		for _, c := range op.updates {
			d := document{{"where", condition(c.where)}}
			if c.set != nil {
				d = append(d, member{"_set", input(op.table, c.set)})
			}
			if c.inc != nil {
				d = append(d, member{"_inc", input(op.table, c.inc)})
			}
			all = append(all, d)
		}
		add("updates", "["+t+"_updates!]!", all)
		return "update_" + t + "_many" + response(args)
	case "delete":
		add("where", t+"_bool_exp!", condition(op.updates[0].where))
		return "delete_" + t + response(args)
	case "delete_by_pk":
		key()
		return "delete_" + t + "_by_pk" + arglist(args) + w.fields(op.returning)
	}
	panic("unknown operation " + op.kind)
}

func (c *conflict) document() document {
	d := document{{"constraint", enum(c.key.name)}, {"update_columns", enums(c.columns)}}
	if c.where != nil {
		d = append(d, member{"where", condition(c.where)})
	}
	return d
}

func (r *newRow) document(t *table) document {
	d := input(t, r.values)
	for _, n := range r.nested {
		var data any
		objects := []any{}
		for _, o := range n.objects {
			objects = append(objects, o.document(n.relation.target))
		}
		if data = objects; !n.relation.array {
			data = objects[0]
		}
		in := document{{"data", data}}
		if n.conflict != nil {
			in = append(in, member{"on_conflict", n.conflict.document()})
		}
		d = append(d, member{n.relation.name, in})
	}
	return d
}

// input is a row as input, in table order.
func input(t *table, r row) document {
	d := document{}
	for _, c := range t.columns {
		if v, ok := r[c.name]; ok {
			d = append(d, member{c.name, v})
		}
	}
	return d
}

func (w *writer) fields(fields []field) string {
	var out []string
	for _, f := range fields {
		switch {
		case f.column != "" && f.n != nil:
			out = append(out, f.alias+": "+f.column+"(args: {n: "+strconv.FormatInt(*f.n, 10)+"})")
		case f.column != "":
			out = append(out, f.alias+": "+f.column)
		case f.computed != nil && f.aggregate != nil:
			out = append(out, f.alias+": "+f.computed.name+"_aggregate"+w.aggregate(f.aggregate))
		case f.computed != nil:
			out = append(out, f.alias+": "+f.computed.name+w.selection(f.rows))
		case f.aggregate != nil:
			out = append(out, f.alias+": "+f.relation.name+"_aggregate"+w.aggregate(f.aggregate))
		default:
			out = append(out, f.alias+": "+f.relation.name+w.selection(f.rows))
		}
	}
	return " { " + strings.Join(out, " ") + " }"
}

func (w *writer) selection(s *selection) string { return w.selectionWith(nil, s) }

func (w *writer) selectionWith(args []string, s *selection) string {
	return arglist(append(args, w.arguments(s.table, &s.args)...)) + w.fields(s.fields)
}

func (w *writer) aggregate(a *aggregate) string { return w.aggregateWith(nil, a) }

func (w *writer) aggregateWith(args []string, a *aggregate) string {
	var items []string
	for _, item := range a.items {
		switch {
		case item.fn == "count" && len(item.columns) == 0:
			items = append(items, item.alias+": count")
		case item.fn == "count":
			args := "columns: " + graphQL(enums(item.columns))
			if item.distinct {
				args += ", distinct: true"
			}
			items = append(items, item.alias+": count("+args+")")
		default:
			items = append(items, item.alias+": "+item.fn+" { "+strings.Join(item.columns, " ")+" }")
		}
	}
	out := " { aggregate { " + strings.Join(items, " ") + " }"
	if a.nodes != nil {
		out += " nodes" + w.fields(a.nodes)
	}
	return arglist(append(args, w.arguments(a.table, &a.args)...)) + out + " }"
}

func (w *writer) arguments(t *table, a *arguments) []string {
	var args []string
	if a.where != nil {
		args = append(args, w.argument("where", t.name+"_bool_exp", condition(a.where)))
	}
	if len(a.orderBy) > 0 {
		terms := []any{}
		for _, o := range a.orderBy {
			terms = append(terms, o.document())
		}
		args = append(args, w.argument("order_by", "["+t.name+"_order_by!]", terms))
	}
	if a.limit != nil {
		args = append(args, w.argument("limit", "Int", *a.limit))
	}
	if a.offset != nil {
		args = append(args, w.argument("offset", "Int", *a.offset))
	}
	if len(a.distinctOn) > 0 {
		args = append(args, w.argument("distinct_on", "["+t.name+"_select_column!]", enums(a.distinctOn)))
	}
	return args
}

func (o order) document() document {
	var d document
	switch {
	case o.relation == "":
		d = document{{o.column, enum(o.direction)}}
	case o.column == "":
		d = document{{o.relation + "_aggregate", document{{o.fn, enum(o.direction)}}}}
	default:
		d = document{{o.relation + "_aggregate", document{{o.fn, document{{o.column, enum(o.direction)}}}}}}
	}
	for i := len(o.via) - 1; i >= 0; i-- {
		d = document{{o.via[i], d}}
	}
	return d
}
