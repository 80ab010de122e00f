// Package directory owns who exists and what they may do: users, roles, scopes, API resources, applications,
// console members and the settings of sign-in, as types and SQL on schema "identity". It decides nothing about
// HTTP, tokens or sign-in. Every write runs in a Tx; after its commit the changes it made are reported to
// OnChange (this process) and, by triggers, on the Postgres channel "gatehouse_identity" (every process).
package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/postgres"
)

// Tenant is the one tenant there is, as it appears in every entity's JSON.
const Tenant = "default"

// Channel is the Postgres channel of change notices; a payload is "<kind>:<id>".
const Channel = "gatehouse_identity"

// Kinds of change notices.
const (
	KindUser             = "user"
	KindApplication      = "application"
	KindRole             = "role"
	KindResource         = "resource"
	KindScope            = "scope" // told of as a change of its resource
	KindConfig           = "config"
	KindSignInExperience = "sign-in-experience"
)

// ErrNotFound says that no row has the asked id or value.
var ErrNotFound = errors.New("not found in the directory")

// Conflict says that a unique value is taken already.
type Conflict struct {
	Field string // username, email, phone, role name, resource indicator, scope name, secret name
	Value string
}

func (c *Conflict) Error() string { return fmt.Sprintf("%s %q is already in use", c.Field, c.Value) }

// MissingReference says that a write names rows that do not exist.
type MissingReference struct {
	Entity string // table word, as Logto names it: users, roles, scopes, applications
	IDs    []string
}

func (m *MissingReference) Error() string { return fmt.Sprintf("%s %v do not exist", m.Entity, m.IDs) }

// Directory reads directly from the pool and writes through Tx. Set its fields before the first use.
type Directory struct {
	Reader
	pool *pgxpool.Pool

	// DefaultRoleNames are given to every new user besides the roles marked as default (USER_DEFAULT_ROLE_NAMES).
	DefaultRoleNames []string
	// OnChange hears of every change after its commit and before the writing call returns. Nil is fine.
	OnChange func(kind, id string)
}

// New makes a Directory on a pool whose schema is migrated.
func New(pool *pgxpool.Pool) *Directory {
	return &Directory{Reader: Reader{pool}, pool: pool}
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Reader has every lookup; a Directory reads committed state, a Tx its own.
type Reader struct{ q querier }

// Tx is one transaction on the directory. The embedded pgx.Tx lets other owners of the schema write in it too.
type Tx struct {
	pgx.Tx
	Reader
	defaultRoleNames []string
	changes          []change
}

type change struct{ kind, id string }

// Changed reports a change of an entity that this package's own methods do not see, for OnChange after the commit.
func (tx *Tx) Changed(kind, id string) {
	for _, c := range tx.changes {
		if c.kind == kind && c.id == id {
			return
		}
	}
	tx.changes = append(tx.changes, change{kind, id})
}

// InTx runs fn in one transaction and, when it has committed, reports what changed.
func (d *Directory) InTx(ctx context.Context, fn func(*Tx) error) error {
	var changes []change
	err := postgres.InTx(ctx, d.pool, func(pgtx pgx.Tx) error {
		tx := &Tx{Tx: pgtx, Reader: Reader{pgtx}, defaultRoleNames: d.DefaultRoleNames}
		if err := fn(tx); err != nil {
			return err
		}
		changes = tx.changes
		return nil
	})
	if err != nil {
		return err
	}
	if d.OnChange != nil {
		for _, c := range changes {
			d.OnChange(c.kind, c.id)
		}
	}
	return nil
}

// one scans the single row of a query; no row is ErrNotFound.
func one[T any](ctx context.Context, q querier, what string, scan pgx.RowToFunc[T], sql string, args ...any) (*T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &v, nil
}

// many scans all rows of a query; never nil, so that it encodes as [].
func many[T any](ctx context.Context, q querier, what string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if list == nil {
		list = []T{}
	}
	return list, nil
}

// count runs a query that yields one number.
func count(ctx context.Context, q querier, what, sql string, args ...any) (int, error) {
	var n int
	if err := q.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

// Page is a window on a list; the zero value is the whole list.
type Page struct{ Limit, Offset int }

// clause prints limit and offset; both are numbers of ours, never text of a client.
func (p Page) clause() string {
	if p.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf(" limit %d offset %d", p.Limit, max(p.Offset, 0))
}
