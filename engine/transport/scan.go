package transport

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// scanRequest reads a request in one pass, without the maps and copies of encoding/json: variables are parts of body.
// Where it is not ok, the body may be wrong or merely unusual; parseRequest decides, and words what is wrong.
func scanRequest(body []byte) (req Request, ok bool) {
	s := scanner{b: body}
	hasQuery := false
	ok = s.object(func(key string) bool {
		from := s.i
		switch key {
		case "query":
			hasQuery = true
			req.Query, ok = s.text()
			return ok
		case "operationName":
			if s.next() == 'n' {
				req.OperationName = ""
				return s.value(0)
			}
			req.OperationName, ok = s.text()
			return ok
		case "variables":
			req.Variables = nil
			if s.next() == 'n' {
				return s.value(0)
			}
			req.Variables = make(map[string]json.RawMessage, 4)
			return s.object(func(name string) bool {
				from = s.i
				ok := s.value(0)
				req.Variables[name] = body[from:s.i:s.i]
				return ok
			})
		case "extensions":
			ok := s.value(0)
			return ok && !bytes.Contains(body[from:s.i], persistedKey) // which may stand for the query
		}
		return s.value(0)
	})
	s.space()
	return req, ok && hasQuery && s.i == len(body)
}

// scanner walks over JSON and accepts nothing that encoding/json refuses.
type scanner struct {
	b []byte
	i int
}

// maxScanDepth is how deep values may be nested here.
const maxScanDepth = 100

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// next is the byte at hand, 0 at the end.
func (s *scanner) next() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) is(c byte) bool {
	if s.next() != c || s.i >= len(s.b) {
		return false
	}
	s.i++
	return true
}

// object walks over an object; member is to walk over the value of each key.
func (s *scanner) object(member func(key string) bool) bool {
	s.space()
	return s.next() == '{' && s.list('}', func() bool {
		key, ok := s.text()
		return ok && s.colon() && member(key)
	})
}

// list walks over what stands in brackets, commas between; one is to walk over each.
func (s *scanner) list(end byte, one func() bool) bool {
	s.i++
	s.space()
	if s.is(end) {
		return true
	}
	for one() {
		s.space()
		if s.is(end) {
			return true
		}
		if !s.is(',') {
			return false
		}
		s.space()
	}
	return false
}

func (s *scanner) colon() bool {
	s.space()
	ok := s.is(':')
	s.space()
	return ok
}

// text is a string's content.
func (s *scanner) text() (string, bool) {
	from := s.i
	isPlain, ok := s.str()
	if !ok || !utf8.Valid(s.b[from:s.i]) {
		return "", false
	}
	if isPlain {
		return string(s.b[from+1 : s.i-1]), true
	}
	var text string
	err := json.Unmarshal(s.b[from:s.i], &text)
	return text, err == nil
}

// str walks over a string; isPlain: it has no escapes.
func (s *scanner) str() (isPlain, ok bool) {
	if !s.is('"') {
		return false, false
	}
	isPlain = true
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return isPlain, true
		case c < 0x20:
			return false, false
		case c == '\\':
			isPlain = false
			if !s.escape() {
				return false, false
			}
		}
	}
	return false, false
}

func (s *scanner) escape() bool {
	c := s.next()
	s.i++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			h := s.next()
			if !(h >= '0' && h <= '9' || h >= 'a' && h <= 'f' || h >= 'A' && h <= 'F') {
				return false
			}
			s.i++
		}
		return true
	}
	return false
}

// value walks over any value.
func (s *scanner) value(depth int) bool {
	switch c := s.next(); c {
	case '"':
		_, ok := s.str()
		return ok
	case '{':
		return depth < maxScanDepth && s.list('}', func() bool {
			_, ok := s.str()
			return ok && s.colon() && s.value(depth+1)
		})
	case '[':
		return depth < maxScanDepth && s.list(']', func() bool { return s.value(depth + 1) })
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

func (s *scanner) number() bool {
	s.is('-')
	if !s.is('0') && !s.digits() {
		return false
	}
	if s.is('.') && !s.digits() {
		return false
	}
	if s.is('e') || s.is('E') {
		if !s.is('+') {
			s.is('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	from := s.i
	for c := s.next(); c >= '0' && c <= '9'; c = s.next() {
		s.i++
	}
	return s.i > from
}
