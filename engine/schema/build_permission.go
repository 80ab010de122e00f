package schema

import (
	"encoding/json"
	"fmt"
	"sort"

	"gatehouse/engine/metadata"
)

// permissions resolves a table's permissions. One that cannot be honoured in full is left out: the role then has none.
func (b *builder) permissions(t *Table) {
	t.all = everything(t)
	at := func(role string) *Permissions {
		if t.explicit[role] == nil {
			t.explicit[role] = &Permissions{}
		}
		b.m.roles[role] = true
		return t.explicit[role]
	}
	for _, kind := range []string{"insert", "update", "delete"} {
		for _, role := range t.meta.ClosedRoles(kind) {
			t.close(kind, role)
		}
	}
	for _, p := range t.meta.SelectPermissions {
		b.try(t, "select", p.Permission, p, func() error {
			resolved, err := resolveSelect(t, p)
			if err == nil {
				at(p.Role).Select = resolved
			}
			return err
		})
	}
	for _, p := range t.meta.InsertPermissions {
		b.try(t, "insert", p.Permission, p, func() error {
			resolved := &InsertPermission{BackendOnly: p.BackendOnly}
			var err error
			if resolved.ValidateInput, err = parseValidation(p.ValidateInput); err != nil {
				return err
			}
			err = mutationColumns(t, p.Columns, p.Set, &resolved.Columns, &resolved.Set)
			if err == nil {
				resolved.Check, err = ParsePredicate(t, p.Check)
			}
			if err == nil && !t.Catalog.Insertable {
				err = fmt.Errorf("view %q is not insertable", text(t.Name))
			}
			if err == nil {
				at(p.Role).Insert = resolved
			}
			return err
		})
	}
	for _, p := range t.meta.UpdatePermissions {
		b.try(t, "update", p.Permission, p, func() error {
			resolved := &UpdatePermission{BackendOnly: p.BackendOnly}
			var err error
			if resolved.ValidateInput, err = parseValidation(p.ValidateInput); err != nil {
				return err
			}
			err = mutationColumns(t, p.Columns, p.Set, &resolved.Columns, &resolved.Set)
			if err == nil {
				resolved.Filter, err = ParsePredicate(t, p.Filter)
			}
			if err == nil && len(p.Check) > 0 && string(p.Check) != "null" {
				resolved.Check, err = ParsePredicate(t, p.Check)
			}
			if err == nil && !t.Catalog.Updatable {
				err = fmt.Errorf("view %q is not updatable", text(t.Name))
			}
			if err == nil {
				at(p.Role).Update = resolved
			}
			return err
		})
	}
	for _, p := range t.meta.DeletePermissions {
		b.try(t, "delete", p.Permission, p, func() error {
			validate, err := parseValidation(p.ValidateInput)
			if err != nil {
				return err
			}
			filter, err := ParsePredicate(t, p.Filter)
			if err == nil && !t.Catalog.Deletable {
				err = fmt.Errorf("view %q is not deletable", text(t.Name))
			}
			if err == nil {
				at(p.Role).Delete = &DeletePermission{Filter: filter, BackendOnly: p.BackendOnly, ValidateInput: validate}
			}
			return err
		})
	}
}

func (b *builder) try(t *Table, kind string, p metadata.Permission, definition any, resolve func() error) {
	err := resolve()
	if err == nil && p.Role == AdminRole {
		err = fmt.Errorf("cannot define permission as this role is admin") // and everything(t) stands anyway
	}
	if err != nil {
		t.close(kind, p.Role)
		b.inconsistent(metadata.PermissionObject(kind, t.Source.Name, t.meta.Name, p.Role), metadata.PermissionDefinition(t.Source.Name, t.meta.Name, definition),
			"in table %q: in permission for role %q: %v", text(t.Name), p.Role, err)
	}
}

// everything is what the admin role has.
func everything(t *Table) *Permissions {
	all := &Permissions{
		Select: &SelectPermission{Columns: map[*Column]Predicate{}, Computed: map[*ComputedField]Predicate{}, Filter: And{}, Aggregations: true},
	}
	for _, c := range t.Columns {
		all.Select.Columns[c] = nil
	}
	for _, f := range t.Computed {
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

func resolveSelect(t *Table, p *metadata.SelectPermission) (*SelectPermission, error) {
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
		f := t.ComputedField(name)
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
	out.Filter, err = ParsePredicate(t, p.Filter)
	return out, err
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
	names := sortedKeys(set)
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
