// Package hasura_test runs the sample of Hasura's own server tests that lies beside the checkout, if it does.
//
// passing.txt lists the cases that pass; one that no longer does fails the test. After a change that makes more pass:
//
//	go test ./test/conformance/hasura -update
package hasura_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

var (
	update = flag.Bool("update", false, "write passing.txt")
	suite  = "../../../../shared/conformance/hasura"
)

type report struct {
	Cases []result `json:"cases"`
}

type result struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
	Detail  string `json:"detail"`
}

func TestHasurasOwnCases(t *testing.T) {
	if os.Getenv("GATEHOUSE_CONFORMANCE") == "" && !*update {
		t.Skip("minutes long: run with make conformance")
	}
	if _, err := os.Stat(filepath.Join(suite, "run.py")); err != nil {
		t.Skipf("the sample of Hasura's tests is not beside the checkout (%s)", suite)
	}
	out := filepath.Join(t.TempDir(), "report.json")
	bin := testbin.Path(t)
	run := exec.Command("python3", filepath.Join(suite, "run.py"), "--cases", filepath.Join(suite, "cases"), "--bin", bin,
		"--pg-url", testpg.Database(t), "--json", out)
	text, err := run.CombinedOutput() // its exit status tells whether all pass; ours is about what did
	raw, readErr := os.ReadFile(out)
	if readErr != nil {
		t.Fatalf("no report: %v (%v): %s", readErr, err, text)
	}
	var r report
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Cases) == 0 {
		t.Fatalf("report: %v: %s", err, text)
	}
	compare(t, r.Cases)
}

func compare(t *testing.T, all []result) {
	t.Helper()
	var passed []string
	outcome := map[string]result{}
	for _, r := range all {
		outcome[r.ID] = r
		if r.Outcome == "passed" {
			passed = append(passed, r.ID)
		}
	}
	slices.Sort(passed)
	t.Logf("%d of %d cases pass", len(passed), len(all))
	if *update {
		if err := os.WriteFile("passing.txt", []byte(strings.Join(passed, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	f, err := os.Open("passing.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if r, ran := outcome[lines.Text()]; ran && r.Outcome != "passed" && r.Outcome != "skipped" {
			t.Errorf("%s: %s\n%s", r.ID, r.Outcome, r.Detail)
		}
	}
}
