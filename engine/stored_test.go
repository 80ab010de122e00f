package engine_test

import (
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

// Whoever looks at a stored document without an engine finds what the engine would.
func TestStoredMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	s.do("gatehouse_set_source_features", `{"scalar_functions":true}`)
	if got, err := engine.StoredMetadata(t.Context(), s.metadataURL); err != nil || string(got) != s.document() || !strings.Contains(string(got), "scalar_functions") {
		t.Errorf("%v %s", err, got)
	}
	s.exec(s.metadataURL, `drop table hdb_catalog.gatehouse_settings`) // as a Hasura leaves it
	if got, err := engine.StoredMetadata(t.Context(), s.metadataURL); err != nil || !strings.Contains(string(got), `"author"`) || strings.Contains(string(got), "scalar_functions") {
		t.Errorf("%v %s", err, got)
	}
	s.exec(s.metadataURL, `update hdb_catalog.hdb_version set version = '47'`)
	for name, look := range map[string]func() error{
		"export":  func() error { _, err := engine.StoredMetadata(t.Context(), s.metadataURL); return err },
		"inspect": func() error { _, err := engine.Inspect(t.Context(), config(s.metadataURL, s.dataURL)); return err },
	} {
		if err := look(); err == nil || !strings.Contains(err.Error(), "version 47") {
			t.Errorf("%s of an older catalog: %v", name, err)
		}
	}
	if _, err := engine.StoredMetadata(t.Context(), testpg.Database(t)); err == nil || !strings.Contains(err.Error(), "has no catalog") {
		t.Errorf("nothing there: %v", err)
	}
}
