package project

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// An action is described in two files: its signature and types in actions.graphql, everything else in actions.yaml. The
// Hasura command line puts the two together before it sends them (Hasura: cli/internal/metadataobject/actions, cli-ext).
const (
	actionsFile = "actions.yaml"
	actionsSDL  = "actions.graphql"
)

// typeKinds are the lists of custom_types, in the order of an export.
var typeKinds = []struct {
	key  string
	kind ast.DefinitionKind
}{
	{"enums", ast.Enum}, {"input_objects", ast.InputObject}, {"objects", ast.Object}, {"scalars", ast.Scalar},
}

// signatures are what actions.graphql says.
type signatures struct {
	actions []signature
	types   map[ast.DefinitionKind][]*ast.Definition
}

type signature struct {
	kind  string // query or mutation
	field *ast.FieldDefinition
}

// appendActions adds the actions and custom types to the document.
func (t *tree) appendActions(out *bytes.Buffer) error {
	if !t.has(actionsFile) && !t.has(actionsSDL) {
		return nil
	}
	sdl, err := t.signatures()
	if err != nil {
		return err
	}
	var settings *value
	if t.has(actionsFile) {
		if settings, err = t.load(actionsFile); err != nil {
			return err
		}
		if settings != nil && settings.isNull() {
			settings = nil
		}
		if err := t.checkActions(settings); err != nil {
			return err
		}
	}
	if err := t.appendActionList(out, sdl, settings); err != nil {
		return err
	}
	return t.appendTypes(out, sdl, settings)
}

// checkActions refuses what is not of the form of actions.yaml; nil is an empty file. What stands inside an action or a type
// is the server's to judge.
func (t *tree) checkActions(settings *value) error {
	expect := func(v *value, ok bool, what string) error {
		if v == nil || ok || v.isNull() {
			return nil
		}
		return fmt.Errorf("%s: %s is expected", t.at(v.file, v.node.Line), what)
	}
	objects := func(list *value) error {
		if err := expect(list, list != nil && list.isList(), "a list"); err != nil || list == nil {
			return err
		}
		for _, v := range list.list {
			if !v.isObject() {
				return fmt.Errorf("%s: an object is expected", t.at(v.file, v.node.Line))
			}
		}
		return nil
	}
	known := func(o *value, keys ...string) error {
		for i, key := range o.keys {
			if !slices.Contains(keys, key) {
				return fmt.Errorf("%s: unexpected key %q; known are %s", t.at(o.list[i].file, o.list[i].node.Line), key, strings.Join(keys, ", "))
			}
		}
		return nil
	}
	if settings == nil {
		return nil
	}
	if err := expect(settings, settings.isObject(), "an object"); err != nil {
		return err
	}
	if err := known(settings, "actions", "custom_types"); err != nil {
		return err
	}
	if err := objects(settings.member("actions")); err != nil {
		return err
	}
	types := settings.member("custom_types")
	if err := expect(types, types != nil && types.isObject(), "an object"); err != nil || types == nil {
		return err
	}
	var keys []string
	for _, k := range typeKinds {
		keys = append(keys, k.key)
		if err := objects(types.member(k.key)); err != nil {
			return err
		}
	}
	return known(types, keys...)
}

func (t *tree) signatures() (*signatures, error) {
	s := newSignatures()
	if !t.has(actionsSDL) {
		return s, nil
	}
	data, err := t.root.ReadFile(actionsSDL)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.at(actionsSDL, 0), plain(err))
	}
	return s, s.parse(string(data), func(line int) string { return t.at(actionsSDL, line) })
}

func (s *signatures) parse(text string, at func(line int) string) error {
	doc, err := parser.ParseSchema(&ast.Source{Input: text})
	if err != nil {
		var g *gqlerror.Error
		if errors.As(err, &g) && len(g.Locations) > 0 {
			return fmt.Errorf("%s: %s", at(g.Locations[0].Line), g.Message)
		}
		return fmt.Errorf("%s: %w", at(0), err)
	}
	if len(doc.Schema)+len(doc.SchemaExtension)+len(doc.Directives) > 0 {
		return fmt.Errorf("%s: schema and directive definitions have no meaning for actions; remove them", at(0))
	}
	definitions := append(slices.Clone(doc.Definitions), doc.Extensions...)
	slices.SortStableFunc(definitions, func(a, b *ast.Definition) int { return a.Position.Start - b.Position.Start })
	for _, d := range definitions {
		switch {
		case d.Name == "Query" || d.Name == "Mutation":
			for _, f := range d.Fields {
				s.actions = append(s.actions, signature{strings.ToLower(d.Name), f})
			}
		case d.Kind == ast.Interface || d.Kind == ast.Union:
			return fmt.Errorf("%s: %s %s: actions know objects, input objects, enums and scalars only", at(d.Position.Line), strings.ToLower(string(d.Kind)), d.Name)
		default:
			s.types[d.Kind] = append(s.types[d.Kind], d)
		}
	}
	return nil
}

func (s *signatures) action(name string) *signature {
	for i := range s.actions {
		if s.actions[i].field.Name == name {
			return &s.actions[i]
		}
	}
	return nil
}

// appendActionList writes the actions in the order of actions.yaml.
func (t *tree) appendActionList(out *bytes.Buffer, sdl *signatures, settings *value) error {
	var list []*value
	if settings != nil {
		if v := settings.member("actions"); v != nil {
			list = v.list
		}
	}
	described := map[string]bool{}
	for i, action := range list {
		name := action.member("name").text()
		s := sdl.action(name)
		if s == nil {
			return fmt.Errorf("%s: the action %q is not in %s: add its signature under type Mutation or Query", t.at(actionsFile, action.node.Line), name, t.at(actionsSDL, 0))
		}
		described[name] = true
		out.WriteString([]string{`,"actions":[`, ","}[min(i, 1)])
		if err := t.appendAction(out, s, action); err != nil {
			return err
		}
	}
	for _, s := range sdl.actions {
		if !described[s.field.Name] {
			return fmt.Errorf("%s: the action %q is not in %s: add it there with its handler", t.at(actionsSDL, s.field.Position.Line), s.field.Name, t.at(actionsFile, 0))
		}
	}
	if len(list) > 0 {
		out.WriteByte(']')
	}
	return nil
}

func (t *tree) appendAction(out *bytes.Buffer, s *signature, action *value) error {
	out.WriteString(`{"name":`)
	appendString(out, s.field.Name)
	out.WriteString(`,"definition":{"type":"` + s.kind + `"`)
	if len(s.field.Arguments) > 0 {
		out.WriteString(`,"arguments":[`)
		for i, a := range s.field.Arguments {
			if i > 0 {
				out.WriteByte(',')
			}
			appendNamed(out, a.Name, a.Type.String(), a.Description)
		}
		out.WriteByte(']')
	}
	out.WriteString(`,"output_type":`)
	appendString(out, s.field.Type.String())
	if definition := action.member("definition"); definition != nil {
		if err := t.appendOthers(out, definition, "type", "arguments", "output_type"); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	if err := t.appendOthers(out, action, "name", "definition"); err != nil {
		return err
	}
	out.WriteByte('}')
	return nil
}

// appendNamed writes a field or argument.
func appendNamed(out *bytes.Buffer, name, kind, description string) {
	out.WriteString(`{"name":`)
	appendString(out, name)
	out.WriteString(`,"type":`)
	appendString(out, kind)
	appendDescription(out, description)
	out.WriteByte('}')
}

func appendDescription(out *bytes.Buffer, text string) {
	if text = strings.TrimSpace(text); text != "" {
		out.WriteString(`,"description":`)
		appendString(out, text)
	}
}

// appendOthers writes o's members but the ones said elsewhere.
func (t *tree) appendOthers(out *bytes.Buffer, o *value, but ...string) error {
	for i, key := range o.keys {
		if slices.Contains(but, key) {
			continue
		}
		out.WriteByte(',')
		appendString(out, key)
		out.WriteByte(':')
		if err := t.appendJSON(out, o.list[i]); err != nil {
			return err
		}
	}
	return nil
}

// appendTypes writes the custom types in the order of actions.graphql, with what actions.yaml adds to them.
func (t *tree) appendTypes(out *bytes.Buffer, sdl *signatures, settings *value) error {
	var given *value
	if settings != nil {
		given = settings.member("custom_types")
	}
	if err := t.checkTypes(sdl, given); err != nil {
		return err
	}
	before := `,"custom_types":{`
	for _, k := range typeKinds {
		if len(sdl.types[k.kind]) == 0 {
			continue
		}
		fmt.Fprintf(out, `%s%q:[`, before, k.key)
		before = ","
		for i, d := range sdl.types[k.kind] {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := t.appendType(out, d, named(given, k.key, d.Name)); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	}
	if before == "," {
		out.WriteByte('}')
	}
	return nil
}

// named is the entry of a name in one of custom_types' lists, nil when there is none.
func named(types *value, list, name string) *value {
	if types == nil || !types.isObject() {
		return nil
	}
	if l := types.member(list); l != nil {
		for _, v := range l.list {
			if v.member("name").text() == name {
				return v
			}
		}
	}
	return nil
}

// checkTypes refuses types that actions.yaml describes and actions.graphql lacks.
func (t *tree) checkTypes(sdl *signatures, given *value) error {
	if given == nil {
		return nil
	}
	for _, k := range typeKinds {
		l := given.member(k.key)
		if l == nil {
			continue
		}
		for _, v := range l.list {
			name := v.member("name").text()
			if !slices.ContainsFunc(sdl.types[k.kind], func(d *ast.Definition) bool { return d.Name == name }) {
				return fmt.Errorf("%s: the type %q is not in %s: add it there or remove it here", t.at(actionsFile, v.node.Line), name, t.at(actionsSDL, 0))
			}
		}
	}
	return nil
}

func (t *tree) appendType(out *bytes.Buffer, d *ast.Definition, given *value) error {
	out.WriteString(`{"name":`)
	appendString(out, d.Name)
	if given == nil || given.member("description") == nil {
		appendDescription(out, d.Description)
	}
	switch d.Kind {
	case ast.Enum:
		out.WriteString(`,"values":[`)
		for i, v := range d.EnumValues {
			if i > 0 {
				out.WriteByte(',')
			}
			appendEnumValue(out, v)
		}
		out.WriteByte(']')
	case ast.Object, ast.InputObject:
		out.WriteString(`,"fields":[`)
		for i, f := range d.Fields {
			if i > 0 {
				out.WriteByte(',')
			}
			appendNamed(out, f.Name, f.Type.String(), f.Description)
		}
		out.WriteByte(']')
	}
	if given != nil {
		if err := t.appendOthers(out, given, "name", "values", "fields"); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

// appendEnumValue writes a value as Hasura exports it, nulls included.
func appendEnumValue(out *bytes.Buffer, v *ast.EnumValueDefinition) {
	out.WriteString(`{"description":`)
	if text := strings.TrimSpace(v.Description); text != "" {
		appendString(out, text)
	} else {
		out.WriteString("null")
	}
	out.WriteString(`,"is_deprecated":null,"value":`)
	appendString(out, v.Name)
	out.WriteByte('}')
}

func newSignatures() *signatures {
	return &signatures{types: map[ast.DefinitionKind][]*ast.Definition{}}
}
