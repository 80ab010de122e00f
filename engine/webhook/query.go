package webhook

import (
	"net/url"
	"strings"
)

// encodeQuery is name=value&…, everything but unreserved characters escaped (RFC 3986 §2.3).
func encodeQuery(params []Param) string {
	parts := make([]string, len(params))
	for i, p := range params {
		parts[i] = escape(p.Name)
		if p.Value != nil {
			parts[i] += "=" + escape(*p.Value)
		}
	}
	return strings.Join(parts, "&")
}

// escape is url.QueryEscape with %20 for a space, which every server understands.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// ParseQuery reads a URL's query, with or without its question mark. What cannot be unescaped stands for itself.
func ParseQuery(text string) []Param {
	var params []Param
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "?"), "&") {
		if part == "" {
			continue
		}
		name, value, hasValue := strings.Cut(part, "=")
		p := Param{Name: unescape(name)}
		if hasValue {
			value = unescape(value)
			p.Value = &value
		}
		params = append(params, p)
	}
	return params
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// MissingVariable is a name in a text that the environment does not have.
type MissingVariable struct{ Name string }

func (e *MissingVariable) Error() string { return "environment variable '" + e.Name + "' not set" }

// Expand resolves {{NAME}} in a URL or header from the environment; the error is a *MissingVariable.
func Expand(text string, lookup func(name string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		name, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			b.WriteString(text)
			return b.String(), nil
		}
		name = strings.TrimSpace(name)
		value, ok := lookup(name)
		if !ok {
			return "", &MissingVariable{name}
		}
		b.WriteString(before)
		b.WriteString(value)
		text = after
	}
}
