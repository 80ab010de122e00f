package project

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoSeeds means that a database has no seed files.
var ErrNoSeeds = errors.New("there are no SQL files")

// ApplySeeds runs the given seed files of a database, all that there are without any, in the order of their names and as
// one request. It gives the files.
func (p *Project) ApplySeeds(ctx context.Context, d Database, names []string) ([]string, error) {
	dir, err := p.dir(p.Config.SeedsDir, d)
	if err != nil {
		return nil, err
	}
	files, err := seedFiles(dir, names)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNoSeeds, dir)
	}
	var commands []command
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, plain(err))
		}
		commands = append(commands, command{Type: "run_sql", Args: runSQL{SQL: string(data), Source: d.Name}})
	}
	if _, err := p.Server.Post(ctx, "/v2/query", command{Type: "bulk", Args: commands}); err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(files, ", "), err)
	}
	return files, nil
}

func seedFiles(dir string, names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		if !isSQL(name) {
			return nil, fmt.Errorf("%s is not an SQL file", name)
		}
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s is outside of %s", name, dir)
		}
		files = append(files, filepath.Join(dir, name))
	}
	if len(names) > 0 {
		return files, nil
	}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && isSQL(name) {
			files = append(files, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list %s: %w", dir, plain(err))
	}
	return files, nil
}

func isSQL(name string) bool { return strings.EqualFold(filepath.Ext(name), ".sql") }

// CreateSeed writes a new seed file and gives its name.
func (p *Project) CreateSeed(d Database, version uint64, name, sql string) (string, error) {
	if strings.ContainsAny(name, `/\`) || strings.TrimSpace(name) == "" {
		return "", fmt.Errorf("%q cannot be the name of a seed", name)
	}
	dir, err := p.dir(p.Config.SeedsDir, d)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("create %s: %w", dir, plain(err))
	}
	file := filepath.Join(dir, fmt.Sprintf("%d_%s.sql", version, name))
	if err := os.WriteFile(file, []byte(sql), 0o644); err != nil { //nolint:gosec // a file of the project, for everybody who works on it
		return "", fmt.Errorf("write %s: %w", file, plain(err))
	}
	return file, nil
}

// Dump is the server's pg_dump of a database, without what only makes sense in psql.
func (p *Project) Dump(ctx context.Context, d Database, options ...string) (string, error) {
	source := d.Name
	if source == "" {
		source = "default"
	}
	answer, err := p.Server.Post(ctx, "/v1alpha1/pg_dump", struct {
		Options []string `json:"opts"`
		Clean   bool     `json:"clean_output"`
		Source  string   `json:"source"`
	}{options, true, source})
	if err != nil {
		return "", fmt.Errorf("dump database %s: %w", d, err)
	}
	return string(answer), nil
}
