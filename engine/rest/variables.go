package rest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/fault"
)

// Values gathers the variables of one request: the path's over the body's over the query string's (and a form's).
func (e *Endpoint) Values(path map[string]string, query url.Values, body map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	type given struct {
		text   string
		isText bool
		json   json.RawMessage
	}
	all := make(map[string]given)
	for name, texts := range query {
		if len(texts) > 0 {
			all[name] = given{text: texts[len(texts)-1], isText: true}
		}
	}
	for name, value := range body {
		all[name] = given{json: value}
	}
	for name, text := range path {
		all[name] = given{text: text, isText: true}
	}
	names := make([]string, 0, len(all))
	for name := range all {
		if isName(name) { // Hasura's variables are keyed by GraphQL name: anything else cannot be one
			names = append(names, name)
		}
	}
	sort.Strings(names) // the same request always gets the same error
	out := make(map[string]json.RawMessage, len(names))
	for _, name := range names {
		def := e.Variables.ForName(name)
		if def == nil {
			return nil, fault.New(fault.BadRequest, "", "Unexpected variable %s", name)
		}
		value := all[name].json
		if all[name].isText {
			var err error
			if value, err = fromText(def, all[name].text); err != nil {
				return nil, err
			}
		}
		if value != nil {
			out[name] = value
		}
	}
	return out, nil
}

var (
	booleanTypes = []string{"Bool", "Boolean"}
	numberTypes  = []string{"Int", "Float", "Number", "Double", "float8", "numeric"}
)

// fromText reads a variable out of a URL: booleans and numbers where the variable is one, else text. nil leaves it unset.
func fromText(def *ast.VariableDefinition, text string) (json.RawMessage, error) {
	if def.Type.Elem != nil {
		return nil, fault.New(fault.BadRequest, "", "List variables are not currently supported in URL or Query parameters. (Variable %s, with value %s)",
			def.Variable, quote(text))
	}
	switch {
	case text == "" && def.Type.NamedType == "Boolean":
		return json.RawMessage("true"), nil // a standalone key
	case text == "" && !def.Type.NonNull:
		return nil, nil
	case (text == "true" || text == "false") && slices.Contains(booleanTypes, def.Type.NamedType):
		return json.RawMessage(text), nil
	case slices.Contains(numberTypes, def.Type.NamedType) && isNumber(text):
		return json.RawMessage(text), nil
	default:
		return json.RawMessage(quote(text)), nil
	}
}

func isNumber(text string) bool {
	var n json.Number
	return text != "" && text[0] != '"' && json.Unmarshal([]byte(text), &n) == nil && n == json.Number(text)
}

func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("rest: a string always has a JSON form: %v", err))
	}
	return string(b)
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
