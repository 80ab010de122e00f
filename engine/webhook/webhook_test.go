package webhook_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/kriti"
	"gatehouse/engine/webhook"
)

func text(s string) *string { return &s }

var original = webhook.Request{
	Method: "POST", URL: "http://hook/path", Query: []webhook.Param{{Name: "q", Value: text("1")}},
	Headers: []webhook.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "X-Old", Value: "1"}},
	Body:    []byte(`{"input":{"name":"Ada Lovelace","n":2,"nil":null}}`),
}

func apply(t *testing.T, transform string) (string, error) {
	t.Helper()
	parsed, err := webhook.ParseRequest(json.RawMessage(transform), "$")
	if err != nil {
		return "", err
	}
	body, err := kriti.Decode(original.Body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := parsed.Apply(original, webhook.Context{
		BaseURL: "http://hook/path?q=1", Body: body, SessionVariables: map[string]string{"x-hasura-user-id": "7"}, Query: original.Query,
	})
	if err != nil {
		return "", err
	}
	lines := []string{r.Method + " " + r.Address()}
	for _, h := range r.Headers {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return strings.Join(append(lines, string(r.Body)), "\n"), nil
}

const headers = "\nContent-Type: application/json\nX-Old: 1\n"

func TestRequestTransform(t *testing.T) {
	t.Parallel()
	unchanged := string(original.Body)
	for _, c := range []struct{ name, transform, want string }{
		{"nothing", `{}`, "POST http://hook/path?q=1" + headers + unchanged},
		{"method", `{"method":"put"}`, "PUT http://hook/path?q=1" + headers + unchanged},
		{
			"the template's URL has its own query", `{"url":"{{$base_url}}&n={{$body.input.n}}"}`,
			"POST http://hook/path?q=1&n=2" + headers + unchanged,
		},
		{
			"query parameters replace the query, nulls are left out",
			`{"url":"http://other/?gone=1","query_params":{"a b":"{{$body.input.name}}","{{$body.input.n}}":"x","no":"null","flag":null}}`,
			"POST http://other/?a%20b=Ada%20Lovelace&flag&2=x" + headers + unchanged,
		},
		{
			"query parameters as one text", `{"query_params":"?a={{escapeUri($body.input.name)}}&b"}`,
			"POST http://hook/path?a=Ada%20Lovelace&b" + headers + unchanged,
		},
		{
			"body of version 1", `{"body":"{\"id\": {{$session_variables['x-hasura-user-id']}}}"}`,
			"POST http://hook/path?q=1" + headers + `{"id":"7"}`,
		},
		{
			"body of version 2", `{"version":2,"template_engine":"Kriti","body":{"action":"transform","template":"[{{ getSessionVariable(\"X-Hasura-User-Id\") }}, {{ $query_params }}]"}}`,
			"POST http://hook/path?q=1" + headers + `["7",[["q","1"]]]`,
		},
		{"no body", `{"version":2,"body":{"action":"remove"}}`, "POST http://hook/path?q=1" + headers},
		{
			"a form", `{"version":2,"body":{"action":"x_www_form_urlencoded","form_template":{"n":"{{$body.input.name}}","b&":"{{true}}"}},"content_type":"application/x-www-form-urlencoded"}`,
			"POST http://hook/path?q=1\nX-Old: 1\nContent-Type: application/x-www-form-urlencoded\nb%26=true&n=Ada%20Lovelace",
		},
		{
			"headers", `{"request_headers":{"add_headers":{"content-type":"text/{{$body.input.n}}","x-new":"{{getSessionVariable(\"x-hasura-user-id\")}}"},"remove_headers":["x-old"]}}`,
			"POST http://hook/path?q=1\ncontent-type: text/2\nx-new: 7\n" + unchanged,
		},
	} {
		got, err := apply(t, c.transform)
		if err != nil || got != c.want {
			t.Errorf("%s:\ngot  %q %v\nwant %q", c.name, got, err, c.want)
		}
	}
}

func TestRequestTransform_refusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ transform, want string }{
		{`[]`, `$ parsing Object failed, expected Object, but encountered Array`},
		{`{"bdy":"1"}`, `$.bdy unexpected key "bdy"; known keys are version, template_engine, method, url, body, query_params, request_headers, content_type`},
		{`{"version":3}`, `$.version expected 1 or 2, encountered 3`},
		{`{"template_engine":"Go"}`, `$.template_engine unexpected template engine "Go": expected Kriti`},
		{`{"method":1}`, `$.method parsing Text failed, expected String, but encountered Number`},
		{`{"version":1,"body":{"action":"remove"}}`, `$.body parsing Template failed, expected String, but encountered Object`},
		{`{"version":2,"body":"1"}`, `$.body parsing Object failed, expected Object, but encountered String`},
		{`{"version":2,"body":{"action":"x"}}`, `$.body invalid transform action`},
		{`{"version":2,"body":{"action":"transform"}}`, `$.body key "template" not found`},
		{`{"request_headers":{"add_headers":{"a":null}}}`, `$.request_headers.add_headers.a parsing Template failed, expected String, but encountered Null`},
		{`{"query_params":{"a":1}}`, `$.query_params.a parsing Template failed, expected String, but encountered Number`},
		{`{"url":"{{","body":"{{ }"}`, `[Empty token stream. Unexpected]`},
		{`{"query_params":{"a":"{{$body.x}}","b":"{{$body.y}}"}}`, `['Object' has no attribute 'x'. 'Object' has no attribute 'y'.]`},
		{`{"query_params":{"a":"{{$body.input}}"}}`, `[Cannot interpolate type: 'Object'.]`},
		{`{"url":"/relative"}`, `[Invalid URL: /relative]`},
	} {
		_, err := apply(t, c.transform)
		var f *fault.Error
		var list webhook.Errors
		got := "no error"
		if errors.As(err, &f) {
			got = f.Path + " " + f.Message
		} else if errors.As(err, &list) {
			got = "["
			for _, e := range list {
				got += e.(error).Error() + " "
			}
		}
		if errors.As(err, &list) { // the positions are kriti's to test
			for _, word := range strings.Fields(strings.Trim(c.want, "[]")) {
				if !strings.Contains(got, word) {
					t.Errorf("%s:\ngot  %s\nwant %s", c.transform, got, c.want)
				}
			}
		} else if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.transform, got, c.want)
		}
	}
}

func TestResponseTransform(t *testing.T) {
	t.Parallel()
	c := webhook.Context{Body: map[string]any{"id": "r"}, SessionVariables: map[string]string{"x-hasura-role": "user"}}
	for _, x := range []struct{ transform, body, want string }{
		{`{}`, `{"a": 1}`, `{"a": 1}`},
		{`{"body":"[{{$body.a}}, {{$response.status}}, {{$request.body.id}}, {{$request.session_variables['x-hasura-role']}}]"}`, `{"a": 1}`, `[1,201,"r","user"]`},
		{`{"version":2,"body":{"action":"transform","template":"{{$body ?? 0}}"}}`, `not JSON`, `0`},
		{`{"version":2,"body":{"action":"remove"}}`, `{}`, `null`},
		{`{"version":2,"body":{"action":"x_www_form_urlencoded","form_template":{"a":"{{$body.a}}"}}}`, `{"a": 1}`, `"a=1"`},
	} {
		parsed, err := webhook.ParseResponse(json.RawMessage(x.transform), "$")
		if err != nil {
			t.Fatalf("%s: %v", x.transform, err)
		}
		got, err := parsed.Apply(201, []byte(x.body), c)
		if err != nil || string(got) != x.want {
			t.Errorf("%s: got %s %v, want %s", x.transform, got, err, x.want)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	env := func(name string) (string, bool) { return "http://" + name, name == "HOOK" }
	if got, err := webhook.Expand("{{ HOOK }}/a{{b", env); err != nil || got != "http://HOOK/a{{b" {
		t.Errorf("got %q %v", got, err)
	}
	if _, err := webhook.Expand("{{HOOK}}{{NOPE}}", env); err == nil || err.Error() != "environment variable 'NOPE' not set" {
		t.Errorf("got %v", err)
	}
}
