// Package dml reads the row commands of Hasura's /v1/query and /v2/query (select, insert, update, delete, count) and
// plans them under the caller's permissions.
//
// It is pure, and stands beside operation and plan: another language for the same plans. What it plans is translated
// and run like any GraphQL request.
package dml

import (
	"encoding/json"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
)

// Root is the key under which a plan's result stands.
const Root = "result"

// Build plans a command. parsePath and runPath are where its arguments stand, for errors in their form and in what they
// ask.
func Build(m *schema.Model, s *session.Session, kind string, args json.RawMessage, parsePath, runPath string) (*plan.Plan, error) {
	b := &builder{model: m, session: s, parse: parsePath, run: runPath}
	a, err := b.object(args, parsePath)
	if err != nil {
		return nil, err
	}
	if err := b.setTable(a); err != nil {
		return nil, err
	}
	p := &plan.Plan{Kind: operation.Mutation}
	var node plan.Node
	switch kind {
	case "select":
		p.Kind = operation.Query
		node, err = b.selectNode(a)
	case "count":
		p.Kind = operation.Query
		node, err = b.count(a)
	case "insert":
		node, err = b.insert(a)
	case "update":
		node, err = b.update(a)
	case "delete":
		node, err = b.delete(a)
	}
	if err != nil {
		return nil, err
	}
	p.Roots = []plan.Root{{Alias: Root, Source: b.source, Node: node, Path: runPath}}
	return p, nil
}

type builder struct {
	model      *schema.Model
	session    *session.Session
	parse, run string
	source     *schema.Source
	table      *schema.Table
}

// object is a JSON object's members.
func (b *builder) object(raw json.RawMessage, path string) (map[string]json.RawMessage, error) {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, fault.New(fault.ParseFailed, path, "parsing Object failed, expected Object, but encountered %s", fault.JSONKind(raw))
	}
	return o, nil
}

// setTable finds the table a command is about.
func (b *builder) setTable(a map[string]json.RawMessage) error {
	source := metadata.DefaultSource
	if raw, ok := a["source"]; ok {
		if err := b.decode(raw, &source, fault.Key(b.parse, "source"), "Text", "String"); err != nil {
			return err
		}
	}
	raw, ok := a["table"]
	if !ok {
		return fault.New(fault.ParseFailed, b.parse, "key %q not found", "table")
	}
	name, err := metadata.ParseTableName(raw, fault.Key(b.parse, "table"))
	if err != nil {
		return err
	}
	if b.source = b.model.Source(source); b.source == nil {
		return fault.New(fault.NotExists, b.run, "source with name %q does not exist", source)
	}
	if b.table = b.model.Table(b.source, catalog.Name(name)); b.table == nil {
		return fault.New(fault.NotExists, fault.Key(b.run, "table"), "table %s does not exist", metadata.QuoteName(name))
	}
	return nil
}

// decode reads a value of one type, wording a wrong one as Hasura does.
func (b *builder) decode(raw json.RawMessage, into any, path, what, expected string) error {
	if string(raw) == "null" || json.Unmarshal(raw, into) != nil {
		return fault.New(fault.ParseFailed, path, "parsing %s failed, expected %s, but encountered %s", what, expected, fault.JSONKind(raw))
	}
	return nil
}

func (b *builder) permissions(t *schema.Table) *schema.Permissions {
	return b.model.Permissions(t, b.session.Role)
}

// read is the role's select permission on t.
func (b *builder) read(t *schema.Table, path string) (*schema.SelectPermission, error) {
	if p := b.permissions(t).Select; p != nil {
		return p, nil
	}
	return nil, b.notAllowed("select", t, path)
}

// readRelated is the role's select permission on a relationship's rows.
func (b *builder) readRelated(r *schema.Relation, path string) (*schema.SelectPermission, error) {
	if p := b.permissions(r.Target).Select; p != nil {
		return p, nil
	}
	return nil, fault.New(fault.PermissionDenied, path, "role %q does not have permission to read relationship %q; no permission on table %s",
		b.session.Role, r.Name, metadata.QuoteName(metadata.TableName(r.Target.Name)))
}

// changeable refuses writing to a view that cannot be written to, whoever asks.
func (b *builder) changeable(isSo bool, how string) error {
	if isSo {
		return nil
	}
	return fault.New(fault.NotSupported, b.run, "view %s is not %s", metadata.QuoteName(metadata.TableName(b.table.Name)), how)
}

func (b *builder) notAllowed(kind string, t *schema.Table, path string) error {
	return fault.New(fault.PermissionDenied, path, "%s on %s for role %q is not allowed. ", kind, metadata.QuoteName(metadata.TableName(t.Name)), b.session.Role)
}

func noColumn(name, path string) error {
	return fault.New(fault.PermissionDenied, path, "no such column exists: %q", name)
}

// column is a column the role may read.
func (b *builder) column(t *schema.Table, p *schema.SelectPermission, name, path string) (schema.Operand, error) {
	c := t.Column(name)
	if c == nil {
		return schema.Operand{}, noColumn(name, path)
	}
	visible, ok := p.Columns[c]
	if !ok {
		return schema.Operand{}, fault.New(fault.PermissionDenied, path, "role %q does not have permission to select column %q", b.session.Role, name)
	}
	return schema.Operand{Column: c, Visible: visible}, nil
}

// names is a list of column names.
func (b *builder) names(raw json.RawMessage, parsePath string) ([]string, error) {
	var names []string
	return names, b.decode(raw, &names, parsePath, "List", "Array")
}
