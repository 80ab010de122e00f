package directory

import (
	"context"
	"encoding/json"
	"fmt"
)

// Seed puts in place what every start relies on: the Management API resource with its scope and roles, the roles
// named as default (missing ones are made, type User) and the settings' first values. Whatever is there stays as
// it is; several processes may seed at once.
func (d *Directory) Seed(ctx context.Context) error {
	return d.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('identity.seed', 0))`); err != nil {
			return fmt.Errorf("lock seed: %w", err)
		}
		if err := tx.seedManagementAPI(ctx); err != nil {
			return fmt.Errorf("seed management API: %w", err)
		}
		for _, name := range d.DefaultRoleNames {
			if _, err := tx.ensureRole(ctx, name, defaultRoleDescription, RoleTypeUser); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `insert into identity.sign_in_experience (id) values ('default') on conflict do nothing`); err != nil {
			return fmt.Errorf("seed sign-in experience: %w", err)
		}
		idToken := json.RawMessage(`{"enabledExtendedClaims":["roles","organizations","organization_roles"]}`)
		_, err := tx.initConfig(ctx, ConfigIDToken, idToken)
		return err
	})
}

func (tx *Tx) seedManagementAPI(ctx context.Context) error {
	_, err := tx.Exec(ctx, `
insert into identity.resources (id, name, indicator) values ($1, $2, $3) on conflict do nothing`,
		ManagementAPIID, ManagementAPIName, ManagementAPI)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
insert into identity.scopes (id, resource_id, name, description) values ($1, $2, $3, $4) on conflict do nothing`,
		ManagementScopeID, ManagementAPIID, ManagementScope, managementScopeWords)
	if err != nil {
		return err
	}
	for _, role := range []struct{ name, description string }{
		{RoleInternalAdmin, "Internal admin role for the Management API."},
		{RoleManagementAccess, managementAccessDescription},
	} {
		exists, err := count(ctx, tx.Tx, "check role", `select count(*) from identity.roles where name = $1`, role.name)
		if err != nil {
			return err
		}
		if exists > 0 {
			continue // its scopes may have been changed on purpose
		}
		r, err := tx.ensureRole(ctx, role.name, role.description, RoleTypeMachineToMachine)
		if err != nil {
			return err
		}
		if _, err := tx.AddRoleScopes(ctx, r.ID, []string{ManagementScopeID}); err != nil {
			return err
		}
	}
	return nil
}
