package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// Build derives the model. It never fails: see Inconsistencies.
func Build(in Input) *Model { return Rebuild(nil, in) }

// Rebuild derives the model that Build derives, taking over from an earlier one what is the same in both. See memo for why
// that is safe.
func Rebuild(prev *Model, in Input) *Model {
	if prev != nil && !reflect.DeepEqual(prev.Options, in.Options) {
		prev = nil
	}
	if prev != nil && !prev.names.hasClash {
		if b := newBuilder(prev, in, prev.names); b.build() {
			b.keepSchemas()
			return b.m
		}
	}
	b := newBuilder(prev, in, nil)
	b.build()
	b.keepSchemas()
	return b.m
}

// builder makes one model.
type builder struct {
	in   Input
	m    *Model
	prev *Model // what may be taken over from; nil for nothing
	// isSettledLate: who gets a name is not told as the objects come. There was no clash before, so it is enough to see in
	// the end that there is none now; if there is, everything is built again, the first who wants a name getting it.
	isSettledLate bool
	names         *names
	// memo is that of the source being made; claims, where its claims are noted.
	memo *memo
	// problems are those of what is being resolved.
	problems []metadata.Inconsistency
}

func newBuilder(prev *Model, in Input, late *names) *builder {
	b := &builder{in: in, prev: prev, isSettledLate: late != nil, names: late, m: &Model{
		Options: in.Options, roles: map[string]bool{}, memos: map[string]*memo{}, remoteEnds: map[*metadata.Opaque]*remoteEnd{}, schemas: map[schemaKey]*Schema{}, variables: map[string]map[string]bool{},
		facts: &facts{options: in.Options, details: map[*Table]*details{}, inherited: map[string][]string{}, remote: map[*Table][]*Relation{}},
	}}
	if b.names == nil {
		b.names = (&names{}).fork()
	}
	return b
}

// build tells whether names could be settled late.
func (b *builder) build() bool {
	if b.in.Metadata == nil {
		b.in.Metadata = &metadata.Metadata{}
	}
	if b.prev != nil {
		b.m.details = make(map[*Table]*details, len(b.prev.details)+1)
	}
	for _, s := range b.in.Metadata.Sources {
		if c := b.in.Catalogs[s.Name]; c != nil {
			b.source(s, c)
		}
	}
	if b.isSettledLate && !b.settleNames() {
		return false
	}
	b.m.names = b.names
	b.remoteRelations()
	for _, c := range b.m.sources {
		m := b.m.memos[c.Name]
		b.m.inconsistencies = append(append(b.m.inconsistencies, m.problems...), m.nativeProblems...)
		maps.Copy(b.m.roles, m.roles)
	}
	b.inheritedRoles()
	b.inheritedConflicts()
	b.settings()
	b.m.inconsistencies = append(b.m.inconsistencies, b.problems...)
	return true
}

// notYet is the error of what Hasura serves and Gatehouse does not: left out and listed, but no reason to refuse a
// change of the metadata.
type notYet string

func (what notYet) Error() string { return string(what) + " is not supported by Gatehouse yet" }

// inconsistent lists an object that is left out.
func (b *builder) inconsistent(id metadata.ObjectID, definition any, format string, args ...any) {
	b.problems = append(b.problems, inconsistency(id, definition, format, args...))
}

// inconsistency is an object that is left out. An error among args may be a notYet.
func inconsistency(id metadata.ObjectID, definition any, format string, args ...any) metadata.Inconsistency {
	i := metadata.Inconsistency{Type: id.Type, Name: id.Name, Definition: definition, Reason: "Inconsistent object: " + fmt.Sprintf(format, args...)}
	for _, a := range args {
		if _, ok := a.(notYet); ok {
			i.Unsupported = true
		}
	}
	return i
}

// text is a table's or function's name as Hasura's messages show it: the schema only when it is not public.
func text(n catalog.Name) string {
	if n.Schema == "public" || n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

func tableDefinition(n catalog.Name) any { return metadata.TableNameJSON(metadata.TableName(n)) }

// table resolves a table as such; nil if it cannot be served.
func (b *builder) table(s *Source, mt *metadata.Table, ct *catalog.Table) *Table {
	name := catalog.Name(mt.Name)
	id, definition := metadata.TableObject(s.Name, mt.Name), tableDefinition(name)
	if ct == nil {
		b.inconsistent(id, definition, "no such table/view exists in source: %q", text(name))
		return nil
	}
	t := &Table{Source: s, Name: name, Catalog: ct, offered: isOffered(mt.ApolloFederation)}
	config := mt.Configuration
	if config == nil {
		config = &metadata.TableConfiguration{}
	}
	t.rootFields = config.CustomRootFields
	switch {
	case config.CustomName != "":
		t.base = words{pieces: []string{config.CustomName}, isCustom: true}
	case name.Schema == "public":
		t.base = s.custom.auto(name.Name)
	default:
		t.base = s.custom.auto(name.Schema).then(s.custom.auto(name.Name))
	}
	if gql := s.custom.field(t.base); !IsName(gql) {
		b.inconsistent(id, definition, "in table %q: %q is not a valid GraphQL identifier", text(name), gql)
		return nil
	}
	switch {
	case config.Comment != nil:
		t.description = *config.Comment
	case ct.Comment != "":
		t.description = ct.Comment
	default:
		t.description = fmt.Sprintf("columns and relationships of %q", text(name))
	}
	if err := t.columns(config); err != nil {
		b.inconsistent(id, definition, "%v", err)
		return nil
	}
	if mt.IsEnum && !b.enumTable(t, id, definition) {
		return nil
	}
	t.claim = t.wants(b.in.Options)
	return t
}

// columns takes the columns over whose names GraphQL allows; no two may have one name, and no name may be given to a
// column that is not there (Hasura: RQL/DDL/Schema/Table, alignCustomColumnNames).
func (t *Table) columns(config *metadata.TableConfiguration) error {
	for _, name := range slices.Sorted(maps.Keys(config.ColumnConfig)) {
		if custom := config.ColumnConfig[name].CustomName; custom != "" && t.Catalog.Column(name) == nil {
			return fmt.Errorf("the custom field name %q was given for the column %q, but no such column exists", custom, name)
		}
	}
	taken := map[string]string{}
	for _, cc := range t.Catalog.Columns {
		c := &Column{Table: t, Name: cc.Name, Catalog: cc, Type: cc.Type, Class: ClassOf(cc.Type), Description: cc.Comment}
		conf := config.ColumnConfig[cc.Name]
		custom := conf.CustomName
		if c.GraphQL = custom; custom == "" {
			c.GraphQL = t.Source.custom.field(t.Source.custom.auto(cc.Name))
		}
		if conf.Comment != nil {
			c.Description = *conf.Comment
		}
		if !IsName(c.GraphQL) {
			continue
		}
		if other, twice := taken[c.GraphQL]; twice {
			return fmt.Errorf("the definitions of columns %q and %q are in conflict: they are mapped to the same field name, %q", other, cc.Name, c.GraphQL)
		}
		taken[c.GraphQL] = cc.Name
		t.Columns = append(t.Columns, c)
	}
	return nil
}

// enumTable checks the rules of Hasura: Postgres/DDL/Table/Enum and takes the values over.
// A table that will not do is not served at all.
func (b *builder) enumTable(t *Table, id metadata.ObjectID, definition any) bool {
	values := b.in.EnumValues[t.Source.Name][t.Name]
	var reasons []string
	reason := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	switch key := t.Catalog.PrimaryKey; {
	case key == nil:
		reason("the table must have a primary key")
	case len(key.Columns) > 1:
		reason("the table’s primary key must not span multiple columns (%s)", quoted(key.Columns))
	default:
		var others []string
		for _, c := range t.Catalog.Columns {
			switch kind := "primary key"; {
			case c.Name != key.Columns[0]:
				others = append(others, c.Name)
			case c.Type.Name.Name != "text":
				reason("the table’s %s (%q) must have type \"text\", not type %q", kind, c.Name, SQLTypeName(c.Type))
			}
		}
		if len(others) == 1 {
			if c := t.Catalog.Column(others[0]); c.Type.Name.Name != "text" {
				reason("the table’s comment column (%q) must have type \"text\", not type %q", c.Name, SQLTypeName(c.Type))
			}
		} else if len(others) > 1 {
			all := append([]string{key.Columns[0]}, others...)
			sort.Strings(all)
			reason("the table must have exactly one primary key and optionally one comment column, not %d columns (%s)", len(all), strings.Join(all, ", "))
		}
	}
	if len(reasons) == 0 {
		reasons = enumValueReasons(values)
	}
	if len(reasons) > 0 {
		b.inconsistent(id, definition, "the table %q cannot be used as an enum%s", text(t.Name), because(reasons))
		return false
	}
	for _, v := range values {
		t.Enum = append(t.Enum, EnumValue{Name: v.Name, Description: v.Description})
	}
	sort.Slice(t.Enum, func(i, j int) bool { return t.Enum[i].Name < t.Enum[j].Name })
	return true
}

func enumValueReasons(values []EnumValue) []string {
	if len(values) == 0 {
		return []string{"the table must have at least one row"}
	}
	var bad []string
	for _, v := range values {
		if !IsName(v.Name) || v.Name == "true" || v.Name == "false" || v.Name == "null" {
			bad = append(bad, v.Name)
		}
	}
	switch len(bad) {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("the value %q is not a valid GraphQL enum value name", bad[0])}
	}
	sort.Strings(bad)
	return []string{fmt.Sprintf("the values %s are not valid GraphQL enum value names", quoted(bad))}
}

// SQLTypeName is a type's name as Hasura shows it in messages.
func SQLTypeName(t *catalog.Type) string {
	switch n := t.Name.Name; n {
	case "int4":
		return "integer"
	case "int2":
		return "smallint"
	case "int8":
		return "bigint"
	case "bool":
		return "boolean"
	case "float4":
		return "real"
	default:
		return n
	}
}

// enumOf is the enum table that a column refers to by a foreign key of its own; nil if there is none.
func enumOf(c *Column, tables map[catalog.Name]*Table) (enum *Table) {
	for _, fk := range c.Table.Catalog.ForeignKeys {
		if len(fk.Columns) != 1 || fk.Columns[0] != c.Name {
			continue
		}
		target := tables[fk.To]
		if target != nil && target.Enum != nil && target.Catalog.PrimaryKey != nil && target.Catalog.PrimaryKey.Columns[0] == fk.ToColumns[0] {
			enum = target
		}
	}
	return enum
}

// settings lists Gatehouse's own settings that are about no source.
func (b *builder) settings() {
	if b.in.Metadata.Gatehouse == nil {
		return
	}
	for _, f := range b.in.Metadata.Gatehouse.Sources {
		if b.in.Metadata.Source(f.Name) == nil {
			b.inconsistent(metadata.SourceFeaturesObject(f.Name), metadata.SourceFeaturesDefinition(f), "source with name %q does not exist", f.Name)
		}
	}
}

func (b *builder) inheritedRoles() {
	set := map[string][]string{}
	for _, r := range b.in.Metadata.InheritedRoles {
		set[r.Name] = r.RoleSet
	}
	b.m.closed = map[string]bool{}
	for _, role := range b.in.Metadata.ClosedRoles() {
		b.m.closed[role] = true
	}
	for _, r := range b.in.Metadata.InheritedRoles {
		if cyclic(r.Name, set, map[string]bool{}) {
			b.inconsistent(metadata.InheritedRoleObject(r.Name), metadata.InheritedRoleDefinition(r),
				"there is a cycle in the inherited role %q", r.Name)
			b.m.closed[r.Name] = true
			continue
		}
		b.m.inherited[r.Name] = r.RoleSet
		b.m.roles[r.Name] = true
	}
}

func cyclic(name string, set map[string][]string, on map[string]bool) bool {
	if on[name] {
		return true
	}
	on[name] = true
	defer delete(on, name)
	for _, member := range set[name] {
		if cyclic(member, set, on) {
			return true
		}
	}
	return false
}

func quoted(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%q", n)
	}
	return out
}
