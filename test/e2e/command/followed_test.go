package command_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// subscribed is a running Gatehouse and an event stream of a number.
type subscribed struct {
	*running
	secret string
	stream io.Closer
	events *bufio.Scanner
	number int
}

const numbers = `{"query": "subscription { number { n } }"}`

func (r *running) subscribed(secret string, number int) *subscribed {
	r.t.Helper()
	req, err := http.NewRequest("POST", r.base+"/v1/graphql", strings.NewReader(numbers))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("X-Hasura-Admin-Secret", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 {
		r.t.Fatalf("subscribe: %s", resp.Status)
	}
	s := &subscribed{running: r, secret: secret, stream: resp.Body, events: bufio.NewScanner(resp.Body), number: number}
	s.await()
	return s
}

// await reads until the number is told. What fails in between is told too, and passes.
func (s *subscribed) await() {
	s.t.Helper()
	late := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	want := fmt.Sprintf(`{"data":{"number":[{"n":%d}]}}`, s.number)
	for s.events.Scan() {
		if data, ok := strings.CutPrefix(s.events.Text(), "data: "); ok && strings.ReplaceAll(data, " ", "") == want {
			return
		}
	}
	s.t.Fatalf("%d was not told: %v\n%s", s.number, s.events.Err(), s.out)
}

func (s *subscribed) sql(sql string) string {
	s.t.Helper()
	var answer struct{ Result [][]string }
	status, body := s.post("/v2/query", s.secret, runSQL(sql))
	if err := json.Unmarshal([]byte(body), &answer); status != 200 || err != nil {
		s.t.Fatalf("%s: %d %s", sql, status, body)
	}
	if len(answer.Result) < 2 {
		return ""
	}
	return answer.Result[1][0]
}

func (s *subscribed) change() {
	s.t.Helper()
	s.number++
	s.sql(fmt.Sprintf("update number set n = %d", s.number))
	s.await()
}

// followed waits until the subscription is, and sees a change told.
func (s *subscribed) followed() {
	s.t.Helper()
	var body string
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(body, `"followed":true`); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not followed: %s\n%s", body, s.out)
		}
		req, err := http.NewRequest("GET", s.base+"/dev/subscriptions", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("X-Hasura-Admin-Secret", s.secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		body = string(text)
	}
	s.change()
	if n := s.sql("select count(*) from pg_replication_slots"); n != "1" {
		s.t.Errorf("%s replication slots", n)
	}
}

func (s *subscribed) kill(pid string) {
	s.t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		s.t.Fatal(err)
	}
	process, err := os.FindProcess(n)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		s.t.Skipf("Postgres cannot be killed: %v", err)
	}
}

// Subscriptions follow changes on the embedded Postgres, also after it or the server was killed.
func TestServe_subscriptionsFollowChanges(t *testing.T) {
	t.Parallel()
	dir, env := dataDir(t), map[string]string{"HASURA_GRAPHQL_ENABLED_APIS": "metadata,graphql,developer"}
	r := start(t, dir, env)
	secret := secretOf(t, dir)
	if status, body := r.post("/v2/query", secret, runSQL("create table number (n int); insert into number values (0)")); status != 200 {
		t.Fatalf("run_sql: %d %s", status, body)
	}
	if status, body := r.post("/v1/metadata", secret, map[string]any{"type": "pg_track_table", "args": map[string]any{"table": "number"}}); status != 200 {
		t.Fatalf("track: %d %s", status, body)
	}
	s := r.subscribed(secret, 0)
	s.followed()

	// A process of Postgres that is killed takes all connections with it.
	s.kill(s.sql("select active_pid from pg_replication_slots"))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if status, _ := s.post("/v2/query", secret, runSQL(fmt.Sprintf("update number set n = %d", s.number+1))); status == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Postgres did not come back:\n%s", s.out)
		}
	}
	s.number++
	s.await()
	s.followed()

	_ = s.stop(syscall.SIGKILL)
	s = start(t, dir, env).subscribed(secret, s.number)
	s.followed()

	// Without its Postgres the server ends when its streams have; both come back.
	_ = s.stream.Close()
	pid, err := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err != nil {
		t.Skipf("Postgres cannot be killed: %v", err)
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	s.kill(first)
	if err := s.cmd.Wait(); err == nil {
		t.Error("the server ended well without its Postgres")
	}
	s = start(t, dir, env).subscribed(secret, s.number)
	s.followed()
}
