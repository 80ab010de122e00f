package articles_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// dataAPI is the JWT article's identifier, as it stands.
const dataAPI = "https://*.hasura.app/api"

// script is the JWT article's: roles from context.user.roles, defaults from a script variable.
const script = `const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
  const held = context.user.roles.map(({ name }) => name);
  const defaults = (environmentVariables?.USER_DEFAULT_ROLE_NAMES ?? '').split(',').filter(Boolean);
  const roles = [...new Set([...held, ...defaults])];
  return { 'https://hasura.io/jwt/claims': {
    'x-hasura-user-id': context.user.id, 'x-hasura-default-role': roles[0], 'x-hasura-allowed-roles': roles } };
};`

// TestJWTArticle follows "Logto x Hasura: Use JWT for access control".
func TestJWTArticle(t *testing.T) { both(t, nil, jwtArticle) }

func jwtArticle(t *testing.T, s *system) {
	restEndpoints(s)

	// 1. "Create Hasura API resource in Logto".
	resource := s.manage(201, "POST", "/resources", map[string]any{"name": "Hasura API", "indicator": dataAPI}).text("id")

	// 2. "Create roles according to Hasura setup": one scope each, and assign them.
	for scope, role := range map[string]string{"read:user": "user:reader", "maintain:user": "user:maintainer"} {
		id := s.manage(201, "POST", "/resources/"+resource+"/scopes", map[string]any{"name": scope, "description": scope}).text("id")
		s.manage(200, "POST", "/roles", map[string]any{"name": role, "description": role, "type": "User", "scopeIds": []string{id}})
	}
	user := s.manage(200, "POST", "/users", map[string]any{"username": "grace", "password": password}).text("id")
	s.manage(201, "POST", "/users/"+user+"/roles", map[string]any{"roleIds": []string{s.roleID("user:reader")}})

	// 3. "Configure HASURA_GRAPHQL_JWT_SECRET": only jwk_url, from the OpenID configuration.
	discovery := s.request("GET", s.identity+"/oidc/.well-known/openid-configuration", nil, nil)
	secret, _ := json.Marshal(map[string]string{"jwk_url": discovery.text("jwks_uri")})
	s.restart(map[string]string{"HASURA_GRAPHQL_JWT_SECRET": string(secret)})

	// 4. "Customize user access token extra claims".
	s.manage(201, "PUT", "/configs/jwt-customizer/access-token", map[string]any{
		"script":               script,
		"environmentVariables": map[string]string{"USER_DEFAULT_ROLE_NAMES": "user"},
	})

	// 5. "Integrate Logto SDK": sign in, getAccessToken, preview the token.
	b := newBrowser(t, s, s.application("Traditional"), dataAPI)
	b.signIn("grace", password, "read:user", "maintain:user")
	token := b.accessToken()
	hasura, _ := claims(t, token)["https://hasura.io/jwt/claims"].(map[string]any)
	if hasura["x-hasura-user-id"] != user || hasura["x-hasura-default-role"] != "user:reader" || claims(t, token)["scope"] != "read:user" {
		t.Fatalf("claims of the access token: %v", claims(t, token))
	}
	jwtRefusals(s, b, token)

	as := func(token, role string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + token, "X-Hasura-Role": role}
	}
	get := func(header map[string]string) answer {
		return s.request("GET", s.data+"/api/rest/user?id=1", header, nil)
	}
	patch := func(header map[string]string, name string) answer {
		return s.request("PATCH", s.data+"/api/rest/user", header, map[string]any{"id": 1, "name": name})
	}
	if a := get(as(token, "user:reader")); a.status != 200 || a.body != `{"person_by_pk":{"id":1,"name":"Ada"}}` {
		t.Errorf("GET /user as user:reader: %d %s", a.status, a.body)
	}
	if a := patch(as(token, "user:maintainer"), "x"); a.status != 400 || a.text("code") != "access-denied" {
		t.Errorf("PATCH /user with a role not held: %d %s", a.status, a.body)
	}
	if a := patch(as(token, "user:reader"), "x"); a.status/100 != 4 {
		t.Errorf("PATCH /user as user:reader: %d %s", a.status, a.body)
	}

	// "assign the user:reader and user:maintainer roles": the next token has both.
	s.manage(201, "POST", "/users/"+user+"/roles", map[string]any{"roleIds": []string{s.roleID("user:maintainer")}})
	token = b.accessToken()
	if a := patch(as(token, "user:maintainer"), "Ada Lovelace"); a.status != 200 || a.body != `{"update_person_by_pk":{"id":1,"name":"Ada Lovelace"}}` {
		t.Errorf("PATCH /user as user:maintainer: %d %s", a.status, a.body)
	}
	if a := get(as(token, "user:reader")); !strings.Contains(a.body, "Ada Lovelace") {
		t.Errorf("GET /user after the change: %d %s", a.status, a.body)
	}
	malformedREST(s, as(token, "user:reader"))
}

// restEndpoints makes the article's two APIs: GET /user and PATCH /user, under user:reader and user:maintainer.
func restEndpoints(s *system) {
	s.t.Helper()
	s.sql(`create table person (id int primary key, name text not null, secret text); insert into person values (1, 'Ada', 'kept')`)
	read := map[string]any{"columns": []string{"id", "name"}, "filter": map[string]any{}}
	s.metadata(
		command("pg_track_table", map[string]any{"source": "default", "table": "person"}),
		command("pg_create_select_permission", map[string]any{"source": "default", "table": "person", "role": "user:reader", "permission": read}),
		command("pg_create_select_permission", map[string]any{"source": "default", "table": "person", "role": "user:maintainer", "permission": read}),
		command("pg_create_update_permission", map[string]any{
			"source": "default", "table": "person", "role": "user:maintainer",
			"permission": map[string]any{"columns": []string{"name"}, "filter": map[string]any{}, "check": nil},
		}),
		command("create_query_collection", map[string]any{"name": "user", "definition": map[string]any{"queries": []any{
			map[string]any{"name": "get", "query": "query get($id: Int!) { person_by_pk(id: $id) { id name } }"},
			map[string]any{"name": "patch", "query": "mutation patch($id: Int!, $name: String!) { update_person_by_pk(pk_columns: {id: $id}, _set: {name: $name}) { id name } }"},
		}}}),
		command("create_rest_endpoint", map[string]any{
			"name": "get user", "url": "user", "methods": []string{"GET"},
			"definition": map[string]any{"query": map[string]any{"collection_name": "user", "query_name": "get"}},
		}),
		command("create_rest_endpoint", map[string]any{
			"name": "patch user", "url": "user", "methods": []string{"PATCH"},
			"definition": map[string]any{"query": map[string]any{"collection_name": "user", "query_name": "patch"}},
		}),
	)
}

func jwtRefusals(s *system, b *browser, token string) {
	s.t.Helper()
	for name, c := range map[string]struct {
		header map[string]string
		code   string
	}{
		"no token":           {map[string]string{"X-Hasura-Role": "user:reader"}, "invalid-headers"},
		"not a bearer token": {map[string]string{"Authorization": "Basic abc"}, "invalid-headers"},
		"an expired token":   {map[string]string{"Authorization": "Bearer " + b.expiredToken()}, "invalid-jwt"},
		"a tampered token":   {map[string]string{"Authorization": "Bearer " + tampered(token)}, "invalid-jwt"},
		"an opaque token":    {map[string]string{"Authorization": "Bearer " + randomText()}, "invalid-jwt"},
		"an ID token":        {map[string]string{"Authorization": "Bearer " + b.idToken}, "jwt-invalid-claims"},
		"a role not allowed": {map[string]string{"Authorization": "Bearer " + token, "X-Hasura-Role": "admin"}, "access-denied"},
		"a wrong secret":     {map[string]string{"X-Hasura-Admin-Secret": "wrong"}, "access-denied"},
	} {
		a := s.request("GET", s.data+"/api/rest/user?id=1", c.header, nil)
		if a.status/100 != 4 || a.text("code") != c.code {
			s.t.Errorf("%s: %d %s, want code %s", name, a.status, a.body, c.code)
		}
	}
}

func malformedREST(s *system, header map[string]string) {
	s.t.Helper()
	for name, c := range map[string]struct {
		method, path string
		status       int
		code         string
	}{
		"no variable":          {"GET", "/api/rest/user", 400, "validation-failed"},
		"a variable too many":  {"GET", "/api/rest/user?id=1&x=2", 400, "bad-request"},
		"an unknown endpoint":  {"GET", "/api/rest/nobody", 404, "not-found"},
		"a method not offered": {"DELETE", "/api/rest/user", 405, "method-not-allowed"},
	} {
		if a := s.request(c.method, s.data+c.path, header, nil); a.status != c.status || a.text("code") != c.code {
			s.t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
	}
}
