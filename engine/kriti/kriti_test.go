package kriti_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatehouse/engine/kriti"
)

const body = `{"name":"Ada","age":36,"tags":["a","b"],"items":[{"id":1,"ok":true},{"id":2,"ok":false}],"my key":"v","zero":0,"nil":null,"html":"<&>"}`

func evaluate(t *testing.T, template string) (string, error) {
	t.Helper()
	parsed, err := kriti.Parse(template)
	if err != nil {
		return "", err
	}
	v, err := kriti.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := parsed.Evaluate(kriti.Scope{
		Variables: map[string]any{"$body": v, "$": v},
		Functions: map[string]kriti.Function{"fail": func(any) (any, error) { return nil, errors.New("it failed") }},
	})
	if err != nil {
		return "", err
	}
	text, err := kriti.Encode(out, 1<<20)
	return string(text), err
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, want string }{
		{`{"b":{"c":[1,-2.50,1e3,true,null,"x"]},"a":{}}`, `{"a":{},"b":{"c":[1,-2.50,1e3,true,null,"x"]}}`},
		{`"tab\t \"quoted\" é { \d"`, `"tab\t \"quoted\" é { \\d"`},
		{`{{ $body.name }}`, `"Ada"`},
		{`{{ $.name }}`, `"Ada"`},
		{`$body.name`, `"Ada"`},
		{`{{ $body['my key'] }} # a comment`, `"v"`},
		{`{{ $body["name"] }}`, `"Ada"`},
		{`{{ $body.items[1].id }}`, `2`},
		{`"{{ $body.name }} is {{$body.age}}, {{ true }}{{ 'x' in ["x"] }}"`, `-`},
		{`"{{ $body.name }} is {{$body.age}}, {{ true }}"`, `"Ada is 36, true"`},
		{`{{ $body.html }}`, `"<&>"`},
		{`{{ $body?.missing.deep[0].down }}`, `null`},
		{`{{ $body.tags?[7] }}`, `null`},
		{`{{ $body?['missing'] ?? "d" }}`, `"d"`},
		{`{{ $body.nil?.x ?? $body.nil ?? 1 }}`, `1`},
		{`{{ $body.zero ?? 1 }}`, `0`},
		{`{{ if $body.age > 30 && not($body.zero == 1) }} "old" {{ else }} "young" {{ end }}`, `"old"`},
		{`{{ if $body.age < 30 }} 1 {{ elif $body.age < 40 }} 2 {{ else }} 3 {{ end }}`, `2`},
		{`{{ range i, x := $body.items }} {"n": {{ i }}, "id": {{ x.id }}} {{ end }}`, `[{"id":1,"n":0},{"id":2,"n":1}]`},
		{`{{ range _, x := $body.items }} {{ if x.ok }} {{ x.id }} {{ else }} null {{ end }} {{ end }}`, `[1,null]`},
		{`{{ range i, x := [[1],[2]] }} {{ range j, y := x }} [{{i}},{{j}},{{y}}] {{ end }} {{ end }}`, `[[[0,0,1]],[[1,0,2]]]`},
		{`{{ "a" in $body.tags }}`, `true`},
		{`{{ "name" in $body }}`, `true`},
		{`{{ (1 < 2) == true || false }}`, `true`},
		{`{{ 1.0 == 1 && 10e-1 == 1 && -1 < 0 && 1e400 > 1e399 && 0.5 <= 0.50 }}`, `true`},
		{`{{ [1,2] < [1,3] && {"a":1} == {"a":1.0} && "a" != "b" }}`, `true`},
		{`{{ not true }}`, `false`},
		{`{{ escapeUri $body['my key'] }}`, `"v"`},
		{`{{ size({"a":{"b":1}}) }}`, `1`},
	} {
		got, err := evaluate(t, c.template)
		if c.want == "-" {
			if err == nil {
				t.Errorf("%s: got %s, want an error", c.template, got)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s:\ngot  %s %v\nwant %s", c.template, got, err, c.want)
		}
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ call, want string }{
		{`empty({})`, `true`},
		{`empty(" ")`, `true`},
		{`empty([0])`, `false`},
		{`empty(0.0)`, `true`},
		{`empty(null)`, `true`},
		{`empty(true)`, `Cannot define emptiness for a boolean`},
		{`size("äö")`, `2`},
		{`size([1])`, `1`},
		{`size(2.5)`, `2.5`},
		{`size(true)`, `1`},
		{`size(null)`, `0`},
		{`length("abc")`, `3`},
		{`inverse("abc")`, `"cba"`},
		{`inverse([1,2])`, `[2,1]`},
		{`inverse(4)`, `0.25`},
		{`inverse(true)`, `false`},
		{`inverse({"a":1})`, `{"a":1}`},
		{`inverse(0)`, `0 has no reciprocal`},
		{`head([1,2])`, `1`},
		{`head("äb")`, `"ä"`},
		{`head([])`, `Empty array`},
		{`head("")`, `Empty string`},
		{`head(1)`, `Expected an array or string`},
		{`tail([1,2])`, `[2]`},
		{`tail("äb")`, `"b"`},
		{`tail([])`, `[]`},
		{`tail("")`, `""`},
		{`tail(true)`, `Expected an array or string`},
		{`toCaseFold("AbCd")`, `"abcd"`},
		{`toLower("AbCd")`, `"abcd"`},
		{`toUpper("AbCd")`, `"ABCD"`},
		{`toTitle("abCd eF")`, `"Abcd Ef"`},
		{`toUpper(1)`, `parsing String failed, expected String, but encountered Number`},
		{`escapeUri("a b/ä~")`, `"a%20b%2F%C3%A4~"`},
		{`fromPairs([["a",1],["b",2]])`, `{"a":1,"b":2}`},
		{`fromPairs([["a"]])`, `Expected an array of shape [ [k1,v1], [k2,v2] ... ] - With String keys.`},
		{`fromPairs([1])`, `parsing Array of Pair failed, expected Array, but encountered Number`},
		{`toPairs({"b":2,"a":1})`, `[["a",1],["b",2]]`},
		{`removeNulls([1,null,2])`, `[1,2]`},
		{`removeNulls({})`, `parsing Array failed, expected Array, but encountered Object`},
		{`concat([[1,2],[3]])`, `[1,2,3]`},
		{`concat(["a","b"])`, `"ab"`},
		{`concat([{"a":1,"b":2},{"b":3}])`, `{"a":1,"b":3}`},
		{`concat([])`, `[]`},
		{`concat([[1],"a"])`, `parsing Nested Object failed, expected Object, but encountered Array`},
		{`not(1)`, `parsing Bool failed, expected Bool, but encountered Number`},
		{`fail(1)`, `it failed`},
	} {
		got, err := evaluate(t, "{{ "+c.call+" }}")
		var known *kriti.Error
		if errors.As(err, &known) {
			if known.Code != kriti.FunctionError {
				t.Errorf("%s: %v", c.call, err)
			}
			got = known.Message
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.call, got, c.want)
		}
	}
}

// The first four are Hasura's own cases (test_webhook_transform_*); fooFunction's end is where the call ends.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, want string }{
		{`{{ $body.world }}`, `Attribute Error 0:4-0:15 'Object' has no attribute 'world'.`},
		{`$body.hello }}`, `Parse Error 0:14-0:15 Unexpected token '}'.`},
		{`{{ fail("this_variable_doesnt_exist") }}`, `Function Error 0:9-0:37 it failed`},
		{`{{ fooFunction("some value") }}`, `Name Error 0:4-0:29 Variable 'fooFunction' not in scope`},
		{"{\n  \"a\": {{ nope }}\n}", `Name Error 1:11-1:15 Variable 'nope' not in scope`},
		{``, `Parse Error 0:1-0:1 ParseError: Empty token stream.`},
		{`{{ $body`, `Parse Error 0:4-0:9 ParseError: Empty token stream.`},
		{`"open`, `Parse Error 0:2-0:6 ParseError: Empty token stream.`},
		{`{"a" 1}`, `Parse Error 0:7-0:8 Unexpected token '1'.`},
		{`{"a{{ 1 }}": 1}`, `Parse Error 0:15-0:16 Unexpected token '{{'.`},
		{`[1,]`, `Parse Error 0:4-0:5 Unexpected token ']'.`},
		{`{{ 1 == 2 == 3 }}`, `Parse Error 0:16-0:18 Unexpected token '=='.`},
		{`{{ if true }} 1 {{ end }}`, `Parse Error 0:24-0:26 Unexpected token 'end'.`},
		{`{{ range x := [] }} 1 {{ end }}`, `Parse Error 0:30-0:32 Unexpected token ':='.`},
		{`{{ @ }}`, `Lex Error 0:4-0:8 Invalid Lexeme: '@ }}'`},
		{`{{ if 1 }} 1 {{ else }} 2 {{ end }}`, `Type Error 0:1-0:36 '1' is not a boolean.`},
		{`{{ true && "x" }}`, `Type Error 0:4-0:15 '"x"' is not a boolean.`},
		{`"{{ $body.tags }}"`, `Type Error 0:1-0:19 Cannot interpolate type: 'Array'.`},
		{`{{ $body.tags[5] }}`, `Out of Range Error 0:4-0:17 Can only range over an array`},
		{`{{ $body.tags[0.5] }}`, `Type Error 0:4-0:19 Unexpected Float '0.5', expected an integer.`},
		{`{{ $body.tags.x }}`, `Type Error 0:4-0:16 Unexpected type 'String', expected an integer.`},
		{`{{ $body[1] }}`, `Type Error 0:4-0:12 Unexpected type 'Number', expected a string.`},
		{`{{ $body.nil.x }}`, `Type Error 0:4-0:15 Unexpected type 'Null' expected an Object or an Array.`},
		{`{{ range _, x := $body.name }} 1 {{ end }}`, `Out of Range Error 0:1-0:43 Can only range over an array`},
		{`{{ 1 in "a" }}`, `Type Error 0:4-0:12 "a" is not an Object or Array.`},
		{"\"\xff\"", `Lex Error 0:1-0:1 the template is not UTF-8`},
	} {
		got, err := evaluate(t, c.template)
		var known *kriti.Error
		if !errors.As(err, &known) {
			t.Errorf("%s: got %s %v, want %s", c.template, got, err, c.want)
			continue
		}
		p := known.Position
		got = fmt.Sprintf("%s %d:%d-%d:%d %s", known.Code, p.StartLine, p.StartColumn, p.EndLine, p.EndColumn, known.Message)
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.template, got, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	loops := func(n int, inner string) string {
		list := "[" + strings.Repeat("1,", 99) + "1]"
		return strings.Repeat("{{ range _, x := "+list+" }} ", n) + inner + strings.Repeat(" {{ end }}", n)
	}
	for name, template := range map[string]string{
		"deep brackets": strings.Repeat("[", 100_000),
		"deep braces":   strings.Repeat("{{", 100_000),
		"deep nots":     "{{ " + strings.Repeat("not ", 100_000) + "true }}",
		"many loops":    loops(6, "1"),
		"long texts":    loops(3, `"`+strings.Repeat("x", 10_000)+`{{ x }}"`),
	} {
		if _, err := evaluate(t, template); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := evaluate(t, loops(2, "{{ $body }}")); !errors.Is(err, kriti.ErrTooLarge) {
		t.Errorf("a small template with a wide result: got %v, want ErrTooLarge", err)
	}
}

func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{
		`{{ $body.items[0]?['x'].y ?? concat(["a"]) }}`, `{"a": "{{ $body.name }}\u00e4"}`, `{{ if true }} 1 {{ elif 1 in [] }} 2 {{ else }} {} {{ end }}`,
		`{{ range i, x := $body.items }} [{{ i }}, {{ x.id }}] {{ end }}`, `{{ not (1 >= 2) }} # c`, `"\ud83d\ude00 {"`, `{{ {"a":{"b":1}} }}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		got, err := evaluate(t, template)
		var known *kriti.Error
		if err != nil && !errors.As(err, &known) && !errors.Is(err, kriti.ErrTooLarge) {
			t.Errorf("%q: %v", template, err)
		}
		if err == nil {
			if _, err := kriti.Decode([]byte(got)); err != nil {
				t.Errorf("%q gives %q, which is not JSON: %v", template, got, err)
			}
		}
	})
}
