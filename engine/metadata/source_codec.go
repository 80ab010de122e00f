package metadata

import (
	"encoding/json"
	"strings"
)

// DefaultSource is the source meant where none is named.
const DefaultSource = "default"

// sourceCodec keeps a source of a kind Gatehouse does not speak as it was written.
var sourceCodec = codec[Source]{
	func(r *reader, n *node) Source {
		if kind := n.member("kind"); kind != nil && kind.kind == stringNode && !isPostgres(kind.text) {
			o := named("SourceMetadata", "name").read(r, n)
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
	mayList("native_queries", "native queries", named("NativeQuery", "root_field_name"), func(s *Source) *[]*Opaque { return &s.NativeQueries }, (*Opaque).name),
	mayList("logical_models", "logical models", named("LogicalModel", "name"), func(s *Source) *[]*Opaque { return &s.LogicalModels }, (*Opaque).name),
	must("configuration", configurationCodec, func(s *Source) *SourceConfiguration { return &s.Configuration }),
	anObject("query_tags", func(s *Source) *json.RawMessage { return &s.QueryTags }),
	omitWhen(mayRef("customization", customizationCodec, func(s *Source) **SourceCustomization { return &s.Customization }),
		func(s *Source) bool { return s.Customization.isEmpty() }),
	anObject("health_check", func(s *Source) *json.RawMessage { return &s.HealthCheck }),
)

func (c *SourceCustomization) isEmpty() bool {
	return c == nil || (c.RootFields == nil || *c.RootFields == RootFieldCustomization{}) &&
		(c.TypeNames == nil || *c.TypeNames == NameAffixes{}) && c.NamingConvention == ""
}

var configurationCodec = object("PostgresConnConfiguration",
	must("connection_info", connectionCodec, func(c *SourceConfiguration) *ConnectionInfo { return &c.ConnectionInfo }),
	raw("connection_template", false, func(c *SourceConfiguration) *json.RawMessage { return &c.ConnectionTemplate }),
	may("extensions_schema", text, func(c *SourceConfiguration) *string { return &c.ExtensionsSchema }),
	omitWhen(must("read_replicas", codec[[]ConnectionInfo]{
		func(r *reader, n *node) []ConnectionInfo { return readList(r, n, connectionCodec) },
		func(w *writer, replicas []ConnectionInfo) {
			w.WriteByte('[')
			for i, c := range replicas {
				if i > 0 {
					w.WriteByte(',')
				}
				connectionCodec.write(w, c)
			}
			w.WriteByte(']')
		},
	}, func(c *SourceConfiguration) *[]ConnectionInfo { return &c.ReadReplicas }),
		func(c *SourceConfiguration) bool { return len(c.ReadReplicas) == 0 }),
)

// connectionCodec writes isolation_level even where it holds its default, as Hasura does. use_prepared_statements is
// written only where it was given: Hasura's default is false, ours true.
var connectionCodec = object("PostgresSourceConnInfo",
	nested("database_url", true, databaseURL,
		func(c *ConnectionInfo) ConnectionInfo { return *c },
		func(_ *reader, c *ConnectionInfo, url ConnectionInfo) {
			c.URL, c.FromEnv, c.FromFile, c.Parameters = url.URL, url.FromEnv, url.FromFile, url.Parameters
		}),
	nested("isolation_level", false, oneOf("isolation level", "read-committed", "repeatable-read", "serializable"),
		func(c *ConnectionInfo) string {
			if c.IsolationLevel == "" {
				return "read-committed"
			}
			return c.IsolationLevel
		},
		func(_ *reader, c *ConnectionInfo, level string) {
			if level != "read-committed" {
				c.IsolationLevel = level
			}
		}),
	mayRef("pool_settings", poolSettingsCodec, func(c *ConnectionInfo) **PoolSettings { return &c.PoolSettings }),
	raw("ssl_configuration", false, func(c *ConnectionInfo) *json.RawMessage { return &c.SSLConfiguration }),
	mayRef("use_prepared_statements", boolean, func(c *ConnectionInfo) **bool { return &c.UsePreparedStatements }),
)

// databaseURL is a URL, {from_env}, {dynamic_from_file} or {connection_parameters}.
var databaseURL = codec[ConnectionInfo]{
	func(r *reader, n *node) ConnectionInfo {
		if n.kind == stringNode {
			// Hasura reads "{{NAME}}" as a template over the environment.
			if name, ok := strings.CutPrefix(n.text, "{{"); ok && strings.HasSuffix(name, "}}") {
				return ConnectionInfo{FromEnv: strings.TrimSpace(strings.TrimSuffix(name, "}}"))}
			}
			return ConnectionInfo{URL: n.text}
		}
		c := databaseURLObject.read(r, n)
		given := 0
		for _, is := range []bool{c.FromEnv != "", c.FromFile != "", c.Parameters != nil} {
			if is {
				given++
			}
		}
		if r.err == nil && given != 1 {
			r.fail("expected exactly one of from_env, dynamic_from_file and connection_parameters")
		}
		return c
	},
	func(w *writer, c ConnectionInfo) {
		if c.FromEnv == "" && c.FromFile == "" && c.Parameters == nil {
			w.text(c.URL)
			return
		}
		databaseURLObject.write(w, c)
	},
}

var databaseURLObject = object("UrlConf",
	mayRef("connection_parameters", parametersCodec, func(c *ConnectionInfo) **ConnectionParameters { return &c.Parameters }),
	may("dynamic_from_file", nonEmpty, func(c *ConnectionInfo) *string { return &c.FromFile }),
	may("from_env", nonEmpty, func(c *ConnectionInfo) *string { return &c.FromEnv }),
)

var parametersCodec = object("PGConnectionParams",
	must("database", nonEmpty, func(p *ConnectionParameters) *string { return &p.Database }),
	must("host", nonEmpty, func(p *ConnectionParameters) *string { return &p.Host }),
	may("password", text, func(p *ConnectionParameters) *string { return &p.Password }),
	must("port", integer, func(p *ConnectionParameters) *int { return &p.Port }),
	must("username", nonEmpty, func(p *ConnectionParameters) *string { return &p.Username }),
)

var poolSettingsCodec = object("PostgresPoolSettings",
	mayRef("connection_lifetime", integer, func(p *PoolSettings) **int { return &p.ConnectionLifetime }),
	mayRef("idle_timeout", integer, func(p *PoolSettings) **int { return &p.IdleTimeout }),
	mayRef("max_connections", integer, func(p *PoolSettings) **int { return &p.MaxConnections }),
	mayRef("pool_timeout", integer, func(p *PoolSettings) **int { return &p.PoolTimeout }),
	mayRef("retries", integer, func(p *PoolSettings) **int { return &p.Retries }),
	mayRef("total_max_connections", integer, func(p *PoolSettings) **int { return &p.TotalMaxConnections }),
)

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
	omitWhen(must("permissions", functionRoles, func(f *Function) *[]string { return &f.Permissions }),
		func(f *Function) bool { return len(f.Permissions) == 0 }),
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
	raw("response", false, func(c *FunctionConfiguration) *json.RawMessage { return &c.Response }),
	may("session_argument", text, func(c *FunctionConfiguration) *string { return &c.SessionArgument }),
)

// functionRootFields: names are plain texts here, where a table's may carry a comment.
var functionRootFields = nested("custom_root_fields", false, functionRootFieldsCodec,
	func(c *FunctionConfiguration) map[string]RootField { return c.CustomRootFields },
	func(_ *reader, c *FunctionConfiguration, m map[string]RootField) { c.CustomRootFields = m })

const ofFunction = "FunctionCustomRootFields"

var functionRootFieldsCodec = rootFieldsCodec(ofFunction, "function", "function_aggregate")

// functionRoles reads [{role}] as roles.
var functionRoles = codec[[]string]{
	func(r *reader, n *node) []string { return readList(r, n, functionRole) },
	func(w *writer, roles []string) {
		w.WriteByte('[')
		for i, role := range roles {
			if i > 0 {
				w.WriteByte(',')
			}
			functionRole.write(w, role)
		}
		w.WriteByte(']')
	},
}

var functionRole = object("FunctionPermissionInfo", must("role", nonEmpty, func(role *string) *string { return role }))
