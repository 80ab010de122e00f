package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/postgres"
	"gatehouse/secret"
)

// Types of roles: whom a role can be given to.
const (
	RoleTypeUser             = "User"
	RoleTypeMachineToMachine = "MachineToMachine"
)

// Names of roles the directory itself knows.
const (
	RoleInternalAdmin    = "#internal:admin"             // hidden; the "admin access" switch of a machine application
	RoleManagementAccess = "Logto Management API access" // gives a machine application the Management API
	RoleAdmin            = "admin"                       // held by administrators; no rights by itself
	internalRolePrefix   = "#internal:"
)

const (
	managementAccessDescription = "This default role grants access to the Logto management API."
	defaultRoleDescription      = "User default role."
	adminRoleDescription        = "Administrators of this Gatehouse."
)

// IsInternalRoleName says whether a role of this name is hidden and protected.
func IsInternalRoleName(name string) bool { return strings.HasPrefix(name, internalRolePrefix) }

// Role is a set of scopes for users or for machine applications.
type Role struct {
	ID, Name, Description, Type string
	IsDefault                   bool // given to every new user (or machine application)
	CreatedAt                   time.Time
}

// RoleJSON is a role as Logto's APIs show one.
type RoleJSON struct {
	TenantID    string `json:"tenantId"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`
	IsDefault   bool   `json:"isDefault"`
}

// JSON returns the outward shape of r.
func (r Role) JSON() RoleJSON {
	return RoleJSON{Tenant, r.ID, r.Name, r.Description, r.Type, r.IsDefault}
}

// MarshalJSON writes the outward shape.
func (r Role) MarshalJSON() ([]byte, error) { return json.Marshal(r.JSON()) }

const roleColumns = `r.id, r.name, r.description, r.type, r.is_default, r.created_at`

func scanRole(row pgx.CollectableRow) (Role, error) {
	var r Role
	err := row.Scan(&r.ID, &r.Name, &r.Description, &r.Type, &r.IsDefault, &r.CreatedAt)
	return r, err
}

// Role returns the role with this id, or ErrNotFound.
func (r Reader) Role(ctx context.Context, id string) (*Role, error) {
	return one(ctx, r.q, "read role", scanRole, `select `+roleColumns+` from identity.roles r where r.id = $1`, id)
}

// RoleByName returns the role with this name, or ErrNotFound.
func (r Reader) RoleByName(ctx context.Context, name string) (*Role, error) {
	return one(ctx, r.q, "read role", scanRole, `select `+roleColumns+` from identity.roles r where r.name = $1`, name)
}

// RoleFilter narrows Roles.
type RoleFilter struct {
	Search      Search
	Type        string // empty: both
	ExcludeUser string // leave out the roles this user has
	ExcludeApp  string // leave out the roles this application has
	ScopeID     string // those alone that have this scope
}

func (f RoleFilter) where() *where {
	w := newWhere(`r.name not like '#internal:%'`)
	if f.Type != "" {
		w.and("r.type = ?", f.Type)
	}
	if f.ExcludeUser != "" {
		w.and("not exists (select from identity.users_roles ur where ur.role_id = r.id and ur.user_id = ?)", f.ExcludeUser)
	}
	if f.ExcludeApp != "" {
		w.and("not exists (select from identity.applications_roles ar where ar.role_id = r.id and ar.application_id = ?)", f.ExcludeApp)
	}
	if f.ScopeID != "" {
		w.and("exists (select from identity.roles_scopes rs where rs.role_id = r.id and rs.scope_id = ?)", f.ScopeID)
	}
	w.search(f.Search, roleSearchColumns)
	return w
}

// Roles lists the visible roles: user roles first, then by age.
func (r Reader) Roles(ctx context.Context, f RoleFilter, p Page) ([]Role, error) {
	w := f.where()
	return many(ctx, r.q, "list roles", scanRole, `select `+roleColumns+` from identity.roles r where `+w.sql()+
		` order by r.type = 'User' desc, r.created_at, r.id`+p.clause(), w.args...)
}

// CountRoles counts what Roles lists.
func (r Reader) CountRoles(ctx context.Context, f RoleFilter) (int, error) {
	w := f.where()
	return count(ctx, r.q, "count roles", `select count(*) from identity.roles r where `+w.sql(), w.args...)
}

// UserRoles lists the roles a user has, in the order they were given.
func (r Reader) UserRoles(ctx context.Context, userID string) ([]Role, error) {
	return many(ctx, r.q, "list roles of user", scanRole, `
select `+roleColumns+` from identity.roles r join identity.users_roles ur on ur.role_id = r.id
 where ur.user_id = $1 order by ur.created_at, r.id`, userID)
}

// ApplicationRoles lists the roles a machine application has, the internal one included.
func (r Reader) ApplicationRoles(ctx context.Context, applicationID string) ([]Role, error) {
	return many(ctx, r.q, "list roles of application", scanRole, `
select `+roleColumns+` from identity.roles r join identity.applications_roles ar on ar.role_id = r.id
 where ar.application_id = $1 order by ar.created_at, r.id`, applicationID)
}

// SearchHolderRoles lists the visible roles of a user or an application that match a search, with their total.
func (r Reader) SearchHolderRoles(ctx context.Context, h Holder, holderID string, s Search, p Page) ([]Role, int, error) {
	w := newWhere(`r.name not like '#internal:%'`)
	w.and("h."+h.column+" = ?", holderID)
	w.search(s, roleSearchColumns)
	from := ` from identity.roles r join ` + h.table + ` h on h.role_id = r.id where ` + w.sql()
	roles, err := many(ctx, r.q, "list roles", scanRole, `select `+roleColumns+from+` order by h.created_at, r.id`+p.clause(), w.args...)
	if err != nil {
		return nil, 0, err
	}
	n, err := count(ctx, r.q, "count roles", `select count(*)`+from, w.args...)
	return roles, n, err
}

// RoleChange says what to change of a role; nil leaves a field alone. The type never changes.
type RoleChange struct {
	Name, Description *string
	IsDefault         *bool
}

// CreateRole stores a role with its scopes. *Conflict for a taken name, *MissingReference for unknown scopes.
func (tx *Tx) CreateRole(ctx context.Context, r Role, scopeIDs []string) (*Role, error) {
	if r.ID == "" {
		r.ID = secret.ID()
	}
	created, err := one(ctx, tx.Tx, "create role", scanRole, `
insert into identity.roles as r (id, name, description, type, is_default) values ($1, $2, $3, $4, $5)
returning `+roleColumns, r.ID, r.Name, r.Description, r.Type, r.IsDefault)
	if err != nil {
		return nil, roleConflict(err, r.Name)
	}
	if _, err := tx.AddRoleScopes(ctx, r.ID, scopeIDs); err != nil {
		return nil, err
	}
	tx.Changed(KindRole, r.ID)
	return created, nil
}

func roleConflict(err error, name string) error {
	if constraint, ok := postgres.IsUniqueViolation(err); ok && constraint == "roles_name_key" {
		return &Conflict{"role name", name}
	}
	return err
}

// ensureRole returns the role of this name, made if missing.
func (tx *Tx) ensureRole(ctx context.Context, name, description, typ string) (*Role, error) {
	id := secret.ID()
	tag, err := tx.Exec(ctx, `
insert into identity.roles (id, name, description, type) values ($1, $2, $3, $4) on conflict (name) do nothing`,
		id, name, description, typ)
	if err != nil {
		return nil, fmt.Errorf("ensure role %q: %w", name, err)
	}
	if tag.RowsAffected() > 0 {
		tx.Changed(KindRole, id)
	}
	return tx.RoleByName(ctx, name)
}

// UpdateRole changes what c names. ErrNotFound, or *Conflict for a taken name.
func (tx *Tx) UpdateRole(ctx context.Context, id string, c RoleChange) (*Role, error) {
	r, err := one(ctx, tx.Tx, "update role", scanRole, `
update identity.roles r
   set name = coalesce($2, r.name), description = coalesce($3, r.description), is_default = coalesce($4, r.is_default)
 where r.id = $1
returning `+roleColumns, id, c.Name, c.Description, c.IsDefault)
	if err != nil {
		return nil, roleConflict(err, deref(c.Name))
	}
	tx.Changed(KindRole, id)
	return r, nil
}

// DeleteRole removes a role from everybody and everything. ErrNotFound.
func (tx *Tx) DeleteRole(ctx context.Context, id string) error {
	return tx.deleted(ctx, KindRole, id, `delete from identity.roles where id = $1`, id)
}

// Holder is what can hold roles.
type Holder struct{ kind, roleType, entity, table, column, owners string }

// The two holders of roles.
var (
	Users        = Holder{KindUser, RoleTypeUser, "users", "identity.users_roles", "user_id", "identity.users"}
	Applications = Holder{KindApplication, RoleTypeMachineToMachine, "applications", "identity.applications_roles", "application_id", "identity.applications"}
)

// RoleTypeMismatch says that a role cannot be held by what it was given to.
type RoleTypeMismatch struct{ Kind string }

func (m *RoleTypeMismatch) Error() string { return "role of the wrong type for this " + m.Kind }

// GiveRoles adds roles to a holder and returns the ids that were new. A role of the holder's other type is
// *RoleTypeMismatch, an unknown role *MissingReference; nothing is given then.
func (tx *Tx) GiveRoles(ctx context.Context, h Holder, holderID string, roleIDs []string) ([]string, error) {
	if err := tx.checkRoles(ctx, h, roleIDs); err != nil {
		return nil, err
	}
	added, err := tx.link(ctx, `
insert into `+h.table+` (`+h.column+`, role_id)
select $1, r.id from unnest($2::text[]) with ordinality as r(id, n) order by r.n
    on conflict do nothing returning role_id`, holderID, roleIDs)
	if err != nil {
		return nil, fmt.Errorf("give roles: %w", err)
	}
	tx.Changed(h.kind, holderID)
	return inOrderOf(roleIDs, added), nil
}

func (tx *Tx) checkRoles(ctx context.Context, h Holder, roleIDs []string) error {
	roles, err := many(ctx, tx.Tx, "read roles", scanRole, `select `+roleColumns+` from identity.roles r where r.id = any($1) for key share`, roleIDs)
	if err != nil {
		return err
	}
	for _, r := range roles {
		if r.Type != h.roleType || IsInternalRoleName(r.Name) {
			return &RoleTypeMismatch{h.kind}
		}
	}
	return missing("roles", roleIDs, func(id string) bool {
		return slices.ContainsFunc(roles, func(r Role) bool { return r.ID == id })
	})
}

// ReplaceRoles makes the holder's roles exactly these; an internal role it has stays. Errors as GiveRoles.
func (tx *Tx) ReplaceRoles(ctx context.Context, h Holder, holderID string, roleIDs []string) error {
	if err := tx.checkRoles(ctx, h, roleIDs); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
delete from `+h.table+` h using identity.roles r
 where h.`+h.column+` = $1 and r.id = h.role_id and r.id <> all($2) and r.name not like '#internal:%'`, holderID, roleIDs)
	if err != nil {
		return fmt.Errorf("take roles: %w", err)
	}
	_, err = tx.GiveRoles(ctx, h, holderID, roleIDs)
	return err
}

// TakeRole takes one role from a holder. ErrNotFound when it does not have it.
func (tx *Tx) TakeRole(ctx context.Context, h Holder, holderID, roleID string) error {
	return tx.deleted(ctx, h.kind, holderID, `delete from `+h.table+` where `+h.column+` = $1 and role_id = $2`, holderID, roleID)
}

// GiveRoleTo adds one role to many holders and returns the ids of those who did not have it.
func (tx *Tx) GiveRoleTo(ctx context.Context, h Holder, roleID string, holderIDs []string) ([]string, error) {
	if err := tx.checkRoles(ctx, h, []string{roleID}); err != nil {
		return nil, err
	}
	known, err := tx.link(ctx, `select id from `+h.owners+` where id = any($1) for key share`, holderIDs)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", h.entity, err)
	}
	if err := missing(h.entity, holderIDs, func(id string) bool { return slices.Contains(known, id) }); err != nil {
		return nil, err
	}
	added, err := tx.link(ctx, `
insert into `+h.table+` (`+h.column+`, role_id) select u, $1 from unnest($2::text[]) as u
    on conflict do nothing returning `+h.column, roleID, holderIDs)
	if err != nil {
		return nil, fmt.Errorf("give role: %w", err)
	}
	for _, id := range added {
		tx.Changed(h.kind, id)
	}
	return inOrderOf(holderIDs, added), nil
}

// AddRoleScopes adds scopes to a role and returns the ids that were new.
func (tx *Tx) AddRoleScopes(ctx context.Context, roleID string, scopeIDs []string) ([]string, error) {
	if len(scopeIDs) == 0 {
		return []string{}, nil
	}
	known, err := tx.link(ctx, `select id from identity.scopes where id = any($1) for key share`, scopeIDs)
	if err != nil {
		return nil, fmt.Errorf("read scopes: %w", err)
	}
	if err := missing("scopes", scopeIDs, func(id string) bool { return slices.Contains(known, id) }); err != nil {
		return nil, err
	}
	added, err := tx.link(ctx, `
insert into identity.roles_scopes (role_id, scope_id) select $1, s from unnest($2::text[]) as s
    on conflict do nothing returning scope_id`, roleID, scopeIDs)
	if err != nil {
		return nil, fmt.Errorf("give scopes: %w", err)
	}
	tx.Changed(KindRole, roleID)
	return inOrderOf(scopeIDs, added), nil
}

// TakeRoleScope takes one scope from a role. ErrNotFound when it does not have it.
func (tx *Tx) TakeRoleScope(ctx context.Context, roleID, scopeID string) error {
	return tx.deleted(ctx, KindRole, roleID, `delete from identity.roles_scopes where role_id = $1 and scope_id = $2`, roleID, scopeID)
}

// link runs a statement that yields ids.
func (tx *Tx) link(ctx context.Context, sql string, args ...any) ([]string, error) {
	return many(ctx, tx.Tx, "link", pgx.RowTo[string], sql, args...)
}

// missing returns a *MissingReference with the ids that are not known, or nil.
func missing(entity string, ids []string, known func(string) bool) error {
	var lost []string
	for _, id := range ids {
		if !known(id) {
			lost = append(lost, id)
		}
	}
	if lost == nil {
		return nil
	}
	return &MissingReference{entity, lost}
}

// inOrderOf returns those of ids that are in subset, each once, in the order of ids.
func inOrderOf(ids, subset []string) []string {
	out := []string{}
	for _, id := range ids {
		if slices.Contains(subset, id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
