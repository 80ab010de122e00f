package metadata

import (
	"slices"
	"strconv"

	"gatehouse/engine/fault"
)

// The commands on remote relationships and event triggers, which Gatehouse keeps in their tables as they were written.

// tablePart is a list of a table.
type tablePart struct {
	kind string
	list func(*Table) *[]*Opaque
}

var (
	remoteRelationships = tablePart{"remote_relationship", func(t *Table) *[]*Opaque { return &t.RemoteRelationships }}
	eventTriggers       = tablePart{"event_trigger", func(t *Table) *[]*Opaque { return &t.EventTriggers }}
)

func (p tablePart) find(t *Table, name string) int {
	return slices.IndexFunc(*p.list(t), func(o *Opaque) bool { return o.Name == name })
}

// put adds a part to a table, or replaces the one of its name.
func (p tablePart) put(t *Table, o Opaque) {
	i := p.find(t, o.Name)
	if i < 0 {
		*p.list(t) = added(*p.list(t), &o)
		return
	}
	list := slices.Clone(*p.list(t))
	list[i] = &o
	*p.list(t) = list
}

func (p tablePart) drop(t *Table, name string) {
	*p.list(t) = without(*p.list(t), func(o *Opaque) bool { return o.Name == name })
}

// place is the source and table of a command on a table's part.
func place(r *reader, n *node) (source string, table TableName) {
	return sourceName(r, n), tableName.read(r, n.member("table"))
}

// setRemoteRelationship: creating one that exists replaces it, as Hasura does.
func setRemoteRelationship(mustExist bool) command {
	return checked(remoteRelationshipCommand, func(r *reader, n *node) Mutation {
		source, table := place(r, n)
		o := Opaque{Name: required(r, n, "name")}
		if n.given("definition") {
			o.JSON = only(n, "definition", "name")
		} else { // the older spelling: the definition's keys stand beside the name
			o.JSON = with([]byte(`{}`), "definition", []byte(only(n, "hasura_fields", "remote_schema", "remote_field")), "name", quoteJSON(o.Name))
		}
		return Mutation{
			Object: RemoteRelationshipObject(source, table, o.Name), Source: source,
			Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
				return m.withTable(source, table, func(t *Table) error {
					exists := remoteRelationships.find(t, o.Name) >= 0
					switch {
					case mustExist && !exists:
						return noField(o.Name)
					case !exists && (t.hasField(o.Name) || facts.HasColumn(source, table, o.Name)):
						return fault.New(fault.AlreadyExists, "", "field with name %q already exists in table %s", o.Name, QuoteName(table))
					}
					remoteRelationships.put(t, o)
					return nil
				})
			},
		}
	})
}

var tablePartKeys = []part{has("source", nameShape), needs("table", tableNameShape), needs("name", nameShape)}

var (
	newerRelationship = record("CreateFromSourceRelationship", append(slices.Clip(tablePartKeys), needs("definition", remoteDefinitionShape))...)
	olderRelationship = record("CreateFromSourceRelationship", append(slices.Clip(tablePartKeys),
		needs("hasura_fields", textsShape), needs("remote_schema", nameShape), needs("remote_field", remoteFieldShape))...)
)

// remoteRelationshipCommand is the newer spelling, or the older one.
func remoteRelationshipCommand(r *reader, n *node) {
	switch {
	case n.kind == objectNode && n.given("remote_schema") == n.given("definition"):
		r.fail("create_remote_relationship expects exactly one of: remote_schema, definition")
	case n.kind == objectNode && n.given("remote_schema"):
		olderRelationship(r, n)
	default:
		newerRelationship(r, n)
	}
}

// noField is what Hasura answers to a name that no field of a table has.
func noField(name string) error { return fault.New(fault.NotExists, "", "%q does not exist", name) }

func deleteRemoteRelationship(r *reader, n *node) Mutation {
	source, table := place(r, n)
	name := required(r, n, "name")
	return tableChange(source, table, func(t *Table) error {
		if remoteRelationships.find(t, name) < 0 {
			return noField(name)
		}
		remoteRelationships.drop(t, name)
		return nil
	})
}

// triggerColumns are the columns that an event trigger's operations name.
func triggerColumns(definition *node) (columns []string) {
	for _, op := range []string{"insert", "update", "delete"} {
		if spec := definition.member(op); spec != nil {
			for _, key := range []string{"columns", "payload"} {
				if list := spec.member(key); list != nil {
					for _, c := range list.items {
						columns = append(columns, c.text)
					}
				}
			}
		}
	}
	return columns
}

// eventTrigger is an event trigger as the document has it, with what Hasura's must have.
func eventTrigger(n *node, name string) Opaque {
	operations := with(only(n, "delete"), "enable_manual", strconv.AppendBool(nil, n.isTrue("enable_manual")))
	for _, op := range []string{"insert", "update"} {
		if n.given(op) {
			operations = with(operations, op, []byte(n.member(op).compact()))
		}
	}
	doc := with(only(n, "name"), "definition", []byte(operations), "retry_conf", []byte(`{"interval_sec":10,"num_retries":0,"timeout_sec":60}`))
	for _, key := range []string{"retry_conf", "webhook", "webhook_from_env", "headers", "request_transform", "response_transform", "cleanup_config", "trigger_on_replication"} {
		if n.given(key) {
			doc = with(doc, key, []byte(n.member(key).compact()))
		}
	}
	return Opaque{Name: name, JSON: doc}
}

// triggerTable is the table that has an event trigger; nil if none has.
func (s *Source) triggerTable(name string) *Table {
	i := slices.IndexFunc(s.Tables, func(t *Table) bool { return eventTriggers.find(t, name) >= 0 })
	if i < 0 {
		return nil
	}
	return s.Tables[i]
}

func noTrigger(name string) error {
	return fault.New(fault.NotExists, "", "event trigger %q does not exist", name)
}

func createEventTrigger(r *reader, n *node) Mutation {
	source, table := place(r, n)
	name, replace, columns := required(r, n, "name"), n.isTrue("replace"), triggerColumns(n)
	return Mutation{
		Object: tableChild(eventTriggers.kind, source, table, name), Source: source,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			var owner *Table
			if s := m.Source(source); s != nil {
				owner = s.triggerTable(name)
			}
			return m.withTable(source, table, func(t *Table) error {
				switch {
				case replace && owner == nil:
					return noTrigger(name)
				case replace && owner.Name != table:
					return fault.New(fault.NotSupported, "", "cannot replace table or schema for trigger")
				case !replace && owner != nil:
					return fault.New(fault.AlreadyExists, "", "Event trigger with name %q already exists", name)
				}
				for _, c := range columns {
					if !facts.HasColumn(source, table, c) {
						return fault.New(fault.NotExists, "", "column %q does not exist", c)
					}
				}
				eventTriggers.put(t, eventTrigger(n, name))
				return nil
			})
		},
	}
}

func deleteEventTrigger(r *reader, n *node) Mutation {
	name := required(r, n, "name")
	source := sourceName(r, n)
	return Mutation{Source: source, Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
		s := m.Source(source)
		if s == nil {
			return nil, NoSource(source)
		}
		owner := s.triggerTable(name)
		if owner == nil {
			return nil, noTrigger(name)
		}
		return m.withTable(source, owner.Name, func(t *Table) error { eventTriggers.drop(t, name); return nil })
	}}
}

func init() {
	register("create_remote_relationship", setRemoteRelationship(false))
	register("update_remote_relationship", setRemoteRelationship(true))
	register("delete_remote_relationship", checked(record("DeleteFromSourceRelationship", tablePartKeys...), deleteRemoteRelationship))
	register("create_event_trigger", checked(createEventTriggerShape, createEventTrigger))
	register("delete_event_trigger", checked(record("DeleteEventTriggerQuery", has("source", nameShape), needs("name", nameShape)), deleteEventTrigger))
}
