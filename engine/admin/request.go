package admin

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// request is one command: {type, version?, args, source?, resource_version?}.
type request struct {
	kind    string // without the prefix pg_
	full    string // as the client wrote it
	version int
	args    json.RawMessage
	expect  *int
	// path is where the request stands, "$" for the outermost; where it runs and is parsed follows from the api.
	path, parsePath, runPath string
	// items are the commands of a bulk.
	items []*request
}

// rowCommands are open to every role, within its permissions.
var rowCommands = []string{"select", "insert", "update", "delete", "count"}

// sourceCommands say what is connected to, or replace whatever holds secrets. What else may touch a secret is seen by what
// it does to the document, see mayBecome.
var sourceCommands = []string{
	"add_source", "update_source", "drop_source", "rename_source", "replace_metadata", "clear_metadata", "set_opentelemetry_config",
	"gatehouse_test_source", // it reaches out to where it is told
}

// bulks are commands made of commands.
var bulks = []string{"bulk", "bulk_keep_going", "bulk_atomic", "concurrent_bulk"}

func (r *request) isOpenToAll() bool {
	if slices.Contains(bulks, r.kind) {
		return !slices.ContainsFunc(r.items, func(item *request) bool { return !item.isOpenToAll() })
	}
	return slices.Contains(rowCommands, r.kind)
}

// open refuses a caller whose admin secret does not open the command.
func (r *request) open(s *session.Session) error {
	switch {
	case slices.Contains(bulks, r.kind):
		for _, item := range r.items {
			if err := item.open(s); err != nil {
				return err
			}
		}
		return nil
	case r.kind == "run_sql", slices.Contains(rowCommands, r.kind), slices.Contains(migrationCommands, r.kind):
		return fault.Under(r.path, s.Require(session.ScopeSQL))
	case slices.Contains(sheetCommands, r.kind):
		return fault.Under(r.path, openSheet(s, true)) // which table it is about is not known yet
	case slices.Contains(sourceCommands, r.kind):
		return fault.Under(r.path, s.Require(session.ScopeSources))
	case reads[r.kind] != nil && r.kind != "set_catalog_state":
		return fault.Under(r.path, s.Require(session.ScopeMetadataRead))
	default:
		return fault.Under(r.path, s.Require(session.ScopeMetadata))
	}
}

func parseRequest(body []byte, a api) (*request, error) {
	if err := fault.Syntax(body); err != nil {
		return nil, err
	}
	return a.parse(body, fault.Root, fault.Root, fault.Root)
}

// parse reads a command. path, parsePath and runPath are where it stands, for the three kinds of errors.
func (a api) parse(data []byte, path, parsePath, runPath string) (*request, error) {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(data, &o); err != nil || o == nil {
		return nil, fault.New(fault.ParseFailed, parsePath, "parsing Object failed, expected Object, but encountered %s", fault.JSONKind(data))
	}
	kind, ok := o["type"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, parsePath, "key %q not found", "type")
	}
	r := &request{version: 1, path: path, parsePath: a.parsePath(parsePath), runPath: a.runPath(runPath)}
	if err := json.Unmarshal(kind, &r.full); err != nil {
		return nil, fault.New(fault.ParseFailed, fault.Key(parsePath, "type"), "parsing Text failed, expected String, but encountered %s", fault.JSONKind(kind))
	}
	if err := r.readVersions(o, parsePath); err != nil {
		return nil, err
	}
	r.args, ok = o["args"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, parsePath, "key %q not found", "args")
	}
	r.kind = strings.TrimPrefix(r.full, "pg_")
	if !a.knows(r.kind) {
		return nil, a.unknownType(r.full, parsePath)
	}
	switch {
	case slices.Contains(bulks, r.kind):
		return r, a.parseItems(r)
	case r.kind == rehearse:
		return r, a.parseRehearsed(r)
	}
	return r, nil
}

func (r *request) readVersions(o map[string]json.RawMessage, parsePath string) error {
	if v, ok := o["version"]; ok && string(v) != "null" {
		if err := json.Unmarshal(v, &r.version); err != nil {
			return fault.New(fault.ParseFailed, fault.Key(parsePath, "version"), "parsing Int failed, expected Number, but encountered %s", fault.JSONKind(v))
		}
		if r.version != 1 && r.version != 2 {
			return fault.New(fault.ParseFailed, fault.Key(parsePath, "version"), "expected 1 or 2, encountered %d", r.version)
		}
	}
	if v, ok := o["resource_version"]; ok && string(v) != "null" {
		if err := json.Unmarshal(v, &r.expect); err != nil {
			return fault.New(fault.ParseFailed, fault.Key(parsePath, "resource_version"), "parsing Int failed, expected Number, but encountered %s", fault.JSONKind(v))
		}
	}
	return nil
}

// misread words an argument of a wrong type as Hasura's JSON library does. path is where the arguments stand.
func misread(path string, err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return fault.New(fault.ParseFailed, path, "%s", err.Error())
	}
	what, expected := "Text", "String"
	switch wrong.Type.Kind() {
	case reflect.Bool:
		what, expected = "Bool", "Bool"
	case reflect.Int:
		what, expected = "Int", "Number"
	case reflect.Slice:
		what, expected = "List", "Array"
	case reflect.Struct, reflect.Map:
		what, expected = "Object", "Object"
	default:
	}
	if wrong.Field != "" {
		for _, key := range strings.Split(wrong.Field, ".") {
			path = fault.Key(path, key)
		}
	}
	kind, _, _ := strings.Cut(wrong.Value, " ") // "number 1.5"
	found := map[string]string{"bool": "Boolean", "number": "Number", "array": "Array", "object": "Object", "string": "String"}[kind]
	return fault.New(fault.ParseFailed, path, "parsing %s failed, expected %s, but encountered %s", what, expected, found)
}

func (a api) parseItems(r *request) error {
	var items []json.RawMessage
	if err := json.Unmarshal(r.args, &items); err != nil {
		return fault.New(fault.ParseFailed, r.parsePath, "parsing List failed, expected Array, but encountered %s", fault.JSONKind(r.args))
	}
	r.items = make([]*request, len(items))
	for i, item := range items {
		var err error
		at, runs := fault.Key(r.path, "args"), fault.Index(r.runPath, i)
		if r.kind == "bulk_keep_going" {
			runs = fault.Root // an error that stands in its item's place tells of the item alone
		}
		r.items[i], err = a.parse(item, fault.Index(at, i), fault.Index(r.parsePath, i), runs)
		if err != nil {
			return err
		}
	}
	return nil
}

// backends are the prefixes of Hasura's commands for one kind of database, with the name its errors have for it.
var backends = map[string]string{
	"pg": "postgres", "postgres": "postgres", "mssql": "mssql", "bigquery": "bigquery", "citus": "citus", "cockroach": "cockroach",
}

// unknownType answers a command that an endpoint does not have, in the words of each (Hasura: Server/API). Commands for
// databases that Gatehouse does not speak are among them.
func (a api) unknownType(kind, path string) error {
	switch {
	case !a.hasMetadata:
		return fault.New(fault.ParseFailed, path, "Unrecognised RQLQuery type: %s", kind)
	case a.hasRows:
		return fault.New(fault.ParseFailed, fault.Key(path, "type"), "unknown command %q", kind)
	}
	prefix, command, _ := strings.Cut(kind, "_")
	if backend, known := backends[prefix]; known {
		return fault.New(fault.ParseFailed, path, "unknown metadata command %q for backend %s", command, backend)
	}
	return fault.New(fault.ParseFailed, path, "unknown metadata command %q; %q was not recognized as a valid backend name", kind, prefix)
}
