package metadata_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/engine/metadata"
)

func TestEdits(t *testing.T) {
	t.Parallel()
	before := parse(t, secretive)
	for name, c := range map[string]struct{ old, new, want string }{
		"nothing":          {`"version":3`, `"version":3`, `null`},
		"a table":          {`"tables":[{"table"`, `"tables":[{"table":{"schema":"public","name":"u"}},{"table"`, `[{"path":"sources.default.tables.public.u","after":{"table":{"name":"u","schema":"public"}}}]`},
		"a changed secret": {`"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]`, `"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter3"}]`, `[{"path":"remote_schemas.r.definition.headers.k.value","before":"(secret)","after":"(secret)"}]`},
		"a value":          {`"enable_manual":true`, `"enable_manual":false`, `[{"path":"sources.default.tables.public.t.event_triggers.e.definition.enable_manual","before":true,"after":false}]`},
		"an object":        {`"remote_schemas":[{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]}}],`, ``, `[{"path":"remote_schemas.r","before":{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"(secret)"}]}}}]`},
	} {
		if !strings.Contains(secretive, c.old) {
			t.Fatalf("%s: no %s", name, c.old)
		}
		edits, more, err := before.Edits(parse(t, strings.Replace(secretive, c.old, c.new, 1)))
		if err != nil || more != 0 {
			t.Errorf("%s: %d more, %v", name, more, err)
		}
		if got, _ := json.Marshal(edits); string(got) != c.want {
			t.Errorf("%s\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// A change of one table of many is told without a look at the others. Not parallel: it counts allocations.
func TestEdits_costsWhatWasChanged(t *testing.T) {
	large := func(tables int) *metadata.Metadata {
		var b strings.Builder
		for i := range tables {
			fmt.Fprintf(&b, `,{"table":{"schema":"public","name":"t%d"},"select_permissions":[{"role":"r","permission":{"columns":["id"],"filter":{}}}]}`, i)
		}
		return parse(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[`+b.String()[1:]+`],"configuration":{"connection_info":{"database_url":{"from_env":"X"}}}}]}`)
	}
	cost := func(tables int) float64 {
		before := large(tables)
		m, _, err := metadata.ParseCommand("set_table_customization", []byte(`{"table":"t7","configuration":{"custom_name":"seven"}}`), "$")
		if err != nil {
			t.Fatal(err)
		}
		after, err := m.Apply(before, nil)
		if err != nil {
			t.Fatal(err)
		}
		edits, more, err := before.Edits(after)
		if got, _ := json.Marshal(edits); err != nil || more != 0 || string(got) != `[{"path":"sources.default.tables.public.t7.configuration","after":{"column_config":{},"custom_column_names":{},"custom_name":"seven","custom_root_fields":{}}}]` {
			t.Errorf("%s %d %v", got, more, err)
		}
		return testing.AllocsPerRun(3, func() { _, _, _ = before.Edits(after) })
	}
	if few, many := cost(10), cost(1000); many > few+100 {
		t.Errorf("%.0f allocations with 10 tables, %.0f with 1000", few, many)
	}
}
