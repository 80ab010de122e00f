package execute

import (
	"gatehouse/engine/operation"
	"gatehouse/engine/translate"
	"gatehouse/telemetry"
)

// fieldSpan is a root field's span and, within it, its database's.
type fieldSpan struct{ field, database *telemetry.Span }

// fieldSpans are those of root fields that are read or written together; nil where nothing is traced.
type fieldSpans []fieldSpan

// traced begins the spans of root fields (Hasura: Backends/Postgres/Instances/Transport, runPGQuery; docs: observability,
// traces). Fields of one round trip have it in common.
func (r *run) traced(kind operation.Kind, steps []*translate.Step) fieldSpans {
	if !r.r.Span.IsRecorded() {
		return nil
	}
	name := "Postgres Query for root field "
	if kind == operation.Mutation {
		name = "Postgres Mutation for root field "
	}
	out := make(fieldSpans, len(steps))
	for i, s := range steps {
		f := r.r.Span.Child(name + `"` + s.Alias + `"`)
		f.Set("source.kind", "postgres")
		f.Set("source.name", s.Source)
		out[i] = fieldSpan{f, f.ClientChild("Postgres")}
		out[i].database.Set("db.system", "postgresql")
		if r.r.ShowsSQL && s.Read != nil {
			out[i].database.Set("db.query", s.Read.SQL)
		}
	}
	return out
}

func (spans fieldSpans) end(err error) {
	for _, s := range spans {
		s.database.End(err)
		s.field.End(err)
	}
}
