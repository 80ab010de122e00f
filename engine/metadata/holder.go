package metadata

import (
	"fmt"
	"maps"
	"slices"
)

// Disclosure is what a change of a document could give away to who makes it.
type Disclosure struct {
	// Secrets says in words where the change uses a secret, or the name of an environment variable, or changes how a source is
	// connected to; "" for nowhere.
	Secrets string
	// SQL are the sources of native queries that the change adds or rewrites.
	SQL []string
}

// Discloses tells what a change could give away. What held a secret before may stay as it is, or go, but a secret may not
// be sent to another place.
func Discloses(before, after *Metadata) (d Disclosure, err error) {
	was, err := holdersOf(before)
	if err != nil {
		return d, err
	}
	is, err := holdersOf(after)
	if err != nil {
		return d, err
	}
	if !maps.Equal(was.sources, is.sources) {
		d.Secrets = "the connection of a source"
	}
	for text, h := range is.holders {
		_, had := was.holders[text]
		if !had && (h.namesVariable || slices.ContainsFunc(h.secrets, func(s string) bool { return was.secrets[s] })) {
			d.Secrets = h.what
		}
	}
	for key, source := range is.queries {
		if _, had := was.queries[key]; !had && !slices.Contains(d.SQL, source) {
			d.SQL = append(d.SQL, source)
		}
	}
	slices.Sort(d.SQL)
	return d, nil
}

// holder is an object of a document that uses secrets: itself, as text, is the key of holders.
type holder struct {
	what          string
	namesVariable bool
	secrets       []string
}

type holders struct {
	// sources are the sources' connections, by name.
	sources map[string]string
	holders map[string]holder
	secrets map[string]bool
	// queries are the sources of native queries, by source and text.
	queries map[string]string
}

func holdersOf(m *Metadata) (*holders, error) {
	n, err := parseNode(m.Encode())
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	h := &holders{map[string]string{}, map[string]holder{}, map[string]bool{}, map[string]string{}}
	n.visitSecrets("", "", func(n *node, _ string) { h.secrets[n.text] = true })
	for i, key := range n.keys {
		if key != "sources" {
			h.collect(n.values[i], key)
			continue
		}
		for _, source := range n.values[i].items {
			h.source(source)
		}
	}
	return h, nil
}

// source notes a source: how it is connected to as a whole, and what else uses secrets.
func (h *holders) source(s *node) {
	name := ""
	if v := s.member("name"); v != nil {
		name = v.text
	}
	connection := ""
	for _, key := range []string{"kind", "configuration", "health_check"} {
		if v := s.member(key); v != nil {
			connection += key + string(v.compact())
		}
	}
	h.sources[name] = connection
	for i, key := range s.keys {
		if key == "configuration" || key == "health_check" {
			continue
		}
		h.collect(s.values[i], key)
		if key != "native_queries" {
			continue
		}
		for _, item := range s.values[i].items {
			if code := item.member("code"); code != nil {
				h.queries[name+"\x00"+code.text] = name
			}
		}
	}
}

// collect notes the objects that use secrets: a header's value goes to the URL beside it, so that the whole object counts.
func (h *holders) collect(n *node, key string) {
	for _, item := range n.items {
		h.collect(item, key)
	}
	if n.kind != objectNode {
		return
	}
	one := holder{what: key}
	for i, k := range n.keys {
		h.collect(n.values[i], k)
		if namesVariable(n.values[i], k) {
			one.namesVariable = true
		}
		if k != "headers" && n.values[i].kind != stringNode && k != "request_transform" {
			continue // an object of its own
		}
		n.values[i].visitSecrets(k, key, func(n *node, _ string) { one.secrets = append(one.secrets, n.text) })
	}
	if name := n.member("name"); name != nil {
		one.what = fmt.Sprintf("%s %q", key, name.text)
	}
	if one.namesVariable || len(one.secrets) > 0 {
		h.holders[string(n.compact())] = one
	}
}

// namesVariable tells whether a value of an object, or a header in it, is taken from the environment.
func namesVariable(n *node, key string) bool {
	found := false
	switch {
	case n.kind == stringNode && slices.Contains(environmentKeys, key):
		return true
	case n.kind == stringNode && key != "code" && key != "comment" && key != "description":
		return environmentName.MatchString(n.text)
	case key == "headers":
		n.variables(key, func(string) { found = true })
	}
	return found
}
