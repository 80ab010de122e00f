package translate

import (
	"strconv"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// Rows of another source (plan.Elsewhere) are read once those around are known, for all of them with one statement:
//
//	select x.… from (select k1::T1 as k1, … from unnest($1::text[], …) with ordinality as k(k1, …, n) order by n) k, lateral (the rows of one key) x
//
// In its own statement such a field's value is what the row is joined by: the text of the one key, a list of the texts of
// several, or null where one is null. Whoever has the result finds these values by the response keys that lead to them,
// and puts there what the field shows.

// Join is a field that another statement fills in.
type Join struct {
	// Step is that statement. Its result is a list of objects, one for each combination of keys in the order given, with one
	// member, what the field shows; the step's joins are those inside that.
	Step
	// Number is the join's among those of an operation, from 1: schema.Produced{Number, JoinKey(i)} among the statement's
	// values is the array of the keys' i-th texts.
	Number int
	// Keys is how many keys a combination has.
	Keys int
}

// JoinKey is the name of a join's i-th key, counted from 0.
func JoinKey(i int) string { return "k" + strconv.Itoa(i+1) }

// Joins are the fields inside a value that other statements fill in. Lists are transparent: what is said of an object is said
// of each in a list.
type Joins []JoinAt

// JoinAt is a response key with a join, or with joins inside its value.
type JoinAt struct {
	Key    string
	Join   *Join
	Inside Joins
}

// joiner finds the joins of an operation.
type joiner struct {
	o     Options
	count int
}

// joins are the joins inside a root field's result.
func (j *joiner) joins(n plan.Node) Joins {
	switch n := n.(type) {
	case *plan.Select:
		return j.fields(n.Fields)
	case *plan.Aggregate:
		return j.aggregate(n)
	case *plan.Connection:
		return j.connection(n)
	case *plan.Insert:
		return j.output(n.Output)
	case *plan.Choice:
		return j.joins(n.Inserts[0])
	case *plan.Update:
		return j.output(n.Output)
	case *plan.UpdateBatch:
		if len(n.Updates) > 0 {
			return j.output(n.Updates[0].Output)
		}
	case *plan.Delete:
		return j.output(n.Output)
	}
	return nil
}

func (j *joiner) output(out plan.Output) (all Joins) {
	if out.One != nil {
		return j.fields(out.One.Fields)
	}
	for _, f := range out.Fields {
		if f.Returning != nil {
			all = all.with(f.Alias, j.fields(f.Returning.Fields))
		}
	}
	return all
}

func (j *joiner) aggregate(n *plan.Aggregate) (all Joins) {
	for _, f := range n.Fields {
		if f.Nodes != nil {
			all = all.with(f.Alias, j.fields(f.Nodes.Fields))
		}
	}
	return all
}

func (j *joiner) fields(fields []plan.Field) (all Joins) {
	for _, f := range fields {
		if e, ok := f.Value.(*plan.Elsewhere); ok {
			all = append(all, JoinAt{Key: f.Alias, Join: j.join(f.Alias, e)})
			continue
		}
		all = all.with(f.Alias, j.value(f.Value))
	}
	return all
}

func (j *joiner) value(v plan.FieldValue) Joins {
	switch v := v.(type) {
	case *plan.Select:
		return j.fields(v.Fields)
	case *plan.Aggregate:
		return j.aggregate(v)
	case *plan.Connection:
		return j.connection(v)
	}
	return nil
}

func (j *joiner) connection(n *plan.Connection) (all Joins) {
	for _, f := range n.Fields {
		for _, part := range f.Edges {
			all = all.with(f.Alias, Joins(nil).with(part.Alias, j.fields(part.Node)))
		}
	}
	return all
}

// with adds joins inside a key's value, if there are any.
func (all Joins) with(key string, inside Joins) Joins {
	if len(inside) == 0 {
		return all
	}
	return append(all, JoinAt{Key: key, Inside: inside})
}

// join is the statement that fills a field in, and the joins inside it.
func (j *joiner) join(alias string, e *plan.Elsewhere) *Join {
	j.count++
	out := &Join{Number: j.count, Keys: len(e.Keys)}
	value, relation := e.Value, &schema.Relation{}
	rows := &plan.Rows{Keys: &plan.Keys{Join: out.Number}}
	switch v := value.(type) {
	case *plan.Select:
		one := *v
		relation, one.Via = keyed(v.Via), keyed(v.Via)
		value = &one
	case *plan.Aggregate:
		one := *v
		relation, one.Via = keyed(v.Via), keyed(v.Via)
		value = &one
	}
	for _, p := range relation.Mapping {
		rows.Keys.Types = append(rows.Keys.Types, p.Own.Type)
	}
	batch := &plan.Select{Rows: *rows, Fields: []plan.Field{{Alias: "v", Value: value}}}
	out.Step = Step{Alias: alias, Source: e.Source.Name, Read: newReader(j.o).read(batch)}
	out.Joins = j.value(e.Value)
	return out
}

// keyed is a remote relationship seen from the rows of its keys.
func keyed(r *schema.Relation) *schema.Relation {
	out := *r
	out.Remote, out.Mapping = nil, nil
	for i, p := range r.Remote {
		// A domain may refuse a value that merely is in no row.
		out.Mapping = append(out.Mapping, schema.ColumnPair{Own: &catalog.Column{Name: JoinKey(i), Type: p.Theirs.Type.Undomained()}, Theirs: p.Theirs})
	}
	return &out
}

// keyRows are combinations of keys as a relation, in their order. The texts become of the types that they are compared
// with; an array could not hold values of any type.
func (t *translator) keyRows(k *plan.Keys, as pgsql.Ident) pgsql.Relation {
	texts := t.alias("u")
	list := pgsql.FuncTable{As: texts, Call: call("unnest"), IsNumbered: true}
	q := &pgsql.Select{OrderBy: []pgsql.Order{{Expr: pgsql.Column{Table: texts, Name: keyNumber}}}}
	for i, ty := range k.Types {
		key := pgsql.Ident(JoinKey(i))
		list.Call.Args = append(list.Call.Args, pgsql.Param{
			Arg: Arg{Value: schema.Produced{Step: k.Join, Column: JoinKey(i)}}, Type: arrayOf("text"),
		})
		list.Columns = append(list.Columns, key)
		q.Output = append(q.Output, pgsql.Output{Expr: pgsql.Cast{Expr: pgsql.Column{Table: texts, Name: key}, Type: typ(ty)}, As: key})
	}
	list.Columns = append(list.Columns, keyNumber)
	q.From = list
	return pgsql.Derived{Query: q, As: as}
}

const keyNumber pgsql.Ident = "n"

// joinKeys are what a row is joined by, as JSON: a text, a list of texts, or null.
func (t *translator) joinKeys(e *plan.Elsewhere, row pgsql.Ident) pgsql.Expr {
	texts, given := make([]pgsql.Expr, len(e.Keys)), pgsql.And{}
	for i, k := range e.Keys {
		value := t.operand(k, about(row))
		texts[i] = keyText(value, k)
		given = append(given, pgsql.IsNull{Expr: value, Not: true})
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return pgsql.Case{When: given, Then: call("json_build_array", texts...)}
}

// keyText is a value in a form that another database reads alike: dates and times as JSON has them, which no setting
// changes.
func keyText(e pgsql.Expr, of schema.Operand) pgsql.Expr {
	ty := of.Type().Undomained()
	if ty.Name.Schema == "pg_catalog" && (ty.Name.Name == "date" || ty.Name.Name == "timestamp" || ty.Name.Name == "timestamptz") {
		return pgsql.Binary{Left: call("to_json", e), Op: "#>>", Right: pgsql.Cast{Expr: pgsql.Text("{}"), Type: arrayOf("text")}}
	}
	return pgsql.Cast{Expr: e, Type: textType}
}
