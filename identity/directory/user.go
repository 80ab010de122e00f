package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/postgres"
	"gatehouse/secret"
)

// User is a person who can sign in.
type User struct {
	ID                                   string
	Username, PrimaryEmail, PrimaryPhone *string
	Name, Avatar                         *string
	Profile, CustomData, Identities      json.RawMessage // objects
	ApplicationID                        *string         // where the user signed up
	IsSuspended                          bool
	LastSignInAt                         *time.Time
	CreatedAt, UpdatedAt                 time.Time
	Password                             *secret.PasswordHash // nil: no password set
}

// UserJSON is a user as Logto's APIs show one; the password hash never is.
type UserJSON struct {
	ID            string          `json:"id"`
	Username      *string         `json:"username"`
	PrimaryEmail  *string         `json:"primaryEmail"`
	PrimaryPhone  *string         `json:"primaryPhone"`
	Name          *string         `json:"name"`
	Avatar        *string         `json:"avatar"`
	CustomData    json.RawMessage `json:"customData"`
	Identities    json.RawMessage `json:"identities"`
	LastSignInAt  *int64          `json:"lastSignInAt"`
	CreatedAt     int64           `json:"createdAt"`
	UpdatedAt     int64           `json:"updatedAt"`
	Profile       json.RawMessage `json:"profile"`
	ApplicationID *string         `json:"applicationId"`
	CIMDClientID  *string         `json:"cimdClientId"`
	IsSuspended   bool            `json:"isSuspended"`
	HasPassword   bool            `json:"hasPassword"`
}

// JSON returns the outward shape of u.
func (u *User) JSON() UserJSON {
	return UserJSON{
		ID: u.ID, Username: u.Username, PrimaryEmail: u.PrimaryEmail, PrimaryPhone: u.PrimaryPhone,
		Name: u.Name, Avatar: u.Avatar, CustomData: u.CustomData, Identities: u.Identities,
		LastSignInAt: millisOrNil(u.LastSignInAt), CreatedAt: u.CreatedAt.UnixMilli(), UpdatedAt: u.UpdatedAt.UnixMilli(),
		Profile: u.Profile, ApplicationID: u.ApplicationID, IsSuspended: u.IsSuspended, HasPassword: u.Password != nil,
	}
}

// MarshalJSON writes the outward shape, so that a password hash cannot leak by encoding the struct.
func (u User) MarshalJSON() ([]byte, error) { return json.Marshal(u.JSON()) }

func millisOrNil(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

const userColumns = `u.id, u.username, u.primary_email, u.primary_phone, u.name, u.avatar, u.profile, u.custom_data,
       u.identities, u.application_id, u.is_suspended, u.last_sign_in_at, u.created_at, u.updated_at,
       u.password_algorithm, u.password_digest`

func scanUser(row pgx.CollectableRow) (User, error) {
	var u User
	var algorithm, digest *string
	err := row.Scan(&u.ID, &u.Username, &u.PrimaryEmail, &u.PrimaryPhone, &u.Name, &u.Avatar, &u.Profile, &u.CustomData,
		&u.Identities, &u.ApplicationID, &u.IsSuspended, &u.LastSignInAt, &u.CreatedAt, &u.UpdatedAt, &algorithm, &digest)
	if algorithm != nil && digest != nil {
		u.Password = &secret.PasswordHash{Algorithm: *algorithm, Digest: *digest}
	}
	return u, err
}

// User returns the user with this id, or ErrNotFound.
func (r Reader) User(ctx context.Context, id string) (*User, error) {
	return one(ctx, r.q, "read user", scanUser, `select `+userColumns+` from identity.users u where u.id = $1`, id)
}

// Kinds of identifiers a user can be found by.
const (
	IdentifierUsername = "username"
	IdentifierEmail    = "email"
	IdentifierPhone    = "phone"
)

// UserByIdentifier finds a user by username, email or phone. E-mail addresses compare without case; usernames
// do when the username policy says so. An exact match wins over one that differs by case.
func (r Reader) UserByIdentifier(ctx context.Context, kind, value string) (*User, error) {
	const what = "find user by identifier"
	switch kind {
	case IdentifierUsername:
		sensitive, err := r.usernamesAreCaseSensitive(ctx)
		if err != nil {
			return nil, err
		}
		if sensitive {
			return one(ctx, r.q, what, scanUser, `select `+userColumns+` from identity.users u where u.username = $1`, value)
		}
		return one(ctx, r.q, what, scanUser, `select `+userColumns+` from identity.users u where lower(u.username) = lower($1)
order by u.username = $1 desc, u.created_at, u.id limit 1`, value)
	case IdentifierEmail:
		return one(ctx, r.q, what, scanUser, `select `+userColumns+` from identity.users u where lower(u.primary_email) = lower($1)`, value)
	case IdentifierPhone:
		return one(ctx, r.q, what, scanUser, `select `+userColumns+` from identity.users u where u.primary_phone = $1`, value)
	}
	return nil, fmt.Errorf("%s: unknown kind %q", what, kind)
}

// NewUser is what a user is created from. Empty strings are stored as null; nil objects as {}.
type NewUser struct {
	ID                                   string // made up when empty
	Username, PrimaryEmail, PrimaryPhone string
	Name, Avatar                         string
	Profile, CustomData, Identities      json.RawMessage
	ApplicationID                        string
	Password                             *secret.PasswordHash
	LastSignInAt                         *time.Time
}

// CreateUser is Tx.CreateUser in a transaction of its own.
func (d *Directory) CreateUser(ctx context.Context, n NewUser) (*User, error) {
	var u *User
	err := d.InTx(ctx, func(tx *Tx) (err error) {
		u, err = tx.CreateUser(ctx, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// CreateUser stores a user and gives the default roles. *Conflict names the identifier that is taken.
func (tx *Tx) CreateUser(ctx context.Context, n NewUser) (*User, error) {
	if n.ID == "" {
		n.ID = secret.ShortID()
	}
	if err := tx.guardUsername(ctx, n.Username, ""); err != nil {
		return nil, err
	}
	var algorithm, digest *string
	if n.Password != nil {
		algorithm, digest = &n.Password.Algorithm, &n.Password.Digest
	}
	u, err := one(ctx, tx.Tx, "create user", scanUser, `
insert into identity.users as u (id, username, primary_email, primary_phone, name, avatar, profile, custom_data, identities,
                                 application_id, password_algorithm, password_digest, last_sign_in_at)
values ($1, nullif($2, ''), nullif($3, ''), nullif($4, ''), nullif($5, ''), nullif($6, ''), $7, $8, $9,
        nullif($10, ''), $11, $12, $13)
returning `+userColumns,
		n.ID, n.Username, n.PrimaryEmail, n.PrimaryPhone, n.Name, n.Avatar, object(n.Profile), object(n.CustomData), object(n.Identities),
		n.ApplicationID, algorithm, digest, n.LastSignInAt)
	if err != nil {
		return nil, userConflict(err, n.Username, n.PrimaryEmail, n.PrimaryPhone)
	}
	if err := tx.giveDefaultRoles(ctx, u.ID); err != nil {
		return nil, err
	}
	tx.Changed(KindUser, u.ID)
	return u, nil
}

func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// giveDefaultRoles gives a new user the roles marked as default and the roles named in the settings. A named
// role that does not exist (any more) is made, so that nobody is locked out of signing up by a renamed role.
func (tx *Tx) giveDefaultRoles(ctx context.Context, userID string) error {
	for _, name := range tx.defaultRoleNames {
		if _, err := tx.ensureRole(ctx, name, defaultRoleDescription, RoleTypeUser); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
insert into identity.users_roles (user_id, role_id)
select $1, r.id from identity.roles r
 where r.type = 'User' and (r.is_default or r.name = any($2))
 order by r.created_at, r.id
    on conflict do nothing`, userID, tx.defaultRoleNames)
	if err != nil {
		return fmt.Errorf("give default roles: %w", err)
	}
	return nil
}

// guardUsername refuses a username that differs only by case from somebody else's when the policy ignores case.
// The lock makes two such names in flight at once wait for each other; the unique index cannot see them.
func (tx *Tx) guardUsername(ctx context.Context, username, exceptID string) error {
	if username == "" {
		return nil
	}
	sensitive, err := tx.usernamesAreCaseSensitive(ctx)
	if err != nil || sensitive {
		return err
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('identity.username:' || lower($1), 0))`, username); err != nil {
		return fmt.Errorf("lock username: %w", err)
	}
	n, err := count(ctx, tx.Tx, "check username", `select count(*) from identity.users where lower(username) = lower($1) and id <> $2`, username, exceptID)
	if err != nil {
		return err
	}
	if n > 0 {
		return &Conflict{Field: IdentifierUsername, Value: username}
	}
	return nil
}

// userConflict turns a unique violation on users into a *Conflict.
func userConflict(err error, username, email, phone string) error {
	constraint, ok := postgres.IsUniqueViolation(err)
	if !ok {
		return err
	}
	switch constraint {
	case "users_username":
		return &Conflict{IdentifierUsername, username}
	case "users_primary_email":
		return &Conflict{IdentifierEmail, email}
	case "users_primary_phone":
		return &Conflict{IdentifierPhone, phone}
	}
	return err
}

// UserChange says what to change of a user; nil leaves a field alone, "" clears a text.
type UserChange struct {
	Username, PrimaryEmail, PrimaryPhone *string
	Name, Avatar                         *string
	Profile, CustomData                  json.RawMessage // replace the whole object
	MergeProfile, MergeCustomData        json.RawMessage // merge their top-level keys
	Identities                           json.RawMessage
	ApplicationID                        *string
	Password                             *secret.PasswordHash
	IsSuspended                          *bool
	LastSignInAt                         *time.Time
}

// UpdateUser is Tx.UpdateUser in a transaction of its own.
func (d *Directory) UpdateUser(ctx context.Context, id string, c UserChange) (*User, error) {
	var u *User
	err := d.InTx(ctx, func(tx *Tx) (err error) {
		u, err = tx.UpdateUser(ctx, id, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// UpdateUser changes what c names in one statement. ErrNotFound, or *Conflict for a taken identifier.
func (tx *Tx) UpdateUser(ctx context.Context, id string, c UserChange) (*User, error) {
	var set []string
	args := []any{id}
	put := func(column, expr string, v any) {
		args = append(args, v)
		set = append(set, column+" = "+strings.ReplaceAll(expr, "?", fmt.Sprintf("$%d", len(args))))
	}
	text := func(column string, v *string) {
		if v != nil {
			put(column, "nullif(?, '')", *v)
		}
	}
	document := func(column string, replace, merge json.RawMessage) {
		switch {
		case replace != nil:
			put(column, "?", replace)
		case merge != nil:
			put(column, column+" || ?::jsonb", merge)
		}
	}
	if c.Username != nil {
		if err := tx.guardUsername(ctx, *c.Username, id); err != nil {
			return nil, err
		}
	}
	text("username", c.Username)
	text("primary_email", c.PrimaryEmail)
	text("primary_phone", c.PrimaryPhone)
	text("name", c.Name)
	text("avatar", c.Avatar)
	text("application_id", c.ApplicationID)
	document("profile", c.Profile, c.MergeProfile)
	document("custom_data", c.CustomData, c.MergeCustomData)
	document("identities", c.Identities, nil)
	if c.Password != nil {
		put("password_algorithm", "?", c.Password.Algorithm)
		put("password_digest", "?", c.Password.Digest)
	}
	if c.IsSuspended != nil {
		put("is_suspended", "?", *c.IsSuspended)
	}
	if c.LastSignInAt != nil {
		put("last_sign_in_at", "?", *c.LastSignInAt)
	}
	if len(set) == 0 {
		return tx.User(ctx, id)
	}
	u, err := one(ctx, tx.Tx, "update user", scanUser,
		`update identity.users u set `+strings.Join(set, ", ")+` where u.id = $1 returning `+userColumns, args...)
	if err != nil {
		return nil, userConflict(err, deref(c.Username), deref(c.PrimaryEmail), deref(c.PrimaryPhone))
	}
	tx.Changed(KindUser, id)
	return u, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// DeleteUser removes a user with everything that hangs on it. ErrNotFound.
func (tx *Tx) DeleteUser(ctx context.Context, id string) error {
	return tx.deleted(ctx, KindUser, id, `delete from identity.users where id = $1`, id)
}

// deleted runs a delete that must hit a row and reports the change.
func (tx *Tx) deleted(ctx context.Context, kind, id, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	tx.Changed(kind, id)
	return nil
}

// VerifyPassword says whether the password is the user's, and rehashes one that is stored with a weaker algorithm.
// Nobody (nil), or a user without a password or with an imported digest that cannot be read, never matches, and
// not faster than anybody else.
func (d *Directory) VerifyPassword(ctx context.Context, u *User, password string) (bool, error) {
	if u == nil || u.Password == nil {
		return false, burn(ctx, password)
	}
	ok, upgrade, err := secret.VerifyPassword(ctx, password, *u.Password)
	if err != nil {
		return false, burn(ctx, password)
	}
	if !ok && u.Password.IsQuick() {
		return false, burn(ctx, password) // else how soon the answer comes would tell that there is such an account
	}
	if !ok || !upgrade {
		return ok, nil
	}
	stronger, err := secret.HashPassword(ctx, password)
	if err != nil {
		return true, fmt.Errorf("rehash password: %w", err)
	}
	// Only if it is still the hash that was verified: a password changed meanwhile must stay changed.
	_, err = d.pool.Exec(ctx, `
update identity.users set password_algorithm = $3, password_digest = $4 where id = $1 and password_digest = $2`,
		u.ID, u.Password.Digest, stronger.Algorithm, stronger.Digest)
	if err != nil {
		return true, fmt.Errorf("store rehashed password: %w", err)
	}
	return true, nil
}

// burn takes the time of a verification.
func burn(ctx context.Context, password string) error {
	_, err := secret.HashPassword(ctx, password)
	if err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// CountUsers is the number of all users.
func (r Reader) CountUsers(ctx context.Context) (int, error) {
	return count(ctx, r.q, "count users", `select count(*) from identity.users`)
}

// Users lists users, the newest first.
func (r Reader) Users(ctx context.Context, f UserFilter, p Page) ([]User, error) {
	w := f.where()
	return many(ctx, r.q, "list users", scanUser, `select `+userColumns+` from identity.users u where `+w.sql()+
		` order by u.created_at desc, u.id`+p.clause(), w.args...)
}

// CountUsersIn counts what Users lists.
func (r Reader) CountUsersIn(ctx context.Context, f UserFilter) (int, error) {
	w := f.where()
	return count(ctx, r.q, "count users", `select count(*) from identity.users u where `+w.sql(), w.args...)
}
