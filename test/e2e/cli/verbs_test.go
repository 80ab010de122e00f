package cli_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

// shop is a project of some size: 20 tables with permissions, relationships, an enum, functions, a native query, a remote
// schema, actions, a cron trigger, a REST endpoint, an allow list, inherited roles.
const shop = "testdata/shop"

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		name, _ := filepath.Rel(dir, p)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// person types commands into a project whose server is p.
type person struct {
	*testing.T
	dir, endpoint string
}

func (p *person) types(args ...string) (out, errOut string, code int) {
	p.Helper()
	cmd := exec.Command(testbin.Path(p.T), args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HASURA_GRAPHQL_ENDPOINT=" + p.endpoint, "HASURA_GRAPHQL_ADMIN_SECRET=secret"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		p.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// succeeds gives what is printed as the result.
func (p *person) succeeds(line string) string {
	p.Helper()
	out, errOut, code := p.types(strings.Fields(line)...)
	if code != 0 {
		p.Fatalf("gatehouse %s: exit code %d\n%s%s", line, code, out, errOut)
	}
	return out
}

func (p *person) fails(line, want string) {
	p.Helper()
	out, errOut, code := p.types(strings.Fields(line)...)
	if code != 1 || !strings.Contains(errOut, want) {
		p.Errorf("gatehouse %s: exit code %d, want an error with %q\n%s%s", line, code, want, out, errOut)
	}
}

func (p *person) is(got, want string) {
	p.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		p.Error(diff)
	}
}

func TestVerbs_aProjectMovesIn(t *testing.T) {
	t.Parallel()
	server := launch(t, testpg.Database(t))
	server.ready(t)
	p := &person{t, copyOf(t, shop), server.base}
	p.succeeds("migrate apply --database-name default")
	p.succeeds("metadata apply")
	p.succeeds("seed apply --database-name default")
	if got := server.query(t, `{product(order_by:{id:asc}){name brand{name} category{name}} searchProducts(args:{search:"anv"}){name} purchases{placedAt}}`); got != `{"data":{"product":[{"name":"Hammer","brand":{"name":"Acme"},"category":{"name":"Tools"}},{"name":"Anvil","brand":{"name":"Acme"},"category":{"name":"Tools"}}],"searchProducts":[{"name":"Anvil"}],"purchases":[]}}` {
		t.Error(got)
	}
	p.is(p.succeeds("metadata export"), "")
	if diff := cmp.Diff(tree(t, shop), tree(t, p.dir)); diff != "" {
		t.Errorf("an export into the project changes it: %s", diff)
	}
	p.is(p.succeeds("metadata diff --exit-code"), "")
	// The same into an empty directory: nothing depends on what was there.
	if err := os.RemoveAll(filepath.Join(p.dir, "metadata")); err != nil {
		t.Fatal(err)
	}
	p.succeeds("metadata export")
	if diff := cmp.Diff(tree(t, shop), tree(t, p.dir)); diff != "" {
		t.Errorf("an export from scratch differs: %s", diff)
	}
	// A change in the project, and what it would do.
	file := filepath.Join(p.dir, "metadata/databases/default/tables/public_price.yaml")
	text, _ := os.ReadFile(file)
	if err := os.WriteFile(file, bytes.Replace(text, []byte("        - amount\n"), nil, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	p.is(p.succeeds("metadata diff"), `--- server/databases/default/tables/public_price.yaml
+++ project/databases/default/tables/public_price.yaml
@@ -6,7 +6,6 @@
     permission:
       columns:
         - product_id
-        - amount
       filter:
         valid_from:
           _lte: now()
`)
	p.fails("metadata diff --exit-code", "")
	p.succeeds("metadata apply")
	p.is(p.succeeds("metadata diff"), "")
	// Away again, to an empty server and back.
	p.succeeds("metadata clear")
	if got := server.query(t, "{product{id}}"); !strings.Contains(got, "field 'product' not found") {
		t.Errorf("after clear: %s", got)
	}
	p.succeeds("deploy")
	if got := server.query(t, "{product{id}}"); got != `{"data":{"product":[{"id":1},{"id":2}]}}` {
		t.Errorf("after deploy: %s", got)
	}
}

func TestVerbs_migrate(t *testing.T) {
	t.Parallel()
	server := launch(t, testpg.Database(t))
	server.ready(t)
	p := &person{t, copyOf(t, shop), server.base}
	status := func(database ...string) string {
		lines := []string{"", "Database: default", "VERSION        NAME       SOURCE STATUS  DATABASE STATUS"}
		for i, name := range []string{"catalogue", "orders", "payments", "functions"} {
			lines = append(lines, strings.TrimRight(strings.Join([]string{"170000000000" + string(rune('1'+i)), pad(name, 9), "Present      ", database[i]}, "  "), " "))
		}
		return strings.Join(lines, "\n") + "\n"
	}
	const yes, no = "Present", "Not Present"
	p.is(p.succeeds("migrate status --database-name default"), status(no, no, no, no))
	p.is(p.succeeds("migrate apply --up 2 --dry-run"), "VERSION        TYPE  NAME\n1700000000001  up    catalogue\n1700000000002  up    orders\n")
	p.is(p.succeeds("migrate status"), status(no, no, no, no))
	p.succeeds("migrate apply --up 1")
	p.succeeds("migrate apply --goto 1700000000003 --database-name default")
	p.is(p.succeeds("migrate status --all-databases"), status(yes, yes, yes, no))
	p.succeeds("migrate apply --goto 1700000000002")
	p.fails("migrate apply --version 1700000000002", "already applied")
	p.fails("migrate apply --down 5", "5 migrations were asked for and there were 2, which are done")
	p.is(p.succeeds("migrate status"), status(no, no, no, no))
	p.succeeds("migrate apply --all-databases")
	p.succeeds("migrate apply --type down --version 1700000000004")
	p.succeeds("migrate apply --version 1700000000004 --skip-execution")
	p.is(p.succeeds("migrate status"), status(yes, yes, yes, yes))
	p.succeeds("migrate apply --version 1700000000004 --type down --skip-execution")
	p.succeeds("migrate apply --version 1700000000004")
	if got := server.query(t, "{__typename}"); got != `{"data":{"__typename":"query_root"}}` {
		t.Error(got)
	}
	for _, bad := range []struct{ line, want string }{
		{"migrate apply --up 1 --down 1", "exclude each other"},
		{"migrate apply --up some", `"some" is not a number of migrations`},
		{"migrate apply --goto 7", "there is no migration 7"},
		{"migrate apply --database-name other", `there is no database "other" (the server has: default)`},
		{"migrate apply --type sideways", "--type must be one of"},
		{"migrate delete --all", "Nobody can be asked here: say --force"},
		{"migrate frobnicate", "unexpected argument frobnicate"},
	} {
		p.fails(bad.line, bad.want)
	}

	// One that fails halfway is not applied at all, the one before it is, and nothing is marked.
	for name, sql := range map[string]string{"1700000000005_good": "create table good (id int)", "1700000000006_bad": "create table half (id int); select 1/0;"} {
		dir := filepath.Join(p.dir, "migrations/default", name)
		_ = os.MkdirAll(dir, 0o755)
		if err := os.WriteFile(filepath.Join(dir, "up.sql"), []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.fails("migrate apply", "1700000000006_bad/up.sql: division by zero")
	p.fails("migrate apply --down 1", "migration 1700000000005 of database default has no down file here")
	if got := p.succeeds("migrate status -o json"); !regexp.MustCompile(`"version": 1700000000005,\s+"name": "good",\s+"is_present": true,\s+"is_applied": true`).MatchString(got) ||
		!regexp.MustCompile(`"name": "bad",\s+"is_present": true,\s+"is_applied": false`).MatchString(got) {
		t.Error(got)
	}
	p.succeeds("migrate delete --version 1700000000006")

	// Four applied migrations become one, which counts as applied.
	p.fails("migrate squash --from 1700000000002 --to 1700000000001", "the first must be before the last")
	p.succeeds("migrate squash --from 1700000000001 --to 1700000000004 --name begin --delete-source")
	p.is(p.succeeds("migrate status"), "\nDatabase: default\nVERSION        NAME   SOURCE STATUS  DATABASE STATUS\n1700000000004  begin  Present        Present\n1700000000005  good   Present        Present\n")
	p.succeeds("migrate delete --version 1700000000005")
	p.succeeds("migrate apply --down all")
	p.succeeds("migrate apply")
	p.succeeds("metadata apply")
	if got := server.query(t, "{product{id}}"); got != `{"data":{"product":[]}}` {
		t.Error(got)
	}
}

func pad(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }

func TestVerbs_severalDatabases(t *testing.T) {
	t.Parallel()
	second := testpg.Database(t)
	server := launch(t, testpg.Database(t), "STATS_URL="+second)
	server.ready(t)
	p := &person{t, files(t, map[string]string{
		"config.yaml":                                   "version: 3\nendpoint: http://localhost:1\n",
		"metadata/databases/databases.yaml":             defaultSource + "- name: stats\n  kind: postgres\n  configuration: {connection_info: {database_url: {from_env: STATS_URL}}}\n  tables: []\n",
		"metadata/databases/default/tables/tables.yaml": "[]\n",
	}), server.base}
	p.succeeds("md apply")
	p.fails("migrate status", "which database? Name it with --database-name, or use --all-databases (the server has: default, stats)")
	for _, d := range []string{"default", "stats"} {
		if out, errOut, code := p.types("migrate", "create", "a table", "--database-name", d, "--up-sql", "create table "+d+"_t (id int)", "--down-sql", "drop table "+d+"_t"); code != 0 {
			t.Fatal(out, errOut)
		}
	}
	p.succeeds("migrate apply --all-databases")
	if got := ask(t, second, "select coalesce(to_regclass('stats_t')::text, 'none')"); got != "stats_t" {
		t.Error(got)
	}
	if got := ask(t, second, "select coalesce(to_regclass('default_t')::text, 'none')"); got != "none" {
		t.Error(got)
	}
	p.succeeds("migrate apply --down 1 --database-name stats")
	if got := p.succeeds("migrate status --all-databases"); !regexp.MustCompile(`(?s)Database: default.*a_table +Present +Present\n.*Database: stats.*a_table +Present +Not Present\n`).MatchString(got) {
		t.Error(got)
	}
}

func TestVerbs_metadata(t *testing.T) {
	t.Parallel()
	server := launch(t, testpg.Database(t))
	server.ready(t)
	p := &person{t, small(t), server.base}
	if err := os.WriteFile(filepath.Join(p.dir, "config.yaml"), []byte("version: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.is(p.succeeds("metadata apply --dry-run -o yaml"), `version: 3
sources:
  - name: default
    kind: postgres
    configuration:
      connection_info:
        database_url:
          from_env: HASURA_GRAPHQL_DATABASE_URL
    tables:
      - table:
          name: author
          schema: public
      - table:
          name: book
          schema: public
        object_relationships:
          - name: author
            using:
              foreign_key_constraint_on: author_id
`)
	p.fails("metadata apply --disallow-inconsistent-metadata", `table author`)
	p.succeeds("metadata inconsistency status")
	p.succeeds("metadata apply") // the tables do not exist yet
	p.fails("metadata inconsistency status", "metadata is inconsistent: 2 objects")
	if got := p.succeeds("metadata ic list"); !strings.Contains(got, "no such table/view exists in source") {
		t.Error(got)
	}
	p.succeeds("migrate apply")
	p.succeeds("metadata reload")
	p.succeeds("metadata inconsistency status")
	p.is(p.succeeds("metadata inconsistency list -o json"), "[]\n")
	if got := server.query(t, "{book{author{name}}}"); got != `{"data":{"book":[]}}` {
		t.Error(got)
	}
	if _, errOut, code := p.types("metadata", "apply", "--admin-secret", "wrong"); code != 1 || !strings.Contains(errOut, "The admin secret comes from") {
		t.Error(errOut)
	}
	if _, errOut, code := p.types("metadata", "apply", "--endpoint", "http://127.0.0.1:1"); code != 1 || !strings.Contains(errOut, "cannot reach http://127.0.0.1:1") {
		t.Error(errOut)
	}
	elsewhere := &person{t, t.TempDir(), server.base}
	elsewhere.fails("metadata apply", "there is no project here")
	elsewhere.succeeds("init mine")
	elsewhere.succeeds("metadata export --project mine")
	elsewhere.is(elsewhere.succeeds("--project mine metadata diff"), "")
	if got := tree(t, filepath.Join(elsewhere.dir, "mine"))["metadata/databases/default/tables/public_book.yaml"]; !strings.HasPrefix(got, "table:\n  name: book\n") {
		t.Error(got)
	}
	elsewhere.fails("init mine", "is a project already")
}

func TestVerbs_plan(t *testing.T) {
	t.Parallel()
	server := launch(t, testpg.Database(t))
	server.ready(t)
	p := &person{t, copyOf(t, shop), server.base}
	p.succeeds("deploy")
	p.is(p.succeeds("metadata plan --fail-on change"), "")
	file := filepath.Join(p.dir, "metadata/databases/default/tables/public_price.yaml")
	text, _ := os.ReadFile(file)
	if err := os.WriteFile(file, bytes.Replace(text, []byte("        - amount\n"), []byte("        - valid_from\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.succeeds("metadata plan --fail-on inconsistent")
	for _, want := range []string{
		"wider     anonymous  default price  select  may read column valid_from", "narrower  anonymous  default price  select  may no longer read column amount",
		"removed, breaking  price.amount", "~  select_permission  select_permission anonymous in table price in source default", "1 rights wider, 0 unclear, 1 narrower",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the plan lacks %q:\n%s", want, got)
		}
	}
	p.fails("metadata plan --fail-on wider", "")
	p.fails("metadata plan --fail-on breaking", "")
	// It was only a plan.
	if got := server.query(t, "{price{amount}}"); got != `{"data":{"price":[]}}` {
		t.Error(got)
	}
}
