package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gatehouse/httpd"
)

// maxBody is the largest request body of the provider: 56 kB.
const maxBody = 56 * 1024

// Params are the parameters of a request. Only resource may be repeated.
type Params map[string][]string

// Get returns the value of a parameter, "" when it is absent.
func (p Params) Get(name string) string {
	if v := p[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Has tells whether a parameter was sent with a value; an empty one counts as not sent (RFC 6749 §3.1).
func (p Params) Has(name string) bool { return p.Get(name) != "" }

// Fields returns a space-separated parameter as its distinct words, in order.
func (p Params) Fields(name string) []string { return words(p.Get(name)) }

func words(text string) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// Resources are the resource indicators asked for: repeated, or separated by commas as older SDKs do.
func (p Params) Resources() []string {
	var out []string
	for _, value := range p["resource"] {
		for _, one := range strings.Split(value, ",") {
			if one = strings.TrimSpace(one); one != "" && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}

// readParams reads the query of a GET or the body of a POST, form or JSON.
func readParams(w http.ResponseWriter, r *http.Request) (Params, error) {
	if r.Method != http.MethodPost {
		return clean(Params(r.URL.Query()), r.URL.RawQuery)
	}
	body, err := httpd.ReadBody(w, r, maxBody)
	if err != nil {
		return nil, invalidRequest("failed to parse the request body")
	}
	if len(body) == 0 {
		return Params{}, nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, invalidRequest("failed to parse the request body")
		}
		return clean(Params(values), string(body))
	case "application/json":
		values, err := jsonParams(body)
		if err != nil {
			return nil, invalidRequest("failed to parse the request body")
		}
		return clean(values, "")
	}
	return nil, invalidRequest("only application/x-www-form-urlencoded content-type bodies are supported on %s %s", r.Method, strings.TrimPrefix(r.URL.Path, mount))
}

func jsonParams(body []byte) (Params, error) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	out := Params{}
	for name, value := range object {
		switch v := value.(type) {
		case nil:
		case []any:
			for _, one := range v {
				out[name] = append(out[name], fmt.Sprint(one))
			}
		case map[string]any:
			return nil, errors.New("nested value")
		default:
			out[name] = []string{fmt.Sprint(v)}
		}
	}
	return out, nil
}

// clean refuses null bytes, which Postgres cannot store and no parameter needs, and text that is not UTF-8.
func clean(p Params, raw string) (Params, error) {
	if strings.Contains(raw, "%00") || strings.ContainsRune(raw, 0) {
		return nil, invalidRequest("null bytes are not allowed")
	}
	for name, values := range p {
		for _, v := range append(values, name) {
			if strings.ContainsRune(v, 0) {
				return nil, invalidRequest("null bytes are not allowed")
			}
			if strings.ToValidUTF8(v, "") != v {
				return nil, invalidRequest("parameters must be UTF-8")
			}
		}
	}
	return p, nil
}

// checkDuplicates refuses parameters sent twice (RFC 6749 §3.1); resource may be (RFC 8707 §2).
func checkDuplicates(p Params) error {
	var twice []string
	for name, values := range p {
		if len(values) > 1 && name != "resource" && slices.Contains(known, name) {
			twice = append(twice, name)
		}
	}
	if len(twice) == 0 {
		return nil
	}
	slices.Sort(twice)
	return invalidRequest("'%s' parameter must not be provided twice", strings.Join(twice, "', '"))
}

// known are the parameters the provider reads; others are ignored (RFC 6749 §3.1).
var known = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age", "display",
	"ui_locales", "id_token_hint", "login_hint", "acr_values", "code_challenge", "code_challenge_method", "request", "request_uri",
	"resource", "registration", "claims", "claims_locales",
	"interaction_mode", "first_screen", "direct_sign_in", "organization_id", "identifier", "one_time_token", "google_one_tap_credential",
	"grant_type", "code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "client_assertion_type",
	"token", "token_type_hint", "post_logout_redirect_uri", "xsrf", "logout", "access_token",
}
