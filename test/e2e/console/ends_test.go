package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Whatever a member's session rests on: when it ends, the session is refused by the process that was told with the next
// request, and by another one as soon as it hears; so are the subscriptions of that cookie.
func TestMember_endsAtOnceAndEverywhere(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	here, there := d.start(), d.start()
	boss := here.page()
	boss.signInBySecret(adminSecret)
	boss.wants("track", boss.metadata("pg_track_table", object{"table": "note"}), 200, "success")
	there.eventually("the other process has the table", time.Minute, func() bool {
		return there.secretly(http.MethodPost, "/v1/graphql", `{"query":"{ note { id } }"}`).raw == `{"data":{"note":[]}}`
	})
	for name, end := range map[string]func(id string, p *page) answer{
		"suspension": func(id string, _ *page) answer {
			return boss.send(http.MethodPatch, "/api/users/"+id+"/is-suspended", `{"isSuspended":true}`)
		},
		"deletion": func(id string, _ *page) answer { return boss.send(http.MethodDelete, "/api/users/"+id, "") },
		"removal":  func(id string, _ *page) answer { return boss.send(http.MethodDelete, "/console/api/members/"+id, "") },
		"signing out": func(_ string, p *page) answer {
			other := &page{p.process, map[string]string{}} // another tab, whose cookie is the same
			for k, v := range p.cookies {
				other.cookies[k] = v
			}
			return other.send(http.MethodDelete, "/console/api/session", "")
		},
		"the end of the browser's session": func(id string, _ *page) answer {
			var list struct {
				Sessions []struct{ Payload struct{ UID string } }
			}
			_ = json.Unmarshal([]byte(boss.send(http.MethodGet, "/api/users/"+id+"/sessions", "").raw), &list)
			return boss.send(http.MethodDelete, "/api/users/"+id+"/sessions/"+list.Sessions[0].Payload.UID, "")
		},
		"the end of the grant": func(id string, _ *page) answer {
			var list struct{ Grants []struct{ ID string } }
			_ = json.Unmarshal([]byte(boss.send(http.MethodGet, "/api/users/"+id+"/grants", "").raw), &list)
			return boss.send(http.MethodDelete, "/api/users/"+id+"/grants/"+list.Grants[0].ID, "")
		},
		"signing out at the provider": func(_ string, p *page) answer {
			form := p.send(http.MethodGet, "/oidc/session/end", "")
			xsrf := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(form.raw)[1]
			got := p.send(http.MethodPost, "/oidc/session/end/confirm", "xsrf="+xsrf+"&logout=yes", "Content-Type", "application/x-www-form-urlencoded")
			got.status = http.StatusOK
			return got
		},
	} {
		user := strings.ReplaceAll(name, " ", "_")
		user = strings.ReplaceAll(user, "'", "_")
		id := here.user(user, "developer")
		p := here.page()
		p.signIn(user, "")
		elsewhere := &page{there, p.cookies}
		p.wants(name+": before", p.metadata("export_metadata", object{}), 200, "sources")
		elsewhere.eventually(name+": the other process lets the session in", 5*time.Second, func() bool { return elsewhere.metadata("export_metadata", object{}).status == 200 })
		c, err := p.socket(p.base, "subscription { note { id } }")
		if err != nil {
			t.Fatal(name, err)
		}
		kept := p.cookies["gatehouse_console"]
		if got := end(id, p); got.status >= 300 {
			t.Fatalf("%s: %d %s", name, got.status, got.raw)
		}
		began := time.Now()
		p.cookies["gatehouse_console"] = kept
		p.wants(name+": data", p.metadata("export_metadata", object{}), 401, "the console's session has ended")
		p.wants(name+": identity", p.send(http.MethodGet, "/api/roles", ""), 401, "The console's session has ended")
		elsewhere.eventually(name+": the other process refuses", 5*time.Second, func() bool { return elsewhere.metadata("export_metadata", object{}).status == 401 })
		took := time.Since(began)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		for {
			_, m, err := c.Read(ctx)
			if err != nil {
				t.Fatalf("%s: the subscription goes on: %v", name, err)
			}
			if strings.Contains(string(m), `"type":"error"`) {
				break
			}
		}
		cancel()
		t.Logf("%s: refused elsewhere and the subscription ended after %s and %s", name, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	}
}

// Another membership is another right with the next request; being made a member again brings no session back.
func TestMember_aChangedMembershipCountsAtOnce(t *testing.T) {
	p := fresh(t).start()
	boss := p.page()
	boss.signInBySecret(adminSecret)
	page := p.as("owner")
	p.user("second", "owner")
	me, _ := page.session()["user"].(object)
	path := "/console/api/members/" + me["id"].(string)
	page.wants("owner", page.send(http.MethodGet, "/api/logs", ""), 200, "")
	boss.wants("lowered", boss.send(http.MethodPut, path, `{"role":"developer"}`), 204, "")
	page.wants("a developer reads no logs", page.send(http.MethodGet, "/api/logs", ""), 403, "auth.forbidden")
	page.wants("a developer reads metadata", page.metadata("export_metadata", object{}), 200, "sources")
	boss.wants("lowered again", boss.send(http.MethodPut, path, `{"role":"support"}`), 204, "")
	page.wants("support reads logs", page.send(http.MethodGet, "/api/logs", ""), 200, "")
	page.wants("support reads no metadata", page.metadata("export_metadata", object{}), 403, `does not open \"metadata:read\"`)
	boss.wants("removed", boss.send(http.MethodDelete, path, ""), 204, "")
	boss.wants("made again", boss.send(http.MethodPut, path, `{"role":"owner"}`), 204, "")
	page.wants("the session of before", page.send(http.MethodGet, "/api/logs", ""), 401, "")
}

func TestMember_anUnusedSessionEnds(t *testing.T) {
	d := fresh(t)
	p := d.start()
	page := p.as("support")
	page.wants("in use", page.send(http.MethodGet, "/api/logs", ""), 200, "")
	// Seven hours later it is used, and again; then it rests for eight.
	d.exec(d.identity, `update identity.console_sessions set used_at = now() - interval '7 hours'`)
	d.exec(d.identity, `select pg_notify('gatehouse_identity', 'console-session:' || encode(digest, 'hex')) from identity.console_sessions`)
	used := func() (at time.Time) {
		d.query(d.identity, `select used_at from identity.console_sessions`, &at)
		return at
	}
	p.eventually("its use is stored", 10*time.Second, func() bool {
		page.wants("after seven hours", page.send(http.MethodGet, "/api/logs", ""), 200, "")
		return time.Since(used()) < time.Minute
	})
	d.exec(d.identity, `update identity.console_sessions set used_at = now() - interval '8 hours'`)
	d.exec(d.identity, `select pg_notify('gatehouse_identity', 'console-session:' || encode(digest, 'hex')) from identity.console_sessions`)
	p.eventually("it ends", 5*time.Second, func() bool { return page.send(http.MethodGet, "/api/logs", "").status == 401 })
}

func TestSetUp_signsTheFirstAdministratorIn(t *testing.T) {
	p := fresh(t).start()
	const body = `{"username":"root","password":"` + password + `"}`
	nobody := p.page()
	nobody.wants("without the link", nobody.send(http.MethodPost, "/console/api/setup", body), 401, "auth.unauthorized")
	narrow := p.page()
	narrow.signInBySecret("narrow")
	narrow.wants("by a secret that does not open it", narrow.send(http.MethodPost, "/console/api/setup", body), 401, "auth.unauthorized")
	page := p.page()
	page.signInBySecret(adminSecret)
	page.wants("from another page", page.send(http.MethodPost, "/console/api/setup", body, "Sec-Fetch-Site", "same-site"), 401, "auth.unauthorized")
	page.wants("a weak password", page.send(http.MethodPost, "/console/api/setup", `{"username":"root","password":"x"}`), 422, "password.rejected")
	if got := page.session(); got["by"] != "secret" || got["needsSetUp"] != true {
		t.Errorf("after refusals: %v", got)
	}
	page.wants("set up", page.send(http.MethodPost, "/console/api/setup", body), 201, "userId")
	if got := page.session(); got["by"] != "member" || got["role"] != "owner" || got["needsSetUp"] != false {
		t.Errorf("%v", got)
	}
	again := p.page()
	again.signInBySecret(adminSecret)
	again.wants("again", again.send(http.MethodPost, "/console/api/setup", body), 403, "administrator already")
}
