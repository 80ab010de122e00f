package plan

import (
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// elsewhere reads the rows of a remote relationship, or aggregates over them, with the role's permissions in the target's
// source. A subscription cannot: nobody would tell it of changes there (Hasura: GraphQL/Execute, buildSubscriptionPlan).
func (b *builder) elsewhere(f *operation.Field, r *schema.Relation, aggregate bool) (FieldValue, error) {
	if b.isSubscription {
		return nil, fault.New(fault.NotSupported, fault.Root, "Remote relationships are not allowed in subscriptions")
	}
	out := &Elsewhere{Source: r.Target.Source}
	for _, pair := range r.Remote {
		out.Keys = append(out.Keys, b.joinKey(r.Table, pair))
	}
	defer b.reach(r.Target, schema.Access{Aggregate: aggregate})()
	rows := Rows{Table: r.Target, Via: r}
	var err error
	switch {
	case aggregate:
		out.Value, err = b.aggregate(f, rows)
	case r.Array:
		out.Value, err = b.selectRows(f, rows)
	default:
		rows.Where = b.read(r.Target).Filter
		var fields []Field
		fields, err = b.fields(f.Fields)
		out.Value = &Select{Rows: rows, Fields: fields, Single: true}
	}
	return out, err
}

// joinKey is what a row is joined by. As with every relationship the role need not be able to read it; but where it sees it
// in some rows only, it is joined in those only.
func (b *builder) joinKey(t *schema.Table, pair schema.RemotePair) schema.Operand {
	p := b.read(t)
	if pair.Computed != nil {
		return schema.Operand{Computed: pair.Computed, Visible: unlessAlways(p.Computed[pair.Computed])}
	}
	c := t.Column(pair.Own.Name)
	if c == nil { // one whose name GraphQL does not allow
		c = &schema.Column{Table: t, Name: pair.Own.Name, Catalog: pair.Own, Type: pair.Own.Type, Class: schema.ClassOf(pair.Own.Type)}
	}
	return schema.Operand{Column: c, Visible: unlessAlways(p.Columns[c])}
}
