package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/experience"
	"gatehouse/identity/password"
)

// SetUpLink is the secret of the set-up link, "" once there is an administrator. It is derived from a key that only this
// installation has, so that every process and every start prints the same one.
func (i *Identity) SetUpLink(ctx context.Context) (string, error) {
	has, err := i.directory.HasConsoleOwner(ctx)
	if err != nil || has {
		return "", err
	}
	return i.setUpToken(ctx)
}

func (i *Identity) setUpToken(ctx context.Context) (string, error) {
	_, cookieKeys, err := loadKeys(ctx, i.directory, i.config.Now())
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(cookieKeys[len(cookieKeys)-1]))
	_, _ = mac.Write([]byte("gatehouse: set-up link of the first administrator"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:24]), nil
}

// SetUp is the handler behind the set-up link's page. The first administrator is signed in to the console by signIn, in the
// transaction that makes the administrator; keep writes the cookies once that is committed.
func (i *Identity) SetUp(ctx context.Context, signIn func(r *http.Request, tx *directory.Tx, userID string) (keep func(w http.ResponseWriter), err error)) (http.Handler, error) {
	token, err := i.setUpToken(ctx)
	if err != nil {
		return nil, err
	}
	return &experience.SetUp{
		Token: token, AdminSecret: i.config.AdminSecret,
		Allowed: func(r *http.Request) bool {
			if i.config.Console == nil {
				return false
			}
			c, err := i.config.Console(r.Context(), r.Header)
			return err == nil && c != nil && c.By == console.BySecret && c.Operations.Has(directory.ConsoleMembers)
		},
		Create: func(r *http.Request, username, text string) (u *directory.User, keep func(w http.ResponseWriter), err error) {
			u, err = i.createFirstAdministrator(r.Context(), username, text, func(tx *directory.Tx, userID string) (err error) {
				keep, err = signIn(r, tx, userID)
				return err
			})
			return u, keep, err
		},
	}, nil
}

// createFirstAdministrator is CreateAdministrator unless there is one; of several at once, one is made. made is told in the
// transaction.
func (i *Identity) createFirstAdministrator(ctx context.Context, username, text string, made func(tx *directory.Tx, userID string) error) (u *directory.User, err error) {
	if has, err := i.directory.HasConsoleOwner(ctx); err != nil {
		return nil, err
	} else if has {
		return nil, experience.ErrAlreadySetUp
	}
	if err := i.experience.Verifier.CheckUsername(ctx, username); err != nil {
		return nil, err
	}
	hash, err := i.experience.Verifier.NewPassword(ctx, text, password.UserInfo{Username: username})
	if err != nil {
		return nil, err
	}
	err = i.directory.InTx(ctx, func(tx *directory.Tx) error {
		if _, err := tx.Exec(ctx, "lock table identity.console_members in share row exclusive mode"); err != nil {
			return fmt.Errorf("lock console members: %w", err)
		}
		if has, err := tx.HasConsoleOwner(ctx); err != nil {
			return err
		} else if has {
			return experience.ErrAlreadySetUp
		}
		if u, err = tx.CreateUser(ctx, directory.NewUser{Username: username, Password: hash}); err != nil {
			return err
		}
		if err := tx.MakeAdministrator(ctx, u.ID); err != nil {
			return err
		}
		return made(tx, u.ID)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}
