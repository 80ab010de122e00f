package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// node reads the row a global id names, with the role's row filter and columns as everywhere. A table that is no node
// for the role is answered as one that does not exist.
func (b *builder) node(f *operation.Field, root *Root) error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.ValidationFailed, f.Path+".args.id", "invalid node id: "+format, args...)
	}
	id, err := parseNodeID(text(f.Arg(schema.ArgID)))
	if err != nil {
		return invalid("Error in $: %v", err)
	}
	t, row, key, sources := b.s.Node(id.schema, id.table)
	shown := "'" + id.table + "'"
	if id.schema != "public" {
		shown = "'" + id.schema + "." + id.table + "'"
	}
	switch {
	case t == nil:
		return invalid("no such table found: %s", shown)
	case len(sources) > 1:
		return invalid("this V1 node id matches more than one table across different sources: %s exists in sources [%s]",
			shown, quotedList(sources))
	case len(id.values) < len(key):
		var names []string
		for _, c := range key[len(id.values):] {
			names = append(names, c.Name)
		}
		return invalid("primary key columns [%s] are missing", quotedList(names))
	case len(id.values) > len(key):
		var extra []string
		for _, v := range id.values[len(key):] {
			extra = append(extra, string(v))
		}
		return invalid("unexpected column values [%s]", strings.Join(extra, ", "))
	}
	where := schema.And{}
	for i, c := range key {
		if complaint := operation.CheckValue(c.Class, id.values[i]); complaint != "" {
			return fault.New(fault.ParseFailed, f.Path, "value of column '%s' in node id: %s", c.Name, complaint)
		}
		where = append(where, &schema.Compare{
			Operand: schema.Operand{Column: c}, Op: schema.OpEq, Value: &schema.Literal{JSON: id.values[i]}, Type: c.Type, Path: f.Path,
		})
	}
	selected, err := f.On(row)
	if err != nil {
		return err
	}
	fields, err := b.fields(selected)
	root.Source = t.Source
	root.Node = &Select{Rows: Rows{Table: t, Where: schema.AllOf(b.read(t).Filter, where)}, Fields: fields, Single: true}
	return err
}

// nodeID is a global id, version 1: the base64 of [1, "schema", "table", primary key values…].
type nodeID struct {
	schema, table string
	values        []json.RawMessage
}

func parseNodeID(s string) (nodeID, error) {
	raw := lenientBase64(s)
	var id nodeID
	var items []json.RawMessage
	if !json.Valid(raw) {
		return id, fmt.Errorf("Failed reading: not a valid json value at '%s'", latin1(raw))
	}
	if kind := fault.JSONKind(raw); kind != "Array" {
		return id, fmt.Errorf("parsing node id failed, expected Array, but encountered %s", kind)
	}
	if err := json.Unmarshal(raw, &items); err != nil {
		return id, err
	}
	switch {
	case len(items) == 0:
		return id, errors.New("unexpected GUID format, found empty list")
	case fault.JSONKind(items[0]) != "Number":
		return id, errors.New("unexpected GUID format, needs to start with a version number")
	}
	var version float64
	switch err := json.Unmarshal(items[0], &version); {
	case err != nil:
		return id, err
	case version != 1:
		return id, fmt.Errorf("unsupported GUID version: %s", scientific(version))
	case len(items) < 4:
		return id, errors.New("GUID version 1: expecting schema name, table name and at least one column value")
	}
	for i, into := range []*string{&id.schema, &id.table} {
		if kind := fault.JSONKind(items[i+1]); kind != "String" {
			return id, fmt.Errorf("parsing Text failed, expected String, but encountered %s", kind)
		}
		if err := json.Unmarshal(items[i+1], into); err != nil {
			return id, err
		}
	}
	id.values = items[3:]
	return id, nil
}

// scientific writes a number as Hasura's number type does: 2 is 2.0.
func scientific(v float64) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	if !bytes.ContainsAny(raw, ".e") {
		raw = append(raw, ".0"...)
	}
	return string(raw)
}

// latin1 shows bytes as Hasura's JSON parser does, each as one character.
func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b[:min(len(b), 100)] {
		s.WriteRune(rune(c))
	}
	return s.String()
}

func quotedList(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, "'"+n+"'")
	}
	return strings.Join(out, ", ")
}
