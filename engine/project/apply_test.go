package project_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/engine/project"
)

// mounted is a project on a server whose only database is default.
func mounted(t *testing.T, files map[string]string) (*project.Project, *fake) {
	t.Helper()
	dir := write(t, files)
	f := &fake{t: t, state: json.RawMessage(`{}`), applied: json.RawMessage(`{"is_consistent":true,"inconsistent_objects":[]}`)}
	return &project.Project{Config: project.Mounted(dir+"/migrations", dir+"/metadata", ""), Server: f}, f
}

func apply(t *testing.T, p *project.Project) string {
	t.Helper()
	var said strings.Builder
	say := func(level string) func(what string, attrs ...any) {
		return func(what string, attrs ...any) {
			for _, a := range attrs {
				if raw, ok := a.(json.RawMessage); ok {
					a = string(raw)
				}
				what += fmt.Sprint(" ", a)
			}
			said.WriteString(level + what + "\n")
		}
	}
	err := p.Apply(t.Context(), project.ApplyOptions{Report: say(""), Warn: say("warning: ")})
	if err != nil {
		t.Fatal(err)
	}
	return said.String()
}

// A team that renames its database keeps the old directory, and Hasura's image passes it over.
func TestApply_migrationsOfADatabaseThatIsNotThereAreLeftAloneAndNamed(t *testing.T) {
	t.Parallel()
	p, f := mounted(t, map[string]string{"migrations/default/1_a/up.sql": "up 1", "migrations/former/7_b/up.sql": "up 7"})
	said := apply(t, p)
	if len(f.ran) != 1 || f.ran[0] != "up 1" {
		t.Errorf("ran %q", f.ran)
	}
	if !strings.Contains(said, "warning: migrations of a database that the server does not have are left alone database former directory ") {
		t.Errorf("said %s", said)
	}
}

func TestApply_saysWhyADatabaseIsInconsistent(t *testing.T) {
	t.Parallel()
	p, f := mounted(t, map[string]string{"metadata/databases/databases.yaml": "[]"})
	f.applied = json.RawMessage(`{"is_consistent":false,"inconsistent_objects":[` +
		`{"type":"source","name":"source pg","definition":"pg","reason":"Inconsistent object: the variable PG is not set"},` +
		`{"type":"table","name":"table a","definition":"a","reason":"Inconsistent object: no such table"}]}`)
	said := apply(t, p)
	if want := `warning: a database is inconsistent database "pg" reason "Inconsistent object: the variable PG is not set"`; !strings.Contains(said, want) || strings.Contains(said, "no such table") {
		t.Errorf("said %s", said)
	}
}
