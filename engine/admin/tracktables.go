package admin

import (
	"context"
	"errors"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

func (e *execution) trackTables(ctx context.Context, d Draft, r *request) ([]byte, error) {
	list, refuse, err := metadata.ParseTrackTables(r.args, r.parsePath)
	if err != nil {
		return nil, err
	}
	return e.tableList(ctx, d, r, list, refuse, "track")
}

func (e *execution) untrackTables(ctx context.Context, d Draft, r *request) ([]byte, error) {
	list, refuse, err := metadata.ParseUntrackTables(r.args, r.parsePath)
	if err != nil {
		return nil, err
	}
	return e.tableList(ctx, d, r, list, refuse, "untrack")
}

// tableList applies each mutation that can be applied, and warns of the others.
func (e *execution) tableList(ctx context.Context, d Draft, r *request, list []metadata.Mutation, refuse bool, verb string) ([]byte, error) {
	seen := map[metadata.ObjectID]int{}
	var twice []string
	for _, m := range list {
		if seen[m.Object]++; seen[m.Object] == 2 {
			twice = append(twice, m.Source+"."+m.Table.String())
		}
	}
	if len(twice) > 0 {
		return nil, fault.New(fault.BadRequest, fault.Key(r.runPath, "tables"), "The following tables occur more than once in the request: %s", strings.Join(twice, ", "))
	}
	var warnings []metadata.Warning
	done := 0
	restore := d.Mark()
	if all, err := e.together(ctx, d, list); err != nil {
		return nil, err
	} else if all {
		done = len(list)
	} else {
		for _, m := range list {
			err := mutate(ctx, d, m)
			var known *fault.Error
			switch {
			case err == nil:
				done++
			case errors.As(err, &known):
				warnings = append(warnings, metadata.Warning{Type: m.Object.Type, Name: m.Object.Name, Code: verb + "-table-failed", Message: known.Message})
			default:
				return nil, err
			}
		}
	}
	if done == 0 {
		restore()
		return nil, fault.New(fault.InvalidConfiguration, r.runPath, "all tables failed to %s", verb).WithInternal(append([]metadata.Warning{}, warnings...))
	}
	if refuse {
		if err := refuseWarnings(r.runPath, warnings); err != nil {
			restore()
			return nil, err
		}
	}
	return succeeded(warnings)
}

// together tries all mutations with one rebuild, which is what makes tracking hundreds of tables quick.
func (e *execution) together(ctx context.Context, d Draft, list []metadata.Mutation) (bool, error) {
	restore := d.Mark()
	doc, before := d.Metadata(), d.Inconsistencies()
	if err := learnTargets(ctx, d, list...); err != nil {
		return false, err
	}
	for _, m := range list {
		next, err := m.Apply(doc, d.Facts())
		if err != nil {
			return false, nil //nolint:nilerr // told by the attempt one by one
		}
		doc = next
	}
	if err := d.Rebuild(ctx, doc); err != nil {
		return false, err
	}
	if len(newInconsistencies(before, d.Inconsistencies())) > 0 {
		restore()
		return false, nil
	}
	return true, nil
}
