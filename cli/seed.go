package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gatehouse/engine/metadata"
	"gatehouse/engine/project"
)

type seedCreate struct {
	Name         string   `arg:"" help:"What the seed holds."`
	DatabaseName string   `name:"database-name" placeholder:"NAME" help:"The database. Default: the one there is."`
	FromTable    []string `name:"from-table" placeholder:"TABLE" help:"Take the rows of a table on the server; may be repeated."`
}

func (c *seedCreate) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	d, err := r.database(p, c.DatabaseName, len(c.FromTable) > 0)
	if err != nil {
		return err
	}
	sql := ""
	if len(c.FromTable) > 0 {
		options := []string{"--no-owner", "--no-acl", "--data-only", "--column-inserts"}
		for _, t := range c.FromTable {
			options = append(options, "--table", t)
		}
		if sql, err = p.Dump(r.ctx, d, options...); err != nil {
			return err
		}
	}
	file, err := p.CreateSeed(d, r.version(), strings.ReplaceAll(c.Name, " ", "_"), sql)
	if err != nil {
		return err
	}
	r.say("created %s", file)
	return nil
}

type seedApply struct {
	databases
	Files []string `name:"file" short:"f" placeholder:"FILE" help:"A seed file, by its name in the database's directory; may be repeated. Default: all."`
}

func (c *seedApply) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	all, err := r.chosen(p, c.databases)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := r.seed(p, d, c.Files); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) seed(p *project.Project, d project.Database, names []string) error {
	var files []string
	err := r.while("applying seeds on database "+d.String(), func() (err error) {
		files, err = p.ApplySeeds(r.ctx, d, names)
		return err
	})
	if err != nil {
		return err
	}
	r.say("seeds planted on database %s: %d files", d, len(files))
	return nil
}

type deploy struct {
	WithSeeds bool `name:"with-seeds" help:"Run the seeds as well."`
}

func (c *deploy) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	return r.inTurn(p, func() error { return c.apply(r, p) })
}

func (c *deploy) apply(r *run, p *project.Project) error {
	err := r.while("applying the project", func() error {
		return p.Apply(r.ctx, project.ApplyOptions{
			Report:    r.report,
			Warn:      r.report,
			IsApplied: func(document json.RawMessage) (bool, error) { return r.isApplied(p, document) },
		})
	})
	if err != nil {
		return fmt.Errorf("%w%s", err, details(err))
	}
	r.say("the project is applied")
	if !c.WithSeeds {
		return nil
	}
	all, err := p.Databases(r.ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := r.seed(p, d, nil); err != nil && !errors.Is(err, project.ErrNoSeeds) {
			return err
		}
	}
	return nil
}

func (r *run) report(what string, attrs ...any) {
	for i := 0; i+1 < len(attrs); i += 2 {
		if raw, ok := attrs[i+1].(json.RawMessage); ok {
			attrs[i+1] = plain(raw)
		}
		what += fmt.Sprintf("  %v %v", attrs[i], attrs[i+1])
	}
	r.say("%s", what)
}

// isApplied compares a document with the server's.
func (r *run) isApplied(p *project.Project, document json.RawMessage) (bool, error) {
	server, err := project.ExportMetadata(r.ctx, p.Server)
	if err != nil {
		return false, err
	}
	current, err := metadata.Decode(server, "$", false)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read is not what is wanted
	}
	wanted, err := exported(document, "metadata", current)
	if err != nil {
		return false, err
	}
	return string(wanted) == string(current.Encode()), nil
}
