package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// What the console asks about databases.

func (e *execution) listSourceKinds(context.Context, View, *request) ([]byte, error) {
	return []byte(`{"sources":[{"available":true,"builtin":true,"display_name":"pg","kind":"pg"}]}`), nil
}

type tableArgs struct {
	Source string          `json:"source"`
	Table  json.RawMessage `json:"table"`
}

// sourceCatalog is the catalog a command asks about.
func sourceCatalog(v View, r *request) (*catalog.Catalog, tableArgs, error) {
	a := tableArgs{Source: metadata.DefaultSource}
	if err := json.Unmarshal(r.args, &a); err != nil {
		return nil, a, misread(fault.Root, err)
	}
	if v.Metadata().Source(a.Source) == nil {
		return nil, a, metadata.NoSource(a.Source)
	}
	c := v.Catalog(a.Source)
	if c == nil {
		return nil, a, fault.New(fault.Unexpected, "", "source with name %q is inconsistent", a.Source).WithStatus(400)
	}
	return c, a, nil
}

func sortedTables(c *catalog.Catalog) []*catalog.Table {
	list := make([]*catalog.Table, 0, len(c.Tables))
	for _, t := range c.Tables {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *catalog.Table) int {
		return strings.Compare(a.Name.Schema+"\x00"+a.Name.Name, b.Name.Schema+"\x00"+b.Name.Name)
	})
	return list
}

func (e *execution) getSourceTables(_ context.Context, v View, r *request) ([]byte, error) {
	c, _, err := sourceCatalog(v, r)
	if err != nil {
		return nil, err
	}
	list := []catalog.Name{}
	for _, t := range sortedTables(c) {
		list = append(list, t.Name)
	}
	return marshal(list)
}

func (e *execution) getSourceTrackables(_ context.Context, v View, r *request) ([]byte, error) {
	c, a, err := sourceCatalog(v, r)
	if err != nil {
		return nil, err
	}
	tracked := v.Metadata().Source(a.Source)
	type named struct {
		Name catalog.Name `json:"name"`
	}
	out := struct {
		Tables    []named `json:"tables"`
		Functions []named `json:"functions"`
	}{[]named{}, []named{}}
	for _, t := range sortedTables(c) {
		if tracked.Table(metadata.TableName(t.Name)) == nil {
			out.Tables = append(out.Tables, named{t.Name})
		}
	}
	scalars := v.Metadata().Features(a.Source).ScalarFunctions
	for name, overloads := range c.Functions {
		f := overloads[0]
		trackable := f.Returns != nil && c.Tables[f.Returns.Table] != nil || scalars && schema.ReturnsScalar(f)
		if trackable && tracked.Function(metadata.FunctionName(name)) == nil {
			out.Functions = append(out.Functions, named{name})
		}
	}
	slices.SortFunc(out.Functions, func(a, b named) int {
		return strings.Compare(a.Name.Schema+"\x00"+a.Name.Name, b.Name.Schema+"\x00"+b.Name.Name)
	})
	return marshal(out)
}

type columnInfo struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Nullable    bool   `json:"nullable"`
	Description string `json:"description,omitempty"`
	Insertable  bool   `json:"insertable"`
	Updatable   bool   `json:"updatable"`
}

type foreignKeyInfo struct {
	ForeignTable catalog.Name      `json:"foreign_table"`
	Mapping      map[string]string `json:"column_mapping"`
}

func (e *execution) getTableInfo(_ context.Context, v View, r *request) ([]byte, error) {
	c, a, err := sourceCatalog(v, r)
	if err != nil {
		return nil, err
	}
	if a.Table == nil {
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", "table")
	}
	name, err := metadata.ParseTableName(a.Table, fault.Key(fault.Root, "table"))
	if err != nil {
		return nil, err
	}
	t := c.Tables[catalogName(name)]
	if t == nil {
		return nil, fault.New(fault.NotExists, "", "no such table/view exists in source: %s", metadata.QuoteName(name))
	}
	out := struct {
		Name        catalog.Name              `json:"name"`
		Columns     []columnInfo              `json:"columns"`
		PrimaryKey  []string                  `json:"primary_key,omitempty"`
		ForeignKeys map[string]foreignKeyInfo `json:"foreign_keys,omitempty"`
		Description string                    `json:"description,omitempty"`
	}{Name: t.Name, Columns: []columnInfo{}, Description: t.Comment}
	for _, col := range t.Columns {
		writable := !col.Generated && col.Identity != "a"
		out.Columns = append(out.Columns, columnInfo{col.Name, col.Type.Name.Name, !col.NotNull, col.Comment, writable && t.Insertable, writable && t.Updatable})
	}
	if t.PrimaryKey != nil {
		out.PrimaryKey = t.PrimaryKey.Columns
	}
	for _, fk := range t.ForeignKeys {
		if out.ForeignKeys == nil {
			out.ForeignKeys = map[string]foreignKeyInfo{}
		}
		out.ForeignKeys[fk.Name] = foreignKeyInfo{fk.To, mappingOf(fk)}
	}
	return marshal(out)
}

func mappingOf(fk *catalog.ForeignKey) map[string]string {
	m := make(map[string]string, len(fk.Columns))
	for i, c := range fk.Columns {
		m[c] = fk.ToColumns[i]
	}
	return m
}

// suggestion is one end of a relationship that a foreign key allows.
type suggestionEnd struct {
	Table      catalog.Name `json:"table"`
	Columns    []string     `json:"columns"`
	Constraint string       `json:"constraint_name,omitempty"`
}

type suggestion struct {
	Type string        `json:"type"`
	From suggestionEnd `json:"from"`
	To   suggestionEnd `json:"to"`
}

func (e *execution) suggestRelationships(_ context.Context, v View, r *request) ([]byte, error) {
	c, a, err := sourceCatalog(v, r)
	if err != nil {
		return nil, err
	}
	var args struct {
		Tables      []json.RawMessage `json:"tables"`
		OmitTracked bool              `json:"omit_tracked"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil {
		return nil, misread(fault.Root, err)
	}
	wanted := map[catalog.Name]bool{}
	for i, t := range args.Tables {
		name, err := metadata.ParseTableName(t, fault.Index(fault.Key(fault.Root, "tables"), i))
		if err != nil {
			return nil, err
		}
		wanted[catalogName(name)] = true
	}
	source, facts := v.Metadata().Source(a.Source), v.Facts()
	list := []suggestion{}
	for _, t := range sortedTables(c) {
		for _, fk := range t.ForeignKeys {
			if (args.Tables != nil && !wanted[t.Name] && !wanted[fk.To]) || source.Table(metadata.TableName(t.Name)) == nil || source.Table(metadata.TableName(fk.To)) == nil {
				continue
			}
			own, theirs := suggestionEnd{t.Name, fk.Columns, fk.Name}, suggestionEnd{fk.To, fk.ToColumns, ""}
			back := "array"
			if t.IsUnique(fk.Columns) {
				back = "object"
			}
			for _, s := range []suggestion{{"object", own, theirs}, {back, theirs, own}} {
				if !args.OmitTracked || !isTracked(source, facts, s) {
					list = append(list, s)
				}
			}
		}
	}
	return marshal(map[string]any{"relationships": list})
}

// isTracked tells whether a relationship over the same columns exists.
func isTracked(source *metadata.Source, facts metadata.Facts, s suggestion) bool {
	t := source.Table(metadata.TableName(s.From.Table))
	same := func(r *metadata.Relationship, isArray bool) bool {
		remote, mapping, ok := facts.Target(source.Name, t.Name, r, isArray)
		if !ok || catalogName(remote) != s.To.Table || len(mapping) != len(s.From.Columns) {
			return false
		}
		for i, own := range s.From.Columns {
			if mapping[own] != s.To.Columns[i] {
				return false
			}
		}
		return true
	}
	return slices.ContainsFunc(t.ObjectRelationships, func(r *metadata.Relationship) bool { return same(r, false) }) ||
		slices.ContainsFunc(t.ArrayRelationships, func(r *metadata.Relationship) bool { return same(r, true) })
}

// dumpInternalState shows, for debugging, what the engine knows.
func (e *execution) dumpInternalState(_ context.Context, v View, _ *request) ([]byte, error) {
	type source struct {
		Tables    int  `json:"tables"`
		Functions int  `json:"functions"`
		Reachable bool `json:"reachable"`
		Server    int  `json:"server_version,omitempty"`
	}
	sources := map[string]source{}
	for _, s := range v.Metadata().Sources {
		one := source{Tables: len(s.Tables), Functions: len(s.Functions)}
		if c := v.Catalog(s.Name); c != nil {
			one.Reachable, one.Server = true, c.ServerVersion
		}
		sources[s.Name] = one
	}
	return marshal(struct {
		Version         int                      `json:"resource_version"`
		Sources         map[string]source        `json:"sources"`
		Inconsistencies []metadata.Inconsistency `json:"inconsistent_objects"`
	}{v.Version(), sources, inconsistencies(v)})
}
