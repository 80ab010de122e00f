package engine

import (
	"context"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/admin"
	"gatehouse/postgres"
)

// Migrations made through the server are kept in a table of Gatehouse's own, and as applied in the state of Hasura's command
// line, in one transaction: a project that they are downloaded into does not run them a second time.

// KeepMigration implements admin.Migrations.
func (e *Engine) KeepMigration(ctx context.Context, m *admin.Migration) error {
	return away(postgres.InTx(ctx, e.storage.pool, func(tx pgx.Tx) error {
		// Versions of a source are never the same and grow, whatever the clock does.
		const sql = `
insert into hdb_catalog.gatehouse_migrations (source, version, name, up, down, by)
select $1, greatest((extract(epoch from clock_timestamp()) * 1000)::bigint, 1 + coalesce(max(version), 0)), $2, $3, $4, $5
from hdb_catalog.gatehouse_migrations where source = $1
returning version, at`
		if _, err := tx.Exec(ctx, `lock table hdb_catalog.gatehouse_migrations in share row exclusive mode`); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, sql, m.Source, m.Name, m.Up, m.Down, m.By).Scan(&m.Version, &m.At); err != nil {
			return err
		}
		m.IsDirty = true
		return markMigration(ctx, tx, m.Source, m.Version, true)
	}))
}

// markMigration writes a version into the command line's state, as begun or as applied.
func markMigration(ctx context.Context, tx pgx.Tx, source string, version int64, isDirty bool) error {
	_, err := tx.Exec(ctx, `
update hdb_catalog.hdb_version set cli_state =
  jsonb_set(cli_state, '{migrations}', coalesce(cli_state -> 'migrations', '{}') || jsonb_build_object($1::text,
    coalesce(cli_state -> 'migrations' -> $1::text, '{}') || jsonb_build_object($2::bigint::text, $3::boolean)))`, source, version, isDirty)
	return err
}

// EndMigration implements admin.Migrations.
func (e *Engine) EndMigration(ctx context.Context, source string, version int64) error {
	return away(postgres.InTx(ctx, e.storage.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update hdb_catalog.gatehouse_migrations set dirty = false where source = $1 and version = $2`, source, version); err != nil {
			return err
		}
		return markMigration(ctx, tx, source, version, false)
	}))
}

// ForgetMigration implements admin.Migrations.
func (e *Engine) ForgetMigration(ctx context.Context, source string, version int64) error {
	return away(postgres.InTx(ctx, e.storage.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `delete from hdb_catalog.gatehouse_migrations where source = $1 and version = $2`, source, version); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update hdb_catalog.hdb_version set cli_state = cli_state #- array['migrations', $1::text, $2::bigint::text]`, source, version)
		return err
	}))
}

// KeptMigrations implements admin.Migrations.
func (e *Engine) KeptMigrations(ctx context.Context, source string) ([]admin.Migration, error) {
	rows, err := e.storage.pool.Query(ctx, `
select version, source, name, up, down, by, at, dirty from hdb_catalog.gatehouse_migrations where source = $1 order by version`, source)
	if err != nil {
		return nil, away(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m admin.Migration, err error) {
		err = row.Scan(&m.Version, &m.Source, &m.Name, &m.Up, &m.Down, &m.By, &m.At, &m.IsDirty)
		return m, err
	})
	if list == nil {
		list = []admin.Migration{}
	}
	return list, away(err)
}
