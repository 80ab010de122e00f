package admin

import (
	"strings"

	"gatehouse/engine/fault"
)

// refuseCopy refuses SQL that would read from the client, or write to it, in the middle of a request: Postgres would wait for
// data that nobody sends.
func refuseCopy(sql string) error {
	isCopy, isFirst := false, true
	for s := (sqlScanner{rest: sql}); s.next(); {
		switch word := strings.ToLower(s.word); {
		case word == ";":
			isCopy, isFirst = false, true
			continue
		case isFirst:
			isCopy, isFirst = word == "copy", false
		case isCopy && (word == "stdin" || word == "stdout"):
			return fault.New(fault.NotSupported, "", "run_sql cannot COPY from or to the client")
		}
	}
	return nil
}

// sqlScanner splits SQL into words and single characters. Comments are left out; strings and quoted names are words of one
// quote, so that nothing is found in them (PG docs: sql-syntax-lexical).
type sqlScanner struct {
	rest, word string
	// from is what rest was where the word begins.
	from string
}

func (s *sqlScanner) next() bool {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n\f\v")
		s.from = s.rest
		switch {
		case s.rest == "":
			return false
		case strings.HasPrefix(s.rest, "--"):
			_, s.rest, _ = strings.Cut(s.rest, "\n")
			continue
		case strings.HasPrefix(s.rest, "/*"):
			s.comment()
			continue
		case s.rest[0] == '\'' || s.rest[0] == '"':
			s.word = s.rest[:1]
			s.quoted(s.rest[0], false)
		case s.rest[0] == '$' && s.dollar():
			s.word = "$"
		default:
			s.plain()
		}
		return true
	}
}

// comment skips a comment, which may hold others.
func (s *sqlScanner) comment() {
	depth, i := 0, 0
	for ; i < len(s.rest); i++ {
		switch {
		case strings.HasPrefix(s.rest[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s.rest[i:], "*/"):
			i++
			if depth--; depth == 0 {
				s.rest = s.rest[i+1:]
				return
			}
		}
	}
	s.rest = ""
}

// quoted skips a string or name; a doubled quote is one of its characters, and in a string of the form E'…' what a
// backslash precedes.
func (s *sqlScanner) quoted(quote byte, escapes bool) {
	for i := 1; i < len(s.rest); i++ {
		switch {
		case escapes && s.rest[i] == '\\':
			i++
		case s.rest[i] != quote:
		case i+1 < len(s.rest) && s.rest[i+1] == quote:
			i++
		default:
			s.rest = s.rest[i+1:]
			return
		}
	}
	s.rest = ""
}

// dollar skips $tag$ … $tag$, if that is what stands here.
func (s *sqlScanner) dollar() bool {
	end := strings.IndexByte(s.rest[1:], '$')
	if end < 0 {
		return false
	}
	tag := s.rest[:end+2]
	for i, c := range tag[1 : end+1] {
		if !isWordByte(byte(c)) || i == 0 && '0' <= c && c <= '9' {
			return false
		}
	}
	_, s.rest, _ = strings.Cut(s.rest[len(tag):], tag)
	return true
}

func (s *sqlScanner) plain() {
	n := 1
	if isWordByte(s.rest[0]) {
		for n < len(s.rest) && (isWordByte(s.rest[n]) || s.rest[n] == '$') {
			n++
		}
	}
	s.word, s.rest = s.rest[:n], s.rest[n:]
	if strings.EqualFold(s.word, "e") && strings.HasPrefix(s.rest, "'") {
		s.quoted('\'', true)
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
