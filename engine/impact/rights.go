package impact

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// The directions of a Right.
const (
	Wider    = "wider"
	Unclear  = "unclear"
	Narrower = "narrower"
)

// rights compares what every role but admin may do. Admin may do everything to all that is tracked; what is tracked, the
// objects and its schema show.
func rights(before, after State, o Options) []Right {
	c := &rightsComparison{before: before, after: after, out: []Right{}}
	roles := union(before.Model.Roles(), after.Model.Roles())
	for _, source := range union(before.Model.Sources(), after.Model.Sources()) {
		c.source = source
		for _, change := range moved(before.Document.Source(source), after.Document.Source(source)) {
			for _, role := range roles {
				c.say(role, "", "", Unclear, "%s", change)
			}
		}
		tables := c.tableNames()
		for _, role := range roles {
			c.role = role
			for _, name := range tables {
				c.table(metadata.TableName(name).String(), permissions(before.Model, source, name, role), permissions(after.Model, source, name, role))
			}
			c.functions()
			c.natives()
		}
	}
	if c.source = ""; o.AllowList {
		c.allowList()
	}
	c.limits(roles)
	order := []string{Wider, Unclear, Narrower}
	slices.SortStableFunc(c.out, func(x, y Right) int {
		return slices.Index(order, x.Direction) - slices.Index(order, y.Direction)
	})
	return c.out
}

type rightsComparison struct {
	before, after State
	source, role  string
	out           []Right
}

func (c *rightsComparison) say(role, object, operation, direction, format string, args ...any) {
	c.out = append(c.out, Right{Role: role, Source: c.source, Object: object, Operation: operation, Direction: direction, Change: fmt.Sprintf(format, args...)})
}

// scope says things about one right.
type scope struct {
	c                 *rightsComparison
	object, operation string
}

func (s scope) say(direction, format string, args ...any) {
	s.c.say(s.c.role, s.object, s.operation, direction, format, args...)
}

// moved tells how a source would be reached in another way.
func moved(before, after *metadata.Source) (changes []string) {
	if before == nil || after == nil {
		return nil
	}
	b, a := before.Configuration, after.Configuration
	if !isSamePlace(b.ConnectionInfo, a.ConnectionInfo) {
		changes = append(changes, "the source would be another database")
	}
	if !slices.EqualFunc(b.ReadReplicas, a.ReadReplicas, isSamePlace) {
		changes = append(changes, "reads would be answered by other replicas")
	}
	if !reflect.DeepEqual(b.ConnectionTemplate, a.ConnectionTemplate) || !reflect.DeepEqual(b.ConnectionSet, a.ConnectionSet) {
		changes = append(changes, "the database of a request would be chosen in another way")
	}
	return changes
}

func isSamePlace(b, a metadata.ConnectionInfo) bool {
	return b.URL == a.URL && b.FromEnv == a.FromEnv && b.FromFile == a.FromFile && reflect.DeepEqual(b.Parameters, a.Parameters)
}

// tableNames are those of the source before and after, in order.
func (c *rightsComparison) tableNames() []catalog.Name {
	names := append(slices.Clone(c.before.Model.Tables(c.source)), c.after.Model.Tables(c.source)...)
	slices.SortFunc(names, func(a, b catalog.Name) int { return strings.Compare(a.Schema+"\x00"+a.Name, b.Schema+"\x00"+b.Name) })
	return slices.Compact(names)
}

func permissions(m *schema.Model, source string, name catalog.Name, role string) *schema.Permissions {
	if s := m.Source(source); s != nil {
		if t := m.Table(s, name); t != nil {
			return m.Permissions(t, role)
		}
	}
	return &schema.Permissions{}
}

func (c *rightsComparison) table(object string, b, a *schema.Permissions) {
	if b == a { // the same object in both models
		return
	}
	c.selects(scope{c, object, "select"}, b.Select, a.Select)
	c.inserts(scope{c, object, "insert"}, b.Insert, a.Insert)
	c.updates(scope{c, object, "update"}, b.Update, a.Update)
	c.deletes(scope{c, object, "delete"}, b.Delete, a.Delete)
}

// appears reports a right that is there on one side only; false when there is nothing to compare.
func (s scope) appears(before, after bool, what func() string) bool {
	switch {
	case before && after:
		return true
	case after:
		s.say(Wider, "may %s: %s", s.operation, what())
	case before:
		s.say(Narrower, "may no longer %s", s.operation)
	}
	return false
}

func rows(p schema.Predicate) string {
	if schema.Always(p) {
		return "all rows"
	}
	return "rows where " + Words(p)
}

func (c *rightsComparison) selects(s scope, b, a *schema.SelectPermission) {
	if !s.appears(b != nil, a != nil, func() string {
		return fmt.Sprintf("%s of %s", columnList(keysOf(a.Columns)), rows(a.Filter))
	}) {
		return
	}
	s.condition("row filter", b.Filter, a.Filter, Narrower, Wider)
	before, after := byName(b.Columns), byName(a.Columns)
	s.columns(keysOf(b.Columns), keysOf(a.Columns), "read")
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if cell, both := after[name]; both { // visible in rows where the filter and the cell's own condition hold
			s.cell("column "+strconv.Quote(name), b.Filter, a.Filter, before[name], cell)
		}
	}
	c.computedFields(s, b, a)
	s.limit(b.Limit, a.Limit)
	s.flag("aggregations", b.Aggregations, a.Aggregations)
	s.roots("query root fields", b.QueryRoot, a.QueryRoot)
	s.roots("subscription root fields", b.SubscriptionRoot, a.SubscriptionRoot)
}

// cell reports a change of a cell's own condition that the row filter does not already tell.
func (s scope) cell(what string, beforeFilter, afterFilter, before, after schema.Predicate) {
	if before == nil && after == nil {
		return
	}
	s.condition(what+" visible", schema.AllOf(beforeFilter, before), schema.AllOf(afterFilter, after), Narrower, Wider)
}

func (c *rightsComparison) computedFields(s scope, b, a *schema.SelectPermission) {
	before, after := map[string]*schema.ComputedField{}, map[string]*schema.ComputedField{}
	for f := range b.Computed {
		before[f.Name] = f
	}
	for f := range a.Computed {
		after[f.Name] = f
	}
	for _, name := range union(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		was, is := before[name], after[name]
		switch {
		case was == nil:
			s.say(Wider, "computed field %q may be read", name)
		case is == nil:
			s.say(Narrower, "computed field %q may no longer be read", name)
		case computed(was) != computed(is):
			s.say(Unclear, "computed field %q is another function", name)
		default:
			s.cell("computed field "+strconv.Quote(name), b.Filter, a.Filter, b.Computed[was], a.Computed[is])
		}
	}
}

// condition reports how a condition changes; less and more are what fewer and more rows mean.
func (s scope) condition(what string, before, after schema.Predicate, less, more string) {
	if before == nil {
		before = schema.And{}
	}
	if after == nil {
		after = schema.And{}
	}
	d, why := compareConditions(before, after)
	if d == same {
		return
	}
	var change string
	switch {
	case schema.Always(normal(before, false)):
		change = fmt.Sprintf("%s added: %s", what, Words(after))
	case schema.Always(normal(after, false)):
		change = fmt.Sprintf("%s removed: %s", what, Words(before))
	default:
		change = fmt.Sprintf("%s changed from %s to %s", what, Words(before), Words(after))
	}
	switch d {
	case narrower:
		s.say(less, "%s", change)
	case wider:
		s.say(more, "%s", change)
	default:
		if why == "" {
			why = "cannot tell"
		}
		s.say(Unclear, "%s (%s)", change, why)
	}
}

func (s scope) columns(before, after []string, verb string) {
	if gained := missingFrom(after, before); len(gained) > 0 {
		s.say(Wider, "may %s %s", verb, columnList(gained))
	}
	if lost := missingFrom(before, after); len(lost) > 0 {
		s.say(Narrower, "may no longer %s %s", verb, columnList(lost))
	}
}

func (s scope) limit(before, after *int) {
	text := func(n *int) string {
		if n == nil {
			return "none"
		}
		return strconv.Itoa(*n)
	}
	if text(before) == text(after) {
		return
	}
	direction := Narrower
	if after == nil || before != nil && *after > *before {
		direction = Wider
	}
	s.say(direction, "limit changed from %s to %s", text(before), text(after))
}

func (s scope) flag(what string, before, after bool) {
	switch {
	case after && !before:
		s.say(Wider, "%s allowed", what)
	case before && !after:
		s.say(Narrower, "%s no longer allowed", what)
	}
}

// roots: nil stands for all.
func (s scope) roots(what string, before, after map[string]bool) {
	switch {
	case before == nil && after == nil:
	case after == nil:
		s.say(Wider, "%s: all, before only %s", what, orNone(slices.Sorted(maps.Keys(before))))
	case before == nil:
		s.say(Narrower, "%s: only %s, before all", what, orNone(slices.Sorted(maps.Keys(after))))
	default:
		if gained := missingFrom(slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before))); len(gained) > 0 {
			s.say(Wider, "%s: %s as well", what, strings.Join(gained, ", "))
		}
		if lost := missingFrom(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))); len(lost) > 0 {
			s.say(Narrower, "%s: %s no longer", what, strings.Join(lost, ", "))
		}
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (c *rightsComparison) inserts(s scope, b, a *schema.InsertPermission) {
	if !s.appears(b != nil, a != nil, func() string {
		return fmt.Sprintf("%s%s", columnList(trueKeys(a.Columns)), checked(a.Check))
	}) {
		return
	}
	s.columns(trueKeys(b.Columns), trueKeys(a.Columns), "insert")
	s.condition("check", b.Check, a.Check, Narrower, Wider)
	s.writing(b.Set, a.Set, b.BackendOnly, a.BackendOnly, b.ValidateInput, a.ValidateInput)
}

func (c *rightsComparison) updates(s scope, b, a *schema.UpdatePermission) {
	if !s.appears(b != nil, a != nil, func() string {
		return fmt.Sprintf("%s of %s%s", columnList(trueKeys(a.Columns)), rows(a.Filter), checked(a.Check))
	}) {
		return
	}
	s.columns(trueKeys(b.Columns), trueKeys(a.Columns), "update")
	s.condition("row filter", b.Filter, a.Filter, Narrower, Wider)
	s.condition("check", b.Check, a.Check, Narrower, Wider)
	s.writing(b.Set, a.Set, b.BackendOnly, a.BackendOnly, b.ValidateInput, a.ValidateInput)
}

func (c *rightsComparison) deletes(s scope, b, a *schema.DeletePermission) {
	if !s.appears(b != nil, a != nil, func() string { return rows(a.Filter) }) {
		return
	}
	s.condition("row filter", b.Filter, a.Filter, Narrower, Wider)
	s.writing(nil, nil, b.BackendOnly, a.BackendOnly, b.ValidateInput, a.ValidateInput)
}

func checked(p schema.Predicate) string {
	if p == nil || schema.Always(p) {
		return ""
	}
	return ", checked: " + Words(p)
}

// writing compares what all permissions to write have.
func (s scope) writing(before, after []schema.Preset, backendBefore, backendAfter bool, validateBefore, validateAfter *schema.Validation) {
	was, is := presets(before), presets(after)
	for _, name := range union(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		switch old, now := was[name], is[name]; {
		case old == now:
		case old == "":
			s.say(Unclear, "preset added: %s is set to %s", name, now)
		case now == "":
			s.say(Unclear, "preset removed: %s was set to %s", name, old)
		default:
			s.say(Unclear, "preset changed: %s is set to %s, before to %s", name, now, old)
		}
	}
	switch {
	case backendAfter && !backendBefore:
		s.say(Narrower, "for backends only")
	case backendBefore && !backendAfter:
		s.say(Wider, "no longer for backends only")
	}
	switch {
	case reflect.DeepEqual(validateBefore, validateAfter):
	case validateBefore == nil:
		s.say(Narrower, "input is validated by %s", validateAfter.URL)
	case validateAfter == nil:
		s.say(Wider, "input is no longer validated by %s", validateBefore.URL)
	default:
		s.say(Unclear, "input validation changed")
	}
}

func presets(list []schema.Preset) map[string]string {
	out := map[string]string{}
	for _, p := range list {
		out[p.Column.Name] = value(p.Value, false)
	}
	return out
}

// functions compares who may call what; the rows that come back are those of the table's permissions.
func (c *rightsComparison) functions() {
	was, is := callable(c.before.Model, c.source, c.role), callable(c.after.Model, c.source, c.role)
	for _, name := range union(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		s := scope{c, "function " + name, "call"}
		if s.appears(was[name] != "", is[name] != "", func() string { return is[name] }) && was[name] != is[name] {
			s.say(Unclear, "the function changed from %s to %s", was[name], is[name])
		}
	}
}

// callable are the functions a role may call, by name, each with what matters of it.
func callable(m *schema.Model, source, role string) map[string]string {
	out := map[string]string{}
	view := m.Role(role, true)
	describe := func(f *schema.Function, returns string) string {
		kind := "query"
		if f.Mutation {
			kind = "mutation"
		}
		text := kind + " returning " + returns
		if f.Set {
			text = kind + " returning a set of " + returns
		}
		if f.SessionArg >= 0 {
			text += fmt.Sprintf(", the session as argument %d", f.SessionArg+1)
		}
		return text
	}
	for _, f := range m.Functions(source) {
		if view.MayCall(f) {
			out[metadata.FunctionName(f.Name).String()] = describe(f, metadata.TableName(f.Returns.Name).String())
		}
	}
	for _, f := range m.Scalars(source) {
		if view.MayCallScalar(f) {
			out[metadata.FunctionName(f.Name).String()] = describe(f.Function, f.Class.Name)
		}
	}
	return out
}

// natives compares native queries: their rows are a logical model's, with its permissions.
func (c *rightsComparison) natives() {
	was, is := nativeQueries(c.before.Model, c.source), nativeQueries(c.after.Model, c.source)
	for _, name := range union(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		b, a := &schema.Permissions{}, &schema.Permissions{}
		if was[name] != nil {
			b = c.before.Model.Permissions(was[name].Returns, c.role)
		}
		if is[name] != nil {
			a = c.after.Model.Permissions(is[name].Returns, c.role)
		}
		s := scope{c, "native query " + name, "select"}
		c.selects(s, b.Select, a.Select)
		if b.Select != nil && a.Select != nil {
			s.native(was[name], is[name])
		}
	}
}

// native compares what is asked, where the same may be seen of the answer.
func (s scope) native(b, a *schema.NativeQuery) {
	if !slices.Equal(b.Code, a.Code) || !slices.Equal(b.Holes, a.Holes) {
		s.say(Unclear, "the query's text changed")
	}
	if was, is := argumentList(b.Args), argumentList(a.Args); was != is {
		s.say(Unclear, "the arguments changed from %s to %s", was, is)
	}
	switch {
	case b.Single && !a.Single:
		s.say(Wider, "all rows, before only the first")
	case a.Single && !b.Single:
		s.say(Narrower, "only the first row, before all")
	}
}

func argumentList(args []schema.FunctionArg) string {
	if len(args) == 0 {
		return "none"
	}
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = a.GraphQL + " " + a.Class.Name
		if a.HasDefault {
			list[i] += ", optional"
		}
	}
	return strings.Join(list, "; ")
}

func nativeQueries(m *schema.Model, source string) map[string]*schema.NativeQuery {
	out := map[string]*schema.NativeQuery{}
	for _, n := range m.Natives(source) {
		out[n.Name] = n
	}
	return out
}

func columnList(names []string) string {
	switch len(names) {
	case 0:
		return "no columns"
	case 1:
		return "column " + names[0]
	}
	return "columns " + strings.Join(names, ", ")
}

func keysOf(columns map[*schema.Column]schema.Predicate) []string {
	return slices.Sorted(maps.Keys(byName(columns)))
}

func byName(columns map[*schema.Column]schema.Predicate) map[string]schema.Predicate {
	out := make(map[string]schema.Predicate, len(columns))
	for c, cell := range columns {
		out[c.Name] = cell
	}
	return out
}

func trueKeys(columns map[*schema.Column]bool) []string {
	out := map[string]bool{}
	for c, is := range columns {
		if is {
			out[c.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

func union(a, b []string) []string {
	set := map[string]bool{}
	for _, list := range [][]string{a, b} {
		for _, s := range list {
			set[s] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
