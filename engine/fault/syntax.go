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
