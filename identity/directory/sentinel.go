package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/secret"
)

// Pools of the lockout: attempts of one pool count together.
const (
	PoolIdentifier = "Identifier" // password, verification code, one-time token
	PoolTOTP       = "MfaTotp"
)

// Attempt is one try at proving an identity.
type Attempt struct {
	Identifier string // as typed: username, e-mail address, phone number; or a user id in the second step
	Pool       string
	Action     string // what was tried, in Logto's words: Password, VerificationCode, …
	Failed     bool
}

// sentinelTarget is what is kept of an identifier. Letter case does not open a second set of attempts.
func sentinelTarget(identifier string) string {
	return hex.EncodeToString(secret.Digest(strings.ToLower(strings.TrimSpace(identifier))))
}

const sentinelWindow = time.Hour

// RecordAttempt stores an attempt and returns until when the identifier is blocked now, zero if it is not. The
// sign-in experience's sentinelPolicy says after how many failures within an hour, and for how long.
// A success does not reset the count: whoever knows one password must not get free guesses at a second factor.
func (d *Directory) RecordAttempt(ctx context.Context, a Attempt) (time.Time, error) {
	var until time.Time
	err := d.InTx(ctx, func(tx *Tx) error {
		target := sentinelTarget(a.Identifier)
		// Attempts on one identifier are counted one after the other, else a burst would not see itself.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('identity.sentinel:' || $1, 0))`, target); err != nil {
			return fmt.Errorf("lock attempts: %w", err)
		}
		var err error
		if until, err = tx.blockedUntil(ctx, target, a.Pool); err != nil {
			return err
		}
		var blocked *time.Time
		if a.Failed && until.IsZero() {
			experience, err := tx.SignInExperience(ctx)
			if err != nil {
				return err
			}
			attempts, lockout := experience.SentinelPolicy.limits()
			failures, err := count(ctx, tx.Tx, "count attempts", `
select count(*) from identity.sentinel_activities
 where target = $1 and pool = $2 and is_failure and blocked_until is null and created_at > now() - $3::interval`,
				target, a.Pool, sentinelWindow)
			if err != nil {
				return err
			}
			if failures+1 >= attempts {
				until = time.Now().Add(lockout)
				blocked = &until
			}
		}
		_, err = tx.Exec(ctx, `
insert into identity.sentinel_activities (target, pool, action, is_failure, blocked_until) values ($1, $2, $3, $4, $5)`,
			target, a.Pool, a.Action, a.Failed, blocked)
		if err != nil {
			return fmt.Errorf("record attempt: %w", err)
		}
		return nil
	})
	return until, err
}

// BlockedUntil returns until when attempts on an identifier are refused, zero if they are not.
func (r Reader) BlockedUntil(ctx context.Context, identifier, pool string) (time.Time, error) {
	return r.blockedUntil(ctx, sentinelTarget(identifier), pool)
}

func (r Reader) blockedUntil(ctx context.Context, target, pool string) (time.Time, error) {
	until, err := one(ctx, r.q, "read lockout", pgx.RowTo[time.Time], `
select blocked_until from identity.sentinel_activities
 where target = $1 and pool = $2 and blocked_until > now() order by blocked_until desc limit 1`, target, pool)
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return *until, nil
}

// ForgetAttempts unlocks identifiers: their attempts in every pool are deleted.
func (tx *Tx) ForgetAttempts(ctx context.Context, identifiers []string) error {
	targets := make([]string, len(identifiers))
	for i, id := range identifiers {
		targets[i] = sentinelTarget(id)
	}
	if _, err := tx.Exec(ctx, `delete from identity.sentinel_activities where target = any($1)`, targets); err != nil {
		return fmt.Errorf("forget attempts: %w", err)
	}
	return nil
}

// PruneAttempts deletes attempts that no decision can depend on any more.
func (d *Directory) PruneAttempts(ctx context.Context) error {
	_, err := d.pool.Exec(ctx, `
delete from identity.sentinel_activities
 where created_at < now() - interval '1 day' and (blocked_until is null or blocked_until < now())`)
	if err != nil {
		return fmt.Errorf("prune attempts: %w", err)
	}
	return nil
}
