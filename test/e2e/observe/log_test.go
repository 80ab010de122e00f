package observe_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const everyLogType = "startup,http-log,webhook-log,websocket-log,jwk-refresh-log,query-log,execution-log,livequery-poller-log,validate-insert-input-log"

func TestLog_aRequestInHasurasForm(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.notes()
	g.do("POST", "/v1/graphql", `{"query":"{note{id text}}"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Hasura-Role", "user", "X-Hasura-User-Id", "7", "X-Request-Id", "good")
	g.do("POST", "/v1/graphql", `{"query":"{note{nothing}}"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "bad")
	g.do("POST", "/v1/graphql", `[{"query":"{note{id}}"},{"query":"{nothing}"}]`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "batch")
	g.do("GET", "/healthz", "", "X-Request-Id", "health")
	byID := map[string]line{}
	g.until("four lines", func() bool {
		for _, l := range g.lines("http-log") {
			byID[l.at("request_id").(string)] = l
		}
		return byID["health"].Detail != nil
	})
	for id, want := range map[string]map[string]any{
		"good": {
			"operation.request_id": "good", "operation.request_mode": "single", "operation.user_vars.x-hasura-role": "user", "operation.user_vars.x-hasura-user-id": "7",
			"operation.response_size": 41., "operation.uncompressed_response_size": 41., "operation.error": nil, "operation.query": nil,
			"http_info.status": 200., "http_info.method": "POST", "http_info.url": "/v1/graphql", "http_info.http_version": "HTTP/1.1", "http_info.ip": "127.0.0.1", "http_info.content_encoding": nil,
		},
		"bad": {
			"operation.request_mode": "error", "operation.error.code": "validation-failed", "operation.error.path": "$.selectionSet.note.selectionSet.nothing",
			"operation.error.error": "field 'nothing' not found in type: 'note'", "http_info.status": 200.,
		},
		"batch":  {"operation.request_mode": "batched", "operation.error": nil},
		"health": {"operation.request_mode": "non-graphql", "http_info.url": "/healthz", "operation.user_vars": nil},
	} {
		for path, value := range want {
			if got := byID[id].at(path); got != value && !(path == "http_info.ip" && got == "::1") {
				t.Errorf("%s: %s is %v, want %v", id, path, got, value)
			}
		}
	}
	if l := byID["bad"].Level; l != "error" {
		t.Errorf("a failed request is at level %q", l)
	}
	if took, ok := byID["good"].at("operation.query_execution_time").(float64); !ok || took <= 0 {
		t.Errorf("query_execution_time is %v", byID["good"].at("operation.query_execution_time"))
	}
	if parts, _ := byID["batch"].at("batched_operations").([]any); len(parts) != 2 {
		t.Errorf("batched_operations are %v", parts)
	}
	started := g.lines("startup")
	if len(started) != 2 || started[0].at("kind") != "server_configuration" || started[1].at("info.message") != "Starting API server" {
		t.Errorf("startup lines: %v", started)
	}
	if n := len(g.lines("query-log")); n != 0 {
		t.Errorf("%d lines of a type that is not enabled", n)
	}
}

func TestLog_typesAndLevelAreHeeded(t *testing.T) {
	t.Parallel()
	g := start(t, "--enabled-log-types", "http-log", "--log-level", "error")
	g.do("POST", "/v1/graphql", `{"query":"{__typename}"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "fine")
	g.do("POST", "/v1/graphql", `{"query":"{nothing}"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", "wrong")
	g.until("the error", func() bool { return strings.Contains(g.log.String(), "wrong") })
	if text := g.log.String(); strings.Contains(text, "fine") || strings.Contains(text, `"startup"`) {
		t.Errorf("written below its level or of a type that is off:\n%s", text)
	}
}

// talk opens a socket, sends messages and reads until one of a type comes.
func (g *gatehouse) talk(until string, messages ...string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 30*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, g.base+"/v1/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Cookie": {"session=hunter2-cookie"}, "X-Request-Id": {"the-socket"}},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.CloseNow()
	for _, m := range messages {
		if err := c.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			g.t.Fatal(err)
		}
	}
	for {
		_, data, err := c.Read(ctx)
		if err != nil {
			if until == "" {
				return
			}
			g.t.Fatal(err)
		}
		if until != "" && strings.Contains(string(data), `"type":"`+until+`"`) {
			_ = c.Close(websocket.StatusNormalClosure, "")
			return
		}
	}
}

const initSocket = `{"type":"connection_init","payload":{"headers":{"x-hasura-admin-secret":"` + adminSecret + `","authorization":"Bearer hunter2-token"}}}`

func TestLog_socketsQueriesAndPolls(t *testing.T) {
	t.Parallel()
	g := start(t, "--enabled-log-types", everyLogType)
	g.notes()
	g.talk("next", initSocket, `{"id":"1","type":"subscribe","payload":{"query":"subscription Notes { note { id } }","operationName":"Notes"}}`)
	g.talk("error", initSocket, `{"id":"2","type":"subscribe","payload":{"query":"{ nothing }"}}`)
	g.talk("complete", initSocket, `{"id":"3","type":"subscribe","payload":{"query":"query One($id: Int!) { note_by_pk(id: $id) { id } }","variables":{"id":1}}}`)
	var kinds []string
	g.until("three connections to close", func() bool {
		kinds = nil
		closed := 0
		for _, l := range g.lines("websocket-log") {
			kind, _ := l.at("event.type").(string)
			switch kind {
			case "operation":
				kind = l.at("event.detail.operation_id").(string) + l.at("event.detail.operation_type.type").(string)
			case "closed":
				closed++
			}
			kinds = append(kinds, kind)
			if l.at("connection_info.websocket_id") == "" {
				t.Error("a connection without an id")
			}
		}
		return closed == 3
	})
	if got, want := strings.Join(kinds, " "), "accepted 1started closed accepted 2started 2query_err closed accepted 3started 3completed closed"; got != want {
		t.Errorf("events:\n%s\nwant\n%s", got, want)
	}
	var read line
	for _, l := range g.lines("query-log") {
		if l.at("query.operationName") == nil && strings.Contains(l.at("query.query").(string), "note_by_pk") {
			read = l
		}
	}
	if read.at("kind") != "database" || read.at("request_id") != "the-socket" || read.at("query.variables.id") != 1. {
		t.Errorf("query-log: %v", read)
	}
	if sql, _ := read.at("generated_sql.note_by_pk.query").(string); !strings.Contains(sql, `"note"`) {
		t.Errorf("generated SQL: %v", read.at("generated_sql"))
	}
	if len(g.lines("execution-log")) == 0 {
		t.Error("no execution-log")
	}
	polls := g.lines("livequery-poller-log")
	if len(polls) == 0 || polls[0].at("source") != "default" || polls[0].at("role") != "admin" || polls[0].at("kind") != "live-query" {
		t.Errorf("polls: %v", polls)
	}
}

// TestLog_noSecretIsEverWritten sends every kind of secret there is, in right and in wrong places, with everything
// enabled.
func TestLog_noSecretIsEverWritten(t *testing.T) {
	t.Parallel()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "Bearer hunter2-good-token":
			w.Header().Set("Set-Cookie", "session=hunter2-set-cookie")
			_, _ = w.Write([]byte(`{"x-hasura-role":"user","x-hasura-admin-secret":"hunter2-from-hook"}`))
		case "":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("hunter2-hook-answer"))
		}
	}))
	t.Cleanup(hook.Close)
	withPassword := strings.Replace(hook.URL, "http://", "http://user:hunter2-hook-password@", 1) + "/ask?key=hunter2-hook-key"
	g := start(t, "--enabled-log-types", everyLogType, "--log-level", "debug", "--auth-hook", withPassword)
	g.notes()
	ask := `{"query":"query($t: String){ note(where:{text:{_eq:$t}}) { id } }"}`
	for _, header := range [][]string{
		{"X-Hasura-Admin-Secret", adminSecret},
		{"X-Hasura-Admin-Secret", "hunter2-wrong-secret"},
		{"X-Hasura-Access-Key", "hunter2-wrong-key"},
		{"Authorization", "Bearer hunter2-good-token", "Cookie", "session=hunter2-cookie"},
		{"Authorization", "Bearer hunter2-bad-token"},
		{"Authorization", "Basic aHVudGVyMjpodW50ZXIy"},
		{"Cookie", "session=hunter2-cookie"},
	} {
		g.do("POST", "/v1/graphql?token=hunter2-query-token", ask, header...)
		g.do("GET", "/v1/graphql?query={note{id}}&token=hunter2-query-token", "", header...)
		g.do("POST", "/v1/metadata", `{"type":"export_metadata","args":{}}`, header...)
	}
	bad := strings.Replace(g.database, "postgres://", "postgres://someone:hunter2-db-password@", 1)
	g.do("POST", "/v1/metadata", `{"type":"pg_add_source","args":{"name":"other","configuration":{"connection_info":{"database_url":"postgres://someone:hunter2-db-password@127.0.0.1:1/none"}}}}`, "X-Hasura-Admin-Secret", adminSecret)
	g.do("POST", "/v1/metadata", `{"type":"pg_add_source","args":{"name":"other","configuration":{"connection_info":{"database_url":"`+bad+`"}}}}`, "X-Hasura-Admin-Secret", adminSecret)
	g.do("POST", "/oidc/token", "grant_type=client_credentials&client_id=x&client_secret=hunter2-client-secret", "Content-Type", "application/x-www-form-urlencoded")
	g.do("GET", "/oidc/auth?client_id=x&code=hunter2-code&id_token_hint=hunter2-hint", "")
	g.do("GET", "/oidc/me", "", "Authorization", "Bearer hunter2-opaque")
	g.do("POST", "/api/users", `{"username":"somebody","password":"hunter2-Password-9!"}`, "X-Hasura-Admin-Secret", adminSecret)
	g.do("POST", "/api/experience/verification/password", `{"identifier":{"type":"username","value":"somebody"},"password":"hunter2-Password-9!"}`)
	g.talk("complete", initSocket, `{"id":"3","type":"subscribe","payload":{"query":"{ note { id } }"}}`)
	g.talk("", `{"type":"connection_init","payload":{"headers":{"x-hasura-admin-secret":"hunter2-wrong-secret"}}}`)
	g.stop()
	if len(g.lines("webhook-log")) == 0 || len(g.lines("http-log")) < 20 || len(g.lines("websocket-log")) == 0 {
		t.Fatalf("the log has not been written:\n%s", g.log.String())
	}
	for text := range strings.Lines(g.log.String() + g.out.String()) {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "aHVudGVyMj") {
			t.Errorf("a secret: %s", text)
		}
	}
}
