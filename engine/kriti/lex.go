package kriti

import (
	"strings"
	"unicode/utf8"
)

// kind is a token's kind; for symbols it is the symbol itself.
type kind string

const (
	identKind  kind = "identifier"
	numberKind kind = "number"
	textKind   kind = "text" // a piece of a string, escapes resolved
	stringOpen kind = `"(`
	stringEnd  kind = `)"`
)

type token struct {
	kind kind
	// text is what was written; value that of a piece of a string.
	text, value string
	span        Span
}

// mode is where in a template the lexer is.
type mode int

const (
	inJSON     mode = iota // between expressions, or outside them
	inBraces               // between {{ and }}
	inObject               // in an object between {{ and }}, where }} are two braces
	inString               // between double quotes
	inQuotedID             // between single quotes
)

type lexer struct {
	rest      string
	line, col int
	modes     []mode
	tokens    []token
}

// symbols, longest first.
var symbols = []string{"{{", "}}", "==", "!=", ">=", "<=", "&&", "||", ":=", "??", "{", "}", "[", "]", "(", ")", ":", ".", ",", "?", ">", "<"}

// lex splits a template into tokens.
func lex(text string) ([]token, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{LexError, "the template is not UTF-8", Span{0, 1, 0, 1}}
	}
	l := &lexer{rest: text, col: 1, modes: []mode{inJSON}}
	for l.rest != "" {
		ok := false
		switch l.modes[len(l.modes)-1] {
		case inString:
			ok = l.piece('"', stringEnd)
		case inQuotedID:
			ok = l.piece('\'', "'")
		default:
			ok = l.skip() || l.word() || l.number() || l.symbol()
		}
		if !ok {
			start := l.here()
			start.EndColumn += utf8.RuneCountInString(l.rest)
			return nil, &Error{LexError, "Invalid Lexeme: '" + l.rest + "'", start}
		}
	}
	return l.tokens, nil
}

func (l *lexer) here() Span { return Span{l.line, l.col, l.line, l.col} }

// take moves over n bytes and gives where they are.
func (l *lexer) take(n int) (string, Span) {
	text, span := l.rest[:n], l.here()
	l.rest = l.rest[n:]
	for _, r := range text {
		if r == '\n' {
			l.line, l.col = l.line+1, 1
		} else {
			l.col++
		}
	}
	span.EndLine, span.EndColumn = l.line, l.col
	return text, span
}

func (l *lexer) emit(k kind, n int) {
	text, span := l.take(n)
	l.tokens = append(l.tokens, token{k, text, text, span})
}

func (l *lexer) push(m mode) { l.modes = append(l.modes, m) }

func (l *lexer) pop() {
	if len(l.modes) > 1 {
		l.modes = l.modes[:len(l.modes)-1]
	}
}

// skip moves over white space or a comment.
func (l *lexer) skip() bool {
	n := len(l.rest) - len(strings.TrimLeft(l.rest, " \t\r\n\f\v"))
	if n == 0 && l.rest[0] == '#' {
		if n = strings.IndexByte(l.rest, '\n'); n < 0 {
			n = len(l.rest)
		}
	}
	l.take(n)
	return n > 0
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// word is an identifier: letters, digits, and $ _ - after the first.
func (l *lexer) word() bool {
	if c := l.rest[0]; !isLetter(c) && c != '$' && c != '_' {
		return false
	}
	n := 1
	for n < len(l.rest) && (isLetter(l.rest[n]) || isDigit(l.rest[n]) || strings.IndexByte("$_-", l.rest[n]) >= 0) {
		n++
	}
	l.emit(identKind, n)
	return true
}

func digits(s string, from int) int {
	for from < len(s) && isDigit(s[from]) {
		from++
	}
	return from
}

// number is JSON's, with leading zeros allowed.
func (l *lexer) number() bool {
	s, start := l.rest, 0
	if s[0] == '-' {
		start = 1
	}
	n := digits(s, start)
	if n == start {
		return false
	}
	if n < len(s) && s[n] == '.' {
		if end := digits(s, n+1); end > n+1 {
			n = end
		}
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		exp := n + 1
		if exp < len(s) && (s[exp] == '+' || s[exp] == '-') {
			exp++
		}
		if end := digits(s, exp); end > exp {
			n = end
		}
	}
	l.emit(numberKind, n)
	return true
}

func (l *lexer) symbol() bool {
	m := l.modes[len(l.modes)-1]
	switch {
	case l.rest[0] == '"':
		l.emit(stringOpen, 1)
		l.push(inString)
		return true
	case l.rest[0] == '\'':
		l.emit("'", 1)
		l.push(inQuotedID)
		return true
	}
	for _, s := range symbols {
		if !strings.HasPrefix(l.rest, s) || s == "}}" && m != inBraces {
			continue
		}
		l.emit(kind(s), len(s))
		switch {
		case s == "{{":
			l.push(inBraces)
		case s == "{" && m != inJSON:
			l.push(inObject)
		case s == "}}", s == "}" && m == inObject:
			l.pop()
		}
		return true
	}
	return false
}

// piece is the next part of a string: its end, an opening {{, or text up to one of them.
func (l *lexer) piece(quote byte, end kind) bool {
	switch {
	case l.rest[0] == quote:
		l.emit(end, 1)
		l.pop()
		return true
	case strings.HasPrefix(l.rest, "{{"):
		l.emit("{{", 2)
		l.push(inBraces)
		return true
	}
	n := 0
	for n < len(l.rest) && l.rest[n] != quote && !strings.HasPrefix(l.rest[n:], "{{") {
		if l.rest[n] == '\\' && n+1 < len(l.rest) {
			n++
		}
		n++
	}
	text, span := l.take(n)
	l.tokens = append(l.tokens, token{textKind, text, unescape(text), span})
	return true
}
