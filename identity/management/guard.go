package management

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// This file validates decoded JSON the way the original API does, and reports what is wrong in the same words: the
// issue list is part of the 400 body, and clients show it. Source of the texts: recordings 02, 03, 04, 09, and the
// error map of Zod 3.

// issue is one thing that is wrong with an input.
type issue map[string]any

// verdict of a schema on a value. A dirty value has the right type but breaks a rule; a union reports the issues of
// its first dirty member, and only a union of wrong types says "invalid union".
type verdict int

const (
	valid verdict = iota
	dirty
	wrong
)

// absent is the value of a key that is not there.
type absent struct{}

// schema checks v, adds issues, and returns the value without unknown keys.
type schema func(c *check, path []any, v any) (any, verdict)

// check collects the issues of one input.
type check struct{ issues []issue }

func (c *check) add(path []any, i issue) {
	i["path"] = slices.Clone(path)
	if i["path"].([]any) == nil {
		i["path"] = []any{}
	}
	c.issues = append(c.issues, i)
}

func (c *check) wrongType(path []any, expected string, v any) verdict {
	received := typeOf(v)
	message := fmt.Sprintf("Expected %s, received %s", expected, received)
	if received == "undefined" {
		message = "Required"
	}
	c.add(path, issue{"code": "invalid_type", "expected": expected, "received": received, "message": message})
	return wrong
}

func typeOf(v any) string {
	switch v.(type) {
	case absent:
		return "undefined"
	case nil:
		return "null"
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}

// details renders issues as the text beside the issue list.
func details(issues []issue) string {
	lines := make([]string, len(issues))
	for i, is := range issues {
		var path []string
		for _, p := range is["path"].([]any) {
			path = append(path, fmt.Sprint(p))
		}
		said := is["message"]
		if is["code"] == "invalid_type" {
			said = fmt.Sprintf("Expected %s but received %s.", is["expected"], is["received"])
		}
		lines[i] = fmt.Sprintf("Error in key path %q: (%s) %s", strings.Join(path, "."), is["code"], said)
	}
	return strings.Join(lines, "\n")
}

// A rule is a further condition on a string or a number; nil means it holds.
type rule func(v any) issue

func text(rules ...rule) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if _, ok := v.(string); !ok {
			return nil, c.wrongType(path, "string", v)
		}
		return v, c.apply(path, v, rules)
	}
}

func (c *check) apply(path []any, v any, rules []rule) verdict {
	result := valid
	for _, r := range rules {
		if is := r(v); is != nil {
			c.add(path, is)
			result = dirty
		}
	}
	return result
}

// length of a string in UTF-16 units, as JavaScript counts.
func length(v any) int { return len(utf16.Encode([]rune(v.(string)))) }

func minLength(n int) rule {
	return func(v any) issue {
		if length(v) >= n {
			return nil
		}
		return issue{
			"code": "too_small", "minimum": n, "type": "string", "inclusive": true, "exact": false,
			"message": fmt.Sprintf("String must contain at least %d character(s)", n),
		}
	}
}

func maxLength(n int) rule {
	return func(v any) issue {
		if length(v) <= n {
			return nil
		}
		return issue{
			"code": "too_big", "maximum": n, "type": "string", "inclusive": true, "exact": false,
			"message": fmt.Sprintf("String must contain at most %d character(s)", n),
		}
	}
}

func matches(re *regexp.Regexp) rule {
	return func(v any) issue {
		if re.MatchString(v.(string)) {
			return nil
		}
		return issue{"validation": "regex", "code": "invalid_string", "message": "Invalid"}
	}
}

// format is a rule like URL or e-mail, with the name Zod gives it.
func format(name string, ok func(string) bool) rule {
	return func(v any) issue {
		if ok(v.(string)) {
			return nil
		}
		return issue{"validation": name, "code": "invalid_string", "message": "Invalid " + name}
	}
}

// satisfies is a rule of our own making, which Zod calls custom.
func satisfies(ok func(string) bool, message string) rule {
	return func(v any) issue {
		if ok(v.(string)) {
			return nil
		}
		return issue{"code": "custom", "message": message}
	}
}

// integer takes whole numbers between low and high.
func integer(low, high int64) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		n, ok := v.(json.Number)
		if !ok {
			return nil, c.wrongType(path, "number", v)
		}
		f, err := n.Float64()
		if err != nil || f != float64(int64(f)) {
			c.add(path, issue{"code": "invalid_type", "expected": "integer", "received": "float", "message": "Expected integer, received float"})
			return nil, dirty
		}
		bound := func(code, key, words string, n int64) {
			c.add(path, issue{
				"code": code, key: n, "type": "number", "inclusive": true, "exact": false,
				"message": fmt.Sprintf("Number must be %s than or equal to %d", words, n),
			})
		}
		switch {
		case f < float64(low):
			bound("too_small", "minimum", "greater", low)
			return nil, dirty
		case f > float64(high):
			bound("too_big", "maximum", "less", high)
			return nil, dirty
		}
		return json.Number(fmt.Sprint(int64(f))), valid // 36e2 is an integer, but not for encoding/json
	}
}

func boolean() schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if _, ok := v.(bool); !ok {
			return nil, c.wrongType(path, "boolean", v)
		}
		return v, valid
	}
}

func enum(options ...string) schema {
	quoted := make([]string, len(options))
	for i, o := range options {
		quoted[i] = "'" + o + "'"
	}
	expected := strings.Join(quoted, " | ")
	return func(c *check, path []any, v any) (any, verdict) {
		s, ok := v.(string)
		if !ok {
			return nil, c.wrongType(path, expected, v)
		}
		if !slices.Contains(options, s) {
			c.add(path, issue{
				"received": s, "code": "invalid_enum_value", "options": options,
				"message": fmt.Sprintf("Invalid enum value. Expected %s, received '%s'", expected, s),
			})
			return nil, wrong
		}
		return v, valid
	}
}

func emptyText() schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if v == "" {
			return v, valid
		}
		is := issue{"code": "invalid_literal", "expected": "", "message": `Invalid literal value, expected ""`}
		if _, gone := v.(absent); !gone {
			is["received"] = v
		}
		c.add(path, is)
		return nil, wrong
	}
}

// either takes what one of the schemas takes.
func either(options ...schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		var unionErrors []any
		var firstDirty *check
		for _, option := range options {
			attempt := &check{}
			out, result := option(attempt, path, v)
			switch {
			case result == valid:
				return out, valid
			case result == dirty && firstDirty == nil:
				firstDirty = attempt
			}
			unionErrors = append(unionErrors, map[string]any{"issues": attempt.issues, "name": "ZodError"})
		}
		if firstDirty != nil {
			c.issues = append(c.issues, firstDirty.issues...)
			return nil, dirty
		}
		c.add(path, issue{"code": "invalid_union", "unionErrors": unionErrors, "message": "Invalid input"})
		return nil, wrong
	}
}

func optional(s schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if _, gone := v.(absent); gone {
			return v, valid
		}
		return s(c, path, v)
	}
}

func nullable(s schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if v == nil {
			return v, valid
		}
		return s(c, path, v)
	}
}

// clearable is nullable where null means what "" means: the stored text becomes null.
func clearable(s schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		if v == nil {
			return "", valid
		}
		return s(c, path, v)
	}
}

// emptyAsNull is nullable where "" means null, for documents that are stored as they are.
func emptyAsNull(s schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		out, result := nullable(s)(c, path, v)
		if out == "" {
			out = nil
		}
		return out, result
	}
}

// list takes arrays; the items are checked each.
func list(item schema) schema { return listOf(item, 0) }

// someOf takes arrays with at least one item.
func someOf(item schema) schema { return listOf(item, 1) }

func listOf(item schema, minimum int) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		items, ok := v.([]any)
		if !ok {
			return nil, c.wrongType(path, "array", v)
		}
		result := valid
		if len(items) < minimum {
			c.add(path, issue{
				"code": "too_small", "minimum": minimum, "type": "array", "inclusive": true, "exact": false,
				"message": fmt.Sprintf("Array must contain at least %d element(s)", minimum),
			})
			result = dirty
		}
		out := make([]any, len(items))
		for i, it := range items {
			checked, r := item(c, append(slices.Clone(path), i), it)
			out[i], result = checked, max(result, r)
		}
		return out, result
	}
}

// field is one known key of an object.
type field struct {
	name   string
	schema schema
}

// object takes objects and drops unknown keys.
func object(fields ...field) schema { return objectOf(fields, false) }

// strictObject takes objects without unknown keys.
func strictObject(fields ...field) schema { return objectOf(fields, true) }

// partial makes every field optional.
func partial(fields ...field) []field {
	out := make([]field, len(fields))
	for i, f := range fields {
		out[i] = field{f.name, optional(f.schema)}
	}
	return out
}

func objectOf(fields []field, strict bool) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		given, ok := v.(map[string]any)
		if !ok {
			return nil, c.wrongType(path, "object", v)
		}
		out := make(map[string]any, len(fields))
		result := valid
		for _, f := range fields {
			value, there := given[f.name]
			if !there {
				value = absent{}
			}
			checked, r := f.schema(c, append(slices.Clone(path), f.name), value)
			result = max(result, r)
			if _, gone := checked.(absent); !gone {
				out[f.name] = checked
			}
		}
		if strict {
			result = max(result, c.unknownKeys(path, given, fields))
		}
		return out, result
	}
}

func (c *check) unknownKeys(path []any, given map[string]any, fields []field) verdict {
	var unknown, quoted []string
	for key := range given {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == key }) {
			unknown = append(unknown, key)
		}
	}
	if unknown == nil {
		return valid
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		quoted = append(quoted, "'"+key+"'")
	}
	c.add(path, issue{
		"code": "unrecognized_keys", "keys": unknown,
		"message": "Unrecognized key(s) in object: " + strings.Join(quoted, ", "),
	})
	return dirty
}

// record takes objects with any keys whose values all satisfy item.
func record(item schema) schema {
	return func(c *check, path []any, v any) (any, verdict) {
		given, ok := v.(map[string]any)
		if !ok {
			return nil, c.wrongType(path, "object", v)
		}
		keys := make([]string, 0, len(given))
		for key := range given {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		result := valid
		out := make(map[string]any, len(given))
		for _, key := range keys {
			checked, r := item(c, append(slices.Clone(path), key), given[key])
			out[key], result = checked, max(result, r)
		}
		return out, result
	}
}

// anything takes every value.
func anything() schema {
	return func(_ *check, _ []any, v any) (any, verdict) { return v, valid }
}

// jsonObject takes every object.
func jsonObject() schema { return record(anything()) }

// parseJSON decodes text that must be exactly one JSON value Postgres can store.
func parseJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("malformed JSON: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("more than one JSON value")
	}
	if err := storable(v, 0); err != nil {
		return nil, err
	}
	return v, nil
}

// maxDepth bounds nesting; nothing in the API is deeper than a handful of levels.
const maxDepth = 100

// storable refuses what jsonb and text cannot hold: NUL characters, and numbers beyond all reason.
func storable(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("text contains the character U+0000")
		}
	case json.Number:
		if _, err := v.Float64(); err != nil || len(v) > 64 {
			return fmt.Errorf("number out of range")
		}
	case []any:
		for _, item := range v {
			if err := storable(item, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			if err := storable(key, depth+1); err != nil {
				return err
			}
			if err := storable(item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
