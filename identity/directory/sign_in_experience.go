package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/password"
)

// SignInExperience is what sign-in looks like and allows. The parts this product acts on are typed; the others
// are kept and shown as they were written. Field order and names are Logto's.
type SignInExperience struct {
	TenantID                     string          `json:"tenantId"`
	ID                           string          `json:"id"`
	Color                        Color           `json:"color"`
	Branding                     Branding        `json:"branding"`
	HideLogtoBranding            bool            `json:"hideLogtoBranding"`
	LanguageInfo                 LanguageInfo    `json:"languageInfo"`
	TermsOfUseURL                *string         `json:"termsOfUseUrl"`
	PrivacyPolicyURL             *string         `json:"privacyPolicyUrl"`
	AgreeToTermsPolicy           string          `json:"agreeToTermsPolicy"` // Automatic, ManualRegistrationOnly, Manual
	SignIn                       SignIn          `json:"signIn"`
	SignUp                       SignUp          `json:"signUp"`
	SocialSignIn                 json.RawMessage `json:"socialSignIn"`
	SocialSignInConnectorTargets []string        `json:"socialSignInConnectorTargets"`
	SignInMode                   string          `json:"signInMode"` // SignIn, Register, SignInAndRegister
	CustomCSS                    *string         `json:"customCss"`
	CustomContent                json.RawMessage `json:"customContent"`
	CustomUIAssets               json.RawMessage `json:"customUiAssets"`
	CustomUICSP                  json.RawMessage `json:"customUiCsp"`
	PasswordPolicy               json.RawMessage `json:"passwordPolicy"` // see Password
	MFA                          MFA             `json:"mfa"`
	AdaptiveMFA                  json.RawMessage `json:"adaptiveMfa"`
	SingleSignOnEnabled          bool            `json:"singleSignOnEnabled"`
	SupportEmail                 *string         `json:"supportEmail"`
	SupportWebsiteURL            *string         `json:"supportWebsiteUrl"`
	UnknownSessionRedirectURL    *string         `json:"unknownSessionRedirectUrl"`
	CaptchaPolicy                json.RawMessage `json:"captchaPolicy"`
	SentinelPolicy               SentinelPolicy  `json:"sentinelPolicy"`
	EmailBlocklistPolicy         json.RawMessage `json:"emailBlocklistPolicy"`
	VerificationCodePolicy       json.RawMessage `json:"verificationCodePolicy"`
	ForgotPasswordMethods        []string        `json:"forgotPasswordMethods"`
	PasskeySignIn                json.RawMessage `json:"passkeySignIn"`
	SignUpProfileFields          json.RawMessage `json:"signUpProfileFields"`
	PasswordExpiration           json.RawMessage `json:"passwordExpiration"`
	UsernamePolicy               UsernamePolicy  `json:"usernamePolicy"`
}

// Color of the sign-in pages.
type Color struct {
	PrimaryColor      string `json:"primaryColor"`
	IsDarkModeEnabled bool   `json:"isDarkModeEnabled"`
	DarkPrimaryColor  string `json:"darkPrimaryColor"`
}

// Branding of the sign-in pages.
type Branding struct {
	LogoURL     string `json:"logoUrl,omitempty"`
	DarkLogoURL string `json:"darkLogoUrl,omitempty"`
	Favicon     string `json:"favicon,omitempty"`
	DarkFavicon string `json:"darkFavicon,omitempty"`
}

// LanguageInfo picks the language of the sign-in pages.
type LanguageInfo struct {
	AutoDetect       bool   `json:"autoDetect"`
	FallbackLanguage string `json:"fallbackLanguage"`
}

// SignIn has the ways to sign in.
type SignIn struct {
	Methods []SignInMethod `json:"methods"`
}

// SignInMethod is one identifier and what proves it.
type SignInMethod struct {
	Identifier        string `json:"identifier"` // username, email, phone
	Password          bool   `json:"password"`
	VerificationCode  bool   `json:"verificationCode"`
	IsPasswordPrimary bool   `json:"isPasswordPrimary"`
}

// SignUp has what is asked for at registration.
type SignUp struct {
	Identifiers          []string         `json:"identifiers"`
	Password             bool             `json:"password"`
	Verify               bool             `json:"verify"`
	SecondaryIdentifiers []SecondaryIdent `json:"secondaryIdentifiers,omitempty"`
}

// SecondaryIdent is a further identifier asked for at registration.
type SecondaryIdent struct {
	Identifier string `json:"identifier"`
	Verify     bool   `json:"verify,omitempty"`
}

// MFA has the second factors and when they are asked for.
type MFA struct {
	Factors                       []string `json:"factors"`
	Policy                        string   `json:"policy"`
	OrganizationRequiredMFAPolicy string   `json:"organizationRequiredMfaPolicy,omitempty"`
}

// SentinelPolicy is the lockout's; nil means the default.
type SentinelPolicy struct {
	MaxAttempts     *int `json:"maxAttempts,omitempty"`     // 100
	LockoutDuration *int `json:"lockoutDuration,omitempty"` // minutes, 60
}

func (p SentinelPolicy) limits() (attempts int, lockout time.Duration) {
	attempts, lockout = 100, time.Hour
	if p.MaxAttempts != nil {
		attempts = *p.MaxAttempts
	}
	if p.LockoutDuration != nil {
		lockout = time.Duration(*p.LockoutDuration) * time.Minute
	}
	return attempts, lockout
}

// UsernamePolicy says which usernames are allowed.
type UsernamePolicy struct {
	CaseSensitive bool         `json:"caseSensitive"`
	MinLength     int          `json:"minLength"`
	MaxLength     int          `json:"maxLength"`
	AllowedChars  AllowedChars `json:"allowedChars"`
}

// AllowedChars are the characters a username may have.
type AllowedChars struct {
	Lowercase  bool `json:"lowercase"`
	Uppercase  bool `json:"uppercase"`
	Numbers    bool `json:"numbers"`
	Underscore bool `json:"underscore"`
}

// defaultSignInExperience is what the stored document changes: username and password, sign-up open.
func defaultSignInExperience() SignInExperience {
	empty := json.RawMessage("{}")
	null := json.RawMessage("null")
	return SignInExperience{
		TenantID:           Tenant,
		ID:                 "default",
		Color:              Color{PrimaryColor: "#1c6b4e", IsDarkModeEnabled: true, DarkPrimaryColor: "#63c89e"},
		LanguageInfo:       LanguageInfo{AutoDetect: true, FallbackLanguage: "en"},
		AgreeToTermsPolicy: "Automatic",
		SignIn:             SignIn{[]SignInMethod{{Identifier: IdentifierUsername, Password: true, IsPasswordPrimary: true}}},
		SignUp:             SignUp{Identifiers: []string{IdentifierUsername}, Password: true},
		SocialSignIn:       empty, SocialSignInConnectorTargets: []string{},
		SignInMode:    "SignInAndRegister",
		CustomContent: empty, CustomUIAssets: null, CustomUICSP: empty, PasswordPolicy: empty,
		MFA:         MFA{Factors: []string{}, Policy: "UserControlled"},
		AdaptiveMFA: empty, CaptchaPolicy: empty, EmailBlocklistPolicy: empty, VerificationCodePolicy: empty,
		ForgotPasswordMethods: []string{},
		PasskeySignIn:         empty, SignUpProfileFields: null, PasswordExpiration: empty,
		UsernamePolicy: UsernamePolicy{
			CaseSensitive: true, MinLength: 1, MaxLength: 128,
			AllowedChars: AllowedChars{Lowercase: true, Uppercase: true, Numbers: true, Underscore: true},
		},
	}
}

// Password returns the password policy with Logto's defaults filled in.
func (e *SignInExperience) Password() (password.Policy, error) {
	return password.ParsePolicy(e.PasswordPolicy)
}

// SignInExperience returns the settings of sign-in.
func (r Reader) SignInExperience(ctx context.Context) (*SignInExperience, error) {
	e := defaultSignInExperience()
	data, err := one(ctx, r.q, "read sign-in experience", pgx.RowTo[json.RawMessage], `select data from identity.sign_in_experience`)
	if errors.Is(err, ErrNotFound) {
		return &e, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(*data, &e); err != nil {
		return nil, fmt.Errorf("read sign-in experience: %w", err)
	}
	e.TenantID, e.ID = Tenant, "default"
	return &e, nil
}

// UpdateSignInExperience replaces the given top-level keys of the settings.
func (tx *Tx) UpdateSignInExperience(ctx context.Context, changes json.RawMessage) (*SignInExperience, error) {
	_, err := tx.Exec(ctx, `
insert into identity.sign_in_experience as e (data) values ($1)
    on conflict (id) do update set data = e.data || excluded.data`, changes)
	if err != nil {
		return nil, fmt.Errorf("update sign-in experience: %w", err)
	}
	tx.Changed(KindSignInExperience, "default")
	return tx.SignInExperience(ctx)
}

// usernamesAreCaseSensitive reads the one setting lookups need, without the document around it.
func (r Reader) usernamesAreCaseSensitive(ctx context.Context) (bool, error) {
	sensitive, err := one(ctx, r.q, "read username policy", pgx.RowTo[bool], `
select coalesce((select (data #>> '{usernamePolicy,caseSensitive}')::boolean from identity.sign_in_experience), true)`)
	if err != nil {
		return false, err
	}
	return *sensitive, nil
}
