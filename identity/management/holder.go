package management

import (
	"net/http"

	"gatehouse/identity/directory"
)

// roleIDs of a request that gives roles.
type roleIDs struct {
	RoleIDs   []string `json:"roleIds"`
	RoleNames []string `json:"roleNames"`
}

var roleIDsSchema = object(
	field{"roleIds", optional(list(text(minLength(1))))},
	field{"roleNames", optional(list(text(minLength(1))))},
)

// onlyRoleIDs is what is required when no names are given.
var onlyRoleIDsSchema = object(field{"roleIds", list(text(minLength(1)))})

// roleHolder serves …/roles of users or of machine applications.
type roleHolder struct {
	directory.Holder
	param string
	kind  string
	// exists checks the holder of the path and that it may hold roles.
	exists func(c *call) error
	// takesNames: roles may be named instead (users only).
	takesNames bool
	// answersPUT: PUT answers with the ids instead of a bare OK.
	answersPUT bool
}

func (h *Handler) userRoleRoutes() map[string]map[string]endpoint {
	return roleHolder{
		Holder: directory.Users, param: "userId", kind: directory.KindUser, takesNames: true, answersPUT: true,
		exists: func(c *call) error {
			_, err := c.user()
			return err
		},
	}.routes("/api/users/{userId}/roles")
}

func (rh roleHolder) routes(path string) map[string]map[string]endpoint {
	return map[string]map[string]endpoint{
		path:               {http.MethodGet: rh.list, http.MethodPost: rh.add, http.MethodPut: rh.replace},
		path + "/{roleId}": {http.MethodDelete: rh.remove},
	}
}

func (rh roleHolder) list(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	if err := rh.exists(c); err != nil {
		return err
	}
	search, err := c.search(directory.RoleSearchFields)
	if err != nil {
		return err
	}
	roles, total, err := c.h.Directory.SearchHolderRoles(c.ctx(), rh.Holder, c.path(rh.param), search, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, roleViews(roles))
}

func roleViews(roles []directory.Role) []directory.RoleJSON {
	views := make([]directory.RoleJSON, len(roles))
	for i, r := range roles {
		views[i] = r.JSON()
	}
	return views
}

// ids reads the roles of a request. Unknown names are the 404 of unknown ids.
func (rh roleHolder) ids(c *call) ([]string, error) {
	v, err := c.json()
	if err != nil {
		return nil, err
	}
	s := onlyRoleIDsSchema
	if m, ok := v.(map[string]any); ok && rh.takesNames && m["roleNames"] != nil {
		s = roleIDsSchema
	}
	var in roleIDs
	if err := decode("body", s, v, &in); err != nil {
		return nil, err
	}
	if err := rh.exists(c); err != nil {
		return nil, err
	}
	ids := append([]string{}, in.RoleIDs...)
	for _, name := range in.RoleNames {
		role, err := c.h.Directory.RoleByName(c.ctx(), name)
		if err != nil {
			return nil, orNotExists(err, "roles", name)
		}
		ids = append(ids, role.ID)
	}
	return ids, nil
}

func (rh roleHolder) add(c *call) error {
	ids, err := rh.ids(c)
	if err != nil {
		return err
	}
	id := c.path(rh.param)
	var added []string
	err = c.change("Roles.Added", rh.kind, &id, func(tx *directory.Tx) (err error) {
		added, err = tx.GiveRoles(c.ctx(), rh.Holder, id, ids)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		RoleIDs      []string `json:"roleIds"`
		AddedRoleIDs []string `json:"addedRoleIds"`
	}{ids, added})
}

func (rh roleHolder) replace(c *call) error {
	ids, err := rh.ids(c)
	if err != nil {
		return err
	}
	id := c.path(rh.param)
	err = c.change("Roles.Replaced", rh.kind, &id, func(tx *directory.Tx) error {
		return tx.ReplaceRoles(c.ctx(), rh.Holder, id, ids)
	})
	if err != nil {
		return err
	}
	if !rh.answersPUT {
		writeText(c.w, http.StatusOK, "OK")
		return nil
	}
	return c.ok(struct {
		RoleIDs []string `json:"roleIds"`
	}{ids})
}

func (rh roleHolder) remove(c *call) error {
	if err := rh.exists(c); err != nil {
		return err
	}
	id, roleID := c.path(rh.param), c.path("roleId")
	err := c.change("Roles.Removed", rh.kind, &id, func(tx *directory.Tx) error {
		return tx.TakeRole(c.ctx(), rh.Holder, id, roleID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
