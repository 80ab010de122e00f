package schema

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// Remote relationships that lead to a table, mostly of another source. They need all sources' tables, so they are made
// last, and they are fields only: no condition, order or write follows them (Hasura: GraphQL/Schema/RemoteRelationship).

// remoteRelations makes the remote relationships of all tables.
func (b *builder) remoteRelations() {
	for _, c := range b.m.sources {
		for _, u := range b.m.memos[c.Name].served {
			for _, o := range u.meta.RemoteRelationships {
				end := b.remoteEnd(o)
				b.m.remoteEnds[o] = end
				if end == nil {
					continue // at a remote schema
				}
				r, err := b.remoteRelation(u.table, o.Name, end)
				if err != nil {
					b.unservedRemote(u.table, o, err)
					continue
				}
				b.m.remote[u.table] = append(b.m.remote[u.table], b.sameRemote(r))
			}
		}
	}
}

// remoteEnd is where a remote relationship leads, as its definition says, or what is wrong with the definition.
type remoteEnd struct {
	*metadata.ToSource
	err error
}

// remoteEnd reads a definition, unless the model before has read it; nil for one that leads to a remote schema.
func (b *builder) remoteEnd(o *metadata.Opaque) *remoteEnd {
	if b.prev != nil {
		if end, known := b.prev.remoteEnds[o]; known {
			return end
		}
	}
	if !o.LeadsToSource() {
		return nil
	}
	to, err := o.ToSource()
	return &remoteEnd{to, err}
}

// sameRemote is the relationship that the model before had, where it is the same.
func (b *builder) sameRemote(r *Relation) *Relation {
	if b.prev != nil {
		for _, old := range b.prev.remote[r.Table] {
			if old.isLike(r) {
				return old
			}
		}
	}
	return r
}

// unservedRemote lists a remote relationship that leads nowhere. Where Hasura says where, a space is missing.
func (b *builder) unservedRemote(t *Table, o *metadata.Opaque, err error) {
	id := metadata.RemoteRelationshipObject(t.Source.Name, metadata.TableName(t.Name), o.Name)
	definition := metadata.RemoteRelationshipDefinition(t.Source.Name, metadata.TableName(t.Name), o)
	if _, isBare := err.(bare); isBare { //nolint:errorlint // never wrapped
		b.inconsistent(id, definition, "%v", err)
		return
	}
	b.inconsistent(id, definition, "in table %q: in remote relationship%q: %v", text(t.Name), o.Name, err)
}

// remoteRelation resolves a remote relationship (Hasura: RQL/DDL/RemoteRelationship, buildRemoteFieldInfo).
func (b *builder) remoteRelation(t *Table, name string, to *remoteEnd) (*Relation, error) {
	if to.err != nil {
		return nil, to.err
	}
	r := &Relation{Table: t, Name: name, Array: to.IsArray, Nullable: true}
	there := b.m.content(to.Source)
	if there == nil {
		if s := b.in.Metadata.Source(to.Source); s != nil && s.Foreign != nil {
			return nil, notYet(fmt.Sprintf("a relationship to a source of kind %q", s.Kind))
		}
		return nil, fmt.Errorf("source not found: %q", to.Source)
	}
	if r.Target = there.byName[catalog.Name(to.Table)]; r.Target == nil {
		return nil, fmt.Errorf("table %q does not exist in source: %s", text(catalog.Name(to.Table)), to.Source)
	}
	if len(to.FieldMapping) == 0 {
		return nil, errors.New("the field mapping is empty")
	}
	for _, own := range slices.Sorted(maps.Keys(to.FieldMapping)) {
		pair := RemotePair{Own: t.Catalog.Column(own), Theirs: r.Target.Catalog.Column(to.FieldMapping[own])}
		if pair.Own == nil {
			pair.Computed = b.joinableField(t, own)
		}
		switch {
		case pair.Own == nil && pair.Computed == nil:
			return nil, fmt.Errorf("%q does not exist", own)
		case pair.Theirs == nil:
			return nil, fmt.Errorf("%q does not exist", to.FieldMapping[own])
		}
		if c := r.Target.Column(pair.Theirs.Name); c != nil && c.Enum != nil {
			return nil, errors.New("relationships to enum fields are not supported yet")
		}
		r.Remote = append(r.Remote, pair)
	}
	return r, b.fieldConflict(t, name)
}

// joinableField is a computed field that a row can be joined by: a scalar without arguments; nil where there is none.
func (b *builder) joinableField(t *Table, name string) *ComputedField {
	if f := b.m.computedField(t, name); f != nil && f.Returns == nil && len(f.Args) == 0 {
		return f
	}
	return nil
}

// fieldConflict tells what else has the name of a remote relationship (Hasura: RQL/DDL/Schema/Cache/Fields).
func (b *builder) fieldConflict(t *Table, name string) error {
	switch {
	case !IsName(name):
		return fmt.Errorf("%q is not a valid GraphQL identifier", name)
	case b.m.Relation(t, name) != nil, b.m.computedField(t, name) != nil:
		return bare{fmt.Errorf("conflicting definitions for field %q", name)}
	case t.Catalog.Column(name) != nil:
		return bare{errors.New("field definition conflicts with postgres column")}
	}
	for _, c := range t.Columns {
		if c.GraphQL == name {
			return bare{fmt.Errorf("field definition conflicts with custom field name for postgres column %q", c.Name)}
		}
	}
	for _, other := range b.m.remote[t] {
		if other.Name == name {
			return bare{fmt.Errorf("conflicting definitions for field %q", name)}
		}
	}
	return nil
}

// remoteFields are the fields of a remote relationship, none on the Relay endpoint. They are named and described by the
// target's source.
func (s *Schema) remoteFields(r *Relation) []*Field {
	p := s.readable(r.Target)
	if p == nil || s.Relay {
		return nil
	}
	var out []*Field
	if s.hasRowType(r.Target) {
		f := &Field{Name: r.Name, Type: named(s.rowType(r.Target)), Meaning: RelationField{r}}
		if r.Array {
			f.Type, f.Args = listOfNonNull(s.rowType(r.Target)).notNull(), s.selectArgs(r.Target)
		}
		out = append(out, f)
	}
	if r.Array && p.Aggregations {
		out = append(out, &Field{
			Name: s.beside(r.Target, r.Name, "aggregate"), Type: nonNull(s.aggregateType(r.Target)),
			Args: s.selectArgs(r.Target), Meaning: RelationAggregate{r},
		})
	}
	return out
}
