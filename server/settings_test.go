package server_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"gatehouse/server"
)

var update = flag.Bool("update", false, "write docs/settings.md")

func TestSettingsDocument(t *testing.T) {
	const path = "../docs/settings.md"
	got := server.SettingsDocument()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/settings.md is out of date, run make generate (-document +code):\n%s", diff)
	}
}

func parse(t *testing.T, args ...string) (*server.Settings, error) {
	t.Helper()
	var cli struct {
		server.Settings
		Serve struct{} `cmd:"" default:"withargs"`
	}
	k, err := kong.New(&cli, server.SettingsOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &cli.Settings, err
}

func TestSettings_hasurasOwnCommandLine(t *testing.T) {
	s, err := parse(t, "--metadata-database-url", "postgres://m", "serve", "--server-port", "8081", "--admin-secret", "s",
		"--stringify-numeric-types", "--enable-telemetry=false", "--enabled-apis", "graphql")
	if err != nil {
		t.Fatal(err)
	}
	if s.Database.MetadataURL != "postgres://m" || *s.Listening.Port != 8081 || s.Secrets.AdminSecret != "s" ||
		!s.Engine.StringifyNumericTypes || s.Engine.EnabledAPIs != "graphql" {
		t.Errorf("got %+v", s)
	}
}

func TestSettings_flagOverEnvironmentOverDefault(t *testing.T) {
	t.Setenv("HASURA_GRAPHQL_ENABLED_APIS", "metadata")
	t.Setenv("HASURA_GRAPHQL_DEV_MODE", "Y")
	t.Setenv("HASURA_GRAPHQL_PG_CONNECTIONS", "") // as compose files pass what is not set
	s, err := parse(t, "--dev-mode=false")
	if err != nil {
		t.Fatal(err)
	}
	if s.Engine.DevMode || s.Engine.EnabledAPIs != "metadata" || s.Pools.Connections != 50 {
		t.Errorf("dev mode %v, APIs %q, connections %d", s.Engine.DevMode, s.Engine.EnabledAPIs, s.Pools.Connections)
	}
}

func TestSettings_refusesNonsense(t *testing.T) {
	for _, args := range [][]string{{"--port", "eighty"}, {"--dev-mode=perhaps"}, {"--only", "half"}, {"--no-such-flag"}, {"frobnicate"}} {
		if _, err := parse(t, args...); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	known := server.KnownVariables()
	got := server.UnknownVariables([]string{"HASURA_GRAPHQL_ADMIN_SECERT=x", "GATEHOUSE_DATA_DIR=/d", "HOME=/", "GATEHOUSE_X=1", "USER_DEFAULT_ROLE_NAMES=a"}, known)
	if want := []string{"GATEHOUSE_X", "HASURA_GRAPHQL_ADMIN_SECERT"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSettings_everyOneIsRead: what the documentation promises, the code asks for. The accepted ones say that they change nothing.
func TestSettings_everyOneIsRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(b)
		}
	}
	settings := reflect.TypeFor[server.Settings]()
	for i := range settings.NumField() {
		group := settings.Field(i)
		if group.Name == "Accepted" || group.Name == "Unserved" {
			continue
		}
		for j := range group.Type.NumField() {
			if name := group.Type.Field(j).Name; !regexp.MustCompile(`\.` + name + `\b`).MatchString(text.String()) {
				t.Errorf("nothing reads %s.%s", group.Name, name)
			}
		}
	}
}
