package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/engine/admin"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// read_only holds without a transaction, too.
func TestRunSQL_readOnlyWithoutTransaction(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(200, "", "run_sql", sqlArgs("create table a (id int)"))
	s.want(400, "", "run_sql", `{"sql":"insert into a values (1)","read_only":true,"no_transaction":true}`)
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["0"]]}`, "run_sql", `{"sql":"select count(*) as n from a","read_only":true,"no_transaction":true}`)
}

// Whatever a run_sql says of itself, its SQL is told.
func TestRunSQL_isOnRecord(t *testing.T) {
	t.Parallel()
	settings, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: testpg.Database(t), Session: settings,
		Changed: func(_ context.Context, c admin.Change) {
			for _, statement := range c.SQL {
				told = append(told, statement.SQL)
			}
			if c.Err != nil {
				told = append(told, c.Err.Error())
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	post(e, "/v2/query", `{"type":"run_sql","args":{"sql":"create role r password 'hunter2'; select 'hunter3'::int"}}`, "X-Hasura-Admin-Secret", "s")
	if len(told) != 2 || strings.Contains(told[0], "hunter2") || strings.Contains(told[1], "hunter3") {
		t.Errorf("what failed: told %q", told)
	}
	for _, c := range []struct{ sql, args string }{
		{"create table a (id int)", ``},
		{"commit; insert into a values (1); begin", `,"read_only":true`},
		{"select 1", `,"read_only":true,"no_transaction":true`},
	} {
		told = nil
		code, body := post(e, "/v2/query", `{"type":"run_sql","args":{"sql":"`+c.sql+`"`+c.args+`}}`, "X-Hasura-Admin-Secret", "s")
		if code != 200 || !slices.Equal(told, []string{c.sql}) {
			t.Errorf("%s: got %d %s, told %q", c.sql, code, body, told)
		}
		told = nil
		code, body = post(e, "/v2/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 2"`+c.args+`}}]}`, "X-Hasura-Admin-Secret", "s")
		if code != 200 || !slices.Equal(told, []string{"select 2"}) {
			t.Errorf("a bulk, %s: got %d %s, told %q", c.args, code, body, told)
		}
	}
}
