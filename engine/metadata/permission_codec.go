package metadata

import "encoding/json"

// The keys of a permission, in Hasura's order: {role, permission: {...}, comment}.

func permissionCodec[T any](what string, definition codec[T], of func(*T) *Permission, copyTo func(*T, T)) codec[T] {
	return object(what,
		must("role", nonEmpty, func(p *T) *string { return &of(p).Role }),
		nested("permission", true, definition, func(p *T) T { return *p }, func(_ *reader, p *T, d T) { copyTo(p, d) }),
		comment("comment", func(p *T) **string { return &of(p).Comment }))
}

var (
	insertPermissionCodec = permissionCodec("InsPermDef", insertDefinition,
		func(p *InsertPermission) *Permission { return &p.Permission },
		func(p *InsertPermission, d InsertPermission) { d.Permission = p.Permission; *p = d })
	selectPermissionCodec = permissionCodec("SelPermDef", selectDefinition,
		func(p *SelectPermission) *Permission { return &p.Permission },
		func(p *SelectPermission, d SelectPermission) { d.Permission = p.Permission; *p = d })
	updatePermissionCodec = permissionCodec("UpdPermDef", updateDefinition,
		func(p *UpdatePermission) *Permission { return &p.Permission },
		func(p *UpdatePermission, d UpdatePermission) { d.Permission = p.Permission; *p = d })
	deletePermissionCodec = permissionCodec("DelPermDef", deleteDefinition,
		func(p *DeletePermission) *Permission { return &p.Permission },
		func(p *DeletePermission, d DeletePermission) { d.Permission = p.Permission; *p = d })
)

// columnsCodec is "*" or a list.
var columnsCodec = codec[Columns]{
	func(r *reader, n *node) Columns {
		if n.kind == stringNode {
			if n.text != "*" {
				r.fail("unexpected column specification %q: expected \"*\" or a list", n.text)
			}
			return Columns{All: true}
		}
		return Columns{Names: texts.read(r, n)}
	},
	func(w *writer, c Columns) {
		if c.All {
			w.WriteString(`"*"`)
			return
		}
		texts.write(w, c.Names)
	},
}

// boolExp is a boolean expression: an object, kept as it was written.
func boolExp[T any](name string, required bool, at func(*T) *BoolExp) field[T] {
	f := raw(name, required, at)
	read := f.read
	f.read = func(r *reader, n *node, into *T) {
		if n.kind != objectNode {
			r.mismatch("BoolExp", "Object", n)
			return
		}
		read(r, n, into)
	}
	return f
}

// presets is the "set" of a permission: column to value, left out when empty.
func presets[T any](at func(*T) *map[string]json.RawMessage) field[T] {
	return mayMap("set", codec[json.RawMessage]{
		func(_ *reader, n *node) json.RawMessage { return n.compact() },
		func(w *writer, v json.RawMessage) { w.Write(v) },
	}, at)
}

// insertDefinition also takes what older consoles wrote beside it, into exports and migrations: their form's state
// (localPresets) and allow_upsert of before there were update permissions. Neither ever says anything here.
var insertDefinition = after(object("InsPerm",
	boolExp("check", true, func(p *InsertPermission) *BoolExp { return &p.Check }),
	presets(func(p *InsertPermission) *map[string]json.RawMessage { return &p.Set }),
	insertColumns,
	may("backend_only", boolean, func(p *InsertPermission) *bool { return &p.BackendOnly }),
	shaped("validate_input", validateInputShape, func(p *InsertPermission) *json.RawMessage { return &p.ValidateInput }),
	ignored[InsertPermission]("localPresets"), ignored[InsertPermission]("allow_upsert"),
), func(_ *reader, n *node, p *InsertPermission) {
	if m := n.member("columns"); m == nil || m.kind == nullNode {
		p.Columns = Columns{All: true, Absent: true}
	}
})

// insertColumns: an insert permission without columns means all of them.
var insertColumns = omitWhen(must("columns", columnsCodec, func(p *InsertPermission) *Columns { return &p.Columns }),
	func(p *InsertPermission) bool { return p.Columns.Absent })

var selectDefinition = object("SelPerm",
	must("columns", columnsCodec, func(p *SelectPermission) *Columns { return &p.Columns }),
	omitWhen(must("computed_fields", texts, func(p *SelectPermission) *[]string { return &p.ComputedFields }),
		func(p *SelectPermission) bool { return len(p.ComputedFields) == 0 }),
	boolExp("filter", true, func(p *SelectPermission) *BoolExp { return &p.Filter }),
	mayRef("limit", integer, func(p *SelectPermission) **int { return &p.Limit }),
	may("allow_aggregations", boolean, func(p *SelectPermission) *bool { return &p.AllowAggregations }),
	mayRef("query_root_fields", rootFieldList("select", "select_by_pk", "select_aggregate"),
		func(p *SelectPermission) **[]string { return &p.QueryRootFields }),
	mayRef("subscription_root_fields", rootFieldList("select", "select_by_pk", "select_aggregate", "select_stream"),
		func(p *SelectPermission) **[]string { return &p.SubscriptionRootFields }),
)

func rootFieldList(values ...string) codec[[]string] {
	one := oneOf("root field", values...)
	return codec[[]string]{func(r *reader, n *node) []string { return readList(r, n, one) }, texts.write}
}

var updateDefinition = object("UpdPerm",
	must("columns", columnsCodec, func(p *UpdatePermission) *Columns { return &p.Columns }),
	boolExp("filter", true, func(p *UpdatePermission) *BoolExp { return &p.Filter }),
	updateCheck,
	presets(func(p *UpdatePermission) *map[string]json.RawMessage { return &p.Set }),
	may("backend_only", boolean, func(p *UpdatePermission) *bool { return &p.BackendOnly }),
	shaped("validate_input", validateInputShape, func(p *UpdatePermission) *json.RawMessage { return &p.ValidateInput }),
	ignored[UpdatePermission]("localPresets"),
)

// updateCheck is written as null where there is none.
var updateCheck = field[UpdatePermission]{
	"check", false,
	boolExp("check", false, func(p *UpdatePermission) *BoolExp { return &p.Check }).read,
	func(w *writer, p *UpdatePermission) bool {
		if p.Check == nil {
			w.WriteString("null")
		} else {
			w.Write(p.Check)
		}
		return true
	},
}

var deleteDefinition = object("DelPerm",
	boolExp("filter", true, func(p *DeletePermission) *BoolExp { return &p.Filter }),
	may("backend_only", boolean, func(p *DeletePermission) *bool { return &p.BackendOnly }),
	shaped("validate_input", validateInputShape, func(p *DeletePermission) *json.RawMessage { return &p.ValidateInput }),
)
