// Package rest knows RESTified endpoints: stored GraphQL operations served at URL templates under /api/rest.
//
// It checks templates, matches requests to them and reads variables out of paths, query strings and bodies (Hasura:
// Server/Rest, RQL/Types/Endpoint). It is pure; transport serves what it finds, and permissions apply there as to any
// operation.
package rest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// Endpoint is one endpoint with its operation.
type Endpoint struct {
	*metadata.RESTEndpoint
	// Text is the stored operation.
	Text string
	// Variables are the operation's variables, in order.
	Variables ast.VariableDefinitionList
	segments  []segment
	operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList
}

// segment is one step of a template: a literal, or a variable written ":name".
type segment struct {
	text       string
	isVariable bool
}

// Endpoints are all endpoints that can be served; a nil one has none.
type Endpoints struct {
	all []*Endpoint
}

// Compile prepares endpoints for matching. Those with a problem are left out; Check tells which.
func Compile(m *metadata.Metadata) *Endpoints {
	var e Endpoints
	for _, def := range m.RESTEndpoints {
		if endpoint, problem := compile(def, m.QueryCollections); problem == nil {
			e.all = append(e.all, endpoint)
		}
	}
	return &e
}

// All are the endpoints, in the order of the metadata.
func (e *Endpoints) All() []*Endpoint {
	if e == nil {
		return nil
	}
	return e.all
}

// Match finds the endpoint of a request. path is what follows /api/rest/, still escaped; the values are those of the
// template's variables.
func (e *Endpoints) Match(method, path string) (*Endpoint, map[string]string, error) {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		decoded, err := url.PathUnescape(p)
		if err != nil {
			return nil, nil, notFound()
		}
		parts[i] = decoded
	}
	var found *Endpoint
	var allowed []string
	for _, candidate := range e.All() {
		switch {
		case !candidate.matches(parts):
		case !slices.Contains(candidate.Methods, method):
			allowed = append(allowed, candidate.Methods...)
		case found != nil:
			return nil, nil, fault.New(fault.Unexpected, "", "Multiple endpoints match request")
		default:
			found = candidate
		}
	}
	switch {
	case found != nil:
		return found, found.values(parts), nil
	case len(allowed) > 0:
		slices.Sort(allowed)
		return nil, nil, fault.New(fault.MethodNotAllowed, "", "Allowed methods: %s", strings.Join(slices.Compact(allowed), ", "))
	default:
		return nil, nil, notFound()
	}
}

func notFound() error {
	return fault.New(fault.NotFound, "", "Endpoint not found").WithStatus(404)
}

func (e *Endpoint) matches(parts []string) bool {
	if len(parts) != len(e.segments) {
		return false
	}
	for i, s := range e.segments {
		if !s.isVariable && s.text != parts[i] {
			return false
		}
	}
	return true
}

// values are those of the template's variables in a path that matches.
func (e *Endpoint) values(parts []string) map[string]string {
	values := make(map[string]string)
	for i, s := range e.segments {
		if s.isVariable {
			values[s.text] = parts[i]
		}
	}
	return values
}

func split(template string) []segment {
	var segments []segment
	for part := range strings.SplitSeq(template, "/") {
		name, isVariable := strings.CutPrefix(part, ":")
		segments = append(segments, segment{text: name, isVariable: isVariable})
	}
	return segments
}

// compile checks one endpoint by itself.
func compile(def *metadata.RESTEndpoint, collections []*metadata.QueryCollection) (*Endpoint, *Problem) {
	e := &Endpoint{RESTEndpoint: def, segments: split(def.URL)}
	seen := make(map[string]bool)
	for _, s := range e.segments {
		if s.text == "" {
			return nil, problem(def, "Empty segments or unnamed variables are not allowed: "+def.URL)
		}
		if s.isVariable && seen[s.text] {
			return nil, problem(def, "Duplicate variables found in endpoint path: "+def.URL)
		}
		seen[s.text] = s.isVariable || seen[s.text]
	}
	text, err := storedQuery(def, collections)
	if err != nil {
		return nil, problem(def, fmt.Sprintf("Inconsistent object: in endpoint %s: %v", def.Name, err))
	}
	doc, err := single(text)
	if err != nil {
		return nil, problem(def, fmt.Sprintf("Inconsistent object: in endpoint %s: query with name %s %v", def.Name, def.Query, err))
	}
	e.Text, e.operation, e.fragments = text, doc.Operations[0], doc.Fragments
	e.Variables = e.operation.VariableDefinitions
	return e, nil
}

func storedQuery(def *metadata.RESTEndpoint, collections []*metadata.QueryCollection) (string, error) {
	for _, c := range collections {
		if c.Name != def.Collection {
			continue
		}
		for _, q := range c.Queries {
			if q.Name == def.Query {
				return q.Query, nil
			}
		}
		return "", fmt.Errorf("query with name %s does not exist in collection %s", def.Query, def.Collection)
	}
	return "", fmt.Errorf("collection with name %s does not exist", def.Collection)
}

// single reads a stored query, which must be one operation that HTTP can answer.
func single(text string) (*ast.QueryDocument, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	switch {
	case err != nil:
		return nil, errors.New("is not a valid GraphQL query")
	case len(doc.Operations) != 1:
		return nil, errors.New("should contain exactly one operation")
	case hasCycle(doc.Fragments):
		return nil, errors.New("is not a valid GraphQL query")
	case doc.Operations[0].Operation == ast.Subscription:
		return nil, errors.New("is a subscription")
	}
	return doc, nil
}

// hasCycle tells whether a fragment contains itself: such a query has no end.
func hasCycle(fragments ast.FragmentDefinitionList) bool {
	const visiting, done = 1, 2
	state := make(map[string]int)
	var visit func(set ast.SelectionSet) bool
	visit = func(set ast.SelectionSet) bool {
		return slices.ContainsFunc(set, func(s ast.Selection) bool {
			switch s := s.(type) {
			case *ast.Field:
				return visit(s.SelectionSet)
			case *ast.InlineFragment:
				return visit(s.SelectionSet)
			case *ast.FragmentSpread:
				f := fragments.ForName(s.Name)
				if f == nil || state[s.Name] == done {
					return false
				}
				if state[s.Name] == visiting {
					return true
				}
				state[s.Name] = visiting
				found := visit(f.SelectionSet)
				state[s.Name] = done
				return found
			default:
				return false
			}
		})
	}
	return slices.ContainsFunc(fragments, func(f *ast.FragmentDefinition) bool {
		return visit(ast.SelectionSet{&ast.FragmentSpread{Name: f.Name}})
	})
}
