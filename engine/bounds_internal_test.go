package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// A small document costs little, however its fragments and fields multiply.
func TestQuery_smallDocumentsAreBoundedWork(t *testing.T) {
	t.Parallel()
	line := lineOver(t, schema.Options{})
	doubling := func(n int, fragment, last string) string {
		var b strings.Builder
		b.WriteString("{ author { ...f0 } } ")
		for i := range n {
			b.WriteString(strings.ReplaceAll(fmt.Sprintf(fragment, i), "NEXT", fmt.Sprintf("...f%d", i+1)))
		}
		return b.String() + fmt.Sprintf("fragment f%d on author { %s }", n, last)
	}
	for name, c := range map[string]struct{ query, want string }{
		"fragments that spread two":  {doubling(60, "fragment f%d on author { NEXT NEXT } ", "id"), "too many fields"},
		"relationships twice":        {doubling(60, "fragment f%d on author { articles { author { NEXT } } a: articles { author { NEXT } } } ", "id"), "too many fields"},
		"one field again and again":  {"{ author { " + strings.Repeat("articles { id } ", 40_000) + "} }", "too many fields"},
		"types of fields of types":   {"{ __schema { types { " + strings.Repeat("fields { type { ", 8) + "name " + strings.Repeat("} } ", 8) + "} } }", "nested too deeply"},
		"one type's fields, nested":  {`{ __type(name: "author") { fields { type { ofType { fields { type { inputFields { name } } } } } } } }`, "nested too deeply"},
		"a list of types in another": {`{ __type(name: "author") { fields { type { fields { name } } } } }`, ""},
		"many merged fields":         {"{ author { " + strings.Repeat("articles { id } ", 20_000) + "} }", ""},
	} {
		began := time.Now()
		_, _, err := through(line, "admin", false, operation.Request{Query: c.query})
		if took := time.Since(began); took > time.Minute { // unbounded, it would take hours; on a busy machine this takes seconds
			t.Errorf("%s: took %v", name, took)
		}
		var known *fault.Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &known) || !strings.Contains(known.Message, c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// So do values, written out or in variables.
func TestQuery_nestedValuesAreBoundedWork(t *testing.T) {
	t.Parallel()
	line := lineOver(t, schema.Options{})
	for _, c := range []struct {
		levels int
		isFine bool
	}{{150, true}, {201, false}, {9_000, false}} {
		nested := strings.Repeat(`{"_not":`, c.levels) + `{"id":{"_eq":1}}` + strings.Repeat("}", c.levels)
		for what, req := range map[string]operation.Request{
			"a variable": {Query: `query ($w: author_bool_exp!) { author(where: $w) { id } }`, Variables: map[string]json.RawMessage{"w": json.RawMessage(nested)}},
			"a literal":  {Query: `{ author(where: ` + strings.ReplaceAll(nested, `"`, "") + `) { id } }`},
		} {
			if _, _, err := through(line, "admin", false, req); (err == nil) != c.isFine {
				t.Errorf("%s of %d levels: %v", what, c.levels, err)
			}
		}
	}
}
