package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Mounted is a project whose directories are given one by one, as Hasura's image for migrations takes them. The layout
// follows from what is in them. A directory that does not exist has nothing to apply.
func Mounted(migrations, metadata, seeds string) *Config {
	c := &Config{Version: 3, MigrationsDir: migrations, MetadataDir: metadata, SeedsDir: seeds}
	switch {
	case exists(metadata, databasesFile):
	case exists(metadata, "tables.yaml"):
		c.Version = 2
	default:
		if list, err := readMigrations(migrations); err == nil && len(list) > 0 {
			c.Version = 2
		}
	}
	return c
}

func exists(dir, name string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// ApplyOptions say how a whole project is applied.
type ApplyOptions struct {
	// IsApplied tells whether the server's metadata says what a document does, which is then not applied again. It may be
	// nil. Its error is that of a document that cannot be applied.
	IsApplied func(document json.RawMessage) (bool, error)
	// NoTransaction runs the statements of every migration outside of a transaction.
	NoTransaction bool
	// Report is told what is done, Warn what somebody should look at.
	Report, Warn func(what string, attrs ...any)
}

// Apply brings the server to the project: migrations, then metadata, then the migrations of databases that the metadata
// brought. Hasura's image applies metadata first; this way a migration that fails leaves everything as it was for
// processes that serve the same databases.
func (p *Project) Apply(ctx context.Context, o ApplyOptions) (err error) {
	var document json.RawMessage
	isApplied := true
	if exists(p.Config.MetadataDir, ".") {
		if document, err = ReadMetadata(p.Config.MetadataDir); err != nil {
			return err
		}
		isApplied = false
		if o.IsApplied != nil {
			if isApplied, err = o.IsApplied(document); err != nil {
				return fmt.Errorf("metadata in %s: %w", p.Config.MetadataDir, err)
			}
		}
	}
	before, err := p.Databases(ctx)
	if err != nil {
		return err
	}
	ran, err := p.migrateAll(ctx, before, o)
	if err != nil {
		return err
	}
	if !isApplied {
		if err := p.applyDocument(ctx, document, o); err != nil {
			return err
		}
		after, err := p.Databases(ctx)
		if err != nil {
			return err
		}
		added := slices.DeleteFunc(after, func(d Database) bool { return slices.Contains(before, d) })
		more, err := p.migrateAll(ctx, added, o)
		if err != nil {
			return err
		}
		ran += more
		before = append(before, added...)
	}
	if err := p.nameLeftDirectories(before, o); err != nil {
		return err
	}
	if ran == 0 {
		return nil
	}
	state, err := ReloadMetadata(ctx, p.Server)
	if err == nil && !state.IsConsistent {
		o.Warn("parts of the metadata cannot be honoured; `gatehouse metadata inconsistency list` says which")
	}
	return err
}

// migrateAll applies the new migrations of databases and gives their number.
func (p *Project) migrateAll(ctx context.Context, databases []Database, o ApplyOptions) (ran int, err error) {
	if !exists(p.Config.MigrationsDir, ".") {
		return 0, nil
	}
	for _, d := range databases {
		dir, err := p.dir(p.Config.MigrationsDir, d)
		if err != nil || !exists(dir, ".") {
			continue // a name that is no directory's has none
		}
		status, err := p.Status(ctx, d)
		if err != nil {
			return ran, fmt.Errorf("migrations of database %s: %w", d, err)
		}
		steps, _, err := status.Up(-1)
		if err != nil {
			return ran, err
		}
		err = p.Run(ctx, d, steps, RunOptions{NoTransaction: o.NoTransaction, Done: func(s Step) {
			ran++
			o.Report("migration applied", "database", d.String(), "version", s.Version, "name", s.Name)
		}})
		if err != nil {
			return ran, fmt.Errorf("database %s: %w", d, err)
		}
	}
	return ran, nil
}

func (p *Project) applyDocument(ctx context.Context, document json.RawMessage, o ApplyOptions) error {
	state, err := ApplyMetadata(ctx, p.Server, document, true)
	if err != nil {
		return fmt.Errorf("metadata in %s: %w", p.Config.MetadataDir, err)
	}
	o.Report("metadata applied", "consistent", state.IsConsistent)
	for _, i := range state.Objects {
		if i.Type == "source" { // the next step will be refused for it, without the reason
			o.Warn("a database is inconsistent", "database", i.Definition, "reason", i.Reason)
		}
	}
	return nil
}

// nameLeftDirectories reports migrations for a database that the server does not have: nobody will ever apply them. They
// are no error, as they are none to Hasura: projects keep the directory of a database that got another name.
func (p *Project) nameLeftDirectories(databases []Database, o ApplyOptions) error {
	if p.Config.Version == 2 {
		return nil
	}
	entries, err := os.ReadDir(p.Config.MigrationsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", p.Config.MigrationsDir, plain(err))
	}
	for _, e := range entries {
		dir := filepath.Join(p.Config.MigrationsDir, e.Name())
		list, err := readMigrations(dir)
		if err != nil || len(list) == 0 {
			continue // not a directory, or none of migrations
		}
		if !slices.ContainsFunc(databases, func(d Database) bool { return d.Name == e.Name() }) {
			o.Warn("migrations of a database that the server does not have are left alone", "database", e.Name(), "directory", dir)
		}
	}
	return nil
}
