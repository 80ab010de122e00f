package metadata

import "encoding/json"

// DefaultSource is the source meant where none is named.
const DefaultSource = "default"

// sourceCodec keeps a source of a kind Gatehouse does not speak as it was written.
var sourceCodec = codec[Source]{
	func(r *reader, n *node) Source {
		if kind := n.member("kind"); kind != nil && kind.kind == stringNode && !isPostgres(kind.text) {
			o := named("name", foreignSourceShape).read(r, n)
			return Source{Name: o.Name, Kind: kind.text, Foreign: o.JSON}
		}
		s := postgresSource.read(r, n)
		if s.Kind == "" || s.Kind == "pg" {
			s.Kind = "postgres"
		}
		return s
	},
	func(w *writer, s Source) {
		if s.Foreign != nil {
			w.Write(s.Foreign)
			return
		}
		postgresSource.write(w, s)
	},
}

// isPostgres: Hasura's name of the kind, and the one its commands carry.
func isPostgres(kind string) bool { return kind == "postgres" || kind == "pg" || kind == "" }

var postgresSource = object("SourceMetadata",
	must("name", nonEmpty, func(s *Source) *string { return &s.Name }),
	may("kind", text, func(s *Source) *string { return &s.Kind }),
	listOf("tables", "tables", tableCodec, func(s *Source) *[]*Table { return &s.Tables }, (*Table).key),
	mayList("functions", "functions", functionCodec, func(s *Source) *[]*Function { return &s.Functions }, (*Function).key),
	mayList("native_queries", "native queries", named("root_field_name", nativeQueryShape), func(s *Source) *[]*Opaque { return &s.NativeQueries }, (*Opaque).name),
	mayList("logical_models", "logical models", named("name", logicalModelShape), func(s *Source) *[]*Opaque { return &s.LogicalModels }, (*Opaque).name),
	must("configuration", configurationCodec, func(s *Source) *SourceConfiguration { return &s.Configuration }),
	anObject("query_tags", queryTagsShape, func(s *Source) *json.RawMessage { return &s.QueryTags }),
	omitWhen(mayRef("customization", customizationCodec, func(s *Source) **SourceCustomization { return &s.Customization }),
		func(s *Source) bool { return s.Customization.isEmpty() }),
	mayRef("health_check", healthCheckCodec, func(s *Source) **HealthCheck { return &s.HealthCheck }),
)

func (c *SourceCustomization) isEmpty() bool {
	return c == nil || (c.RootFields == nil || *c.RootFields == RootFieldCustomization{}) &&
		(c.TypeNames == nil || *c.TypeNames == NameAffixes{}) && c.NamingConvention == ""
}

var customizationCodec = object("SourceCustomization",
	mayRef("root_fields", object("RootFieldsCustomization",
		may("namespace", graphqlName, func(r *RootFieldCustomization) *string { return &r.Namespace }),
		may("prefix", graphqlName, func(r *RootFieldCustomization) *string { return &r.Prefix }),
		may("suffix", text, func(r *RootFieldCustomization) *string { return &r.Suffix }),
	), func(c *SourceCustomization) **RootFieldCustomization { return &c.RootFields }),
	mayRef("type_names", object("SourceTypeCustomization",
		may("prefix", graphqlName, func(a *NameAffixes) *string { return &a.Prefix }),
		may("suffix", text, func(a *NameAffixes) *string { return &a.Suffix }),
	), func(c *SourceCustomization) **NameAffixes { return &c.TypeNames }),
	may("naming_convention", oneOf("naming convention", "hasura-default", "graphql-default"),
		func(c *SourceCustomization) *string { return &c.NamingConvention }),
)

var functionCodec = object("FunctionMetadata",
	must("function", tableName, func(f *Function) *FunctionName { return &f.Name }),
	omitWhen(mayRef("configuration", functionConfigurationCodec, func(f *Function) **FunctionConfiguration { return &f.Configuration }),
		func(f *Function) bool { return f.Configuration.isEmpty() }),
	omitWhen(functionPermissions, func(f *Function) bool { return len(f.Permissions) == 0 }),
	comment("comment", func(f *Function) **string { return &f.Comment }),
)

func (c *FunctionConfiguration) isEmpty() bool {
	return c == nil || c.CustomName == "" && len(c.CustomRootFields) == 0 && c.SessionArgument == "" && c.ExposedAs == "" && len(c.Response) == 0
}

// functionOrName is a function as metadata of version 1 lists it: a bare name.
var functionOrName = codec[Function]{
	func(r *reader, n *node) Function {
		if n.kind == stringNode || n.member("function") == nil {
			return Function{Name: tableName.read(r, n)}
		}
		return functionCodec.read(r, n)
	},
	functionCodec.write,
}

var functionConfigurationCodec = object("FunctionConfig",
	may("custom_name", graphqlName, func(c *FunctionConfiguration) *string { return &c.CustomName }),
	functionRootFields,
	may("exposed_as", oneOf("exposed_as", "query", "mutation"), func(c *FunctionConfiguration) *string { return &c.ExposedAs }),
	shaped("response", functionResponseShape, func(c *FunctionConfiguration) *json.RawMessage { return &c.Response }),
	may("session_argument", text, func(c *FunctionConfiguration) *string { return &c.SessionArgument }),
)

// functionRootFields: names are plain texts here, where a table's may carry a comment.
var functionRootFields = nested("custom_root_fields", false, functionRootFieldsCodec,
	func(c *FunctionConfiguration) map[string]RootField { return c.CustomRootFields },
	func(_ *reader, c *FunctionConfiguration, m map[string]RootField) { c.CustomRootFields = m })

const ofFunction = "FunctionCustomRootFields"

var functionRootFieldsCodec = rootFieldsCodec(ofFunction, "function", "function_aggregate")

// functionPermissions reads [{role}] as roles.
var functionPermissions = field[Function]{
	"permissions", false,
	func(r *reader, n *node, f *Function) {
		if r.strict || n.kind != arrayNode {
			f.Permissions = readList(r, n, functionRole)
			return
		}
		for _, role := range lenientList(r, n, "permissions", functionRole, &f.Leftovers, nil) {
			f.Permissions = append(f.Permissions, *role)
		}
	},
	func(w *writer, f *Function) bool {
		w.WriteByte('[')
		for i, role := range f.Permissions {
			if i > 0 {
				w.WriteByte(',')
			}
			functionRole.write(w, role)
		}
		w.WriteByte(']')
		return true
	},
}

var functionRole = object("FunctionPermissionInfo", must("role", nonEmpty, func(role *string) *string { return role }))
