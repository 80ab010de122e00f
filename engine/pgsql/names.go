package pgsql

// Names are what a query names.
type Names struct {
	// Relations are tables and views, Functions those called that are named with their schema.
	Relations, Functions []Name
	// HasText: it contains text that was not made here, which may name anything.
	HasText bool
}

// NamesIn finds what a query names, wherever it is printed.
func NamesIn(s *Select) Names {
	n := &Names{}
	p := printer{seen: map[paramKey]int{}, names: n}
	p.statement(s)
	return *n
}

// relation notes a relation; one without a schema is a common table expression.
func (n *Names) relation(name Name) {
	if n != nil && name.Schema != "" {
		n.Relations = append(n.Relations, name)
	}
}

func (n *Names) function(name Name) {
	if n != nil {
		n.Functions = append(n.Functions, name)
	}
}

func (n *Names) text() {
	if n != nil {
		n.HasText = true
	}
}
