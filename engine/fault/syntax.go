package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Syntax refuses what is no JSON as Hasura does: code invalid-json, "Error in $: …". nil when it is.
func Syntax(body []byte) error {
	if json.Valid(body) {
		return nil
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(body, new(json.RawMessage))
	if len(bytes.TrimSpace(body)) == 0 ||
		errors.As(err, &syntax) && syntax.Offset >= int64(len(body)) && strings.Contains(err.Error(), "unexpected end") {
		return New(InvalidJSON, "", "Error in $: not enough input")
	}
	return New(InvalidJSON, "", "Error in $: Failed reading: not a valid json value: %s", err)
}

// Decode reads data, which must be of the wanted JSON kind, and words a mismatch as Hasura's JSON library does: what is
// how that calls the target.
func Decode(path string, data json.RawMessage, what, wanted string, target any) error {
	if kind := JSONKind(data); kind != wanted {
		return New(ParseFailed, path, "parsing %s failed, expected %s, but encountered %s", what, wanted, kind)
	}
	if err := json.Unmarshal(data, target); err != nil {
		return New(ParseFailed, path, "parsing %s failed: %s", what, err)
	}
	return nil
}

// IsNull tells whether data is JSON's null.
func IsNull(data json.RawMessage) bool { return JSONKind(data) == "Null" }
