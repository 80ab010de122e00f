// Package bench measures the built command from outside: what connections cost it.
//
// go run ./internal/testpg/with go test -run '^$' -bench Sockets ./test/bench; SOCKETS=10000 opens that many (each is a
// file here and one in the server: ulimit -n).
package bench

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

const secret = "bench"

// BenchmarkSockets_idle is the memory and the CPU of subscribers to whom nothing happens: one live query each, on a
// connection of its own.
func BenchmarkSockets_idle(b *testing.B) {
	n := count(b, 1000)
	s := start(b, "HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL=3600000")
	warm := s.subscribe(100, 1)
	warm.close()
	before := s.rss()
	for b.Loop() {
		all := s.subscribe(n, n)
		time.Sleep(5 * time.Second)
		const watched = 10 * time.Second
		cpu := s.cpu()
		time.Sleep(watched)
		b.ReportMetric(float64(s.rss()-before)/1024/float64(n), "KiB/subscriber")
		b.ReportMetric(100*float64(s.cpu()-cpu)/float64(watched), "%cpu")
		all.close()
	}
	b.ReportMetric(float64(before)/(1<<20), "MiB-before")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSockets_fanOut is the server's CPU for one delivery of one row's change to all subscribers.
func BenchmarkSockets_fanOut(b *testing.B) {
	n := count(b, 1000)
	s := start(b, "HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL=20")
	all := s.subscribe(n, 1)
	defer all.close()
	cpu, delivered := s.cpu(), all.received.Load()
	for b.Loop() {
		want := all.received.Load() + int64(n)
		if _, err := s.pool.Exec(b.Context(), "update live set v = v + 1 where id = 1"); err != nil {
			b.Fatal(err)
		}
		for all.received.Load() < want {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(float64(s.cpu()-cpu)/1000/float64(all.received.Load()-delivered), "µs-cpu/delivery")
}

func count(b *testing.B, otherwise int) int {
	b.Helper()
	text := os.Getenv("SOCKETS")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

type server struct {
	*testing.B
	address string
	process *exec.Cmd
	pool    *pgxpool.Pool
}

func start(b *testing.B, env ...string) *server {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	url := testpg.Database(b)
	s := &server{B: b, address: address, pool: testpg.Pool(b, url)}
	if _, err := s.pool.Exec(b.Context(), "create table live (id int primary key, v int not null); insert into live select i, 0 from generate_series(1, 100000) i"); err != nil {
		b.Fatal(err)
	}
	bin := os.Getenv("GATEHOUSE_BIN")
	if bin == "" {
		bin = testbin.Path(b)
	}
	s.process = exec.Command(bin, "serve", "--only", "data", "--port", port)
	s.process.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.TempDir(), "HASURA_GRAPHQL_METADATA_DATABASE_URL=" + testpg.Database(b), "HASURA_GRAPHQL_DATABASE_URL=" + url,
		"HASURA_GRAPHQL_ADMIN_SECRET=" + secret, "HASURA_GRAPHQL_ENABLED_LOG_TYPES=startup", "GODEBUG=" + os.Getenv("SERVER_GODEBUG"),
	}, env...)
	if err := s.process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.process.Process.Signal(os.Interrupt); _ = s.process.Wait() })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + address + "/healthz"); err == nil {
			_ = resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("the server does not answer")
		}
	}
	req, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+address+"/v1/metadata", strings.NewReader(`{"type":"pg_track_table","args":{"table":"live"}}`))
	req.Header.Set("X-Hasura-Admin-Secret", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		b.Fatalf("track: %s", body)
	}
	return s
}

// rss is the server's resident memory, in bytes.
func (s *server) rss() int64 {
	text := s.proc("statm")
	pages, err := strconv.ParseInt(strings.Fields(text)[1], 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// cpu is what the server has used, in user and kernel mode.
func (s *server) cpu() time.Duration {
	text := s.proc("stat")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+2:])
	user, err := strconv.ParseInt(fields[11], 10, 64)
	kernel, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err != nil || err2 != nil {
		s.Fatal(err, err2)
	}
	return time.Duration(user+kernel) * 10 * time.Millisecond // USER_HZ is 100 (man 5 proc)
}

func (s *server) proc(file string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.process.Process.Pid, file))
	if err != nil {
		s.Skip("no /proc here: ", err)
	}
	return string(text)
}

// subscribers are clients that say nothing after they subscribed.
type subscribers struct {
	conns    []net.Conn
	received atomic.Int64
	reading  sync.WaitGroup
}

func (c *subscribers) close() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.reading.Wait()
}

// subscribe opens n connections that watch rows rows, and returns when each had its first result.
func (s *server) subscribe(n, rows int) *subscribers {
	s.Helper()
	all := &subscribers{conns: make([]net.Conn, n)}
	slots := make(chan struct{}, 32)
	failed := make(chan error, n)
	for i := range n {
		slots <- struct{}{}
		all.reading.Go(func() {
			r, err := s.open(all, i, rows)
			<-slots
			if err != nil {
				failed <- err
				return
			}
			for {
				if _, err := next(r); err != nil {
					return
				}
				all.received.Add(1)
			}
		})
	}
	for deadline := time.Now().Add(2 * time.Minute); all.received.Load() < int64(n); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-failed:
			s.Fatal(err)
		default:
		}
		if time.Now().After(deadline) {
			s.Fatalf("%d of %d had a result", all.received.Load(), n)
		}
	}
	return all
}

func (s *server) open(all *subscribers, i, rows int) (*bufio.Reader, error) {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return nil, err
	}
	all.conns[i] = conn
	r := bufio.NewReaderSize(conn, 512)
	_, err = fmt.Fprintf(conn, "GET /v1/graphql HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nOrigin: http://app.example\r\n"+
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n"+
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n", s.address)
	if err != nil {
		return nil, err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			break
		}
	}
	say := func(message string) error { _, err := conn.Write(frame(message)); return err }
	if err := say(`{"type":"connection_init","payload":{"headers":{"x-hasura-admin-secret":"` + secret + `","x-hasura-user-id":"` + strconv.Itoa(i) + `"}}}`); err != nil {
		return nil, err
	}
	if m, err := next(r); err != nil || !bytes.Contains(m, []byte("connection_ack")) {
		return nil, fmt.Errorf("not acknowledged: %s %w", m, err)
	}
	return r, say(`{"type":"subscribe","id":"1","payload":{"query":"subscription ($id: Int!) { live_by_pk(id: $id) { id v } }","variables":{"id":` + strconv.Itoa(1+i%rows) + `}}}`)
}

// frame is a client's text message, masked with zeros (RFC 6455 §5.2).
func frame(text string) []byte {
	b := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(text)))
	return append(b, text...)
}

// next is the server's next message that is no keep-alive.
func next(r *bufio.Reader) ([]byte, error) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		size := int(head[1] & 0x7f)
		if size == 126 {
			var long [2]byte
			if _, err := io.ReadFull(r, long[:]); err != nil {
				return nil, err
			}
			size = int(binary.BigEndian.Uint16(long[:]))
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(r, message); err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(message, []byte(`{"type":"ping"`)) {
			return message, nil
		}
	}
}
