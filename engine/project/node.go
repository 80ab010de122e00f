package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document becomes YAML node by node, so that keys keep the server's order and texts the Hasura command line's style.

// fromJSON reads JSON as a node.
func fromJSON(data []byte) (*yaml.Node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n, err := readNode(dec)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	return n, nil
}

func readNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if t == '{' {
			n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		}
		for dec.More() {
			item, err := readNode(dec) // keys of an object come as strings
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
		}
		_, err := dec.Token()
		return n, err
	case string:
		return text(t), nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(t)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// olderBoolean finds texts that version 1.1 of YAML read as booleans or numbers of base 60; they are quoted for its readers.
var olderBoolean = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$|^[-+]?[0-9]+(:[0-9]+)+(\.[0-9]*)?$`)

func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if olderBoolean.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// includeOf stands for a file, written as the Hasura command line does.
func includeOf(name string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: "!include " + name}
}

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

func object() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// member is nil when there is none.
func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func put(n *yaml.Node, key string, v *yaml.Node) {
	n.Content = append(n.Content, text(key), v)
}

// pick is n with the given keys first and in this order, the others behind, but for those left out.
func pick(n *yaml.Node, first []string, out ...string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return n
	}
	o := object()
	for _, key := range first {
		if v := member(n, key); v != nil {
			put(o, key, v)
		}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i].Value; !slices.Contains(first, key) && !slices.Contains(out, key) {
			put(o, key, n.Content[i+1])
		}
	}
	return o
}

// encode writes a node as the Hasura command line does.
func encode(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return nil, err
	}
	err := enc.Close()
	return out.Bytes(), err
}

// equal tells whether a node and a value on disk mean the same; the order of keys means nothing.
func equal(n *yaml.Node, v *value) bool {
	if v == nil {
		return false
	}
	switch n.Kind {
	case yaml.MappingNode:
		if !v.isObject() || len(n.Content) != 2*len(v.keys) {
			return false
		}
		for i := 0; i < len(n.Content); i += 2 {
			if other := v.member(n.Content[i].Value); other == nil || !equal(n.Content[i+1], other) {
				return false
			}
		}
		return true
	case yaml.SequenceNode:
		return v.isList() && slices.EqualFunc(n.Content, v.list, equal)
	}
	if v.node.Kind != yaml.ScalarNode {
		return false
	}
	if name, is := include(n); is {
		other, too := include(v.node)
		return too && name == other
	}
	return scalar(n) == scalar(v.node)
}

// scalar is a value that is equal for equal scalars.
func scalar(n *yaml.Node) any {
	var v any
	if tag := n.ShortTag(); tag == "!!str" || tag == "!!timestamp" {
		return n.Value
	}
	if n.Decode(&v) != nil {
		return n.Value
	}
	if i, ok := v.(int); ok {
		return float64(i)
	}
	return v
}
