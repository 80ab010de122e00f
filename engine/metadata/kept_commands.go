package metadata

import (
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
)

// The commands on what Gatehouse keeps but does not serve yet. They store the arguments in the form the document has.

// kept is an object of a document-wide list, as a command gives it.
type keptList struct {
	kind, what string
	list       func(*Metadata) *[]*Opaque
}

var (
	remoteSchemas = keptList{"remote_schema", "remote schema", func(m *Metadata) *[]*Opaque { return &m.RemoteSchemas }}
	actions       = keptList{"action", "action", func(m *Metadata) *[]*Opaque { return &m.Actions }}
	cronTriggers  = keptList{"cron_trigger", "cron trigger", func(m *Metadata) *[]*Opaque { return &m.CronTriggers }}
)

func (k keptList) missing(name string) error {
	return fault.New(fault.NotExists, "", "%s with name %q does not exist", k.what, name)
}

func (k keptList) index(m *Metadata, name string) int {
	return slices.IndexFunc(*k.list(m), func(o *Opaque) bool { return o.Name == name })
}

func (k keptList) add(o Opaque, replace bool) Mutation {
	return change(globalObject(k.kind, o.Name), func(m *Metadata) error {
		i := k.index(m, o.Name)
		switch {
		case i >= 0 && !replace:
			return fault.New(fault.AlreadyExists, "", "%s with name %q already exists", k.what, o.Name)
		case i >= 0:
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
			return k.missing(name)
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
			return k.missing(name)
		}
		*k.list(m) = without(*k.list(m), func(o *Opaque) bool { return o.Name == name })
		return nil
	})
}

// addRole and dropRole change the list "permissions" of an object, whose elements have a role.
func addRole(entry json.RawMessage, role, what string) func(json.RawMessage) (json.RawMessage, error) {
	return func(doc json.RawMessage) (json.RawMessage, error) {
		return editList(doc, "permissions", func(list []*node) ([]*node, error) {
			if slices.ContainsFunc(list, func(n *node) bool { return n.roleIs(role) }) {
				return nil, fault.New(fault.AlreadyExists, "", "permission for role %q is already defined on %s", role, what)
			}
			return append(list, &node{raw: entry}), nil
		})
	}
}

func dropRole(role, what string) func(json.RawMessage) (json.RawMessage, error) {
	return func(doc json.RawMessage) (json.RawMessage, error) {
		return editList(doc, "permissions", func(list []*node) ([]*node, error) {
			kept := slices.DeleteFunc(slices.Clone(list), func(n *node) bool { return n.roleIs(role) })
			if len(kept) == len(list) {
				return nil, fault.New(fault.NotExists, "", "permission for role %q is not defined on %s", role, what)
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

// needsObject wants an object under a key.
func needsObject(r *reader, n *node, key string) {
	switch m := n.member(key); {
	case m == nil:
		r.fail("key %q not found", key)
	case m.kind != objectNode:
		r.key(key, func() { r.mismatch("Object", "Object", m) })
	}
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
			return remoteSchemas.update(required(r, n, "name"), func(doc json.RawMessage) (json.RawMessage, error) {
				return with(doc, "definition", []byte(n.member("definition").compact())), nil
			})
		}))
	register("remove_remote_schema", dropNamed(remoteSchemas))
	register("reload_remote_schema", checked(record("ReloadRemoteSchema", needs("name", nameShape)), func(r *reader, n *node) Mutation {
		return remoteSchemas.update(required(r, n, "name"), func(doc json.RawMessage) (json.RawMessage, error) { return doc, nil })
	}))
	register("add_remote_schema_permissions", checked(record("AddRemoteSchemaPermission", append(slices.Clip(remoteSchemaPermissionParts), needs("remote_schema", nameShape))...),
		func(r *reader, n *node) Mutation {
			name, role := required(r, n, "remote_schema"), required(r, n, "role")
			return remoteSchemas.update(name, addRole(only(n, "role", "definition", "comment"), role, "remote schema "+name))
		}))
	register("drop_remote_schema_permissions", checked(record("DropRemoteSchemaPermissions", needs("remote_schema", nameShape), needs("role", nameShape)), func(r *reader, n *node) Mutation {
		name, role := required(r, n, "remote_schema"), required(r, n, "role")
		return remoteSchemas.update(name, dropRole(role, "remote schema "+name))
	}))
	register("create_action", keep(actions, createActionShape, "name", "definition", "comment"))
	register("update_action", checked(updateActionShape, func(r *reader, n *node) Mutation {
		return actions.update(required(r, n, "name"), func(doc json.RawMessage) (json.RawMessage, error) {
			doc = with(doc, "definition", []byte(n.member("definition").compact()))
			if c := n.member("comment"); n.given("comment") {
				doc = with(doc, "comment", []byte(c.compact()))
			}
			return doc, nil
		})
	}))
	register("drop_action", dropNamed(actions, has("clear_data", boolShape)))
	register("create_action_permission", checked(record("CreateActionPermission", needs("action", nameShape), needs("role", nameShape), has("comment", textShape)),
		func(r *reader, n *node) Mutation {
			name, role := required(r, n, "action"), required(r, n, "role")
			return actions.update(name, addRole(only(n, "role", "comment"), role, "action "+name))
		}))
	register("drop_action_permission", checked(record("DropActionPermission", needs("action", nameShape), needs("role", nameShape)), func(r *reader, n *node) Mutation {
		name, role := required(r, n, "action"), required(r, n, "role")
		return actions.update(name, dropRole(role, "action "+name))
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
	registerTableParts()
}

// keep keeps the given keys of the arguments.
func keep(k keptList, is shape, keys ...string) command {
	return checked(is, func(r *reader, n *node) Mutation {
		replace := n.member("replace")
		return k.add(Opaque{Name: required(r, n, "name"), JSON: only(n, keys...)}, replace != nil && string(replace.raw) == "true")
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
	set("set_opentelemetry_config", openTelemetryShape, func(m *Metadata) *json.RawMessage { return &m.OpenTelemetry }, true)
}

// tablePart is a remote relationship or an event trigger of a table.
type tablePart struct {
	kind, what string
	list       func(*Table) *[]*Opaque
}

var (
	remoteRelationships = tablePart{"remote_relationship", "remote relationship", func(t *Table) *[]*Opaque { return &t.RemoteRelationships }}
	eventTriggers       = tablePart{"event_trigger", "event trigger", func(t *Table) *[]*Opaque { return &t.EventTriggers }}
)

func (p tablePart) set(source string, table TableName, o Opaque, mustExist, replace bool) Mutation {
	m := tableChange(source, table, func(t *Table) error {
		i := slices.IndexFunc(*p.list(t), func(e *Opaque) bool { return e.Name == o.Name })
		switch {
		case i < 0 && mustExist:
			return fault.New(fault.NotExists, "", "%s %q on table %s does not exist", p.what, o.Name, QuoteName(table))
		case i >= 0 && !replace, i < 0 && p.kind == "remote_relationship" && t.hasField(o.Name):
			return fault.New(fault.AlreadyExists, "", "%s %q already exists on table %s", p.what, o.Name, QuoteName(table))
		case i >= 0:
			list := slices.Clone(*p.list(t))
			list[i] = &o
			*p.list(t) = list
		default:
			*p.list(t) = added(*p.list(t), &o)
		}
		return nil
	})
	m.Object = tableChild(p.kind, orDefault(source), table, o.Name)
	return m
}

func (p tablePart) drop(source string, table TableName, name string) Mutation {
	return tableChange(source, table, func(t *Table) error {
		if !slices.ContainsFunc(*p.list(t), func(e *Opaque) bool { return e.Name == name }) {
			return fault.New(fault.NotExists, "", "%s %q on table %s does not exist", p.what, name, QuoteName(table))
		}
		*p.list(t) = without(*p.list(t), func(e *Opaque) bool { return e.Name == name })
		return nil
	})
}

// place reads the source and table of a command on a table's part.
func place(r *reader, n *node) (source string, table TableName) {
	if n.kind != objectNode {
		r.mismatch("Object", "Object", n)
		return "", TableName{}
	}
	if s := n.member("source"); s != nil {
		r.key("source", func() { source = nonEmpty.read(r, s) })
	}
	t := n.member("table")
	if t == nil {
		r.fail("key %q not found", "table")
		return source, TableName{}
	}
	r.key("table", func() { table = tableName.read(r, t) })
	return source, table
}

func registerTableParts() {
	at := []part{has("source", nameShape), needs("table", tableNameShape), needs("name", nameShape)}
	newer := record("CreateFromSourceRelationship", append(slices.Clip(at), needs("definition", remoteDefinitionShape))...)
	older := record("CreateFromSourceRelationship", append(slices.Clip(at), needs("hasura_fields", textsShape), needs("remote_schema", nameShape), needs("remote_field", remoteFieldShape))...)
	is := func(r *reader, n *node) {
		if n.kind == objectNode && n.member("remote_schema") != nil && n.member("definition") == nil {
			older(r, n)
			return
		}
		newer(r, n)
	}
	relationship := func(mustExist bool) command {
		return checked(is, func(r *reader, n *node) Mutation {
			source, table := place(r, n)
			o := Opaque{Name: required(r, n, "name")}
			if n.member("definition") != nil {
				o.JSON = only(n, "definition", "name")
			} else { // the older spelling: the definition's keys stand beside the name
				o.JSON = with([]byte(`{}`), "definition", []byte(only(n, "hasura_fields", "remote_schema", "remote_field")), "name", quoteJSON(o.Name))
			}
			return remoteRelationships.set(source, table, o, mustExist, mustExist)
		})
	}
	register("create_remote_relationship", relationship(false))
	register("update_remote_relationship", relationship(true))
	register("delete_remote_relationship", checked(record("DeleteFromSourceRelationship", at...), func(r *reader, n *node) Mutation {
		source, table := place(r, n)
		return remoteRelationships.drop(source, table, required(r, n, "name"))
	}))
	register("create_event_trigger", checked(createEventTriggerShape, createEventTrigger))
	register("delete_event_trigger", checked(record("DeleteEventTriggerQuery", has("source", nameShape), needs("name", nameShape)), func(r *reader, n *node) Mutation {
		source := ""
		if s := n.member("source"); n.given("source") {
			source = s.text
		}
		return dropEventTrigger(orDefault(source), required(r, n, "name"))
	}))
}

// createEventTrigger keeps a trigger in the form the document has, with what Hasura's must have.
func createEventTrigger(r *reader, n *node) Mutation {
	source, table := place(r, n)
	name := required(r, n, "name")
	replace := n.member("replace") != nil && string(n.member("replace").raw) == "true"
	definition := with([]byte(`{"enable_manual":false}`))
	for _, key := range []string{"enable_manual", "insert", "update", "delete"} {
		if n.given(key) {
			definition = with(definition, key, []byte(n.member(key).compact()))
		}
	}
	doc := with(only(n, "name"), "definition", []byte(definition), "retry_conf", []byte(`{"interval_sec":10,"num_retries":0,"timeout_sec":60}`))
	for _, key := range []string{"retry_conf", "webhook", "webhook_from_env", "headers", "request_transform", "response_transform", "cleanup_config", "trigger_on_replication"} {
		if n.given(key) {
			doc = with(doc, key, []byte(n.member(key).compact()))
		}
	}
	return eventTriggers.set(source, table, Opaque{Name: name, JSON: doc}, replace, replace)
}

func dropEventTrigger(source, name string) Mutation {
	return Mutation{Source: source, Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
		s := m.Source(source)
		if s == nil {
			return nil, noSource(source)
		}
		for _, t := range s.Tables {
			if slices.ContainsFunc(t.EventTriggers, func(o *Opaque) bool { return o.Name == name }) {
				return eventTriggers.drop(source, t.Name, name).Apply(m, facts)
			}
		}
		return nil, fault.New(fault.NotExists, "", "event trigger with name %q does not exist", name)
	}}
}
