package kriti

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// escapes are JSON's one-letter escapes, and the other quote.
var escapes = map[byte]string{'"': `"`, '\'': `'`, '\\': `\`, '/': `/`, 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t"}

// unescape resolves JSON's escapes. A backslash before anything else stands for itself.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if plain, ok := escapes[s[i+1]]; ok {
			b.WriteString(plain)
			i++
			continue
		}
		r, n := unicodeEscape(s[i:])
		if n == 0 {
			b.WriteByte('\\')
			continue
		}
		b.WriteRune(r)
		i += n - 1
	}
	return b.String()
}

// unicodeEscape reads \uXXXX at the start of s, or a pair of them, and tells its length; 0 if there is none.
func unicodeEscape(s string) (rune, int) {
	unit := func(s string) (rune, bool) {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(s[2:6], 16, 16)
		return rune(n), err == nil
	}
	first, ok := unit(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) {
		if second, ok := unit(s[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != '\uFFFD' {
				return r, 12
			}
		}
	}
	return first, 6 // half a pair becomes U+FFFD when written
}
