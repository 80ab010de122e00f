package admin

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gatehouse/engine/fault"
)

// program is one that says its version as pg_dump does.
func program(t *testing.T, says string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pg_dump")
	if err := os.WriteFile(name, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestChooseDump(t *testing.T) {
	ancient, old, exact := program(t, "pg_dump (PostgreSQL) 9.6.24"), program(t, "pg_dump (PostgreSQL) 14.19 (Debian 14.19-1)"), program(t, "pg_dump (PostgreSQL) 15.14")
	other, away := program(t, "you need to install postgresql-client"), filepath.Join(t.TempDir(), "pg_dump")
	for name, c := range map[string]struct {
		candidates []string
		want, said string
	}{
		"the first that can read the server": {candidates: []string{away, old, exact, program(t, "pg_dump (PostgreSQL) 18.1")}, want: exact},
		"none at all":                        {candidates: []string{away}, said: "pg_dump of version 15 or later is needed on the server to dump this database; none was found"},
		"something else of that name":        {candidates: []string{other}, said: "pg_dump of version 15 or later is needed on the server to dump this database; none was found"},
		"too old ones":                       {candidates: []string{old, ancient, old}, said: "pg_dump of version 15 or later is needed on the server to dump this database; found only version 14, 9"},
	} {
		got, err := chooseDump(t.Context(), 15, c.candidates)
		var f *fault.Error
		switch {
		case c.said == "" && (err != nil || got != c.want):
			t.Errorf("%s: %s, %v", name, got, err)
		case c.said != "" && (!errors.As(err, &f) || f.Code != fault.NotSupported || f.Message != c.said):
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
