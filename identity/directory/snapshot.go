package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// snapshots say what of an entity is on record when it is changed: its settings, and what it holds; not who holds it,
// which has no bound.
var snapshots = map[string]string{
	KindUser: `
select jsonb_build_object(
           'username', u.username, 'primaryEmail', u.primary_email, 'primaryPhone', u.primary_phone, 'name', u.name, 'avatar', u.avatar,
           'profile', u.profile, 'customData', u.custom_data, 'identities', u.identities, 'isSuspended', u.is_suspended, 'password', u.password_digest,
           'roles', array(select r.name from identity.users_roles h join identity.roles r on r.id = h.role_id where h.user_id = u.id order by r.name),
           'consoleRole', (select m.role from identity.console_members m where m.user_id = u.id))
  from identity.users u where u.id = $1`,
	KindApplication: `
select jsonb_build_object(
           'name', a.name, 'description', a.description, 'type', a.type, 'oidcClientMetadata', a.oidc_client_metadata,
           'customClientMetadata', a.custom_client_metadata, 'customData', a.custom_data, 'isThirdParty', a.is_third_party,
           'appLevelAccessControlEnabled', a.app_level_access_control_enabled,
           'roles', array(select r.name from identity.applications_roles h join identity.roles r on r.id = h.role_id where h.application_id = a.id order by r.name),
           'secrets', (select coalesce(jsonb_object_agg(s.name, s.value), '{}') from identity.application_secrets s where s.application_id = a.id))
  from identity.applications a where a.id = $1`,
	KindRole: `
select jsonb_build_object(
           'name', r.name, 'description', r.description, 'type', r.type, 'isDefault', r.is_default,
           'scopes', array(select x.indicator || ' ' || s.name
                             from identity.roles_scopes h join identity.scopes s on s.id = h.scope_id join identity.resources x on x.id = s.resource_id
                            where h.role_id = r.id order by 1))
  from identity.roles r where r.id = $1`,
	KindResource: `
select jsonb_build_object('name', x.name, 'indicator', x.indicator, 'isDefault', x.is_default, 'isDataApi', x.is_data_api, 'accessTokenTtl', x.access_token_ttl)
  from identity.resources x where x.id = $1`,
	KindScope: `
select jsonb_build_object('resource', x.indicator, 'name', s.name, 'description', s.description)
  from identity.scopes s join identity.resources x on x.id = s.resource_id where s.id = $1`,
	KindConfig:           `select jsonb_build_object('value', c.value) from identity.configs c where c.key = $1`,
	KindSignInExperience: `select e.data from identity.sign_in_experience e where e.id = $1`,
}

// Snapshot is an entity as the audit log compares it before and after a change, secrets included; nil for one that is not
// there, or of a kind that has none.
func (r Reader) Snapshot(ctx context.Context, kind, id string) (map[string]json.RawMessage, error) {
	sql, ok := snapshots[kind]
	if !ok || id == "" {
		return nil, nil //nolint:nilnil // there is nothing to compare
	}
	var s map[string]json.RawMessage
	err := r.q.QueryRow(ctx, sql, id).Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil {
		return nil, fmt.Errorf("read %s for the audit log: %w", kind, err)
	}
	return s, nil
}

// ManagementApplications are the applications that may use the Management API.
func (r Reader) ManagementApplications(ctx context.Context) ([]string, error) {
	return many(ctx, r.q, "list applications with the Management API", pgx.RowTo[string], `
select distinct ar.application_id
  from identity.applications_roles ar join identity.roles_scopes rs on rs.role_id = ar.role_id join identity.scopes s on s.id = rs.scope_id
 where s.resource_id = $1`, ManagementAPIID)
}
