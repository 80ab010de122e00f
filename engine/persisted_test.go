package engine_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"gatehouse/engine"
)

// A text that somebody may run is known by its hash to everybody; whether it runs is asked of each caller.
func TestPersistedQueries_runUnderPermissionsAndAllowList(t *testing.T) {
	t.Parallel()
	s, _ := streaming(t, func(c *engine.Config) { c.EnableAllowList, c.PersistedQueriesTTL = true, time.Hour })
	s.withShop()
	const listed, other = `{article{id}}`, `{article{id title}}`
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"{article{id}}"}]}}`)
	s.do("add_collection_to_allowlist", `{"collection":"c"}`)
	hashed := func(text string, withText bool) string {
		query := ""
		if withText {
			query = fmt.Sprintf("%q:%q,", "query", text)
		}
		return fmt.Sprintf(`{%s"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%x"}}}`, query, sha256.Sum256([]byte(text)))
	}
	ask := func(want, body string, headers ...string) {
		t.Helper()
		if _, got := post(s.engine, "/v1/graphql", body, headers...); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
	const notAllowed = `{"errors":[{"message":"query is not allowed","extensions":{"path":"$","code":"validation-failed"}}]}`
	user := []string{"X-Hasura-Role", "user", "X-Hasura-Email", "a@b"}
	ask(notAllowed, hashed(other, true), user...)
	ask(`{"errors":[{"message":"PersistedQueryNotFound","extensions":{"path":"$","code":"not-found"}}]}`, hashed(other, false), user...)
	ask(`{"data":{"article":[]}}`, hashed(other, true)) // the administrator's
	ask(notAllowed, hashed(other, false), user...)
	ask(`{"data":{"article":[]}}`, hashed(listed, true), user...)
	ask(`{"data":{"article":[]}}`, hashed(listed, false), user...)
	ask(`{"errors":[{"message":"field 'article' not found in type: 'query_root'","extensions":{"path":"$.selectionSet.article","code":"validation-failed"}}]}`,
		hashed(listed, false), "X-Hasura-Role", "stranger")
}
