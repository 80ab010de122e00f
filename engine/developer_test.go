package engine_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/engine"
)

func TestDeveloper_isOffUnlessEnabledAndForAdministrators(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/dev/plan_cache", "/dev/ekg", "/dev/subscriptions", "/dev/subscriptions/extended"} {
		if code, body := get(s.engine, path); code != 404 || body != `{"path":"$","error":"resource does not exist","code":"not-found"}` {
			t.Errorf("%s: got %d %s", path, code, body)
		}
	}
	s, _ = streaming(t, func(c *engine.Config) { c.EnabledAPIs = []string{"developer"} })
	for _, path := range []string{"/dev/plan_cache", "/dev/ekg", "/dev/subscriptions", "/dev/subscriptions/extended"} {
		if code, body := get(s.engine, path, "X-Hasura-Role", "user"); code != 400 || body != `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}` {
			t.Errorf("%s as a user: got %d %s", path, code, body)
		}
	}
	for path, want := range map[string]string{
		"/dev/plan_cache": "null", "/dev/ekg": `{"ekg":{"server_timestamp_ms":{"type":"c","val":`,
		"/dev/subscriptions": `{"live_queries_map":[],"options":{"batch_size":100,"refetch_delay":0.01},"stream_queries_map":[],"stream_queries_options":{"batch_size":100,"refetch_delay":0.01}}`,
	} {
		if code, body := get(s.engine, path); code != 200 || !strings.HasPrefix(body, want) {
			t.Errorf("%s: got %d %s", path, code, body)
		}
	}
}

func TestDeveloper_showsWhoSharesALiveQuery(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, func(c *engine.Config) { c.EnabledAPIs = []string{"developer", "metadata", "graphql"} })
	s.withShop()
	subscribe := func(query string) {
		c := s.socket(url, `{}`)
		c.send(`{"id":"1","type":"subscribe","payload":{"query":"` + query + `"}}`)
		if _, err := c.read(); err != nil {
			t.Fatal(err)
		}
	}
	subscribe("subscription {article{id}}")
	subscribe("subscription {article{id}}")
	subscribe("subscription {article_stream(batch_size: 1, cursor: {initial_value: {id: 0}}){id}}")
	const two = `"cohorts":[{"current_ops":2,"new_ops":0,"previous_result_hash":"`
	var body string
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body, two); {
		if time.Now().After(deadline) {
			t.Fatalf("got %s", body)
		}
		_, body = get(s.engine, "/dev/subscriptions/extended")
	}
	if strings.Count(body, `"source":"default","role":"admin","multiplexed_query":"select `) != 2 || strings.Contains(body, `"stream_queries_map":[]`) {
		t.Errorf("got %s", body)
	}
	if _, body = get(s.engine, "/dev/subscriptions"); strings.Count(body, `"cohorts":null`) != 2 {
		t.Errorf("not extended: got %s", body)
	}
}
