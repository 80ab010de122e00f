package project

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// actions splits the actions and custom types into their two files.
func (w *writer) actions(doc *yaml.Node) error {
	actions, types := items(member(doc, "actions")), member(doc, "custom_types")
	settings := list()
	var sdl strings.Builder
	for _, a := range actions {
		definition := member(a, "definition")
		writeAction(&sdl, a, definition)
		kept := pick(definition, []string{"kind", "handler", "forward_client_headers", "headers", "timeout", "request_transform", "response_transform"}, "type", "arguments", "output_type")
		if f := member(kept, "forward_client_headers"); f != nil && f.Value == "false" {
			kept = pick(kept, nil, "forward_client_headers")
		}
		o := object()
		for _, key := range []string{"name", "definition", "permissions", "comment"} {
			if v := member(a, key); key == "definition" && kept != nil {
				put(o, key, kept)
			} else if v != nil {
				put(o, key, v)
			}
		}
		settings.Content = append(settings.Content, o)
	}
	sdl.WriteString("\n\n")
	described := object()
	for _, k := range typeKinds {
		kept := list()
		for _, t := range items(member(types, k.key)) {
			writeType(&sdl, k.key, t)
			kept.Content = append(kept.Content, pick(t, []string{"name", "description", "values", "relationships"}, "fields"))
		}
		put(described, k.key, kept)
	}
	w.sdl = sdl.String()
	o := object()
	put(o, "actions", settings)
	put(o, "custom_types", described)
	return w.place(actionsFile, o)
}

// writeAction writes an action's signature; a type for each, as the Hasura command line does.
func writeAction(sdl *strings.Builder, a, definition *yaml.Node) {
	root := "Mutation"
	if kind := member(definition, "type"); kind != nil && kind.Value == "query" {
		root = "Query"
	}
	fmt.Fprintf(sdl, "type %s {\n  %s", root, scalarOf(a, "name"))
	if args := items(member(definition, "arguments")); len(args) > 0 {
		sdl.WriteString("(\n")
		for _, arg := range args {
			fmt.Fprintf(sdl, "    %s%s: %s\n", description(arg), scalarOf(arg, "name"), scalarOf(arg, "type"))
		}
		sdl.WriteString("  )")
	}
	fmt.Fprintf(sdl, ": %s\n}\n\n\n", scalarOf(definition, "output_type"))
}

func writeType(sdl *strings.Builder, list string, t *yaml.Node) {
	word := map[string]string{"enums": "enum", "input_objects": "input", "objects": "type", "scalars": "scalar"}[list]
	fmt.Fprintf(sdl, "%s%s %s", description(t), word, scalarOf(t, "name"))
	if word == "scalar" {
		sdl.WriteString("\n\n")
		return
	}
	sdl.WriteString(" {\n")
	for _, v := range items(member(t, "values")) {
		fmt.Fprintf(sdl, "  %s%s\n", description(v), scalarOf(v, "value"))
	}
	for _, f := range items(member(t, "fields")) {
		fmt.Fprintf(sdl, "  %s%s: %s\n", description(f), scalarOf(f, "name"), scalarOf(f, "type"))
	}
	sdl.WriteString("}\n\n")
}

func scalarOf(n *yaml.Node, key string) string {
	if v := member(n, key); v != nil {
		return v.Value
	}
	return ""
}

func description(n *yaml.Node) string {
	d := member(n, "description")
	if d == nil || d.ShortTag() == "!!null" || strings.TrimSpace(d.Value) == "" {
		return ""
	}
	return `""" ` + strings.ReplaceAll(d.Value, `"""`, `\"""`) + ` """ `
}

// sameSignatures tells whether actions.graphql on disk says what it should; then its comments and layout stay.
func (w *writer) sameSignatures() bool {
	if !w.tree.has(actionsSDL) {
		return false
	}
	data, err := w.tree.root.ReadFile(actionsSDL)
	if err != nil {
		return false
	}
	there, wanted := newSignatures(), newSignatures()
	at := func(int) string { return "" }
	if errors.Join(there.parse(string(data), at), wanted.parse(w.sdl, at)) != nil {
		return false
	}
	return slices.Equal(there.lines(), wanted.lines())
}

// lines say all that signatures mean, in an order that does not depend on the text's.
func (s *signatures) lines() []string {
	var lines []string
	for _, a := range s.actions {
		line := a.kind + " " + a.field.Name
		for _, arg := range a.field.Arguments {
			line += fmt.Sprintf(" %s:%s %q", arg.Name, arg.Type, strings.TrimSpace(arg.Description))
		}
		lines = append(lines, line+" "+a.field.Type.String())
	}
	for kind, types := range s.types {
		for _, t := range types {
			line := fmt.Sprintf("%s %s %q", kind, t.Name, strings.TrimSpace(t.Description))
			for _, f := range t.Fields {
				line += fmt.Sprintf(" %s:%s %q", f.Name, f.Type, strings.TrimSpace(f.Description))
			}
			for _, v := range t.EnumValues {
				line += fmt.Sprintf(" %s %q", v.Name, strings.TrimSpace(v.Description))
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}
