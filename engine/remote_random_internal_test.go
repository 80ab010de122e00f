package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/execute"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/validation"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
)

// A remote relationship gives what a relationship over the same columns gives where both tables are in one database: for
// random queries, rows and roles. The one difference is Hasura's, too: where a key is null, the field is null and not an
// empty list. REMOTE_SEEDS lengthens the test.
func TestRemoteRelationship_givesWhatALocalOneGives(t *testing.T) {
	t.Parallel()
	seeds := 4
	if n, err := strconv.Atoi(os.Getenv("REMOTE_SEEDS")); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := &random{rand.New(rand.NewPCG(uint64(seed), 2))}
			left, right := r.leftRows(), r.rightRows()
			local := joinLine(t, map[string][]string{"one": {leftTable, left, rightTable, right}}, "one")
			remote := joinLine(t, map[string][]string{"one": {leftTable, left}, "two": {rightTable, right}}, "two")
			for range 60 {
				table := r.pick("a", "b")
				query := "{ " + table + r.args() + r.fields(table, 3) + " }"
				s := &session.Session{Role: "admin", Variables: map[string]string{}}
				if r.IntN(2) == 0 {
					s = &session.Session{Role: "user", Variables: map[string]string{"x-hasura-max": r.pick("2", "5", "9")}}
				}
				want, wantErr := local.Query(t.Context(), s, operation.Request{Query: query})
				got, gotErr := remote.Query(t.Context(), s, operation.Request{Query: query})
				if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
					t.Fatalf("%s\ngot  %v\nwant %v", query, gotErr, wantErr)
				}
				if g, w := plainValue(t, got), nullKeys(plainValue(t, want)); fmt.Sprint(g) != fmt.Sprint(w) {
					t.Fatalf("as %s: %s\ngot  %v\nwant %v", s.Role, query, g, w)
				}
			}
		})
	}
}

const (
	leftTable  = `create table a (id int primary key, key int, txt text, n numeric, day date)`
	rightTable = `create table b (id bigint primary key, ref bigint, txt varchar(9), n int not null, at timestamp)`
)

// leftRelations and rightRelations lead from a to b and back: name, whether they are lists, and what is joined.
var (
	leftRelations = []joinRelation{
		{"bs", true, map[string]string{"key": "ref"}},
		{"both", true, map[string]string{"key": "ref", "txt": "txt"}},
		{"one", false, map[string]string{"key": "id"}},
		{"days", true, map[string]string{"day": "at"}},
	}
	rightRelations = []joinRelation{
		{"same", true, map[string]string{"ref": "key"}}, {"texts", true, map[string]string{"txt": "txt", "n": "n"}}, {"one", false, map[string]string{"id": "id"}},
	}
)

type joinRelation struct {
	name    string
	isList  bool
	mapping map[string]string
}

// in makes the relationship's metadata: one in the table's own source, or one to another.
func (j joinRelation) in(isRemote bool, source, to string) (key string, raw json.RawMessage) {
	kind := "object"
	if j.isList {
		kind = "array"
	}
	mapping, _ := json.Marshal(j.mapping)
	if !isRemote {
		return kind + "_relationships", json.RawMessage(fmt.Sprintf(`{"name":%q,"using":{"manual_configuration":{"remote_table":%q,"column_mapping":%s}}}`, j.name, to, mapping))
	}
	return "remote_relationships", json.RawMessage(fmt.Sprintf(`{"name":%q,"definition":{"to_source":{"source":%q,"table":%q,"relationship_type":%q,"field_mapping":%s}}}`, j.name, source, to, kind, mapping))
}

// joinLine is a line over the table a in the source one and b in the source of b, made by the statements given for each.
func joinLine(t testing.TB, statements map[string][]string, ofB string) *Line {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	databases, catalogs := map[string]execute.Database{}, map[string]*catalog.Catalog{}
	for name, all := range statements {
		pool, err := postgres.Open(ctx, postgres.Config{URL: testpg.Database(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		for _, sql := range all {
			if _, err := pool.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
		databases[name] = execute.Database{Pool: pool}
		if catalogs[name], err = catalog.Load(ctx, pool); err != nil {
			t.Fatal(err)
		}
	}
	isRemote := ofB != "one"
	table := func(name, filter, limit string, relations []joinRelation, to, source string) json.RawMessage {
		doc := map[string]any{"table": name, "select_permissions": json.RawMessage(`[{"role":"user","permission":{"columns":"*","allow_aggregations":true,"filter":` + filter + limit + `}}]`)}
		for _, j := range relations {
			key, raw := j.in(isRemote, source, to)
			list, _ := doc[key].([]json.RawMessage)
			doc[key] = append(list, raw)
		}
		out, _ := json.Marshal(doc)
		return out
	}
	a := table("a", `{"n":{"_lte":"X-Hasura-Max"}}`, "", leftRelations, "b", ofB)
	b := table("b", `{"n":{"_gt":0}}`, `,"limit":3`, rightRelations, "a", "one")
	source := func(name string, tables ...json.RawMessage) string {
		list, _ := json.Marshal(tables)
		return fmt.Sprintf(`{"name":%q,"kind":"postgres","configuration":{"connection_info":{"database_url":"x"}},"tables":%s}`, name, list)
	}
	doc := source("one", a, b)
	if isRemote {
		doc = source("one", a) + "," + source(ofB, b)
	}
	meta, err := metadata.Decode([]byte(`{"version":3,"sources":[`+doc+`]}`), "$", true)
	if err != nil {
		t.Fatal(err)
	}
	model := schema.Build(schema.Input{Metadata: meta, Catalogs: catalogs})
	for _, i := range model.Inconsistencies() {
		t.Fatalf("inconsistent: %s: %s", i.Name, i.Reason)
	}
	return NewLine(model, execute.Over(databases), validation.New(nil))
}

// random makes rows and queries.
type random struct{ *rand.Rand }

func (r *random) pick(from ...string) string { return from[r.IntN(len(from))] }

func (r *random) text() string {
	return r.pick("null", "''", "'x'", `'"'`, `'\'`, `'{}'`, `'a,b'`, "'é'", `'null'`, `e'\n'`, `'[1]'`)
}

func (r *random) day() string { return r.pick("null", "'2000-02-29'", "'1999-12-31'", "'infinity'") }

func (r *random) leftRows() string {
	return r.rows("a", func() string {
		return fmt.Sprintf("%s, %s, %s, %s", r.pick("null", "1", "2", "3", "99"), r.text(), r.pick("null", "0", "1", "2.5", "3"), r.day())
	})
}

func (r *random) rightRows() string {
	return r.rows("b", func() string {
		return fmt.Sprintf("%s, %s, %s, %s", r.pick("null", "1", "2", "3"), r.text(), r.pick("0", "1", "2", "3"), r.day())
	})
}

func (r *random) rows(table string, row func() string) string {
	var all []string
	for i := range 5 + r.IntN(20) {
		all = append(all, fmt.Sprintf("(%d, %s)", i, row()))
	}
	return "insert into " + table + " values " + strings.Join(all, ", ")
}

// args are arguments of a list, which is always ordered.
func (r *random) args() string {
	out := []string{"order_by: [" + r.pick("", "{n: desc}, ", "{txt: asc_nulls_first}, ") + "{id: " + r.pick("asc", "desc") + "}]"}
	if r.IntN(3) == 0 {
		out = append(out, "where: {"+r.pick("n: {_gte: 1}", `txt: {_is_null: false}`, "_not: {id: {_lt: 3}}", "id: {_in: [1, 2, 3, 7]}")+"}")
	}
	if r.IntN(4) == 0 {
		out = append(out, "limit: "+r.pick("0", "1", "2"))
	}
	if r.IntN(5) == 0 {
		out = append(out, "offset: 1")
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// fields are a selection with all keys, which tell what is null for want of one, and relationships as deep as asked for.
func (r *random) fields(table string, depth int) string {
	columns, relations, other := "key txt n day", leftRelations, "b"
	if table == "b" {
		columns, relations, other = "ref txt n at", rightRelations, "a"
	}
	out := []string{"id", columns, "__typename"}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	if depth == 0 {
		return " { " + strings.Join(out, " ") + " }"
	}
	for _, j := range relations {
		if r.IntN(3) == 0 {
			continue
		}
		switch {
		case !j.isList:
			out = append(out, j.name+r.fields(other, depth-1))
		case r.IntN(4) == 0:
			out = append(out, fmt.Sprintf("%s_aggregate%s { aggregate { count max { id } } nodes%s }", j.name, r.args(), r.fields(other, depth-1)))
		default:
			out = append(out, j.name+r.args()+r.fields(other, depth-1))
		}
	}
	return " { " + strings.Join(out, " ") + " }"
}

func plainValue(t *testing.T, body []byte) any {
	t.Helper()
	var v any
	if body != nil {
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	return v
}

// nullKeys makes of a local answer what a remote relationship gives: null for a list where a key is null.
func nullKeys(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = nullKeys(v[i])
		}
	case map[string]any:
		relations := leftRelations
		if v["__typename"] == "b" {
			relations = rightRelations
		}
		for key, value := range v {
			v[key] = nullKeys(value)
			for _, j := range relations {
				if key != j.name && key != j.name+"_aggregate" {
					continue
				}
				for own := range j.mapping {
					if column, asked := v[own]; asked && column == nil {
						v[key] = nil
					}
				}
			}
		}
	}
	return v
}
