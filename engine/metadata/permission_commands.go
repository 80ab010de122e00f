package metadata

import (
	"slices"

	"gatehouse/engine/fault"
)

// permissionKind is how one of the four kinds of permission is kept in a table.
type permissionKind[T any] struct {
	name       string
	definition codec[T]
	list       func(*Table) *[]*T
	of         func(*T) *Permission
	adopt      func(*T, T)
}

var (
	insertKind = permissionKind[InsertPermission]{
		"insert", insertDefinition,
		func(t *Table) *[]*InsertPermission { return &t.InsertPermissions },
		func(p *InsertPermission) *Permission { return &p.Permission },
		func(p *InsertPermission, d InsertPermission) { d.Permission = p.Permission; *p = d },
	}
	selectKind = permissionKind[SelectPermission]{
		"select", selectDefinition,
		func(t *Table) *[]*SelectPermission { return &t.SelectPermissions },
		func(p *SelectPermission) *Permission { return &p.Permission },
		func(p *SelectPermission, d SelectPermission) { d.Permission = p.Permission; *p = d },
	}
	updateKind = permissionKind[UpdatePermission]{
		"update", updateDefinition,
		func(t *Table) *[]*UpdatePermission { return &t.UpdatePermissions },
		func(p *UpdatePermission) *Permission { return &p.Permission },
		func(p *UpdatePermission, d UpdatePermission) { d.Permission = p.Permission; *p = d },
	}
	deleteKind = permissionKind[DeletePermission]{
		"delete", deleteDefinition,
		func(t *Table) *[]*DeletePermission { return &t.DeletePermissions },
		func(p *DeletePermission) *Permission { return &p.Permission },
		func(p *DeletePermission, d DeletePermission) { d.Permission = p.Permission; *p = d },
	}
)

type createPermission[T any] struct {
	at
	permission T
}

// create is create_<kind>_permission.
func (k permissionKind[T]) create() command {
	args := object("CreatePerm",
		must("table", tableName, func(a *createPermission[T]) *TableName { return &a.table }),
		sourceField(func(a *createPermission[T]) *string { return &a.source }),
		must("role", nonEmpty, func(a *createPermission[T]) *string { return &k.of(&a.permission).Role }),
		nested("permission", true, k.definition, func(a *createPermission[T]) T { return a.permission },
			func(_ *reader, a *createPermission[T], d T) { k.adopt(&a.permission, d) }),
		commented(func(a *createPermission[T]) **string { return &k.of(&a.permission).Comment }),
	)
	return define(args, func(a createPermission[T]) Mutation {
		source, role := orDefault(a.source), k.of(&a.permission).Role
		m := tableChange(source, a.table, func(t *Table) error {
			list := k.list(t)
			if role == adminRole || k.has(*list, role) {
				return fault.New(fault.AlreadyExists, "", "%s permission already defined on table %s with role %q", k.name, QuoteName(a.table), role)
			}
			*list = added(*list, &a.permission)
			return nil
		})
		m.Object = PermissionObject(k.name, source, a.table, role)
		return m
	})
}

// adminRole needs no permissions and can have none.
const adminRole = "admin"

func (k permissionKind[T]) has(list []*T, role string) bool {
	return slices.ContainsFunc(list, func(p *T) bool { return k.of(p).Role == role })
}

func (k permissionKind[T]) missing(t TableName, role string) error {
	return fault.New(fault.PermissionDenied, "", "%s permission on %s for role %q does not exist", k.name, QuoteName(t), role)
}

type dropPermission struct {
	at
	role, kind string
	comment    *string
}

// drop is drop_<kind>_permission.
func (k permissionKind[T]) drop() command {
	args := object("DropPerm",
		must("table", tableName, func(a *dropPermission) *TableName { return &a.table }),
		sourceField(func(a *dropPermission) *string { return &a.source }),
		must("role", nonEmpty, func(a *dropPermission) *string { return &a.role }),
		ignored[dropPermission]("type"),
	)
	return define(args, func(a dropPermission) Mutation {
		return tableChange(a.source, a.table, func(t *Table) error {
			list := k.list(t)
			if !k.has(*list, a.role) {
				return k.missing(a.table, a.role)
			}
			*list = without(*list, func(p *T) bool { return k.of(p).Role == a.role })
			return nil
		})
	})
}

// comment is the part of set_permission_comment that concerns this kind.
func (k permissionKind[T]) comment(t *Table, a dropPermission) error {
	list := k.list(t)
	if !k.has(*list, a.role) {
		return k.missing(a.table, a.role)
	}
	*list = mapped(*list, func(p T) T {
		if k.of(&p).Role == a.role {
			k.of(&p).Comment = a.comment
		}
		return p
	})
	return nil
}

var permissionCommentArgs = object("SetPermComment",
	must("table", tableName, func(a *dropPermission) *TableName { return &a.table }),
	sourceField(func(a *dropPermission) *string { return &a.source }),
	must("role", nonEmpty, func(a *dropPermission) *string { return &a.role }),
	must("type", oneOf("permission type", "insert", "select", "update", "delete"), func(a *dropPermission) *string { return &a.kind }),
	commented(func(a *dropPermission) **string { return &a.comment }),
)

func init() {
	register("create_insert_permission", insertKind.create())
	register("create_select_permission", selectKind.create())
	register("create_update_permission", updateKind.create())
	register("create_delete_permission", deleteKind.create())
	register("drop_insert_permission", insertKind.drop())
	register("drop_select_permission", selectKind.drop())
	register("drop_update_permission", updateKind.drop())
	register("drop_delete_permission", deleteKind.drop())
	register("set_permission_comment", define(permissionCommentArgs, func(a dropPermission) Mutation {
		set := map[string]func(*Table, dropPermission) error{
			"insert": insertKind.comment, "select": selectKind.comment, "update": updateKind.comment, "delete": deleteKind.comment,
		}[a.kind]
		return tableChange(a.source, a.table, func(t *Table) error { return set(t, a) })
	}))
}
