package verification

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// Password proves that someone knows the password of an account. An unknown account costs the same time as a wrong
// password and gives the same error; every attempt counts towards the lockout of its identifier, known or not.
//
// The outcome is recorded before it is told, and a lockout found then hides it: however many guesses are in flight at
// once, only those within the limit learn anything.
func (v *Verifier) Password(ctx context.Context, who Identifier, attempt string) (*Record, error) {
	until, err := v.Directory.BlockedUntil(ctx, who.Value, directory.PoolIdentifier)
	if err != nil {
		return nil, err
	}
	if !until.IsZero() {
		return nil, &Blocked{until}
	}
	user, err := v.Directory.UserByIdentifier(ctx, who.Type, who.Value)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return nil, err
	}
	if errors.Is(err, directory.ErrNotFound) {
		user = nil
	}
	ok, err := v.Directory.VerifyPassword(ctx, user, attempt)
	if err != nil && !errors.Is(err, secret.ErrPasswordTooLong) {
		return nil, fmt.Errorf("verify password: %w", err)
	}
	until, err = v.Directory.RecordAttempt(ctx, directory.Attempt{
		Identifier: who.Value, Pool: directory.PoolIdentifier, Action: TypePassword, Failed: !ok,
	})
	if err != nil {
		return nil, err
	}
	if !until.IsZero() {
		return nil, &Blocked{until}
	}
	if !ok {
		return nil, ErrInvalidCredentials
	}
	return &Record{ID: secret.ID(), Type: TypePassword, Identifier: who, Verified: true, UserID: user.ID}, nil
}
