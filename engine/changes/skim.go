package changes

import (
	"encoding/binary"
	"net"
)

// skim is a connection on which a server's messages with data (CopyData) are no longer than keep: what is beyond is read
// past without being held, and the length corrected. A row of megabytes costs its reading and no memory.
type skim struct {
	net.Conn
	room []byte
	// in is what was read and not handed on.
	in []byte
	// header is the beginning of a message, of which have bytes are there; ready is what of it is to be handed on.
	header [5]byte
	have   int
	ready  []byte
	// pass are the bytes of the present message still to be handed on, drop those to be read past after that.
	pass, drop int
}

// keep is how much of a message is read: enough for the names of a hundred truncated tables, whatever they are.
const keep = 16 << 10

func newSkim(c net.Conn) *skim { return &skim{Conn: c, room: make([]byte, 32<<10)} }

// Read implements net.Conn.
func (s *skim) Read(b []byte) (int, error) {
	for {
		if n := s.give(b); n > 0 || len(b) == 0 {
			return n, nil
		}
		n, err := s.Conn.Read(s.room)
		s.in = s.room[:n]
		if n == 0 && err != nil {
			return 0, err
		}
	}
}

// give hands on what it can of what was read.
func (s *skim) give(b []byte) (n int) {
	for n < len(b) {
		switch {
		case len(s.ready) > 0:
			k := copy(b[n:], s.ready)
			s.ready, n = s.ready[k:], n+k
		case len(s.in) == 0:
			return n
		case s.pass > 0:
			k := copy(b[n:], s.in[:min(len(s.in), s.pass)])
			s.in, s.pass, n = s.in[k:], s.pass-k, n+k
		case s.drop > 0:
			k := min(len(s.in), s.drop)
			s.in, s.drop = s.in[k:], s.drop-k
		default:
			k := copy(s.header[s.have:], s.in)
			s.in, s.have = s.in[k:], s.have+k
			if s.have == len(s.header) {
				s.next()
			}
		}
	}
	return n
}

// next begins the message whose header is there: a type and the length, which counts itself.
func (s *skim) next() {
	const counted = 4
	s.have, s.ready = 0, s.header[:]
	s.pass = max(int(binary.BigEndian.Uint32(s.header[1:]))-counted, 0)
	if s.header[0] == 'd' && s.pass > keep {
		s.drop, s.pass = s.pass-keep, keep
		binary.BigEndian.PutUint32(s.header[1:], keep+counted)
	}
}
