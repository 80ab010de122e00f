package admin

import (
	"context"
	"encoding/json"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

func init() { reads["gatehouse_describe_source"] = (*execution).describeSource }

// describeSource shows a source's database to people: all of it, or of args.schema, or args.table in that schema with its
// keys, indexes and triggers. Unlike the catalog that the schema is built of it is read at once, so that it is never old.
func (e *execution) describeSource(ctx context.Context, v View, r *request) ([]byte, error) {
	_, a, err := sourceCatalog(v, r)
	if err != nil {
		return nil, err
	}
	var args struct {
		Schema string `json:"schema"`
		Table  string `json:"table"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil {
		return nil, misread(r.parsePath, err)
	}
	pool, err := v.Pool(a.Source)
	if err != nil {
		return nil, err
	}
	d, err := catalog.Describe(ctx, pool, args.Schema, args.Table)
	if err != nil {
		return nil, err
	}
	tracked := v.Metadata().Source(a.Source)
	for i, t := range d.Tables {
		d.Tables[i].IsTracked = tracked.Table(metadata.TableName(t.Name)) != nil
	}
	for i, f := range d.Functions {
		d.Functions[i].IsTracked = tracked.Function(metadata.FunctionName(f.Name)) != nil
	}
	return marshal(d)
}
