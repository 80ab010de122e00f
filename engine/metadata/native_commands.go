package metadata

import (
	"encoding/json"
	"errors"
	"slices"

	"gatehouse/engine/fault"
)

// Native queries and logical models: kept as they were written, checked in what a document must have.

// sourcePart is a list of a source's named objects.
type sourcePart struct {
	kind, what, key string
	is              shape // of the arguments of its command
	list            func(*Source) *[]*Opaque
}

var (
	nativeQueries = sourcePart{"native_query", "Native query", "root_field_name", record("TrackNativeQuery", append(slices.Clip(nativeQueryParts), has("source", nameShape))...), func(s *Source) *[]*Opaque { return &s.NativeQueries }}
	logicalModels = sourcePart{"logical_model", "Logical model", "name", record("TrackLogicalModel", append(slices.Clip(modelParts), needs("name", nameShape), has("source", nameShape))...), func(s *Source) *[]*Opaque { return &s.LogicalModels }}
)

// queryType is what the documentation of Hasura has as the type of a native query; it says nothing.
const queryType = "query"

// sourceName reads the optional "source".
func sourceName(r *reader, n *node) string {
	source := ""
	if n.kind == objectNode && n.member("source") != nil {
		r.key("source", func() { source = nonEmpty.read(r, n.member("source")) })
	}
	return orDefault(source)
}

func (p sourcePart) missing(source, name string) error {
	return fault.New(fault.NotFound, "", "%s %q not found in source %q.", p.what, name, source).WithStatus(400)
}

// NoSourceOfKind is Hasura's answer to commands on native queries and logical models of an unknown source.
func NoSourceOfKind(source string) error {
	return fault.New(fault.NotFound, "", "Source '%s' of kind postgres not found.", source)
}

func (p sourcePart) find(s *Source, name string) *Opaque {
	list := *p.list(s)
	if i := slices.IndexFunc(list, func(o *Opaque) bool { return o.Name == name }); i >= 0 {
		return list[i]
	}
	return nil
}

// change is a mutation of a source about one of its parts. missing is the refusal of an unknown source.
func (p sourcePart) change(source, name string, missing error, edit func(*Source) error) Mutation {
	return Mutation{Object: partLocation(p.kind, source, name).id(), Source: source, Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
		if m.Source(source) == nil {
			return nil, missing
		}
		return m.withSource(source, edit)
	}}
}

func notFoundSource(source string) error {
	return fault.New(fault.NotFound, "", "Source %q not found.", source)
}

// track keeps the arguments, less the source.
func (p sourcePart) track(keys ...string) command {
	return func(r *reader, n *node) Mutation {
		source, name := sourceName(r, n), required(r, n, p.key)
		if r.err != nil {
			return Mutation{}
		}
		if p.is(r, n); r.err != nil {
			return Mutation{}
		}
		kept := keys
		if p.kind == "native_query" {
			if t := n.member("type"); n.given("type") && t.text != queryType {
				kept = append(slices.Clone(keys), "type")
			}
		}
		missing := NoSourceOfKind(source)
		if p.kind == logicalModels.kind {
			missing = fault.New(fault.NotFound, "", "Source %s not found.", source)
		}
		return p.change(source, name, missing, func(s *Source) error {
			if p.find(s, name) != nil {
				return fault.New(fault.AlreadyTracked, "", "%s '%s' is already tracked.", p.what, name)
			}
			list := p.list(s)
			*list = added(*list, &Opaque{Name: name, JSON: only(n, kept...)})
			return nil
		})
	}
}

func (p sourcePart) untrack(r *reader, n *node) Mutation {
	source, name := sourceName(r, n), required(r, n, p.key)
	return p.change(source, name, notFoundSource(source), func(s *Source) error {
		if p.find(s, name) == nil {
			return p.missing(source, name)
		}
		list := p.list(s)
		*list = without(*list, func(o *Opaque) bool { return o.Name == name })
		return nil
	})
}

// Check tells what is wrong with a stored native query (CheckNativeQuery) or logical model.
func (o *Opaque) CheckNativeQuery() error { return wrong(nativeQueryShape, o) }

// CheckLogicalModel is CheckNativeQuery for a logical model.
func (o *Opaque) CheckLogicalModel() error { return wrong(logicalModelShape, o) }

func wrong(is shape, o *Opaque) error {
	if text := is.check(o.JSON); text != "" {
		return errors.New(text)
	}
	return nil
}

// returns is the logical model a native query gives, "" where it describes the result itself.
func returns(query *Opaque) string {
	var q struct {
		Returns string `json:"returns"`
	}
	_ = json.Unmarshal(query.JSON, &q) // an object for a result described in place
	return q.Returns
}

// permission sets or drops a role's entry, without asking whether there is one (as Hasura), in the select_permissions of a
// logical model, or of the result that a native query describes in place (type: native_query).
func (p sourcePart) permission(edit func(n *node, role string) func([]*node) ([]*node, error)) command {
	return func(r *reader, n *node) Mutation {
		p := p
		if t := n.member("type"); t != nil && t.kind != nullNode {
			switch kind := required(r, n, "type"); {
			case r.err != nil:
				return Mutation{}
			case kind == nativeQueries.kind:
				p = nativeQueries
			case kind != p.kind:
				r.fail("unexpected type %q, expected %q or %q", kind, p.kind, nativeQueries.kind)
				return Mutation{}
			}
		}
		source, name, role := sourceName(r, n), required(r, n, "name"), required(r, n, "role")
		if r.err != nil {
			return Mutation{}
		}
		change := edit(n, role)
		return p.change(source, name, notFoundSource(source), func(s *Source) error {
			model := p.find(s, name)
			if model == nil {
				return p.missing(source, name)
			}
			doc, err := p.editPermissions(model, change)
			if err != nil {
				return err
			}
			*p.list(s) = mapped(*p.list(s), func(o Opaque) Opaque {
				if o.Name == name {
					o.JSON = doc
				}
				return o
			})
			return nil
		})
	}
}

// editPermissions changes the permissions of a logical model, or of the one inside a native query.
func (p sourcePart) editPermissions(o *Opaque, change func([]*node) ([]*node, error)) (json.RawMessage, error) {
	if p.kind != nativeQueries.kind {
		return editList(o.JSON, "select_permissions", change)
	}
	query, err := parseNode(o.JSON)
	if err != nil {
		return nil, err
	}
	model := query.member("returns")
	if model == nil || model.kind != objectNode {
		return nil, fault.New(fault.NotSupported, "", "native query %q does not describe its result in place; the permissions are those of logical model %q", o.Name, returns(o))
	}
	edited, err := editList(model.compact(), "select_permissions", change)
	if err != nil {
		return nil, err
	}
	return with(o.JSON, "returns", []byte(edited)), nil
}

func init() {
	register("track_native_query", nativeQueries.track("arguments", "array_relationships", "code", "comment", "object_relationships", "returns", "root_field_name"))
	register("untrack_native_query", nativeQueries.untrack)
	register("track_logical_model", logicalModels.track("description", "fields", "name", "select_permissions"))
	register("untrack_logical_model", logicalModels.untrack)
	register("create_logical_model_select_permission", func(r *reader, n *node) Mutation {
		record("CreateLogicalModelPermission", has("source", nameShape), needs("name", nameShape), has("type", textShape),
			needs("role", nameShape), needs("permission", modelSelectShape), has("comment", textShape))(r, n)
		return logicalModels.permission(func(n *node, role string) func([]*node) ([]*node, error) {
			return func(list []*node) ([]*node, error) {
				others := slices.DeleteFunc(slices.Clone(list), func(e *node) bool { return e.roleIs(role) })
				return append(others, &node{raw: only(n, "comment", "permission", "role")}), nil
			}
		})(r, n)
	})
	register("drop_logical_model_select_permission", logicalModels.permission(func(_ *node, role string) func([]*node) ([]*node, error) {
		return func(list []*node) ([]*node, error) {
			return slices.DeleteFunc(slices.Clone(list), func(e *node) bool { return e.roleIs(role) }), nil
		}
	}))
}
