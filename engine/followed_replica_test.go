package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse/engine"
)

// counted is a subscription to a number that only grows, and to which server was asked for it.
type counted struct {
	*replicated
	client *socket
	// written is the number that was written last, told the newest that was told.
	written, told int
}

func (c *counted) write() {
	c.Helper()
	c.written++
	c.exec(c.primaryURL, fmt.Sprintf(`update note set text = '%d' where id = 1`, c.written))
}

// await reads until what was written last is told, and gives the server that it came from.
func (c *counted) await() (server string) {
	c.Helper()
	for c.told < c.written {
		message, err := c.client.read()
		if err != nil {
			c.Fatalf("%d was not told after %d: %v", c.written, c.told, err)
		}
		var m struct {
			Payload struct {
				Data struct {
					Note struct{ Text, Server string } `json:"note_by_pk"`
				}
			}
		}
		if err := json.Unmarshal([]byte(message), &m); err != nil {
			c.Fatal(err)
		}
		note := m.Payload.Data.Note
		n, err := strconv.Atoi(note.Text)
		if err != nil {
			c.Fatalf("got %s", message)
		}
		if n < c.told {
			c.Fatalf("%d was told after %d, by the %s", n, c.told, note.Server)
		}
		c.told, server = n, note.Server
	}
	return server
}

// A change is told whether the replica has it or not, and nobody is told an older state after a newer one.
func TestFollowed_replica(t *testing.T) {
	t.Parallel()
	const interval = 300 * time.Millisecond // the primary's position is known in between
	r := withReplica(t, func(c *engine.Config) {
		c.FollowChanges, c.SchemaWatchInterval = true, 100*time.Millisecond
		c.LiveQueries.Interval = interval
		c.EnabledAPIs = []string{"graphql", "metadata", "developer"}
	})
	// Called immutable, it does not make the subscription poll.
	r.sql(`create function note_server(note) returns text language sql immutable as $$ select current_setting('cluster_name') $$; update note set text = '0'`)
	r.do("pg_add_computed_field", `{"table":"note","name":"server","definition":{"function":"note_server"}}`)
	c := &counted{replicated: r, client: r.socket(r.url, `{}`), told: -1}
	c.client.subscribe("1", `subscription { note_by_pk(id: 1) { text server } }`)
	c.await()
	eventually(t, "it is followed", func() bool {
		w := httptest.NewRecorder()
		r.engine.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/dev/subscriptions", nil))
		return strings.Contains(w.Body.String(), `"followed":true`)
	})
	fromReplica := 0
	for range 8 { // after a quiet interval, so that the change is asked for when the replica has hardly got it
		<-time.After(interval + 100*time.Millisecond)
		c.write()
		if c.await() == "replica" {
			fromReplica++
		}
	}
	if fromReplica < 4 {
		t.Errorf("the replica was asked for %d of 8 changes", fromReplica)
	}
	for range 3 {
		eventually(t, "the replica is asked", func() bool {
			c.write()
			return c.await() == "replica"
		})
		r.pause()
		for range 3 {
			c.write()
			if server := c.await(); server != "primary" {
				t.Errorf("a change that the replica has not repeated was told by the %s", server)
			}
		}
		c.write() // which it repeats while it is asked about
		r.resume()
		c.write()
		c.await()
	}
}
