package schema

import "encoding/json"

// Value is where the content of an operand comes from. It is one of *Literal, *Variable, *Template, SessionVariable,
// SessionJSON and *Produced.
type Value interface{ value() }

type (
	// Literal is written in the operation or in the metadata, as JSON.
	Literal struct{ JSON json.RawMessage }
	// Variable is (a part of) a variable's value. Path holds object keys (string) and list positions (int).
	Variable struct {
		Name string
		Path []any
	}
	// Template is JSON written in the operation with variables inside: Parts[0] Holes[0] Parts[1] …
	Template struct {
		Parts []string
		Holes []*Variable
	}
	// SessionVariable is a session variable, name in lower case.
	SessionVariable struct{ Name string }
	// SessionJSON is the object of all session variables.
	SessionJSON struct{}
	// Produced is a column of a row that an earlier step of a nested insert wrote, or that a stream gave last.
	Produced struct {
		Step   int
		Column string
	}
)

func (*Literal) value()        {}
func (*Variable) value()       {}
func (*Template) value()       {}
func (SessionVariable) value() {}
func (SessionJSON) value()     {}
func (Produced) value()        {}

// At is the part of the variable under a key (string) or list position (int).
func (v *Variable) At(step any) *Variable {
	path := make([]any, len(v.Path)+1)
	copy(path, v.Path)
	path[len(v.Path)] = step
	return &Variable{Name: v.Name, Path: path}
}
