package rest_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/rest"
)

// document has one collection with one query of every kind, and the endpoints given as "METHODS template query".
func document(endpoints ...*metadata.RESTEndpoint) *metadata.Metadata {
	return &metadata.Metadata{
		QueryCollections: []*metadata.QueryCollection{{Name: "c", Queries: []*metadata.CollectionQuery{
			{Name: "simple", Query: "query { t { id } }"},
			{Name: "typed", Query: "query ($id: uuid!, $n: Int, $f: float8, $b: Boolean, $s: String, $l: [Int!]) { t { id } }"},
			{Name: "subscription", Query: "subscription { t { id } }"},
			{Name: "two", Query: "query a { t { id } } query b { t { id } }"},
			{Name: "broken", Query: "query {"},
			{Name: "endless", Query: "query { ...a } fragment a on query_root { t { ...b } } fragment b on t { u { ...a } }"},
		}}},
		RESTEndpoints: endpoints,
	}
}

func endpoint(name, url, query string, methods ...string) *metadata.RESTEndpoint {
	return &metadata.RESTEndpoint{Name: name, URL: url, Methods: methods, Collection: "c", Query: query}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endpoints []*metadata.RESTEndpoint
		want      []string
	}{
		"good":                  {[]*metadata.RESTEndpoint{endpoint("a", "a/:id", "simple", "GET"), endpoint("b", "a/:id/b", "simple", "GET")}, nil},
		"trailing slash":        {[]*metadata.RESTEndpoint{endpoint("a", "foo/", "simple", "GET")}, []string{"Empty segments or unnamed variables are not allowed: foo/"}},
		"empty segment":         {[]*metadata.RESTEndpoint{endpoint("a", "foo//bar", "simple", "GET")}, []string{"Empty segments or unnamed variables are not allowed: foo//bar"}},
		"unnamed variable":      {[]*metadata.RESTEndpoint{endpoint("a", "foo/:/bar", "simple", "GET")}, []string{"Empty segments or unnamed variables are not allowed: foo/:/bar"}},
		"duplicate variable":    {[]*metadata.RESTEndpoint{endpoint("a", "foo/:id/bar/:id", "simple", "GET")}, []string{"Duplicate variables found in endpoint path: foo/:id/bar/:id"}},
		"literal twice":         {[]*metadata.RESTEndpoint{endpoint("a", "foo/foo/:foo", "simple", "GET")}, nil},
		"subscription":          {[]*metadata.RESTEndpoint{endpoint("a", "a", "subscription", "GET")}, []string{"Inconsistent object: in endpoint a: query with name subscription is a subscription"}},
		"two operations":        {[]*metadata.RESTEndpoint{endpoint("a", "a", "two", "GET")}, []string{"Inconsistent object: in endpoint a: query with name two should contain exactly one operation"}},
		"not GraphQL":           {[]*metadata.RESTEndpoint{endpoint("a", "a", "broken", "GET")}, []string{"Inconsistent object: in endpoint a: query with name broken is not a valid GraphQL query"}},
		"fragments in a circle": {[]*metadata.RESTEndpoint{endpoint("a", "a", "endless", "GET")}, []string{"Inconsistent object: in endpoint a: query with name endless is not a valid GraphQL query"}},
		"no such query":         {[]*metadata.RESTEndpoint{endpoint("a", "a", "none", "GET")}, []string{"Inconsistent object: in endpoint a: query with name none does not exist in collection c"}},
		"same path":             {[]*metadata.RESTEndpoint{endpoint("b", "a", "simple", "GET"), endpoint("a", "a", "simple", "POST", "GET")}, []string{"Ambiguous URL paths: a, a"}},
		"same path by method":   {[]*metadata.RESTEndpoint{endpoint("b", "a", "simple", "GET"), endpoint("a", "a", "simple", "POST")}, nil},
		"crossing variables":    {[]*metadata.RESTEndpoint{endpoint("a", ":x/b", "simple", "GET"), endpoint("b", "a/:y", "simple", "GET")}, []string{"Ambiguous URL paths: :x/b, a/:y"}},
		"through a third, by name": {[]*metadata.RESTEndpoint{
			endpoint("simple", "simple", "simple", "GET"), endpoint("arg", "with_arg", "simple", "GET"), endpoint("long", "a/b", "simple", "GET"),
			endpoint("conflicting", ":conflicting", "simple", "GET"),
		}, []string{"Ambiguous URL paths: with_arg, :conflicting, simple"}},
		"two groups": {
			[]*metadata.RESTEndpoint{endpoint("a", "a", "simple", "GET"), endpoint("b", "b", "simple", "GET"), endpoint("a2", "a", "simple", "GET"), endpoint("b2", "b", "simple", "GET")},
			[]string{"Ambiguous URL paths: a, a", "Ambiguous URL paths: b, b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range rest.Check(document(c.endpoints...)) {
				got = append(got, p.Reason)
			}
			if g, w := text(t, got), text(t, c.want); g != w {
				t.Errorf("got %s\nwant %s", g, w)
			}
		})
	}
}

func TestProblem_entryIsHasuras(t *testing.T) {
	t.Parallel()
	problems := rest.Check(document(endpoint("dup", "foo/:id/bar/:id", "simple", "GET"), endpoint("a", "a", "simple", "GET"), endpoint("v", ":v", "simple", "GET")))
	want := []string{
		`{"definition":{"definition":{"query":{"collection_name":"c","query_name":"simple"}},"url":"foo/:id/bar/:id","methods":["GET"],"name":"dup","comment":null},"reason":"Duplicate variables found in endpoint path: foo/:id/bar/:id","name":"rest_endpoint dup","type":"rest_endpoint"}`,
		`{"reason":"Ambiguous URL paths: a, :v","conflicts":[{"definition":{"query":"query { t { id } }"},"url":"a","methods":["GET"],"name":"a","comment":null},{"definition":{"query":"query { t { id } }"},"url":":v","methods":["GET"],"name":"v","comment":null}]}`,
	}
	for i, p := range problems {
		if got := text(t, p.Entry()); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	e := rest.Compile(document(endpoint("simple", "simple", "simple", "GET"), endpoint("simple2", "simple", "simple", "PATCH"),
		endpoint("by_id", "user/:id", "typed", "GET", "POST"), endpoint("bad", "bad/", "simple", "GET")))
	for _, c := range []struct {
		method, path string
		endpoint     string
		values       string
		refusal      string
	}{
		{"GET", "none", "", "", "404 not-found Endpoint not found"},
		{"GET", "", "", "", "404 not-found Endpoint not found"},
		{"GET", "simple/", "", "", "404 not-found Endpoint not found"},
		{"GET", "bad/", "", "", "404 not-found Endpoint not found"},
		{"GET", "user/%zz", "", "", "404 not-found Endpoint not found"},
		{"DELETE", "simple", "", "", "405 method-not-allowed Allowed methods: GET, PATCH"},
		{"GET", "simple", "simple", "{}", ""},
		{"PATCH", "simple", "simple2", "{}", ""},
		{"POST", "user/a%20b%2Fc", "by_id", `{"id":"a b/c"}`, ""},
	} {
		found, values, err := e.Match(c.method, c.path)
		if c.refusal != "" {
			if got := refusal(err); got != c.refusal {
				t.Errorf("%s %s: got %s, want %s", c.method, c.path, got, c.refusal)
			}
			continue
		}
		if err != nil || found.Name != c.endpoint || text(t, values) != c.values {
			t.Errorf("%s %s: got %v %v %v", c.method, c.path, found, values, err)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	e, path, err := rest.Compile(document(endpoint("e", "e/:id", "typed", "GET"))).Match("GET", "e/7")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query, body   string
		want, refusal string
	}{
		"unexpected":                {"x=1", "", "", "400 bad-request Unexpected variable x"},
		"unexpected in body":        {"", `{"y":1}`, "", "400 bad-request Unexpected variable y"},
		"a list in the URL":         {"l=[1]", "", "", `400 bad-request List variables are not currently supported in URL or Query parameters. (Variable l, with value "[1]")`},
		"a list in the body":        {"", `{"l":[1]}`, `{"id":"7","l":[1]}`, ""},
		"numbers":                   {"n=12&f=1.5e3", "", `{"f":1.5e3,"id":"7","n":12}`, ""},
		"no numbers":                {"n=x&f=%2B1&b=yes", "", `{"b":"yes","f":"+1","id":"7","n":"x"}`, ""},
		"true and false":            {"b=false", "", `{"b":false,"id":"7"}`, ""},
		"a standalone key":          {"b", "", `{"b":true,"id":"7"}`, ""},
		"nothing for a nullable":    {"s=&n=", "", `{"id":"7"}`, ""},
		"text that looks like JSON": {"s=12", "", `{"id":"7","s":"12"}`, ""},
		"quotes":                    {`s="a"`, "", `{"id":"7","s":"\"a\""}`, ""},
		"the path wins":             {"id=8", `{"id":9}`, `{"id":"7"}`, ""},
		"the body beats the query":  {"n=1", `{"n":2}`, `{"id":"7","n":2}`, ""},
		"null in the body":          {"", `{"n":null}`, `{"id":"7","n":null}`, ""},
		"no name of a variable":     {"1-x=1", "", `{"id":"7"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			query, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			var body map[string]json.RawMessage
			if c.body != "" {
				if err := json.Unmarshal([]byte(c.body), &body); err != nil {
					t.Fatal(err)
				}
			}
			got, err := e.Values(path, query, body)
			if c.refusal != "" {
				if r := refusal(err); r != c.refusal {
					t.Errorf("got %s, want %s", r, c.refusal)
				}
				return
			}
			if err != nil || text(t, got) != c.want {
				t.Errorf("got %s, %v\nwant %s", text(t, got), err, c.want)
			}
		})
	}
}

func refusal(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "no refusal"
	}
	return text(nil, f.Status) + " " + f.Code + " " + f.Message
}

func text(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
