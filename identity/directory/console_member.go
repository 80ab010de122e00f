package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Memberships of the console. They are apart from directory roles: holding a role named "owner" means nothing here.
const (
	ConsoleOwner     = "owner"
	ConsoleDeveloper = "developer"
	ConsoleSupport   = "support"
)

// ConsoleClient is the built-in application of the console.
const ConsoleClient = "admin-console"

// ConsoleRole returns the membership of a user in the console, or ErrNotFound. A suspended user has none.
func (r Reader) ConsoleRole(ctx context.Context, userID string) (string, error) {
	role, err := one(ctx, r.q, "read console membership", pgx.RowTo[string], `
select m.role from identity.console_members m join identity.users u on u.id = m.user_id
 where m.user_id = $1 and not u.is_suspended`, userID)
	if err != nil {
		return "", err
	}
	return *role, nil
}

// HasConsoleOwner says whether there is an owner who can still sign in: until then the set-up link is open.
func (r Reader) HasConsoleOwner(ctx context.Context) (bool, error) {
	n, err := count(ctx, r.q, "count console owners", `
select count(*) from identity.console_members m join identity.users u on u.id = m.user_id
 where m.role = 'owner' and not u.is_suspended`)
	return n > 0, err
}

// ConsoleMember is a member of the console.
type ConsoleMember struct {
	UserID                 string
	Username, Name, Avatar *string
	Role                   string
	Since                  time.Time
	LastSeen               *time.Time
}

// ConsoleMembers lists the members, owners first.
func (r Reader) ConsoleMembers(ctx context.Context) ([]ConsoleMember, error) {
	rows, err := r.q.Query(ctx, `
select u.id, u.username, u.name, u.avatar, m.role, m.created_at, m.last_seen_at
  from identity.console_members m join identity.users u on u.id = m.user_id
 order by array_position(array['owner', 'developer', 'support'], m.role), u.username, u.id`)
	if err != nil {
		return nil, fmt.Errorf("list console members: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[ConsoleMember])
}

// SetConsoleRole gives a user a membership, or another one.
func (tx *Tx) SetConsoleRole(ctx context.Context, userID, role string) error {
	_, err := tx.Exec(ctx, `
insert into identity.console_members (user_id, role) values ($1, $2)
    on conflict (user_id) do update set role = excluded.role`, userID, role)
	if err != nil {
		return fmt.Errorf("set console membership: %w", err)
	}
	tx.Changed(KindUser, userID)
	return nil
}

// DeleteConsoleRole ends a membership. ErrNotFound.
func (tx *Tx) DeleteConsoleRole(ctx context.Context, userID string) error {
	return tx.deleted(ctx, KindUser, userID, `delete from identity.console_members where user_id = $1`, userID)
}

// MakeAdministrator gives a user the directory role "admin", made if missing, and the console as owner.
func (tx *Tx) MakeAdministrator(ctx context.Context, userID string) error {
	role, err := tx.ensureRole(ctx, RoleAdmin, adminRoleDescription, RoleTypeUser)
	if err != nil {
		return err
	}
	if role.Type == RoleTypeUser { // somebody may have made a machine role of that name; the console does not need it
		if _, err := tx.GiveRoles(ctx, Users, userID, []string{role.ID}); err != nil {
			return err
		}
	}
	return tx.SetConsoleRole(ctx, userID, ConsoleOwner)
}

// CreateAdministrator creates a user who is an administrator, in one transaction.
func (d *Directory) CreateAdministrator(ctx context.Context, n NewUser) (*User, error) {
	var u *User
	err := d.InTx(ctx, func(tx *Tx) (err error) {
		if u, err = tx.CreateUser(ctx, n); err != nil {
			return err
		}
		return tx.MakeAdministrator(ctx, u.ID)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}
