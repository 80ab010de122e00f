package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"
)

// What is read in other ways than by a query is the same: as a live query's first result, from a REST endpoint with the
// query in it, and with the row commands.
func TestEverySurfaceReadsWhatThePermissionsSay(t *testing.T) {
	t.Parallel()
	s := start(t)
	web := httptest.NewServer(s.handler)
	t.Cleanup(web.Close)
	asked := tally{}
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.reading(16) }).Draw(t, "world")
		s.load(t, w)
		for i, r := range w.requests {
			want := w.run(r, w.rows)
			compare := func(surface string, want expected, got []byte) {
				asked[surface]++
				if d := mismatch("data", want, decoded(t, got)); d != "" {
					t.Fatalf("%s: %v\nanswers %s\n%s\nin %s", surface, r, got, d, w)
				}
			}
			if want.refused == nil {
				compare("live query", want.fields, s.live(t, web.URL, r))
				code, body := s.getAs(r, fmt.Sprintf("/api/rest/r%d", i))
				if code != 200 {
					t.Fatalf("%v\nas an endpoint answers %d %s\nin %s", r, code, body, w)
				}
				compare("endpoint", want.fields, body)
			}
			if args, want, ok := w.rowCommand(r); ok {
				code, body := s.postAs(r, "/v1/query", show(document{{"type", "select"}, {"args", args}}))
				if code != 200 {
					t.Fatalf("%v\nas %s answers %d %s\nin %s", r, show(args), code, body, w)
				}
				compare("row command", want, body)
			}
		}
	})
	t.Logf("%v", asked)
}

// reading draws a world with n requests of one read each, and endpoints for them.
func (g g) reading(n int) *world {
	w := g.world(0)
	w.hasEndpoints = true
	for range n {
		a := asker{g: g, w: w, role: pick(g, w.roles)}
		if op := a.read(pick(g, w.tables)); op != nil {
			w.requests = append(w.requests, &request{role: a.role, session: g.session(), operations: []*operation{op}})
		}
	}
	return w
}

// endpoints are the REST endpoints of a world's requests, as metadata writes them.
func (w *world) endpoints() document {
	if !w.hasEndpoints {
		return nil
	}
	queries, endpoints := []any{}, []any{}
	for i, r := range w.requests {
		var body struct{ Query string }
		if err := json.Unmarshal([]byte(r.body()), &body); err != nil {
			panic(err)
		}
		name := fmt.Sprintf("r%d", i)
		queries = append(queries, document{{"name", name}, {"query", body.Query}})
		endpoints = append(endpoints, document{
			{"name", name},
			{"url", name},
			{"methods", []string{"GET"}},
			{"definition", document{{"query", document{{"collection_name", "all"}, {"query_name", name}}}}},
		})
	}
	return document{
		{"query_collections", []any{document{{"name", "all"}, {"definition", document{{"queries", queries}}}}}}, {"rest_endpoints", endpoints},
	}
}

func (r *request) headers() map[string]string {
	headers := map[string]string{"x-hasura-role": r.role.name}
	for k, v := range r.session {
		headers[k] = v
	}
	return headers
}

func (s *server) postAs(r *request, path, body string) (int, []byte) {
	return s.post(path, body, r.headers())
}

func (s *server) getAs(r *request, path string) (int, []byte) {
	in := httptest.NewRequest("GET", path, nil)
	for k, v := range r.headers() {
		in.Header.Set(k, v)
	}
	out := httptest.NewRecorder()
	s.handler.ServeHTTP(out, in)
	return out.Code, out.Body.Bytes()
}

func decoded(t failer, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// live subscribes to what a request reads and gives the first result's data.
func (s *server) live(t failer, url string, r *request) []byte {
	t.Helper()
	return s.liveText(t, url, r, r.body())
}

// liveText subscribes to the query of a request's body.
func (s *server) liveText(t failer, url string, r *request, body string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer func() { _ = ws.CloseNow() }()
	var payload map[string]any
	if err := json.Unmarshal([]byte(body), &payload); err != nil {
		t.Fatalf("%v", err)
	}
	if text, isQuery := strings.CutPrefix(payload["query"].(string), "query"); isQuery {
		payload["query"] = "subscription" + text
	}
	for _, message := range []any{
		document{{"type", "connection_init"}, {"payload", document{{"headers", r.headers()}}}},
		document{{"type", "subscribe"}, {"id", "1"}, {"payload", payload}},
	} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(show(message))); err != nil {
			t.Fatalf("%v", err)
		}
	}
	for {
		_, raw, err := ws.Read(ctx)
		if err != nil {
			t.Fatalf("%s\nas a subscription: %v", body, err)
		}
		var m struct {
			Type    string
			Payload struct{ Data json.RawMessage }
		}
		if err := json.Unmarshal(raw, &m); err == nil && m.Type == "next" && m.Payload.Data != nil {
			return m.Payload.Data
		} else if m.Type == "error" || m.Type == "next" {
			t.Fatalf("%s\nas a subscription answers %s", body, raw)
		}
	}
}

// rowCommand is a select of the row commands that reads what a request reads, and what it must give; ok is false where the
// commands cannot say it.
func (w *world) rowCommand(r *request) (args document, want expected, ok bool) {
	op := r.operations[0]
	if op.kind != "select" {
		return nil, nil, false
	}
	args, selected, ok := rowSelect(op.rows)
	if !ok {
		return nil, nil, false
	}
	o := &oracle{tables: w.tables, state: w.rows, role: r.role, session: r.session}
	return append(document{{"table", op.table.name}}, args...), o.selection(selected, w.rows[op.table.name]), true
}

func rowSelect(from *selection) (args document, selected *selection, ok bool) {
	out := *from
	out.fields = nil
	columns := []any{}
	for _, f := range from.fields {
		switch {
		case f.computed != nil || f.aggregate != nil || f.column != "" && from.table.field(f.column) != nil:
			continue
		case f.column != "":
			columns = append(columns, f.column)
			f.alias = f.column
		default:
			inner, rows, ok := rowSelect(f.rows)
			if !ok {
				return nil, nil, false
			}
			f.rows = rows
			columns = append(columns, append(document{{"name", f.relation.name}, {"alias", f.alias}}, inner...))
		}
		out.fields = append(out.fields, f)
	}
	if len(columns) == 0 || len(from.args.distinctOn) > 0 || from.args.where != nil && !isPlain(from.table, from.args.where) {
		return nil, nil, false
	}
	args = document{{"columns", columns}}
	if from.args.where != nil {
		out.args.where = inMetadata(from.args.where)
		args = append(args, member{"where", condition(out.args.where)})
	}
	var orders []any
	for _, by := range from.args.orderBy {
		if by.relation != "" || by.direction == "asc_nulls_first" || by.direction == "desc_nulls_last" {
			return nil, nil, false
		}
		t := from.table
		for _, via := range by.via {
			t = t.relation(via).target
		}
		if t.field(by.column) != nil {
			return nil, nil, false
		}
		direction, _, _ := strings.Cut(by.direction, "_")
		orders = append(orders, document{{"column", strings.Join(append(append([]string{}, by.via...), by.column), ".")}, {"type", direction}})
	}
	if orders != nil {
		args = append(args, member{"order_by", orders})
	}
	if n := from.args.limit; n != nil {
		args = append(args, member{"limit", *n})
	}
	if n := from.args.offset; n != nil {
		args = append(args, member{"offset", *n})
	}
	return args, &out, true
}

// inMetadata writes a condition in the language of metadata, where null differs from every value.
func inMetadata(c cond) cond {
	switch c := c.(type) {
	case and:
		return and(inMetadataAll(c))
	case or:
		return or(inMetadataAll(c))
	case not:
		return not{inMetadata(c.c)}
	case related:
		return related{c.relation, inMetadata(c.c)}
	case compare:
		if c.op == "_neq" {
			c.op = "_ne"
		}
		return c
	}
	return c
}

func inMetadataAll(cs []cond) []cond {
	out := []cond{}
	for _, c := range cs {
		out = append(out, inMetadata(c))
	}
	return out
}

// isPlain: the condition is about columns and relationships only.
func isPlain(t *table, c cond) bool {
	all := func(cs []cond) bool {
		for _, one := range cs {
			if !isPlain(t, one) {
				return false
			}
		}
		return true
	}
	switch c := c.(type) {
	case and:
		return all(c)
	case or:
		return all(c)
	case not:
		return isPlain(t, c.c)
	case compare:
		return t.field(c.column) == nil
	case related:
		return isPlain(t.relation(c.relation).target, c.c)
	}
	return false
}

// Pages of a connection, walked from either end, are the rows the role sees, each once, in the order asked for.
func TestPagesAreTheRowsInOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	pages := 0
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(0) }).Draw(t, "world")
		s.load(t, w)
		for range 8 {
			a := asker{g: g{t}, w: w, role: pick(g{t}, w.roles[:3])}
			table := pick(a.g, w.tables)
			if !a.role.canRead(table) || !a.hasKey(table) || a.role.limit(table) == 0 {
				continue
			}
			c := &connection{table: table, size: 1 + a.n(3), backwards: a.chance(50)}
			c.args = a.arguments(table)
			c.args.limit, c.args.offset, c.args.distinctOn = nil, nil, nil
			c.fields = a.fields(table, 0)
			r := &request{role: a.role, session: a.session()}
			o := &oracle{tables: w.tables, state: w.rows, role: r.role, session: r.session}
			want := c.rows(o)
			pages += c.walk(t, s, r, want, w)
			for _, row := range w.rows[table.name] { // and each of them by its id
				_, raw := s.postAs(r, "/v1beta1/relay", show(document{{"query", fmt.Sprintf("{ node(id: %q) { id } }", table.globalID(row))}}))
				isThere := strings.Contains(string(raw), table.globalID(row))
				if isThere != o.visible(table, row) || !isThere && string(raw) != `{"data":{"node":null}}` {
					t.Fatalf("as %s %v, node %v of %s is answered by %s\nin %s", r.role.name, r.session, row, table.name, raw, w)
				}
			}
		}
	})
	t.Logf("%d pages", pages)
}

type connection struct {
	table     *table
	args      arguments
	fields    []field
	size      int
	backwards bool
}

// rows are all rows of the connection in order; ties are broken by the primary key.
func (c *connection) rows(o *oracle) []expected {
	args := c.args
	for _, name := range c.table.unique[0].columns {
		args.orderBy = append(args.orderBy[:len(args.orderBy):len(args.orderBy)], order{column: name, direction: "asc"})
	}
	var out []expected
	for _, group := range o.rank(c.table, &args, o.state[c.table.name]).groups {
		for _, r := range group {
			cells := o.fields(c.table, c.fields, r)
			for _, f := range c.fields {
				if f.column == "id" { // on this endpoint the global one
					cells.(object)[f.alias] = scalar{c.table.globalID(r)}
				}
			}
			out = append(out, cells)
		}
	}
	return out
}

func (t *table) globalID(r row) string {
	id := fmt.Sprintf(`[1, "public", %q`, t.name)
	for _, name := range t.unique[0].columns {
		id += fmt.Sprintf(", %d", r[name])
	}
	return base64Of(id + "]")
}

func (c *connection) body(cursor string) string {
	w := &writer{}
	args := w.arguments(c.table, &c.args)
	page, at := "first", "after"
	if c.backwards {
		page, at = "last", "before"
	}
	args = append(args, fmt.Sprintf("%s: %d", page, c.size))
	if cursor != "" {
		args = append(args, fmt.Sprintf("%s: %q", at, cursor))
	}
	return show(document{{"query", fmt.Sprintf("{ c: %s_connection%s { edges { cursor node %s } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
		c.table.name, arglist(args), w.fields(c.fields))}})
}

// walk takes page after page and compares.
func (c *connection) walk(t failer, s *server, r *request, want []expected, w *world) (pages int) {
	t.Helper()
	size := c.size
	if most := r.role.limit(c.table); most >= 0 {
		size = min(size, most)
	}
	cursor := ""
	for from := 0; ; from += size {
		pages++
		body := c.body(cursor)
		_, raw := s.postAs(r, "/v1beta1/relay", body)
		var answer struct {
			Data struct {
				C struct {
					Edges []struct {
						Cursor string
						Node   json.RawMessage
					}
					PageInfo struct {
						HasNextPage, HasPreviousPage bool
						StartCursor, EndCursor       string
					}
				}
			}
		}
		fail := func(problem string) {
			t.Helper()
			t.Fatalf("as %s %v\n%s\nanswers %s\n%s\nof %s\nin %s", r.role.name, r.session, body, raw, problem, describe(want), w)
		}
		if err := json.Unmarshal(raw, &answer); err != nil || strings.Contains(string(raw), `"errors"`) {
			fail("an error")
		}
		got := answer.Data.C
		begin, end := from, min(from+size, len(want)) // counted from the end that the walk begins at
		begin = min(begin, end)
		lo, hi := begin, end
		if c.backwards {
			lo, hi = len(want)-end, len(want)-begin
		}
		if len(got.Edges) != hi-lo {
			fail(fmt.Sprintf("%d rows, want %d", len(got.Edges), hi-lo))
		}
		for i, e := range got.Edges {
			if d := mismatch("node", want[lo+i], decoded(t, e.Node)); d != "" {
				fail(d)
			}
		}
		if len(got.Edges) == 0 {
			return pages
		}
		if got.PageInfo.HasNextPage != (hi < len(want)) || got.PageInfo.HasPreviousPage != (lo > 0) {
			fail("the wrong pages are said to be there")
		}
		if got.PageInfo.StartCursor != got.Edges[0].Cursor || got.PageInfo.EndCursor != got.Edges[len(got.Edges)-1].Cursor {
			fail("start and end are not those of the edges")
		}
		cursor = got.PageInfo.EndCursor
		if c.backwards {
			cursor = got.PageInfo.StartCursor
		}
		if end == len(want) {
			return pages
		}
	}
}
