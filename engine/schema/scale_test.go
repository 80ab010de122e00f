package schema_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// wide is a database of n tables of twelve columns, each pointing at the one before, and a role that may read them.
func wide(n int) schema.Input {
	integer := &catalog.Type{OID: 23, Name: catalog.Name{Schema: "pg_catalog", Name: "int4"}, Kind: catalog.BaseType}
	text := &catalog.Type{OID: 25, Name: catalog.Name{Schema: "pg_catalog", Name: "text"}, Kind: catalog.BaseType}
	cat := &catalog.Catalog{Tables: map[catalog.Name]*catalog.Table{}}
	source := &metadata.Source{Name: "default", Kind: "postgres"}
	for i := range n {
		name := catalog.Name{Schema: "public", Name: fmt.Sprintf("t%04d", i)}
		t := &catalog.Table{
			Name: name, Kind: catalog.OrdinaryTable, PrimaryKey: &catalog.Key{Name: name.Name + "_pkey", Columns: []string{"id"}},
			Insertable: true, Updatable: true, Deletable: true,
		}
		t.UniqueKeys = []*catalog.Key{t.PrimaryKey}
		t.Columns = append(t.Columns, &catalog.Column{Name: "id", Type: integer, NotNull: true}, &catalog.Column{Name: "before", Type: integer})
		for c := range 10 {
			t.Columns = append(t.Columns, &catalog.Column{Name: fmt.Sprintf("c%d", c), Type: text})
		}
		mt := &metadata.Table{Name: metadata.TableName(name)}
		if i > 0 {
			before := catalog.Name{Schema: "public", Name: fmt.Sprintf("t%04d", i-1)}
			t.ForeignKeys = []*catalog.ForeignKey{{Name: "fk", Columns: []string{"before"}, To: before, ToColumns: []string{"id"}}}
			mt.ObjectRelationships = []*metadata.Relationship{{Name: "previous", Using: metadata.RelationshipUsing{ForeignKey: &metadata.ForeignKeyOn{Columns: []string{"before"}}}}}
		}
		mt.SelectPermissions = []*metadata.SelectPermission{{
			Permission: metadata.Permission{Role: "user"}, Columns: metadata.Columns{All: true},
			Filter: json.RawMessage(`{"id": {"_eq": "X-Hasura-User-Id"}}`), AllowAggregations: true,
		}}
		cat.Tables[name] = t
		source.Tables = append(source.Tables, mt)
	}
	return schema.Input{Metadata: &metadata.Metadata{Sources: []*metadata.Source{source}}, Catalogs: map[string]*catalog.Catalog{"default": cat}}
}

// Many tables times roles stay small as long as nobody asks for everything: types are derived on use. The bounds are
// loose, they are to catch a schema that is built whole.
func TestRole_manyTablesAreCheap(t *testing.T) {
	in := wide(300)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	m := schema.Build(in)
	for _, role := range []string{schema.AdminRole, "user"} {
		s := m.Role(role, false)
		if s.Query.Field("t0299_by_pk").Type.Base().Field("previous") == nil {
			t.Fatal("a relationship is missing")
		}
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("300 tables, 2 roles: %v, %.1f MiB", took, float64(grown)/(1<<20))
	if len(m.Inconsistencies()) > 0 {
		t.Errorf("inconsistent: %v", m.Inconsistencies()[0].Reason)
	}
	if grown > 12<<20 {
		t.Errorf("the model and two roles took %d bytes", grown)
	}
	if took > 3*time.Second {
		t.Errorf("building took %v", took)
	}
	runtime.KeepAlive(m)
}
