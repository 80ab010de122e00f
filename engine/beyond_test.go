package engine_test

import (
	"strings"
	"testing"
)

// Stored queries, REST endpoints and their description, the allow list and explain know what is beyond Hasura; what was
// switched on and is in use holds up switching it off.
func TestBeyond_aroundGraphQL(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.sql(`insert into author (name) values ('Ann'), ('Ben'); insert into article (title, author_id, published) values ('One', 1, true), ('Two', 1, true), ('Three', 2, false);
		create unique index article_title on article (lower(title))`)
	const collection = `{"name":"c","definition":{"queries":[
		{"name":"groups","query":"query ($least: bigint!) { article_group_by(keys: [author_id], having: {count: {_gte: $least}}) { key { author_id } aggregate { count } } }"},
		{"name":"link","query":"mutation ($id: Int!, $nested: article_nested_update_input) { update_article_by_pk(pk_columns: {id: $id}, _nested: $nested) { author { name } } }"},
		{"name":"upsert","query":"mutation { insert_article_one(object: {title: \"ONE\"}, on_conflict: {constraint: article_title, update_columns: [title]}) { id title } }"}]}}`
	_, body := post(s.engine, "/v1/metadata", `{"type":"create_query_collection","args":`+collection+`}`)
	if n := strings.Count(body, `"type":"query_collections"`); n != 3 {
		t.Errorf("off: %d stored queries are invalid: %s", n, body)
	}
	s.do("gatehouse_set_source_features", `{"group_by":true,"nested_updates":true,"upsert_on_indexes":true}`)
	s.do("create_query_collection", collection)
	for _, e := range []string{
		`{"name":"groups","url":"groups/:least","methods":["GET","POST"],"definition":{"query":{"collection_name":"c","query_name":"groups"}}}`,
		`{"name":"link","url":"link/:id","methods":["POST"],"definition":{"query":{"collection_name":"c","query_name":"link"}}}`,
		`{"name":"upsert","url":"upsert","methods":["POST"],"definition":{"query":{"collection_name":"c","query_name":"upsert"}}}`,
	} {
		s.do("create_rest_endpoint", e)
	}
	for _, c := range [][3]string{
		{"groups/2", `{}`, `{"article_group_by":[{"key":{"author_id":1},"aggregate":{"count":2}}]}`},
		{"link/3", `{"nested":{"author":{"link":{"id":1}}}}`, `{"update_article_by_pk":{"author":{"name":"Ann"}}}`},
		{"link/3", `{"nested":{"author":{"unlink":true}}}`, `{"update_article_by_pk":{"author":null}}`},
		{"upsert", `{}`, `{"insert_article_one":{"id":1,"title":"ONE"}}`},
	} {
		if code, body := post(s.engine, "/api/rest/"+c[0], c[1]); code != 200 || strings.ReplaceAll(body, " ", "") != c[2] {
			t.Errorf("%s %s: %d %s", c[0], c[1], code, body)
		}
	}
	code, body := get(s.engine, "/api/swagger/json")
	if code != 200 || !strings.Contains(body, `"article_nested_update_input":{`) || !strings.Contains(body, `#/components/schemas/author_obj_rel_update_input`) {
		t.Errorf("OpenAPI: %d %s", code, body)
	}
	if _, body := post(s.engine, "/v1/graphql/explain", `{"query":{"query":"{ article_group_by(keys: [id]) { key { id } } }"}}`); !strings.Contains(body, `"field":"article_group_by","sql":"select coalesce(json_agg`) || !strings.Contains(body, "Group") {
		t.Errorf("explain: %s", body)
	}
	for _, feature := range []string{"group_by", "nested_updates", "upsert_on_indexes"} {
		code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_set_source_features","args":{"`+feature+`":false}}`)
		if code != 400 && !strings.Contains(body, "newly found inconsistent metadata") {
			t.Errorf("%s goes although it is in use: %d %s", feature, code, body)
		}
	}
	s.answers(`{ article_group_by(keys: [published], order_by: {key: {published: asc}}) { key { published } } }`, `{"article_group_by":[{"key":{"published":false}},{"key":{"published":true}}]}`)
	if _, body := post(s.engine, "/v1beta1/relay", `{"query":"mutation { update_article(where: {id: {_eq: 2}}, _nested: {author: {unlink: true}}) { affected_rows } }"}`); strings.ReplaceAll(body, " ", "") != `{"data":{"update_article":{"affected_rows":1}}}` {
		t.Errorf("Relay: %s", body)
	}
}
