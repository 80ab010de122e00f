package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gatehouse/engine/fault"
)

// Ref is something other objects may depend on. Column, Relationship, ComputedField and Constraint belong to Table; with
// all of them empty it is the table itself, and everything in it. Function stands alone, as does Source.
type Ref struct {
	Source                                          string
	Table                                           TableName
	Column, Relationship, ComputedField, Constraint string
	Function                                        FunctionName
}

// covers tells whether dropping r takes other away: a table takes its parts, a source everything.
func (r Ref) covers(other Ref) bool {
	if r == other {
		return true
	}
	if r.Source != other.Source {
		return false
	}
	if r == (Ref{Source: r.Source}) {
		return true
	}
	return r == (Ref{Source: r.Source, Table: r.Table}) && r.Table != TableName{} && other.Table == r.Table
}

// Dependent is an object that needs another one.
type Dependent struct {
	ID ObjectID
	// Report is how a refusal names it: `permission author.user.select in source "default"`.
	Report string
	// Owner is the table the object belongs to, zero for a function.
	Owner  TableName
	Source string
	// Function is set where the object is a tracked function.
	Function FunctionName
}

// Dependents are the objects that need any of refs, in the document's order.
func (m *Metadata) Dependents(facts Facts, refs ...Ref) []Dependent {
	var out []Dependent
	if len(refs) == 0 {
		return nil
	}
	m.uses(facts, m.waysTo(facts, refs), func(dependent func() Dependent, used Ref) {
		if !slices.ContainsFunc(refs, func(r Ref) bool { return r.covers(used) }) {
			return
		}
		if d := dependent(); !slices.ContainsFunc(out, func(o Dependent) bool { return o.ID == d.ID }) {
			out = append(out, d)
		}
	})
	return out
}

// RefuseDependents is Hasura's refusal to drop what others need (Hasura: RQL/Types/SchemaCacheTypes).
func RefuseDependents(dependents []Dependent) error {
	return fault.New(fault.DependencyError, "", "cannot drop due to the following dependent objects: %s", Reports(dependents))
}

// Reports names dependents as refusals do, in the order of their names.
func Reports(dependents []Dependent) string {
	reports := make([]string, len(dependents))
	for i, d := range dependents {
		reports[i] = d.Report
	}
	slices.Sort(reports)
	return strings.Join(reports, ", ")
}

// uses tells every use of one thing by another, those of permissions where they may be of something the ways lead to.
func (m *Metadata) uses(facts Facts, ways *ways, tell func(func() Dependent, Ref)) {
	for _, s := range m.Sources {
		inSource := fmt.Sprintf(" in source %q", s.Name)
		for _, t := range s.Tables {
			child := func(id ObjectID, what string, name ...any) Dependent {
				return Dependent{ID: id, Report: fmt.Sprintf(what, name...) + inSource, Owner: t.Name, Source: s.Name}
			}
			for _, r := range t.ObjectRelationships {
				m.relationshipUses(facts, s.Name, t.Name, r, false, func(u Ref) {
					tell(func() Dependent {
						return child(ObjectRelationshipObject(s.Name, t.Name, r.Name), "relationship %s.%s", t.Name, r.Name)
					}, u)
				})
			}
			for _, r := range t.ArrayRelationships {
				m.relationshipUses(facts, s.Name, t.Name, r, true, func(u Ref) {
					tell(func() Dependent {
						return child(ArrayRelationshipObject(s.Name, t.Name, r.Name), "relationship %s.%s", t.Name, r.Name)
					}, u)
				})
			}
			for _, c := range t.ComputedFields {
				d := func() Dependent {
					return child(ComputedFieldObject(s.Name, t.Name, c.Name), "computed field %s.%s", t.Name, c.Name)
				}
				tell(d, Ref{Source: s.Name, Function: c.Function})
				if remote, ok := facts.ReturnedTable(s.Name, c.Function); ok {
					tell(d, Ref{Source: s.Name, Table: remote})
				}
			}
			m.permissionUses(facts, s.Name, ways.in(s.Name, t), nil, func(kind, role string, u Ref) {
				tell(func() Dependent {
					return child(PermissionObject(kind, s.Name, t.Name, role), "permission %s.%s.%s", t.Name, role, kind)
				}, u)
			})
			keptUses(s.Name, t, func(kind, name, what string, u Ref) {
				tell(func() Dependent { return child(tableChild(kind, s.Name, t.Name, name), "%s %s.%s", what, t.Name, name) }, u)
			})
		}
		for _, f := range s.Functions {
			if remote, ok := facts.ReturnedTable(s.Name, f.Name); ok {
				tell(func() Dependent {
					return Dependent{ID: FunctionObject(s.Name, f.Name), Report: "function " + f.Name.String() + inSource, Source: s.Name, Function: f.Name}
				}, Ref{Source: s.Name, Table: remote})
			}
		}
	}
}

func (m *Metadata) relationshipUses(facts Facts, source string, t TableName, r *Relationship, isArray bool, tell func(Ref)) {
	remoteSource := source
	if r.Using.Manual != nil && r.Using.Manual.RemoteSource != "" {
		remoteSource = r.Using.Manual.RemoteSource
	}
	remote, mapping, ok := facts.Target(source, t, r, isArray)
	if !ok {
		return
	}
	tell(Ref{Source: remoteSource, Table: remote})
	if table, name := facts.Constraint(source, t, r, isArray); name != "" {
		tell(Ref{Source: source, Table: table, Constraint: name})
	}
	for _, own := range slices.Sorted(maps.Keys(mapping)) {
		tell(Ref{Source: source, Table: t, Column: own})
		tell(Ref{Source: remoteSource, Table: remote, Column: mapping[own]})
	}
}

// keptUses tells what a table's event triggers and remote relationships name.
func keptUses(source string, t *Table, tell func(kind, name, what string, u Ref)) {
	walk := func(kind, name, what string) keptNames {
		return keptNames{
			own: func(column string) string {
				tell(kind, name, what, Ref{Source: source, Table: t.Name, Column: column})
				tell(kind, name, what, Ref{Source: source, Table: t.Name, ComputedField: column})
				return column
			},
			table: func(to string, table TableName) TableName {
				tell(kind, name, what, Ref{Source: to, Table: table})
				return table
			},
			column: func(to string, table TableName, column string) string {
				tell(kind, name, what, Ref{Source: to, Table: table, Column: column})
				return column
			},
		}
	}
	for _, o := range t.EventTriggers {
		walk(eventTriggers.kind, o.Name, "event-trigger").eventTrigger(o.JSON)
	}
	for _, o := range t.RemoteRelationships {
		edit(o.JSON, walk(remoteRelationships.kind, o.Name, "remote relationship").remoteDefinition, "definition")
	}
}

// TypeDependents are the permissions that compare a column with a value written out, which another type might not take.
func (m *Metadata) TypeDependents(facts Facts, source string, table TableName, column string) []Dependent {
	var out []Dependent
	s := m.Source(source)
	if s == nil {
		return nil
	}
	for _, t := range s.Tables {
		m.permissionUses(facts, source, t, func(kind, role string, of TableName, name string) {
			d := Dependent{
				ID: PermissionObject(kind, source, t.Name, role), Report: fmt.Sprintf("permission %s.%s.%s in source %q", t.Name, role, kind, source),
				Owner: t.Name, Source: source,
			}
			if of == table && name == column && !slices.ContainsFunc(out, func(o Dependent) bool { return o.ID == d.ID }) {
				out = append(out, d)
			}
		}, func(string, string, Ref) {})
	}
	return out
}

// ComputedFieldDependent is a computed field as one that needs its function.
func ComputedFieldDependent(source string, t TableName, name string) Dependent {
	return Dependent{
		ID: ComputedFieldObject(source, t, name), Report: fmt.Sprintf("computed field %s.%s in source %q", t, name, source), Owner: t, Source: source,
	}
}

// permissionUses tells what a table's permissions name, and, where literal is set, which columns they compare with values
// written out.
func (m *Metadata) permissionUses(facts Facts, source string, t *Table, literal func(kind, role string, of TableName, column string), tell func(kind, role string, u Ref)) {
	var kind, role string
	v := &visitor{
		doc: m, source: source, facts: facts,
		table: func(n TableName) TableName { tell(kind, role, Ref{Source: source, Table: n}); return n },
		column: func(n TableName, c string) string {
			tell(kind, role, Ref{Source: source, Table: n, Column: c})
			return c
		},
		relationship: func(n TableName, r string) string {
			tell(kind, role, Ref{Source: source, Table: n, Relationship: r})
			return r
		},
		computed: func(n TableName, c string) string {
			tell(kind, role, Ref{Source: source, Table: n, ComputedField: c})
			return c
		},
	}
	if literal != nil {
		v.literal = func(of TableName, column string) { literal(kind, role, of, column) }
	}
	v.permissions(*t, func(k, r string) { kind, role = k, r })
}

// Without is the document less the given objects. What loses nothing stays the very same object.
func (m *Metadata) Without(ids ...ObjectID) *Metadata {
	if len(ids) == 0 {
		return m
	}
	gone := make(map[ObjectID]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	m = m.edit()
	m.Leftovers = m.Leftovers.withoutBroken(func(p brokenPart) bool { return gone[p.in(location{kind: "metadata"}).id()] })
	m.Sources = without(m.Sources, func(s *Source) bool { return gone[SourceObject(s.Name)] })
	m.Gatehouse = m.Gatehouse.withoutFeatures(func(source string) bool {
		return gone[SourceObject(source)] || gone[SourceFeaturesObject(source)]
	})
	m.Sources = mapped(m.Sources, func(s Source) Source { return s.without(gone) })
	m.QueryCollections = mapped(m.QueryCollections, func(c QueryCollection) QueryCollection {
		c.Queries = without(c.Queries, func(q *CollectionQuery) bool { return gone[CollectionQueryObject(c.Name, q.Name)] })
		return c
	})
	m.RESTEndpoints = without(m.RESTEndpoints, func(e *RESTEndpoint) bool { return gone[RESTEndpointObject(e.Name)] })
	m.InheritedRoles = without(m.InheritedRoles, func(r *InheritedRole) bool { return gone[InheritedRoleObject(r.Name)] })
	m.RemoteSchemas = without(m.RemoteSchemas, func(o *Opaque) bool { return gone[globalObject("remote_schema", o.Name)] })
	m.Actions = without(m.Actions, func(o *Opaque) bool { return gone[globalObject("action", o.Name)] })
	m.CronTriggers = without(m.CronTriggers, func(o *Opaque) bool { return gone[globalObject("cron_trigger", o.Name)] })
	if gone[customTypesObject] {
		m.CustomTypes = nil
	}
	return m
}

var customTypesObject = ObjectID{"custom_types", "custom_types"}

func (s Source) without(gone map[ObjectID]bool) Source {
	s.Leftovers = s.Leftovers.withoutBroken(func(p brokenPart) bool { return gone[p.in(sourceLocation(s.Name)).id()] })
	s.Tables = without(s.Tables, func(t *Table) bool { return gone[TableObject(s.Name, t.Name)] })
	s.Functions = without(s.Functions, func(f *Function) bool { return gone[FunctionObject(s.Name, f.Name)] })
	s.NativeQueries = without(s.NativeQueries, func(o *Opaque) bool { return gone[NativeQueryObject(s.Name, o.Name)] })
	s.LogicalModels = without(s.LogicalModels, func(o *Opaque) bool { return gone[LogicalModelObject(s.Name, o.Name)] })
	s.Tables = slices.Clone(s.Tables)
	for i, t := range s.Tables {
		s.Tables[i] = t.without(func(kind, name string) bool { return gone[tableChild(kind, s.Name, t.Name, name)] })
		if l := t.Leftovers.withoutBroken(func(p brokenPart) bool { return gone[p.in(tableLocation(s.Name, t.Name)).id()] }); l != nil || t.Leftovers != nil {
			c := *s.Tables[i]
			c.Leftovers, s.Tables[i] = l, &c
		}
	}
	s.Functions = mapped(s.Functions, func(f Function) Function {
		f.Leftovers = f.Leftovers.withoutBroken(func(p brokenPart) bool { return gone[p.in(functionLocation(s.Name, f.Name)).id()] })
		f.Permissions = slices.DeleteFunc(slices.Clone(f.Permissions), func(role string) bool {
			return gone[FunctionPermissionObject(s.Name, f.Name, role)]
		})
		return f
	})
	return s
}

// without is the table less the parts that are gone.
func (t *Table) without(gone func(kind, name string) bool) *Table {
	c := *t
	lost := false
	c.ObjectRelationships = less(&lost, t.ObjectRelationships, func(r *Relationship) bool { return gone("object_relation", r.Name) })
	c.ArrayRelationships = less(&lost, t.ArrayRelationships, func(r *Relationship) bool { return gone("array_relation", r.Name) })
	c.RemoteRelationships = less(&lost, t.RemoteRelationships, func(o *Opaque) bool { return gone("remote_relationship", o.Name) })
	c.ComputedFields = less(&lost, t.ComputedFields, func(f *ComputedField) bool { return gone("computed_field", f.Name) })
	c.EventTriggers = less(&lost, t.EventTriggers, func(o *Opaque) bool { return gone("event_trigger", o.Name) })
	c.InsertPermissions = less(&lost, t.InsertPermissions, func(p *InsertPermission) bool { return gone("insert_permission", p.Role) })
	c.SelectPermissions = less(&lost, t.SelectPermissions, func(p *SelectPermission) bool { return gone("select_permission", p.Role) })
	c.UpdatePermissions = less(&lost, t.UpdatePermissions, func(p *UpdatePermission) bool { return gone("update_permission", p.Role) })
	c.DeletePermissions = less(&lost, t.DeletePermissions, func(p *DeletePermission) bool { return gone("delete_permission", p.Role) })
	if !lost {
		return t
	}
	return &c
}

// less is without that notes whether anything went.
func less[T any](lost *bool, list []*T, match func(*T) bool) []*T {
	left := without(list, match)
	*lost = *lost || len(left) < len(list)
	return left
}
