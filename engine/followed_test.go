package engine_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/engine"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
	"gatehouse/postgres/embedded"
)

// followed is an engine whose subscriptions follow changes, over HTTP. Its source is on a cluster of the test's own, which
// logs every statement.
type followed struct {
	*server
	url     string
	cluster *embedded.Server
}

func following(t *testing.T, change func(*engine.Config)) *followed {
	t.Helper()
	cluster := testpg.Cluster(t, 0, map[string]string{"synchronous_commit": "on", "log_statement": "all"})
	f := &followed{server: &server{T: t, metadataURL: testpg.Database(t), dataURL: cluster.OwnerURL()}, cluster: cluster}
	f.engine, f.url = f.serve(change)
	return f
}

// serve starts an engine on the same databases.
func (f *followed) serve(change func(*engine.Config)) (*engine.Engine, string) {
	f.Helper()
	c := config(f.metadataURL, f.dataURL)
	c.FollowChanges, c.SchemaWatchInterval = true, 50*time.Millisecond
	if testing.Verbose() {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	c.LiveQueries = subscription.Polling{Interval: 10 * time.Millisecond}
	c.Streams = c.LiveQueries
	if change != nil {
		change(&c)
	}
	return serve(f.T, c)
}

// statements counts what was sent to the source's server with a text in it.
func (f *followed) statements(with string) int {
	f.Helper()
	log, err := os.ReadFile(filepath.Join(f.cluster.DataDir(), "postgres.log"))
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "execute") && strings.Contains(line, with) {
			n++
		}
	}
	return n
}

// awaitFollowed waits until as many groups are followed.
func (f *followed) awaitFollowed(groups int) {
	f.Helper()
	const want = `"followed":true`
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		body := f.groups()
		if strings.Count(body, want) == groups {
			return
		}
		if time.Now().After(deadline) {
			f.Fatalf("not followed: %s", body)
		}
	}
}

// groups is what the developer's endpoint says.
func (f *followed) groups() string {
	f.Helper()
	w := httptest.NewRecorder()
	f.engine.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/dev/subscriptions", nil))
	if w.Code != 200 {
		f.Fatalf("/dev/subscriptions: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestFollowed_asksOnlyAfterChanges(t *testing.T) {
	t.Parallel()
	f := following(t, func(c *engine.Config) { c.EnabledAPIs = []string{"graphql", "metadata", "developer"} })
	f.sql(`create table a (id int primary key, v int); create table b (id int primary key, v int); insert into a values (1, 0); insert into b values (1, 0)`)
	f.do("pg_track_table", `{"table":"a"}`)
	f.do("pg_track_table", `{"table":"b"}`)
	c := f.socket(f.url, `{}`)
	c.subscribe("a", `subscription { a { v } }`)
	c.want(`{"type":"next","id":"a","payload":{"data":{"a":[{"v":0}]}}}`)
	c.subscribe("b", `subscription { b { v } }`)
	c.want(`{"type":"next","id":"b","payload":{"data":{"b":[{"v":0}]}}}`)
	f.awaitFollowed(2)
	f.exec(f.dataURL, `update a set v = 1`)
	c.want(`{"type":"next","id":"a","payload":{"data":{"a":[{"v":1}]}}}`)
	if f.statements(`"public"."a"`) == 0 {
		t.Fatal("no poll was seen in the log")
	}
	// The watch on the schema may still look at what was just made; then nothing is asked of the one table while the other
	// changes.
	value := 0
	for deadline := time.Now().Add(time.Minute); ; {
		before := f.statements(`"public"."a"`)
		for range 20 {
			value++
			f.exec(f.dataURL, fmt.Sprintf(`update b set v = %d`, value))
			c.want(fmt.Sprintf(`{"type":"next","id":"b","payload":{"data":{"b":[{"v":%d}]}}}`, value))
		}
		after := f.statements(`"public"."a"`)
		if after == before {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d polls of a table that did not change", after-before)
		}
	}
}

func TestInspect_following(t *testing.T) {
	t.Parallel()
	cluster := testpg.Cluster(t, 0, nil)
	s := &server{T: t, dataURL: cluster.OwnerURL()}
	s.exec(s.dataURL, `alter database gatehouse set synchronous_commit = on`)
	c := config(testpg.Database(t), s.dataURL)
	c.FollowChanges, c.SchemaWatchInterval = true, time.Second
	says := func(want string) {
		t.Helper()
		if got := inspected(t, c); !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
	says("source \"default\": subscriptions follow changes\n")
	s.exec(s.dataURL, `alter database gatehouse set synchronous_commit = off`)
	says("source \"default\": subscriptions follow changes; synchronous_commit is off there, so the first change after a pause is told up to 60ms later\n")
	s.exec(s.dataURL, `alter database gatehouse set synchronous_commit = on`)
	s.exec(s.dataURL, `create role meek login password 'meek'`)
	u, err := url.Parse(s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("meek", "meek")
	c.DefaultSourceURL = u.String()
	says("! the subscriptions of source \"default\" poll: login meek has not the attribute REPLICATION\n")
	c.FollowURL = s.dataURL
	says("source \"default\": subscriptions follow changes\n")
	for i := range 10 {
		s.exec(s.dataURL, fmt.Sprintf(`select pg_create_physical_replication_slot('s%d')`, i))
	}
	says("! the subscriptions of source \"default\" poll: no replication slot is free\n")
	c.FollowURL = "postgres://u:hush@127.0.0.1:1/x"
	says("! the subscriptions of source \"default\" poll: the login for replication cannot connect")
	if strings.Contains(inspected(t, c), "hush") {
		t.Error("a password is told")
	}
	c.FollowChanges = false
	if got := inspected(t, c); strings.Contains(got, "subscriptions") {
		t.Errorf("polling was asked for: %s", got)
	}
}
