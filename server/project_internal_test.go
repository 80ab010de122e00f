package server

import (
	"slices"
	"testing"

	"github.com/alecthomas/kong"
)

// The places of Hasura's image may be missing; a directory that somebody names may not.
func TestProjectSettings_missing(t *testing.T) {
	var s ProjectSettings
	parser, err := kong.New(&s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if got := s.missing(); s.MigrationsDir == "" || got != nil {
		t.Errorf("by default: %q", got)
	}
	here, away := t.TempDir(), t.TempDir()+"/away"
	if _, err := parser.Parse([]string{"--migrations-dir", here, "--metadata-dir", away, "--seeds-dir", ""}); err != nil {
		t.Fatal(err)
	}
	if got := s.missing(); !slices.Equal(got, []string{away}) {
		t.Errorf("got %q", got)
	}
}
