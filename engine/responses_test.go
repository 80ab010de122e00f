package engine_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
)

// cachedServer serves a table of notes with a cache; roles see notes by owner, by team, or all of them.
type cachedServer struct {
	*server
	data *pgx.Conn
}

func startCached(t *testing.T) *cachedServer {
	t.Helper()
	s := &cachedServer{server: start(t)}
	c := config(s.metadataURL, s.dataURL)
	c.Responses = engine.ResponseCache{Size: 1 << 20, MaxEntry: 4 << 10, MaxTTL: 100 * time.Second}
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	if s.data, err = pgx.Connect(t.Context(), s.dataURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.data.Close(t.Context()) })
	s.exec(`create table note (id int primary key, owner text, team text, body text);
		insert into note values (1, 'ann', 'red', 'a'), (2, 'bob', 'red', 'b'), (3, 'cat', 'blue', 'c');
		create function mine(session json) returns setof note language sql stable as $$ select * from note where owner = session->>'x-hasura-user-id' $$`)
	s.do("pg_track_table", `{"table":"note"}`)
	for role, filter := range map[string]string{"owner": `{"owner":"X-Hasura-User-Id"}`, "team": `{"team":"X-Hasura-Team"}`, "all": `{}`, "none": `{"id":0}`} {
		s.do("pg_create_select_permission", `{"table":"note","role":"`+role+`","permission":{"columns":["id","body"],"filter":`+filter+`}}`)
	}
	s.do("add_inherited_role", `{"role_name":"both","role_set":["owner","team"]}`)
	s.do("pg_track_function", `{"function":"mine","configuration":{"session_argument":"session"}}`)
	return s
}

func (s *cachedServer) exec(sql string) {
	s.Helper()
	if _, err := s.data.Exec(s.Context(), sql); err != nil {
		s.Fatal(err)
	}
}

// send posts a GraphQL query; headers are pairs.
func (s *cachedServer) send(query string, headers ...string) (string, http.Header) {
	s.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		s.Fatal(err)
	}
	return s.request(http.MethodPost, "/v1/graphql", string(body), headers...)
}

func (s *cachedServer) request(method, path, body string, headers ...string) (string, http.Header) {
	s.Helper()
	r, w := httptest.NewRequest(method, path, strings.NewReader(body)), httptest.NewRecorder()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.engine.Handler().ServeHTTP(w, r)
	var compact bytes.Buffer // Postgres' JSON has white space of its own
	if err := json.Compact(&compact, w.Body.Bytes()); err != nil {
		s.Fatal(err)
	}
	return compact.String(), w.Header()
}

func (s *cachedServer) want(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

const cachedNotes = `query @cached { note(order_by: {id: asc}) { id } }`

// Nobody is given what was kept for somebody who may see more or something else.
func TestCached_neverCrossesPermissions(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{[]string{"X-Hasura-Role", "all"}, `[{"id":1},{"id":2},{"id":3}]`},
		{[]string{"X-Hasura-Role", "owner", "X-Hasura-User-Id", "ann"}, `[{"id":1}]`},
		{[]string{"X-Hasura-Role", "owner", "X-Hasura-User-Id", "bob"}, `[{"id":2}]`},
		{[]string{"X-Hasura-Role", "owner", "X-Hasura-User-Id", "bob", "X-Hasura-Team", "blue"}, `[{"id":2}]`},
		{[]string{"X-Hasura-Role", "team", "X-Hasura-Team", "red"}, `[{"id":1},{"id":2}]`},
		{[]string{"X-Hasura-Role", "team", "X-Hasura-Team", "blue", "X-Hasura-User-Id", "ann"}, `[{"id":3}]`},
		{[]string{"X-Hasura-Role", "both", "X-Hasura-Team", "blue", "X-Hasura-User-Id", "ann"}, `[{"id":1},{"id":3}]`},
		{[]string{"X-Hasura-Role", "both", "X-Hasura-Team", "blue", "X-Hasura-User-Id", "bob"}, `[{"id":2},{"id":3}]`},
		{[]string{"X-Hasura-Role", "both", "X-Hasura-Team", "red", "X-Hasura-User-Id", "bob"}, `[{"id":1},{"id":2}]`},
		{[]string{"X-Hasura-Role", "none"}, `[]`},
		{nil, `[{"id":1},{"id":2},{"id":3}]`},
	} {
		for range 2 {
			body, _ := s.send(cachedNotes, c.headers...)
			s.want(strings.Join(c.headers, " "), body, `{"data":{"note":`+c.want+`}}`)
		}
	}
	for _, user := range []string{"ann", "bob"} { // a function that is handed the session
		body, _ := s.send(`query @cached { mine { owner } }`, "X-Hasura-User-Id", user)
		s.want(user, body, `{"data":{"mine":[{"owner":"`+user+`"}]}}`)
	}
	if body, header := s.send(cachedNotes, "X-Hasura-Role", "owner"); !strings.Contains(body, "missing session variable") || header.Get("Cache-Control") != "" {
		t.Errorf("without the variable: %s %v", body, header)
	}
	if body, _ := s.send(cachedNotes, "X-Hasura-Role", "stranger"); !strings.Contains(body, "field 'note' not found") {
		t.Errorf("an unknown role: %s", body)
	}
}

// A permission that is taken away takes what was kept under it along, and so does any other change of the metadata.
func TestCached_endsWithThePermission(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	before, _ := s.send(cachedNotes, "X-Hasura-Role", "all")
	s.want("before", before, `{"data":{"note":[{"id":1},{"id":2},{"id":3}]}}`)
	s.do("pg_drop_select_permission", `{"table":"note","role":"all"}`)
	s.do("pg_create_select_permission", `{"table":"note","role":"all","permission":{"columns":["id"],"filter":{"id":2}}}`)
	after, _ := s.send(cachedNotes, "X-Hasura-Role", "all")
	s.want("narrowed", after, `{"data":{"note":[{"id":2}]}}`)
	s.do("pg_drop_select_permission", `{"table":"note","role":"all"}`)
	if gone, _ := s.send(cachedNotes, "X-Hasura-Role", "all"); !strings.Contains(gone, "field 'note' not found") {
		t.Errorf("dropped: %s", gone)
	}
}

// Who sends the same thing shares one answer while it lives, unless it is to be had anew.
func TestCached_isServedWhileItLives(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	first, header := s.send(cachedNotes, "X-Hasura-Role", "team", "X-Hasura-Team", "red", "X-Hasura-User-Id", "ann")
	key, family := header.Get("X-Hasura-Query-Cache-Key"), header.Get("X-Hasura-Query-Family-Cache-Key")
	if len(key) != 64 || len(family) != 64 || header.Get("Cache-Control") != "max-age=60" {
		t.Errorf("headers of a miss: %v", header)
	}
	s.exec(`insert into note values (4, 'ann', 'red', 'd')`)
	for _, same := range []string{cachedNotes, "query @cached(ttl: 50)\n{ # comment\n note(order_by: {id: asc}), { id } }"} {
		again, header := s.send(same, "X-Hasura-Role", "team", "X-Hasura-Team", "red", "X-Hasura-User-Id", "bob")
		s.want("again", again, first)
		if header.Get("X-Hasura-Query-Cache-Key") != key {
			t.Errorf("headers of a hit: %v", header)
		}
	}
	fresh := `{"data":{"note":[{"id":1},{"id":2},{"id":4}]}}`
	for _, other := range []string{
		`query @cached { note(order_by: {id: desc}) { id } }`, `query Other @cached { note(order_by: {id: asc}) { id } }`,
		`query @cached { note(order_by: {id: asc}) { id body } }`, `{ note(order_by: {id: asc}) { id } }`,
	} {
		if body, _ := s.send(other, "X-Hasura-Role", "team", "X-Hasura-Team", "red"); !strings.Contains(body, `"id":4`) {
			t.Errorf("%s was given %s", other, body)
		}
	}
	refreshed, header := s.send(`query @cached(refresh: true, ttl: 1000) { note(order_by: {id: asc}) { id } }`, "X-Hasura-Role", "team", "X-Hasura-Team", "red")
	s.want("refreshed", refreshed, fresh)
	if header.Get("Cache-Control") != "max-age=100" {
		t.Errorf("the operator's limit does not hold: %v", header)
	}
	again, _ := s.send(cachedNotes, "X-Hasura-Role", "team", "X-Hasura-Team", "red")
	s.want("after the refresh", again, fresh)
}

// What cannot be kept says so, and what asks wrongly is refused.
func TestCached_whatIsNotKept(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	s.exec(`update note set body = repeat('x', 5000) where id = 1`)
	for _, query := range []string{
		`query @cached { note { body } }`, `query @cached(ttl: 0) { note { id } }`, `query @cached(ttl: -5) { note { id } }`,
	} {
		_, header := s.send(query)
		if !strings.HasPrefix(header.Get("Warning"), "199 - ") || header.Get("Cache-Control") != "" || header.Get("X-Hasura-Query-Cache-Key") != "" {
			t.Errorf("%s: %v", query, header)
		}
	}
	for _, query := range []string{
		`mutation @cached { delete_note(where: {}) { affected_rows } }`, `query @cached(ttl: "x") { note { id } }`,
		`query @cached(refresh: 1) { note { id } }`, `query @cached(tll: 5) { note { id } }`, `query ($t: String) @cached(ttl: $t) { note { id } }`,
		`{ note @cached { id } }`,
	} {
		if body, header := s.send(query); !strings.Contains(body, `"validation-failed"`) || header.Get("Cache-Control") != "" {
			t.Errorf("%s: %s", query, body)
		}
	}
	off := s.open()
	r, w := httptest.NewRequest(http.MethodPost, "/v1/graphql", strings.NewReader(`{"query":"query @cached { note(where: {id: {_eq: 2}}) { id } }"}`)), httptest.NewRecorder()
	off.Handler().ServeHTTP(w, r)
	if w.Body.String() != `{"data":{"note":[{"id":2}]}}` || w.Header().Get("Warning") == "" {
		t.Errorf("without a cache: %s %v", w.Body, w.Header())
	}
}

func TestCached_clear(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	if status, _ := post(s.engine, "/pro/cache/clear", "", "X-Hasura-Role", "all"); status != 400 {
		t.Errorf("a role cleared the cache: %d", status)
	}
	for _, bad := range []string{"?kye=1", "?key=", "?key=" + strings.Repeat("a", 200)} {
		if status, _ := post(s.engine, "/pro/cache/clear"+bad, ""); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	one := `query ($i: Int!) @cached { note(where: {id: {_lte: $i}}) { id } }`
	other := `query ($i: Int!) @cached { note(where: {id: {_lte: $i}}) { body } }`
	ask := func(query, i string) (string, http.Header) {
		return s.request(http.MethodPost, "/v1/graphql", `{"query":"`+query+`","variables":{"i":`+i+`}}`)
	}
	for _, c := range []struct {
		name   string
		clear  func(key, family string) string
		stales []bool // of one with 3, one with 2, other with 3
	}{
		{"nothing", func(string, string) string { return "?key=" + strings.Repeat("0", 64) }, []bool{true, true, true}},
		{"key", func(key, _ string) string { return "?key=" + key }, []bool{false, true, true}},
		{"family", func(_, family string) string { return "?family=" + family }, []bool{false, false, true}},
		{"all", func(string, string) string { return "" }, []bool{false, false, false}},
	} {
		s.exec(`delete from note; insert into note values (1, 'ann', 'red', 'a'), (2, 'bob', 'red', 'b'), (3, 'cat', 'blue', 'c')`)
		post(s.engine, "/pro/cache/clear", "")
		_, header := ask(one, "3")
		ask(one, "2")
		ask(other, "3")
		s.exec(`delete from note`)
		status, body := post(s.engine, "/pro/cache/clear"+c.clear(header.Get("X-Hasura-Query-Cache-Key"), header.Get("X-Hasura-Query-Family-Cache-Key")), "")
		if status != 200 || body != `{"message":"success"}` {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
		for i, args := range [][2]string{{one, "3"}, {one, "2"}, {other, "3"}} {
			body, _ := ask(args[0], args[1])
			if stale := body != `{"data":{"note":[]}}`; stale != c.stales[i] {
				t.Errorf("clear %s: request %d is stale: %v", c.name, i, stale)
			}
		}
	}
}

// A stored query with @cached is kept; what leads to the client by GET is told not to be.
func TestCached_restAndBatch(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"query @cached(ttl: 30) { note(order_by: {id: asc}) { id } }"}]}}`)
	s.do("create_rest_endpoint", `{"name":"e","url":"notes","methods":["GET","POST"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}`)
	got, header := s.request(http.MethodGet, "/api/rest/notes", "", "X-Hasura-Role", "owner", "X-Hasura-User-Id", "ann")
	s.want("ann", got, `{"note":[{"id":1}]}`)
	if header.Get("Cache-Control") != "private, max-age=30" || !strings.Contains(strings.Join(header.Values("Vary"), ","), "*") || len(header.Get("X-Hasura-Query-Cache-Key")) != 64 {
		t.Errorf("headers: %v", header)
	}
	s.exec(`update note set owner = 'ann'`)
	got, _ = s.request(http.MethodPost, "/api/rest/notes", "", "X-Hasura-Role", "owner", "X-Hasura-User-Id", "bob")
	s.want("bob", got, `{"note":[]}`)
	got, header = s.request(http.MethodPost, "/api/rest/notes", "", "X-Hasura-Role", "owner", "X-Hasura-User-Id", "ann")
	s.want("ann again", got, `{"note":[{"id":1}]}`)
	if !strings.HasPrefix(header.Get("Cache-Control"), "max-age=") {
		t.Errorf("headers: %v", header)
	}
	batch := `[{"query":"query @cached(ttl: 30) { note(order_by: {id: asc}) { id } }"},{"query":"{ note(order_by: {id: asc}) { id } }"}]`
	got, header = s.request(http.MethodPost, "/v1/graphql", batch, "X-Hasura-Role", "owner", "X-Hasura-User-Id", "ann")
	s.want("batch", got, `[{"data":{"note":[{"id":1}]}},{"data":{"note":[{"id":1},{"id":2},{"id":3}]}}]`)
	if header.Get("Cache-Control") != "" {
		t.Errorf("a batch has no one age: %v", header)
	}
}

// Over a socket the cache answers too.
func TestCached_sockets(t *testing.T) {
	t.Parallel()
	s, url := streaming(t, func(c *engine.Config) {
		c.Responses = engine.ResponseCache{Size: 1 << 20, MaxEntry: 1 << 20, MaxTTL: time.Minute}
	})
	s.library()
	const ann = `{"type":"next","id":"1","payload":{"data":{"author":[{"name":"Ann"}]}}}`
	query := `query @cached { author(where: {id: {_eq: 1}}) { name } }`
	for range 2 {
		c := s.socket(url, `{}`)
		c.subscribe("1", query)
		c.want(ann, `{"type":"complete","id":"1"}`)
		s.exec(s.dataURL, `update author set name = 'secret' where id = 1`)
	}
}

// Every process on the metadata database hears what is to be cleared.
func TestCached_clearReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	here := s.engine
	c := config(s.metadataURL, s.dataURL)
	c.Responses = engine.ResponseCache{Size: 1 << 20, MaxEntry: 4 << 10, MaxTTL: 100 * time.Second}
	there, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(there.Close)
	go func() { _ = there.Run(t.Context()) }()
	const empty = `{"data":{"note":[]}}`
	s.engine = there
	for attempt := 0; ; attempt++ {
		s.exec(`insert into note values (9, 'ann', 'red', 'x') on conflict do nothing`)
		post(there, "/pro/cache/clear", "")
		if body, _ := s.send(cachedNotes); body == empty {
			t.Fatal("nothing to keep")
		}
		s.exec(`delete from note`)
		post(here, "/pro/cache/clear", "")
		for range 100 {
			if body, _ := s.send(cachedNotes); body == empty {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		if attempt == 5 {
			t.Fatal("the other process did not hear")
		}
	}
}
