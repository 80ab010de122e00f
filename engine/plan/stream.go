package plan

import (
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// stream reads a table along the one column that the cursor names (Hasura: Schema/SubscriptionStream).
func (b *builder) stream(f *operation.Field, t *schema.Table) (*Stream, error) {
	sel, err := b.selectRows(f, Rows{Table: t})
	if err != nil {
		return nil, err
	}
	out := &Stream{Select: *sel, Batch: sel.Limit}
	// The role's limit and the client's batch size are one thing here: how many rows come at a time.
	out.Limit = nil
	found := 0
	for _, item := range f.Arg(schema.ArgCursor).Items {
		if item.Null {
			continue
		}
		if o := item.Member(schema.ArgOrdering); o != nil && !o.Null {
			out.Desc = o.Enum.Meaning.(schema.Direction).Desc
		}
		for _, m := range item.Member(schema.ArgInitialValue).Members {
			found++
			if out.Cursor, err = b.column(t, m.Def.Meaning.(schema.ColumnInput).Column); err != nil {
				return nil, err
			}
			out.Initial, out.Path = nil, m.Value.Path
			if !m.Value.Null {
				out.Initial = m.Value.JSON()
			}
		}
	}
	switch found {
	case 1:
		return out, nil
	case 0:
		return nil, fault.New(fault.ValidationFailed, f.Path+".args", "one streaming column field is expected")
	default:
		return nil, fault.New(fault.ValidationFailed, f.Path+".args", "multiple column cursors are not supported yet")
	}
}
