package engine

import (
	"fmt"
	"testing"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// The golden cases of Hasura's query language: what each feature answers, to whom, and the SQL it becomes.
func TestFeatures(t *testing.T) {
	t.Parallel()
	testFiles(t, "testdata/features/cases/*.json", featureLine)
}

// featureLine is a query line over the features' fixture.
func featureLine(t *testing.T, first *goldenCase) *Line {
	t.Helper()
	o := schema.Options{
		InferFunctionPermissions: true, NamingConvention: first.NamingConvention, Experimental: map[string]bool{"naming_convention": true},
	}
	return fixtureLine(t, "features", o, func(m *metadata.Metadata) {
		if len(first.Customization) == 0 {
			return
		}
		const document = `{"version": 3, "sources": [{"name": "default", "kind": "postgres", "tables": [], "customization": %s,
"configuration": {"connection_info": {"database_url": ""}}}]}`
		given, err := metadata.Decode(fmt.Appendf(nil, document, first.Customization), "$", true)
		if err != nil {
			t.Fatal(err)
		}
		m.Sources[0].Customization = given.Sources[0].Customization
	})
}
