package metadata

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var tableCodec = object("TableMetadata",
	must("table", tableName, func(t *Table) *TableName { return &t.Name }),
	may("is_enum", boolean, func(t *Table) *bool { return &t.IsEnum }),
	omitWhen(mayRef("configuration", tableConfigurationCodec, func(t *Table) **TableConfiguration { return &t.Configuration }),
		func(t *Table) bool { return t.Configuration.isEmpty() }),
	mayList("object_relationships", "object relationships", objectRelationshipCodec, func(t *Table) *[]*Relationship { return &t.ObjectRelationships }, relationshipName),
	mayList("array_relationships", "array relationships", arrayRelationshipCodec, func(t *Table) *[]*Relationship { return &t.ArrayRelationships }, relationshipName),
	mayList("computed_fields", "computed fields", computedFieldCodec, func(t *Table) *[]*ComputedField { return &t.ComputedFields }, func(c *ComputedField) string { return c.Name }),
	mayList("remote_relationships", "remote relationships", named("name", remoteRelationshipShape), func(t *Table) *[]*Opaque { return &t.RemoteRelationships }, (*Opaque).name),
	mayList("insert_permissions", "insert permissions", insertPermissionCodec, func(t *Table) *[]*InsertPermission { return &t.InsertPermissions }, func(p *InsertPermission) string { return p.Role }),
	mayList("select_permissions", "select permissions", selectPermissionCodec, func(t *Table) *[]*SelectPermission { return &t.SelectPermissions }, func(p *SelectPermission) string { return p.Role }),
	mayList("update_permissions", "update permissions", updatePermissionCodec, func(t *Table) *[]*UpdatePermission { return &t.UpdatePermissions }, func(p *UpdatePermission) string { return p.Role }),
	mayList("delete_permissions", "delete permissions", deletePermissionCodec, func(t *Table) *[]*DeletePermission { return &t.DeletePermissions }, func(p *DeletePermission) string { return p.Role }),
	mayList("event_triggers", "event triggers", named("name", eventTriggerShape), func(t *Table) *[]*Opaque { return &t.EventTriggers }, (*Opaque).name),
	shaped("apollo_federation_config", federationShape, func(t *Table) *json.RawMessage { return &t.ApolloFederation }),
)

func relationshipName(r *Relationship) string { return r.Name }

func (c *TableConfiguration) isEmpty() bool {
	return c == nil || c.CustomName == "" && len(c.CustomRootFields) == 0 && len(c.ColumnConfig) == 0 && c.Comment == nil
}

// tableConfigurationCodec folds the older custom_column_names into column_config, which wins, and writes both, as Hasura does.
var tableConfigurationCodec = object("TableConfig",
	mapOf("column_config", columnConfigCodec, func(c *TableConfiguration) *map[string]ColumnConfig { return &c.ColumnConfig }),
	comment("comment", func(c *TableConfiguration) **string { return &c.Comment }),
	customColumnNames(func(c *TableConfiguration) *map[string]ColumnConfig { return &c.ColumnConfig }),
	may("custom_name", graphqlName, func(c *TableConfiguration) *string { return &c.CustomName }),
	nested("custom_root_fields", false, tableRootFieldsCodec,
		func(c *TableConfiguration) map[string]RootField { return c.CustomRootFields },
		func(_ *reader, c *TableConfiguration, m map[string]RootField) { c.CustomRootFields = m }),
)

var tableRootFieldsCodec = rootFieldsCodec("TableCustomRootFields", RootFieldKeys...)

// RootFieldKeys are the keys of a table's custom_root_fields.
var RootFieldKeys = []string{
	"select", "select_by_pk", "select_aggregate", "select_stream", "insert", "insert_one",
	"update", "update_by_pk", "update_many", "delete", "delete_by_pk",
}

func customColumnNames[T any](at func(*T) *map[string]ColumnConfig) field[T] {
	in := mapOf("custom_column_names", graphqlName, func(m *map[string]string) *map[string]string { return m })
	return field[T]{
		"custom_column_names", false,
		func(r *reader, n *node, into *T) {
			names := map[string]string{}
			in.read(r, n, &names)
			config := map[string]ColumnConfig{}
			for column, name := range names {
				config[column] = ColumnConfig{CustomName: name}
			}
			for column, c := range *at(into) {
				if c.CustomName == "" {
					c.CustomName = names[column]
				}
				config[column] = c
			}
			*at(into) = config
		},
		func(w *writer, from *T) bool {
			names := map[string]string{}
			for column, c := range *at(from) {
				if c.CustomName != "" {
					names[column] = c.CustomName
				}
			}
			return in.write(w, &names)
		},
	}
}

var columnConfigCodec = object("ColumnConfig",
	comment("comment", func(c *ColumnConfig) **string { return &c.Comment }),
	may("custom_name", graphqlName, func(c *ColumnConfig) *string { return &c.CustomName }),
)

// comment is a text where "" and absence differ: "" is exported again, and where there is a default text it means none.
func comment[T any](name string, at func(*T) **string) field[T] { return mayRef(name, text, at) }

// rootFieldsCodec: each root field is a name, or a name and a comment; null means the default.
func rootFieldsCodec(what string, keys ...string) codec[map[string]RootField] {
	sorted := map[string]bool{}
	for _, k := range keys {
		sorted[k] = true
	}
	var fields []field[map[string]RootField]
	for _, k := range slices.Sorted(maps.Keys(sorted)) {
		fields = append(fields, field[map[string]RootField]{
			k, false,
			func(r *reader, n *node, m *map[string]RootField) {
				if *m == nil {
					*m = map[string]RootField{}
				}
				if f := rootFieldCodec.read(r, n); f.Name != "" || f.Comment != nil {
					(*m)[k] = f
				}
			},
			func(w *writer, m *map[string]RootField) bool {
				f, ok := (*m)[k]
				if ok {
					rootFieldCodec.write(w, f)
				}
				return ok
			},
		})
	}
	all := object(what, fields...)
	return codec[map[string]RootField]{
		func(r *reader, n *node) map[string]RootField {
			m := all.read(r, n)
			count, twice := map[string]int{}, map[string]bool{}
			for _, f := range m {
				if count[f.Name]++; f.Name != "" && count[f.Name] > 1 {
					twice[f.Name] = true
				}
			}
			if len(twice) > 0 && r.strict {
				names := slices.Sorted(maps.Keys(twice))
				if what == ofFunction { // Hasura's words
					names = append(names, strconv.Quote(names[0]))
				}
				r.fail("the following custom root field names are duplicated: %s", englishList(names))
			}
			return m
		},
		all.write,
	}
}

// englishList is "a", "a and b" or "a, b, and c".
func englishList(names []string) string {
	switch n := len(names) - 1; n {
	case 0:
		return names[0]
	case 1:
		return names[0] + " and " + names[1]
	default:
		return strings.Join(names[:n], ", ") + ", and " + names[n]
	}
}

var rootFieldCodec = codec[RootField]{
	func(r *reader, n *node) RootField {
		if n.kind == stringNode {
			return RootField{Name: graphqlName.read(r, n)}
		}
		return rootFieldObject.read(r, n)
	},
	func(w *writer, f RootField) {
		if f.Comment == nil {
			w.text(f.Name)
			return
		}
		rootFieldObject.write(w, f)
	},
}

var rootFieldObject = object("CustomRootField",
	comment("comment", func(f *RootField) **string { return &f.Comment }),
	nullable("name", graphqlName, func(f *RootField) *string { return &f.Name }),
)

var (
	objectRelationshipCodec = relationshipCodec(objectForeignKey)
	arrayRelationshipCodec  = relationshipCodec(remoteForeignKey)
)

func relationshipCodec(fk codec[ForeignKeyOn]) codec[Relationship] {
	return object("RelDef",
		must("name", nonEmpty, func(r *Relationship) *string { return &r.Name }),
		must("using", usingCodec(fk), func(r *Relationship) *RelationshipUsing { return &r.Using }),
		comment("comment", func(r *Relationship) **string { return &r.Comment }))
}

func usingCodec(fk codec[ForeignKeyOn]) codec[RelationshipUsing] {
	return after(object("RelUsing",
		mayRef("foreign_key_constraint_on", fk, func(u *RelationshipUsing) **ForeignKeyOn { return &u.ForeignKey }),
		mayRef("manual_configuration", manualCodec, func(u *RelationshipUsing) **ManualConfiguration { return &u.Manual }),
	), func(r *reader, _ *node, u *RelationshipUsing) {
		const choice = "one of foreign_key_constraint_on/manual_configuration should be present"
		switch {
		case u.ForeignKey == nil && u.Manual == nil:
			r.fail("atleast " + choice)
		case u.ForeignKey != nil && u.Manual != nil:
			r.fail("only " + choice)
		}
	})
}

// objectForeignKey is a column, a list of columns, or a key of the remote table (one-to-one the other way round).
var objectForeignKey = codec[ForeignKeyOn]{
	func(r *reader, n *node) ForeignKeyOn {
		if n.kind == objectNode {
			return remoteForeignKey.read(r, n)
		}
		return ForeignKeyOn{Columns: columnOrColumns.read(r, n)}
	},
	func(w *writer, f ForeignKeyOn) {
		if f.Table != nil {
			remoteForeignKey.write(w, f)
			return
		}
		columnOrColumns.write(w, f.Columns)
	},
}

// columnOrColumns is a column or a list of them, in all places where a key's columns stand; one is written without a
// list (Hasura: RQL/Types/Relationships/Local).
var columnOrColumns = codec[[]string]{
	func(r *reader, n *node) []string {
		switch n.kind {
		case stringNode:
			return []string{n.text}
		case arrayNode:
			if columns := texts.read(r, n); len(columns) > 0 || r.err != nil {
				return columns
			}
			r.fail("parsing NonEmpty failed, unexpected empty list")
		default:
			r.fail("Expected string or array")
		}
		return nil
	},
	func(w *writer, columns []string) {
		if len(columns) == 1 {
			w.text(columns[0])
			return
		}
		texts.write(w, columns)
	},
}

// remoteForeignKey is {table, column} or {table, columns}.
var remoteForeignKey = codec[ForeignKeyOn]{
	func(r *reader, n *node) ForeignKeyOn {
		if n.kind != objectNode {
			r.fail("Expecting object { table, columns }.")
			return ForeignKeyOn{}
		}
		k := remoteForeignKeyObject.read(r, n)
		f := ForeignKeyOn{Table: &k.table}
		switch {
		case r.err != nil:
		case (k.column == nil) == (k.columns == nil):
			r.fail("expected exactly one of 'column' or 'columns'")
		case k.column != nil:
			f.Columns = *k.column
		default:
			f.Columns = *k.columns
		}
		return f
	},
	func(w *writer, f ForeignKeyOn) {
		k := remoteKey{table: *f.Table}
		if len(f.Columns) == 1 {
			k.column = &f.Columns
		} else {
			k.columns = &f.Columns
		}
		remoteForeignKeyObject.write(w, k)
	},
}

type remoteKey struct {
	table           TableName
	column, columns *[]string
}

var remoteForeignKeyObject = object("ArrRelUsingFKeyOn",
	mayRef("column", columnOrColumns, func(k *remoteKey) **[]string { return &k.column }),
	mayRef("columns", columnOrColumns, func(k *remoteKey) **[]string { return &k.columns }),
	must("table", tableName, func(k *remoteKey) *TableName { return &k.table }),
)

var manualCodec = object("RelManualConfig",
	field[ManualConfiguration]{
		"column_mapping", true,
		mapOf("column_mapping", text, func(m *ManualConfiguration) *map[string]string { return &m.ColumnMapping }).read,
		mapOf("column_mapping", text, func(m *ManualConfiguration) *map[string]string { return &m.ColumnMapping }).write,
	},
	field[ManualConfiguration]{
		"insertion_order", false,
		func(r *reader, n *node, m *ManualConfiguration) {
			m.InsertionOrder = oneOf("insertion order", "before_parent", "after_parent").read(r, n)
		},
		nullable("insertion_order", text, func(m *ManualConfiguration) *string { return &m.InsertionOrder }).write,
	},
	may("remote_source", text, func(m *ManualConfiguration) *string { return &m.RemoteSource }),
	must("remote_table", tableName, func(m *ManualConfiguration) *TableName { return &m.RemoteTable }),
)

var computedFieldCodec = object("ComputedFieldMetadata",
	must("name", nonEmpty, func(c *ComputedField) *string { return &c.Name }),
	nested("definition", true, computedFieldDefinition,
		func(c *ComputedField) ComputedField { return *c },
		func(_ *reader, c *ComputedField, d ComputedField) {
			c.Function, c.SessionArgument, c.TableArgument = d.Function, d.SessionArgument, d.TableArgument
		}),
	comment("comment", func(c *ComputedField) **string { return &c.Comment }),
)

var computedFieldDefinition = object("ComputedFieldDefinition",
	must("function", tableName, func(c *ComputedField) *FunctionName { return &c.Function }),
	may("session_argument", text, func(c *ComputedField) *string { return &c.SessionArgument }),
	may("table_argument", text, func(c *ComputedField) *string { return &c.TableArgument }),
)
