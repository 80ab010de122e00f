package project

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Squashed says what a squash did.
type Squashed struct {
	// Versions are the migrations that became one; Kept is the directory they were moved to, "" when they were deleted.
	Versions []uint64
	Dir      string
	Kept     string
}

// Squash makes one migration of those from a version up to another (0 for the last). It has the last one's version: where
// that is applied, the new one counts as applied. The originals are moved aside, or with discard deleted and, but for
// the last, forgotten by the server. Either all of them are applied or none.
func (p *Project) Squash(ctx context.Context, d Database, from, to uint64, name string, discard bool) (*Squashed, error) {
	s, err := p.store(ctx, d)
	if err != nil {
		return nil, err
	}
	status, err := p.status(ctx, d, s)
	if err != nil {
		return nil, err
	}
	chosen, err := status.between(from, to)
	if err != nil {
		return nil, err
	}
	up, down, err := join(chosen)
	if err != nil {
		return nil, err
	}
	dir, err := p.dir(p.Config.MigrationsDir, d)
	if err != nil {
		return nil, err
	}
	last := chosen[len(chosen)-1].Version
	out := &Squashed{Kept: filepath.Join(dir, fmt.Sprintf("squashed_%d_to_%d", chosen[0].Version, last))}
	// The originals are out of the way, but not gone, before the new one takes a version of theirs.
	if err := os.Mkdir(out.Kept, 0o755); err != nil {
		return nil, fmt.Errorf("create %s: %w", out.Kept, plain(err))
	}
	for _, m := range chosen {
		out.Versions = append(out.Versions, m.Version)
		if err := os.Rename(m.dir, filepath.Join(out.Kept, filepath.Base(m.dir))); err != nil {
			return nil, fmt.Errorf("move %s: %w", m.dir, err)
		}
	}
	if out.Dir, err = p.CreateMigration(d, last, name, up, down); err != nil {
		return nil, err
	}
	if !discard {
		return out, nil
	}
	if err := s.remove(ctx, out.Versions[:len(out.Versions)-1]...); err != nil {
		return nil, err
	}
	err = os.RemoveAll(out.Kept)
	out.Kept = ""
	return out, err
}

// between gives the migrations from one version to another, and refuses a mixture of applied and not.
func (s *Status) between(from, to uint64) ([]MigrationStatus, error) {
	first, found := s.find(from)
	if !found {
		return nil, fmt.Errorf("there is no migration %d for database %s", from, s.Database)
	}
	last := len(s.Migrations) - 1
	if to != 0 {
		if last, found = s.find(to); !found {
			return nil, fmt.Errorf("there is no migration %d for database %s", to, s.Database)
		}
	}
	if last < first {
		return nil, fmt.Errorf("cannot squash from %d to %d: the first must be before the last", from, to)
	}
	chosen := s.Migrations[first : last+1]
	for _, m := range chosen {
		if !m.IsPresent {
			return nil, fmt.Errorf("migration %d is applied on database %s but is not here; `gatehouse migrate status` shows more", m.Version, s.Database)
		}
		if m.IsApplied != chosen[0].IsApplied || m.IsDirty {
			return nil, fmt.Errorf("the migrations from %d to %d must all be applied or all not be, and %d differs; `gatehouse migrate status` shows more", chosen[0].Version, chosen[len(chosen)-1].Version, m.Version)
		}
	}
	return chosen, nil
}

// join gives the statements of all migrations, and those that undo them, last first.
func join(chosen []MigrationStatus) (up, down string, err error) {
	for _, m := range chosen {
		if m.files["up.yaml"] || m.files["down.yaml"] {
			return "", "", fmt.Errorf("%s holds YAML: metadata commands cannot be squashed; delete them once metadata/ has what they did", m.dir)
		}
		text, err := squashable(m, "up.sql")
		if err != nil {
			return "", "", err
		}
		up += statements(text)
	}
	for _, m := range slices.Backward(chosen) {
		text, err := squashable(m, "down.sql")
		if err != nil {
			return "", "", err
		}
		down += statements(text)
	}
	if up == "" && down == "" {
		return "", "", errors.New("the migrations are empty")
	}
	return up, down, nil
}

// squashable is a file of a migration that may become a part of another.
func squashable(m MigrationStatus, name string) (string, error) {
	text, err := m.file(name)
	if err == nil && isOutsideTransaction(text) {
		err = fmt.Errorf("%s runs outside of a transaction and cannot be squashed with others", m.dir)
	}
	return text, err
}

// statements makes sure that a file's last statement ends before the next file's first.
func statements(text string) string {
	trimmed := strings.TrimRight(text, " \t\r\n")
	if trimmed == "" {
		return ""
	}
	lastLine := trimmed[strings.LastIndexByte(trimmed, '\n')+1:]
	switch {
	case strings.Contains(lastLine, "--"):
		return "\n" + trimmed + "\n;\n"
	case strings.HasSuffix(trimmed, ";"):
		return "\n" + trimmed + "\n"
	}
	return "\n" + trimmed + ";\n"
}

// DeleteMigrations makes the server forget migrations, and deletes their directories unless only the server is meant. No
// version means all.
func (p *Project) DeleteMigrations(ctx context.Context, d Database, version uint64, serverOnly bool) ([]uint64, error) {
	s, err := p.store(ctx, d)
	if err != nil {
		return nil, err
	}
	status, err := p.status(ctx, d, s)
	if err != nil {
		return nil, err
	}
	chosen := status.Migrations
	if version != 0 {
		i, found := status.find(version)
		if !found {
			return nil, fmt.Errorf("there is no migration %d for database %s", version, d)
		}
		chosen = chosen[i : i+1]
	}
	var versions []uint64
	for _, m := range chosen {
		versions = append(versions, m.Version)
	}
	if err := s.remove(ctx, versions...); err != nil {
		return nil, err
	}
	for _, m := range chosen {
		if m.IsPresent && !serverOnly {
			if err := os.RemoveAll(m.dir); err != nil {
				return nil, fmt.Errorf("delete %s: %w", m.dir, plain(err))
			}
		}
	}
	return versions, nil
}
