package metadata

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// lineFacts are a database in which relationship r of every table leads where its foreign key's column says.
type lineFacts struct{}

func (lineFacts) HasColumn(_ string, _ TableName, column string) bool { return column != "gone" }

func (lineFacts) Target(_ string, _ TableName, r *Relationship, _ bool) (TableName, map[string]string, bool) {
	return TableName{"public", r.Using.ForeignKey.Columns[0]}, map[string]string{"id": "id"}, true
}

func (lineFacts) ReturnedTable(_ string, f FunctionName) (TableName, bool) {
	return TableName{"public", f.Name}, f.Name != "scalar"
}

func (lineFacts) Constraint(string, TableName, *Relationship, bool) (TableName, string) {
	return TableName{}, ""
}

// Leaving out permissions that cannot have to do with what goes leaves out no dependent.
func TestDependents_areThoseOfReadingEverything(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	tables := []string{"a", "b", "c", "d"}
	found := 0
	for range 300 {
		s := &Source{Name: "default"}
		for _, name := range tables {
			table := &Table{Name: TableName{"public", name}}
			for _, r := range []string{"to", "ways"} {
				rel := &Relationship{Name: r, Using: RelationshipUsing{ForeignKey: &ForeignKeyOn{Columns: []string{pick(tables...)}}}}
				if random.IntN(2) == 0 {
					table.ObjectRelationships = append(table.ObjectRelationships, rel)
				} else {
					table.ArrayRelationships = append(table.ArrayRelationships, rel)
				}
			}
			table.ComputedFields = []*ComputedField{{Name: "calc", Function: FunctionName{"public", pick("a", "b", "scalar")}}}
			for i := range 4 {
				condition := BoolExp(pick(`{}`, `{"x":1}`, `{"to":{"x":1}}`, `{"to":{"ways":{"x":{"_eq":1}}}}`, `{"_exists":{"_table":"`+pick(tables...)+`","_where":{"x":1}}}`,
					`{"calc":{"x":1}}`, `{"\u0074o":{"x":1}}`, `{"_and":[{"ways_aggregate":{"count":{"predicate":{"_gt":1}}}}]}`, `{"x":{"_ceq":["$","x"]}}`,
					`{"_exists":{"_table":{"schema":"public","name":"`+pick(tables...)+`"},"_where":{"to":{"x":1}}}}`))
				p := Permission{Role: fmt.Sprint("r", i)}
				switch random.IntN(4) {
				case 0:
					table.SelectPermissions = append(table.SelectPermissions, &SelectPermission{Permission: p, Filter: condition, Columns: Columns{Names: []string{"x"}}})
				case 1:
					table.InsertPermissions = append(table.InsertPermissions, &InsertPermission{Permission: p, Check: condition})
				case 2:
					table.UpdatePermissions = append(table.UpdatePermissions, &UpdatePermission{Permission: p, Filter: BoolExp(`{}`), Check: condition})
				default:
					table.DeletePermissions = append(table.DeletePermissions, &DeletePermission{Permission: p, Filter: condition})
				}
			}
			s.Tables = append(s.Tables, table)
		}
		m := &Metadata{Sources: []*Source{s}}
		ref := Ref{Source: "default", Table: TableName{"public", pick(tables...)}}
		switch random.IntN(4) {
		case 0:
			ref.Column = pick("x", "id")
		case 1:
			ref.Relationship = pick("to", "ways")
		case 2:
			ref.ComputedField = "calc"
		}
		var want []Dependent
		m.uses(lineFacts{}, &ways{isAnywhere: true}, func(dependent func() Dependent, used Ref) {
			if ref.covers(used) {
				want = append(want, dependent())
			}
		})
		got := m.Dependents(lineFacts{}, ref)
		found += len(got)
		seen := map[ObjectID]bool{}
		var once []Dependent
		for _, d := range want {
			if !seen[d.ID] {
				seen[d.ID], once = true, append(once, d)
			}
		}
		if !reflect.DeepEqual(got, once) {
			t.Fatalf("%+v of %s: got %+v, want %+v", ref, m.Encode(), got, once)
		}
	}
	if found == 0 {
		t.Error("nothing depends on anything")
	}
}
