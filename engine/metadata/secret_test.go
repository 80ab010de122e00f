package metadata_test

import (
	"strings"
	"testing"

	"gatehouse/engine/metadata"
)

// secretive is a document with every kind of secret, each of them the word hunter2.
const secretive = `{"version":3,
 "sources":[{"name":"default","kind":"postgres","configuration":{"connection_info":{"database_url":"postgres://u:hunter2@h/d"},
   "read_replicas":[{"database_url":{"connection_parameters":{"host":"h","port":5432,"username":"u","password":"hunter2","database":"d"}}}]},
   "tables":[{"table":{"schema":"public","name":"t"},
     "insert_permissions":[{"role":"user","permission":{"check":{},"columns":"*","validate_input":{"type":"http","definition":{"url":"https://a:hunter2@b/c?key=hunter2","headers":[{"name":"k","value":"hunter2"}]}}}}],
     "event_triggers":[{"name":"e","definition":{"enable_manual":true},"retry_conf":{"num_retries":0,"interval_sec":10,"timeout_sec":60},"webhook":"{{HOOK}}/x","headers":[{"name":"k","value_from_env":"KEY"}],
       "request_transform":{"version":2,"template_engine":"Kriti","request_headers":{"add_headers":{"Authorization":"hunter2"}}}}]}]}],
 "remote_schemas":[{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]}}],
 "opentelemetry":{"status":"enabled","exporter_otlp":{"otlp_traces_endpoint":"https://hunter2@otel/v1","headers":[{"name":"k","value":"hunter2"}]}}}`

func TestWithoutSecrets(t *testing.T) {
	t.Parallel()
	m := parse(t, secretive)
	if !m.HoldsSecrets() || m.HoldsMask() {
		t.Errorf("holds secrets %t, mask %t", m.HoldsSecrets(), m.HoldsMask())
	}
	shown, err := metadata.WithoutSecrets(m.Encode())
	if err != nil || strings.Contains(string(shown), "hunter2") {
		t.Fatalf("%v\n%s", err, shown)
	}
	for _, stays := range []string{`"value_from_env":"KEY"`, `{{HOOK}}/x`, `"url_from_env":"REMOTE"`, `"username":"u"`, `"host":"h"`} {
		if !strings.Contains(string(shown), stays) {
			t.Errorf("%s is gone from %s", stays, shown)
		}
	}
	back := parse(t, string(shown))
	if back.HoldsSecrets() || !back.HoldsMask() {
		t.Errorf("what is shown holds secrets %t, mask %t\n%s", back.HoldsSecrets(), back.HoldsMask(), shown)
	}
	plain := parse(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"X"}}}}]}`)
	if plain.HoldsSecrets() || plain.HoldsMask() {
		t.Error("the name of a variable is a secret")
	}
	reason, err := metadata.WithoutSecrets([]byte(`[{"reason":"cannot reach postgres://u:hunter2@h/d?sslpassword=hunter2","internal":{"error":"host=h password=hunter2 user=u"}}]`))
	if err != nil || strings.Contains(string(reason), "hunter2") || !strings.Contains(string(reason), "user=u") {
		t.Errorf("%v %s", err, reason)
	}
}

func TestDiscloses(t *testing.T) {
	t.Parallel()
	before := parse(t, secretive)
	change := func(old, new string) *metadata.Metadata {
		t.Helper()
		if !strings.Contains(secretive, old) {
			t.Fatalf("no %s", old)
		}
		return parse(t, strings.Replace(secretive, old, new, 1))
	}
	const table = `{"table":{"schema":"public","name":"t"},`
	for name, c := range map[string]struct {
		after        *metadata.Metadata
		secrets, sql bool
	}{
		"nothing":             {after: before},
		"another table":       {after: change(table, `{"table":{"schema":"public","name":"u"}},`+table)},
		"a hook of her own":   {after: change(`"table":{"schema":"public","name":"t"},`, `"table":{"schema":"public","name":"t"},"update_permissions":[{"role":"user","permission":{"filter":{},"columns":"*","validate_input":{"type":"http","definition":{"url":"https://x","headers":[{"name":"k","value":"mine"}]}}}}],`)},
		"less of an object":   {after: change(`"headers":[{"name":"k","value":"hunter2"}]}}}}],`, `"headers":[]}}}}],`), secrets: true},
		"without an object":   {after: change(`"remote_schemas":[{"name":"r","definition":{"url_from_env":"REMOTE","headers":[{"name":"k","value":"hunter2"}]}}],`, ``)},
		"another URL":         {after: change(`{{HOOK}}/x`, `https://evil`), secrets: true},
		"another variable":    {after: change(`{{HOOK}}/x`, `https://evil/{{HASURA_GRAPHQL_ADMIN_SECRET}}`), secrets: true},
		"a variable's name":   {after: change(`"value_from_env":"KEY"`, `"value_from_env":"OTHER"`), secrets: true},
		"a header elsewhere":  {after: change(`"url_from_env":"REMOTE"`, `"url":"https://evil"`), secrets: true},
		"a transform":         {after: change(`"version":2,"template_engine"`, `"version":2,"url":"https://evil","template_engine"`), secrets: true},
		"the exporter":        {after: change(`https://hunter2@otel/v1`, `https://evil/v1`), secrets: true},
		"a connection":        {after: change(`u:hunter2@h/d`, `u:hunter2@evil/d`), secrets: true},
		"a health check":      {after: change(`"tables":[{"table"`, `"health_check":{"interval":1,"test":{"sql":"select 1"}},"tables":[{"table"`), secrets: true},
		"another source":      {after: change(`"sources":[`, `"sources":[{"name":"other","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"X"}}}},`), secrets: true},
		"no source":           {after: parse(t, `{"version":3,"sources":[]}`), secrets: true},
		"a native query":      {after: change(`"tables":[{"table"`, `"logical_models":[{"name":"m","fields":[{"name":"a","type":{"scalar":"text"}}]}],"native_queries":[{"root_field_name":"n","code":"select 1","returns":"m","arguments":{}}],"tables":[{"table"`), sql: true},
		"a variable in a new": {after: change(`"remote_schemas":[`, `"remote_schemas":[{"name":"s","definition":{"url":"https://evil","headers":[{"name":"a","value_from_env":"KEY"}]}},`), secrets: true},
	} {
		d, err := metadata.Discloses(before, c.after)
		if err != nil || (d.Secrets != "") != c.secrets || (len(d.SQL) > 0) != c.sql {
			t.Errorf("%s: %+v %v", name, d, err)
		}
	}
}
