package admin

import (
	"context"
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

func (e *execution) exportMetadata(_ context.Context, v View, r *request) ([]byte, error) {
	doc := v.Metadata().Encode()
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
	list := inconsistencies(v)
	return marshal(struct {
		IsConsistent bool                     `json:"is_consistent"`
		Objects      []metadata.Inconsistency `json:"inconsistent_objects"`
	}{len(list) == 0, list})
}

// replaceArgs is version 2's form of replace_metadata; version 1's is the document itself.
type replaceArgs struct {
	Metadata          json.RawMessage `json:"metadata"`
	AllowInconsistent bool            `json:"allow_inconsistent_metadata"`
	AllowWarnings     *bool           `json:"allow_warnings"`
}

func (e *execution) replaceMetadata(ctx context.Context, d Draft, r *request) ([]byte, error) {
	doc, path, allow := r.args, r.parsePath, false
	var args replaceArgs
	isVersion2 := json.Unmarshal(r.args, &args) == nil && args.Metadata != nil
	if isVersion2 {
		doc, path, allow = args.Metadata, fault.Key(path, "metadata"), args.AllowInconsistent
	} else if r.version == 2 {
		return nil, fault.New(fault.ParseFailed, r.parsePath, "key %q not found", "metadata")
	}
	m, err := metadata.DecodeAny(doc, path, d.Metadata())
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, under(r.runPath, err)
	}
	m.KeepSettings(d.Metadata())
	if err := d.Rebuild(ctx, m, names(m.Sources)...); err != nil {
		return nil, under(r.runPath, err)
	}
	d.Overwrite()
	if !allow {
		if err := refuseAny(d); err != nil {
			return nil, under(r.runPath, err)
		}
	}
	if !isVersion2 {
		return success, nil
	}
	return e.getInconsistent(ctx, d, r)
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
		empty.Sources = []*metadata.Source{{Name: s.Name, Kind: s.Kind, Configuration: s.Configuration, Customization: s.Customization}}
	}
	empty.KeepSettings(d.Metadata())
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
			return nil, fault.New(fault.NotExists, "", "%s with name %q does not exist", what, name)
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
	if _, err := chosen(a.RemoteSchemas, remote, fault.Key(r.parsePath, "reload_remote_schemas"), "remote schema"); err != nil {
		return nil, placed(r, err)
	}
	if _, err := chosen(a.RecreateTrigger, names(doc.Sources), fault.Key(r.parsePath, "recreate_event_triggers"), "source"); err != nil {
		return nil, placed(r, err)
	}
	sources, err := chosen(a.Sources, names(doc.Sources), fault.Key(r.parsePath, "reload_sources"), "source")
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
