package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/catalog"
	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/limit"
	"gatehouse/engine/metadata"
	"gatehouse/engine/rest"
	"gatehouse/engine/schema"
	"gatehouse/telemetry"
)

// Snapshot is one state of the engine: what is configured, what the databases have, and what follows from both. It
// never changes; a request loads it once and a change builds the next one beside it.
type Snapshot struct {
	Doc *metadata.Metadata
	// ResourceVersion is the version of Doc in the metadata database.
	ResourceVersion int
	Model           *schema.Model
	Endpoints       *rest.Endpoints
	// Line runs requests; a draft has none.
	Line *Line

	// unreadable is why Doc is empty although something is stored.
	unreadable      error
	allowed         *allowed
	sources         map[string]*sourceState
	inconsistencies []metadata.Inconsistency
	// otlp is where the document has things exported.
	otlp telemetry.Target
}

// sourceState is what a snapshot knows of a source. Exactly one of open and err is set.
type sourceState struct {
	open    *source
	catalog *catalog.Catalog
	enums   map[catalog.Name][]schema.EnumValue
	natives natives
	err     error
}

// Metadata, Version, Catalog, Inconsistencies, Pool, Wrote and Facts implement admin.View.

// Metadata is the document.
func (s *Snapshot) Metadata() *metadata.Metadata { return s.Doc }

// Version is the document's resource version.
func (s *Snapshot) Version() int { return s.ResourceVersion }

// Catalog is a source's catalog, nil if the source cannot be reached.
func (s *Snapshot) Catalog(name string) *catalog.Catalog {
	if state := s.sources[name]; state != nil {
		return state.catalog
	}
	return nil
}

// Inconsistencies lists what is configured and cannot be served.
func (s *Snapshot) Inconsistencies() []metadata.Inconsistency { return s.inconsistencies }

// Pool connects to a source.
func (s *Snapshot) Pool(name string) (*pgxpool.Pool, error) {
	state := s.sources[name]
	switch {
	case s.Doc.Source(name) == nil:
		return nil, fault.New(fault.NotExists, "", "source with name %q does not exist", name)
	case state == nil || state.open == nil:
		return nil, fault.New(fault.Unexpected, "", "source with name %q is inconsistent", name).WithStatus(400)
	}
	return state.open.pool, nil
}

// Wrote says that an administrator's SQL may have written to a source: reads from now on see it.
func (s *Snapshot) Wrote(name string) {
	if state := s.sources[name]; state != nil && state.open != nil {
		state.open.database.Replicas.Raise()
	}
}

// Facts answers questions about the databases.
func (s *Snapshot) Facts() metadata.Facts {
	f := make(facts, len(s.sources))
	for name, state := range s.sources {
		f[name] = state.catalog
	}
	return f
}

// build derives everything that follows from the document and the sources' states. What is as in prev, which may be nil, is
// taken over.
func (e *Engine) build(prev *Snapshot, doc *metadata.Metadata, version int, sources map[string]*sourceState) *Snapshot {
	s := &Snapshot{Doc: doc, ResourceVersion: version, sources: sources}
	in := schema.Input{
		Metadata: doc, Catalogs: make(map[string]*catalog.Catalog, len(sources)),
		EnumValues: make(map[string]map[catalog.Name][]schema.EnumValue, len(sources)), Options: e.config.schemaOptions(),
		NativeErrors: make(map[string]map[string]string, len(sources)),
	}
	for _, m := range doc.Sources {
		state := sources[m.Name]
		if state == nil {
			continue
		}
		if state.open != nil {
			s.inconsistencies = append(s.inconsistencies, state.open.inconsistencies(m.Name)...)
		}
		if state.err != nil {
			id := metadata.SourceObject(m.Name)
			s.inconsistencies = append(s.inconsistencies, metadata.Inconsistency{
				Definition: m.Name, Name: id.Name, Type: id.Type, Reason: "Inconsistent object: " + state.err.Error(), Message: messageOf(state.err),
				Unsupported: isUnsupported(state.err),
			})
			continue
		}
		in.Catalogs[m.Name], in.EnumValues[m.Name], in.NativeErrors[m.Name] = state.catalog, state.enums, state.natives.errors
	}
	if prev != nil {
		s.Model = schema.Rebuild(prev.Model, in)
	} else {
		s.Model = schema.Build(in)
	}
	s.Endpoints = rest.Compile(doc)
	s.inconsistencies = append(s.inconsistencies, s.Model.Inconsistencies()...)
	s.inconsistencies = append(s.inconsistencies, invalidQueries(doc, s.Model)...)
	for _, p := range rest.Check(doc) {
		s.inconsistencies = append(s.inconsistencies, endpointProblem(p))
	}
	s.inconsistencies = append(s.inconsistencies, withTransforms(doc.Unsupported())...)
	var wrong []metadata.Inconsistency
	s.otlp, wrong = e.config.otlpTarget(doc)
	s.inconsistencies = append(s.inconsistencies, wrong...)
	return s
}

// markUnreadable says that s stands for a stored document that is not understood.
func (s *Snapshot) markUnreadable(err error) {
	s.unreadable = fault.New(fault.Unexpected, "", "%s", err.Error()).WithCause(err)
	s.inconsistencies = append(s.inconsistencies, metadata.Inconsistency{
		Definition: nil, Name: "metadata", Type: "metadata", Reason: "Inconsistent object: " + err.Error(),
	})
}

func endpointProblem(p *rest.Problem) metadata.Inconsistency {
	i := metadata.Inconsistency{Reason: p.Reason, Form: p.Entry()}
	for _, e := range p.Endpoints {
		i.About = append(i.About, metadata.RESTEndpointObject(e.Name))
	}
	i.Type, i.Name = i.About[0].Type, i.About[0].Name
	return i
}

// serve gives the snapshot what it needs to answer requests.
func (e *Engine) serve(s *Snapshot) {
	s.Line = NewLine(s.Model, e.executor(s), e.validator)
	s.Line.suspect, s.Line.feed = e.suspect, s.feed
	s.Line.watch, s.Line.tags = newWatch(&e.config, &s.otlp), newQueryTags(s.Doc)
	s.Line.responses = newResponses(e.config.Responses)
	s.Line.limits = limit.Compile(s.Doc)
	if s.Line.responses != nil {
		s.Line.responses.metrics = e.config.Metrics
	}
	s.allowed = newAllowed(s.Doc)
}

// executor runs statements on the databases of a snapshot.
func (e *Engine) executor(s *Snapshot) *execute.Executor {
	databases := make(map[string]execute.Database, len(s.sources))
	for name, state := range s.sources {
		if state.open != nil && state.err == nil {
			database := state.open.database
			database.Isolation = e.isolation(s.Doc.Source(name))
			databases[name] = database
		}
	}
	return execute.Over(databases)
}

// isolation is the level of a source's mutations: its own, else the operator's.
func (e *Engine) isolation(s *metadata.Source) string {
	if level := s.Configuration.ConnectionInfo.IsolationLevel; level != "" {
		return level
	}
	return e.config.IsolationLevel
}

// resolve gives the states of all sources of a document: those of old where nothing changed, read again where reload
// says so or the connection is new.
func (e *Engine) resolve(ctx context.Context, doc *metadata.Metadata, old map[string]*sourceState, reload func(name string) bool) map[string]*sourceState {
	states := make(map[string]*sourceState, len(doc.Sources))
	for _, s := range doc.Sources {
		if s.Foreign != nil {
			continue
		}
		was := func(key string) *sourceState {
			if state := old[s.Name]; state != nil {
				return state
			}
			return sameDatabase(key, doc, old)
		}
		states[s.Name] = e.resolveSource(ctx, s, was, reload(s.Name))
	}
	return states
}

// sameDatabase finds the state of a source that was renamed.
func sameDatabase(key string, doc *metadata.Metadata, old map[string]*sourceState) *sourceState {
	for name, state := range old {
		if doc.Source(name) == nil && state.open != nil && state.open.key == key {
			return state
		}
	}
	return nil
}

// resolveSource gives a source's state; before is that of what was opened under a key, or of the source's name.
func (e *Engine) resolveSource(ctx context.Context, s *metadata.Source, before func(key string) *sourceState, reload bool) *sourceState {
	if s.Configuration.ConnectionTemplate != nil {
		return &sourceState{err: errTemplate}
	}
	conns, err := e.config.connections(s)
	if err != nil {
		return &sourceState{err: err}
	}
	var open *source
	was := before(conns.key)
	if was != nil && was.open != nil && was.open.key == conns.key {
		open = was.open
		if !reload && was.hasEnums(s) && was.natives.document == nativeDocument(s) {
			return was
		}
	} else {
		e.config.watchPools(s, conns)
		if open, err = e.config.open(ctx, s.Name, conns); err != nil {
			return &sourceState{err: err}
		}
	}
	var c *catalog.Catalog
	if was != nil && was.open == open && was.err == nil && !reload {
		c = was.catalog
	} else if c, err = catalog.Load(ctx, open.pool); err != nil {
		return &sourceState{open: open, err: fmt.Errorf("cannot read the database's catalog: %w", err)}
	} else if was != nil {
		c = c.Share(was.catalog)
	}
	return &sourceState{open: open, catalog: c, enums: readEnums(ctx, open.pool, s, c), natives: probeNatives(ctx, open.pool, s, c)}
}

// hasEnums tells whether the values of every enum table of s were read.
func (s *sourceState) hasEnums(m *metadata.Source) bool {
	if s.err != nil {
		return false
	}
	for _, t := range m.Tables {
		if _, read := s.enums[catalog.Name(t.Name)]; t.IsEnum && !read {
			return false
		}
	}
	return true
}

// querier runs queries: a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readEnums reads the rows of the tables that are enums and look like it: a key of one column and perhaps a comment.
// Whether they will do is schema's to say; a table that cannot be read has no values.
func readEnums(ctx context.Context, db querier, s *metadata.Source, c *catalog.Catalog) map[catalog.Name][]schema.EnumValue {
	enums := map[catalog.Name][]schema.EnumValue{}
	for _, t := range s.Tables {
		if !t.IsEnum {
			continue
		}
		name := catalog.Name(t.Name)
		values, err := readEnum(ctx, db, c.Tables[name])
		if err != nil {
			values = nil
		}
		enums[name] = values
	}
	return enums
}

var errNoEnum = errors.New("not an enum table")

func readEnum(ctx context.Context, db querier, t *catalog.Table) ([]schema.EnumValue, error) {
	if t == nil || t.PrimaryKey == nil || len(t.PrimaryKey.Columns) != 1 || len(t.Columns) > 2 {
		return nil, errNoEnum
	}
	key := t.PrimaryKey.Columns[0]
	comment := "null::text"
	for _, col := range t.Columns {
		if col.Name != key {
			comment = pgx.Identifier{col.Name}.Sanitize() + "::text"
		}
	}
	key = pgx.Identifier{key}.Sanitize()
	rows, err := db.Query(ctx, "select "+key+"::text, coalesce("+comment+", '') from "+
		pgx.Identifier{t.Name.Schema, t.Name.Name}.Sanitize()+" order by 1")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[schema.EnumValue])
}
