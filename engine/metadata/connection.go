package metadata

import (
	"slices"
	"strconv"
	"strings"
)

// SourceConfiguration is where the database is and how to connect (Hasura: PGConfiguration).
type SourceConfiguration struct {
	ConnectionInfo ConnectionInfo
	// ReadReplicas are further servers that may answer reads.
	ReadReplicas     []ConnectionInfo
	ExtensionsSchema string
	// ConnectionTemplate chooses a connection for each request, of ConnectionSet among others.
	ConnectionTemplate *ConnectionTemplate
	ConnectionSet      []*ConnectionSetMember
}

// ConnectionInfo is one database connection. Exactly one of URL, FromEnv, FromFile, Parameters is set.
type ConnectionInfo struct {
	URL                   string
	FromEnv               string
	FromFile              string
	Parameters            *ConnectionParameters
	PoolSettings          *PoolSettings
	UsePreparedStatements *bool
	IsolationLevel        string // "", "read-committed", "repeatable-read", "serializable"
	SSLConfiguration      *SSLConfiguration
}

// ConnectionParameters spell a connection out.
type ConnectionParameters struct {
	Host     string
	Port     int
	Username string
	Password string
	Database string
}

// PoolSettings sizes a source's pool; nil fields mean the default.
type PoolSettings struct {
	MaxConnections, TotalMaxConnections, IdleTimeout, Retries *int
	// PoolTimeout and ConnectionLifetime are in seconds, as IdleTimeout is, and need not be whole.
	PoolTimeout, ConnectionLifetime *float64
}

// SSLConfiguration says how a connection is encrypted. All but Mode name environment variables: those that hold the
// certificates and keys themselves, as PEM, and the password of an encrypted key.
type SSLConfiguration struct {
	Mode                          string
	RootCert, Cert, Key, Password string
}

// ConnectionTemplate is a Kriti template.
type ConnectionTemplate struct {
	Version  int // 0 and 1 are the same
	Template string
}

// ConnectionSetMember is a connection that a template may choose by its name.
type ConnectionSetMember struct {
	Name           string
	ConnectionInfo ConnectionInfo
}

// HealthCheck is how a source's health is found out; nil fields mean the default. Times in seconds.
type HealthCheck struct {
	Test                   *HealthTest
	Interval               float64
	Retries                *int
	RetryInterval, Timeout *float64
}

// HealthTest is the statement that a healthy source answers.
type HealthTest struct{ SQL string }

var configurationCodec = object("PostgresConnConfiguration",
	must("connection_info", connectionCodec, func(c *SourceConfiguration) *ConnectionInfo { return &c.ConnectionInfo }),
	connectionSet,
	mayRef("connection_template", object("ConnectionTemplate",
		must("template", text, func(t *ConnectionTemplate) *string { return &t.Template }),
		may("version", supportedVersion, func(t *ConnectionTemplate) *int { return &t.Version }),
	), func(c *SourceConfiguration) **ConnectionTemplate { return &c.ConnectionTemplate }),
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

// connectionSet is refused when it is there and empty, as in Hasura.
var connectionSet = func() field[SourceConfiguration] {
	f := mayList("connection_set", "connection set members", object("PostgresConnectionSetMember",
		must("connection_info", connectionCodec, func(m *ConnectionSetMember) *ConnectionInfo { return &m.ConnectionInfo }),
		must("name", nonEmpty, func(m *ConnectionSetMember) *string { return &m.Name }),
	), func(c *SourceConfiguration) *[]*ConnectionSetMember { return &c.ConnectionSet }, func(m *ConnectionSetMember) string { return m.Name })
	read := f.read
	f.read = func(r *reader, n *node, into *SourceConfiguration) {
		if n.kind == arrayNode && len(n.items) == 0 {
			r.fail("connection set cannot be empty")
		}
		read(r, n, into)
	}
	return f
}()

var supportedVersion = after(integer, func(r *reader, _ *node, v *int) {
	if *v != 1 {
		r.fail("Supported versions are [1]")
	}
})

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
	mayRef("ssl_configuration", sslCodec, func(c *ConnectionInfo) **SSLConfiguration { return &c.SSLConfiguration }),
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
	mayRef("connection_lifetime", number, func(p *PoolSettings) **float64 { return &p.ConnectionLifetime }),
	mayRef("idle_timeout", integer, func(p *PoolSettings) **int { return &p.IdleTimeout }),
	mayRef("max_connections", integer, func(p *PoolSettings) **int { return &p.MaxConnections }),
	mayRef("pool_timeout", number, func(p *PoolSettings) **float64 { return &p.PoolTimeout }),
	mayRef("retries", integer, func(p *PoolSettings) **int { return &p.Retries }),
	mayRef("total_max_connections", integer, func(p *PoolSettings) **int { return &p.TotalMaxConnections }),
)

var sslCodec = object("PGClientCerts",
	may("sslcert", fromEnv, func(c *SSLConfiguration) *string { return &c.Cert }),
	may("sslkey", fromEnv, func(c *SSLConfiguration) *string { return &c.Key }),
	must("sslmode", sslMode, func(c *SSLConfiguration) *string { return &c.Mode }),
	may("sslpassword", fromEnv, func(c *SSLConfiguration) *string { return &c.Password }),
	may("sslrootcert", fromEnv, func(c *SSLConfiguration) *string { return &c.RootCert }),
)

var sslMode = after(text, func(r *reader, _ *node, mode *string) {
	if !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, *mode) {
		r.fail("Invalid SSL Mode %s", *mode)
	}
})

// fromEnv is {from_env} alone: the name of an environment variable.
var fromEnv = object("CertVar", must("from_env", nonEmpty, func(name *string) *string { return name }))

var healthCheckCodec = object("HealthCheckConfig",
	must("interval", number, func(h *HealthCheck) *float64 { return &h.Interval }),
	mayRef("retries", integer, func(h *HealthCheck) **int { return &h.Retries }),
	mayRef("retry_interval", number, func(h *HealthCheck) **float64 { return &h.RetryInterval }),
	mayRef("test", object("HealthCheckTestSql", may("sql", text, func(t *HealthTest) *string { return &t.SQL })),
		func(h *HealthCheck) **HealthTest { return &h.Test }),
	mayRef("timeout", number, func(h *HealthCheck) **float64 { return &h.Timeout }),
)

// number is a number that need not be whole.
var number = codec[float64]{
	func(r *reader, n *node) float64 {
		if n.kind != numberNode {
			r.mismatch("Number", "Number", n)
			return 0
		}
		f, err := strconv.ParseFloat(string(n.raw), 64)
		if err != nil {
			r.fail("parsing Number failed, %s is out of range", n.raw)
		}
		return f
	},
	func(w *writer, v float64) { w.WriteString(strconv.FormatFloat(v, 'f', -1, 64)) },
}
