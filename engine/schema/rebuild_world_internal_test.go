package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// world is a document, a database and the models made of them so far.
type world struct {
	rand     *rand.Rand
	doc      *metadata.Metadata
	cats     map[string]*catalog.Catalog
	enums    map[string]map[catalog.Name][]EnumValue
	refused  map[string]map[string]string
	model    *Model
	infers   bool
	older    []*Model
	olderDoc []*metadata.Metadata
}

func newWorld(seed uint64) *world {
	w := &world{
		rand: rand.New(rand.NewPCG(seed, 1)), doc: &metadata.Metadata{}, cats: map[string]*catalog.Catalog{},
		enums: map[string]map[catalog.Name][]EnumValue{}, refused: map[string]map[string]string{},
	}
	for _, name := range []string{"default", "other"} {
		w.doc.Sources = append(w.doc.Sources, &metadata.Source{Name: name, Kind: "postgres"})
		w.cats[name] = sampleCatalog()
		w.enums[name] = map[catalog.Name][]EnumValue{{Schema: "public", Name: "e"}: {{Name: "red"}, {Name: "blue"}}}
		w.refused[name] = nil
	}
	w.model = Build(w.input())
	return w
}

func (w *world) input() Input {
	return Input{
		Metadata: w.doc, Catalogs: maps.Clone(w.cats), EnumValues: maps.Clone(w.enums), NativeErrors: maps.Clone(w.refused),
		Options: Options{InferFunctionPermissions: w.infers, ApolloFederation: true, Experimental: map[string]bool{"naming_convention": true}},
	}
}

// remember has clients of every role ask for something, and makes m, or one from before, what the next model is made from.
func (w *world) remember(m *Model) {
	for _, role := range append(m.Roles(), AdminRole) {
		if w.rand.IntN(2) == 0 {
			m.Role(role, w.rand.IntN(2) == 0).Query.Field(w.pick("a", "b", "list_a", "x", "default_a"))
		}
	}
	if roles := m.Roles(); len(roles) > 1 {
		m.Several(roles[:2], func(string) bool { return true }, false, false).Query.Fields()
	}
	w.model = m
	w.older, w.olderDoc = append(w.older, m), append(w.olderDoc, w.doc)
	if i := w.rand.IntN(8 * len(w.older)); i < len(w.older) { // a change that was given up
		w.model, w.doc = w.older[i], w.olderDoc[i]
	}
}

func (w *world) command(t *testing.T, text string) {
	t.Helper()
	var one map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &one); err != nil {
		t.Fatal(err)
	}
	for kind, args := range one {
		m, _, err := metadata.ParseCommand(kind, args, "$")
		if err == nil {
			w.doc, err = m.Apply(w.doc, catalogFacts(w.cats))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.model = Rebuild(w.model, w.input())
	for _, role := range append(w.model.Roles(), AdminRole) {
		_ = w.model.Role(role, false).SDL()
	}
}

func (w *world) pick(from ...string) string { return from[w.rand.IntN(len(from))] }

// step changes the document or a database, and says how.
func (w *world) step() string {
	switch w.rand.IntN(30) {
	case 0, 1, 2, 3:
		return w.change()
	case 4: // as a client sends it back
		var err error
		if w.doc, err = metadata.Decode(w.doc.Encode(), "$", true); err != nil {
			panic(err)
		}
		return "replace"
	case 5:
		i := w.rand.IntN(len(w.doc.Sources))
		doc, s := *w.doc, *w.doc.Sources[i]
		s.Tables = slices.Clone(s.Tables)
		w.rand.Shuffle(len(s.Tables), func(i, j int) { s.Tables[i], s.Tables[j] = s.Tables[j], s.Tables[i] })
		doc.Sources = slices.Clone(doc.Sources)
		doc.Sources[i] = &s
		w.doc = &doc
		return "shuffle " + s.Name
	}
	for range 20 {
		kind, args := w.randomCommand()
		m, known, err := metadata.ParseCommand(kind, []byte(args), "$")
		if err != nil || !known {
			panic(fmt.Sprint(kind, args, known, err))
		}
		next, err := m.Apply(w.doc, catalogFacts(w.cats))
		if err != nil {
			continue
		}
		w.doc = next
		return kind + " " + args
	}
	return "nothing"
}

func (w *world) randomCommand() (kind, args string) {
	table, role, source := w.pick("a", "b", "c", "d", "e", "v", "gone"), w.pick("r1", "r2", "r3", "both", "admin"), w.pick("default", "default", "default", "other")
	at := fmt.Sprintf(`"source":%q,"table":%q`, source, table)
	filter := w.pick(`{}`, `{"id":{"_eq":"X-Hasura-Id"}}`, `{"ra":{"name":{"_eq":"x"}}}`, `{"rb":{"ra":{"id":{"_gt":1}}}}`, `{"_exists":{"_table":"b","_where":{"id":{"_eq":1}}}}`,
		`{"as_aggregate":{"count":{"predicate":{"_gt":1}}}}`, `{"_not":{"calc":{"_eq":"x"}}}`, `{"nope":1}`, `{"id":{"_ceq":["$","other"]}}`, `{"kin":{"id":{"_eq":1}}}`, `{"id":{"_ceq":["ra","id"]}}`)
	columns := w.pick(`"*"`, `["id"]`, `["id","name"]`, `["id","nope"]`)
	switch w.rand.IntN(33) {
	case 30, 31:
		return w.pick("create", "create", "update") + "_remote_relationship", "{" + at + w.toSource() + "}"
	case 32:
		return "delete_remote_relationship", "{" + at + `,"name":"far"}`
	case 0, 1, 2, 3:
		return "track_table", "{" + at + w.pick("", `,"is_enum":true`, `,"configuration":{"custom_name":"`+w.pick("a", "b", "x", "insert_a")+`"}`, `,"apollo_federation_config":{"enable":"v1"}`) + "}"
	case 4:
		return "untrack_table", "{" + at + `,"cascade":` + w.pick("true", "false") + "}"
	case 5, 6, 7:
		return "create_object_relationship", "{" + at + `,"name":"` + w.pick("ra", "rb", "kin", "name", "calc") + `","using":` + w.using() + "}"
	case 8, 9:
		return "create_array_relationship", "{" + at + `,"name":"` + w.pick("as", "bs", "ra") + `","using":{"foreign_key_constraint_on":{"table":"` + w.pick("a", "b", "c") + `","column":"other"}}}`
	case 10:
		return "drop_relationship", "{" + at + `,"relationship":"` + w.pick("ra", "rb", "kin", "as", "bs") + `","cascade":` + w.pick("true", "false") + "}"
	case 11:
		return "rename_relationship", "{" + at + `,"name":"` + w.pick("ra", "as") + `","new_name":"` + w.pick("rb", "kin") + `"}`
	case 12, 13, 14:
		return "create_select_permission", "{" + at + fmt.Sprintf(`,"role":%q,"permission":{"columns":%s,"filter":%s,"allow_aggregations":%s,"computed_fields":%s}}`, role, columns, filter, w.pick("true", "false"), w.pick(`[]`, `[]`, `["calc"]`))
	case 15:
		return "create_insert_permission", "{" + at + fmt.Sprintf(`,"role":%q,"permission":{"columns":%s,"check":%s,"backend_only":%s,"set":%s}}`, role, columns, filter, w.pick("true", "false"), w.pick(`{}`, `{"name":"X-Hasura-Id"}`))
	case 16:
		return "create_update_permission", "{" + at + fmt.Sprintf(`,"role":%q,"permission":{"columns":%s,"filter":%s,"check":%s}}`, role, columns, filter, w.pick("null", filter))
	case 17:
		return "create_delete_permission", "{" + at + fmt.Sprintf(`,"role":%q,"permission":{"filter":%s}}`, role, filter)
	case 18, 19:
		return "drop_" + w.pick("select", "insert", "update", "delete") + "_permission", "{" + at + fmt.Sprintf(`,"role":%q}`, role)
	case 20:
		return "set_table_is_enum", "{" + at + `,"is_enum":` + w.pick("true", "false") + "}"
	case 21:
		return "set_table_customization", "{" + at + `,"configuration":` + w.pick(`{}`, `{"custom_name":"`+w.pick("a", "b", "x", "a_by_pk", "a_group_by")+`"}`,
			`{"custom_root_fields":{"select":"`+w.pick("a", "list", "list_a", "q")+`"}}`, `{"column_config":{"name":{"custom_name":"`+w.pick("label", "id", "ra")+`"}}}`, `{"comment":"hm"}`) + "}"
	case 22:
		f := w.pick("list_a", "calc", "many", "one", "gone")
		return w.pick("track_function", "track_function", "untrack_function"), fmt.Sprintf(`{"source":%q,"function":%q}`, source, f)
	case 23:
		return w.pick("create", "create", "drop") + "_function_permission", fmt.Sprintf(`{"source":%q,"function":%q,"role":%q}`, source, w.pick("list_a", "one"), role)
	case 24:
		if w.rand.IntN(3) == 0 {
			return "drop_computed_field", "{" + at + `,"name":"calc","cascade":true}`
		}
		return "add_computed_field", "{" + at + `,"name":"` + w.pick("calc", "kin", "ra") + `","definition":{"function":"` + w.pick("calc", "calc_b", "kin") + `"}}`
	case 25:
		if w.rand.IntN(3) == 0 {
			return "drop_inherited_role", `{"role_name":"` + w.pick("both", "all") + `"}`
		}
		return "add_inherited_role", `{"role_name":"` + w.pick("both", "all") + `","role_set":` + w.pick(`["r1","r2"]`, `["r2","r3"]`, `["both","r3"]`, `["all"]`) + `}`
	case 26:
		return w.logical(source)
	case 27:
		return "gatehouse_set_source_features", fmt.Sprintf(`{"source":%q,%q:%s}`, source, w.pick("nested_updates", "group_by", "upsert_on_indexes", "scalar_functions"), w.pick("true", "true", "false"))
	case 28:
		return "update_source", fmt.Sprintf(`{"name":%q,"customization":%s}`, source, w.pick(`{}`, `{"root_fields":{"prefix":"`+w.pick("default_", "p_")+`"}}`,
			`{"root_fields":{"namespace":"`+w.pick("a", "ns")+`"}}`, `{"naming_convention":"graphql-default"}`, `{"type_names":{"prefix":"`+w.pick("T", "x")+`"}}`))
	}
	return "set_relationship_comment", "{" + at + `,"name":"ra","comment":"hm"}`
}

func (w *world) using() string {
	return w.pick(`{"foreign_key_constraint_on":"other"}`, `{"foreign_key_constraint_on":"kind"}`,
		`{"manual_configuration":{"remote_table":"`+w.pick("a", "b", "v")+`","column_mapping":{"id":"`+w.pick("id", "other", "nope")+`"}}}`)
}

func (w *world) toSource() string {
	return fmt.Sprintf(`,"name":%q,"definition":{"to_source":{"source":%q,"table":%q,"relationship_type":%q,"field_mapping":{%q:%q}}}`,
		w.pick("far", "far", "ra", "calc", "name"), w.pick("default", "other", "other", "gone"), w.pick("a", "b", "v", "gone"), w.pick("object", "array"),
		w.pick("id", "id", "name", "calc", "more4", "nope"), w.pick("id", "id", "name", "kind", "more4"))
}

func (w *world) logical(source string) (kind, args string) {
	name := w.pick("m1", "m2", "a")
	switch w.rand.IntN(6) {
	case 0, 1:
		return "track_logical_model", fmt.Sprintf(`{"source":%q,"name":%q,"fields":[{"name":"id","type":"integer"},{"name":"sub","type":{"logical_model":"m2"}}]}`, source, name)
	case 2:
		return "untrack_logical_model", fmt.Sprintf(`{"source":%q,"name":%q}`, source, name)
	case 3:
		return "create_logical_model_select_permission", fmt.Sprintf(`{"source":%q,"name":%q,"role":"r1","permission":{"columns":["id"],"filter":%s}}`, source, name, w.pick(`{}`, `{"id":{"_eq":1}}`, `{"link":{"id":{"_eq":1}}}`))
	case 4:
		return "untrack_native_query", fmt.Sprintf(`{"source":%q,"root_field_name":%q}`, source, w.pick("n1", "list_a"))
	}
	return "track_native_query", fmt.Sprintf(`{"source":%q,"root_field_name":%q,"code":"select 1 as id","arguments":{},"returns":%q,`+
		`"object_relationships":[{"name":"link","using":{"remote_table":"b","column_mapping":{"id":"id"}}}]}`, source, w.pick("n1", "list_a", "b"), name)
}

// change changes a database, or what it says of native queries and enum tables, or reads it again without a change.
func (w *world) change() string {
	source := w.pick("default", "default", "other")
	name := func(n string) catalog.Name { return catalog.Name{Schema: "public", Name: n} }
	if w.cats[source] == nil {
		w.cats[source] = sampleCatalog()
		return source + " is back"
	}
	c := &catalog.Catalog{Tables: maps.Clone(w.cats[source].Tables), Functions: maps.Clone(w.cats[source].Functions)}
	table := w.pick("a", "b", "c", "d", "e", "v")
	switch w.rand.IntN(9) {
	case 0:
		w.cats[source] = sampleCatalog()
		return source + " is read again"
	case 1:
		delete(c.Tables, name(table))
		w.cats[source] = c
		return source + " lost " + table
	case 2:
		c.Tables[name(table)] = sampleCatalog().Tables[name(table)]
		w.cats[source] = c
		return source + " has a new " + table
	case 3, 4:
		if t := c.Tables[name(table)]; t != nil {
			changed := *t
			changed.Columns = append(slices.Clone(t.Columns), &catalog.Column{Name: fmt.Sprintf("more%d", len(t.Columns)), Position: 20 + len(t.Columns), Type: textType})
			c.Tables[t.Name] = &changed
		}
		w.cats[source] = c
		return source + " has another column in " + table
	case 5:
		if t := c.Tables[name(table)]; t != nil && len(t.Columns) > 1 {
			changed := *t
			changed.Columns = slices.Clone(t.Columns[:len(t.Columns)-1])
			c.Tables[t.Name] = &changed
		}
		w.cats[source] = c
		return source + " lost a column of " + table
	case 6:
		f := name(w.pick("calc", "list_a", "one"))
		if w.rand.IntN(2) == 0 {
			delete(c.Functions, f)
		} else {
			c.Functions[f] = append(slices.Clone(c.Functions[f]), sampleCatalog().Functions[f]...)
		}
		w.cats[source] = c
		return source + " changed function " + f.Name
	case 7:
		w.enums[source] = map[catalog.Name][]EnumValue{name("e"): {{Name: w.pick("red", "green", "no name")}}}
		return source + " has other values in e"
	}
	if w.rand.IntN(3) == 0 {
		w.cats[source] = nil
		return source + " is out of reach"
	}
	w.refused[source] = map[string]string{w.pick("n1", "list_a"): "no"}
	return source + " refuses a query"
}

var (
	textType = &catalog.Type{OID: 25, Name: catalog.Name{Schema: "pg_catalog", Name: "text"}, Kind: catalog.BaseType}
	intType  = &catalog.Type{OID: 23, Name: catalog.Name{Schema: "pg_catalog", Name: "int4"}, Kind: catalog.BaseType}
)

// sampleCatalog is a new copy of a small database: a, b, c and d point at each other and at the enum e, v is a view.
func sampleCatalog() *catalog.Catalog {
	name := func(n string) catalog.Name { return catalog.Name{Schema: "public", Name: n} }
	c := &catalog.Catalog{Tables: map[catalog.Name]*catalog.Table{}, Functions: map[catalog.Name][]*catalog.Function{}}
	rows := map[string]*catalog.Type{}
	for i, n := range []string{"a", "b", "c", "d"} {
		t := &catalog.Table{
			Name: name(n), Kind: catalog.OrdinaryTable, Insertable: true, Updatable: true, Deletable: true,
			PrimaryKey: &catalog.Key{Name: n + "_pkey", Columns: []string{"id"}},
			ForeignKeys: []*catalog.ForeignKey{
				{Name: n + "_other", Columns: []string{"other"}, To: name([]string{"b", "a", "b", "c"}[i]), ToColumns: []string{"id"}},
				{Name: n + "_kind", Columns: []string{"kind"}, To: name("e"), ToColumns: []string{"value"}},
			},
			Columns: []*catalog.Column{
				{Name: "id", Position: 1, Type: intType, NotNull: true},
				{Name: "name", Position: 2, Type: textType},
				{Name: "other", Position: 3, Type: intType},
				{Name: "kind", Position: 4, Type: textType},
			},
		}
		t.UniqueKeys = []*catalog.Key{t.PrimaryKey}
		c.Tables[t.Name] = t
		rows[n] = &catalog.Type{Name: t.Name, Kind: catalog.CompositeType, Table: t.Name}
	}
	e := &catalog.Table{Name: name("e"), Kind: catalog.OrdinaryTable, Insertable: true, Updatable: true, Deletable: true, PrimaryKey: &catalog.Key{Name: "e_pkey", Columns: []string{"value"}}}
	e.UniqueKeys, e.Columns = []*catalog.Key{e.PrimaryKey}, []*catalog.Column{{Name: "value", Position: 1, Type: textType, NotNull: true}}
	// An enum table may refer to another one, here to itself.
	e.ForeignKeys = []*catalog.ForeignKey{{Name: "e_e", Columns: []string{"value"}, To: name("e"), ToColumns: []string{"value"}}}
	c.Tables[e.Name] = e
	c.Tables[name("v")] = &catalog.Table{Name: name("v"), Kind: catalog.View, Columns: []*catalog.Column{{Name: "id", Position: 1, Type: intType}, {Name: "name", Position: 2, Type: textType}}}
	add := func(n string, f catalog.Function) {
		f.Name = name(n)
		c.Functions[f.Name] = append(c.Functions[f.Name], &f)
	}
	row := func(n string) []catalog.FunctionArg { return []catalog.FunctionArg{{Name: "row", Type: rows[n]}} }
	add("list_a", catalog.Function{Volatility: catalog.Stable, Returns: rows["a"], ReturnsSet: true, Args: []catalog.FunctionArg{{Name: "word", Type: textType}}})
	add("calc", catalog.Function{Volatility: catalog.Stable, Returns: textType, Args: row("a")})
	add("calc_b", catalog.Function{Volatility: catalog.Stable, Returns: textType, Args: row("b")})
	add("kin", catalog.Function{Volatility: catalog.Stable, Returns: rows["b"], ReturnsSet: true, Args: row("a")})
	add("many", catalog.Function{Volatility: catalog.Stable, Returns: rows["b"], ReturnsSet: true})
	add("many", catalog.Function{Volatility: catalog.Volatile, Returns: rows["b"], ReturnsSet: true, Args: row("b")})
	add("one", catalog.Function{Volatility: catalog.Volatile, Returns: intType})
	return c
}

// catalogFacts are metadata.Facts of databases.
type catalogFacts map[string]*catalog.Catalog

func (f catalogFacts) table(source string, t metadata.TableName) *catalog.Table {
	if c := f[source]; c != nil {
		return c.Tables[catalog.Name(t)]
	}
	return nil
}

func (f catalogFacts) HasColumn(source string, t metadata.TableName, column string) bool {
	ct := f.table(source, t)
	return ct != nil && ct.Column(column) != nil
}

func (f catalogFacts) Target(source string, t metadata.TableName, r *metadata.Relationship, _ bool) (metadata.TableName, map[string]string, bool) {
	if m := r.Using.Manual; m != nil {
		return m.RemoteTable, m.ColumnMapping, true
	}
	if on := r.Using.ForeignKey; on.Table != nil {
		return *on.Table, nil, true
	}
	if ct := f.table(source, t); ct != nil {
		if fk := foreignKeyOn(ct, r.Using.ForeignKey.Columns, nil); fk != nil {
			return metadata.TableName(fk.To), nil, true
		}
	}
	return metadata.TableName{}, nil, false
}

func (f catalogFacts) Constraint(string, metadata.TableName, *metadata.Relationship, bool) (metadata.TableName, string) {
	return metadata.TableName{}, ""
}

func (f catalogFacts) ReturnedTable(source string, name metadata.FunctionName) (metadata.TableName, bool) {
	if c := f[source]; c != nil {
		for _, fn := range c.Functions[catalog.Name(name)] {
			if fn.Returns.Kind == catalog.CompositeType {
				return metadata.TableName(fn.Returns.Table), true
			}
		}
	}
	return metadata.TableName{}, false
}
