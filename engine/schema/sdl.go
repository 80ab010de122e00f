package schema

import "strings"

// Definition is a type of a schema in the schema definition language (GraphQL §3), in parts that are told apart by name.
type Definition struct {
	// Name is the type's; "" is the schema's own.
	Name string
	// Head are the lines before the members: the description, and what it is. Tail is "}" where there can be members.
	Head, Tail []string
	Members    []Member
}

// Member is a field, an input field, an enum value or a root of a definition, with its description.
type Member struct {
	Name  string
	Lines []string

	isFederation bool
}

// Definitions are the schema's, its own first, the types by name, without those that every service has. It derives the
// whole schema.
func (s *Schema) Definitions() []Definition {
	own := Definition{Head: []string{"schema {"}, Tail: []string{"}"}}
	for _, root := range []struct {
		kind string
		t    *Type
	}{{"query", s.Query}, {"mutation", s.Mutation}, {"subscription", s.Subscription}} {
		if root.t != nil {
			own.Members = append(own.Members, Member{Name: root.kind, Lines: []string{"  " + root.kind + ": " + root.t.Name}})
		}
	}
	out := []Definition{own}
	keys := s.keyFields()
	for _, t := range s.Types() {
		if !strings.HasPrefix(t.Name, "__") && (t.Kind != Scalar || !builtIn[t.Name]) {
			out = append(out, t.definition(keys[t.Name]))
		}
	}
	return out
}

// builtIn are the scalars every GraphQL service has.
var builtIn = map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}

// SDL is the role's schema as text, with @key on entities and without what the federation specification adds.
func (s *Schema) SDL() string {
	var b strings.Builder
	lines := func(list []string) {
		for _, line := range list {
			b.WriteString(line + "\n")
		}
	}
	for _, d := range s.Definitions() {
		if d.Name == anyScalar || d.Name == entityUnion || d.Name == serviceType {
			continue
		}
		if d.Name != "" {
			b.WriteByte('\n')
		}
		lines(d.Head)
		for _, m := range d.Members {
			if !m.isFederation {
				lines(m.Lines)
			}
		}
		lines(d.Tail)
	}
	return b.String()
}

// definition: key are the fields of an entity's key, "" for what is none.
func (t *Type) definition(key string) Definition {
	d := Definition{Name: t.Name}
	head := ""
	switch t.Kind {
	case Scalar:
		head = "scalar " + t.Name
	case Union:
		head = "union " + t.Name + " = " + strings.Join(typeNames(t.Possible()), " | ")
	case Enum:
		head = "enum " + t.Name + " {"
		for _, v := range t.Members() {
			d.member(v.Name, v.Description, v.Name)
		}
	case InputObject:
		head = "input " + t.Name + " {"
		for _, in := range t.Inputs() {
			d.member(in.Name, in.Description, input(in))
		}
	case Object, Interface:
		head = "type " + t.Name
		if t.Kind == Interface {
			head = "interface " + t.Name
		}
		if list := t.Interfaces(); len(list) > 0 {
			head += " implements " + strings.Join(typeNames(list), " & ")
		}
		if key != "" {
			head += ` @key(fields: "` + key + `")`
		}
		head += " {"
		for _, f := range t.Fields() {
			d.member(f.Name, f.Description, f.Name+arguments(f.Args)+": "+f.Type.String())
			d.Members[len(d.Members)-1].isFederation = federation[f.Meaning]
		}
	}
	if strings.HasSuffix(head, "{") {
		d.Tail = []string{"}"}
	}
	d.Head = append(description("", t.Description), head)
	return d
}

var federation = map[Meaning]bool{FederationService{}: true, FederationEntities{}: true}

func (d *Definition) member(name, text, line string) {
	d.Members = append(d.Members, Member{Name: name, Lines: append(description("  ", text), "  "+line)})
}

func typeNames(types []*Type) []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return names
}

func input(in *InputField) string {
	s := in.Name + ": " + in.Type.String()
	if in.Default != "" {
		s += " = " + in.Default
	}
	return s
}

func arguments(args []*InputField) string {
	if len(args) == 0 {
		return ""
	}
	var parts []string
	for _, a := range args {
		parts = append(parts, input(a))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// description are the lines of a block string (GraphQL §2.9.4).
func description(indent, text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	const quotes = `"""`
	lines := []string{indent + quotes}
	for _, line := range strings.Split(strings.ReplaceAll(text, quotes, `\"""`), "\n") {
		lines = append(lines, indent+line)
	}
	return append(lines, indent+quotes)
}
