package engine

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/postgres"
)

// channel carries a notice of every change to the engines that share the metadata database.
const channel = "gatehouse_metadata"

// notice is what channel carries. A change with too many sources for a notification names none, as do those of other
// versions of Gatehouse: then all may be different.
type notice struct {
	Version int      `json:"version"`
	Sources []string `json:"sources"`
}

// maxNotice is in bytes; Postgres takes 7,999.
const maxNotice = 7_000

//go:embed hdb_catalog.sql
var catalogDDL string

// storage is Hasura's catalog (schema hdb_catalog) in the metadata database: one row with the document and its resource
// version. What it holds may have been written by a Hasura. Gatehouse's own settings are in a table beside it, changed in
// the same transactions and under the same version.
type storage struct {
	pool *pgxpool.Pool
	// instance tells this process apart in hdb_schema_notifications.
	instance string
}

// away is what a client is told when the metadata database does not do what it is asked; conflicts are told as they are.
func away(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fault.New(fault.Unexpected, fault.Root, "cannot read or write the metadata database").WithCause(err)
}

// errVersion means that somebody else saved first, or that the caller named an older version.
func errVersion(referenced int) error {
	return fault.New(fault.Conflict, "", "metadata resource version referenced (%d) did not match current version", referenced)
}

func isConflict(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == fault.Conflict
}

// prepare creates the catalog where there is none, with first as its document, and refuses one of another version.
func (s *storage) prepare(ctx context.Context, first *metadata.Metadata) error {
	return postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		// Several engines may start on one empty database.
		if _, err := tx.Exec(ctx, `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('hdb_catalog'))`); err != nil {
			return fmt.Errorf("lock catalog: %w", err)
		}
		if err := tx.QueryRow(ctx, `select pg_catalog.gen_random_uuid()::text`).Scan(&s.instance); err != nil {
			return err
		}
		var exists bool
		if err := tx.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.hdb_version') is not null`).Scan(&exists); err != nil {
			return fmt.Errorf("look for catalog: %w", err)
		}
		if !exists {
			return s.create(ctx, tx, first)
		}
		if err := s.createOwn(ctx, tx); err != nil { // a Hasura's catalog does not have them
			return err
		}
		var version string
		if err := tx.QueryRow(ctx, `select version from hdb_catalog.hdb_version`).Scan(&version); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("read catalog version: %w", err)
		}
		return checkVersion(version)
	})
}

func (s *storage) create(ctx context.Context, tx pgx.Tx, first *metadata.Metadata) error {
	if _, err := tx.Exec(ctx, `create schema if not exists hdb_catalog`); err != nil {
		return fmt.Errorf("create schema hdb_catalog: %w", err)
	}
	if _, err := tx.Exec(ctx, catalogDDL); err != nil {
		return fmt.Errorf("create catalog: %w", err)
	}
	if _, err := tx.Exec(ctx, `insert into hdb_catalog.hdb_version (version, upgraded_on) values ($1, now())`, catalogVersion); err != nil {
		return fmt.Errorf("write catalog version: %w", err)
	}
	if err := s.createOwn(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into hdb_catalog.hdb_metadata (id, metadata, resource_version) values (1, $1, 1)`, string(first.WithoutSettings().Encode()))
	if err != nil {
		return fmt.Errorf("write first metadata: %w", err)
	}
	return s.notify(ctx, tx, 1, nil)
}

// ownTables are Gatehouse's beside Hasura's: its settings, one row when there are any, what run_sql has announced
// (unfinished.go), and migrations made through the server (migrations.go). Hasura does not look at tables it does not know.
var ownTables = map[string]string{
	"gatehouse_settings": `create table hdb_catalog.gatehouse_settings (id integer primary key check (id = 1), settings json not null)`,
	"gatehouse_unfinished": `create table hdb_catalog.gatehouse_unfinished (
		instance_id uuid, step integer, source text not null, transaction_id bigint not null, resource_version integer not null,
		metadata json not null, settings json, primary key (instance_id, resource_version, step))`,
	"gatehouse_migrations": `create table hdb_catalog.gatehouse_migrations (
		source text not null, version bigint not null, name text not null, up text not null, down text not null, by text not null,
		at timestamptz not null default now(), dirty boolean not null default true, primary key (source, version))`,
}

// createOwn makes those of ownTables that are missing.
func (s *storage) createOwn(ctx context.Context, tx pgx.Tx) error {
	for name, create := range ownTables {
		var exists bool
		err := tx.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.' || $1) is not null`, name).Scan(&exists)
		if err == nil && !exists {
			_, err = tx.Exec(ctx, create)
		}
		if err != nil {
			return fmt.Errorf("create table %s: %w", name, err)
		}
	}
	return nil
}

// saveSettings replaces Gatehouse's own settings.
func (s *storage) saveSettings(ctx context.Context, tx pgx.Tx, settings *metadata.Settings) error {
	var err error
	if doc := settings.Encode(); doc == nil {
		_, err = tx.Exec(ctx, `delete from hdb_catalog.gatehouse_settings`)
	} else {
		_, err = tx.Exec(ctx, `
			insert into hdb_catalog.gatehouse_settings (id, settings) values (1, $1)
			on conflict (id) do update set settings = excluded.settings`, string(doc))
	}
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	return nil
}

// read gives the document and its resource version. With errUnreadable the version is known all the same.
func (s *storage) read(ctx context.Context) (*metadata.Metadata, int, error) {
	return readDocument(ctx, s.pool, true)
}

// version gives the current resource version.
func (s *storage) version(ctx context.Context) (version int, err error) {
	err = s.pool.QueryRow(ctx, `select resource_version from hdb_catalog.hdb_metadata where id = 1`).Scan(&version)
	return version, err
}

// save replaces the document if its version still is from, and gives the new version. reloaded are the sources whose
// database changed, for Hasura and for other engines. What this engine announced on version announced is in m.
func (s *storage) save(ctx context.Context, m *metadata.Metadata, from int, reloaded []string, announced int) (int, error) {
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := forget(ctx, tx, s.instance, announced); err != nil {
			return err
		}
		return s.saveIn(ctx, tx, m, from, reloaded)
	})
	return from + 1, err
}

func (s *storage) saveIn(ctx context.Context, tx pgx.Tx, m *metadata.Metadata, from int, reloaded []string) error {
	tag, err := tx.Exec(ctx, `
		update hdb_catalog.hdb_metadata set metadata = $1, resource_version = resource_version + 1
		where id = 1 and resource_version = $2`, string(m.WithoutSettings().Encode()), from)
	if err != nil {
		return fmt.Errorf("save metadata: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errVersion(from)
	}
	if err := s.saveSettings(ctx, tx, m.Gatehouse); err != nil {
		return err
	}
	return s.notify(ctx, tx, from+1, reloaded)
}

// notify tells of a change: Hasura's engines read hdb_schema_notifications when they see a new version, ours listen.
func (s *storage) notify(ctx context.Context, tx pgx.Tx, version int, reloaded []string) error {
	if reloaded == nil {
		reloaded = []string{}
	}
	notification, err := json.Marshal(map[string]any{"metadata": false, "remote_schemas": []string{}, "sources": reloaded, "data_connectors": []string{}})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into hdb_catalog.hdb_schema_notifications (id, notification, resource_version, instance_id, updated_at)
		values (1, $1, $2, $3, now())
		on conflict (id) do update set notification = excluded.notification, resource_version = excluded.resource_version,
		                               instance_id = excluded.instance_id, updated_at = now()`,
		string(notification), version, s.instance)
	if err != nil {
		return fmt.Errorf("write schema notification: %w", err)
	}
	told, err := json.Marshal(notice{version, reloaded})
	if err != nil {
		return err
	}
	if len(told) > maxNotice {
		told = []byte(strconv.Itoa(version))
	}
	if _, err = tx.Exec(ctx, `select pg_catalog.pg_notify($1, $2)`, channel, string(told)); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// tryTurn is turn without waiting; free tells whether it was to be had.
func (s *storage) tryTurn(ctx context.Context) (done func(), free bool, err error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return nil, false, err
	}
	done = func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }
	if err := tx.QueryRow(ctx, `select pg_catalog.pg_try_advisory_xact_lock(`+turnLock+`)`).Scan(&free); err != nil {
		done()
		return nil, false, err
	}
	return done, free, nil
}

// turnLock is held by the engine that changes the metadata.
const turnLock = `pg_catalog.hashtext('hdb_catalog.hdb_metadata')`

// turnWait is how long a change waits for its turn.
const turnWait = "10s"

// turn waits until no other engine changes the metadata, so that changes follow one another instead of refusing each
// other. It is a courtesy, not what keeps the document right: save looks at the version. So whoever waits longer than
// turnWait (another engine runs a long migration, or its machine is gone and Postgres has not noticed) goes on. The lock
// is the transaction's, which reads nothing: it works behind a transaction pooler and keeps vacuum from nothing.
func (s *storage) turn(ctx context.Context) (done func(), err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the metadata database: %w", err)
	}
	_, err = conn.Conn().PgConn().Exec(ctx, `begin; set local lock_timeout = '`+turnWait+`';
		select pg_catalog.pg_advisory_xact_lock(`+turnLock+`)`).ReadAll()
	done = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if !conn.Conn().IsClosed() {
			_, _ = conn.Conn().PgConn().Exec(ctx, `rollback`).ReadAll()
		}
		conn.Release() // which throws away one that is not idle
	}
	switch code := postgres.Code(err); {
	case err == nil, code == "55P03", code == "57014": // lock_not_available, query_canceled
		return done, nil
	default:
		done()
		return nil, fmt.Errorf("wait for the metadata: %w", err)
	}
}

// state reads the state the CLI or the console keeps; column is cli_state or console_state.
func (s *storage) state(ctx context.Context) (id string, cli, console json.RawMessage, err error) {
	err = s.pool.QueryRow(ctx, `select hasura_uuid::text, cli_state::text, console_state::text from hdb_catalog.hdb_version`).Scan(&id, &cli, &console)
	return id, cli, console, err
}

// setState writes that state.
func (s *storage) setState(ctx context.Context, kind string, state json.RawMessage) error {
	sql := `update hdb_catalog.hdb_version set cli_state = $1`
	if kind == "console" {
		sql = `update hdb_catalog.hdb_version set console_state = $1`
	}
	_, err := s.pool.Exec(ctx, sql, string(state))
	return err
}
