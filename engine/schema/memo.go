package schema

import (
	"maps"
	"reflect"
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// memo is what a model knows about how a source's content came about, so that the next one can take over what is the same.
//
// What is taken over is a table as such, its relationships, its computed fields, its permissions, and so on, each for
// itself, when it would be made of the same things again: the same part of the metadata, the same part of the catalog, and
// the same answer to every question it asked about other objects (scope). Answers are compared as pointers, so an object
// never refers to one that another has replaced. Nothing relies on being told what changed.
type memo struct {
	from         *metadata.Source
	cat          *catalog.Catalog
	enums        map[catalog.Name][]EnumValue
	nativeErrors map[string]string

	units map[catalog.Name]*unit
	// served are the units whose tables are served, in order.
	served    []*unit
	functions map[catalog.Name]*Function // with the scalar ones
	scalars   map[*Function]*ScalarFunction
	models    []*Table // logical models
	// claims are the names that functions, native queries and logical models want.
	claims, nativeClaims []*claim
	nativeLooks          []look
	// problems are all of the source's but those of its native queries; roles, those its permissions mention.
	problems, nativeProblems []metadata.Inconsistency
	roles                    map[string]bool
}

// unit is what was made of one table of the metadata.
type unit struct {
	meta *metadata.Table
	cat  *catalog.Table
	// table is nil where it cannot be served.
	table   *Table
	details *details
	// permissions are those in details, one by one.
	permissions []resolved
	// What relationships, computed fields and permissions asked.
	relationLooks, computedLooks, permissionLooks []look
	// What is wrong with the table as such, its relationships and computed fields.
	problems, relationProblems, computedProblems []metadata.Inconsistency
}

// source makes a source's content.
func (b *builder) source(ms *metadata.Source, cat *catalog.Catalog) {
	c := &content{Source: &Source{Name: ms.Name, custom: newCustomization(ms.Customization, b.in.Options), features: b.in.Metadata.Features(ms.Name)}}
	var old *content
	was := &memo{}
	if b.prev != nil {
		if old = b.prev.content(ms.Name); old != nil && *old.Source == *c.Source {
			c.Source, was = old.Source, b.prev.memos[ms.Name]
		}
	}
	b.memo = &memo{
		from: ms, cat: cat, enums: b.in.EnumValues[ms.Name], nativeErrors: b.in.NativeErrors[ms.Name], roles: map[string]bool{},
		units: make(map[catalog.Name]*unit, len(ms.Tables)),
	}
	if b.isSettledLate && b.memo.isLike(was) {
		b.keep(old, was)
		return
	}
	b.m.sources, b.m.memos[ms.Name] = append(b.m.sources, c), b.memo
	in := &scope{facts: b.m.facts, source: c, cat: cat}
	b.tables(c, ms, was)
	b.relations(was, in)
	b.computedFields(was, in)
	b.allPermissions(was, in)
	b.functions(c, ms, was, in)
	b.memo.problems, b.problems = b.problems, nil
	if b.isSettledLate && b.memo.hasNativesLike(was) && in.holds(was.nativeLooks) {
		b.keepNatives(c, old, was)
	} else {
		in.looks = &b.memo.nativeLooks
		b.natives(c, ms, cat, in)
		b.memo.nativeProblems, b.problems = b.problems, nil
	}
	b.noteRoles(c)
}

// isLike tells whether a source's content would be made of the very same things.
func (m *memo) isLike(was *memo) bool {
	return m.from == was.from && m.cat == was.cat && maps.EqualFunc(m.enums, was.enums, slices.Equal) && maps.Equal(m.nativeErrors, was.nativeErrors)
}

// hasNativesLike is isLike for native queries. A type's name is looked for in the whole catalog.
func (m *memo) hasNativesLike(was *memo) bool {
	return was.from != nil && m.cat == was.cat && maps.Equal(m.nativeErrors, was.nativeErrors) &&
		slices.Equal(m.from.NativeQueries, was.from.NativeQueries) && slices.Equal(m.from.LogicalModels, was.from.LogicalModels)
}

// keep takes a content over whole.
func (b *builder) keep(c *content, m *memo) {
	b.m.sources, b.m.memos[c.Name] = append(b.m.sources, c), m
	for _, t := range c.tables {
		b.m.details[t] = b.prev.details[t]
	}
	for _, t := range m.models {
		b.m.details[t] = b.prev.details[t]
	}
}

func (b *builder) keepNatives(c, old *content, was *memo) {
	c.natives = old.natives
	b.memo.models, b.memo.nativeClaims = was.models, was.nativeClaims
	b.memo.nativeLooks, b.memo.nativeProblems = was.nativeLooks, was.nativeProblems
	for _, t := range was.models {
		b.m.details[t] = b.prev.details[t]
	}
}

// noteRoles notes the roles that permissions mention.
func (b *builder) noteRoles(c *content) {
	for _, u := range b.memo.served {
		for role := range u.details.explicit {
			b.memo.roles[role] = true
		}
	}
	for _, t := range b.memo.models {
		for role := range b.m.of(t).explicit {
			b.memo.roles[role] = true
		}
	}
	for _, f := range c.scalars { // whose roles need not have a permission on any table
		for role := range f.permissions {
			b.memo.roles[role] = true
		}
	}
}

// tables makes the tables as such.
func (b *builder) tables(c *content, ms *metadata.Source, was *memo) {
	m := b.memo
	c.tables = make([]*Table, 0, len(ms.Tables))
	c.byName = make(map[catalog.Name]*Table, len(ms.Tables))
	kept := map[*Table]bool{}
	for _, mt := range ms.Tables {
		name := catalog.Name(mt.Name)
		u := &unit{meta: mt, cat: m.cat.Tables[name]}
		if old := was.units[name]; old != nil && m.units[name] == nil && u.isSameTable(old, m.enums[name], was.enums[name]) {
			u.table, u.problems = old.table, old.problems
			kept[u.table] = true
		} else {
			b.makeTable(c, u)
		}
		m.units[name] = u
		b.problems = append(b.problems, u.problems...)
		if u.table == nil || !b.unclaimed(u.table) {
			continue
		}
		m.served, c.tables = append(m.served, u), append(c.tables, u.table)
		c.byName[name] = u.table
	}
	// A column knows the enum table it refers to. Where that is another one than it was, the table is made anew, which may
	// make others refer to another one in turn.
	for again := true; again; {
		again = false
		for i, u := range m.served {
			if kept[u.table] && slices.ContainsFunc(u.table.Columns, func(col *Column) bool { return col.Enum != enumOf(col, c.byName) }) {
				b.makeTable(c, u)
				c.tables[i], c.byName[u.table.Name] = u.table, u.table
				again = true
			}
		}
	}
	for _, u := range m.served {
		if !kept[u.table] {
			for _, col := range u.table.Columns {
				col.Enum = enumOf(col, c.byName)
			}
		}
	}
}

// makeTable resolves a unit's table as such.
func (b *builder) makeTable(c *content, u *unit) {
	u.problems = b.problemsOf(func() { u.table = b.table(c.Source, u.meta, u.cat) })
}

// problemsOf are the problems that work finds.
func (b *builder) problemsOf(work func()) []metadata.Inconsistency {
	before := b.problems
	b.problems = nil
	work()
	found := b.problems
	b.problems = before
	return found
}

// isSameTable tells whether a unit's table as such would be made of the same things as another's.
func (u *unit) isSameTable(old *unit, enum, oldEnum []EnumValue) bool {
	a, o := u.meta, old.meta
	return u.cat == old.cat && a.IsEnum == o.IsEnum && (!a.IsEnum || slices.Equal(enum, oldEnum)) &&
		(a.Configuration == o.Configuration || reflect.DeepEqual(a.Configuration, o.Configuration)) &&
		string(a.ApolloFederation) == string(o.ApolloFederation)
}

// of is what was made of the very same table before; nil if nothing was.
func (m *memo) of(u *unit) *unit {
	if old := m.units[u.table.Name]; old != nil && old.table == u.table && old.details != nil {
		return old
	}
	return nil
}

func (s *scope) noting(looks *[]look) *scope {
	return &scope{facts: s.facts, source: s.source, cat: s.cat, looks: looks}
}

// relations makes the relationships. Where they are those of before, so are, for the time being, the details.
func (b *builder) relations(was *memo, in *scope) {
	for _, u := range b.memo.served {
		old := was.of(u)
		if old != nil && slices.Equal(u.meta.ObjectRelationships, old.meta.ObjectRelationships) &&
			slices.Equal(u.meta.ArrayRelationships, old.meta.ArrayRelationships) && in.holds(old.relationLooks) {
			u.details, u.relationLooks, u.relationProblems = old.details, old.relationLooks, old.relationProblems
		} else {
			b.makeRelations(u, old, in)
		}
		b.m.details[u.table] = u.details
		b.problems = append(b.problems, u.relationProblems...)
	}
}

func (b *builder) makeRelations(u, old *unit, in *scope) {
	u.details = &details{}
	noting := in.noting(&u.relationLooks)
	add := func(list []*metadata.Relationship, array bool) {
		for _, mr := range list {
			r := b.relation(u.table, u.details, mr, array, noting)
			if r == nil {
				continue
			}
			if old != nil {
				if same := old.details.relation(r.Name); same != nil && same.isLike(r) {
					r = same
				}
			}
			u.details.relations = append(u.details.relations, r)
		}
	}
	u.relationProblems = b.problemsOf(func() {
		add(u.meta.ObjectRelationships, false)
		add(u.meta.ArrayRelationships, true)
	})
	if old != nil && slices.Equal(u.details.relations, old.details.relations) {
		u.details = old.details
	}
}

// isLike tells whether two relationships of one table are the same. Tables and columns are the same when they are the same
// object.
func (r *Relation) isLike(o *Relation) bool {
	a, b := *r, *o
	a.Mapping, b.Mapping = nil, nil
	return slices.Equal(r.Remote, o.Remote) && a.Table == b.Table && a.Target == b.Target && a.Native == b.Native && a.Nested == b.Nested && slices.Equal(r.Mapping, o.Mapping) &&
		a.Name == b.Name && a.Array == b.Array && a.Nullable == b.Nullable && a.AfterParent == b.AfterParent && a.Description == b.Description
}

// computedFields makes the computed fields. Details that are still those of before have the computed fields of before.
func (b *builder) computedFields(was *memo, in *scope) {
	for _, u := range b.memo.served {
		old := was.of(u)
		if old != nil && slices.Equal(u.meta.ComputedFields, old.meta.ComputedFields) && in.holds(old.computedLooks) {
			u.computedLooks, u.computedProblems = old.computedLooks, old.computedProblems
			if u.details != old.details {
				u.details.computed = old.details.computed
			}
		} else {
			b.makeComputedFields(u, old, in)
		}
		b.m.details[u.table] = u.details
		b.problems = append(b.problems, u.computedProblems...)
	}
}

func (b *builder) makeComputedFields(u, old *unit, in *scope) {
	noting := in.noting(&u.computedLooks)
	var fields []*ComputedField
	u.computedProblems = b.problemsOf(func() {
		for _, mc := range u.meta.ComputedFields {
			f := b.computedField(u.table, mc, noting)
			if f == nil {
				continue
			}
			if old != nil {
				if same := old.details.computedField(f.Name); same != nil && same.isLike(f) {
					f = same
				}
			}
			fields = append(fields, f)
		}
	})
	if old != nil && u.details == old.details {
		if slices.Equal(fields, old.details.computed) {
			return
		}
		u.details = &details{relations: old.details.relations}
	}
	u.details.computed = fields
}

func (f *ComputedField) isLike(o *ComputedField) bool {
	return f.Table == o.Table && f.Name == o.Name && f.Function == o.Function && f.TableArg == o.TableArg && f.SessionArg == o.SessionArg &&
		f.Returns == o.Returns && f.Type == o.Type && f.Description == o.Description && likeArgs(f.Args, o.Args)
}

// likeArgs compares the arguments of one function; what else they have follows from their types.
func likeArgs(a, b []FunctionArg) bool {
	return slices.EqualFunc(a, b, func(x, y FunctionArg) bool {
		return x.GraphQL == y.GraphQL && x.Name == y.Name && x.Position == y.Position && x.Type == y.Type && x.HasDefault == y.HasDefault && x.Description == y.Description
	})
}

// allPermissions makes the permissions, which completes the details.
func (b *builder) allPermissions(was *memo, in *scope) {
	for _, u := range b.memo.served {
		old := was.of(u)
		known := map[any]resolved(nil)
		arePermissionsKept := false
		isSound := old != nil && in.holds(old.permissionLooks)
		switch {
		case isSound && u.hasPermissionsLike(old):
			u.permissions, u.permissionLooks = old.permissions, old.permissionLooks
			arePermissionsKept = true
		case isSound && len(old.permissionLooks) < maxLooks:
			u.permissionLooks = slices.Clone(old.permissionLooks)
			known = make(map[any]resolved, len(old.permissions))
			for _, one := range old.permissions {
				known[one.from] = one
			}
			fallthrough
		default:
			u.permissions = b.permissions(u.table, u.meta, in.noting(&u.permissionLooks), known)
		}
		b.complete(u, old, arePermissionsKept)
		b.m.details[u.table] = u.details
		for _, one := range u.permissions {
			if one.problem != nil {
				b.problems = append(b.problems, *one.problem)
			}
		}
	}
}

// maxLooks bounds what a table's permissions asked, those dropped since included.
const maxLooks = 200

func (u *unit) hasPermissionsLike(old *unit) bool {
	a, o := u.meta, old.meta
	return slices.Equal(a.SelectPermissions, o.SelectPermissions) && slices.Equal(a.InsertPermissions, o.InsertPermissions) &&
		slices.Equal(a.UpdatePermissions, o.UpdatePermissions) && slices.Equal(a.DeletePermissions, o.DeletePermissions) &&
		(a.Leftovers == o.Leftovers || reflect.DeepEqual(storedClosed(a), storedClosed(o)))
}

// complete gives a unit's details their permissions.
func (b *builder) complete(u, old *unit, arePermissionsKept bool) {
	var before *details
	if old != nil {
		before = old.details
		if u.details == before && arePermissionsKept {
			return
		}
	}
	d := &details{relations: u.details.relations, computed: u.details.computed, closed: closedOnes(u.permissions, storedClosed(u.meta))}
	if before != nil {
		d.explicit = byRole(u.permissions, before.explicit)
		if slices.Equal(d.computed, before.computed) {
			d.all = before.all
		}
		if u.details == before && maps.Equal(d.explicit, before.explicit) && reflect.DeepEqual(d.closed, before.closed) {
			return
		}
	} else {
		d.explicit = byRole(u.permissions, nil)
	}
	if d.all == nil {
		d.all = everything(u.table, d.computed)
	}
	u.details = d
}

// functions makes the functions.
func (b *builder) functions(c *content, ms *metadata.Source, was *memo, in *scope) {
	m := b.memo
	m.functions, m.scalars = make(map[catalog.Name]*Function, len(ms.Functions)), map[*Function]*ScalarFunction{}
	for _, mf := range ms.Functions {
		f := b.function(c.Source, mf, in)
		if f == nil {
			continue
		}
		if same := was.functions[f.Name]; same != nil && same.isLike(f) && m.functions[f.Name] == nil {
			f = same
		}
		m.functions[f.Name] = f
		if !b.unclaimedFunction(f) {
			continue
		}
		if f.Returns != nil {
			c.functions = append(c.functions, f)
			continue
		}
		if m.scalars[f] = was.scalars[f]; m.scalars[f] == nil {
			m.scalars[f] = scalarFunction(f)
		}
		c.scalars = append(c.scalars, m.scalars[f])
	}
}

func (f *Function) isLike(o *Function) bool {
	return f.Source == o.Source && f.Name == o.Name && f.Catalog == o.Catalog && f.SessionArg == o.SessionArg && f.Returns == o.Returns && f.Set == o.Set &&
		f.Mutation == o.Mutation && f.Description == o.Description && likeArgs(f.Args, o.Args) && maps.Equal(f.permissions, o.permissions) &&
		f.base.isCustom == o.base.isCustom && slices.Equal(f.base.pieces, o.base.pieces) && reflect.DeepEqual(f.rootFields, o.rootFields)
}
