package plan

import (
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// Nested is what an update does to the rows of one relationship of the rows it updates. Everything of another table is
// under the role's permissions for that table.
type Nested struct {
	Relation *schema.Relation
	// Path is where it stands in the request.
	Path   string
	Insert *Insert
	Link   []*Link
	// Unlink clears the columns that make the relationship: of the related rows that its condition selects, or, where these
	// columns are the updated rows' own, of those (it has then nothing but itself).
	Unlink *Update
	Update []*Update
	Delete *Delete
}

// Link relates a row that is there: the one that Where selects, which no more than one can. Where the columns that make the
// relationship are that row's own it is updated; Changes are the presets for that, Check must hold after it.
type Link struct {
	Where   schema.Predicate
	Changes []Change
	Check   schema.Predicate
	Path    string
}

// IsOwn tells whether the relationship is made by columns of the rows that are updated.
func (n *Nested) IsOwn() bool { return !n.Relation.AfterParent }

// nested plans the writes to related rows; set are the columns that the update changes itself.
func (b *builder) nested(u *Update, p *schema.UpdatePermission, in *operation.Input, set map[string]string) error {
	decided := map[string]string{}
	for _, m := range in.Members {
		if m.Value.Null {
			continue
		}
		n := &Nested{Relation: m.Def.Meaning.(schema.RelationInput).Relation, Path: m.Value.Path}
		for _, op := range m.Value.Members {
			if op.Value.Null {
				continue
			}
			if err := b.nestedOp(n, op.Def.Meaning.(schema.Arg), op.Value); err != nil {
				return err
			}
		}
		if n.Insert == nil && len(n.Link)+len(n.Update) == 0 && n.Unlink == nil && n.Delete == nil {
			continue
		}
		if err := b.decides(n, p, set, decided); err != nil {
			return err
		}
		u.Nested = append(u.Nested, n)
	}
	return nil
}

// decides checks what a nested write makes of the columns that make the relationship.
func (b *builder) decides(n *Nested, p *schema.UpdatePermission, set, decided map[string]string) error {
	r := n.Relation
	ways := len(n.Link)
	if n.Insert != nil {
		ways += len(n.Insert.Rows)
	}
	if !r.Array && (ways > 1 || n.IsOwn() && ways > 0 && n.Unlink != nil) {
		return fault.New(fault.ValidationFailed, n.Path, "object relationship %q leads to one row: only one of insert and link can be asked for, and unlink beside it only where the related row points here", r.Name)
	}
	if !n.IsOwn() || ways == 0 && n.Unlink == nil {
		return nil
	}
	holder, held := r.Holder()
	if !schema.MaySet(p.Columns, holder, held) {
		return b.mayNotRelate(n)
	}
	for _, c := range held {
		if set[c.Name] != "" {
			return fault.New(fault.ValidationFailed, n.Path, "cannot set column %q beside object relationship %q, which determines it", c.Name, r.Name)
		}
		if other := decided[c.Name]; other != "" {
			return fault.New(fault.ValidationFailed, n.Path, "relationships %q and %q both determine column %q", other, r.Name, c.Name)
		}
		decided[c.Name] = r.Name
	}
	return nil
}

func (b *builder) mayNotRelate(n *Nested) error {
	holder, _ := n.Relation.Holder()
	return fault.New(fault.PermissionDenied, n.Path, "role %q cannot link or unlink over relationship %q, as it may not write its columns in %q", b.s.Role, n.Relation.Name, holder.Name.Name)
}

func (b *builder) nestedOp(n *Nested, op schema.Arg, in *operation.Input) error {
	r, t := n.Relation, n.Relation.Target
	var err error
	switch op {
	case schema.NestInsert:
		var ins *NestedInsert
		if ins, err = b.nestedInsert(r, in); err != nil || ins == nil {
			return err
		}
		n.Insert = ins.Insert
		n.Link = append(n.Link, ins.Link...)
	case schema.NestLink:
		var links []*Link
		links, err = b.links(n.Relation, in)
		n.Link = append(n.Link, links...)
	case schema.NestUnlink:
		if !r.Array && !in.Bool() {
			return nil
		}
		err = b.unlink(n, in)
	case schema.NestUpdate:
		items := []*operation.Input{in}
		if r.Array {
			items = in.Items
		}
		for _, item := range items {
			u, err := b.nestedUpdate(t, item)
			if err != nil {
				return err
			}
			n.Update = append(n.Update, u)
		}
	case schema.NestDelete:
		if !r.Array && !in.Bool() {
			return nil
		}
		n.Delete, err = b.nestedDelete(n, in)
	default:
		err = fault.New(fault.Unexpected, in.Path, "cannot do what means %q to related rows", op)
	}
	return err
}

// nestedUpdate is one update of related rows, a member of update_many's list or, without a condition, of the one row.
func (b *builder) nestedUpdate(t *schema.Table, in *operation.Input) (*Update, error) {
	u, err := b.update(t, in.Members, in.Type.Base().Inputs(), in.Path)
	if err != nil {
		return nil, err
	}
	if given := in.Member(schema.ArgWhere); given != nil {
		where, err := b.where(t, given)
		if err != nil {
			return nil, err
		}
		u.Where = schema.Within(u.Where, where)
	}
	b.validate(b.s.Permissions(t).Update.ValidateInput, operation.Documents(in))
	u.Path = in.Path
	return u, nil
}

func (b *builder) nestedDelete(n *Nested, in *operation.Input) (*Delete, error) {
	t := n.Relation.Target
	p, err := b.deletePermission(t, in.Path)
	if err != nil {
		return nil, err
	}
	d := &Delete{Table: t, Where: p.Filter}
	if !n.Relation.Array {
		return d, notValidated(p.ValidateInput, t, "deleted", in.Path)
	}
	where, err := b.where(t, in.Member(schema.ArgWhere))
	if err != nil {
		return nil, err
	}
	d.Where = schema.Within(d.Where, where)
	b.validate(p.ValidateInput, operation.Documents(in))
	return d, nil
}

// notValidated refuses what an input validation would have to be asked about and has no input for.
func notValidated(v *schema.Validation, t *schema.Table, done, path string) error {
	if v == nil {
		return nil
	}
	return fault.New(fault.NotSupported, path, "rows of %q cannot be %s over a relationship, as the permission validates its input", t.Name.Name, done)
}

// holding is the permission to change the columns of a related row that make the relationship.
func (b *builder) holding(r *schema.Relation, done, path string) (*schema.UpdatePermission, error) {
	p := b.s.Permissions(r.Target).Update
	holder, held := r.Holder()
	if p == nil || p.BackendOnly && !b.s.BackendOnly || !schema.MaySet(p.Columns, holder, held) {
		return nil, b.mayNotRelate(&Nested{Relation: r, Path: path})
	}
	return p, notValidated(p.ValidateInput, r.Target, done, path)
}

func changes(set []schema.Preset) []Change {
	var out []Change
	for _, a := range presets(set) {
		out = append(out, Change{Op: "_set", Assignment: a})
	}
	return out
}

// unlink plans the end of a relationship.
func (b *builder) unlink(n *Nested, in *operation.Input) error {
	r := n.Relation
	_, held := r.Holder()
	for _, c := range held {
		if c.NotNull {
			return fault.New(fault.ValidationFailed, in.Path, "relationship %q cannot be unlinked, as column %q must not be null", r.Name, c.Name)
		}
	}
	n.Unlink = &Update{Table: r.Table, Where: schema.And{}, Path: in.Path}
	if n.IsOwn() {
		return nil
	}
	p, err := b.holding(r, "unlinked", in.Path)
	if err != nil {
		return err
	}
	n.Unlink.Table, n.Unlink.Where, n.Unlink.Check, n.Unlink.Changes = r.Target, p.Filter, p.Check, changes(p.Set)
	if !r.Array {
		return nil
	}
	where, err := b.where(r.Target, in.Member(schema.ArgWhere))
	if err != nil {
		return err
	}
	n.Unlink.Where = schema.Within(p.Filter, where)
	return nil
}

// links plans the linking of rows that are there, each named by a unique key. A row must be one that the role sees, and
// one that it may update where it is the row that changes; any other is as one that is not there.
func (b *builder) links(r *schema.Relation, in *operation.Input) ([]*Link, error) {
	items := []*operation.Input{in}
	if in.IsList {
		items = in.Items
	}
	var out []*Link
	for _, item := range items {
		if err := b.uniqueKey(r.Target, item); err != nil {
			return nil, err
		}
		key, err := b.keyWhere(r.Target, item.Members)
		if err != nil {
			return nil, err
		}
		l := &Link{Where: schema.AllOf(b.read(r.Target).Filter, key), Path: item.Path}
		if r.AfterParent {
			p, err := b.holding(r, "linked", item.Path)
			if err != nil {
				return nil, err
			}
			l.Where, l.Check, l.Changes = schema.AllOf(p.Filter, l.Where), p.Check, changes(p.Set)
		}
		out = append(out, l)
	}
	return out, nil
}

// uniqueKey checks that an input gives exactly the columns of a unique key.
func (b *builder) uniqueKey(t *schema.Table, in *operation.Input) error {
	keys := b.s.UniqueKeys(t)
	var given []string
	for _, m := range in.Members {
		if m.Value.Null {
			return operation.RefuseNull(m.Def.Type, m.Def, m.Value.Path)
		}
		given = append(given, m.Def.Meaning.(schema.ColumnInput).Column.Name)
	}
	if !slices.ContainsFunc(keys, func(k *catalog.Key) bool {
		return len(k.Columns) == len(given) && !slices.ContainsFunc(k.Columns, func(c string) bool { return !slices.Contains(given, c) })
	}) {
		return fault.New(fault.ValidationFailed, in.Path, "the columns of one unique key are expected: %s", strings.ReplaceAll(schema.KeyList(t, keys), "), (", ") or ("))
	}
	return nil
}
