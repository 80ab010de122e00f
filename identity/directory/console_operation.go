package directory

import "slices"

// Operation is a part of Gatehouse that a member of the console may use or not. The list is fixed: who may do what is
// decided here, for both halves, and told to the console's pages, which only hide what the server refuses.
type Operation string

// The operations. A pair with ":read" tells reading from changing.
const (
	// Queries in any role, subscriptions and explain.
	ConsoleGraphQL Operation = "graphql"
	// The metadata API without what the next three open.
	ConsoleMetadata     Operation = "metadata"
	ConsoleMetadataRead Operation = "metadata:read"
	// run_sql, native queries, row commands and pg_dump.
	ConsoleSQL Operation = "sql"
	// Whatever in metadata holds a connection string, a secret or the name of an environment variable, and reading them.
	ConsoleSources Operation = "sources"
	// Users, their roles, sessions and passwords.
	ConsoleUsers     Operation = "users"
	ConsoleUsersRead Operation = "users:read"
	// Roles, permissions, API resources and applications.
	ConsoleAccess     Operation = "access"
	ConsoleAccessRead Operation = "access:read"
	// Secrets of applications, environment variables of scripts, signing keys, and who may use the Management API.
	ConsoleSecrets Operation = "secrets"
	// Sign-in experience, custom claims and the like.
	ConsoleSettings     Operation = "settings"
	ConsoleSettingsRead Operation = "settings:read"
	// The audit log.
	ConsoleLogs Operation = "logs"
	// Who is a member of the console.
	ConsoleMembers Operation = "members"
	// Health, caches, live queries, settings in force.
	ConsoleOperations Operation = "operations"
)

// Operations is what somebody may do.
type Operations []Operation

// AllOperations is the whole list.
var AllOperations = Operations{
	ConsoleGraphQL, ConsoleMetadata, ConsoleMetadataRead, ConsoleSQL, ConsoleSources,
	ConsoleUsers, ConsoleUsersRead, ConsoleAccess, ConsoleAccessRead, ConsoleSecrets, ConsoleSettings, ConsoleSettingsRead,
	ConsoleLogs, ConsoleMembers, ConsoleOperations,
}

// IdentityOperations are those on the identity half.
var IdentityOperations = Operations{
	ConsoleUsers, ConsoleUsersRead, ConsoleAccess, ConsoleAccessRead, ConsoleSecrets, ConsoleSettings, ConsoleSettingsRead,
	ConsoleLogs, ConsoleMembers,
}

// OperationsOf is what a membership of the console lets its holder do: nothing for one that does not exist.
func OperationsOf(consoleRole string) Operations {
	switch consoleRole {
	case ConsoleOwner:
		return slices.Clone(AllOperations)
	case ConsoleDeveloper:
		return Operations{
			ConsoleGraphQL, ConsoleMetadata, ConsoleMetadataRead, ConsoleSQL, ConsoleAccess, ConsoleAccessRead,
			ConsoleSettings, ConsoleSettingsRead, ConsoleOperations,
		}
	case ConsoleSupport:
		return Operations{ConsoleUsersRead, ConsoleAccessRead, ConsoleLogs}
	}
	return nil
}

// Has tells whether an operation is among them.
func (o Operations) Has(op Operation) bool { return slices.Contains(o, op) }
