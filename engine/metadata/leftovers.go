package metadata

import (
	"encoding/json"
	"fmt"
	"slices"

	"gatehouse/engine/fault"
)

// A stored document may hold what this Gatehouse does not understand: keys of a newer Hasura, or what somebody wrote into
// the table by hand. It never keeps the rest from being served, and it is never lost: what is not understood is put
// aside, written again where it stood, and listed as inconsistent. An object that cannot be read, or that has a key that is
// unknown, is put aside whole: without the key it might mean more (a misspelt session_argument is one for clients to give).
// Only what holds other objects stays in place beside an unknown key (container), where it does not say what they are of.

// Leftovers are what a stored object holds beyond what is understood. They never change.
type Leftovers struct {
	unknown []unknownKey
	broken  []brokenPart
}

// unknownKey is a key somewhere inside an object.
type unknownKey struct {
	// steps lead from the object to where the key stands: keys (string) and positions (int).
	steps  []any
	key    string
	value  json.RawMessage
	reason string
}

// brokenPart is an element of one of the object's lists that is put aside, or, where whole is set, the value of a key.
type brokenPart struct {
	list   string
	whole  bool
	json   json.RawMessage
	reason string
	path   string
}

// keeper is an object that can hold leftovers.
type keeper interface{ leftovers() **Leftovers }

func (m *Metadata) leftovers() **Leftovers { return &m.Leftovers }
func (s *Source) leftovers() **Leftovers   { return &s.Leftovers }
func (t *Table) leftovers() **Leftovers    { return &t.Leftovers }
func (f *Function) leftovers() **Leftovers { return &f.Leftovers }

func leftoversOf[T any](v *T) **Leftovers {
	if k, ok := any(v).(keeper); ok {
		return k.leftovers()
	}
	return nil
}

// container is a keeper that may be served beside a key that is unknown.
type container interface {
	keeper
	bears(unknownKey) bool
}

func (m *Metadata) bears(unknownKey) bool { return true }

// bears: how a source is connected to has to be understood (TLS, for one), how many connections there are need not.
func (s *Source) bears(u unknownKey) bool {
	return !u.below("configuration") || slices.Contains(u.steps, any("pool_settings"))
}

// bears: which table it is has to be understood.
func (t *Table) bears(u unknownKey) bool { return !u.below("table") }

func (u unknownKey) below(key string) bool { return len(u.steps) > 0 && u.steps[0] == key }

// unbearable is the first unknown key with which v cannot be served, nil when there is none.
func unbearable[T any](v *T, unknown []unknownKey) *unknownKey {
	c, isContainer := any(v).(container)
	for i, u := range unknown {
		if !isContainer || !c.bears(u) {
			return &unknown[i]
		}
	}
	return nil
}

func putAside(at **Leftovers, part brokenPart) {
	if *at == nil {
		*at = &Leftovers{}
	}
	(*at).broken = append((*at).broken, part)
}

func (r *reader) leaveUnknown(at **Leftovers) {
	if len(r.unknown) == 0 {
		return
	}
	if *at == nil {
		*at = &Leftovers{}
	}
	(*at).unknown = append((*at).unknown, r.unknown...)
}

// apart reads a part of a stored document on its own, so that what is wrong with it stays with it.
func (r *reader) apart(path string) *reader { return &reader{path: path} }

func problem(err *fault.Error) string { return err.Message + " (at " + err.Path + ")" }

// lenientList reads the elements of a stored list, and puts those aside that cannot be read whole.
func lenientList[F any](r *reader, n *node, list string, c codec[F], aside **Leftovers, key func(*F) string) []*F {
	type element struct {
		value *F
		part  brokenPart
	}
	elements := make([]element, len(n.items))
	count := map[string]int{}
	for i, item := range n.items {
		sub := r.apart(fault.Index(r.path, i))
		v := c.read(sub, item)
		e := &elements[i]
		e.part = brokenPart{list: list, json: item.compact(), path: fault.Index(r.path, i)}
		if sub.err != nil {
			e.part.reason = problem(sub.err)
			if len(sub.unknown) > 0 { // often what is missing, misspelt
				e.part.reason = sub.unknown[0].reason + "; " + e.part.reason
			}
			continue
		}
		if u := unbearable(&v, sub.unknown); u != nil {
			e.part.reason = u.reason
			continue
		}
		if own := leftoversOf(&v); own != nil {
			sub.leaveUnknown(own)
		}
		e.value = &v
		if key != nil {
			count[key(&v)]++
		}
	}
	out := make([]*F, 0, len(elements))
	for _, e := range elements {
		if e.value != nil && key != nil && count[key(e.value)] > 1 {
			e.part.reason, e.value = fmt.Sprintf("declared several times (at %s)", e.part.path), nil
		}
		if e.value == nil {
			putAside(aside, e.part)
			continue
		}
		out = append(out, e.value)
	}
	return out
}

// apartFromTheRest makes a key of the document whose value can be put aside whole.
func apartFromTheRest(f field[Metadata]) field[Metadata] {
	read := f.read
	f.read = func(r *reader, n *node, m *Metadata) {
		if r.strict {
			read(r, n, m)
			return
		}
		before := *m
		sub := r.apart(r.path)
		read(sub, n, m)
		if sub.err != nil {
			aside := m.Leftovers
			*m = before
			m.Leftovers = aside
			putAside(&m.Leftovers, brokenPart{list: f.name, whole: true, json: n.compact(), reason: problem(sub.err), path: r.path})
			return
		}
		for _, u := range sub.unknown {
			u.steps = append(slices.Clone(r.steps), u.steps...)
			r.unknown = append(r.unknown, u)
		}
	}
	return f
}

// merge puts leftovers back into the JSON of their object. An element that was put aside gives way to one of its name
// that was declared since.
func (l *Leftovers) merge(object []byte) []byte {
	if l == nil {
		return object
	}
	n, err := parseNode(object)
	if err != nil {
		return object
	}
	for _, p := range l.broken {
		raw, _ := parseNode(p.json)
		switch at := n.member(p.list); {
		case p.whole && at == nil:
			n.set(p.list, raw)
		case p.whole:
		case at == nil:
			n.set(p.list, &node{kind: arrayNode, items: []*node{raw}})
		case !slices.ContainsFunc(at.items, func(other *node) bool {
			name := identity(p.list, raw)
			return name != "" && identity(p.list, other) == name && string(other.compact()) != string(p.json)
		}):
			at.items = append(at.items, raw)
		}
	}
	for _, u := range l.unknown {
		if at := n.descend(u.steps); at != nil && at.kind == objectNode && at.member(u.key) == nil {
			value, _ := parseNode(u.value)
			at.set(u.key, value)
		}
	}
	w := &writer{}
	n.write(w)
	return w.Bytes()
}

// descend follows steps, making objects on the way where there are none.
func (n *node) descend(steps []any) *node {
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			if n.kind != objectNode {
				return nil
			}
			if n.member(step) == nil {
				n.set(step, &node{kind: objectNode})
			}
			n = n.member(step)
		case int:
			if n.kind != arrayNode || step >= len(n.items) {
				return nil
			}
			n = n.items[step]
		}
	}
	return n
}

func (n *node) write(w *writer) {
	switch n.kind {
	case objectNode:
		w.WriteByte('{')
		for i, key := range n.keys {
			if i > 0 {
				w.WriteByte(',')
			}
			w.text(key)
			w.WriteByte(':')
			n.values[i].write(w)
		}
		w.WriteByte('}')
	case arrayNode:
		w.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.WriteByte(',')
			}
			item.write(w)
		}
		w.WriteByte(']')
	default:
		w.Write(n.raw)
	}
}

// elementKeys name what tells the elements of a list apart.
var elementKeys = map[string]string{
	"tables": "table", "functions": "function", "native_queries": "root_field_name", "allowlist": "collection", "inherited_roles": "role_name",
	"insert_permissions": "role", "select_permissions": "role", "update_permissions": "role", "delete_permissions": "role", "permissions": "role",
}

// identity is the name of an element, "" where it has none that can be read.
func identity(list string, element *node) string {
	key := elementKeys[list]
	if key == "" {
		key = "name"
	}
	name := element.member(key)
	switch {
	case element.kind != objectNode || name == nil:
		return ""
	case list == "tables" || list == "functions":
		if t, ok := plainTableName(name); ok {
			return t.sortKey()
		}
		return ""
	}
	return name.text
}

// plainTableName is tableName without its errors: false where it would be another name than was meant.
func plainTableName(n *node) (TableName, bool) {
	r := &reader{}
	t := readTableName(r, n)
	return t, r.err == nil && len(r.unknown) == 0
}

// name is an element's name as objects are named.
func (p brokenPart) name() string {
	n, err := parseNode(p.json)
	if err != nil || p.whole {
		return ""
	}
	return identity(p.list, n)
}

// kindsOf are the kinds of objects that are put aside from lists.
var kindsOf = map[string]string{
	"sources": "source", "tables": "table", "functions": "function", "native_queries": "native_query", "logical_models": "logical_model",
	"object_relationships": "object_relation", "array_relationships": "array_relation", "remote_relationships": "remote_relationship",
	"computed_fields": "computed_field", "event_triggers": "event_trigger",
	"insert_permissions": "insert_permission", "select_permissions": "select_permission", "update_permissions": "update_permission",
	"delete_permissions": "delete_permission", "permissions": "function_permission",
	"remote_schemas": "remote_schema", "actions": "action", "cron_triggers": "cron_trigger", "rest_endpoints": "rest_endpoint",
	"inherited_roles": "inherited_role", "query_collections": "query_collection",
}

// in is where an object that was put aside stands, below owner. Where its own name cannot be read, its path is.
func (p brokenPart) in(owner location) location {
	at := location{kind: kindsOf[p.list], source: owner.source, table: owner.table, function: owner.function, name: p.name()}
	if owner.kind == "source" {
		at.source = owner.name
	}
	if at.kind == "" || p.whole {
		at.kind = p.list
	}
	switch {
	case at.name == "":
		return location{kind: at.kind, name: "at " + p.path}
	case p.list == "tables" || p.list == "functions":
		n, _ := parseNode(p.json)
		t, _ := plainTableName(n.member(elementKeys[p.list]))
		if p.list == "tables" {
			return tableLocation(at.source, t)
		}
		return functionLocation(at.source, t)
	}
	return at
}

// eachLeftover calls with every object that has leftovers.
func (m *Metadata) eachLeftover(visit func(owner location, l *Leftovers)) {
	look := func(owner location, l *Leftovers) {
		if l != nil {
			visit(owner, l)
		}
	}
	look(location{kind: "metadata"}, m.Leftovers)
	for _, s := range m.Sources {
		look(sourceLocation(s.Name), s.Leftovers)
		for _, t := range s.Tables {
			look(tableLocation(s.Name, t.Name), t.Leftovers)
		}
		for _, f := range s.Functions {
			look(functionLocation(s.Name, f.Name), f.Leftovers)
		}
	}
}

// listLeftovers lists what was put aside. An unknown key of what is served beside it is kept like all that is not executed
// yet. An object put aside is broken.
func (m *Metadata) listLeftovers() []Inconsistency {
	var out []Inconsistency
	m.eachLeftover(func(owner location, l *Leftovers) {
		for _, u := range l.unknown {
			out = append(out, Inconsistency{
				Definition: with([]byte(`{}`), u.key, []byte(u.value)), Name: owner.id().Name, Type: owner.kind, Unsupported: true,
				Reason: "Inconsistent object: " + u.reason + "; the key is kept and has no effect", isRefused: true, location: owner,
			})
		}
		for _, p := range l.broken {
			at := p.in(owner)
			out = append(out, Inconsistency{Definition: p.json, Name: at.id().Name, Type: at.kind, Reason: "Inconsistent object: " + p.reason, isRefused: true, location: at})
		}
	})
	return out
}

// withoutBroken is leftovers less the parts that match.
func (l *Leftovers) withoutBroken(gone func(brokenPart) bool) *Leftovers {
	if l == nil {
		return nil
	}
	c := *l
	c.broken = slices.DeleteFunc(slices.Clone(l.broken), gone)
	if len(c.broken)+len(c.unknown) == 0 {
		return nil
	}
	return &c
}

// ClosedRoles are the roles whose permission of a kind ("insert", "update", "delete", "select") on t is stored in a form
// that cannot be honoured; "" among them stands for a permission whose role cannot be told.
func (t *Table) ClosedRoles(kind string) []string { return t.Leftovers.names(kind + "_permissions") }

// ClosedRoles are the inherited roles that are stored in a form that cannot be honoured; "" as for a table.
func (m *Metadata) ClosedRoles() []string { return m.Leftovers.names("inherited_roles") }

func (l *Leftovers) names(list string) []string {
	if l == nil {
		return nil
	}
	var out []string
	for _, p := range l.broken {
		if p.list == list {
			out = append(out, p.name())
		}
	}
	return out
}
