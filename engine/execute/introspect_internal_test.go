package execute

import (
	"testing"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

const everything = `{ __schema { queryType { name } types { kind name description fields(includeDeprecated: true) { name description
  args { ...input } type { ...ref } isDeprecated } inputFields { ...input } enumValues { name description } possibleTypes { ...ref } } } }
  fragment input on __InputValue { name description type { ...ref } defaultValue }
  fragment ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

func BenchmarkIntrospect(b *testing.B) {
	integer := &catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "int4"}, Kind: catalog.BaseType}
	cat := &catalog.Catalog{Tables: map[catalog.Name]*catalog.Table{}}
	source := &metadata.Source{Name: "default"}
	for i := range 300 {
		n := catalog.Name{Schema: "public", Name: "t" + string(rune('a'+i/26)) + string(rune('a'+i%26))}
		t := &catalog.Table{Name: n, PrimaryKey: &catalog.Key{Name: n.Name + "_pkey", Columns: []string{"a"}}, Insertable: true, Updatable: true, Deletable: true}
		t.UniqueKeys = []*catalog.Key{t.PrimaryKey}
		for c := range 12 {
			t.Columns = append(t.Columns, &catalog.Column{Name: string(rune('a' + c)), Type: integer, NotNull: true})
		}
		cat.Tables[n] = t
		source.Tables = append(source.Tables, &metadata.Table{Name: metadata.TableName(n)})
	}
	s := schema.Build(schema.Input{Metadata: &metadata.Metadata{Sources: []*metadata.Source{source}}, Catalogs: map[string]*catalog.Catalog{"default": cat}}).Role(schema.AdminRole, false)
	op, err := operation.Parse(everything, "")
	if err != nil {
		b.Fatal(err)
	}
	bound, err := op.Bind(nil)
	if err != nil {
		b.Fatal(err)
	}
	resolved, err := bound.Resolve(s)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		body := introspect(s, resolved.Fields[0], bound)
		b.ReportMetric(float64(len(body))/(1<<20), "MiB/answer")
	}
}
