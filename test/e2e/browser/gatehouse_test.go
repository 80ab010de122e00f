package browser

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

// TestGatehouse takes people through a whole Gatehouse in Chromium: the demo page, and the articles' React app in each way the data half can learn who
// is calling.
func TestGatehouse(t *testing.T) {
	needBrowser(t)
	if testing.Short() {
		t.Skip("a minute of browsing")
	}
	if _, err := os.Stat("../../../examples/react/node_modules"); err != nil {
		t.Skip("run npm ci in examples/react first")
	}
	binary := testbin.Path(t)

	t.Run("built-in identity", func(t *testing.T) {
		data, identity := testbin.FreePort(t), testbin.FreePort(t)
		start(t, binary, data, []string{"serve", "--demo"}, "GATEHOUSE_DATABASE_URL="+testpg.Database(t), "HASURA_GRAPHQL_SERVER_PORT="+data, "PORT="+identity)
		node(t, "demo.mjs", data, identity)
		node(t, "articles.mjs", data, identity, "MODE=builtin")
	})
	t.Run("webhook, in two processes", func(t *testing.T) {
		data, identity := testbin.FreePort(t), testbin.FreePort(t)
		start(t, binary, identity, []string{"serve", "--only", "identity"}, "DB_URL="+testpg.Database(t), "PORT="+identity, "USER_DEFAULT_ROLE_NAMES=user,good_user")
		start(t, binary, data, []string{"serve", "--only", "data"}, "HASURA_GRAPHQL_DATABASE_URL="+testpg.Database(t), "HASURA_GRAPHQL_SERVER_PORT="+data,
			"HASURA_GRAPHQL_AUTH_HOOK=http://localhost:"+identity+"/api/authn/hasura?resource=https://hasura.api")
		node(t, "articles.mjs", data, identity, "MODE=webhook", "DEFAULT_ROLES=user,good_user")
	})
	t.Run("JWT", func(t *testing.T) {
		data, identity := testbin.FreePort(t), testbin.FreePort(t)
		start(t, binary, data, nil, "GATEHOUSE_DATABASE_URL="+testpg.Database(t), "HASURA_GRAPHQL_SERVER_PORT="+data, "PORT="+identity,
			`HASURA_GRAPHQL_JWT_SECRET={"jwk_url":"http://localhost:`+identity+`/oidc/jwks"}`)
		node(t, "articles.mjs", data, identity, "MODE=jwt")
	})
}

// start runs the binary with these variables only, waits until it is healthy, and stops it at the end of the test.
func start(t *testing.T, binary, port string, args []string, env ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "HASURA_GRAPHQL_ADMIN_SECRET=myadminsecretkey"}, env...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("output of Gatehouse:\n%s", log.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://localhost:" + port + "/healthz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("Gatehouse ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("Gatehouse did not become healthy within a minute")
		}
	}
}

// node runs a script of this folder as a test.
func node(t *testing.T, script, data, identity string, env ...string) {
	t.Helper()
	cmd := exec.Command("node", "--test", script)
	cmd.Env = append(os.Environ(), "BASE_URL=http://localhost:"+data, "DATA_URL=http://localhost:"+data, "IDENTITY_URL=http://localhost:"+identity,
		"ADMIN_SECRET=myadminsecretkey")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", script, strings.Join(env, " "), err, out)
	}
}
