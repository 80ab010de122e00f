package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"gatehouse/engine/project"
)

// chosen gives the databases a command is about.
func (r *run) chosen(p *project.Project, d databases) ([]project.Database, error) {
	if d.AllDatabases {
		if d.DatabaseName != "" {
			return nil, errors.New("--database-name and --all-databases exclude each other")
		}
		return p.Databases(r.ctx)
	}
	one, err := p.Database(r.ctx, d.DatabaseName)
	return []project.Database{one}, err
}

// version numbers what is new: milliseconds, as the Hasura command line does.
func (r *run) version() uint64 { return uint64(r.Now().UnixMilli()) }

type migrateCreate struct {
	Name          string   `arg:"" help:"What the migration does, in a word or three."`
	DatabaseName  string   `name:"database-name" placeholder:"NAME" help:"The database. Default: the one there is."`
	UpSQL         *string  `name:"up-sql" placeholder:"SQL" help:"Statements that make the change."`
	DownSQL       *string  `name:"down-sql" placeholder:"SQL" help:"Statements that undo it."`
	SQLFromFile   string   `name:"sql-from-file" placeholder:"FILE" help:"Take the statements that make the change from a file."`
	FromServer    bool     `name:"from-server" help:"Take the server's schema, by pg_dump."`
	SQLFromServer bool     `name:"sql-from-server" hidden:""`
	Schema        []string `name:"schema" default:"public" placeholder:"NAME" help:"The schemas to take from the server, comma separated."`
}

func (c *migrateCreate) run(r *run) error {
	fromServer := c.FromServer || c.SQLFromServer
	if (fromServer && c.SQLFromFile != "") || ((fromServer || c.SQLFromFile != "") && (c.UpSQL != nil || c.DownSQL != nil)) {
		return errors.New("--from-server, --sql-from-file and --up-sql with --down-sql exclude each other")
	}
	p, err := r.project()
	if err != nil {
		return err
	}
	d, err := r.database(p, c.DatabaseName, fromServer)
	if err != nil {
		return err
	}
	up, down := "", ""
	switch {
	case fromServer:
		options := []string{"-O", "-x", "--schema-only"}
		for _, s := range c.Schema {
			options = append(options, "--schema", s)
		}
		if up, err = p.Dump(r.ctx, d, options...); err != nil {
			return err
		}
	case c.SQLFromFile != "":
		data, err := os.ReadFile(r.path(c.SQLFromFile))
		if err != nil {
			return fmt.Errorf("read the statements: %w", err)
		}
		up = string(data)
	case c.UpSQL == nil && c.DownSQL == nil:
		up, down = "-- "+c.Name+"\n", "-- what undoes "+c.Name+"\n"
	default:
		if c.UpSQL != nil {
			up = *c.UpSQL
		}
		if c.DownSQL != nil {
			down = *c.DownSQL
		}
	}
	version := r.version()
	dir, err := p.CreateMigration(d, version, strings.ReplaceAll(c.Name, " ", "_"), up, down)
	if err != nil {
		return err
	}
	if down == "" {
		r.say("There is no down.sql: this migration cannot be undone until you write one.")
	}
	r.say("created %s", dir)
	if fromServer {
		r.say("The server has this schema already: mark the migration as applied there with\n  gatehouse migrate apply --version %d --skip-execution --database-name %s", version, d)
	}
	return nil
}

// database is the one a new file is for. Without a server to ask, the name alone is enough.
func (r *run) database(p *project.Project, name string, needsServer bool) (project.Database, error) {
	if name != "" && !needsServer && p.Config.Version == 3 {
		return project.Database{Name: name}, nil
	}
	return p.Database(r.ctx, name)
}

type migrateApply struct {
	databases
	Up            string `name:"up" placeholder:"N" help:"Apply the next N migrations, or all. Default: all."`
	Down          string `name:"down" placeholder:"N" help:"Undo the last N migrations, or all."`
	Goto          string `name:"goto" placeholder:"VERSION" help:"Apply or undo migrations until the database is at this version."`
	Version       string `name:"version" placeholder:"VERSION" help:"Apply or undo this migration alone."`
	Type          string `name:"type" default:"up" enum:"up,down" help:"What to do with --version: up or down."`
	SkipExecution bool   `name:"skip-execution" help:"Run nothing, but mark the migrations as applied or undone."`
	DryRun        bool   `name:"dry-run" help:"Show the migrations, and run nothing."`
	NoTransaction bool   `name:"no-transaction" help:"Run the statements outside of a transaction, which some refuse."`
	ProgressBar   bool   `name:"progressbar-logs" hidden:""`
}

func (c *migrateApply) check() error {
	given := 0
	for _, s := range []string{c.Up, c.Down, c.Goto, c.Version} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return errors.New("--up, --down, --goto and --version exclude each other")
	case c.AllDatabases && (c.Goto != "" || c.Version != ""):
		return errors.New("--goto and --version are of one database; they exclude --all-databases")
	case c.DryRun && c.SkipExecution:
		return errors.New("--dry-run and --skip-execution exclude each other")
	case c.Goto != "" && c.SkipExecution:
		return errors.New("--skip-execution goes with --version, --up and --down")
	}
	return nil
}

// steps are what a database needs.
func (c *migrateApply) steps(s *project.Status) (steps []project.Step, short int, err error) {
	number := func(text, what string) (uint64, error) {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return 0, fmt.Errorf("%q is not %s", text, what)
		}
		return n, nil
	}
	count := func(text string) (int, error) {
		if text == "" || text == "all" {
			return -1, nil
		}
		n, err := number(text, "a number of migrations, nor all")
		return int(n), err
	}
	switch {
	case c.Version != "":
		version, err := number(c.Version, "a version")
		if err != nil {
			return nil, 0, err
		}
		steps, err = s.Only(version, project.Direction(c.Type), c.SkipExecution)
		return steps, 0, err
	case c.Goto != "":
		version, err := number(c.Goto, "a version")
		if err != nil {
			return nil, 0, err
		}
		steps, err = s.Goto(version)
		return steps, 0, err
	case c.Down != "":
		n, err := count(c.Down)
		if err != nil {
			return nil, 0, err
		}
		return s.Down(n)
	}
	n, err := count(c.Up)
	if err != nil {
		return nil, 0, err
	}
	return s.Up(n)
}

func (c *migrateApply) run(r *run) error {
	if err := c.check(); err != nil {
		return err
	}
	p, err := r.project()
	if err != nil {
		return err
	}
	all, err := r.chosen(p, c.databases)
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.applyAll(r, p, all)
	}
	return r.inTurn(p, func() error { return c.applyAll(r, p, all) })
}

func (c *migrateApply) applyAll(r *run, p *project.Project, all []project.Database) error {
	var failed []string
	for _, d := range all {
		if err := c.apply(r, p, d); err != nil {
			if len(all) == 1 {
				return err
			}
			r.say("gatehouse: database %s: %v", d, explain(err))
			failed = append(failed, d.String())
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("migrations failed on: %s", strings.Join(failed, ", "))
	}
	return nil
}

func (c *migrateApply) apply(r *run, p *project.Project, d project.Database) error {
	status, err := p.Status(r.ctx, d)
	if err != nil {
		return err
	}
	steps, short, err := c.steps(status)
	if err != nil {
		return err
	}
	if c.DryRun {
		w := tabwriter.NewWriter(r.Out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "VERSION\tTYPE\tNAME")
		for _, s := range steps {
			fmt.Fprintf(w, "%d\t%s\t%s\n", s.Version, s.Direction, s.Name)
		}
		return w.Flush()
	}
	if len(steps) == 0 {
		r.say("nothing to apply on database %s", d)
		return nil
	}
	done := 0
	err = r.while("applying migrations on database "+d.String(), func() error {
		return p.Run(r.ctx, d, steps, project.RunOptions{SkipExecution: c.SkipExecution, NoTransaction: c.NoTransaction, Done: func(s project.Step) {
			done++
			r.say("%-4s  %d  %s", s.Direction, s.Version, s.Name)
		}})
	})
	switch {
	case err != nil && done > 0:
		return fmt.Errorf("%w\n%d of %d migrations are done, this one and those behind it are not", err, done, len(steps))
	case err != nil:
		return err
	case short > 0:
		return fmt.Errorf("%d migrations were asked for and there were %d, which are done", done+short, done)
	case c.SkipExecution:
		r.say("migrations marked on database %s", d)
	default:
		r.say("migrations applied on database %s", d)
	}
	return nil
}

type migrateStatus struct {
	databases
	Output string `name:"output" short:"o" enum:",json" default:"" placeholder:"json" help:"json for programs."`
}

func (c *migrateStatus) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	all, err := r.chosen(p, c.databases)
	if err != nil {
		return err
	}
	var list []*project.Status
	for _, d := range all {
		s, err := p.Status(r.ctx, d)
		if err != nil {
			return fmt.Errorf("database %s: %w", d, err)
		}
		list = append(list, s)
	}
	if c.Output == "json" {
		return r.statusJSON(list)
	}
	w := tabwriter.NewWriter(r.Out, 0, 8, 2, ' ', 0)
	for _, s := range list {
		if s.Database.Name != "" {
			fmt.Fprintf(w, "\nDatabase: %s\n", s.Database.Name)
		}
		fmt.Fprintln(w, "VERSION\tNAME\tSOURCE STATUS\tDATABASE STATUS")
		for _, m := range s.Migrations {
			database := present(m.IsApplied)
			if m.IsDirty {
				database += " (interrupted)"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", m.Version, m.Name, present(m.IsPresent), database)
		}
	}
	return w.Flush()
}

// present are the Hasura command line's words.
func present(is bool) string {
	if is {
		return "Present"
	}
	return "Not Present"
}

func (r *run) statusJSON(list []*project.Status) error {
	type migration struct {
		Version   uint64 `json:"version"`
		Name      string `json:"name"`
		IsPresent bool   `json:"is_present"`
		IsApplied bool   `json:"is_applied"`
		IsDirty   bool   `json:"is_dirty"`
	}
	type database struct {
		Database   string      `json:"database"`
		Migrations []migration `json:"migrations"`
	}
	out := []database{}
	for _, s := range list {
		d := database{s.Database.String(), []migration{}}
		for _, m := range s.Migrations {
			d.Migrations = append(d.Migrations, migration{m.Version, m.Name, m.IsPresent, m.IsApplied, m.IsDirty})
		}
		out = append(out, d)
	}
	return r.json(out)
}

// json writes a result for programs.
func (r *run) json(v any) error {
	enc := json.NewEncoder(r.Out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type migrateSquash struct {
	DatabaseName string `name:"database-name" placeholder:"NAME" help:"The database. Needed where the server has several."`
	From         uint64 `name:"from" required:"" placeholder:"VERSION" help:"The first migration."`
	To           uint64 `name:"to" placeholder:"VERSION" help:"The last migration. Default: the last there is."`
	Name         string `name:"name" default:"squashed" help:"The new migration's name."`
	DeleteSource bool   `name:"delete-source" help:"Delete the originals, which are otherwise moved aside."`
}

func (c *migrateSquash) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	d, err := p.Database(r.ctx, c.DatabaseName)
	if err != nil {
		return err
	}
	var done *project.Squashed
	if err := r.inTurn(p, func() (err error) {
		done, err = p.Squash(r.ctx, d, c.From, c.To, c.Name, c.DeleteSource)
		return err
	}); err != nil {
		return err
	}
	r.say("created %s from %d migrations", done.Dir, len(done.Versions))
	if done.Kept != "" {
		r.say("The originals are in %s; delete it when nobody needs to go back to one of them.", done.Kept)
	}
	return nil
}

type migrateDelete struct {
	databases
	Version uint64 `name:"version" placeholder:"VERSION" help:"The migration."`
	All     bool   `name:"all" help:"All migrations."`
	Server  bool   `name:"server" help:"Only make the server forget them."`
	Force   bool   `name:"force" help:"Do not ask."`
}

func (c *migrateDelete) run(r *run) error {
	if c.All == (c.Version != 0) {
		return errors.New("say --version or --all")
	}
	p, err := r.project()
	if err != nil {
		return err
	}
	all, err := r.chosen(p, c.databases)
	if err != nil {
		return err
	}
	if c.All && !c.Force {
		if err := r.confirm("Delete all migrations and what the server knows of them?", "--force"); err != nil {
			return err
		}
	}
	return r.inTurn(p, func() error {
		for _, d := range all {
			versions, err := p.DeleteMigrations(r.ctx, d, c.Version, c.Server)
			if err != nil {
				return err
			}
			r.say("deleted %d migrations of database %s", len(versions), d)
		}
		return nil
	})
}
