package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
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
	values  []*node        // of keys
	members map[string]int // of an object with many keys: where in keys they are
	items   []*node
}

// manyKeys is how many keys are worth a map.
const manyKeys = 16

// member is the value of a key, nil if there is none. Of a key written twice the last counts.
func (n *node) member(key string) *node {
	if i := n.index(key); i >= 0 {
		return n.values[i]
	}
	return nil
}

func (n *node) index(key string) int {
	if n.members != nil {
		if i, ok := n.members[key]; ok {
			return i
		}
		return -1
	}
	return slices.Index(n.keys, key)
}

// set adds a member of an object, or replaces it.
func (n *node) set(key string, value *node) {
	if i := n.index(key); i >= 0 {
		n.values[i] = value
		return
	}
	if len(n.keys) == manyKeys {
		n.members = make(map[string]int, 2*manyKeys)
		for i, k := range n.keys {
			n.members[k] = i
		}
	}
	if n.members != nil {
		n.members[key] = len(n.keys)
	}
	n.keys, n.values = append(n.keys, key), append(n.values, value)
}

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
	p := &nodeParser{data: data, known: map[string]string{}}
	return p.value(), nil
}

// nodeParser walks a text that is known to be valid.
type nodeParser struct {
	data []byte
	at   int
	// known are the short strings seen: a document says the same few thousands of times.
	known map[string]string
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
		n.kind = objectNode
		p.at++
		for p.skip() != '}' {
			key := p.str()
			n.set(key, p.value())
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
	isPlain := true
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			isPlain = false
			p.at++
		}
	}
	p.at++
	if isPlain {
		return p.plain(p.data[start+1 : p.at-1])
	}
	var s string
	_ = json.Unmarshal(p.data[start:p.at], &s) // valid since parseNode
	return s
}

// maxKnown is the length up to which strings are worth remembering.
const maxKnown = 40

func (p *nodeParser) plain(b []byte) string {
	if len(b) > maxKnown {
		return string(b)
	}
	s, ok := p.known[string(b)]
	if !ok {
		s = string(b)
		p.known[s] = s
	}
	return s
}
