package transport

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"gatehouse/engine/fault"
)

// What the fast reader accepts is what the thorough one accepts, and means the same.
func FuzzScanRequest(f *testing.F) {
	for _, s := range []string{
		`{"query":"{a}"}`, ` { "query" : "{ a(b: \"c\") }" , "variables" : { "x" : [ 1 , -2.5e+3 , { "y" : null } ], "z": "\ud83d\ude00" } , "operationName" : null } `,
		`{"query":"a","query":"b","variables":{"a":1,"a":2},"operationName":"o","extensions":{"k":[true,false,null,0,-0,0.10]}}`,
		`{"variables":null,"query":"\u00e9"}`, `{}`, `[]`, `null`, `{"query":1}`, `{"query":"a"}x`, `{"query":"a",}`, `{"query":"a","variables":[]}`,
		`{"query":"a","variables":{"n":01}}`, `{"query":"a","variables":{"n":1.}}`, `{"query":"a","variables":{"n":-}}`, "{\"query\":\"a\nb\"}", "{\"query\":\"\xff\"}",
		`{"query":"a","variables":{"n":"\x"}}`, `{"query":"a","variables":{"n":tru}}`, `{"query":"a","variables":{"\u0061":1}}`, `{"query":"a`, `{"query":"a","operationName":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := scanRequest(bytes.Clone(body))
		if !ok {
			return
		}
		want, err := parseRequest(fault.Root, json.RawMessage(body))
		if err != nil {
			t.Fatalf("%q was accepted: %v", body, err)
		}
		if len(got.Variables) == 0 && len(want.Variables) == 0 {
			got.Variables, want.Variables = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\n got %+v\nwant %+v", body, got, want)
		}
	})
}

func TestScanRequest_readsWhatClientsSend(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"query":"query Q($id: Int!) {\n  a(id: $id) { b }\n}","variables":{"id":1},"operationName":"Q"}`,
		`{"operationName":null,"variables":{},"query":"{a}","extensions":{"persisted":{"v":1}}}`,
		`{"query": "mutation { x(a: \"\u00e9\") }", "variables": {"deep": [{"a": [1, 2.5, "x", true, null]}]}}`,
	} {
		if _, ok := scanRequest([]byte(body)); !ok {
			t.Errorf("%s went the slow way", body)
		}
	}
	if _, ok := scanRequest([]byte(`{"query":"a","variables":{"x":` + string(bytes.Repeat([]byte("["), 1000)) + `}}`)); ok {
		t.Error("nonsense was accepted")
	}
}

func BenchmarkScanRequest(b *testing.B) {
	body := []byte(`{"query":"query W1($id: Int!) { artist_by_pk(artist_id: $id) { artist_id name } }","variables":{"id":17},"operationName":"W1"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := scanRequest(body); !ok {
			b.Fatal("not read")
		}
	}
}
