package kriti

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// functions are the built-in ones (Hasura docs: kriti-templating, function reference).
var functions = map[string]Function{
	"empty":       empty,
	"size":        size,
	"length":      size,
	"inverse":     inverse,
	"head":        head,
	"tail":        tail,
	"toCaseFold":  onText(func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "ß", "ss") }),
	"toLower":     onText(strings.ToLower),
	"toUpper":     onText(strings.ToUpper),
	"toTitle":     onText(title),
	"escapeUri":   onText(escapeURI),
	"fromPairs":   fromPairs,
	"toPairs":     toPairs,
	"removeNulls": removeNulls,
	"concat":      concat,
	"not":         not,
}

// mismatch words a wrong type as Hasura's JSON library does.
func mismatch(what, expected string, v any) error {
	return fmt.Errorf("parsing %s failed, expected %s, but encountered %s", what, expected, typeName(v))
}

func onText(f func(string) string) Function {
	return func(v any) (any, error) {
		s, ok := v.(string)
		if !ok {
			return nil, mismatch("String", "String", v)
		}
		return f(s), nil
	}
}

func empty(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0, nil
	case []any:
		return len(v) == 0, nil
	case string:
		return strings.TrimSpace(v) == "", nil
	case json.Number:
		return compareNumbers(v.String(), "0") == 0, nil
	case bool:
		return nil, errors.New("Cannot define emptiness for a boolean")
	}
	return true, nil
}

func size(v any) (any, error) {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
	case []any:
		n = len(v)
	case string:
		n = utf8.RuneCountInString(v)
	case json.Number:
		return v, nil
	case bool:
		if v {
			n = 1
		}
	}
	return json.Number(strconv.Itoa(n)), nil
}

func inverse(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		v = slices.Clone(v)
		slices.Reverse(v)
		return v, nil
	case string:
		runes := []rune(v)
		slices.Reverse(runes)
		return string(runes), nil
	case json.Number:
		f, err := v.Float64()
		if err != nil || f == 0 || 1/f-1/f != 0 {
			return nil, fmt.Errorf("%s has no reciprocal", v)
		}
		return json.Number(strconv.FormatFloat(1/f, 'g', -1, 64)), nil
	case bool:
		return !v, nil
	}
	return v, nil
}

func head(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return nil, errors.New("Empty array")
		}
		return v[0], nil
	case string:
		if v == "" {
			return nil, errors.New("Empty string")
		}
		_, n := utf8.DecodeRuneInString(v)
		return v[:n], nil
	}
	return nil, errors.New("Expected an array or string")
}

// tail of nothing is nothing.
func tail(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return v[min(1, len(v)):], nil
	case string:
		_, n := utf8.DecodeRuneInString(v)
		return v[n:], nil
	}
	return nil, errors.New("Expected an array or string")
}

// title begins every word with a capital and goes on in small letters.
func title(s string) string {
	isInside := false
	return strings.Map(func(r rune) rune {
		defer func() { isInside = unicode.IsLetter(r) || unicode.IsMark(r) || isInside && r == '\'' }()
		if isInside {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// escapeURI escapes all but RFC 3986's unreserved characters (§2.3).
func escapeURI(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isLetter(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func toPairs(v any) (any, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, mismatch("Object", "Object", v)
	}
	pairs := make([]any, 0, len(o))
	for _, k := range slices.Sorted(maps.Keys(o)) {
		pairs = append(pairs, []any{k, o[k]})
	}
	return pairs, nil
}

func fromPairs(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, mismatch("Nested Arrays", "Array", v)
	}
	o := make(map[string]any, len(list))
	for _, item := range list {
		pair, ok := item.([]any)
		if !ok {
			return nil, mismatch("Array of Pair", "Array", item)
		}
		if len(pair) != 2 {
			return nil, errors.New("Expected an array of shape [ [k1,v1], [k2,v2] ... ] - With String keys.")
		}
		key, ok := pair[0].(string)
		if !ok {
			return nil, mismatch("Key", "String", pair[0])
		}
		o[key] = pair[1]
	}
	return o, nil
}

func removeNulls(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, mismatch("Array", "Array", v)
	}
	return slices.DeleteFunc(slices.Clone(list), func(item any) bool { return item == nil }), nil
}

// concat joins lists, texts or objects; of a key written twice the last counts. Nothing joined is an empty list.
func concat(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, mismatch("Array", "Array", v)
	}
	if len(list) == 0 {
		return []any{}, nil
	}
	switch list[0].(type) {
	case []any:
		var out []any
		for _, item := range list {
			l, ok := item.([]any)
			if !ok {
				return nil, mismatch("Nested Object", "Object", list[0])
			}
			out = append(out, l...)
		}
		return out, nil
	case string:
		var b strings.Builder
		for _, item := range list {
			s, ok := item.(string)
			if !ok {
				return nil, mismatch("Nested Object", "Object", list[0])
			}
			b.WriteString(s)
		}
		return b.String(), nil
	}
	out := map[string]any{}
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, mismatch("Nested Object", "Object", item)
		}
		maps.Copy(out, o)
	}
	return out, nil
}

func not(v any) (any, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, mismatch("Bool", "Bool", v)
	}
	return !b, nil
}
