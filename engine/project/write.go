package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"go.yaml.in/yaml/v3"
)

// WriteMetadata writes a document of version 3 into a metadata directory, as the Hasura command line's export does: the
// same files, keys in its order, its style. What is there keeps its place: a value that an existing file holds goes
// there, a file whose meaning does not change is left as it is, and none is deleted. It gives the files it wrote.
func WriteMetadata(dir string, document json.RawMessage) ([]string, error) {
	doc, err := fromJSON(document)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create %s: %w", dir, plain(err))
	}
	t, err := openTree(dir)
	if err != nil {
		return nil, err
	}
	defer t.close()
	t.keepIncludes = true
	w := &writer{tree: t, files: map[string]*yaml.Node{}, taken: map[string]bool{}}
	version := 3
	if !t.has(databasesFile) && t.has("tables.yaml") {
		version = 2
		if doc, err = withoutSources(doc); err != nil {
			return nil, err
		}
	}
	versioned := object()
	put(versioned, "version", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(version)})
	w.files["version.yaml"] = versioned
	for _, p := range parts {
		if p.belongs(version) {
			if err := w.part(p, doc); err != nil {
				return nil, err
			}
		}
	}
	return w.flush()
}

// writer collects what the files will hold.
type writer struct {
	tree  *tree
	files map[string]*yaml.Node
	sdl   string
	// taken are the names given to new files, in lower case: some file systems do not tell them apart.
	taken map[string]bool
}

// withoutSources is the document of the older layout, which has one database.
func withoutSources(doc *yaml.Node) (*yaml.Node, error) {
	sources := items(member(doc, "sources"))
	if len(sources) > 1 {
		return nil, errors.New("the project's layout holds one database, and the server has several: bring the project to version 3 first")
	}
	o := pick(doc, nil, "sources")
	for _, key := range []string{"tables", "functions"} {
		v := list()
		if len(sources) == 1 && member(sources[0], key) != nil {
			v = member(sources[0], key)
		}
		put(o, key, v)
	}
	return o, nil
}

func (w *writer) part(p part, doc *yaml.Node) error {
	v := member(doc, p.key)
	if v == nil {
		v = object()
		if p.isList {
			v = list()
		}
	}
	switch p.key {
	case "sources":
		return w.sources(v)
	case "actions":
		return w.actions(doc)
	case "remote_schemas":
		for i, s := range v.Content {
			v.Content[i] = remoteSchema(s)
		}
	case "graphql_schema_introspection":
		if len(v.Content) == 0 { // Hasura's server does not take it empty
			put(v, "disabled_for_roles", list())
		}
	case "gatehouse":
		if len(v.Content) == 0 && !w.tree.has(p.file) {
			return nil
		}
	}
	return w.place(p.file, v)
}

// sourceKeys is the order of a source's keys in databases.yaml.
var sourceKeys = []string{"name", "kind", "configuration", "query_tags", "customization", "health_check", "logical_models", "native_queries", "stored_procedures", "tables", "functions"}

func (w *writer) sources(v *yaml.Node) error {
	ordered := list()
	for _, s := range v.Content {
		if member(s, "tables") == nil {
			s = pick(s, nil)
			put(s, "tables", list())
		}
		s = pick(s, sourceKeys)
		if functions := member(s, "functions"); functions != nil && len(functions.Content) == 0 {
			s = pick(s, nil, "functions")
		}
		ordered.Content = append(ordered.Content, s)
	}
	var old *value
	if w.tree.has(databasesFile) {
		var err error
		if old, err = w.tree.load(databasesFile); err != nil {
			return err
		}
	}
	if old != nil && !old.isList() {
		old = nil
	}
	for i, s := range ordered.Content {
		known := find(old, s)
		var err error
		if known == nil {
			s, err = w.newSource(s)
		} else {
			s, err = w.shape(s, known)
		}
		if err != nil {
			return err
		}
		ordered.Content[i] = s
	}
	w.files[databasesFile] = ordered
	return nil
}

// newSource spreads a source over files as the Hasura command line does: one for each table and function, and a list of them.
func (w *writer) newSource(s *yaml.Node) (*yaml.Node, error) {
	source := fileName(member(s, "name").Value)
	o := pick(s, nil)
	for i := 0; i < len(o.Content); i += 2 {
		key := o.Content[i].Value
		if key != "tables" && key != "functions" {
			continue
		}
		dir := path.Join("databases", source, key)
		included := list()
		for _, item := range items(o.Content[i+1]) {
			included.Content = append(included.Content, w.newFile(dir, item))
		}
		index := path.Join(dir, key+".yaml")
		w.files[index] = included
		o.Content[i+1] = includeOf(strings.TrimPrefix(index, "databases/"))
	}
	return o, nil
}

// newFile puts an item into a file of its own.
func (w *writer) newFile(dir string, item *yaml.Node) *yaml.Node {
	base := itemName(item)
	name := base + ".yaml"
	for i := 2; w.taken[strings.ToLower(path.Join(dir, name))]; i++ {
		name = fmt.Sprintf("%s_%d.yaml", base, i)
	}
	w.taken[strings.ToLower(path.Join(dir, name))] = true
	w.files[path.Join(dir, name)] = item
	return includeOf(name)
}

// itemName is the name of a table's or function's file: its schema and its name.
func itemName(item *yaml.Node) string {
	for _, key := range []string{"table", "function"} {
		if q := member(item, key); q != nil {
			var names []string
			switch q.Kind {
			case yaml.MappingNode:
				for _, part := range []string{"schema", "dataset", "name"} {
					if n := member(q, part); n != nil {
						names = append(names, n.Value)
					}
				}
			case yaml.SequenceNode:
				for _, n := range q.Content {
					names = append(names, n.Value)
				}
			default:
				names = []string{"public", q.Value}
			}
			return fileName(strings.Join(names, "_"))
		}
	}
	for _, key := range []string{"name", "root_field_name", "role_name", "role"} {
		if n := member(item, key); n != nil {
			return fileName(n.Value)
		}
	}
	return "item"
}

// fileName keeps a name from being a path.
func fileName(s string) string {
	s = strings.NewReplacer("/", "_", `\`, "_", "\x00", "_").Replace(s)
	if strings.Trim(s, ".") == "" {
		return "_" + s
	}
	return s
}

// place gives a value the structure of the file it goes to.
func (w *writer) place(file string, v *yaml.Node) error {
	if !w.tree.has(file) {
		w.files[file] = v
		return nil
	}
	old, err := w.tree.load(file)
	if err != nil {
		return err
	}
	if old != nil {
		if v, err = w.shape(v, old); err != nil {
			return err
		}
	}
	w.files[file] = v
	return nil
}

// shape is v with what old keeps in files of its own put into those files.
func (w *writer) shape(v *yaml.Node, old *value) (*yaml.Node, error) {
	if name, is := include(old.node); is {
		file := included(old.file, name)
		if !w.tree.has(file) {
			w.files[file] = v
			return includeOf(name), nil
		}
		// The file's own name would be wrong for what it includes, were it read as part of this one.
		return includeOf(name), w.place(file, v)
	}
	switch {
	case v.Kind == yaml.MappingNode && old.isObject():
		o := object()
		for i := 0; i < len(v.Content); i += 2 {
			item := v.Content[i+1]
			if known := old.member(v.Content[i].Value); known != nil {
				var err error
				if item, err = w.shape(item, known); err != nil {
					return nil, err
				}
			}
			put(o, v.Content[i].Value, item)
		}
		return o, nil
	case v.Kind == yaml.SequenceNode && old.isList():
		return w.shapeList(v, old)
	}
	return v, nil
}

// shapeList matches items by their names. In a list of includes, a new item gets a file beside the others.
func (w *writer) shapeList(v *yaml.Node, old *value) (*yaml.Node, error) {
	inside, areFiles, err := w.inside(old)
	if err != nil {
		return nil, err
	}
	for _, known := range old.list {
		if name, is := include(known.node); is {
			w.taken[strings.ToLower(included(old.file, name))] = true
		}
	}
	o := list()
	for _, item := range v.Content {
		i := slices.IndexFunc(inside, func(k *value) bool { return k != nil && identity(item) != "" && identity(item) == k.identity() })
		switch {
		case i >= 0:
			shaped, err := w.shape(item, old.list[i])
			if err != nil {
				return nil, err
			}
			o.Content = append(o.Content, shaped)
		case areFiles && item.Kind == yaml.MappingNode:
			o.Content = append(o.Content, w.newFile(path.Dir(old.file), item))
		default:
			o.Content = append(o.Content, item)
		}
	}
	return o, nil
}

// inside gives a list's items, read from their files where they have some. areFiles tells whether all have; an empty
// list named tables.yaml or functions.yaml is one to be.
func (w *writer) inside(old *value) (inside []*value, areFiles bool, err error) {
	base := path.Base(old.file)
	areFiles = base == "tables.yaml" || base == "functions.yaml"
	for _, item := range old.list {
		name, is := include(item.node)
		areFiles = is && (areFiles || item == old.list[0])
		if is && w.tree.has(included(old.file, name)) {
			if item, err = w.tree.load(included(old.file, name)); err != nil {
				return nil, false, err
			}
		}
		inside = append(inside, item)
	}
	return inside, areFiles && path.Dir(old.file) != ".", nil
}

// identityKeys are the keys that tell the items of a list apart.
var identityKeys = []string{"name", "table", "function", "role", "role_name", "root_field_name", "collection", "host"}

func identity(n *yaml.Node) string {
	for _, key := range identityKeys {
		if v := member(n, key); v != nil {
			return key + " " + qualified(v)
		}
	}
	return ""
}

func qualified(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		name, schema := member(n, "name"), member(n, "schema")
		if name == nil || schema == nil {
			return ""
		}
		return schema.Value + "." + name.Value
	case yaml.ScalarNode:
		return n.Value
	}
	return ""
}

func (v *value) identity() string {
	if v.node.Kind == yaml.MappingNode {
		return identity(v.node)
	}
	return ""
}

// find is the item of a list with the identity of n.
func find(old *value, n *yaml.Node) *value {
	if old == nil {
		return nil
	}
	for _, item := range old.list {
		if id := item.identity(); id != "" && id == identity(n) {
			return item
		}
	}
	return nil
}

// flush writes the files whose meaning changes.
func (w *writer) flush() ([]string, error) {
	var written []string
	names := make([]string, 0, len(w.files))
	for name := range w.files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if w.tree.has(name) {
			if old, err := w.tree.load(name); err == nil && equal(w.files[name], old) {
				continue
			}
		}
		data, err := encode(w.files[name])
		if err != nil {
			return written, fmt.Errorf("write %s: %w", w.tree.at(name, 0), err)
		}
		if err := w.tree.write(name, data); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	if !w.sameSignatures() {
		if err := w.tree.write(actionsSDL, []byte(w.sdl)); err != nil {
			return written, err
		}
		written = append(written, actionsSDL)
	}
	return written, nil
}

// write replaces a file, as a whole.
func (t *tree) write(name string, data []byte) error {
	err := t.root.MkdirAll(path.Dir(name), 0o755)
	if err == nil {
		if old, readErr := t.root.ReadFile(name); readErr == nil && bytes.Equal(old, data) {
			return nil
		}
		// A link stays a link: what it leads to is written.
		if info, statErr := t.root.Lstat(name); statErr == nil && info.Mode()&fs.ModeSymlink != 0 {
			err = t.root.WriteFile(name, data, 0o644)
		} else if err = t.root.WriteFile(name+".new", data, 0o644); err == nil {
			err = t.root.Rename(name+".new", name)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", t.at(name, 0), plain(err))
	}
	return nil
}

// remoteSchema orders a remote schema's keys and formats the SDL of its permissions.
func remoteSchema(s *yaml.Node) *yaml.Node {
	s = pick(s, []string{"name", "definition", "comment", "permissions", "remote_relationships"})
	for _, p := range items(member(s, "permissions")) {
		sdl := member(member(p, "definition"), "schema")
		if sdl == nil {
			continue
		}
		if doc, err := parser.ParseSchema(&ast.Source{Input: sdl.Value}); err == nil {
			var out bytes.Buffer
			formatter.NewFormatter(&out, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
			if out.Len() > 0 {
				sdl.Value = out.String()
			}
		}
	}
	return s
}
