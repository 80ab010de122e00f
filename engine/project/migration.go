package project

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Migration is a directory <version>_<name> with files up and down, in SQL or, from older projects, YAML lists of
// metadata commands.
type Migration struct {
	Version uint64
	Name    string
	dir     string
	// files by name: up.sql, up.yaml, down.sql, down.yaml.
	files map[string]bool
}

var migrationName = regexp.MustCompile(`^([0-9]+)_(.*)$`)

// readMigrations lists the migrations of a directory by version. A directory that does not exist has none.
func readMigrations(dir string) ([]Migration, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, plain(err))
	}
	var list []Migration
	for _, e := range entries {
		parts := migrationName.FindStringSubmatch(e.Name())
		at := filepath.Join(dir, e.Name())
		if info, err := os.Stat(at); err != nil || !info.IsDir() || parts == nil { // a mounted project may be links
			continue
		}
		version, err := strconv.ParseUint(parts[1], 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%s: %s is not a version", at, parts[1])
		}
		m := Migration{Version: version, Name: parts[2], dir: at, files: map[string]bool{}}
		for _, name := range []string{"up.sql", "up.yaml", "down.sql", "down.yaml"} {
			if _, err := os.Stat(filepath.Join(at, name)); err == nil {
				m.files[name] = true
			}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	for i := 1; i < len(list); i++ {
		if list[i].Version == list[i-1].Version {
			return nil, fmt.Errorf("two migrations have version %d: %s and %s; give one another version", list[i].Version, list[i-1].dir, list[i].dir)
		}
	}
	return list, nil
}

// can tells whether the migration has a file for a direction.
func (m *Migration) can(d Direction) bool {
	return m.files[string(d)+".sql"] || m.files[string(d)+".yaml"]
}

// file reads one of the migration's files; "" when it does not have it.
func (m *Migration) file(name string) (string, error) {
	if !m.files[name] {
		return "", nil
	}
	data, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", filepath.Join(m.dir, name), plain(err))
	}
	return string(data), nil
}

// CreateMigration writes a new migration and gives its directory. An empty side has no file.
func (p *Project) CreateMigration(d Database, version uint64, name, up, down string) (string, error) {
	if strings.ContainsAny(name, `/\`) || strings.TrimSpace(name) == "" {
		return "", fmt.Errorf("%q cannot be the name of a migration", name)
	}
	dir, err := p.dir(p.Config.MigrationsDir, d)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, fmt.Sprintf("%d_%s", version, name))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("create %s: %w", dir, plain(err))
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("create %s: %w", dir, plain(err))
	}
	for _, f := range [][2]string{{"up.sql", up}, {"down.sql", down}} {
		file, text := f[0], f[1]
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil { //nolint:gosec // a file of the project, for everybody who works on it
			return "", fmt.Errorf("write %s: %w", filepath.Join(dir, file), plain(err))
		}
	}
	return dir, nil
}
