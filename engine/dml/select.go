package dml

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

func (b *builder) selectNode(a map[string]json.RawMessage) (*plan.Select, error) {
	p, err := b.read(b.table, b.run)
	if err != nil {
		return nil, err
	}
	return b.rows(b.table, p, nil, a, b.parse, b.run)
}

// rows plans one level of a select: the rows of t, those related by via when it is set.
func (b *builder) rows(t *schema.Table, p *schema.SelectPermission, via *schema.Relation, a map[string]json.RawMessage, parsePath, runPath string) (*plan.Select, error) {
	s := &plan.Select{Rows: plan.Rows{Table: t, Via: via, Where: p.Filter, Cap: p.Limit}, Single: via != nil && !via.Array}
	if s.Single {
		s.Cap = nil
	}
	raw, ok := a["columns"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, parsePath, "key %q not found", "columns")
	}
	var err error
	if s.Fields, err = b.columns(t, p, raw, fault.Key(parsePath, "columns"), fault.Key(runPath, "columns")); err != nil {
		return nil, err
	}
	if raw, ok := a["where"]; ok && string(raw) != "null" {
		where, err := b.where(t, p, raw, fault.Key(runPath, "where"))
		if err != nil {
			return nil, err
		}
		s.Where = schema.Within(s.Where, where)
	}
	if raw, ok := a["order_by"]; ok && string(raw) != "null" {
		if s.OrderBy, err = b.orderBy(t, raw, fault.Key(parsePath, "order_by"), fault.Key(runPath, "order_by")); err != nil {
			return nil, err
		}
	}
	if s.Limit, err = b.number(a, "limit", parsePath, runPath); err != nil {
		return nil, err
	}
	s.Offset, err = b.number(a, "offset", parsePath, runPath)
	return s, err
}

// number is an optional limit or offset.
func (b *builder) number(a map[string]json.RawMessage, key, parsePath, runPath string) (schema.Value, error) {
	raw, ok := a[key]
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	var n int
	if err := b.decode(raw, &n, fault.Key(parsePath, key), "Int", "Number"); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fault.New(fault.NotSupported, fault.Key(runPath, key), "unexpected negative value")
	}
	return &schema.Literal{JSON: json.RawMessage(strconv.Itoa(n))}, nil
}

// nested is a relationship among the columns: {name, alias, columns, where, order_by, limit, offset}.
type nested struct {
	Name  string  `json:"name"`
	Alias *string `json:"alias"`
}

// columns is a list of names, "*" and relationships; "*" alone may stand without a list.
func (b *builder) columns(t *schema.Table, p *schema.SelectPermission, raw json.RawMessage, parsePath, runPath string) ([]plan.Field, error) {
	if string(raw) == `"*"` {
		raw = json.RawMessage(`["*"]`)
	}
	var items []json.RawMessage
	if err := b.decode(raw, &items, parsePath, "List", "Array"); err != nil {
		return nil, err
	}
	var fields []plan.Field
	deepest := 0
	for i, item := range items {
		at := fault.Index(runPath, i)
		var name string
		switch {
		case json.Unmarshal(item, &name) == nil && isWildcard(name):
			deepest = max(deepest, strings.Count(name, "*"))
		case name != "":
			o, err := b.column(t, p, name, at)
			if err != nil {
				return nil, err
			}
			fields = append(fields, plan.Field{Alias: name, Value: &plan.Cell{Operand: o}})
		default:
			f, err := b.related(t, item, fault.Index(parsePath, i), at)
			if err != nil {
				return nil, err
			}
			fields = append(fields, f)
		}
	}
	for _, f := range b.everything(t, p, deepest) {
		if !slices.ContainsFunc(fields, func(named plan.Field) bool { return named.Alias == f.Alias }) {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// isWildcard: "*" is all columns, each ".*" after it those of the relationships as well.
func isWildcard(name string) bool {
	return name != "" && strings.Trim(strings.ReplaceAll("."+name, ".*", ""), " ") == ""
}

// everything is what a wildcard of that many stars gives.
func (b *builder) everything(t *schema.Table, p *schema.SelectPermission, stars int) []plan.Field {
	if stars == 0 {
		return nil
	}
	var fields []plan.Field
	for _, c := range t.Columns {
		if visible, ok := p.Columns[c]; ok {
			fields = append(fields, plan.Field{Alias: c.Name, Value: &plan.Cell{Operand: schema.Operand{Column: c, Visible: visible}}})
		}
	}
	for _, r := range b.model.Relations(t) {
		target := b.permissions(r.Target).Select
		if stars == 1 || target == nil || r.Native != nil {
			continue
		}
		rows := &plan.Select{Rows: plan.Rows{Table: r.Target, Via: r, Where: target.Filter, Cap: target.Limit}, Single: !r.Array}
		if rows.Single {
			rows.Cap = nil
		}
		rows.Fields = b.everything(r.Target, target, stars-1)
		fields = append(fields, plan.Field{Alias: r.Name, Value: rows})
	}
	return fields
}

func (b *builder) related(t *schema.Table, raw json.RawMessage, parsePath, runPath string) (plan.Field, error) {
	a, err := b.object(raw, parsePath)
	if err != nil {
		return plan.Field{}, err
	}
	var n nested
	if json.Unmarshal(raw, &n) != nil || n.Name == "" {
		return plan.Field{}, fault.New(fault.ParseFailed, parsePath, "key %q not found", "name")
	}
	r := b.model.Relation(t, n.Name)
	switch {
	case r == nil && t.Column(n.Name) != nil:
		return plan.Field{}, fault.New(fault.UnexpectedPayload, fault.Key(runPath, "name"),
			"expecting a relationship; but %q is a postgres column; only relationships can be expanded", n.Name)
	case r == nil:
		return plan.Field{}, fault.New(fault.NotExists, fault.Key(runPath, "name"), "relationship %q does not exist", n.Name)
	}
	for _, key := range []string{"where", "limit", "offset", "order_by"} {
		if raw, ok := a[key]; ok && string(raw) != "null" && !r.Array {
			return plan.Field{}, fault.New(fault.UnexpectedPayload, runPath,
				"when selecting an 'obj_relationship' 'where', 'order_by', 'limit' and 'offset'  can't be used")
		}
	}
	p, err := b.readRelated(r, runPath)
	if err != nil {
		return plan.Field{}, err
	}
	rows, err := b.rows(r.Target, p, r, a, parsePath, runPath)
	if n.Alias == nil {
		n.Alias = &n.Name
	}
	return plan.Field{Alias: *n.Alias, Value: rows}, err
}

// orderItem is {column, type, nulls}; "+column" and "-column" are short for it.
type orderItem struct {
	Column string `json:"column"`
	Type   string `json:"type"`
	Nulls  string `json:"nulls"`
}

func (b *builder) orderBy(t *schema.Table, raw json.RawMessage, parsePath, runPath string) ([]plan.Order, error) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	var orders []plan.Order
	for i, item := range items {
		at := fault.Index(parsePath, i)
		var o orderItem
		var short string
		switch {
		case json.Unmarshal(item, &short) == nil:
			if o = (orderItem{Column: short}); strings.HasPrefix(short, "+") || strings.HasPrefix(short, "-") {
				o.Column = short[1:]
			}
			if strings.HasPrefix(short, "-") {
				o.Type = "desc"
			}
		case json.Unmarshal(item, &o) != nil || o.Column == "":
			return nil, fault.New(fault.ParseFailed, at, "expected a column to order by")
		}
		order, err := b.order(t, o, at, fault.Index(runPath, i))
		if err != nil {
			return nil, err
		}
		orders = append(orders, order)
	}
	return orders, nil
}

// order follows object relationships to the column: "author.name".
func (b *builder) order(t *schema.Table, o orderItem, parsePath, runPath string) (plan.Order, error) {
	var out plan.Order
	steps := strings.Split(o.Column, ".")
	p, err := b.read(t, runPath)
	if err != nil {
		return out, err
	}
	for _, name := range steps[:len(steps)-1] {
		r := b.model.Relation(t, name)
		switch {
		case r == nil && t.Column(name) != nil:
			return out, fault.New(fault.UnexpectedPayload, runPath, "%q is a Postgres column and cannot be chained further", name)
		case r == nil:
			return out, fault.New(fault.NotExists, runPath, "%q does not exist", name)
		case r.Array:
			return out, fault.New(fault.UnexpectedPayload, runPath, "%q is an array relationship and can't be used in 'order_by'", name)
		}
		t = r.Target
		if p, err = b.readRelated(r, runPath); err != nil {
			return out, err
		}
		out.Via = append(out.Via, plan.Step{Relation: r, Where: p.Filter})
	}
	last := steps[len(steps)-1]
	switch c := t.Column(last); {
	case c == nil && b.model.Relation(t, last) != nil:
		return out, fault.New(fault.UnexpectedPayload, runPath, "%q is a relationship and should be expanded", last)
	case c == nil:
		return out, fault.New(fault.NotExists, runPath, "%q does not exist", last)
	case c.Class.Kind == schema.GeoKind:
		return out, fault.New(fault.UnexpectedPayload, runPath, "%q has type 'geometry' and cannot be used in order_by", last)
	}
	if out.Operand, err = b.column(t, p, last, runPath); err != nil {
		return out, err
	}
	if !slices.Contains([]string{"", "asc", "desc"}, o.Type) {
		return out, fault.New(fault.ParseFailed, fault.Key(parsePath, "type"), "expected asc or desc, but encountered %q", o.Type)
	}
	out.Desc = o.Type == "desc"
	switch first := o.Nulls == "first"; o.Nulls {
	case "":
	case "first", "last":
		out.NullsFirst = &first
	default:
		return out, fault.New(fault.ParseFailed, fault.Key(parsePath, "nulls"), "expected first or last, but encountered %q", o.Nulls)
	}
	return out, nil
}

// count is {table, where, distinct}.
func (b *builder) count(a map[string]json.RawMessage) (*plan.Aggregate, error) {
	p, err := b.read(b.table, b.run)
	if err != nil {
		return nil, err
	}
	c := &plan.Count{}
	if raw, ok := a["distinct"]; ok && string(raw) != "null" {
		names, err := b.names(raw, fault.Key(b.parse, "distinct"))
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			o, err := b.column(b.table, p, name, fault.Index(fault.Key(b.run, "distinct"), i))
			if err != nil {
				return nil, err
			}
			c.Columns = append(c.Columns, o)
		}
		c.Distinct = len(c.Columns) > 0
	}
	rows := plan.Rows{Table: b.table, Where: p.Filter}
	if raw, ok := a["where"]; ok && string(raw) != "null" {
		where, err := b.where(b.table, p, raw, fault.Key(b.run, "where"))
		if err != nil {
			return nil, err
		}
		rows.Where = schema.Within(rows.Where, where)
	}
	body := []plan.AggregateValue{{Alias: "count", Count: c}}
	return &plan.Aggregate{Rows: rows, Fields: []plan.AggregateField{{Alias: "aggregate", Body: body, IsBody: true}}}, nil
}
