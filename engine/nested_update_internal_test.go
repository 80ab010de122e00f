package engine

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

func tableOf(m *metadata.Metadata, name string) *metadata.Table {
	return m.Sources[0].Table(metadata.TableName{Schema: "public", Name: name})
}

// asMember asks as role member of tenant 1 and gives the answer, or the error's text.
func asMember(t *testing.T, line *Line, backend bool, query string) string {
	t.Helper()
	return compact(ask(t, line, &goldenCase{Backend: backend, Query: query, Session: map[string]string{"x-hasura-role": "member", "x-hasura-tenant": "1"}}))
}

// A permission for backends is none for others, in whatever a write to related rows needs it for.
func TestNestedUpdate_backendOnly(t *testing.T) {
	t.Parallel()
	line := beyond(t, schema.Options{}, func(m *metadata.Metadata) {
		article := tableOf(m, "article")
		article.UpdatePermissions[0].BackendOnly = true
		article.DeletePermissions[0].BackendOnly = true
		article.InsertPermissions[0].BackendOnly = true
	})
	const start = `mutation { update_author(where: {id: {_eq: 1}}, _set: {name: "A"}, _nested: {articles: `
	for what, refused := range map[string]string{
		`{link: [{id: 3}]}`:                      `role \"member\" cannot link or unlink over relationship \"articles\", as it may not write its columns in \"article\"`,
		`{unlink: {where: {}}}`:                  `role \"member\" cannot link or unlink over relationship \"articles\", as it may not write its columns in \"article\"`,
		`{update: [{where: {}, _set: {}}]}`:      `field 'update' not found in type: 'article_arr_rel_update_input'`,
		`{delete: {where: {id: {_eq: 99}}}}`:     `field 'delete' not found in type: 'article_arr_rel_update_input'`,
		`{insert: {data: [{title: "refused"}]}}`: `field 'data' not found in type: 'article_arr_rel_insert_input'`,
	} {
		query := start + what + `}) { affected_rows } }`
		got := asMember(t, line, false, query)
		if !strings.Contains(got, refused) && !strings.Contains(got, `field 'articles' not found in type: 'author_nested_update_input'`) &&
			!strings.Contains(got, `has no argument named '_nested'`) {
			t.Errorf("%s\n got %s\nwant %s", what, got, refused)
		}
		if what == `{update: [{where: {}, _set: {}}]}` {
			continue // there is nothing to set
		}
		if got := asMember(t, line, true, query); !strings.HasPrefix(got, `{"data":{"update_author":{"affected_rows":`) {
			t.Errorf("a backend: %s\n got %s", what, got)
		}
	}
	for _, own := range []string{
		`mutation { update_article(where: {id: {_eq: 3}}, _nested: {author: {link: {id: 1}}}) { affected_rows } }`,
		`mutation { insert_author_one(object: {name: "Zed", articles: {link: [{id: 3}]}}) { name } }`,
	} {
		if got := asMember(t, line, false, own); !strings.HasPrefix(got, `{"code":`) {
			t.Errorf("%s\n got %s", own, got)
		}
		if got := asMember(t, line, true, own); !strings.HasPrefix(got, `{"data":`) {
			t.Errorf("a backend: %s\n got %s", own, got)
		}
	}
}

// The webhooks of all permissions that a nested write uses are asked, and one that disagrees stops all of it; where there is
// no input to ask about, the write is refused.
func TestNestedUpdate_inputValidation(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct {
			Data struct{ Input json.RawMessage }
		}
		_ = json.Unmarshal(body, &in)
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path+" "+string(in.Data.Input))
		if strings.Contains(string(in.Data.Input), "forbidden") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message": "this is forbidden"}`)
		}
	}))
	defer server.Close()
	at := func(path string) json.RawMessage {
		return json.RawMessage(`{"type": "http", "definition": {"url": "` + server.URL + path + `"}}`)
	}
	line := beyond(t, schema.Options{}, func(m *metadata.Metadata) {
		tableOf(m, "author").UpdatePermissions[0].ValidateInput = at("/author/update")
		article := tableOf(m, "article")
		article.UpdatePermissions[0].ValidateInput = at("/article/update")
		article.InsertPermissions[0].ValidateInput = at("/article/insert")
		article.DeletePermissions[0].ValidateInput = at("/article/delete")
		tableOf(m, "author").DeletePermissions[0].ValidateInput = at("/author/delete")
	})
	const author = `mutation { update_author(where: {id: {_eq: 1}}, _nested: {articles: `
	for _, c := range []struct{ query, want, asked string }{
		{author + `{link: [{id: 3}]}}) { affected_rows } }`, `rows of \"article\" cannot be linked over a relationship, as the permission validates its input`, ``},
		{author + `{unlink: {where: {}}}}) { affected_rows } }`, `rows of \"article\" cannot be unlinked over a relationship, as the permission validates its input`, ``},
		{
			`mutation { update_article(where: {id: {_eq: 1}}, _nested: {author: {delete: true}}) { affected_rows } }`,
			`rows of \"author\" cannot be deleted over a relationship, as the permission validates its input`, ``,
		},
		{
			author + `{update: [{where: {id: {_eq: 1}}, _set: {title: "forbidden"}}]}}) { affected_rows } }`, `this is forbidden`,
			`/article/update [{"where":{"id":{"_eq":1}},"_set":{"title":"forbidden"}}]`,
		},
		{
			author + `{insert: {data: [{title: "x"}]}, delete: {where: {title: {_eq: "forbidden"}}}}}) { affected_rows } }`, `this is forbidden`,
			`/article/insert [{"title":"x"}] /article/delete [{"where":{"title":{"_eq":"forbidden"}}}]`,
		},
		{
			author + `{insert: {data: [{title: "x"}]}, delete: {where: {title: {_eq: "y"}}}}}) { affected_rows } }`, `{"data":{"update_author":{"affected_rows":1}}}`,
			`/article/insert [{"title":"x"}] /article/delete [{"where":{"title":{"_eq":"y"}}}] ` +
				`/author/update [{"_nested":{"articles":{"insert":{"data":[{"title":"x"}]},"delete":{"where":{"title":{"_eq":"y"}}}}},"where":{"id":{"_eq":1}}}]`,
		},
		{
			`mutation { update_article(where: {id: {_eq: 3}}, _nested: {author: {link: {id: 1}, update: {_set: {name: "Bo"}}}}) { affected_rows } }`,
			`{"data":{"update_article":{"affected_rows":2}}}`,
			`/author/update [{"_set":{"name":"Bo"}}] /article/update [{"_nested":{"author":{"link":{"id":1},"update":{"_set":{"name":"Bo"}}}},"where":{"id":{"_eq":3}}}]`,
		},
	} {
		asked = nil
		if got := asMember(t, line, false, c.query); !strings.Contains(got, c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.query, got, c.want)
		}
		if got := strings.Join(asked, " "); got != c.asked {
			t.Errorf("%s\nasked %s\nwant  %s", c.query, got, c.asked)
		}
	}
	if got := asMember(t, line, false, `{ article(order_by: {id: asc}) { title } }`); strings.Contains(got, "forbidden") || strings.Count(got, `"x"`) != 1 {
		t.Errorf("left: %s", got)
	}
}

// A table that is made anew under the same name is written to as the first was, on connections that know the statements.
func TestNestedUpdate_aTableMadeAnew(t *testing.T) {
	t.Parallel()
	line := beyond(t, schema.Options{}, unchanged)
	pool, err := line.exec.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for range 4 {
			got := asMember(t, line, false, `mutation { update_author(where: {id: {_eq: 1}}, _nested: {articles: {update: [{where: {}, _inc: {views: 1}}]}}) { affected_rows } }`)
			if got != `{"data":{"update_author":{"affected_rows":2}}}` {
				t.Fatal(got)
			}
		}
		_, err := pool.Exec(t.Context(), `create table fresh (like author including all); insert into fresh select * from author; drop table author cascade; alter table fresh rename to author`)
		if err != nil {
			t.Fatal(err)
		}
	}
}
