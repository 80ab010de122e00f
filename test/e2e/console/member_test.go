package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const password = "Corr3ct-horse"

// secretly sends a request with the admin secret.
func (p *process) secretly(method, path, body string) answer {
	p.Helper()
	return p.page().send(method, path, body, "X-Hasura-Admin-Secret", adminSecret, "Sec-Fetch-Site", "")
}

// user makes a user, and a member of the console in a role unless that is "".
func (p *process) user(name, role string) (id string) {
	p.Helper()
	got := p.secretly(http.MethodPost, "/api/users", `{"username":"`+name+`","password":"`+password+`"}`)
	if got.status != 200 {
		p.Fatalf("%d %s", got.status, got.raw)
	}
	id, _ = got.json(p)["id"].(string)
	if role != "" {
		p.exec(p.identity, `insert into identity.console_members (user_id, role) values ($1, $2)`, id, role)
	}
	return id
}

// begin goes to the provider and proves who the user is there; what comes back is the callback's address.
func (p *page) begin(name, query string) string {
	p.Helper()
	target := "/console/sign-in" + query
	for range 12 {
		if u, err := url.Parse(target); err == nil && u.Path == "/console/callback" {
			return target
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
	p.Fatal("redirects without end")
	return ""
}

// prove proves who the user is on the sign-in page.
func (p *page) prove(name string) (to string) {
	p.Helper()
	p.send(http.MethodPut, "/api/experience", `{"interactionEvent":"SignIn"}`)
	proof := p.send(http.MethodPost, "/api/experience/verification/password", `{"identifier":{"type":"username","value":"`+name+`"},"password":"`+password+`"}`)
	p.send(http.MethodPost, "/api/experience/identification", proof.raw)
	got := p.send(http.MethodPost, "/api/experience/submit", "")
	to, _ = got.json(p)["redirectTo"].(string)
	return to
}

// signIn signs a member in, and gives the page the console sends the browser to.
func (p *page) signIn(name, query string) (to string) {
	p.Helper()
	return p.send(http.MethodGet, p.begin(name, query), "", "Sec-Fetch-Site", "same-origin").header.Get("Location")
}

// as is a page of a new member.
func (p *process) as(role string) *page {
	p.Helper()
	page := p.page()
	p.user("m_"+role, role)
	if to := page.signIn("m_"+role, ""); to != p.base+"/console" {
		p.Fatalf("sent to %s", to)
	}
	return page
}

func (p *page) session() object {
	p.Helper()
	return p.send(http.MethodGet, "/console/api/session", "").json(p)
}

func TestMember_signsIn(t *testing.T) {
	p := fresh(t).start().page()
	if got := p.session(); got["signedIn"] != false || got["needsSetUp"] != true || slices.Compare(texts(got["ways"]), []string{"member", "secret"}) != 0 {
		t.Errorf("%v", got)
	}
	id := p.user("ann", "owner")
	if got := p.session(); got["needsSetUp"] != false {
		t.Errorf("%v", got)
	}
	if to := p.signIn("ann", "?to="+url.QueryEscape("/console/data?table=a#b")); to != p.base+"/console/data?table=a#b" {
		t.Errorf("sent to %s", to)
	}
	got := p.session()
	user, _ := got["user"].(object)
	if got["by"] != "member" || got["role"] != "owner" || user["id"] != id || user["username"] != "ann" || len(texts(got["may"])) != 15 {
		t.Errorf("%v", got)
	}
	p.wants("data", p.metadata("export_metadata", object{}), 200, "sources")
	p.wants("identity", p.send(http.MethodGet, "/api/users", ""), 200, "ann")
	p.wants("logs", p.send(http.MethodGet, "/api/logs?logKey=Console.SignedIn", ""), 200, id)
	p.wants("from another site", p.metadata("export_metadata", object{}, "Sec-Fetch-Site", "same-site"), 401, "")
}

func texts(list any) (out []string) {
	all, _ := list.([]any)
	for _, v := range all {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

func TestMember_signInRefusals(t *testing.T) {
	p := fresh(t).start()
	p.user("ann", "owner")
	p.user("bob", "")
	problem := func(what string, got answer, want string) {
		t.Helper()
		if to := got.header.Get("Location"); got.status != http.StatusFound || to != p.base+"/console?problem="+want {
			t.Errorf("%s: %d to %q, want %s", what, got.status, to, want)
		}
		for _, line := range got.header.Values("Set-Cookie") {
			if strings.HasPrefix(line, "gatehouse_console=") {
				t.Errorf("%s: a session: %s", what, line)
			}
		}
	}
	stranger := p.page()
	if to := stranger.signIn("bob", ""); to != p.base+"/console?problem=not_member" {
		t.Errorf("who is no member is sent to %s", to)
	}
	if stranger.session()["signedIn"] != false {
		t.Error("who is no member is signed in")
	}

	ann := p.page()
	callback := ann.begin("ann", "")
	problem("another browser", p.page().send(http.MethodGet, callback, ""), "expired")
	other := p.page()
	other.begin("bob", "")
	problem("another browser's sign-in", other.send(http.MethodGet, callback, ""), "expired")
	u, _ := url.Parse(callback)
	q := u.Query()
	kept := ann.cookies["gatehouse_console_sign_in"]
	for name, change := range map[string]func(q url.Values){
		"no state":      func(q url.Values) { q.Del("state") },
		"another state": func(q url.Values) { q.Set("state", "x") },
	} {
		changed := url.Values{}
		for k, v := range q {
			changed[k] = v
		}
		change(changed)
		problem(name, ann.send(http.MethodGet, "/console/callback?"+changed.Encode(), ""), "expired")
		ann.cookies["gatehouse_console_sign_in"] = kept
	}
	problem("denied", ann.send(http.MethodGet, "/console/callback?error=access_denied&state="+q.Get("state"), ""), "denied")
	ann.cookies["gatehouse_console_sign_in"] = kept
	problem("another code", ann.send(http.MethodGet, "/console/callback?code=x&state="+q.Get("state"), ""), "expired")
	ann.cookies["gatehouse_console_sign_in"] = kept
	if got := ann.send(http.MethodGet, callback, ""); got.header.Get("Location") != p.base+"/console" {
		t.Errorf("the right one: %v", got.header)
	}
	signedIn := ann.cookies["gatehouse_console"]
	ann.cookies["gatehouse_console_sign_in"] = kept
	delete(ann.cookies, "gatehouse_console")
	problem("the code again", ann.send(http.MethodGet, callback, ""), "expired")
	// Of two who show a code one is a thief: what came of it ends.
	ann.cookies["gatehouse_console"] = signedIn
	p.eventually("the session ends when its code is shown again", 5*time.Second, func() bool { return ann.session()["signedIn"] == false })
}

func TestMember_aSignInLeadsToPagesOfTheConsoleOnly(t *testing.T) {
	p := fresh(t).start()
	p.user("ann", "owner")
	page := p.page()
	page.signIn("ann", "")
	for _, to := range []string{
		"https://evil.example/console", "//evil.example/console", "/\\evil.example", "/console/../evil", "javascript:alert(1)", "/consoleevil", "/", "console",
		"/console//evil.example", "/console/%2e%2e/x", "/console/api/session", "/console/sign-in", "/console\t/x", "http:console", "/console/callback?code=x",
	} {
		if got := page.signIn("ann", "?to="+url.QueryEscape(to)); got != p.base+"/console" {
			t.Errorf("%q leads to %s", to, got)
		}
	}
	for _, to := range []string{"/console/data/t?x=//evil.example", "/console/api"} {
		if got := page.signIn("ann", "?to="+url.QueryEscape(to)); got != p.base+to {
			t.Errorf("%q leads to %s", to, got)
		}
	}
}

// A session that was planted in a browser is nobody's afterwards, and the one of before ends.
func TestMember_signingInGivesANewSession(t *testing.T) {
	p := fresh(t).start()
	p.user("ann", "owner")
	page := p.page()
	page.signIn("ann", "")
	first := page.cookies["gatehouse_console"]
	page.signIn("ann", "")
	if page.cookies["gatehouse_console"] == first {
		t.Fatal("the cookie is the same")
	}
	old := p.page()
	old.cookies["gatehouse_console"] = first
	p.eventually("the session of before has ended", 5*time.Second, func() bool { return old.session()["signedIn"] == false })
}

func TestMember_aNameThatIsNotKnownIsSentToTheConsolesOwn(t *testing.T) {
	p := fresh(t).start("TRUST_PROXY_HEADER=true").page()
	got := p.send(http.MethodGet, "/console/sign-in?to=/console/data", "", "X-Forwarded-Host", "evil.example")
	if to := got.header.Get("Location"); to != p.base+"/console/sign-in?to=%2Fconsole%2Fdata&via=1" {
		t.Errorf("sent to %s", to)
	}
	got = p.send(http.MethodGet, "/console/sign-in?via=1", "", "X-Forwarded-Host", "evil.example")
	u, err := url.Parse(got.header.Get("Location"))
	if err != nil || u.Query().Get("redirect_uri") != p.base+"/console/callback" || u.Query().Get("state") == "" || u.Query().Get("code_challenge_method") != "S256" {
		t.Errorf("sent to %s", u)
	}
	got = p.send(http.MethodGet, strings.Replace(p.base, "localhost", "127.0.0.1", 1)+"/console/sign-in", "")
	if u, _ := url.Parse(got.header.Get("Location")); u.Query().Get("redirect_uri") != strings.Replace(p.base, "localhost", "127.0.0.1", 1)+"/console/callback" {
		t.Errorf("sent to %s", u)
	}
}

func TestMembers_areChangedByOwnersAlone(t *testing.T) {
	p := fresh(t).start()
	bob := p.user("bob", "")
	for _, role := range []string{"developer", "support"} {
		page := p.as(role)
		for name, got := range map[string]answer{
			"list": page.send(http.MethodGet, "/console/api/members", ""), "put": page.send(http.MethodPut, "/console/api/members/"+bob, `{"role":"owner"}`),
			"delete": page.send(http.MethodDelete, "/console/api/members/"+bob, ""),
		} {
			page.wants(role+": "+name, got, 403, "auth.forbidden")
		}
	}
	owner := p.as("owner")
	me, _ := owner.session()["user"].(object)
	self := "/console/api/members/" + me["id"].(string)
	owner.wants("the last owner leaves", owner.send(http.MethodDelete, self, ""), 422, "console.last_owner")
	owner.wants("the last owner is lowered", owner.send(http.MethodPut, self, `{"role":"support"}`), 422, "console.last_owner")
	owner.wants("no such role", owner.send(http.MethodPut, "/console/api/members/"+bob, `{"role":"admin"}`), 400, "role")
	owner.wants("no such user", owner.send(http.MethodPut, "/console/api/members/nobody", `{"role":"owner"}`), 404, "")
	owner.wants("no member", owner.send(http.MethodDelete, "/console/api/members/"+bob, ""), 404, "")
	owner.wants("another site", owner.send(http.MethodPut, "/console/api/members/"+bob, `{"role":"owner"}`, "Sec-Fetch-Site", "same-site"), 403, "")
	owner.wants("nobody", p.page().send(http.MethodGet, "/console/api/members", ""), 401, "")
	owner.wants("a new owner", owner.send(http.MethodPut, "/console/api/members/"+bob, `{"role":"owner"}`), 204, "")
	var list []struct {
		User  struct{ ID, Username string }
		Role  string
		Since int64
	}
	if err := json.Unmarshal([]byte(owner.send(http.MethodGet, "/console/api/members", "").raw), &list); err != nil || len(list) != 4 || list[0].Role != "owner" || list[0].Since == 0 {
		t.Errorf("%v %v", list, err)
	}
	owner.wants("the log", owner.send(http.MethodGet, "/api/logs?logKey=Console.Member.%25", ""), 200, `"before":{"role":null}`)
	owner.wants("leaving", owner.send(http.MethodDelete, self, ""), 204, "")
	if owner.session()["signedIn"] != false {
		t.Error("who is no member any more is signed in")
	}
}
