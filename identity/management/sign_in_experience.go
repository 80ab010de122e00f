package management

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"gatehouse/identity/directory"
)

var hexColor = regexp.MustCompile(`(?i)^#[\da-f]{3}([\da-f]{3})?$`)

// nullableURL is a URL that may be cleared with null or "".
var nullableURL = emptyAsNull(either(urlText(maxLength(2048)), emptyText()))

var identifier = enum(directory.IdentifierUsername, directory.IdentifierEmail, directory.IdentifierPhone)

var signInSchema = object(field{"methods", list(object(
	field{"identifier", identifier},
	field{"password", boolean()},
	field{"verificationCode", boolean()},
	field{"isPasswordPrimary", boolean()},
))})

var signUpSchema = object(
	field{"identifiers", list(identifier)},
	field{"password", boolean()},
	field{"verify", boolean()},
	field{"secondaryIdentifiers", optional(list(object(
		field{"identifier", enum(directory.IdentifierUsername, directory.IdentifierEmail, directory.IdentifierPhone, "emailOrPhone")},
		field{"verify", optional(boolean())},
	)))},
)

var passwordPolicySchema = object(partial(
	field{"length", object(partial(field{"min", integer(1, 4096)}, field{"max", integer(1, 4096)})...)},
	field{"characterTypes", object(partial(field{"min", integer(1, 4)})...)},
	field{"rejects", object(partial(
		field{"pwned", boolean()}, field{"repetitionAndSequence", boolean()},
		field{"userInfo", boolean()}, field{"words", list(text(maxLength(256)))},
	)...)},
)...)

var usernamePolicySchema = object(
	field{"caseSensitive", boolean()},
	field{"minLength", integer(1, 128)},
	field{"maxLength", integer(1, 128)},
	field{"allowedChars", object(
		field{"lowercase", boolean()}, field{"uppercase", boolean()}, field{"numbers", boolean()}, field{"underscore", boolean()},
	)},
)

var mfaSchema = object(
	field{"factors", list(enum("Totp", "WebAuthn", "BackupCode", "EmailVerificationCode", "PhoneVerificationCode"))},
	field{"policy", enum("UserControlled", "Mandatory", "PromptOnlyAtSignIn", "PromptAtSignInAndSignUp", "NoPrompt",
		"PromptAtSignInAndSignUpMandatory", "PromptOnlyAtSignInMandatory")},
	field{"organizationRequiredMfaPolicy", optional(enum("NoPrompt", "Mandatory"))},
)

var signInExperienceSchema = object(partial(
	field{"color", object(
		field{"primaryColor", text(matches(hexColor))}, field{"isDarkModeEnabled", boolean()}, field{"darkPrimaryColor", text(matches(hexColor))},
	)},
	field{"branding", object(partial(
		field{"logoUrl", urlText()}, field{"darkLogoUrl", urlText()}, field{"favicon", urlText()}, field{"darkFavicon", urlText()},
	)...)},
	field{"hideLogtoBranding", boolean()},
	field{"languageInfo", object(field{"autoDetect", boolean()}, field{"fallbackLanguage", text(minLength(2), maxLength(16))})},
	field{"termsOfUseUrl", nullableURL},
	field{"privacyPolicyUrl", nullableURL},
	field{"agreeToTermsPolicy", enum("Automatic", "ManualRegistrationOnly", "Manual")},
	field{"signIn", signInSchema},
	field{"signUp", signUpSchema},
	field{"socialSignIn", jsonObject()},
	field{"socialSignInConnectorTargets", list(text())},
	field{"signInMode", enum("SignIn", "Register", "SignInAndRegister")},
	field{"customCss", emptyAsNull(text(maxLength(256 << 10)))},
	field{"customContent", record(text())},
	field{"customUiAssets", nullable(jsonObject())},
	field{"customUiCsp", jsonObject()},
	field{"passwordPolicy", passwordPolicySchema},
	field{"mfa", mfaSchema},
	field{"adaptiveMfa", jsonObject()},
	field{"singleSignOnEnabled", boolean()},
	field{"supportEmail", emptyAsNull(either(text(format("email", isEmail)), emptyText()))},
	field{"supportWebsiteUrl", nullableURL},
	field{"unknownSessionRedirectUrl", nullableURL},
	field{"captchaPolicy", jsonObject()},
	field{"sentinelPolicy", object(partial(field{"maxAttempts", integer(1, 1_000_000)}, field{"lockoutDuration", integer(1, 525_600)})...)},
	field{"emailBlocklistPolicy", jsonObject()},
	field{"verificationCodePolicy", object(partial(field{"expirationDuration", integer(60, 3600)}, field{"maxRetryAttempts", integer(1, 100)})...)},
	field{"forgotPasswordMethods", nullable(list(enum("EmailVerificationCode", "PhoneVerificationCode")))},
	field{"passkeySignIn", jsonObject()},
	field{"signUpProfileFields", nullable(list(object(field{"name", text(minLength(1))})))},
	field{"passwordExpiration", jsonObject()},
	field{"usernamePolicy", usernamePolicySchema},
)...)

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func (h *Handler) signInExperienceRoutes() map[string]map[string]endpoint {
	return map[string]map[string]endpoint{
		"/api/sign-in-exp":                        {http.MethodGet: getSignInExperience, http.MethodPatch: updateSignInExperience},
		"/api/sign-in-exp/default/check-password": {http.MethodPost: checkPassword},
	}
}

func getSignInExperience(c *call) error {
	experience, err := c.h.Directory.SignInExperience(c.ctx())
	if err != nil {
		return err
	}
	return c.ok(experience)
}

func updateSignInExperience(c *call) error {
	var in json.RawMessage
	if err := c.body(signInExperienceSchema, &in); err != nil {
		return err
	}
	id := "default"
	var experience *directory.SignInExperience
	err := c.change("SignInExperience.Updated", directory.KindSignInExperience, &id, func(tx *directory.Tx) (err error) {
		if experience, err = tx.UpdateSignInExperience(c.ctx(), in); err != nil {
			return err
		}
		if err := carriedOut(in); err != nil {
			return err
		}
		return coherent(experience)
	})
	if err != nil {
		return err
	}
	return c.ok(experience)
}

// notCarriedOut are settings that protect an account and that sign-in does not obey yet, by their path, with the values
// that ask for nothing. Storing one would promise a protection that is not there.
var notCarriedOut = map[string][]string{
	"mfa.factors":                                   {"[]"},
	"adaptiveMfa.enabled":                           {"false"},
	"captchaPolicy.enabled":                         {"false"},
	"passkeySignIn.enabled":                         {"false"},
	"passwordExpiration.enabled":                    {"false"},
	"singleSignOnEnabled":                           {"false"},
	"forgotPasswordMethods":                         {"null", "[]"},
	"socialSignInConnectorTargets":                  {"[]"},
	"signUpProfileFields":                           {"null", "[]"},
	"emailBlocklistPolicy.customBlocklist":          {"[]"},
	"emailBlocklistPolicy.blockSubaddressing":       {"false"},
	"emailBlocklistPolicy.blockDisposableAddresses": {"false"},
}

func carriedOut(changes json.RawMessage) error {
	for path, harmless := range notCarriedOut {
		value := changes
		for _, key := range strings.Split(path, ".") {
			var o map[string]json.RawMessage
			if json.Unmarshal(value, &o) != nil {
				o = nil
			}
			value = o[key]
		}
		if value != nil && !slices.Contains(harmless, string(value)) {
			return invalidInput("`" + path + "` cannot be carried out by this version.")
		}
	}
	return nil
}

// coherent refuses settings under which nobody could sign in, or that nothing here can carry out: without an e-mail
// or SMS connector a code cannot be sent.
func coherent(e *directory.SignInExperience) error {
	signIn := func(code, message string) error { return badRequest("sign_in_experiences."+code, message) }
	methods := map[string]directory.SignInMethod{}
	for _, m := range e.SignIn.Methods {
		if !m.Password && !m.VerificationCode {
			return signIn("at_least_one_authentication_factor", "You have to select at least one authentication factor.")
		}
		if m.VerificationCode {
			return signIn("enabled_connector_not_found", "Enabled "+connectorOf(m.Identifier)+" connector not found.")
		}
		methods[m.Identifier] = m
	}
	for _, identifier := range e.SignUp.Identifiers {
		m, ok := methods[identifier]
		if !ok {
			return signIn("miss_sign_up_identifier_in_sign_in", "Sign in methods must contain the sign up identifier.")
		}
		if e.SignUp.Password && !m.Password {
			return signIn("password_sign_in_must_be_enabled", "Password sign in must be enabled when set a password is required in sign up.")
		}
		if identifier == directory.IdentifierUsername && !e.SignUp.Password {
			return signIn("username_requires_password", "Must enable set a password for username sign up identifier.")
		}
	}
	if e.SignUp.Verify {
		return signIn("enabled_connector_not_found", "Enabled Email connector not found.")
	}
	if p := e.UsernamePolicy; p.MinLength > p.MaxLength || p.AllowedChars == (directory.AllowedChars{}) {
		return invalidInput("The username policy allows no username.")
	}
	if policy, err := e.Password(); err != nil || policy.Length.Min > policy.Length.Max {
		return invalidInput("The password policy allows no password.")
	}
	return nil
}

func connectorOf(identifier string) string {
	if identifier == directory.IdentifierPhone {
		return "Sms"
	}
	return "Email"
}
