package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// settings are Gatehouse's own settings as exported, "" for none.
func (s *server) settings() string {
	s.Helper()
	var doc struct{ Gatehouse json.RawMessage }
	if err := json.Unmarshal([]byte(s.document()), &doc); err != nil {
		s.Fatal(err)
	}
	return string(doc.Gatehouse)
}

func TestSettings_surviveWhatDoesNotCarryThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	plain := s.document()
	s.do("gatehouse_set_source_features", `{"group_by":true}`)
	const on = `{"sources":[{"name":"default","group_by":true}]}`
	want := func(when, settings string) {
		t.Helper()
		if got := s.settings(); got != settings {
			t.Errorf("%s: %q, want %q", when, got, settings)
		}
	}
	want("set", on)
	s.exec(s.metadataURL, `do $$ begin
		assert (select settings::text from hdb_catalog.gatehouse_settings) = '`+on+`';
		assert (select metadata::text from hdb_catalog.hdb_metadata) not like '%gatehouse%'; end $$`)
	s.do("replace_metadata", plain)
	want("replaced by a document without the key", on)
	s.want(200, "", "replace_metadata", `{"metadata":`+plain+`,"allow_inconsistent_metadata":true}`)
	want("replaced as the CLI does", on)
	s.do("clear_metadata", `{}`)
	want("cleared, the source being kept", on)
	again := s.open()
	if _, body := post(again, "/v1/metadata", `{"type":"export_metadata","args":{}}`); !strings.Contains(body, `"gatehouse":`+on) {
		t.Errorf("a second engine exports %s", body)
	}
	s.do("replace_metadata", strings.TrimSuffix(plain, "}")+`,"gatehouse":{}}`)
	want("replaced by a document that says that nothing is set", "")
	s.exec(s.metadataURL, `do $$ begin assert (select count(*) from hdb_catalog.gatehouse_settings) = 0; end $$`)
	s.do("gatehouse_set_source_features", `{"group_by":true}`)
	s.do("replace_metadata", `{"version":3,"sources":[]}`)
	want("the source gone", "")
}

func TestSettings_ofAnUnknownSourceAreInconsistent(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	document := strings.TrimSuffix(s.document(), "}") + `,"gatehouse":{"sources":[{"name":"elsewhere","group_by":true}]}}`
	s.want(400, "", "replace_metadata", document)
	s.want(200, "", "replace_metadata", `{"metadata":`+document+`,"allow_inconsistent_metadata":true}`)
	s.want(200, `{"is_consistent":false,"inconsistent_objects":[{"definition":{"name":"elsewhere","group_by":true},"name":"gatehouse_source_features elsewhere",`+
		`"reason":"Inconsistent object: source with name \"elsewhere\" does not exist","type":"gatehouse_source_features"}]}`, "get_inconsistent_metadata", `{}`)
	s.answers(`{ author { id } }`, `{"author":[]}`)
	s.do("drop_inconsistent_metadata", `{}`)
	if got := s.settings(); got != "" {
		t.Errorf("left: %s", got)
	}
}

func TestSettings_areSeenByOtherEngines(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := s.open()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = other.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	s.do("gatehouse_set_source_features", `{"nested_updates":true}`)
	for deadline := time.Now().Add(10 * time.Second); !other.Snapshot().Doc.Features("default").NestedUpdates; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other engine has not heard")
		}
	}
}
