package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// nodeKind is what a JSON value is, in the words Hasura's errors use.
type nodeKind string

const (
	objectNode nodeKind = "Object"
	arrayNode  nodeKind = "Array"
	stringNode nodeKind = "String"
	numberNode nodeKind = "Number"
	boolNode   nodeKind = "Boolean"
	nullNode   nodeKind = "Null"
)

// node is a parsed JSON value that remembers its text and the order of its keys.
type node struct {
	kind    nodeKind
	raw     []byte
	text    string // of a string
	keys    []string
	members map[string]*node
	items   []*node
}

// member is the value of a key, nil if there is none. Of a key written twice the last counts.
func (n *node) member(key string) *node { return n.members[key] }

func (n *node) compact() json.RawMessage {
	var b bytes.Buffer
	_ = json.Compact(&b, n.raw) // valid since parseNode
	return b.Bytes()
}

// parseNode parses one JSON text.
func parseNode(data []byte) (*node, error) {
	if !json.Valid(data) {
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return nil, err
		}
		return nil, errors.New("not a JSON value")
	}
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	p := &nodeParser{data: data}
	return p.value(), nil
}

// nodeParser walks a text that is known to be valid.
type nodeParser struct {
	data []byte
	at   int
}

func (p *nodeParser) skip() byte {
	for {
		switch c := p.data[p.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			p.at++
		default:
			return c
		}
	}
}

func (p *nodeParser) value() *node {
	c := p.skip()
	start := p.at
	n := &node{}
	switch {
	case c == '{':
		n.kind, n.members = objectNode, map[string]*node{}
		p.at++
		for p.skip() != '}' {
			key := p.str()
			if _, again := n.members[key]; !again {
				n.keys = append(n.keys, key)
			}
			n.members[key] = p.value()
		}
		p.at++
	case c == '[':
		n.kind = arrayNode
		p.at++
		for p.skip() != ']' {
			n.items = append(n.items, p.value())
		}
		p.at++
	case c == '"':
		n.kind, n.text = stringNode, p.str()
	case c == 't', c == 'f':
		n.kind = boolNode
		p.word()
	case c == 'n':
		n.kind = nullNode
		p.word()
	default:
		n.kind = numberNode
		p.word()
	}
	n.raw = p.data[start:p.at]
	return n
}

func (p *nodeParser) word() {
	for p.at < len(p.data) && bytes.IndexByte([]byte(" \t\n\r,:]}"), p.data[p.at]) < 0 {
		p.at++
	}
}

func (p *nodeParser) str() string {
	start := p.at
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
	var s string
	_ = json.Unmarshal(p.data[start:p.at], &s) // valid since parseNode
	return s
}
