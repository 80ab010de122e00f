// Package webhook is Hasura's webhook contract: the transforms of requests and responses, and the environment in URLs
// and headers, for actions, event triggers and cron triggers.
//
// It is pure: it makes the request that is to be sent and the answer that is to be read. Who sends it, when and how
// often is its callers' business.
package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gatehouse/engine/kriti"
)

// maxBody bounds what a template may make, in bytes.
const maxBody = 32 << 20

// Errors are all that is wrong with a transform's templates, or with applying them, as Hasura's `internal` shows them.
type Errors []any

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		if err, ok := one.(error); ok {
			texts[i] = err.Error()
		} else {
			texts[i] = fmt.Sprint(one)
		}
	}
	return strings.Join(texts, "; ")
}

// mistake is an error that no template has: its result will not do.
type mistake struct {
	Code    string `json:"error_code"`
	Message string `json:"message"`
	Value   any    `json:"value,omitempty"`
}

func (m *mistake) Error() string { return m.Message }

func unfit(value any, format string, args ...any) error {
	return Errors{&mistake{"TransformationError", fmt.Sprintf(format, args...), value}}
}

// Param is one part of a URL's query; Value nil is a name without "=".
type Param struct {
	Name  string
	Value *string
}

// Header is one header.
type Header struct{ Name, Value string }

// Request is a request to a webhook.
type Request struct {
	Method string
	// URL has no query where Query is set.
	URL     string
	Query   []Param
	Headers []Header
	// Body is empty where none is sent.
	Body []byte
}

// Address is the URL with the query.
func (r *Request) Address() string {
	if len(r.Query) == 0 {
		return r.URL
	}
	separator := "?"
	if strings.Contains(r.URL, "?") {
		separator = "&"
	}
	return r.URL + separator + encodeQuery(r.Query)
}

// Context is what templates refer to.
type Context struct {
	// BaseURL is the webhook's URL as configured, its environment resolved.
	BaseURL string
	// Body is the request's body before transformation, or the response's, as kriti.Decode gives it.
	Body any
	// SessionVariables is nil where there is no session.
	SessionVariables map[string]string
	Query            []Param
}

func (c *Context) session() any {
	if c.SessionVariables == nil {
		return nil
	}
	variables := make(map[string]any, len(c.SessionVariables))
	for k, v := range c.SessionVariables {
		variables[strings.ToLower(k)] = v
	}
	return variables
}

func (c *Context) query() any {
	list := make([]any, len(c.Query))
	for i, p := range c.Query {
		var value any
		if p.Value != nil {
			value = *p.Value
		}
		list[i] = []any{p.Name, value}
	}
	return list
}

func (c *Context) scope() kriti.Scope {
	return kriti.Scope{
		Variables: map[string]any{"$body": c.Body, "$session_variables": c.session(), "$base_url": c.BaseURL, "$query_params": c.query()},
		Functions: map[string]kriti.Function{"getSessionVariable": c.sessionVariable},
	}
}

// sessionVariable is the function getSessionVariable.
func (c *Context) sessionVariable(name any) (any, error) {
	switch name := name.(type) {
	case nil:
		return nil, nil
	case string:
		for k, v := range c.SessionVariables {
			if strings.EqualFold(k, name) {
				return v, nil
			}
		}
		return nil, fmt.Errorf("Session variable %q not found", name)
	}
	return nil, errors.New("Session variable name should be a string")
}

// RequestTransform changes requests before they are sent. Nil parts change nothing.
type RequestTransform struct {
	method        string
	url           *kriti.Template
	body          *bodyTransform
	params        []field // query_params as an object
	hasParams     bool
	query         *kriti.Template // query_params as one text
	addHeaders    []field
	removeHeaders []string
	contentType   string
}

// field is a name and its value's template; name is a template where names may be.
type field struct {
	plain string
	name  *kriti.Template
	value *kriti.Template // nil for a query parameter without a value
}

// bodyTransform: exactly one of isRemoved, template and form.
type bodyTransform struct {
	isRemoved bool
	template  *kriti.Template
	isForm    bool
	form      []field
}

// Apply gives the transformed request. Its error is Errors.
func (t *RequestTransform) Apply(r Request, c Context) (Request, error) {
	scope := c.scope()
	if t.method != "" {
		r.Method = t.method
	}
	if t.url != nil {
		target, err := t.target(scope)
		if err != nil {
			return Request{}, err
		}
		r.URL, r.Query = target, nil
	}
	if t.body != nil {
		body, err := t.body.apply(scope)
		if err != nil {
			return Request{}, err
		}
		r.Body = body
	}
	if t.hasParams || t.query != nil {
		query, err := t.parameters(scope)
		if err != nil {
			return Request{}, err
		}
		r.URL, _, _ = strings.Cut(r.URL, "?")
		r.Query = query
	}
	return r, t.headers(&r, scope)
}

func (t *RequestTransform) target(scope kriti.Scope) (string, error) {
	v, err := t.url.Evaluate(scope)
	if err != nil {
		return "", Errors{err}
	}
	target, ok := v.(string)
	if !ok {
		return "", unfit(nil, "URL Transforms must produce a JSON String: %v", v)
	}
	if u, err := url.Parse(target); err != nil || u.Scheme == "" {
		return "", unfit(nil, "Invalid URL: %s", target)
	}
	return target, nil
}

// apply gives the new body; a removed one is empty.
func (b *bodyTransform) apply(scope kriti.Scope) ([]byte, error) {
	switch {
	case b.isRemoved:
		return nil, nil
	case b.isForm:
		return b.encodeForm(scope)
	}
	v, err := b.template.Evaluate(scope)
	if err != nil {
		return nil, Errors{err}
	}
	body, err := kriti.Encode(v, maxBody)
	if err != nil {
		return nil, unfit(nil, "%s", err)
	}
	return body, nil
}

func (b *bodyTransform) encodeForm(scope kriti.Scope) ([]byte, error) {
	pairs, err := evaluate(b.form, scope)
	if err != nil {
		return nil, err
	}
	return []byte(encodeQuery(pairs)), nil
}

func (t *RequestTransform) parameters(scope kriti.Scope) ([]Param, error) {
	if t.query != nil {
		text, err := asText(t.query, scope)
		if err != nil {
			return nil, err
		}
		return ParseQuery(text), nil
	}
	pairs, err := evaluate(t.params, scope)
	// A name or value that came out as null is left out.
	return slices.DeleteFunc(pairs, func(p Param) bool { return p.Name == "null" || p.Value != nil && *p.Value == "null" }), err
}

func (t *RequestTransform) headers(r *Request, scope kriti.Scope) error {
	added, err := evaluate(t.addHeaders, scope)
	if err != nil {
		return err
	}
	isGone := func(h Header) bool {
		return slices.ContainsFunc(t.removeHeaders, func(name string) bool { return strings.EqualFold(name, h.Name) }) ||
			slices.ContainsFunc(added, func(p Param) bool { return strings.EqualFold(p.Name, h.Name) }) ||
			t.contentType != "" && strings.EqualFold(h.Name, "content-type")
	}
	kept := slices.DeleteFunc(slices.Clone(r.Headers), isGone)
	if t.contentType != "" && !slices.ContainsFunc(added, func(p Param) bool { return strings.EqualFold(p.Name, "content-type") }) {
		kept = append(kept, Header{"Content-Type", t.contentType})
	}
	for _, p := range added {
		kept = append(kept, Header{p.Name, *p.Value})
	}
	r.Headers = kept
	return nil
}

// evaluate gives the values of fields; of several errors all are told.
func evaluate(fields []field, scope kriti.Scope) ([]Param, error) {
	var all Errors
	var out []Param
	text := func(t *kriti.Template) string {
		s, err := asText(t, scope)
		var some Errors
		if errors.As(err, &some) {
			all = append(all, some...)
		}
		return s
	}
	for _, f := range fields {
		p := Param{Name: f.plain}
		if f.name != nil {
			p.Name = text(f.name)
		}
		if f.value != nil {
			value := text(f.value)
			p.Value = &value
		}
		out = append(out, p)
	}
	if len(all) > 0 {
		return nil, all
	}
	return out, nil
}

// asText evaluates a template to a text; numbers and booleans will do.
func asText(t *kriti.Template, scope kriti.Scope) (string, error) {
	v, err := t.Evaluate(scope)
	if err != nil {
		return "", Errors{err}
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number, bool:
		return fmt.Sprint(v), nil
	}
	return "", unfit(v, "Template must produce a String, Number, or Boolean value")
}

// ResponseTransform changes the body of responses.
type ResponseTransform struct{ body *bodyTransform }

// Apply gives the transformed body of a response. c.Body is the request's body before its transformation.
func (t *ResponseTransform) Apply(status int, body []byte, c Context) ([]byte, error) {
	if t.body == nil {
		return body, nil
	}
	if t.body.isRemoved {
		return []byte("null"), nil
	}
	answer, err := kriti.Decode(body)
	if err != nil {
		answer = nil // what is not JSON is null, as in Hasura
	}
	scope := c.scope()
	scope.Variables["$body"] = answer
	scope.Variables["$response"] = map[string]any{"status": json.Number(fmt.Sprint(status))}
	scope.Variables["$request"] = map[string]any{
		"body": c.Body, "session_variables": c.session(), "base_url": c.BaseURL, "query_params": c.query(),
	}
	out, err := t.body.apply(scope)
	if err == nil && t.body.isForm {
		return kriti.Encode(string(out), maxBody)
	}
	return out, err
}
