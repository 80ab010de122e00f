package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"gatehouse/engine/project"
)

// plainText needs no quotes in YAML.
var plainText = regexp.MustCompile(`^https?://[A-Za-z0-9._:/-]+$`)

type initCommand struct {
	Dir string `arg:"" optional:"" default:"hasura" help:"Where. Default: hasura."`
}

func (c *initCommand) run(r *run) error {
	dir := c.Dir
	if r.common.Project != "" && c.Dir == "hasura" {
		dir = r.common.Project
	}
	dir = r.path(dir)
	config := filepath.Join(dir, "config.yaml")
	if _, err := os.Stat(config); err == nil {
		return fmt.Errorf("%s is a project already", dir)
	}
	for _, sub := range []string{"metadata", "migrations", "seeds"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("version: 3\nendpoint: %s\n", quoted(first(r.common.Endpoint, "http://localhost:8080")))
	if secret := r.givenSecret(); secret != "" {
		text += fmt.Sprintf("admin_secret: %s\n", quoted(secret))
	}
	text += "metadata_directory: metadata\nactions:\n  kind: synchronous\n  handler_webhook_baseurl: http://localhost:3000\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if _, err := project.WriteMetadata(filepath.Join(dir, "metadata"), json.RawMessage(`{"version":3,"sources":[]}`)); err != nil {
		return err
	}
	r.say("created a project in %s\nNext: gatehouse metadata export --project %s", dir, c.Dir)
	return nil
}

// quoted is a text as YAML; JSON's strings are YAML's.
func quoted(s string) string {
	if plainText.MatchString(s) {
		return s
	}
	data, _ := json.Marshal(s)
	return string(data)
}
