// Package allowlist knows which operations may run when the allow list is enabled: those of the query collections put
// on it, for every role or for named ones (Hasura: RQL/Types/Allowlist).
//
// Two operations are the same when their syntax trees are, whatever their layout, comments, order of arguments and
// `__typename`s, which client libraries add. It is pure. The admin role is never asked about.
package allowlist

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"gatehouse/engine/metadata"
)

// List is the allow list of one metadata document. A nil list allows nothing.
type List struct {
	global map[string]bool
	byRole map[string]map[string]bool
}

// Compile reads the allow list of a document. A stored query that cannot be parsed allows nothing.
func Compile(m *metadata.Metadata) *List {
	l := &List{global: make(map[string]bool), byRole: make(map[string]map[string]bool)}
	for _, entry := range m.Allowlist {
		i := slices.IndexFunc(m.QueryCollections, func(c *metadata.QueryCollection) bool { return c.Name == entry.Collection })
		if i < 0 {
			continue
		}
		for _, q := range m.QueryCollections[i].Queries {
			key, ok := Normal(q.Query)
			if !ok {
				continue
			}
			if entry.Roles == nil {
				l.global[key] = true
				continue
			}
			for _, role := range *entry.Roles {
				if l.byRole[role] == nil {
					l.byRole[role] = make(map[string]bool)
				}
				l.byRole[role][key] = true
			}
		}
	}
	return l
}

// Allows tells whether a role may run a document. It parses: callers remember the answer per role and text.
func (l *List) Allows(role, document string) bool {
	if l == nil {
		return false
	}
	key, ok := Normal(document)
	return ok && (l.global[key] || l.byRole[role][key])
}

// Normal is a document's syntax tree as one text, equal for equal trees; false where it cannot be parsed. Nobody reads it.
func Normal(document string) (string, bool) {
	doc, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		return "", false
	}
	var p printer
	for _, o := range doc.Operations {
		p.word(string(o.Operation), o.Name)
		for _, v := range o.VariableDefinitions {
			p.word("$", v.Variable, v.Type.String())
			if v.DefaultValue != nil {
				p.word("=")
				p.value(v.DefaultValue)
			}
			p.directives(v.Directives)
			p.WriteByte(';')
		}
		p.directives(o.Directives)
		p.selection(o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		p.word("fragment", f.Name, f.TypeCondition)
		p.directives(f.Directives)
		p.selection(f.SelectionSet)
	}
	return p.String(), true
}

// printer writes a tree unambiguously; nobody reads it.
type printer struct{ strings.Builder }

func (p *printer) word(words ...string) {
	for _, w := range words {
		p.WriteString(strconv.Quote(w))
	}
}

func (p *printer) selection(set ast.SelectionSet) {
	p.WriteByte('{')
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if s.Name == "__typename" {
				continue
			}
			p.word("field", s.Alias, s.Name)
			p.arguments(s.Arguments)
			p.directives(s.Directives)
			p.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			p.word("spread", s.Name)
			p.directives(s.Directives)
		case *ast.InlineFragment:
			p.word("on", s.TypeCondition)
			p.directives(s.Directives)
			p.selection(s.SelectionSet)
		}
	}
	p.WriteByte('}')
}

// arguments are a set: their order says nothing.
func (p *printer) arguments(arguments ast.ArgumentList) {
	sorted := slices.Clone(arguments)
	slices.SortStableFunc(sorted, func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
	p.WriteByte('(')
	for _, a := range sorted {
		p.word(a.Name)
		p.value(a.Value)
	}
	p.WriteByte(')')
}

func (p *printer) directives(directives ast.DirectiveList) {
	for _, d := range directives {
		p.word("@", d.Name)
		p.arguments(d.Arguments)
	}
}

func (p *printer) value(v *ast.Value) {
	switch v.Kind {
	case ast.ListValue:
		p.WriteByte('[')
		for _, c := range v.Children {
			p.value(c.Value)
		}
		p.WriteByte(']')
	case ast.ObjectValue:
		fields := slices.Clone(v.Children)
		slices.SortStableFunc(fields, func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
		p.WriteByte('<')
		for _, c := range fields {
			p.word(c.Name)
			p.value(c.Value)
		}
		p.WriteByte('>')
	case ast.BlockValue, ast.StringValue: // two ways to write one
		p.word("string", v.Raw)
	default:
		p.word(strconv.Itoa(int(v.Kind)), v.Raw)
	}
}
