package translate

import (
	"cmp"
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
)

// Reads is what a statement reads, as its text names it.
type Reads struct {
	// Relations are tables and views, Functions those of users, each sorted and once.
	Relations, Functions []catalog.Name
	// Why the statement may read other things as well; "" when it does not.
	Why string
}

func readsOf(q *pgsql.Select) Reads {
	named := pgsql.NamesIn(q)
	r := Reads{Relations: distinctNames(named.Relations), Functions: distinctNames(named.Functions)}
	if named.HasText {
		r.Why = "it contains SQL that is not looked into"
	}
	return r
}

func distinctNames(names []pgsql.Name) []catalog.Name {
	out := make([]catalog.Name, len(names))
	for i, n := range names {
		out[i] = catalog.Name{Schema: string(n.Schema), Name: string(n.Name)}
	}
	slices.SortFunc(out, func(a, b catalog.Name) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(out)
}

// timeless are types of which no value's text means the time at which it is read, as 'now' does as a timestamp (PG docs:
// datatype-datetime, special values).
var timeless = map[pgsql.Ident]bool{
	"text": true, "varchar": true, "bpchar": true, "char": true, "name": true, "citext": true, "json": true, "jsonb": true, "uuid": true, "bytea": true,
	"bool": true, "int2": true, "int4": true, "int8": true, "float4": true, "float8": true, "numeric": true, "money": true, "oid": true, "ltree": true,
}

// maySayNow tells whether a value of the type may mean the present time.
func maySayNow(t pgsql.Type) bool { return !timeless[t.Name.Name] }
