package management

import (
	"net/http"
	"regexp"
	"strings"

	"gatehouse/identity/directory"
)

// resourceView is a resource with Gatehouse's own field. Scopes are shown where Logto shows them.
type resourceView struct {
	directory.ResourceJSON
	IsDataAPI bool                  `json:"isDataApi"`
	Scopes    []directory.ScopeJSON `json:"scopes,omitzero"`
}

func viewResource(r *directory.Resource) resourceView {
	return resourceView{ResourceJSON: r.JSON(), IsDataAPI: r.IsDataAPI}
}

const maxTTL = 10 * 365 * 24 * 3600 // seconds; ten years stand for "no limit"

var newResourceSchema = object(
	field{"name", text(minLength(1), maxLength(256))},
	field{"indicator", text(minLength(1), maxLength(2048))},
	field{"accessTokenTtl", optional(integer(1, maxTTL))},
	field{"isDataApi", optional(boolean())},
)

var resourceChangeSchema = object(partial(
	field{"name", text(minLength(1), maxLength(256))},
	field{"accessTokenTtl", integer(1, maxTTL)},
	field{"isDataApi", boolean()},
)...)

func (h *Handler) resourceRoutes() map[string]map[string]endpoint {
	return map[string]map[string]endpoint{
		"/api/resources":                       {http.MethodGet: listResources, http.MethodPost: createResource},
		"/api/resources/{id}":                  {http.MethodGet: getResource, http.MethodPatch: updateResource, http.MethodDelete: deleteResource},
		"/api/resources/{id}/is-default":       {http.MethodPatch: setDefaultResource},
		"/api/resources/{id}/scopes":           {http.MethodGet: listScopes, http.MethodPost: createScope},
		"/api/resources/{id}/scopes/{scopeId}": {http.MethodPatch: updateScope, http.MethodDelete: deleteScope},
	}
}

func listResources(c *call) error {
	p, err := c.page(true)
	if err != nil {
		return err
	}
	total, err := c.h.Directory.CountResources(c.ctx())
	if err != nil {
		return err
	}
	resources, err := c.h.Directory.Resources(c.ctx(), p.window())
	if err != nil {
		return err
	}
	views := make([]resourceView, len(resources))
	for i := range resources {
		views[i] = viewResource(&resources[i])
	}
	if isYes(c.r.URL.Query().Get("includeScopes")) {
		if err := c.addScopes(views); err != nil {
			return err
		}
	}
	return c.paged(p, total, views)
}

func (c *call) addScopes(views []resourceView) error {
	ids := make([]string, len(views))
	for i, v := range views {
		ids[i] = v.ID
	}
	scopes, err := c.h.Directory.ScopesOf(c.ctx(), ids)
	if err != nil {
		return err
	}
	for i, v := range views {
		views[i].Scopes = scopeViews(scopes[v.ID])
	}
	return nil
}

func scopeViews(scopes []directory.Scope) []directory.ScopeJSON {
	views := make([]directory.ScopeJSON, len(scopes))
	for i, s := range scopes {
		views[i] = s.JSON()
	}
	return views
}

func createResource(c *call) error {
	var in struct {
		Name, Indicator string
		AccessTokenTTL  int `json:"accessTokenTtl"`
		IsDataAPI       *bool
	}
	if err := c.body(newResourceSchema, &in); err != nil {
		return err
	}
	if err := checkIndicator(in.Indicator); err != nil {
		return err
	}
	var id string
	var resource *directory.Resource
	err := c.change("Resource.Created", directory.KindResource, &id, func(tx *directory.Tx) (err error) {
		resource, err = tx.CreateResource(c.ctx(), directory.Resource{
			Name: in.Name, Indicator: in.Indicator, AccessTokenTTL: in.AccessTokenTTL,
		})
		if err != nil {
			return err
		}
		id = resource.ID
		if in.IsDataAPI != nil { // said either way, it is not the directory's to decide
			resource, err = tx.UpdateResource(c.ctx(), id, directory.ResourceChange{IsDataAPI: in.IsDataAPI})
		}
		return err
	})
	if err != nil {
		return err
	}
	view := viewResource(resource)
	view.Scopes = []directory.ScopeJSON{}
	return c.answer(http.StatusCreated, view)
}

// scheme of an absolute URI (RFC 3986 §3.1).
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// checkIndicator wants an absolute URI without fragment (RFC 8707 §2). It is compared as text and never fetched, so
// that a "*" in it (https://*.hasura.app/api) is a character like others.
func checkIndicator(indicator string) error {
	if scheme.MatchString(indicator) && !strings.ContainsAny(indicator, " \t\r\n#") && indicator != directory.OrganizationsResource {
		return nil
	}
	return invalidGuard("body", []issue{{"code": "custom", "message": "Invalid resource indicator", "path": []any{"indicator"}}})
}

// resource returns the resource of the path, or Logto's 404.
func (c *call) resource() (*directory.Resource, error) {
	id := c.path("id")
	r, err := c.h.Directory.Resource(c.ctx(), id)
	return r, orNotExists(err, "resources", id)
}

// ownResource is resource for changes: the Management API's may not be changed.
func (c *call) ownResource() (*directory.Resource, error) {
	r, err := c.resource()
	if err == nil && r.Indicator == directory.ManagementAPI {
		return nil, badRequest("resource.cannot_modify_management_api", "Cannot modify Logto management API.")
	}
	return r, err
}

func getResource(c *call) error {
	r, err := c.resource()
	if err != nil {
		return err
	}
	return c.ok(viewResource(r))
}

func updateResource(c *call) error {
	var in struct {
		Name           *string
		AccessTokenTTL *int `json:"accessTokenTtl"`
		IsDataAPI      *bool
	}
	if err := c.body(resourceChangeSchema, &in); err != nil {
		return err
	}
	r, err := c.ownResource()
	if err != nil {
		return err
	}
	err = c.change("Resource.Data.Updated", directory.KindResource, &r.ID, func(tx *directory.Tx) (err error) {
		r, err = tx.UpdateResource(c.ctx(), r.ID, directory.ResourceChange(in))
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(viewResource(r))
}

func setDefaultResource(c *call) error {
	var in struct{ IsDefault bool }
	if err := c.body(object(field{"isDefault", boolean()}), &in); err != nil {
		return err
	}
	r, err := c.resource()
	if err != nil {
		return err
	}
	err = c.change("Resource.Data.Updated", directory.KindResource, &r.ID, func(tx *directory.Tx) (err error) {
		r, err = tx.SetDefaultResource(c.ctx(), r.ID, in.IsDefault)
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(viewResource(r))
}

func deleteResource(c *call) error {
	r, err := c.resource()
	if err != nil {
		return err
	}
	if r.Indicator == directory.ManagementAPI {
		return badRequest("resource.cannot_delete_management_api", "Cannot delete Logto management API.")
	}
	err = c.change("Resource.Deleted", directory.KindResource, &r.ID, func(tx *directory.Tx) error {
		return tx.DeleteResource(c.ctx(), r.ID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

var newScopeSchema = object(
	field{"name", text(minLength(1), maxLength(256))},
	field{"description", optional(clearable(text()))},
)

var scopeChangeSchema = object(partial(
	field{"name", text(minLength(1), maxLength(256))},
	field{"description", clearable(text())},
)...)

func listScopes(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	search, err := c.search(directory.ScopeSearchFields)
	if err != nil {
		return err
	}
	scopes, total, err := c.h.Directory.Scopes(c.ctx(), c.path("id"), search, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, scopeViews(scopes))
}

func createScope(c *call) error {
	var in struct {
		Name        string
		Description *string
	}
	if err := c.body(newScopeSchema, &in); err != nil {
		return err
	}
	if err := checkScopeName(&in.Name); err != nil {
		return err
	}
	r, err := c.ownResource()
	if err != nil {
		return err
	}
	var id string
	var scope *directory.Scope
	err = c.change("Scope.Created", directory.KindScope, &id, func(tx *directory.Tx) (err error) {
		scope, err = tx.CreateScope(c.ctx(), directory.Scope{ResourceID: r.ID, Name: in.Name, Description: in.Description})
		if err == nil {
			id = scope.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, scope.JSON())
}

// checkScopeName: scopes travel in space-separated lists.
func checkScopeName(name *string) error {
	if name != nil && strings.ContainsFunc(*name, isSpace) {
		return badRequest("scope.name_with_space", "The name of the scope cannot contain any spaces.")
	}
	return nil
}

func isSpace(r rune) bool {
	// JavaScript's \s.
	return strings.ContainsRune(" \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff", r) || r >= '\u2000' && r <= '\u200a'
}

func updateScope(c *call) error {
	var in struct{ Name, Description *string }
	if err := c.body(scopeChangeSchema, &in); err != nil {
		return err
	}
	if err := checkScopeName(in.Name); err != nil {
		return err
	}
	r, err := c.ownResource()
	if err != nil {
		return err
	}
	id := c.path("scopeId")
	var scope *directory.Scope
	err = c.change("Scope.Data.Updated", directory.KindScope, &id, func(tx *directory.Tx) (err error) {
		scope, err = tx.UpdateScope(c.ctx(), r.ID, id, in.Name, in.Description)
		return err
	})
	if err != nil {
		return orNotExists(err, "scopes", id)
	}
	return c.ok(scope.JSON())
}

func deleteScope(c *call) error {
	r, err := c.ownResource()
	if err != nil {
		return err
	}
	id := c.path("scopeId")
	err = c.change("Scope.Deleted", directory.KindScope, &id, func(tx *directory.Tx) error {
		return tx.DeleteScope(c.ctx(), r.ID, id)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
