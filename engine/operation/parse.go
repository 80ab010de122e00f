// Package operation reads what a client asks: it parses a document, checks it against a role's schema, coerces the
// variables and hands over a typed selection in which every value knows where it came from.
//
// It stands between schema and plan and is pure. Its errors are worded, coded and placed as Hasura's. The work is
// split by how often it must be done: Parse once per text, Resolve once per text, role and shape of the variables,
// Bind on every request.
package operation

import (
	"encoding/json"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"gatehouse/engine/fault"
)

// Request is one GraphQL request.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]json.RawMessage
}

// Kind is an operation's kind.
type Kind string

// The kinds of operation.
const (
	Query        Kind = "query"
	Mutation     Kind = "mutation"
	Subscription Kind = "subscription"
)

// Operation is one operation of a parsed document.
type Operation struct {
	Kind Kind
	Name string

	def       *ast.OperationDefinition
	fragments map[string]*ast.FragmentDefinition
	variables map[string]*ast.VariableDefinition
	used      map[string]bool // the variables that stand somewhere in what is selected
	digest    Digest

	sizeOnce sync.Once
	size     Size
}

// HasDirective tells whether the operation itself carries a directive.
func (o *Operation) HasDirective(name string) bool { return o.def.Directives.ForName(name) != nil }

// VariableDecl is a declared variable.
type VariableDecl struct {
	Name string
	// Type in GraphQL notation, "Int!".
	Type    string
	Named   string // the named type under all lists
	IsList  bool
	NonNull bool
	// HasDefault tells whether a value may be left out.
	HasDefault bool
}

// Variables are the operation's declared variables, in the order written.
func (o *Operation) Variables() []VariableDecl {
	out := make([]VariableDecl, 0, len(o.def.VariableDefinitions))
	for _, v := range o.def.VariableDefinitions {
		out = append(out, VariableDecl{
			Name: v.Variable, Type: v.Type.String(), Named: v.Type.Name(), IsList: v.Type.Elem != nil,
			NonNull: v.Type.NonNull, HasDefault: v.DefaultValue != nil,
		})
	}
	return out
}

func invalid(path, format string, args ...any) *fault.Error {
	return fault.New(fault.ValidationFailed, path, format, args...)
}

// Parse reads a document and picks the operation to run.
func Parse(text, operationName string) (*Operation, error) {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		return nil, invalid("$.query", "not a valid graphql query").WithCause(err)
	}
	def, err := pick(doc, operationName)
	if err != nil {
		return nil, err
	}
	op := &Operation{
		Kind: Kind(def.Operation), Name: def.Name, def: def,
		fragments: map[string]*ast.FragmentDefinition{}, variables: map[string]*ast.VariableDefinition{},
		used: map[string]bool{},
	}
	if op.IsCached() {
		op.digest = digest(text)
	}
	for _, f := range doc.Fragments {
		if op.fragments[f.Name] != nil {
			return nil, fault.New(fault.ParseFailed, "$", "multiple definitions for fragment %q", f.Name)
		}
		op.fragments[f.Name] = f
	}
	for _, v := range def.VariableDefinitions {
		if op.variables[v.Variable] != nil {
			return nil, fault.New(fault.ParseFailed, "$", "multiple definitions for variable %q", v.Variable)
		}
		op.variables[v.Variable] = v
	}
	u := usage{o: op, done: map[string]bool{}}
	u.directives(def.Directives)
	if err := u.selection(def.SelectionSet, "$"); err != nil {
		return op, err
	}
	for name := range op.used {
		if op.variables[name] == nil {
			return op, invalid("$", "unbound variable %q", name)
		}
	}
	return op, nil
}

// maxTokens bounds one document; a generous client sends thousands.
const maxTokens = 1_000_000

func pick(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, error) {
	if name == "" {
		if len(doc.Operations) != 1 {
			return nil, invalid("$", "exactly one operation has to be present in the document when operationName is not specified")
		}
		return doc.Operations[0], nil
	}
	for _, o := range doc.Operations {
		if o.Name == name {
			return o, nil
		}
	}
	return nil, invalid("$", "no such operation found in the document: %q", name)
}
