package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// resource makes an API resource, the first of which is the data API's.
func (p *process) resource(indicator string) {
	p.Helper()
	if got := p.secretly(http.MethodPost, "/api/resources", `{"name":"data","indicator":"`+indicator+`"}`); got.status != 201 {
		p.Fatalf("%d %s", got.status, got.raw)
	}
}

// give gives a user a role, made for it.
func (p *process) give(userID string, roles ...string) {
	p.Helper()
	for _, name := range roles {
		role := p.secretly(http.MethodPost, "/api/roles", `{"name":"`+name+`","description":"x"}`)
		id, _ := role.json(p)["id"].(string)
		if got := p.secretly(http.MethodPost, "/api/users/"+userID+"/roles", `{"roleIds":["`+id+`"]}`); got.status != 201 {
			p.Fatalf("%d %s", got.status, got.raw)
		}
	}
}

// script sets the custom-claims script of access tokens.
func (p *process) script(text string, isBlocking bool) {
	p.Helper()
	body, _ := json.Marshal(object{"script": text, "blockIssuanceOnError": isBlocking})
	if got := p.secretly(http.MethodPut, "/api/configs/jwt-customizer/access-token", string(body)); got.status != 201 && got.status != 200 {
		p.Fatalf("%d %s", got.status, got.raw)
	}
}

func variablesOf(id string) string { return "/console/api/users/" + id + "/session-variables" }

func TestViewAs_isForWhoSeesUsersAndMayAskAsAnybody(t *testing.T) {
	p := fresh(t).start()
	ada := p.user("ada", "")
	for name, page := range map[string]*page{"developer": p.as("developer"), "support": p.as("support")} {
		page.wants(name, page.send(http.MethodGet, variablesOf(ada), ""), 403, "auth.forbidden")
	}
	narrow := p.page()
	narrow.signInBySecret("narrow")
	narrow.wants("a secret for graphql alone", narrow.send(http.MethodGet, variablesOf(ada), ""), 403, "auth.forbidden")
	nobody := p.page()
	nobody.wants("nobody", nobody.send(http.MethodGet, variablesOf(ada), ""), 401, "auth.unauthorized")
	owner := p.as("owner")
	owner.wants("another site", owner.send(http.MethodGet, variablesOf(ada), "", "Sec-Fetch-Site", "cross-site"), 401, "")
	owner.wants("no such user", owner.send(http.MethodGet, variablesOf("nobody"), ""), 404, "entity.not_found")
	owner.wants("no data API", owner.send(http.MethodGet, variablesOf(ada), ""), 422, "console.no_data_api")
}

// What is told is what a real token of the user is worth.
func TestViewAs_tellsWhatAFreshTokenIsWorth(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key, owner text)`)
	p := d.start()
	p.resource("https://data.api")
	ada := p.user("ada", "")
	owner := p.as("owner")
	tell := func() object { t.Helper(); return owner.send(http.MethodGet, variablesOf(ada), "").json(t) }

	owner.wants("without a role", owner.send(http.MethodGet, variablesOf(ada), ""), 200, `"roles":[],"defaultRole":null,"variables":{"x-hasura-user-id":"`+ada+`"}`)
	p.give(ada, "user:reader", "admin", "auditor")
	owner.metadata("pg_track_table", object{"table": "note"})
	owner.wants("a permission", owner.metadata("pg_create_select_permission", object{
		"table": "note", "role": "user:reader", "permission": object{"columns": []string{"id"}, "filter": object{"owner": object{"_eq": "X-Hasura-User-Id"}}},
	}), 200, "success")
	got := tell()
	if roles := strings.Join(texts(got["roles"]), " "); roles != "auditor user:reader" {
		t.Errorf("roles %q: a directory role named admin is no key to the data", roles)
	}
	if unknown := strings.Join(texts(got["withoutPermissions"]), " "); unknown != "auditor" {
		t.Errorf("without permissions: %q", unknown)
	}

	p.script(`const getCustomJwtClaims = ({context}) => ({"https://hasura.io/jwt/claims": {
		"X-Hasura-Org": context.user.username, "x-hasura-level": 7, "x-hasura-user-id": "somebody", "x-hasura-role": "admin",
		"x-hasura-allowed-roles": ["admin"], "x-hasura-default-role": "admin", "x-hasura-use-backend-only-permissions": "true", "x-hasura-admin-secret": "x", "other": 1}})`, false)
	variables, _ := json.Marshal(tell()["variables"])
	if want := `{"x-hasura-level":"7","x-hasura-org":"ada","x-hasura-user-id":"` + ada + `"}`; string(variables) != want {
		t.Errorf("got  %s\nwant %s", variables, want)
	}

	p.script(`const getCustomJwtClaims = () => { throw new Error("out of order") }`, false)
	if got := tell(); !strings.Contains(got["problem"].(string), "out of order") || len(got["variables"].(object)) != 1 {
		t.Errorf("a script that fails: %v", got)
	}
	p.script(`const getCustomJwtClaims = () => { throw new Error("out of order") }`, true)
	owner.wants("a script that blocks", owner.send(http.MethodGet, variablesOf(ada), ""), 422, "out of order")
	p.script(`const getCustomJwtClaims = ({api}) => api.denyAccess("not today")`, false)
	owner.wants("a script that denies", owner.send(http.MethodGet, variablesOf(ada), ""), 422, "not today")
	owner.wants("nothing of it is in the log", owner.send(http.MethodGet, "/api/logs?logKey=JwtCustomizer.AccessToken", ""), 200, "[]")
	p.secretly(http.MethodPatch, "/api/users/"+ada+"/is-suspended", `{"isSuspended":true}`)
	owner.wants("suspended", owner.send(http.MethodGet, variablesOf(ada), ""), 422, "user.suspended")
}

// Where the data API takes its callers from elsewhere, that is asked, or it is said that it cannot be.
func TestViewAs_whereTokensAreJudgedInAnotherWay(t *testing.T) {
	port := freePort(t)
	base := "http://localhost:" + port
	p := fresh(t).startAt(port, `HASURA_GRAPHQL_JWT_SECRET={"jwk_url":"`+base+`/oidc/jwks"}`)
	p.resource("https://data.api")
	ada := p.user("ada", "")
	p.give(ada, "reader")
	owner := p.as("owner")
	owner.wants("no claims", owner.send(http.MethodGet, variablesOf(ada), ""), 422, "console.no_caller")
	p.script(`const getCustomJwtClaims = ({context}) => ({"https://hasura.io/jwt/claims": {
		"x-hasura-allowed-roles": context.user.roles.map(r => r.name), "x-hasura-default-role": "reader", "x-hasura-user-id": "id:" + context.user.id}})`, false)
	owner.wants("claims", owner.send(http.MethodGet, variablesOf(ada), ""), 200, `"roles":["reader"],"defaultRole":"reader","variables":{"x-hasura-user-id":"id:`+ada+`"}`)

	p = fresh(t).start(`HASURA_GRAPHQL_JWT_SECRET={"type":"HS256","key":"12345678901234567890123456789012"}`)
	p.resource("https://data.api")
	owner = p.as("owner")
	owner.wants("another issuer", owner.send(http.MethodGet, variablesOf(p.user("ada", "")), ""), 422, "other issuers")

	p = fresh(t).start(`HASURA_GRAPHQL_AUTH_HOOK=http://localhost:1/hook`)
	p.resource("https://data.api")
	owner = p.as("owner")
	owner.wants("a webhook", owner.send(http.MethodGet, variablesOf(p.user("ada", "")), ""), 422, "webhook")
}

// Viewed as a user, the data API shows what it shows to the user's own token.
func TestViewAs_seesWhatTheUsersTokenSees(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key, owner text, org text); insert into note values (1, 'nobody', 'ada'), (2, 'nobody', 'else')`)
	p := d.start()
	p.resource("https://data.api")
	ada := p.user("ada", "")
	p.give(ada, "reader", "other")
	d.exec(d.data, `insert into note values (3, $1, 'else'), (4, 'x', 'x')`, ada)
	p.script(`const getCustomJwtClaims = ({context}) => ({"https://hasura.io/jwt/claims": {"x-hasura-org": context.user.username, "x-hasura-ids": [2, 4]}})`, false)
	app := p.secretly(http.MethodPost, "/api/applications", `{"name":"app","type":"SPA","oidcClientMetadata":{"redirectUris":["https://app.example/back"],"postLogoutRedirectUris":[]}}`)
	client, _ := app.json(p)["id"].(string)
	owner := p.as("owner")
	owner.metadata("pg_track_table", object{"table": "note"})
	owner.wants("a permission", owner.metadata("pg_create_select_permission", object{"table": "note", "role": "reader", "permission": object{
		"columns": []string{"id"}, "filter": object{"_or": []object{{"owner": object{"_eq": "X-Hasura-User-Id"}}, {"org": object{"_eq": "X-Hasura-Org"}}}},
	}}), 200, "success")
	token := p.page().token("ada", client, "https://app.example/back", "https://data.api", "")
	asAda := []string{"X-Hasura-Role", "reader"}
	told := owner.send(http.MethodGet, variablesOf(ada), "").json(t)
	for name, value := range told["variables"].(object) {
		asAda = append(asAda, name, value.(string))
	}
	if len(asAda) != 8 {
		t.Errorf("told %v", told)
	}
	for _, query := range []string{`{ note(order_by: {id: asc}) { id } }`, `{ note { owner } }`, `{ __schema { queryType { fields { name } } } }`} {
		body, _ := json.Marshal(object{"query": query})
		own := p.bearing(token, http.MethodPost, "/v1/graphql", string(body), "X-Hasura-Role", "reader").raw
		viewed := owner.send(http.MethodPost, "/v1/graphql", string(body), asAda...).raw
		if own != viewed {
			t.Errorf("%s\nby token %s\nviewed   %s", query, own, viewed)
		}
		if query == `{ note(order_by: {id: asc}) { id } }` && own != `{"data":{"note":[{"id":1},{"id":3}]}}` {
			t.Errorf("by token: %s", own)
		}
	}
}
