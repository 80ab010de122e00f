package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/engine"
)

func TestThreeHundredTables(t *testing.T) {
	t.Parallel()
	s := start(t)
	var ddl, track, bulk strings.Builder
	for i := range 300 {
		fmt.Fprintf(&ddl, "create table t%d (id serial primary key, a text, b text, c int, d timestamptz, e jsonb, other int references t%d (id));\n", i, max(0, i-1))
		fmt.Fprintf(&track, `,{"table":"t%d"}`, i)
		fmt.Fprintf(&bulk, `,{"type":"pg_create_object_relationship","args":{"table":"t%d","name":"rel","using":{"foreign_key_constraint_on":"other"}}},`+
			`{"type":"pg_create_select_permission","args":{"table":"t%d","role":"user","permission":{"columns":"*","filter":{"rel":{"c":{"_eq":"X-Hasura-C"}}}}}}`, i, i)
	}
	s.exec(s.dataURL, ddl.String())
	// Times are shown, not judged: this test is about getting there at all.
	took := func(what string, run func()) {
		began := time.Now()
		run()
		t.Logf("%s: %s", what, time.Since(began))
	}
	took("track 300 tables", func() { s.do("pg_track_tables", `{"tables":[`+track.String()[1:]+`]}`) })
	took("600 commands in one bulk", func() {
		if code, body := post(s.engine, "/v1/metadata", `{"type":"bulk","args":[`+bulk.String()[1:]+`]}`); code != 200 {
			t.Fatalf("got %d %s", code, body)
		}
	})
	took("start", func() {
		e, err := engine.New(t.Context(), config(s.metadataURL, s.dataURL))
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
	})
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
}
