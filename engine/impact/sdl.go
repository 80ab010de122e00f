package impact

import (
	"slices"
	"strings"

	"gatehouse/engine/schema"
)

// SDLDiff is how the schemas of some roles would differ, as text in the schema definition language.
type SDLDiff struct {
	// Roles have the same differences. They are in the order of Plan.Schemas.
	Roles []string `json:"roles"`
	// Diff has, for each type that differs, a line "@@ name @@" and then lines of the type: its first and its last, and the
	// members that differ, whole. Each begins with "-" (gone), "+" (new) or a space.
	Diff string `json:"diff"`
}

// sdlDiffs compares the schemas of admin and of all roles as text.
func sdlDiffs(before, after *schema.Model) []SDLDiff {
	out := []SDLDiff{}
	for _, role := range append([]string{schema.AdminRole}, union(before.Roles(), after.Roles())...) {
		was, is := before.Role(role, true), after.Role(role, true)
		if was == is {
			continue
		}
		text := sdlDiff(was.Whole().Definitions(), is.Whole().Definitions())
		switch i := slices.IndexFunc(out, func(d SDLDiff) bool { return d.Diff == text }); {
		case text == "":
		case i >= 0:
			out[i].Roles = append(out[i].Roles, role)
		default:
			out = append(out, SDLDiff{[]string{role}, text})
		}
	}
	return out
}

// sdlDiff compares two schemas by the names of types and members: their order says nothing in GraphQL.
func sdlDiff(before, after []schema.Definition) string {
	d := &sdlText{}
	pairs(references(before), references(after), func(t *schema.Definition) string { return t.Name }, d.definition)
	return d.String()
}

func references[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

type sdlText struct{ strings.Builder }

func (d *sdlText) lines(sign string, lines []string) {
	for _, line := range lines {
		d.WriteString(sign + line + "\n")
	}
}

func (d *sdlText) whole(sign string, t *schema.Definition) {
	if t == nil {
		return
	}
	d.lines(sign, t.Head)
	for _, m := range t.Members {
		d.lines(sign, m.Lines)
	}
	d.lines(sign, t.Tail)
}

func (d *sdlText) definition(name string, b, a *schema.Definition) {
	if name == "" {
		name = "schema"
	}
	header := "@@ " + name + " @@\n"
	if b == nil || a == nil || len(b.Tail) != len(a.Tail) {
		d.WriteString(header)
		d.whole("-", b)
		d.whole("+", a)
		return
	}
	members := &sdlText{}
	pairs(references(b.Members), references(a.Members), func(m *schema.Member) string { return m.Name }, func(_ string, was, is *schema.Member) {
		if was != nil && is != nil && slices.Equal(was.Lines, is.Lines) {
			return
		}
		if was != nil {
			members.lines("-", was.Lines)
		}
		if is != nil {
			members.lines("+", is.Lines)
		}
	})
	switch isSameHead := slices.Equal(b.Head, a.Head); {
	case isSameHead && members.Len() == 0:
		return
	case isSameHead:
		d.WriteString(header)
		d.lines(" ", a.Head[len(a.Head)-1:])
	default:
		d.WriteString(header)
		d.lines("-", b.Head)
		d.lines("+", a.Head)
	}
	d.WriteString(members.String())
	d.lines(" ", a.Tail)
}
