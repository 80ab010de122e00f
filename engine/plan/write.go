package plan

import (
	"slices"
	"sort"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// output plans what a write answers with.
func (b *builder) output(f *operation.Field, t *schema.Table) (Output, error) {
	var out Output
	for _, sub := range f.Fields {
		field := OutputField{Alias: sub.Alias}
		if sub.Def == nil {
			field.Text = typename(sub)
			out.Fields = append(out.Fields, field)
			continue
		}
		switch sub.Def.Meaning.(type) {
		case schema.AffectedRows:
			field.Affected = true
		case schema.Returning:
			rows, err := b.written(sub, t)
			if err != nil {
				return out, err
			}
			field.Returning = rows
		default:
			return out, fault.New(fault.Unexpected, sub.Path, "cannot return what means %T", sub.Def.Meaning)
		}
		out.Fields = append(out.Fields, field)
	}
	return out, nil
}

// written reads the rows a write wrote: the columns the role may select, of every row it wrote. The select permission's
// row filter does not apply to them, only to what relationships lead to (observed: TestGraphqlInsertPermission
// blog_on_conflict_update_preset).
func (b *builder) written(f *operation.Field, t *schema.Table) (*Select, error) {
	fields, err := b.fields(f.Fields)
	return &Select{Rows: Rows{Table: t, Where: schema.And{}}, Fields: fields}, err
}

func (b *builder) outputOne(f *operation.Field, t *schema.Table) (Output, error) {
	rows, err := b.written(f, t)
	if err != nil {
		return Output{}, err
	}
	rows.Single = true
	return Output{One: rows}, nil
}

func (b *builder) insertPermission(t *schema.Table, path string) (*schema.InsertPermission, error) {
	p := b.writes(t).Insert
	if p == nil || p.BackendOnly && !b.s.BackendOnly {
		return nil, b.mayNot(path, "insert into %q", t.Name.Name)
	}
	return p, nil
}

func (b *builder) insertRoot(f *operation.Field, t *schema.Table, arg schema.Arg) (*Insert, error) {
	in := f.Arg(arg)
	objects := []*operation.Input{in}
	if arg == schema.ArgObjects {
		objects = in.Items
	}
	ins, err := b.insert(t, objects, f.Arg(schema.ArgOnConflict), nil)
	if err != nil {
		return nil, err
	}
	ins.Path = f.Path + ".args." + string(arg)
	if arg == schema.ArgObject {
		ins.Output, err = b.outputOne(f, t)
	} else {
		ins.Output, err = b.output(f, t)
	}
	return ins, err
}

// insert plans rows of t. parent is the relationship they hang on, whose columns the parent row decides.
func (b *builder) insert(t *schema.Table, objects []*operation.Input, conflict *operation.Input, parent *schema.Relation) (*Insert, error) {
	path := fault.Root
	if len(objects) > 0 {
		path = objects[0].Path
	}
	p, err := b.insertPermission(t, path)
	if err != nil {
		return nil, err
	}
	b.validate(p.ValidateInput, operation.Documents(objects...))
	ins := &Insert{Table: t, Check: p.Check, Path: path}
	for _, o := range objects {
		row, err := b.insertRow(t, p, o, parent)
		if err != nil {
			return nil, err
		}
		ins.Rows = append(ins.Rows, row)
	}
	if conflict != nil && !conflict.Null {
		ins.Conflict, err = b.conflict(t, conflict)
	}
	return ins, err
}

func (b *builder) insertRow(t *schema.Table, p *schema.InsertPermission, o *operation.Input, parent *schema.Relation) (InsertRow, error) {
	var row InsertRow
	set := map[string]bool{}
	for _, preset := range p.Set {
		row.Columns = append(row.Columns, Assignment{Column: preset.Column, Value: preset.Value})
		set[preset.Column.Name] = true
	}
	decided := map[string]bool{}
	if parent != nil && parent.AfterParent {
		for _, pair := range parent.Mapping {
			decided[pair.Theirs.Name] = true
		}
	}
	for _, m := range o.Members {
		switch meaning := m.Def.Meaning.(type) {
		case schema.ColumnInput:
			c := meaning.Column
			if !p.Columns[c] || set[c.Name] {
				return row, b.mayNot(m.Value.Path, "set column %q", c.Name)
			}
			if decided[c.Name] {
				return row, fault.New(fault.ValidationFailed, o.Path, "cannot insert %q column as its value is already being determined by parent insert", c.Name)
			}
			if m.Value.Null && c.Catalog.NotNull {
				return row, operation.RefuseNull(m.Def.Type, m.Def, m.Value.Path)
			}
			row.Columns = append(row.Columns, assignment(c, m.Value))
		case schema.RelationInput:
			if m.Value.Null {
				continue
			}
			nested, err := b.nestedInsert(meaning.Relation, m.Value)
			if err == nil && nested != nil && len(nested.Link) > 0 {
				err = b.mayLink(p, nested, decided, m.Value.Path)
			}
			if err != nil {
				return row, err
			}
			if nested == nil {
				continue
			}
			if meaning.Relation.AfterParent {
				row.After = append(row.After, *nested)
			} else {
				row.Before = append(row.Before, *nested)
			}
		}
	}
	return row, determined(o, row)
}

// determined refuses a column given beside an object relationship that decides it.
func determined(o *operation.Input, row InsertRow) error {
	for _, n := range row.Before {
		for _, pair := range n.Relation.Mapping {
			for _, a := range row.Columns {
				if a.Column.Name == pair.Own.Name && a.Path != "" {
					return fault.New(fault.ValidationFailed, o.Path, "cannot insert object relationship %q as %q column values are already determined", n.Relation.Name, a.Column.Name)
				}
			}
		}
	}
	return nil
}

func assignment(c *schema.Column, in *operation.Input) Assignment {
	a := Assignment{Column: c, Path: in.Path}
	if !in.Null {
		a.Value = in.JSON()
	}
	return a
}

func (b *builder) nestedInsert(r *schema.Relation, in *operation.Input) (*NestedInsert, error) {
	out := &NestedInsert{Relation: r}
	if link := in.Member(schema.NestLink); link != nil && !link.Null {
		var err error
		if out.Link, err = b.links(r, link); err != nil {
			return nil, err
		}
	}
	var objects []*operation.Input
	if data := in.Member(schema.ArgData); data != nil && !data.Null {
		if objects = data.Items; !r.Array {
			objects = []*operation.Input{data}
		}
	}
	if !r.Array && len(objects)+len(out.Link) != 1 {
		return nil, fault.New(fault.ValidationFailed, in.Path, "exactly one of data and link is expected")
	}
	if len(objects)+len(out.Link) == 0 {
		return nil, nil
	}
	if len(objects) == 0 {
		return out, nil
	}
	var err error
	out.Insert, err = b.insert(r.Target, objects, in.Member(schema.ArgOnConflict), r)
	return out, err
}

// mayLink checks that a row that is inserted may be related to one that is there by its own columns. decided are those that
// the row it hangs on determines.
func (b *builder) mayLink(p *schema.InsertPermission, n *NestedInsert, decided map[string]bool, path string) error {
	if n.Relation.AfterParent {
		return nil // links has looked
	}
	holder, held := n.Relation.Holder()
	if !schema.MaySet(p.Columns, holder, held) {
		return b.mayNotRelate(&Nested{Relation: n.Relation, Path: path})
	}
	for _, c := range held {
		if decided[c.Name] {
			return fault.New(fault.ValidationFailed, path, "cannot insert %q column as its value is already being determined by parent insert", c.Name)
		}
	}
	return nil
}

// conflict folds the role's update permission into on_conflict: the row that is in the way must be one the role may
// update, and what becomes of it must pass the update's check.
func (b *builder) conflict(t *schema.Table, in *operation.Input) (*Conflict, error) {
	p := b.writes(t).Update
	if p == nil || p.BackendOnly && !b.s.BackendOnly {
		return nil, b.mayNot(in.Path, "update %q", t.Name.Name)
	}
	c := &Conflict{Check: p.Check, Where: p.Filter}
	for _, m := range in.Members {
		switch m.Def.Meaning {
		case schema.Meaning(schema.ArgConstraint):
			switch key := m.Value.Enum.Meaning.(type) {
			case schema.ConstraintValue:
				c.Constraint = key.Key.Name
			case schema.IndexValue:
				c.Index = key.Index
			default:
				return nil, fault.New(fault.Unexpected, m.Value.Path, "cannot conflict on what means %T", key)
			}
		case schema.Meaning(schema.ArgUpdateColumns):
			for _, item := range m.Value.Items {
				v, ok := item.Enum.Meaning.(schema.ColumnValue)
				if !ok {
					return nil, fault.New(fault.ValidationFailed, in.Path, "erroneous column name")
				}
				if !p.Columns[v.Column] {
					return nil, b.mayNot(item.Path, "set column %q", v.Column.Name)
				}
				if !slices.Contains(c.Columns, v.Column) {
					c.Columns = append(c.Columns, v.Column)
				}
			}
		case schema.Meaning(schema.ArgWhere):
			if m.Value.Null {
				return nil, operation.RefuseNull(m.Def.Type, m.Def, m.Value.Path)
			}
			where, err := b.where(t, m.Value)
			if err != nil {
				return nil, err
			}
			c.Where = schema.Within(c.Where, where)
		}
	}
	if len(c.Columns) > 0 {
		c.Presets = presets(p.Set)
	}
	return c, nil
}

func presets(set []schema.Preset) []Assignment {
	var out []Assignment
	for _, p := range set {
		out = append(out, Assignment{Column: p.Column, Value: p.Value})
	}
	return out
}

func (b *builder) updatePermission(t *schema.Table, path string) (*schema.UpdatePermission, error) {
	p := b.s.Permissions(t).Update
	if p == nil || p.BackendOnly && !b.s.BackendOnly {
		return nil, b.mayNot(path, "update %q", t.Name.Name)
	}
	return p, nil
}

// update plans the changes that the operators among members ask for. operators are all that could be given.
func (b *builder) update(t *schema.Table, members []operation.Member, operators []*schema.InputField, path string) (*Update, error) {
	p, err := b.updatePermission(t, path)
	if err != nil {
		return nil, err
	}
	u := &Update{Table: t, Where: p.Filter, Check: p.Check}
	by := map[string]string{}
	for _, m := range members {
		op, ok := m.Def.Meaning.(schema.UpdateOperator)
		if !ok {
			continue
		}
		if m.Value.Null {
			return nil, operation.RefuseNull(m.Def.Type, m.Def, m.Value.Path)
		}
		for _, c := range m.Value.Members {
			column := c.Def.Meaning.(schema.ColumnInput).Column
			if !p.Columns[column] {
				return nil, b.mayNot(c.Value.Path, "set column %q", column.Name)
			}
			if c.Value.Null && (column.Catalog.NotNull && op.Op != "_delete_key" || op.Op == "_delete_elem" || op.Op == "_delete_at_path") {
				return nil, operation.RefuseNull(c.Def.Type, c.Def, c.Value.Path)
			}
			if other, twice := by[column.Name]; twice && other != op.Op {
				return nil, fault.New(fault.ValidationFailed, path, "Column found in multiple operators: %q.", column.Name)
			}
			by[column.Name] = op.Op
			u.Changes = append(u.Changes, Change{Op: op.Op, Assignment: assignment(column, c.Value)})
		}
	}
	if b.s.Roles() != nil {
		if err := b.chooseUpdate(u, path); err != nil {
			return nil, err
		}
	} else {
		u.set(presets(p.Set))
		for _, m := range members {
			if m.Def.Meaning == schema.Meaning(schema.ArgNested) && !m.Value.Null {
				if err := b.nested(u, p, m.Value, by); err != nil {
					return nil, err
				}
			}
		}
	}
	if len(u.Changes)+len(u.Nested) == 0 && len(u.Rules) == 0 {
		return nil, fault.New(fault.ValidationFailed, path, "at least any one of %s is expected", operatorNames(operators))
	}
	return u, nil
}

func operatorNames(fields []*schema.InputField) string {
	var names []string
	for _, f := range fields {
		if _, ok := f.Meaning.(schema.UpdateOperator); ok {
			names = append(names, f.Name)
		}
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// validate has the role's webhook asked about a list of inputs before the plan is run.
func (b *builder) validate(v *schema.Validation, inputs schema.Value) {
	if v != nil {
		b.validations = append(b.validations, Validation{Webhook: v, Inputs: inputs, Role: b.writer})
	}
}

func (b *builder) updateRows(f *operation.Field, t *schema.Table) (*Update, error) {
	u, err := b.update(t, f.Args, f.Def.Args, f.Path+".args")
	if err != nil {
		return nil, err
	}
	where, err := b.where(t, f.Arg(schema.ArgWhere))
	if err != nil {
		return nil, err
	}
	b.validateUpdate(t, operation.MemberDocuments(f.Args))
	u.Where = schema.Within(u.Where, where)
	u.Output, err = b.output(f, t)
	return u, err
}

func (b *builder) updateByPK(f *operation.Field, t *schema.Table) (*Update, error) {
	u, err := b.update(t, f.Args, f.Def.Args, f.Path+".args")
	if err != nil {
		return nil, err
	}
	key, err := b.keyWhere(t, f.Arg(schema.ArgPKColumns).Members)
	if err != nil {
		return nil, err
	}
	b.validateUpdate(t, operation.MemberDocuments(f.Args))
	u.Where = schema.AllOf(u.Where, key)
	u.Output, err = b.outputOne(f, t)
	return u, err
}

func (b *builder) updateBatch(f *operation.Field, t *schema.Table) (*UpdateBatch, error) {
	batch := &UpdateBatch{}
	b.validateUpdate(t, operation.Documents(f.Arg(schema.ArgUpdates).Items...))
	for _, item := range f.Arg(schema.ArgUpdates).Items {
		u, err := b.update(t, item.Members, item.Type.Named.Inputs(), item.Path)
		if err != nil {
			return nil, err
		}
		where, err := b.where(t, item.Member(schema.ArgWhere))
		if err != nil {
			return nil, err
		}
		u.Where = schema.Within(u.Where, where)
		if u.Output, err = b.output(f, t); err != nil {
			return nil, err
		}
		batch.Updates = append(batch.Updates, u)
	}
	return batch, nil
}

func (b *builder) deletePermission(t *schema.Table, path string) (*schema.DeletePermission, error) {
	p := b.s.Permissions(t).Delete
	if p == nil || p.BackendOnly && !b.s.BackendOnly {
		return nil, b.mayNot(path, "delete from %q", t.Name.Name)
	}
	if b.s.Roles() != nil {
		return &schema.DeletePermission{Filter: b.anyDelete(t)}, nil
	}
	return p, nil
}

func (b *builder) deleteRows(f *operation.Field, t *schema.Table) (*Delete, error) {
	p, err := b.deletePermission(t, f.Path)
	if err != nil {
		return nil, err
	}
	where, err := b.where(t, f.Arg(schema.ArgWhere))
	if err != nil {
		return nil, err
	}
	b.validateDelete(t, operation.MemberDocuments(f.Args))
	d := &Delete{Table: t, Where: schema.Within(p.Filter, where)}
	d.Output, err = b.output(f, t)
	return d, err
}

func (b *builder) deleteByPK(f *operation.Field, t *schema.Table) (*Delete, error) {
	p, err := b.deletePermission(t, f.Path)
	if err != nil {
		return nil, err
	}
	key, err := b.keyWhere(t, f.Args)
	if err != nil {
		return nil, err
	}
	b.validateDelete(t, operation.KeyDocuments(f.Args))
	d := &Delete{Table: t, Where: schema.AllOf(p.Filter, key)}
	d.Output, err = b.outputOne(f, t)
	return d, err
}
