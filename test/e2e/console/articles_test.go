package console_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

var setUpLink = regexp.MustCompile(`http\S+/console/setup#\S+`)

// TestArticles follows both articles in Chromium by clicks alone, on a Gatehouse set up as they say, from its first start to a secured query.
func TestArticles(t *testing.T) {
	needBrowser(t)
	if _, err := os.Stat("../../../examples/react/node_modules"); err != nil {
		t.Skip("run npm ci in examples/react first")
	}
	for _, article := range []struct {
		mode, resource string
		env            func(identity string) []string
	}{
		{"webhook", "https://hasura.api", func(identity string) []string {
			return []string{"HASURA_GRAPHQL_AUTH_HOOK=" + identity + "/api/authn/hasura?resource=https://hasura.api", "USER_DEFAULT_ROLE_NAMES=user,good_user"}
		}},
		{"jwt", "https://*.hasura.app/api", func(identity string) []string {
			return []string{`HASURA_GRAPHQL_JWT_SECRET={"jwk_url":"` + identity + `/oidc/jwks"}`}
		}},
	} {
		t.Run(article.mode, func(t *testing.T) {
			port := freePort(t)
			identity := "http://localhost:" + port
			p := fresh(t).start(append(article.env(identity), "PORT="+port, "HASURA_GRAPHQL_ENABLED_LOG_TYPES=startup")...)
			var link string
			p.eventually("the banner names the link", time.Minute, func() bool {
				link = setUpLink.FindString(p.out.String())
				return link != ""
			})
			node := exec.Command("node", "--test", "articles.mjs")
			node.Env = append(os.Environ(), "MODE="+article.mode, "RESOURCE="+article.resource, "BASE_URL="+p.base, "DATA_URL="+p.base, "IDENTITY_URL="+identity,
				"SETUP_LINK="+link)
			out, err := node.CombinedOutput()
			if err != nil {
				t.Fatalf("node articles.mjs: %v\n%s\noutput of Gatehouse:\n%s", err, out, p.out)
			}
		})
	}
}
