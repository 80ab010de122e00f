package engine_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Where a database is said to be is tried before it becomes a source, and why it is not reached told by what can be done about it.
func TestTestSource(t *testing.T) {
	t.Parallel()
	s := start(t)
	at := func(database string) string {
		u, err := url.Parse(s.dataURL)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + database
		return u.String()
	}
	for where, want := range map[string]string{
		fmt.Sprintf("%q", s.dataURL):                          `"problem":"","message":"","version":"1`,
		fmt.Sprintf("%q", at("nowhere")):                      `"problem":"database"`,
		`"postgresql://somebody@127.0.0.1:1/x"`:               `"problem":"refused"`,
		`"postgresql://somebody@no.such.host.invalid:5432/x"`: `"problem":"host"`,
		`"nonsense"`:                      `"problem":"url"`,
		`{"from_env":"NO_SUCH_VARIABLE"}`: `"problem":"env","message":"environment variable 'NO_SUCH_VARIABLE' not set"`,
	} {
		code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_test_source","args":{"configuration":{"connection_info":{"database_url":`+where+`}}}}`)
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s\ngot  %d %s\nwant %s", where, code, body, want)
		}
	}
	for args, want := range map[string]string{`{}`: `key \"configuration\" not found`, `{"configuration":{}}`: `connection_info`} {
		if code, body := post(s.engine, "/v1/metadata", `{"type":"gatehouse_test_source","args":`+args+`}`); code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", args, code, body)
		}
	}
	if got := s.document(); strings.Contains(got, "tested") {
		t.Errorf("a test left a source: %s", got)
	}
}
