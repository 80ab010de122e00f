package metadata

import (
	"encoding/json"
	"fmt"
	"slices"

	"gatehouse/engine/fault"
)

// The commands on settings that are kept and do not have an effect yet, other than those that replace a whole.

// host names an entry of the TLS allow list.
type host struct{ name, suffix string }

func (h host) is(n *node) bool {
	text := func(key string) string {
		if m := n.member(key); m != nil {
			return m.text
		}
		return ""
	}
	return n.kind == objectNode && text("host") == h.name && text("suffix") == h.suffix
}

func (h host) String() string {
	if h.suffix == "" {
		return fmt.Sprintf("the host %q", h.name)
	}
	return fmt.Sprintf("the host %q with suffix %q", h.name, h.suffix)
}

// tlsHost edits network.tls_allowlist. nameless is the refusal of an empty host.
func tlsHost(nameless string, edit func(n *node, h host) func([]*node) ([]*node, error)) command {
	return func(r *reader, n *node) Mutation {
		if n.kind != objectNode || n.member("host") == nil {
			required(r, n, "host")
			return Mutation{}
		}
		var h host
		r.key("host", func() { h.name = text.read(r, n.member("host")) })
		if s := n.member("suffix"); s != nil && s.kind != nullNode {
			r.key("suffix", func() { h.suffix = text.read(r, s) })
		}
		r.refuseUnknown(n, []string{"host", "suffix", "permissions"})
		if r.err == nil && h.name == "" {
			r.err = fault.New(fault.BadRequest, r.path, "%s", nameless)
		}
		change := edit(n, h)
		return changeSetting(func(m *Metadata) error {
			network := m.Network
			if network == nil {
				network = []byte(`{}`)
			}
			doc, err := editList(network, "tls_allowlist", change)
			if err != nil {
				return err
			}
			if m.Network = doc; string(doc) == "{}" {
				m.Network = nil
			}
			return nil
		})
	}
}

func changeSetting(edit func(*Metadata) error) Mutation { return change(ObjectID{}, edit) }

// queryTags keeps a source's query tags; Hasura names the source source_name here.
func queryTags(r *reader, n *node) Mutation {
	source := DefaultSource
	if n.kind != objectNode {
		r.mismatch("SetQueryTagsConfig", "Object", n)
		return Mutation{}
	}
	for _, key := range []string{"source", "source_name"} {
		if m := n.member(key); m != nil {
			r.key(key, func() { source = nonEmpty.read(r, m) })
		}
	}
	if f := n.member("format"); f != nil {
		r.key("format", func() { oneOf("query tags format", "standard", "sqlcommenter").read(r, f) })
	}
	if d := n.member("disabled"); d != nil {
		r.key("disabled", func() { boolean.read(r, d) })
	}
	r.refuseUnknown(n, []string{"source", "source_name", "disabled", "format", "omit_request_id"})
	tags := only(n, "disabled", "format", "omit_request_id")
	return Mutation{Source: source, Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
		return m.withSource(source, func(s *Source) error {
			s.QueryTags = nil
			if string(tags) != "{}" {
				s.QueryTags = tags
			}
			return nil
		})
	}}
}

// remoteTypeRelationship edits remote_relationships of a remote schema: [{type_name, relationships: [{name, definition}]}].
func remoteTypeRelationship(mustExist, isDrop bool) command {
	parts := []part{needs("remote_schema", nameShape), needs("type_name", nameShape), needs("name", nameShape)}
	if !isDrop {
		parts = append(parts, needs("definition", remoteDefinitionShape))
	}
	return checked(record("RemoteSchemaRemoteRelationship", parts...), func(r *reader, n *node) Mutation {
		schema, typeName, name := required(r, n, "remote_schema"), required(r, n, "type_name"), required(r, n, "name")
		change := func(list []*node) ([]*node, error) {
			is := func(e *node) bool { return e.member("name") != nil && e.member("name").text == name }
			kept := slices.DeleteFunc(slices.Clone(list), is)
			switch exists := len(kept) < len(list); {
			case exists && !mustExist && !isDrop:
				return nil, fault.New(fault.AlreadyExists, "", "remote relationship %q already exists on type %q", name, typeName)
			case !exists && (mustExist || isDrop):
				return nil, fault.New(fault.NotExists, "", "remote relationship %q on type %q does not exist", name, typeName)
			case isDrop:
				return kept, nil
			}
			return append(kept, &node{raw: only(n, "definition", "name")}), nil
		}
		return remoteSchemas.update(schema, func(doc json.RawMessage) (json.RawMessage, error) {
			return editList(doc, "remote_relationships", func(types []*node) ([]*node, error) {
				return editType(types, typeName, change)
			})
		})
	})
}

// editType edits the relationships of one type; a type without any is taken away.
func editType(types []*node, name string, change func([]*node) ([]*node, error)) ([]*node, error) {
	i := slices.IndexFunc(types, func(t *node) bool { return t.member("type_name") != nil && t.member("type_name").text == name })
	entry := with([]byte(`{}`), "type_name", quoteJSON(name))
	if i >= 0 {
		entry = types[i].raw
	}
	doc, err := editList(entry, "relationships", change)
	if err != nil {
		return nil, err
	}
	n, err := parseNode(doc)
	if err != nil {
		return nil, err
	}
	types = slices.Clone(types)
	if i >= 0 {
		types = slices.Delete(types, i, i+1)
	}
	if n.member("relationships") == nil {
		return types, nil
	}
	return append(types, n), nil
}

func init() {
	register("add_host_to_tls_allowlist", tlsHost(`key "host" cannot be empty`, func(n *node, h host) func([]*node) ([]*node, error) {
		return func(list []*node) ([]*node, error) {
			if slices.ContainsFunc(list, h.is) {
				return nil, fault.New(fault.AlreadyExists, "", "%s already exists in the allowlist", h)
			}
			return append(list, &node{raw: only(n, "host", "permissions", "suffix")}), nil
		}
	}))
	register("drop_host_from_tls_allowlist", tlsHost("hostname cannot be empty", func(_ *node, h host) func([]*node) ([]*node, error) {
		return func(list []*node) ([]*node, error) {
			kept := slices.DeleteFunc(slices.Clone(list), h.is)
			if len(kept) == len(list) {
				return nil, fault.New(fault.NotExists, "", "%s isn't present in the allowlist", h)
			}
			return kept, nil
		}
	}))
	register("set_query_tags", queryTags)
	register("create_remote_schema_remote_relationship", remoteTypeRelationship(false, false))
	register("update_remote_schema_remote_relationship", remoteTypeRelationship(true, false))
	register("delete_remote_schema_remote_relationship", remoteTypeRelationship(false, true))
}
