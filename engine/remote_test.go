package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/internal/testpg"
)

// A remote relationship comes, goes and comes back with what it leads to, whichever source stands first in the document.
func TestRemoteRelationship_followsWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.exec(s.dataURL, `insert into author (name) values ('a'), ('b')`)
	other := testpg.Database(t)
	s.exec(other, `create table stock (author_id int primary key, amount int); insert into stock values (2, 20)`)
	s.do("pg_add_source", fmt.Sprintf(`{"name":"depot","configuration":{"connection_info":{"database_url":%q}}}`, other))
	s.do("pg_track_table", `{"source":"depot","table":"stock"}`)
	toSource := func(source, table, own, theirs string) string {
		return fmt.Sprintf(`"definition":{"to_source":{"source":%q,"table":%q,"relationship_type":"object","field_mapping":{%q:%q}}}`, source, table, own, theirs)
	}
	s.do("pg_create_remote_relationship", `{"table":"author","name":"stock",`+toSource("depot", "stock", "id", "author_id")+`}`)
	s.do("pg_create_remote_relationship", `{"source":"depot","table":"stock","name":"author",`+toSource("default", "author", "author_id", "id")+`}`)
	query, served := `{ author(order_by: {id: asc}) { name stock { amount author { name } } } }`, `{"author":[{"name":"a","stock":null},{"name":"b","stock":{"amount":20,"author":{"name":"b"}}}]}`
	s.answers(query, served)
	doc := s.document()
	if p := s.plan(strings.Replace(doc, `"name":"stock"}`, `"name":"shelf"}`, 1)); p.IsEmpty() {
		t.Error("another name of a remote relationship changes nothing")
	}
	// The database loses the table, past the engine.
	s.exec(other, `alter table stock rename to gone`)
	s.refused(`mutation { insert_author_one(object: {name: "c"}) { name stock { amount } } }`, "database query error")
	s.answers(`mutation { delete_author(where: {name: {_eq: "c"}}) { affected_rows } }`, `{"delete_author":{"affected_rows":1}}`) // once
	const reload = `{"reload_sources":true}`
	s.want(200, "", "reload_metadata", reload)
	s.refused(query, "field 'stock' not found in type: 'author'")
	if got, want := s.inconsistencies(), `"reason":"Inconsistent object: in table \"author\": in remote relationship\"stock\": table \"stock\" does not exist in source: depot"`; !strings.Contains(got, want) {
		t.Errorf("%s\nhas no %s", got, want)
	}
	s.exec(other, `alter table gone rename to stock`)
	s.want(200, "", "reload_metadata", reload)
	s.answers(query, served)
	// A replaced document, with the inconsistent ones dropped from it.
	s.want(200, "", "replace_metadata", fmt.Sprintf(`{"allow_inconsistent_metadata":true,"metadata":%s}`, strings.ReplaceAll(doc, `"author_id":"id"`, `"amounts":"id"`)))
	s.want(200, "", "drop_inconsistent_metadata", `{}`)
	if got := s.document(); strings.Contains(got, "amounts") || !strings.Contains(got, `"name":"stock"}`) {
		t.Errorf("dropped what is inconsistent: %s", got)
	}
	s.want(200, "", "replace_metadata", fmt.Sprintf(`{"metadata":%s}`, doc))
	s.answers(query, served)
	// What it needs is refused to go, or takes it along.
	s.want(400, `{"path":"$.args","error":"cannot drop due to the following dependent objects: remote relationship author.stock in source \"default\"","code":"dependency-error"}`,
		"pg_drop_source", `{"name":"depot"}`)
	s.want(200, "", "run_sql", `{"source":"depot","sql":"alter table stock rename column author_id to writer"}`)
	s.answers(query, served)
	s.contains(`"field_mapping":{"id":"writer"}`, `"field_mapping":{"writer":"id"}`)
	s.want(200, "", "run_sql", `{"sql":"alter table author rename column id to number"}`)
	s.answers(`{ author(order_by: {number: asc}) { name stock { amount author { name } } } }`, served)
	s.do("pg_untrack_table", `{"source":"depot","table":"stock","cascade":true}`)
	if got := s.document(); strings.Contains(got, "remote_relationships") {
		t.Errorf("left after what they need: %s", got)
	}
}
