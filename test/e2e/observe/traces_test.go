package observe_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	logs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is an OTLP collector.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	spans    []span
	resource map[string]string
	header   http.Header
	// metrics are the last, logs all.
	metrics metrics.ExportMetricsServiceRequest
	logs    logs.ExportLogsServiceRequest
	// status is the answer's, 0 for 200.
	status int
}

// span is one as it was received.
type span struct {
	trace, id, parent, name, state string
	kind, status                   string
	attributes                     map[string]string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	c := &receiver{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in collector.ExportTraceServiceRequest
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
	case r.URL.Path == "/v1/metrics":
		err = proto.Unmarshal(body, &c.metrics)
	case r.URL.Path == "/v1/logs":
		var more logs.ExportLogsServiceRequest
		err = proto.Unmarshal(body, &more)
		proto.Merge(&c.logs, &more)
	default:
		err = proto.Unmarshal(body, &in)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no protobuf", http.StatusBadRequest)
		return
	}
	if c.status != 0 {
		w.WriteHeader(c.status)
		return
	}
	c.header = r.Header
	for _, rs := range in.GetResourceSpans() {
		c.resource = texts(rs.GetResource().GetAttributes())
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				c.spans = append(c.spans, span{
					trace: hex.EncodeToString(s.GetTraceId()), id: hex.EncodeToString(s.GetSpanId()), parent: hex.EncodeToString(s.GetParentSpanId()), name: s.GetName(), state: s.GetTraceState(),
					kind: s.GetKind().String(), status: s.GetStatus().GetCode().String(), attributes: texts(s.GetAttributes()),
				})
			}
		}
	}
}

func texts(in []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range in {
		if n, ok := a.GetValue().GetValue().(*common.AnyValue_IntValue); ok {
			out[a.GetKey()] = fmt.Sprint(n.IntValue)
		} else {
			out[a.GetKey()] = a.GetValue().GetStringValue()
		}
	}
	return out
}

func (c *receiver) all() []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]span(nil), c.spans...)
}

// of waits for the trace whose server span has a request id, and gives its spans.
func (c *receiver) of(g *gatehouse, request string) (out []span) {
	g.t.Helper()
	g.until("the spans of "+request, func() bool {
		out = nil
		all := c.all()
		for _, root := range all {
			if root.attributes["request_id"] == request {
				for _, s := range all {
					if s.trace == root.trace {
						out = append(out, s)
					}
				}
			}
		}
		return out != nil
	})
	return out
}

// tree writes spans as lines, each below its parent.
func tree(spans []span) string {
	var b strings.Builder
	var below func(parent string, depth int)
	known := map[string]bool{}
	for _, s := range spans {
		known[s.id] = true
	}
	below = func(parent string, depth int) {
		for _, s := range spans {
			if s.parent == parent || depth == 0 && !known[s.parent] {
				fmt.Fprintf(&b, "%s%s [%s %s]\n", strings.Repeat("  ", depth), s.name, strings.ToLower(strings.TrimPrefix(s.kind, "SPAN_KIND_")), strings.ToLower(strings.TrimPrefix(s.status, "STATUS_CODE_")))
				below(s.id, depth+1)
			}
		}
	}
	below("none", 0)
	return b.String()
}

// export has metadata send to a collector.
func (g *gatehouse) export(to, more string) {
	g.t.Helper()
	g.metadata("set_opentelemetry_config", `{"status":"enabled","data_types":["traces"],"exporter_otlp":{"otlp_traces_endpoint":"`+to+`"`+more+`}}`)
}

func (g *gatehouse) metadata(kind, args string) {
	g.t.Helper()
	g.admin("/v1/metadata", `{"type":"`+kind+`","args":`+args+`}`)
}

func TestTraces_aQueryFromTheRequestToPostgres(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t)
	g.notes()
	g.export(c.URL+"/v1/traces", `,"headers":[{"name":"x-key","value":"k"}],"resource_attributes":[{"name":"stage","value":"test"}]`)
	g.do("POST", "/v1/graphql", `{"query":"query Notes { note { id } all: note { text } }"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "one")
	spans := c.of(g, "one")
	if got, want := tree(spans), `/v1/graphql [server ok]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal ok]
  Query [internal ok]
    Postgres Query for root field "note" [internal ok]
      Postgres [client ok]
    Postgres Query for root field "all" [internal ok]
      Postgres [client ok]
`; got != want {
		t.Errorf("got\n%s", got)
	}
	root := spans[slices.IndexFunc(spans, func(s span) bool { return s.kind == "SPAN_KIND_SERVER" })]
	if got, want := fmt.Sprint(root.attributes), "map[enduser.role:admin graphql.operation.name:Notes graphql.operation.type:query http.request.method:POST http.response.status_code:200 "+
		"parameterized_query_hash:"+root.attributes["parameterized_query_hash"]+" request_id:one url.path:/v1/graphql]"; got != want || root.attributes["parameterized_query_hash"] == "" {
		t.Errorf("got %s\nwant %s", got, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resource["service.name"] != "hasura" || c.resource["stage"] != "test" || c.resource["service.instance.id"] == "" || c.header.Get("X-Key") != "k" {
		t.Errorf("resource %v, header %v", c.resource, c.header)
	}
}

func TestTraces_mutationsBatchesRESTAndFailures(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t)
	g.notes()
	g.export(c.URL+"/v1/traces", "")
	g.metadata("create_query_collection", `{"name":"rest","definition":{"queries":[{"name":"note","query":"query OneNote($id: Int!) { note_by_pk(id: $id) { id } }"}]}}`)
	g.metadata("create_rest_endpoint", `{"name":"note","url":"note/:id","methods":["GET"],"definition":{"query":{"collection_name":"rest","query_name":"note"}}}`)
	secret := []string{"X-Hasura-Admin-Secret", adminSecret, "X-Request-Id"}
	g.do("POST", "/v1/graphql", `{"query":"mutation { insert_note_one(object: {text: \"x\"}) { id } }"}`, append(secret, "mutation")...)
	g.do("POST", "/v1/graphql", `{"query":"{ nothing }"}`, append(secret, "wrong")...)
	g.do("POST", "/v1/graphql", `{"query":"{ note(where: {id: {_eq: \"hunter2-value\"}}) { id } }"}`, append(secret, "failing")...)
	g.do("POST", "/v1/graphql", `[{"query":"{ note { id } }"},{"query":"{ nothing }"}]`, append(secret, "batch")...)
	g.do("GET", "/api/rest/note/1", "", append(secret, "rest")...)
	g.do("POST", "/v1/metadata", `{"type":"export_metadata","args":{}}`, append(secret, "metadata")...)
	g.do("POST", "/v2/query", `{"type":"run_sql","args":{"sql":"select 1","read_only":true}}`, append(secret, "sql")...)
	g.do("GET", "/oidc/.well-known/openid-configuration", "", append(secret, "discovery")...)
	g.do("GET", "/healthz", "", append(secret, "health")...)
	for id, want := range map[string]string{
		"mutation": `/v1/graphql [server ok]
  Parse GraphQL [internal ok]
  Resolve mutation execution plan [internal ok]
  Mutation [internal ok]
    Postgres Mutation for root field "insert_note_one" [internal ok]
      Postgres [client ok]
`,
		"wrong": `/v1/graphql [server error]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal error]
`,
		"failing": `/v1/graphql [server error]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal ok]
  Query [internal error]
    Postgres Query for root field "note" [internal error]
      Postgres [client error]
`,
		"batch": `/v1/graphql [server ok]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal ok]
  Query [internal ok]
    Postgres Query for root field "note" [internal ok]
      Postgres [client ok]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal error]
`,
		"rest": `/api/rest/note/1 [server ok]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal ok]
  Query [internal ok]
    Postgres Query for root field "note_by_pk" [internal ok]
      Postgres [client ok]
`,
		"metadata":  "/v1/metadata [server ok]\n",
		"sql":       "/v2/query [server ok]\n",
		"discovery": "/oidc/.well-known/openid-configuration [server ok]\n",
	} {
		if got := tree(c.of(g, id)); got != want {
			t.Errorf("%s: got\n%swant\n%s", id, got, want)
		}
	}
	for _, s := range c.all() {
		if s.attributes["request_id"] == "health" {
			t.Error("a look at the health is traced")
		}
	}
}

func TestTraces_ofAnOperationOnASocket(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t)
	g.notes()
	g.export(c.URL+"/v1/traces", "")
	g.talk("complete", initSocket, `{"id":"1","type":"subscribe","payload":{"query":"query One { note { id } }"}}`)
	if got, want := tree(c.of(g, "the-socket")), `websocket [internal ok]
  Parse GraphQL [internal ok]
  Resolve query execution plan [internal ok]
  Query [internal ok]
    Postgres Query for root field "note" [internal ok]
      Postgres [client ok]
`; got != want {
		t.Errorf("got\n%s", got)
	}
}

// A hook gets the trace in every form, and what the client claims to be is replaced.
func TestTraces_goInAndOut(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]http.Header{}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("X-Request-Id")] = r.Header
		_, _ = io.WriteString(w, `{"X-Hasura-Role":"user","X-Hasura-User-Id":"hunter2-user"}`)
	}))
	t.Cleanup(hook.Close)
	g, c := start(t, "--auth-hook", hook.URL+"/hook?token=hunter2-hook"), receive(t)
	g.notes()
	g.export(c.URL+"/v1/traces", `,"traces_propagators":["tracecontext"]`)
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	ask := func(id string, header ...string) {
		header = append(header, "X-Request-Id", id, "Authorization", "Bearer hunter2-token", "Cookie", "session=hunter2-cookie")
		if status, body, _ := g.do("POST", "/v1/graphql", `{"query":"query Notes($t: String!) { note(where: {text: {_eq: $t}}) { id } }","variables":{"t":"hunter2-variable"}}`, header...); status != 200 || strings.Contains(body, "errors") {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
	ask("w3c", "traceparent", "00-"+trace+"-"+parent+"-01", "tracestate", "vendor=1")
	ask("b3", "b3", trace+"-"+parent+"-1")
	ask("none")
	ask("denied", "X-B3-TraceId", trace, "X-B3-SpanId", parent, "X-B3-Sampled", "0")
	for _, id := range []string{"w3c", "b3", "none"} {
		c.of(g, id)
		var root, called span
		for _, s := range c.all() {
			if s.attributes["request_id"] == id {
				root = s
			}
		}
		for _, s := range c.all() {
			if s.parent == root.id && s.kind == "SPAN_KIND_CLIENT" {
				called = s
			}
		}
		if id != "none" && (root.trace != trace || root.parent != parent) || id == "none" && root.parent != "" {
			t.Errorf("%s: the request's span is %+v", id, root)
		}
		if want := "GET " + hook.URL + "/hook"; called.name != want || called.attributes["http.response.status_code"] != "200" {
			t.Errorf("%s: the hook's span is %+v, want %s", id, called, want)
		}
		mu.Lock()
		got := seen[id]
		mu.Unlock()
		if want := "00-" + root.trace + "-" + called.id + "-01"; got.Get("Traceparent") != want || got.Get("X-B3-TraceId") != root.trace || got.Get("X-B3-SpanId") != called.id ||
			got.Get("X-B3-ParentSpanId") != root.id || got.Get("X-B3-Sampled") != "1" || got.Get("B3") != "" {
			t.Errorf("%s: the hook got %v, want traceparent %s", id, got, want)
		}
	}
	mu.Lock()
	if seen["w3c"].Get("Tracestate") != "vendor=1" || seen["denied"].Get("X-B3-Sampled") != "0" || seen["denied"].Get("X-B3-TraceId") != trace {
		t.Errorf("the hook got %v and %v", seen["w3c"], seen["denied"])
	}
	mu.Unlock()
	for _, s := range c.all() {
		if s.attributes["request_id"] == "denied" {
			t.Error("a trace that its caller denied was exported")
		}
		if text := fmt.Sprintf("%+v", s); strings.Contains(text, "hunter2") {
			t.Errorf("a secret or a value is in %s", text)
		}
	}
	// The lines of the log belong to the spans.
	root := c.of(g, "none")
	if text := g.log.String(); !strings.Contains(text, `"trace_id":"`+root[0].trace+`","span_id":"`) {
		t.Error("no line of the log names the trace")
	}
}

func TestTraces_showQueriesToWhoAsksForThem(t *testing.T) {
	t.Parallel()
	g, c := start(t, "--trace-sql-query"), receive(t)
	g.notes()
	g.export(c.URL+"/v1/traces", "")
	g.do("POST", "/v1/graphql", `{"query":"query Notes($t: String!) { note(where: {text: {_eq: $t}}) { id } }","variables":{"t":"hunter2-variable"}}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "one")
	var shown []string
	for _, s := range c.of(g, "one") {
		if s.attributes["graphql.query"] != "" || strings.HasPrefix(strings.ToLower(s.attributes["db.query"]), "select") {
			shown = append(shown, s.name)
		}
		if strings.Contains(fmt.Sprint(s.attributes), "hunter2") {
			t.Errorf("a value is in %v", s)
		}
	}
	slices.Sort(shown)
	if got := strings.Join(shown, ", "); got != "/v1/graphql, Postgres" {
		t.Errorf("shown in %s", got)
	}
}

func TestTraces_changeWithTheMetadata(t *testing.T) {
	t.Parallel()
	g, first, second := start(t), receive(t), receive(t)
	ask := func(id string) {
		g.do("POST", "/v1/graphql", `{"query":"{ __typename }"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", id)
	}
	ask("before")
	g.export(first.URL, "")
	ask("first")
	first.of(g, "first")
	g.export(second.URL, "")
	ask("second")
	second.of(g, "second")
	g.metadata("set_opentelemetry_status", `"disabled"`)
	ask("after")
	g.metadata("set_opentelemetry_status", `"enabled"`)
	ask("again")
	second.of(g, "again")
	for _, s := range append(first.all(), second.all()...) {
		if id := s.attributes["request_id"]; id == "before" || id == "after" {
			t.Errorf("sent while it was off: %v", s)
		}
	}
	for _, s := range first.all() {
		if id := s.attributes["request_id"]; id == "second" || id == "again" {
			t.Errorf("sent to the old collector: %v", s)
		}
	}
}

// A collector that is away costs no request anything, and gets what is made once it is back.
func TestTraces_aCollectorThatIsAway(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t)
	c.mu.Lock()
	c.status = http.StatusServiceUnavailable
	c.mu.Unlock()
	g.export(c.URL, "")
	for range 20 {
		if status, _, _ := g.do("POST", "/v1/graphql", `{"query":"{ __typename }"}`, "X-Hasura-Admin-Secret", adminSecret); status != 200 {
			t.Errorf("status %d", status)
		}
	}
	g.until("the failure to be told", func() bool { return strings.Contains(g.log.String(), "OTel exporter: Failed to deliver traces") })
	g.do("POST", "/v1/graphql", `{"query":"{ __typename }"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "waiting")
	c.mu.Lock()
	c.status = 0
	c.mu.Unlock()
	c.of(g, "waiting")
	if strings.Count(g.log.String(), "Failed to deliver") != 1 {
		t.Errorf("told more than once:\n%s", g.log.String())
	}
}

func TestTraces_aLookOfASubscription(t *testing.T) {
	t.Parallel()
	g, c := start(t), receive(t)
	g.notes()
	g.export(c.URL, "")
	g.talk("next", initSocket, `{"id":"1","type":"subscribe","payload":{"query":"subscription Notes { note { id } }"}}`)
	var look, start, within span
	g.until("its spans", func() bool {
		all := c.all()
		for _, s := range all {
			switch {
			case s.name == "Subscription":
				look = s
			case s.name == "websocket":
				start = s
			}
		}
		for _, s := range all {
			if s.name == "Postgres" && s.parent == look.id {
				within = s
			}
		}
		return within.id != "" && start.id != ""
	})
	if look.attributes["graphql.operation.name"] != "Notes" || look.attributes["subscriber_count"] != "1" || look.attributes["subscription_kind"] != "live-query" || look.parent != "" {
		t.Errorf("the look: %+v", look)
	}
	if start.attributes["graphql.operation.name"] != "Notes" || start.attributes["graphql.operation.type"] != "subscription" || start.trace == look.trace {
		t.Errorf("the start: %+v", start)
	}
}
