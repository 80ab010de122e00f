package metadata

import "encoding/json"

// Object is one object of a document, as get_inconsistent_metadata names it, with the part of the document that is its own.
type Object struct {
	ID   ObjectID
	JSON json.RawMessage

	location location
}

// Objects are all objects of the document, in its order. What has objects of its own (a source, a table) comes before
// them, without them.
func (m *Metadata) Objects() []Object {
	var out []Object
	add := func(p location, doc json.RawMessage) { out = append(out, Object{p.id(), doc, p}) }
	for _, s := range m.Sources {
		if s.Foreign != nil {
			add(sourceLocation(s.Name), s.Foreign)
			continue
		}
		own := *s
		own.Tables, own.Functions, own.NativeQueries, own.LogicalModels = nil, nil, nil, nil
		add(sourceLocation(s.Name), encode(sourceCodec, own))
		for _, t := range s.Tables {
			t.objects(s.Name, add)
		}
		for _, f := range s.Functions {
			own := *f
			own.Permissions = nil
			add(functionLocation(s.Name, f.Name), encode(functionCodec, own))
			for _, role := range f.Permissions {
				add(functionPermissionLocation(s.Name, f.Name, role), encode(functionRole, role))
			}
		}
		for _, o := range s.NativeQueries {
			add(partLocation("native_query", s.Name, o.Name), o.JSON)
		}
		for _, o := range s.LogicalModels {
			add(partLocation("logical_model", s.Name, o.Name), o.JSON)
		}
	}
	opaque := func(kind string, list []*Opaque) {
		for _, o := range list {
			add(globalLocation(kind, o.Name), o.JSON)
		}
	}
	opaque("remote_schema", m.RemoteSchemas)
	for _, c := range m.QueryCollections {
		add(globalLocation("query_collection", c.Name), encode(collectionCodec, *c))
	}
	for _, e := range m.Allowlist {
		add(globalLocation("allowlist", e.Collection), encode(allowlistCodec, *e))
	}
	opaque("action", m.Actions)
	if m.CustomTypes != nil {
		add(location{kind: customTypesObject.Type}, m.CustomTypes)
	}
	opaque("cron_trigger", m.CronTriggers)
	for _, e := range m.RESTEndpoints {
		add(globalLocation("rest_endpoint", e.Name), encode(endpointCodec, *e))
	}
	for _, r := range m.InheritedRoles {
		add(globalLocation("inherited_role", r.Name), encode(inheritedRoleCodec, *r))
	}
	for _, s := range m.settings() {
		if *s.json != nil {
			add(location{kind: s.name}, *s.json)
		}
	}
	if m.BackendConfigs != nil {
		add(location{kind: "backend_configs"}, m.BackendConfigs)
	}
	if m.Gatehouse != nil {
		for _, f := range m.Gatehouse.Sources {
			add(globalLocation("gatehouse_source_features", f.Name), SourceFeaturesDefinition(f))
		}
	}
	return out
}

func (t *Table) objects(source string, add func(location, json.RawMessage)) {
	own := Table{Name: t.Name, IsEnum: t.IsEnum, Configuration: t.Configuration, ApolloFederation: t.ApolloFederation, Leftovers: t.Leftovers}
	add(tableLocation(source, t.Name), encode(tableCodec, own))
	child := func(kind, name string, doc json.RawMessage) { add(childLocation(kind, source, t.Name, name), doc) }
	for _, r := range t.ObjectRelationships {
		child("object_relation", r.Name, encode(objectRelationshipCodec, *r))
	}
	for _, r := range t.ArrayRelationships {
		child("array_relation", r.Name, encode(arrayRelationshipCodec, *r))
	}
	for _, o := range t.RemoteRelationships {
		child("remote_relationship", o.Name, o.JSON)
	}
	for _, c := range t.ComputedFields {
		child("computed_field", c.Name, encode(computedFieldCodec, *c))
	}
	for _, p := range t.SelectPermissions {
		child("select_permission", p.Role, encode(selectPermissionCodec, *p))
	}
	for _, p := range t.InsertPermissions {
		child("insert_permission", p.Role, encode(insertPermissionCodec, *p))
	}
	for _, p := range t.UpdatePermissions {
		child("update_permission", p.Role, encode(updatePermissionCodec, *p))
	}
	for _, p := range t.DeletePermissions {
		child("delete_permission", p.Role, encode(deletePermissionCodec, *p))
	}
	for _, o := range t.EventTriggers {
		child("event_trigger", o.Name, o.JSON)
	}
}
