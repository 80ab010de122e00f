package metadata

import (
	"encoding/json"
	"fmt"
)

// ObjectID names one object of the document as get_inconsistent_metadata does: the type and name of an Inconsistency.
type ObjectID struct{ Type, Name string }

// ID is the object an inconsistency is about.
func (i Inconsistency) ID() ObjectID { return ObjectID{i.Type, i.Name} }

// IDs are the objects an inconsistency is about.
func (i Inconsistency) IDs() []ObjectID {
	if i.About != nil {
		return i.About
	}
	return []ObjectID{i.ID()}
}

// MarshalJSON writes the inconsistency as get_inconsistent_metadata shows it.
func (i Inconsistency) MarshalJSON() ([]byte, error) {
	if i.Form != nil {
		return json.Marshal(i.Form)
	}
	type plain Inconsistency
	return json.Marshal(plain(i))
}

// location is where an object of the document stands: its kind, what it is part of, and its own name, of a permission the
// role's. A table and a function have no name but that.
type location struct {
	kind, source    string
	table, function TableName // the zero name for none
	name            string
}

// of is the table or the function that a location is in, or is.
func (p location) of() TableName {
	if p.function != (FunctionName{}) {
		return p.function
	}
	return p.table
}

// id names the object (Hasura: RQL/Types/Metadata/Object, moiName).
func (p location) id() ObjectID {
	text := p.kind
	if p.name != "" {
		text += " " + p.name
	}
	switch {
	case p.function != (FunctionName{}) && p.name != "":
		text += " permission for function " + p.function.String()
	case p.table != (TableName{}) && p.name != "":
		text += " in table " + p.table.String()
	case p.of() != (TableName{}):
		text += " " + p.of().String()
	}
	if p.source != "" {
		text += " in source " + p.source
	}
	return ObjectID{p.kind, text}
}

func sourceLocation(source string) location { return location{kind: "source", name: source} }

func tableLocation(source string, t TableName) location {
	return location{kind: "table", source: source, table: t}
}

func functionLocation(source string, f FunctionName) location {
	return location{kind: "function", source: source, function: f}
}

func functionPermissionLocation(source string, f FunctionName, role string) location {
	return location{kind: "function_permission", source: source, function: f, name: role}
}

// childLocation is that of a part of a table. kind is "object_relation", "array_relation", "computed_field",
// "remote_relationship", "event_trigger" or "select_permission" and its siblings.
func childLocation(kind, source string, t TableName, name string) location {
	return location{kind: kind, source: source, table: t, name: name}
}

// partLocation is that of an object of a source other than a table's.
func partLocation(kind, source, name string) location {
	return location{kind: kind, source: source, name: name}
}

// globalLocation is that of an object outside the sources: "rest_endpoint", "inherited_role", "remote_schema", "action", ….
func globalLocation(kind, name string) location { return location{kind: kind, name: name} }

// SourceObject names a source.
func SourceObject(source string) ObjectID { return sourceLocation(source).id() }

// TableObject names a tracked table.
func TableObject(source string, t TableName) ObjectID { return tableLocation(source, t).id() }

// FunctionObject names a tracked function.
func FunctionObject(source string, f FunctionName) ObjectID { return functionLocation(source, f).id() }

// FunctionPermissionObject names a role's permission for a function.
func FunctionPermissionObject(source string, f FunctionName, role string) ObjectID {
	return functionPermissionLocation(source, f, role).id()
}

func tableChild(kind, source string, t TableName, name string) ObjectID {
	return childLocation(kind, source, t, name).id()
}

// ObjectRelationshipObject and its siblings name the parts of a table.
func ObjectRelationshipObject(source string, t TableName, name string) ObjectID {
	return tableChild("object_relation", source, t, name)
}

// ArrayRelationshipObject names an array relationship.
func ArrayRelationshipObject(source string, t TableName, name string) ObjectID {
	return tableChild("array_relation", source, t, name)
}

// ComputedFieldObject names a computed field.
func ComputedFieldObject(source string, t TableName, name string) ObjectID {
	return tableChild("computed_field", source, t, name)
}

// PermissionObject names a role's permission; kind is "insert", "select", "update" or "delete".
func PermissionObject(kind, source string, t TableName, role string) ObjectID {
	return tableChild(kind+"_permission", source, t, role)
}

// NativeQueryObject and LogicalModelObject name a source's native queries and their results' shapes.
func NativeQueryObject(source, name string) ObjectID {
	return partLocation("native_query", source, name).id()
}

// LogicalModelObject names a logical model.
func LogicalModelObject(source, name string) ObjectID {
	return partLocation("logical_model", source, name).id()
}

func globalObject(kind, name string) ObjectID { return globalLocation(kind, name).id() }

// RESTEndpointObject names a REST endpoint.
func RESTEndpointObject(name string) ObjectID { return globalObject("rest_endpoint", name) }

// CollectionQueryObject names a query of a collection.
func CollectionQueryObject(collection, query string) ObjectID {
	return ObjectID{"query_collections", "query_collections " + query + " in " + collection}
}

// InheritedRoleObject names an inherited role.
func InheritedRoleObject(name string) ObjectID { return globalObject("inherited_role", name) }

// The definitions inconsistencies carry.

// RelationshipDefinition is a relationship as an inconsistency shows it.
func RelationshipDefinition(source string, t TableName, r *Relationship, isArray bool) json.RawMessage {
	c := objectRelationshipCodec
	if isArray {
		c = arrayRelationshipCodec
	}
	rel := *r
	rel.Comment = nil
	return with(encode(c, rel), "source", quoteJSON(source), "comment", textOrNull(r.Comment), "table", encode(tableName, t))
}

// PermissionDefinition is a permission as an inconsistency shows it. p is an *InsertPermission or one of its siblings.
func PermissionDefinition(source string, t TableName, p any) json.RawMessage {
	var perm []byte
	var comment *string
	switch p := p.(type) {
	case *InsertPermission:
		perm, comment = encode(insertPermissionCodec, *p), p.Comment
	case *SelectPermission:
		perm, comment = encode(selectPermissionCodec, *p), p.Comment
	case *UpdatePermission:
		perm, comment = encode(updatePermissionCodec, *p), p.Comment
	case *DeletePermission:
		perm, comment = encode(deletePermissionCodec, *p), p.Comment
	default:
		panic(fmt.Sprintf("not a permission: %T", p))
	}
	return with(perm, "source", quoteJSON(source), "table", encode(tableName, t), "comment", textOrNull(comment))
}

// ComputedFieldDefinition is a computed field as an inconsistency shows it.
func ComputedFieldDefinition(source string, t TableName, c *ComputedField) json.RawMessage {
	return with(encode(computedFieldCodec, *c), "source", quoteJSON(source), "table", encode(tableName, t), "comment", textOrNull(c.Comment))
}

// InheritedRoleDefinition is an inherited role as an inconsistency shows it.
func InheritedRoleDefinition(r *InheritedRole) json.RawMessage { return encode(inheritedRoleCodec, *r) }

// TableNameJSON is a name as {name, schema}.
func TableNameJSON(t TableName) json.RawMessage { return encode(tableName, t) }

func textOrNull(s *string) []byte {
	if s == nil {
		return []byte("null")
	}
	return quoteJSON(*s)
}

// with is a JSON object with keys set: replaced where they stand, or added at the end. A nil value takes the key away.
func with(object json.RawMessage, pairs ...any) json.RawMessage {
	n, err := parseNode(object)
	if err != nil || n.kind != objectNode {
		return object
	}
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i].(string), pairs[i+1].([]byte)
		if value != nil || n.index(key) >= 0 {
			n.set(key, &node{raw: value})
		}
	}
	w := &writer{}
	w.WriteByte('{')
	for i, k := range n.keys {
		if n.values[i].raw == nil {
			continue
		}
		if w.Len() > 1 {
			w.WriteByte(',')
		}
		w.text(k)
		w.WriteByte(':')
		w.Write(n.values[i].raw)
	}
	w.WriteByte('}')
	return w.Bytes()
}
