package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"

	"gatehouse/engine/metadata"
)

// resolved is one permission of the metadata: what it comes to, or why it is left out.
type resolved struct {
	from    any // *metadata.SelectPermission or one of its siblings
	kind    string
	role    string
	part    any // *SelectPermission or one of its siblings; nil where it is left out
	problem *metadata.Inconsistency
}

// permissions resolves a table's permissions. One that cannot be honoured in full is left out: the role then has none. known
// gives what is known of one already.
func (b *builder) permissions(t *Table, mt *metadata.Table, in *scope, known map[any]resolved) []resolved {
	all := make([]resolved, 0, len(mt.SelectPermissions)+len(mt.InsertPermissions)+len(mt.UpdatePermissions)+len(mt.DeletePermissions))
	add := func(kind string, from any, p metadata.Permission, resolve func() (any, error)) {
		one, ok := known[from]
		if !ok {
			one = b.permission(t, kind, from, p, resolve)
		}
		all = append(all, one)
	}
	for _, p := range mt.SelectPermissions {
		add("select", p, p.Permission, func() (any, error) { return resolveSelect(t, p, in) })
	}
	for _, p := range mt.InsertPermissions {
		add("insert", p, p.Permission, func() (any, error) { return resolveInsert(t, p, in) })
	}
	for _, p := range mt.UpdatePermissions {
		add("update", p, p.Permission, func() (any, error) { return resolveUpdate(t, p, in) })
	}
	for _, p := range mt.DeletePermissions {
		add("delete", p, p.Permission, func() (any, error) { return resolveDelete(t, p, in) })
	}
	return all
}

func (b *builder) permission(t *Table, kind string, from any, p metadata.Permission, resolve func() (any, error)) resolved {
	part, err := resolve()
	if err == nil && p.Role == AdminRole {
		err = fmt.Errorf("cannot define permission as this role is admin") // and everything(t) stands anyway
	}
	if err == nil {
		return resolved{from: from, kind: kind, role: p.Role, part: part}
	}
	name := metadata.TableName(t.Name)
	i := inconsistency(metadata.PermissionObject(kind, t.Source.Name, name, p.Role), metadata.PermissionDefinition(t.Source.Name, name, from),
		"in table %q: in permission for role %q: %v", text(t.Name), p.Role, err)
	return resolved{from: from, kind: kind, role: p.Role, problem: &i}
}

// byRole puts permissions together; what is the same as in was stays the same object.
func byRole(list []resolved, was map[string]*Permissions) map[string]*Permissions {
	out := map[string]*Permissions{}
	for _, one := range list {
		if one.part == nil {
			continue
		}
		p := out[one.role]
		if p == nil {
			p = &Permissions{}
			out[one.role] = p
		}
		switch part := one.part.(type) {
		case *SelectPermission:
			p.Select = part
		case *InsertPermission:
			p.Insert = part
		case *UpdatePermission:
			p.Update = part
		case *DeletePermission:
			p.Delete = part
		}
	}
	for role, p := range out {
		if old := was[role]; old != nil && *old == *p {
			out[role] = old
		}
	}
	return out
}

func resolveInsert(t *Table, p *metadata.InsertPermission, in *scope) (*InsertPermission, error) {
	out := &InsertPermission{BackendOnly: p.BackendOnly}
	var err error
	if out.ValidateInput, err = parseValidation(p.ValidateInput); err != nil {
		return nil, err
	}
	if err = mutationColumns(t, p.Columns, p.Set, &out.Columns, &out.Set); err != nil {
		return nil, err
	}
	if out.Check, err = parsePredicate(t, p.Check, in); err != nil {
		return nil, err
	}
	if !t.Catalog.Insertable {
		return nil, fmt.Errorf("view %q is not insertable", text(t.Name))
	}
	return out, nil
}

func resolveUpdate(t *Table, p *metadata.UpdatePermission, in *scope) (*UpdatePermission, error) {
	out := &UpdatePermission{BackendOnly: p.BackendOnly}
	var err error
	if out.ValidateInput, err = parseValidation(p.ValidateInput); err != nil {
		return nil, err
	}
	if err = mutationColumns(t, p.Columns, p.Set, &out.Columns, &out.Set); err != nil {
		return nil, err
	}
	if out.Filter, err = parsePredicate(t, p.Filter, in); err != nil {
		return nil, err
	}
	if len(p.Check) > 0 && string(p.Check) != "null" {
		if out.Check, err = parsePredicate(t, p.Check, in); err != nil {
			return nil, err
		}
	}
	if !t.Catalog.Updatable {
		return nil, fmt.Errorf("view %q is not updatable", text(t.Name))
	}
	return out, nil
}

func resolveDelete(t *Table, p *metadata.DeletePermission, in *scope) (*DeletePermission, error) {
	out := &DeletePermission{BackendOnly: p.BackendOnly}
	var err error
	if out.ValidateInput, err = parseValidation(p.ValidateInput); err != nil {
		return nil, err
	}
	if out.Filter, err = parsePredicate(t, p.Filter, in); err != nil {
		return nil, err
	}
	if !t.Catalog.Deletable {
		return nil, fmt.Errorf("view %q is not deletable", text(t.Name))
	}
	return out, nil
}

// everything is what the admin role has.
func everything(t *Table, computed []*ComputedField) *Permissions {
	all := &Permissions{
		Select: &SelectPermission{Columns: map[*Column]Predicate{}, Computed: map[*ComputedField]Predicate{}, Filter: And{}, Aggregations: true},
	}
	for _, c := range t.Columns {
		all.Select.Columns[c] = nil
	}
	for _, f := range computed {
		if f.Returns == nil {
			all.Select.Computed[f] = nil
		}
	}
	if t.Catalog.Insertable {
		all.Insert = &InsertPermission{Columns: writable(t, t.Columns), Check: And{}}
	}
	if t.Catalog.Updatable {
		all.Update = &UpdatePermission{Columns: writable(t, t.Columns), Filter: And{}}
	}
	if t.Catalog.Deletable {
		all.Delete = &DeletePermission{Filter: And{}}
	}
	return all
}

// writable leaves out generated columns and identities that are always generated.
func writable(t *Table, columns []*Column) map[*Column]bool {
	out := map[*Column]bool{}
	for _, c := range columns {
		if !c.Catalog.Generated && c.Catalog.Identity != "a" {
			out[c] = true
		}
	}
	return out
}

func resolveSelect(t *Table, p *metadata.SelectPermission, in *scope) (*SelectPermission, error) {
	out := &SelectPermission{
		Columns: map[*Column]Predicate{}, Computed: map[*ComputedField]Predicate{},
		Limit: p.Limit, Aggregations: p.AllowAggregations, QueryRoot: rootSet(p.QueryRootFields), SubscriptionRoot: rootSet(p.SubscriptionRootFields),
	}
	columns, err := namedColumns(t, p.Columns)
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		out.Columns[c] = nil
	}
	for _, name := range p.ComputedFields {
		f := in.computedField(t, name)
		if f == nil {
			return nil, fmt.Errorf("computed field %q does not exist", name)
		}
		if f.Returns != nil {
			return nil, fmt.Errorf("select permissions on computed field %q are auto-derived from the permissions on its returning table %q and cannot be specified manually", name, text(f.Returns.Name))
		}
		out.Computed[f] = nil
	}
	if p.Limit != nil && *p.Limit < 0 {
		return nil, fmt.Errorf("unexpected negative value")
	}
	if out.Filter, err = parsePredicate(t, p.Filter, in); err != nil {
		return nil, err
	}
	return out, nil
}

func rootSet(names *[]string) map[string]bool {
	if names == nil {
		return nil
	}
	set := map[string]bool{}
	for _, n := range *names {
		set[n] = true
	}
	return set
}

func namedColumns(t *Table, cs metadata.Columns) ([]*Column, error) {
	if cs.All {
		return t.Columns, nil
	}
	var out []*Column
	for _, name := range cs.Names {
		if t.Catalog.Column(name) == nil {
			return nil, fmt.Errorf("no such column exists: %q", name)
		}
		if c := t.Column(name); c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// mutationColumns resolves the columns a role may write and the presets, which take their columns out of the input.
func mutationColumns(t *Table, cs metadata.Columns, set map[string]json.RawMessage, columns *map[*Column]bool, presets *[]Preset) error {
	named, err := namedColumns(t, cs)
	if err != nil {
		return err
	}
	*columns = writable(t, named)
	names := slices.Sorted(maps.Keys(set))
	sort.Strings(names)
	for _, name := range names {
		c := t.columnNamed(name)
		if c == nil {
			return fmt.Errorf("no such column exists: %q", name)
		}
		v, err := MetadataValue(set[name])
		if err != nil {
			return err
		}
		if l, ok := v.(*Literal); ok {
			if err := (OperatorDef{Type: c.Type}).refuseLiteral(l.JSON); err != nil {
				return err
			}
		}
		*presets = append(*presets, Preset{Column: c, Value: v})
		for own := range *columns {
			if own.Name == name {
				delete(*columns, own)
			}
		}
	}
	return nil
}
