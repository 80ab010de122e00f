package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// part is a part of the document with a file of its own.
type part struct {
	key, file string
	isList    bool
}

// databasesFile holds the sources of a version 3 project; the older layout has tables and functions at the top.
const databasesFile = "databases/databases.yaml"

// parts are in the document's order. The actions' file stands beside actions.graphql and is read by itself.
var parts = []part{
	{"sources", databasesFile, true},
	{"tables", "tables.yaml", true},
	{"functions", "functions.yaml", true},
	{"remote_schemas", "remote_schemas.yaml", true},
	{"query_collections", "query_collections.yaml", true},
	{"allowlist", "allow_list.yaml", true},
	{"actions", actionsFile, false},
	{"cron_triggers", "cron_triggers.yaml", true},
	{"rest_endpoints", "rest_endpoints.yaml", true},
	{"api_limits", "api_limits.yaml", false},
	{"metrics_config", "metrics_config.yaml", false},
	{"inherited_roles", "inherited_roles.yaml", true},
	{"graphql_schema_introspection", "graphql_schema_introspection.yaml", false},
	{"network", "network.yaml", false},
	{"backend_configs", "backend_configs.yaml", false},
	{"opentelemetry", "opentelemetry.yaml", false},
	{"gatehouse", "gatehouse.yaml", false},
}

// belongs tells whether a part is in documents of a version.
func (p part) belongs(version int) bool {
	switch p.key {
	case "sources":
		return version == 3
	case "tables", "functions":
		return version == 2
	}
	return true
}

// ReadMetadata assembles the metadata document of a project: dir is the project, its metadata directory, or a single
// file with the whole document, YAML or JSON. A project of the newer layout gives a document of version 3; the older
// one, which knows one database and not how it is reached, a document of version 2, which replace_metadata takes as well.
func ReadMetadata(dir string) (json.RawMessage, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("read metadata %s: %w", dir, plain(err))
	}
	if !info.IsDir() {
		return readFile(dir)
	}
	if _, err := os.Stat(filepath.Join(dir, configFile)); err == nil {
		c, err := ReadConfig(dir)
		if err != nil {
			return nil, err
		}
		if c.MetadataFile != "" {
			return readFile(c.MetadataFile)
		}
		dir = c.MetadataDir
	}
	t, err := openTree(dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	version, err := t.version()
	if err != nil {
		return nil, err
	}
	out := new(bytes.Buffer)
	fmt.Fprintf(out, `{"version":%d`, version)
	for _, p := range parts {
		if !p.belongs(version) {
			continue
		}
		if p.file == actionsFile {
			err = t.appendActions(out)
		} else {
			err = t.appendPart(out, p)
		}
		if err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// readFile reads a document kept in one file.
func readFile(name string) (json.RawMessage, error) {
	t, err := openTree(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer t.close()
	v, err := t.load(filepath.Base(name))
	if err != nil {
		return nil, err
	}
	if v == nil || !v.isObject() {
		return nil, fmt.Errorf("%s: a metadata document is an object", name)
	}
	if whole := v.member("metadata"); whole != nil && v.member("version") == nil {
		v = whole // as export_metadata version 2 answers
	}
	out := new(bytes.Buffer)
	err = t.appendJSON(out, v)
	return out.Bytes(), err
}

// version follows from the layout; version.yaml is not always right, and is not always there.
func (t *tree) version() (int, error) {
	switch {
	case t.has(databasesFile):
		return 3, nil
	case t.has("tables.yaml"):
		return 2, nil
	case t.has("version.yaml"):
		return 0, fmt.Errorf("%s: version.yaml is here, but neither %s nor tables.yaml: a file with [] says that there are no databases", t.name, databasesFile)
	}
	return 0, fmt.Errorf("%s: no metadata here: neither %s nor tables.yaml exists. Write it with `gatehouse metadata export`", t.name, databasesFile)
}

// appendPart adds a part to the document; a file that is missing or empty adds nothing.
func (t *tree) appendPart(out *bytes.Buffer, p part) error {
	if !t.has(p.file) {
		return nil
	}
	v, err := t.load(p.file)
	if err != nil {
		return err
	}
	if v == nil || v.isNull() {
		return nil
	}
	if p.isList && !v.isList() {
		return fmt.Errorf("%s: a list is expected: lines that begin with \"- \", or []", t.at(p.file, v.node.Line))
	}
	if !p.isList && !v.isObject() {
		return fmt.Errorf("%s: an object is expected: lines of the form \"key: value\", or {}", t.at(p.file, v.node.Line))
	}
	if p.key == "graphql_schema_introspection" && len(v.keys) == 0 {
		return nil // Hasura's server does not take it empty
	}
	fmt.Fprintf(out, `,%q:`, p.key)
	return t.appendJSON(out, v)
}

// Files names the files of a metadata directory that its document is read from.
func Files(dir string) ([]string, error) {
	t, err := openTree(dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	for _, p := range parts {
		if t.has(p.file) {
			if _, err := t.load(p.file); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range []string{"version.yaml", actionsSDL} {
		if t.has(name) {
			t.read = append(t.read, name)
		}
	}
	slices.Sort(t.read)
	return slices.Compact(t.read), nil
}

// Unread names the YAML files at the top of a metadata directory that nothing reads: most likely misspelled.
func Unread(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, plain(err))
	}
	known := map[string]bool{"version.yaml": true, "query_tags.yaml": true}
	for _, p := range parts {
		known[p.file] = true
	}
	var names []string
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !known[e.Name()] {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
