package metadata

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/fault"
)

// The commands on what Gatehouse keeps but does not serve yet. They store the arguments in the form the document has.

// keptList is a list of the document. taken and missing are Hasura's words for a name that is there already, or is not.
type keptList struct {
	kind, taken, missing string
	list                 func(*Metadata) *[]*Opaque
}

var (
	remoteSchemas = keptList{
		"remote_schema", "remote schema with name %q already exists", "remote schema with name %q does not exist",
		func(m *Metadata) *[]*Opaque { return &m.RemoteSchemas },
	}
	actions = keptList{
		"action", "action with name %q already exists", "action with name %q does not exist",
		func(m *Metadata) *[]*Opaque { return &m.Actions },
	}
	cronTriggers = keptList{
		"cron_trigger", "cron trigger with name: %s already exists", "cron trigger with name: %s does not exist",
		func(m *Metadata) *[]*Opaque { return &m.CronTriggers },
	}
)

// saying is the list with other words for a name that is not there.
func (k keptList) saying(missing string) keptList {
	k.missing = missing
	return k
}

func (k keptList) notThere(name string) error {
	if !strings.Contains(k.missing, "%") {
		return fault.New(fault.NotExists, "", "%s", k.missing)
	}
	return fault.New(fault.NotExists, "", k.missing, name)
}

func (k keptList) index(m *Metadata, name string) int {
	return slices.IndexFunc(*k.list(m), func(o *Opaque) bool { return o.Name == name })
}

func (k keptList) add(o Opaque, replace bool) Mutation {
	return change(globalObject(k.kind, o.Name), func(m *Metadata) error {
		i := k.index(m, o.Name)
		switch {
		case i >= 0 && !replace:
			return fault.New(fault.AlreadyExists, "", k.taken, o.Name)
		case i < 0 && replace:
			return k.notThere(o.Name)
		case replace:
			list := slices.Clone(*k.list(m))
			list[i] = &o
			*k.list(m) = list
		default:
			*k.list(m) = added(*k.list(m), &o)
		}
		return nil
	})
}

// update changes an existing object.
func (k keptList) update(name string, edit func(json.RawMessage) (json.RawMessage, error)) Mutation {
	return change(globalObject(k.kind, name), func(m *Metadata) error {
		i := k.index(m, name)
		if i < 0 {
			return k.notThere(name)
		}
		list := slices.Clone(*k.list(m))
		doc, err := edit(list[i].JSON)
		if err != nil {
			return err
		}
		list[i] = &Opaque{Name: name, JSON: doc}
		*k.list(m) = list
		return nil
	})
}

func (k keptList) drop(name string) Mutation {
	return change(globalObject(k.kind, name), func(m *Metadata) error {
		if k.index(m, name) < 0 {
			return k.notThere(name)
		}
		*k.list(m) = without(*k.list(m), func(o *Opaque) bool { return o.Name == name })
		return nil
	})
}

// addRole and dropRole change the list "permissions" of an object, whose elements have a role. refusal is for a role that
// has one, or has none.
func addRole(entry json.RawMessage, role string, refusal *fault.Error) func(json.RawMessage) (json.RawMessage, error) {
	return func(doc json.RawMessage) (json.RawMessage, error) {
		return editList(doc, "permissions", func(list []*node) ([]*node, error) {
			if slices.ContainsFunc(list, func(n *node) bool { return n.roleIs(role) }) {
				return nil, refusal
			}
			return append(list, &node{raw: entry}), nil
		})
	}
}

func dropRole(role string, refusal *fault.Error) func(json.RawMessage) (json.RawMessage, error) {
	return func(doc json.RawMessage) (json.RawMessage, error) {
		return editList(doc, "permissions", func(list []*node) ([]*node, error) {
			kept := slices.DeleteFunc(slices.Clone(list), func(n *node) bool { return n.roleIs(role) })
			if len(kept) == len(list) {
				return nil, refusal
			}
			return kept, nil
		})
	}
}

func (n *node) roleIs(role string) bool {
	r := n.member("role")
	return r != nil && r.text == role
}

// editList changes the list under a key of an object; an empty one is taken away.
func editList(doc json.RawMessage, key string, edit func([]*node) ([]*node, error)) (json.RawMessage, error) {
	n, err := parseNode(doc)
	if err != nil {
		return nil, err
	}
	var list []*node
	if l := n.member(key); l != nil {
		list = l.items
	}
	list, err = edit(list)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return with(doc, key, []byte(nil)), nil
	}
	w := &writer{}
	w.WriteByte('[')
	for i, item := range list {
		if i > 0 {
			w.WriteByte(',')
		}
		w.Write(item.raw)
	}
	w.WriteByte(']')
	return with(doc, key, w.Bytes()), nil
}

// only is an object's text with just these keys, those that are there.
func only(n *node, keys ...string) json.RawMessage {
	w := &writer{}
	w.WriteByte('{')
	for _, k := range keys {
		m := n.member(k)
		if m == nil || m.kind == nullNode {
			continue
		}
		if w.Len() > 1 {
			w.WriteByte(',')
		}
		w.text(k)
		w.WriteByte(':')
		w.Write(m.compact())
	}
	w.WriteByte('}')
	return w.Bytes()
}

// required reads a non-empty text under a key.
func required(r *reader, n *node, key string) (value string) {
	if n.kind != objectNode {
		r.mismatch("Object", "Object", n)
		return ""
	}
	m := n.member(key)
	if m == nil {
		r.fail("key %q not found", key)
		return ""
	}
	r.key(key, func() { value = nonEmpty.read(r, m) })
	return value
}

// checked makes a command whose arguments have the shape is.
func checked(is shape, c command) command {
	return func(r *reader, n *node) Mutation {
		if is(r, n); r.err != nil {
			return Mutation{}
		}
		return c(r, n)
	}
}

func init() {
	oneURL := func(r *reader, n *node) {
		definition := n.member("definition")
		switch url, env := definition.given("url"), definition.given("url_from_env"); {
		case url && env:
			r.refuse(fault.InvalidParams, "both `url` and `url_from_env` can't be present")
		case !url && !env:
			r.refuse(fault.InvalidParams, "both `url` and `url_from_env` can't be empty")
		}
	}
	register("add_remote_schema", keep(remoteSchemas, remoteSchemaShape.with(oneURL), "name", "definition", "comment", "permissions", "remote_relationships"))
	register("update_remote_schema", checked(record("UpdateRemoteSchema", needs("name", nameShape), needs("definition", remoteSchemaDefinitionShape), has("comment", textShape)).with(oneURL),
		func(r *reader, n *node) Mutation {
			return remoteSchemas.saying("remote schema with name %q doesn't exist").update(required(r, n, "name"), redefine(n))
		}))
	register("remove_remote_schema", dropNamed(remoteSchemas.saying("no such remote schema")))
	register("reload_remote_schema", checked(record("ReloadRemoteSchema", needs("name", nameShape)), func(r *reader, n *node) Mutation {
		return remoteSchemas.update(required(r, n, "name"), func(doc json.RawMessage) (json.RawMessage, error) { return doc, nil })
	}))
	permitted := remoteSchemas.saying("remote schema %q doesn't exist")
	register("add_remote_schema_permissions", checked(record("AddRemoteSchemaPermission", append(slices.Clip(remoteSchemaPermissionParts), needs("remote_schema", nameShape))...),
		func(r *reader, n *node) Mutation {
			name, role := required(r, n, "remote_schema"), required(r, n, "role")
			return permitted.update(name, addRole(only(n, "role", "definition", "comment"), role,
				fault.New(fault.AlreadyExists, "", "permissions for role: %q for remote schema:%q already exists", role, name)))
		}))
	register("drop_remote_schema_permissions", checked(record("DropRemoteSchemaPermissions", needs("remote_schema", nameShape), needs("role", nameShape)), func(r *reader, n *node) Mutation {
		name, role := required(r, n, "remote_schema"), required(r, n, "role")
		return permitted.update(name, dropRole(role,
			fault.New(fault.NotExists, "", "permissions for role: %q for remote schema:%q doesn't exist", role, name)))
	}))
	register("create_action", keep(actions, createActionShape, "name", "definition", "comment"))
	register("update_action", checked(updateActionShape, func(r *reader, n *node) Mutation {
		return actions.update(required(r, n, "name"), redefine(n))
	}))
	register("drop_action", dropNamed(actions, has("clear_data", boolShape)))
	register("create_action_permission", checked(record("CreateActionPermission", needs("action", nameShape), needs("role", nameShape), has("comment", textShape)),
		func(r *reader, n *node) Mutation {
			name, role := required(r, n, "action"), required(r, n, "role")
			return actions.update(name, addRole(only(n, "role", "comment"), role,
				fault.New(fault.AlreadyExists, "", "permission for role %q is already defined on %q", role, name)))
		}))
	register("drop_action_permission", checked(record("DropActionPermission", needs("action", nameShape), needs("role", nameShape)), func(r *reader, n *node) Mutation {
		name, role := required(r, n, "action"), required(r, n, "role")
		return actions.update(name, dropRole(role,
			fault.New(fault.NotExists, "", "permission for role: %q is not defined on %q", role, name)))
	}))
	register("set_custom_types", checked(customTypesShape, func(_ *reader, n *node) Mutation {
		types := only(n, "input_objects", "objects", "scalars", "enums")
		return change(customTypesObject, func(m *Metadata) error {
			m.CustomTypes = types
			if string(types) == "{}" {
				m.CustomTypes = nil
			}
			return nil
		})
	}))
	register("create_cron_trigger", keep(cronTriggers, createCronTriggerShape, "name", "webhook", "schedule", "include_in_metadata",
		"payload", "retry_conf", "headers", "comment", "request_transform", "response_transform"))
	register("delete_cron_trigger", dropNamed(cronTriggers))
	registerSettings()
}

// redefine replaces an object's definition and comment.
func redefine(n *node) func(json.RawMessage) (json.RawMessage, error) {
	return func(doc json.RawMessage) (json.RawMessage, error) {
		var comment []byte
		if n.given("comment") {
			comment = n.member("comment").compact()
		}
		return with(doc, "definition", []byte(n.member("definition").compact()), "comment", comment), nil
	}
}

// isTrue tells whether an object has a key that is true.
func (n *node) isTrue(key string) bool {
	m := n.member(key)
	return m != nil && string(m.raw) == "true"
}

// keep keeps the given keys of the arguments.
func keep(k keptList, is shape, keys ...string) command {
	return checked(is, func(r *reader, n *node) Mutation {
		return k.add(Opaque{Name: required(r, n, "name"), JSON: only(n, keys...)}, n.isTrue("replace"))
	})
}

func dropNamed(k keptList, others ...part) command {
	return checked(record("Object", append(others, needs("name", nameShape))...), func(r *reader, n *node) Mutation { return k.drop(required(r, n, "name")) })
}

// registerSettings: each is a whole that is set or removed.
func registerSettings() {
	set := func(names string, is shape, at func(*Metadata) *json.RawMessage, keepIt bool) {
		register(names, checked(is, func(_ *reader, n *node) Mutation {
			doc := n.compact()
			return change(ObjectID{}, func(m *Metadata) error {
				*at(m) = nil
				if keepIt && len(n.keys) > 0 {
					*at(m) = doc
				}
				return nil
			})
		}))
	}
	set("set_api_limits", apiLimitsShape, func(m *Metadata) *json.RawMessage { return &m.APILimits }, true)
	set("remove_api_limits", anything, func(m *Metadata) *json.RawMessage { return &m.APILimits }, false)
	set("set_metrics_config", metricsShape, func(m *Metadata) *json.RawMessage { return &m.MetricsConfig }, true)
	set("remove_metrics_config", anything, func(m *Metadata) *json.RawMessage { return &m.MetricsConfig }, false)
	set("set_graphql_schema_introspection_options", introspectionShape, func(m *Metadata) *json.RawMessage { return &m.GraphQLSchemaIntrospection }, true)
}
