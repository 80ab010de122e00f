package engine

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// Who may not see metadata's secrets sees rows all the same, in what is told of a conflict, too.
func TestSheet_rowsAreNoMetadata(t *testing.T) {
	t.Parallel()
	settings, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(t.Context(), Config{MetadataURL: testpg.Database(t), DefaultSourceURL: testpg.Database(t), Session: settings, Deps: session.Deps{Console: members{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	ask := func(path, body string, headers ...string) (int, string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, body := range []string{
		`{"type":"run_sql","args":{"sql":"create table link (id int primary key, database_url text, secret text); insert into link values (1, 'postgres://u:hunter2@h/db', 'Bearer hunter3')"}}`,
		`{"type":"pg_track_table","args":{"table":"link"}}`,
	} {
		if code, answer := ask("/v1/metadata", body, "X-Hasura-Admin-Secret", "s"); code != 200 {
			t.Fatal(code, answer)
		}
	}
	code, answer := ask("/v1/metadata", `{"type":"gatehouse_change_rows","args":{"table":"link","changes":[{"op":"update","key":{"id":"1"},"version":"old","set":{"secret":"x"}}]}}`, "X-Test-Scopes", "graphql metadata:read")
	if code != 409 || !strings.Contains(answer, `"values":["1","postgres://u:hunter2@h/db","Bearer hunter3"]`) {
		t.Errorf("a conflict: %d %s", code, answer)
	}
	if code, answer := ask("/v1alpha1/rows/export", `{"table":"link","format":"csv"}`, "X-Test-Scopes", "metadata:read"); code != 403 {
		t.Errorf("an export without either: %d %s", code, answer)
	}
	if code, answer := ask("/v1alpha1/rows/export", `{"table":"link","format":"csv"}`, "X-Test-Scopes", "graphql"); code != 200 {
		t.Errorf("an export with graphql: %d %s", code, answer)
	}
	if code, answer := ask("/v1alpha1/rows/export", `{"table":"link","format":"csv"}`, "X-Hasura-Admin-Secret", "s"); code != 200 {
		t.Errorf("an export by the secret: %d %s", code, answer)
	}
}
