package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"reflect"

	"gatehouse/engine"
	"gatehouse/engine/metadata"
	"gatehouse/engine/project"
)

// ProjectSettings name a Hasura project that is applied before anything is served, as Hasura's image for migrations does.
type ProjectSettings struct {
	MigrationsDir string `name:"migrations-dir" env:"HASURA_GRAPHQL_MIGRATIONS_DIR" default:"/hasura-migrations" placeholder:"DIR" help:"Apply the migrations in this directory at start, if it exists."`
	MetadataDir   string `name:"metadata-dir" env:"HASURA_GRAPHQL_METADATA_DIR" default:"/hasura-metadata" placeholder:"DIR" help:"Apply the metadata in this directory at start, if it exists and differs."`
	SeedsDir      string `name:"seeds-dir" env:"HASURA_GRAPHQL_SEEDS_DIR" default:"/hasura-seeds" placeholder:"DIR" help:"Run the seeds of database default in this directory at every start, if it exists."`
	NoTransaction bool   `name:"migrations-no-transaction" env:"HASURA_GRAPHQL_MIGRATIONS_NO_TRANSACTION,HASURA_GRAPHQL_NO_TRANSACTION" help:"Run migrations at start outside of transactions. One file alone begins with -- gatehouse:no-transaction."`
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// isMounted tells whether there is anything to apply.
func (p *ProjectSettings) isMounted() bool {
	return isDirectory(p.MigrationsDir) || isDirectory(p.MetadataDir) || isDirectory(p.SeedsDir)
}

// missing are the directories that somebody named and that do not exist. Those of Hasura's image may be missing.
func (p *ProjectSettings) missing() []string {
	var names []string
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if name, ok := v.Field(i).Interface().(string); ok && name != "" && name != v.Type().Field(i).Tag.Get("default") && !isDirectory(name) {
			names = append(names, name)
		}
	}
	return names
}

// applyProject brings the databases to what is mounted.
func (sv *Server) applyProject(ctx context.Context) error {
	s := &sv.settings.Project
	p := &project.Project{Config: project.Mounted(s.MigrationsDir, s.MetadataDir, s.SeedsDir), Server: ownEngine{sv.engine}}
	err := p.Apply(ctx, project.ApplyOptions{
		NoTransaction: s.NoTransaction,
		IsApplied:     func(document json.RawMessage) (bool, error) { return isApplied(sv.engine, document) },
		Report:        func(what string, attrs ...any) { sv.log.InfoContext(ctx, what, attrs...) },
		Warn:          func(what string, attrs ...any) { sv.log.WarnContext(ctx, what, attrs...) },
	})
	if err != nil || !isDirectory(s.SeedsDir) {
		return err
	}
	d := project.Database{Name: metadata.DefaultSource}
	if p.Config.Version == 2 {
		d.Name = ""
	}
	files, err := p.ApplySeeds(ctx, d, nil)
	if err == nil {
		sv.log.InfoContext(ctx, "seeds applied", slog.Int("files", len(files)))
	}
	return err
}

// isApplied compares a document with the engine's, both as they are exported.
func isApplied(e *engine.Engine, document json.RawMessage) (bool, error) {
	now := e.Snapshot().Metadata()
	wanted, err := metadata.DecodeAny(document, "$", now)
	if err != nil {
		return false, err
	}
	if err := wanted.Check(); err != nil {
		return false, err
	}
	wanted.KeepSettings(now)
	return string(wanted.Encode()) == string(now.Encode()), nil
}

// ownEngine is this process' engine as a project knows a server.
type ownEngine struct{ *engine.Engine }

func (o ownEngine) Post(ctx context.Context, path string, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	status, answer := o.Administer(ctx, path, raw)
	if err := ctx.Err(); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	if status != 200 {
		return nil, project.ReadRefusal(status, answer)
	}
	return answer, nil
}
