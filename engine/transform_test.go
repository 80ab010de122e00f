package engine_test

import (
	"strings"
	"testing"
)

// Hasura's cases are test_metadata.py::TestMetadata::test_webhook_transform_*.
func TestTransforms(t *testing.T) {
	t.Parallel()
	s := start(t)
	const hook = `"webhook_url":{"from_env":"HOOK"},"env":{"HOOK":"http://hook"},"body":{"a":"<1>"},"request_headers":[["X-Old","1"]]`
	s.want(200, `{"webhook_url":"http://hook/","method":"GET","headers":[["x-old","1"]],"body":{"a":"<1>"}}`,
		"test_webhook_transform", `{`+hook+`,"request_transform":{}}`)
	s.want(200, `{"webhook_url":"http://other?q=1","method":"PUT","headers":[["x-new","2"]],"body":"<1>"}`, "test_webhook_transform",
		`{`+hook+`,"request_transform":{"method":"put","url":"http://other","query_params":{"q":"1"},"body":"{{$body.a}}","request_headers":{"add_headers":{"X-New":"2"},"remove_headers":["x-old"]}}}`)
	s.want(400, `{"path":"$.args","error":"request transform validation failed","code":"validation-failed","internal":[{"error_code":"Attribute Error","message":"'Object' has no attribute 'b'.","source_position":{"start_line":0,"start_column":4,"end_line":0,"end_column":11}}]}`,
		"test_webhook_transform", `{`+hook+`,"request_transform":{"body":"{{ $body.b }}"}}`)
	s.want(400, `{"path":"$.args","error":"Missing Env Var: HOOK","code":"not-found"}`,
		"test_webhook_transform", `{"webhook_url":"{{HOOK}}","body":{},"request_transform":{}}`)
	s.want(400, `{"path":"$.args","error":"key \"request_transform\" not found","code":"parse-failed"}`,
		"test_webhook_transform", `{"webhook_url":"http://hook","body":{}}`)
	s.want(400, `{"path":"$.args.request_transform.nope","error":"unexpected key \"nope\"; known keys are version, template_engine, method, url, body, query_params, request_headers, content_type","code":"parse-failed"}`,
		"test_webhook_transform", `{`+hook+`,"request_transform":{"nope":1}}`)

	action := func(body string) string {
		return `{"name":"a","definition":{"handler":"http://hook","output_type":"Int","response_transform":{"body":"` + body + `"}}}`
	}
	code, body := post(s.engine, "/v1/metadata", `{"type":"create_action","args":`+action("{{")+`}`)
	if code != 400 || !strings.Contains(body, `"path":"$.args","error":"response transform validation failed","code":"validation-failed"`) {
		t.Errorf("got %d %s", code, body)
	}
	s.do("create_action", action("{{$body}}"))
	s.do("replace_metadata", strings.Replace(s.document(), "{{$body}}", "{{", 1))
	code, body = post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	if code != 200 || !strings.Contains(body, "response transform validation failed") {
		t.Errorf("got %d %s", code, body)
	}
}
