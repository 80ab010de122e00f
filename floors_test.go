package gatehouse_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "gatehouse/"

// floors lists, for every package, the packages of this module it may import. A package stands on the floors below it;
// a new edge is one visible line here. The wings (engine, identity) never import each other, and nobody imports server.
var floors = map[string]string{
	// ground floor
	"postgres":          "",
	"postgres/embedded": "secret",
	"secret":            "",
	"telemetry":         "",
	"httpd":             "telemetry",
	"httpclient":        "telemetry",
	"jwt":               "httpclient telemetry",
	"worker":            "",

	// east wing: the data engine
	"engine/fault":        "",
	"engine/kriti":        "",
	"engine/metadata":     "engine/fault",
	"engine/catalog":      "",
	"engine/changes":      "engine/catalog",
	"engine/pgsql":        "",
	"engine/session":      "engine/fault jwt httpclient secret telemetry",
	"engine/schema":       "engine/metadata engine/catalog engine/fault",
	"engine/operation":    "engine/schema engine/fault",
	"engine/plan":         "engine/operation engine/schema engine/metadata engine/catalog engine/session engine/fault",
	"engine/translate":    "engine/plan engine/schema engine/catalog engine/pgsql engine/fault",
	"engine/execute":      "engine/limit engine/operation engine/plan engine/translate engine/pgsql engine/session engine/schema engine/fault postgres telemetry",
	"engine/subscription": "engine/changes engine/execute engine/translate engine/fault telemetry",
	"engine/allowlist":    "engine/metadata",
	"engine/dml":          "engine/plan engine/operation engine/schema engine/catalog engine/metadata engine/session engine/fault",
	"engine/impact":       "engine/metadata engine/catalog engine/schema engine/operation engine/allowlist",
	"engine/rest":         "engine/metadata engine/fault",
	"engine/limit":        "engine/operation engine/metadata engine/session engine/fault httpd",
	"engine/project":      "",
	"engine/transport":    "engine/limit engine/operation engine/rest engine/session engine/metadata engine/schema engine/fault httpd telemetry",
	"engine/webhook":      "engine/kriti engine/fault",
	"engine/validation":   "engine/schema engine/session engine/fault httpclient",
	"engine/sheet":        "engine/catalog engine/pgsql engine/fault",
	"engine/admin":        "engine/sheet engine/impact engine/operation engine/kriti engine/webhook engine/metadata engine/rest engine/catalog engine/schema engine/execute engine/session engine/fault httpd postgres",
	"engine": "engine/limit engine/impact engine/webhook engine/validation engine/allowlist engine/dml engine/rest engine/session engine/metadata engine/catalog engine/schema engine/operation engine/plan engine/translate engine/pgsql " +
		"engine/changes engine/execute engine/subscription engine/transport engine/admin engine/fault postgres httpd worker jwt telemetry",

	// west wing: identity
	"identity/migrations":   "",
	"identity/password":     "",
	"identity/directory":    "postgres secret identity/password",
	"identity/event":        "secret",
	"identity/token":        "identity/directory identity/event jwt secret httpclient postgres",
	"identity/verification": "identity/directory identity/password secret postgres",
	"identity/oidc":         "identity/directory identity/token identity/event jwt secret httpd postgres worker",
	"identity/experience":   "identity/directory identity/verification identity/password identity/oidc identity/event httpd secret postgres",
	"identity/console":      "identity/authority identity/directory identity/event identity/oidc httpd secret",
	"identity/hasurahook":   "identity/directory identity/oidc identity/token jwt httpd",
	"identity/management":   "identity/console identity/directory identity/password identity/event httpd jwt postgres secret",
	"identity/authority":    "identity/directory identity/token postgres secret worker",
	"identity": "identity/migrations identity/directory identity/password identity/event identity/token identity/verification identity/oidc identity/experience " +
		"identity/hasurahook identity/console identity/management identity/authority postgres httpd httpclient worker jwt secret",

	// roof
	"web":                  "httpd",
	"server":               "engine engine/admin engine/fault engine/metadata engine/project engine/schema engine/session engine/transport engine/subscription identity identity/authority identity/console identity/directory identity/event identity/token identity/verification web postgres postgres/embedded httpd httpclient worker jwt secret telemetry",
	"cli":                  "engine/project engine/metadata engine/impact engine engine/schema httpclient",
	"cmd/gatehouse":        "cli server",
	"internal/testpg":      "postgres postgres/embedded secret",
	"internal/testpg/with": "internal/testpg",
	"internal/testbin":     "",
	"internal/golden":      "",
	"test/e2e":             "server internal/testpg",
	"test/e2e/articles":    "internal/testpg",
	"test/conformance":     "internal/testpg",
}

func TestFloors(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath       string
			Imports, GoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 {
			continue // a package of tests only
		}
		row, known := floors[name]
		if !known {
			t.Errorf("%s has no row in floors", name)
			continue
		}
		allowed := strings.Fields(row)
		for _, imp := range p.Imports {
			if dep, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(allowed, dep) {
				t.Errorf("%s may not import %s", name, dep)
			}
		}
	}
}

func TestFloors_wingsNeverMeet(t *testing.T) {
	t.Parallel()
	for pkg, row := range floors {
		for _, dep := range strings.Fields(row) {
			if wing(pkg) != "" && wing(dep) != "" && wing(pkg) != wing(dep) {
				t.Errorf("floors lets %s import %s: the wings meet only in server", pkg, dep)
			}
		}
	}
}

func wing(pkg string) string {
	for _, w := range []string{"engine", "identity"} {
		if pkg == w || strings.HasPrefix(pkg, w+"/") {
			return w
		}
	}
	return ""
}
