package management

import (
	"net/http"

	"gatehouse/identity/directory"
)

// operations says, for every route, which operation of the console it is: what a member has to hold. An admin secret that
// opens this API and a machine with its scope may do all of them.
var operations = map[string]directory.Operation{
	"GET /api/users":                                  directory.ConsoleUsersRead,
	"POST /api/users":                                 directory.ConsoleUsers,
	"GET /api/users/{userId}":                         directory.ConsoleUsersRead,
	"PATCH /api/users/{userId}":                       directory.ConsoleUsers,
	"DELETE /api/users/{userId}":                      directory.ConsoleUsers,
	"GET /api/users/{userId}/custom-data":             directory.ConsoleUsersRead,
	"PATCH /api/users/{userId}/custom-data":           directory.ConsoleUsers,
	"PATCH /api/users/{userId}/profile":               directory.ConsoleUsers,
	"PATCH /api/users/{userId}/password":              directory.ConsoleUsers,
	"POST /api/users/{userId}/password/verify":        directory.ConsoleUsers,
	"GET /api/users/{userId}/has-password":            directory.ConsoleUsersRead,
	"PATCH /api/users/{userId}/is-suspended":          directory.ConsoleUsers,
	"GET /api/users/{userId}/roles":                   directory.ConsoleUsersRead,
	"POST /api/users/{userId}/roles":                  directory.ConsoleUsers,
	"PUT /api/users/{userId}/roles":                   directory.ConsoleUsers,
	"DELETE /api/users/{userId}/roles/{roleId}":       directory.ConsoleUsers,
	"GET /api/users/{userId}/sessions":                directory.ConsoleUsersRead,
	"GET /api/users/{userId}/sessions/{sessionId}":    directory.ConsoleUsersRead,
	"DELETE /api/users/{userId}/sessions/{sessionId}": directory.ConsoleUsers,
	"GET /api/users/{userId}/grants":                  directory.ConsoleUsersRead,
	"DELETE /api/users/{userId}/grants/{grantId}":     directory.ConsoleUsers,
	"GET /api/dashboard/users/total":                  directory.ConsoleUsersRead,
	"POST /api/sentinel-activities/delete":            directory.ConsoleUsers,

	"GET /api/resources":                          directory.ConsoleAccessRead,
	"POST /api/resources":                         directory.ConsoleAccess,
	"GET /api/resources/{id}":                     directory.ConsoleAccessRead,
	"PATCH /api/resources/{id}":                   directory.ConsoleAccess,
	"DELETE /api/resources/{id}":                  directory.ConsoleAccess,
	"PATCH /api/resources/{id}/is-default":        directory.ConsoleAccess,
	"GET /api/resources/{id}/scopes":              directory.ConsoleAccessRead,
	"POST /api/resources/{id}/scopes":             directory.ConsoleAccess,
	"PATCH /api/resources/{id}/scopes/{scopeId}":  directory.ConsoleAccess,
	"DELETE /api/resources/{id}/scopes/{scopeId}": directory.ConsoleAccess,

	"GET /api/roles":                                 directory.ConsoleAccessRead,
	"POST /api/roles":                                directory.ConsoleAccess,
	"GET /api/roles/{id}":                            directory.ConsoleAccessRead,
	"PATCH /api/roles/{id}":                          directory.ConsoleAccess,
	"DELETE /api/roles/{id}":                         directory.ConsoleAccess,
	"GET /api/roles/{id}/scopes":                     directory.ConsoleAccessRead,
	"POST /api/roles/{id}/scopes":                    directory.ConsoleAccess,
	"DELETE /api/roles/{id}/scopes/{scopeId}":        directory.ConsoleAccess,
	"GET /api/roles/{id}/users":                      directory.ConsoleUsersRead,
	"POST /api/roles/{id}/users":                     directory.ConsoleUsers,
	"DELETE /api/roles/{id}/users/{memberId}":        directory.ConsoleUsers,
	"GET /api/roles/{id}/applications":               directory.ConsoleAccessRead,
	"POST /api/roles/{id}/applications":              directory.ConsoleAccess,
	"DELETE /api/roles/{id}/applications/{memberId}": directory.ConsoleAccess,

	"GET /api/applications":                        directory.ConsoleAccessRead,
	"POST /api/applications":                       directory.ConsoleAccess,
	"GET /api/applications/{id}":                   directory.ConsoleAccessRead,
	"PATCH /api/applications/{id}":                 directory.ConsoleAccess,
	"DELETE /api/applications/{id}":                directory.ConsoleAccess,
	"PATCH /api/applications/{id}/custom-data":     directory.ConsoleAccess,
	"DELETE /api/applications/{id}/legacy-secret":  directory.ConsoleSecrets,
	"GET /api/applications/{id}/secrets":           directory.ConsoleSecrets,
	"POST /api/applications/{id}/secrets":          directory.ConsoleSecrets,
	"PATCH /api/applications/{id}/secrets/{name}":  directory.ConsoleSecrets,
	"DELETE /api/applications/{id}/secrets/{name}": directory.ConsoleSecrets,
	"GET /api/applications/{id}/roles":             directory.ConsoleAccessRead,
	"POST /api/applications/{id}/roles":            directory.ConsoleAccess,
	"PUT /api/applications/{id}/roles":             directory.ConsoleAccess,
	"DELETE /api/applications/{id}/roles/{roleId}": directory.ConsoleAccess,

	"GET /api/configs/jwt-customizer":                    directory.ConsoleSettingsRead,
	"GET /api/configs/jwt-customizer/{tokenTypePath}":    directory.ConsoleSettingsRead,
	"PUT /api/configs/jwt-customizer/{tokenTypePath}":    directory.ConsoleSettings,
	"PATCH /api/configs/jwt-customizer/{tokenTypePath}":  directory.ConsoleSettings,
	"DELETE /api/configs/jwt-customizer/{tokenTypePath}": directory.ConsoleSettings,
	"GET /api/configs/jwt-customizer/context":            directory.ConsoleSettingsRead,
	"POST /api/configs/jwt-customizer/test":              directory.ConsoleSettings,
	"GET /api/configs/id-token":                          directory.ConsoleSettingsRead,
	"PUT /api/configs/id-token":                          directory.ConsoleSettings,
	"GET /api/configs/oidc/session":                      directory.ConsoleSettingsRead,
	"PATCH /api/configs/oidc/session":                    directory.ConsoleSettings,
	"GET /api/configs/oidc/{keyType}":                    directory.ConsoleSecrets,
	"POST /api/configs/oidc/{keyType}/rotate":            directory.ConsoleSecrets,
	"DELETE /api/configs/oidc/{keyType}/{keyId}":         directory.ConsoleSecrets,
	"GET /api/sign-in-exp":                               directory.ConsoleSettingsRead,
	"PATCH /api/sign-in-exp":                             directory.ConsoleSettings,
	"POST /api/sign-in-exp/default/check-password":       directory.ConsoleSettingsRead,

	"GET /api/logs":      directory.ConsoleLogs,
	"GET /api/logs/{id}": directory.ConsoleLogs,
}

// operationOf is a route's operation. One without would be open to every member, so it ends the start.
func operationOf(method, path string) directory.Operation {
	op, ok := operations[method+" "+path]
	if !ok {
		panic("management: no operation of the console is named for " + method + " " + path)
	}
	return op
}

// require refuses a caller who may not do more than the route's own operation.
func (c *call) require(op directory.Operation) error {
	if c.caller.may.Has(op) {
		return nil
	}
	return forbidden()
}

// may tells whether the caller may do something beside the route's own operation.
func (c *call) may(op directory.Operation) bool { return c.caller.may.Has(op) }

// errSessionEnded is the answer to a console cookie that stands for nobody.
var errSessionEnded = &problem{status: http.StatusUnauthorized, code: "auth.unauthorized", message: "The console's session has ended. Sign in again."}
