package operation

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// node is a JSON value taken apart just as far as the query line needs: raw text is kept, so that numbers and key
// order reach Postgres as the client wrote them.
type node struct {
	kind byte // 'n' null, 't', 'f', 's' string, '#' number, '[', '{'
	raw  []byte
	keys []string
	kids []*node
}

// parseJSON takes valid JSON apart (encoding/json has checked it).
func parseJSON(raw json.RawMessage) *node {
	p := jsonParser{b: raw}
	return p.value()
}

type jsonParser struct {
	b []byte
	i int
}

func (p *jsonParser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\n' || p.b[p.i] == '\t' || p.b[p.i] == '\r') {
		p.i++
	}
}

func (p *jsonParser) value() *node {
	p.space()
	if p.i >= len(p.b) {
		return &node{kind: 'n', raw: []byte("null")}
	}
	start := p.i
	n := &node{}
	switch c := p.b[p.i]; c {
	case '{':
		n.kind = '{'
		p.i++
		for p.space(); p.i < len(p.b) && p.b[p.i] != '}'; p.space() {
			if p.b[p.i] == ',' {
				p.i++
				continue
			}
			key := unquote(p.str())
			p.space()
			p.i++ // the colon
			n.keys = append(n.keys, key)
			n.kids = append(n.kids, p.value())
		}
		p.i++
	case '[':
		n.kind = '['
		p.i++
		for p.space(); p.i < len(p.b) && p.b[p.i] != ']'; p.space() {
			if p.b[p.i] == ',' {
				p.i++
				continue
			}
			n.kids = append(n.kids, p.value())
		}
		p.i++
	case '"':
		n.kind = 's'
		p.str()
	case 't', 'f', 'n':
		n.kind = c
		for p.i < len(p.b) && p.b[p.i] >= 'a' && p.b[p.i] <= 'z' {
			p.i++
		}
	default:
		n.kind = '#'
		for p.i < len(p.b) && bytes.IndexByte([]byte("+-.eE0123456789"), p.b[p.i]) >= 0 {
			p.i++
		}
		if p.i == start {
			p.i++
		}
	}
	n.raw = p.b[start:min(p.i, len(p.b))]
	return n
}

func (p *jsonParser) str() []byte {
	start := p.i
	for p.i++; p.i < len(p.b) && p.b[p.i] != '"'; p.i++ {
		if p.b[p.i] == '\\' {
			p.i++
		}
	}
	p.i++
	return p.b[start:min(p.i, len(p.b))]
}

func (n *node) child(key string) *node {
	// the last of duplicate keys counts, as in encoding/json
	for i := len(n.keys) - 1; i >= 0; i-- {
		if n.keys[i] == key {
			return n.kids[i]
		}
	}
	return nil
}

// text is a string's content.
func (n *node) text() string { return unquote(n.raw) }

// unquote undoes a JSON string's escapes.
func unquote(q []byte) string {
	if len(q) < 2 {
		return ""
	}
	q = q[1 : len(q)-1]
	if bytes.IndexByte(q, '\\') < 0 {
		return string(q)
	}
	out := make([]byte, 0, len(q))
	for i := 0; i < len(q); i++ {
		if q[i] != '\\' || i+1 >= len(q) {
			out = append(out, q[i])
			continue
		}
		i++
		switch q[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r := hex4(q, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				second := rune(-1)
				if i+2 < len(q) && q[i+1] == '\\' && q[i+2] == 'u' {
					second = hex4(q, i+3)
				}
				if dec := utf16.DecodeRune(r, second); dec != utf8.RuneError {
					r = dec
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, q[i])
		}
	}
	return string(out)
}

func hex4(q []byte, at int) rune {
	if at+4 > len(q) {
		return utf8.RuneError
	}
	v, err := strconv.ParseUint(string(q[at:at+4]), 16, 32)
	if err != nil {
		return utf8.RuneError
	}
	return rune(v)
}

// quote writes a JSON string.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimRight(b.Bytes(), "\n")
}
