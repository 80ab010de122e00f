package engine

import (
	"context"

	"gatehouse/engine/fault"
	"gatehouse/engine/impact"
	"gatehouse/engine/metadata"
)

// Plan implements admin.Engine: what putting doc in the place of the present document would change, of the schemas as text,
// too, where sdl is set. Both are built anew from the same catalogs, by the code that serves them, and let go of: nothing
// changes.
func (e *Engine) Plan(ctx context.Context, doc *metadata.Metadata, sdl bool) (*impact.Plan, error) {
	now := e.Snapshot()
	states := e.resolve(ctx, doc, now.sources, func(string) bool { return false })
	opened := map[*source]bool{}
	for _, state := range states {
		if state.open != nil {
			opened[state.open] = true
		}
	}
	defer e.closeUnused(opened)
	if err := ctx.Err(); err != nil {
		return nil, fault.Internal(err)
	}
	before := e.build(nil, now.Doc, now.ResourceVersion, now.sources)
	for _, role := range before.Model.Roles() { // what the change does not concern goes over as it is, and is not compared
		before.Model.Role(role, true)
	}
	after := e.build(before, doc, now.ResourceVersion, states)
	return impact.Compare(before.state(), after.state(), impact.Options{AllowList: e.config.EnableAllowList, SDL: sdl}), nil
}

func (s *Snapshot) state() impact.State {
	return impact.State{Document: s.Doc, Model: s.Model, Inconsistencies: s.inconsistencies}
}
