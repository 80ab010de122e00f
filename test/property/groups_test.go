package property_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// startBeyond is start with everything switched on that is beyond Hasura; it stays so whatever metadata is loaded.
func startBeyond(t *testing.T) *server {
	t.Helper()
	s := start(t)
	code, body := s.post("/v1/metadata", `{"type":"gatehouse_set_source_features","args":{"nested_updates":true,"group_by":true,"upsert_on_indexes":true,"scalar_functions":true}}`, nil)
	if code != 200 {
		t.Fatalf("switching features on answers %s", body)
	}
	return s
}

// askText sends a request's text as a role.
func (s *server) askText(r *role, vars map[string]string, isBackend bool, text string) []byte {
	headers := maps.Clone(vars)
	headers["x-hasura-role"] = r.name
	if isBackend {
		headers["x-hasura-use-backend-only-permissions"] = "true"
	}
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		panic(err)
	}
	_, answer := s.post("/v1/graphql", string(body), headers)
	return answer
}

// grouping is a <table>_group_by.
type grouping struct {
	table *table
	keys  []string
	where cond
	items []aggregateItem
	// least is how many rows a group shown has at least; over, with a column, what its sum is more than.
	least     int64
	sumOf     string
	over      int64
	isOrdered bool
	limit     *int
}

func (a asker) grouping(t *table) *grouping {
	readable := a.role.readable(t)
	if len(readable) == 0 || !a.role.canAggregate(t) {
		return nil
	}
	out := &grouping{table: t, keys: some(a.g, readable), isOrdered: a.chance(50)}
	if len(out.keys) > 2 {
		out.keys = out.keys[:2]
	}
	if a.chance(50) {
		out.where = a.where(t)
	}
	for range 1 + a.n(2) {
		item := a.item(t, readable)
		item.alias = alias(len(out.items))
		out.items = append(out.items, item)
	}
	if a.chance(40) {
		out.least = int64(a.n(3))
	}
	if numbers := slices.DeleteFunc(slices.Clone(readable), func(c string) bool { return t.column(c).kind != intKind }); len(numbers) > 0 && a.chance(30) {
		out.sumOf, out.over = pick(a.g, numbers), int64(a.n(8))
	}
	if a.chance(30) {
		n := a.n(3)
		out.limit = &n
	}
	return out
}

func (g *grouping) text(field string) string {
	args := []string{"keys: " + graphQL(enums(g.keys))}
	if g.where != nil {
		args = append(args, "where: "+graphQL(condition(g.where)))
	}
	having := document{}
	if g.least > 0 {
		having = append(having, member{"count", document{{"_gte", g.least}}})
	}
	if g.sumOf != "" {
		having = append(having, member{"sum", document{{g.sumOf, document{{"_gt", g.over}}}}})
	}
	if len(having) > 0 {
		args = append(args, "having: "+graphQL(having))
	}
	if g.isOrdered {
		var by []string
		for _, k := range g.keys {
			by = append(by, fmt.Sprintf("{key: {%s: asc}}", k))
		}
		args = append(args, "order_by: ["+strings.Join(by, ", ")+"]")
	}
	if g.limit != nil {
		args = append(args, fmt.Sprintf("limit: %d", *g.limit))
	}
	var items []string
	for _, i := range g.items {
		one := i.alias + ": " + i.fn
		if i.fn != "count" {
			one += " { " + strings.Join(i.columns, " ") + " }"
		}
		items = append(items, one)
	}
	return fmt.Sprintf("%s(%s) { key { %s } aggregate { %s } }", field, strings.Join(args, ", "), strings.Join(g.keys, " "), strings.Join(items, " "))
}

// groups is what a grouping of rows must give: groups of the rows the role sees, by the cells it sees.
func (o *oracle) groups(g *grouping, from []row) expected {
	type group struct {
		key  []value
		rows []row
	}
	byID := map[string]*group{}
	var all []*group
	for _, r := range from {
		if !o.visible(g.table, r) || o.asked(g.where, g.table, r) != yes {
			continue
		}
		var key []value
		id := ""
		for _, k := range g.keys {
			v := o.cell(g.table, r, k)
			key, id = append(key, v), id+literal(v)+","
		}
		if byID[id] == nil {
			byID[id] = &group{key: key}
			all = append(all, byID[id])
		}
		byID[id].rows = append(byID[id].rows, r)
	}
	all = slices.DeleteFunc(all, func(one *group) bool {
		sum, _ := o.aggregateValue(g.table, aggregateItem{fn: "sum", columns: []string{g.sumOf}}, one.rows).(int64)
		some := slices.ContainsFunc(one.rows, func(r row) bool { return g.sumOf != "" && o.cell(g.table, r, g.sumOf) != nil })
		return int64(len(one.rows)) < g.least || g.sumOf != "" && (!some || sum <= g.over)
	})
	if g.isOrdered {
		slices.SortStableFunc(all, func(a, b *group) int { return compareKeys(a.key, b.key) })
	}
	out := list{take: -1}
	for _, one := range all {
		key, body := object{}, object{}
		for i, k := range g.keys {
			key[k] = scalar{one.key[i]}
		}
		for _, item := range g.items {
			if item.fn == "count" {
				body[item.alias] = scalar{int64(len(one.rows))}
				continue
			}
			cells := object{}
			for _, name := range item.columns {
				single := item
				single.columns = []string{name}
				cells[name] = scalar{o.aggregateValue(g.table, single, one.rows)}
			}
			body[item.alias] = cells
		}
		out.pools = append(out.pools, pool{items: []expected{object{"key": key, "aggregate": body}}, n: 1})
	}
	if !g.isOrdered {
		out = out.unordered()
	}
	if g.limit != nil {
		out.take = *g.limit
	}
	if most := o.role.limit(g.table); most >= 0 && (out.take < 0 || most < out.take) {
		out.take = most
	}
	return out
}

// compareKeys orders keys, nulls last.
func compareKeys(a, b []value) int {
	for i := range a {
		switch {
		case a[i] == nil && b[i] == nil:
			continue
		case a[i] == nil:
			return 1
		case b[i] == nil:
			return -1
		}
		if d := rank(a[i], b[i]); d != 0 {
			return d
		}
	}
	return 0
}

// Groups are of the rows and cells that the role sees, whatever the role, as a root field and over relationships: their
// number, keys and aggregates tell of nothing else.
func TestGroups_areOfWhatTheRoleSees(t *testing.T) {
	t.Parallel()
	s := startBeyond(t)
	asked, shown := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(0) }).Draw(t, "world")
		s.load(t, w)
		g := g{t}
		for range 15 {
			a := asker{g: g, w: w, role: pick(g, w.roles)}
			session := g.session()
			o := &oracle{tables: w.tables, state: w.rows, role: a.role, session: session}
			parent := pick(g, w.tables)
			var text string
			var want expected
			relation := &parent.relations[g.n(len(parent.relations))]
			offered := func(kind string, t *table) bool {
				return (&request{role: a.role}).offers(&operation{kind: kind, table: t})
			}
			if g.chance(40) && relation.array && offered("select", parent) {
				one := a.grouping(relation.target)
				if one == nil {
					continue
				}
				text = fmt.Sprintf("{ f: %s { g: %s } }", parent.name, one.text(relation.name+"_group_by"))
				rows := list{take: -1}
				for _, r := range w.rows[parent.name] {
					if o.visible(parent, r) {
						rows.pools = append(rows.pools, pool{items: []expected{object{"g": o.groups(one, o.joined(relation, r))}}, n: 1})
					}
				}
				rows = rows.unordered()
				rows.take = a.role.limit(parent)
				want = object{"f": rows}
			} else {
				one := a.grouping(parent)
				if one == nil {
					continue
				}
				text = "{ f: " + one.text(parent.name+"_group_by") + " }"
				if !offered("aggregate", parent) {
					if got := string(s.askText(a.role, session, false, text)); !strings.Contains(got, "not found in type: 'query_root'") {
						t.Fatalf("%s %s\nanswers %s, which is not offered", a.role.name, text, got)
					}
					continue
				}
				want = object{"f": o.groups(one, w.rows[parent.name])}
			}
			asked++
			body := s.askText(a.role, session, false, text)
			got := decode(t, body)
			if d := mismatch("data", want, any(got.Data)); d != "" || len(got.Errors) > 0 {
				t.Fatalf("%s %v\n%s\nanswers %s\n%s\nin %s", a.role.name, session, text, body, d, w)
			}
			if strings.Contains(string(body), `"key"`) {
				shown++
			}
		}
	})
	t.Logf("%d groupings compared, %d of them with groups", asked, shown)
}
