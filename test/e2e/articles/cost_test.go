package articles_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/internal/testpg"
)

// ticksPerSecond is what /proc counts CPU time in on Linux.
const ticksPerSecond = 100

// way is one way to say who calls, and how much has been measured of it.
type way struct {
	name     string
	address  string
	requests [][]byte // one of them at a time, written as they are
	servers  []*process
	// of each slice
	rate, cpu []float64 // requests a second, microseconds of the servers' CPU a request
}

// TestBuiltInIdentity_cost measures what a token costs over the admin secret, and what the webhook costs over a token:
// the same lookup of the same role, in turns, over HTTP. COST_ROUNDS is how often each has its turn.
func TestBuiltInIdentity_cost(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("COST_ROUNDS"))
	if err != nil {
		t.Skip("COST_ROUNDS is not set: nothing is measured")
	}
	source, directory := testpg.Database(t), testpg.Database(t)
	start := func(more map[string]string, args ...string) (*system, *process) {
		s := &system{t: t, identityDatabase: directory}
		data, identity := ports(t)
		s.data, s.identity = "http://localhost:"+data, "http://localhost:"+identity
		env := map[string]string{
			"HASURA_GRAPHQL_DATABASE_URL": source, "HASURA_GRAPHQL_SERVER_PORT": data, "PORT": identity, "HASURA_GRAPHQL_ADMIN_SECRET": adminSecret,
			"HASURA_GRAPHQL_ENABLED_LOG_TYPES": "startup", "GOMAXPROCS": "2",
		}
		merge(env, more)
		return s, startProcess(t, s.data+"/healthz", env, args...)
	}
	s, both := start(map[string]string{"DB_URL": directory, "USER_DEFAULT_ROLE_NAMES": "user,good_user"})
	// The article's webhook: a data half that asks the identity half who calls.
	hooked, data := start(map[string]string{"HASURA_GRAPHQL_AUTH_HOOK": s.identity + hookPath}, "serve", "--only", "data")

	s.manage(201, "POST", "/resources", map[string]any{"name": "Hasura", "indicator": "https://hasura.api"})
	s.sql(`create table note (id serial primary key, body text not null); insert into note (body) values ('one'), ('two')`)
	s.metadata(command("pg_track_table", map[string]any{"source": "default", "table": "note"}), permission("user"), permission("good_user"))
	b := newBrowser(t, s, s.application("SPA"), "https://hasura.api")
	b.signUp("ada", password, "roles")
	var bySecret, byToken []map[string]string
	for range 32 {
		token := b.accessToken()
		sub, _ := claims(t, token)["sub"].(string)
		byToken = append(byToken, map[string]string{"Authorization": "Bearer " + token, "X-Hasura-Role": "good_user", "Expected-Role": "good_user"})
		bySecret = append(bySecret, map[string]string{"X-Hasura-Admin-Secret": adminSecret, "X-Hasura-Role": "good_user", "X-Hasura-User-Id": sub})
	}
	ways := []*way{
		{name: "admin secret", address: s.data, requests: lookups(s.data, bySecret), servers: []*process{both}},
		{name: "token", address: s.data, requests: lookups(s.data, byToken), servers: []*process{both}},
		{name: "webhook", address: hooked.data, requests: lookups(hooked.data, byToken), servers: []*process{both, data}},
	}
	waitFor(t, "the second process knows the metadata", func() bool { return hooked.passes(byToken[0]) })
	for round := range rounds + 1 {
		for i := range ways {
			w := ways[(i+round)%len(ways)]
			w.slice(t, time.Second)
			if round == 0 { // warming up
				w.rate, w.cpu = nil, nil
			}
		}
	}
	for _, w := range ways {
		t.Logf("%-13s %8.0f requests a second, %6.1f us of server CPU each (medians of %d)", w.name, median(w.rate), median(w.cpu), rounds)
	}
	t.Logf("a token costs %+.1f %% of server CPU over the admin secret (throughput %.3f of it); the webhook has %.3f of a token's throughput (1/%.1f), %.1f times its server CPU",
		100*(ratio(ways[1].cpu, ways[0].cpu)-1), ratio(ways[1].rate, ways[0].rate), ratio(ways[2].rate, ways[1].rate), 1/ratio(ways[2].rate, ways[1].rate), ratio(ways[2].cpu, ways[1].cpu))
}

// lookups are requests for one row, ready to be written.
func lookups(address string, headers []map[string]string) (requests [][]byte) {
	const body = `{"query":"{ note_by_pk(id: 1) { body } }"}`
	for _, header := range headers {
		var b bytes.Buffer
		fmt.Fprintf(&b, "POST /v1/graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", strings.TrimPrefix(address, "http://"), len(body))
		for k, v := range header {
			fmt.Fprintf(&b, "%s: %s\r\n", k, v)
		}
		b.WriteString("\r\n" + body)
		requests = append(requests, b.Bytes())
	}
	return requests
}

// slice asks for a while over a few connections.
func (w *way) slice(t *testing.T, length time.Duration) {
	t.Helper()
	u, err := url.Parse(w.address)
	if err != nil {
		t.Fatal(err)
	}
	var count, next atomic.Int64
	var clients sync.WaitGroup
	before, began := w.used(t), time.Now()
	for range 8 {
		clients.Go(func() {
			conn, err := net.Dial("tcp", u.Host)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReaderSize(conn, 4<<10)
			for time.Since(began) < length {
				if _, err := conn.Write(w.requests[int(next.Add(1))%len(w.requests)]); err != nil {
					t.Error(err)
					return
				}
				if err := readAnswer(answers); err != nil {
					t.Errorf("%s: %v", w.name, err)
					return
				}
				count.Add(1)
			}
		})
	}
	clients.Wait()
	took := time.Since(began)
	n := float64(count.Load())
	w.rate, w.cpu = append(w.rate, n/took.Seconds()), append(w.cpu, float64(w.used(t)-before)*1e6/ticksPerSecond/n)
}

// readAnswer reads one answer, which has to be the row.
func readAnswer(r *bufio.Reader) error {
	text := textproto.NewReader(r)
	status, err := text.ReadLine()
	if err != nil {
		return err
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return fmt.Errorf("%s without a length", status)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	if !strings.Contains(string(body), `"one"`) {
		return fmt.Errorf("%s %s", status, body)
	}
	return nil
}

// used is the CPU time of the servers so far, in ticks.
func (w *way) used(t *testing.T) (ticks int64) {
	t.Helper()
	for _, p := range w.servers {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		for _, field := range fields[11:13] { // utime, stime (proc(5))
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return ticks
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratio is the median of the ratios of slices that were measured one after the other.
func ratio(of, to []float64) float64 {
	var ratios []float64
	for i := range of {
		ratios = append(ratios, of[i]/to[i])
	}
	return median(ratios)
}
