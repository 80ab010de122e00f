package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// execution is the work of one HTTP request.
type execution struct {
	h       *Handler
	api     api
	session *session.Session
	// before and after are the document of a change, version the resource's before it.
	before, after *metadata.Metadata
	version       int
	// ran are the statements of run_sql, and written the rows.
	ran     []Statement
	written []Written
}

var success = []byte(`{"message":"success"}`)

// reads are commands that change nothing: they need no draft and wait for nobody. Their errors' paths begin at the
// arguments.
var reads = map[string]func(e *execution, ctx context.Context, v View, r *request) ([]byte, error){
	"export_metadata":           (*execution).exportMetadata,
	"get_inconsistent_metadata": (*execution).getInconsistent,
	"get_catalog_state":         (*execution).getCatalogState,
	"set_catalog_state":         (*execution).setCatalogState,
	"list_source_kinds":         (*execution).listSourceKinds,
	"get_source_tables":         (*execution).getSourceTables,
	"get_source_trackables":     (*execution).getSourceTrackables,
	"get_table_info":            (*execution).getTableInfo,
	"suggest_relationships":     (*execution).suggestRelationships,
	"dump_internal_state":       (*execution).dumpInternalState,
	"test_webhook_transform":    (*execution).testWebhookTransform,
}

// changes are commands that work on a draft, beside those of metadata.ParseCommand.
var changes map[string]func(e *execution, ctx context.Context, d Draft, r *request) ([]byte, error)

func init() { // not a literal: the bulks lead back to it
	changes = map[string]func(e *execution, ctx context.Context, d Draft, r *request) ([]byte, error){
		"run_sql":                    (*execution).runSQL,
		"track_tables":               (*execution).trackTables,
		"untrack_tables":             (*execution).untrackTables,
		"replace_metadata":           (*execution).replaceMetadata,
		"clear_metadata":             (*execution).clearMetadata,
		"reload_metadata":            (*execution).reloadMetadata,
		"drop_inconsistent_metadata": (*execution).dropInconsistent,
		"bulk":                       (*execution).bulk,
		"concurrent_bulk":            (*execution).concurrentBulk,
		"bulk_keep_going":            (*execution).bulkKeepGoing,
		"bulk_atomic":                (*execution).bulkAtomic,
	}
}

// knows tells whether an endpoint has a command.
func (a api) knows(kind string) bool {
	switch {
	case slices.Contains(rowCommands, kind):
		return a.hasRows
	case kind == "run_sql", kind == "bulk", kind == "concurrent_bulk":
		return true
	case !a.hasMetadata:
		return false
	}
	return reads[kind] != nil || changes[kind] != nil || metadata.IsCommand(kind)
}

// request runs the outermost command.
func (e *execution) request(ctx context.Context, r *request) ([]byte, error) {
	if !e.needsDraft(r) {
		v, err := e.h.Engine.View(ctx)
		if err != nil {
			return nil, err
		}
		return e.read(ctx, v, r)
	}
	var answer []byte
	err := e.h.Engine.Update(ctx, r.expect, func(d Draft) (err error) {
		e.before, e.version = d.Metadata(), d.Version()
		if answer, err = e.one(ctx, d, r); err == nil {
			err = e.mayBecome(ctx, d, e.before, r)
		}
		e.after = d.Metadata()
		return err
	})
	var conflict *fault.Error
	if errors.As(err, &conflict) && conflict.Code == fault.Conflict {
		return nil, fault.Under(fault.Root, err)
	}
	return answer, err
}

// needsDraft tells whether a command may change metadata. A bulk of rows and read-only SQL does not.
func (e *execution) needsDraft(r *request) bool {
	switch {
	case slices.Contains(bulks, r.kind):
		return slices.ContainsFunc(r.items, e.needsDraft)
	case r.kind == "run_sql":
		return needsCheck(r.args) || mayCreate(r.args)
	}
	return reads[r.kind] == nil && !slices.Contains(rowCommands, r.kind)
}

// read runs a command that needs no draft.
func (e *execution) read(ctx context.Context, v View, r *request) ([]byte, error) {
	switch {
	case slices.Contains(bulks, r.kind):
		return e.bulkRead(ctx, v, r)
	case r.kind == "run_sql":
		return e.plainSQL(ctx, v, r)
	case slices.Contains(rowCommands, r.kind):
		return e.rows(ctx, v, r)
	}
	answer, err := reads[r.kind](e, ctx, v, r)
	if err == nil && !e.session.SeesSecrets() && !slices.Contains(sheetCommands, r.kind) { // rows are no metadata
		answer, err = metadata.WithoutSecrets(answer)
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Code == fault.ParseFailed {
		return nil, under(r.parsePath, err)
	}
	return answer, under(r.runPath, err)
}

// one runs a command on a draft.
func (e *execution) one(ctx context.Context, d Draft, r *request) ([]byte, error) {
	if !e.needsDraft(r) {
		d.Acted() // a bulk's item: it may write rows, or the state of the command line
		return e.read(ctx, d, r)
	}
	if change := changes[r.kind]; change != nil {
		answer, err := change(e, ctx, d, r)
		if err == nil && r.kind != "run_sql" && r.items == nil && !e.session.SeesSecrets() {
			return metadata.WithoutSecrets(answer)
		}
		return answer, err
	}
	if err := checkTransforms(r); err != nil {
		return nil, err
	}
	m, _, err := metadata.ParseCommand(r.kind, r.args, r.parsePath)
	if err != nil {
		return nil, err
	}
	if m.Idle != nil {
		if reason := m.Idle(d.Metadata()); reason != "" {
			return marshal(map[string]string{"message": reason})
		}
	}
	if err := mutate(ctx, d, m); err != nil {
		return nil, under(r.runPath, err)
	}
	return success, nil
}

// under moves an error's path below where its command stands. Errors already placed are those of a bulk's items.
func under(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Under(path, err)
}

// mutate applies a mutation to a draft and refuses what would make an object inconsistent, as Hasura does: the
// command's own object with its reason, another one in general. A catalog that may be out of date is read again first.
func mutate(ctx context.Context, d Draft, m metadata.Mutation) error {
	if err := learnTargets(ctx, d, m); err != nil {
		return err
	}
	restore := d.Mark()
	err := tryMutate(ctx, d, m)
	if err != nil && m.Source != "" && !d.IsFresh(m.Source) && d.Catalog(m.Source) != nil {
		restore()
		d.MakeStale(m.Source)
		err = tryMutate(ctx, d, m)
	}
	if err != nil {
		restore()
	}
	return err
}

func tryMutate(ctx context.Context, d Draft, m metadata.Mutation) error {
	doc, err := m.Apply(d.Metadata(), d.Facts())
	if err != nil {
		return err
	}
	before := d.Inconsistencies()
	if err := d.Rebuild(ctx, doc); err != nil {
		return err
	}
	return refuseNew(before, d.Inconsistencies(), m)
}

// learnTargets reads what mutations rely on and the catalogs do not show.
func learnTargets(ctx context.Context, d Draft, mutations ...metadata.Mutation) error {
	tables, functions := map[string][]catalog.Name{}, map[string][]catalog.Name{}
	for _, m := range mutations {
		c := d.Catalog(m.Source)
		if c == nil {
			continue
		}
		if m.Table != nil && c.Tables[catalogName(*m.Table)] == nil {
			tables[m.Source] = append(tables[m.Source], catalogName(*m.Table))
		}
		if m.Function != nil && len(c.Functions[catalogName(*m.Function)]) == 0 {
			functions[m.Source] = append(functions[m.Source], catalogName(*m.Function))
		}
	}
	for _, s := range d.Metadata().Sources {
		if len(tables[s.Name])+len(functions[s.Name]) > 0 {
			if err := d.Learn(ctx, s.Name, tables[s.Name], functions[s.Name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseNew is the error for inconsistencies that a mutation causes.
func refuseNew(before, after []metadata.Inconsistency, m metadata.Mutation) error {
	fresh := newInconsistencies(before, after)
	if len(fresh) == 0 {
		return nil
	}
	var own []metadata.Inconsistency
	for _, i := range fresh {
		if i.Fatal != "" {
			return fault.New(fault.Unexpected, "", "%s", i.Fatal)
		}
		if slices.Contains(i.IDs(), m.Object) {
			own = append(own, i)
		}
	}
	switch {
	case m.IsGeneral:
		return newlyFound(fresh)
	case len(own) > 0:
		return fault.New(fault.InvalidConfiguration, "", "%s", joinReasons(own)).WithInternal(own)
	default:
		return fault.New(fault.Unexpected, "", "cannot continue due to new inconsistent metadata").WithStatus(400).WithInternal(fresh)
	}
}

// newlyFound is Hasura's general error for inconsistencies.
func newlyFound(fresh []metadata.Inconsistency) error {
	return fault.New(fault.Unexpected, "", "cannot continue due to newly found inconsistent metadata").WithInternal(fresh)
}

func joinReasons(list []metadata.Inconsistency) string {
	var b bytes.Buffer
	for i, inc := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(inc.Reason)
	}
	return b.String()
}

// newInconsistencies are those about objects that were consistent. What is merely not supported yet is no reason to
// refuse anything.
func newInconsistencies(before, after []metadata.Inconsistency) []metadata.Inconsistency {
	known := map[metadata.ObjectID]bool{}
	for _, i := range before {
		for _, id := range i.IDs() {
			known[id] = true
		}
	}
	var fresh []metadata.Inconsistency
	for _, i := range after {
		if !i.Unsupported && slices.ContainsFunc(i.IDs(), func(id metadata.ObjectID) bool { return !known[id] }) {
			fresh = append(fresh, i)
		}
	}
	return fresh
}

// bulk runs commands in order and stops at the first error.
func (e *execution) bulk(ctx context.Context, d Draft, r *request) ([]byte, error) {
	return collect(r.items, func(item *request) ([]byte, error) { return e.one(ctx, d, item) })
}

func (e *execution) bulkRead(ctx context.Context, v View, r *request) ([]byte, error) {
	switch r.kind {
	case "bulk_atomic":
		return e.bulkAtomic(ctx, nil, r)
	case "concurrent_bulk":
		if err := refuseSchemaChanges(r); err != nil {
			return nil, err
		}
	}
	return collect(r.items, func(item *request) ([]byte, error) {
		answer, err := e.read(ctx, v, item)
		if err != nil && r.kind == "bulk_keep_going" {
			return e.inPlace(err), nil
		}
		return answer, err
	})
}

// concurrentBulk is bulk for commands that leave the schema alone. They run one after the other: the order of the answers
// is the same.
func (e *execution) concurrentBulk(ctx context.Context, d Draft, r *request) ([]byte, error) {
	if err := refuseSchemaChanges(r); err != nil {
		return nil, err
	}
	return e.bulk(ctx, d, r)
}

// refuseSchemaChanges: Hasura calls the others read-only, though rows may be written (Hasura: Server/API/V2Query).
func refuseSchemaChanges(r *request) error {
	if r.changesSchema() {
		return fault.New(fault.Unexpected, r.runPath, "Only read-only queries are allowed in a concurrent_bulk")
	}
	return nil
}

func (r *request) changesSchema() bool {
	switch {
	case slices.Contains(bulks, r.kind):
		return slices.ContainsFunc(r.items, (*request).changesSchema)
	case r.kind == "run_sql":
		return needsCheck(r.args)
	}
	return !slices.Contains(rowCommands, r.kind) && reads[r.kind] == nil
}

// bulkKeepGoing puts errors where the answers would be.
func (e *execution) bulkKeepGoing(ctx context.Context, d Draft, r *request) ([]byte, error) {
	return collect(r.items, func(item *request) ([]byte, error) {
		restore := d.Mark()
		answer, err := e.one(ctx, d, item)
		if err != nil {
			restore()
			return e.inPlace(err), nil
		}
		return answer, nil
	})
}

func (e *execution) inPlace(err error) []byte { return fault.Internal(err).Body(true) }

func collect(items []*request, run func(*request) ([]byte, error)) ([]byte, error) {
	answers := make([]json.RawMessage, len(items))
	for i, item := range items {
		answer, err := run(item)
		if err != nil {
			return nil, err
		}
		answers[i] = answer
	}
	return marshal(answers)
}

// bulkAtomic folds commands into one document and builds it once. As in Hasura, an error says nothing of the item it is
// about, unless its arguments cannot be read.
func (e *execution) bulkAtomic(ctx context.Context, d Draft, r *request) ([]byte, error) {
	mutations := make([]metadata.Mutation, len(r.items))
	isSupported := true
	for i, item := range r.items {
		if err := checkTransforms(item); err != nil {
			return nil, err
		}
		m, known, err := metadata.ParseCommand(item.kind, item.args, item.parsePath)
		if err != nil {
			return nil, err
		}
		mutations[i], isSupported = m, isSupported && known
	}
	if !isSupported {
		return nil, fault.New(fault.Unexpected, r.runPath, "Bulk atomic does not support this command")
	}
	if len(mutations) == 0 {
		return success, nil
	}
	doc, before := d.Metadata(), d.Inconsistencies()
	if err := learnTargets(ctx, d, mutations...); err != nil {
		return nil, under(r.runPath, err)
	}
	for _, m := range mutations {
		var err error
		if doc, err = m.Apply(doc, d.Facts()); err != nil {
			return nil, under(r.runPath, err)
		}
	}
	if err := d.Rebuild(ctx, doc); err != nil {
		return nil, under(r.runPath, err)
	}
	if fresh := newInconsistencies(before, d.Inconsistencies()); len(fresh) > 0 {
		return nil, fault.New(fault.BadRequest, r.runPath, "Schema inconsistency").WithInternal(fresh)
	}
	return success, nil
}

// marshal is encoding/json without HTML escapes.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
