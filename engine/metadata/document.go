package metadata

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/fault"
)

// The document's grammar: one declaration per type, keys in Hasura's export order. Hasura writes the outer objects in
// the order of its serialisation (Hasura: RQL/Types/Metadata/Serialization) and the inner ones, which pass through its
// unordered JSON type, alphabetically; that is why some of these are alphabetical and some are not.

var documentCodec = object("Metadata",
	constant[Metadata]("version", "3"),
	listOf("sources", "sources", sourceCodec, func(m *Metadata) *[]*Source { return &m.Sources }, (*Source).name),
	apartFromTheRest(mayList("remote_schemas", "remote schemas", named("name", remoteSchemaShape), func(m *Metadata) *[]*Opaque { return &m.RemoteSchemas }, (*Opaque).name)),
	apartFromTheRest(mayList("query_collections", "query collections", collectionCodec, func(m *Metadata) *[]*QueryCollection { return &m.QueryCollections }, func(c *QueryCollection) string { return c.Name })),
	apartFromTheRest(mayList("allowlist", "allow list collections", allowlistCodec, func(m *Metadata) *[]*AllowlistEntry { return &m.Allowlist }, func(e *AllowlistEntry) string { return e.Collection })),
	apartFromTheRest(mayList("actions", "actions", named("name", actionShape), func(m *Metadata) *[]*Opaque { return &m.Actions }, (*Opaque).name)),
	apartFromTheRest(aSetting("custom_types", customTypesShape, func(m *Metadata) *json.RawMessage { return &m.CustomTypes })),
	apartFromTheRest(mayList("cron_triggers", "cron triggers", named("name", cronTriggerShape), func(m *Metadata) *[]*Opaque { return &m.CronTriggers }, (*Opaque).name)),
	apartFromTheRest(mayList("rest_endpoints", "endpoints", endpointCodec, func(m *Metadata) *[]*RESTEndpoint { return &m.RESTEndpoints }, func(e *RESTEndpoint) string { return e.Name })),
	apartFromTheRest(aSetting("api_limits", apiLimitsShape, func(m *Metadata) *json.RawMessage { return &m.APILimits })),
	apartFromTheRest(aSetting("metrics_config", metricsShape, func(m *Metadata) *json.RawMessage { return &m.MetricsConfig })),
	apartFromTheRest(mayList("inherited_roles", "inherited roles", inheritedRoleCodec, func(m *Metadata) *[]*InheritedRole { return &m.InheritedRoles }, func(r *InheritedRole) string { return r.Name })),
	apartFromTheRest(aSetting("graphql_schema_introspection", introspectionShape, func(m *Metadata) *json.RawMessage { return &m.GraphQLSchemaIntrospection })),
	apartFromTheRest(aSetting("network", networkShape, func(m *Metadata) *json.RawMessage { return &m.Network })),
	apartFromTheRest(aSetting("backend_configs", backendConfigsShape, func(m *Metadata) *json.RawMessage { return &m.BackendConfigs })),
	apartFromTheRest(aSetting("opentelemetry", openTelemetryShape, func(m *Metadata) *json.RawMessage { return &m.OpenTelemetry })),
	settingsField(),
)

func (s *Source) name() string { return s.Name }
func (o *Opaque) name() string { return o.Name }

// Decode reads a version 3 document. strict refuses unknown keys, naming the nearest known one: for what a client sends.
// A document another engine stored is read without it: what is not understood is put aside (Leftovers). path is where the document stands in the request.
func Decode(data []byte, path string, strict bool) (*Metadata, error) {
	m, err := decode(documentCodec, data, path, strict)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Encode writes the document as Hasura exports it: keys in its order, lists sorted by name, empty ones left out; and
// Gatehouse's own settings where there are any.
func (m *Metadata) Encode() json.RawMessage { return encode(documentCodec, *m) }

// DecodeAny reads a document of version 1, 2 or 3. The older two know one source, "default": its connection comes from
// current, as do the REST endpoints; what else they have no key for is gone (Hasura: RQL/DDL/Metadata).
func DecodeAny(data []byte, path string, current *Metadata) (*Metadata, error) {
	n, err := parseNode(data)
	if err != nil {
		return nil, fault.New(fault.ParseFailed, path, "%s", err.Error())
	}
	if n.kind == objectNode {
		if v := n.member("version"); v != nil {
			switch string(n.member("version").raw) {
			case "1", "2":
			case "3":
				return Decode(data, path, true)
			default:
				return nil, fault.New(fault.ParseFailed, fault.Key(path, "version"), "expected 1, 2 or 3, encountered %s", v.raw)
			}
		} else if n.member("sources") != nil {
			return Decode(data, path, true)
		}
	}
	old, err := decode(oldDocumentCodec, data, path, true)
	if err != nil {
		return nil, err
	}
	i := sourceIndex(current, DefaultSource)
	if i < 0 {
		return nil, fault.New(fault.NotSupported, "", "cannot import metadata without sources since no default source is defined")
	}
	m := old.rest
	source := *current.Sources[i]
	source.Tables, source.Functions, source.Leftovers = old.tables, old.functions, nil
	m.Sources, m.RESTEndpoints = []*Source{&source}, current.RESTEndpoints
	return &m, nil
}

// oldDocument is metadata of version 1 or 2, from before there were sources.
type oldDocument struct {
	tables    []*Table
	functions []*Function
	rest      Metadata
}

var oldDocumentCodec = object("Metadata",
	field[oldDocument]{"version", false, func(*reader, *node, *oldDocument) {}, func(*writer, *oldDocument) bool { return false }},
	listOf("tables", "tables", tableCodec, func(d *oldDocument) *[]*Table { return &d.tables }, (*Table).key),
	mayList("functions", "functions", functionOrName, func(d *oldDocument) *[]*Function { return &d.functions }, (*Function).key),
	mayList("remote_schemas", "remote schemas", named("name", remoteSchemaShape), func(d *oldDocument) *[]*Opaque { return &d.rest.RemoteSchemas }, (*Opaque).name),
	mayList("query_collections", "query collections", collectionCodec, func(d *oldDocument) *[]*QueryCollection { return &d.rest.QueryCollections }, func(c *QueryCollection) string { return c.Name }),
	mayList("allowlist", "allow list collections", allowlistCodec, func(d *oldDocument) *[]*AllowlistEntry { return &d.rest.Allowlist }, func(e *AllowlistEntry) string { return e.Collection }),
	mayList("actions", "actions", named("name", actionShape), func(d *oldDocument) *[]*Opaque { return &d.rest.Actions }, (*Opaque).name),
	aSetting("custom_types", customTypesShape, func(d *oldDocument) *json.RawMessage { return &d.rest.CustomTypes }),
	mayList("cron_triggers", "cron triggers", named("name", cronTriggerShape), func(d *oldDocument) *[]*Opaque { return &d.rest.CronTriggers }, (*Opaque).name),
	ignored[oldDocument]("query_templates"), // gone since Hasura 1.0, and written by exports as an empty list until then
)

// anObject keeps a JSON object as it was written; {} is left out.
func anObject[T any](name string, is shape, at func(*T) *json.RawMessage) field[T] {
	f := raw(name, false, at)
	f.read = func(r *reader, n *node, into *T) {
		if n.kind != objectNode {
			r.mismatch("Object", "Object", n)
			return
		}
		if len(n.keys) > 0 {
			r.keep(is, n)
			*at(into) = n.compact()
		}
	}
	return f
}

// aSetting is an object that is left out when it says nothing: a project's directory has a file for every part of the
// document, used or not, and Hasura exports none of these.
func aSetting[T any](name string, is shape, at func(*T) *json.RawMessage) field[T] {
	f := anObject(name, is, at)
	read := f.read
	f.read = func(r *reader, n *node, into *T) {
		if read(r, n, into); r.err == nil && n.saysNothing() && is.check(n.compact()) == "" {
			*at(into) = nil
		}
	}
	return f
}

// shaped is a value that is kept as it was written and acted upon: it must be right wherever it comes from.
func shaped[T any](name string, is shape, at func(*T) *json.RawMessage) field[T] {
	f := raw(name, false, at)
	f.read = func(r *reader, n *node, into *T) {
		is(r, n)
		*at(into) = n.compact()
	}
	return f
}

// saysNothing tells whether a value is what its absence means: null, false, an empty list, or an object of such.
func (n *node) saysNothing() bool {
	switch n.kind {
	case objectNode:
		return !slices.ContainsFunc(n.values, func(v *node) bool { return !v.saysNothing() })
	case arrayNode:
		return len(n.items) == 0
	case boolNode:
		return string(n.raw) == "false"
	default:
		return n.kind == nullNode
	}
}

// keep checks what is kept without being acted upon: all a client sends, and nothing that is stored.
func (r *reader) keep(is shape, n *node) {
	if r.strict {
		is(r, n)
	}
}

// named is an object that Gatehouse keeps as it was written, with its name under key.
func named(key string, is shape) codec[Opaque] {
	return codec[Opaque]{
		func(r *reader, n *node) Opaque {
			if r.keep(is, n); r.err != nil {
				return Opaque{}
			}
			return Opaque{Name: required(r, n, key), JSON: n.compact()}
		},
		func(w *writer, o Opaque) { w.Write(o.JSON) },
	}
}

// tableName is "t" (in schema public) or {schema, name}. No schema and null are public, "" is a schema that there is not
// (Hasura: Backends/Postgres/SQL/Types).
var tableName = codec[TableName]{
	readTableName,
	func(w *writer, t TableName) {
		w.WriteString(`{"name":`)
		w.text(t.Name)
		w.WriteString(`,"schema":`)
		w.text(t.Schema)
		w.WriteByte('}')
	},
}

const publicSchema = "public"

// readTableName is no object(…): what writes those has to know the names of what it kept.
func readTableName(r *reader, n *node) TableName {
	t := TableName{Schema: publicSchema}
	switch n.kind {
	case stringNode:
		t.Name = n.text
	case objectNode:
		r.refuseUnknown(n, []string{"name", "schema"})
		if name := n.member("name"); name != nil {
			r.key("name", func() { t.Name = text.read(r, name) })
		} else {
			r.fail("key %q not found", "name")
		}
		if n.given("schema") {
			r.key("schema", func() { t.Schema = text.read(r, n.member("schema")) })
		}
	default:
		r.fail("expecting a string/object for QualifiedObject")
	}
	return t
}

// String is the name as messages show it: without the schema public.
func (t TableName) String() string {
	if t.Schema == publicSchema {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// sortKey orders names as Hasura does: by schema, then name.
func (t TableName) sortKey() string { return t.Schema + "\x00" + t.Name }

func (t *Table) key() string    { return t.Name.sortKey() }
func (f *Function) key() string { return f.Name.sortKey() }

var collectionCodec = object("CreateCollection",
	must("name", nonEmpty, func(c *QueryCollection) *string { return &c.Name }),
	must("definition", collectionDefinition, func(c *QueryCollection) *collectionQueries { return (*collectionQueries)(&c.Queries) }),
	comment("comment", func(c *QueryCollection) **string { return &c.Comment }),
)

type collectionQueries []*CollectionQuery

var collectionDefinition = object("CollectionDef",
	listOf("queries", "query names", collectionQuery, func(q *collectionQueries) *[]*CollectionQuery { return (*[]*CollectionQuery)(q) }, nil),
)

var collectionQuery = object("ListedQuery",
	must("name", nonEmpty, func(q *CollectionQuery) *string { return &q.Name }),
	must("query", text, func(q *CollectionQuery) *string { return &q.Query }),
)

// allowlistCodec: without a scope, or with a global one, the collection is allowed to every role.
var allowlistCodec = object("AllowlistEntry",
	must("collection", nonEmpty, func(e *AllowlistEntry) *string { return &e.Collection }),
	nested("scope", false, scopeCodec,
		func(e *AllowlistEntry) allowlistScope { return allowlistScope{global: e.Roles == nil, roles: e.Roles} },
		func(r *reader, e *AllowlistEntry, s allowlistScope) {
			if s.global {
				return
			}
			if s.roles == nil || len(*s.roles) == 0 {
				r.fail("key %q not found", "roles")
			}
			e.Roles = s.roles
		}),
)

type allowlistScope struct {
	global bool
	roles  *[]string
}

var scopeCodec = object("AllowlistScope",
	must("global", boolean, func(s *allowlistScope) *bool { return &s.global }),
	mayRef("roles", texts, func(s *allowlistScope) **[]string { return &s.roles }),
)

var endpointCodec = object("EndpointMetadata",
	orNull(comment("comment", func(e *RESTEndpoint) **string { return &e.Comment })),
	nested("definition", true, endpointDefinition,
		func(e *RESTEndpoint) queryReference { return queryReference{e.Collection, e.Query} },
		func(_ *reader, e *RESTEndpoint, q queryReference) { e.Collection, e.Query = q.collection, q.query }),
	must("methods", methodsCodec, func(e *RESTEndpoint) *[]string { return &e.Methods }),
	must("name", nonEmpty, func(e *RESTEndpoint) *string { return &e.Name }),
	must("url", nonEmpty, func(e *RESTEndpoint) *string { return &e.URL }),
)

var methodsCodec = codec[[]string]{
	func(r *reader, n *node) []string {
		methods := readList(r, n, oneOf("method", "GET", "POST", "PUT", "DELETE", "PATCH"))
		if r.err == nil && len(methods) == 0 {
			r.fail("a non-empty list was expected")
		}
		return methods
	},
	texts.write,
}

// queryReference names a query of a collection.
type queryReference struct{ collection, query string }

var endpointDefinition = object("EndpointDef",
	nested("query", true, queryReferenceCodec,
		func(q *queryReference) queryReference { return *q },
		func(_ *reader, q *queryReference, v queryReference) { *q = v }),
)

var queryReferenceCodec = object("QueryReference",
	must("collection_name", nonEmpty, func(q *queryReference) *string { return &q.collection }),
	must("query_name", nonEmpty, func(q *queryReference) *string { return &q.query }),
)

var inheritedRoleCodec = object("InheritedRole",
	must("role_name", nonEmpty, func(i *InheritedRole) *string { return &i.Name }),
	must("role_set", texts, func(i *InheritedRole) *[]string { return &i.RoleSet }),
)

// QuoteName is a name as Hasura's messages quote it.
func QuoteName(t TableName) string { return `"` + t.String() + `"` }

// joinQuoted is `"a", "b"`.
func joinQuoted(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = `"` + n + `"`
	}
	return strings.Join(quoted, ", ")
}

// ParseTableName reads "t" or {schema, name}.
func ParseTableName(data []byte, path string) (TableName, error) {
	return decode(tableName, data, path, true)
}

// UnmarshalJSON reads it where another document names a table.
func (t *TableName) UnmarshalJSON(data []byte) (err error) {
	*t, err = ParseTableName(data, fault.Root)
	return err
}
