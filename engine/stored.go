package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/metadata"
)

// errUnreadable means that what is stored is no document Gatehouse understands.
var errUnreadable = errors.New("the stored metadata cannot be read")

// errNoCatalog means that nobody has written metadata into the database yet.
var errNoCatalog = errors.New("the database has no catalog: there is no table hdb_catalog.hdb_version")

// rowReader is a pool, a connection or a transaction.
type rowReader interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// readDocument gives the document in a catalog, with Gatehouse's own settings where the catalog has a table for them, and
// its resource version. With errUnreadable the version is known all the same.
func readDocument(ctx context.Context, q rowReader, hasSettings bool) (*metadata.Metadata, int, error) {
	beside := `null`
	if hasSettings {
		beside = `(select settings::text from hdb_catalog.gatehouse_settings where id = 1)`
	}
	var doc, settings []byte
	var version int
	err := q.QueryRow(ctx, `select metadata::text, resource_version, `+beside+` from hdb_catalog.hdb_metadata where id = 1`).Scan(&doc, &version, &settings)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, errors.New("hdb_catalog.hdb_metadata is empty")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read metadata: %w", err)
	}
	m, err := decode(doc, settings)
	return m, version, err
}

// decode reads a stored document and the settings beside it, nil for none.
func decode(doc, settings []byte) (*metadata.Metadata, error) {
	m, err := metadata.Decode(doc, "$", false)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	m.Gatehouse = nil // only the table counts
	if settings != nil {
		if m.Gatehouse, err = metadata.DecodeSettings(settings); err != nil {
			return nil, fmt.Errorf("%w: %w", errUnreadable, err)
		}
	}
	return m, nil
}

// storedDocument is the document of a catalog that may be a Hasura's, or an older one.
func storedDocument(ctx context.Context, q rowReader) (*metadata.Metadata, error) {
	if err := hasCatalog(ctx, q); err != nil {
		return nil, err
	}
	var version string
	if err := q.QueryRow(ctx, `select version from hdb_catalog.hdb_version`).Scan(&version); err != nil {
		return nil, fmt.Errorf("read catalog version: %w", err)
	}
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	var hasSettings bool // a Hasura's catalog has no place for them
	if err := q.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.gatehouse_settings') is not null`).Scan(&hasSettings); err != nil {
		return nil, fmt.Errorf("look for settings: %w", err)
	}
	m, _, err := readDocument(ctx, q, hasSettings)
	return m, err
}

func hasCatalog(ctx context.Context, q rowReader) error {
	var exists bool
	if err := q.QueryRow(ctx, `select pg_catalog.to_regclass('hdb_catalog.hdb_version') is not null`).Scan(&exists); err != nil {
		return fmt.Errorf("look for catalog: %w", err)
	}
	if !exists {
		return errNoCatalog
	}
	return nil
}

// StoredMetadata is the document in a metadata database, as export_metadata gives it. No engine is started and nothing is
// changed.
func StoredMetadata(ctx context.Context, url string) (out json.RawMessage, err error) {
	err = onCatalog(ctx, url, pgx.ReadOnly, func(tx pgx.Tx) error {
		m, err := storedDocument(ctx, tx)
		if err != nil {
			return err
		}
		out = m.Encode()
		return nil
	})
	return out, err
}

// DropCatalog takes schema hdb_catalog out of a metadata database: metadata, migrations' states and logs.
func DropCatalog(ctx context.Context, url string) error {
	return onCatalog(ctx, url, pgx.ReadWrite, func(tx pgx.Tx) error {
		if err := hasCatalog(ctx, tx); err != nil {
			return err
		}
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
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: mode}, do)
}
