package plan

import (
	"errors"
	"reflect"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// A caller in several roles: how their rules meet in a plan. Reading is the union of rules (schema.Reading). Writing
// chooses a rule: an insert one role for all of it, an update and a delete a rule for each row.

// reach says how the rows of t planned next are come by, until the function it gives is called.
func (b *builder) reach(t *schema.Table, a schema.Access) func() {
	if b.s.Roles() == nil {
		return func() {}
	}
	if b.access == nil {
		b.access = map[*schema.Table]schema.Access{}
	}
	was := b.access[t]
	b.access[t] = a
	return func() { b.access[t] = was }
}

func (b *builder) reachRoot(t *schema.Table, kind string) func() {
	return b.reach(t, schema.Access{Root: kind, Subscription: b.isSubscription, Aggregate: kind == "select_aggregate"})
}

// keyColumn is a column of a key that is shown whole or not at all.
func (b *builder) keyColumn(f *operation.Field, t *schema.Table, c *schema.Column) (schema.Operand, error) {
	o, err := b.column(t, c)
	if err == nil && o.Visible != nil {
		err = fault.New(fault.PermissionError, f.Path, "the primary key of %q cannot be shown under these roles at once", t.Name.Name)
	}
	return o, err
}

func (b *builder) globalID(f *operation.Field, t *schema.Table) (FieldValue, error) {
	key := b.s.NodeKey(t)
	for _, c := range key {
		if _, err := b.keyColumn(f, t, c); err != nil {
			return nil, err
		}
	}
	return GlobalID{Table: t, Key: key}, nil
}

// refusal is an error that says what a role may not do; another of several roles may.
type refusal struct{ error }

// mayNot words what the role may not do. The schema offers nothing of the kind to one role.
func (b *builder) mayNot(path, format string, args ...any) error {
	role := b.s.Role
	if b.writer != "" {
		role = b.writer
	}
	err := fault.New(fault.Unexpected, path, "role %q may not "+format, append([]any{role}, args...)...)
	if b.writer != "" {
		return refusal{err}
	}
	return err
}

// writes are the rules an insert is planned under.
func (b *builder) writes(t *schema.Table) *schema.Permissions {
	if b.writer == "" {
		return b.s.Permissions(t)
	}
	for _, r := range b.s.RulesOf(t) {
		if r.Role == b.writer {
			return r.Permissions
		}
	}
	return &schema.Permissions{}
}

// roles names the caller's roles in an error.
func (b *builder) roles() string { return strings.Join(b.s.Roles(), ", ") }

// insertNode plans an insert. Under several roles, one of them must be allowed the whole of it, rows of other tables and
// on_conflict included; which one the checks will tell, so all that may be are tried in the caller's order.
func (b *builder) insertNode(f *operation.Field, t *schema.Table, arg schema.Arg) (Node, error) {
	if b.s.Roles() == nil {
		return b.insertRoot(f, t, arg)
	}
	choice := &Choice{}
	validations := b.validations
	for _, b.writer = range b.s.Roles() {
		before := len(b.validations)
		ins, err := b.insertRoot(f, t, arg)
		if errors.As(err, new(refusal)) {
			b.validations = b.validations[:before]
			continue
		}
		if err != nil {
			b.writer = ""
			return nil, err
		}
		if !choice.has(ins) {
			choice.Inserts = append(choice.Inserts, ins)
		}
	}
	b.writer = ""
	switch len(choice.Inserts) {
	case 0:
		b.validations = validations
		return nil, fault.New(fault.PermissionError, f.Path, "none of the roles may do all of this insert alone: %s", b.roles())
	case 1:
		return choice.Inserts[0], nil
	}
	return choice, nil
}

// has tells whether another role's rules make the same insert.
func (c *Choice) has(ins *Insert) bool {
	for _, other := range c.Inserts {
		one := *ins
		one.Output = other.Output // read under the union, whoever writes
		if reflect.DeepEqual(&one, other) {
			return true
		}
	}
	return false
}

func (u *Update) set(presets []Assignment) {
	for _, p := range presets {
		u.Changes = append(u.Changes, Change{Op: "_set", Assignment: p})
	}
}

// chooseUpdate finds the rules that allow all columns changed, and makes of u one that changes each row under one of
// them.
func (b *builder) chooseUpdate(u *Update, path string) error {
	var rules []*schema.UpdatePermission
	for _, r := range b.s.RulesOf(u.Table) {
		if r.Update != nil && covers(r.Update, u.Changes) {
			rules = append(rules, r.Update)
		}
	}
	if len(rules) == 0 {
		if len(u.Changes) == 0 {
			return nil // nothing is asked for, which is an error of its own
		}
		return fault.New(fault.PermissionError, path, "none of the roles may set all of these columns of %q alone: %s", u.Table.Name.Name, b.roles())
	}
	samePresets, sameCheck := true, true
	filters := schema.Or{}
	for _, p := range rules {
		filters = append(filters, p.Filter)
		samePresets = samePresets && sameSet(p.Set, rules[0].Set)
		sameCheck = sameCheck && reflect.DeepEqual(p.Check, rules[0].Check)
	}
	u.Where, u.Check = schema.AnyOf(filters), nil
	if samePresets {
		u.set(presets(rules[0].Set))
	}
	switch {
	case samePresets && sameCheck:
		u.Check = rules[0].Check
		return nil
	case u.Table.Catalog.PrimaryKey == nil:
		return fault.New(fault.NotSupported, path, "the roles update %q under different checks or presets, which needs a primary key; ask for one of them: %s", u.Table.Name.Name, b.roles())
	}
	for _, p := range rules {
		rule := UpdateRule{Filter: p.Filter, Check: p.Check}
		if !samePresets {
			rule.Presets = presets(p.Set)
		}
		u.Rules = append(u.Rules, rule)
	}
	return nil
}

// covers tells whether a rule lets a client make all changes; without any, whether it makes some itself.
func covers(p *schema.UpdatePermission, changes []Change) bool {
	for _, c := range changes {
		if !p.Columns[c.Column] {
			return false
		}
	}
	return len(changes) > 0 || len(p.Set) > 0
}

func sameSet(a, b []schema.Preset) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// anyDelete admits what the rule of one of the roles does.
func (b *builder) anyDelete(t *schema.Table) schema.Predicate {
	filters := schema.Or{}
	for _, r := range b.s.RulesOf(t) {
		if r.Delete != nil {
			filters = append(filters, r.Delete.Filter)
		}
	}
	return schema.AnyOf(filters)
}

// validateUpdate has the update permission's webhook asked. Of several roles every one's is, and all must agree: whose
// rule a row falls under is not known before.
func (b *builder) validateUpdate(t *schema.Table, inputs schema.Value) {
	if b.s.Roles() == nil {
		if p := b.s.Permissions(t).Update; p != nil {
			b.validate(p.ValidateInput, inputs)
		}
		return
	}
	for _, r := range b.s.RulesOf(t) {
		if r.Update != nil {
			b.validateAs(r.Role, r.Update.ValidateInput, inputs)
		}
	}
}

// validateDelete is validateUpdate for deletes.
func (b *builder) validateDelete(t *schema.Table, inputs schema.Value) {
	if b.s.Roles() == nil {
		if p := b.s.Permissions(t).Delete; p != nil {
			b.validate(p.ValidateInput, inputs)
		}
		return
	}
	for _, r := range b.s.RulesOf(t) {
		if r.Delete != nil {
			b.validateAs(r.Role, r.Delete.ValidateInput, inputs)
		}
	}
}

func (b *builder) validateAs(role string, v *schema.Validation, inputs schema.Value) {
	b.writer = role
	b.validate(v, inputs)
	b.writer = ""
}
