package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine/impact"
)

// What a plan calls narrower or leaves unmentioned must not show a role anything it did not see: random pairs of
// permissions are planned, then both are served and what every session sees is compared, cell by cell.

// claims makes random permissions on article, most of them variations of each other.
type claims struct{ *rand.Rand }

func pick[T any](c claims, list ...T) T { return list[c.IntN(len(list))] }

// condition is a condition on articles; depth bounds it.
func (c claims) condition(depth int) any {
	type o = map[string]any
	if depth > 0 {
		switch c.IntN(5) {
		case 0:
			return o{"_and": c.conditions(depth)}
		case 1:
			return o{"_or": c.conditions(depth)}
		case 2:
			return o{"_not": c.condition(depth - 1)}
		}
	}
	user := pick[any](c, "X-Hasura-User-Id", "X-Hasura-Other", 1, 2, "1")
	switch c.IntN(11) {
	case 0:
		return o{"author_id": o{"_eq": user}}
	case 1:
		return o{"id": o{"_in": pick(c, []int{1, 2, 3}, []int{1, 2}, []int{2}, []int{4, 1}, []int{})}}
	case 2:
		return o{"published": o{"_eq": pick(c, true, false)}}
	case 3:
		return o{"title": o{"_is_null": pick(c, true, false)}}
	case 4:
		return o{"id": o{pick(c, "_gt", "_lt", "_neq", "_gte"): c.IntN(5)}}
	case 5:
		return o{"author": pick[any](c, o{}, o{"id": user}, o{"name": o{"_eq": "Ann"}}, o{"name": o{"_in": []string{"Ann", "Ben"}}}, o{"_not": o{"id": user}}, o{"articles": o{"published": o{"_eq": true}}})}
	case 6:
		return o{"_exists": o{"_table": "author", "_where": pick[any](c, o{"id": user}, o{"visits": o{"_gt": 0}}, o{})}}
	case 7:
		return o{"title": pick[any](c, o{"_eq": "One"}, o{"_in": []string{"One", "Two"}}, o{"_like": "T%"}, o{"_nin": []string{"One"}})}
	case 8:
		return o{"title": o{pick(c, "_ceq", "_cneq"): "note"}}
	case 9:
		return o{"author": o{"articles_aggregate": o{"count": o{"predicate": o{pick(c, "_gt", "_eq"): c.IntN(3)}}}}}
	}
	return o{}
}

func (c claims) conditions(depth int) []any {
	list := make([]any, c.IntN(4))
	for i := range list {
		list[i] = c.condition(depth - 1)
	}
	return list
}

// vary changes a condition a little, anywhere in it.
func (c claims) vary(v any) any {
	type o = map[string]any
	switch c.IntN(4) {
	case 0:
		return o{"_and": []any{v, c.condition(1)}}
	case 1:
		return o{"_or": []any{v, c.condition(1)}}
	}
	m, ok := v.(o)
	if !ok {
		return v
	}
	m = maps.Clone(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		switch inner := m[key].(type) {
		case []any:
			list := slices.Clone(inner)
			if len(list) > 0 {
				if i := c.IntN(len(list)); c.IntN(2) == 0 {
					list = slices.Delete(list, i, i+1)
				} else {
					list[i] = c.vary(list[i])
				}
			}
			m[key] = list
		case o:
			if key == "_not" {
				m[key] = c.vary(inner)
			}
		case []int:
			m[key] = inner[:c.IntN(len(inner)+1)]
		}
	}
	return m
}

var claimColumns = []string{"author_id", "note", "published", "title"}

// permission is a select permission that always has the id, by which rows are told apart.
func (c claims) permission() map[string]any {
	return map[string]any{"columns": c.columns(), "filter": c.condition(2)}
}

func (c claims) columns() []string {
	columns := []string{"id"}
	for _, name := range claimColumns {
		if c.IntN(3) > 0 {
			columns = append(columns, name)
		}
	}
	return columns
}

func (c claims) varied(p map[string]any) map[string]any {
	p = maps.Clone(p)
	if c.IntN(4) == 0 {
		p["columns"] = c.columns()
	}
	if c.IntN(5) > 0 {
		p["filter"] = c.vary(p["filter"])
	}
	return p
}

const claimRoles = 12

// document has a role r0, r1, … for each permission, and inherited roles of neighbours.
func (c claims) document(t *testing.T, base string, permissions []map[string]any) string {
	t.Helper()
	var list, inherited []any
	for i, p := range permissions {
		list = append(list, map[string]any{"role": fmt.Sprintf("r%d", i), "permission": p})
		if i%2 == 1 {
			inherited = append(inherited, map[string]any{"role_name": fmt.Sprintf("i%d", i), "role_set": []string{fmt.Sprintf("r%d", i-1), fmt.Sprintf("r%d", i)}})
		}
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	for _, table := range doc["sources"].([]any)[0].(map[string]any)["tables"].([]any) {
		if table := table.(map[string]any); table["table"].(map[string]any)["name"] == "article" {
			table["select_permissions"] = list
		}
	}
	doc["inherited_roles"] = inherited
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// cells is what a session sees: "row.column" of every cell that has a value.
func (s *server) cells(role string, session []string) map[string]bool {
	s.Helper()
	seen := map[string]bool{}
	for _, column := range append([]string{"id"}, claimColumns...) {
		code, body := post(s.engine, "/v1/graphql", `{"query":"{ article { key: __typename `+column+` row: id } }"}`, append([]string{"X-Hasura-Role", role}, session...)...)
		var answer struct {
			Data struct{ Article []map[string]any } `json:"data"`
		}
		if err := json.Unmarshal([]byte(body), &answer); code != 200 || err != nil {
			s.Fatalf("%d %s", code, body)
		}
		for _, row := range answer.Data.Article {
			if row[column] != nil {
				seen[fmt.Sprint(row["row"], ".", column)] = true
			}
		}
	}
	return seen
}

func TestPlan_narrowerShowsNothingNew(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	s.sql(`update author set visits = 3 where id = 2; update article set title = null where id = 4; insert into article (title, author_id) values ('Free', null)`)
	base := s.document()
	sessions := [][]string{{}, {"X-Hasura-User-Id", "1"}, {"X-Hasura-User-Id", "2", "X-Hasura-Other", "1"}, {"X-Hasura-Other", "2"}}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := claims{rand.New(rand.NewPCG(seed, 1))}
	claimed, lost := 0, 0
	for range 15 {
		before, after := make([]map[string]any, claimRoles), make([]map[string]any, claimRoles)
		for i := range before {
			before[i] = c.permission()
			after[i] = c.varied(before[i])
			if c.IntN(10) == 0 {
				before[i], after[i] = after[i], before[i]
			}
		}
		was, is := c.document(t, base, before), c.document(t, base, after)
		see := func() map[string]map[string]bool {
			out := map[string]map[string]bool{}
			for i := range claimRoles {
				for n, session := range sessions {
					out[fmt.Sprintf("r%d %d", i, n)] = s.cells(fmt.Sprintf("r%d", i), session)
					if i%2 == 1 {
						out[fmt.Sprintf("i%d %d", i, n)] = s.cells(fmt.Sprintf("i%d", i), session)
					}
				}
			}
			return out
		}
		s.do("replace_metadata", was)
		saw := see()
		p := s.plan(is)
		s.do("replace_metadata", is)
		sees := see()
		maybe := map[string]bool{}
		for _, r := range p.Rights {
			if r.Operation == "select" && r.Object == "article" && r.Direction != impact.Narrower {
				maybe[r.Role] = true
			}
		}
		for who, cells := range sees {
			role, _, _ := strings.Cut(who, " ")
			if maybe[role] {
				continue
			}
			claimed++
			if len(saw[who]) > len(cells) {
				lost++
			}
			for cell := range cells {
				if !saw[who][cell] {
					var said []string
					for _, r := range p.Rights {
						if r.Role == role {
							said = append(said, r.Direction+" "+r.Change)
						}
					}
					t.Errorf("%s sees %s, which it did not\nsaid %q\nbefore %s\nafter  %s", who, cell, said, was, is)
				}
			}
		}
	}
	if claimed < 200 || lost < 20 {
		t.Errorf("claimed only %d times, %d times with an effect", claimed, lost)
	}
	t.Logf("%d claims, %d with an effect", claimed, lost)
}
