package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Several roles at once: the schema of a caller who acts in more than one role. What it may do is the union of the roles'
// rules, each taken whole: a row is read under a rule that admits it and shows the columns that rule grants, and written
// under one rule alone. Nothing combines the rows of one role with the columns or rights of another.

// several is what a schema of several roles knows beyond that of one.
type several struct {
	roles []string
	// missing are session variables that the caller lacks; what needs one of them does not apply.
	missing map[string]bool

	mu     sync.Mutex
	tables map[*Table]*combined
}

// combined is what several roles may do with one table.
type combined struct {
	rules []Rules
	// united is what they may see; of writes it only tells that some role may, and which columns.
	united   *Permissions
	readings map[Access]*SelectPermission
}

// Rules are what one of several roles may do with a table; nothing in it depends on which role the session says.
type Rules struct {
	Role string
	*Permissions
}

// Access is a way to come by a table's rows that not every rule opens. The zero Access is open to all.
type Access struct {
	// Root is a root field's kind ("select", "select_by_pk", …), of a query or a subscription.
	Root         string
	Subscription bool
	// Aggregate: the rows are aggregated.
	Aggregate bool
	// Function: the rows come from a function.
	Function *Function
}

// maxCombinations is how many combinations of roles one model keeps schemas for.
const maxCombinations = 64

// severalPrefix begins the name of a combination; no role's does.
const severalPrefix = "\x00several "

// Several is the schema of a caller in several roles, in order of preference. has tells which session variables the
// caller has: a rule that needs another one does not apply. The role admin is never one of several.
func (m *Model) Several(roles []string, has func(variable string) bool, backendOnly, relay bool) *Schema {
	var known []string
	for _, role := range roles {
		if m.roles[role] && role != AdminRole && !slices.Contains(known, role) {
			known = append(known, role)
		}
	}
	if len(known) == 0 {
		return m.schema(schemaKey{relay: relay})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	missing := map[string]bool{}
	for _, role := range known {
		for name := range m.variablesOf(role) {
			if !has(name) {
				missing[name] = true
			}
		}
	}
	name, err := json.Marshal([2][]string{known, slices.Sorted(maps.Keys(missing))})
	if err != nil {
		panic("schema: texts do not encode: " + err.Error())
	}
	key := schemaKey{role: severalPrefix + string(name), backendOnly: backendOnly, relay: relay}
	at := slices.IndexFunc(m.combinations, func(s *Schema) bool { return s.key() == key })
	if at >= 0 {
		s := m.combinations[at]
		m.combinations = append(slices.Delete(m.combinations, at, at+1), s) // the last one used is the last one forgotten
		return s
	}
	s := newSchemaOf(m.facts, key, &several{roles: known, missing: missing, tables: map[*Table]*combined{}})
	if m.combinations = append(m.combinations, s); len(m.combinations) > maxCombinations {
		m.combinations = slices.Delete(m.combinations, 0, 1)
	}
	return s
}

func (s *Schema) key() schemaKey { return schemaKey{s.Role, s.BackendOnly, s.Relay} }

// variablesOf are the session variables that some rule of a role needs. The caller holds mu.
func (m *Model) variablesOf(role string) map[string]bool {
	if known, ok := m.variables[role]; ok {
		return known
	}
	all := map[string]bool{}
	for _, t := range m.readableTables() {
		for _, part := range (&several{}).rules(m.Permissions(t, role), role).variables {
			maps.Copy(all, part)
		}
	}
	m.variables[role] = all
	return all
}

// readableTables are all tables and logical models.
func (f *facts) readableTables() []*Table {
	var all []*Table
	for _, source := range f.sources {
		all = append(all, source.tables...)
		for _, n := range source.natives {
			all = append(all, n.Returns)
		}
	}
	return all
}

// Roles are the roles of a caller in several, nil otherwise.
func (s *Schema) Roles() []string {
	if s.several == nil {
		return nil
	}
	return s.several.roles
}

// RulesOf are what each of several roles may do with t, backend-only parts only for backends.
func (s *Schema) RulesOf(t *Table) []Rules { return s.combined(t).rules }

func (s *Schema) combined(t *Table) *combined {
	v := s.several
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.tables[t]
	if c != nil {
		return c
	}
	c = &combined{united: &Permissions{}, readings: map[Access]*SelectPermission{}}
	for _, role := range v.roles {
		r := v.rules(s.m.Permissions(t, role), role)
		if r.drop(v.missing, s.BackendOnly) {
			c.rules = append(c.rules, r.Rules)
		}
	}
	c.unite()
	v.tables[t] = c
	return c
}

// unite makes of the rules what a schema shows. The filters of writes hold for no row and their checks never: a write
// has to choose a rule.
func (c *combined) unite() {
	var selects []*SelectPermission
	insert, update := map[*Column]bool{}, map[*Column]bool{}
	for _, r := range c.rules {
		if r.Select != nil {
			selects = append(selects, r.Select)
		}
		if r.Insert != nil {
			maps.Copy(insert, r.Insert.Columns)
			c.united.Insert = &InsertPermission{Columns: insert, Check: Fixed(false)}
		}
		if r.Update != nil {
			maps.Copy(update, r.Update.Columns)
			set := r.Update.Set
			if c.united.Update != nil && len(set) == 0 {
				set = c.united.Update.Set
			}
			c.united.Update = &UpdatePermission{Columns: update, Filter: Fixed(false), Check: Fixed(false), Set: set}
		}
		if r.Delete != nil {
			c.united.Delete = &DeletePermission{Filter: Fixed(false)}
		}
	}
	c.united.Select = unite(selects)
	if len(selects) > 1 {
		// A cell that every row shows, but not under every rule, may still be null where only some rules are open.
		conditional(c.united.Select.Columns, selects, func(p *SelectPermission) map[*Column]Predicate { return p.Columns })
		conditional(c.united.Select.Computed, selects, func(p *SelectPermission) map[*ComputedField]Predicate { return p.Computed })
	}
}

// conditional gives a condition, be it one that always holds, to every cell that some rule does not show always.
func conditional[K comparable](cells map[K]Predicate, ps []*SelectPermission, of func(*SelectPermission) map[K]Predicate) {
	for k, visible := range cells {
		for _, p := range ps {
			if own, has := of(p)[k]; visible == nil && (!has || own != nil) {
				cells[k] = And{}
			}
		}
	}
}

// Reading is what may be seen of t's rows come by in a way: the union of the rules that open it, in which what only others
// grant is never visible. It is nil where nothing of t may be seen at all.
func (s *Schema) Reading(t *Table, a Access) *SelectPermission {
	if s.several == nil {
		return s.m.Permissions(t, s.Role).Select
	}
	c := s.combined(t)
	if a == (Access{}) || c.united.Select == nil {
		return c.united.Select
	}
	s.several.mu.Lock()
	p := c.readings[a]
	s.several.mu.Unlock()
	if p != nil {
		return p
	}
	var open []*SelectPermission
	for _, r := range c.rules {
		if r.Select != nil && s.opens(r, a) {
			open = append(open, r.Select)
		}
	}
	out := &SelectPermission{Filter: Fixed(false), Columns: map[*Column]Predicate{}, Computed: map[*ComputedField]Predicate{}}
	if united := unite(open); united != nil {
		out.Filter, out.Limit, out.Aggregations = united.Filter, united.Limit, united.Aggregations
		maps.Copy(out.Columns, united.Columns)
		maps.Copy(out.Computed, united.Computed)
	}
	for column := range c.united.Select.Columns {
		if _, ok := out.Columns[column]; !ok {
			out.Columns[column] = Fixed(false)
		}
	}
	for field := range c.united.Select.Computed {
		if _, ok := out.Computed[field]; !ok {
			out.Computed[field] = Fixed(false)
		}
	}
	s.several.mu.Lock()
	defer s.several.mu.Unlock()
	c.readings[a] = out
	return out
}

// opens tells whether a rule opens a way to its rows.
func (s *Schema) opens(r Rules, a Access) bool {
	roots := r.Select.QueryRoot
	if a.Subscription {
		roots = r.Select.SubscriptionRoot
	}
	return (a.Root == "" || roots == nil || roots[a.Root]) && (!a.Aggregate || r.Select.Aggregations) &&
		(a.Function == nil || s.calls(r, a.Function))
}

// calls tells whether the role of a rule about f's rows may call f.
func (s *Schema) calls(r Rules, f *Function) bool {
	return r.Select != nil && f.SessionArg < 0 &&
		(s.m.options.InferFunctionPermissions && !f.Mutation || s.m.functionAllowed(f, r.Role))
}

// mayCallAny tells whether one of several roles may call f and read what it returns.
func (s *Schema) mayCallAny(f *Function) bool {
	return slices.ContainsFunc(s.combined(f.Returns).rules, func(r Rules) bool { return s.calls(r, f) })
}

// mayCallScalar tells whether the role, or one of several, may call f.
func (s *Schema) mayCallScalar(f *ScalarFunction) bool {
	if s.several == nil {
		return s.m.functionAllowed(f.Function, s.Role)
	}
	return f.SessionArg < 0 && slices.ContainsFunc(s.several.roles, func(role string) bool { return s.m.functionAllowed(f.Function, role) })
}

// aggregatesCall tells whether f's rows may be aggregated.
func (s *Schema) aggregatesCall(f *Function) bool {
	if s.several == nil {
		return s.readable(f.Returns).Aggregations
	}
	return s.Reading(f.Returns, Access{Function: f, Aggregate: true}).Aggregations
}

// offers tells whether a computed field is shown. A function that is handed the session sees one role in it, so several
// have no such field.
func (s *Schema) offers(f *ComputedField) bool { return s.several == nil || f.SessionArg < 0 }

// offersAggregates tells whether a rule opens both the root field and aggregation.
func (s *Schema) offersAggregates(t *Table, subscription bool) bool {
	if s.several == nil {
		return s.readable(t).Aggregations
	}
	return s.Reading(t, Access{Root: "select_aggregate", Subscription: subscription, Aggregate: true}).Aggregations
}

// needs are the session variables that parts of a role's rules need.
type needs struct {
	Rules
	variables [4]map[string]bool // select, insert, update, delete
	// refused parts depend on the session as a whole.
	refused [4]bool
}

// rules are a role's rules with the role written into them, where they ask the session for it.
func (v *several) rules(p *Permissions, role string) needs {
	out := needs{Rules: Rules{Role: role, Permissions: &Permissions{}}}
	for i := range out.variables {
		r := &specializer{role: role, variables: map[string]bool{}}
		switch {
		case i == 0 && p.Select != nil:
			out.Select = r.selects(p.Select)
		case i == 1 && p.Insert != nil:
			one := *p.Insert
			one.Check, one.Set = r.predicate(one.Check), r.presets(one.Set)
			out.Insert = &one
		case i == 2 && p.Update != nil:
			one := *p.Update
			one.Filter, one.Check, one.Set = r.predicate(one.Filter), r.predicate(one.Check), r.presets(one.Set)
			out.Update = &one
		case i == 3 && p.Delete != nil:
			one := *p.Delete
			one.Filter = r.predicate(one.Filter)
			out.Delete = &one
		}
		out.variables[i], out.refused[i] = r.variables, r.wholeSession
	}
	return out
}

// drop takes out what does not apply and tells whether something is left.
func (n *needs) drop(missing map[string]bool, backendOnly bool) bool {
	applies := func(i int) bool {
		for name := range n.variables[i] {
			if missing[name] {
				return false
			}
		}
		return !n.refused[i]
	}
	if n.Select != nil && !applies(0) {
		n.Select = nil
	}
	if n.Insert != nil && (!applies(1) || n.Insert.BackendOnly && !backendOnly) {
		n.Insert = nil
	}
	if n.Update != nil && (!applies(2) || n.Update.BackendOnly && !backendOnly) {
		n.Update = nil
	}
	if n.Delete != nil && (!applies(3) || n.Delete.BackendOnly && !backendOnly) {
		n.Delete = nil
	}
	return n.Select != nil || n.Insert != nil || n.Update != nil || n.Delete != nil
}

// isSeveral tells whether a role's name is that of a combination, which no role of the metadata may have.
func isSeveral(role string) bool { return strings.HasPrefix(role, severalPrefix) }
