package verification

import (
	"context"
	"errors"
	"regexp"
	"unicode/utf8"

	"gatehouse/identity/directory"
	"gatehouse/identity/password"
	"gatehouse/secret"
)

// NewPasswordIdentity proves that a username is free and a password good enough, and brings the password's hash. The
// username may still be taken by the time the account is made; then that fails with the same *directory.Conflict.
func (v *Verifier) NewPasswordIdentity(ctx context.Context, who Identifier, newPassword string) (*Record, error) {
	if err := v.CheckUsername(ctx, who.Value); err != nil {
		return nil, err
	}
	hash, err := v.NewPassword(ctx, newPassword, password.UserInfo{Username: who.Value})
	if err != nil {
		return nil, err
	}
	return &Record{ID: secret.ID(), Type: TypeNewPasswordIdentity, Identifier: who, Verified: true, Password: hash}, nil
}

// CheckUsername checks a username against the policy and that nobody has it: *directory.Conflict.
func (v *Verifier) CheckUsername(ctx context.Context, username string) error {
	settings, err := v.Directory.SignInExperience(ctx)
	if err != nil {
		return err
	}
	if !allows(settings.UsernamePolicy, username) {
		return ErrInvalidUsername
	}
	_, err = v.Directory.UserByIdentifier(ctx, directory.IdentifierUsername, username)
	if err == nil {
		return &directory.Conflict{Field: directory.IdentifierUsername, Value: username}
	}
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	return err
}

// NewPassword checks a new password against the policy and hashes it: *Rejected.
func (v *Verifier) NewPassword(ctx context.Context, newPassword string, user password.UserInfo) (*secret.PasswordHash, error) {
	settings, err := v.Directory.SignInExperience(ctx)
	if err != nil {
		return nil, err
	}
	policy, err := settings.Password()
	if err != nil {
		return nil, err
	}
	if issues := v.Passwords.Check(ctx, policy, newPassword, user); len(issues) > 0 {
		return nil, &Rejected{issues}
	}
	hash, err := secret.HashPassword(ctx, newPassword)
	if err != nil {
		return nil, err
	}
	return &hash, nil
}

// UsernamePattern is the form every username has, whatever the policy adds.
var UsernamePattern = regexp.MustCompile(`^[A-Z_a-z]\w*$`)

func allows(p directory.UsernamePolicy, username string) bool {
	if n := utf8.RuneCountInString(username); n < p.MinLength || n > p.MaxLength || !UsernamePattern.MatchString(username) {
		return false
	}
	for _, c := range username {
		switch {
		case 'a' <= c && c <= 'z' && !p.AllowedChars.Lowercase, 'A' <= c && c <= 'Z' && !p.AllowedChars.Uppercase,
			'0' <= c && c <= '9' && !p.AllowedChars.Numbers, c == '_' && !p.AllowedChars.Underscore:
			return false
		}
	}
	return true
}
