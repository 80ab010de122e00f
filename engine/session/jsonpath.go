package session

import (
	"fmt"
	"strconv"
	"strings"

	"gatehouse/engine/fault"
)

// jsonPath leads from a value to one inside it: strings are object members, ints list elements.
type jsonPath []any

// parseJSONPath reads the paths of claims_map and claims_namespace_path: `$.user.roles[0]`, `$['https://x/claims']`,
// with or without the leading `$`. "$" alone is the whole value.
func parseJSONPath(text string) (jsonPath, error) {
	var path jsonPath
	rest := strings.TrimPrefix(text, "$")
	if rest == text && text != "" && text[0] != '[' && text[0] != '.' {
		rest = "." + text
	}
	if text == "" {
		return nil, fmt.Errorf("empty JSON path")
	}
	for rest != "" {
		var part any
		var err error
		switch {
		case rest[0] == '.':
			part, rest, err = dotted(rest[1:])
		case rest[0] == '[':
			part, rest, err = bracketed(rest[1:])
		default:
			err = fmt.Errorf("expected . or [ at %q", rest)
		}
		if err != nil {
			return nil, fmt.Errorf("%w in JSON path %q", err, text)
		}
		path = append(path, part)
	}
	return path, nil
}

func dotted(s string) (part any, rest string, err error) {
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	if end == 0 {
		return nil, "", fmt.Errorf("empty name")
	}
	return s[:end], s[end:], nil
}

func bracketed(s string) (part any, rest string, err error) {
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		quote := s[:1]
		end := strings.Index(s[1:], quote+"]")
		if end < 0 {
			return nil, "", fmt.Errorf("unclosed %s", quote)
		}
		return s[1 : 1+end], s[end+3:], nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return nil, "", fmt.Errorf("unclosed [")
	}
	i, err := strconv.Atoi(s[:end])
	if err != nil || i < 0 {
		return nil, "", fmt.Errorf("%q is neither an index nor a quoted name", s[:end])
	}
	return i, s[end+1:], nil
}

// find follows the path into a decoded JSON value.
func (p jsonPath) find(v any) (any, bool) {
	for _, part := range p {
		switch part := part.(type) {
		case string:
			object, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = object[part]; !ok {
				return nil, false
			}
		case int:
			list, ok := v.([]any)
			if !ok || part >= len(list) {
				return nil, false
			}
			v = list[part]
		}
	}
	return v, true
}

// String writes the path as errors show it.
func (p jsonPath) String() string {
	s := fault.Root
	for _, part := range p {
		switch part := part.(type) {
		case string:
			s = fault.Key(s, part)
		case int:
			s = fault.Index(s, part)
		}
	}
	return s
}
