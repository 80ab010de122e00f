package management

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"gatehouse/identity/directory"
)

// redirectText is a redirect URI an application may register.
var redirectText = text(satisfies(isRedirectURI, "Invalid input"))

var oidcMetadataFields = []field{
	{"redirectUris", list(redirectText)},
	{"postLogoutRedirectUris", list(redirectText)},
	{"backchannelLogoutUri", optional(text(format("url", isURL)))},
	{"backchannelLogoutSessionRequired", optional(boolean())},
	{"logoUri", optional(text())},
}

var customMetadataSchema = object(partial(
	field{"corsAllowedOrigins", list(text(minLength(1)))},
	field{"idTokenTtl", integer(1, maxTTL)},
	field{"refreshTokenTtl", integer(1, maxTTL)},
	field{"refreshTokenTtlInDays", integer(1, 180)},
	field{"tenantId", text()},
	field{"alwaysIssueRefreshToken", boolean()},
	field{"rotateRefreshToken", boolean()},
	field{"allowTokenExchange", boolean()},
	field{"isDeviceFlow", boolean()},
	field{"maxAllowedGrants", integer(1, 1_000_000)},
)...)

var applicationType = enum(directory.AppNative, directory.AppSPA, directory.AppTraditional, directory.AppMachineToMachine,
	directory.AppProtected, directory.AppSAML)

var newApplicationSchema = object(
	field{"name", text(minLength(1), maxLength(256))},
	field{"description", optional(clearable(text()))},
	field{"type", applicationType},
	field{"oidcClientMetadata", optional(object(oidcMetadataFields...))},
	field{"customClientMetadata", optional(customMetadataSchema)},
	field{"customData", optional(jsonObject())},
	field{"isThirdParty", optional(boolean())},
)

var applicationChangeSchema = object(partial(
	field{"name", text(minLength(1), maxLength(256))},
	field{"description", clearable(text())},
	field{"oidcClientMetadata", object(partial(oidcMetadataFields...)...)},
	field{"customClientMetadata", customMetadataSchema},
	field{"customData", jsonObject()},
	field{"appLevelAccessControlEnabled", boolean()},
	field{"isAdmin", boolean()},
)...)

func (h *Handler) applicationRoutes() map[string]map[string]endpoint {
	routes := roleHolder{
		Holder: directory.Applications, param: "id", kind: directory.KindApplication, exists: machineOfPath,
	}.routes("/api/applications/{id}/roles")
	for path, methods := range map[string]map[string]endpoint{
		"/api/applications":                     {http.MethodGet: listApplications, http.MethodPost: createApplication},
		"/api/applications/{id}":                {http.MethodGet: getApplication, http.MethodPatch: updateApplication, http.MethodDelete: deleteApplication},
		"/api/applications/{id}/custom-data":    {http.MethodPatch: mergeApplicationData},
		"/api/applications/{id}/legacy-secret":  {http.MethodDelete: deleteLegacySecret},
		"/api/applications/{id}/secrets":        {http.MethodGet: listSecrets, http.MethodPost: createSecret},
		"/api/applications/{id}/secrets/{name}": {http.MethodPatch: renameSecret, http.MethodDelete: deleteSecret},
	} {
		routes[path] = methods
	}
	return routes
}

func applicationViews(apps []directory.Application) []directory.ApplicationJSON {
	views := make([]directory.ApplicationJSON, len(apps))
	for i := range apps {
		views[i] = apps[i].JSON()
	}
	return views
}

func listApplications(c *call) error {
	p, err := c.page(true)
	if err != nil {
		return err
	}
	var in struct {
		Types         json.RawMessage
		ExcludeRoleID string
		IsThirdParty  string
	}
	err = c.query(object(partial(
		field{"types", either(list(applicationType), applicationType)},
		field{"excludeRoleId", text()},
		field{"isThirdParty", enum("true", "false")},
	)...), &in)
	if err != nil {
		return err
	}
	search, err := c.search(directory.ApplicationSearchFields)
	if err != nil {
		return err
	}
	filter := directory.ApplicationFilter{Search: search, Types: c.r.URL.Query()["types"], ExcludeRoleID: in.ExcludeRoleID}
	if in.IsThirdParty != "" {
		thirdParty := in.IsThirdParty == "true"
		filter.IsThirdParty = &thirdParty
	}
	total, err := c.h.Directory.CountApplications(c.ctx(), filter)
	if err != nil {
		return err
	}
	apps, err := c.h.Directory.Applications(c.ctx(), filter, p.window())
	if err != nil {
		return err
	}
	return c.paged(p, total, applicationViews(apps))
}

func createApplication(c *call) error {
	var in struct {
		Name, Type           string
		Description          *string
		OIDCClientMetadata   directory.OIDCClientMetadata
		CustomClientMetadata directory.CustomClientMetadata
		CustomData           json.RawMessage
		IsThirdParty         bool
	}
	if err := c.body(newApplicationSchema, &in); err != nil {
		return err
	}
	switch {
	case in.Type == directory.AppSAML:
		return badRequest("application.saml.use_saml_app_api", "Use `[METHOD] /saml-applications(/.*)?` API to operate SAML app.")
	case in.Type == directory.AppProtected:
		return &problem{
			status: http.StatusNotImplemented, code: "application.protected_app_not_configured",
			message: "Protected app provider is not configured. This feature is not available for open source version.",
		}
	case in.IsThirdParty && in.Type == directory.AppMachineToMachine:
		return badRequest("application.invalid_third_party_application_type", "Only traditional web applications can be marked as a third-party app.")
	}
	var id string
	var app *directory.Application
	err := c.change("Application.Created", directory.KindApplication, &id, func(tx *directory.Tx) (err error) {
		app, err = tx.CreateApplication(c.ctx(), directory.Application{
			Name: in.Name, Type: in.Type, Description: in.Description, OIDCClientMetadata: in.OIDCClientMetadata,
			CustomClientMetadata: in.CustomClientMetadata, CustomData: in.CustomData, IsThirdParty: in.IsThirdParty,
		})
		if err == nil {
			id = app.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(app.JSON())
}

// application returns the application of the path, or Logto's 404.
func (c *call) application() (*directory.Application, error) {
	id := c.path("id")
	app, err := c.h.Directory.Application(c.ctx(), id)
	return app, orNotExists(err, "applications", id)
}

func notMachine() *problem {
	return unprocessable("application.invalid_type", "Only machine to machine applications can have associated roles.")
}

func machineOfPath(c *call) error {
	app, err := c.application()
	if err == nil && app.Type != directory.AppMachineToMachine {
		return notMachine()
	}
	return err
}

func getApplication(c *call) error {
	app, err := c.application()
	if err != nil {
		return err
	}
	roles, err := c.h.Directory.ApplicationRoles(c.ctx(), app.ID)
	if err != nil {
		return err
	}
	view := struct {
		directory.ApplicationJSON
		IsAdmin bool `json:"isAdmin"`
	}{ApplicationJSON: app.JSON()}
	for _, r := range roles {
		view.IsAdmin = view.IsAdmin || r.Name == directory.RoleInternalAdmin
	}
	return c.ok(view)
}

func updateApplication(c *call) error {
	var in struct {
		Name, Description            *string
		OIDCClientMetadata           json.RawMessage
		CustomClientMetadata         json.RawMessage
		CustomData                   json.RawMessage
		AppLevelAccessControlEnabled *bool
		IsAdmin                      *bool
	}
	if err := c.body(applicationChangeSchema, &in); err != nil {
		return err
	}
	app, err := c.application()
	if err != nil {
		return err
	}
	if in.AppLevelAccessControlEnabled != nil && *in.AppLevelAccessControlEnabled {
		// There are no rules to obey yet; taking the switch would leave open what its user believes closed.
		return invalidInput("`appLevelAccessControlEnabled` cannot be carried out by this version.")
	}
	if in.IsAdmin != nil {
		if err := c.require(directory.ConsoleSecrets); err != nil {
			return err
		}
	}
	if in.IsAdmin != nil && *in.IsAdmin && app.Type != directory.AppMachineToMachine {
		return notMachine()
	}
	err = c.change("Application.Data.Updated", directory.KindApplication, &app.ID, func(tx *directory.Tx) (err error) {
		if in.IsAdmin != nil {
			if err := tx.SetInternalAdmin(c.ctx(), app.ID, *in.IsAdmin); err != nil {
				return err
			}
		}
		app, err = tx.UpdateApplication(c.ctx(), app.ID, directory.ApplicationChange{
			Name: in.Name, Description: in.Description, OIDCClientMetadata: in.OIDCClientMetadata,
			CustomClientMetadata: in.CustomClientMetadata, CustomData: in.CustomData,
			AppLevelAccessControlEnable: in.AppLevelAccessControlEnabled,
		})
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(app.JSON())
}

func deleteApplication(c *call) error {
	app, err := c.application()
	if err != nil {
		return err
	}
	err = c.change("Application.Deleted", directory.KindApplication, &app.ID, func(tx *directory.Tx) error {
		return tx.DeleteApplication(c.ctx(), app.ID)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func mergeApplicationData(c *call) error {
	var in json.RawMessage
	if err := c.body(jsonObject(), &in); err != nil {
		return err
	}
	app, err := c.application()
	if err != nil {
		return err
	}
	err = c.change("Application.Data.Updated", directory.KindApplication, &app.ID, func(tx *directory.Tx) (err error) {
		app, err = tx.UpdateApplication(c.ctx(), app.ID, directory.ApplicationChange{CustomData: in})
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(app.CustomData)
}

// deleteLegacySecret: applications made here never had a secret outside of their list of secrets.
func deleteLegacySecret(c *call) error {
	if _, err := c.application(); err != nil {
		return err
	}
	return badRequest("application.no_legacy_secret_found", "The application does not have a legacy secret.")
}

func listSecrets(c *call) error {
	app, err := c.application()
	if err != nil {
		return err
	}
	secrets, err := c.h.Directory.ApplicationSecrets(c.ctx(), app.ID)
	if err != nil {
		return err
	}
	views := make([]directory.ApplicationSecretJSON, len(secrets))
	for i, s := range secrets {
		views[i] = s.JSON()
	}
	return c.ok(views)
}

// maxTime is the last millisecond of the year 9999: what Postgres and JavaScript both take.
const maxTime = 253402300799999

var secretName = text(minLength(1), maxLength(256))

func createSecret(c *call) error {
	var in struct {
		Name      string
		ExpiresAt *int64
	}
	err := c.body(object(field{"name", secretName}, field{"expiresAt", optional(nullable(integer(0, maxTime)))}), &in)
	if err != nil {
		return err
	}
	var expires *time.Time
	if in.ExpiresAt != nil {
		at := time.UnixMilli(*in.ExpiresAt)
		if !at.After(time.Now()) {
			return invalidInput("The value of `expiresAt` must be in the future.")
		}
		expires = &at
	}
	app, err := c.application()
	if err != nil {
		return err
	}
	if !directory.HasSecrets(app.Type) {
		return unprocessable("entity.db_constraint_violated", "Applications of type "+app.Type+" have no secrets.")
	}
	var s *directory.ApplicationSecret
	err = c.change("Application.Secret.Created", directory.KindApplication, &app.ID, func(tx *directory.Tx) (err error) {
		s, err = tx.CreateApplicationSecret(c.ctx(), app.ID, in.Name, expires)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, s.JSON())
}

func renameSecret(c *call) error {
	var in struct{ Name string }
	if err := c.body(object(field{"name", secretName}), &in); err != nil {
		return err
	}
	id := c.path("id")
	var s *directory.ApplicationSecret
	err := c.change("Application.Secret.Renamed", directory.KindApplication, &id, func(tx *directory.Tx) (err error) {
		s, err = tx.RenameApplicationSecret(c.ctx(), id, c.path("name"), in.Name)
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(s.JSON())
}

func deleteSecret(c *call) error {
	id := c.path("id")
	err := c.change("Application.Secret.Deleted", directory.KindApplication, &id, func(tx *directory.Tx) error {
		return tx.DeleteApplicationSecret(c.ctx(), id, c.path("name"))
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// Schemes a browser would run or read locally instead of leaving for the application.
var forbiddenScheme = regexp.MustCompile(`(?i)^(javascript|data|vbscript|blob|file|about|filesystem|view-source):`)

// isRedirectURI takes absolute URIs without fragment (RFC 6749 §3.1.2): http(s) with a host, where a "*" may stand
// in labels of the host before the last two and in the path, or a private-use scheme of a native application.
func isRedirectURI(s string) bool {
	if !scheme.MatchString(s) || forbiddenScheme.MatchString(s) || strings.ContainsAny(s, "#\\ \t\r\n") {
		return false
	}
	lower := strings.ToLower(s)
	if !strings.HasPrefix(lower, "http:") && !strings.HasPrefix(lower, "https:") {
		_, err := url.Parse(s)
		return err == nil && !strings.Contains(s, "*")
	}
	u, err := url.Parse(strings.ReplaceAll(s, "*", "wildcard"))
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	afterScheme := s[strings.Index(s, "://")+len("://"):]
	host, rest, _ := strings.Cut(afterScheme, "/")
	if query := strings.IndexByte(rest, '?'); query >= 0 && strings.Contains(rest[query:], "*") {
		return false
	}
	return hostWildcardsAllowed(host)
}

func hostWildcardsAllowed(host string) bool {
	name, port, _ := strings.Cut(host, ":")
	if strings.Contains(port, "*") || strings.Contains(name, "?") {
		return false
	}
	if !strings.Contains(name, "*") {
		return true
	}
	labels := strings.Split(name, ".")
	return len(labels) > 2 && !strings.Contains(strings.Join(labels[len(labels)-2:], "."), "*")
}
