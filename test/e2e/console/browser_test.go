package console_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gatehouse/web"
)

// needBrowser skips a test where what it needs is not there.
func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("minutes of browsing")
	}
	if !web.Built() {
		t.Skip("this build has no pages: run make build first")
	}
	if _, err := os.Stat("../browser/node_modules/axe-core"); err != nil {
		t.Skip("run npm ci in test/e2e/browser first")
	}
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("CHROMIUM") == "" {
		t.Skip("no chromium on the PATH: install it, or name another in CHROMIUM")
	}
}

// TestBrowser runs each *.test.mjs in Chromium against a Gatehouse of its own. SCRIPT names one of them; SHOTS is where those that
// take pictures leave them.
func TestBrowser(t *testing.T) {
	needBrowser(t)
	scripts, err := filepath.Glob("*.test.mjs")
	if name := os.Getenv("SCRIPT"); name != "" {
		scripts = []string{name}
	}
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			p := fresh(t).start("HASURA_GRAPHQL_ENABLED_LOG_TYPES=startup")
			node := exec.Command("node", "--test", script)
			node.Env = append(os.Environ(), "BASE_URL="+p.base, "ADMIN_SECRET="+adminSecret)
			out, err := node.CombinedOutput()
			if err != nil {
				t.Fatalf("node %s: %v\n%s\noutput of Gatehouse:\n%s", script, err, out, p.out)
			}
			t.Logf("%s", out)
		})
	}
}
