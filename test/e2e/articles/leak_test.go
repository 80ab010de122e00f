package articles_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"gatehouse/internal/testpg"
)

// caller is somebody with a right that ends at some point.
type caller struct {
	name   string
	header map[string]string
	// hook tells whether the webhook is asked too: it knows users' roles only.
	hook bool
	end  func() // through an HTTP surface; nil: the right does not end
	// hasEnded is set when the answer to the end is here.
	hasEnded                atomic.Bool
	passed, refused, leaked atomic.Int64
	live                    *liveQuery
	resource                string
}

// crowd are clients that ask for whoever holds or held a right.
type crowd struct {
	s       *system
	client  *http.Client
	callers atomic.Pointer[[]*caller]
	sent    atomic.Int64
	stop    atomic.Bool
	clients sync.WaitGroup
}

func newCrowd(s *system, clients int) *crowd {
	c := &crowd{s: s, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
	c.callers.Store(&[]*caller{})
	for range clients {
		c.clients.Go(c.ask)
	}
	return c
}

func (c *crowd) add(callers ...*caller) {
	all := append(slices.Clone(*c.callers.Load()), callers...)
	c.callers.Store(&all)
}

func (c *crowd) ask() {
	for !c.stop.Load() {
		all := *c.callers.Load()
		if len(all) == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		who := all[rand.IntN(len(all))]
		isAfter := who.hasEnded.Load() // read before the request begins
		passes := c.passes(who)
		switch {
		case passes && isAfter:
			who.leaked.Add(1)
		case passes:
			who.passed.Add(1)
		default:
			who.refused.Add(1)
		}
		c.sent.Add(1)
	}
}

// endAndAsk ends a right, and has clients that wait for the answer ask at once.
func (c *crowd) endAndAsk(who *caller) {
	answered := make(chan struct{})
	var waiting sync.WaitGroup
	for range 16 {
		waiting.Go(func() {
			<-answered
			for range 3 {
				c.sent.Add(1)
				if c.passes(who) {
					who.leaked.Add(1)
				} else {
					who.refused.Add(1)
				}
			}
		})
	}
	who.end()
	who.hasEnded.Store(true)
	close(answered)
	waiting.Wait()
}

// passes sends one request with the caller's right.
func (c *crowd) passes(who *caller) bool {
	req, err := http.NewRequest("POST", c.s.data+"/v1/graphql", strings.NewReader(`{"query":"`+notes+`"}`))
	if err != nil {
		return false
	}
	for k, v := range who.header {
		req.Header.Set(k, v)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		c.s.t.Errorf("%s: %v", who.name, err)
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		c.s.t.Errorf("%s: status %d, %v", who.name, resp.StatusCode, err)
	}
	return strings.Contains(string(body), `"note":`)
}

// hookPasses asks Hasura's webhook, as another Hasura would.
func (c *crowd) hookPasses(who *caller) bool {
	a := c.s.request("GET", c.s.identity+"/api/authn/hasura?resource="+url.QueryEscape(who.resource),
		map[string]string{"Authorization": who.header["Authorization"], "Expected-Role": who.header["X-Hasura-Role"]}, nil)
	return a.status == 200 && a.text("X-Hasura-Role") != ""
}

// liveQuery is a subscription that is open until its caller's right ends.
type liveQuery struct {
	ended chan struct{} // closed when the server has ended it
	how   string
}

func (c *crowd) subscribe(who *caller) *liveQuery {
	t := c.s.t
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.s.data, "http")+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	send := func(v any) {
		if err := wsjson.Write(ctx, ws, v); err != nil {
			t.Fatal(err)
		}
	}
	send(map[string]any{"type": "connection_init", "payload": map[string]any{"headers": who.header}})
	send(map[string]any{"type": "subscribe", "id": "1", "payload": map[string]any{"query": "subscription " + notes}})
	l, first := &liveQuery{ended: make(chan struct{})}, make(chan struct{})
	var once sync.Once
	go func() {
		defer close(l.ended)
		for {
			var m struct{ Type string }
			if err := wsjson.Read(ctx, ws, &m); err != nil {
				l.how = fmt.Sprintf("closed: %v", err)
				return
			}
			switch m.Type {
			case "next":
				once.Do(func() { close(first) })
			case "error":
				l.how = "error"
				return
			}
		}
	}()
	select {
	case <-first:
	case <-l.ended:
		t.Fatalf("%s: the live query ended at once: %s", who.name, l.how)
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: no live query", who.name)
	}
	return l
}

// rightful makes one round of callers, one for each way a right can end, and some whose right stays.
func (s *system) rightful(t *testing.T, spa application) []*caller {
	const api = "https://hasura.api"
	user := func(app application, resource string, isOnline bool) (b *browser, id string) {
		b = newBrowser(t, s, app, resource)
		b.isOnline = isOnline
		b.signUp("u"+strings.ToLower(regexp.MustCompile(`\W`).ReplaceAllString(randomText(), "")[:20]), password, "roles")
		id, _ = claims(t, b.accessToken())["sub"].(string)
		return b, id
	}
	var all []*caller
	add := func(name, token, role, resource string, end func()) *caller {
		c := &caller{name: name, header: bearer(token, "X-Hasura-Role", role), hook: true, resource: resource, end: end}
		all = append(all, c)
		return c
	}
	// ownRole is a role of this round, with the permission, held by a user.
	ownRole := func(user string) (name, id string) {
		name = "role" + randomText()[:8]
		id = s.manage(200, "POST", "/roles", map[string]any{"name": name, "description": "d", "type": "User"}).text("id")
		s.manage(201, "POST", "/users/"+user+"/roles", map[string]any{"roleIds": []string{id}})
		s.metadata(permission(name))
		return name, id
	}
	find := func(path, pattern string) string {
		list := s.manage(200, "GET", path, nil)
		m := regexp.MustCompile(pattern).FindStringSubmatch(list.body)
		if m == nil {
			t.Fatalf("%s: %s", path, list.body)
		}
		return m[1]
	}

	b, id := user(spa, api, false)
	taken := id
	add("role taken", b.accessToken(), "good_user", api, func() { s.takeRole(taken, "good_user") })
	b, id = user(spa, api, false)
	replaced := id
	add("roles replaced", b.accessToken(), "good_user", api, func() {
		s.manage(200, "PUT", "/users/"+replaced+"/roles", map[string]any{"roleIds": []string{s.roleID("user")}})
	})
	b, id = user(spa, api, false)
	name, deletedRole := ownRole(id)
	add("role deleted", b.accessToken(), name, api, func() { s.manage(204, "DELETE", "/roles/"+deletedRole, nil) })
	b, id = user(spa, api, false)
	name, renamedRole := ownRole(id)
	add("role renamed", b.accessToken(), name, api, func() {
		s.manage(200, "PATCH", "/roles/"+renamedRole, map[string]any{"name": "now" + randomText()[:8]})
	})
	b, id = user(spa, api, false)
	suspended := id
	add("user suspended", b.accessToken(), "good_user", api, func() {
		s.manage(200, "PATCH", "/users/"+suspended+"/is-suspended", map[string]any{"isSuspended": true})
	})
	b, id = user(spa, api, false)
	deleted := id
	add("user deleted", b.accessToken(), "good_user", api, func() { s.manage(204, "DELETE", "/users/"+deleted, nil) })
	online, _ := user(spa, api, true)
	add("signed out", online.accessToken(), "good_user", api, online.endSession)
	b, id = user(spa, api, false)
	sessionOf := id
	add("session ended by an operator", b.accessToken(), "good_user", api, func() {
		s.manage(204, "DELETE", "/users/"+sessionOf+"/sessions/"+find("/users/"+sessionOf+"/sessions", `"uid":"([^"]+)"`)+"?revokeGrantsTarget=all", nil)
	})
	b, id = user(spa, api, false)
	grantOf := id
	add("grant ended by an operator", b.accessToken(), "good_user", api, func() {
		s.manage(204, "DELETE", "/users/"+grantOf+"/grants/"+find("/users/"+grantOf+"/grants", `"id":"([^"]+)"`), nil)
	})
	refreshed, _ := user(spa, api, false)
	add("refresh token revoked", refreshed.accessToken(), "good_user", api, refreshed.revoke)
	b, _ = user(spa, api, false)
	token := b.accessToken()
	add("access token revoked", token, "good_user", api, func() { s.revokeToken(t, token, url.Values{"client_id": {spa.id}}) })
	add("stays: the same grant's other token", b.accessToken(), "good_user", api, nil)
	app := s.application("SPA")
	b, _ = user(app, api, false)
	add("application deleted", b.accessToken(), "good_user", api, func() { s.manage(204, "DELETE", "/applications/"+app.id, nil) })

	other := "https://" + strings.ToLower(randomText()[:10]) + ".example"
	resource := s.manage(201, "POST", "/resources", map[string]any{"name": other, "indicator": other, "isDataApi": true}).text("id")
	b, _ = user(spa, other, false)
	// The webhook is asked for a resource and knows nothing of data APIs: it goes on.
	add("resource no longer a data API", b.accessToken(), "good_user", other, func() {
		s.manage(200, "PATCH", "/resources/"+resource, map[string]any{"isDataApi": false})
	}).hook = false

	for _, how := range []string{"machine token revoked", "machine's role taken", "machine deleted"} {
		m := s.machine(t)
		c := add(how, m.token(t, api), "service", api, nil)
		c.hook = false
		switch how {
		case "machine token revoked":
			text := strings.TrimPrefix(c.header["Authorization"], "Bearer ")
			c.end = func() { s.revokeToken(t, text, url.Values{"client_id": {m.id}, "client_secret": {m.secret}}) }
			add("stays: the same machine's other token", m.token(t, api), "service", api, nil).hook = false
		case "machine's role taken":
			c.end = func() { s.manage(204, "DELETE", "/applications/"+m.id+"/roles/"+s.roleID("service"), nil) }
		default:
			c.end = func() { s.manage(204, "DELETE", "/applications/"+m.id, nil) }
		}
	}
	b, _ = user(spa, api, false)
	add("stays: nobody's business", b.accessToken(), "good_user", api, nil)
	return all
}

func permission(role string) map[string]any {
	return command("pg_create_select_permission", map[string]any{
		"source": "default", "table": "note", "role": role, "permission": map[string]any{"columns": []string{"id", "body"}, "filter": map[string]any{}},
	})
}

func (s *system) revokeToken(t *testing.T, token string, client url.Values) {
	t.Helper()
	client.Set("token", token)
	resp, err := http.PostForm(s.identity+"/oidc/token/revocation", client)
	if err != nil {
		t.Fatal(err)
	}
	if a := read(t, resp); a.status != 200 || a.body != "" {
		t.Errorf("revocation: %d %s", a.status, a.body)
	}
}

// machine is an application with machine role "service".
type machine struct {
	s          *system
	id, secret string
}

func (s *system) machine(t *testing.T) machine {
	t.Helper()
	id := s.manage(200, "POST", "/applications", map[string]any{
		"name": "robot", "type": "MachineToMachine", "description": "",
		"oidcClientMetadata": map[string]any{"redirectUris": []string{}, "postLogoutRedirectUris": []string{}},
	}).text("id")
	s.manage(201, "POST", "/applications/"+id+"/roles", map[string]any{"roleIds": []string{s.roleID("service")}})
	return machine{s, id, s.manage(200, "GET", "/applications/"+id+"/secrets", nil).text(0, "value")}
}

func (m machine) token(t *testing.T, resource string) string {
	t.Helper()
	resp, err := http.PostForm(m.s.identity+"/oidc/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {m.id}, "client_secret": {m.secret}, "resource": {resource}})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp).text("access_token")
}

// TestBuiltInIdentity_nothingLeaks: clients ask without pause in the name of callers whose rights end one after the other,
// in every way they can. Of the requests that begin after the answer to such an end none passes, the webhook agrees, and the
// live query that was open ends with an error. LEAK_REQUESTS=100000 LEAK_CLIENTS=500 make leak is the full measure.
func TestBuiltInIdentity_nothingLeaks(t *testing.T) {
	number := func(env string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(env)); err == nil {
			return n
		}
		return otherwise
	}
	requests, clients := number("LEAK_REQUESTS", 3000), number("LEAK_CLIENTS", 48)
	s := oneProcess(t, map[string]string{
		"DB_URL": testpg.Database(t), "USER_DEFAULT_ROLE_NAMES": "user,good_user",
		"HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE": "false", // live queries are to end for one reason only
	})
	s.manage(201, "POST", "/resources", map[string]any{"name": "Hasura", "indicator": "https://hasura.api"})
	s.manage(200, "POST", "/roles", map[string]any{"name": "service", "description": "d", "type": "MachineToMachine"})
	s.sql(`create table note (id serial primary key, body text not null); insert into note (body) values ('one'), ('two')`)
	s.metadata(command("pg_track_table", map[string]any{"source": "default", "table": "note"}), permission("user"), permission("good_user"), permission("service"))
	spa := s.application("SPA")

	c := newCrowd(s, clients)
	defer c.clients.Wait()
	defer c.stop.Store(true)
	began := time.Now()
	var ended []*caller
	for round := 0; c.sent.Load() < int64(requests) || round == 0; round++ {
		callers := s.rightful(t, spa)
		for _, who := range callers {
			if !c.passes(who) {
				t.Fatalf("%s: does not pass at first", who.name)
			}
			if who.hook && !c.hookPasses(who) {
				t.Fatalf("%s: the webhook does not know the role at first", who.name)
			}
			who.live = c.subscribe(who)
		}
		c.add(callers...)
		rand.Shuffle(len(callers), func(i, j int) { callers[i], callers[j] = callers[j], callers[i] })
		for _, who := range callers {
			if who.end == nil {
				continue
			}
			waitFor(t, who.name+": requests pass before", func() bool { return who.passed.Load() >= 3 })
			c.endAndAsk(who)
			if who.hook && c.hookPasses(who) {
				t.Errorf("%s: the webhook still knows the role", who.name)
			}
			ended = append(ended, who)
		}
		for _, who := range callers {
			if who.end == nil {
				continue
			}
			waitFor(t, who.name+": requests are refused after", func() bool { return who.refused.Load() >= 3 || who.leaked.Load() > 0 })
			select {
			case <-who.live.ended:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: the live query goes on", who.name)
			}
			if who.live.how != "error" && !strings.HasPrefix(who.live.how, "closed") {
				t.Errorf("%s: the live query ended with %s", who.name, who.live.how)
			}
		}
	}
	c.stop.Store(true)
	c.clients.Wait()
	var passed, refused, leaked int64
	for _, who := range *c.callers.Load() {
		passed, refused, leaked = passed+who.passed.Load(), refused+who.refused.Load(), leaked+who.leaked.Load()
		if n := who.leaked.Load(); n > 0 {
			t.Errorf("%s: %d requests passed that began after the answer", who.name, n)
		}
		if who.end != nil {
			continue
		}
		if n := who.refused.Load(); n > 0 {
			t.Errorf("%s: refused %d times", who.name, n)
		}
		select {
		case <-who.live.ended:
			t.Errorf("%s: the live query ended: %s", who.name, who.live.how)
		default:
		}
	}
	t.Logf("%d requests of %d clients in %s: %d passed while the right was held, %d were refused, %d leaked; %d rights ended in %d ways",
		c.sent.Load(), clients, time.Since(began).Round(time.Second), passed, refused, leaked, len(ended), ways(ended))
}

func ways(callers []*caller) int {
	names := map[string]bool{}
	for _, who := range callers {
		names[who.name] = true
	}
	return len(names)
}
