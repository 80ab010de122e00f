package schema

import (
	"fmt"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
)

// Writing related rows within an update (_nested), and linking rows that are there already within an insert. Which side of
// a relationship changes is what decides the order of nested inserts: the related row when it points here (AfterParent), this
// row otherwise.

// The argument, and what can be asked of a relationship in it.
const (
	ArgNested  Arg = "_nested"
	NestInsert Arg = "insert"
	NestLink   Arg = "link"
	NestUnlink Arg = "unlink"
	NestUpdate Arg = "update"
	NestDelete Arg = "delete"
)

// Holder is the table whose columns make the relationship, and Held those columns.
func (r *Relation) Holder() (t *Table, held []*catalog.Column) {
	t = r.Table
	if r.AfterParent {
		t = r.Target
	}
	for _, pair := range r.Mapping {
		if r.AfterParent {
			held = append(held, pair.Theirs)
		} else {
			held = append(held, pair.Own)
		}
	}
	return t, held
}

// MaySet tells whether columns are all among those a role may write.
func MaySet(may map[*Column]bool, t *Table, columns []*catalog.Column) bool {
	return !slices.ContainsFunc(columns, func(c *catalog.Column) bool { return !may[t.Column(c.Name)] })
}

// UniqueKeys are the keys by which a role can name a row of t: those it may read all of.
func (s *Schema) UniqueKeys(t *Table) []*catalog.Key {
	p := s.readable(t)
	if p == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.Catalog.UniqueKeys), func(k *catalog.Key) bool {
		return slices.ContainsFunc(k.Columns, func(name string) bool {
			_, ok := p.Columns[t.Column(name)]
			return !ok
		})
	})
}

// relates tells whether the schema offers to link rows and to write related ones: the source serves such, and the caller has
// one role, under whose rules all of it can be.
func (s *Schema) relates(t *Table) bool { return t.Source.features.NestedUpdates && s.several == nil }

// nests tells whether writes to t take nested ones; a row of t must be one that can be found again.
func (s *Schema) nests(t *Table) bool { return s.relates(t) && t.Catalog.PrimaryKey != nil }

// nestedArg is the argument of updates for related rows; none when there is nothing the role could do with them.
func (s *Schema) nestedArg(t *Table) []*InputField {
	if !s.nests(t) || !slices.ContainsFunc(s.m.Relations(t), s.nestable) || s.m.hasType(s.tableType(t, "", "nested_update_input")) {
		return nil
	}
	in := s.typ(InputObject, s.tableType(t, "", "nested_update_input"), fmt.Sprintf("writes to the rows related to updated rows of %q", text(t.Name)), func(in *Type) {
		for _, r := range s.m.Relations(t) {
			if s.nestable(r) {
				in.inputs = append(in.inputs, &InputField{Name: r.Name, Type: named(s.relationUpdate(r)), Meaning: RelationInput{r}})
			}
		}
	})
	return []*InputField{{Name: string(ArgNested), Description: "writes to related rows", Type: named(in), Meaning: ArgNested}}
}

// nestable tells whether a role can do anything with a relationship's rows from here.
func (s *Schema) nestable(r *Relation) bool {
	if r.Native != nil {
		return false
	}
	for _, suffix := range []string{"obj_rel_update_input", "arr_rel_update_input", "related_update_input", "related_rows_input", "unique_input"} {
		if s.m.hasType(s.tableType(r.Target, "", suffix)) {
			return false
		}
	}
	return s.insertable(r.Target) != nil || s.changeable(r.Target) || s.deletable(r.Target) != nil || s.linkable(r)
}

// changeable: there is something the role can update.
func (s *Schema) changeable(t *Table) bool {
	p := s.updatable(t)
	return p != nil && len(p.Columns)+len(p.Set) > 0
}

// linkable: the role may update the columns that make the relationship.
func (s *Schema) linkable(r *Relation) bool {
	holder, held := r.Holder()
	p := s.updatable(holder)
	return p != nil && MaySet(p.Columns, holder, held)
}

// relationUpdate is what can be asked of a relationship to a table. It is one type for every relationship to it, so whether
// the columns that make this one may be changed is checked when it is asked.
func (s *Schema) relationUpdate(r *Relation) *Type {
	t, array := r.Target, r.Array
	suffix, what := "obj_rel_update_input", "the row of an object relationship"
	if array {
		suffix, what = "arr_rel_update_input", "the rows of an array relationship"
	}
	return s.typ(InputObject, s.tableType(t, "", suffix), fmt.Sprintf("writes to %s to table %q", what, text(t.Name)), func(in *Type) {
		add := func(op Arg, ref *Ref, description string) {
			in.inputs = append(in.inputs, &InputField{Name: string(op), Description: description, Type: ref, Meaning: op})
		}
		boolean := named(s.scalar("Boolean"))
		related := func() *Ref {
			return named(s.typ(InputObject, s.tableType(t, "", "related_rows_input"), fmt.Sprintf("which of the related rows of %q", text(t.Name)), func(in *Type) {
				in.inputs = []*InputField{{Name: "where", Type: nonNull(s.boolExp(t)), Meaning: ArgWhere}}
			}))
		}
		if s.insertable(t) != nil {
			add(NestInsert, named(s.nestedInsert(r)), "inserts related rows")
		}
		if keys := s.uniqueInput(t); keys != nil {
			if array {
				add(NestLink, listOfNonNull(keys), "relates rows that are there")
			} else {
				add(NestLink, named(keys), "relates a row that is there")
			}
		}
		if array {
			add(NestUnlink, related(), "related rows that shall be so no more")
		} else {
			add(NestUnlink, boolean, "true: the row shall be related no more")
		}
		if s.changeable(t) {
			if array {
				add(NestUpdate, listOfNonNull(s.updatesType(t)), "updates of related rows, in order")
			} else {
				add(NestUpdate, named(s.relatedUpdate(t)), "update of the related row")
			}
		}
		if s.deletable(t) != nil {
			if array {
				add(NestDelete, related(), "related rows to delete")
			} else {
				add(NestDelete, boolean, "true: deletes the related row")
			}
		}
	})
}

// relatedUpdate is an update of the one related row.
func (s *Schema) relatedUpdate(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "related_update_input"), fmt.Sprintf("update of a related row of %q", text(t.Name)), func(in *Type) {
		in.inputs = append(s.updateArgs(t), s.nestedArg(t)...)
	})
}

// uniqueInput names a row of t by one of its unique keys; nil when the role can read none.
func (s *Schema) uniqueInput(t *Table) *Type {
	keys := s.UniqueKeys(t)
	if len(keys) == 0 {
		return nil
	}
	return s.typ(InputObject, s.tableType(t, "", "unique_input"), fmt.Sprintf("names a row of %q by the columns of one of its unique keys: %s", text(t.Name), KeyList(t, keys)), func(in *Type) {
		for _, c := range t.Columns {
			if slices.ContainsFunc(keys, func(k *catalog.Key) bool { return slices.Contains(k.Columns, c.Name) }) {
				in.inputs = append(in.inputs, &InputField{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c), Meaning: ColumnInput{c}})
			}
		}
	})
}

// KeyList shows unique keys as the client names their columns: (id), (first, last).
func KeyList(t *Table, keys []*catalog.Key) string {
	var list []string
	for _, k := range keys {
		var columns []string
		for _, name := range k.Columns {
			columns = append(columns, t.Column(name).GraphQL)
		}
		list = append(list, "("+strings.Join(columns, ", ")+")")
	}
	return strings.Join(list, ", ")
}

// insertLink is the type of link in nested inserts over r; nil where it is not offered.
func (s *Schema) insertLink(r *Relation) *Ref {
	if !s.relates(r.Table) || r.Native != nil || s.m.hasType(s.tableType(r.Target, "", "unique_input")) {
		return nil
	}
	keys := s.uniqueInput(r.Target)
	switch {
	case keys == nil:
		return nil
	case r.Array:
		return listOfNonNull(keys)
	}
	return named(keys)
}

// insertLinkable: the role may write the columns that make the relationship when it inserts a row here.
func (s *Schema) insertLinkable(r *Relation) bool {
	holder, held := r.Holder()
	if r.AfterParent {
		return s.linkable(r)
	}
	p := s.insertable(holder)
	return p != nil && MaySet(p.Columns, holder, held)
}
