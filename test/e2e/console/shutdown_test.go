package console_test

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// A console that shows something live, or anybody's stream, does not hold the end of the server, and hears of it cleanly.
func TestShutdown_endsStreamsAtOnce(t *testing.T) {
	d := fresh(t)
	d.exec(d.data, `create table note (id int primary key)`)
	p := d.start()
	p.user("ann", "owner")
	page := p.page()
	page.wants("track", p.secretly(http.MethodPost, "/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`), 200, "success")
	events := p.stream(page.memberToken("ann"), "subscription { note { id } }")
	events.next(t)
	began := time.Now()
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if line := events.next(t); line != "" {
		t.Errorf("before its end the stream says %s", line)
	}
	if events.err != nil {
		t.Errorf("the stream breaks off: %v", events.err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.out)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the end took %s", took)
	} else {
		t.Logf("ended after %s", took.Round(time.Millisecond))
	}
}
