package schema

import (
	"fmt"
	"slices"
	"strings"

	"gatehouse/engine/metadata"
)

// The root types, in the order in which Hasura complains about them.
const (
	mutationRoot     = "mutation_root"
	queryRoot        = "query_root"
	subscriptionRoot = "subscription_root"
)

// names are the GraphQL names in use, of all sources together.
type names struct {
	roots map[rootName]owner
	types map[string]*Table
}

// rootName is a field of a root type, or of a source's namespace inside it.
type rootName struct{ on, namespace, field string }

// owner is what a root field is made from.
type owner struct{ kind, name, source string }

func (o owner) String() string { return fmt.Sprintf("%s %s in source %s", o.kind, o.name, o.source) }

// claim takes an object's root fields, unless one of them is taken: those then.
func (n *names) claim(fields []rootName, by owner) (taken []rootName) {
	for i, f := range fields {
		if _, ok := n.roots[f]; ok || slices.Contains(fields[:i], f) {
			taken = append(taken, f)
		}
	}
	if len(taken) == 0 {
		for _, f := range fields {
			n.roots[f] = by
		}
	}
	return taken
}

// conflict words what keeps Hasura from building a schema: the root fields that by would share with others, last first
// as Hasura lists them (witness: v1/set_table_configuration/fail_conflicting_custom_table_name).
func (n *names) conflict(taken []rootName, by owner) string {
	var on string
	for _, on = range []string{mutationRoot, queryRoot, subscriptionRoot} {
		if slices.ContainsFunc(taken, func(f rootName) bool { return f.on == on }) {
			break
		}
	}
	var fields []string
	for _, f := range taken {
		if f.on != on {
			continue
		}
		owners := []string{by.String()}
		if other, ok := n.roots[f]; ok && other != by {
			owners = append(owners, other.String())
		}
		slices.Sort(owners)
		fields = append(fields, fmt.Sprintf("'%s' defined in [%s]", f.field, strings.Join(owners, ", ")))
	}
	slices.Reverse(fields)
	which := "field " + fields[0]
	if len(fields) > 1 {
		which = "fields: [\n  " + strings.Join(fields, ",\n  ") + "\n]"
	}
	return fmt.Sprintf("Encountered conflicting definitions in the selection set for '%s' for %s. Fields must not be defined more than once across all sources.", on, which)
}

// unclaimed tells whether t may have its names; else it is listed as inconsistent, since Hasura could not build a
// schema and refuses a change that leads there.
func (b *builder) unclaimed(t *Table) bool {
	id, definition := metadata.TableObject(t.Source.Name, metadata.TableName(t.Name)), tableDefinition(t.Name)
	by := owner{"table", text(t.Name), t.Source.Name}
	if taken := b.names.claim(t.rootNames(b.in.Options), by); len(taken) > 0 {
		b.inconsistent(id, definition, "the GraphQL name %q is already that of another root field", taken[0].field)
		b.m.inconsistencies[len(b.m.inconsistencies)-1].Fatal = b.names.conflict(taken, by)
		return false
	}
	typ := t.Source.custom.typ(t.base)
	if other := b.names.types[typ]; other != nil {
		b.inconsistent(id, definition, "the GraphQL name %q is already that of table %q in source %s",
			t.Source.custom.field(t.base), text(other.Name), other.Source.Name)
		return false
	}
	b.names.types[typ] = t
	return true
}

// unclaimedFunction is unclaimed for a function.
func (b *builder) unclaimedFunction(f *Function) bool {
	by := owner{"function", text(f.Name), f.Source.Name}
	custom := f.Source.custom
	roots := []string{queryRoot, subscriptionRoot}
	if f.Mutation {
		roots = []string{mutationRoot}
	}
	var fields []rootName
	for _, on := range roots {
		fields = append(fields, rootName{on, custom.namespace, f.rootName("function", f.base)})
		if f.Returns != nil {
			fields = append(fields, rootName{on, custom.namespace, f.rootName("function_aggregate", f.base.with("", "aggregate"))})
		}
	}
	taken := b.names.claim(fields, by)
	if len(taken) == 0 {
		return true
	}
	b.inconsistent(metadata.FunctionObject(f.Source.Name, f.meta.Name), tableDefinition(f.Name),
		"the GraphQL name %q is already that of another root field", taken[0].field)
	b.m.inconsistencies[len(b.m.inconsistencies)-1].Fatal = b.names.conflict(taken, by)
	return false
}

// rootNames are the root fields t gives to administrators.
func (t *Table) rootNames(o Options) []rootName {
	var out []rootName
	add := func(is bool, kind string, w words, roots ...string) {
		if !is {
			return
		}
		name, _ := t.rootName(kind, w)
		for _, on := range roots {
			out = append(out, rootName{on, t.Source.custom.namespace, name})
		}
	}
	hasKey := t.Catalog.PrimaryKey != nil
	add(true, "select", t.base, queryRoot, subscriptionRoot)
	add(true, "select_aggregate", t.base.with("", "aggregate"), queryRoot, subscriptionRoot)
	add(hasKey, "select_by_pk", t.base.with("", "by_pk"), queryRoot, subscriptionRoot)
	add(!o.Experimental["hide_stream_fields"], "select_stream", t.base.with("", "stream"), subscriptionRoot)
	add(t.Catalog.Insertable, "insert", t.base.with("insert", ""), mutationRoot)
	add(t.Catalog.Insertable, "insert_one", t.base.with("insert", "one"), mutationRoot)
	add(t.Catalog.Updatable, "update", t.base.with("update", ""), mutationRoot)
	add(t.Catalog.Updatable && hasKey, "update_by_pk", t.base.with("update", "by_pk"), mutationRoot)
	add(t.Catalog.Updatable && !o.Experimental["hide_update_many_fields"], "update_many", t.base.with("update", "many"), mutationRoot)
	add(t.Catalog.Deletable, "delete", t.base.with("delete", ""), mutationRoot)
	add(t.Catalog.Deletable && hasKey, "delete_by_pk", t.base.with("delete", "by_pk"), mutationRoot)
	return out
}
