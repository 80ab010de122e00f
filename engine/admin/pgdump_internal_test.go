package admin

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
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

// pg_dump encrypts as the source's own connections do: a password must not go where they would not have sent it.
func TestEncryption(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for text, want := range map[string][]string{
		"postgres://u:p@db/x?sslmode=disable":                    {"PGSSLMODE=disable"},
		"postgres://u:p@db/x?sslmode=allow":                      {"PGSSLMODE=allow"},
		"postgres://u:p@db/x":                                    {"PGSSLMODE=prefer"},
		"postgres://u:p@10.0.0.1/x?sslmode=require":              {"PGSSLMODE=require"},
		"postgres://u:p@10.0.0.1,10.0.0.2/x?sslmode=require":     {"PGSSLMODE=require"},
		"postgres://u:p@db/x?sslmode=verify-ca":                  {"PGSSLMODE=verify-ca"},
		"postgres://u:p@db/x?sslmode=verify-full":                {"PGSSLMODE=verify-full"},
		"host=db user=u password=p dbname=x sslmode=verify-full": {"PGSSLMODE=verify-full"},
		"host=db,/tmp user=u dbname=x sslmode=verify-full":       {"PGSSLMODE=verify-full"},
		"postgres:///x?host=/tmp&sslmode=verify-full&user=u":     {"PGSSLMODE=disable"},
	} {
		c, err := pgconn.ParseConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := encryption(c, text, nil); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	c, err := pgconn.ParseConfig("postgres://u:p@db/x?sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	const text = "postgres://u:p@db/x?sslmode=require&sslkey=/k&sslrootcert=%2Fa%20b%2Fca.pem&sslcert="
	got := encryption(c, text, nil)
	if want := []string{"PGSSLMODE=require", "PGSSLROOTCERT=/a b/ca.pem", "PGSSLKEY=/k"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := encryption(c, text, &metadata.SSLConfiguration{Mode: "require"}); !slices.Equal(got, []string{"PGSSLMODE=require"}) {
		t.Errorf("what ssl_configuration stands in the place of: %v", got)
	}
}

// The files are read as libpq reads the string: what is quoted is one value, and one inside another's value is none.
func TestCertificateFiles(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://u:p@db/x?sslrootcert=%2Fa%20b%2Fca.pem&sslkey=/k&sslmode=require": "/a b/ca.pem||/k",
		"postgres://u:sslcert=1@a:1,b:2/x?application_name=sslkey%3D/k":               "||",
		"host=db sslrootcert='/ca.pem' sslcert = /c":                                  "/ca.pem|/c|",
		`sslrootcert = '/a b/it\'s.pem' sslkey=/with\ space`:                          "/a b/it's.pem||/with space",
		"password='x sslcert=/no' sslkey=''":                                          "||",
	} {
		files := certificateFiles(text)
		if got := files["sslrootcert"] + "|" + files["sslcert"] + "|" + files["sslkey"]; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
