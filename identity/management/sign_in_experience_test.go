package management_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// signInExperienceKeys are the keys of a recorded answer (15-mfa-totp, "enable TOTP + backup code").
const signInExperienceKeys = `adaptiveMfa agreeToTermsPolicy branding captchaPolicy color customContent customCss customUiAssets ` +
	`customUiCsp emailBlocklistPolicy forgotPasswordMethods hideLogtoBranding id languageInfo mfa passkeySignIn passwordExpiration ` +
	`passwordPolicy privacyPolicyUrl sentinelPolicy signIn signInMode signUp signUpProfileFields singleSignOnEnabled socialSignIn ` +
	`socialSignInConnectorTargets supportEmail supportWebsiteUrl tenantId termsOfUseUrl unknownSessionRedirectUrl usernamePolicy ` +
	`verificationCodePolicy`

func TestSignInExperience_changesOnlyWhatIsNamed(t *testing.T) {
	t.Parallel()
	a := serve(t)
	before := a.call(http.MethodGet, "/api/sign-in-exp", nil)
	var keys []string
	for k := range before.body.(object) {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if got := strings.Join(keys, " "); got != signInExperienceKeys {
		t.Errorf("keys\n got %s\nwant %s", got, signInExperienceKeys)
	}
	after := a.call(http.MethodPatch, "/api/sign-in-exp", object{
		"signInMode": "SignIn", "termsOfUseUrl": "https://example.com/terms", "supportEmail": "",
		"passwordPolicy": object{"length": object{"min": 12}, "rejects": object{"words": []string{"acme"}}},
	})
	if after.status != http.StatusOK || after.field("signInMode") != "SignIn" || after.field("supportEmail") != nil {
		t.Errorf("patched: %d %s", after.status, after.raw)
	}
	for _, k := range keys {
		if slices.Contains([]string{"signInMode", "termsOfUseUrl", "passwordPolicy"}, k) {
			continue
		}
		if want, got := before.field(k), after.field(k); !equal(want, got) {
			t.Errorf("%s changed from %v to %v", k, want, got)
		}
	}
	weak := a.call(http.MethodPost, "/api/sign-in-exp/default/check-password", object{"password": "short", "userId": "nope"})
	if weak.status != http.StatusNotFound {
		t.Errorf("password of nobody: %d %s", weak.status, weak.raw)
	}
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "wonderland"}))
	for password, want := range map[string]string{
		"Zk9_fjq!w2kz": `{"result":true}`,
		"Zk9_fjq!w2":   `{"result":false,"issues":[{"code":"password_rejected.too_short","interpolation":{"min":12}}]}`,
		"Wonderland42": `{"result":false,"issues":[{"code":"password_rejected.restricted.user_info"}]}`,
	} {
		got := a.call(http.MethodPost, "/api/sign-in-exp/default/check-password", object{"password": password, "userId": user})
		if got.raw != want {
			t.Errorf("check %s: %s, want %s", password, got.raw, want)
		}
	}
}

func TestSignInExperience_refusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	a := serve(t)
	method := func(identifier string, password, code bool) object {
		return object{"identifier": identifier, "password": password, "verificationCode": code, "isPasswordPrimary": password}
	}
	for _, c := range []struct {
		change object
		code   string
	}{
		{object{"mfa": object{"factors": []string{"Totp"}, "policy": "Mandatory"}}, "request.invalid_input"},
		{object{"captchaPolicy": object{"enabled": true}}, "request.invalid_input"},
		{object{"singleSignOnEnabled": true}, "request.invalid_input"},
		{object{"signIn": object{"methods": []any{method("username", false, false)}}}, "sign_in_experiences.at_least_one_authentication_factor"},
		{object{"signIn": object{"methods": []any{method("username", true, false), method("email", false, true)}}}, "sign_in_experiences.enabled_connector_not_found"},
		{object{"signUp": object{"identifiers": []string{"email"}, "password": true, "verify": true}}, "sign_in_experiences.miss_sign_up_identifier_in_sign_in"},
		{object{"signUp": object{"identifiers": []string{"username"}, "password": false, "verify": false}}, "sign_in_experiences.username_requires_password"},
		{object{"signInMode": "Open"}, "guard.invalid_input"},
		{object{"color": object{"primaryColor": "red", "isDarkModeEnabled": true, "darkPrimaryColor": "#fff"}}, "guard.invalid_input"},
		{object{"passwordPolicy": object{"length": object{"min": 300}}}, "request.invalid_input"},
	} {
		if got := a.call(http.MethodPatch, "/api/sign-in-exp", c.change); got.status != http.StatusBadRequest || got.code() != c.code {
			t.Errorf("%v: %d %s, want %s", c.change, got.status, got.raw, c.code)
		}
	}
	if got := a.call(http.MethodPatch, "/api/sign-in-exp", object{"mfa": object{"factors": []string{}, "policy": "NoPrompt"}}); got.status != http.StatusOK {
		t.Errorf("no factors: %d %s", got.status, got.raw)
	}
}
