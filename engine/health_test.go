package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// health is a source's part of /healthz/sources.
type health struct {
	Status    string
	Error     any
	Timestamp string
	Replicas  []struct {
		Name, Reason string
		InUse        bool `json:"in_use"`
	} `json:"read_replicas"`
}

func (s *server) health(headers ...string) (int, map[string]health) {
	s.Helper()
	r := httptest.NewRequest(http.MethodGet, "/healthz/sources", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.engine.Handler().ServeHTTP(w, r)
	var out map[string]health
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out
}

func TestSourceHealth(t *testing.T) {
	t.Parallel()
	s := start(t)
	background(t, s.engine)
	if code, _ := s.health("X-Hasura-Role", "user"); code != 400 {
		t.Errorf("a role that is not admin's got status %d", code)
	}
	if code, all := s.health(); code != 200 || len(all) != 0 {
		t.Errorf("without a check: %d %v", code, all)
	}
	s.want(400, `{"path":"$.args.health_check","error":"key \"interval\" not found","code":"parse-failed"}`, "pg_update_source", `{"name":"default","health_check":{}}`)
	s.want(400, "", "pg_update_source", `{"name":"default","health_check":{"interval":1,"tset":{}}}`)
	want := func(check, status, detail string) {
		t.Helper()
		s.do("pg_update_source", `{"name":"default","health_check":`+check+`}`)
		eventually(t, check+" gives "+status, func() bool {
			_, all := s.health()
			h := all["default"]
			return h.Status == status && h.Timestamp != "" && strings.Contains(fmt.Sprint(h.Error), detail)
		})
	}
	want(`{"interval":10}`, "OK", "<nil>")
	want(`{"interval":10,"retries":0,"test":{"sql":"select * from nowhere"}}`, "ERROR", `relation "nowhere" does not exist`)
	want(`{"interval":10,"retries":1,"retry_interval":0.1,"timeout":0.2,"test":{"sql":"select pg_sleep(60)"}}`, "TIMEOUT", "<nil>")
	// Again and again: what is mended is seen.
	want(`{"interval":0.3,"retries":0,"test":{"sql":"select * from later"}}`, "ERROR", "later")
	s.exec(s.dataURL, "create table later ()")
	eventually(t, "the check goes well", func() bool { _, all := s.health(); return all["default"].Status == "OK" })
	if doc := s.document(); !strings.Contains(doc, `"health_check":{"interval":0.3,"retries":0,"test":{"sql":"select * from later"}}`) {
		t.Errorf("exported: %s", doc)
	}
	// Of a source that cannot be served.
	s.want(200, "", "replace_metadata", `{"allow_inconsistent_metadata":true,"metadata":{"version":3,"sources":[{"name":"far","kind":"postgres","tables":[],
		"health_check":{"interval":1,"retries":0},"configuration":{"connection_info":{"database_url":"postgres://u:hush@127.0.0.1:1/x","pool_settings":{"retries":0}}}},
		{"name":"unset","kind":"postgres","tables":[],"health_check":{"interval":1},"configuration":{"connection_info":{"database_url":{"from_env":"NOT_SET"}}}}]}}`)
	eventually(t, "both are reported", func() bool {
		_, all := s.health()
		if strings.Contains(fmt.Sprint(all), "hush") {
			t.Errorf("got %v", all)
		}
		return all["far"].Status == "ERROR" && all["unset"].Status == "FAILED" && len(all) == 2
	})
}
