// Package cli is what Gatehouse does for a Hasura project from the command line: migrate, metadata, seed, init and
// deploy. The verbs, their flags and their exit codes are those of the Hasura command line, so that scripts which call
// it can call this instead.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"gatehouse/engine/project"
)

const description = `Work on a Hasura project: its migrations, metadata and seeds, and a server that they are applied to.

The project is the directory with config.yaml, here or above, or --project. The server is named by --endpoint,
HASURA_GRAPHQL_ENDPOINT, .env in the project or config.yaml, in this order; the admin secret likewise.`

// verbs are the commands of this package.
var verbs = []string{"init", "migrate", "metadata", "md", "seed", "seeds", "sd", "deploy"}

// Owns tells whether a command line begins with one of the verbs. Flags may precede it, as in the Hasura command line.
func Owns(args []string) bool {
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return slices.Contains(verbs, args[i])
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if slices.Contains(flagsWithValue, name) && !hasValue {
			i++
		}
	}
	return false
}

// flagsWithValue are those of common that take one.
var flagsWithValue = []string{"project", "endpoint", "admin-secret", "access-key", "envfile", "certificate-authority", "log-level", "database-name"}

// common flags belong to every command.
type common struct {
	Project     string `name:"project" placeholder:"DIR" help:"The project's directory. Default: the one with config.yaml, here or above."`
	Endpoint    string `name:"endpoint" placeholder:"URL" help:"The server. Default http://localhost:8080."`
	AdminSecret string `name:"admin-secret" placeholder:"SECRET" help:"The server's admin secret."`
	AccessKey   string `name:"access-key" hidden:""`
	EnvFile     string `name:"envfile" default:".env" placeholder:"FILE" help:"File in the project with variables that the environment does not have."`
	CA          string `name:"certificate-authority" placeholder:"FILE" help:"Certificates that the server's may be signed by."`
	Insecure    bool   `name:"insecure-skip-tls-verify" help:"Trust any certificate. Who sits between can read the admin secret."`
	// Known to scripts, and without effect here.
	SkipUpdateCheck    bool   `name:"skip-update-check" hidden:""`
	NoColor            bool   `name:"no-color" hidden:""`
	DisableInteractive bool   `name:"disable-interactive" help:"Never ask."`
	LogLevel           string `name:"log-level" hidden:""`
}

// databases is the choice of databases.
type databases struct {
	DatabaseName string `name:"database-name" placeholder:"NAME" help:"The database. Needed where the server has several."`
	AllDatabases bool   `name:"all-databases" help:"Every database of the server."`
}

type commandLine struct {
	Common common `embed:"" group:"Server and project"`

	Init    initCommand `cmd:"" help:"Create a project."`
	Migrate struct {
		Create migrateCreate `cmd:"" help:"Create a migration."`
		Apply  migrateApply  `cmd:"" help:"Apply migrations, or undo them."`
		Status migrateStatus `cmd:"" help:"Show which migrations are here and which are applied."`
		Squash migrateSquash `cmd:"" help:"Make one migration of several."`
		Delete migrateDelete `cmd:"" help:"Delete migrations, here and on the server."`
	} `cmd:"" help:"Changes to the databases' schemas."`
	Metadata struct {
		Apply         metadataApply  `cmd:"" help:"Replace the server's metadata with the project's."`
		Export        metadataExport `cmd:"" help:"Write the server's metadata into the project."`
		Check         metadataCheck  `cmd:"" help:"Show what a project or server uses, and whether Gatehouse honours it."`
		Plan          metadataPlan   `cmd:"" help:"Show what apply would change for those who use the API: rights, schemas, stored operations."`
		Diff          metadataDiff   `cmd:"" help:"Show what apply would change in the files that export writes."`
		Reload        metadataReload `cmd:"" help:"Make the server look at its databases and remote schemas again."`
		Clear         metadataClear  `cmd:"" aliases:"reset" help:"Empty the server's metadata."`
		Inconsistency struct {
			List   inconsistencyList   `cmd:"" aliases:"ls" help:"List what the server cannot honour, and why."`
			Drop   inconsistencyDrop   `cmd:"" help:"Remove what the server cannot honour from its metadata."`
			Status inconsistencyStatus `cmd:"" help:"Tell whether the metadata is consistent; exit code 1 if not."`
		} `cmd:"" aliases:"inconsistencies,ic" help:"What the server cannot honour."`
	} `cmd:"" aliases:"md" help:"What is tracked, and who may do what."`
	Seed struct {
		Create seedCreate `cmd:"" help:"Create a seed file."`
		Apply  seedApply  `cmd:"" help:"Run seed files."`
	} `cmd:"" aliases:"seeds,sd" help:"Data to begin with."`
	Deploy deploy `cmd:"" help:"Apply the whole project: migrations, metadata, and seeds with --with-seeds."`
}

// IO is where a command reads and writes: results go to Out, everything else to Err.
type IO struct {
	In         io.Reader
	Out, Err   io.Writer
	IsTerminal bool
	// Environ is the environment, as os.Environ.
	Environ []string
	// Dir is the working directory.
	Dir string
	// Now is the clock that new migrations are numbered by.
	Now func() time.Time
}

// run is what a command works with.
type run struct {
	IO
	ctx    context.Context //nolint:containedctx // one command's, which ends with it
	common common
	env    map[string]string
}

// verb is a command.
type verb interface{ run(r *run) error }

// Run runs a command line and gives the exit code.
func Run(ctx context.Context, args []string, with IO) int {
	var line commandLine
	exited, code := false, 0
	parser, err := kong.New(&line, kong.Name("gatehouse"), kong.Description(description), kong.UsageOnError(), kong.Writers(with.Out, with.Err),
		kong.Exit(func(c int) { exited, code = true, c }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))
	if err != nil {
		fmt.Fprintln(with.Err, "gatehouse:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exited { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(with.Err, "gatehouse: %v\nTry: gatehouse %s --help\n", err, strings.Join(words(args), " "))
		return 1
	}
	r := &run{IO: with, ctx: ctx, common: line.Common}
	target, ok := parsed.Selected().Target.Addr().Interface().(verb)
	if !ok {
		fmt.Fprintln(with.Err, "gatehouse: this is no command")
		return 1
	}
	if err := target.run(r); err != nil {
		status := statusOf(err)
		if !errors.Is(err, errSaid) && status == 1 {
			fmt.Fprintln(with.Err, "gatehouse:", explain(err))
		}
		return status
	}
	return 0
}

// errSaid ends a command with exit code 1 that has said why.
var errSaid = errors.New("said")

// words are what a command line begins with.
func words(args []string) []string {
	var out []string
	for _, a := range args {
		if strings.HasPrefix(a, "-") || len(out) == 1 {
			break
		}
		out = append(out, a)
	}
	return out
}

// say tells the person at the terminal.
func (r *run) say(format string, args ...any) { fmt.Fprintf(r.Err, format+"\n", args...) }

// confirm asks before something that cannot be undone. Where nobody can answer it is refused.
func (r *run) confirm(question, flag string) error {
	if !r.IsTerminal || r.common.DisableInteractive {
		return fmt.Errorf("%s Nobody can be asked here: say %s", question, flag)
	}
	fmt.Fprintf(r.Err, "%s [y/N] ", question)
	var answer string
	_, _ = fmt.Fscanln(r.In, &answer)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errors.New("nothing was done")
	}
	return nil
}

// while says what is being waited for, when it takes more than a moment.
func (r *run) while(what string, do func() error) error {
	done, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		for wait := time.Second; ; wait = 10 * time.Second {
			select {
			case <-done:
				return
			case <-time.After(wait):
				r.say("%s …", what)
			}
		}
	}()
	err := do()
	close(done)
	<-told
	return err
}

// explain adds what to do to errors that a setting is the reason of.
func explain(err error) error {
	var refusal *project.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	switch {
	case refusal.Code == "access-denied" || refusal.Status == 401:
		return fmt.Errorf("%w\nThe admin secret comes from --admin-secret, HASURA_GRAPHQL_ADMIN_SECRET, .env or admin_secret in config.yaml", err)
	case refusal.Code == "not-found" && refusal.Status == 404:
		return fmt.Errorf("%w\nIs this the address of a Hasura or Gatehouse that serves the metadata API (HASURA_GRAPHQL_ENABLED_APIS)?", err)
	}
	return err
}

// Standard is the process' own terminal and environment.
func Standard() IO {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, IsTerminal: isTerminal(), Environ: os.Environ(), Dir: dir, Now: time.Now}
}
