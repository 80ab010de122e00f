package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine"
)

// transports ask for an operation in every way there is, and give what came back, status and all.
type transports struct {
	*server
	base string
}

func (s transports) http(method, path, body, accept, role string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("X-Hasura-Role", role)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", string(answer))
}

func (s transports) socket(protocol, role, query string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.base, "http")+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	for _, message := range []string{
		`{"type":"connection_init","payload":{"headers":{"x-hasura-role":"` + role + `"}}}`,
		`{"type":"start","id":"1","payload":` + s.body(query) + `}`,
	} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			s.Fatal(err)
		}
	}
	for said := ""; ; {
		_, message, err := ws.Read(ctx)
		if err != nil {
			s.Fatalf("%s, then %v", said, err)
		}
		if bytes.Contains(message, []byte(`"id":"1"`)) {
			said += string(message)
		}
		if bytes.Contains(message, []byte(`"complete"`)) {
			return said
		}
	}
}

func (s transports) body(query string) string {
	body, _ := json.Marshal(map[string]string{"query": query})
	return string(body)
}

// A refusal has the form of the way the operation came; on the legacy sub-protocol it is a result once something had run.
func TestLimits_everyTransport(t *testing.T) {
	t.Parallel()
	s, at := sleepy(t, func(c *engine.Config) { c.PersistedQueriesTTL = time.Minute })
	s.sql(`create table a (id int primary key); create table b (id int primary key references a)`)
	for _, table := range []string{"a", "b"} {
		s.do("pg_track_table", `{"table":"`+table+`"}`)
		for _, role := range []string{"deep", "wide", "often", "hidden"} {
			s.do("pg_create_select_permission", `{"table":"`+table+`","role":"`+role+`","permission":{"columns":"*","filter":{}}}`)
		}
	}
	s.do("pg_create_object_relationship", `{"name":"a","table":"b","using":{"foreign_key_constraint_on":"id"}}`)
	s.do("set_graphql_schema_introspection_options", `{"disabled_for_roles":["hidden"]}`)
	s.do("set_api_limits", `{"depth_limit":{"global":9,"per_role":{"deep":1}},"node_limit":{"global":9,"per_role":{"wide":1}},"time_limit":{"global":60,"per_role":{"user":0.3}},
		"batch_limit":{"global":1},"rate_limit":{"global":{"max_reqs_per_min":1000},"per_role":{"often":{"max_reqs_per_min":0}}}}`)
	of := transports{s, "http" + strings.TrimPrefix(at, "ws")}
	for _, c := range []struct {
		name, role, query, path, code, message string
		status                                 int
		hasRun                                 bool
	}{
		{"depth", "deep", `{ b { a { id } } }`, "$", "depth-limit-exceeded", "depth limit of 1 exceeded", 400, false},
		{"nodes", "wide", `{ a { id } b { id } }`, "$", "node-limit-exceeded", "node limit of 1 exceeded", 400, false},
		{"rate", "often", `{ a { id } }`, "$", "rate-limit-exceeded", "rate limit of 0 exceeded", 429, false},
		{"introspection", "hidden", `{ __schema { queryType { name } } }`, "$.selectionSet.__schema", "validation-failed", `GraphQL introspection is not allowed for the role "hidden"`, 400, false},
		{"time", "user", `{ doze { nap } }`, "$", "time-limit-exceeded", "time limit of 0.3s exceeded", 400, true},
		{"no limit: an unknown field", "deep", `{ nothing }`, "$.selectionSet.nothing", "validation-failed", "field 'nothing' not found in type: 'query_root'", 400, false},
	} {
		message, _ := json.Marshal(c.message)
		one := fmt.Sprintf(`{"message":%s,"extensions":{"path":%q,"code":%q}}`, message, c.path, c.code)
		all := `{"errors":[` + one + `]}`
		const events = "text/event-stream"
		sum := sha256.Sum256([]byte(c.query))
		get := "?query=" + url.QueryEscape(c.query)
		hash := "&extensions=" + url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hex.EncodeToString(sum[:])+`"}}`)
		s.equal(c.name+", POST", of.http("POST", "/v1/graphql", of.body(c.query), "", c.role), "200 "+all)
		s.equal(c.name+", POST to v1alpha1", of.http("POST", "/v1alpha1/graphql", of.body(c.query), "", c.role), fmt.Sprint(c.status, " ", all))
		s.equal(c.name+", batch", of.http("POST", "/v1/graphql", "["+of.body(c.query)+"]", "", c.role), "200 ["+all+"]")
		s.equal(c.name+", GET", of.http("GET", "/v1/graphql"+get+hash, "", "", c.role), "200 "+all)
		s.equal(c.name+", stream", of.http("POST", "/v1/graphql", of.body(c.query), events, c.role), "200 :\n\nevent: next\ndata: "+all+"\n\nevent: complete\ndata:\n\n")
		s.equal(c.name+", stream by GET", of.http("GET", "/v1/graphql"+get, "", events, c.role), "200 :\n\nevent: next\ndata: "+all+"\n\nevent: complete\ndata:\n\n")
		legacy := `{"type":"error","id":"1","payload":` + all + `}`
		if c.hasRun {
			legacy = `{"type":"data","id":"1","payload":` + all + `}`
		}
		s.equal(c.name+", legacy socket", of.socket("graphql-ws", c.role, c.query), legacy+`{"type":"complete","id":"1"}`)
		s.equal(c.name+", socket", of.socket("graphql-transport-ws", c.role, c.query), `{"type":"error","id":"1","payload":[`+one+`]}{"type":"complete","id":"1"}`)
		s.awake()
		if c.hasRun || c.name == "introspection" || strings.HasPrefix(c.name, "no limit") {
			continue
		}
		live := "subscription " + c.query
		s.equal(c.name+", live on the legacy socket", of.socket("graphql-ws", c.role, live), legacy+`{"type":"complete","id":"1"}`)
		s.equal(c.name+", live on the socket", of.socket("graphql-transport-ws", c.role, live), `{"type":"error","id":"1","payload":[`+one+`]}{"type":"complete","id":"1"}`)
		s.equal(c.name+", live stream", of.http("POST", "/v1/graphql", of.body(live), events, c.role), "200 :\n\nevent: next\ndata: "+all+"\n\nevent: complete\ndata:\n\n")
	}
	batch := "[" + of.body("{ a { id } }") + "," + of.body("{ a { id } }") + "]"
	refused := refusal("$", "batch-limit-exceeded", "batch limit of 1 exceeded")
	s.equal("a batch", of.http("POST", "/v1/graphql", batch, "", "deep"), "200 "+refused)
	s.equal("a batch to v1alpha1", of.http("POST", "/v1alpha1/graphql", batch, "", "deep"), "400 "+refused)
}

// Row commands would else be a way around the limits.
func TestLimits_rowCommands(t *testing.T) {
	t.Parallel()
	s, at := sleepy(t, nil)
	s.do("set_api_limits", `{"time_limit":{"global":60,"per_role":{"user":0.3}},"rate_limit":{"global":{"max_reqs_per_min":5}}}`)
	of := transports{s, "http" + strings.TrimPrefix(at, "ws")}
	ask := func(role, body string) string { return of.http("POST", "/v1/query", body, "", role) }
	const one, slow = `{"type":"select","args":{"table":"pillow","columns":["id"]}}`, `{"type":"select","args":{"table":"doze","columns":["nap"]}}`
	s.equal("too long", ask("user", slow), `400 {"path":"$.args","error":"time limit of 0.3s exceeded","code":"time-limit-exceeded"}`)
	s.awake()
	s.equal("a bulk", ask("user", `{"type":"bulk","args":[`+one+`,`+one+`]}`), `200 [[{"id":1}],[{"id":1}]]`)
	s.equal("one", ask("user", one), `200 [{"id":1}]`)
	s.equal("the same counter", s.gql("user", `{ pillow { id } }`), `{"data":{"pillow":[{"id":1}]}}`)
	s.equal("too many", ask("user", one), `429 {"path":"$.args","error":"rate limit of 5 exceeded","code":"rate-limit-exceeded"}`)
	s.equal("too many in a bulk", ask("user", `{"type":"bulk","args":[`+one+`]}`), `429 {"path":"$.args[0].args","error":"rate limit of 5 exceeded","code":"rate-limit-exceeded"}`)
	s.equal("too many in all", s.gql("user", `{ pillow { id } }`), refusal("$", "rate-limit-exceeded", "rate limit of 5 exceeded"))
	s.equal("the administrator", ask("admin", one), `200 [{"id":1}]`)
}
