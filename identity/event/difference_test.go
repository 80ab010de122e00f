package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gatehouse/identity/event"
)

func TestDifference(t *testing.T) {
	t.Parallel()
	object := func(text string) (o map[string]json.RawMessage) {
		if text != "" {
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				t.Fatal(err)
			}
		}
		return o
	}
	for name, c := range map[string]struct{ before, after, was, is string }{
		"made":            {"", `{"a":1,"password":"hash"}`, `null`, `{"a":1,"password":"(secret)"}`},
		"deleted":         {`{"a":1,"password":null}`, "", `{"a":1,"password":null}`, `null`},
		"one value":       {`{"a":1,"b":[2]}`, `{"a":1,"b":[3]}`, `{"b":[2]}`, `{"b":[3]}`},
		"another secret":  {`{"password":"x"}`, `{"password":"y"}`, `{"password":"(secret)"}`, `{"password":"(secret)"}`},
		"secrets by name": {`{"secrets":{"a":"x"}}`, `{"secrets":{"a":"x","b":"y"}}`, `{"secrets":{"a":"(secret)"}}`, `{"secrets":{"a":"(secret)","b":"(secret)"}}`},
		"a key more":      {`{}`, `{"a":null}`, `{}`, `{"a":null}`},
		"much":            {`{"a":""}`, `{"a":"` + strings.Repeat("x", 9000) + `"}`, `{"a":""}`, `{"a":"(9002 bytes)"}`},
	} {
		was, is := event.Difference(object(c.before), object(c.after), "password", "secrets")
		if got, _ := json.Marshal(was); string(got) != c.was {
			t.Errorf("%s: was %s, want %s", name, got, c.was)
		}
		if got, _ := json.Marshal(is); string(got) != c.is {
			t.Errorf("%s: is %s, want %s", name, got, c.is)
		}
	}
}
