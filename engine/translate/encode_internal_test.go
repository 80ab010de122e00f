package translate

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// plainly is arrayText as one would write it without regard to what it costs.
func plainly(raw []byte, documents bool) string {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	texts := make([]string, len(items))
	for i, item := range items {
		item = bytes.TrimSpace(item)
		var s string
		switch {
		case string(item) == "null":
			texts[i] = "NULL"
			continue
		case item[0] == '[' && !documents:
			texts[i] = plainly(item, false)
			continue
		case documents || json.Unmarshal(item, &s) != nil:
			s = string(item)
		}
		texts[i] = `"` + ArrayEscapes.Replace(s) + `"`
	}
	return "{" + strings.Join(texts, ",") + "}"
}

func randomJSON(r *rand.Rand, depth int) string {
	space := func() string { return []string{"", "", " ", "\n\t"}[r.IntN(4)] }
	scalars := []string{`null`, `true`, `-1.5e3`, `""`, `"a,b"`, `"[\"]{}"`, `"\\"`, `"é\u00e9"`, `"null"`, `0`}
	if depth == 0 || r.IntN(3) == 0 {
		return scalars[r.IntN(len(scalars))]
	}
	var parts []string
	for range r.IntN(4) {
		parts = append(parts, space()+randomJSON(r, depth-1)+space())
	}
	if r.IntN(3) > 0 {
		return "[" + space() + strings.Join(parts, ",") + "]"
	}
	for i, p := range parts {
		parts[i] = `"k\"` + string(rune('a'+i)) + `":` + p
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestArrayText(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		raw := randomJSON(r, 4)
		for _, documents := range []bool{false, true} {
			if got, want := arrayText([]byte(raw), documents), plainly([]byte(raw), documents); got != want {
				t.Fatalf("%s, documents: %t\ngot  %s\nwant %s", raw, documents, got, want)
			}
		}
	}
	for _, broken := range []string{"", "[", `["`, `["\`, "[}", "[1,", "{", `"`, "[[", "]"} {
		_ = arrayText([]byte(broken), false) // ends
	}
}

// A value that is as deep as JSON may be is read once, and not once for every level: what a client sends costs what it weighs.
func TestDeepValues_costWhatTheyWeigh(t *testing.T) {
	t.Parallel()
	content := `"` + strings.Repeat("x", 1<<20) + `"`
	list := []byte(strings.Repeat("[", 9_000) + content + strings.Repeat("]", 9_000))
	geometry := []byte(strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 4_900) + `{"type":"Point","coordinates":` + content + `}` + strings.Repeat("]}", 4_900))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if text := arrayText(list, false); len(text) != len(list) {
			t.Errorf("%d bytes became %d", len(list), len(text))
		}
		if err := checkGeoJSON(geometry, "$"); err == nil || !strings.Contains(err.Error(), "Position") {
			t.Errorf("a text for a position: %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("does not end within 20 s")
	}
}
