package metadata

import (
	"bytes"
	"encoding/json"
	"strings"
)

// What Gatehouse keeps without serving it names tables and columns too. It is walked like an expression: each function is
// told of a name and gives the name to write in its place.

// keptNames are the functions of a walk. own is told the columns of the object's own table.
type keptNames struct {
	own    func(column string) string
	table  func(source string, t TableName) TableName
	column func(source string, t TableName, column string) string
}

// edit replaces what stands under a path of keys; without the keys, or where nothing changes, the document stays as it is.
func edit(doc json.RawMessage, change func(*node) []byte, keys ...string) json.RawMessage {
	n, err := parseNode(doc)
	if err != nil || n.kind != objectNode || n.member(keys[0]) == nil {
		return doc
	}
	at := n.member(keys[0])
	var value []byte
	if len(keys) == 1 {
		value = change(at)
	} else {
		value = edit(at.compact(), change, keys[1:]...)
	}
	if bytes.Equal(value, at.compact()) {
		return doc
	}
	return with(doc, keys[0], value)
}

// textList maps the texts of a list.
func textList(change func(string) string) func(*node) []byte {
	return func(n *node) []byte {
		if n.kind != arrayNode {
			return n.compact()
		}
		list := make([]string, len(n.items))
		for i, item := range n.items {
			if item.kind != stringNode {
				return n.compact()
			}
			list[i] = change(item.text)
		}
		return encode(texts, list)
	}
}

// eventTrigger walks the columns an event trigger listens to and sends.
func (k keptNames) eventTrigger(doc json.RawMessage) json.RawMessage {
	for _, op := range []string{"insert", "update", "delete"} {
		for _, key := range []string{"columns", "payload"} {
			doc = edit(doc, textList(k.own), "definition", op, key)
		}
	}
	return doc
}

// remoteDefinition walks what joins a remote relationship.
func (k keptNames) remoteDefinition(n *node) []byte {
	doc := edit(n.compact(), k.toTable, "to_source")
	doc = edit(doc, textList(k.own), "hasura_fields")
	doc = edit(doc, k.remoteField, "remote_field")
	doc = edit(doc, textList(k.own), "to_remote_schema", "lhs_fields")
	return edit(doc, k.remoteField, "to_remote_schema", "remote_field")
}

// toTable walks {source, table, field_mapping}.
func (k keptNames) toTable(n *node) []byte { return k.join(n, k.sourceOf(n), "table", "field_mapping") }

func (k keptNames) sourceOf(n *node) string {
	if s := n.member("source"); s != nil {
		return s.text
	}
	return DefaultSource
}

// join walks a table of a source and a mapping of own names to its columns.
func (k keptNames) join(n *node, source, tableKey, mappingKey string) []byte {
	doc := n.compact()
	if n.kind != objectNode || n.member(tableKey) == nil {
		return doc
	}
	r := &reader{}
	table := tableName.read(r, n.member(tableKey))
	if r.err != nil { // another kind of database has other names
		return doc
	}
	doc = edit(doc, func(m *node) []byte {
		w := &writer{}
		w.WriteByte('{')
		for i, own := range m.keys {
			if i > 0 {
				w.WriteByte(',')
			}
			w.text(k.own(own))
			w.WriteByte(':')
			w.text(k.column(source, table, m.values[i].text))
		}
		w.WriteByte('}')
		return w.Bytes()
	}, mappingKey)
	if renamed := k.table(source, table); renamed != table {
		doc = with(doc, tableKey, encode(tableName, renamed))
	}
	return doc
}

// remoteField walks the arguments of a remote schema's field, in which "$column" is a column's value.
func (k keptNames) remoteField(n *node) []byte {
	switch n.kind {
	case objectNode:
		w := &writer{}
		w.WriteByte('{')
		for i, key := range n.keys {
			if i > 0 {
				w.WriteByte(',')
			}
			w.text(key)
			w.WriteByte(':')
			w.Write(k.remoteField(n.values[i]))
		}
		w.WriteByte('}')
		return w.Bytes()
	case arrayNode:
		w := &writer{}
		w.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.WriteByte(',')
			}
			w.Write(k.remoteField(item))
		}
		w.WriteByte(']')
		return w.Bytes()
	case stringNode:
		if column, isColumn := strings.CutPrefix(n.text, "$"); isColumn {
			return quoteJSON("$" + k.own(column))
		}
	}
	return n.compact()
}

// customTypes walks the relationships of custom types.
func (k keptNames) customTypes(doc json.RawMessage) json.RawMessage {
	relationship := func(n *node) []byte { return k.join(n, k.sourceOf(n), "remote_table", "field_mapping") }
	return edit(doc, each(func(n *node) []byte { return edit(n.compact(), each(relationship), "relationships") }), "objects")
}

// remoteSchema walks the relationships that lead from a remote schema's types to tables.
func (k keptNames) remoteSchema(doc json.RawMessage) json.RawMessage {
	relationship := func(n *node) []byte { return edit(n.compact(), k.toTable, "definition", "to_source") }
	return edit(doc, each(func(n *node) []byte { return edit(n.compact(), each(relationship), "relationships") }), "remote_relationships")
}

// nativeQuery walks the relationships of a source's native query to tables.
func (k keptNames) nativeQuery(source string, doc json.RawMessage) json.RawMessage {
	relationship := func(n *node) []byte {
		return edit(n.compact(), func(using *node) []byte { return k.join(using, source, "remote_table", "column_mapping") }, "using")
	}
	for _, key := range []string{"object_relationships", "array_relationships"} {
		doc = edit(doc, each(relationship), key)
	}
	return doc
}

// each maps the elements of a list.
func each(change func(*node) []byte) func(*node) []byte {
	return func(n *node) []byte {
		if n.kind != arrayNode {
			return n.compact()
		}
		w := &writer{}
		w.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.WriteByte(',')
			}
			w.Write(change(item))
		}
		w.WriteByte(']')
		return w.Bytes()
	}
}
