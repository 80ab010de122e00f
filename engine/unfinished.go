package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/metadata"
	"gatehouse/postgres"
)

// A run_sql that renames or drops what the metadata names is two commits in two databases: the source's and the
// metadata's. Before the first it is announced in the metadata database what the second will be, under the number of the
// source's transaction. Whoever finds an announcement that nobody finished asks the source whether that transaction was
// committed (PG docs: functions-info, pg_xact_status) and saves the document or forgets about it. So a rename takes its
// permissions along even when the process dies in between, and when a later command of the same request fails.

// adaptation is what a run_sql means for the document. It gives the very same one when that is nothing.
type adaptation = func(*metadata.Metadata) *metadata.Metadata

// unfinished is an announcement.
type unfinished struct {
	Instance    string
	Step        int
	Source      string
	Transaction int64
	Version     int
	Metadata    string
	Settings    *string
}

// announce writes an announcement down; it fails with a conflict when somebody has saved another version.
func (s *storage) announce(ctx context.Context, u unfinished, m *metadata.Metadata) error {
	var settings *string
	if doc := m.Gatehouse.Encode(); doc != nil {
		text := string(doc)
		settings = &text
	}
	tag, err := s.pool.Exec(ctx, `
		insert into hdb_catalog.gatehouse_unfinished (instance_id, step, source, transaction_id, resource_version, metadata, settings)
		select $1, $2, $3, $4, $5, $6, $7
		where (select resource_version from hdb_catalog.hdb_metadata where id = 1) = $5`,
		s.instance, u.Step, u.Source, u.Transaction, u.Version, string(m.WithoutSettings().Encode()), settings)
	if err != nil {
		return fmt.Errorf("announce a change of the schema: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errVersion(u.Version)
	}
	return nil
}

// announced gives all announcements, those of one engine in the order of its requests and steps.
func (s *storage) announced(ctx context.Context) ([]unfinished, error) {
	rows, err := s.pool.Query(ctx, `
		select instance_id::text as instance, step, source, transaction_id as transaction, resource_version as version,
		       metadata::text as metadata, settings::text as settings
		from hdb_catalog.gatehouse_unfinished order by instance_id, resource_version, step`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[unfinished])
	if postgres.Code(err) == "42P01" { // somebody made hdb_catalog anew
		return nil, nil
	}
	return list, err
}

// forget drops the announcements that an engine made on a version.
func forget(ctx context.Context, tx pgx.Tx, instance string, version int) error {
	_, err := tx.Exec(ctx, `delete from hdb_catalog.gatehouse_unfinished where instance_id = $1 and resource_version = $2`, instance, version)
	if err != nil {
		return fmt.Errorf("forget announcements: %w", err)
	}
	return nil
}

// Announce implements admin.Draft.
func (d *draft) Announce(ctx context.Context, tx pgx.Tx, source string, adapt adaptation) error {
	if d.followed == nil {
		d.followed = d.base.Doc
	}
	next := adapt(d.followed)
	if next == d.followed {
		return nil
	}
	u := unfinished{Step: len(d.announced), Source: source, Version: d.base.ResourceVersion}
	if err := tx.QueryRow(ctx, `select pg_catalog.txid_current()`).Scan(&u.Transaction); err != nil {
		return err
	}
	if err := d.engine.storage.announce(ctx, u, next); err != nil {
		return err
	}
	d.announced, d.followed = append(d.announced, adapt), next
	return nil
}

// Acted implements admin.Draft.
func (d *draft) Acted() { d.acted = true }

// finish looks after the announcements that nobody will finish: those of engines that died, and of this one's request
// that failed. The caller holds writing and, if it can be had, the turn. saved tells that a document was saved.
func (e *Engine) finish(ctx context.Context) (saved bool, err error) {
	list, err := e.storage.announced(ctx)
	if err != nil || len(list) == 0 {
		return false, err
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Instance == list[0].Instance && list[n].Version == list[0].Version {
			n++
		}
		did, err := e.finishOne(ctx, list[:n])
		if err != nil {
			return saved, err
		}
		saved, list = saved || did, list[n:]
	}
	return saved, nil
}

// finishOne settles the announcements of one request: the document of the last step that was committed.
func (e *Engine) finishOne(ctx context.Context, steps []unfinished) (saved bool, err error) {
	var last *unfinished
	for i := range steps {
		switch status, err := e.outcome(ctx, &steps[i]); {
		case err != nil:
			return false, err
		case status == "in progress":
			return false, nil // the next look knows
		case status == "committed":
			last = &steps[i]
		}
	}
	s := e.storage
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := forget(ctx, tx, steps[0].Instance, steps[0].Version); err != nil || last == nil {
			return err
		}
		var settings []byte
		if last.Settings != nil {
			settings = []byte(*last.Settings)
		}
		doc, err := decode([]byte(last.Metadata), settings)
		if err != nil {
			return err
		}
		err = s.saveIn(ctx, tx, doc, last.Version, []string{last.Source})
		saved = err == nil
		return err
	})
	if isConflict(err) {
		e.log.ErrorContext(ctx, "a run_sql was committed whose metadata another process has overtaken: what it renamed is inconsistent", "source", last.Source)
		return false, postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error { return forget(ctx, tx, steps[0].Instance, steps[0].Version) })
	}
	if saved {
		e.log.WarnContext(ctx, "finished a run_sql that was interrupted", "source", last.Source, "version", last.Version+1)
	}
	return saved, err
}

// outcome is what became of an announced transaction: "committed", "aborted", "in progress", which it is as well while
// its source cannot be asked, or "" if nobody knows any more.
func (e *Engine) outcome(ctx context.Context, u *unfinished) (status string, err error) {
	s := e.Snapshot()
	if s.Doc.Source(u.Source) == nil {
		return "", nil
	}
	pool, err := s.Pool(u.Source)
	if err != nil {
		return "in progress", nil
	}
	var known *string
	err = pool.QueryRow(ctx, `select pg_catalog.txid_status($1)`, u.Transaction).Scan(&known)
	if postgres.Code(err) == "22023" { // a number that this cluster has not given out
		return "", nil
	}
	switch {
	case err != nil && ctx.Err() == nil:
		return "in progress", nil
	case err != nil || known == nil:
		return "", err
	}
	return *known, nil
}

// settle saves what the run_sqls of a draft that came to nothing mean for the metadata, on top of what is saved now.
func (e *Engine) settle(ctx context.Context, d *draft) error {
	if len(d.announced) == 0 {
		return nil
	}
	list, err := e.storage.announced(ctx)
	if err != nil {
		return err
	}
	var committed []adaptation
	for i := range list {
		if list[i].Instance != e.storage.instance || list[i].Version != d.base.ResourceVersion {
			continue
		}
		status, err := e.outcome(ctx, &list[i])
		if err != nil || status == "in progress" {
			return err // the next look knows
		}
		if status == "committed" {
			committed = append(committed, d.announced[list[i].Step])
		}
	}
	for range maxAttempts {
		if err := e.refresh(ctx); err != nil {
			return err
		}
		s := e.Snapshot()
		doc := s.Doc
		for _, adapt := range committed {
			doc = adapt(doc)
		}
		if doc == s.Doc {
			return postgres.InTx(ctx, e.storage.pool, func(tx pgx.Tx) error { return forget(ctx, tx, e.storage.instance, d.base.ResourceVersion) })
		}
		if _, err = e.storage.save(ctx, doc, s.ResourceVersion, nil, d.base.ResourceVersion); err == nil {
			return e.refresh(ctx)
		}
		if !isConflict(err) {
			return err
		}
	}
	return err
}
