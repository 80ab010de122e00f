package changes

import (
	"bytes"
	"strconv"
	"time"
)

// message is what a line of test_decoding's output says. Of a row only the table is read; its values come after and are
// not looked at.
type message struct {
	kind messageKind
	// xid is the transaction's number, of begin and commit.
	xid uint32
	// at is when a commit happened, on the server's clock; zero where the line does not say.
	at time.Time
	// prefix is a logical message's, valid until the line is overwritten.
	prefix []byte
}

type messageKind byte

const (
	// logical is a message that somebody put into the log; it says nothing of tables.
	logical messageKind = iota
	begin
	commit
	// change names tables, which parse gives one by one.
	change
	// anything is a change to tables of which not all are known: the line was cut before their names ended.
	anything
	// unknown is a line that is not understood.
	unknown
)

// parse reads a line; isCut: its end is missing. Each table it names is given as the key of its name, which is valid
// until the next call only (PG: contrib/test_decoding/test_decoding.c).
func (p *parser) parse(line []byte, isCut bool, table func(key []byte)) message {
	if rest, ok := bytes.CutPrefix(line, []byte("table ")); ok {
		return p.tables(rest, isCut, table)
	}
	if rest, ok := bytes.CutPrefix(line, []byte("BEGIN ")); ok {
		if xid, err := strconv.ParseUint(string(rest), 10, 32); err == nil {
			return message{kind: begin, xid: uint32(xid)}
		}
		return message{kind: unknown}
	}
	if rest, ok := bytes.CutPrefix(line, []byte("COMMIT ")); ok {
		number, at, _ := bytes.Cut(rest, []byte(" (at "))
		xid, err := strconv.ParseUint(string(number), 10, 32)
		if err != nil {
			return message{kind: unknown}
		}
		m := message{kind: commit, xid: uint32(xid)}
		m.at, _ = time.Parse("2006-01-02 15:04:05.999999-07)", string(at)) // without it the delay is not known
		return m
	}
	if rest, ok := bytes.CutPrefix(line, []byte("message: transactional: ")); ok {
		_, prefix, _ := bytes.Cut(rest, []byte(" prefix: "))
		prefix, _, _ = bytes.Cut(prefix, []byte(", sz: "))
		return message{kind: logical, prefix: prefix}
	}
	return message{kind: unknown}
}

// parser holds the room for a table's key.
type parser struct{ key []byte }

// tables reads `schema.name: INSERT: …`, or with TRUNCATE several names apart by ", ".
func (p *parser) tables(line []byte, isCut bool, table func(key []byte)) message {
	broken := message{kind: unknown}
	if isCut {
		broken.kind = anything
	}
	for {
		var ok bool
		p.key = p.key[:0]
		if line, ok = p.identifier(line); !ok || len(line) == 0 || line[0] != '.' {
			return broken
		}
		p.key = append(p.key, 0)
		if line, ok = p.identifier(line[1:]); !ok {
			return broken
		}
		table(p.key)
		switch {
		case bytes.HasPrefix(line, []byte(", ")):
			line = line[2:]
		case bytes.HasPrefix(line, []byte(": ")):
			return message{kind: change}
		default:
			return broken
		}
	}
}

// identifier reads a name as quote_identifier writes it onto the key, and gives what is left. A name holds no zero byte.
func (p *parser) identifier(line []byte) (rest []byte, ok bool) {
	if len(line) == 0 {
		return nil, false
	}
	if line[0] != '"' {
		end := bytes.IndexAny(line, ".:,")
		if end <= 0 {
			return nil, false
		}
		p.key = append(p.key, line[:end]...)
		return line[end:], true
	}
	for line = line[1:]; ; {
		end := bytes.IndexByte(line, '"')
		if end < 0 {
			return nil, false
		}
		p.key = append(p.key, line[:end]...)
		line = line[end+1:]
		if len(line) == 0 || line[0] != '"' {
			return line, true
		}
		p.key = append(p.key, '"')
		line = line[1:]
	}
}

// tableKey is a table's key.
func tableKey(schema, name string) string { return schema + "\x00" + name }
