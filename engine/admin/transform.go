package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/kriti"
	"gatehouse/engine/webhook"
)

// transformed are the commands whose arguments may hold transforms, with the key of the object that holds them; "" where
// it is the arguments themselves.
var transformed = map[string]string{
	"create_action": "definition", "update_action": "definition",
	"create_event_trigger": "", "create_cron_trigger": "",
}

// checkTransforms refuses transforms that cannot be used.
func checkTransforms(r *request) error {
	key, may := transformed[r.kind]
	if !may {
		return nil
	}
	doc, path := r.args, r.parsePath
	if key != "" {
		var o map[string]json.RawMessage
		if json.Unmarshal(doc, &o) != nil {
			return nil // not an object: refused by the command itself
		}
		doc, path = o[key], fault.Key(path, key)
	}
	_, err := webhook.Parse(doc, path)
	return placed(r, err)
}

// placed gives an error the command's path, unless it is about a place in the arguments.
func placed(r *request, err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Code == fault.ParseFailed {
		return err
	}
	return under(r.runPath, err)
}

type transformArgs struct {
	URL      json.RawMessage   `json:"webhook_url"`
	Body     json.RawMessage   `json:"body"`
	Env      map[string]string `json:"env"`
	Session  map[string]string `json:"session_variables"`
	Headers  [][2]string       `json:"request_headers"`
	Request  json.RawMessage   `json:"request_transform"`
	Response json.RawMessage   `json:"response_transform"`
}

// parseTransformArgs, as all of a command that reads, gives its errors paths from the arguments on.
func parseTransformArgs(r *request) (*transformArgs, error) {
	var a transformArgs
	if err := json.Unmarshal(r.args, &a); err != nil {
		path := fault.Root
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			path = fault.Key(path, wrong.Field)
		}
		return nil, fault.New(fault.ParseFailed, path, "parsing TestWebhookTransform failed: %s", err)
	}
	for _, must := range []struct {
		key   string
		value json.RawMessage
	}{{"webhook_url", a.URL}, {"body", a.Body}, {"request_transform", a.Request}} {
		if must.value == nil {
			return nil, fault.New(fault.ParseFailed, fault.Root, "key %q not found", must.key)
		}
	}
	return &a, nil
}

// address is the URL a webhook_url names: a text with {{NAME}}s in it, or {from_env}.
func (a *transformArgs) address(path string) (string, error) {
	lookup := func(name string) (string, bool) { v, ok := a.Env[name]; return v, ok }
	var text string
	if json.Unmarshal(a.URL, &text) != nil {
		var from struct {
			Env string `json:"from_env"`
		}
		if json.Unmarshal(a.URL, &from) != nil || from.Env == "" {
			return "", fault.New(fault.ParseFailed, fault.Key(path, "webhook_url"), "expected a URL or an object with from_env")
		}
		text = "{{" + from.Env + "}}"
	}
	text, err := webhook.Expand(text, lookup)
	var missing *webhook.MissingVariable
	if errors.As(err, &missing) {
		return "", fault.New(fault.NotFound, "", "Missing Env Var: %s", missing.Name).WithStatus(400)
	}
	return text, err
}

// testWebhookTransform shows the request that a transform makes. Nothing is sent.
func (e *execution) testWebhookTransform(_ context.Context, _ View, r *request) ([]byte, error) {
	a, err := parseTransformArgs(r)
	if err != nil {
		return nil, err
	}
	transforms, err := webhook.Parse(r.args, fault.Root)
	if err != nil {
		return nil, err
	}
	target, err := a.address(fault.Root)
	if err != nil {
		return nil, err
	}
	body, err := kriti.Decode(a.Body)
	if err != nil {
		return nil, fault.New(fault.ParseFailed, fault.Key(fault.Root, "body"), "%s", err)
	}
	req := webhook.Request{Method: "GET", Body: a.Body}
	if req.URL, req.Query, err = split(target); err != nil {
		return nil, webhook.Refusal("request", err)
	}
	for _, h := range a.Headers {
		req.Headers = append(req.Headers, webhook.Header{Name: h[0], Value: h[1]})
	}
	if transforms.Request == nil { // given as null
		transforms.Request = &webhook.RequestTransform{}
	}
	out, err := transforms.Request.Apply(req, webhook.Context{BaseURL: target, Body: body, SessionVariables: a.Session, Query: req.Query})
	if err != nil {
		return nil, webhook.Refusal("request", err)
	}
	return describeRequest(&out)
}

// split takes the query off a URL and puts the path of a URL without one.
func split(target string) (string, []webhook.Param, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", nil, webhook.Errors{map[string]string{
			"error_code": "Request Initialization Error", "message": "InvalidUrlException \"" + target + "\" \"Invalid URL\"",
		}}
	}
	base, query, _ := strings.Cut(target, "?")
	if u.Path == "" {
		base += "/"
	}
	return base, webhook.ParseQuery(query), nil
}

func describeRequest(r *webhook.Request) ([]byte, error) {
	headers := make([][2]string, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = [2]string{strings.ToLower(h.Name), h.Value}
	}
	var body any = string(r.Body)
	if json.Valid(r.Body) {
		body = json.RawMessage(r.Body)
	}
	return marshal(struct {
		URL     string      `json:"webhook_url"`
		Method  string      `json:"method"`
		Headers [][2]string `json:"headers"`
		Body    any         `json:"body"`
	}{r.Address(), r.Method, headers, body})
}
