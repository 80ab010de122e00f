package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// hooks are webhooks that note what they are asked and answer what the test says.
type hooks struct {
	status int
	answer string
	asked  []string
	header http.Header
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.asked = append(h.asked, r.URL.Path+" "+string(body))
	h.header = r.Header
	w.WriteHeader(h.status)
	_, _ = io.WriteString(w, h.answer)
}

// vetted is a line on which the role "vet" may write authors and articles after the webhooks agreed.
func vetted(t *testing.T) (*Line, *hooks) {
	h := &hooks{status: http.StatusOK}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	line := lineWith(t, schema.Options{}, func(m *metadata.Metadata) {
		for _, table := range m.Sources[0].Tables {
			if n := table.Name.Name; n != "author" && n != "article" {
				continue
			}
			role := metadata.Permission{Role: "vet"}
			hook := json.RawMessage(fmt.Sprintf(`{"type": "http", "definition": {"url": "%s/%s", "forward_client_headers": true, "headers": [{"name": "X-Own", "value": "yes"}]}}`,
				server.URL, table.Name.Name))
			all := metadata.Columns{All: true}
			table.SelectPermissions = append(table.SelectPermissions, &metadata.SelectPermission{Permission: role, Columns: all, Filter: json.RawMessage(`{}`)})
			table.InsertPermissions = append(table.InsertPermissions, &metadata.InsertPermission{Permission: role, Columns: all, Check: json.RawMessage(`{}`), ValidateInput: hook})
			table.UpdatePermissions = append(table.UpdatePermissions, &metadata.UpdatePermission{Permission: role, Columns: all, Filter: json.RawMessage(`{}`), ValidateInput: hook})
			table.DeletePermissions = append(table.DeletePermissions, &metadata.DeletePermission{Permission: role, Filter: json.RawMessage(`{}`), ValidateInput: hook})
		}
	})
	return line, h
}

func vet(query, variables string) *goldenCase {
	c := &goldenCase{Query: query, Session: map[string]string{"x-hasura-role": "vet"}}
	if variables != "" {
		c.Variables = json.RawMessage(variables)
	}
	return c
}

// Whatever a webhook does not agree with is not written.
func TestValidation_refusals(t *testing.T) {
	t.Parallel()
	line, h := vetted(t)
	for _, c := range []struct {
		status       int
		answer       string
		code, reason string
	}{
		{400, `{"message": "not this name"}`, fault.ValidationFailed, "not this name"},
		{400, ``, fault.ValidationFailed, "input validation failed"},
		{400, `{}`, fault.ValidationFailed, "input validation failed"},
		{400, `no`, fault.Unexpected, "internal error"},
		{500, `{"message": "x"}`, fault.Unexpected, "internal error"},
		{201, ``, fault.Unexpected, "internal error"},
		{302, ``, fault.Unexpected, "internal error"},
	} {
		h.status, h.answer = c.status, c.answer
		for _, query := range []string{
			`mutation { insert_author_one(object: {name: "Zed"}) { id } }`,
			`mutation { insert_article_one(object: {title: "t", author: {data: {name: "Zed"}}}) { id } }`,
			`mutation { update_author(where: {}, _set: {name: "Zed"}) { affected_rows } }`,
			`mutation { update_author_many(updates: [{where: {}, _set: {name: "Zed"}}]) { affected_rows } }`,
			`mutation { update_author_by_pk(pk_columns: {id: 1}, _set: {name: "Zed"}) { id } }`,
			`mutation { delete_author(where: {name: {_eq: "Ada"}}) { affected_rows } }`,
			`mutation { delete_author_by_pk(id: 1) { id } }`,
		} {
			one := vet(query, "")
			_, err := line.Query(t.Context(), one.session(), one.request())
			known, ok := err.(*fault.Error) //nolint:errorlint // returned as it is
			if !ok || known.Code != c.code || known.Message != c.reason {
				t.Errorf("%d %q: %s: got %v, want %s %s", c.status, c.answer, query, err, c.code, c.reason)
			}
		}
	}
	got := string(ask(t, line, &goldenCase{Query: `{ author(where: {_or: [{name: {_eq: "Zed"}}, {name: {_eq: "Ada"}}]}) { name } }`}))
	if want := `{"data":{"author":[{"name":"Ada"}]}}`; got != want {
		t.Errorf("something was written: %s", got)
	}
}

// The webhook sees who writes and what the client gave; of nested rows, the root's first.
func TestValidation_whatWebhooksAreAsked(t *testing.T) {
	t.Parallel()
	line, h := vetted(t)
	for _, c := range []struct {
		query, variables string
		want             []string
	}{
		{
			`mutation ($rows: [author_insert_input!]!) { insert_author(objects: $rows, on_conflict: {constraint: author_name_key}) { affected_rows } }`,
			`{"rows": [{"name": "One", "tags": ["a"], "articles": {"data": [{"title": "T", "genre": "essay"}]}}, {"name": "Two", "born": null}]}`,
			[]string{
				`/author [{"name":"One","tags":["a"],"articles":{"data":[{"title":"T","genre":"essay"}]}},{"name":"Two","born":null}]`,
				`/article [{"title":"T","genre":"essay"}]`,
			},
		},
		{
			`mutation ($n: String) { update_author(where: {id: {_in: [7, 8]}}, _set: {name: $n}, _inc: {followers: 2}) { affected_rows } }`, `{"n": "New"}`,
			[]string{`/author [{"_inc":{"followers":2},"_set":{"name":"New"},"where":{"id":{"_in":[7,8]}}}]`},
		},
		{
			`mutation { update_author_by_pk(pk_columns: {id: 9}, _set: {name: "x"}) { id } }`, ``,
			[]string{`/author [{"_set":{"name":"x"},"pk_columns":{"id":9}}]`},
		},
		{
			`mutation { update_author_many(updates: [{where: {id: {_eq: 9}}, _set: {name: "x"}}]) { affected_rows } }`, ``,
			[]string{`/author [{"where":{"id":{"_eq":9}},"_set":{"name":"x"}}]`},
		},
		{`mutation { delete_author(where: {id: {_eq: 9}}) { affected_rows } }`, ``, []string{`/author [{"where":{"id":{"_eq":9}}}]`}},
		{`mutation { delete_author_by_pk(id: 9) { id } }`, ``, []string{`/author [{"pk_columns":{"id":9}}]`}},
	} {
		h.asked = nil
		one := vet(c.query, c.variables)
		s := one.session()
		s.ClientHeaders = http.Header{"X-Trace": {"1"}, "X-Hasura-Admin-Secret": {"secret"}, "Content-Length": {"3"}}
		if _, err := line.Query(t.Context(), s, one.request()); err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		var got []string
		for _, a := range h.asked {
			path, body, _ := strings.Cut(a, " ")
			var payload struct {
				Version   int
				Role      string
				Variables map[string]string `json:"session_variables"`
				Data      struct{ Input json.RawMessage }
			}
			if err := json.Unmarshal([]byte(body), &payload); err != nil || payload.Version != 1 || payload.Role != "vet" || payload.Variables["x-hasura-role"] != "vet" {
				t.Errorf("%s: asked %s (%v)", c.query, body, err)
			}
			got = append(got, path+" "+compact(payload.Data.Input))
		}
		if g, w := strings.Join(got, "\n"), strings.Join(c.want, "\n"); g != w {
			t.Errorf("%s: asked\n%s\nwant\n%s", c.query, g, w)
		}
		if h.header.Get("X-Own") != "yes" || h.header.Get("X-Trace") != "1" || h.header.Get("X-Hasura-Admin-Secret") != "" || h.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", c.query, h.header)
		}
	}
}
