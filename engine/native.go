package engine

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// natives is what a database said of a source's native queries.
type natives struct {
	// document is the part of the metadata they were read from.
	document string
	errors   map[string]string
}

// nativeDocument is what a source's native queries depend on in the metadata; "" when there are none.
func nativeDocument(s *metadata.Source) string {
	if len(s.NativeQueries) == 0 {
		return ""
	}
	raw, err := json.Marshal([]any{s.NativeQueries, s.LogicalModels})
	if err != nil {
		return "?" // never equal to what was read
	}
	return string(raw)
}

// probeNatives has the database prepare every native query (Hasura: NativeQuery/Validation). db is a pool, or the
// transaction whose changes are to be judged; it is left as it was.
func probeNatives(ctx context.Context, db interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}, s *metadata.Source, c *catalog.Catalog,
) natives {
	out := natives{document: nativeDocument(s)}
	if out.document == "" {
		return out
	}
	out.errors = map[string]string{}
	alone := *s
	model := schema.Build(schema.Input{Metadata: &metadata.Metadata{Sources: []*metadata.Source{&alone}}, Catalogs: map[string]*catalog.Catalog{s.Name: c}})
	for _, n := range model.Natives(s.Name) {
		if err := prepares(ctx, db, translate.Probe(n)); err != nil {
			out.errors[n.Name] = err.Error()
			var refused *pgconn.PgError
			if errors.As(err, &refused) {
				out.errors[n.Name] = refused.Message
			}
		}
	}
	return out
}

// prepares tells whether the database takes a statement. In a transaction that is a savepoint's work, which is undone.
func prepares(ctx context.Context, db interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}, sql string,
) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Conn().Prepare(ctx, "", sql)
	return err
}
