package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestToken_refusesBadCodes(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	newCode := func(changes ...string) (string, pkce) {
		proof := newPKCE()
		return b.authorize(authQuery(spa, proof, changes...)).Get("code"), proof
	}
	for name, c := range map[string]struct {
		status  int
		code    string
		changes []string
	}{
		"another client":     {400, "invalid_grant", []string{"client_id", "9laqjsfhf1nyhyrsuan2n"}},
		"another redirect":   {400, "invalid_grant", []string{"redirect_uri", callback + "/"}},
		"no redirect":        {400, "invalid_request", []string{"redirect_uri", "-"}},
		"no code":            {400, "invalid_request", []string{"code", "-"}},
		"no verifier":        {400, "invalid_grant", []string{"code_verifier", "-"}},
		"wrong verifier":     {400, "invalid_grant", []string{"code_verifier", strings.Repeat("x", 43)}},
		"short verifier":     {400, "invalid_request", []string{"code_verifier", "x"}},
		"ungranted resource": {400, "invalid_target", []string{"resource", "https://default.logto.app/api"}},
		"two resources":      {400, "invalid_target", []string{"resource", resource + ",https://default.logto.app/api"}},
		"secret of nobody":   {401, "invalid_client", []string{"client_secret", "x"}},
	} {
		code, proof := newCode()
		a := w.exchange(spa, code, proof.verifier, c.changes...)
		if a.status != c.status || a.json(t)["error"] != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
		if a := w.exchange(spa, code, proof.verifier); name != "secret of nobody" && a.status != 200 {
			t.Errorf("%s: the rightful client is refused afterwards: %d %s", name, a.status, a.body)
		}
	}
	t.Run("challenge as verifier", func(t *testing.T) {
		code, proof := newCode()
		if a := w.exchange(spa, code, proof.challenge); a.status != 400 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("verifier without challenge", func(t *testing.T) {
		code := b.authorize(authQuery(traditional, pkce{}, "code_challenge", "-", "code_challenge_method", "-")).Get("code")
		if a := w.exchange(traditional, code, strings.Repeat("x", 43)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := w.exchange(traditional, code, "", "code_verifier", "-"); a.status != 200 {
			t.Errorf("without one: %d %s", a.status, a.body)
		}
	})
	t.Run("expired", func(t *testing.T) {
		code, proof := newCode()
		w.clock.advance(61 * time.Second)
		if a := w.exchange(spa, code, proof.verifier); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

// Of many exchanges of one code at once exactly one succeeds, and what it got dies with the replays.
func TestToken_codeRace(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	proof := newPKCE()
	code := w.browser().authorize(authQuery(spa, proof)).Get("code")
	var wg sync.WaitGroup
	answers := make([]*answer, 16)
	for n := range answers {
		wg.Go(func() { answers[n] = w.exchange(spa, code, proof.verifier) })
	}
	wg.Wait()
	var won []*answer
	for _, a := range answers {
		if a.status == 200 {
			won = append(won, a)
		} else if a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if len(won) != 1 {
		t.Fatalf("%d exchanges succeeded", len(won))
	}
	if a := w.userinfo(won[0].json(t)["access_token"].(string)); a.status != 401 {
		t.Errorf("the grant outlives the replay: %d %s", a.status, a.body)
	}
}

// Refreshing at once with one token is forgiven, as a client with two tabs does it; each gets a token that works.
func TestRefresh_atOnceIsForgivenAndLaterReuseEndsTheGrant(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	first := w.tokens(spa)["refresh_token"].(string)
	var wg sync.WaitGroup
	answers := make([]*answer, 8)
	for n := range answers {
		wg.Go(func() { answers[n] = w.refresh(spa, first) })
	}
	wg.Wait()
	seen := map[string]bool{}
	var last string
	for _, a := range answers {
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		last = a.json(t)["refresh_token"].(string)
		seen[last] = true
	}
	if len(seen) != len(answers) || seen[first] {
		t.Errorf("%d different tokens from %d refreshes", len(seen), len(answers))
	}
	jwt := w.refresh(spa, last, "resource", resource).json(t)
	w.clock.advance(4 * time.Second)
	if a := w.refresh(spa, first); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
		t.Fatalf("reuse after the grace: %d %s", a.status, a.body)
	}
	for what, a := range map[string]*answer{
		"newest refresh token": w.refresh(spa, jwt["refresh_token"].(string)),
		"opaque access token":  w.userinfo(answers[0].json(t)["access_token"].(string)),
	} {
		if a.status < 400 {
			t.Errorf("%s lives after reuse: %d %s", what, a.status, a.body)
		}
	}
	if _, err := w.id.Provider().VerifyAccess(t.Context(), jwt["access_token"].(string)); err == nil {
		t.Error("the JWT lives after reuse")
	}
}

func TestRefresh_refusals(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	token := w.tokens(traditional)["refresh_token"].(string)
	for name, c := range map[string]struct {
		status  int
		code    string
		changes []string
	}{
		"no token":           {400, "invalid_request", []string{"refresh_token", "-"}},
		"unknown token":      {400, "invalid_grant", []string{"refresh_token", strings.Repeat("x", 43)}},
		"another client":     {400, "invalid_grant", []string{"client_id", spa, "client_secret", "-"}},
		"wrong secret":       {401, "invalid_client", []string{"client_secret", "x"}},
		"no secret":          {401, "invalid_client", []string{"client_secret", "-"}},
		"wider scope":        {400, "invalid_scope", []string{"scope", "openid email"}},
		"ungranted resource": {400, "invalid_target", []string{"resource", "https://default.logto.app/api"}},
		"organization":       {400, "access_denied", []string{"organization_id", "org"}},
	} {
		if a := w.refresh(traditional, token, c.changes...); a.status != c.status || a.json(t)["error"] != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
	}
	a := w.refresh(traditional, token)
	if a.status != 200 || a.json(t)["refresh_token"] != token {
		t.Errorf("a confidential client's young token is not rotated: %d %s", a.status, a.body)
	}
	w.clock.advance(15 * 24 * time.Hour)
	if a := w.refresh(traditional, token); a.status != 400 {
		t.Errorf("expired: %d %s", a.status, a.body)
	}
}

// A single-page application's chain ends 14 days after its first token, however often it is rotated.
func TestRefresh_rotationDoesNotExtendASinglePageApplicationsChain(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	token := w.tokens(spa)["refresh_token"].(string)
	for range 2 {
		w.clock.advance(6 * 24 * time.Hour)
		a := w.refresh(spa, token)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		token = a.json(t)["refresh_token"].(string)
	}
	w.clock.advance(3 * 24 * time.Hour)
	if a := w.refresh(spa, token); a.status != 400 {
		t.Errorf("after 15 days: %d %s", a.status, a.body)
	}
}

func TestToken_clientAuthentication(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	form := "grant_type=client_credentials&resource=" + url.QueryEscape(resource)
	for name, c := range map[string]struct {
		header, body string
		status       int
	}{
		"basic":                        {basic(machine, machineKey), form, 200},
		"second secret":                {basic(machine, "secondSecret"), form, 200},
		"basic and client id in body":  {basic(machine, machineKey), form + "&client_id=" + machine, 200},
		"post":                         {"", form + "&client_id=" + machine + "&client_secret=" + machineKey, 200},
		"expired secret":               {basic(machine, "expiredSecret"), form, 401},
		"another client's secret":      {basic(machine, "traditionalSecret"), form, 401},
		"empty secret":                 {basic(machine, ""), form, 401},
		"no secret":                    {"", form + "&client_id=" + machine, 401},
		"different client id in body":  {basic(machine, machineKey), form + "&client_id=" + spa, 400},
		"different secret in body":     {basic(machine, machineKey), form + "&client_secret=x", 400},
		"not base64":                   {"Basic !!!", form, 400},
		"bearer":                       {"Bearer x", form, 400},
		"null byte in id":              {basic("a%00b", "x"), form, 400},
		"assertion":                    {"", form + "&client_assertion=x&client_assertion_type=y", 400},
		"grant type twice":             {basic(machine, machineKey), form + "&grant_type=client_credentials", 400},
		"null byte":                    {basic(machine, machineKey), form + "&scope=%00", 400},
		"organization":                 {basic(machine, machineKey), form + "&organization_id=o", 403},
		"two resources":                {basic(machine, machineKey), form + "&resource=" + url.QueryEscape("https://default.logto.app/api"), 400},
		"oversized":                    {basic(machine, machineKey), form + "&x=" + strings.Repeat("x", 60_000), 400},
		"JSON with a nested parameter": {basic(machine, machineKey), `{"grant_type":{"a":1}}`, 400},
		"JSON cut off":                 {basic(machine, machineKey), `{"grant_type":`, 400},
	} {
		headers := []string{}
		if c.header != "" {
			headers = append(headers, "Authorization", c.header)
		}
		a := w.browser().do("POST", "/oidc/token", c.body, headers...)
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, c.status)
		}
		if body := a.json(t); a.status >= 400 && (body["code"] == nil || body["message"] == nil || body["error"] == nil) {
			t.Errorf("%s: the SDKs need code and message: %s", name, a.body)
		}
	}
	if a := w.browser().do("POST", "/oidc/token", form, "Content-Type", "text/plain"); a.status != 400 {
		t.Errorf("text/plain: %d %s", a.status, a.body)
	}
	if a := w.browser().do("GET", "/oidc/token", ""); a.status != 404 || a.json(t)["error_description"] != "unrecognized route or not allowed method (GET on /token)" {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
}

func TestCrossOrigin_onlyOriginsOfTheClient(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}, "client_id": {spa}}.Encode()
	allowed := w.browser().do("POST", "/oidc/token", form, "Origin", "http://localhost:3999")
	if allowed.json(t)["error"] != "invalid_grant" || allowed.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the redirect URI's origin: %s %v", allowed.body, allowed.header)
	}
	refused := w.browser().do("POST", "/oidc/token", form, "Origin", "https://evil.example")
	if refused.status != 400 || refused.json(t)["error"] != "invalid_request" || refused.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %d %s %v", refused.status, refused.body, refused.header)
	}
	preflight := w.browser().do("OPTIONS", "/oidc/me", "", "Origin", "http://localhost:3999",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
	if preflight.status != 204 || preflight.header.Get("Access-Control-Allow-Headers") != "authorization" {
		t.Errorf("preflight: %d %v", preflight.status, preflight.header)
	}
	if a := w.browser().do("OPTIONS", "/oidc/auth", "", "Origin", "https://evil.example"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the authorization endpoint answers a preflight: %v", a.header)
	}
}

// A script may not reach what only the machine itself can: its requests go out as the public's.
func TestScript_cannotReachPrivateAddresses(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	script := `const getCustomJwtClaims = async () => {
	  const out = [];
	  for (const url of [` + "`" + inside.URL + "`" + `, 'http://169.254.169.254/latest/meta-data/', 'http://[::1]:1/', 'http://0.0.0.0:1/', 'http://localhost:1/'])
	    out.push(await fetch(url).then(() => 'reached', (e) => e.cause.message));
	  return { out };
	};`
	if err := w.id.Directory().SetConfig(t.Context(), "jwt.clientCredentials", mustJSON(t, map[string]string{"script": script})); err != nil {
		t.Fatal(err)
	}
	a := w.form("/oidc/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {machine}, "client_secret": {machineKey}, "resource": {resource}})
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	out := fmt.Sprint(decodeJWT(t, a.json(t)["access_token"].(string))["out"])
	if out != "[request failed request failed request failed request failed request failed]" || reached {
		t.Errorf("%s, reached %v", out, reached)
	}
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What the article's script makes of a user's roles arrives in the token, and its failure is in the audit log.
func TestScript_ofTheArticleMakesHasurasClaims(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	set := func(script string) {
		if err := w.id.Directory().SetConfig(t.Context(), "jwt.accessToken", mustJSON(t, map[string]any{
			"script": script, "environmentVariables": map[string]string{"USER_DEFAULT_ROLE_NAMES": "anonymous"},
		})); err != nil {
			t.Fatal(err)
		}
	}
	set(`const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
      const held = context.user.roles.map(({ name }) => name);
      const defaults = (environmentVariables?.USER_DEFAULT_ROLE_NAMES ?? '').split(',').filter(Boolean);
      const roles = [...new Set([...held, ...defaults])];
      return { 'https://hasura.io/jwt/claims': {
        'x-hasura-user-id': context.user.id, 'x-hasura-default-role': roles[0], 'x-hasura-allowed-roles': roles } };
    };`)
	g := w.grantTokens(w.browser(), spa, offline...)
	claims := decodeJWT(t, g.jwt)["https://hasura.io/jwt/claims"].(map[string]any)
	if got := fmt.Sprintf("%v %v %v", claims["x-hasura-user-id"], claims["x-hasura-default-role"], claims["x-hasura-allowed-roles"]); got != alice+" user [user admin anonymous]" {
		t.Errorf("claims %s", got)
	}
	set(`const getCustomJwtClaims = () => { throw new Error('boom') }`)
	a := w.refresh(spa, g.refresh, "resource", resource)
	if a.status != 200 || decodeJWT(t, a.json(t)["access_token"].(string))["https://hasura.io/jwt/claims"] != nil {
		t.Errorf("with a failing script: %d %s", a.status, a.body)
	}
	w.id.Close() // writes what is queued
	var found int
	err := w.pool.QueryRow(t.Context(), `
select count(*) from identity.logs
 where key = 'JwtCustomizer.AccessToken' and payload ->> 'result' = 'Error' and payload #>> '{error,message}' = 'boom'`).Scan(&found)
	if err != nil || found != 1 {
		t.Errorf("%d entries about the failure in the audit log, %v", found, err)
	}
}
