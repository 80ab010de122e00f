package schema

import (
	"slices"

	"gatehouse/engine/catalog"
)

// scope is what the objects of a source can see of others while they are resolved: what they do not get through it they
// cannot depend on. With looks it notes what was asked for and found.
type scope struct {
	facts  *facts
	source *content
	cat    *catalog.Catalog
	looks  *[]look
}

// look is a question and its answer.
type look struct {
	kind   lookKind
	name   catalog.Name // a table's or function's
	of     *Table
	member string
	answer any // a pointer, or a bool
}

type lookKind byte

const (
	lookTable lookKind = iota
	lookExists
	lookFunction
	lookRelation
	lookComputed
)

// note remembers a look. The answer is a pointer or a bool, so that two are the same only if they are ==.
func (s *scope) note(l look) {
	if s.looks != nil && !slices.Contains(*s.looks, l) {
		*s.looks = append(*s.looks, l)
	}
}

// holds tells whether every question has the answer it had.
func (s *scope) holds(looks []look) bool {
	for i := range looks {
		if l := &looks[i]; s.answer(l) != l.answer {
			return false
		}
	}
	return true
}

func (s *scope) answer(l *look) any {
	switch l.kind {
	case lookTable:
		return s.source.byName[l.name]
	case lookExists:
		return s.cat.Tables[l.name] != nil
	case lookFunction:
		return soleFunction(s.cat, l.name)
	case lookRelation:
		return s.facts.Relation(l.of, l.member)
	case lookComputed:
		return s.facts.computedField(l.of, l.member)
	}
	return nil
}

// table finds a tracked table of the source.
func (s *scope) table(name catalog.Name) *Table {
	if s.source == nil {
		return nil
	}
	t := s.source.byName[name]
	s.note(look{kind: lookTable, name: name, answer: t})
	return t
}

// exists tells whether the database has a table.
func (s *scope) exists(name catalog.Name) bool {
	does := s.cat.Tables[name] != nil
	s.note(look{kind: lookExists, name: name, answer: does})
	return does
}

// function finds the one function of a name.
func (s *scope) function(name catalog.Name) (*catalog.Function, error) {
	s.note(look{kind: lookFunction, name: name, answer: soleFunction(s.cat, name)})
	return onlyFunction(s.cat, name)
}

// overloads stands for several functions of one name.
var overloads = &catalog.Function{}

func soleFunction(cat *catalog.Catalog, name catalog.Name) *catalog.Function {
	switch list := cat.Functions[name]; len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return overloads
}

func (s *scope) relation(t *Table, name string) *Relation {
	r := s.facts.Relation(t, name)
	s.note(look{kind: lookRelation, of: t, member: name, answer: r})
	return r
}

func (s *scope) computedField(t *Table, name string) *ComputedField {
	f := s.facts.computedField(t, name)
	s.note(look{kind: lookComputed, of: t, member: name, answer: f})
	return f
}
