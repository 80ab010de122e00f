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

// Types of applications.
const (
	AppNative           = "Native"
	AppSPA              = "SPA"
	AppTraditional      = "Traditional"
	AppMachineToMachine = "MachineToMachine"
	AppProtected        = "Protected"
	AppSAML             = "SAML"
)

// HasSecrets says whether applications of this type authenticate with secrets.
func HasSecrets(typ string) bool {
	return typ == AppTraditional || typ == AppMachineToMachine || typ == AppProtected
}

// Application is an OAuth client.
type Application struct {
	ID, Name, Type              string
	Description                 *string
	OIDCClientMetadata          OIDCClientMetadata
	CustomClientMetadata        CustomClientMetadata
	CustomData                  json.RawMessage // object
	IsThirdParty                bool
	AppLevelAccessControlEnable bool
	CreatedAt                   time.Time
}

// OIDCClientMetadata is the standard part of a client's settings.
type OIDCClientMetadata struct {
	RedirectURIs                     []string `json:"redirectUris"`
	PostLogoutRedirectURIs           []string `json:"postLogoutRedirectUris"`
	BackchannelLogoutURI             *string  `json:"backchannelLogoutUri,omitempty"`
	BackchannelLogoutSessionRequired *bool    `json:"backchannelLogoutSessionRequired,omitempty"`
	LogoURI                          *string  `json:"logoUri,omitempty"`
}

// CustomClientMetadata is Logto's part of a client's settings; nil means the product's default.
type CustomClientMetadata struct {
	CORSAllowedOrigins      []string `json:"corsAllowedOrigins,omitempty"`
	IDTokenTTL              *int     `json:"idTokenTtl,omitempty"`      // seconds
	RefreshTokenTTL         *int     `json:"refreshTokenTtl,omitempty"` // seconds, deprecated
	RefreshTokenTTLInDays   *int     `json:"refreshTokenTtlInDays,omitempty"`
	TenantID                *string  `json:"tenantId,omitempty"`
	AlwaysIssueRefreshToken *bool    `json:"alwaysIssueRefreshToken,omitempty"`
	RotateRefreshToken      *bool    `json:"rotateRefreshToken,omitempty"`
	AllowTokenExchange      *bool    `json:"allowTokenExchange,omitempty"`
	IsDeviceFlow            *bool    `json:"isDeviceFlow,omitempty"`
	MaxAllowedGrants        *int     `json:"maxAllowedGrants,omitempty"`
}

// ApplicationJSON is an application as Logto's APIs show one; secrets are apart.
type ApplicationJSON struct {
	TenantID                    string               `json:"tenantId"`
	ID                          string               `json:"id"`
	Name                        string               `json:"name"`
	Description                 *string              `json:"description"`
	Type                        string               `json:"type"`
	OIDCClientMetadata          OIDCClientMetadata   `json:"oidcClientMetadata"`
	CustomClientMetadata        CustomClientMetadata `json:"customClientMetadata"`
	ProtectedAppMetadata        *struct{}            `json:"protectedAppMetadata"`
	CustomData                  json.RawMessage      `json:"customData"`
	IsThirdParty                bool                 `json:"isThirdParty"`
	AppLevelAccessControlEnable bool                 `json:"appLevelAccessControlEnabled"`
	CreatedAt                   int64                `json:"createdAt"`
}

// JSON returns the outward shape of a.
func (a *Application) JSON() ApplicationJSON {
	return ApplicationJSON{
		TenantID: Tenant, ID: a.ID, Name: a.Name, Description: a.Description, Type: a.Type,
		OIDCClientMetadata: a.OIDCClientMetadata, CustomClientMetadata: a.CustomClientMetadata,
		CustomData: a.CustomData, IsThirdParty: a.IsThirdParty,
		AppLevelAccessControlEnable: a.AppLevelAccessControlEnable, CreatedAt: a.CreatedAt.UnixMilli(),
	}
}

// MarshalJSON writes the outward shape.
func (a Application) MarshalJSON() ([]byte, error) { return json.Marshal(a.JSON()) }

const applicationColumns = `a.id, a.name, a.type, a.description, a.oidc_client_metadata, a.custom_client_metadata,
       a.custom_data, a.is_third_party, a.app_level_access_control_enabled, a.created_at`

func scanApplication(row pgx.CollectableRow) (Application, error) {
	var a Application
	err := row.Scan(&a.ID, &a.Name, &a.Type, &a.Description, &a.OIDCClientMetadata, &a.CustomClientMetadata,
		&a.CustomData, &a.IsThirdParty, &a.AppLevelAccessControlEnable, &a.CreatedAt)
	a.OIDCClientMetadata.normalise()
	return a, err
}

// normalise makes the two lists encode as [] when empty.
func (m *OIDCClientMetadata) normalise() {
	if m.RedirectURIs == nil {
		m.RedirectURIs = []string{}
	}
	if m.PostLogoutRedirectURIs == nil {
		m.PostLogoutRedirectURIs = []string{}
	}
}

// Application returns the application with this id, or ErrNotFound.
func (r Reader) Application(ctx context.Context, id string) (*Application, error) {
	return one(ctx, r.q, "read application", scanApplication, `select `+applicationColumns+` from identity.applications a where a.id = $1`, id)
}

// ApplicationFilter narrows Applications.
type ApplicationFilter struct {
	Search        Search
	Types         []string
	IsThirdParty  *bool
	ExcludeRoleID string // leave out the applications that hold this role
}

func (f ApplicationFilter) where() *where {
	w := newWhere("true")
	if len(f.Types) > 0 {
		w.and("a.type = any(?)", f.Types)
	}
	if f.IsThirdParty != nil {
		w.and("a.is_third_party = ?", *f.IsThirdParty)
	}
	if f.ExcludeRoleID != "" {
		w.and("not exists (select from identity.applications_roles ar where ar.application_id = a.id and ar.role_id = ?)", f.ExcludeRoleID)
	}
	w.search(f.Search, applicationSearchColumns)
	return w
}

// Applications lists applications, the newest first.
func (r Reader) Applications(ctx context.Context, f ApplicationFilter, p Page) ([]Application, error) {
	w := f.where()
	return many(ctx, r.q, "list applications", scanApplication, `select `+applicationColumns+
		` from identity.applications a where `+w.sql()+` order by a.created_at desc, a.id`+p.clause(), w.args...)
}

// CountApplications counts what Applications lists.
func (r Reader) CountApplications(ctx context.Context, f ApplicationFilter) (int, error) {
	w := f.where()
	return count(ctx, r.q, "count applications", `select count(*) from identity.applications a where `+w.sql(), w.args...)
}

// DefaultSecretName is the name of the secret an application is created with.
const DefaultSecretName = "Default secret"

// CreateApplication stores an application, with a first secret when its type has secrets and with the default
// machine roles when it is a machine.
func (tx *Tx) CreateApplication(ctx context.Context, a Application) (*Application, error) {
	if a.ID == "" {
		a.ID = secret.ID()
	}
	a.OIDCClientMetadata.normalise()
	created, err := one(ctx, tx.Tx, "create application", scanApplication, `
insert into identity.applications as a (id, name, type, description, oidc_client_metadata, custom_client_metadata, custom_data, is_third_party)
values ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8) returning `+applicationColumns,
		a.ID, a.Name, a.Type, deref(a.Description), a.OIDCClientMetadata, a.CustomClientMetadata, object(a.CustomData), a.IsThirdParty)
	if err != nil {
		return nil, err
	}
	if HasSecrets(a.Type) {
		if _, err := tx.CreateApplicationSecret(ctx, a.ID, DefaultSecretName, nil); err != nil {
			return nil, err
		}
	}
	if a.Type == AppMachineToMachine {
		_, err := tx.Exec(ctx, `
insert into identity.applications_roles (application_id, role_id)
select $1, r.id from identity.roles r where r.type = 'MachineToMachine' and r.is_default and r.name not like '#internal:%'`, a.ID)
		if err != nil {
			return nil, fmt.Errorf("give default roles: %w", err)
		}
	}
	tx.Changed(KindApplication, a.ID)
	return created, nil
}

// ApplicationChange says what to change of an application; nil leaves a field alone. The type never changes.
type ApplicationChange struct {
	Name, Description           *string         // "" clears the description
	OIDCClientMetadata          json.RawMessage // merges its top-level keys, as do the next two
	CustomClientMetadata        json.RawMessage
	CustomData                  json.RawMessage
	AppLevelAccessControlEnable *bool
}

// UpdateApplication changes what c names. ErrNotFound.
func (tx *Tx) UpdateApplication(ctx context.Context, id string, c ApplicationChange) (*Application, error) {
	var set []string
	args := []any{id}
	put := func(assignment string, v any) {
		args = append(args, v)
		set = append(set, strings.ReplaceAll(assignment, "?", fmt.Sprintf("$%d", len(args))))
	}
	if c.Name != nil {
		put("name = ?", *c.Name)
	}
	if c.Description != nil {
		put("description = nullif(?, '')", *c.Description)
	}
	if c.OIDCClientMetadata != nil {
		put("oidc_client_metadata = oidc_client_metadata || ?::jsonb", c.OIDCClientMetadata)
	}
	if c.CustomClientMetadata != nil {
		put("custom_client_metadata = custom_client_metadata || ?::jsonb", c.CustomClientMetadata)
	}
	if c.CustomData != nil {
		put("custom_data = custom_data || ?::jsonb", c.CustomData)
	}
	if c.AppLevelAccessControlEnable != nil {
		put("app_level_access_control_enabled = ?", *c.AppLevelAccessControlEnable)
	}
	if len(set) == 0 {
		return tx.Application(ctx, id)
	}
	a, err := one(ctx, tx.Tx, "update application", scanApplication,
		`update identity.applications a set `+strings.Join(set, ", ")+` where a.id = $1 returning `+applicationColumns, args...)
	if err != nil {
		return nil, err
	}
	tx.Changed(KindApplication, id)
	return a, nil
}

// DeleteApplication removes an application with its secrets and roles. ErrNotFound.
func (tx *Tx) DeleteApplication(ctx context.Context, id string) error {
	return tx.deleted(ctx, KindApplication, id, `delete from identity.applications where id = $1`, id)
}

// ApplicationSecret is one of the secrets an application may authenticate with.
type ApplicationSecret struct {
	ApplicationID, Name, Value string
	CreatedAt                  time.Time
	ExpiresAt                  *time.Time // nil: never
}

// Expired says whether the secret is of no use at now.
func (s ApplicationSecret) Expired(now time.Time) bool {
	return s.ExpiresAt != nil && !s.ExpiresAt.After(now)
}

// ApplicationSecretJSON is a secret as Logto's Management API shows one, its value included.
type ApplicationSecretJSON struct {
	TenantID      string `json:"tenantId"`
	ApplicationID string `json:"applicationId"`
	Name          string `json:"name"`
	Value         string `json:"value"`
	CreatedAt     int64  `json:"createdAt"`
	ExpiresAt     *int64 `json:"expiresAt"`
}

// JSON returns the outward shape of s.
func (s ApplicationSecret) JSON() ApplicationSecretJSON {
	return ApplicationSecretJSON{Tenant, s.ApplicationID, s.Name, s.Value, s.CreatedAt.UnixMilli(), millisOrNil(s.ExpiresAt)}
}

const secretColumns = `s.application_id, s.name, s.value, s.created_at, s.expires_at`

func scanSecret(row pgx.CollectableRow) (ApplicationSecret, error) {
	var s ApplicationSecret
	err := row.Scan(&s.ApplicationID, &s.Name, &s.Value, &s.CreatedAt, &s.ExpiresAt)
	return s, err
}

// ApplicationSecrets lists an application's secrets by age, the expired ones included.
func (r Reader) ApplicationSecrets(ctx context.Context, applicationID string) ([]ApplicationSecret, error) {
	return many(ctx, r.q, "list secrets", scanSecret, `
select `+secretColumns+` from identity.application_secrets s where s.application_id = $1 order by s.created_at, s.name`, applicationID)
}

// CreateApplicationSecret makes a new secret. *Conflict for a taken name.
func (tx *Tx) CreateApplicationSecret(ctx context.Context, applicationID, name string, expiresAt *time.Time) (*ApplicationSecret, error) {
	s, err := one(ctx, tx.Tx, "create secret", scanSecret, `
insert into identity.application_secrets as s (application_id, name, value, expires_at) values ($1, $2, $3, $4)
returning `+secretColumns, applicationID, name, secret.Token(32), expiresAt)
	if err != nil {
		return nil, secretConflict(err, name)
	}
	tx.Changed(KindApplication, applicationID)
	return s, nil
}

func secretConflict(err error, name string) error {
	if constraint, ok := postgres.IsUniqueViolation(err); ok && constraint == "application_secrets_pkey" {
		return &Conflict{"secret name", name}
	}
	return err
}

// RenameApplicationSecret gives a secret another name. ErrNotFound, or *Conflict.
func (tx *Tx) RenameApplicationSecret(ctx context.Context, applicationID, name, newName string) (*ApplicationSecret, error) {
	s, err := one(ctx, tx.Tx, "rename secret", scanSecret, `
update identity.application_secrets s set name = $3 where s.application_id = $1 and s.name = $2
returning `+secretColumns, applicationID, name, newName)
	if err != nil {
		return nil, secretConflict(err, newName)
	}
	tx.Changed(KindApplication, applicationID)
	return s, nil
}

// DeleteApplicationSecret removes a secret. ErrNotFound.
func (tx *Tx) DeleteApplicationSecret(ctx context.Context, applicationID, name string) error {
	return tx.deleted(ctx, KindApplication, applicationID, `
delete from identity.application_secrets where application_id = $1 and name = $2`, applicationID, name)
}

// SetInternalAdmin switches the hidden role that opens the Management API for a machine application.
func (tx *Tx) SetInternalAdmin(ctx context.Context, applicationID string, on bool) error {
	sql := `
delete from identity.applications_roles ar using identity.roles r
 where ar.application_id = $1 and ar.role_id = r.id and r.name = $2`
	if on {
		sql = `
insert into identity.applications_roles (application_id, role_id)
select $1, r.id from identity.roles r where r.name = $2 on conflict do nothing`
	}
	if _, err := tx.Exec(ctx, sql, applicationID, RoleInternalAdmin); err != nil {
		return fmt.Errorf("set admin access: %w", err)
	}
	tx.Changed(KindApplication, applicationID)
	return nil
}
