package metadata

import (
	"gatehouse/engine/fault"
)

type createRelationship struct {
	at
	relationship Relationship
}

func createRelationshipArgs(fk codec[ForeignKeyOn]) codec[createRelationship] {
	return object("CreateRelationship",
		must("table", tableName, func(a *createRelationship) *TableName { return &a.table }),
		sourceField(func(a *createRelationship) *string { return &a.source }),
		must("name", nonEmpty, func(a *createRelationship) *string { return &a.relationship.Name }),
		must("using", usingCodec(fk), func(a *createRelationship) *RelationshipUsing { return &a.relationship.Using }),
		commented(func(a *createRelationship) **string { return &a.relationship.Comment }),
	)
}

func (a createRelationship) mutation(isArray bool) Mutation {
	source := orDefault(a.source)
	object := ObjectRelationshipObject
	if isArray {
		object = ArrayRelationshipObject
	}
	return Mutation{
		Object: object(source, a.table, a.relationship.Name), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			return m.withTable(source, a.table, func(t *Table) error {
				if t.hasField(a.relationship.Name) || facts.HasColumn(source, a.table, a.relationship.Name) {
					return fault.New(fault.AlreadyExists, "", "field with name %q already exists in table %s", a.relationship.Name, QuoteName(a.table))
				}
				if isArray {
					t.ArrayRelationships = added(t.ArrayRelationships, &a.relationship)
				} else {
					t.ObjectRelationships = added(t.ObjectRelationships, &a.relationship)
				}
				return nil
			})
		},
	}
}

// hasField tells whether a relationship or computed field has the name.
func (t *Table) hasField(name string) bool {
	if r, _ := t.relationship(name); r != nil {
		return true
	}
	for _, c := range t.ComputedFields {
		if c.Name == name {
			return true
		}
	}
	for _, r := range t.RemoteRelationships {
		if r.Name == name {
			return true
		}
	}
	return false
}

type dropRelationship struct {
	at
	cascade bool
	newName string
	comment *string
}

var dropRelationshipArgs = object("DropRel",
	must("table", tableName, func(a *dropRelationship) *TableName { return &a.table }),
	sourceField(func(a *dropRelationship) *string { return &a.source }),
	must("relationship", nonEmpty, func(a *dropRelationship) *string { return &a.name }),
	flag("cascade", func(a *dropRelationship) *bool { return &a.cascade }),
)

var renameRelationshipArgs = object("RenameRel",
	must("table", tableName, func(a *dropRelationship) *TableName { return &a.table }),
	sourceField(func(a *dropRelationship) *string { return &a.source }),
	must("name", nonEmpty, func(a *dropRelationship) *string { return &a.name }),
	must("new_name", nonEmpty, func(a *dropRelationship) *string { return &a.newName }),
)

// relationshipCommentArgs: Hasura's server calls the name "relationship", its documentation "name".
var relationshipCommentArgs = after(object("SetRelComment",
	must("table", tableName, func(a *dropRelationship) *TableName { return &a.table }),
	sourceField(func(a *dropRelationship) *string { return &a.source }),
	may("relationship", nonEmpty, func(a *dropRelationship) *string { return &a.name }),
	may("name", nonEmpty, func(a *dropRelationship) *string { return &a.name }),
	commented(func(a *dropRelationship) **string { return &a.comment }),
), func(r *reader, _ *node, a *dropRelationship) {
	if a.name == "" {
		r.fail("key %q not found", "relationship")
	}
})

// find gives the relationship's identity, or Hasura's answer to a name that is none.
func (a dropRelationship) find(t *Table, source string) (ObjectID, error) {
	switch r, isArray := t.relationship(a.name); {
	case r == nil:
		return ObjectID{}, fault.New(fault.NotExists, "", "relationship %q does not exist", a.name)
	case isArray:
		return ArrayRelationshipObject(source, a.table, a.name), nil
	default:
		return ObjectRelationshipObject(source, a.table, a.name), nil
	}
}

func (a dropRelationship) drop() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: TableObject(source, a.table), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			var id ObjectID
			if _, err := m.withTable(source, a.table, func(t *Table) (err error) { id, err = a.find(t, source); return err }); err != nil {
				return nil, err
			}
			dependents := m.Dependents(facts, Ref{Source: source, Table: a.table, Relationship: a.name})
			if len(dependents) > 0 && !a.cascade {
				return nil, RefuseDependents(dependents)
			}
			return m.Without(append(ids(dependents), id)...), nil
		},
	}
}

func (a dropRelationship) rename() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: TableObject(source, a.table), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			_, err := m.withTable(source, a.table, func(t *Table) error {
				if _, err := a.find(t, source); err != nil {
					return err
				}
				if t.hasField(a.newName) || facts.HasColumn(source, a.table, a.newName) {
					return fault.New(fault.AlreadyExists, "", "cannot rename relationship %q to %q in table %s as a column/relationship with the name already exists",
						a.name, a.newName, QuoteName(a.table))
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			return m.renameRelationship(facts, source, a.table, a.name, a.newName), nil
		},
	}
}

func (a dropRelationship) setComment() Mutation {
	return tableChange(a.source, a.table, func(t *Table) error {
		if _, err := a.find(t, orDefault(a.source)); err != nil {
			return err
		}
		set := func(r Relationship) Relationship {
			if r.Name == a.name {
				r.Comment = a.comment
			}
			return r
		}
		t.ObjectRelationships, t.ArrayRelationships = mapped(t.ObjectRelationships, set), mapped(t.ArrayRelationships, set)
		return nil
	})
}

func init() {
	register("create_object_relationship", define(createRelationshipArgs(objectForeignKey),
		func(a createRelationship) Mutation { return a.mutation(false) }))
	register("create_array_relationship", define(createRelationshipArgs(remoteForeignKey),
		func(a createRelationship) Mutation { return a.mutation(true) }))
	register("drop_relationship", define(dropRelationshipArgs, dropRelationship.drop))
	register("rename_relationship", define(renameRelationshipArgs, dropRelationship.rename))
	register("set_relationship_comment", define(relationshipCommentArgs, dropRelationship.setComment))
}
