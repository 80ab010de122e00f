package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/postgres"
	"gatehouse/postgres/embedded"
	"gatehouse/secret"
)

// engineRole is the login of source default on the embedded cluster: it owns schema public and may create schemas and
// trusted extensions, but has no rights on schemas identity and hdb_catalog, and is no superuser.
const engineRole = "gatehouse_data"

// metadataRole is the login that owns the metadata there: whoever may run SQL is not to write or read that past the API.
const metadataRole = "gatehouse_metadata"

// feedRole is the login that follows changes there. Decoding shows every table of a database, so it is the engine's own
// business and not that of run_sql, which runs as engineRole.
const feedRole = "gatehouse_feed"

// defaultSourceVariable is the variable by which Hasura's metadata names the default source's database.
const defaultSourceVariable = "HASURA_GRAPHQL_DATABASE_URL"

// databases are where everything is kept, resolved.
type databases struct {
	// metadata and identity are connection URLs, "" for a half that does not run.
	metadata, identity string
	// defaultSource is the URL of source default, "" when there is none to create; sourceVariable is how metadata names it.
	defaultSource, sourceVariable string
	// follow is a login for replication on the default source's database; "": the source's own.
	follow string
	// embedded is nil with an external database.
	embedded *embedded.Server
}

// openDatabases resolves the URLs, starting the embedded Postgres when none is set.
func openDatabases(ctx context.Context, s *Settings, log *slog.Logger, progress func(string)) (*databases, error) {
	data, identity := s.halves()
	d := &s.Database
	if d.isEmbedded(identity) {
		return startEmbedded(ctx, s, log, progress)
	}
	out := &databases{sourceVariable: defaultSourceVariable, follow: s.Engine.FollowURL}
	if data {
		out.metadata, out.defaultSource, out.sourceVariable = d.ofData()
		if out.metadata == "" {
			return nil, errors.New("the data half has no database: set GATEHOUSE_DATABASE_URL or HASURA_GRAPHQL_DATABASE_URL " +
				"(DB_URL names the identity half's only), or set none and let Gatehouse bring its own")
		}
	}
	if identity {
		switch {
		case d.LogtoURL != "":
			out.identity = d.LogtoURL
		case d.DatabaseURL != "":
			out.identity = d.DatabaseURL
		case d.MetadataURL != "":
			out.identity = d.MetadataURL
		default:
			out.identity = d.HasuraDatabaseURL
		}
	}
	for _, url := range []string{out.metadata, out.identity} {
		if url == "" {
			continue
		}
		if err := awaitDatabase(ctx, url, d.Retries); err != nil {
			return nil, err
		}
	}
	if identity && !d.IdentityStartEmpty {
		if err := refuseLogtoDatabase(ctx, out.identity); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ofData are the metadata database and the default source's, and the variable that names the latter, where none is embedded.
func (d *DatabaseSettings) ofData() (metadata, source, variable string) {
	metadata, source, variable = d.MetadataURL, d.HasuraDatabaseURL, defaultSourceVariable
	if source == "" && d.DatabaseURL != "" {
		source, variable = d.DatabaseURL, "GATEHOUSE_DATABASE_URL"
	}
	switch {
	case metadata != "":
	case d.DatabaseURL != "":
		metadata = d.DatabaseURL
	default:
		metadata = d.HasuraDatabaseURL
	}
	return metadata, source, variable
}

func awaitDatabase(ctx context.Context, url string, retries int) error {
	return postgres.Retry(ctx, retries+1, time.Second, func(ctx context.Context) error {
		pool, err := postgres.Open(ctx, postgres.Config{URL: url, MaxConns: 1})
		if err != nil {
			return err
		}
		pool.Close()
		return nil
	})
}

func startEmbedded(ctx context.Context, s *Settings, log *slog.Logger, progress func(string)) (*databases, error) {
	server, err := embedded.Start(ctx, embedded.Config{
		DataDir: s.Database.DataDir, BinDir: s.Database.PostgresBin,
		Port: s.Database.EmbeddedPort, Log: log, Progress: progress,
	})
	if err != nil {
		return nil, err
	}
	out := &databases{identity: server.OwnerURL(), embedded: server, sourceVariable: defaultSourceVariable}
	password, _, err1 := server.Secret("engine-password", func() string { return secret.Token(32) })
	feedPassword, _, err2 := server.Secret("feed-password", func() string { return secret.Token(32) })
	metadataPassword, _, err3 := server.Secret("metadata-password", func() string { return secret.Token(32) })
	err = errors.Join(err1, err2, err3)
	if err == nil {
		err = ensureRoles(ctx, server.OwnerURL(), password, feedPassword, metadataPassword)
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
	}
	out.metadata = server.URL(embedded.Database, metadataRole, metadataPassword)
	out.defaultSource = server.URL(embedded.Database, engineRole, password)
	out.follow = server.URL(embedded.Database, feedRole, feedPassword)
	return out, nil
}

// ensureRoles creates the logins and gives them what they own. Data that exists keeps its owners, but for the metadata of
// a cluster that was made when source default owned it.
func ensureRoles(ctx context.Context, ownerURL, password, feedPassword, metadataPassword string) error {
	conn, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return fmt.Errorf("connect to the embedded Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// create role takes no parameters; the passwords are our own alphanumeric tokens.
	for _, role := range []struct {
		name   string
		create []string
	}{
		{engineRole, []string{
			"create role " + engineRole + " login nosuperuser nocreaterole nocreatedb password '" + password + "'",
			"grant connect, create, temporary on database " + embedded.Database + " to " + engineRole,
			"alter schema public owner to " + engineRole,
		}},
		{metadataRole, []string{
			"create role " + metadataRole + " login nosuperuser nocreaterole nocreatedb password '" + metadataPassword + "'",
			"grant connect, create on database " + embedded.Database + " to " + metadataRole,
			// Functions that somebody puts into schema public are none of ours: the names and types of a call choose among all that
			// are in the path (PG docs: typeconv-func), and they would run with our rights.
			"alter role " + metadataRole + " set search_path = pg_catalog",
			"alter role current_user set search_path = pg_catalog",
			takeMetadata,
		}},
		{feedRole, []string{"create role " + feedRole + " login replication nosuperuser nocreaterole nocreatedb noinherit password '" + feedPassword + "'"}},
	} {
		var exists bool
		if err := conn.QueryRow(ctx, "select exists (select from pg_roles where rolname = $1)", role.name).Scan(&exists); err != nil {
			return fmt.Errorf("look for role %s: %w", role.name, err)
		}
		if exists {
			continue
		}
		// All or nothing: a role that is there is taken to have all this.
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, sql := range role.create {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("create role %s: %w", role.name, err)
		}
	}
	return nil
}

// takeMetadata makes an existing schema hdb_catalog the metadata role's.
const takeMetadata = `
do $$
declare
    name text;
begin
    if pg_catalog.to_regnamespace('hdb_catalog') is null then
        return;
    end if;
    alter schema hdb_catalog owner to ` + metadataRole + `;
    for name in select c.oid::pg_catalog.regclass::text from pg_catalog.pg_class c
                 where c.relnamespace = 'hdb_catalog'::pg_catalog.regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') loop
        execute pg_catalog.format('alter table %s owner to ` + metadataRole + `', name);
    end loop;
    for name in select p.oid::pg_catalog.regprocedure::text from pg_catalog.pg_proc p where p.pronamespace = 'hdb_catalog'::pg_catalog.regnamespace loop
        execute pg_catalog.format('alter routine %s owner to ` + metadataRole + `', name);
    end loop;
end $$`

// refuseLogtoDatabase: a DB_URL that holds Logto's tables, while there is no directory of ours yet, most likely means
// that the operator expects those users to be there.
func refuseLogtoDatabase(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("reach the identity database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var isLogto, hasOurs bool
	err = conn.QueryRow(ctx, `
select to_regclass('public.logto_configs') is not null and to_regclass('public.oidc_model_instances') is not null,
       to_regclass('identity.users') is not null`).Scan(&isLogto, &hasOurs)
	if err != nil {
		return fmt.Errorf("look into the identity database: %w", err)
	}
	if isLogto && !hasOurs {
		return errors.New("the identity database (DB_URL) holds a Logto installation, which Gatehouse does not import yet: " +
			"name another database, or set GATEHOUSE_IDENTITY_START_EMPTY=true to start with an empty directory beside it (Logto's tables are left alone)")
	}
	return nil
}

// close stops the embedded Postgres, if there is one.
func (d *databases) close(ctx context.Context) error {
	if d == nil || d.embedded == nil {
		return nil
	}
	return d.embedded.Stop(ctx)
}
