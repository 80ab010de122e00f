package changes

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// reading parses a line and gives the tables it names.
func reading(line string, isCut bool) (message, []string) {
	var p parser
	var tables []string
	m := p.parse([]byte(line), isCut, func(key []byte) { tables = append(tables, string(key)) })
	return m, tables
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line   string
		isCut  bool
		kind   messageKind
		xid    uint32
		tables []string
	}{
		{line: "BEGIN 4294967295", kind: begin, xid: 4294967295},
		{line: "COMMIT 725", kind: commit, xid: 725},
		{line: "COMMIT 725 (at 2026-11-22 05:30:11.12+00)", kind: commit, xid: 725},
		{line: "table public.t: INSERT: id[integer]:1 v[text]:'table public.u: INSERT'", kind: change, tables: []string{"public\x00t"}},
		{line: "table public.t: DELETE: (no-tuple-data)", kind: change, tables: []string{"public\x00t"}},
		{line: `table "A ""b"".c: d, e"."x\y": UPDATE: id[integer]:1`, kind: change, tables: []string{`A "b".c: d, e` + "\x00" + `x\y`}},
		{line: `table public.a, "B.c".d, public."e, f": TRUNCATE: restart_seqs cascade`, kind: change, tables: []string{"public\x00a", "B.c\x00d", "public\x00e, f"}},
		{line: `message: transactional: 1 prefix: p, sz: 3 content:abc`, kind: logical},
		{line: `table public.t: INSERT: v[text]:'aaaa`, isCut: true, kind: change, tables: []string{"public\x00t"}},
		{line: `table public.a, public.b, pub`, isCut: true, kind: anything, tables: []string{"public\x00a", "public\x00b"}},
		{line: `table public.a, "pub`, isCut: true, kind: anything, tables: []string{"public\x00a"}},
		{line: "", kind: unknown},
		{line: "BEGIN x", kind: unknown},
		{line: "COMMIT -1", kind: unknown},
		{line: "table t: INSERT:", kind: unknown},
		{line: "table ", kind: unknown},
		{line: `table "a`, kind: unknown},
		{line: "PREPARE TRANSACTION 'x'", kind: unknown},
	} {
		m, tables := reading(c.line, c.isCut)
		if m.kind != c.kind || m.xid != c.xid || !slices.Equal(tables, c.tables) {
			t.Errorf("%s: got %d %d %q", c.line, m.kind, m.xid, tables)
		}
	}
	m, _ := reading("COMMIT 1 (at 2026-11-22 05:30:11.12+00)", false)
	if want := time.Date(2026, 11, 22, 5, 30, 11, 120_000_000, time.UTC); !m.at.Equal(want) {
		t.Errorf("got %v, want %v", m.at, want)
	}
}

// quoted writes a name as Postgres does; it quotes more often, which is read all the same.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// FuzzParse: nothing makes the parser fail, whatever follows the names does not matter, and a cut never hides a table
// without saying so.
func FuzzParse(f *testing.F) {
	f.Add("public", "t", "x.y: z, \"q\"", ": INSERT: id[integer]:1", uint16(20))
	f.Add("", "\"", "a", "", uint16(3))
	f.Add("é", "t", "table", ", public.x: TRUNCATE: (no-flags)", uint16(1))
	f.Fuzz(func(t *testing.T, schema, name, other, rest string, at uint16) {
		reading(rest, false)
		reading(rest, true)
		reading("table "+rest, false)
		reading("table "+rest, true)
		if schema == "" || name == "" || other == "" || strings.ContainsRune(schema+name+other, 0) {
			return // no names in Postgres
		}
		line := "table " + quoted(schema) + "." + quoted(name) + ", " + quoted(schema) + "." + quoted(other) + ": TRUNCATE: " + rest
		want := []string{tableKey(schema, name), tableKey(schema, other)}
		m, tables := reading(line, false)
		if m.kind != change || !slices.Equal(tables, want) {
			t.Fatalf("%s: got %d %q", line, m.kind, tables)
		}
		cut := line[:min(len(line), int(at))]
		if m, tables = reading(cut, true); m.kind == change && !slices.Equal(tables, want) {
			t.Errorf("%s, cut to %s, hides a table: %q", line, cut, tables)
		}
	})
}

func TestSkim_cutsOnlyLongData(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("x"), 5*keep)
	messages := []pgproto3.BackendMessage{
		&pgproto3.CopyData{Data: []byte("short")}, &pgproto3.CopyData{Data: long}, &pgproto3.CopyData{Data: long[:keep]},
		&pgproto3.CopyData{Data: long[:keep+1]}, &pgproto3.CopyData{}, &pgproto3.CopyDone{}, &pgproto3.NoticeResponse{Message: string(long)},
	}
	var wire []byte
	for _, m := range messages {
		var err error
		if wire, err = m.Encode(wire); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{1, 3, 1000, len(wire)} { // how much comes at a time
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			for rest := wire; len(rest) > 0; rest = rest[min(size, len(rest)):] {
				if _, err := far.Write(rest[:min(size, len(rest))]); err != nil {
					return
				}
			}
		}()
		front := pgproto3.NewFrontend(newSkim(near), io.Discard)
		for _, want := range messages {
			got, err := front.Receive()
			if err != nil {
				t.Fatalf("%d at a time: %v", size, err)
			}
			switch want := want.(type) {
			case *pgproto3.CopyData:
				if data := got.(*pgproto3.CopyData).Data; !bytes.Equal(data, want.Data[:min(len(want.Data), keep)]) {
					t.Errorf("%d at a time: got %d bytes of %d", size, len(data), len(want.Data))
				}
			case *pgproto3.NoticeResponse:
				if n := len(got.(*pgproto3.NoticeResponse).Message); n != len(want.Message) {
					t.Errorf("%d at a time: a message without data was cut to %d", size, n)
				}
			}
		}
		near.Close()
	}
}

func TestSnapshot_shows(t *testing.T) {
	t.Parallel()
	s, err := parseSnapshot("4294967290:8589934600:8589934595,8589934598")
	if err != nil {
		t.Fatal(err)
	}
	// 8589934592 is 2 times 2 to the 32nd: what the log calls 3 is 8589934595.
	for xid, want := range map[uint32]bool{2: true, 3: false, 6: false, 7: true, 8: false, 9: false, 4294967295: true} {
		if s.shows(xid) != want {
			t.Errorf("%d: got %v", xid, !want)
		}
	}
	for _, text := range []string{"", "1:2", "a:2:", "1:b:", "1:2:c"} {
		if _, err := parseSnapshot(text); err == nil {
			t.Errorf("%q was taken for a snapshot", text)
		}
	}
}
