package admin

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// Migration is a change of a source's schema that was made through the server and is kept, to become part of a project:
// what the directory <version>_<name> of a project's migrations holds.
type Migration struct {
	// Version is milliseconds since 1970, as Hasura's command line and console number migrations.
	Version int64  `json:"version"`
	Source  string `json:"source"`
	Name    string `json:"name"`
	Up      string `json:"up"`
	Down    string `json:"down"`
	// By is the admin secret's name or the member's user id; "" for a secret without a name.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// IsDirty: it was begun and not seen to end.
	IsDirty bool `json:"dirty"`
}

// Migrations keeps them.
type Migrations interface {
	// KeepMigration gives m its version and time and keeps it as begun.
	KeepMigration(ctx context.Context, m *Migration) error
	// EndMigration says that a migration was applied; forgetting it takes it off the list and the command line's state.
	EndMigration(ctx context.Context, source string, version int64) error
	ForgetMigration(ctx context.Context, source string, version int64) error
	// KeptMigrations are those of a source, oldest first.
	KeptMigrations(ctx context.Context, source string) ([]Migration, error)
}

// migrationCommands run SQL.
var migrationCommands = []string{"gatehouse_migrate", "gatehouse_revert_migration", "gatehouse_forget_migration"}

func init() {
	changes["gatehouse_migrate"] = (*execution).migrate
	changes["gatehouse_revert_migration"] = (*execution).revertMigration
	changes["gatehouse_forget_migration"] = (*execution).forgetMigration
	reads["gatehouse_get_migrations"] = (*execution).getMigrations
}

type migrateArgs struct {
	Source string `json:"source"`
	Name   string `json:"name"`
	Up     string `json:"up"`
	Down   string `json:"down"`
	// Version is of the migration to be reverted or forgotten.
	Version int64 `json:"version"`
	// IsForced takes a migration back although later ones are kept.
	IsForced bool `json:"force"`
	// The rest is run_sql's.
	Timeout       int  `json:"timeout_ms"`
	MaxRows       int  `json:"max_rows"`
	Cascade       bool `json:"cascade"`
	NoTransaction bool `json:"no_transaction"`
}

func parseMigrate(r *request) (*migrateArgs, error) {
	a := migrateArgs{Source: metadata.DefaultSource}
	if err := json.Unmarshal(r.args, &a); err != nil {
		return nil, misread(r.parsePath, err)
	}
	return &a, nil
}

// migrate is run_sql that keeps what it ran. The migration is kept as begun before its SQL runs, and as applied after: a process
// that dies in between leaves a migration nobody lost, marked as Hasura's command line marks one.
func (e *execution) migrate(ctx context.Context, d Draft, r *request) ([]byte, error) {
	a, err := parseMigrate(r)
	if err != nil {
		return nil, err
	}
	if a.Name == "" || a.Up == "" {
		return nil, fault.New(fault.ParseFailed, r.parsePath, "a migration needs a name and its SQL, up")
	}
	if d.Metadata().Source(a.Source) == nil {
		return nil, under(r.runPath, metadata.NoSource(a.Source))
	}
	if err := e.mayMigrate(ctx, d, a); err != nil {
		return nil, under(r.runPath, err)
	}
	m := &Migration{Source: a.Source, Name: a.Name, Up: a.Up, Down: a.Down, By: callerName(e.session)}
	if err := e.h.Engine.KeepMigration(ctx, m); err != nil {
		return nil, err
	}
	settled := context.WithoutCancel(ctx) // a client that went away leaves no migration half known
	answer, err := e.runMigration(ctx, d, r, a, a.Up)
	if err != nil {
		if !mayHaveRun(err, a.NoTransaction) {
			err = errors.Join(err, e.h.Engine.ForgetMigration(settled, m.Source, m.Version))
		}
		return nil, err
	}
	if err := e.h.Engine.EndMigration(settled, m.Source, m.Version); err != nil {
		return nil, err
	}
	return marshal(struct {
		Version int64           `json:"version"`
		Answer  json.RawMessage `json:"answer"`
	}{m.Version, answer})
}

// mayMigrate refuses what is not run before it is kept: without a transaction a failure does not tell that nothing ran.
func (e *execution) mayMigrate(ctx context.Context, d Draft, a *migrateArgs) error {
	if a.NoTransaction && a.Timeout > 0 {
		return errTimeout()
	}
	if err := refuseCopy(a.Up); err != nil {
		return err
	}
	pool, err := d.Pool(a.Source)
	if err != nil {
		return err
	}
	return e.h.mayRunSQL(ctx, e.session, pool)
}

// mayHaveRun tells whether a failed migration may have left something behind: one without a transaction, or one whose end was
// not heard of.
func mayHaveRun(err error, noTransaction bool) bool {
	var refused *fault.Error
	var pgErr *pgconn.PgError
	return noTransaction || !errors.As(err, &refused) && !errors.As(err, &pgErr) && (errors.Is(err, errCommit) || !errors.Is(err, context.Canceled))
}

// runMigration runs SQL as run_sql does, compared with the metadata.
func (e *execution) runMigration(ctx context.Context, d Draft, r *request, a *migrateArgs, sql string) ([]byte, error) {
	check := true
	args, err := json.Marshal(sqlArgs{SQL: &sql, Source: a.Source, Cascade: a.Cascade, Check: &check, NoTransaction: a.NoTransaction, Typed: true, Timeout: a.Timeout, MaxRows: a.MaxRows})
	if err != nil {
		return nil, err
	}
	run := *r
	run.kind, run.args = "run_sql", args
	return e.runSQL(ctx, d, &run)
}

// revertMigration runs what takes a migration back, and forgets it. Later ones may rest on what it made, which only their author
// can tell: with any of them kept it is refused unless it is forced.
func (e *execution) revertMigration(ctx context.Context, d Draft, r *request) ([]byte, error) {
	a, m, list, err := e.kept(ctx, r)
	if err != nil {
		return nil, err
	}
	if later := laterThan(list, m.Version); len(later) > 0 && !a.IsForced {
		return nil, fault.New(fault.Conflict, r.runPath, "later migrations may rest on %d %s: take those back first, or force it", m.Version, m.Name).
			WithInternal(map[string]any{"later": later})
	}
	if isNothing(m.Down) {
		return nil, fault.New(fault.BadRequest, r.runPath, "migration %d has no SQL that takes it back", m.Version)
	}
	if _, err := e.runMigration(ctx, d, r, a, m.Down); err != nil {
		return nil, err
	}
	if err := e.h.Engine.ForgetMigration(context.WithoutCancel(ctx), m.Source, m.Version); err != nil {
		return nil, err
	}
	return success, nil
}

// isNothing tells of SQL that is comments only.
func isNothing(sql string) bool {
	s := sqlScanner{rest: sql}
	return !s.next()
}

// forgetMigration takes a migration off the list; the database stays as it is.
func (e *execution) forgetMigration(ctx context.Context, d Draft, r *request) ([]byte, error) {
	_, m, _, err := e.kept(ctx, r)
	if err != nil {
		return nil, err
	}
	d.Acted()
	if err := e.h.Engine.ForgetMigration(ctx, m.Source, m.Version); err != nil {
		return nil, err
	}
	return success, nil
}

// laterThan are the versions behind one.
func laterThan(list []Migration, version int64) (later []int64) {
	for _, m := range list {
		if m.Version > version {
			later = append(later, m.Version)
		}
	}
	return later
}

// kept is the migration that a command names, and all of its source.
func (e *execution) kept(ctx context.Context, r *request) (*migrateArgs, *Migration, []Migration, error) {
	a, err := parseMigrate(r)
	if err != nil {
		return nil, nil, nil, err
	}
	list, err := e.h.Engine.KeptMigrations(ctx, a.Source)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, m := range list {
		if m.Version == a.Version {
			return a, &m, list, nil
		}
	}
	return nil, nil, nil, fault.New(fault.NotExists, r.runPath, "no migration %d of source %q is kept", a.Version, a.Source)
}

func (e *execution) getMigrations(ctx context.Context, _ View, r *request) ([]byte, error) {
	a, err := parseMigrate(r)
	if err != nil {
		return nil, err
	}
	list, err := e.h.Engine.KeptMigrations(ctx, a.Source)
	if err != nil {
		return nil, err
	}
	return marshal(map[string]any{"migrations": list})
}

// callerName says who calls, for those who read it later.
func callerName(s *session.Session) string {
	if id := s.MemberID(); id != "" {
		return id
	}
	return s.SecretName()
}
