package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine"
	"gatehouse/postgres/embedded"
	"gatehouse/web"
)

func pagesBuilt() bool { return web.Built() }

// ErrUnwell is returned by Doctor when something would keep Gatehouse from working.
var ErrUnwell = errors.New("there are problems, see above")

// doctor prints one line per finding.
type doctor struct {
	out  io.Writer
	sick bool
}

func (d *doctor) ok(what string)        { fmt.Fprintf(d.out, "  ok    %s\n", what) }
func (d *doctor) warn(what, fix string) { fmt.Fprintf(d.out, "  warn  %s\n        -> %s\n", what, fix) }

func (d *doctor) fail(what, fix string) {
	d.sick = true
	fmt.Fprintf(d.out, "  FAIL  %s\n        -> %s\n", what, fix)
}

// Doctor checks the settings and what they point at, and says the fix for what it finds. It changes nothing.
func Doctor(ctx context.Context, s *Settings, out io.Writer) error {
	d := &doctor{out: out}
	fmt.Fprintf(out, "Gatehouse %s\n", Version)
	d.settings(s)
	d.endpoint(s)
	d.databases(ctx, s)
	if d.sick {
		return ErrUnwell
	}
	return nil
}

func (d *doctor) settings(s *Settings) {
	unknown := UnknownVariables(os.Environ(), KnownVariables())
	for _, name := range unknown {
		d.warn("unknown setting "+name+" in the environment", "see docs/settings.md for the names")
	}
	if len(unknown) == 0 {
		d.ok("every setting in the environment is known")
	}
	data, identity := s.halves()
	switch {
	case s.Secrets.AdminSecret != "" && len(s.Secrets.AdminSecret) < 12:
		d.warn("the admin secret is short", "use at least 32 random characters: openssl rand -hex 32")
	case s.Secrets.AdminSecret != "":
		d.ok("an admin secret is set")
	case s.Secrets.Insecure:
		d.warn("no admin secret: everybody is administrator of the data half", "set HASURA_GRAPHQL_ADMIN_SECRET")
	case s.Database.isEmbedded(identity):
		d.ok("the admin secret is generated into the data directory")
	case data:
		d.fail("no admin secret, and the database is external", "set HASURA_GRAPHQL_ADMIN_SECRET")
	}
	if _, _, err := s.Listening.ports(); err != nil {
		d.fail(err.Error(), "set --port and --identity-port to numbers from 1 to 65535")
	}
	if !pagesBuilt() {
		d.warn("this binary holds no pages", "build it with `make build`")
	}
}

// endpoint: the issuer must be what browsers and other servers reach.
func (d *doctor) endpoint(s *Settings) {
	if _, identity := s.halves(); !identity {
		return
	}
	e := s.Listening.Endpoint
	if e == "" {
		d.ok("issuer: http://localhost on the port served (set ENDPOINT for anything but this machine)")
		return
	}
	u, err := url.Parse(e)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		d.fail("ENDPOINT is not an http or https URL: "+e, "for instance ENDPOINT=https://auth.example.com")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		d.fail("ENDPOINT has more than scheme and host: "+e, "leave path, query and fragment out; the issuer is ENDPOINT/oidc")
	case u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1":
		d.warn("ENDPOINT is not https: "+e, "browsers send passwords and tokens there: put TLS in front and use https")
	default:
		d.ok("issuer: " + e + "/oidc")
	}
	if u != nil && u.Scheme == "https" && !s.Listening.TrustProxy {
		d.warn("ENDPOINT is https but TRUST_PROXY_HEADER is off", "Gatehouse speaks http itself: behind a proxy that sets X-Forwarded-*, set TRUST_PROXY_HEADER=true")
	}
}

func (d *doctor) databases(ctx context.Context, s *Settings) {
	data, identity := s.halves()
	if s.Database.isEmbedded(identity) {
		d.embedded(ctx, s)
		return
	}
	logins := map[string]string{}
	for _, named := range [][2]string{
		{"GATEHOUSE_DATABASE_URL", s.Database.DatabaseURL},
		{"HASURA_GRAPHQL_DATABASE_URL", s.Database.HasuraDatabaseURL},
		{"HASURA_GRAPHQL_METADATA_DATABASE_URL", s.Database.MetadataURL},
		{"DB_URL", s.Database.LogtoURL},
	} {
		name, dsn := named[0], named[1]
		if dsn != "" {
			logins[d.database(ctx, name, dsn)] = name
		}
	}
	if data && !d.sick {
		d.sources(ctx, s)
	}
	if data && identity && len(logins) == 1 {
		d.warn("data and identity share one database login: whoever may run SQL as administrator of the data half can read schema identity, so that the console's developers have no SQL",
			"give the identity half its own login with DB_URL, and revoke schema identity from the engine's")
	} else if metadata, source, _ := s.Database.ofData(); data && identity && s.Operations.Console && isSameLogin(metadata, source) {
		d.warn("the metadata and source default share one database login: SQL there reaches the metadata, so that the console's developers have none",
			"give the metadata its own login with HASURA_GRAPHQL_METADATA_DATABASE_URL, and revoke schema hdb_catalog from the source's")
	}
}

// isSameLogin tells whether two URLs name one login of one server.
func isSameLogin(one, other string) bool {
	a, errA := pgconn.ParseConfig(one)
	b, errB := pgconn.ParseConfig(other)
	return errA == nil && errB == nil && a.User == b.User && a.Host == b.Host && a.Port == b.Port
}

// sources looks at the databases of the stored metadata, and at their replicas.
func (d *doctor) sources(ctx context.Context, s *Settings) {
	metadata, source, variable := s.Database.ofData()
	c := engine.Config{
		MetadataURL: metadata, DefaultSourceURL: source, DefaultSourceEnv: variable,
		LookupEnv: lookupEnv(map[string]string{variable: source}),
	}
	s.applyPools(&c)
	s.applyFollowing(&c, s.Engine.FollowURL)
	findings, err := engine.Inspect(ctx, c)
	if err != nil {
		d.warn("the stored metadata cannot be read: "+err.Error(), "start Gatehouse and look at its log")
		return
	}
	for _, f := range findings {
		if f.Fix == "" {
			d.ok(f.What)
		} else {
			d.warn(f.What, f.Fix)
		}
	}
}

func (d *doctor) embedded(ctx context.Context, s *Settings) {
	bin, err := embedded.FindBinaries(s.Database.PostgresBin)
	if err != nil {
		d.fail(err.Error(), "install them, or set GATEHOUSE_DATABASE_URL")
		return
	}
	d.ok(fmt.Sprintf("no database is set: the embedded Postgres %d (%s) keeps its data in %s", bin.Major, bin.Dir, s.Database.DataDir))
	if dsn, running := embedded.Running(ctx, s.Database.DataDir); running {
		d.database(ctx, "the embedded Postgres", dsn)
	}
}

// database checks one and gives its server, database and login, to tell logins apart.
func (d *doctor) database(ctx context.Context, name, dsn string) (login string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		d.fail(name+" cannot be reached: "+err.Error(), "check host, port, user, password and database name; is Postgres running?")
		return name
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var version int
	var walLevel string
	var mayCreate bool
	var theirs time.Time
	asked := time.Now()
	err = conn.QueryRow(ctx, `
select current_setting('server_version_num')::int, current_setting('wal_level'),
       has_database_privilege(current_database(), 'create'), clock_timestamp(),
       coalesce(inet_server_addr()::text, '') || '/' || current_database() || '/' || current_user`).Scan(&version, &walLevel, &mayCreate, &theirs, &login)
	if err != nil {
		d.fail(name+" does not answer: "+err.Error(), "is it a Postgres?")
		return name
	}
	d.ok(fmt.Sprintf("%s: Postgres %d.%d", name, version/10000, version%10000))
	if version < 120000 {
		d.fail(fmt.Sprintf("%s is Postgres %d", name, version/10000), "Gatehouse needs Postgres 12 or newer")
	}
	if !mayCreate {
		d.fail(name+": the login may not create schemas", "grant create on the database to it: schemas hdb_catalog and identity are needed")
	}
	// The round trip bounds how well the clocks can be compared.
	if skew := theirs.Sub(asked.Add(time.Since(asked) / 2)).Abs(); skew > 5*time.Second {
		d.warn(fmt.Sprintf("%s: its clock and ours are %s apart", name, skew.Round(time.Second)), "synchronise both clocks (NTP): tokens are judged by ours")
	}
	return login
}
