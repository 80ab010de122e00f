package testpg

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Wire is a way to a database that can fall silent as a network does: connections stay open, and nothing passes.
type Wire struct {
	// URL leads to the database over the wire.
	URL      string
	isSilent atomic.Bool
	made     atomic.Int64
}

// NewWire lays a wire to the database at a URL. It ends with the test.
func NewWire(t testing.TB, to string) *Wire {
	t.Helper()
	target, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("host")
	query.Del("port")
	u.Host, u.RawQuery = l.Addr().String(), query.Encode()
	w := &Wire{URL: u.String()}
	var open sync.Map
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	})
	network, address := pgconn.NetworkAddress(target.Host, target.Port)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(network, address)
			if err != nil {
				_ = near.Close()
				continue
			}
			open.Store(near, nil)
			open.Store(far, nil)
			w.made.Add(1)
			go w.carry(near, far)
			go w.carry(far, near)
		}
	}()
	return w
}

// Silence has nothing pass from now on; what is lost is lost for good, so a connection that was in use stays dead.
func (w *Wire) Silence() { w.isSilent.Store(true) }

// Restore has new connections work again.
func (w *Wire) Restore() { w.isSilent.Store(false) }

// Made is how many connections have been made over the wire.
func (w *Wire) Made() int64 { return w.made.Load() }

func (w *Wire) carry(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	isDead, b := false, make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		isDead = isDead || n > 0 && w.isSilent.Load()
		if !isDead {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
