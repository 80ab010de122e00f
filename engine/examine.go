package engine

import (
	"context"
	"log/slog"

	"gatehouse/engine/metadata"
)

// Examine lists what of a document could not be served, with the databases it names: what an engine that took it over would
// list. It writes nothing. Of c only what concerns sources and schemas counts; urls stand in for the connections of
// the sources they name.
func Examine(ctx context.Context, c Config, doc *metadata.Metadata, urls map[string]string) ([]metadata.Inconsistency, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{config: c, log: c.Log}
	states := e.resolve(ctx, doc.Elsewhere(urls), nil, func(string) bool { return true })
	defer func() {
		for _, state := range states {
			if state.open != nil {
				state.open.close()
			}
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.build(nil, doc, 0, states).inconsistencies, nil
}
