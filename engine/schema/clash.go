package schema

import (
	"fmt"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// The root types, in the order in which Hasura complains about them.
const (
	mutationRoot     = "mutation_root"
	queryRoot        = "query_root"
	subscriptionRoot = "subscription_root"
)

// names are the GraphQL names in use, of all sources together. They are never changed once a model has them.
type names struct {
	roots index[rootName, *owner]
	types index[string, *owner]
	// hasClash: two objects wanted one name, so that who has it depends on their order.
	hasClash bool
}

// fork is a copy that may be changed.
func (n *names) fork() *names {
	c := *n
	c.roots.fork()
	c.types.fork()
	return &c
}

// rootName is a field of a root type, or of a source's namespace inside it.
type rootName struct{ on, namespace, field string }

// owner is what a name belongs to. table is set for a table.
type owner struct {
	kind, name, source string
	table              *catalog.Name
}

func (o *owner) String() string { return fmt.Sprintf("%s %s in source %s", o.kind, o.name, o.source) }

func (o *owner) is(other *owner) bool {
	return o.kind == other.kind && o.name == other.name && o.source == other.source
}

// claim is the names an object wants: root fields, and the type of its rows ("" for none).
type claim struct {
	by    *owner
	roots []rootName
	typ   string
}

func (n *names) rootOwner(name rootName) *owner { o, _ := n.roots.get(name); return o }
func (n *names) typeOwner(name string) *owner   { o, _ := n.types.get(name); return o }

// hasType tells whether a table or logical model has a type of that name.
func (f *facts) hasType(name string) bool { return f.names != nil && f.names.typeOwner(name) != nil }

// take gives an object its names, unless a root field of them is taken: those then.
func (n *names) take(c *claim) (taken []rootName) {
	for i, f := range c.roots {
		if n.rootOwner(f) != nil || slices.Contains(c.roots[:i], f) {
			taken = append(taken, f)
		}
	}
	if len(taken) > 0 {
		n.hasClash = true
		return taken
	}
	for _, f := range c.roots {
		n.roots.set(f, c.by)
	}
	if c.typ != "" {
		n.types.set(c.typ, c.by)
	}
	return nil
}

// take gives an object its names, now or when names are settled.
func (b *builder) take(want *claim) (taken []rootName) {
	if b.isSettledLate {
		return nil
	}
	return b.names.take(want)
}

// settleNames takes the names of what is gone from those in use and gives what is new its names. It tells whether no two
// objects want one name.
func (b *builder) settleNames() bool {
	gone, fresh := claimsBeside(b.prev, b.m), claimsBeside(b.m, b.prev)
	if len(gone)+len(fresh) == 0 {
		return true
	}
	b.names = b.names.fork()
	for _, c := range gone {
		for _, f := range c.roots {
			b.names.roots.remove(f)
		}
		if c.typ != "" {
			b.names.types.remove(c.typ)
		}
	}
	for _, c := range fresh {
		if c.typ != "" && b.names.typeOwner(c.typ) != nil || len(b.names.take(c)) > 0 {
			return false
		}
	}
	return true
}

// claimsBeside are the claims of what m serves and other does not.
func claimsBeside(m, other *Model) []*claim {
	var out []*claim
	for _, c := range m.sources {
		o := other.content(c.Name)
		if o == c {
			continue
		}
		for _, t := range c.tables {
			if o == nil || o.byName[t.Name] != t {
				out = append(out, t.claim)
			}
		}
		var theirs memo
		if o != nil {
			theirs = *other.memos[c.Name]
		}
		own := m.memos[c.Name]
		out = append(append(out, lacking(theirs.claims, own.claims)...), lacking(theirs.nativeClaims, own.nativeClaims)...)
	}
	return out
}

// lacking are the claims of one list that another lacks.
func lacking(list, from []*claim) []*claim {
	if slices.Equal(list, from) {
		return nil
	}
	has := make(map[*claim]bool, len(list))
	for _, c := range list {
		has[c] = true
	}
	return slices.DeleteFunc(slices.Clone(from), func(c *claim) bool { return has[c] })
}

// conflict words what keeps Hasura from building a schema: the root fields that by would share with others, last first
// as Hasura lists them (witness: v1/set_table_configuration/fail_conflicting_custom_table_name).
func (n *names) conflict(taken []rootName, by *owner) string {
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
		if other := n.rootOwner(f); other != nil && !other.is(by) {
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
	if b.isSettledLate {
		return true
	}
	id, definition := metadata.TableObject(t.Source.Name, metadata.TableName(t.Name)), tableDefinition(t.Name)
	roots := &claim{by: t.claim.by, roots: t.claim.roots}
	if taken := b.names.take(roots); len(taken) > 0 {
		b.inconsistent(id, definition, "the GraphQL name %q is already that of another root field", taken[0].field)
		b.problems[len(b.problems)-1].Fatal = b.names.conflict(taken, t.claim.by)
		return false
	}
	if other := b.names.typeOwner(t.claim.typ); other != nil {
		b.names.hasClash = true
		b.inconsistent(id, definition, "the GraphQL name %q is already that of table %q in source %s",
			t.Source.custom.field(t.base), other.name, other.source)
		return false
	}
	b.names.types.set(t.claim.typ, t.claim.by)
	return true
}

// unclaimedFunction is unclaimed for a function.
func (b *builder) unclaimedFunction(f *Function) bool {
	b.memo.claims = append(b.memo.claims, f.claim)
	taken := b.take(f.claim)
	if len(taken) == 0 {
		return true
	}
	b.inconsistent(metadata.FunctionObject(f.Source.Name, metadata.FunctionName(f.Name)), tableDefinition(f.Name),
		"the GraphQL name %q is already that of another root field", taken[0].field)
	b.problems[len(b.problems)-1].Fatal = b.names.conflict(taken, f.claim.by)
	return false
}

func (f *Function) wants() *claim {
	custom := f.Source.custom
	roots := []string{queryRoot, subscriptionRoot}
	if f.Mutation {
		roots = []string{mutationRoot}
	}
	out := &claim{by: &owner{kind: "function", name: text(f.Name), source: f.Source.Name}}
	for _, on := range roots {
		out.roots = append(out.roots, rootName{on, custom.namespace, f.rootName("function", f.base)})
		if f.Returns != nil {
			out.roots = append(out.roots, rootName{on, custom.namespace, f.rootName("function_aggregate", f.base.with("", "aggregate"))})
		}
	}
	return out
}

func (t *Table) wants(o Options) *claim {
	return &claim{by: &owner{kind: "table", name: text(t.Name), source: t.Source.Name, table: &t.Name}, roots: t.rootNames(o), typ: t.Source.custom.typ(t.base)}
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
