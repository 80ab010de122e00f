package engine

import (
	"context"
	"os"
	"strings"
	"testing"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
)

// The golden cases of Hasura's query language: what each feature answers, to whom, and the SQL it becomes.
func TestFeatures(t *testing.T) {
	t.Parallel()
	testFiles(t, "testdata/features/cases/*.json", featureLine)
}

// featureLine is a query line over the features' fixture.
func featureLine(t *testing.T, first *goldenCase) *Line {
	t.Helper()
	url := testpg.Clone(t, "engine_features", func(ctx context.Context, url string) error {
		sql, err := os.ReadFile("testdata/features/fixture.sql")
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
	raw, err := os.ReadFile("testdata/features/metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Customization) > 0 {
		raw = []byte(strings.Replace(string(raw), `"kind": "postgres",`, `"kind": "postgres", "customization": `+string(first.Customization)+`,`, 1))
	}
	meta, err := metadata.Decode(raw, "$", true)
	if err != nil {
		t.Fatal(err)
	}
	return lineAt(t, schema.Options{
		InferFunctionPermissions: true, NamingConvention: first.NamingConvention, Experimental: map[string]bool{"naming_convention": true},
	}, url, meta)
}
