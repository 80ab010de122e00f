package schema

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/engine/catalog"
)

// A model made from the one before is the model made from nothing: after any commands, whatever the databases became
// meanwhile, what is inconsistent and what every role is shown and may do are the same, and no object of the one before
// is left where another took its place. REBUILD_SEEDS lengthens the test.
func TestRebuild_isBuild(t *testing.T) {
	t.Parallel()
	seeds := 30
	if n, err := strconv.Atoi(os.Getenv("REBUILD_SEEDS")); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(uint64(seed))
			var done []string
			w.infers = seed%4 < 2
			if seed%2 == 1 {
				for _, c := range prelude {
					w.command(t, c)
				}
			}
			if seed%8 == 7 {
				w.command(t, `{"gatehouse_set_source_features": {"group_by":true,"nested_updates":true}}`)
			}
			for range 30 {
				done = append(done, w.step())
				want := Build(w.input())
				got := Rebuild(w.model, w.input())
				if diff := cmp.Diff(describe(want), describe(got)); diff != "" {
					t.Fatalf("(-built, +rebuilt) %s\nafter\n%s", diff, strings.Join(done, "\n"))
				}
				if stray := strays(got); stray != "" {
					t.Fatalf("%s\nafter\n%s", stray, strings.Join(done, "\n"))
				}
				w.remember(got)
			}
		})
	}
}

// What a role lost is gone at once, in the schema it had asked for before, too.
func TestRebuild_aRightThatIsTakenAwayIsGone(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]string{
		"the permission":           `{"drop_select_permission": {"table":"a","role":"r1"}}`,
		"the table":                `{"untrack_table": {"table":"a","cascade":true}}`,
		"what its filter needs":    ``,
		"a member's permission":    `{"drop_select_permission": {"table":"b","role":"r2"}}`,
		"a member":                 `{"add_inherited_role": {"role_name":"both","role_set":["r3"]}}`,
		"a function's permission":  `{"drop_function_permission": {"function":"list_a","role":"r1"}}`,
		"the function":             `{"untrack_function": {"function":"list_a"}}`,
		"a column of a permission": `{"create_select_permission": {"table":"a","role":"r1","permission":{"columns":["id"],"filter":{}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(1)
			for _, c := range prelude {
				w.command(t, c)
			}
			before := describe(w.model)
			if strings.HasPrefix(name, "a column") {
				w.command(t, `{"drop_select_permission": {"table":"a","role":"r1"}}`)
			}
			if name == "what its filter needs" { // its database has no such column any more
				changed := *w.cats["default"].Tables[catalog.Name{Schema: "public", Name: "a"}]
				changed.Columns = changed.Columns[1:]
				w.cats["default"] = &catalog.Catalog{Tables: maps.Clone(w.cats["default"].Tables), Functions: w.cats["default"].Functions}
				w.cats["default"].Tables[changed.Name] = &changed
				take = `{"drop_inherited_role": {"role_name":"both"}}`
			}
			w.command(t, take)
			after, want := describe(w.model), describe(Build(w.input()))
			if cmp.Equal(before, after) {
				t.Error("nothing is gone")
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("(-built, +rebuilt) %s", diff)
			}
		})
	}
}

// prelude are commands after which there is something to lose.
var prelude = []string{
	`{"track_table": {"table":"a"}}`, `{"track_table": {"table":"b"}}`, `{"track_function": {"function":"list_a"}}`,
	`{"create_object_relationship": {"table":"b","name":"ra","using":{"foreign_key_constraint_on":"other"}}}`,
	`{"create_select_permission": {"table":"a","role":"r1","permission":{"columns":["id","name"],"filter":{"id":{"_eq":"X-Hasura-Id"}}}}}`,
	`{"create_select_permission": {"table":"b","role":"r2","permission":{"columns":["id"],"filter":{"ra":{"id":{"_eq":1}}}}}}`,
	`{"create_function_permission": {"function":"list_a","role":"r1"}}`, `{"add_inherited_role": {"role_name":"both","role_set":["r1","r2"]}}`,
	`{"create_insert_permission": {"table":"a","role":"r1","permission":{"columns":"*","check":{}}}}`,
	`{"create_insert_permission": {"table":"a","role":"r2","permission":{"columns":"*","check":{"id":{"_gt":1}}}}}`,
	`{"create_select_permission": {"table":"a","role":"r3","permission":{"columns":"*","filter":{},"allow_aggregations":true}}}`,
}
