package engine_test

import (
	"encoding/json"
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
	subscribe("subscription mine {article{id}}")
	subscribe("subscription mine {article{id}}")
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
	_, body = get(s.engine, "/dev/subscriptions")
	if strings.Count(body, `"cohorts":null`) != 2 {
		t.Errorf("not extended: got %s", body)
	}
	type group struct {
		Name        string `json:"operation_name"`
		Hash        string `json:"operation_hash"`
		Subscribers int
		Results     int
		Batches     int
		Followed    bool
		Polls       string  `json:"polls_because"`
		Delay       float64 `json:"refetch_delay"`
		Since       time.Time
		Looks       int64
		Statements  int64
		Seconds     float64
		Last        struct {
			At      time.Time
			Seconds float64
			Results int
			Failed  bool
		} `json:"last_look"`
	}
	var shown struct {
		Groups []group `json:"live_queries_map"`
	}
	if err := json.Unmarshal([]byte(body), &shown); err != nil || len(shown.Groups) != 1 {
		t.Fatalf("got %s: %v", body, err)
	}
	g := shown.Groups[0]
	ok := g.Name == "mine" && g.Hash != "" && g.Subscribers == 2 && g.Results == 1 && g.Batches == 1 && !g.Followed && g.Polls == "off" && g.Delay == 0.01 && !g.Since.IsZero()
	if !ok || g.Statements < g.Looks || g.Last.At.Before(g.Since) || g.Last.Results != 1 || g.Last.Failed {
		t.Errorf("got %s", body)
	}
}
