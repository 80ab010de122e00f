package gatehouse_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The image and the compose file are checked here, because neither a container engine nor their linters can be counted on.

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split(string(text), "\nFROM ")
	last := stages[len(stages)-1]
	for what, pattern := range map[string]string{
		"an unprivileged user":       `(?m)^USER nonroot$`,
		"a health check":             `(?m)^HEALTHCHECK .*\["/gatehouse", "health"\]$`,
		"both ports":                 `(?m)^EXPOSE 8080 3001$`,
		"a final image of its own":   `^gcr\.io/distroless/static`,
		"an entry point":             `(?m)^ENTRYPOINT \["/gatehouse"\]$`,
		"nothing but the one binary": `(?m)^COPY --from=build /gatehouse /gatehouse$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(last) {
			t.Errorf("the final stage lacks %s (%s):\n%s", what, pattern, last)
		}
	}
	if strings.Contains(last, "\nRUN ") {
		t.Error("the final stage has no shell to run anything with")
	}
	for _, line := range regexp.MustCompile(`(?m)^(FROM|COPY) .*$`).FindAllString(string(text), -1) {
		words := strings.Fields(line)
		if words[0] == "FROM" && (!strings.Contains(words[1], ":") || strings.HasSuffix(words[1], ":latest")) {
			t.Errorf("an image without a version: %s", line)
		}
		if words[0] == "COPY" && !strings.HasPrefix(words[1], "--") {
			for _, source := range words[1 : len(words)-1] {
				if found, _ := filepath.Glob(source); len(found) == 0 {
					t.Errorf("%s: %s is not there", line, source)
				}
			}
		}
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image       string
			Ports       []string
			ExtraHosts  []string          `yaml:"extra_hosts"`
			Environment map[string]string `yaml:"environment"`
			HealthCheck map[string]any    `yaml:"healthcheck"`
			DependsOn   map[string]any    `yaml:"depends_on"`
			Volumes     []string
			Command     []string
			Build       string
			Restart     string
		}
		Volumes map[string]any
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	g := file.Services["gatehouse"]
	if strings.Join(g.Ports, " ") != "8080:8080 3001:3001" || strings.Join(g.ExtraHosts, " ") != "host.docker.internal:host-gateway" {
		t.Errorf("ports %v, extra hosts %v", g.Ports, g.ExtraHosts)
	}
	if secret := g.Environment["HASURA_GRAPHQL_ADMIN_SECRET"]; !strings.Contains(secret, ":?") {
		t.Errorf("the admin secret has a default: %q", secret)
	}
	if file.Services["postgres"].HealthCheck == nil || g.DependsOn["postgres"] == nil {
		t.Error("Gatehouse does not wait for a healthy Postgres")
	}
	for name, s := range file.Services {
		if len(s.Ports) > 0 && name == "postgres" {
			t.Error("Postgres is published")
		}
	}
}
