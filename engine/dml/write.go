package dml

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// output is {affected_rows} and, when asked for, the returned columns.
func (b *builder) output(a map[string]json.RawMessage) (plan.Output, error) {
	out := plan.Output{Fields: []plan.OutputField{{Alias: "affected_rows", Affected: true}}}
	raw, ok := a["returning"]
	if !ok || string(raw) == "null" {
		return out, nil
	}
	path := fault.Key(b.run, "returning")
	p := b.permissions(b.table).Select
	if p == nil {
		return out, fault.New(fault.PermissionDenied, b.run,
			"select on %s for role %q is not allowed. ; \"returning\" can only be used if the role has \"select\" permission on the table",
			metadata.QuoteName(metadata.TableName(b.table.Name)), b.session.Role)
	}
	names, err := b.names(raw, fault.Key(b.parse, "returning"))
	if err != nil {
		return out, err
	}
	for _, name := range names {
		if name == "*" {
			continue
		}
		if _, err := b.column(b.table, p, name, path); err != nil {
			return out, err
		}
	}
	fields, err := b.columns(b.table, p, raw, fault.Key(b.parse, "returning"), path)
	rows := &plan.Select{Rows: plan.Rows{Table: b.table, Where: p.Filter}, Fields: fields}
	out.Fields = append(out.Fields, plan.OutputField{Alias: "returning", Returning: rows})
	return out, err
}

// writable refuses what cannot be honoured yet inside a permission: it stays closed.
func (b *builder) writable(kind string, backendOnly bool, validate *schema.Validation) error {
	if backendOnly && !b.session.BackendOnly && !b.session.IsAdmin() {
		return b.notAllowed(kind, b.table, b.run)
	}
	if validate != nil {
		return fault.New(fault.NotSupported, b.run, "a mutation with input validation is only possible over GraphQL")
	}
	return nil
}

func value(c *schema.Column, raw json.RawMessage, path string) (plan.Assignment, error) {
	v := plan.Assignment{Column: c, Path: path}
	if string(raw) != "null" {
		v.Value = &schema.Literal{JSON: raw}
	}
	if problem := operation.CheckValue(c.Class, raw); problem != "" {
		return v, fault.New(fault.ParseFailed, path, "%s", problem)
	}
	return v, nil
}

func (b *builder) insert(a map[string]json.RawMessage) (*plan.Insert, error) {
	if err := b.changeable(b.table.Catalog.Insertable, "insertable"); err != nil {
		return nil, err
	}
	p := b.permissions(b.table).Insert
	if p == nil {
		return nil, b.notAllowed("insert", b.table, b.run)
	}
	if err := b.writable("insert", p.BackendOnly, p.ValidateInput); err != nil {
		return nil, err
	}
	raw, ok := a["objects"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, b.parse, "key %q not found", "objects")
	}
	var objects []json.RawMessage
	if err := b.decode(raw, &objects, fault.Key(b.parse, "objects"), "List", "Array"); err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, fault.New(fault.UnexpectedPayload, fault.Key(b.run, "objects"), "objects should not be empty")
	}
	ins := &plan.Insert{Table: b.table, Check: p.Check, Path: fault.Key(b.run, "objects")}
	for i, o := range objects {
		row, err := b.insertRow(p, o, i)
		if err != nil {
			return nil, err
		}
		ins.Rows = append(ins.Rows, row)
	}
	var err error
	if raw, ok := a["on_conflict"]; ok && string(raw) != "null" {
		if ins.Conflict, err = b.conflict(raw, ins.Rows); err != nil {
			return nil, err
		}
	}
	ins.Output, err = b.output(a)
	return ins, err
}

func (b *builder) insertRow(p *schema.InsertPermission, raw json.RawMessage, i int) (plan.InsertRow, error) {
	var row plan.InsertRow
	path := fault.Index(fault.Key(b.run, "objects"), i)
	o, err := b.object(raw, fault.Index(fault.Key(b.parse, "objects"), i))
	if err != nil {
		return row, err
	}
	for _, preset := range p.Set {
		row.Columns = append(row.Columns, plan.Assignment{Column: preset.Column, Value: preset.Value})
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		c := b.table.Column(name)
		switch {
		case c == nil:
			return row, fault.New(fault.NotExists, path, "%q does not exist", name)
		case slices.ContainsFunc(p.Set, func(s schema.Preset) bool { return s.Column.Name == name }):
			return row, fault.New(fault.NotSupported, path, "column %q is not insertable for role %q; its value is predefined in permission", name, b.session.Role)
		case !p.Columns[c]:
			return row, fault.New(fault.PermissionDenied, path, "role %q does not have permission to insert column %q", b.session.Role, name)
		}
		v, err := value(c, o[name], fault.Key(path, name))
		if err != nil {
			return row, err
		}
		row.Columns = append(row.Columns, v)
	}
	return row, nil
}

// onConflict is {constraint | constraint_on, action, set_cols}.
type onConflict struct {
	Constraint   *string   `json:"constraint"`
	ConstraintOn []string  `json:"constraint_on"`
	Action       string    `json:"action"`
	SetColumns   *[]string `json:"set_cols"`
}

func (b *builder) conflict(raw json.RawMessage, rows []plan.InsertRow) (*plan.Conflict, error) {
	path := fault.Key(b.run, "on_conflict")
	var in onConflict
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fault.New(fault.ParseFailed, fault.Key(b.parse, "on_conflict"), "parsing OnConflict failed: %s", err)
	}
	c := &plan.Conflict{}
	for _, key := range b.table.Catalog.UniqueKeys {
		switch {
		case in.Constraint != nil && key.Name == *in.Constraint, in.Constraint == nil && in.ConstraintOn != nil && sameSet(key.Columns, in.ConstraintOn):
			c.Constraint = key.Name
		}
	}
	for i, name := range in.ConstraintOn {
		if b.table.Column(name) == nil {
			return nil, fault.New(fault.NotExists, fault.Index(fault.Key(path, "constraint_on"), i), "%q does not exist", name)
		}
	}
	switch {
	case in.Constraint != nil && in.ConstraintOn != nil:
		return nil, fault.New(fault.UnexpectedPayload, path, "'constraint' and 'constraint_on' cannot be set at a time")
	case c.Constraint == "" && in.Constraint != nil:
		return nil, fault.New(fault.Unexpected, fault.Key(path, "constraint"), "constraint %q for table %s does not exist",
			*in.Constraint, metadata.QuoteName(metadata.TableName(b.table.Name))).WithStatus(400)
	case c.Constraint == "" && in.ConstraintOn != nil: // what Postgres would say
		return nil, fault.New(fault.ConstraintError, b.run, "there is no unique or exclusion constraint on target column(s)")
	case in.Action == "ignore":
		return c, nil
	case in.Action != "" && in.Action != "update":
		return nil, fault.New(fault.ParseFailed, fault.Key(path, "action"), "expected update or ignore, but encountered %q", in.Action)
	case c.Constraint == "":
		return nil, fault.New(fault.UnexpectedPayload, path, "Expecting 'constraint' or 'constraint_on' when the 'action' is 'update'")
	}
	p := b.permissions(b.table).Update
	if p == nil {
		return nil, fault.New(fault.PermissionDenied, path, "upsert is not allowed for role %q since update permissions are not defined", b.session.Role)
	}
	if err := b.writable("update", p.BackendOnly, p.ValidateInput); err != nil {
		return nil, err
	}
	names := []string{}
	if in.SetColumns != nil {
		names = *in.SetColumns
	} else {
		for _, row := range rows {
			for _, a := range row.Columns {
				if !slices.Contains(names, a.Column.Name) {
					names = append(names, a.Column.Name)
				}
			}
		}
	}
	for _, name := range names {
		col, err := b.updatable(p, name, path)
		if err != nil {
			return nil, err
		}
		c.Columns = append(c.Columns, col)
	}
	c.Where, c.Check = p.Filter, p.Check
	for _, s := range p.Set {
		c.Presets = append(c.Presets, plan.Assignment{Column: s.Column, Value: s.Value})
	}
	return c, nil
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// updatable is a column the role may change.
func (b *builder) updatable(p *schema.UpdatePermission, name, path string) (*schema.Column, error) {
	c := b.table.Column(name)
	switch {
	case c == nil:
		return nil, noColumn(name, path)
	case slices.ContainsFunc(p.Set, func(s schema.Preset) bool { return s.Column.Name == name }):
		return nil, fault.New(fault.NotSupported, path, "column %q is not updatable for role %q; its value is predefined in permission", name, b.session.Role)
	case !p.Columns[c]:
		return nil, fault.New(fault.PermissionDenied, path, "role %q does not have permission to update column %q", b.session.Role, name)
	}
	return c, nil
}

func (b *builder) update(a map[string]json.RawMessage) (*plan.Update, error) {
	if err := b.changeable(b.table.Catalog.Updatable, "updatable"); err != nil {
		return nil, err
	}
	p := b.permissions(b.table).Update
	if p == nil {
		return nil, b.notAllowed("update", b.table, b.run)
	}
	if err := b.writable("update", p.BackendOnly, p.ValidateInput); err != nil {
		return nil, err
	}
	u := &plan.Update{Table: b.table, Check: p.Check}
	var err error
	if u.Where, err = b.condemned(a, p.Filter); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, op := range []string{"set", "inc", "mul", "default"} {
		key := "$" + op
		raw, ok := a[key]
		if !ok || string(raw) == "null" {
			continue
		}
		changes, err := b.changes(p, op, raw, fault.Key(b.parse, key), fault.Key(b.run, key))
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			if seen[c.Column.Name] {
				return nil, fault.New(fault.UnexpectedPayload, b.run, "Column found in multiple operators: %q", c.Column.Name)
			}
			seen[c.Column.Name] = true
		}
		u.Changes = append(u.Changes, changes...)
	}
	for _, s := range p.Set {
		u.Changes = append(u.Changes, plan.Change{Op: "_set", Assignment: plan.Assignment{Column: s.Column, Value: s.Value}})
	}
	if len(u.Changes) == 0 {
		return nil, fault.New(fault.UnexpectedPayload, b.run, "atleast one of $set, $inc, $mul has to be present")
	}
	u.Output, err = b.output(a)
	return u, err
}

// changes reads one operator: an object of values, or for $default a list of columns.
func (b *builder) changes(p *schema.UpdatePermission, op string, raw json.RawMessage, parsePath, runPath string) ([]plan.Change, error) {
	values := map[string]json.RawMessage{}
	if op == "default" {
		names, err := b.names(raw, parsePath)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			values[name] = json.RawMessage("null")
		}
	} else {
		var err error
		if values, err = b.object(raw, parsePath); err != nil {
			return nil, err
		}
	}
	var changes []plan.Change
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c, err := b.updatable(p, name, runPath)
		if err != nil {
			return nil, err
		}
		if op == "mul" {
			values[name] = wholeGroups(values[name])
		}
		v, err := value(c, values[name], fault.Key(runPath, name))
		if err != nil {
			return nil, err
		}
		changes = append(changes, plan.Change{Op: "_" + op, Assignment: v})
	}
	return changes, nil
}

// wholeGroups gives a decimal fraction as many digits as Hasura sends Postgres, which are groups of four: it shows in the
// scale of the product.
func wholeGroups(number json.RawMessage) json.RawMessage {
	_, fraction, found := strings.Cut(string(number), ".")
	if !found || strings.Trim(fraction, "0123456789") != "" {
		return number
	}
	return append(slices.Clip(number), strings.Repeat("0", (4-len(fraction)%4)%4)...)
}

func (b *builder) delete(a map[string]json.RawMessage) (*plan.Delete, error) {
	if err := b.changeable(b.table.Catalog.Deletable, "deletable"); err != nil {
		return nil, err
	}
	p := b.permissions(b.table).Delete
	if p == nil {
		return nil, b.notAllowed("delete", b.table, b.run)
	}
	if err := b.writable("delete", p.BackendOnly, p.ValidateInput); err != nil {
		return nil, err
	}
	d := &plan.Delete{Table: b.table}
	var err error
	if d.Where, err = b.condemned(a, p.Filter); err != nil {
		return nil, err
	}
	d.Output, err = b.output(a)
	return d, err
}

// condemned is which rows an update or delete is about. The condition, which must be there, tests what the role may
// read.
func (b *builder) condemned(a map[string]json.RawMessage, filter schema.Predicate) (schema.Predicate, error) {
	raw, ok := a["where"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, b.parse, "key %q not found", "where")
	}
	p, err := b.read(b.table, b.run)
	if err != nil {
		return nil, err
	}
	where, err := b.where(b.table, p, raw, fault.Key(b.run, "where"))
	return schema.Within(filter, where), err
}
