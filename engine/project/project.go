// Package project is a Hasura project on disk: config.yaml, metadata/, migrations/ and seeds/, in the layouts of the
// Hasura command line (config versions 2 and 3), read, written, and applied to a server.
//
// It knows the files and the order of things. What a document means, and what a statement does, is the server's
// business: it is reached through Server alone, over HTTP by the command line and in process at start-up.
package project

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// Project is a project and the server it is applied to.
type Project struct {
	Config *Config
	Server Server
}

// Database is a source of the server, as migrations and seeds know it.
type Database struct {
	// Name is empty in a project of the older layout, which has one database.
	Name string
	Kind string
}

func (d Database) String() string {
	if d.Name == "" {
		return "default"
	}
	return d.Name
}

// Databases are the server's sources. A project of the older layout has one.
func (p *Project) Databases(ctx context.Context) ([]Database, error) {
	if p.Config.Version == 2 {
		return []Database{{Kind: "postgres"}}, nil
	}
	var document struct {
		Sources []Database `json:"sources"`
	}
	if err := ask(ctx, p.Server, "export_metadata", 0, none{}, &document); err != nil {
		return nil, err
	}
	return document.Sources, nil
}

// Database is the source of a name; without one, the only source there is.
func (p *Project) Database(ctx context.Context, name string) (Database, error) {
	all, err := p.Databases(ctx)
	if err != nil || p.Config.Version == 2 {
		return Database{Kind: "postgres"}, err
	}
	var names []string
	for _, d := range all {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	known := "the server has none; `gatehouse metadata apply` brings the project's"
	if len(names) > 0 {
		known = "the server has: " + strings.Join(names, ", ")
	}
	switch {
	case name != "":
		return Database{}, fmt.Errorf("there is no database %q (%s)", name, known)
	case len(all) == 1:
		return all[0], nil
	}
	return Database{}, fmt.Errorf("which database? Name it with --database-name, or use --all-databases (%s)", known)
}

// dir is a database's part of the migrations or seeds.
func (p *Project) dir(of string, d Database) (string, error) {
	if p.Config.Version == 2 {
		return of, nil
	}
	if d.Name == "." || !filepath.IsLocal(d.Name) || strings.ContainsAny(d.Name, `/\`) {
		return "", fmt.Errorf("the name of the database %q cannot be a directory's", d.Name)
	}
	return filepath.Join(of, d.Name), nil
}
