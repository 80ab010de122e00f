package event

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxValue bounds what of one value is kept on record, in bytes.
const maxValue = 8 << 10

// Mask stands for a secret.
const Mask = "(secret)"

// Difference is what a change made of an object, as an entry keeps it: of either side the values that are different, nil
// for a side that is not there. secrets are the keys whose values are secrets: a text, or an object of texts.
func Difference(before, after map[string]json.RawMessage, secrets ...string) (was, is map[string]any) {
	isSecret := map[string]bool{}
	for _, key := range secrets {
		isSecret[key] = true
	}
	side := func(of, other map[string]json.RawMessage) map[string]any {
		if of == nil {
			return nil
		}
		out := map[string]any{}
		for key, value := range of {
			if others, has := other[key]; has && bytes.Equal(value, others) {
				continue
			}
			if isSecret[key] {
				out[key] = masked(value)
			} else {
				out[key] = bounded(value)
			}
		}
		return out
	}
	return side(before, after), side(after, before)
}

func masked(value json.RawMessage) any {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil || object == nil {
		if string(value) == "null" {
			return nil
		}
		return Mask
	}
	out := make(map[string]any, len(object))
	for key := range object {
		out[key] = Mask
	}
	return out
}

func bounded(value json.RawMessage) any {
	if len(value) > maxValue {
		return fmt.Sprintf("(%d bytes)", len(value))
	}
	return value
}
