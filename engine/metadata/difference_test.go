package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEdits(t *testing.T) {
	t.Parallel()
	before := parse(t, secretive)
	for name, c := range map[string]struct{ old, new, want string }{
		"nothing":          {`"version":3`, `"version":3`, `null`},
		"a table":          {`"tables":[{"table"`, `"tables":[{"table":{"schema":"public","name":"u"}},{"table"`, `[{"path":"sources.default.tables.public.u","after":{"table":{"name":"u","schema":"public"}}}]`},
		"a changed secret": {`"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]`, `"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter3"}]`, `[{"path":"remote_schemas.r.definition.headers.k.value","before":"(secret)","after":"(secret)"}]`},
		"a value":          {`"enable_manual":true`, `"enable_manual":false`, `[{"path":"sources.default.tables.public.t.event_triggers.e.definition.enable_manual","before":true,"after":false}]`},
		"an object":        {`"remote_schemas":[{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]}}],`, ``, `[{"path":"remote_schemas","before":[{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"(secret)"}]}}]}]`},
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
