package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
	"gatehouse/engine/validation"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
)

// remoteLine makes a query line over the databases of testdata/remote, one for each source, with edited metadata.
func remoteLine(t testing.TB, edit func(*metadata.Metadata)) *Line {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "remote", "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.Decode(raw, "$", true)
	if err != nil {
		t.Fatal(err)
	}
	edit(meta)
	databases, in := map[string]execute.Database{}, schema.Input{Metadata: meta, Catalogs: map[string]*catalog.Catalog{}}
	in.Options.Experimental = map[string]bool{"naming_convention": true}
	for _, s := range meta.Sources {
		url := testpg.Clone(t, "engine_remote_"+s.Name, func(ctx context.Context, url string) error {
			sql, err := os.ReadFile(filepath.Join("testdata", "remote", s.Name+".sql"))
			if err != nil {
				return err
			}
			pool, err := postgres.Open(ctx, postgres.Config{URL: url})
			if err != nil {
				return err
			}
			defer pool.Close()
			_, err = pool.Exec(ctx, string(sql))
			return err
		})
		var config Config
		open, err := config.openSource(t.Context(), &metadata.Source{
			Name: s.Name, Configuration: metadata.SourceConfiguration{ConnectionInfo: metadata.ConnectionInfo{URL: url}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(open.close)
		databases[s.Name] = execute.Database{Pool: open.pool, Multiplexer: open.database.Multiplexer}
		if in.Catalogs[s.Name], err = catalog.Load(t.Context(), open.pool); err != nil {
			t.Fatal(err)
		}
	}
	model := schema.Build(in)
	for _, i := range model.Inconsistencies() {
		t.Errorf("inconsistent: %s: %s", i.Name, i.Reason)
	}
	return NewLine(model, execute.Over(databases), validation.New(nil))
}

func TestRemoteRelationship(t *testing.T) {
	t.Parallel()
	testFiles(t, "testdata/remote/cases/*.json", func(t *testing.T, _ *goldenCase) *Line { return remoteLine(t, unchanged) })
}
