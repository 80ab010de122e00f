package metadata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Edit is one place in which two documents differ. A side that has nothing there is nil; secrets are masked.
type Edit struct {
	// Path is where, with names for the members of lists: "sources.default.tables.public.author.select_permissions.user".
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Bounds of what Edits gives: how many, and how long a value may be, in bytes.
const (
	maxEdits     = 200
	maxEditValue = 8 << 10
)

// Edits are the places in which the document was changed into another one, the first of them; more is how many were left
// out.
func (m *Metadata) Edits(after *Metadata) (edits []Edit, more int, err error) {
	var sides [2]*node
	c := comparison{masks: map[*node]string{}}
	m, after = m.without(after), after.without(m)
	for i, doc := range []*Metadata{m, after} {
		if sides[i], err = parseNode(doc.Encode()); err != nil {
			return nil, 0, fmt.Errorf("read metadata: %w", err)
		}
		sides[i].visitSecrets("", "", func(n *node, masked string) { c.masks[n] = masked })
	}
	c.compare("", sides[0], sides[1])
	return c.edits, c.more, nil
}

// without is the document without the objects of its lists that other has, too: a change takes over what it leaves alone, so
// that what differs is found without writing a whole document.
func (m *Metadata) without(other *Metadata) *Metadata {
	out := *m
	out.Sources = make([]*Source, 0, len(m.Sources))
	for _, s := range m.Sources {
		if o := other.Source(s.Name); o == s {
			continue
		} else if o != nil {
			rest := *s
			rest.Tables, rest.Functions = unshared(s.Tables, o.Tables), unshared(s.Functions, o.Functions)
			rest.NativeQueries, rest.LogicalModels = unshared(s.NativeQueries, o.NativeQueries), unshared(s.LogicalModels, o.LogicalModels)
			s = &rest
		}
		out.Sources = append(out.Sources, s)
	}
	out.QueryCollections = unshared(m.QueryCollections, other.QueryCollections)
	out.Allowlist = unshared(m.Allowlist, other.Allowlist)
	out.RESTEndpoints = unshared(m.RESTEndpoints, other.RESTEndpoints)
	out.InheritedRoles = unshared(m.InheritedRoles, other.InheritedRoles)
	out.RemoteSchemas = unshared(m.RemoteSchemas, other.RemoteSchemas)
	out.Actions = unshared(m.Actions, other.Actions)
	out.CronTriggers = unshared(m.CronTriggers, other.CronTriggers)
	return &out
}

// unshared are the objects of a list that are not in another one.
func unshared[T any](list, other []*T) []*T {
	there := make(map[*T]bool, len(other))
	for _, o := range other {
		there[o] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(o *T) bool { return there[o] })
}

type comparison struct {
	masks map[*node]string
	edits []Edit
	more  int
}

func (c *comparison) compare(path string, a, b *node) {
	switch {
	case a != nil && b != nil && bytes.Equal(a.compact(), b.compact()):
	case a != nil && b != nil && a.kind == objectNode && b.kind == objectNode:
		c.members(path, a.keys, b.keys, a.member, b.member)
	case isList(a) && isList(b) && (a != nil || b != nil): // an empty one may be left out
		from, fromKeys, okA := byName(a)
		to, toKeys, okB := byName(b)
		if !okA || !okB {
			c.add(path, a, b)
			return
		}
		c.members(path, fromKeys, toKeys, func(k string) *node { return from[k] }, func(k string) *node { return to[k] })
	default:
		c.add(path, a, b)
	}
}

func isList(n *node) bool { return n == nil || n.kind == arrayNode }

func (c *comparison) members(path string, a, b []string, inA, inB func(string) *node) {
	at := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	for _, key := range a {
		c.compare(at(key), inA(key), inB(key))
	}
	for _, key := range b {
		if inA(key) == nil {
			c.compare(at(key), nil, inB(key))
		}
	}
}

func (c *comparison) add(path string, a, b *node) {
	if len(c.edits) >= maxEdits {
		c.more++
		return
	}
	c.edits = append(c.edits, Edit{path, c.shown(a), c.shown(b)})
}

func (c *comparison) shown(n *node) json.RawMessage {
	if n == nil {
		return nil
	}
	var b bytes.Buffer
	n.writeMasked(&b, c.masks)
	if b.Len() > maxEditValue {
		return json.RawMessage(fmt.Sprintf(`"(%d bytes)"`, b.Len()))
	}
	return b.Bytes()
}

// nameKeys name the members of the document's lists, the first of them that is there.
var nameKeys = []string{"table", "function", "name", "role", "role_name", "root_field_name", "collection"}

// byName are the members of a list by what names them; ok is false for a list whose members have no names of their own.
func byName(n *node) (by map[string]*node, names []string, ok bool) {
	if n == nil {
		return nil, nil, true
	}
	by = make(map[string]*node, len(n.items))
	for _, item := range n.items {
		name := ""
		for _, key := range nameKeys {
			v := item.member(key)
			if v == nil {
				continue
			}
			if name = v.text; v.kind == objectNode {
				schema, own := v.member("schema"), v.member("name")
				if own != nil {
					name = own.text
				}
				if schema != nil {
					name = schema.text + "." + name
				}
			}
			break
		}
		if _, twice := by[name]; name == "" || twice {
			return nil, nil, false
		}
		by[name], names = item, append(names, name)
	}
	return by, names, true
}
