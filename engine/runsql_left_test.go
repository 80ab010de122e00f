package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Who goes away gets no answer, and leaves nothing behind: the statement is cancelled and its transaction rolled back.
func TestRunSQL_ofAClientThatLeavesIsCancelled(t *testing.T) {
	t.Parallel()
	s := start(t)
	web := httptest.NewServer(s.engine.Handler())
	t.Cleanup(web.Close)
	conn, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	count := func(sql string) (n int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	await := func(what, sql string, want int) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); count(sql) != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: never %d", what, want)
			}
		}
	}
	for name, args := range map[string]string{
		"plain":         `{"sql":"create table left_plain (id int); select pg_sleep(600)","check_metadata_consistency":false}`,
		"with metadata": `{"sql":"create table left_checked (id int); comment on table left_checked is 'x'; select pg_sleep(600)"}`,
	} {
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL+"/v2/query", strings.NewReader(`{"type":"run_sql","args":`+args+`}`))
			if err == nil {
				var res *http.Response
				if res, err = http.DefaultClient.Do(req); err == nil {
					_ = res.Body.Close()
				}
			}
			gone <- err
		}()
		const running = `select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`
		await(name+" begins", running, 1)
		leave()
		if err := <-gone; err == nil {
			t.Errorf("%s: there was an answer", name)
		}
		await(name+" is cancelled", running, 0)
		if n := count(`select count(*) from pg_class where relname like 'left_%'`); n != 0 {
			t.Errorf("%s: something of it is there", name)
		}
	}
	// The next one finds nothing held: neither a lock nor the turn to change metadata.
	s.want(200, `{"result_type":"CommandOk","result":null}`, "run_sql", `{"sql":"create table left_after (id int); comment on table left_after is 'x'"}`)
	s.do("pg_track_table", `{"table":"left_after"}`)
}
