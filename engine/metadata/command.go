package metadata

import (
	"slices"
	"strings"

	"gatehouse/engine/fault"
)

// Mutation is one command of the metadata API, parsed: a pure function from document to document.
type Mutation struct {
	// Object is what the command is about: an inconsistency of it is the command's own error. Zero where a command has
	// no such object.
	Object ObjectID
	// IsGeneral: whatever the command makes inconsistent is answered with Hasura's general error. Its commands that take
	// something away do so (Hasura: withNewInconsistentObjsCheck); the others name their object (buildSchemaCacheFor).
	IsGeneral bool
	// Source is the source whose database the command looks at, "" for none.
	Source string
	// Table and Function are what the command newly relies on: the caller makes sure that the catalog it shows is recent.
	Table    *TableName
	Function *FunctionName
	Apply    func(m *Metadata, facts Facts) (*Metadata, error)
	// Idle is asked first, where it is set: why the command has nothing to do, "" where it has. The reason is the
	// answer's message then, in place of "success".
	Idle func(m *Metadata) string
}

// inGeneral are the commands answered in general (IsGeneral).
var inGeneral = strings.Fields(`
	untrack_table untrack_function drop_relationship rename_relationship drop_computed_field
	drop_insert_permission drop_select_permission drop_update_permission drop_delete_permission
	create_query_collection rename_query_collection drop_query_collection add_query_to_collection drop_query_from_collection
	add_collection_to_allowlist drop_collection_from_allowlist update_scope_of_collection_in_allowlist drop_rest_endpoint
	delete_event_trigger delete_cron_trigger drop_action remove_remote_schema reload_remote_schema
	add_host_to_tls_allowlist drop_host_from_tls_allowlist set_api_limits remove_api_limits set_metrics_config
	remove_metrics_config set_graphql_schema_introspection_options`)

// command reads a command's arguments.
type command func(r *reader, n *node) Mutation

// define makes a command out of the grammar of its arguments and what it does.
func define[A any](args codec[A], mutation func(A) Mutation) command {
	return func(r *reader, n *node) Mutation {
		a := args.read(r, n)
		if r.err != nil {
			return Mutation{}
		}
		return mutation(a)
	}
}

// commands by name, without the prefix pg_.
var commands = map[string]command{}

func register(names string, c command) {
	for _, name := range strings.Fields(names) {
		commands[name] = c
	}
}

// ParseCommand reads a command of the metadata API that changes the document. known is false for every other name.
// path is where args stands in the request.
func ParseCommand(name string, args []byte, path string) (mutation Mutation, known bool, err error) {
	name = strings.TrimPrefix(name, "pg_")
	c, known := commands[name]
	if !known {
		return Mutation{}, false, nil
	}
	n, err := parseNode(args)
	if err != nil {
		return Mutation{}, true, fault.New(fault.ParseFailed, path, "%s", err.Error())
	}
	r := &reader{path: path, strict: true}
	mutation = c(r, n)
	if r.err != nil {
		return Mutation{}, true, r.err
	}
	mutation.IsGeneral = slices.Contains(inGeneral, name)
	return mutation, true, nil
}

// at is where in a source a command acts.
type at struct {
	source string
	table  TableName
	name   string
}

// sourceField is the optional "source" of nearly every command.
func sourceField[A any](source func(*A) *string) field[A] {
	f := may("source", nonEmpty, source)
	return f
}

func orDefault(source string) string {
	if source == "" {
		return DefaultSource
	}
	return source
}

// commented is the "comment" of a command: a text or null.
func commented[A any](to func(*A) **string) field[A] { return comment("comment", to) }

// flag is an optional boolean.
func flag[A any](name string, to func(*A) *bool) field[A] { return may(name, boolean, to) }

// ignored is a key that is understood and has no effect.
func ignored[A any](name string) field[A] {
	return field[A]{name, false, func(*reader, *node, *A) {}, func(*writer, *A) bool { return false }}
}

// IsCommand tells whether ParseCommand knows a name.
func IsCommand(name string) bool {
	_, known := commands[strings.TrimPrefix(name, "pg_")]
	return known
}
