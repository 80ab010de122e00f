package translate

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// tree is what the builder makes of { artist { id name albums { id title tracks { id name ms } } } }.
func tree() *Flat {
	return &Flat{
		formats: []int16{1, 1, 1, 1, 1, 1},
		levels: []flatObject{
			{members: []flatMember{{before: `{"id":`, kind: asInteger, column: 3}, {before: `,"name":`, kind: asString, column: 4}, {before: `,"ms":`, kind: asInteger, column: 5}}, end: "}"},
			{members: []flatMember{{before: `{"id":`, kind: asInteger, column: 3}, {before: `,"title":`, kind: asString, column: 4}, {before: `,"tracks":`, kind: asList, level: 0}}, end: "}"},
			{members: []flatMember{{before: `{"id":`, kind: asInteger, column: 3}, {before: `,"name":`, kind: asString, column: 4}, {before: `,"albums":`, kind: asList, level: 1}}, end: "}"},
		},
	}
}

func num(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// treeRows are the rows of 80 artists with two albums of six tracks each.
func treeRows() [][][]byte {
	var rows [][][]byte
	for track := range 960 {
		rows = append(rows, [][]byte{num(0), num(track/6 + 1), nil, num(track), fmt.Appendf(nil, "Track %d \"of\" them", track), num(track * 1000)})
	}
	for album := range 160 {
		rows = append(rows, [][]byte{num(1), num(album/2 + 1), num(album + 1), num(album), fmt.Appendf(nil, "Album %d", album), nil})
	}
	for artist := range 80 {
		rows = append(rows, [][]byte{num(2), nil, num(artist + 1), num(artist), fmt.Appendf(nil, "Artist %d", artist), nil})
	}
	return rows
}

func TestWriter_putsRowsUnderTheirParents(t *testing.T) {
	w := tree().Writer()
	for _, row := range treeRows() {
		if err := w.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	var got []struct {
		ID     int
		Albums []struct {
			ID     int
			Tracks []struct{ ID, MS int }
		}
	}
	if err := json.Unmarshal(w.AppendJSON(nil), &got); err != nil || len(got) != 80 {
		t.Fatalf("%v: %d artists", err, len(got))
	}
	for i, artist := range got {
		for j, album := range artist.Albums {
			for k, track := range album.Tracks {
				if artist.ID != i || album.ID != 2*i+j || track.ID != 6*album.ID+k || track.MS != 1000*track.ID || len(artist.Albums) != 2 || len(album.Tracks) != 6 {
					t.Fatalf("artist %d, album %d, track %d: %+v", i, j, k, artist)
				}
			}
		}
	}
}

// Rows of one parent may arrive in several parts, and parents without rows have none.
func TestWriter_rowsOfAParentMayArriveApart(t *testing.T) {
	f := tree()
	for range 2 { // the second time with a used writer
		w := f.Writer()
		for _, row := range [][][]byte{
			{num(0), num(3), nil, num(30), []byte("a"), nil},
			{num(0), num(1), nil, num(10), nil, num(-1)},
			{num(0), num(3), nil, num(31), []byte(""), num(0)},
			{num(1), num(1), num(1), num(1), []byte("one"), nil},
			{num(1), num(1), num(2), num(2), []byte("two"), nil},
			{num(1), num(1), num(3), num(3), []byte("three"), nil},
			{num(2), nil, num(1), num(7), []byte("x"), nil},
			{num(2), nil, num(2), num(8), nil, nil},
		} {
			if err := w.Row(row); err != nil {
				t.Fatal(err)
			}
		}
		const want = `[{"id":7,"name":"x","albums":[{"id":1,"title":"one","tracks":[{"id":10,"name":null,"ms":-1}]},{"id":2,"title":"two","tracks":[]},` +
			`{"id":3,"title":"three","tracks":[{"id":30,"name":"a","ms":null},{"id":31,"name":"","ms":0}]}]},{"id":8,"name":null,"albums":[]}]`
		if got := string(w.AppendJSON(nil)); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

// Rows come in any order and any mixture of parents, and leave sorted by their keys, equal ones as they came.
func TestWriter_sortsRowsByWholeNumbers(t *testing.T) {
	f := tree()
	f.levels[0].order = []flatKey{{column: 5, desc: true}, {column: 3}}
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		type track struct{ parent, id, ms, came int }
		var tracks []track
		w := f.Writer()
		for came := range random.IntN(60) {
			x := track{1 + random.IntN(3), random.IntN(4), random.IntN(4) - 2, came}
			if random.IntN(3) > 0 && came > 0 {
				x.parent = tracks[came-1].parent
			}
			tracks = append(tracks, x)
			if err := w.Row([][]byte{num(0), num(x.parent), nil, num(x.id), []byte(strconv.Itoa(came)), num(x.ms)}); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(tracks, func(a, b track) int { return cmp.Or(cmp.Compare(b.ms, a.ms), cmp.Compare(a.id, b.id)) })
		want := "["
		for parent := range 3 {
			if err := w.Row([][]byte{num(1), num(1), num(parent + 1), num(parent), nil, nil}); err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, x := range tracks {
				if x.parent == parent+1 {
					all = append(all, fmt.Sprintf(`{"id":%d,"name":"%d","ms":%d}`, x.id, x.came, x.ms))
				}
			}
			if parent > 0 {
				want += ","
			}
			want += fmt.Sprintf(`{"id":%d,"title":null,"tracks":[%s]}`, parent, strings.Join(all, ","))
		}
		if err := w.Row([][]byte{num(2), nil, num(1), num(0), nil, nil}); err != nil {
			t.Fatal(err)
		}
		if got, want := string(w.AppendJSON(nil)), `[{"id":0,"name":null,"albums":`+want+`]}]`; got != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	}
}

// Nothing is given out under the wrong parent when Postgres does not keep to the order of the levels.
func TestWriter_refusesRowsOutOfOrder(t *testing.T) {
	w := tree().Writer()
	if err := w.Row([][]byte{num(1), num(1), num(1), num(1), nil, nil}); err != nil {
		t.Fatal(err)
	}
	if err := w.Row([][]byte{num(0), num(1), nil, num(1), nil, nil}); err == nil {
		t.Error("a child after its parent was taken")
	}
	if err := tree().Writer().Row([][]byte{num(1), num(1), num(2), num(1), nil, nil}); err == nil {
		t.Error("the second row was taken for the first")
	}
	if err := tree().Writer().Row([][]byte{num(3), nil, nil, nil, nil, nil}); err == nil {
		t.Error("a row of no level was taken")
	}
	if err := tree().Writer().Row([][]byte{num(0)}); err == nil {
		t.Error("a row with too few columns was taken")
	}
}

func TestAppendQuoted_isJSONWhateverTheLength(t *testing.T) {
	for length := range 20 {
		for c := range 0x80 {
			for at := range length {
				text := []byte("\u00e9\u20ac\U0001f600\x7f~ !#[]azAZ09")[:length]
				text[at] = byte(c)
				want, _ := json.Marshal(string(text))
				var back string
				if got := appendQuoted(nil, text); utf8.Valid(text) && (json.Unmarshal(got, &back) != nil || back != string(text)) {
					t.Fatalf("%q became %s, as in %s", text, got, want)
				}
			}
		}
	}
}

func TestIsNumber_isTheGrammarOfJSON(t *testing.T) {
	for _, s := range []string{"0", "-0", "12", "-12.50", "1e20", "1E-7", "1.5e+300", "0.1"} {
		if !isNumber([]byte(s)) || !json.Valid([]byte(s)) {
			t.Errorf("%s is a number", s)
		}
	}
	for _, s := range []string{"", "-", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "1e", "+1", "0x1", "1,2", "--1"} {
		if isNumber([]byte(s)) || json.Valid([]byte(s)) {
			t.Errorf("%q is no number", s)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	sorted := tree()
	sorted.levels[0].order = []flatKey{{column: 3}}
	for name, c := range map[string]struct {
		flat *Flat
		rows [][][]byte
	}{
		"tree":   {tree(), treeRows()},
		"sorted": {sorted, treeRows()},
		"list": {
			&Flat{formats: []int16{1, 1, 1}, levels: []flatObject{{members: []flatMember{
				{before: `{"album_id":`, kind: asInteger, column: 0}, {before: `,"title":`, kind: asString, column: 1}, {before: `,"artist_id":`, kind: asInteger, column: 2},
			}, end: "}"}}},
			func() (rows [][][]byte) {
				for i := range 50 {
					rows = append(rows, [][]byte{num(i), fmt.Appendf(nil, "Album %d", i), num(i)})
				}
				return rows
			}(),
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var body []byte
			for b.Loop() {
				w := c.flat.Writer()
				for _, row := range c.rows {
					if err := w.Row(row); err != nil {
						b.Fatal(err)
					}
				}
				if body = w.AppendJSON(body[:0]); len(body) == 0 {
					b.Fatal("no JSON")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.rows)), "ns/row")
		})
	}
}
