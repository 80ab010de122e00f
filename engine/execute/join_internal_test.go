package execute

import (
	"strings"
	"testing"

	"gatehouse/engine/translate"
)

// joinsAt joins one key under "j" and two under "rows" "k".
func joinsAt() (joins translate.Joins, one, two *translate.Join) {
	one, two = &translate.Join{Number: 1, Keys: 1}, &translate.Join{Number: 2, Keys: 2}
	return translate.Joins{{Key: "j", Join: one}, {Key: "rows", Inside: translate.Joins{{Key: "k", Join: two}}}}, one, two
}

const joinedTo = ` [ {"a":"\"j\":\"x\"","j":"1","rows":[ {"k" : ["1", "a\"b\\c"], "b":{"k":["no","no"]}}, {"k":null} ]} , ` + "\n" +
	`{"j":"2","a":{"j":"no"},"c":[1,-2.5e3,true,null,"]}"],"rows":[]},{"rows":{"k":["1", "a\"b\\c"]},"j" : "1"},{"j":null,"rows":null},null]`

func scanned(t *testing.T, text string) (*scanner, []*batch, error) {
	t.Helper()
	joins, _, _ := joinsAt()
	var batches []*batch
	s := &scanner{document: document{json: []byte(text)}}
	err := s.scan(&batches, s.value, joins)
	return s, batches, err
}

// Keys are found where response keys lead, and nowhere else; each combination goes once.
func TestScanner(t *testing.T) {
	t.Parallel()
	s, batches, err := scanned(t, joinedTo)
	if err != nil {
		t.Fatal(err)
	}
	if len(batches) != 2 {
		t.Fatalf("%d batches", len(batches))
	}
	var got []string
	for _, b := range batches {
		for i := range b.texts {
			got = append(got, b.texts[i].String()+"}")
		}
		b.document = document{json: []byte("[one]")}
		for range b.rows {
			b.values = append(b.values, stretch{from: 1, to: 4})
		}
	}
	if got, want := strings.Join(got, " "), `{"1","2"} {"1"} {"a\"b\\c"}`; got != want {
		t.Errorf("keys: got %s, want %s", got, want)
	}
	want := ` [ {"a":"\"j\":\"x\"","j":one,"rows":[ {"k" : one, "b":{"k":["no","no"]}}, {"k":null} ]} , ` + "\n" +
		`{"j":one,"a":{"j":"no"},"c":[1,-2.5e3,true,null,"]}"],"rows":[]},{"rows":{"k":one},"j" : one},{"j":null,"rows":null},null]`
	if got := string(s.document.append(nil, s.whole())); got != want {
		t.Errorf("filled in:\ngot  %s\nwant %s", got, want)
	}
}

// What is not as expected is an error, wherever it ends.
func TestScanner_refusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	whole := strings.TrimRight(joinedTo, " ")
	for i := range whole {
		if _, _, err := scanned(t, whole[:i]); err == nil {
			t.Fatalf("no error after %d bytes", i)
		}
	}
	for _, text := range []string{"", "{", `{"j"}`, `{"j":}`, `{j:1}`, `{"j":"1"}}`, `[1 2]`, `{"rows":{"k":["1"]}}`, `{"rows":{"k":["1","2","3"]}}`, `{"rows":{"k":"1"}}`, `{"a":"\"}`} {
		if _, _, err := scanned(t, text); err == nil {
			t.Errorf("no error: %s", text)
		}
	}
	for _, text := range []string{"", "1", "[", `[{"v":1]`, `[1]`, `{"v":1}`, `[{"v":}]`, `[{"v":1}`} {
		s := &scanner{document: document{json: []byte(text)}}
		if err := s.scan(nil, func(joins translate.Joins) { s.rows(joins) }, nil); err == nil {
			t.Errorf("no error: %s", text)
		}
	}
}
