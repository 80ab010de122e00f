package engine

import (
	"testing"

	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
)

// Only statements whose work is bounded share connections; a relationship of the filter, a function or another table
// behind the row may take any time.
func TestClass(t *testing.T) {
	t.Parallel()
	line := lineOver(t, schema.Options{})
	for _, c := range []struct {
		role, query string
		want        translate.Class
	}{
		{"admin", `{author_by_pk(id: 1) {id name label: name tags profile(path: "home")}}`, translate.KeyLookup},
		{"reader", `{author_by_pk(id: 1) {id}}`, translate.KeyLookup},
		{"writer", `{author_by_pk(id: 1) {id}}`, translate.KeyLookup},
		{"critic", `{author_by_pk(id: 1) {id}}`, translate.General},
		{"writer", `{article_by_pk(id: 1) {id}}`, translate.General},
		{"admin", `{article_by_pk(id: 1) {id author {name}}}`, translate.KeyLookup},
		{"admin", `{tag_by_pk(article_id: 1, label: "x") {article {author {name}}}}`, translate.KeyLookup},
		{"admin", `{author_by_pk(id: 1) {id articles {id}}}`, translate.General},
		{"admin", `{author_by_pk(id: 1) {id articles_aggregate {aggregate {count}}}}`, translate.General},
		{"admin", `{author_by_pk(id: 1) {id weight}}`, translate.General},
		{"admin", `{article_by_pk(id: 1) {author {weight}}}`, translate.General},
		{"admin", `{author(where: {id: {_eq: 1}}) {id}}`, translate.General},
		{"admin", `{one_author {id}}`, translate.General},
		{"admin", `{author_aggregate {aggregate {count}}}`, translate.General},

		{"admin", `mutation {insert_author_one(object: {name: "x"}) {id}}`, translate.SingleInsert},
		{"admin", `mutation {insert_author(objects: [{name: "x"}]) {affected_rows returning {id name}}}`, translate.SingleInsert},
		{"writer", `mutation {insert_article_one(object: {title: "x"}) {id}}`, translate.SingleInsert},
		{"writer", `mutation {insert_author_one(object: {name: "x"}) {id}}`, translate.General}, // like
		{"admin", `mutation {insert_author(objects: [{name: "x"}, {name: "y"}]) {affected_rows}}`, translate.General},
		{"admin", `mutation {insert_author_one(object: {name: "x"}, on_conflict: {constraint: author_pkey, update_columns: [name]}) {id}}`, translate.General},
		{"admin", `mutation {insert_author_one(object: {name: "x"}) {id weight}}`, translate.General},
		{"admin", `mutation {insert_article_one(object: {title: "x"}) {id author {name}}}`, translate.General},
		{"admin", `mutation {update_author_by_pk(pk_columns: {id: 1}, _set: {name: "x"}) {id}}`, translate.General},
		{"admin", `mutation {delete_author_by_pk(id: 1) {id}}`, translate.General},
	} {
		op, err := operation.Parse(c.query, "")
		if err != nil {
			t.Fatal(err)
		}
		bound, err := op.Bind(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := line.program(bound, line.role(&session.Session{Role: c.role}, false))
		if err != nil {
			t.Fatalf("%s: %v", c.query, err)
		}
		step := p.steps[0]
		got := step.Read
		if step.Write != nil {
			got = step.Write.Statements[0]
		}
		if got.Class != c.want {
			t.Errorf("%s: %s has class %d, want %d", c.role, c.query, got.Class, c.want)
		}
	}
}
