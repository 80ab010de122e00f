package schema

import (
	"fmt"

	"gatehouse/engine/catalog"
)

// insertable is the role's insert permission on t, unless it is one for backends only and this is not a backend.
func (s *Schema) insertable(t *Table) *InsertPermission {
	p := s.Permissions(t).Insert
	if p == nil || p.BackendOnly && !s.BackendOnly || !t.Catalog.Insertable {
		return nil
	}
	return p
}

func (s *Schema) updatable(t *Table) *UpdatePermission {
	p := s.Permissions(t).Update
	if p == nil || p.BackendOnly && !s.BackendOnly || !t.Catalog.Updatable {
		return nil
	}
	return p
}

func (s *Schema) deletable(t *Table) *DeletePermission {
	p := s.Permissions(t).Delete
	if p == nil || p.BackendOnly && !s.BackendOnly || !t.Catalog.Deletable {
		return nil
	}
	return p
}

func (s *Schema) mutationFields() []*Field {
	var all []*Field
	taken := map[string]bool{}
	for _, source := range s.m.sources {
		var own []*Field
		for _, t := range source.tables {
			own = append(own, s.tableRoots(t, mutationRoot)...)
		}
		own = append(own, s.otherRoots(source, mutationRoot)...)
		all = append(all, s.namespaced(source, own, "mutation", taken)...)
	}
	return all
}

func (s *Schema) insertRoots(t *Table) []*Field {
	if s.insertable(t) == nil {
		return nil
	}
	name := fmt.Sprintf("%q", text(t.Name))
	args := func(object *InputField) []*InputField {
		args := []*InputField{object}
		if s.mayUpsert(t) {
			args = append(args, &InputField{Name: t.Source.custom.fixed("on_conflict"), Description: "upsert condition", Type: named(s.onConflict(t)), Meaning: ArgOnConflict})
		}
		return args
	}
	many := t.root("insert", t.base.with("insert", ""), "insert data into the table: "+name)
	many.Type, many.Meaning = named(s.mutationResponse(t)), InsertRows{t}
	many.Args = args(&InputField{Name: "objects", Description: "the rows to be inserted", Type: listOfNonNull(s.insertInput(t)).notNull(), Meaning: ArgObjects})
	out := []*Field{many}
	if s.hasRowType(t) {
		one := t.root("insert_one", t.base.with("insert", "one"), "insert a single row into the table: "+name)
		one.Type, one.Meaning = named(s.rowType(t)), InsertOne{t}
		one.Args = args(&InputField{Name: "object", Description: "the row to be inserted", Type: nonNull(s.insertInput(t)), Meaning: ArgObject})
		out = append(out, one)
	}
	return out
}

func (s *Schema) mutationResponse(t *Table) *Type {
	return s.typ(Object, s.tableType(t, "", "mutation_response"), fmt.Sprintf("response of any mutation on the table %q", text(t.Name)), func(out *Type) {
		out.fields = []*Field{{Name: t.Source.custom.fixed("affected_rows"), Description: "number of rows affected by the mutation", Type: nonNull(s.scalar("Int")), Meaning: AffectedRows{}}}
		if s.hasRowType(t) {
			out.fields = append(out.fields, &Field{Name: "returning", Description: "data from the rows affected by the mutation", Type: listOfNonNull(s.rowType(t)).notNull(), Meaning: Returning{t}})
		}
	})
}

func (s *Schema) insertInput(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "insert_input"), fmt.Sprintf("input type for inserting data into table %q", text(t.Name)), func(in *Type) {
		p := s.insertable(t)
		for _, c := range t.Columns {
			if p.Columns[c] {
				in.inputs = append(in.inputs, &InputField{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c), Meaning: ColumnInput{c}})
			}
		}
		for _, r := range s.m.Relations(t) {
			if s.insertable(r.Target) == nil && (s.insertLink(r) == nil || !s.insertLinkable(r)) {
				continue
			}
			in.inputs = append(in.inputs, &InputField{Name: r.Name, Type: named(s.nestedInsert(r)), Meaning: RelationInput{r}})
		}
	})
}

func (s *Schema) nestedInsert(r *Relation) *Type {
	t := r.Target
	suffix, description := "obj_rel_insert_input", fmt.Sprintf("input type for inserting object relation for remote table %q", text(t.Name))
	if r.Array {
		suffix, description = "arr_rel_insert_input", fmt.Sprintf("input type for inserting array relation for remote table %q", text(t.Name))
	}
	return s.typ(InputObject, s.tableType(t, "", suffix), description, func(in *Type) {
		link := s.insertLink(r)
		if link != nil {
			in.inputs = []*InputField{{Name: string(NestLink), Description: "relates what is there already", Type: link, Meaning: NestLink}}
		}
		if s.insertable(t) == nil {
			return
		}
		data := named(s.insertInput(t))
		if r.Array {
			data = listOfNonNull(s.insertInput(t))
		}
		if link == nil {
			data = data.notNull()
		}
		in.inputs = append(in.inputs, &InputField{Name: "data", Type: data, Meaning: ArgData})
		if s.mayUpsert(t) {
			in.inputs = append(in.inputs, &InputField{Name: t.Source.custom.fixed("on_conflict"), Description: "upsert condition", Type: named(s.onConflict(t)), Meaning: ArgOnConflict})
		}
	})
}

// mayUpsert: there is a constraint that can be named, and the role may update.
func (s *Schema) mayUpsert(t *Table) bool {
	if s.updatable(t) == nil {
		return false
	}
	for _, k := range t.Catalog.UniqueKeys {
		if IsName(k.Name) {
			return true
		}
	}
	return len(t.upsertIndexes()) > 0
}

// upsertIndexes are the unique indexes that on_conflict may name besides constraints.
func (t *Table) upsertIndexes() []*catalog.Index {
	if !t.Source.features.UpsertOnIndexes {
		return nil
	}
	var out []*catalog.Index
	for _, i := range t.Catalog.UniqueIndexes {
		if IsName(i.Name) {
			out = append(out, i)
		}
	}
	return out
}

func (s *Schema) onConflict(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "on_conflict"), fmt.Sprintf("on_conflict condition type for table %q", text(t.Name)), func(in *Type) {
		fixed := t.Source.custom.fixed
		in.inputs = []*InputField{
			{Name: "constraint", Type: nonNull(s.constraints(t)), Meaning: ArgConstraint},
			{Name: fixed("update_columns"), Type: listOfNonNull(s.updateColumn(t)).notNull(), Default: "[]", Meaning: ArgUpdateColumns},
			{Name: "where", Type: named(s.boolExp(t)), Meaning: ArgWhere},
		}
	})
}

func (s *Schema) constraints(t *Table) *Type {
	return s.typ(Enum, s.tableType(t, "", "constraint"), fmt.Sprintf("unique or primary key constraints on table %q", text(t.Name)), func(e *Type) {
		for _, k := range t.Catalog.UniqueKeys {
			if IsName(k.Name) {
				e.values = append(e.values, &EnumMember{
					Name: k.Name, Meaning: ConstraintValue{k},
					Description: s.describeKey(t, k.Columns),
				})
			}
		}
		for _, i := range t.upsertIndexes() {
			// What an index is over may name what the role cannot see; its name is all that is needed.
			e.values = append(e.values, &EnumMember{Name: i.Name, Meaning: IndexValue{i}, Description: "unique index"})
		}
		sortMembers(e)
	})
}

// describeKey names the columns of a constraint, if the role may know them all: by its own name it may use any.
func (s *Schema) describeKey(t *Table, columns []string) string {
	for _, name := range columns {
		c := t.Column(name)
		isKnown := false
		if p := s.readable(t); p != nil && c != nil {
			_, isKnown = p.Columns[c]
		}
		if p := s.insertable(t); p != nil && c != nil {
			isKnown = isKnown || p.Columns[c]
		}
		if !isKnown {
			return "unique or primary key constraint"
		}
	}
	return fmt.Sprintf("unique or primary key constraint on columns %s", quoted(columns))
}

func (s *Schema) updateColumn(t *Table) *Type {
	return s.typ(Enum, s.tableType(t, "", "update_column"), fmt.Sprintf("update columns of table %q", text(t.Name)), func(e *Type) {
		p := s.updatable(t)
		for _, c := range t.Columns {
			if p.Columns[c] {
				e.values = append(e.values, &EnumMember{Name: c.GraphQL, Description: "column name", Meaning: ColumnValue{c}})
			}
		}
		if len(e.values) == 0 {
			e.values = []*EnumMember{{Name: "_PLACEHOLDER", Description: "placeholder (do not use)", Meaning: PlaceholderValue{}}}
		}
		sortMembers(e)
	})
}

// updateOperators are the operators of update mutations and which columns each takes.
var updateOperators = []struct {
	name, description string
	takes             func(Class) bool
}{
	{"_set", "sets the columns of the filtered rows to the given values", func(Class) bool { return true }},
	{"_inc", "increments the numeric columns with given value of the filtered values", func(c Class) bool { return c.Numeric }},
	{"_append", "append existing jsonb value of filtered columns with new jsonb value", isJSONB},
	{"_prepend", "prepend existing jsonb value of filtered columns with new jsonb value", isJSONB},
	{"_delete_key", "delete key/value pair or string element. key/value pairs are matched based on their key value", isJSONB},
	{"_delete_elem", "delete the array element with specified index (negative integers count from the end). throws an error if top level container is not an array", isJSONB},
	{"_delete_at_path", "delete the field or element with specified path (for JSON arrays, negative integers count from the end)", isJSONB},
}

func isJSONB(c Class) bool { return c.Name == "jsonb" && c.Elem == nil }

func (s *Schema) updateArgs(t *Table) []*InputField {
	p := s.updatable(t)
	var args []*InputField
	for _, op := range updateOperators {
		var columns []*Column
		for _, c := range t.Columns {
			if p.Columns[c] && op.takes(c.Class) {
				columns = append(columns, c)
			}
		}
		if len(columns) == 0 {
			continue
		}
		in := s.typ(InputObject, s.tableType(t, "", op.name[1:]+"_input"), updateInputDescription(op.name, op.description, t), func(in *Type) {
			for _, c := range columns {
				ref := s.columnRef(c)
				switch op.name {
				case "_delete_key":
					ref = s.classRef(ClassOf(TextType))
				case "_delete_elem":
					ref = s.classRef(ClassOf(IntType))
				case "_delete_at_path":
					ref = listOf(s.classRef(ClassOf(TextType)).notNull())
				}
				in.inputs = append(in.inputs, &InputField{Name: c.GraphQL, Description: c.Description, Type: ref, Meaning: ColumnInput{c}})
			}
		})
		args = append(args, &InputField{Name: t.Source.custom.fixed(op.name), Description: op.description, Type: named(in), Meaning: UpdateOperator{op.name}})
	}
	return args
}

func updateInputDescription(op, description string, t *Table) string {
	switch op {
	case "_set":
		return fmt.Sprintf("input type for updating data in table %q", text(t.Name))
	case "_inc":
		return fmt.Sprintf("input type for incrementing numeric columns in table %q", text(t.Name))
	}
	return description
}

func (s *Schema) updateRoots(t *Table) []*Field {
	p := s.updatable(t)
	if p == nil || len(p.Columns) == 0 && len(p.Set) == 0 {
		return nil
	}
	operators := append(s.updateArgs(t), s.nestedArg(t)...)
	name := fmt.Sprintf("%q", text(t.Name))
	fixed := t.Source.custom.fixed
	many := t.root("update", t.base.with("update", ""), "update data of the table: "+name)
	many.Type, many.Meaning = named(s.mutationResponse(t)), UpdateRows{t}
	many.Args = append(append([]*InputField{}, operators...), s.updateWhere(t))
	out := []*Field{many}
	if pk := s.keyColumns(t); pk != nil && s.hasRowType(t) {
		one := t.root("update_by_pk", t.base.with("update", "by_pk"), "update single row of the table: "+name)
		one.Type, one.Meaning = named(s.rowType(t)), UpdateByPK{t}
		key := s.typ(InputObject, s.tableType(t, "", "pk_columns_input"), fmt.Sprintf("primary key columns input for table: %s", t.Source.custom.field(t.base)), func(in *Type) {
			in.inputs = s.keyArgs(pk)
		})
		one.Args = append(append([]*InputField{}, operators...), &InputField{Name: fixed("pk_columns"), Type: nonNull(key), Meaning: ArgPKColumns})
		out = append(out, one)
	}
	if !s.m.options.Experimental["hide_update_many_fields"] {
		batch := t.root("update_many", t.base.with("update", "many"), "update multiples rows of table: "+name)
		updates := s.updatesType(t)
		batch.Type, batch.Meaning = listOf(named(s.mutationResponse(t))), UpdateBatch{t}
		batch.Args = []*InputField{{Name: "updates", Description: "updates to execute, in order", Type: listOfNonNull(updates).notNull(), Meaning: ArgUpdates}}
		out = append(out, batch)
	}
	return out
}

func (s *Schema) updateWhere(t *Table) *InputField {
	return &InputField{Name: "where", Description: "filter the rows which have to be updated", Type: nonNull(s.boolExp(t)), Meaning: ArgWhere}
}

// updatesType is one of several updates of t.
func (s *Schema) updatesType(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "updates"), "", func(in *Type) {
		in.inputs = append(append(s.updateArgs(t), s.nestedArg(t)...), s.updateWhere(t))
	})
}

func (s *Schema) deleteRoots(t *Table) []*Field {
	if s.deletable(t) == nil {
		return nil
	}
	name := fmt.Sprintf("%q", text(t.Name))
	many := t.root("delete", t.base.with("delete", ""), "delete data from the table: "+name)
	many.Type, many.Meaning = named(s.mutationResponse(t)), DeleteRows{t}
	many.Args = []*InputField{{Name: "where", Description: "filter the rows which have to be deleted", Type: nonNull(s.boolExp(t)), Meaning: ArgWhere}}
	out := []*Field{many}
	if pk := s.keyColumns(t); pk != nil && s.hasRowType(t) {
		one := t.root("delete_by_pk", t.base.with("delete", "by_pk"), "delete single row from the table: "+name)
		one.Type, one.Args, one.Meaning = named(s.rowType(t)), s.keyArgs(pk), DeleteByPK{t}
		out = append(out, one)
	}
	return out
}
