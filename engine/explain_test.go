package engine_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	ask := func(body string, headers ...string) (int, string) {
		return post(s.engine, "/v1/graphql/explain", body, headers...)
	}
	if code, body := ask(`{"query":{"query":"{author{id}}"}}`, "X-Hasura-Role", "user"); code != 400 || body != `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}` {
		t.Errorf("as a user: got %d %s", code, body)
	}
	code, body := ask(`{"query":{"query":"query($n: Int) {__typename a: article(limit: $n){id}}","variables":{"n":3}},"user":{"X-Hasura-Role":"user","X-Hasura-Email":"a@b"}}`)
	if code != 200 || !strings.HasPrefix(body, `[{"field":"__typename","sql":null,"plan":null},{"field":"a","sql":"select `) ||
		!strings.Contains(body, `"plan":["`) || !strings.Contains(body, "Seq Scan") || !strings.Contains(body, "email") {
		t.Errorf("a query: got %d %s", code, body)
	}
	if code, body := ask(`{"query":{"query":"{author{id}}"},"user":{"x-hasura-role":"user"}}`); code != 400 || !strings.Contains(body, "field 'author' not found in type: 'query_root'") {
		t.Errorf("a field the role may not see: got %d %s", code, body)
	}
	if code, body := ask(`{"query":{"query":"subscription {article{id}}"}}`); code != 200 || !strings.HasPrefix(body, `{"sql":"`) || !strings.HasSuffix(body, `"variables":{"session":{},"query":{},"synthetic":[],"cursor":{}}}`) {
		t.Errorf("a subscription: got %d %s", code, body)
	}
	if code, body := ask(`{"query":{"query":"mutation {delete_article(where:{}){affected_rows}}"}}`); code != 400 || body != `{"path":"$","error":"only queries can be explained","code":"invalid-params"}` {
		t.Errorf("a mutation: got %d %s", code, body)
	}
	for body, want := range map[string]string{
		``:                      `{"path":"$","error":"Error in $: not enough input","code":"invalid-json"}`,
		`[]`:                    `{"path":"$","error":"parsing Object failed, expected Object, but encountered Array","code":"parse-failed"}`,
		`{}`:                    `{"path":"$","error":"key \"query\" not found","code":"parse-failed"}`,
		`{"query":"{a}"}`:       `{"path":"$.query","error":"parsing Object failed, expected Object, but encountered String","code":"parse-failed"}`,
		`{"query":{"query":1}}`: `{"path":"$.query.query","error":"parsing Text failed, expected String, but encountered Number","code":"parse-failed"}`,
		`{"query":{"query":"{a}","variables":[]}}`:             `{"path":"$.query.variables","error":"parsing HashMap failed, expected Object, but encountered Array","code":"parse-failed"}`,
		`{"query":{"query":"{a}"},"user":{"x-hasura-role":1}}`: `{"path":"$.user.x-hasura-role","error":"parsing Text failed, expected String, but encountered Number","code":"parse-failed"}`,
	} {
		if code, got := ask(body); code != 400 || got != want {
			t.Errorf("%s\ngot  %d %s\nwant %s", body, code, got, want)
		}
	}
	if code, body := ask(`{"query":{}}`); code != 400 || body != `{"path":"$.query","error":"key \"query\" not found","code":"parse-failed"}` {
		t.Errorf("no query: got %d %s", code, body)
	}
}

// Of the session only what the statement needs is shown, as Hasura does; all values are texts.
func TestExplain_subscriptionVariables(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	for _, c := range []struct{ query, variables, want string }{
		{`subscription($n: Int, $s: String){article(where: {id: {_eq: $n, _lt: 7}, title: {_eq: $s}}){id}}`, `{"n":1,"s":"t"}`, `{"session":{"x-hasura-email":"a@b"},"query":{"n":"1","s":"t"},"synthetic":["7"],"cursor":{}}`},
		{`subscription {article_stream(batch_size: 1, cursor: {initial_value: {id: 3}}){id}}`, `{}`, `{"session":{"x-hasura-email":"a@b"},"query":{},"synthetic":["1"],"cursor":{"id":"3"}}`},
	} {
		body := `{"query":{"query":` + strconv.Quote(c.query) + `,"variables":` + c.variables + `},"user":{"x-hasura-role":"user","X-Hasura-Email":"a@b","x-hasura-other":"o"}}`
		if code, got := post(s.engine, "/v1/graphql/explain", body); code != 200 || !strings.HasSuffix(got, `"variables":`+c.want+`}`) {
			t.Errorf("%s\ngot  %d %s\nwant %s", c.query, code, got, c.want)
		}
	}
}

func TestExplain_relay(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	code, body := post(s.engine, "/v1/graphql/explain", `{"query":{"query":"{article_connection(first: 1){edges{node{title}}}}"},"is_relay":true,"user":null}`)
	if code != 200 || !strings.HasPrefix(body, `[{"field":"article_connection","sql":"with `) {
		t.Errorf("got %d %s", code, body)
	}
}

func TestPgDump(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	if code, body := post(s.engine, "/v1alpha1/pg_dump", `{"opts":["--file=/tmp/x"]}`); code != 400 || body != `{"path":"$.opts[0]","error":"option \"--file=/tmp/x\" of pg_dump is not allowed here","code":"bad-request"}` {
		t.Errorf("an option that writes a file: got %d %s", code, body)
	}
	for _, opts := range []string{`["-d","host=evil"]`, `["postgres://evil"]`, `["--schema"]`, `["--dbname=x"]`} {
		if code, body := post(s.engine, "/v1alpha1/pg_dump", `{"opts":`+opts+`}`); code != 400 || !strings.Contains(body, "not allowed") {
			t.Errorf("%s: got %d %s", opts, code, body)
		}
	}
	if code, _ := post(s.engine, "/v1alpha1/pg_dump", `{"opts":[]}`, "X-Hasura-Role", "user"); code != 400 {
		t.Errorf("as a user: got %d", code)
	}
	if code, body := post(s.engine, "/v1alpha1/pg_dump", `{"opts":[],"source":"other"}`); code != 400 || body != `{"path":"$","error":"source \"other\" not found","code":"not-found"}` {
		t.Errorf("another source: got %d %s", code, body)
	}
}

// What the Hasura CLI writes into a migration: statements that run in order, function bodies as they are.
func TestPgDump_cleanOutput(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql("create function early() returns int language plpgsql as $$\nbegin\n\n-- a comment\nSET row_security = off;\nreturn (select count(*) from late);\nend $$")
	s.sql("create table late(id int)")
	code, body := post(s.engine, "/v1alpha1/pg_dump", `{"opts":["-O","-x","--schema-only","--schema","public"],"clean_output":true}`)
	want := `SET check_function_bodies = false;
CREATE FUNCTION public.early() RETURNS integer
    LANGUAGE plpgsql
    AS $$
begin

-- a comment
SET row_security = off;
return (select count(*) from late);
end $$;
CREATE TABLE public.late (
    id integer
);
`
	if code != 200 || body != want {
		t.Errorf("got %d %s\nwant %s", code, body, want)
	}
}
