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
	requests int
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
	if err == nil {
		err = proto.Unmarshal(body, &in)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
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
