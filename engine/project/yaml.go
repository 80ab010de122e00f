package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what aliases and includes may expand to.
const maxNodes = 5_000_000

// maxDepth bounds how deeply files include each other and values nest.
const maxDepth = 100

// tree is a directory of YAML files that include each other. Nothing outside the directory is read, symbolic links
// included.
type tree struct {
	root *os.Root
	name string // the directory as messages name it
	// keepIncludes leaves what stands for a file as it was written.
	keepIncludes bool
	nodes        int
	// read are the files that were looked into.
	read []string
}

func openTree(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, plain(err))
	}
	return &tree{root: root, name: dir}, nil
}

func (t *tree) close() { _ = t.root.Close() }

func (t *tree) has(file string) bool {
	_, err := t.root.Stat(file)
	return err == nil
}

// at is a place in a file, as messages begin.
func (t *tree) at(file string, line int) string {
	if line == 0 {
		return path.Join(t.name, file)
	}
	return fmt.Sprintf("%s:%d", path.Join(t.name, file), line)
}

// raw is a file's top-level value, its includes as they were written; nil for an empty file.
func (t *tree) raw(file string) (*yaml.Node, error) {
	data, err := t.root.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.at(file, 0), plain(err))
	}
	return t.parse(file, data)
}

func (t *tree) parse(file string, data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, t.syntax(file, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil //nolint:nilnil // an empty file has no value
	}
	return doc.Content[0], nil
}

// syntax puts the file's name before the line that the parser names.
func (t *tree) syntax(file string, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if n, _ := fmt.Sscanf(message, "line %d:", &line); n == 1 {
		_, message, _ = strings.Cut(message, ": ")
	}
	return fmt.Errorf("%s: %s", t.at(file, line), message)
}

// load is a file's top-level value with its includes resolved.
func (t *tree) load(file string) (*value, error) { return t.loadAt(file, 0) }

func (t *tree) loadAt(file string, depth int) (*value, error) {
	n, err := t.raw(file)
	if err == nil {
		t.read = append(t.read, file)
	}
	if err != nil || n == nil {
		return nil, err
	}
	return t.resolve(file, n, depth)
}

// value is a YAML value in which nothing stands for something else any more: no includes, aliases or merge keys.
type value struct {
	file string
	node *yaml.Node
	keys []string // of a mapping, with items beside them
	list []*value
}

func (v *value) isList() bool   { return v.node.Kind == yaml.SequenceNode }
func (v *value) isObject() bool { return v.node.Kind == yaml.MappingNode }
func (v *value) isNull() bool   { return v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!null" }

// member is nil when there is none.
func (v *value) member(key string) *value {
	for i, k := range v.keys {
		if k == key {
			return v.list[i]
		}
	}
	return nil
}

// text is a scalar's text, "" for anything else.
func (v *value) text() string {
	if v == nil || v.node.Kind != yaml.ScalarNode || v.isNull() {
		return ""
	}
	return v.node.Value
}

func (t *tree) resolve(file string, n *yaml.Node, depth int) (*value, error) {
	if t.nodes++; t.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("%s: too much is included, aliased or nested here; does a file include itself?", t.at(file, n.Line))
	}
	if name, is := include(n); is && !t.keepIncludes {
		return t.follow(file, n, name, depth)
	}
	v := &value{file: file, node: n}
	switch n.Kind {
	case yaml.AliasNode:
		return t.resolve(file, n.Alias, depth+1)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			r, err := t.resolve(file, item, depth+1)
			if err != nil {
				return nil, err
			}
			v.list = append(v.list, r)
		}
	case yaml.MappingNode:
		return v, t.members(v, depth)
	default:
		if !strings.HasPrefix(n.ShortTag(), "!!") && n.Tag != "!include" {
			return nil, fmt.Errorf("%s: the tag %s means nothing here; only !include is known", t.at(file, n.Line), n.Tag)
		}
	}
	return v, nil
}

func (t *tree) members(v *value, depth int) error {
	seen := map[string]bool{}
	var merged []*value
	for i := 0; i < len(v.node.Content); i += 2 {
		key, item := v.node.Content[i], v.node.Content[i+1]
		r, err := t.resolve(v.file, item, depth+1)
		if err != nil {
			return err
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, r)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s: a key must be a text", t.at(v.file, key.Line))
		}
		if seen[key.Value] {
			return fmt.Errorf("%s: the key %q is here twice; remove one", t.at(v.file, key.Line), key.Value)
		}
		seen[key.Value] = true
		v.keys, v.list = append(v.keys, key.Value), append(v.list, r)
	}
	for _, m := range merged {
		from := []*value{m}
		if m.isList() {
			from = m.list
		}
		for _, o := range from {
			for i, k := range o.keys {
				if !seen[k] {
					seen[k] = true
					v.keys, v.list = append(v.keys, k), append(v.list, o.list[i])
				}
			}
		}
	}
	return nil
}

// include tells whether a node stands for a file: the tag !include, or, as the Hasura command line writes it, a text
// that begins with it. Projects written on Windows have backslashes there.
func include(n *yaml.Node) (name string, is bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	name = n.Value
	if n.Tag != "!include" {
		name, is = strings.CutPrefix(name, "!include ")
		if !is || n.ShortTag() != "!!str" || strings.Contains(name, "\n") {
			return "", false
		}
	}
	return strings.ReplaceAll(strings.Trim(strings.TrimSpace(name), `"`), `\`, "/"), true
}

// included is where a file named in another stands.
func included(file, name string) string { return path.Join(path.Dir(file), name) }

func (t *tree) follow(file string, n *yaml.Node, name string, depth int) (*value, error) {
	target := included(file, name)
	if path.IsAbs(name) || target == ".." || strings.HasPrefix(target, "../") {
		return nil, fmt.Errorf("%s: the include of %q leaves %s; only files inside it are read", t.at(file, n.Line), name, t.name)
	}
	v, err := t.loadAt(target, depth+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: the included file %s does not exist; write it or remove this line", t.at(file, n.Line), t.at(target, 0))
	case err != nil && !t.has(target):
		return nil, fmt.Errorf("%s: include: %w", t.at(file, n.Line), err)
	case err != nil:
		return nil, err
	case v == nil:
		return &value{file: target, node: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1}}, nil
	}
	return v, nil
}

// appendJSON writes v as JSON, keys in the file's order.
func (t *tree) appendJSON(out *bytes.Buffer, v *value) error {
	switch {
	case v.isList():
		out.WriteByte('[')
		for i, item := range v.list {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := t.appendJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case v.isObject():
		out.WriteByte('{')
		for i, item := range v.list {
			if i > 0 {
				out.WriteByte(',')
			}
			appendString(out, v.keys[i])
			out.WriteByte(':')
			if err := t.appendJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	default:
		return t.appendScalar(out, v)
	}
	return nil
}

func (t *tree) appendScalar(out *bytes.Buffer, v *value) error {
	switch v.node.ShortTag() {
	case "!!null":
		out.WriteString("null")
	case "!!bool":
		out.WriteString(strings.ToLower(v.node.Value))
	case "!!int", "!!float":
		return t.appendNumber(out, v)
	default:
		appendString(out, v.node.Value)
	}
	return nil
}

// appendNumber keeps a number's digits where JSON can say them so.
func (t *tree) appendNumber(out *bytes.Buffer, v *value) error {
	if text := v.node.Value; json.Valid([]byte(text)) {
		out.WriteString(text)
		return nil
	}
	var number any
	if err := v.node.Decode(&number); err != nil {
		return t.syntax(v.file, err)
	}
	if f, ok := number.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return fmt.Errorf("%s: %s is not a number JSON can say", t.at(v.file, v.node.Line), v.node.Value)
	}
	data, err := json.Marshal(number)
	out.Write(data)
	return err
}

func appendString(out *bytes.Buffer, s string) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	out.Truncate(out.Len() - 1)
}

// plain leaves the operation and path out of a file error, which say them twice.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (t *tree) json(v *value) ([]byte, error) {
	var out bytes.Buffer
	err := t.appendJSON(&out, v)
	return out.Bytes(), err
}
