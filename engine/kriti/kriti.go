// Package kriti is the template language of Hasura's request and response transforms: JSON with `{{ … }}` in it, path
// lookups, conditions, loops and a few functions.
//
// It is pure and bounded: a template is parsed once, evaluated against JSON values, and neither can panic, recurse
// without end or make more than a stated amount of data. Errors have Hasura's codes, texts and source positions.
// Differences from the original are all on the generous side: braces may stand inside an expression, strings know
// JSON's escapes, and an optional lookup (`?.`) on null is null.
package kriti

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// The codes of errors, as they stand under "error_code".
const (
	ParseError     = "Parse Error"
	LexError       = "Lex Error"
	AttributeError = "Attribute Error"
	NameError      = "Name Error"
	TypeError      = "Type Error"
	RangeError     = "Out of Range Error"
	FunctionError  = "Function Error"
)

// Error is what is wrong with a template or its evaluation. Its JSON is what Hasura shows.
type Error struct {
	Code     string `json:"error_code"`
	Message  string `json:"message"`
	Position Span   `json:"source_position"`
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s at line %d, column %d: %s", e.Code, e.Position.StartLine+1, e.Position.StartColumn, e.Message)
}

// Span is a piece of a template. Lines count from 0, columns from 1, in characters; the end is exclusive.
type Span struct {
	StartLine   int `json:"start_line"`
	StartColumn int `json:"start_column"`
	EndLine     int `json:"end_line"`
	EndColumn   int `json:"end_column"`
}

// to is the span from the start of s to the end of other.
func (s Span) to(other Span) Span {
	return Span{s.StartLine, s.StartColumn, other.EndLine, other.EndColumn}
}

// Template is a parsed template. It is safe for concurrent use.
type Template struct{ root expr }

// Parse reads a template that makes a JSON value.
func Parse(text string) (*Template, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root, err := p.template()
	if err != nil {
		return nil, err
	}
	return &Template{root}, nil
}

// ParseText reads a template that makes a text: a URL, a header, a form field. Positions count from an opening quote
// that is put before it, as Hasura does.
func ParseText(text string) (*Template, error) { return Parse(`"` + text + `"`) }

// Function is a function templates may call. Its error's text is shown.
type Function func(argument any) (any, error)

// Scope is what a template may refer to. Values are JSON as Decode gives it.
type Scope struct {
	Variables map[string]any
	// Functions are added to the built-in ones.
	Functions map[string]Function
}

// Evaluate makes the template's value. It shares parts with the scope's values: neither may be changed afterwards.
func (t *Template) Evaluate(s Scope) (any, error) {
	e := &evaluation{functions: s.Functions, budget: maxSteps}
	return e.eval(t.root, &binding{values: s.Variables})
}

// Decode reads a JSON value: nil, bool, json.Number, string, []any or map[string]any.
func Decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("unexpected data after the JSON value")
	}
	return v, nil
}
