package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/metadata"
)

// StoredMetadata is the document in a metadata database, as export_metadata gives it. No engine is started and nothing is
// changed.
func StoredMetadata(ctx context.Context, url string) (json.RawMessage, error) {
	var out json.RawMessage
	err := onCatalog(ctx, url, pgx.ReadOnly, func(tx pgx.Tx) error {
		var version string
		if err := tx.QueryRow(ctx, `select version from hdb_catalog.hdb_version`).Scan(&version); err != nil {
			return fmt.Errorf("read catalog version: %w", err)
		}
		if err := checkVersion(version); err != nil {
			return err
		}
		var doc, settings []byte
		if err := tx.QueryRow(ctx, `select metadata::text from hdb_catalog.hdb_metadata where id = 1`).Scan(&doc); err != nil {
			return fmt.Errorf("read metadata: %w", err)
		}
		m, err := metadata.Decode(doc, "$", false)
		if err != nil {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
		m.Gatehouse = nil
		var hasSettings bool // a Hasura's catalog has no place for them
		if err := tx.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.gatehouse_settings') is not null`).Scan(&hasSettings); err != nil {
			return fmt.Errorf("look for settings: %w", err)
		}
		if hasSettings {
			err = tx.QueryRow(ctx, `select settings::text from hdb_catalog.gatehouse_settings where id = 1`).Scan(&settings)
			switch {
			case errors.Is(err, pgx.ErrNoRows):
			case err != nil:
				return fmt.Errorf("read settings: %w", err)
			default:
				if m.Gatehouse, err = metadata.DecodeSettings(settings); err != nil {
					return fmt.Errorf("%w: %w", errUnreadable, err)
				}
			}
		}
		out = m.Encode()
		return nil
	})
	return out, err
}

// DropCatalog takes schema hdb_catalog out of a metadata database: metadata, migrations' states and logs.
func DropCatalog(ctx context.Context, url string) error {
	return onCatalog(ctx, url, pgx.ReadWrite, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `drop schema hdb_catalog cascade`); err != nil {
			return fmt.Errorf("drop schema hdb_catalog: %w", err)
		}
		return nil
	})
}

func onCatalog(ctx context.Context, url string, mode pgx.TxAccessMode, do func(pgx.Tx) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("reach the metadata database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: mode}, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.hdb_version') is not null`).Scan(&exists); err != nil {
			return fmt.Errorf("look for catalog: %w", err)
		}
		if !exists {
			return errors.New("the database has no catalog: there is no table hdb_catalog.hdb_version")
		}
		return do(tx)
	})
}
