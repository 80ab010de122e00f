package engine_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

// eventually asks again until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("not within 20 seconds: %s", what)
}

// background runs what an engine does beside requests until the test ends.
func background(t *testing.T, e *engine.Engine) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
}

func dropRole(t *testing.T, url, role string) {
	ctx := context.Background() // the test's own has ended
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, fmt.Sprintf("drop owned by %[1]s; drop role %[1]s", role)); err != nil {
		t.Error(err)
	}
}

func TestSources_unreachable(t *testing.T) {
	t.Parallel()
	s := start(t)
	code, body := post(s.engine, "/v1/metadata", `{"type":"pg_add_source","args":{"name":"far","configuration":{"connection_info":{
		"database_url":"postgres://somebody:hush-hush@127.0.0.1:1/nothing","pool_settings":{"retries":0}}}}}`)
	if code != 400 || !strings.HasPrefix(body, `{"path":"$.args","error":"Inconsistent object: connection error","code":"invalid-configuration","internal":[{"definition":"far","name":"source far","reason":"Inconsistent object: connection error","type":"source","message":"`) {
		t.Errorf("got %d %s", code, body)
	}
	if strings.Contains(body, "hush") || !strings.Contains(body, "127.0.0.1") {
		t.Errorf("the message shall name the server and not the password: %s", body)
	}
	for _, dsn := range []string{"postgres://somebody:hush-hush@host:port/x", "host=h password=hush-hush sslmode=nonsense"} {
		_, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":"pg_add_source","args":{"name":"far","configuration":{"connection_info":{"database_url":%q}}}}`, dsn))
		if strings.Contains(body, "hush") || !strings.Contains(body, "connection error") {
			t.Errorf("got %s", body)
		}
	}
	s.withShop()
	s.want(200, "", "replace_metadata", `{"allow_inconsistent_metadata":true,"metadata":`+strings.Replace(s.document(), `"sources":[`,
		`"sources":[{"name":"far","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":"postgres://somebody:hush-hush@127.0.0.1:1/nothing"}}},`, 1)+`}`)
	s.answers(`{ author { id } }`, `{"author":[]}`) // a bad neighbour costs nothing
	s.want(400, "", "replace_metadata", s.document())
}

func TestSources_poolTimeout(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q,"pool_settings":{"max_connections":1,"pool_timeout":0.2}}}}`, s.dataURL))
	conn, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "begin; lock table author"); err != nil {
		t.Fatal(err)
	}
	const query = `{"query":"{ author { id } }"}`
	waiting := make(chan string)
	go func() {
		_, body := post(s.engine, "/v1/graphql", query)
		waiting <- body
	}()
	eventually(t, "the first request waits for the lock", func() bool {
		var n int
		err := conn.QueryRow(t.Context(), "select count(*) from pg_locks where not granted and locktype = 'relation'").Scan(&n)
		return err == nil && n > 0
	})
	if _, body := post(s.engine, "/v1/graphql", query); body != `{"errors":[{"message":"connection error","extensions":{"path":"$","code":"postgres-error","internal":"connection acquisition timeout expired"}}]}` {
		t.Errorf("got %s", body)
	}
	if _, err := conn.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	if body := <-waiting; body != `{"data":{"author":[]}}` {
		t.Errorf("the first request got %s", body)
	}
}

func TestSources_loginFromFile(t *testing.T) {
	t.Parallel()
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	login := func(user, password string) string {
		u, err := url.Parse(s.dataURL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(user, password)
		q := u.Query() // which pools read as well as connections
		q.Set("pool_max_conns", "7")
		u.RawQuery = q.Encode()
		return u.String()
	}
	user := fmt.Sprintf("rotating_%d", os.Getpid())
	s.exec(s.dataURL, fmt.Sprintf(`create role %[1]s login password 'one'; create table stock (id int primary key); insert into stock values (1); grant select on stock to %[1]s`, user))
	t.Cleanup(func() { dropRole(t, s.dataURL, user) })
	dir := t.TempDir()
	file := filepath.Join(dir, "login")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(login(user, "one"))
	c := config(s.metadataURL, s.dataURL)
	c.FilePrefix = dir
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	background(t, e)
	s.want(400, "", "pg_add_source", `{"name":"x","configuration":{"connection_info":{"database_url":{"dynamic_from_file":"/etc/hostname"}}}}`)
	s.do("pg_add_source", fmt.Sprintf(`{"name":"stock","configuration":{"connection_info":{"database_url":{"dynamic_from_file":%q},"pool_settings":{"max_connections":2}}}}`, file))
	s.do("pg_track_table", `{"source":"stock","table":"stock"}`)
	s.answers(`{ stock { id } }`, `{"stock":[{"id":1}]}`)

	// A new password: connections are made with it at once, and nothing else is opened anew.
	s.exec(s.dataURL, fmt.Sprintf(`alter role %s password 'two'`, user))
	write(login(user, "two"))
	backends := fmt.Sprintf(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'`, user)
	s.exec(s.dataURL, backends)
	eventually(t, "requests are answered with the new password", func() bool {
		_, body := post(s.engine, "/v1/graphql", `{"query":"{ stock { id } }"}`)
		return body == `{"data":{"stock":[{"id":1}]}}`
	})

	// Another login: the old one's connections go without being cut.
	other := user + "_b"
	s.exec(s.dataURL, fmt.Sprintf(`create role %[1]s login password 'three'; grant select on stock to %[1]s`, other))
	t.Cleanup(func() { dropRole(t, s.dataURL, other) })
	write(login(other, "three"))
	conn, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	eventually(t, "the old login's connections are gone", func() bool {
		s.answers(`{ stock { id } }`, `{"stock":[{"id":1}]}`)
		var n int
		err := conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where usename = $1`, user).Scan(&n)
		return err == nil && n == 0
	})

	// Another database: the source is opened anew.
	third := testpg.Database(t)
	s.exec(third, "create table stock (id int primary key); insert into stock values (3)")
	write(third)
	eventually(t, "the source moves", func() bool {
		_, body := post(s.engine, "/v1/graphql", `{"query":"{ stock { id } }"}`)
		return body == `{"data":{"stock":[{"id":3}]}}`
	})
}

func TestSources_connectionTemplateIsClosed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%[1]q},
		"connection_template":{"template":"{{ $.connection_set.a }}"},"connection_set":[{"name":"a","connection_info":{"database_url":%[1]q}}]}}`, s.dataURL))
	s.want(200, `{"is_consistent":false,"inconsistent_objects":[{"definition":"default","name":"source default",`+
		`"reason":"Inconsistent object: sources with a connection template are not supported by Gatehouse yet","type":"source"}]}`, "get_inconsistent_metadata", `{}`)
	if _, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id } }"}`); !strings.Contains(body, "validation-failed") {
		t.Errorf("got %s", body)
	}
	s.do("drop_inconsistent_metadata", `{}`)
	if doc := s.document(); !strings.Contains(doc, `"connection_template":{"template":"{{ $.connection_set.a }}"}`) || !strings.Contains(doc, `"connection_set":[{"connection_info":`) {
		t.Errorf("not kept: %s", doc)
	}
}

func TestSources_oneDatabaseTwice(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	// The metadata's own database, and the default source's once more.
	s.do("pg_add_source", fmt.Sprintf(`{"name":"again","configuration":{"connection_info":{"database_url":%q}},"customization":{"root_fields":{"prefix":"b_"},"type_names":{"prefix":"b_"}}}`, s.dataURL))
	s.do("pg_add_source", fmt.Sprintf(`{"name":"meta","configuration":{"connection_info":{"database_url":%q}}}`, s.metadataURL))
	s.do("pg_track_table", `{"source":"again","table":"author"}`)
	s.answers(`mutation { insert_author_one(object: {id: 1, name: "Ada"}) { id } }`, `{"insert_author_one":{"id":1}}`)
	s.answers(`{ author { id } b_author { id } }`, `{"author":[{"id":1}],"b_author":[{"id":1}]}`)
	s.do("pg_drop_source", `{"name":"again"}`)
	s.do("pg_drop_source", `{"name":"meta"}`)
	s.answers(`{ author { id } }`, `{"author":[{"id":1}]}`)
}

// TestSources_whatBeganBeforeAChangeFinishes: a request keeps to the state it began with, though its source is replaced
// before it has a connection.
func TestSources_whatBeganBeforeAChangeFinishes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.exec(s.dataURL, "insert into author values (1, 'Ada')")
	var stop atomic.Bool
	var failed atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for !stop.Load() {
				if _, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id } }"}`); body != `{"data":{"author":[{"id":1}]}}` && failed.Add(1) < 5 {
					t.Errorf("got %s", body)
				}
			}
		})
	}
	for n := range 15 {
		s.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q,"pool_settings":{"max_connections":%d}}}}`, s.dataURL, 5+n%2))
	}
	stop.Store(true)
	load.Wait()
}

// TestSources_whatRunsOutlivesItsSource: a statement that runs while its source is dropped gives its result, and only
// then are the source's connections gone; nor do many replacements leave connections behind.
func TestSources_whatRunsOutlivesItsSource(t *testing.T) {
	s := start(t)
	s.withShop()
	s.exec(s.dataURL, "insert into author values (1, 'Ada')")
	outside, err := pgx.Connect(t.Context(), s.metadataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close(context.WithoutCancel(t.Context()))
	holder, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.WithoutCancel(t.Context()))
	var database string
	if err := holder.QueryRow(t.Context(), "select current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	count := func(condition string) (n int) {
		t.Helper()
		err := outside.QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = $1 and application_name = 'gatehouse' and "+condition, database).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	replace := func(n int) {
		s.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q,"pool_settings":{"max_connections":%d}}}}`, s.dataURL, 5+n%2))
		if _, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id } }"}`); body != `{"data":{"author":[{"id":1}]}}` {
			t.Fatalf("got %s", body)
		}
	}
	for n := range 50 {
		replace(n)
	}
	eventually(t, "old connections are closed", func() bool { return count("true") <= 6 })

	tx, err := holder.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "lock table author"); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() {
		_, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id name } }"}`)
		answer <- body
	}()
	eventually(t, "the query waits", func() bool { return count("wait_event_type = 'Lock'") == 1 })
	s.do("pg_drop_source", `{"name":"default","cascade":true}`)
	if _, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id } }"}`); !strings.Contains(body, "not found in type") {
		t.Fatalf("a dropped source answers %s", body)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := <-answer; body != `{"data":{"author":[{"id":1,"name":"Ada"}]}}` {
		t.Fatalf("what ran when its source was dropped gives %s", body)
	}
	eventually(t, "its connections are closed", func() bool { return count("true") == 0 })
}
