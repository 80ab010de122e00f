package console_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	managementAPI = "https://default.logto.app/api"
	// verifier is one for PKCE, and challenge its SHA-256 (RFC 7636 appendix B).
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// token signs a user in to a client, as a program of our own making does, and gives its access token for a resource.
func (p *page) token(name, client, redirect, resource, scope string) string {
	p.Helper()
	ask := url.Values{
		"client_id": {client}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid " + scope}, "resource": {resource}, "state": {"s"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	target := "/oidc/auth?" + ask.Encode()
	for range 12 {
		if strings.HasPrefix(target, redirect) {
			break
		}
		if strings.HasPrefix(target, "/sign-in") {
			target = p.prove(name)
			continue
		}
		got := p.send(http.MethodGet, target, "", "Sec-Fetch-Site", "none")
		if target = got.header.Get("Location"); target == "" {
			p.Fatalf("%d %s", got.status, got.raw)
		}
	}
	back, err := url.Parse(target)
	if err != nil || back.Query().Get("code") == "" {
		p.Fatalf("sent to %s", target)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {client}, "redirect_uri": {redirect}, "code": {back.Query().Get("code")}, "code_verifier": {verifier}, "resource": {resource},
	}
	got := p.send(http.MethodPost, "/oidc/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "")
	token, _ := got.json(p)["access_token"].(string)
	if token == "" {
		p.Fatalf("%d %s", got.status, got.raw)
	}
	return token
}

// memberToken is a token of a member of the console, from another browser than the page's.
func (p *page) memberToken(name string) string {
	p.Helper()
	return p.token(name, "admin-console", p.base+"/console/callback", managementAPI, "all")
}

// bearing sends a request with a token and nothing else of the browser's.
func (p *process) bearing(token, method, path, body string, headers ...string) answer {
	p.Helper()
	return p.page().send(method, path, body, append([]string{"Authorization", "Bearer " + token, "Sec-Fetch-Site", ""}, headers...)...)
}

// socketBearing begins a subscription on a socket whose connection_init carries a token.
func (p *process) socketBearing(token, query string) (*websocket.Conn, string, error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(p.base, "http", "ws", 1)+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return nil, "", err
	}
	p.Cleanup(func() { _ = c.CloseNow() })
	var last []byte
	for _, m := range []string{`{"type":"connection_init","payload":{"headers":{"Authorization":"Bearer ` + token + `"}}}`, `{"id":"1","type":"subscribe","payload":{"query":"` + query + `"}}`} {
		if err := c.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			return nil, "", err
		}
		for last = nil; last == nil || bytes.Contains(last, []byte(`"ping"`)); {
			if _, last, err = c.Read(ctx); err != nil {
				return nil, "", err
			}
		}
	}
	return c, string(last), nil
}

const (
	anyQuery  = `{"query":"{ __typename }"}`
	allOfNote = `{"query":"{ note { id } }"}`
)

func TestToken_refusals(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start()
	p.resource("https://data.api")
	app := p.secretly(http.MethodPost, "/api/applications", `{"name":"app","type":"SPA","oidcClientMetadata":{"redirectUris":["https://app.example/back"],"postLogoutRedirectUris":[]}}`)
	client, _ := app.json(p)["id"].(string)
	own := p.base + "/console/callback"
	p.user("ann", "owner")
	p.user("bob", "")
	p.give(p.user("eve", ""), "everything")
	p.user("sue", "support")

	expects := func(what, token string, status int, part string) {
		t.Helper()
		page := p.page()
		page.wants(what+": metadata", p.bearing(token, http.MethodPost, "/v1/metadata", `{"type":"export_metadata","args":{}}`), status, part)
		page.wants(what+": SQL", p.bearing(token, http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`), status, part)
		if got := p.bearing(token, http.MethodPost, "/v1/graphql", anyQuery); !strings.Contains(got.raw, "errors") {
			t.Errorf("%s: GraphQL: %s", what, got.raw)
		}
		if _, answered, err := p.socketBearing(token, "subscription { note { id } }"); err == nil {
			t.Errorf("%s: a socket answers %s", what, answered)
		}
	}
	expects("who is no member", p.page().token("bob", "admin-console", own, managementAPI, "all"), 401, "no console member's")
	expects("a member who asked for less", p.page().token("ann", "admin-console", own, managementAPI, "profile"), 401, "no console member's")
	expects("a member's of another application", p.page().token("ann", client, "https://app.example/back", managementAPI, "all"), 400, "JWTNotInAudience")
	expects("a member's for the data API", p.page().token("ann", "admin-console", own, "https://data.api", "all"), 400, "invalid-jwt")
	support := p.page().memberToken("sue")
	page := p.page()
	page.wants("support: GraphQL", p.bearing(support, http.MethodPost, "/v1/graphql", anyQuery), 200, `does not open \"graphql\"`)
	page.wants("support: metadata", p.bearing(support, http.MethodPost, "/v1/metadata", `{"type":"export_metadata","args":{}}`), 403, "metadata:read")
	page.wants("support: SQL", p.bearing(support, http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`), 403, "sql")
	page.wants("support: identity", p.bearing(support, http.MethodGet, "/api/users", ""), 200, "sue")
	page.wants("support: resources", p.bearing(support, http.MethodPost, "/api/resources", `{"name":"x","indicator":"https://x"}`), 403, "auth.forbidden")
}

// A member's token is the member on every surface, wherever the request comes from.
func TestToken_isTheMemberEverywhere(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key); insert into note values (1)`)
	p := d.start()
	id := p.user("ann", "owner")
	token := p.page().memberToken("ann")
	page := p.page()
	page.wants("metadata", p.bearing(token, http.MethodPost, "/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"), 200, "success")
	page.wants("SQL", p.bearing(token, http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`), 200, "TuplesOk")
	page.wants("GraphQL", p.bearing(token, http.MethodPost, "/v1/graphql", allOfNote), 200, `{"data":{"note":[{"id":1}]}}`)
	page.wants("as a role", p.bearing(token, http.MethodPost, "/v1/graphql", allOfNote, "X-Hasura-Role", "nobody"), 200, "not found")
	page.wants("Relay", p.bearing(token, http.MethodPost, "/v1beta1/relay", anyQuery), 200, "query_root")
	page.wants("explain", p.bearing(token, http.MethodPost, "/v1/graphql/explain", `{"query":`+allOfNote+`}`), 200, "note")
	page.wants("REST", p.bearing(token, http.MethodPost, "/v1/metadata", `{"type":"bulk","args":[
		{"type":"create_query_collection","args":{"name":"c","definition":{"queries":[{"name":"q","query":"{ note { id } }"}]}}},
		{"type":"create_rest_endpoint","args":{"name":"q","url":"notes","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}}]}`), 200, "success")
	page.wants("REST", p.bearing(token, http.MethodGet, "/api/rest/notes", ""), 200, `{"note":[{"id":1}]}`)
	page.wants("identity", p.bearing(token, http.MethodGet, "/api/users", ""), 200, "ann")
	page.wants("the log", p.bearing(token, http.MethodGet, "/api/logs?logKey=Data.Metadata.Changed", ""), 200, id)
	if _, answered, err := p.socketBearing(token, "subscription { note { id } }"); err != nil || !strings.Contains(answered, `{"note":[{"id":1}]}`) {
		t.Errorf("a socket: %s %v", answered, err)
	}
	if line := p.stream(token, "subscription { note { id } }").next(t); !strings.Contains(line, `{"note":[{"id":1}]}`) {
		t.Errorf("a stream: %s", line)
	}
}

// stream is an event stream that is read line by line.
type stream struct {
	lines chan string
	err   error // once lines is closed
}

func (p *process) stream(token, query string) *stream {
	p.Helper()
	body, _ := json.Marshal(object{"query": query})
	r, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.base+"/v1/graphql", strings.NewReader(string(body)))
	if err != nil {
		p.Fatal(err)
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "text/event-stream"} {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = resp.Body.Close() })
	s := &stream{lines: make(chan string, 100)}
	go func() {
		defer close(s.lines)
		in := bufio.NewScanner(resp.Body)
		for in.Scan() {
			if data, ok := strings.CutPrefix(in.Text(), "data: "); ok {
				s.lines <- data
			}
		}
		s.err = in.Err()
	}()
	return s
}

// next is the next event's data, "" at the end of the stream.
func (s *stream) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-s.lines:
		return line
	case <-time.After(15 * time.Second):
		t.Fatal("the stream stands still")
		return ""
	}
}

// Whatever the token rests on: when it ends, the next request is refused, and what is open ends; also where tokens are
// else judged by somebody other than built-in identity.
func TestToken_endsAtOnce(t *testing.T) {
	for mode, env := range map[string]string{
		"built-in identity": "", "JWT": `HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"12345678901234567890123456789012"}`,
		"hook": `HASURA_GRAPHQL_AUTH_HOOK=http://localhost:1/hook`,
	} {
		t.Run(mode, func(t *testing.T) {
			d := fresh(t)
			d.exec(d.data, `create table note (id int primary key)`)
			p := d.start(env)
			boss := p.page()
			boss.signInBySecret(adminSecret)
			boss.wants("track", boss.metadata("pg_track_table", object{"table": "note"}), 200, "success")
			for name, end := range map[string]func(id, token string, browser *page) answer{
				"suspension": func(id, _ string, _ *page) answer {
					return boss.send(http.MethodPatch, "/api/users/"+id+"/is-suspended", `{"isSuspended":true}`)
				},
				"deletion": func(id, _ string, _ *page) answer { return boss.send(http.MethodDelete, "/api/users/"+id, "") },
				"removal": func(id, _ string, _ *page) answer {
					return boss.send(http.MethodDelete, "/console/api/members/"+id, "")
				},
				"lowering": func(id, _ string, _ *page) answer {
					return boss.send(http.MethodPut, "/console/api/members/"+id, `{"role":"support"}`)
				},
				"signing out": func(_, _ string, browser *page) answer {
					return browser.send(http.MethodDelete, "/console/api/session", "")
				},
				"revocation": func(_, token string, _ *page) answer {
					return p.page().send(http.MethodPost, "/oidc/token/revocation", "client_id=admin-console&token="+token, "Content-Type", "application/x-www-form-urlencoded")
				},
			} {
				user := strings.ReplaceAll(name, " ", "_")
				id := p.user(user, "developer")
				browser := p.page()
				browser.signIn(user, "")
				token := browser.memberToken(user) // of the same browser's session
				browser.wants(name+": before", p.bearing(token, http.MethodPost, "/v1/graphql", allOfNote), 200, `{"data":{"note":[]}}`)
				c, _, err := p.socketBearing(token, "subscription { note { id } }")
				if err != nil {
					t.Fatal(name, err)
				}
				events := p.stream(token, "subscription { note { id } }")
				events.next(t)
				if got := end(id, token, browser); got.status >= 300 {
					t.Fatalf("%s: %d %s", name, got.status, got.raw)
				}
				if got := p.bearing(token, http.MethodPost, "/v1/graphql", allOfNote); !strings.Contains(got.raw, `"errors"`) {
					t.Errorf("%s: %s", name, got.raw)
				}
				if got := p.bearing(token, http.MethodPost, "/v1/metadata", `{"type":"export_metadata","args":{}}`); got.status != 401 && got.status != 403 {
					t.Errorf("%s: %d %s", name, got.status, got.raw)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				for m := ""; !strings.Contains(m, `"type":"error"`); {
					_, read, err := c.Read(ctx)
					if m = string(read); err != nil {
						t.Fatalf("%s: the subscription goes on: %v", name, err)
					}
				}
				cancel()
				if line := events.next(t); !strings.Contains(line, "errors") {
					t.Errorf("%s: the stream goes on: %s", name, line)
				}
			}
		})
	}
}

// When a member was seen last is told of whoever calls by token, too.
func TestToken_itsMemberIsSeen(t *testing.T) {
	d := fresh(t)
	p := d.start()
	boss := p.page()
	boss.signInBySecret(adminSecret)
	for path, body := range map[string]string{"/v1/graphql": anyQuery, "/api/resources": ""} {
		name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")
		p.user(name, "owner")
		token := p.page().memberToken(name)
		if seen := lastSeen(t, boss, name); seen != nil {
			t.Errorf("%s: seen at %v", name, seen)
		}
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		boss.wants(name, p.bearing(token, method, path, body), 200, "")
		if seen, _ := lastSeen(t, boss, name).(float64); time.Since(time.UnixMilli(int64(seen))) > time.Minute {
			t.Errorf("%s: seen at %v", name, time.UnixMilli(int64(seen)))
		}
	}
}

func lastSeen(t *testing.T, by *page, name string) any {
	t.Helper()
	var list []struct {
		User     struct{ Username string }
		LastSeen any
	}
	if err := json.Unmarshal([]byte(by.send(http.MethodGet, "/console/api/members", "").raw), &list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.User.Username == name {
			return m.LastSeen
		}
	}
	t.Fatal("no member", name)
	return nil
}
