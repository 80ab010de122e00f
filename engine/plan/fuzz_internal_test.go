package plan

import (
	"encoding/base64"
	"encoding/json"
	"testing"
)

// FuzzNodeID: a global id is one that names a table and a key, or an error; what is read is what was written.
func FuzzNodeID(f *testing.F) {
	for _, seed := range []string{
		`[1,"public","author",1]`, `[1, "public", "Order Line", 1, "pen"]`, `[2,"a","b",1]`, `[1]`, `[]`, `{}`, `[1,2,3,4]`, `[1,"a","b",{"c":[null]}]`, `[1e0,"a","b",1]`, `["1"]`, `[1,"\ud800","b",1]`, `null`, `[1,"a","b",1`,
	} {
		f.Add(base64.StdEncoding.EncodeToString([]byte(seed)))
	}
	f.Add("not base64 at all!")
	f.Add("WzE")
	f.Fuzz(func(t *testing.T, id string) {
		read, err := parseNodeID(id)
		if err != nil {
			return
		}
		if len(read.values) == 0 {
			t.Fatalf("%q has no key", id)
		}
		items := []any{1, read.schema, read.table}
		for _, v := range read.values {
			if !json.Valid(v) {
				t.Fatalf("%q has the key %q", id, v)
			}
			items = append(items, v)
		}
		raw, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseNodeID(base64.StdEncoding.EncodeToString(raw))
		if err != nil || again.schema != read.schema || again.table != read.table || len(again.values) != len(read.values) {
			t.Fatalf("%q is read as %v, and that as %v: %v", id, read, again, err)
		}
	})
}
