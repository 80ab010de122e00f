package project

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Direction is up or down.
type Direction string

const (
	Up   Direction = "up"
	Down Direction = "down"
)

// Status compares a database's migrations on disk with those the server knows as applied.
type Status struct {
	Database Database
	// Migrations are in the order of their versions.
	Migrations []MigrationStatus
}

// MigrationStatus is a migration that is on disk, applied, or both.
type MigrationStatus struct {
	Migration
	IsPresent, IsApplied bool
	// IsDirty marks a migration that was begun and not seen to end.
	IsDirty bool
}

// Status reads both sides.
func (p *Project) Status(ctx context.Context, d Database) (*Status, error) {
	s, err := p.store(ctx, d)
	if err != nil {
		return nil, err
	}
	return p.status(ctx, d, s)
}

func (p *Project) status(ctx context.Context, d Database, s store) (*Status, error) {
	dir, err := p.dir(p.Config.MigrationsDir, d)
	if err != nil {
		return nil, err
	}
	present, err := readMigrations(dir)
	if err != nil {
		return nil, err
	}
	applied, err := s.versions(ctx)
	if err != nil {
		return nil, err
	}
	status := &Status{Database: d}
	for _, m := range present {
		dirty, isApplied := applied[m.Version]
		delete(applied, m.Version)
		status.Migrations = append(status.Migrations, MigrationStatus{Migration: m, IsPresent: true, IsApplied: isApplied, IsDirty: dirty})
	}
	for version, dirty := range applied {
		status.Migrations = append(status.Migrations, MigrationStatus{Migration: Migration{Version: version}, IsApplied: true, IsDirty: dirty})
	}
	slices.SortFunc(status.Migrations, func(a, b MigrationStatus) int { return cmp.Compare(a.Version, b.Version) })
	return status, nil
}

func (s *Status) find(version uint64) (int, bool) {
	return slices.BinarySearchFunc(s.Migrations, version, func(m MigrationStatus, v uint64) int { return cmp.Compare(m.Version, v) })
}

// Step is a migration to be run in a direction.
type Step struct {
	Migration
	Direction Direction
}

// step refuses a migration without a file for the direction.
func (s *Status) step(m MigrationStatus, d Direction) (Step, error) {
	if !m.can(d) {
		return Step{}, fmt.Errorf("migration %d of database %s has no %s file here: write %s.sql, or change what the server knows with --skip-execution", m.Version, s.Database, d, d)
	}
	return Step{m.Migration, d}, nil
}

// isClean refuses to go on from a migration that was interrupted: nobody knows how far it came.
func (s *Status) isClean() error {
	for _, m := range slices.Backward(s.Migrations) {
		if m.IsApplied {
			if m.IsDirty {
				return fmt.Errorf("migration %d of database %s was begun and not seen to end. Look at the database; then mark it as applied "+
					"(migrate apply --version %d --skip-execution) or as not applied (--type down as well)", m.Version, s.Database, m.Version)
			}
			return nil
		}
	}
	return nil
}

// Up gives the next n migrations, all of them for -1. That there are fewer is said by short.
func (s *Status) Up(n int) (steps []Step, short int, err error) {
	if err := s.isClean(); err != nil {
		return nil, 0, err
	}
	for _, m := range s.Migrations {
		if !m.IsPresent || m.IsApplied {
			continue
		}
		if n >= 0 && len(steps) == n {
			return steps, 0, nil
		}
		step, err := s.step(m, Up)
		if err != nil {
			return nil, 0, err
		}
		steps = append(steps, step)
	}
	return steps, max(0, n-len(steps)), nil
}

// Down gives the last n applied migrations, newest first, all of them for -1.
func (s *Status) Down(n int) (steps []Step, short int, err error) {
	if err := s.isClean(); err != nil {
		return nil, 0, err
	}
	for _, m := range slices.Backward(s.Migrations) {
		if !m.IsApplied {
			continue
		}
		if n >= 0 && len(steps) == n {
			return steps, 0, nil
		}
		step, err := s.step(m, Down)
		if err != nil {
			return nil, 0, err
		}
		steps = append(steps, step)
	}
	return steps, max(0, n-len(steps)), nil
}

// Goto gives what brings the database to a version, up or down.
func (s *Status) Goto(version uint64) ([]Step, error) {
	if err := s.isClean(); err != nil {
		return nil, err
	}
	if _, found := s.find(version); !found {
		return nil, fmt.Errorf("there is no migration %d for database %s", version, s.Database)
	}
	var current uint64
	for _, m := range s.Migrations {
		if m.IsApplied {
			current = m.Version
		}
	}
	var steps []Step
	if current <= version {
		for _, m := range s.Migrations {
			if m.Version <= version && m.IsPresent && !m.IsApplied {
				step, err := s.step(m, Up)
				if err != nil {
					return nil, err
				}
				steps = append(steps, step)
			}
		}
		return steps, nil
	}
	for _, m := range slices.Backward(s.Migrations) {
		if m.Version > version && m.IsApplied {
			step, err := s.step(m, Down)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// Only gives one migration. With markOnly its files do not matter, nor that it is dirty.
func (s *Status) Only(version uint64, d Direction, markOnly bool) ([]Step, error) {
	i, found := s.find(version)
	if !found {
		return nil, fmt.Errorf("there is no migration %d for database %s", version, s.Database)
	}
	m := s.Migrations[i]
	switch {
	case d == Up && m.IsApplied && !(markOnly && m.IsDirty):
		return nil, fmt.Errorf("migration %d is already applied on database %s", version, s.Database)
	case d == Down && !m.IsApplied:
		return nil, fmt.Errorf("migration %d is not applied on database %s", version, s.Database)
	case markOnly:
		return []Step{{m.Migration, d}}, nil
	}
	step, err := s.step(m, d)
	return []Step{step}, err
}

// RunOptions say how steps are run.
type RunOptions struct {
	// SkipExecution marks migrations without running them.
	SkipExecution bool
	// NoTransaction runs the statements of every file outside of a transaction.
	NoTransaction bool
	// Done is told about every step that ended well.
	Done func(Step)
}

// Run runs steps one after the other, and stops at the first that fails. A file is one transaction, unless it says
// otherwise; it is known as applied after that.
func (p *Project) Run(ctx context.Context, d Database, steps []Step, o RunOptions) error {
	s, err := p.store(ctx, d)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := p.run(ctx, d, s, step, o); err != nil {
			return err
		}
		if o.Done != nil {
			o.Done(step)
		}
	}
	return nil
}

func (p *Project) run(ctx context.Context, d Database, s store, step Step, o RunOptions) error {
	if !o.SkipExecution {
		if err := p.execute(ctx, d, s, step, o.NoTransaction); err != nil {
			return err
		}
	}
	if step.Direction == Up {
		return s.set(ctx, step.Version, false)
	}
	return s.remove(ctx, step.Version)
}

// execute runs a migration's files: SQL before the metadata that needs it, and the other way round going down.
func (p *Project) execute(ctx context.Context, d Database, s store, step Step, noTransaction bool) error {
	order := []string{"up.sql", "up.yaml"}
	if step.Direction == Down {
		order = []string{"down.yaml", "down.sql"}
	}
	for _, name := range order {
		text, err := step.file(name)
		if err != nil {
			return err
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if strings.HasSuffix(name, ".yaml") {
			err = p.runCommands(ctx, filepath.Join(step.dir, name), text)
		} else {
			err = p.runStatements(ctx, d, s, step, text, noTransaction || isOutsideTransaction(text))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(step.dir, name), err)
		}
	}
	return nil
}

// noTransactionMark as the first line of a file keeps its statements out of a transaction, which some refuse
// (create index concurrently).
const noTransactionMark = "-- gatehouse:no-transaction"

func isOutsideTransaction(sql string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(sql), "\n")
	return strings.TrimSpace(first) == noTransactionMark
}

func (p *Project) runStatements(ctx context.Context, d Database, s store, step Step, sql string, noTransaction bool) error {
	if noTransaction {
		// What fails halfway stays halfway: that it was begun is known before it is.
		if err := s.set(ctx, step.Version, true); err != nil {
			return err
		}
	}
	check := false
	_, err := p.Server.Post(ctx, "/v2/query", command{Type: "run_sql", Args: runSQL{SQL: sql, Source: d.Name, Check: &check, NoTransaction: noTransaction}})
	return err
}

// runCommands runs a list of commands from an older project, all or none of them.
func (p *Project) runCommands(ctx context.Context, name, text string) error {
	t := tree{name: filepath.Dir(name), keepIncludes: true} // a list of commands stands in one file
	n, err := t.parse(filepath.Base(name), []byte(text))
	if err != nil || n == nil {
		return err
	}
	v, err := t.resolve(filepath.Base(name), n, 0)
	if err != nil {
		return err
	}
	if !v.isList() {
		return errors.New("a list of commands is expected")
	}
	args, err := t.json(v)
	if err != nil {
		return err
	}
	_, err = p.Server.Post(ctx, "/v1/query", command{Type: "bulk", Args: json.RawMessage(args)})
	return err
}
