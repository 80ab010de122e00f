package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
)

// Both halves take the cookie of an admin secret, as far as the secret opens them, from the console's own pages alone.
func TestSecret_bothHalvesTakeItsCookie(t *testing.T) {
	p := fresh(t).start().page()
	for name, got := range map[string]answer{
		"data": p.metadata("export_metadata", object{}), "identity": p.send(http.MethodGet, "/api/users", ""),
	} {
		p.wants(name+" without a session", got, 401, "")
	}
	p.signInBySecret(adminSecret)
	p.wants("session", p.send(http.MethodGet, "/console/api/session", ""), 200, `"by":"secret","user":null,"role":null,"may":["graphql","metadata","metadata:read","sql","sources","users",`)
	p.wants("data", p.metadata("export_metadata", object{}), 200, `"sources"`)
	p.wants("identity", p.send(http.MethodGet, "/api/users", ""), 200, `[]`)
	p.wants("as a role", p.send(http.MethodPost, "/v1/graphql", `{"query":"{ __typename }"}`, "X-Hasura-Role", "nobody"), 200, "__typename")
	for name, foreign := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a sibling": {"Sec-Fetch-Site", "same-site"},
		"another origin": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, "a simple form": {"Sec-Fetch-Site", "", "Content-Type", "text/plain"},
	} {
		p.wants(name+": data", p.metadata("clear_metadata", object{}, foreign...), 401, "required, but not found")
		p.wants(name+": identity", p.send(http.MethodPost, "/api/users", `{"username":"eve"}`, foreign...), 401, "auth.authorization_header_missing")
	}
	p.wants("a wrong secret beside it: data", p.metadata("export_metadata", object{}, "X-Hasura-Admin-Secret", "x"), 401, "invalid")
	p.wants("a wrong secret beside it: identity", p.send(http.MethodGet, "/api/users", "", "X-Hasura-Admin-Secret", "x"), 401, "auth.unauthorized")
	p.wants("a wrong token beside it: data", p.metadata("export_metadata", object{}, "Authorization", "Bearer x"), 400, "invalid-jwt")
	p.wants("a wrong token beside it: identity", p.send(http.MethodGet, "/api/users", "", "Authorization", "Bearer x"), 401, "auth.unauthorized")

	narrow := p.process.page()
	narrow.signInBySecret("narrow")
	narrow.wants("what it may", narrow.send(http.MethodGet, "/console/api/session", ""), 200, `"may":["graphql","operations"]`)
	narrow.wants("GraphQL", narrow.send(http.MethodPost, "/v1/graphql", `{"query":"{ __typename }"}`), 200, "query_root")
	narrow.wants("metadata", narrow.metadata("export_metadata", object{}), 403, `this admin secret does not open`)
	narrow.wants("identity", narrow.send(http.MethodGet, "/api/users", ""), 403, "auth.forbidden")

	kept := p.cookies["gatehouse_console"]
	p.wants("sign out", p.send(http.MethodDelete, "/console/api/session", ""), 204, "")
	p.cookies["gatehouse_console"] = kept
	p.wants("data, signed out", p.metadata("export_metadata", object{}), 401, "the console's session has ended")
	p.wants("identity, signed out", p.send(http.MethodGet, "/api/users", ""), 401, "The console's session has ended")
	p.wants("session, signed out", p.send(http.MethodGet, "/console/api/session", ""), 200, `"signedIn":false`)
}

// socket opens a socket with the page's cookies and begins a subscription.
func (p *page) socket(origin, query string) (*websocket.Conn, error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 10*time.Second)
	defer cancel()
	h := http.Header{"Origin": {origin}}
	for name, value := range p.cookies {
		h.Add("Cookie", name+"="+value)
	}
	c, _, err := websocket.Dial(ctx, strings.Replace(p.base, "http", "ws", 1)+"/v1/graphql", &websocket.DialOptions{
		HTTPHeader: h, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return nil, err
	}
	p.Cleanup(func() { _ = c.CloseNow() })
	for _, m := range []string{`{"type":"connection_init","payload":{"headers":{"Sec-Fetch-Site":"same-origin","Origin":"` + p.base + `"}}}`, `{"id":"1","type":"subscribe","payload":{"query":"` + query + `"}}`} {
		if err := c.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			return nil, err
		}
		if _, _, err := c.Read(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func TestSecret_socketsEndWithTheSession(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start().page()
	p.signInBySecret(adminSecret)
	p.wants("track", p.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	const live = "subscription { note { id } }"
	for _, origin := range []string{"https://evil.example", "null", "http://localhost"} {
		if _, err := p.socket(origin, live); err == nil {
			t.Errorf("a page of %s has a socket", origin)
		}
	}
	c, err := p.socket(p.base, live)
	if err != nil {
		t.Fatal(err)
	}
	p.wants("sign out", p.send(http.MethodDelete, "/console/api/session", ""), 204, "")
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, m, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(m), `"type":"error"`) {
			t.Logf("the subscription ended %s after signing out: %s", time.Since(began).Round(time.Millisecond), m)
			return
		}
	}
}

// With CORS switched off any page may open a socket, and cookies of pages do not count; the console's own counts on its own
// pages' sockets, and on those of no other.
func TestSecret_withoutCORSTheCookieCountsOnOwnSocketsAlone(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start("HASURA_GRAPHQL_DISABLE_CORS=true").page()
	p.signInBySecret(adminSecret)
	p.wants("track", p.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	const live = "subscription { note { id } }"
	for _, origin := range []string{"https://evil.example", "null", "http://localhost", "https://" + strings.TrimPrefix(p.base, "http://") + ".evil.example"} {
		if _, err := p.socket(origin, live); err == nil || !strings.Contains(err.Error(), "required, but not found") {
			t.Errorf("a page of %s: %v", origin, err)
		}
	}
	p.cookies["another"] = "1"
	if _, err := p.socket(p.base, live); err != nil {
		t.Errorf("a page of our own: %v", err)
	}
	delete(p.cookies, "gatehouse_console")
	if _, err := p.socket(p.base, live); err == nil {
		t.Error("without the cookie")
	}
}

// The health of each half is its own: a data half that works says nothing of an identity half without its database.
func TestSecret_healthOfIdentity(t *testing.T) {
	d := fresh(t)
	p := d.start().page()
	p.wants("without a session", p.send(http.MethodGet, "/console/api/health", ""), 401, "")
	p.signInBySecret(adminSecret)
	p.wants("with its database", p.send(http.MethodGet, "/console/api/health", ""), 200, "OK")
	config, err := pgx.ParseConfig(d.identity)
	if err != nil {
		t.Fatal(err)
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	d.exec(d.data, `alter database `+name+` allow_connections false`)
	t.Cleanup(func() { d.exec(d.data, `alter database `+name+` allow_connections true`) })
	d.exec(d.data, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '`+config.Database+`'`)
	p.eventually("the identity half is told to be down", time.Minute, func() bool {
		return p.send(http.MethodGet, "/console/api/health", "").status == http.StatusServiceUnavailable
	})
	p.wants("the data half", p.send(http.MethodGet, "/healthz", ""), 200, "OK")
}
