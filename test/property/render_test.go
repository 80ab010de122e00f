package property_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// literal is a value as SQL.
func literal(v value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// sql makes the tables and fills them.
func (w *world) sql() string {
	var b strings.Builder
	b.WriteString("drop schema public cascade; create schema public;\n")
	for _, t := range w.tables {
		var parts []string
		for _, c := range t.columns {
			part := fmt.Sprintf("%s %s", c.name, sqlTypes[c.kind])
			if c.notNull {
				part += " not null"
			}
			if c.deflt != nil {
				part += " default " + literal(c.deflt)
			}
			parts = append(parts, part)
		}
		for i, k := range t.unique {
			kind := "unique"
			if i == 0 {
				kind = "primary key"
			}
			parts = append(parts, fmt.Sprintf("constraint %s %s (%s)", k.name, kind, strings.Join(k.columns, ", ")))
		}
		fmt.Fprintf(&b, "create table %s (%s);\n", t.name, strings.Join(parts, ", "))
	}
	for _, f := range foreignKeys(w.tables) {
		b.WriteString(f.sql())
	}
	for _, t := range w.tables {
		for i := range t.computed {
			b.WriteString(t.computed[i].sql(t))
		}
		b.WriteString(functionsSQL(t))
	}
	b.WriteString(w.fill(w.rows))
	return b.String()
}

// fill makes a state the tables' content.
func (w *world) fill(s state) string {
	var b strings.Builder
	b.WriteString("set session_replication_role = replica;\n") // foreign keys do not mind the order
	for _, t := range w.tables {
		fmt.Fprintf(&b, "delete from %s;\n", t.name)
		for _, r := range s[t.name] {
			fmt.Fprintf(&b, "insert into %s values (%s);\n", t.name, tuple(t, r))
		}
	}
	b.WriteString("reset session_replication_role;\n")
	return b.String()
}

func tuple(t *table, r row) string {
	var vs []string
	for _, c := range t.columns {
		vs = append(vs, literal(r[c.name]))
	}
	return strings.Join(vs, ", ")
}

// member and document are JSON, or GraphQL input, whose keys keep their order.
type (
	member struct {
		key   string
		value any
	}
	document []member
	// enum is text that GraphQL writes bare.
	enum string
)

func (d document) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range d {
		if i > 0 {
			b = append(b, ',')
		}
		v, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b = append(append(strconv.AppendQuote(b, m.key), ':'), v...)
	}
	return append(b, '}'), nil
}

// graphQL writes input inline.
func graphQL(v any) string {
	switch v := v.(type) {
	case document:
		var parts []string
		for _, m := range v {
			parts = append(parts, m.key+": "+graphQL(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, graphQL(one))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case enum:
		return string(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// condition is a condition as metadata and as where arguments write it.
func condition(c cond) document {
	list := func(cs []cond) []any {
		out := []any{}
		for _, one := range cs {
			out = append(out, condition(one))
		}
		return out
	}
	switch c := c.(type) {
	case nil:
		return document{}
	case and:
		return document{{"_and", list(c)}}
	case or:
		return document{{"_or", list(c)}}
	case not:
		return document{{"_not", condition(c.c)}}
	case compare:
		operand := c.operand
		if vs, ok := operand.([]value); ok {
			all := []any{}
			for _, v := range vs {
				all = append(all, v)
			}
			operand = all
		}
		return document{{c.column, document{{c.op, operand}}}}
	case columns:
		var path any = c.other
		switch {
		case c.root:
			path = []any{"$", c.other}
		case c.via != "":
			path = []any{c.via, c.other}
		}
		return document{{c.column, document{{c.op, path}}}}
	case related:
		return document{{c.relation, condition(c.c)}}
	case nearby:
		return document{{c.field, condition(c.c)}}
	case exists:
		return document{{"_exists", document{{"_table", document{{"schema", "public"}, {"name", c.table}}}, {"_where", condition(c.c)}}}}
	case counted:
		var args document
		if len(c.columns) > 0 {
			args = append(args, member{"arguments", enums(c.columns)})
		}
		if c.distinct {
			args = append(args, member{"distinct", true})
		}
		if c.filter != nil {
			args = append(args, member{"filter", condition(c.filter)})
		}
		args = append(args, member{"predicate", document{{c.op, c.n}}})
		return document{{c.relation + "_aggregate", document{{"count", args}}}}
	}
	panic("unknown condition")
}

func enums(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, enum(n))
	}
	return out
}

// metadata is the document that tracks the world under its permissions.
func (w *world) metadata() document {
	tables := []any{}
	for _, t := range w.tables {
		d := document{{"table", document{{"schema", "public"}, {"name", t.name}}}}
		d = append(d, relationships(t)...)
		fields := []any{}
		for _, f := range t.computed {
			fields = append(fields, document{{"name", f.name}, {"definition", document{{"function", document{{"schema", "public"}, {"name", t.name + "_" + f.name}}}}}})
		}
		d = append(d, member{"computed_fields", fields})
		for _, kind := range []string{"select", "insert", "update", "delete"} {
			ps := []any{}
			for _, r := range w.roles {
				if p := r.permission(kind, t); p != nil {
					ps = append(ps, document{{"role", r.name}, {"permission", p}})
				}
			}
			d = append(d, member{kind + "_permissions", ps})
		}
		tables = append(tables, d)
	}
	inherited := []any{}
	for _, r := range w.roles {
		if r.members == nil {
			continue
		}
		set := []any{}
		for _, m := range r.members {
			set = append(set, m.name)
		}
		inherited = append(inherited, document{{"role_name", r.name}, {"role_set", set}})
	}
	return append(document{{"version", 3}, {"sources", []any{document{
		{"name", "default"},
		{"kind", "postgres"},
		{"tables", tables},
		{"functions", w.functions()},
		{"configuration", document{{"connection_info", document{{"database_url", document{{"from_env", "HASURA_GRAPHQL_DATABASE_URL"}}}}}}},
	}}}, {"inherited_roles", inherited}}, w.endpoints()...)
}

func (w *world) functions() []any {
	out := []any{}
	for _, t := range w.tables {
		function := func(name string) member {
			return member{"function", document{{"schema", "public"}, {"name", name + "_" + t.name}}}
		}
		allowed := []any{}
		for _, r := range w.roles {
			if r.calls[t.name] {
				allowed = append(allowed, document{{"role", r.name}})
			}
		}
		out = append(out, document{function("find")}, document{function("mine"), {"configuration", document{{"session_argument", "hasura_session"}}}},
			document{function("bump"), {"configuration", document{{"exposed_as", "mutation"}}}, {"permissions", allowed}})
	}
	return out
}

func relationships(t *table) document {
	var objects, arrays []any
	for _, r := range t.relations {
		mapping := document{}
		for i := range r.own {
			mapping = append(mapping, member{r.own[i], r.theirs[i]})
		}
		manual := document{{"remote_table", document{{"schema", "public"}, {"name", r.target.name}}}, {"column_mapping", mapping}}
		if !r.array && r.isAfter {
			manual = append(manual, member{"insertion_order", "after_parent"})
		}
		using := document{{"manual_configuration", manual}}
		switch {
		case r.foreign && r.array:
			using = document{{"foreign_key_constraint_on", document{{"column", r.theirs[0]}, {"table", document{{"schema", "public"}, {"name", r.target.name}}}}}}
		case r.foreign:
			using = document{{"foreign_key_constraint_on", r.own[0]}}
		}
		d := document{{"name", r.name}, {"using", using}}
		if r.array {
			arrays = append(arrays, d)
		} else {
			objects = append(objects, d)
		}
	}
	return document{{"object_relationships", append([]any{}, objects...)}, {"array_relationships", append([]any{}, arrays...)}}
}

// permission is a role's permission as metadata writes it; nil when there is none. Columns are always a list: an insert
// permission without any means all of them.
func (r *role) permission(kind string, t *table) document {
	presets := func(set []preset) document {
		d := document{}
		for _, p := range set {
			d = append(d, member{p.column, p.value})
		}
		return d
	}
	if r.members != nil {
		return nil
	}
	switch kind {
	case "select":
		if p := r.selects[t.name]; p != nil {
			d := document{{"columns", append([]string{}, p.columns...)}, {"computed_fields", append([]string{}, p.computed...)}, {"filter", condition(p.filter)}, {"allow_aggregations", p.aggregations}}
			if p.roots != nil {
				d = append(d, member{"query_root_fields", p.roots})
			}
			if p.limit != nil {
				d = append(d, member{"limit", *p.limit})
			}
			return d
		}
	case "insert":
		if p := r.inserts[t.name]; p != nil {
			return document{{"columns", append([]string{}, p.columns...)}, {"check", condition(p.check)}, {"set", presets(p.set)}, {"backend_only", p.backendOnly}}
		}
	case "update":
		if p := r.updates[t.name]; p != nil {
			d := document{{"columns", append([]string{}, p.columns...)}, {"filter", condition(p.filter)}, {"check", nil}, {"set", presets(p.set)}, {"backend_only", p.backendOnly}}
			if p.check != nil {
				d[2].value = condition(p.check)
			}
			return d
		}
	case "delete":
		if p := r.deletes[t.name]; p != nil {
			return document{{"filter", condition(p.filter)}, {"backend_only", p.backendOnly}}
		}
	}
	return nil
}
