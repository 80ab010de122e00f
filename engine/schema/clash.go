package schema

import (
	"fmt"
	"sort"
	"strings"

	"gatehouse/engine/metadata"
)

// names are the GraphQL names in use, of all sources together.
type names struct {
	roots, types map[string]*Table
}

// claim takes t's names, or gives the table that has one of them already. isRoot tells that root fields are the matter,
// not only types.
func (n *names) claim(t *Table) (other *Table, isRoot bool) {
	field, _ := t.rootName("select", t.base)
	root, typ := t.Source.custom.namespace+"\x00"+field, t.Source.custom.typ(t.base)
	if other = n.roots[root]; other != nil {
		return other, true
	}
	if other = n.types[typ]; other != nil {
		return other, false
	}
	n.roots[root], n.types[typ] = t, t
	return nil, false
}

// clash lists t as inconsistent because other has its names. Hasura cannot build a schema then and refuses the change
// with the root fields in question (witness: v1/set_table_configuration/fail_conflicting_custom_table_name).
func (b *builder) clash(t, other *Table, isRoot bool) {
	name := metadata.TableName(t.Name)
	b.inconsistent(metadata.TableObject(t.Source.Name, name), tableDefinition(t.Name),
		"the GraphQL name %q is already that of table %q in source %s", t.Source.custom.field(t.base), text(other.Name), other.Source.Name)
	if !isRoot {
		return
	}
	owners := []string{}
	for _, o := range []*Table{t, other} {
		owners = append(owners, fmt.Sprintf("table %s in source %s", text(o.Name), o.Source.Name))
	}
	sort.Strings(owners)
	by := strings.Join(owners, ", ")
	fields := []string{}
	for _, f := range sharedMutations(t, other) {
		fields = append(fields, fmt.Sprintf("'%s' defined in [%s]", f, by))
	}
	on := "mutation_root"
	if len(fields) == 0 {
		root, _ := t.rootName("select", t.base)
		on, fields = "query_root", []string{fmt.Sprintf("'%s' defined in [%s]", root, by)}
	}
	b.m.inconsistencies[len(b.m.inconsistencies)-1].Fatal = fmt.Sprintf(
		"Encountered conflicting definitions in the selection set for '%s' for fields: [%s]. Fields must not be defined more than once across all sources.",
		on, "\n  "+strings.Join(fields, ",\n  ")+"\n")
}

// sharedMutations are the mutations both tables would give to administrators, last first, as Hasura lists them.
func sharedMutations(a, b *Table) []string {
	both := func(yes func(*Table) bool) bool { return yes(a) && yes(b) }
	hasKey := both(func(t *Table) bool { return t.Catalog.PrimaryKey != nil })
	var out []string
	add := func(kind string, w words, is bool) {
		if is {
			name, _ := a.rootName(kind, w)
			out = append(out, name)
		}
	}
	deletable := both(func(t *Table) bool { return t.Catalog.Deletable })
	updatable := both(func(t *Table) bool { return t.Catalog.Updatable })
	insertable := both(func(t *Table) bool { return t.Catalog.Insertable })
	add("delete_by_pk", a.base.with("delete", "by_pk"), deletable && hasKey)
	add("delete", a.base.with("delete", ""), deletable)
	add("update_many", a.base.with("update", "many"), updatable)
	add("update_by_pk", a.base.with("update", "by_pk"), updatable && hasKey)
	add("update", a.base.with("update", ""), updatable)
	add("insert_one", a.base.with("insert", "one"), insertable)
	add("insert", a.base.with("insert", ""), insertable)
	return out
}
