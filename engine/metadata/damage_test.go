package metadata_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// The documents of testdata use every key of every section. Each is damaged at every place in every way: what a client
// sends that way is refused with its place, and what is stored that way is read, kept and listed.

func documents(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"full.json", "kept.json"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = data
	}
	return all
}

// spot is a place in a document: keys (string) and positions (int).
type spot []any

func (s spot) path() string {
	path := "$"
	for _, step := range s {
		switch step := step.(type) {
		case string:
			path = fault.Key(path, step)
		case int:
			path = fault.Index(path, step)
		}
	}
	return path
}

// pattern is the path without positions and without names that are free.
func (s spot) keys() []string {
	var keys []string
	for _, step := range s {
		if k, ok := step.(string); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// walk calls with every value below v.
func walk(v any, at spot, visit func(spot, any)) {
	visit(at, v)
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			walk(inner, append(slices.Clone(at), k), visit)
		}
	case []any:
		for i, inner := range v {
			walk(inner, append(slices.Clone(at), i), visit)
		}
	}
}

// changed is a copy of a document with the value at a place replaced; keep false takes it away.
func changed(t *testing.T, doc []byte, at spot, value any, keep bool) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(doc, &root); err != nil {
		t.Fatal(err)
	}
	holder := root
	for _, step := range at[:len(at)-1] {
		if k, ok := step.(string); ok {
			holder = holder.(map[string]any)[k]
		} else {
			holder = holder.([]any)[step.(int)]
		}
	}
	switch last := at[len(at)-1].(type) {
	case string:
		if !keep {
			delete(holder.(map[string]any), last)
		} else {
			holder.(map[string]any)[last] = value
		}
	case int:
		holder.([]any)[last] = value
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// isFree tells whether the keys of an object are names that somebody gave, or its value nobody's business here: those of
// conditions and presets are the schema's to judge.
func isFree(at spot) bool {
	keys := at.keys()
	for i, k := range keys {
		switch k {
		case "column_config", "custom_column_names", "column_mapping", "field_mapping", "per_role", "mapping", "add_headers", "query_params", "dataconnector", "form_template":
			if i == len(keys)-1 {
				return true
			}
		case "filter", "check", "set", "payload":
			if slices.Contains(keys[:i], "permission") || k == "payload" && keys[0] == "cron_triggers" {
				return true
			}
		case "remote_field", "arguments", "field":
			if i == len(keys)-1 && (slices.Contains(keys, "remote_field") || slices.Contains(keys, "native_queries")) {
				return true
			}
			if k == "arguments" && slices.Contains(keys[:i], "remote_field") {
				return true
			}
		}
	}
	return isForeign(at)
}

// isForeign: the names of tables of other kinds of databases, and how they are reached, are theirs. In full.json and
// kept.json the last source is of another kind.
func isForeign(at spot) bool {
	keys := at.keys()
	if i := slices.Index(keys, "to_source"); i >= 0 && len(keys) > i+1 && keys[i+1] == "table" {
		return true
	}
	if slices.Contains(keys, "remote_table") && keys[0] == "custom_types" {
		return true
	}
	return len(at) > 2 && at[0] == "sources" && at[1] == foreignAt &&
		(at[2] == "configuration" || slices.Contains(keys, "table") || slices.Contains(keys, "using"))
}

// foreignAt is where the source of another kind stands in the document under test.
var foreignAt int

func refusal(err error) *fault.Error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

func TestDamage_unknownKeys(t *testing.T) {
	for name, doc := range documents(t) {
		foreignAt = map[string]int{"full.json": 2, "kept.json": 1}[name]
		var root any
		if err := json.Unmarshal(doc, &root); err != nil {
			t.Fatal(err)
		}
		count := 0
		walk(root, nil, func(at spot, v any) {
			if _, isObject := v.(map[string]any); !isObject || isFree(at) {
				return
			}
			count++
			place := append(slices.Clone(at), "of_tomorrow")
			damaged := changed(t, doc, place, map[string]any{"a": 1}, true)
			_, err := metadata.Decode(damaged, "$", true)
			switch e := refusal(err); {
			case e == nil:
				t.Errorf("%s: %s was taken", name, place.path())
			case e.Code != fault.ParseFailed || e.Path != place.path() || !strings.HasPrefix(e.Message, `unexpected key "of_tomorrow"`):
				t.Errorf("%s: %s is refused as %s at %s: %s", name, place.path(), e.Code, e.Path, e.Message)
			}
			stored(t, name+" "+place.path(), damaged, "of_tomorrow")
		})
		if count < 40 {
			t.Errorf("only %d places in %s", count, name)
		}
	}
}

// stored reads a damaged document as one that is stored: it is readable, and what is wrong is exported and listed.
func stored(t *testing.T, what string, damaged []byte, kept string) {
	t.Helper()
	m, err := metadata.Decode(damaged, "$", false)
	if err != nil {
		t.Errorf("%s: stored, it cannot be read: %v", what, err)
		return
	}
	out := string(m.Encode())
	if !strings.Contains(out, kept) {
		t.Errorf("%s: %s is lost: %s", what, kept, out)
	}
	again, err := metadata.Decode([]byte(out), "$", false)
	if err != nil || string(again.Encode()) != out {
		t.Errorf("%s: not stable", what)
	}
	if len(m.Unsupported()) == 0 {
		t.Errorf("%s: nothing is listed", what)
	}
}

func TestDamage_wrongKinds(t *testing.T) {
	for name, doc := range documents(t) {
		foreignAt = map[string]int{"full.json": 2, "kept.json": 1}[name]
		var root any
		if err := json.Unmarshal(doc, &root); err != nil {
			t.Fatal(err)
		}
		walk(root, nil, func(at spot, v any) {
			if len(at) == 0 || v == nil || isFree(at[:len(at)-1]) && !isMapOfKnown(at) || anyKind(at) {
				return
			}
			damaged := changed(t, doc, at, -4.5e-17, true) // no key takes such a number
			if _, isNumber := v.(float64); isNumber {
				damaged = changed(t, doc, at, map[string]any{"of_tomorrow": []any{}}, true)
			}
			_, err := metadata.Decode(damaged, "$", true)
			switch e := refusal(err); {
			case e == nil:
				t.Errorf("%s: %s was taken", name, at.path())
			case e.Code != fault.ParseFailed || !strings.HasPrefix(e.Path, at.path()) && e.Path != at[:len(at)-1].path():
				t.Errorf("%s: %s is refused as %s at %s: %s", name, at.path(), e.Code, e.Path, e.Message)
			}
			if keys := at.keys(); len(at) > 1 && keys[0] != "version" {
				kept := "4.5e-17"
				if _, isNumber := v.(float64); isNumber {
					kept = "of_tomorrow"
				}
				stored(t, name+" "+at.path(), damaged, kept)
			}
		})
	}
}

// isMapOfKnown: the values of these maps have a kind although their keys are free.
func isMapOfKnown(at spot) bool {
	keys := at.keys()
	if len(keys) < 2 || isForeign(at) {
		return false
	}
	switch keys[len(keys)-2] {
	case "column_config", "custom_column_names", "column_mapping", "field_mapping", "per_role", "mapping", "add_headers", "dataconnector":
		return true
	}
	return false
}

// anyKind: Hasura looks at none of these values.
func anyKind(at spot) bool {
	keys := at.keys()
	last := keys[len(keys)-1]
	switch {
	case isForeign(at), last == "payload" && keys[0] == "cron_triggers", last == "kind" && keys[0] == "actions":
		return true
	case (last == "version" || last == "timeout_seconds" || last == "retry_interval_seconds" || last == "tolerance_seconds" || last == "global") && len(keys) > 1:
		return last != "global" && last != "version" || keys[0] == "api_limits"
	}
	return false
}

func TestDamage_missingKeys(t *testing.T) {
	for name, doc := range documents(t) {
		foreignAt = map[string]int{"full.json": 2, "kept.json": 1}[name]
		var root any
		if err := json.Unmarshal(doc, &root); err != nil {
			t.Fatal(err)
		}
		refused := 0
		walk(root, nil, func(at spot, _ any) {
			key, isKey := "", false
			if len(at) > 0 {
				key, isKey = at[len(at)-1].(string)
			}
			if !isKey || isFree(at[:len(at)-1]) {
				return
			}
			damaged := changed(t, doc, at, nil, false)
			_, err := metadata.Decode(damaged, "$", true)
			if err == nil {
				return // it need not be there
			}
			refused++
			e, parent := refusal(err), at[:len(at)-1].path() // a neighbour's value may mean something else without the key
			if e.Code != fault.ParseFailed || !strings.HasPrefix(at.path(), e.Path) && !strings.HasPrefix(e.Path, parent) {
				t.Errorf("%s: without %s: %s at %s: %s", name, at.path(), e.Code, e.Path, e.Message)
			}
			if key != "sources" && key != "version" {
				stored(t, name+" without "+at.path(), damaged, "")
			}
		})
		if refused < 30 {
			t.Errorf("%s: only %d keys must be there: %s", name, refused, strconv.Quote(name))
		}
	}
}
