// Command gatehouse gives a product its API, sign-in, identity and permissions: one process on Postgres.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"gatehouse/cli"
	"gatehouse/server"
)

const description = `One binary on Postgres: a GraphQL and REST API from your database schema, sign-in and identity
on OpenID Connect, and permissions by role. Without a database URL it brings its own Postgres up.

Everything is on one port: /console, /v1/graphql, /v1/metadata, /api/rest, /oidc, /sign-in, /demo.`

// commandLine is what can be said. The settings belong to every command: Hasura's own command line puts some of them
// before the command and some behind it.
type commandLine struct {
	server.Settings

	Serve     struct{}         `cmd:"" default:"withargs" help:"Run the server (also with no command)."`
	Version   struct{}         `cmd:"" help:"Print the version."`
	Export    struct{}         `cmd:"" help:"Print the stored metadata."`
	Clean     struct{}         `cmd:"" help:"Take the metadata out of the database, to start afresh."`
	Downgrade server.Downgrade `cmd:"" help:"Say what a Hasura needs to start on the database again."`
	Doctor    struct{}         `cmd:"" help:"Check configuration, databases, issuer, proxy headers and clock; say the fix."`
	Health    struct{}         `cmd:"" help:"Ask the Gatehouse on this machine whether it is healthy (for container health checks)."`
	Admin     struct {
		Create server.AdminCreate `cmd:"" help:"Create an administrator."`
	} `cmd:"" help:"Administrators."`

	// The commands of package cli are listed here, and read by it.
	Migrate  elsewhere `cmd:"" help:"Work on a Hasura project: apply, undo, create and squash migrations."`
	Metadata elsewhere `cmd:"" help:"Work on a Hasura project: apply, export and compare metadata."`
	Seed     elsewhere `cmd:"" help:"Work on a Hasura project: create and run seeds."`
	Init     elsewhere `cmd:"" help:"Create a Hasura project."`
	Deploy   elsewhere `cmd:"" help:"Apply a whole Hasura project."`
}

type elsewhere struct {
	Args []string `arg:"" optional:"" passthrough:""`
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if cli.Owns(args) {
		return cli.Run(ctx, args, cli.Standard())
	}
	var line commandLine
	parser, err := kong.New(&line, append(server.SettingsOptions(),
		kong.Name("gatehouse"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 110}))...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatehouse:", err)
		return 1
	}
	if args, err = server.HasuraArguments(args); err != nil {
		server.ReportFatal(os.Stderr, nil, err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		server.ReportFatal(os.Stderr, parser, fmt.Errorf("%w; see gatehouse --help", err))
		return 1
	}
	switch command, _, _ := strings.Cut(parsed.Command(), " <"); command {
	case "version":
		server.PrintVersion(os.Stdout)
	case "export":
		err = server.Export(ctx, &line.Settings, os.Stdout)
	case "clean":
		err = server.Clean(ctx, &line.Settings, os.Stdout)
	case "downgrade":
		err = line.Downgrade.Run(os.Stdout)
	case "doctor":
		err = server.Doctor(ctx, &line.Settings, os.Stdout)
	case "health":
		err = server.Health(ctx, &line.Settings)
	case "admin create":
		err = server.CreateAdmin(ctx, &line.Settings, &line.Admin.Create, os.Stdin, os.Stdout)
	default:
		if err = server.Run(ctx, &line.Settings, os.Stdout, os.Stderr); err != nil && !errors.Is(err, context.Canceled) {
			server.ReportFatal(os.Stderr, parser, err)
			return 1
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "gatehouse:", err)
		return 1
	}
	return 0
}
