package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/postgres"
	"gatehouse/secret"
)

// The seeded resource that stands for the Management API, and its one scope.
const (
	ManagementAPI        = "https://default.logto.app/api"
	ManagementAPIID      = "management-api"
	ManagementAPIName    = "Logto Management API"
	ManagementScope      = "all"
	ManagementScopeID    = "management-api-all"
	managementScopeWords = "Default scope for Management API, allows all permissions."
)

// OrganizationsResource is reserved by Logto and never an API resource.
const OrganizationsResource = "urn:logto:resource:organizations"

// DemoResourceID is the id the demo's resource is created with: it is a data API without using up the rule that
// the first resource becomes one.
const DemoResourceID = "demo-api"

// Resource is an API whose access tokens name it as their audience.
type Resource struct {
	ID, Name, Indicator string
	IsDefault           bool // meant by token requests that name no resource
	IsDataAPI           bool // its access tokens open the data API (a field of Gatehouse)
	AccessTokenTTL      int  // seconds
	CreatedAt           time.Time
}

// ResourceJSON is a resource as Logto's APIs show one.
type ResourceJSON struct {
	TenantID       string `json:"tenantId"`
	ID             string `json:"id"`
	Name           string `json:"name"`
	Indicator      string `json:"indicator"`
	IsDefault      bool   `json:"isDefault"`
	AccessTokenTTL int    `json:"accessTokenTtl"`
}

// JSON returns the outward shape of r, without Gatehouse's own field.
func (r *Resource) JSON() ResourceJSON {
	return ResourceJSON{Tenant, r.ID, r.Name, r.Indicator, r.IsDefault, r.AccessTokenTTL}
}

// MarshalJSON writes the outward shape.
func (r Resource) MarshalJSON() ([]byte, error) { return json.Marshal(r.JSON()) }

const resourceColumns = `r.id, r.name, r.indicator, r.is_default, r.is_data_api, r.access_token_ttl, r.created_at`

func scanResource(row pgx.CollectableRow) (Resource, error) {
	var r Resource
	err := row.Scan(&r.ID, &r.Name, &r.Indicator, &r.IsDefault, &r.IsDataAPI, &r.AccessTokenTTL, &r.CreatedAt)
	return r, err
}

// Resource returns the resource with this id, or ErrNotFound.
func (r Reader) Resource(ctx context.Context, id string) (*Resource, error) {
	return one(ctx, r.q, "read resource", scanResource, `select `+resourceColumns+` from identity.resources r where r.id = $1`, id)
}

// ResourceByIndicator returns the resource with this indicator, or ErrNotFound.
func (r Reader) ResourceByIndicator(ctx context.Context, indicator string) (*Resource, error) {
	return one(ctx, r.q, "read resource", scanResource, `select `+resourceColumns+` from identity.resources r where r.indicator = $1`, indicator)
}

// DefaultResource returns the resource meant when none is named, or ErrNotFound.
func (r Reader) DefaultResource(ctx context.Context) (*Resource, error) {
	return one(ctx, r.q, "read default resource", scanResource, `select `+resourceColumns+` from identity.resources r where r.is_default`)
}

// Resources lists the resources by age.
func (r Reader) Resources(ctx context.Context, p Page) ([]Resource, error) {
	return many(ctx, r.q, "list resources", scanResource, `select `+resourceColumns+` from identity.resources r order by r.created_at, r.id`+p.clause())
}

// CountResources counts what Resources lists.
func (r Reader) CountResources(ctx context.Context) (int, error) {
	return count(ctx, r.q, "count resources", `select count(*) from identity.resources`)
}

// CreateResource stores a resource. The first one that is neither seeded nor the demo's becomes a data API by
// itself: who follows the README has one API and means it. *Conflict for a taken indicator.
func (tx *Tx) CreateResource(ctx context.Context, r Resource) (*Resource, error) {
	if r.ID == "" {
		r.ID = secret.ID()
	}
	if r.AccessTokenTTL == 0 {
		r.AccessTokenTTL = 3600
	}
	// Two first resources at once: the lock lets only one of them see none before it.
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('identity.resources.first', 0))`); err != nil {
		return nil, fmt.Errorf("lock resources: %w", err)
	}
	if !r.IsDataAPI {
		others, err := count(ctx, tx.Tx, "count own resources", `select count(*) from identity.resources where id not in ($1, $2)`, ManagementAPIID, DemoResourceID)
		if err != nil {
			return nil, err
		}
		r.IsDataAPI = others == 0 || r.ID == DemoResourceID
	}
	created, err := one(ctx, tx.Tx, "create resource", scanResource, `
insert into identity.resources as r (id, name, indicator, is_default, is_data_api, access_token_ttl)
values ($1, $2, $3, $4, $5, $6) returning `+resourceColumns,
		r.ID, r.Name, r.Indicator, r.IsDefault, r.IsDataAPI, r.AccessTokenTTL)
	if err != nil {
		return nil, resourceConflict(err, r.Indicator)
	}
	tx.Changed(KindResource, r.ID)
	return created, nil
}

func resourceConflict(err error, indicator string) error {
	if constraint, ok := postgres.IsUniqueViolation(err); ok && constraint == "resources_indicator_key" {
		return &Conflict{"resource indicator", indicator}
	}
	return err
}

// ResourceChange says what to change of a resource; nil leaves a field alone. The indicator never changes.
type ResourceChange struct {
	Name           *string
	AccessTokenTTL *int
	IsDataAPI      *bool
}

// UpdateResource changes what c names. ErrNotFound.
func (tx *Tx) UpdateResource(ctx context.Context, id string, c ResourceChange) (*Resource, error) {
	r, err := one(ctx, tx.Tx, "update resource", scanResource, `
update identity.resources r
   set name = coalesce($2, r.name), access_token_ttl = coalesce($3, r.access_token_ttl), is_data_api = coalesce($4, r.is_data_api)
 where r.id = $1
returning `+resourceColumns, id, c.Name, c.AccessTokenTTL, c.IsDataAPI)
	if err != nil {
		return nil, err
	}
	tx.Changed(KindResource, id)
	return r, nil
}

// SetDefaultResource makes a resource the default one, or no longer so. At most one is. ErrNotFound.
func (tx *Tx) SetDefaultResource(ctx context.Context, id string, isDefault bool) (*Resource, error) {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('identity.resources.default', 0))`); err != nil {
		return nil, fmt.Errorf("lock resources: %w", err)
	}
	if isDefault {
		former, err := tx.link(ctx, `update identity.resources set is_default = false where is_default and id <> $1 returning id`, id)
		if err != nil {
			return nil, err
		}
		for _, f := range former {
			tx.Changed(KindResource, f)
		}
	}
	r, err := one(ctx, tx.Tx, "set default resource", scanResource, `
update identity.resources r set is_default = $2 where r.id = $1 returning `+resourceColumns, id, isDefault)
	if err != nil {
		return nil, err
	}
	tx.Changed(KindResource, id)
	return r, nil
}

// DeleteResource removes a resource with its scopes. ErrNotFound.
func (tx *Tx) DeleteResource(ctx context.Context, id string) error {
	return tx.deleted(ctx, KindResource, id, `delete from identity.resources where id = $1`, id)
}

// Scope is a permission on a resource.
type Scope struct {
	ID, ResourceID, Name string
	Description          *string
	CreatedAt            time.Time
}

// ScopeJSON is a scope as Logto's APIs show one.
type ScopeJSON struct {
	TenantID    string  `json:"tenantId"`
	ID          string  `json:"id"`
	ResourceID  string  `json:"resourceId"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	CreatedAt   int64   `json:"createdAt"`
}

// JSON returns the outward shape of s.
func (s Scope) JSON() ScopeJSON {
	return ScopeJSON{Tenant, s.ID, s.ResourceID, s.Name, s.Description, s.CreatedAt.UnixMilli()}
}

// MarshalJSON writes the outward shape.
func (s Scope) MarshalJSON() ([]byte, error) { return json.Marshal(s.JSON()) }

const scopeColumns = `s.id, s.resource_id, s.name, s.description, s.created_at`

func scanScope(row pgx.CollectableRow) (Scope, error) {
	var s Scope
	err := row.Scan(&s.ID, &s.ResourceID, &s.Name, &s.Description, &s.CreatedAt)
	return s, err
}

// Scope returns a scope of a resource, or ErrNotFound.
func (r Reader) Scope(ctx context.Context, resourceID, id string) (*Scope, error) {
	return one(ctx, r.q, "read scope", scanScope, `select `+scopeColumns+` from identity.scopes s where s.resource_id = $1 and s.id = $2`, resourceID, id)
}

// Scopes lists the scopes of a resource, the newest first as Logto lists them, with their total.
func (r Reader) Scopes(ctx context.Context, resourceID string, s Search, p Page) ([]Scope, int, error) {
	w := newWhere("s.resource_id = ?", resourceID)
	w.search(s, scopeSearchColumns)
	return r.scopes(ctx, w, "", p)
}

// RoleScopes lists the scopes of a role, the newest first, with their total.
func (r Reader) RoleScopes(ctx context.Context, roleID string, s Search, p Page) ([]Scope, int, error) {
	w := newWhere("rs.role_id = ?", roleID)
	w.search(s, scopeSearchColumns)
	return r.scopes(ctx, w, " join identity.roles_scopes rs on rs.scope_id = s.id", p)
}

func (r Reader) scopes(ctx context.Context, w *where, join string, p Page) ([]Scope, int, error) {
	from := ` from identity.scopes s` + join + ` where ` + w.sql()
	list, err := many(ctx, r.q, "list scopes", scanScope, `select `+scopeColumns+from+` order by s.created_at desc, s.id`+p.clause(), w.args...)
	if err != nil {
		return nil, 0, err
	}
	n, err := count(ctx, r.q, "count scopes", `select count(*)`+from, w.args...)
	return list, n, err
}

// ScopesOf lists the scopes of several resources at once.
func (r Reader) ScopesOf(ctx context.Context, resourceIDs []string) (map[string][]Scope, error) {
	list, err := many(ctx, r.q, "list scopes", scanScope, `
select `+scopeColumns+` from identity.scopes s where s.resource_id = any($1) order by s.created_at desc, s.id`, resourceIDs)
	if err != nil {
		return nil, err
	}
	by := make(map[string][]Scope, len(resourceIDs))
	for _, s := range list {
		by[s.ResourceID] = append(by[s.ResourceID], s)
	}
	return by, nil
}

// ScopesOfRoles lists the scopes of several roles at once, by role id.
func (r Reader) ScopesOfRoles(ctx context.Context, roleIDs []string) (map[string][]Scope, error) {
	type held struct {
		role  string
		scope Scope
	}
	list, err := many(ctx, r.q, "list scopes of roles", func(row pgx.CollectableRow) (h held, err error) {
		s := &h.scope
		err = row.Scan(&h.role, &s.ID, &s.ResourceID, &s.Name, &s.Description, &s.CreatedAt)
		return h, err
	}, `
select rs.role_id, `+scopeColumns+` from identity.scopes s join identity.roles_scopes rs on rs.scope_id = s.id
 where rs.role_id = any($1) order by s.created_at desc, s.id`, roleIDs)
	if err != nil {
		return nil, err
	}
	by := make(map[string][]Scope, len(roleIDs))
	for _, h := range list {
		by[h.role] = append(by[h.role], h.scope)
	}
	return by, nil
}

// UserScopes lists what a user's roles permit on the resource with this indicator.
func (r Reader) UserScopes(ctx context.Context, userID, indicator string) ([]Scope, error) {
	return r.heldScopes(ctx, Users, userID, indicator)
}

// ApplicationScopes lists what a machine application's roles permit on the resource with this indicator.
func (r Reader) ApplicationScopes(ctx context.Context, applicationID, indicator string) ([]Scope, error) {
	return r.heldScopes(ctx, Applications, applicationID, indicator)
}

// heldScopes counts only roles of the holder's type, whatever the link table says.
func (r Reader) heldScopes(ctx context.Context, h Holder, holderID, indicator string) ([]Scope, error) {
	return many(ctx, r.q, "list scopes of "+h.kind, scanScope, `
select distinct on (s.name) `+scopeColumns+`
  from `+h.table+` h
  join identity.roles ro on ro.id = h.role_id and ro.type = $3
  join identity.roles_scopes rs on rs.role_id = ro.id
  join identity.scopes s on s.id = rs.scope_id
  join identity.resources re on re.id = s.resource_id
 where h.`+h.column+` = $1 and re.indicator = $2
 order by s.name`, holderID, indicator, h.roleType)
}

// HasManagementScope says whether one of these scopes opens the Management API.
func (r Reader) HasManagementScope(ctx context.Context, scopeIDs []string) (bool, error) {
	n, err := count(ctx, r.q, "check scopes", `
select count(*) from identity.scopes where id = any($1) and resource_id = $2`, scopeIDs, ManagementAPIID)
	return n > 0, err
}

// CreateScope stores a scope. *Conflict for a name the resource has already; ErrNotFound without the resource.
func (tx *Tx) CreateScope(ctx context.Context, s Scope) (*Scope, error) {
	if s.ID == "" {
		s.ID = secret.ID()
	}
	created, err := one(ctx, tx.Tx, "create scope", scanScope, `
insert into identity.scopes as s (id, resource_id, name, description)
select $1, r.id, $3, nullif($4, '') from identity.resources r where r.id = $2
returning `+scopeColumns, s.ID, s.ResourceID, s.Name, deref(s.Description))
	if err != nil {
		return nil, scopeConflict(err, s.Name)
	}
	tx.Changed(KindResource, s.ResourceID)
	return created, nil
}

func scopeConflict(err error, name string) error {
	if constraint, ok := postgres.IsUniqueViolation(err); ok && constraint == "scopes_resource_id_name_key" {
		return &Conflict{"scope name", name}
	}
	return err
}

// UpdateScope changes name and description; nil leaves one alone. ErrNotFound, or *Conflict.
func (tx *Tx) UpdateScope(ctx context.Context, resourceID, id string, name, description *string) (*Scope, error) {
	s, err := one(ctx, tx.Tx, "update scope", scanScope, `
update identity.scopes s
   set name = coalesce($3, s.name), description = case when $4::text is null then s.description else nullif($4, '') end
 where s.resource_id = $1 and s.id = $2
returning `+scopeColumns, resourceID, id, name, description)
	if err != nil {
		return nil, scopeConflict(err, deref(name))
	}
	tx.Changed(KindResource, resourceID)
	return s, nil
}

// DeleteScope removes a scope from its resource and from every role. ErrNotFound.
func (tx *Tx) DeleteScope(ctx context.Context, resourceID, id string) error {
	return tx.deleted(ctx, KindResource, resourceID, `delete from identity.scopes where resource_id = $1 and id = $2`, resourceID, id)
}
