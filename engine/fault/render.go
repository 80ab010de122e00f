package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Body is the error as Hasura's metadata API and REST endpoints write it: {"path","error","code"} and, when asked for
// and there, "internal" last.
func (e *Error) Body(showInternal bool) []byte {
	b := struct {
		Path     string `json:"path"`
		Error    string `json:"error"`
		Code     string `json:"code"`
		Internal any    `json:"internal,omitempty"`
	}{e.path(), e.Message, e.Code, nil}
	if showInternal {
		b.Internal = e.Internal
	}
	return encode(b)
}

// GraphQL is the error as an element of a GraphQL response's `errors`.
func (e *Error) GraphQL(showInternal bool) json.RawMessage {
	extensions := e.Extensions
	if extensions == nil {
		x := struct {
			Path     string `json:"path"`
			Code     string `json:"code"`
			Internal any    `json:"internal,omitempty"`
		}{e.path(), e.Code, nil}
		if showInternal {
			x.Internal = e.Internal
		}
		extensions = x
	}
	return encode(struct {
		Message    string `json:"message"`
		Extensions any    `json:"extensions"`
	}{e.Message, extensions})
}

// GraphQLBody is a GraphQL response that is nothing but this error.
func (e *Error) GraphQLBody(showInternal bool) []byte {
	return encode(struct {
		Errors []json.RawMessage `json:"errors"`
	}{[]json.RawMessage{e.GraphQL(showInternal)}})
}

func (e *Error) path() string {
	if e.Path == "" {
		return Root
	}
	return e.Path
}

func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Internal and Extensions are values of ours or decoded JSON; one that does not encode is a broken invariant.
		panic(fmt.Sprintf("fault: an error does not encode: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
