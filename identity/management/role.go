package management

import (
	"errors"
	"net/http"

	"gatehouse/identity/directory"
)

// roleView is a role with a summary of who holds it.
type roleView struct {
	directory.RoleJSON
	directory.RoleSummary
}

var newRoleSchema = object(
	field{"name", text(minLength(1), maxLength(128))},
	field{"description", text(minLength(1), maxLength(128))},
	field{"type", optional(enum(directory.RoleTypeUser, directory.RoleTypeMachineToMachine))},
	field{"isDefault", optional(boolean())},
	field{"scopeIds", optional(list(text(minLength(1))))},
)

var roleChangeSchema = object(partial(
	field{"name", text(minLength(1), maxLength(128))},
	field{"description", text(minLength(1), maxLength(128))},
	field{"isDefault", boolean()},
)...)

func (h *Handler) roleRoutes() map[string]map[string]endpoint {
	users := roleMembers{
		Holder: directory.Users, kind: directory.KindUser, key: "userIds", exists: "role.user_exists",
		existsText: func(id string) string { return "The user id " + id + " is already been added to this role" },
	}
	applications := roleMembers{
		Holder: directory.Applications, kind: directory.KindApplication, key: "applicationIds", exists: "role.application_exists",
		existsText: func(id string) string { return "The application id " + id + " is already been added to this role" },
	}
	return map[string]map[string]endpoint{
		"/api/roles":                              {http.MethodGet: listRoles, http.MethodPost: createRole},
		"/api/roles/{id}":                         {http.MethodGet: getRole, http.MethodPatch: updateRole, http.MethodDelete: deleteRole},
		"/api/roles/{id}/scopes":                  {http.MethodGet: listRoleScopes, http.MethodPost: addRoleScopes},
		"/api/roles/{id}/scopes/{scopeId}":        {http.MethodDelete: removeRoleScope},
		"/api/roles/{id}/users":                   {http.MethodGet: listRoleUsers, http.MethodPost: users.add},
		"/api/roles/{id}/users/{memberId}":        {http.MethodDelete: users.remove},
		"/api/roles/{id}/applications":            {http.MethodGet: listRoleApplications, http.MethodPost: applications.add},
		"/api/roles/{id}/applications/{memberId}": {http.MethodDelete: applications.remove},
	}
}

func listRoles(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	var in struct{ Type, ExcludeUserID, ExcludeApplicationID, ScopeID string }
	err = c.query(object(partial(
		field{"excludeUserId", text()}, field{"excludeApplicationId", text()},
		field{"type", enum(directory.RoleTypeUser, directory.RoleTypeMachineToMachine)},
		field{"scopeId", text()}, // Gatehouse's own
	)...), &in)
	if err != nil {
		return err
	}
	search, err := c.search(directory.RoleSearchFields)
	if err != nil {
		return err
	}
	if in.ExcludeUserID != "" { // what is left out tells what the user holds
		if err := c.require(directory.ConsoleUsersRead); err != nil {
			return err
		}
	}
	filter := directory.RoleFilter{Search: search, Type: in.Type, ExcludeUser: in.ExcludeUserID, ExcludeApp: in.ExcludeApplicationID, ScopeID: in.ScopeID}
	total, err := c.h.Directory.CountRoles(c.ctx(), filter)
	if err != nil {
		return err
	}
	roles, err := c.h.Directory.Roles(c.ctx(), filter, p.window())
	if err != nil {
		return err
	}
	ids := make([]string, len(roles))
	for i, r := range roles {
		ids[i] = r.ID
	}
	summaries, err := c.h.Directory.RoleSummaries(c.ctx(), ids)
	if err != nil {
		return err
	}
	views := make([]roleView, len(roles))
	for i, r := range roles {
		summary := summaries[r.ID]
		if !c.may(directory.ConsoleUsersRead) {
			summary.FeaturedUsers = []directory.FeaturedUser{}
		}
		views[i] = roleView{r.JSON(), summary}
	}
	return c.paged(p, total, views)
}

func createRole(c *call) error {
	var in struct {
		Name, Description, Type string
		IsDefault               bool
		ScopeIDs                []string
	}
	if err := c.body(newRoleSchema, &in); err != nil {
		return err
	}
	if in.Type == "" {
		in.Type = directory.RoleTypeUser
	}
	if directory.IsInternalRoleName(in.Name) {
		return internalRole()
	}
	var id string
	var role *directory.Role
	err := c.change("Role.Created", directory.KindRole, &id, func(tx *directory.Tx) (err error) {
		if err := checkRoleScopes(c, tx, in.Type, in.ScopeIDs); err != nil {
			return err
		}
		role, err = tx.CreateRole(c.ctx(), directory.Role{
			Name: in.Name, Description: in.Description, Type: in.Type, IsDefault: in.IsDefault,
		}, in.ScopeIDs)
		if err == nil {
			id = role.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(role.JSON())
}

// checkRoleScopes keeps the Management API out of reach of users' roles: people get it by console membership.
func checkRoleScopes(c *call, tx *directory.Tx, roleType string, scopeIDs []string) error {
	if roleType != directory.RoleTypeUser || len(scopeIDs) == 0 {
		return nil
	}
	management, err := tx.HasManagementScope(c.ctx(), scopeIDs)
	if err != nil {
		return err
	}
	if management {
		return badRequest("role.management_api_scopes_not_assignable_to_user_role", "Cannot assign management API scopes to a user role.")
	}
	return nil
}

// role returns the role of the path, or Logto's 404.
func (c *call) role() (*directory.Role, error) {
	id := c.path("id")
	r, err := c.h.Directory.Role(c.ctx(), id)
	return r, orNotExists(err, "roles", id)
}

// ownRole is role for changes: internal roles may not be changed.
func (c *call) ownRole() (*directory.Role, error) {
	r, err := c.role()
	if err == nil && directory.IsInternalRoleName(r.Name) {
		return nil, internalRole()
	}
	return r, err
}

func getRole(c *call) error {
	r, err := c.role()
	if err != nil {
		return err
	}
	return c.ok(r.JSON())
}

func updateRole(c *call) error {
	var in struct {
		Name, Description *string
		IsDefault         *bool
	}
	if err := c.body(roleChangeSchema, &in); err != nil {
		return err
	}
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	if in.Name != nil && directory.IsInternalRoleName(*in.Name) {
		return internalRole()
	}
	err = c.change("Role.Data.Updated", directory.KindRole, &r.ID, func(tx *directory.Tx) (err error) {
		r, err = tx.UpdateRole(c.ctx(), r.ID, directory.RoleChange(in))
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(r.JSON())
}

func deleteRole(c *call) error {
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	err = c.change("Role.Deleted", directory.KindRole, &r.ID, func(tx *directory.Tx) error {
		return tx.DeleteRole(c.ctx(), r.ID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// roleScopeView is a scope with the resource it belongs to.
type roleScopeView struct {
	directory.ScopeJSON
	Resource directory.ResourceJSON `json:"resource"`
}

func listRoleScopes(c *call) error {
	p, err := c.page(true)
	if err != nil {
		return err
	}
	search, err := c.search(directory.ScopeSearchFields)
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	scopes, total, err := c.h.Directory.RoleScopes(c.ctx(), r.ID, search, p.window())
	if err != nil {
		return err
	}
	resources, err := c.h.Directory.Resources(c.ctx(), directory.Page{})
	if err != nil {
		return err
	}
	by := make(map[string]directory.ResourceJSON, len(resources))
	for i := range resources {
		by[resources[i].ID] = resources[i].JSON()
	}
	views := make([]roleScopeView, len(scopes))
	for i, s := range scopes {
		views[i] = roleScopeView{s.JSON(), by[s.ResourceID]}
	}
	return c.paged(p, total, views)
}

func addRoleScopes(c *call) error {
	var in struct{ ScopeIDs []string }
	if err := c.body(object(field{"scopeIds", someOf(text(minLength(1)))}), &in); err != nil {
		return err
	}
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	var scopes []directory.Scope
	err = c.change("Role.Scopes.Updated", directory.KindRole, &r.ID, func(tx *directory.Tx) error {
		if err := checkRoleScopes(c, tx, r.Type, in.ScopeIDs); err != nil {
			return err
		}
		added, err := tx.AddRoleScopes(c.ctx(), r.ID, in.ScopeIDs)
		if err != nil {
			return err
		}
		if id, had := firstMissing(in.ScopeIDs, added); had {
			return unprocessable("role.scope_exists", "The scope id "+id+" has already been added to this role")
		}
		scopes, _, err = tx.RoleScopes(c.ctx(), r.ID, directory.Search{}, directory.Page{})
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, scopeViews(scopes))
}

// firstMissing is the first of ids that is not in added.
func firstMissing(ids, added []string) (string, bool) {
	is := make(map[string]bool, len(added))
	for _, id := range added {
		is[id] = true
	}
	for _, id := range ids {
		if !is[id] {
			return id, true
		}
	}
	return "", false
}

func removeRoleScope(c *call) error {
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	err = c.change("Role.Scopes.Updated", directory.KindRole, &r.ID, func(tx *directory.Tx) error {
		return tx.TakeRoleScope(c.ctx(), r.ID, c.path("scopeId"))
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func listRoleUsers(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	search, err := c.search(directory.UserSearchFields)
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	users, total, err := c.h.Directory.RoleUsers(c.ctx(), r.ID, search, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, userViews(users))
}

func listRoleApplications(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	search, err := c.search(directory.ApplicationSearchFields)
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	apps, total, err := c.h.Directory.RoleApplications(c.ctx(), r.ID, search, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, applicationViews(apps))
}

// roleMembers gives a role to, and takes it from, users or applications.
type roleMembers struct {
	directory.Holder
	kind, key, exists string
	existsText        func(id string) string
}

func (m roleMembers) add(c *call) error {
	var in map[string][]string
	if err := c.body(object(field{m.key, someOf(text(minLength(1)))}), &in); err != nil {
		return err
	}
	ids := in[m.key]
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	c.note(m.key, ids)
	err = c.change("Role.Members.Added", directory.KindRole, &r.ID, func(tx *directory.Tx) error {
		if m.kind == directory.KindApplication {
			if err := onlyMachines(c, tx, ids); err != nil {
				return err
			}
		}
		added, err := tx.GiveRoleTo(c.ctx(), m.Holder, r.ID, ids)
		if err != nil {
			return err
		}
		if id, had := firstMissing(ids, added); had {
			return unprocessable(m.exists, m.existsText(id))
		}
		return nil
	})
	var mismatch *directory.RoleTypeMismatch
	if errors.As(err, &mismatch) && m.kind == directory.KindApplication {
		return unprocessable("application.invalid_role_type", "Can not assign user type role to machine to machine application.")
	}
	if err != nil {
		return err
	}
	writeText(c.w, http.StatusCreated, "Created")
	return nil
}

func onlyMachines(c *call, tx *directory.Tx, ids []string) error {
	for _, id := range ids {
		app, err := tx.Application(c.ctx(), id)
		if err != nil {
			return orNotExists(err, "applications", id)
		}
		if app.Type != directory.AppMachineToMachine {
			return notMachine()
		}
	}
	return nil
}

func (m roleMembers) remove(c *call) error {
	r, err := c.ownRole()
	if err != nil {
		return err
	}
	c.note(m.key, []string{c.path("memberId")})
	err = c.change("Role.Members.Removed", directory.KindRole, &r.ID, func(tx *directory.Tx) error {
		return tx.TakeRole(c.ctx(), m.Holder, c.path("memberId"), r.ID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
