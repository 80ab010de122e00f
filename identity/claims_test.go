package identity_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Every scope, its claims and their order; extended claims are in userinfo always, in the ID token as configured.
func TestClaims_byScope(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.users set primary_phone = '4912345', avatar = 'https://a.example/p.png', identities = '{"github":{"userId":"g1"}}',
	  created_at = '2026-01-02T03:04:05.678Z',
	  profile = '{"familyName":"F","givenName":"G","middleName":"M","nickname":"N","preferredUsername":"P","profile":"https://p","website":"https://w",
	              "gender":"x","birthdate":"2000-01-01","zoneinfo":"Europe/Berlin","locale":"de","address":{"formatted":"Street 1","postalCode":"1"}}'
	  where id = $1`, alice)
	const all = "openid profile email phone address custom_data identities roles urn:logto:scope:organizations urn:logto:scope:organization_roles"
	tokens := w.tokens(spa, "scope", all)
	got := w.userinfo(tokens["access_token"].(string)).body
	at := strings.Index(got, `"updated_at":`)
	got = got[:at] + got[at+len(`"updated_at":1795284332236,`):]
	want := `{"sub":"mzh8p4l45c36","name":"Alice","family_name":"F","given_name":"G","middle_name":"M","nickname":"N","preferred_username":"P",` +
		`"profile":"https://p","picture":"https://a.example/p.png","website":"https://w","gender":"x","birthdate":"2000-01-01","zoneinfo":"Europe/Berlin",` +
		`"locale":"de","username":"alice","created_at":1767323045678,"email":"alice@example.com","email_verified":true,` +
		`"phone_number":"4912345","phone_number_verified":true,"address":{"formatted":"Street 1","postalCode":"1"},"custom_data":{"tier":"gold"},` +
		`"identities":{"github":{"userId":"g1"}},"sso_identities":[],"roles":["user","admin"],"organizations":[],"organization_data":[],"organization_roles":[]}`
	if normal(got) != normal(want) {
		t.Errorf("userinfo\n got  %s\n want %s", got, want)
	}

	extended := func() string {
		var held []string
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(w.tokens(spa, "scope", all)["id_token"].(string), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, claim := range []string{"custom_data", "identities", "sso_identities", "roles", "organizations", "organization_data", "organization_roles"} {
			if strings.Contains(string(raw), `"`+claim+`":`) {
				held = append(held, claim)
			}
		}
		return strings.Join(held, " ")
	}
	if got := extended(); got != "roles organizations organization_roles" {
		t.Errorf("ID token by default: %s", got)
	}
	if err := w.id.Directory().SetConfig(t.Context(), "idToken", mustJSON(t, map[string]any{"enabledExtendedClaims": []string{"custom_data"}})); err != nil {
		t.Fatal(err)
	}
	if got := extended(); got != "custom_data" {
		t.Errorf("ID token as configured: %s", got)
	}
}

// normal takes the spaces out that Postgres puts into documents.
func normal(text string) string { return strings.NewReplacer(`": `, `":`, `, "`, `,"`).Replace(text) }

// A user with nothing but a name to sign in with: null where the claim is the user's own, absent where it is the profile's.
func TestClaims_ofABareUser(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.users set username = null, primary_email = null, name = null, profile = '{}' where id = $1`, alice)
	w.exec(`update identity.users set primary_phone = '491' where id = $1`, alice)
	w.exec(`update identity.sign_in_experience set data = '{"signIn":{"methods":[{"identifier":"phone","password":true}]},"signUp":{"identifiers":[]}}'`)
	b, proof := w.browser(), newPKCE()
	b.do("GET", authQuery(spa, proof, "scope", "openid profile email", "resource", "-"), "")
	b.do("PUT", "/api/experience", `{"interactionEvent":"SignIn"}`)
	id := b.do("POST", passwordPath, `{"identifier":{"type":"phone","value":"491"},"password":"`+password+`"}`)
	b.do("POST", "/api/experience/identification", id.body)
	done := b.do("POST", "/api/experience/submit", "")
	if done.status != 200 {
		t.Fatalf("%d %s", done.status, done.body)
	}
	a := b.follow(done.json(t)["redirectTo"].(string))
	_, query, _ := strings.Cut(a.header.Get("Location"), "code=")
	code, _, _ := strings.Cut(query, "&")
	info := w.userinfo(w.exchange(spa, code, proof.verifier).json(t)["access_token"].(string)).body
	for _, part := range []string{`"name":null`, `"preferred_username":null`, `"picture":null`, `"username":null`, `"email":null`, `"email_verified":false`} {
		if !strings.Contains(info, part) {
			t.Errorf("no %s in %s", part, info)
		}
	}
	if strings.Contains(info, "given_name") || strings.Contains(info, "website") {
		t.Errorf("claims of an empty profile: %s", info)
	}
}
