package admin

import (
	"context"
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

func (e *execution) exportMetadata(_ context.Context, v View, r *request) ([]byte, error) {
	doc := v.Metadata().Exported().Encode()
	if r.version == 1 {
		return doc, nil
	}
	return marshal(struct {
		Version  int             `json:"resource_version"`
		Metadata json.RawMessage `json:"metadata"`
	}{v.Version(), doc})
}

// inconsistencies is a list that is never null.
func inconsistencies(v View) []metadata.Inconsistency {
	if list := v.Inconsistencies(); list != nil {
		return list
	}
	return []metadata.Inconsistency{}
}

func (e *execution) getInconsistent(_ context.Context, v View, _ *request) ([]byte, error) {
	return inconsistent(v, nil)
}

// inconsistent tells what cannot be served, and what a command warns of.
func inconsistent(v View, warnings []metadata.Warning) ([]byte, error) {
	list := inconsistencies(v)
	return marshal(struct {
		IsConsistent bool                     `json:"is_consistent"`
		Objects      []metadata.Inconsistency `json:"inconsistent_objects"`
		Warnings     []metadata.Warning       `json:"warnings,omitempty"`
	}{len(list) == 0, list, warnings})
}

func (e *execution) replaceMetadata(ctx context.Context, d Draft, r *request) ([]byte, error) {
	args, err := metadata.ParseReplace(r.args, r.parsePath, r.version == 2)
	if err != nil {
		return nil, err
	}
	path := r.parsePath
	if args.IsVersion2 {
		path = fault.Key(path, "metadata")
	}
	m, err := metadata.DecodeAny(args.Document, path, d.Metadata())
	if err != nil {
		return nil, placed(r, err)
	}
	if err := refuseMask(r, m); err != nil {
		return nil, err
	}
	warnings, err := m.Replaces(d.Metadata())
	if err != nil {
		return nil, under(r.runPath, err)
	}
	if err := d.Rebuild(ctx, m, names(m.Sources)...); err != nil {
		return nil, under(r.runPath, err)
	}
	d.Overwrite()
	if !args.AllowInconsistent {
		if err := refuseAny(d); err != nil {
			return nil, under(r.runPath, err)
		}
	}
	if args.RefuseWarnings {
		if err := refuseWarnings(r.runPath, warnings); err != nil {
			return nil, err
		}
	}
	if !args.IsVersion2 {
		return succeeded(warnings)
	}
	return inconsistent(d, warnings)
}

// succeeded is Hasura's answer to a command that may warn.
func succeeded(warnings []metadata.Warning) ([]byte, error) {
	return marshal(struct {
		Message  string             `json:"message"`
		Warnings []metadata.Warning `json:"warnings,omitempty"`
	}{"success", warnings})
}

// refuseWarnings is the answer to warnings where none are allowed.
func refuseWarnings(path string, warnings []metadata.Warning) error {
	if len(warnings) == 0 {
		return nil
	}
	return fault.New("metadata-warnings", path, "failed due to metadata warnings").WithInternal(warnings)
}

func names(sources []*metadata.Source) []string {
	list := make([]string, len(sources))
	for i, s := range sources {
		list[i] = s.Name
	}
	return list
}

// refuseAny refuses a state with inconsistencies other than what is not supported yet.
func refuseAny(v View) error {
	fresh := newInconsistencies(nil, v.Inconsistencies())
	for _, i := range v.Inconsistencies() {
		if !i.Unsupported && len(i.IDs()) == 0 { // about no object, as a permission that cannot be inherited
			fresh = append(fresh, i)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return fault.New(fault.Unexpected, "", "cannot continue due to inconsistent metadata").WithStatus(400).WithInternal(fresh)
}

// clearMetadata keeps the default source's connection, which the operator may have given at start, and with the source
// what it serves beyond Hasura.
func (e *execution) clearMetadata(ctx context.Context, d Draft, r *request) ([]byte, error) {
	var empty metadata.Metadata
	if s := d.Metadata().Source(metadata.DefaultSource); s != nil && s.Foreign == nil {
		empty.Sources = []*metadata.Source{{Name: s.Name, Kind: s.Kind, Configuration: s.Configuration}}
	}
	if _, err := empty.Replaces(d.Metadata()); err != nil {
		return nil, under(r.runPath, err)
	}
	d.Overwrite()
	if err := d.Rebuild(ctx, &empty); err != nil {
		return nil, under(r.runPath, err)
	}
	return success, nil
}

// reloadArgs: each key is a boolean for all, or names. Without the key all are meant.
type reloadArgs struct {
	Sources         json.RawMessage `json:"reload_sources"`
	RemoteSchemas   json.RawMessage `json:"reload_remote_schemas"`
	RecreateTrigger json.RawMessage `json:"recreate_event_triggers"`
	DataConnectors  json.RawMessage `json:"reload_data_connectors"`
}

// chosen gives the names that a key of reloadArgs means; all of them must exist.
func chosen(value json.RawMessage, all []string, path, what string) ([]string, error) {
	var yes bool
	var list []string
	switch {
	case len(value) == 0, string(value) == "null":
		return all, nil
	case json.Unmarshal(value, &yes) == nil:
		if yes {
			return all, nil
		}
		return nil, nil
	case json.Unmarshal(value, &list) != nil:
		return nil, fault.New(fault.ParseFailed, path, "expected a boolean or a list of names, but encountered %s", fault.JSONKind(value))
	}
	for _, name := range list {
		if !slices.Contains(all, name) {
			return nil, fault.New(fault.NotExists, "", "%s with name %q not found in metadata", what, name)
		}
	}
	return list, nil
}

// reloadMetadata reads databases again, all where none are named.
func (e *execution) reloadMetadata(ctx context.Context, d Draft, r *request) ([]byte, error) {
	var a reloadArgs
	if string(r.args) != "null" && json.Unmarshal(r.args, &a) != nil {
		return nil, fault.New(fault.ParseFailed, r.parsePath, "parsing ReloadMetadata failed, expected Object, but encountered %s", fault.JSONKind(r.args))
	}
	doc := d.Metadata()
	var remote []string
	for _, s := range doc.RemoteSchemas {
		remote = append(remote, s.Name)
	}
	for _, unused := range []struct { // what they would reload is not served yet
		key, what string
		given     json.RawMessage
		all       []string
	}{
		{"reload_remote_schemas", "Remote schema", a.RemoteSchemas, remote},
		{"recreate_event_triggers", "Source", a.RecreateTrigger, names(doc.Sources)},
		{"reload_data_connectors", "Data connector", a.DataConnectors, nil},
	} {
		if _, err := chosen(unused.given, unused.all, fault.Key(r.parsePath, unused.key), unused.what); err != nil {
			return nil, placed(r, err)
		}
	}
	sources, err := chosen(a.Sources, names(doc.Sources), fault.Key(r.parsePath, "reload_sources"), "Source")
	if err != nil {
		return nil, placed(r, err)
	}
	if err := d.Rebuild(ctx, doc, sources...); err != nil {
		return nil, under(r.runPath, err)
	}
	list := d.Inconsistencies()
	return marshal(struct {
		Message      string                   `json:"message"`
		IsConsistent bool                     `json:"is_consistent"`
		Objects      []metadata.Inconsistency `json:"inconsistent_objects,omitempty"`
	}{"success", len(list) == 0, list})
}

// dropInconsistent drops what is broken, until nothing is. What is merely not supported yet stays.
func (e *execution) dropInconsistent(ctx context.Context, d Draft, r *request) ([]byte, error) {
	for {
		var ids []metadata.ObjectID
		for _, i := range d.Inconsistencies() {
			if !i.Unsupported {
				ids = append(ids, i.IDs()...)
			}
		}
		if len(ids) == 0 {
			return success, nil
		}
		before := string(d.Metadata().Encode())
		doc := d.Metadata().Without(ids...)
		if string(doc.Encode()) == before {
			return nil, under(r.runPath, fault.New(fault.Unexpected, "", "cannot continue due to new inconsistent metadata").WithStatus(400).
				WithInternal(d.Inconsistencies()))
		}
		if err := d.Rebuild(ctx, doc); err != nil {
			return nil, under(r.runPath, err)
		}
	}
}

func (e *execution) getCatalogState(ctx context.Context, _ View, _ *request) ([]byte, error) {
	id, cli, console, err := e.h.Engine.State(ctx)
	if err != nil {
		return nil, err
	}
	return marshal(struct {
		ID      string          `json:"id"`
		CLI     json.RawMessage `json:"cli_state"`
		Console json.RawMessage `json:"console_state"`
	}{id, cli, console})
}

func (e *execution) setCatalogState(ctx context.Context, _ View, r *request) ([]byte, error) {
	var args struct {
		Type  string          `json:"type"`
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil || (args.Type != "cli" && args.Type != "console") || args.State == nil {
		return nil, fault.New(fault.ParseFailed, "", "expected type cli or console, and a state")
	}
	return success, e.h.Engine.SetState(ctx, args.Type, args.State)
}
