package identity_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRecording07_codeFlow(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	p := newReplay(t, w)
	for _, e := range readRecording(t, "07-authorization-code-pkce-password.json") {
		p.run(e)
	}
}

func TestRecording05_clientCredentials(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.application_secrets set value = 'rTE3tBlznMfofU0OMxJzJZR3GI0p6J7o' where application_id = $1`, traditional)
	p := newReplay(t, w)
	for _, e := range readRecording(t, "05-client-credentials.json") {
		p.run(e)
	}
}

func TestRecording01_managementToken(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`insert into identity.applications (id, name, type, oidc_client_metadata) values ('m-default', 'm', 'MachineToMachine', '{}')`)
	w.exec(`insert into identity.application_secrets (application_id, name, value) values ('m-default', 'Default secret', 'UEKJx0M7ybnK0Jm90h6aMncRYUSCM1cg')`)
	w.exec(`insert into identity.applications_roles (application_id, role_id) select 'm-default', id from identity.roles where name = 'Logto Management API access'`)
	p := newReplay(t, w)
	var token string
	p.differs["[GET /api/roles with it] body"] = "the recorded server had no roles of its own yet"
	p.differs["[GET /api/roles with it] header Link"] = "as above"
	// There is one issuer: what the recorded admin tenant does, ours does on the same port.
	p.learned["http://localhost:3002"] = w.url
	for _, e := range readRecording(t, "01-management-api-token.json") {
		if recorded := strings.TrimPrefix(e.Request.Headers["Authorization"], "Bearer "); e.Label == "GET /api/roles with it" {
			p.learned[recorded] = token // the recording shows another token of the same kind
		}
		a := p.run(e)
		if e.Response.Status == 200 && token == "" {
			token, _ = a.json(t)["access_token"].(string)
		}
	}
}

func TestRecording06_hasuraWebhook(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	tokens := w.tokens(spa)
	jwt := w.refresh(spa, tokens["refresh_token"].(string), "resource", resource).json(t)["access_token"].(string)
	machineToken := w.form("/oidc/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {machine}, "client_secret": {machineKey}, "resource": {resource},
	}).json(t)["access_token"].(string)
	p := newReplay(t, w)
	exchanges := readRecording(t, "06-authn-hasura.json")
	if len(exchanges) != 22 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
	for _, e := range exchanges {
		recorded := strings.TrimPrefix(e.Request.Headers["Authorization"], "Bearer ")
		switch {
		case strings.HasPrefix(e.Label, "M2M"):
			p.learned[recorded] = machineToken
		case e.Label == "opaque access token":
			p.learned[recorded] = tokens["access_token"].(string)
		case strings.HasPrefix(recorded, "eyJ"):
			p.learned[recorded] = jwt
		}
		p.run(e)
	}
}

// Recording 08 goes on from the tokens of 07. Between rotation and reuse more than the grace passes, as it did there.
func TestRecording08_refreshIntrospectRevoke(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	proof := newPKCE()
	code := b.authorize(authQuery(spa, proof, "scope", "openid offline_access profile email roles custom_data read:todos write:todos")).Get("code")
	tokens := w.exchange(spa, code, proof.verifier).json(t)
	p := newReplay(t, w)
	p.learned["pahbFVOK05lQF_dfh8gcux_bkxoxnpW-3MjnZg1vNOa"] = tokens["refresh_token"].(string)
	for _, e := range readRecording(t, "08-refresh-introspect-revoke-logout.json") {
		switch e.Label {
		case "replay of a rotated refresh token":
			w.clock.advance(4 * time.Second)
		case "end session (client_id + post_logout)":
			p.b = b
			endSession(t, p, e)
			continue
		}
		p.run(e)
	}
}

// The page of the end of a session is our own; its kind, cookies and form are as recorded.
func endSession(t *testing.T, p *replay, e exchange) {
	t.Helper()
	a := p.send(e)
	if a.status != e.Response.Status || a.header.Get("Content-Type") != "text/html; charset=utf-8" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.status, a.header)
	}
	for _, part := range []string{`method="post" action="` + p.w.url + `/oidc/session/end/confirm"`, `<input type="hidden" name="xsrf" value="`, `name="logout"`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("page lacks %s:\n%s", part, a.body)
		}
	}
}

func TestRecording14_signUp(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	// The recorded server could not reach the breach list and had it off.
	w.exec(`update identity.sign_in_experience set data = '{"passwordPolicy":{"rejects":{"pwned":false}}}'`)
	p := newReplay(t, w)
	for _, e := range readRecording(t, "14-sign-up-username-password.json") {
		p.run(e)
	}
}

// Recording 19 shows callbacks without the steps before them; these are taken by a browser of ours.
func TestRecording19_tokenDetails(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.users set name = 'Alice A.' where id = $1`, alice)
	p := newReplay(t, w)
	for _, e := range readRecording(t, "19-adhoc-token-details.json") {
		if strings.HasSuffix(e.Label, ": callback") {
			target := strings.TrimPrefix(e.Request.URL, recordedOrigin)
			got := w.browser().authorize(target)
			var want string
			if err := json.Unmarshal(e.Response.Headers["Location"], &want); err != nil {
				t.Fatal(err)
			}
			p.text("["+e.Label+"]", want, callback+"?code="+got.Get("code")+"&state="+got.Get("state")+"&iss="+url.QueryEscape(got.Get("iss")))
			continue
		}
		p.run(e)
	}
}

func TestRecording09_customJWT(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	tokens := w.tokens(spa, "scope", "openid offline_access read:todos")
	p := newReplay(t, w)
	p.learned["qgtGwS5Fg5ZfRUEEU5qFTIV9CXRVyeD5YtKHnJnog55"] = tokens["refresh_token"].(string)
	p.differs["[test syntax error] body.data.message"] = "the text is the script engine's own"
	p.differs["[test globals] body"] = "process and Buffer are not there: a script has no host"
	for _, at := range []string{
		"[PATCH] body.data.issues[0]", "[PUT unknown type] body.data.issues[0]", "[PUT unknown key (strict)] body.data.issues[0]",
		"[test denyAccess] body.data", "[test denyAccess default message] body.data",
		"[refresh for resource -> customised JWT] body.access_token payload.seen.context.user.profile",
	} {
		p.differs[at+" order"] = "members of free-form objects have no order in the directory and in issues"
	}
	var admin string
	for _, e := range readRecording(t, "09-custom-jwt.json") {
		if recorded := strings.TrimPrefix(e.Request.Headers["Authorization"], "Bearer "); strings.HasPrefix(recorded, "eyJ") {
			if admin == "" {
				admin = managementToken(t, w)
			}
			p.learned[recorded] = admin
		}
		if e.Label == "token" {
			if a := p.send(e); a.status != http.StatusBadRequest || a.json(t)["error"] != "invalid_request" {
				t.Errorf("a blocking script that fails: %d %s", a.status, a.body)
			}
			continue
		}
		p.run(e)
	}
}

// managementToken makes a machine application with access to the Management API and gets its token.
func managementToken(t *testing.T, w *wing) string {
	t.Helper()
	w.exec(`insert into identity.applications (id, name, type, oidc_client_metadata) values ('operator', 'operator', 'MachineToMachine', '{}')`)
	w.exec(`insert into identity.application_secrets (application_id, name, value) values ('operator', 'Default secret', 'operatorSecret')`)
	w.exec(`insert into identity.applications_roles (application_id, role_id) select 'operator', id from identity.roles where name = 'Logto Management API access'`)
	a := w.form("/oidc/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"operator"}, "client_secret": {"operatorSecret"},
		"resource": {"https://default.logto.app/api"}, "scope": {"all"},
	})
	if a.status != 200 {
		t.Fatalf("management token: %d %s", a.status, a.body)
	}
	return a.json(t)["access_token"].(string)
}
