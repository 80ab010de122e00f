package webhook

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/kriti"
)

// reader reads a transform: grammar errors end it, template errors are collected.
type reader struct {
	grammar  *fault.Error
	template Errors
}

func (r *reader) fail(path, format string, args ...any) {
	if r.grammar == nil {
		r.grammar = fault.New(fault.ParseFailed, path, format, args...)
	}
}

// ParseRequest reads a request_transform; path is where it stands. The error is a *fault.Error where its grammar is
// wrong and Errors where templates are.
func ParseRequest(doc json.RawMessage, path string) (*RequestTransform, error) {
	r := &reader{}
	t := r.request(doc, path)
	return t, r.err()
}

// ParseResponse reads a response_transform, with the errors of ParseRequest.
func ParseResponse(doc json.RawMessage, path string) (*ResponseTransform, error) {
	r := &reader{}
	o := r.object(doc, path, "version", "template_engine", "body")
	t := &ResponseTransform{body: r.body(o["body"], fault.Key(path, "body"), r.version(o, path))}
	r.engine(o, path)
	return t, r.err()
}

func (r *reader) err() error {
	switch {
	case r.grammar != nil:
		return r.grammar
	case len(r.template) > 0:
		return r.template
	}
	return nil
}

func (r *reader) request(doc json.RawMessage, path string) *RequestTransform {
	o := r.object(doc, path, "version", "template_engine", "method", "url", "body", "query_params", "request_headers", "content_type")
	version := r.version(o, path)
	r.engine(o, path)
	t := &RequestTransform{method: strings.ToUpper(r.text(o, path, "method")), contentType: r.text(o, path, "content_type")}
	if s := r.text(o, path, "url"); s != "" {
		t.url = r.line(s)
	}
	t.body = r.body(o["body"], fault.Key(path, "body"), version)
	r.params(t, o["query_params"], fault.Key(path, "query_params"))
	r.headers(t, o["request_headers"], fault.Key(path, "request_headers"))
	return t
}

// object reads an object with the given keys; null and nothing are empty ones.
func (r *reader) object(doc json.RawMessage, path string, known ...string) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if len(doc) == 0 || string(doc) == "null" {
		return nil
	}
	if err := json.Unmarshal(doc, &o); err != nil {
		r.fail(path, "parsing Object failed, expected Object, but encountered %s", fault.JSONKind(doc))
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if known != nil && !slices.Contains(known, k) {
			r.fail(fault.Key(path, k), "unexpected key %q; known keys are %s", k, strings.Join(known, ", "))
		}
	}
	return o
}

func (r *reader) text(o map[string]json.RawMessage, path, key string) string {
	var s *string
	if doc, ok := o[key]; ok && json.Unmarshal(doc, &s) != nil {
		r.fail(fault.Key(path, key), "parsing Text failed, expected String, but encountered %s", fault.JSONKind(doc))
	}
	if s == nil {
		return ""
	}
	return *s
}

func (r *reader) version(o map[string]json.RawMessage, path string) int {
	version := 1
	if doc, ok := o["version"]; ok && string(doc) != "null" {
		if json.Unmarshal(doc, &version) != nil && json.Unmarshal(doc, new(string)) == nil {
			version = map[string]int{`"1"`: 1, `"2"`: 2}[string(doc)]
		}
		if version != 1 && version != 2 {
			r.fail(fault.Key(path, "version"), "expected 1 or 2, encountered %s", doc)
		}
	}
	return version
}

func (r *reader) engine(o map[string]json.RawMessage, path string) {
	if name := r.text(o, path, "template_engine"); name != "" && name != "Kriti" {
		r.fail(fault.Key(path, "template_engine"), "unexpected template engine %q: expected Kriti", name)
	}
}

// value parses a template that makes a value, line one that makes a text.
func (r *reader) value(text string) *kriti.Template { return r.parsed(kriti.Parse(text)) }
func (r *reader) line(text string) *kriti.Template  { return r.parsed(kriti.ParseText(text)) }

func (r *reader) parsed(t *kriti.Template, err error) *kriti.Template {
	if err != nil {
		r.template = append(r.template, err)
	}
	return t
}

// body is a template in version 1, {action, …} in version 2.
func (r *reader) body(doc json.RawMessage, path string, version int) *bodyTransform {
	if len(doc) == 0 || string(doc) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(doc, &text) == nil && version == 1 {
		return &bodyTransform{template: r.value(text)}
	}
	if version == 1 {
		r.fail(path, "parsing Template failed, expected String, but encountered %s", fault.JSONKind(doc))
		return nil
	}
	o := r.object(doc, path, "action", "template", "form_template")
	switch action := r.text(o, path, "action"); action {
	case "remove":
		return &bodyTransform{isRemoved: true}
	case "transform":
		if o["template"] == nil {
			r.fail(path, "key %q not found", "template")
			return nil
		}
		return &bodyTransform{template: r.value(r.text(o, path, "template"))}
	case "x_www_form_urlencoded":
		if o["form_template"] == nil {
			r.fail(path, "key %q not found", "form_template")
			return nil
		}
		return &bodyTransform{isForm: true, form: r.fields(o["form_template"], fault.Key(path, "form_template"), false, false)}
	case "":
		if r.grammar == nil && o["action"] == nil {
			r.fail(path, "key %q not found", "action")
		}
	default:
		r.fail(path, "invalid transform action")
	}
	return nil
}

// params is an object of templates or one text.
func (r *reader) params(t *RequestTransform, doc json.RawMessage, path string) {
	var text string
	switch {
	case len(doc) == 0 || string(doc) == "null":
	case json.Unmarshal(doc, &text) == nil:
		t.query = r.line(text)
	default:
		t.hasParams, t.params = true, r.fields(doc, path, true, true)
	}
}

func (r *reader) headers(t *RequestTransform, doc json.RawMessage, path string) {
	o := r.object(doc, path, "add_headers", "remove_headers")
	t.addHeaders = r.fields(o["add_headers"], fault.Key(path, "add_headers"), false, false)
	if list, ok := o["remove_headers"]; ok {
		if err := json.Unmarshal(list, &t.removeHeaders); err != nil {
			r.fail(fault.Key(path, "remove_headers"), "parsing List failed, expected Array of String, but encountered %s", fault.JSONKind(list))
		}
	}
}

// fields reads an object of templates, in the order of its keys.
func (r *reader) fields(doc json.RawMessage, path string, areNamesTemplates, mayBeNull bool) []field {
	o := r.object(doc, path)
	var out []field
	for _, k := range slices.Sorted(maps.Keys(o)) {
		f := field{plain: k}
		if areNamesTemplates {
			f.name = r.line(k)
		}
		if mayBeNull && string(o[k]) == "null" {
			out = append(out, f)
			continue
		}
		var text string
		if json.Unmarshal(o[k], &text) != nil || string(o[k]) == "null" {
			r.fail(fault.Key(path, k), "parsing Template failed, expected String, but encountered %s", fault.JSONKind(o[k]))
		}
		f.value = r.line(text)
		out = append(out, f)
	}
	return out
}

// Transforms are the transforms of an action's definition or of a trigger.
type Transforms struct {
	Request  *RequestTransform
	Response *ResponseTransform
}

// Parse reads the keys request_transform and response_transform of an object, nil where there is none. An invalid one is
// Hasura's refusal.
func Parse(doc json.RawMessage, path string) (Transforms, error) {
	var o struct {
		Request  json.RawMessage `json:"request_transform"`
		Response json.RawMessage `json:"response_transform"`
	}
	var t Transforms
	if json.Unmarshal(doc, &o) != nil {
		return t, nil // what is no object at all is for others to refuse
	}
	var err error
	if isGiven(o.Request) {
		if t.Request, err = ParseRequest(o.Request, fault.Key(path, "request_transform")); err != nil {
			return t, Refusal("request", err)
		}
	}
	if isGiven(o.Response) {
		if t.Response, err = ParseResponse(o.Response, fault.Key(path, "response_transform")); err != nil {
			return t, Refusal("response", err)
		}
	}
	return t, nil
}

func isGiven(doc json.RawMessage) bool { return len(doc) > 0 && string(doc) != "null" }

// Refusal is how a client is told of Errors; other errors are as they were. which is "request" or "response".
func Refusal(which string, err error) error {
	var list Errors
	if !errors.As(err, &list) {
		return err
	}
	return fault.New(fault.ValidationFailed, "", "%s transform validation failed", which).WithInternal(list).WithCause(err)
}
