package schema

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// relation resolves a relationship of t, which has the others already; nil if it cannot be served.
func (b *builder) relation(t *Table, others *details, mr *metadata.Relationship, array bool, in *scope) *Relation {
	r, err := resolveRelation(t, mr, array, in)
	if err == nil {
		for _, c := range t.Columns {
			if c.GraphQL == mr.Name {
				err = bare{fmt.Errorf("field definition conflicts with custom field name for postgres column %q", c.Name)}
			}
		}
		if !IsName(mr.Name) {
			err = fmt.Errorf("%q is not a valid GraphQL identifier", mr.Name)
		}
		if others.relation(mr.Name) != nil {
			err = fmt.Errorf("field %q is defined twice", mr.Name)
		}
	}
	if err != nil {
		id := metadata.ObjectRelationshipObject(t.Source.Name, metadata.TableName(t.Name), mr.Name)
		if array {
			id = metadata.ArrayRelationshipObject(t.Source.Name, metadata.TableName(t.Name), mr.Name)
		}
		definition := metadata.RelationshipDefinition(t.Source.Name, metadata.TableName(t.Name), mr, array)
		if _, isBare := err.(bare); isBare { //nolint:errorlint // never wrapped
			b.inconsistent(id, definition, "%v", err)
		} else {
			b.inconsistent(id, definition, "in table %q: in relationship %q: %v", text(t.Name), mr.Name, err)
		}
		return nil
	}
	return r
}

// bare is a reason Hasura gives without saying where.
type bare struct{ error }

func resolveRelation(t *Table, mr *metadata.Relationship, array bool, in *scope) (*Relation, error) {
	r := &Relation{Table: t, Name: mr.Name, Array: array, Nullable: true, AfterParent: array}
	if mr.Comment != nil {
		r.Description = *mr.Comment
	}
	if manual := mr.Using.Manual; manual != nil {
		return r, r.manual(manual, in)
	}
	fk := mr.Using.ForeignKey
	if fk == nil {
		return nil, fmt.Errorf("a foreign key or a manual configuration is needed")
	}
	if fk.Table == nil && !array {
		return r, r.forward(fk.Columns, in)
	}
	if fk.Table == nil {
		return nil, fmt.Errorf("the table of the foreign key is missing")
	}
	r.AfterParent = true
	return r, r.backward(catalog.Name(*fk.Table), fk.Columns, in)
}

// forward is an object relationship by this table's own foreign key.
func (r *Relation) forward(columns []string, in *scope) error {
	t := r.Table
	fk := foreignKeyOn(t.Catalog, columns, nil)
	if fk == nil {
		return fmt.Errorf("no foreign constraint exists on the given column(s)")
	}
	if r.Target = in.table(fk.To); r.Target == nil {
		return bare{fmt.Errorf("table %q is not tracked", text(fk.To))}
	}
	r.Nullable = false
	for i := range fk.Columns {
		own, theirs := t.Catalog.Column(fk.Columns[i]), r.Target.Catalog.Column(fk.ToColumns[i])
		if own == nil || theirs == nil {
			return fmt.Errorf("a column of the foreign key does not exist")
		}
		r.Nullable = r.Nullable || !own.NotNull
		r.Mapping = append(r.Mapping, ColumnPair{own, theirs})
	}
	return nil
}

// backward is a relationship by another table's foreign key to this one.
func (r *Relation) backward(from catalog.Name, columns []string, in *scope) error {
	t := r.Table
	if r.Target = in.table(from); r.Target == nil {
		return bare{fmt.Errorf("table %q is not tracked", text(from))}
	}
	fk := foreignKeyOn(r.Target.Catalog, columns, &t.Name)
	if fk == nil {
		return fmt.Errorf("no foreign constraint exists on the given column(s)")
	}
	for i := range fk.Columns {
		own, theirs := t.Catalog.Column(fk.ToColumns[i]), r.Target.Catalog.Column(fk.Columns[i])
		if own == nil || theirs == nil {
			return fmt.Errorf("a column of the foreign key does not exist")
		}
		r.Mapping = append(r.Mapping, ColumnPair{own, theirs})
	}
	return nil
}

func (r *Relation) manual(m *metadata.ManualConfiguration, in *scope) error {
	t := r.Table
	if m.RemoteSource != "" && m.RemoteSource != t.Source.Name {
		return notYet("a relationship to another source")
	}
	if r.Target = in.table(catalog.Name(m.RemoteTable)); r.Target == nil {
		return bare{fmt.Errorf("table %q is not tracked", text(catalog.Name(m.RemoteTable)))}
	}
	if len(m.ColumnMapping) == 0 {
		return fmt.Errorf("the column mapping is empty")
	}
	for _, own := range slices.Sorted(maps.Keys(m.ColumnMapping)) {
		o, theirs := t.Catalog.Column(own), r.Target.Catalog.Column(m.ColumnMapping[own])
		if o == nil {
			return fmt.Errorf("no such column exists: %q", own)
		}
		if theirs == nil {
			return fmt.Errorf("no such column exists: %q", m.ColumnMapping[own])
		}
		r.Mapping = append(r.Mapping, ColumnPair{o, theirs})
	}
	if m.InsertionOrder == "after_parent" {
		r.AfterParent = true
	}
	return nil
}

// foreignKeyOn finds the foreign key over exactly these columns, in any order; to limits its target.
func foreignKeyOn(t *catalog.Table, columns []string, to *catalog.Name) *catalog.ForeignKey {
	want := sorted(columns)
	for _, fk := range t.ForeignKeys {
		if (to == nil || fk.To == *to) && sorted(fk.Columns) == want {
			return fk
		}
	}
	return nil
}

func sorted(names []string) string {
	c := append([]string(nil), names...)
	sort.Strings(c)
	return strings.Join(c, "\x00")
}
