package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Position tells where a database's history stands: two equal answers mean that no transaction that writes has begun or
// ended in between, so that nothing about the catalog can be different. It reads nothing but shared memory.
//
// On a standby a snapshot does not name the transactions that run, so the place in the log stands beside it.
func Position(ctx context.Context, db Queryer) (position string, err error) {
	if err := db.QueryRow(ctx, positionSQL, pgx.QueryResultFormats{pgx.TextFormatCode}).Scan(&position); err != nil {
		return "", fmt.Errorf("read position: %w", err)
	}
	return position, nil
}

// IsQuiet tells of a position that no writing transaction ran there. On a standby that cannot be told.
func IsQuiet(position string) bool { return strings.HasSuffix(position, ":") }

const positionSQL = `
select concat_ws(' ', pg_catalog.txid_current_snapshot(),
                 case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() end)`

// Fingerprint tells whether a database's catalog is what it was: it differs when what Load reads may have changed, or what
// decides which tables a query reads in the end: views, children, policies.
func Fingerprint(ctx context.Context, db Queryer) (fingerprint string, err error) {
	if err := db.QueryRow(ctx, fingerprintSQL, pgx.QueryResultFormats{pgx.TextFormatCode}).Scan(&fingerprint); err != nil {
		return "", fmt.Errorf("read catalog's fingerprint: %w", err)
	}
	return fingerprint, nil
}

// fingerprintSQL counts the rows of those system catalogs and adds up the transactions that wrote them. A
// row that changes is written by a younger transaction, so the sum grows; one that goes or comes changes the count. No
// column has to be read, which makes it about a tenth of the work of Load. Ages are smaller numbers than transactions;
// that of a fixed one takes out how they grow.
//
// pg_class is compared by what is in it, because truncating or rewriting a table, and grants, write its row as well.
// Statistics do not count as changes: analyze and vacuum write in place. What belongs to temporary tables is left out
// with their schemas. Functions that an extension takes in or lets go later on are not noticed.
const fingerprintSQL = `
with
spaces as materialized (
  select oid, xmin from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'hdb_catalog', 'identity')),
relations as materialized (
  select c.oid, c.relnamespace, c.relname, c.relkind, c.relpersistence, c.relrowsecurity from pg_catalog.pg_class c
  where c.relnamespace in (select oid from spaces) and c.relkind in ('r', 'v', 'm', 'f', 'p'))
select concat_ws(' ', pg_catalog.current_setting('server_version_num'),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(xmin))) from spaces),
  (select concat(count(*), '.', sum((oid::int8 + relnamespace::int8) * pg_catalog.hashtext(concat(relkind, relpersistence, relrowsecurity, relname)))) from relations),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_attribute x where x.attnum > 0 and x.attrelid in (select oid from relations)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_constraint x where x.conrelid in (select oid from relations)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_index x where x.indisunique and x.indrelid in (select oid from relations)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_proc x where x.pronamespace in (select oid from spaces)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_type x where x.typnamespace in (select oid from spaces)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_enum x),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_trigger x where not x.tgisinternal),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_rewrite x where x.ev_class in (select oid from relations)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_policy x),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_inherits x where x.inhparent in (select oid from relations)),
  (select concat(count(*), '.', count(*) * pg_catalog.age('100'::xid)::int8 - sum(pg_catalog.age(x.xmin)))
   from pg_catalog.pg_description x
   where x.classoid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass) and x.objoid >= 16384))`
