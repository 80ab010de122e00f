package metadata

import (
	"fmt"
	"slices"

	"gatehouse/engine/fault"
)

type collectionArgs struct {
	collection QueryCollection
	query      CollectionQuery
	newName    string
	cascade    bool
	entry      AllowlistEntry
}

// change is a command on the document outside the sources.
func change(object ObjectID, apply func(m *Metadata) error) Mutation {
	return Mutation{Object: object, Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
		m = m.edit()
		if err := apply(m); err != nil {
			return nil, err
		}
		return m, nil
	}}
}

func (m *Metadata) collectionIndex(name string) int {
	return slices.IndexFunc(m.QueryCollections, func(c *QueryCollection) bool { return c.Name == name })
}

// withCollection changes a copy of a collection. key is the argument that names it, for the error's path.
func (m *Metadata) withCollection(name, key string, change func(*QueryCollection) error) error {
	i := m.collectionIndex(name)
	if i < 0 {
		path := ""
		if key != "" {
			path = fault.Key(fault.Root, key)
		}
		return fault.New(fault.NotExists, path, "query collection with name %q does not exist", name)
	}
	c := *m.QueryCollections[i]
	m.QueryCollections = slices.Clone(m.QueryCollections)
	m.QueryCollections[i] = &c
	return change(&c)
}

func (m *Metadata) allowlistIndex(collection string) int {
	return slices.IndexFunc(m.Allowlist, func(e *AllowlistEntry) bool { return e.Collection == collection })
}

func (c *QueryCollection) queryIndex(name string) int {
	return slices.IndexFunc(c.Queries, func(q *CollectionQuery) bool { return q.Name == name })
}

func (a collectionArgs) create() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		if m.collectionIndex(a.collection.Name) >= 0 {
			return fault.New(fault.AlreadyExists, "$.name", "query collection with name %q already exists", a.collection.Name)
		}
		if twice := duplicates(a.collection.Queries, func(q *CollectionQuery) string { return q.Name }); len(twice) > 0 {
			return fault.New(fault.NotSupported, "$.definition.queries", "found duplicate query names %s", joinQuoted(twice))
		}
		m.QueryCollections = added(m.QueryCollections, &a.collection)
		return nil
	})
}

func (a collectionArgs) rename() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		if err := m.withCollection(a.collection.Name, "", func(c *QueryCollection) error { c.Name = a.newName; return nil }); err != nil {
			return err
		}
		if again := duplicates(m.QueryCollections, func(c *QueryCollection) string { return c.Name }); len(again) > 0 {
			return fault.New(fault.AlreadyExists, "$.new_name", "query collection with name %q already exists", a.newName)
		}
		m.Allowlist = mapped(m.Allowlist, func(e AllowlistEntry) AllowlistEntry {
			if e.Collection == a.collection.Name {
				e.Collection = a.newName
			}
			return e
		})
		m.RESTEndpoints = mapped(m.RESTEndpoints, func(e RESTEndpoint) RESTEndpoint {
			if e.Collection == a.collection.Name {
				e.Collection = a.newName
			}
			return e
		})
		return nil
	})
}

func (a collectionArgs) drop() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		if err := m.withCollection(a.collection.Name, "collection", func(*QueryCollection) error { return nil }); err != nil {
			return err
		}
		if m.allowlistIndex(a.collection.Name) >= 0 {
			if !a.cascade {
				return fault.New(fault.DependencyError, "$.collection", "query collection with name %q is present in the allowlist; cannot proceed to drop. "+
					"please use cascade to confirm you wish to drop it from the allowlist as well", a.collection.Name)
			}
			m.Allowlist = without(m.Allowlist, func(e *AllowlistEntry) bool { return e.Collection == a.collection.Name })
		}
		m.QueryCollections = without(m.QueryCollections, func(c *QueryCollection) bool { return c.Name == a.collection.Name })
		return nil
	})
}

func (a collectionArgs) addQuery() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		return m.withCollection(a.collection.Name, "", func(c *QueryCollection) error {
			if c.queryIndex(a.query.Name) >= 0 {
				return fault.New(fault.AlreadyExists, "", "query with name %q already exists in collection %q", a.query.Name, c.Name)
			}
			c.Queries = added(c.Queries, &a.query)
			return nil
		})
	})
}

func (a collectionArgs) dropQuery() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		return m.withCollection(a.collection.Name, "", func(c *QueryCollection) error {
			if c.queryIndex(a.query.Name) < 0 {
				return fault.New(fault.NotFound, "", "query with name %q not found in collection %q", a.query.Name, c.Name)
			}
			c.Queries = without(c.Queries, func(q *CollectionQuery) bool { return q.Name == a.query.Name })
			return nil
		})
	})
}

// allow has nothing to do for a collection that is allowed already, and says so.
func (a collectionArgs) allow() Mutation {
	allow := change(ObjectID{}, func(m *Metadata) error {
		if err := m.withCollection(a.entry.Collection, "collection", func(*QueryCollection) error { return nil }); err != nil {
			return err
		}
		m.Allowlist = added(m.Allowlist, &a.entry)
		return nil
	})
	allow.Idle = func(m *Metadata) string {
		if m.collectionIndex(a.entry.Collection) < 0 || m.allowlistIndex(a.entry.Collection) < 0 {
			return ""
		}
		return fmt.Sprintf("collection %q already exists in the allowlist, scope ignored; to change scope, use update_scope_of_collection_in_allowlist", a.entry.Collection)
	}
	return allow
}

func (a collectionArgs) rescope() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		if err := m.withCollection(a.entry.Collection, "collection", func(*QueryCollection) error { return nil }); err != nil {
			return err
		}
		i := m.allowlistIndex(a.entry.Collection)
		if i < 0 {
			return fault.New(fault.NotFound, "", "collection %q doesn't exist in the allowlist", a.entry.Collection)
		}
		m.Allowlist = slices.Clone(m.Allowlist)
		m.Allowlist[i] = &a.entry
		return nil
	})
}

func (a collectionArgs) disallow() Mutation {
	return change(ObjectID{}, func(m *Metadata) error {
		if err := m.withCollection(a.entry.Collection, "collection", func(*QueryCollection) error { return nil }); err != nil {
			return err
		}
		if m.allowlistIndex(a.entry.Collection) < 0 {
			return fault.New(fault.NotFound, "", "collection %q doesn't exist in the allowlist", a.entry.Collection)
		}
		m.Allowlist = without(m.Allowlist, func(e *AllowlistEntry) bool { return e.Collection == a.entry.Collection })
		return nil
	})
}

func init() {
	name := func(key string) field[collectionArgs] {
		return must(key, nonEmpty, func(a *collectionArgs) *string { return &a.collection.Name })
	}
	queryName := must("query_name", nonEmpty, func(a *collectionArgs) *string { return &a.query.Name })
	register("create_query_collection", define(collectionCodec, func(c QueryCollection) Mutation {
		return collectionArgs{collection: c}.create()
	}))
	register("rename_query_collection", define(object("RenameCollection", name("name"),
		must("new_name", nonEmpty, func(a *collectionArgs) *string { return &a.newName })), collectionArgs.rename))
	register("drop_query_collection", define(object("DropCollection", name("collection"),
		flag("cascade", func(a *collectionArgs) *bool { return &a.cascade })), collectionArgs.drop))
	register("add_query_to_collection", define(object("AddQueryToCollection", name("collection_name"), queryName,
		must("query", text, func(a *collectionArgs) *string { return &a.query.Query })), collectionArgs.addQuery))
	register("drop_query_from_collection", define(object("DropQueryFromCollection", name("collection_name"), queryName), collectionArgs.dropQuery))
	register("add_collection_to_allowlist", define(allowlistCodec, func(e AllowlistEntry) Mutation { return collectionArgs{entry: e}.allow() }))
	register("update_scope_of_collection_in_allowlist", define(allowlistCodec, func(e AllowlistEntry) Mutation { return collectionArgs{entry: e}.rescope() }))
	register("drop_collection_from_allowlist", define(object("DropCollectionFromAllowlist",
		must("collection", nonEmpty, func(a *collectionArgs) *string { return &a.entry.Collection })), collectionArgs.disallow))

	register("create_rest_endpoint", define(endpointCodec, createEndpoint))
	register("drop_rest_endpoint", define(object("DropEndpoint",
		must("name", nonEmpty, func(a *RESTEndpoint) *string { return &a.Name })), dropEndpoint))
	register("add_inherited_role", define(inheritedRoleCodec, addInheritedRole))
	register("drop_inherited_role", define(object("DropInheritedRole",
		must("role_name", nonEmpty, func(a *InheritedRole) *string { return &a.Name })), dropInheritedRole))
}

func createEndpoint(e RESTEndpoint) Mutation {
	return change(RESTEndpointObject(e.Name), func(m *Metadata) error {
		if slices.ContainsFunc(m.RESTEndpoints, func(o *RESTEndpoint) bool { return o.Name == e.Name }) {
			return fault.New(fault.AlreadyExists, "", "Endpoint with name: %s already exists", e.Name)
		}
		if err := m.withCollection(e.Collection, "", func(c *QueryCollection) error {
			if c.queryIndex(e.Query) < 0 {
				return fault.New(fault.NotExists, "", "query with name %s does not exist in query collection %s", e.Query, e.Collection)
			}
			return nil
		}); err != nil {
			return err
		}
		m.RESTEndpoints = added(m.RESTEndpoints, &e)
		return nil
	})
}

func dropEndpoint(e RESTEndpoint) Mutation {
	return change(RESTEndpointObject(e.Name), func(m *Metadata) error {
		if !slices.ContainsFunc(m.RESTEndpoints, func(o *RESTEndpoint) bool { return o.Name == e.Name }) {
			return fault.New(fault.NotExists, "", "endpoint with name: %s does not exist", e.Name)
		}
		m.RESTEndpoints = without(m.RESTEndpoints, func(o *RESTEndpoint) bool { return o.Name == e.Name })
		return nil
	})
}

func addInheritedRole(r InheritedRole) Mutation {
	return change(InheritedRoleObject(r.Name), func(m *Metadata) error {
		if slices.Contains(r.RoleSet, r.Name) {
			return fault.New(fault.InvalidParams, "", "an inherited role name cannot be in the role combination")
		}
		if r.Name == adminRole {
			return fault.New(fault.AlreadyExists, "", "%q already exists", adminRole)
		}
		if err := m.refuseCycle(r); err != nil {
			return err
		}
		i := slices.IndexFunc(m.InheritedRoles, func(o *InheritedRole) bool { return o.Name == r.Name })
		if i < 0 {
			m.InheritedRoles = added(m.InheritedRoles, &r)
			return nil
		}
		m.InheritedRoles = slices.Clone(m.InheritedRoles)
		m.InheritedRoles[i] = &r
		return nil
	})
}

// refuseCycle follows the roles that r would inherit from.
func (m *Metadata) refuseCycle(r InheritedRole) error {
	sets := map[string][]string{}
	for _, o := range m.InheritedRoles {
		sets[o.Name] = o.RoleSet
	}
	sets[r.Name] = r.RoleSet
	var walk func(role string, trail []string) error
	walk = func(role string, trail []string) error {
		if slices.Contains(trail, role) {
			return fault.New("cyclic-dependency", "", "found cycle(s) in roles: %s", fmt.Sprintf("%q", append(trail, role)))
		}
		for _, parent := range sets[role] {
			if err := walk(parent, append(slices.Clone(trail), role)); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(r.Name, nil)
}

func dropInheritedRole(r InheritedRole) Mutation {
	return change(InheritedRoleObject(r.Name), func(m *Metadata) error {
		if !slices.ContainsFunc(m.InheritedRoles, func(o *InheritedRole) bool { return o.Name == r.Name }) {
			return fault.New(fault.NotExists, "", "%q inherited role doesn't exist", r.Name)
		}
		m.InheritedRoles = without(m.InheritedRoles, func(o *InheritedRole) bool { return o.Name == r.Name })
		return nil
	})
}
